//! The delivery of bytes, once for all dialects: conditions, ranges, caching, digests, names and what keeps a stored script from running.
//! It does not know who may read, nor where the bytes lie.

mod body;
mod conditions;
mod disposition;
mod ranges;

pub use conditions::{Answer, Asked};
pub use disposition::extended_name;

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use content::{ByteRange, Content, Family, MediaType};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use conditions::http_date;

/// How a dialect wants bytes to be given out.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// Whether a browser should show or save them.
    pub disposition: Disposition,
    /// Who may keep them, and how long.
    pub cache: Cache,
    /// The request headers that the choice of bytes depended on, such as `Accept`.
    pub vary: Option<&'a str>,
}

/// Whether a browser should show or save bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Show, if the type is one that is safe to show: images but SVG, PDF, audio, video and plain text; or if the content is harmless
    /// although its type need not be. Anything else is saved.
    Inline,
    /// Save.
    Attachment,
}

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Only the one who asked.
    Private {
        /// For how long without asking again, in seconds.
        max_age_s: u32,
    },
    /// Anybody.
    Public {
        /// For how long without asking again, in seconds.
        max_age_s: u32,
    },
    /// Nobody.
    NoStore,
}

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Nothing inside may run, load or belong to our origin.
const CSP_SANDBOX: &str = "sandbox; default-src 'none'";
/// An SVG keeps its own styles, and the images and fonts that lie in it.
const CSP_SVG: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
/// As strict as the browsers' own viewers bear: `sandbox` stops Chrome's, a missing `object-src` stops what it embeds.
const CSP_PDF: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";

/// Answers a GET or HEAD with `content`: 200, 206, 304, 412 or 416.
///
/// Bytes in memory go out as one frame without a copy. When a source of stored bytes fails midway the connection is broken off: an
/// answer is never padded, never quietly short.
#[must_use]
pub fn deliver(asked: &Asked, content: Content, manner: &Manner<'_>) -> Response {
    let answer = asked.answer_for(&content);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.reserve(16);
    if answer != Answer::PreconditionFailed {
        put_validators(headers, &content, manner);
    }
    put_safety(headers, &content.media_type);
    let status = match answer {
        Answer::NotModified => StatusCode::NOT_MODIFIED,
        Answer::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Answer::Unsatisfiable => {
            put_unsatisfiable(headers, content.body.len());
            StatusCode::RANGE_NOT_SATISFIABLE
        }
        Answer::Whole => {
            put_description(headers, &content, manner.disposition);
            return whole(response, content, asked.is_head());
        }
        Answer::One(range) => {
            put_description(headers, &content, manner.disposition);
            return one_range(response, content, range);
        }
        Answer::Many(ranges) => {
            put_description(headers, &content, manner.disposition);
            return many_ranges(response, content, &ranges);
        }
    };
    *response.status_mut() = status;
    response
}

fn whole(mut response: Response, content: Content, head: bool) -> Response {
    let len = content.body.len();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    if !head {
        *response.body_mut() = body::of_range(content.body, ByteRange::whole(len));
    }
    response
}

fn one_range(mut response: Response, content: Content, range: ByteRange) -> Response {
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.len()));
    let value = format!("bytes {}-{}/{}", range.start, range.end - 1, content.body.len());
    headers.insert(header::CONTENT_RANGE, ascii(value));
    *response.body_mut() = body::of_range(content.body, range);
    response
}

fn many_ranges(mut response: Response, content: Content, ranges: &[ByteRange]) -> Response {
    let boundary = format!("{:032x}", rand::random::<u128>());
    let part_type = content_type(&content.media_type);
    let parts = body::byteranges(content.body, ranges, part_type.as_bytes(), &boundary);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(parts.len()));
    headers.insert(header::CONTENT_TYPE, ascii(format!("multipart/byteranges; boundary={boundary}")));
    *response.body_mut() = Body::new(parts);
    response
}

/// What a cache needs, on 200, 206, 304 and 416 alike.
fn put_validators(headers: &mut HeaderMap, content: &Content, manner: &Manner<'_>) {
    let tag = bytes::Bytes::from(["\"", &content.tag, "\""].concat());
    if let Ok(tag) = HeaderValue::from_maybe_shared(tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(date) = http_date(content.modified_ms) {
        headers.insert(header::LAST_MODIFIED, ascii(date));
    }
    headers.insert(header::CACHE_CONTROL, cache_control(manner.cache));
    if let Some(vary) = manner.vary.and_then(|vary| HeaderValue::from_str(vary).ok()) {
        headers.insert(header::VARY, vary);
    }
}

/// What describes the bytes themselves.
fn put_description(headers: &mut HeaderMap, content: &Content, wanted: Disposition) {
    headers.insert(header::CONTENT_TYPE, content_type(&content.media_type));
    headers.insert(header::ACCEPT_RANGES, const { HeaderValue::from_static("bytes") });
    let inline = wanted == Disposition::Inline && (content.harmless || is_shown_safely(&content.media_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition::header(inline, &content.name));
    if let Some(sha256) = &content.sha256 {
        // "sha-256=:" + 44 characters + ":"
        let mut value = String::with_capacity(54);
        value.push_str("sha-256=:");
        STANDARD.encode_string(sha256, &mut value);
        value.push(':');
        headers.insert(REPR_DIGEST, ascii(value));
    }
}

fn put_unsatisfiable(headers: &mut HeaderMap, len: u64) {
    headers.insert(header::CONTENT_RANGE, ascii(format!("bytes */{len}")));
    headers.insert(header::ACCEPT_RANGES, const { HeaderValue::from_static("bytes") });
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
}

/// What keeps foreign bytes from acting in our name.
fn put_safety(headers: &mut HeaderMap, media_type: &MediaType) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, const { HeaderValue::from_static("cross-origin") });
    let policy = match media_type.as_str() {
        "application/pdf" => CSP_PDF,
        "image/svg+xml" => CSP_SVG,
        _ if is_inert(media_type) => return,
        _ => CSP_SANDBOX,
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}

/// Pixels and sound: nothing in them can run.
fn is_inert(media_type: &MediaType) -> bool {
    match media_type.family() {
        Family::Image => !media_type.as_str().starts_with("image/svg"),
        Family::Audio | Family::Video => true,
        Family::Font | Family::Other => false,
    }
}

fn is_shown_safely(media_type: &MediaType) -> bool {
    is_inert(media_type) || matches!(media_type.as_str(), "application/pdf" | "text/plain")
}

fn content_type(media_type: &MediaType) -> HeaderValue {
    // The commonest need no copy.
    match media_type.as_str() {
        "image/jpeg" => HeaderValue::from_static("image/jpeg"),
        "image/png" => HeaderValue::from_static("image/png"),
        "image/webp" => HeaderValue::from_static("image/webp"),
        "image/gif" => HeaderValue::from_static("image/gif"),
        "video/mp4" => HeaderValue::from_static("video/mp4"),
        "application/pdf" => HeaderValue::from_static("application/pdf"),
        "text/plain" => HeaderValue::from_static("text/plain; charset=utf-8"),
        text if text.starts_with("text/") => ascii([text, "; charset=utf-8"].concat()),
        other => HeaderValue::from_str(other).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")),
    }
}

fn cache_control(cache: Cache) -> HeaderValue {
    match cache {
        Cache::NoStore => HeaderValue::from_static("no-store"),
        Cache::Private { max_age_s: 0 } => HeaderValue::from_static("private, no-cache"),
        Cache::Public { max_age_s: 0 } => HeaderValue::from_static("public, no-cache"),
        Cache::Private { max_age_s } => ascii(format!("private, max-age={max_age_s}")),
        Cache::Public { max_age_s } => ascii(format!("public, max-age={max_age_s}")),
    }
}

/// A header value of text that we made of printable ASCII.
fn ascii(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).expect("the text is made of printable ASCII only")
}
