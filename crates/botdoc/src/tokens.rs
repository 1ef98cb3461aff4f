//! Getting, renewing and checking tokens. Contract sections 1.1 and 2.

use axum::{extract::State, http::StatusCode, response::Response};
use library::{Actor, Fault};
use serde_json::json;

use crate::{
    Botdoc, REALM,
    auth::{Anybody, BadToken, Claims, actor_of, write},
    bodies::Data,
    error::{Refused, json_answer},
    inputs::{Errors, Input, Text},
    uploads::Sent,
};

/// A token for an address and an API key.
pub(crate) async fn get_token(
    State(botdoc): State<Botdoc>,
    Anybody(anybody): Anybody,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let email = input.text("email", Text::required());
    let api_key = input.text("api_key", Text::required());
    input.finish()?;
    let (email, api_key) = (email.unwrap_or_default(), api_key.unwrap_or_default());
    let unknown = || Refused::from(Errors::whole("Unable to log in with provided credentials."));
    let found = botdoc.library.sign_in_by_key(REALM, &api_key, anybody.origin()).await;
    let actor = found.map_err(|fault| match fault {
        Fault::Unauthenticated => unknown(),
        fault => fault.into(),
    })?;
    let (Some(token), Some(user)) = (actor.token(), actor.user()) else { return Err(unknown()) };
    if !user.email.eq_ignore_ascii_case(email.trim()) {
        return Err(unknown());
    }
    if user.disabled_at.is_some() {
        return Err(Errors::whole("User account is disabled.").into());
    }
    let claims = Claims::new(token, user, botdoc.library.now_ms().div_euclid(1_000), &botdoc.config);
    answer(&botdoc, &claims).await
}

/// A new token for one that still works.
pub(crate) async fn refresh(
    State(botdoc): State<Botdoc>,
    Anybody(anybody): Anybody,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let (_, claims) = checked(&botdoc, &anybody, &data).await?;
    let Some(first) = claims.orig_iat else { return Err(Errors::whole("orig_iat field is required.").into()) };
    let now_s = botdoc.library.now_ms().div_euclid(1_000);
    if now_s > first + botdoc.config.token_refresh_s {
        return Err(Errors::whole("Refresh has expired.").into());
    }
    answer(&botdoc, &claims.until(now_s + botdoc.config.token_s)).await
}

/// The same token, if it works.
pub(crate) async fn verify(
    State(botdoc): State<Botdoc>,
    Anybody(anybody): Anybody,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let (token, _) = checked(&botdoc, &anybody, &data).await?;
    Ok(json_answer(StatusCode::OK, &json!({ "token": token })))
}

async fn checked(botdoc: &Botdoc, anybody: &Actor, data: &Data) -> Result<(String, Claims), Refused> {
    let mut input = Input::new(data)?;
    let token = input.text("token", Text::required());
    input.finish()?;
    let token = token.unwrap_or_default();
    let words = match actor_of(&botdoc.library, &token, anybody.origin().clone()).await? {
        Ok((_, claims)) => return Ok((token, claims)),
        Err(BadToken::Expired) => "Signature has expired.",
        Err(BadToken::Undecodable) => "Error decoding signature.",
        Err(BadToken::ShutOut) => "User account is disabled.",
        Err(BadToken::Nobody) => "User doesn't exist.",
    };
    Err(Errors::whole(words).into())
}

async fn answer(botdoc: &Botdoc, claims: &Claims) -> Result<Response, Refused> {
    let token = write(&botdoc.library, claims).await?;
    Ok(json_answer(StatusCode::OK, &json!({ "token": token })))
}
