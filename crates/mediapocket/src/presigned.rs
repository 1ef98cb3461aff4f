//! Presigned URLs in S3's shape: signed with SigV4 in the query, and checked. It does not know what a URL leads to, only that one who has
//! the secret wants it fetched.
//!
//! Our own, for want of a small crate that does both: aws-sigv4 and rusty-s3 only sign, rustack-auth and scratchstack-aws-signature only
//! check, and know neither several hosts nor S3's words; s3s is a whole S3 server.

mod canonical;
mod claim;
mod error;
#[cfg(test)]
mod tests;

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use self::{
    canonical::{Pairs, Request, escape_path, signed_host, signed_hosts},
    claim::Claim,
};
pub(crate) use self::{claim::MAX_EXPIRES_S, error::S3Error};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "s3";
const TERMINAL: &str = "aws4_request";
/// What stands for the digest of the body in the signature of a URL: when it is signed, nobody knows the body.
const UNSIGNED: &[u8] = b"UNSIGNED-PAYLOAD";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
const DISPOSITION: &str = "response-content-disposition";
const SIGNATURE: &str = "X-Amz-Signature";

/// Which parameter of a URL sets which header of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", header::CACHE_CONTROL),
    (DISPOSITION, header::CONTENT_DISPOSITION),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-expires", header::EXPIRES),
];

/// What URLs are signed with, and checked against.
pub(crate) struct Signer {
    access_key_id: String,
    secret: String,
    region: String,
}

/// A request as it came.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// Where it was sent to, as far as one can tell: behind a proxy that may be one of several places. It is enough that it was signed
    /// for one of them.
    pub(crate) places: &'a [Place<'a>],
    /// The query as on the wire, without its `?`.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// Where the client may have sent a request to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// As in `Host`, with the port, if any.
    pub(crate) host: &'a str,
    /// The whole path, the mount included, as on the wire.
    pub(crate) path: &'a str,
}

/// What a valid URL asks for.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The headers that it sets in the answer, in place of our own.
    pub(crate) overrides: HeaderMap,
    /// A name for this URL, however it is spelt: 64 hexadecimal digits. Whoever signs the same for the same second gets the same.
    pub(crate) signature: String,
}

impl Signer {
    /// `region` may hold no `/`.
    pub(crate) fn new(access_key_id: impl Into<String>, secret: impl Into<String>, region: impl Into<String>) -> Self {
        Self { access_key_id: access_key_id.into(), secret: secret.into(), region: region.into() }
    }

    /// A URL that GETs a path.
    #[cfg(test)]
    pub(crate) fn sign(
        &self,
        origin: &str,
        path: &str,
        disposition: Option<&str>,
        now_ms: i64,
        expires_s: u32,
    ) -> String {
        self.sign_for(&Method::GET, (origin, path), disposition, (now_ms, expires_s))
    }

    /// A URL for a path, in the order and the escapes of the vendor's SDKs. `origin` is `http://host:port` with nothing behind it;
    /// `path` begins with `/`, the mount, and is escaped once. `expires_s` is brought into 1 to [`MAX_EXPIRES_S`]. One for HEAD is no
    /// good for GET.
    pub(crate) fn sign_for(
        &self,
        method: &Method,
        (origin, path): (&str, &str),
        disposition: Option<&str>,
        (now_ms, expires_s): (i64, u32),
    ) -> String {
        let date = amz_date(now_ms);
        let scope = self.scope(&date);
        let credential = format!("{}/{scope}", self.access_key_id);
        let expires = expires_s.clamp(1, MAX_EXPIRES_S).to_string();
        let pairs = Pairs::of(disposition.map(|text| (DISPOSITION, text)).into_iter().chain([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", "host"),
        ]));
        let path = escape_path(path);
        let request = Request {
            method,
            path: &path,
            query: &pairs.canonical(),
            headers: &[("host", signed_host(origin).into_bytes())],
            payload: UNSIGNED,
        };
        let signature = hex::encode(hmac(&self.key(&scope), to_sign(&date, &scope, &request.text()).as_bytes()));
        format!("{origin}{path}?{}&{SIGNATURE}={signature}", pairs.text())
    }

    /// Checks a request, and tells what it asks for. One that is signed for GET is good for HEAD too: S3 refuses that, but nothing more
    /// is given away, and clients look before they fetch. Headers of S3's that are not signed are ignored, where S3 refuses.
    ///
    /// # Errors
    /// In S3's words, and in its order: parameters, time, key, signature.
    pub(crate) fn check(&self, asked: &Asked<'_>, now_ms: i64) -> Result<Granted, S3Error> {
        let pairs = Pairs::parse(asked.query);
        let claim = Claim::read(&pairs, &self.region)?;
        claim.check_time(now_ms)?;
        if !claim.signed_headers.contains("host") {
            return Err(S3Error::HeadersNotSigned("host"));
        }
        if claim.access_key_id != self.access_key_id {
            return Err(S3Error::InvalidAccessKeyId(claim.access_key_id));
        }
        self.check_signature(asked, &pairs, &claim)?;
        if let Some(token) = claim.token {
            return Err(S3Error::InvalidToken(token));
        }
        let overrides = overrides(&pairs)?;
        Ok(Granted { overrides, signature: claim.signature })
    }

    fn check_signature(&self, asked: &Asked<'_>, pairs: &Pairs, claim: &Claim) -> Result<(), S3Error> {
        let scope = self.scope(&claim.date);
        let key = self.key(&scope);
        let query = pairs.canonical();
        let payload = asked.headers.get(CONTENT_SHA256).map_or(UNSIGNED, HeaderValue::as_bytes);
        let methods: &[&Method] =
            if asked.method == Method::HEAD { &[&Method::HEAD, &Method::GET] } else { &[asked.method] };
        let mut is_signed = Choice::from(0);
        let mut shown = None;
        for place in asked.places {
            let path = escape_path(place.path);
            for host in signed_hosts(place.host) {
                let headers = claim.headers(&host, asked.headers);
                for method in methods {
                    let request = Request { method, path: &path, query: &query, headers: &headers, payload };
                    let canonical = request.text();
                    let string_to_sign = to_sign(&claim.date, &scope, &canonical);
                    let signature = hex::encode(hmac(&key, string_to_sign.as_bytes()));
                    is_signed |= signature.as_bytes().ct_eq(claim.signature.as_bytes());
                    shown.get_or_insert((string_to_sign, canonical));
                }
            }
        }
        if is_signed.into() {
            return Ok(());
        }
        let (string_to_sign, canonical) = shown.unwrap_or_default();
        Err(S3Error::signature_does_not_match(claim, string_to_sign, &canonical))
    }

    /// What a key is good for: one day, one region, one service.
    fn scope(&self, date: &str) -> String {
        format!("{}/{}/{SERVICE}/{TERMINAL}", date.get(..8).unwrap_or_default(), self.region)
    }

    /// The key for a scope, each part of which is mixed in by itself.
    fn key(&self, scope: &str) -> Vec<u8> {
        let secret = format!("AWS4{}", self.secret).into_bytes();
        scope.split('/').fold(secret, |key, part| hmac(&key, part.as_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// The headers that a URL sets. What would end a header in its middle is refused, as are other control characters.
fn overrides(pairs: &Pairs) -> Result<HeaderMap, S3Error> {
    let mut headers = HeaderMap::new();
    for (name, header) in OVERRIDES {
        if let Some(text) = pairs.first(name) {
            let value = HeaderValue::from_bytes(text)
                .map_err(|_| S3Error::InvalidArgument { name, value: String::from_utf8_lossy(text).into_owned() })?;
            headers.insert(header, value);
        }
    }
    Ok(headers)
}

/// What is signed of a request.
fn to_sign(date: &str, scope: &str, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// `20231127T094339Z`.
fn amz_date(now_ms: i64) -> String {
    instant(now_ms).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// What lies outside the years that a date has four digits for becomes the nearest in them.
fn instant(ms: i64) -> Timestamp {
    const YEAR_0_MS: i64 = -62_167_219_200_000;
    Timestamp::from_millisecond(ms.max(YEAR_0_MS)).unwrap_or(Timestamp::MAX)
}
