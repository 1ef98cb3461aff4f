//! A value out of a body, with all that Python can say of it: whole numbers of any length, and what `str` and `repr` make of it.

use std::fmt::Write;

/// A value. Unlike `serde_json`'s it holds what a form may hold as well.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A whole number in decimal digits, without a sign where it is zero.
    Int(String),
    /// Any other number; infinite where it is too large.
    Float(f64),
    Text(Text),
    List(Vec<Json>),
    /// Each name once, where it came first, with what came last.
    Object(Vec<(String, Json)>),
    /// A file of a form.
    File(FilePart),
    /// An object that a form writes as `contact[0]first_name`: its fields are those of a form.
    Form(Vec<(String, Json)>),
}

/// A text. JSON may hold halves of surrogate pairs, which stand in it as U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// The first such half.
    pub(crate) half: Option<u32>,
}

/// What is known of a file in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePart {
    /// As the client named it, without folders.
    pub(crate) file_name: String,
    pub(crate) bytes: u64,
}

impl Json {
    pub(crate) const fn text(text: String) -> Self {
        Self::Text(Text { text, half: None })
    }

    /// The text, where it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(Text { text, .. }) => Some(text),
            _ => None,
        }
    }

    /// Python's name for its type, as it stands in refusals.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Object(_) => "dict",
            Self::File(_) => "InMemoryUploadedFile",
            Self::Form(_) => "MultiValueDict",
        }
    }

    /// What Python's `str` makes of it.
    pub(crate) fn str(&self) -> String {
        match self {
            Self::Text(Text { text, .. }) => text.clone(),
            Self::File(FilePart { file_name, .. }) => file_name.clone(),
            _ => {
                let mut out = String::new();
                self.repr(&mut out);
                out
            }
        }
    }

    fn repr(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(digits) => out.push_str(digits),
            Self::Float(number) => out.push_str(&float(*number)),
            Self::Text(Text { text, .. }) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.repr(out);
                }
                out.push(']');
            }
            Self::Object(fields) | Self::Form(fields) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    quote(name, out);
                    out.push_str(": ");
                    value.repr(out);
                }
                out.push('}');
            }
            Self::File(FilePart { file_name, .. }) => {
                let _ = write!(out, "<InMemoryUploadedFile: {file_name}>");
            }
        }
    }
}

/// Python's shortest form of a number: plain while it has at most sixteen digits before the point, else with an exponent.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..=15) | Err(_) => {
            let plain = format!("{number}");
            if plain.contains('.') { plain } else { plain + ".0" }
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

/// Python's `repr` of a text.
fn quote(text: &str, out: &mut String) {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c == mark => out.extend(['\\', c]),
            _ if is_printable(c) => out.push(c),
            _ => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(mark);
}

/// Python and Rust draw this line at the same categories. Rust also escapes marks, but not behind another character.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let mut bytes = [0; 5];
    bytes[0] = b'a';
    let length = c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..=length]).is_ok_and(|pair| pair.escape_debug().eq(pair.chars()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn is_written_as_python_writes_it() {
        let words: serde_json::Value = serde_json::from_str(include_str!("../../tests_data/words.json")).unwrap();
        for pair in words["reprs"].as_array().unwrap() {
            let mut out = String::new();
            quote(pair[0].as_str().unwrap(), &mut out);
            assert_eq!(out, pair[1].as_str().unwrap());
        }
    }
}
