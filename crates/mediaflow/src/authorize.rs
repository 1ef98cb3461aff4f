//! The login page: somebody signs in here, and their client gets a code for it. Contract 2, form 4. Without a script, framed by
//! nobody, and it sends people on to addresses that an operator listed only.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use library::{Fault, Library};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wire::{Query, escape_html};

use crate::{
    Config,
    auth::{Anybody, REALM, server},
    bodies,
    error::Refused,
    keys::{CLIENT_ID, add_code, client_id_secret},
};

const PAGE: &str = include_str!("authorize.html");

/// What a client asks for.
struct Request {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
}

impl Request {
    /// Refused before anybody types a password, and never by sending them on.
    fn read(query: &Query, config: &Config) -> Result<Self, Refused> {
        if query.get("response_type") != Some("code") {
            return Err(Refused::of_grant("unsupported_response_type"));
        }
        let client_id =
            query.get("client_id").filter(|id| !id.is_empty()).ok_or(Refused::of_grant("invalid_request"))?;
        let redirect_uri = query.get("redirect_uri").unwrap_or_default();
        if !config.redirect_uris.iter().any(|known| known == redirect_uri) {
            return Err(Refused::bad("The redirect_uri is not one that is allowed here"));
        }
        let state = query.get("state").map(str::to_owned);
        Ok(Self { client_id: client_id.to_owned(), redirect_uri: redirect_uri.to_owned(), state })
    }

    fn page(&self, status: StatusCode, message: &str) -> Response {
        let state = self.state.as_deref().unwrap_or_default();
        let page = PAGE.replace("{message}", message);
        let page = page.replace("{client_id}", &escape_html(&self.client_id));
        let page =
            page.replace("{redirect_uri}", &escape_html(&self.redirect_uri)).replace("{state}", &escape_html(state));
        let mut response = (status, page).into_response();
        let headers = response.headers_mut();
        let set = |name, value| (name, HeaderValue::from_static(value));
        headers.extend([
            set(header::CONTENT_TYPE, "text/html; charset=utf-8"),
            set(header::CACHE_CONTROL, "no-store"),
            set(header::REFERRER_POLICY, "no-referrer"),
            set(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ),
        ]);
        response
    }
}

/// Shows the page.
pub(crate) async fn show(State(config): State<Arc<Config>>, query: Query) -> Result<Response, Refused> {
    Ok(Request::read(&query, &config)?.page(StatusCode::OK, ""))
}

/// Signs somebody in and sends them back to their client.
pub(crate) async fn sign_in(
    State(library): State<Library>,
    State(config): State<Arc<Config>>,
    Anybody(anybody): Anybody,
    body: Body,
) -> Result<Response, Refused> {
    let form = bodies::form(body).await?;
    let request = Request::read(&form, &config)?;
    let client = library.token_of(REALM, &client_id_secret(&request.client_id), anybody.origin()).await;
    let client = match client {
        Ok(client) if client.kind == CLIENT_ID => client,
        Ok(_) | Err(Fault::Unauthenticated) => return Err(Refused::of_grant("invalid_client")),
        Err(fault) => return Err(fault.into()),
    };
    let (name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    let user = match library.sign_in(&anybody, client.tenant_id, name, password).await {
        Ok(user) => user,
        Err(Fault::Unauthenticated) => {
            let message = "Fel användarnamn eller lösenord. / Wrong user name or password.";
            return Ok(request.page(StatusCode::UNAUTHORIZED, message));
        }
        Err(fault) => return Err(fault.into()),
    };
    let code =
        add_code(&library, &server(&anybody), (&client, &request.client_id), user.id, &request.redirect_uri).await?;
    let state = request.state.map(|state| format!("&state={}", utf8_percent_encode(&state, NON_ALPHANUMERIC)));
    let joint = if request.redirect_uri.contains('?') { '&' } else { '?' };
    let to = format!("{}{joint}code={code}{}", request.redirect_uri, state.unwrap_or_default());
    let to = HeaderValue::try_from(to).map_err(|_| Refused::bad("The redirect_uri can not be sent"))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().extend([
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]);
    Ok(response)
}
