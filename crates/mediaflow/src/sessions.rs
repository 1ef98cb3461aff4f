//! The token endpoint: keys, passwords or codes in, access tokens out. Contract section 2.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use library::{Actor, Fault, Library, Token};
use serde::Serialize;
use wire::Query;

use crate::{
    auth::{ACCESS_S, Anybody, REALM, access_token},
    bodies,
    error::Refused,
    keys::{CLIENT, CODE, REFRESH, client_secret, code_secret},
};

/// Seed: "Svar på ovan".
#[derive(Debug, Serialize)]
pub(crate) struct Granted {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

/// Gives out an access token, by whichever method, with the parameters wherever they stand.
pub(crate) async fn token(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    headers: HeaderMap,
    query: Query,
    body: Body,
) -> Result<Json<Granted>, Refused> {
    let asked = Asked { form: bodies::form(body).await?, query, basic: basic(&headers) };
    let client = client(&library, &anybody, asked.get("client_id"), asked.get("client_secret")).await?;
    let (token, user_id) = match asked.get("grant_type") {
        Some("refresh_token") => {
            let token = key(&library, &anybody, asked.get("refresh_token"), REFRESH, &client).await?;
            let user_id = token.user_id;
            (token, user_id)
        }
        Some("password") => {
            let (Some(name), Some(password)) = (asked.get("username"), asked.get("password")) else {
                return Err(Refused::of_grant("invalid_request"));
            };
            let user = library.sign_in(&anybody, client.tenant_id, name, password).await.map_err(refused_grant)?;
            (client, user.id)
        }
        Some("authorization_code") => {
            let code = asked.get("code").ok_or_else(|| Refused::of_grant("invalid_request"))?;
            let secret = code_secret(
                code,
                asked.get("client_id").unwrap_or_default(),
                asked.get("redirect_uri").unwrap_or_default(),
            );
            let code = key(&library, &anybody, Some(&secret), CODE, &client).await?;
            if !library.spend_token(&code).await? {
                return Err(Refused::of_grant("invalid_grant"));
            }
            (client, code.user_id)
        }
        Some(_) => return Err(Refused::of_grant("unsupported_grant_type")),
        None => return Err(Refused::of_grant("invalid_request")),
    };
    let access_token = access_token(&library, &token, user_id).await?;
    Ok(Json(Granted { access_token, token_type: "Bearer", expires_in: ACCESS_S }))
}

/// The parameters of a request.
struct Asked {
    form: Query,
    query: Query,
    basic: Option<(String, String)>,
}

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        let basic = || {
            let (id, secret) = self.basic.as_ref()?;
            match name {
                "client_id" => Some(id.as_str()),
                "client_secret" => Some(secret.as_str()),
                _ => None,
            }
        };
        self.form.get(name).or_else(|| self.query.get(name)).or_else(basic)
    }
}

/// The client's id and secret in an `Authorization` header.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The client that an id and a secret stand for.
async fn client(library: &Library, anybody: &Actor, id: Option<&str>, secret: Option<&str>) -> Result<Token, Refused> {
    let (Some(id), Some(secret)) = (id, secret) else { return Err(Refused::of_grant("invalid_client")) };
    let token = library.token_of(REALM, &client_secret(id, secret), anybody.origin()).await;
    let token = token.map_err(|fault| match fault {
        Fault::Unauthenticated => Refused::of_grant("invalid_client"),
        fault => fault.into(),
    })?;
    if token.kind == CLIENT { Ok(token) } else { Err(Refused::of_grant("invalid_client")) }
}

/// A key of a kind that belongs to the client's customer.
async fn key(
    library: &Library,
    anybody: &Actor,
    secret: Option<&str>,
    kind: &str,
    client: &Token,
) -> Result<Token, Refused> {
    let secret = secret.ok_or_else(|| Refused::of_grant("invalid_request"))?;
    let token = library.token_of(REALM, secret, anybody.origin()).await.map_err(refused_grant)?;
    let is_it = token.kind == kind && token.tenant_id == client.tenant_id;
    if is_it { Ok(token) } else { Err(Refused::of_grant("invalid_grant")) }
}

fn refused_grant(fault: Fault) -> Refused {
    match fault {
        Fault::Unauthenticated => Refused::of_grant("invalid_grant"),
        fault => fault.into(),
    }
}
