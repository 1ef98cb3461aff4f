//! Reading requests: which method is meant, and the parameters, of the query for `GET` and of the body for all others. Contract
//! section 2.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::{Extensions, HeaderMap, Method, header},
};
use content::MediaType;
use library::Origin;
use serde_json::Value;
use wire::{Base, Part, Parts, RequestOrigin, read_small_body};

use crate::{error::Refused, url::Params};

/// What a request says.
pub(crate) struct Call {
    /// The method that is meant.
    pub(crate) method: Method,
    pub(crate) params: Params,
    pub(crate) headers: HeaderMap,
    pub(crate) base: Base,
    pub(crate) origin: Origin,
}

/// A request whose body is a form that has yet to be read, part by part.
pub(crate) struct FormCall {
    pub(crate) call: Call,
    pub(crate) parts: Parts,
}

/// A request, its body read where that is small.
pub(crate) enum Read {
    Whole(Call),
    Form(FormCall),
}

/// How a body holds its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Xml,
    Multipart,
    /// None that PHP reads.
    Other,
}

impl Call {
    /// A text parameter that has to be there.
    ///
    /// # Errors
    /// What the reference server says where it is missing; where it is of another type it dies.
    pub(crate) fn text(&self, name: &str, strict: bool) -> Result<&str, Refused> {
        match self.params.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) if strict => Err(Refused::Died),
            Some(_) | None => Err(self.wrong_params()),
        }
    }

    /// What is said where a parameter is missing.
    pub(crate) fn wrong_params(&self) -> Refused {
        if self.method == Method::GET || self.method == Method::HEAD { Refused::query() } else { Refused::body() }
    }

    /// Refuses where any of these is missing, whatever its type: that comes before all else.
    pub(crate) fn expect(&self, names: &[&str]) -> Result<(), Refused> {
        if names.iter().all(|name| self.params.has(name)) { Ok(()) } else { Err(self.wrong_params()) }
    }
}

/// Reads a request.
pub(crate) async fn read(request: Request) -> Result<Read, Refused> {
    let (mut parts, body) = request.into_parts();
    let Ok(base) = Base::from_request_parts(&mut parts, &()).await;
    let origin = origin(&parts.extensions);
    let mut call =
        Call { method: parts.method.clone(), params: Params::default(), headers: parts.headers.clone(), base, origin };
    if matches!(parts.method, Method::GET | Method::HEAD) {
        call.params = Params::from_query(parts.uri.query().unwrap_or_default());
        return Ok(Read::Whole(call));
    }
    let kind = Kind::of(&parts.headers);
    let is_post = parts.method == Method::POST;
    // PHP reads such bodies of `POST` only.
    if kind == Kind::Multipart && is_post {
        let request = Request::from_parts(parts, body);
        return match Parts::from_request(request, &()).await {
            Ok(form) => Ok(Read::Form(FormCall { call, parts: form })),
            Err(_) => Ok(Read::Whole(call)),
        };
    }
    call.params = params_of(kind, body).await?;
    if is_post {
        mean_another(&mut call, parts.uri.query());
    }
    Ok(Read::Whole(call))
}

/// Reads a request of which no file is wanted.
pub(crate) async fn read_whole(request: Request) -> Result<Call, Refused> {
    match read(request).await? {
        Read::Whole(call) => Ok(call),
        Read::Form(FormCall { mut call, mut parts }) => {
            while let Some(part) = parts.next().await.map_err(|_| Refused::body())? {
                if let Part::Text { name, value } = part {
                    call.params.insert_text(&name, value);
                }
            }
            mean_another(&mut call, None);
            Ok(call)
        }
    }
}

/// A `POST` means what its header or, failing that, its body says.
pub(crate) fn mean_another(call: &mut Call, query: Option<&str>) {
    let by_header = call.headers.get("x-http-method-override").and_then(|value| value.to_str().ok());
    let by_body = call.params.get("_METHOD").and_then(Value::as_str);
    let Some(meant) = by_header.filter(|meant| !meant.is_empty()).or(by_body) else { return };
    let Ok(method) = Method::from_bytes(meant.to_ascii_uppercase().as_bytes()) else { return };
    if method == Method::GET {
        call.params = Params::from_query(query.unwrap_or_default());
    }
    call.method = method;
}

async fn params_of(kind: Kind, body: Body) -> Result<Params, Refused> {
    Ok(match kind {
        // What is too large to be one loses its parameters, as in PHP.
        Kind::Json | Kind::Form | Kind::Xml => {
            let bytes = read_small_body(body).await.map_err(|_| Refused::body())?;
            match kind {
                Kind::Json => Params::from_json(&bytes),
                Kind::Form => Params::from_form(&bytes),
                Kind::Xml => Params::from_xml(&bytes),
                Kind::Multipart | Kind::Other => Params::default(),
            }
        }
        Kind::Multipart | Kind::Other => Params::default(),
    })
}

impl Kind {
    fn of(headers: &HeaderMap) -> Self {
        let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(media_type) = MediaType::parse(said.split(';').next().unwrap_or_default().trim()) else {
            return Self::Other;
        };
        match media_type.as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "application/xml" | "text/xml" => Self::Xml,
            "multipart/form-data" => Self::Multipart,
            other if other.ends_with("+json") => Self::Json,
            other if other.ends_with("+xml") => Self::Xml,
            _ => Self::Other,
        }
    }
}

pub(crate) fn origin(extensions: &Extensions) -> Origin {
    let from = extensions.get::<RequestOrigin>();
    Origin {
        address: from.map(|from| from.address),
        request_id: from.map(|from| from.request_id.as_str().into()),
        body_bytes: from.and_then(|from| from.body_bytes),
    }
}
