//! The absolute URL under which a dialect is reached by this very request, made only when a handler asks for it.
//! It does not know which mounts there are; the dispatcher leaves word in the request.

use std::{convert::Infallible, sync::Arc};

use axum::extract::FromRequestParts;
use http::{HeaderMap, Uri, header, request::Parts};

/// What the dispatcher leaves in a request for [`Base`]. Making one costs a count, not a copy.
#[derive(Debug, Clone)]
pub(crate) struct MountedAt {
    /// Prefix to put before our own paths; empty when they are reached without one.
    pub(crate) prefix: &'static str,
    /// The setting, without a trailing slash.
    pub(crate) public_url: Option<Arc<str>>,
}

/// The URL of the mount's root, without a trailing slash: `http://localhost:8080/fliplet`.
///
/// From the `public_url` setting where there is one, else from the request's own host (`localhost` when that is not fit to be
/// printed). Never for mail: there only the setting counts, because a caller may send any host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// The URL, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of `path`, which begins with a slash and is already escaped.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        [self.0.as_str(), path].concat()
    }
}

impl<S: Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let mounted = parts.extensions.get::<MountedAt>();
        let prefix = mounted.map_or("", |at| at.prefix);
        if let Some(public_url) = mounted.and_then(|at| at.public_url.as_deref()) {
            return Ok(Self([public_url, prefix].concat()));
        }
        let host = host_of(&parts.uri, &parts.headers).filter(|host| is_printable_host(host)).unwrap_or("localhost");
        Ok(Self(["http://", host, prefix].concat()))
    }
}

/// The host that a request names, with its port: of the target where it has one (HTTP/2, proxies), else of the header.
pub(crate) fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// Whether a host can stand in a URL that we print into JSON, HTML or a header.
fn is_printable_host(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http::Request;

    async fn base(host: &[u8], mounted: Option<MountedAt>) -> String {
        let mut request = Request::get("/x").header(header::HOST, host);
        if let Some(at) = mounted {
            request = request.extension(at);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Base::from_request_parts(&mut parts, &()).await.unwrap().join("/y")
    }

    #[tokio::test]
    async fn is_made_of_the_host_unless_that_could_be_harmful() {
        assert_eq!(base(b"media.example:8080", None).await, "http://media.example:8080/y");
        assert_eq!(base(b"[::1]:80", None).await, "http://[::1]:80/y");
        for bad in [&b""[..], b"a b", b"a\"b", b"<x>", b"a/b", b"user@host", b"\xc3\xa4", &[b'a'; 256]] {
            assert_eq!(base(bad, None).await, "http://localhost/y", "{bad:?}");
        }
    }

    #[tokio::test]
    async fn carries_prefix_and_setting() {
        let at = |public_url: Option<&str>| MountedAt { prefix: "/fliplet", public_url: public_url.map(Into::into) };
        assert_eq!(base(b"h", Some(at(None))).await, "http://h/fliplet/y");
        assert_eq!(base(b"h", Some(at(Some("https://m.example")))).await, "https://m.example/fliplet/y");
    }
}
