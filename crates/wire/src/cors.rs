//! Cross-origin rules: what a dialect tells browsers on other origins, and the answer to their preflight.
//! It knows no credentials: every origin may ask (also `null`), because a right comes from a key and never from an origin.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// A dialect's cross-origin words. Each is a comma-separated list as the header carries it.
#[derive(Debug, Clone, Copy)]
pub struct Cors {
    /// Request headers that scripts may set.
    pub allow_headers: &'static str,
    /// Methods that scripts may use.
    pub allow_methods: &'static str,
    /// Answer headers that scripts may read beside the safe-listed ones.
    pub expose_headers: &'static str,
}

/// How long a browser may remember a preflight, in seconds; a day is what the longest-remembering browser accepts.
const PREFLIGHT_AGE_S: &str = "86400";

impl Cors {
    /// Whether this is a preflight: `OPTIONS` with the question which method is allowed.
    pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The 204 that answers a preflight. [`Self::mark`] adds the rest.
    pub(crate) fn preflight(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.allow_methods));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(self.allow_headers));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE_S));
        response
    }

    /// Puts on any answer, errors too, what lets a script read it.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if !self.expose_headers.is_empty() {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.expose_headers));
        }
    }
}
