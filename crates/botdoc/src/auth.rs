//! Botdoc's credential: `Authorization: JWT …`, by the words of the framework's JWT package. Contract sections 1.6 and 2.

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, Path},
    http::{header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use library::{Actor, Fault, Library, Origin, Token, User};
use serde::{Deserialize, Serialize};
use wire::RequestOrigin;

use crate::{Botdoc, Config, REALM, error::Refused};

/// What a token holds, in the order of real ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Whom it acts as.
    pub(crate) user_id: i64,
    /// Their address, which is what they are called too.
    pub(crate) username: String,
    /// When it ends, in seconds since 1970.
    pub(crate) exp: i64,
    /// Their address.
    pub(crate) email: String,
    /// When the first of its line was given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) orig_iat: Option<i64>,
    two_factor_authentication_authorized: bool,
    subscription: Option<String>,
    /// The key that it was given out for, as a UUID of our own making (version 8).
    pub(crate) key_id: String,
}

impl Claims {
    pub(crate) fn new(token: &Token, user: &User, now_s: i64, config: &Config) -> Self {
        Self {
            user_id: user.id,
            username: user.email.clone(),
            exp: now_s + config.token_s,
            email: user.email.clone(),
            orig_iat: Some(now_s),
            two_factor_authentication_authorized: false,
            subscription: None,
            key_id: format!("00000000-0000-8000-8000-{:012x}", token.id),
        }
    }

    /// The same until another time, in seconds since 1970.
    pub(crate) fn until(self, exp: i64) -> Self {
        Self { exp, ..self }
    }

    fn token_id(&self) -> Option<i64> {
        i64::from_str_radix(self.key_id.rsplit('-').next()?, 16).ok()
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    Expired,
    Undecodable,
    /// Who it was given out to was shut out.
    ShutOut,
    /// Nobody is there (any more) whom it was given out to.
    Nobody,
}

/// Who asks: the holder of a valid token.
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<Botdoc> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &Botdoc) -> Result<Self, Refused> {
        let header = parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        let header = String::from_utf8_lossy(header);
        let mut words = header.split_ascii_whitespace();
        if !words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("JWT")) {
            return Err(Refused::unauthorized("Authentication credentials were not provided."));
        }
        let words = match (words.next(), words.next()) {
            (None, _) => "Invalid Authorization header. No credentials provided.",
            (Some(_), Some(_)) => "Invalid Authorization header. Credentials string should not contain spaces.",
            (Some(token), None) => match actor_of(&state.library, token, origin(parts)).await? {
                Ok((actor, _)) => return Ok(Self(actor)),
                Err(BadToken::Expired) => "Signature has expired.",
                Err(BadToken::Undecodable) => "Error decoding signature.",
                Err(BadToken::ShutOut) => "User account is disabled.",
                Err(BadToken::Nobody) => "Invalid signature.",
            },
        };
        Err(Refused::unauthorized(words))
    }
}

/// The one part of a path that has a name; one that is no text names nothing.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = path.map_err(|_| Refused::not_found())?;
        let name = if named.contains_key("code") { "code" } else { "id" };
        named.remove(name).map(Self).ok_or_else(Refused::not_found)
    }
}

/// Who asks for what needs no token: anybody, at an address.
pub(crate) struct Anybody(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Actor::anonymous(origin(parts))))
    }
}

pub(crate) fn origin(parts: &Parts) -> Origin {
    let from = parts.extensions.get::<RequestOrigin>();
    Origin {
        address: from.map(|from| from.address),
        request_id: from.map(|from| from.request_id.as_str().into()),
        body_bytes: from.and_then(|from| from.body_bytes),
    }
}

/// The holder of a token, and what it holds.
///
/// # Errors
/// When the library is out of order; why the token is not believed, within.
pub(crate) async fn actor_of(
    library: &Library,
    token: &str,
    origin: Origin,
) -> Result<Result<(Actor, Claims), BadToken>, Refused> {
    let Some(claims) = read(library, token).await? else { return Ok(Err(BadToken::Undecodable)) };
    if claims.exp <= library.now_ms().div_euclid(1_000) {
        return Ok(Err(BadToken::Expired));
    }
    let Some(token_id) = claims.token_id() else { return Ok(Err(BadToken::Undecodable)) };
    match library.act_by(REALM, token_id, claims.user_id, origin).await {
        Ok(actor) => Ok(Ok((actor, claims))),
        Err(Fault::Unauthenticated) if library.is_shut_out(REALM, token_id, claims.user_id).await? => {
            Ok(Err(BadToken::ShutOut))
        }
        Err(Fault::Unauthenticated) => Ok(Err(BadToken::Nobody)),
        Err(fault) => Err(fault.into()),
    }
}

/// A token as text.
///
/// # Errors
/// When the library's keys can not be read.
pub(crate) async fn write(library: &Library, claims: &Claims) -> Result<String, Refused> {
    let keys = library.keys_for(REALM).await?;
    let key = keys.first().ok_or(Fault::Unavailable("database"))?;
    let header = Header::new(Algorithm::HS256);
    let written = EncodingKey::from_secret(key).and_then(|key| jsonwebtoken::encode(&header, claims, &key));
    written.map_err(|error| {
        tracing::error!(%error, "a token can not be written");
        Fault::Unavailable("database").into()
    })
}

/// What a token holds, if it was given out here. Its time is looked at elsewhere, by the library's clock.
async fn read(library: &Library, token: &str) -> Result<Option<Claims>, Refused> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let keys = library.keys_for(REALM).await?;
    let decode = |key: &[u8; 32]| {
        let key = DecodingKey::from_secret(key);
        key.and_then(|key| jsonwebtoken::decode::<Claims>(token, &key, &validation)).ok().map(|data| data.claims)
    };
    Ok(keys.iter().find_map(decode))
}
