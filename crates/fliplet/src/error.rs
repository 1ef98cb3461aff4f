//! Faults in Fliplet's words. Every body has both `error` and `message`, because its clients read one or the other.

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
    message: Cow<'static, str>,
    retry_after_s: Option<u32>,
}

/// What a contract's sentence is said with under `error` when it is a sentence of ours.
const BAD_REQUEST: &str = "bad request";
/// The `error` of whoever may not.
const FILE_ACCESS: &str = "file.access";

impl Refused {
    /// 400 with a sentence of the API's own, which its clients look for under either key.
    pub(crate) fn saying(sentence: impl Into<Cow<'static, str>>) -> Self {
        let sentence = sentence.into();
        Self { status: StatusCode::BAD_REQUEST, error: sentence.clone(), message: sentence, retry_after_s: None }
    }

    fn new(status: StatusCode, error: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), message: message.into(), retry_after_s: None }
    }

    fn after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// No token, or one that nobody has. The spelling is the API's.
    pub(crate) fn not_authorised() -> Self {
        let message = "The auth_token provided doesn't belong to any user.";
        Self::new(StatusCode::UNAUTHORIZED, "not authorised", message)
    }

    /// The missing context of a listing, a new folder or an upload.
    pub(crate) fn no_context() -> Self {
        Self::saying("appId or organizationId or folderId is required")
    }

    /// The same fault where something was to be made: being denied has other words then.
    pub(crate) fn creating(fault: Fault) -> Self {
        Self::from(fault).while_creating()
    }

    /// This refusal where something was to be made.
    pub(crate) fn while_creating(self) -> Self {
        if self.error == FILE_ACCESS { Self::denied("You do not have permission to create files here") } else { self }
    }

    /// This refusal where rules were to be seen or changed: clients take 403 for "no permission" there.
    pub(crate) fn while_ruling(self) -> Self {
        if self.error == FILE_ACCESS {
            return Self::new(StatusCode::FORBIDDEN, FILE_ACCESS, "You do not have permission to manage access rules");
        }
        self
    }

    /// The same fault where something was to come back from the trash.
    pub(crate) fn restoring(fault: Fault) -> Self {
        match fault {
            Fault::Expired => Self::saying("The file has expired and can not be restored"),
            Fault::Quarantined => Self::saying("The file is infected and can not be restored"),
            fault => fault.into(),
        }
    }

    fn denied(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, FILE_ACCESS, message)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unauthenticated => Self::not_authorised(),
            Fault::Denied | Fault::Exhausted | Fault::Quarantined => {
                Self::denied("You do not have permission to access this file")
            }
            Fault::NotFound(noun) => Self::new(StatusCode::NOT_FOUND, "not found", missing(noun)),
            Fault::Expired => Self::new(StatusCode::NOT_FOUND, "not found", missing(Noun::Asset)),
            Fault::Conflict(Noun::Token) => {
                let message = "A token works on this folder only. Revoke it before the folder is deleted for good.";
                Self::new(StatusCode::CONFLICT, "conflict", message)
            }
            Fault::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", "Something with that name is in the way"),
            Fault::Precondition => {
                Self::new(StatusCode::PRECONDITION_FAILED, "precondition failed", "The file has changed")
            }
            Fault::Invalid(invalid) => Self::from(invalid),
            Fault::TooLarge { max_bytes } => Self::saying(plan_limit(max_bytes)),
            Fault::Unsupported => Self::saying("File with invalid type detected."),
            Fault::Quota => Self::saying("Your current plan has no storage left."),
            Fault::Interrupted => {
                Self::new(StatusCode::BAD_REQUEST, BAD_REQUEST, "The upload was interrupted before its end")
            }
            Fault::Throttled { retry_after_s } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests", "Too many requests, try again later")
                    .after(retry_after_s)
            }
            Fault::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The server is busy, try again shortly").after(1)
            }
            Fault::Unavailable(part) => {
                tracing::error!(part, "a part that a request needs is out of order");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server is not ready, try again later")
                    .after(5)
            }
            Fault::Internal(source) => {
                tracing::error!(error = &*source as &(dyn std::error::Error + 'static), "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Name => Self::saying("File with invalid name detected."),
            Invalid::Email => Self::saying("The e-mail address is not valid"),
            Invalid::TooDeep => Self::saying("Folders can not be nested any deeper"),
            Invalid::IntoItself => Self::saying("A folder can not be moved into itself"),
            Invalid::FixedFolder => Self::new(StatusCode::NOT_FOUND, "not found", missing(Noun::Folder)),
            Invalid::TooManyItems => Self::saying("There are too many files or folders for one request"),
            Invalid::ParentInTrash => Self::saying("The parent folder is in the trash. Restore it first."),
            Invalid::LocksOut => Self::saying("These access rules would let nobody in"),
            Invalid::TooManyRules => Self::saying("There can be 20 access rules at most"),
            Invalid::UnknownToken => Self::saying("The access rules name a token that does not exist"),
            Invalid::Empty => Self::saying("No files were uploaded"),
            Invalid::Page => Self::saying("The page does not exist"),
            Invalid::Length => Self::saying("The file is not as long as was announced"),
            Invalid::Address => Self::saying("The URL is invalid"),
            Invalid::Other(why) => Self::saying(why),
        }
    }
}

impl From<BadParameter> for Refused {
    fn from(bad: BadParameter) -> Self {
        Self::new(StatusCode::BAD_REQUEST, BAD_REQUEST, bad.to_string())
    }
}

impl From<BadBody> for Refused {
    fn from(bad: BadBody) -> Self {
        Self::saying(match bad {
            BadBody::TooLarge => "The request body is too large",
            BadBody::Interrupted => "The request body did not arrive whole",
        })
    }
}

impl From<BadMultipart> for Refused {
    fn from(bad: BadMultipart) -> Self {
        match bad {
            BadMultipart::NotMultipart => Self::saying("No files were uploaded"),
            BadMultipart::TooLarge => Self::saying(plan_limit(crate::MAX_FILE_BYTES)),
            BadMultipart::Interrupted => Fault::Interrupted.into(),
            bad @ (BadMultipart::MissingBoundary
            | BadMultipart::Malformed
            | BadMultipart::TooManyParts
            | BadMultipart::TextTooLong) => Self::new(StatusCode::BAD_REQUEST, BAD_REQUEST, bad.to_string()),
        }
    }
}

impl Refused {
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", "Something went wrong on our side")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "message": self.message }));
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
        Refusal::BodyTooLarge { .. } => Refused::saying(plan_limit(crate::MAX_FILE_BYTES)),
        Refusal::HeadTooLarge => Refused::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            BAD_REQUEST,
            "The request's headers are too large",
        ),
        Refusal::Throttled { retry_after_s } => Fault::Throttled { retry_after_s }.into(),
        Refusal::Panicked => Refused::internal(),
    }
    .into_response()
}

pub(crate) async fn no_such_route() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "not found", "There is no such endpoint")
}

pub(crate) async fn no_such_method() -> Refused {
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "This endpoint does not take that method")
}

fn plan_limit(max_bytes: u64) -> String {
    format!("Your current plan is limited to {}Mb of uploaded files.", max_bytes.div_ceil(1024 * 1024))
}

const fn missing(noun: Noun) -> &'static str {
    match noun {
        Noun::Folder => "Media folder not found",
        Noun::Asset | Noun::Rendition | Noun::Upload | Noun::Link => "File not found",
        Noun::Tenant => "Organization not found",
        Noun::User | Noun::Collection | Noun::Token | Noun::Job | Noun::Record => "Not found",
    }
}
