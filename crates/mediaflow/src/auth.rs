//! Mediaflow's credential: an access token, a JWT that the token endpoint gave out. Contract section 2.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use library::{Actor, Library, Origin, Token};
use serde::{Deserialize, Serialize};
use wire::{Query, RequestOrigin};

use crate::error::Refused;

/// What this dialect's tokens are kept under.
pub const REALM: &str = "mediaflow";

/// For how long an access token works, in seconds. Seed: `expires_in`.
pub(crate) const ACCESS_S: i64 = 7_200;

/// What an access token holds, in the order of the seed's sample; all text but the time.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The number of a storage server.
    serv: String,
    /// Whom the token acts as.
    sub: String,
    /// When it ends, in seconds since 1970.
    exp: i64,
    /// Whose library it opens.
    idcust: String,
    /// The third names the key that it was given out for; the others are as in the sample.
    scopes: [String; 5],
}

/// Who asks: the holder of a valid access token.
pub(crate) struct Caller(pub(crate) Actor);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Library: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let query = parts.uri.query().map(Query::parse).unwrap_or_default();
        let token = carried(&parts.headers, &query).ok_or_else(Refused::no_token)?;
        let library = Library::from_ref(state);
        let claims = read(&library, &token).await?.ok_or_else(Refused::bad_token)?;
        if claims.exp <= library.now_ms() / 1_000 {
            return Err(Refused::old_token());
        }
        let number = |text: &str| text.parse::<i64>().map_err(|_| Refused::bad_token());
        let (token_id, user_id) = (number(&claims.scopes[2])?, number(&claims.sub)?);
        let actor = library.act_by(REALM, token_id, user_id, origin(parts)).await?;
        // The tenant's id in it is for clients; who they are follows from the key.
        if actor.tenant_id()?.to_string() == claims.idcust { Ok(Self(actor)) } else { Err(Refused::bad_token()) }
    }
}

/// Who asks for what needs no key: anybody, at an address.
pub(crate) struct Anybody(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Actor::anonymous(origin(parts))))
    }
}

/// The server itself, for what it does on behalf of somebody who has signed in.
pub(crate) fn server(anybody: &Actor) -> Actor {
    Actor::system(anybody.origin().clone())
}

pub(crate) fn origin(parts: &Parts) -> Origin {
    let from = parts.extensions.get::<RequestOrigin>();
    Origin {
        address: from.map(|from| from.address),
        request_id: from.map(|from| from.request_id.as_str().into()),
        body_bytes: from.and_then(|from| from.body_bytes),
    }
}

/// An access token for somebody by a key.
///
/// # Errors
/// When the library's keys can not be read.
pub(crate) async fn access_token(library: &Library, token: &Token, user_id: i64) -> Result<String, Refused> {
    let keys = library.keys_for(REALM).await?;
    let key = keys.first().ok_or_else(Refused::internal)?;
    let text = str::to_owned;
    let claims = Claims {
        serv: text("17"),
        sub: user_id.to_string(),
        exp: library.now_ms() / 1_000 + ACCESS_S,
        idcust: token.tenant_id.to_string(),
        scopes: [text("2"), text("9"), token.id.to_string(), text("0"), text("0")],
    };
    let header = Header::new(Algorithm::HS256);
    let written = EncodingKey::from_secret(key).and_then(|key| jsonwebtoken::encode(&header, &claims, &key));
    written.map_err(|error| {
        tracing::error!(%error, "an access token can not be written");
        Refused::internal()
    })
}

/// What a token holds, if it was given out here. Its time is looked at elsewhere, by the library's clock.
async fn read(library: &Library, token: &str) -> Result<Option<Claims>, Refused> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let keys = library.keys_for(REALM).await?;
    let read = |key: &[u8; 32]| {
        let key = DecodingKey::from_secret(key).ok()?;
        jsonwebtoken::decode::<Claims>(token, &key, &validation).ok().map(|found| found.claims)
    };
    Ok(keys.iter().find_map(read))
}

/// The token that a request carries: in the header, with or without a scheme, else in the query. A client sends both.
fn carried(headers: &HeaderMap, query: &Query) -> Option<String> {
    let in_header =
        headers.get(header::AUTHORIZATION).and_then(|value| bare(value.to_str().unwrap_or_default().trim()));
    in_header.or_else(|| query.get("access_token").map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned))
}

/// `Bearer x`, `bearer x` or `x`. What is for another scheme is no token.
fn bare(value: &str) -> Option<String> {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        Some(_) => None,
        None => Some(value.to_owned()),
    }
    .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("bearer"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn tokens_come_in_every_way() {
        let carried = |header: Option<&'static str>, query: &str| {
            let mut headers = HeaderMap::new();
            if let Some(value) = header {
                headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            carried(&headers, &Query::parse(query))
        };
        for (header, query) in [
            (Some("Bearer a.b.c"), ""),
            (Some("bearer  a.b.c"), "access_token=a.b.c"),
            (Some(" a.b.c"), ""),
            (Some("a.b.c"), "access_token="),
            (None, "x=1&access_token=a.b.c"),
            (Some("Basic eDp5"), "access_token=a.b.c"),
            (Some("Bearer "), "access_token=a.b.c"),
        ] {
            assert_eq!(carried(header, query).as_deref(), Some("a.b.c"), "{header:?} {query}");
        }
        assert_eq!(carried(None, "access_token="), None);
        assert_eq!(carried(Some("Basic eDp5"), ""), None);
    }
}
