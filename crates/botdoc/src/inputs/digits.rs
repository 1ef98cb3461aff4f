//! Numbers and space in texts as Python sees them: digits of any script, underscores between them, space around them.

/// The zero of each script but ours, which its other digits follow. Unicode 14.
const ZEROS: [u32; 65] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
    0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0,
    0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Longest text that is read, in digits.
const MAX_DIGITS: usize = 4300;

/// What Python's `int` makes of a text. What is too large for 128 bits is the largest or smallest that is not.
pub(crate) fn whole_number(text: &str) -> Option<i128> {
    // The four separators count as space only beside what is no ASCII.
    let is_separator = |c: char| text.is_ascii() && matches!(c, '\x1c'..='\x1f');
    let text = text.trim_matches(|c: char| is_space(c) && !is_separator(c));
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number: i128 = 0;
    let (mut count, mut after_digit) = (0, false);
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        number = number.saturating_mul(10).saturating_add(digit(c)?.into());
        count += 1;
        after_digit = true;
    }
    if !after_digit || count > MAX_DIGITS {
        return None;
    }
    Some(if is_negative { -number } else { number })
}

fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = u32::from(c);
    let before = ZEROS.partition_point(|&zero| zero <= code).checked_sub(1)?;
    Some(code - ZEROS[before]).filter(|digit| *digit < 10)
}

/// Python counts four separators as space that Unicode does not.
pub(super) const fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::Value;

    #[test]
    fn sees_what_python_sees() {
        let words: Value = serde_json::from_str(include_str!("../../tests_data/words.json")).unwrap();
        for pair in words["integers"].as_array().unwrap() {
            let (text, expected) = (pair[0].as_str().unwrap(), pair[1].as_str());
            let found = whole_number(text).map(|number| number.to_string());
            // What is longer than 128 bits has no digits here.
            let expected = expected
                .map(|digits| digits.parse().unwrap_or(if digits.starts_with('-') { -i128::MAX } else { i128::MAX }));
            assert_eq!(found, expected.map(|number| number.to_string()), "{text:?}");
        }
        let codes =
            |key: &str| words[key].as_array().unwrap().iter().map(|code| code.as_u64().unwrap()).collect::<Vec<_>>();
        assert_eq!(codes("zeros")[1..], ZEROS.map(u64::from));
        let spaces: Vec<u64> = ('\0'..=char::MAX).filter(|&c| is_space(c)).map(|c| u64::from(u32::from(c))).collect();
        assert_eq!(codes("spaces"), spaces);
    }
}
