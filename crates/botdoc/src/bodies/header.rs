//! A header's value and its parameters as Django takes them apart, which is as Python's mail library does.

use percent_encoding::percent_decode_str;

use super::charset::{Charset, latin1};

/// The value in lower case, and its parameters in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderValue {
    pub(super) value: String,
    parameters: Vec<(String, String)>,
}

impl HeaderValue {
    /// Takes a value apart; `None` where a parameter names a charset that nobody knows.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut pieces = split(line).into_iter();
        let value = pieces.next().unwrap_or_default();
        // Beside parameters the value itself is read as one.
        let value = if line.contains(';') { value.split('=').next().unwrap_or_default() } else { value };
        let value = value.trim().to_lowercase();
        let (mut parameters, mut extended) = (Vec::new(), Vec::new());
        for piece in pieces {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let (name, value) = (name.trim().to_lowercase(), unquoted(value.trim()));
            match name.strip_suffix('*') {
                Some(name) => extended.push((name.to_owned(), extended_value(&value)?)),
                None if name.is_empty() => {}
                None => parameters.push((name, value)),
            }
        }
        // The last one of a name counts, and the extended ones come last.
        parameters.append(&mut extended);
        Some(Self { value, parameters })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The pieces between semicolons that stand outside quotes.
fn split(line: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut before) = (Vec::new(), 0, false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            ';' if !quoted => {
                pieces.push(&line[start..at]);
                start = at + 1;
            }
            '"' if before != '\\' => quoted = !quoted,
            _ => {}
        }
        before = c;
    }
    if quoted {
        // A quote that nobody closes ends with the line.
        pieces.push(&line[start..]);
        return pieces;
    }
    pieces.push(&line[start..]);
    pieces
}

fn unquoted(value: &str) -> String {
    let inner = |open, close| value.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    if let Some(quoted) = inner('"', '"') {
        return quoted.replace("\\\\", "\\").replace("\\\"", "\"");
    }
    inner('<', '>').unwrap_or(value).to_owned()
}

/// RFC 2231: `charset'language'percent-encoded`, or the last alone.
fn extended_value(value: &str) -> Option<String> {
    let mut pieces = value.splitn(3, '\'');
    let (charset, encoded) = match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(encoded)) if !charset.is_empty() => (charset, encoded),
        (Some(_), Some(_), Some(encoded)) => ("us-ascii", encoded),
        _ => ("us-ascii", value),
    };
    let charset = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Charset::Utf8,
        "us-ascii" | "ascii" => Charset::Ascii,
        "iso-8859-1" | "latin-1" | "latin1" => Charset::Latin1,
        _ => return None,
    };
    // What is no ASCII before it is decoded stands for itself there.
    let bytes: Vec<u8> = if encoded.is_ascii() {
        percent_decode_str(encoded).collect()
    } else {
        latin1(encoded.as_bytes()).into_bytes()
    };
    Some(charset.decode(&bytes))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn takes_parameters_apart() {
        for (line, value, name, parameter) in [
            ("Text/Plain", "text/plain", "a", None),
            ("a/b;A=1", "a/b", "a", Some("1")),
            ("a/b; a=\"x;y\"; b=2", "a/b", "b", Some("2")),
            ("a/b; a=\"x\\\"y\"", "a/b", "a", Some("x\"y")),
            ("a/b; a=<x>", "a/b", "a", Some("x")),
            ("a/b; a=1; a=2", "a/b", "a", Some("2")),
            ("a/b; a*=utf-8''%C3%A4; a=x", "a/b", "a", Some("\u{e4}")),
            ("a/b; a", "a/b", "a", Some("")),
            ("a/b;; =;", "a/b", "", None),
            ("a/b; a=\"open; b=2", "a/b", "a", Some("\"open; b=2")),
        ] {
            let header = HeaderValue::parse(line).unwrap();
            assert_eq!((header.value.as_str(), header.parameter(name)), (value, parameter), "{line}");
        }
        assert_eq!(HeaderValue::parse("a/b; a*=klingon''x"), None);
    }
}
