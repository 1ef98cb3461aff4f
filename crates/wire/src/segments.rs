//! Segments of a path, written, and decoded one by one. Not with axum's `Path`: that refuses, in words of its own, a path with anything in
//! it that is not UTF-8, even where nobody reads it. It does not know what a segment means.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a segment that we write: as little as in any client's.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment of a path as the dialect's routes see it, the first being 0; empty when there are fewer. What is no UTF-8 becomes
/// U+FFFD, which no id of ours holds, so that the dialect says in its own words that there is no such thing.
#[must_use]
pub fn segment(path: &str, at: usize) -> String {
    let segment = path.split('/').nth(at + 1).unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Text as one segment of a URL.
#[must_use]
pub fn escape_segment(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_one_by_one() {
        let path = "/v1/media/files/5%20/contents/%FF%2Fa";
        assert_eq!(escape_segment("ö (1)/a.jpg"), "%C3%B6%20%281%29%2Fa.jpg");
        assert_eq!([2, 3, 5, 6].map(|at| segment(path, at)), ["files", "5 ", "\u{fffd}/a", ""]);
    }
}
