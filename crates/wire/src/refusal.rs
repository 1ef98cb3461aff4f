//! What is refused, or has failed, outside any handler. Each dialect has its own words for it; plain ones are here.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};

/// Why no handler answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The declared length of the body is above the limit.
    BodyTooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The head has too many or too long fields.
    HeadTooLarge,
    /// The address that it comes from asks too much.
    Throttled {
        /// When to come back, in seconds.
        retry_after_s: u32,
    },
    /// The handler panicked. What happened is in the log, under the request's id, and stays there.
    Panicked,
}

/// Says it in JSON that belongs to no dialect.
#[must_use]
pub fn refuse_plainly(refusal: Refusal) -> Response {
    match refusal {
        Refusal::BodyTooLarge { limit_bytes } => {
            plain_error(StatusCode::PAYLOAD_TOO_LARGE, &format!("the request body is larger than {limit_bytes} bytes"))
        }
        Refusal::HeadTooLarge => {
            plain_error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request header is too large")
        }
        Refusal::Throttled { retry_after_s } => {
            let mut response = plain_error(StatusCode::TOO_MANY_REQUESTS, "too many requests");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            response
        }
        Refusal::Panicked => plain_error(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    }
}

/// `{"error":"…"}`. The message is ours and needs no escaping.
pub(crate) fn plain_error(status: StatusCode, message: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{{\"error\":\"{message}\"}}")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
