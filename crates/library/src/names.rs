//! Display names: what may be one, how names sort, and what their ends mean.

use crate::{Fault, Invalid};

/// The longest name, in bytes of UTF-8; what file systems take.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// Trims a name and checks that it can be one: not empty, at most 255 bytes, no slashes, no control characters, not a
/// way up.
pub(crate) fn check(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    let forbidden = |c: char| matches!(c, '/' | '\\') || c.is_control() || is_invisible_control(c);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name == "." || name == ".." || name.contains(forbidden) {
        return Err(Fault::Invalid(Invalid::Name));
    }
    Ok(name.to_owned())
}

/// Marks that turn the reading direction around: with them `gpj.exe` shows as `exe.jpg`.
const fn is_invisible_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// What names are ordered by: the same for both engines, because it is compared by bytes.
pub(crate) fn sort_key(name: &str) -> String {
    name.to_lowercase()
}

/// Splits `photo.jpg` into `photo` and `jpg`; a leading or trailing dot begins no extension.
#[must_use]
pub fn split_extension(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => (stem, extension),
        _ => (name, ""),
    }
}

/// The name with another extension, for a rendition of another type.
pub(crate) fn with_extension(name: &str, extension: &str) -> String {
    format!("{}.{extension}", split_extension(name).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_a_name() {
        for bad in ["", "  ", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "\u{202e}gpj.exe", &"x".repeat(256)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        for good in ["a", " trimmed ", "…", "日本語.jpg", ".hidden", &"é".repeat(127)] {
            assert_eq!(check(good).ok().as_deref(), Some(good.trim()));
        }
    }

    #[test]
    fn splits_extensions() {
        assert_eq!(split_extension("a.tar.gz"), ("a.tar", "gz"));
        assert_eq!(split_extension(".hidden"), (".hidden", ""));
        assert_eq!(split_extension("dot."), ("dot.", ""));
        assert_eq!(with_extension("photo.png", "jpg"), "photo.jpg");
    }
}
