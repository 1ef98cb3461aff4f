//! Faults in the framework's words: `{"detail":"…"}`, or an object of fields. Contract section 1.6.

use axum::{
    extract::State,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use library::{Fault, Invalid};
use serde_json::json;
use wire::Refusal;

use crate::{Botdoc, auth::Caller, bodies::Bad, envelope::rendered, inputs::Errors, url::InvalidPage};

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Something is wrong with fields.
    Fields(Errors),
    /// Anything else.
    Detail { status: StatusCode, words: String, retry_after_s: Option<u32> },
}

impl Refused {
    pub(crate) fn detail(status: StatusCode, words: impl Into<String>) -> Self {
        Self::Detail { status, words: words.into(), retry_after_s: None }
    }

    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// There is no valid token.
    pub(crate) fn unauthorized(words: &str) -> Self {
        Self::detail(StatusCode::UNAUTHORIZED, words)
    }

    /// Mail needs to know how the world reaches this server.
    pub(crate) fn no_public_url() -> Self {
        Self::Fields(Errors::whole("Mail can not be sent: this server was not told its public_url."))
    }

    /// A fault about a field.
    pub(crate) fn field(name: &str, words: &str) -> Self {
        Self::Fields(Errors::one(name, words))
    }

    fn later(status: StatusCode, words: impl Into<String>, seconds: u32) -> Self {
        Self::Detail { status, words: words.into(), retry_after_s: Some(seconds) }
    }
}

impl From<Errors> for Refused {
    fn from(errors: Errors) -> Self {
        Self::Fields(errors)
    }
}

impl From<InvalidPage> for Refused {
    fn from(_: InvalidPage) -> Self {
        Self::detail(StatusCode::NOT_FOUND, InvalidPage::DETAIL)
    }
}

impl From<Bad> for Refused {
    fn from(bad: Bad) -> Self {
        match &bad {
            Bad::Unsupported(_) => Self::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, bad.detail().unwrap_or_default()),
            Bad::Malformed(words) => Self::detail(StatusCode::BAD_REQUEST, words.clone()),
            Bad::TooLarge => Self::detail(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."),
            Bad::Interrupted => Self::detail(StatusCode::BAD_REQUEST, "The request body did not arrive whole."),
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unauthenticated => Self::unauthorized("Authentication credentials were not provided."),
            Fault::Denied => Self::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action."),
            Fault::NotFound(_) | Fault::Quarantined | Fault::Expired => Self::not_found(),
            Fault::Conflict(_) => Self::Fields(Errors::whole("This already exists.")),
            Fault::Precondition => Self::Fields(Errors::whole("It was changed meanwhile.")),
            Fault::Invalid(Invalid::Name) => Self::field("name", "This can not be the name of a file."),
            Fault::Invalid(Invalid::Page) => InvalidPage.into(),
            Fault::Invalid(Invalid::Other(words)) => Self::Fields(Errors::whole(words)),
            Fault::Invalid(invalid) => Self::Fields(Errors::whole(words_of(&invalid))),
            Fault::TooLarge { max_bytes } => {
                Self::field("file", &format!("The submitted file is larger than {max_bytes} bytes."))
            }
            Fault::Unsupported => Self::field("file", "This kind of file is not accepted."),
            Fault::Quota => Self::field("file", "The account has no room for this file."),
            Fault::Exhausted => Self::detail(
                StatusCode::FORBIDDEN,
                "This media has been downloaded the maximum number of times allowed.",
            ),
            Fault::Throttled { retry_after_s } => Self::later(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Request was throttled. Expected available in {retry_after_s} seconds."),
                retry_after_s,
            ),
            Fault::Busy | Fault::Unavailable(_) => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service temporarily unavailable, try again later.", 1)
            }
            Fault::Interrupted => Self::detail(
                StatusCode::BAD_REQUEST,
                "Multipart form parse error - the request body did not arrive whole.",
            ),
            Fault::Internal(error) => {
                tracing::error!(%error, "a request failed");
                Self::detail(StatusCode::INTERNAL_SERVER_ERROR, "A server error occurred.")
            }
        }
    }
}

const fn words_of(invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::Name => "This can not be a name.",
        Invalid::Email => "Enter a valid email address.",
        Invalid::TooDeep => "Folders can not be nested any deeper.",
        Invalid::IntoItself => "A folder can not be put into itself.",
        Invalid::FixedFolder => "This folder can not be changed.",
        Invalid::TooManyItems => "These are too many at once.",
        Invalid::Empty => "There is nothing to do it with.",
        Invalid::ParentInTrash => "What lies above it is in the trash.",
        Invalid::LocksOut => "This would let nobody in.",
        Invalid::TooManyRules => "These are too many rules.",
        Invalid::UnknownToken => "There is no such token.",
        Invalid::Page => "Invalid page.",
        Invalid::Length => "Another number of bytes was announced.",
        Invalid::Address => "Enter a valid URL.",
        Invalid::Other(words) => words,
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, words, retry_after_s) = match self {
            Self::Fields(errors) => return errors.into_response(),
            Self::Detail { status, words, retry_after_s } => (status, words, retry_after_s),
        };
        let mut response = json_answer(status, &json!({ "detail": words }));
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("JWT realm=\"api\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        }
        response
    }
}

/// An answer as the framework writes it.
pub(crate) fn json_answer(status: StatusCode, value: &serde_json::Value) -> Response {
    let media_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, media_type)], rendered(value)).into_response()
}

/// No route has this path: without the version, it does not work.
pub(crate) async fn no_such_path() -> Refused {
    Refused::not_found()
}

/// The path has no such method. Who asks is looked at first, as the framework does.
pub(crate) async fn no_such_method(
    State(_): State<Botdoc>,
    method: Method,
    uri: Uri,
    caller: Result<Caller, Refused>,
) -> Refused {
    let needs_none = uri.path().starts_with("/v1/auth/get_token")
        || uri.path().starts_with("/v1/auth/token_")
        || uri.path().starts_with("/s/");
    match caller {
        Err(refused) if !needs_none => refused,
        _ => Refused::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed.")),
    }
}

/// What is refused outside any handler.
#[must_use]
pub fn refuse(refusal: Refusal) -> Response {
    let refused = match refusal {
        Refusal::BodyTooLarge { limit_bytes } => Fault::TooLarge { max_bytes: limit_bytes }.into(),
        Refusal::HeadTooLarge => {
            Refused::detail(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request header is too large.")
        }
        Refusal::Throttled { retry_after_s } => Fault::Throttled { retry_after_s }.into(),
        Refusal::Panicked => Refused::detail(StatusCode::INTERNAL_SERVER_ERROR, "A server error occurred."),
    };
    refused.into_response()
}
