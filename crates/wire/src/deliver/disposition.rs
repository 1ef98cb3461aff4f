//! `Content-Disposition`: a file name that old clients, new clients and header parsers all read alike (RFC 6266, RFC 8187).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 8187's `attr-char`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header for a file of this name. The ASCII fallback replaces with `_` what some reader would take wrongly.
pub(super) fn header(inline: bool, name: &str) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    if name.is_empty() {
        return HeaderValue::from_static(kind);
    }
    let mut value = String::with_capacity(kind.len() + name.len() + 14);
    value.push_str(kind);
    value.push_str("; filename=\"");
    let mut plain = true;
    for c in name.chars() {
        let kept = is_plain(c);
        value.push(if kept { c } else { '_' });
        // A character that no file name may have is replaced in both forms.
        plain &= kept || is_harmful(c);
    }
    value.push('"');
    if !plain {
        value.push_str("; filename*=UTF-8''");
        value.push_str(&extended_name(name));
    }
    HeaderValue::from_maybe_shared(bytes::Bytes::from(value)).expect("the text is made of printable ASCII only")
}

/// A file name as it stands behind `filename*=UTF-8''`, for those who make the header themselves. What no file name may have becomes `_`.
#[must_use]
pub fn extended_name(name: &str) -> String {
    let clean: String = name.chars().map(|c| if is_harmful(c) { '_' } else { c }).collect();
    utf8_percent_encode(&clean, ESCAPED).to_string()
}

/// Means the same within quotes to every reader. A percent sign does not: some decode it there.
fn is_plain(c: char) -> bool {
    (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%' | '/')
}

/// Separators, controls, and what turns the direction of writing to hide the real ending.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_safe_and_whole() {
        for (name, expected) in [
            ("a b.jpg", "attachment; filename=\"a b.jpg\""),
            ("", "attachment"),
            ("Käse.png", "attachment; filename=\"K_se.png\"; filename*=UTF-8''K%C3%A4se.png"),
            ("a\"b.png", "attachment; filename=\"a_b.png\"; filename*=UTF-8''a%22b.png"),
            ("50%41.png", "attachment; filename=\"50_41.png\"; filename*=UTF-8''50%2541.png"),
            ("../../x\\y", "attachment; filename=\".._.._x_y\""),
            ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie: x\""),
            ("gpj.\u{202e}exe", "attachment; filename=\"gpj._exe\""),
            ("猫'(1).jpg", "attachment; filename=\"_'(1).jpg\"; filename*=UTF-8''%E7%8C%AB%27%281%29.jpg"),
        ] {
            assert_eq!(header(false, name), expected, "{name:?}");
        }
        assert_eq!(header(true, "x"), "inline; filename=\"x\"");
    }

    proptest! {
        #[test]
        fn any_name_makes_a_header(name in any::<String>()) {
            let value = header(true, &name);
            let text = value.to_str().unwrap_or_default();
            prop_assert!(text.starts_with("inline"));
            prop_assert_eq!(text.matches('"').count(), if name.is_empty() { 0 } else { 2 });
        }
    }
}
