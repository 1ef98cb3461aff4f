//! Faults in Mediaflow's words: `{"status":403,"error":"…"}` under the same HTTP status, always both keys.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use library::{Fault, Invalid, Noun};
use serde_json::json;
use wire::{BadBody, BadMultipart, Refusal};

use crate::url::BadParameter;

/// An answer that refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    error: Cow<'static, str>,
    retry_after_s: Option<u32>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), retry_after_s: None }
    }

    /// 400, and why.
    pub(crate) fn bad(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// The seed's words, accent and all.
    pub(crate) fn no_upload_here() -> Self {
        Self::new(StatusCode::FORBIDDEN, "You don\u{b4}t have permission to upload to this folder")
    }

    pub(crate) fn no_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Missing access token")
    }

    pub(crate) fn bad_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid access token")
    }

    pub(crate) fn old_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "The access token has expired")
    }

    /// What OAuth 2 calls it; RFC 6749, 5.2.
    pub(crate) fn of_grant(error: &'static str) -> Self {
        let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        Self::new(status, error)
    }

    /// A URL that is its own credential, and none that we gave out or one that is over.
    pub(crate) fn dead_url() -> Self {
        Self::new(StatusCode::FORBIDDEN, "The URL is not valid or has expired")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    }

    fn after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unauthenticated => Self::bad_token(),
            Fault::Denied => Self::new(StatusCode::FORBIDDEN, "You don\u{b4}t have permission to do this"),
            Fault::Exhausted => Self::new(StatusCode::FORBIDDEN, "The file can not be downloaded any more"),
            Fault::Quarantined => Self::new(StatusCode::FORBIDDEN, "The file is in quarantine"),
            Fault::NotFound(noun) => Self::new(StatusCode::NOT_FOUND, missing(noun)),
            Fault::Expired => Self::new(StatusCode::FORBIDDEN, "The URL is not valid or has expired"),
            Fault::Conflict(_) => Self::new(StatusCode::CONFLICT, "Something with that name is in the way"),
            Fault::Precondition => Self::new(StatusCode::PRECONDITION_FAILED, "The file has changed"),
            Fault::Invalid(invalid) => Self::bad(words(&invalid)),
            Fault::TooLarge { max_bytes } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The file is larger than {max_bytes} bytes"))
            }
            Fault::Unsupported => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The file type is not supported"),
            Fault::Quota => Self::new(StatusCode::FORBIDDEN, "There is no storage left"),
            Fault::Interrupted => Self::bad("The upload was interrupted before its end"),
            Fault::Throttled { retry_after_s } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").after(retry_after_s)
            }
            Fault::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy").after(1),
            Fault::Unavailable(part) => {
                tracing::error!(part, "a part that a request needs is out of order");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is not ready").after(5)
            }
            Fault::Internal(source) => {
                tracing::error!(error = &*source as &(dyn std::error::Error + 'static), "a request failed");
                Self::internal()
            }
        }
    }
}

fn words(invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::Name => "Invalid filename",
        Invalid::Email => "Invalid e-mail address",
        Invalid::TooDeep => "Folders can not be nested any deeper",
        Invalid::IntoItself => "A folder can not be moved into itself",
        Invalid::FixedFolder => "The folder can not be changed",
        Invalid::TooManyItems => "There are too many items for one request",
        Invalid::ParentInTrash => "The parent folder is in the trash",
        Invalid::LocksOut => "These access rules would let nobody in",
        Invalid::TooManyRules => "There are too many access rules",
        Invalid::UnknownToken => "The access rules name a token that does not exist",
        Invalid::Empty => "There is no file",
        Invalid::Page => "The page is too far behind",
        Invalid::Length => "The file is not as long as filesize says",
        Invalid::Address => "The URL is not valid",
        Invalid::Other(why) => why,
    }
}

impl From<BadParameter> for Refused {
    fn from(bad: BadParameter) -> Self {
        Self::bad(bad.to_string())
    }
}

impl From<BadBody> for Refused {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"),
            BadBody::Interrupted => Self::bad("The request body did not arrive whole"),
        }
    }
}

impl From<BadMultipart> for Refused {
    fn from(bad: BadMultipart) -> Self {
        match bad {
            BadMultipart::TooLarge => Fault::TooLarge { max_bytes: crate::MAX_FILE_BYTES }.into(),
            BadMultipart::Interrupted => Fault::Interrupted.into(),
            bad @ (BadMultipart::NotMultipart
            | BadMultipart::MissingBoundary
            | BadMultipart::Malformed
            | BadMultipart::TooManyParts
            | BadMultipart::TextTooLong) => Self::bad(bad.to_string()),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "status": self.status.as_u16(), "error": self.error }));
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What is refused before any handler, in this dialect's words.
#[must_use]
pub fn refuse(refusal: Refusal) -> Response {
    match refusal {
        Refusal::BodyTooLarge { limit_bytes } => Refused::from(Fault::TooLarge { max_bytes: limit_bytes }),
        Refusal::HeadTooLarge => {
            Refused::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large")
        }
        Refusal::Throttled { retry_after_s } => Fault::Throttled { retry_after_s }.into(),
        Refusal::Panicked => Refused::internal(),
    }
    .into_response()
}

pub(crate) async fn no_such_route() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "There is no such endpoint")
}

pub(crate) async fn no_such_method() -> Refused {
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "The endpoint does not take that method")
}

const fn missing(noun: Noun) -> &'static str {
    match noun {
        Noun::Folder => "Folder not found",
        Noun::Asset => "File not found",
        Noun::Rendition => "There is no preview of the file",
        Noun::Upload | Noun::Link => "The URL is not valid or has expired",
        Noun::Tenant | Noun::User | Noun::Collection | Noun::Token | Noun::Job | Noun::Record => "Not found",
    }
}
