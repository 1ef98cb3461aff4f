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
    /// What every `OPTIONS` is answered with, on any path, preflight or not; none: preflights 204, the others by the routes.
    pub options: Option<StatusCode>,
    /// Whether methods and request headers are told with every answer, not only with those to `OPTIONS`.
    pub tells_always: bool,
}

/// How long a browser may remember a preflight, in seconds; a day is what the longest-remembering browser accepts.
const PREFLIGHT_AGE_S: &str = "86400";

impl Cors {
    /// Whether no route is asked: this is a preflight, that is `OPTIONS` with the question which method is allowed; or any `OPTIONS`.
    pub(crate) fn answers(&self, method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && (self.options.is_some()
                || (headers.contains_key(header::ORIGIN)
                    && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)))
    }

    /// The answer to that. [`Marks`] add the rest.
    pub(crate) fn preflight(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.options.unwrap_or(StatusCode::NO_CONTENT);
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
    allowed: Option<(HeaderValue, HeaderValue)>,
}

impl Marks {
    /// Made once, because a value is checked byte by byte when it is made.
    pub(crate) fn of(cors: &Cors) -> Self {
        let exposed = Some(cors.expose_headers).filter(|list| !list.is_empty());
        let told = |list| HeaderValue::from_static(list);
        let allowed = cors.tells_always.then(|| (told(cors.allow_headers), told(cors.allow_methods)));
        Self { exposed: exposed.map(told), allowed }
    }

    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, const { HeaderValue::from_static("*") });
        if let Some(exposed) = &self.exposed {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
        if let Some((allow_headers, allow_methods)) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow_headers.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow_methods.clone());
        }
    }
}
