//! The head of a part and the content type of the whole: names as browsers, scripts and old programs write them.
//! It does not judge a file name beyond taking folders off it.

use content::MediaType;
use percent_encoding::percent_decode;

use super::BadMultipart;

/// Longest boundary that is taken, in bytes. RFC 2046 allows 70, some clients write more.
const MAX_BOUNDARY_BYTES: usize = 200;

/// What the head of a part says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Name of the field; empty when there is none.
    pub(super) name: String,
    /// Name of the file, without folders; `None` when it is no file.
    pub(super) file_name: Option<String>,
    pub(super) media_type: Option<MediaType>,
}

impl Head {
    /// Reads the lines of a head. One without `Content-Disposition` is malformed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadMultipart> {
        let mut disposition = None;
        let mut media_type = None;
        for line in lines(bytes) {
            let colon = line.iter().position(|&b| b == b':').ok_or(BadMultipart::Malformed)?;
            let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-disposition") {
                disposition = Some(value.to_vec());
            } else if name.eq_ignore_ascii_case(b"content-type") {
                media_type = std::str::from_utf8(value).ok().and_then(MediaType::parse);
            }
        }
        let disposition = disposition.ok_or(BadMultipart::Malformed)?;
        let (mut name, mut plain, mut extended) = (String::new(), None, None);
        for (key, value) in parameters(&disposition) {
            match key.as_str() {
                "name" => name = unescape(&text(&value)),
                "filename" => plain = Some(unescape(&text(&value))),
                "filename*" => extended = extended_value(&value),
                _ => {}
            }
        }
        let file_name = extended.or(plain).map(|path| last_segment(&path).to_owned());
        Ok(Self { name, file_name, media_type })
    }
}

/// The boundary that a content type names.
pub(super) fn boundary(content_type: &[u8]) -> Result<Vec<u8>, BadMultipart> {
    let essence = content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    if !essence.eq_ignore_ascii_case(b"multipart/form-data") {
        return Err(BadMultipart::NotMultipart);
    }
    parameters(content_type)
        .into_iter()
        .find_map(|(key, value)| (key == "boundary").then_some(value))
        .filter(|value| {
            (1..=MAX_BOUNDARY_BYTES).contains(&value.len()) && value.iter().all(|b| (b' '..=b'~').contains(b))
        })
        .ok_or(BadMultipart::MissingBoundary)
}

/// Bytes as text: UTF-8 where they are that, else each byte one character (ISO 8859-1), so that nothing is lost.
pub(super) fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&b| char::from(b)).collect(), str::to_owned)
}

/// The lines of a head, folded ones joined.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), lines.last_mut()) {
            (None, _) => {}
            (Some(b' ' | b'\t'), Some(before)) => before.extend_from_slice(line),
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

/// The parameters behind the first `;`, keys in lower case, values without quotes.
fn parameters(value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let Some(first) = value.iter().position(|&b| b == b';') else { return found };
    let mut rest = &value[first + 1..];
    while let Some(equals) = rest.iter().position(|&b| b == b'=' || b == b';') {
        let key = String::from_utf8_lossy(rest[..equals].trim_ascii()).to_ascii_lowercase();
        let is_pair = rest[equals] == b'=';
        rest = &rest[equals + 1..];
        if is_pair {
            let (value, after) = parameter_value(rest.trim_ascii_start());
            found.push((key, value));
            rest = after;
        }
    }
    found
}

/// A quoted or bare value, and what follows the `;` behind it.
fn parameter_value(rest: &[u8]) -> (Vec<u8>, &[u8]) {
    let [b'"', quoted @ ..] = rest else {
        let end = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
        return (rest[..end].trim_ascii().to_vec(), rest.get(end + 1..).unwrap_or_default());
    };
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(&byte) = quoted.get(at) {
        match (byte, quoted.get(at + 1)) {
            (b'"', _) => break,
            // At the very end the quote closes, and the backslash is one of a path that the client did not escape.
            (b'\\', Some(b'"')) if quoted[at + 2..].trim_ascii().is_empty() => value.push(b'\\'),
            (b'\\', Some(&escaped @ (b'"' | b'\\'))) => {
                value.push(escaped);
                at += 1;
            }
            _ => value.push(byte),
        }
        at += 1;
    }
    let after = quoted.get(at..).unwrap_or_default();
    let next = after.iter().position(|&b| b == b';').map_or(after.len(), |semicolon| semicolon + 1);
    (value, &after[next..])
}

/// Browsers write `"`, CR and LF in names as `%22`, `%0D` and `%0A`, and leave a percent sign as it is.
fn unescape(name: &str) -> String {
    if !name.contains('%') {
        return name.to_owned();
    }
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0d", "\r").replace("%0A", "\n").replace("%0a", "\n")
}

/// RFC 8187: `charset'language'percent-encoded`. `None` when it is not that, so that the plain name counts.
fn extended_value(value: &[u8]) -> Option<String> {
    let mut pieces = value.splitn(3, |&b| b == b'\'');
    let (charset, _language, encoded) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    if charset.eq_ignore_ascii_case(b"utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        Some(bytes.into_iter().map(char::from).collect())
    } else {
        None
    }
}

/// Old programs send whole paths, of either kind.
fn last_segment(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn head(disposition: &[u8]) -> Head {
        Head::parse(&[b"Content-Disposition: ", disposition, b"\r\n"].concat()).unwrap()
    }

    #[test]
    fn reads_file_names_as_clients_write_them() {
        for (written, expected) in [
            (&b"form-data; name=f; filename=\"a b.png\""[..], Some("a b.png")),
            (b"form-data; name=f; filename=a.png", Some("a.png")),
            (b"form-data; name=f; FileName = \"a.png\" ; x=y", Some("a.png")),
            (b"form-data; name=f; filename=\"a;b=c.png\"", Some("a;b=c.png")),
            (b"form-data; name=f; filename=\"a\\\"b.png\"", Some("a\"b.png")),
            (b"form-data; name=f; filename=\"a%22b%0D%0Ac%41.png\"", Some("a\"b\r\nc%41.png")),
            (b"form-data; name=f; filename=\"C:\\Users\\me\\a.png\"", Some("a.png")),
            (b"form-data; name=f; filename=\"C:\\\\Users\\\\a.png\"", Some("a.png")),
            (b"form-data; name=f; filename=\"/home/me/a.png\"", Some("a.png")),
            (b"form-data; name=f; filename=\"../..\"", Some("..")),
            (b"form-data; name=f; filename=\"dir\\\"", Some("")),
            ("form-data; name=f; filename=\"Käse 猫.png\"".as_bytes(), Some("Käse 猫.png")),
            (b"form-data; name=f; filename=\"K\xe4se.png\"", Some("Käse.png")),
            (b"form-data; name=f; filename=\"x\"; filename*=UTF-8''K%C3%A4se%2Fa.png", Some("a.png")),
            (b"form-data; name=f; filename*=utf-8'de'K%C3%A4se; filename=x", Some("Käse")),
            (b"form-data; name=f; filename*=ISO-8859-1''K%E4se", Some("Käse")),
            (b"form-data; name=f; filename=x; filename*=UTF-8''%FF", Some("x")),
            (b"form-data; name=f; filename=x; filename*=klingon''a", Some("x")),
            (b"form-data; name=f; filename=x; filename*=nonsense", Some("x")),
            (b"form-data; name=f; filename=\"\"", Some("")),
            (b"form-data; name=f; filename=\"open", Some("open")),
            (b"form-data; name=f", None),
            (b"form-data; name=f; filenames=x", None),
        ] {
            let head = head(written);
            assert_eq!(head.file_name.as_deref(), expected, "{}", text(written));
            assert_eq!(head.name, "f");
        }
    }

    #[test]
    fn reads_lines_in_any_case_and_folded() {
        let head = Head::parse(
            b"CONTENT-TYPE: Image/PNG; x=y\r\nX: y\r\ncontent-disposition: form-data;\r\n name=\"a%22\"\r\n",
        );
        let expected = Head { name: "a\"".to_owned(), file_name: None, media_type: Some(MediaType::PNG) };
        assert_eq!(head, Ok(expected));
        for bad in [&b""[..], b"Content-Type: a/b\r\n", b"nonsense\r\n"] {
            assert_eq!(Head::parse(bad), Err(BadMultipart::Malformed));
        }
        assert_eq!(Head::parse(b"Content-Disposition:\r\nContent-Type: ?\r\n").unwrap().media_type, None);
    }

    #[test]
    fn takes_long_boundaries_with_many_dashes() {
        let long = format!("{}{}", "-".repeat(60), "x".repeat(40));
        assert_eq!(boundary(format!("Multipart/Form-Data; boundary={long}").as_bytes()), Ok(long.clone().into_bytes()));
        assert_eq!(
            boundary(format!("multipart/form-data;charset=utf-8; Boundary=\"{long}\"").as_bytes()),
            Ok(long.into())
        );
        assert_eq!(boundary(b"multipart/form-data; boundary=\"a ;b\""), Ok(b"a ;b".to_vec()));
        for bad in [
            "",
            "; boundary=",
            "; boundary=\"\"",
            "; boundry=x",
            "; boundary=\u{e4}",
            &format!("; boundary={}", "x".repeat(201)),
        ] {
            assert_eq!(
                boundary(format!("multipart/form-data{bad}").as_bytes()),
                Err(BadMultipart::MissingBoundary),
                "{bad}"
            );
        }
        for other in ["", "multipart/mixed; boundary=x", "application/json", "multipart/form-datax; boundary=x"] {
            assert_eq!(boundary(other.as_bytes()), Err(BadMultipart::NotMultipart), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_name_that_browsers_write_comes_back(name in "[^/\\\\%\0]{0,30}") {
            let escaped = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
            let head = head(format!("form-data; name=\"{escaped}\"; filename=\"{escaped}\"").as_bytes());
            prop_assert_eq!(head.file_name.as_deref(), Some(name.as_str()));
            prop_assert_eq!(head.name, name);
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            Head::parse(&bytes).ok();
            Head::parse(&[b"content-disposition: form-data; filename=\"", &bytes[..]].concat()).ok();
            boundary(&[b"multipart/form-data;", &bytes[..]].concat()).ok();
        }

        #[test]
        fn never_panics_near_the_grammar(text in "[;=\"\\\\ a*'%]{0,40}") {
            head(format!("form-data;{text}").as_bytes());
        }
    }
}
