//! Faults in MediaPocket's words: always `{"error":"…"}`. Contract section 1.3.

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use library::{Fault, Invalid, Noun};
use serde_json::json;
use wire::Refusal;

use crate::{objects, presigned::S3Error};

/// What all dead and unknown links are answered with: nobody is told which. Seed: "Shareable link not found".
pub(crate) const NO_LINK: &str = "Link not found or has expired";

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    words: String,
    retry_after_s: Option<u32>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into(), retry_after_s: None }
    }

    /// What the action finds wrong.
    pub(crate) fn bad(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, words)
    }

    /// What the validation library finds wrong.
    pub(crate) fn invalid(words: String) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, words)
    }

    pub(crate) fn missing(words: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, words)
    }

    pub(crate) fn no_such_thing() -> Self {
        Self::missing("Not found")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    pub(crate) fn bad_json() -> Self {
        Self::bad("Invalid JSON")
    }

    pub(crate) fn too_large() -> Self {
        Self::bad("The request body is too large")
    }

    /// Mail needs to know how the world reaches this server.
    pub(crate) fn no_public_url() -> Self {
        Self::bad("Mail can not be sent: this server was not told its public_url")
    }

    /// A fault about a link: what it gives is nobody's business.
    pub(crate) fn of_link(fault: Fault) -> Self {
        match fault {
            Fault::NotFound(_) | Fault::Expired | Fault::Exhausted | Fault::Quarantined | Fault::Unauthenticated => {
                Self::missing(NO_LINK)
            }
            fault => fault.into(),
        }
    }

    /// A fault about what a body names, which is no resource of the path: 400 where that would be 404.
    pub(crate) fn of_named(fault: Fault) -> Self {
        let refused = Self::from(fault);
        if refused.status == StatusCode::NOT_FOUND { Self::bad(refused.words) } else { refused }
    }

    fn later(status: StatusCode, words: &str, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..Self::new(status, words) }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unauthenticated => Self::unauthorized(),
            Fault::Denied => Self::new(StatusCode::FORBIDDEN, "Forbidden"),
            Fault::NotFound(noun) => Self::missing(words_of_noun(noun)),
            Fault::Quarantined | Fault::Expired => Self::missing("asset not found"),
            Fault::Exhausted => Self::missing(NO_LINK),
            Fault::Conflict(noun) => Self::bad(format!("{} has already been taken", capital(noun))),
            Fault::Precondition => Self::new(StatusCode::PRECONDITION_FAILED, "Precondition failed"),
            Fault::Invalid(invalid) => Self::bad(words_of(&invalid)),
            Fault::TooLarge { max_bytes } => Self::bad(format!("File is too large (maximum is {max_bytes} bytes)")),
            Fault::Unsupported => Self::bad("File type is not supported"),
            Fault::Quota => Self::bad("Storage quota exceeded"),
            Fault::Throttled { retry_after_s } => {
                Self::later(StatusCode::TOO_MANY_REQUESTS, "Too many requests", retry_after_s)
            }
            Fault::Busy => Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service busy", 1),
            Fault::Unavailable(_) => Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable", 5),
            Fault::Interrupted => Self::bad("The request body did not arrive whole"),
            Fault::Internal(error) => {
                tracing::error!(%error, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
        }
    }
}

const fn words_of_noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Asset | Noun::Upload | Noun::Rendition => "asset not found",
        Noun::Folder => "project not found",
        Noun::Collection => "collection not found",
        Noun::Link => NO_LINK,
        Noun::Record => "comment not found",
        Noun::User => "user not found",
        Noun::Token => "api key not found",
        Noun::Tenant | Noun::Job => "Not found",
    }
}

const fn capital(noun: Noun) -> &'static str {
    match noun {
        Noun::Record => "External id",
        Noun::Collection => "Collection",
        Noun::Folder => "Project",
        Noun::Asset | Noun::Upload | Noun::Rendition => "Asset",
        Noun::Link => "Link",
        Noun::User => "Email",
        Noun::Token => "Api key",
        Noun::Tenant | Noun::Job => "Name",
    }
}

const fn words_of(invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::Name => "Filename is invalid",
        Invalid::Email => "Email is invalid",
        Invalid::TooDeep => "Project is nested too deep",
        Invalid::IntoItself => "Project can't be assigned to itself",
        Invalid::FixedFolder => "Project can't be changed",
        Invalid::TooManyItems => "Too many items",
        Invalid::Empty => "Nothing to do",
        Invalid::ParentInTrash => "Project is in the trash bin",
        Invalid::LocksOut => "Nobody would have access",
        Invalid::TooManyRules => "Too many rules",
        Invalid::UnknownToken => "api key not found",
        Invalid::Page => "Cursor is invalid",
        Invalid::Length => "File has another length than announced",
        Invalid::Address => "not a valid HTTP URL",
        Invalid::Other(words) => words,
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.words }))).into_response();
        // As the framework has it: what is missing now may be there in a moment.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// No route has this path. Who asks is not looked at: there is nothing to hide.
pub(crate) async fn no_such_path() -> Refused {
    Refused::no_such_thing()
}

/// The path has no such method; the framework knows routes by both.
pub(crate) async fn no_such_method(method: Method, uri: Uri) -> Response {
    if uri.path().starts_with("/s3/") {
        return objects::answer_of(&S3Error::MethodNotAllowed(method.to_string()), "");
    }
    // To follow a link by that name is to follow one that there is not.
    let named_share = uri.path().trim_end_matches('/').ends_with("/shareable_links/share");
    if named_share && (method == Method::GET || method == Method::HEAD) {
        return Refused::missing(NO_LINK).into_response();
    }
    Refused::no_such_thing().into_response()
}

/// What is refused outside any handler.
#[must_use]
pub fn refuse(refusal: Refusal) -> Response {
    let refused = match refusal {
        Refusal::BodyTooLarge { .. } => Refused::too_large(),
        Refusal::HeadTooLarge => {
            Refused::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request header is too large")
        }
        Refusal::Throttled { retry_after_s } => Fault::Throttled { retry_after_s }.into(),
        Refusal::Panicked => Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    };
    refused.into_response()
}
