//! What an answer says of the file in it: pure. Knows no connections and no limits.

use std::time::Duration;

use reqwest::{
    Response, StatusCode,
    header::{
        CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED,
        TRANSFER_ENCODING,
    },
};

use crate::Failure;

/// Longest entity tag that is sent back, in bytes.
const MAX_TAG_BYTES: usize = 1024;

/// How long before the answer a file has to have been changed for the time to name its version. The time has seconds, in which a file can
/// change twice, and two clocks may be at work, that of the file and that of a cache.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The head of an answer that holds a file or a part of one.
pub(super) struct Head {
    pub(super) status: StatusCode,
    /// How many bytes the body has, where its framing says that beforehand.
    pub(super) len: Option<u64>,
    /// Without parameters.
    pub(super) media_type: Option<String>,
    pub(super) version: Version,
    /// Which bytes of the file these are, where the answer says that in full.
    pub(super) range: Option<Range>,
}

impl Head {
    /// Reads an answer that is to hold a whole file.
    ///
    /// # Errors
    /// For every status but 200, and for an encoded body.
    pub(super) fn of_whole(answer: &Response) -> Result<Self, Failure> {
        judge(answer.status(), &[StatusCode::OK])?;
        Self::read(answer)
    }

    /// Reads an answer that is to hold the rest of a file, or the whole of it again.
    ///
    /// # Errors
    /// For every status but 200 and 206, and for an encoded body.
    pub(super) fn of_rest(answer: &Response) -> Result<Self, Failure> {
        judge(answer.status(), &[StatusCode::OK, StatusCode::PARTIAL_CONTENT])?;
        Self::read(answer)
    }

    fn read(answer: &Response) -> Result<Self, Failure> {
        let headers = answer.headers();
        refuse_encoded(headers)?;
        Ok(Self {
            status: answer.status(),
            // Of the framing, not of the header, which means nothing beside chunks.
            len: answer.content_length(),
            media_type: text(headers, &CONTENT_TYPE).and_then(essence),
            version: Version::of(headers),
            range: text(headers, &CONTENT_RANGE).and_then(Range::parse),
        })
    }
}

/// Whether an answer is one of those `wanted`. Of the others only 4xx say that the question is at fault, and three of those that it may be
/// asked again. Answers that have no place here (204, 205, 206 unasked) are for later too: they come from servers that are not ready and
/// from caches that err, which passes, and how often to try is for the caller to say.
fn judge(status: StatusCode, wanted: &[StatusCode]) -> Result<(), Failure> {
    let answered = || format!("answered {}", status.as_u16());
    match status.as_u16() {
        _ if wanted.contains(&status) => Ok(()),
        408 | 425 | 429 => Err(Failure::Later(answered())),
        400..=499 => Err(Failure::Refused(answered())),
        _ => Err(Failure::Later(answered())),
    }
}

/// We ask for bytes as they are; what is packed all the same would be kept packed, under the media type of what is inside.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Failure> {
    let only = |name, plain: &str| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
    };
    // The HTTP client takes the chunks off, and nothing that is named before them.
    if only(CONTENT_ENCODING, "identity") && only(TRANSFER_ENCODING, "chunked") {
        Ok(())
    } else {
        Err(Failure::Refused("the file comes encoded, though that was not asked for".to_owned()))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A media type without its parameters.
fn essence(media_type: &str) -> Option<String> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    (!essence.is_empty()).then(|| essence.to_owned())
}

/// What tells one version of a file from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    tag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
    /// Whether the file had been left alone for [`MIN_AGE`] when the answer was made.
    rested: bool,
}

impl Version {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let time = |name| httpdate::parse_http_date(text(headers, name)?).ok();
        let age = time(&DATE).zip(time(&LAST_MODIFIED)).and_then(|(now, then)| now.duration_since(then).ok());
        Self {
            tag: headers.get(ETAG).cloned(),
            modified: headers.get(LAST_MODIFIED).cloned(),
            rested: age.is_some_and(|age| age >= MIN_AGE),
        }
    }

    /// The tag, if it stands for these very bytes.
    pub(super) fn strong_tag(&self) -> Option<&HeaderValue> {
        // A weak one begins with `W/`; what has no quotes is none.
        self.tag.as_ref().filter(|tag| match tag.as_bytes() {
            [b'"', .., b'"'] => tag.len() <= MAX_TAG_BYTES,
            _ => false,
        })
    }

    /// What asks for this version and no other. A time is sent beside a weak tag too, which RFC 9110 (13.1.5) would have us leave: many
    /// servers have nothing else, and the answer has to bring the same weak tag as well.
    pub(super) fn if_range(&self) -> Option<&HeaderValue> {
        self.strong_tag().or_else(|| self.modified.as_ref().filter(|_| self.rested))
    }

    /// Whether `other` is this version: a strong tag says so alone, everything else only together.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.tag == other.tag && (self.strong_tag().is_some() || self.modified == other.modified)
    }
}

/// Which bytes of a file an answer holds; `first` and `last` lie inside `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    last: u64,
    pub(super) total: u64,
}

impl Range {
    /// Reads `bytes 5-9/10`. A total of `*` is not enough to know where the file ends.
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        let holds = unit.eq_ignore_ascii_case("bytes") && range.first <= range.last && range.last < range.total;
        holds.then_some(range)
    }

    pub(super) fn len(self) -> u64 {
        self.last - self.first + 1
    }
}

/// Digits only: the parser of numbers takes a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn version(named: &[(HeaderName, &'static str)]) -> Version {
        Version::of(&named.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect())
    }

    #[test]
    fn a_range_is_one_within_its_total() {
        for (text, expected) in [
            ("bytes 5-9/10", Some((5, 5, 10))),
            ("Bytes  0-0/1 ", Some((0, 1, 1))),
            ("bytes 0-18446744073709551614/18446744073709551615", Some((0, u64::MAX, u64::MAX))),
            ("bytes 5-9/*", None),
            ("bytes */10", None),
            ("bytes 5-10/10", None),
            ("bytes 6-5/10", None),
            ("bytes +5-9/10", None),
            ("bytes -9/10", None),
            ("bytes 5-/10", None),
            ("bytes 5-9", None),
            ("bytes=5-9/10", None),
            ("items 5-9/10", None),
            ("bytes 0-1/18446744073709551616", None),
            ("", None),
        ] {
            let found = Range::parse(text).map(|range| (range.first, range.len(), range.total));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_what_stands_for_the_very_bytes_is_asked_for() {
        let dated = [(LAST_MODIFIED, OLD), (DATE, "Sun, 06 Nov 1994 08:50:37 GMT")];
        let with = |tag| [&[(ETAG, tag)], &dated[..]].concat();
        for (named, expected) in [
            (with("\"a\""), Some("\"a\"")),
            (with("W/\"a\""), Some(OLD)),
            (with("a"), Some(OLD)),
            (with("\""), Some(OLD)),
            (dated.to_vec(), Some(OLD)),
            (vec![(LAST_MODIFIED, OLD), (DATE, "Sun, 06 Nov 1994 08:50:36 GMT")], None),
            (vec![(LAST_MODIFIED, OLD), (DATE, "Sun, 06 Nov 1994 08:49:36 GMT")], None),
            (vec![(LAST_MODIFIED, OLD)], None),
            (vec![(LAST_MODIFIED, "once"), (DATE, OLD)], None),
            (vec![(ETAG, "W/\"a\"")], None),
            (vec![], None),
        ] {
            let found = version(&named);
            assert_eq!(found.if_range().map(HeaderValue::as_bytes), expected.map(str::as_bytes), "{named:?}");
        }
        let long = HeaderValue::from_str(&format!("\"{}\"", "a".repeat(MAX_TAG_BYTES)));
        let headers = long.into_iter().map(|tag| (ETAG, tag)).collect();
        assert_eq!(Version::of(&headers).if_range(), None);
    }

    #[test]
    fn a_version_is_another_where_anything_that_counts_is() {
        let strong = version(&[(ETAG, "\"a\""), (LAST_MODIFIED, OLD)]);
        assert!(strong.is(&version(&[(ETAG, "\"a\"")])));
        assert!(!strong.is(&version(&[(ETAG, "\"b\""), (LAST_MODIFIED, OLD)])));
        assert!(!strong.is(&version(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, OLD)])));
        assert!(!strong.is(&version(&[(LAST_MODIFIED, OLD)])));
        let weak = version(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, OLD)]);
        assert!(weak.is(&weak));
        assert!(!weak.is(&version(&[(ETAG, "W/\"a\"")])));
        assert!(!weak.is(&version(&[(ETAG, "W/\"b\""), (LAST_MODIFIED, OLD)])));
        assert!(!weak.is(&version(&[(LAST_MODIFIED, OLD)])));
    }
}
