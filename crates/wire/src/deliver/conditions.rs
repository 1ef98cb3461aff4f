//! Conditional requests: from the headers of a request and the validators of a content to what is to be answered (RFC 9110, section 13).
//! It reads no bytes.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::extract::FromRequestParts;
use content::{ByteRange, Content, Portion};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};

use super::ranges::{self, Ranges};

/// What a request says about how it wants bytes: the method, the conditional headers and the types it takes, nothing else. An extractor that copies none of them.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    head: bool,
    range: Option<HeaderValue>,
    if_range: Option<HeaderValue>,
    if_match: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    if_modified_since: Option<HeaderValue>,
    if_unmodified_since: Option<HeaderValue>,
    accept: Option<HeaderValue>,
}

/// `q=0`, also written `q=0.000`.
fn is_weightless(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

/// What a request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 304: the caller has it already.
    NotModified,
    /// 412: it is not what the caller holds it for.
    PreconditionFailed,
    /// 416: none of the ranges lies inside.
    Unsatisfiable,
    /// 200, also for HEAD (which sends no bytes).
    Whole,
    /// 206 with one range.
    One(ByteRange),
    /// 206 with several, in the order they were asked for; they do not overlap.
    Many(Vec<ByteRange>),
}

impl Asked {
    /// Takes what matters from a request. `Range` is kept for GET only, as RFC 9110 defines it for nothing else.
    #[must_use]
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        let single = |name: HeaderName| headers.get(name).cloned();
        Self {
            head: method == Method::HEAD,
            range: if method == Method::GET { only(headers, &header::RANGE) } else { None },
            if_range: single(header::IF_RANGE),
            if_match: joined(headers, &header::IF_MATCH),
            if_none_match: joined(headers, &header::IF_NONE_MATCH),
            if_modified_since: single(header::IF_MODIFIED_SINCE),
            if_unmodified_since: single(header::IF_UNMODIFIED_SINCE),
            accept: joined(headers, &header::ACCEPT),
        }
    }

    /// Whether only the head is wanted.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.head
    }

    /// Whether `Accept` names this very type, and not with a weight of nothing. `image/*` and `*/*` name none: clients that know
    /// no newer format send them too.
    #[must_use]
    pub fn takes(&self, media_type: &str) -> bool {
        let Some(accept) = self.accept.as_ref().and_then(|accept| accept.to_str().ok()) else { return false };
        accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
            named && !parts.any(is_weightless)
        })
    }

    /// How much of `content` this request is about to be sent: nothing where only the head or a refusal goes out.
    #[must_use]
    pub fn portion_of(&self, content: &Content) -> Option<Portion> {
        if self.head {
            return None;
        }
        match self.answer_for(content) {
            Answer::NotModified | Answer::PreconditionFailed | Answer::Unsatisfiable => None,
            Answer::Whole => Some(Portion { bytes: content.body.len(), resumes: false }),
            Answer::One(range) => Some(Portion { bytes: range.len(), resumes: range.start > 0 }),
            Answer::Many(ranges) => Some(Portion {
                bytes: ranges.iter().map(|range| range.len()).sum(),
                resumes: ranges.iter().all(|range| range.start > 0),
            }),
        }
    }

    /// What this request gets of `content`, decided without reading a byte. [`super::deliver`] does exactly this; who counts
    /// downloads may ask beforehand.
    #[must_use]
    pub fn answer_for(&self, content: &Content) -> Answer {
        let modified_s = content.modified_ms.div_euclid(1000);
        if let Some(condition) = &self.if_match {
            if !lists_tag(condition.as_bytes(), &content.tag, Comparison::Strong) {
                return Answer::PreconditionFailed;
            }
        } else if let Some(date) = self.if_unmodified_since.as_ref().and_then(read_date)
            && modified_s > date
        {
            return Answer::PreconditionFailed;
        }
        if let Some(condition) = &self.if_none_match {
            if lists_tag(condition.as_bytes(), &content.tag, Comparison::Weak) {
                return Answer::NotModified;
            }
        } else if let Some(date) = self.if_modified_since.as_ref().and_then(read_date)
            && modified_s <= date
        {
            return Answer::NotModified;
        }
        self.ranges_of(content, modified_s)
    }

    fn ranges_of(&self, content: &Content, modified_s: i64) -> Answer {
        let Some(range) = &self.range else { return Answer::Whole };
        if let Some(condition) = &self.if_range
            && !still_same(condition, &content.tag, modified_s)
        {
            return Answer::Whole;
        }
        match ranges::parse(range.as_bytes(), content.body.len()) {
            Ranges::Ignored => Answer::Whole,
            Ranges::Unsatisfiable => Answer::Unsatisfiable,
            Ranges::One(range) => Answer::One(range),
            Ranges::Many(ranges) => Answer::Many(ranges),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.method, &parts.headers))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// `Range` twice says nothing certain, so it says nothing.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.clone())
}

/// A list header may be spread over lines.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    let rest: Vec<&[u8]> = all.map(HeaderValue::as_bytes).collect();
    if rest.is_empty() {
        return Some(first.clone());
    }
    let mut lines = vec![first.as_bytes()];
    lines.extend(rest);
    HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
}

/// Whether `condition` is `*` or a list of entity tags with `tag` in it. What follows a malformed element is not read.
fn lists_tag(condition: &[u8], tag: &str, comparison: Comparison) -> bool {
    let mut rest = condition.trim_ascii();
    if rest == b"*" {
        return true;
    }
    loop {
        while let [b',' | b' ' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let (weak, quoted) = match rest {
            [b'W', b'/', after @ ..] => (true, after),
            _ => (false, rest),
        };
        let [b'"', opened @ ..] = quoted else { return false };
        let Some(close) = opened.iter().position(|&b| b == b'"') else { return false };
        if &opened[..close] == tag.as_bytes() && (comparison == Comparison::Weak || !weak) {
            return true;
        }
        rest = &opened[close + 1..];
    }
}

/// `If-Range`: the very tag, strong, or the very date.
fn still_same(condition: &HeaderValue, tag: &str, modified_s: i64) -> bool {
    match condition.as_bytes().trim_ascii() {
        [b'"', inner @ .., b'"'] => inner == tag.as_bytes(),
        _ => read_date(condition) == Some(modified_s),
    }
}

/// Seconds since 1970; `None` for what is not a date, which is then ignored.
fn read_date(value: &HeaderValue) -> Option<i64> {
    let date = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// A date as headers carry it; `None` outside of the years 1970 to 9999, which the format cannot say.
pub(super) fn http_date(ms: i64) -> Option<String> {
    const END_OF_9999_S: u64 = 253_402_300_800;
    let seconds = u64::try_from(ms).ok()? / 1000;
    let time: SystemTime = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds < END_OF_9999_S).then(|| httpdate::fmt_http_date(time))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use content::{Body, MediaType};

    /// Ten bytes with the tag `v1`, changed on Sun, 06 Nov 1994 08:49:37 GMT and some milliseconds.
    fn content() -> Content {
        Content {
            body: Body::Memory(bytes::Bytes::from_static(b"0123456789")),
            media_type: MediaType::PNG,
            name: "a.png".to_owned(),
            tag: "v1".to_owned(),
            modified_ms: 784_111_777_750,
            sha256: None,
            harmless: false,
        }
    }

    fn answer(lines: &[(&str, &str)]) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Asked::of(&Method::GET, &headers).answer_for(&content())
    }

    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

    #[test]
    fn a_type_is_taken_that_is_named_and_has_a_weight() {
        let takes = |accept: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            Asked::of(&Method::GET, &headers).takes("image/webp")
        };
        for yes in [
            &["image/webp"][..],
            &["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"],
            &["text/html", "Image/WebP ; q=0.001"],
            &["image/webp;level=1"],
        ] {
            assert!(takes(yes), "{yes:?}");
        }
        for no in [
            &[][..],
            &[""],
            &["*/*"],
            &["image/*"],
            &["image/webp;q=0"],
            &["image/webp; Q = 0.000"],
            &["image/webpx, ximage/webp"],
            &["text/html;x=image/webp"],
        ] {
            assert!(!takes(no), "{no:?}");
        }
    }

    #[test]
    fn tags_come_before_dates_and_preconditions_before_freshness() {
        use Answer::{NotModified, PreconditionFailed, Whole};
        for (lines, expected) in [
            (&[("if-none-match", "\"v1\"")][..], NotModified),
            (&[("if-none-match", "W/\"v1\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"v0\", , \"a,b\",W/\"v1\"")], NotModified),
            (&[("if-none-match", "\"v0\""), ("if-none-match", "\"v1\"")], NotModified),
            (&[("if-none-match", "\"v2\""), ("if-modified-since", AFTER)], Whole),
            (&[("if-none-match", "v1")], Whole),
            (&[("if-none-match", "\"v1")], Whole),
            (&[("if-none-match", "")], Whole),
            (&[("if-modified-since", SAME)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], Whole),
            (&[("if-modified-since", "yesterday")], Whole),
            (&[("if-match", "\"v1\"")], Whole),
            (&[("if-match", "*")], Whole),
            (&[("if-match", "W/\"v1\"")], PreconditionFailed),
            (&[("if-match", "\"v2\"")], PreconditionFailed),
            (&[("if-match", "\"v2\""), ("if-none-match", "\"v1\"")], PreconditionFailed),
            (&[("if-match", "\"v1\""), ("if-none-match", "\"v1\"")], NotModified),
            (&[("if-match", "\"v1\""), ("if-unmodified-since", BEFORE)], Whole),
            (&[("if-unmodified-since", BEFORE)], PreconditionFailed),
            (&[("if-unmodified-since", SAME)], Whole),
            (&[("if-unmodified-since", "soon")], Whole),
            (&[("if-none-match", "\"v1\""), ("range", "bytes=0-1")], NotModified),
        ] {
            assert_eq!(answer(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_range_counts_only_while_the_bytes_are_the_same() {
        let one = Answer::One(ByteRange { start: 2, end: 4 });
        for (condition, expected) in [
            ("\"v1\"", one.clone()),
            ("W/\"v1\"", Answer::Whole),
            ("\"v2\"", Answer::Whole),
            ("\"", Answer::Whole),
            (SAME, one),
            (BEFORE, Answer::Whole),
            (AFTER, Answer::Whole),
            ("never", Answer::Whole),
        ] {
            assert_eq!(answer(&[("range", "bytes=2-3"), ("if-range", condition)]), expected, "{condition}");
        }
        // What is not honoured is not judged either.
        assert_eq!(answer(&[("range", "bytes=99-"), ("if-range", "\"v2\"")]), Answer::Whole);
        assert_eq!(answer(&[("range", "bytes=99-")]), Answer::Unsatisfiable);
        assert_eq!(answer(&[("range", "bytes=0-1"), ("range", "bytes=2-3")]), Answer::Whole);
    }

    #[test]
    fn only_get_has_ranges() {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-1"))]);
        assert_eq!(Asked::of(&Method::HEAD, &headers).answer_for(&content()), Answer::Whole);
    }

    #[test]
    fn writes_only_dates_that_the_format_can_say() {
        assert_eq!(http_date(784_111_777_999).as_deref(), Some(SAME));
        assert_eq!(http_date(0).as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(http_date(253_402_300_799_999).as_deref(), Some("Fri, 31 Dec 9999 23:59:59 GMT"));
        for odd in [-1, i64::MIN, i64::MAX, 253_402_300_800_000] {
            assert_eq!(http_date(odd), None, "{odd}");
        }
    }
}
