//! Ids: paths of slugs below a token's root. Contract section 9, row 22: what would lead out of it, or is none, leads to nothing.

/// The most folders one in another, the file included, and the longest name of each in bytes.
const MAX_SEGMENTS: usize = 64;
const MAX_SEGMENT_BYTES: usize = 255;

/// The slugs of an id, without empty ones; none for what can not be an id. Of the root: no slugs.
pub(crate) fn parse(id: &str) -> Option<Vec<&str>> {
    let segments: Vec<&str> = id.split('/').filter(|segment| !segment.is_empty()).collect();
    let sound = segments.len() <= MAX_SEGMENTS && segments.iter().all(|segment| is_sound(segment));
    sound.then_some(segments)
}

/// The same for what is to be changed: the root is nobody's to change.
pub(crate) fn parse_to_change(id: &str) -> Option<Vec<&str>> {
    parse(id).filter(|segments| !segments.is_empty())
}

fn is_sound(segment: &str) -> bool {
    let forbidden = |c: char| c == '\\' || c.is_control();
    segment.len() <= MAX_SEGMENT_BYTES
        && !matches!(segment, "." | ".." | ".meta")
        && !segment.contains(forbidden)
        && !segment.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_paths_that_stay_inside() {
        for (id, segments) in [
            ("", &[][..]),
            ("/", &[]),
            ("a/b.jpg", &["a", "b.jpg"]),
            ("/a//b/", &["a", "b"]),
            (".hidden/..x/x..", &[".hidden", "..x", "x.."]),
            ("日本/ü ö", &["日本", "ü ö"]),
        ] {
            assert_eq!(parse(id).as_deref(), Some(segments), "{id:?}");
        }
        let (deep, long) = ("a/".repeat(65), "x".repeat(256));
        for id in ["..", "a/../b", ".", "./a", "a\0b", ".meta/a.jpg", "a/.meta", "a\\b", "a/ /b", &deep, &long] {
            assert_eq!(parse(id), None, "{id:?}");
        }
        assert_eq!(parse_to_change("//"), None);
    }
}
