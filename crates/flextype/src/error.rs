//! Faults in Flextype's words: `{"http_status_code":404,"message":"File not found"}`, always these two keys. Contract section 2.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use library::{Fault, Invalid};
use wire::Refusal;

use crate::{FILES, FILES_COPY, FOLDERS_COPY, Flextype, ROUTES, assets, folders};

/// Whose routes: their words differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Files,
    Folders,
}

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Refused {
    /// In the two-key body.
    Said { status: StatusCode, message: &'static str, retry_after_s: Option<u32> },
    /// The reference server dies of it; only in strict mode.
    Died,
    /// The route does not take the method that the request means.
    Method(&'static str),
}

impl Refused {
    const fn said(status: StatusCode, message: &'static str) -> Self {
        Self::Said { status, message, retry_after_s: None }
    }

    /// A parameter of a query is missing or of the wrong type.
    pub(crate) const fn query() -> Self {
        Self::said(StatusCode::BAD_REQUEST, "Wrong query params or not defined")
    }

    /// A parameter of a body is missing or of the wrong type, or what was sent is not taken.
    pub(crate) const fn body() -> Self {
        Self::said(StatusCode::BAD_REQUEST, "Wrong body params or not defined")
    }

    /// Any failure of a token.
    pub(crate) const fn unauthorized() -> Self {
        Self::said(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    /// Any failed operation.
    pub(crate) const fn missing(area: Area) -> Self {
        let message = match area {
            Area::Files => "File not found",
            Area::Folders => "Folder not found",
        };
        Self::said(StatusCode::NOT_FOUND, message)
    }

    const fn later(status: StatusCode, message: &'static str, seconds: u32) -> Self {
        Self::Said { status, message, retry_after_s: Some(seconds) }
    }

    /// A library's fault, for routes of this area.
    pub(crate) fn of(fault: Fault, area: Area) -> Self {
        match fault {
            Fault::Unauthenticated | Fault::Denied => Self::unauthorized(),
            Fault::NotFound(_) | Fault::Conflict(_) | Fault::Expired | Fault::Exhausted | Fault::Quarantined => {
                Self::missing(area)
            }
            Fault::Invalid(
                Invalid::Name | Invalid::TooDeep | Invalid::IntoItself | Invalid::FixedFolder | Invalid::ParentInTrash,
            ) => Self::missing(area),
            Fault::Invalid(
                Invalid::Email
                | Invalid::TooManyItems
                | Invalid::Empty
                | Invalid::LocksOut
                | Invalid::TooManyRules
                | Invalid::UnknownToken
                | Invalid::Page
                | Invalid::Length
                | Invalid::Address
                | Invalid::Other(_),
            )
            | Fault::TooLarge { .. }
            | Fault::Unsupported
            | Fault::Quota
            | Fault::Interrupted => Self::body(),
            Fault::Precondition => Self::said(StatusCode::PRECONDITION_FAILED, "Precondition Failed"),
            Fault::Throttled { retry_after_s } => {
                Self::later(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", retry_after_s)
            }
            Fault::Busy => Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", 1),
            Fault::Unavailable(part) => {
                tracing::error!(part, "a part that a request needs is out of order");
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", 5)
            }
            Fault::Internal(source) => {
                tracing::error!(error = &*source as &(dyn std::error::Error + 'static), "a request failed");
                Self::said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }

    /// Whether the call counts all the same: it does when it came to look for the thing.
    pub(crate) const fn counts(&self) -> bool {
        matches!(self, Self::Said { status: StatusCode::NOT_FOUND, .. })
    }

    /// Whether it finds fault with the body.
    pub(crate) const fn is_of_body(&self) -> bool {
        matches!(self, Self::Said { status: StatusCode::BAD_REQUEST, .. })
    }

    /// The answer, in the form that the client accepts where that matters.
    pub(crate) fn answer(self, headers: &HeaderMap) -> Response {
        match self {
            Self::Said { status, message, retry_after_s } => {
                let body = format!("{{\"http_status_code\":{},\"message\":\"{message}\"}}", status.as_u16());
                let mut response = typed(status, JSON, body);
                if let Some(seconds) = retry_after_s {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
            Self::Died => died(Form::of(headers)),
            Self::Method(path) => method_not_allowed(path, Form::of(headers)),
        }
    }
}

pub(crate) const JSON: &str = "application/json;charset=UTF-8";

/// An answer with a body of a type.
pub(crate) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], body.into()).into_response()
}

/// What is refused before any handler. A body that is too large loses its parameters in PHP.
#[must_use]
pub fn refuse(refusal: Refusal) -> Response {
    let refused = match refusal {
        Refusal::BodyTooLarge { limit_bytes: _ } => Refused::body(),
        Refusal::HeadTooLarge => Refused::query(),
        Refusal::Throttled { retry_after_s } => {
            Refused::later(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", retry_after_s)
        }
        Refusal::Panicked => Refused::said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    };
    refused.answer(&HeaderMap::new())
}

/// The reference server catches `OPTIONS` on any path, so there every path is known. Contract section 9, row 20.
pub(crate) async fn no_such_path(State(flextype): State<Flextype>, headers: HeaderMap) -> Response {
    if flextype.config.strict {
        return method_not_allowed("", Form::of(&headers));
    }
    Refused::said(StatusCode::NOT_FOUND, "Not Found").answer(&headers)
}

/// A `POST` that means another method may come to a path that takes only that one.
pub(crate) async fn no_such_method(state: State<Flextype>, request: Request) -> Response {
    let path = request.uri().path().trim_end_matches('/');
    match (request.method(), path) {
        (&Method::POST, FILES_COPY) => assets::call_copy(state, request).await,
        (&Method::POST, FOLDERS_COPY) => folders::call_copy(state, request).await,
        _ => method_not_allowed(request.uri().path(), Form::of(request.headers())),
    }
}

/// How the reference server says what its framework says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Html,
}

impl Form {
    /// The first type of `Accept` that it knows, or the end of one; a page where there is none.
    fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let known = accept.split(',').find_map(|media_type| match media_type {
            "application/json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "text/html" => Some(Self::Html),
            _ => None,
        });
        let by_end = || match (accept.find("+json"), accept.find("+xml")) {
            (Some(json), Some(xml)) if json < xml => Some(Self::Json),
            (_, Some(_)) => Some(Self::Xml),
            (Some(_), None) => Some(Self::Json),
            (None, None) => None,
        };
        known.or_else(by_end).unwrap_or(Self::Html)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Html => "text/html",
        }
    }
}

fn method_not_allowed(path: &str, form: Form) -> Response {
    let path = path.strip_suffix('/').unwrap_or(path);
    // The reference server knows no such route; we answer it all the same.
    let is_told =
        |route: &&wire::Route<Flextype, _>| route.path == path && (path, &route.method) != (FILES, &Method::PATCH);
    let methods = ROUTES.iter().filter(is_told).map(|route| route.method.as_str());
    let of_contents = path.starts_with("/project/").then_some(["GET", "HEAD"]);
    let allow = methods.chain(of_contents.into_iter().flatten()).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
    let body = match form {
        Form::Json => format!("{{\"message\":\"Method not allowed. Must be one of: {allow}\"}}"),
        Form::Xml => format!("<root><message>Method not allowed. Must be one of: {allow}</message></root>"),
        Form::Html => format!("{METHOD_PAGE_HEAD}<strong>{allow}</strong>{METHOD_PAGE_END}"),
    };
    let mut response = typed(StatusCode::METHOD_NOT_ALLOWED, form.media_type(), body);
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn died(form: Form) -> Response {
    let body = match form {
        Form::Json => "{\n    \"message\": \"Slim Application Error\"\n}",
        Form::Xml => "<error>\n  <message>Slim Application Error</message>\n</error>",
        Form::Html => ERROR_PAGE,
    };
    typed(StatusCode::INTERNAL_SERVER_ERROR, form.media_type(), body)
}

const METHOD_PAGE_HEAD: &str = "<html>
    <head>
        <title>Method not allowed</title>
        <style>
            body{
                margin:0;
                padding:30px;
                font:12px/1.5 Helvetica,Arial,Verdana,sans-serif;
            }
            h1{
                margin:0;
                font-size:48px;
                font-weight:normal;
                line-height:48px;
            }
        </style>
    </head>
    <body>
        <h1>Method not allowed</h1>
        <p>Method not allowed. Must be one of: ";
const METHOD_PAGE_END: &str = "</p>
    </body>
</html>";
const ERROR_PAGE: &str = "<html><head><meta http-equiv='Content-Type' content='text/html; charset=utf-8'>\
    <title>Slim Application Error</title><style>body{margin:0;padding:30px;font:12px/1.5 Helvetica,Arial,Verdana,sans-serif;}\
    h1{margin:0;font-size:48px;font-weight:normal;line-height:48px;}strong{display:inline-block;width:65px;}</style></head>\
    <body><h1>Slim Application Error</h1><p>A website error has occurred. Sorry for the temporary inconvenience.</p></body></html>";
