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

    /// The 204 that answers a preflight. [`Marks`] add the rest.
    pub(crate) fn preflight(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.allow_methods));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(self.allow_headers));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE_S));
        response
    }
}

/// What every answer of a mount carries, errors too, so that a script can read it.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    exposed: Option<HeaderValue>,
}

impl Marks {
    /// Made once, because a value is checked byte by byte when it is made.
    pub(crate) fn of(cors: &Cors) -> Self {
        let exposed = Some(cors.expose_headers).filter(|list| !list.is_empty());
        Self { exposed: exposed.map(HeaderValue::from_static) }
    }

    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, const { HeaderValue::from_static("*") });
        if let Some(exposed) = &self.exposed {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }
}
