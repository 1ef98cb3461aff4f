//! MediaPocket's credential: the header `X-API-KEY`. Contract section 2.

use std::{collections::HashMap, convert::Infallible};

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, header, request::Parts},
};
use library::{Actor, Fault, Origin, Right};
use wire::RequestOrigin;

use crate::{MediaPocket, REALM, error::Refused};

const KEY: &str = "x-api-key";

/// Who asks: the holder of a key.
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<MediaPocket> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &MediaPocket) -> Result<Self, Refused> {
        let key = parts.headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
        if key.is_empty() {
            return Err(Refused::unauthorized());
        }
        Ok(Self(state.library.authenticate(REALM, key, origin(parts)).await?))
    }
}

/// Who asks for what needs no key: a key that comes along makes no difference. Contract section 2.
pub(crate) struct Anybody(pub(crate) Actor);

impl FromRequestParts<MediaPocket> for Anybody {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &MediaPocket) -> Result<Self, Infallible> {
        Ok(Self(Actor::anonymous(origin(parts))))
    }
}

fn origin(parts: &Parts) -> Origin {
    let from = parts.extensions.get::<RequestOrigin>();
    Origin {
        address: from.map(|from| from.address),
        request_id: from.map(|from| from.request_id.as_str().into()),
        body_bytes: from.and_then(|from| from.body_bytes),
    }
}

/// The server itself, to take back what it began for somebody who may not have the right to end things.
pub(crate) fn server_for(actor: &Actor) -> Actor {
    Actor::system(actor.origin().clone())
}

/// Whether the key may do this at all, for what is in no folder.
pub(crate) fn expect(actor: &Actor, right: Right) -> Result<(), Refused> {
    if actor.rights().has(right) { Ok(()) } else { Err(Fault::Denied.into()) }
}

/// What a browser says of itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT)?.to_str().ok()
}

/// The parts of a path that have names; one that is no text names nothing.
pub(crate) struct Named(HashMap<String, String>);

impl Named {
    /// The part of this name; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl FromRequestParts<MediaPocket> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &MediaPocket) -> Result<Self, Refused> {
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        named.map(|Path(named)| Self(named)).map_err(|_| Refused::no_such_thing())
    }
}
