//! Where a request came from and under which id it is spoken of. It knows nothing of who the caller is.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use axum::extract::FromRequestParts;
use http::{HeaderName, HeaderValue, request::Parts};

/// The header that carries the request id, in requests and in answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest incoming id that is kept, in bytes.
const MAX_ID_BYTES: usize = 64;

/// A request's id: 16 hexadecimal digits of our own, or what a proxy before us sent if that is sane.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    bytes: [u8; MAX_ID_BYTES],
    len: u8,
}

impl RequestId {
    /// A fresh random id.
    #[must_use]
    pub fn random() -> Self {
        let mut id = Self { bytes: [0; MAX_ID_BYTES], len: 16 };
        let random: [u8; 8] = rand::random();
        for (pair, byte) in id.bytes.chunks_exact_mut(2).zip(random) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
        id
    }

    /// Takes over an incoming id: 1 to 64 letters, digits, `-`, `_` or `.`; `None` for anything else.
    #[must_use]
    pub fn adopt(value: &HeaderValue) -> Option<Self> {
        let given = value.as_bytes();
        let sane = given.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if given.is_empty() || given.len() > MAX_ID_BYTES || !sane {
            return None;
        }
        let mut id = Self { bytes: [0; MAX_ID_BYTES], len: u8::try_from(given.len()).ok()? };
        id.bytes[..given.len()].copy_from_slice(given);
        Some(id)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("both constructors only take ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({})", self.as_str())
    }
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

/// Who sent a request, as far as the network knows. An extension of every request, and an extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestOrigin {
    /// The peer's address, or whom a trusted proxy names; an IPv4 address stays one even when it came over an IPv6 socket.
    pub address: IpAddr,
    /// The id that the access log and the `X-Request-Id` of the answer carry.
    pub request_id: RequestId,
    /// How many bytes the request says that its body has.
    pub body_bytes: Option<u64>,
}

impl<S: Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    /// A request that no [`crate::Manners`] has seen (a router under test) comes from nowhere, under a fresh id.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_else(|| {
            let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            Self { address, request_id: RequestId::random(), body_bytes: None }
        }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn own_ids_are_sixteen_hexadecimal_digits_and_differ() {
        let (one, two) = (RequestId::random(), RequestId::random());
        assert_eq!(one.as_str().len(), 16);
        assert!(one.as_str().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn only_sane_ids_are_adopted() {
        let adopt = |text: &[u8]| RequestId::adopt(&HeaderValue::from_bytes(text).unwrap()).map(|id| id.to_string());
        assert_eq!(adopt(b"a-B_9.z").as_deref(), Some("a-B_9.z"));
        assert_eq!(adopt(&[b'x'; 64]).map(|id| id.len()), Some(64));
        for bad in [&b""[..], b"a b", b"\"", b"{}", b"\xff", &[b'x'; 65]] {
            assert_eq!(adopt(bad), None, "{bad:?}");
        }
    }
}
