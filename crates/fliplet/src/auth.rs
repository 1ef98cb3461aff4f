//! Fliplet's credentials: one token, four carriers. Contract section 2.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use library::{Actor, Library, Origin};
use percent_encoding::percent_decode_str;
use wire::RequestOrigin;

use crate::error::Refused;

/// What this dialect's tokens are kept under.
pub const REALM: &str = "fliplet";

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A person in Studio.
    Studio,
    /// `appToken`: works on its app only.
    App,
    /// `integrationToken`: works on the whole organization.
    Organization,
    /// A person who is signed in to an app; what they may do is what the app's access rules let them.
    Session,
}

impl TokenKind {
    /// The word that the token is kept with.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Studio => "studio",
            Self::App => "appToken",
            Self::Organization => "integrationToken",
            Self::Session => "session",
        }
    }
}

/// Who asks: the holder of a valid token.
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<Library> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, library: &Library) -> Result<Self, Refused> {
        let secret = carried(parts).ok_or_else(Refused::not_authorised)?;
        authenticate(parts, library, &secret).await.map(Self)
    }
}

/// Who asks for what rules may open to anybody: the holder of a valid token, or anybody. A token that is there and wrong is refused all the same.
pub(crate) struct Reader(pub(crate) Actor);

impl FromRequestParts<Library> for Reader {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, library: &Library) -> Result<Self, Refused> {
        match carried(parts) {
            Some(secret) => authenticate(parts, library, &secret).await.map(Self),
            None => Ok(Self(Actor::anonymous(origin(parts)))),
        }
    }
}

/// The token itself, for the one answer that says it again.
pub(crate) struct Secret(pub(crate) String);

impl FromRequestParts<Library> for Secret {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Library) -> Result<Self, Refused> {
        carried(parts).map(Self).ok_or_else(Refused::not_authorised)
    }
}

async fn authenticate(parts: &Parts, library: &Library, secret: &str) -> Result<Actor, Refused> {
    Ok(library.authenticate(REALM, secret, origin(parts)).await?)
}

fn origin(parts: &Parts) -> Origin {
    let from = parts.extensions.get::<RequestOrigin>();
    Origin {
        address: from.map(|from| from.address),
        request_id: from.map(|from| from.request_id.as_str().into()),
        body_bytes: from.and_then(|from| from.body_bytes),
    }
}

/// The token that a request carries. The first carrier that is there decides; a bad one does not fall through.
/// A cookie is believed for reading only, because any page can make a browser send it.
fn carried(parts: &Parts) -> Option<String> {
    let headers = &parts.headers;
    if let Some(value) = headers.get("auth-token") {
        return Some(value.to_str().unwrap_or_default().trim().to_owned());
    }
    if let Some(token) = bearer(headers) {
        return Some(token);
    }
    if let Some(token) = in_query(parts.uri.query().unwrap_or_default()) {
        return Some(token);
    }
    let reading = matches!(parts.method, Method::GET | Method::HEAD);
    if reading { in_cookie(headers) } else { None }
}

/// `Bearer` with the token in base64, as documented, or as it is, as one page shows.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let given = given.trim();
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(given).ok();
    // What decodes to a token's form was encoded; a raw token holds `--`, which is not in the alphabet.
    let token = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|token| token.contains("--"));
    Some(token.unwrap_or_else(|| given.to_owned()))
}

fn in_query(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("auth_token="))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned()).filter(|token| !token.is_empty())
}

fn in_cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let value =
        cookies.flat_map(|cookies| cookies.split(';')).find_map(|pair| pair.trim().strip_prefix("auth_token="))?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn carried_by(method: &str, target: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        carried(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn reads_all_four_carriers() {
        let token = Some("eu--abcdefg123456789".to_owned());
        assert_eq!(carried_by("GET", "/", &[("Auth-token", "eu--abcdefg123456789")]), token);
        // The documented example.
        let encoded = "Bearer ZXUtLWFiY2RlZmcxMjM0NTY3ODk=";
        assert_eq!(carried_by("GET", "/", &[("Authorization", encoded)]), token);
        assert_eq!(carried_by("GET", "/", &[("authorization", "bearer eu--abcdefg123456789")]), token);
        assert_eq!(carried_by("GET", "/x?size=1&auth_token=eu--abcdefg123456789", &[]), token);
        assert_eq!(carried_by("GET", "/", &[("Cookie", "a=b; auth_token=eu--abcdefg123456789")]), token);
    }

    #[test]
    fn the_first_carrier_decides() {
        let headers = [("Auth-token", "wrong"), ("Authorization", "Bearer eu--right")];
        assert_eq!(carried_by("GET", "/?auth_token=eu--query", &headers).as_deref(), Some("wrong"));
        let headers = [("Authorization", "Bearer eu--right"), ("Cookie", "auth_token=eu--cookie")];
        assert_eq!(carried_by("GET", "/?auth_token=eu--query", &headers).as_deref(), Some("eu--right"));
    }

    #[test]
    fn a_cookie_does_not_change_anything() {
        let cookie = [("Cookie", "auth_token=eu--cookie")];
        assert_eq!(carried_by("DELETE", "/", &cookie), None);
        assert_eq!(carried_by("HEAD", "/", &cookie).as_deref(), Some("eu--cookie"));
        assert_eq!(carried_by("GET", "/", &[]), None);
    }
}
