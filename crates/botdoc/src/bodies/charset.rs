//! Bytes as text in the charset that a header names, with Python's words where they are none.

/// Python's codecs that are no charsets.
const NO_CHARSETS: [&str; 8] = ["base64", "bz2", "hex", "quopri", "rot13", "uu", "zip", "zlib"];
/// Charsets that Python knows and nobody sends; the beginnings of their names. To read them as UTF-8 would be to misread them.
const UNREAD: [&str; 16] = [
    "utf16", "utf32", "utf7", "cp", "windows", "koi8", "big5", "gb", "shiftjis", "sjis", "euc", "iso8859", "iso2022",
    "mac", "hz", "tis620",
];

/// How bytes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Ascii,
    Latin1,
}

impl Charset {
    /// What the parameter of a content type names. A name that Python does not know means UTF-8, as none does.
    ///
    /// # Errors
    /// What is said where it cannot be read.
    pub(super) fn of(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name else { return Ok(Self::Utf8) };
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "ascii" | "usascii" | "ansix341968" | "646" => Ok(Self::Ascii),
            "latin1" | "latin" | "l1" | "iso88591" | "8859" | "cp819" => Ok(Self::Latin1),
            "utf8" | "u8" | "utf" | "cp65001" => Ok(Self::Utf8),
            other if NO_CHARSETS.contains(&other.trim_end_matches("codec")) => Err(unsupported(name)),
            other if UNREAD.iter().any(|unread| other.starts_with(unread)) => Err(unsupported(name)),
            _ => Ok(Self::Utf8),
        }
    }

    /// Text of nothing but what the charset has. A UTF-8 sequence that the end cuts off is left away, as Python's stream reader does.
    ///
    /// # Errors
    /// What Python says of the first byte that is wrong.
    pub(super) fn decode_strictly(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Latin1 => Ok(latin1(bytes)),
            Self::Ascii => match bytes.iter().position(|byte| !byte.is_ascii()) {
                None => Ok(latin1(bytes)),
                Some(at) => Err(format!(
                    "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                    bytes[at]
                )),
            },
            Self::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => {
                    let at = error.valid_up_to();
                    match error.error_len() {
                        None => Ok(String::from_utf8_lossy(&bytes[..at]).into_owned()),
                        Some(length) => Err(wrong_utf8(bytes, at, length)),
                    }
                }
            },
        }
    }

    /// Text whatever the bytes are: what is wrong becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Latin1 => latin1(bytes),
            Self::Ascii => bytes
                .iter()
                .map(|&byte| if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER })
                .collect(),
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

/// Each byte one character.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn unsupported(name: &str) -> String {
    format!("Unsupported charset \"{name}\" in request Content-Type header.")
}

fn wrong_utf8(bytes: &[u8], at: usize, length: usize) -> String {
    let what = if length == 1 {
        format!("byte 0x{:02x} in position {at}", bytes[at])
    } else {
        format!("bytes in position {at}-{}", at + length - 1)
    };
    let starts = matches!(bytes[at], 0xc2..=0xf4);
    let why = if starts { "invalid continuation byte" } else { "invalid start byte" };
    format!("'utf-8' codec can't decode {what}: {why}")
}
