//! S3's errors, as S3 words them: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. They do not know how the library
//! words its own.

use std::{borrow::Cow, fmt::Write as _};

use http::StatusCode;

use super::{claim::Claim, instant};

/// Why a request of a presigned URL is refused.
#[derive(Debug)]
pub(crate) enum S3Error {
    /// Without a word of why: not signed at all, or not allowed to.
    AccessDenied,
    /// `X-Amz-…` parameters that are missing, repeated or not well-formed.
    Parameters {
        message: Cow<'static, str>,
        /// Ours, when the URL is signed for another.
        region: Option<String>,
    },
    NotYetValid {
        signed_at_ms: i64,
        expires_ms: i64,
        now_ms: i64,
    },
    Expired {
        expires_s: u32,
        expires_ms: i64,
        now_ms: i64,
    },
    /// A header that has to be signed and is not.
    HeadersNotSigned(&'static str),
    InvalidAccessKeyId(String),
    SignatureDoesNotMatch(Box<Mismatch>),
    /// A session token, of which we give out none.
    InvalidToken(String),
    /// A parameter with a value that no header can have.
    InvalidArgument {
        name: &'static str,
        value: String,
    },
    NoSuchBucket(String),
    NoSuchKey(String),
    MethodNotAllowed(String),
    SlowDown,
    ServiceUnavailable,
    InternalError,
}

/// What we made of a request, so that its sender can find the difference. Nothing of it is secret.
#[derive(Debug)]
pub(crate) struct Mismatch {
    access_key_id: String,
    string_to_sign: String,
    signature: String,
    canonical: String,
}

type Details = Vec<(&'static str, String)>;

impl S3Error {
    pub(super) fn parameters(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Parameters { message: message.into(), region: None }
    }

    pub(super) fn wrong_region(theirs: &str, ours: &str) -> Self {
        let message =
            format!("Error parsing the X-Amz-Credential parameter; the region '{theirs}' is wrong; expecting '{ours}'");
        Self::Parameters { message: message.into(), region: Some(ours.to_owned()) }
    }

    pub(super) fn signature_does_not_match(claim: &Claim, string_to_sign: String, canonical: &[u8]) -> Self {
        Self::SignatureDoesNotMatch(Box::new(Mismatch {
            access_key_id: claim.access_key_id.clone(),
            string_to_sign,
            signature: claim.signature.clone(),
            canonical: String::from_utf8_lossy(canonical).into_owned(),
        }))
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied
            | Self::NotYetValid { .. }
            | Self::Expired { .. }
            | Self::HeadersNotSigned(_)
            | Self::InvalidAccessKeyId(_)
            | Self::SignatureDoesNotMatch(_) => StatusCode::FORBIDDEN,
            Self::Parameters { .. } | Self::InvalidToken(_) | Self::InvalidArgument { .. } => StatusCode::BAD_REQUEST,
            Self::NoSuchBucket(_) | Self::NoSuchKey(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowDown | Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::AccessDenied | Self::NotYetValid { .. } | Self::Expired { .. } | Self::HeadersNotSigned(_) => {
                "AccessDenied"
            }
            Self::Parameters { .. } => "AuthorizationQueryParametersError",
            Self::InvalidAccessKeyId(_) => "InvalidAccessKeyId",
            Self::SignatureDoesNotMatch(_) => "SignatureDoesNotMatch",
            Self::InvalidToken(_) => "InvalidToken",
            Self::InvalidArgument { .. } => "InvalidArgument",
            Self::NoSuchBucket(_) => "NoSuchBucket",
            Self::NoSuchKey(_) => "NoSuchKey",
            Self::MethodNotAllowed(_) => "MethodNotAllowed",
            Self::SlowDown => "SlowDown",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::InternalError => "InternalError",
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::AccessDenied => "Access Denied",
            Self::Parameters { message, .. } => message,
            Self::NotYetValid { .. } => "Request is not yet valid",
            Self::Expired { .. } => "Request has expired",
            Self::HeadersNotSigned(_) => "There were headers present in the request which were not signed",
            Self::InvalidAccessKeyId(_) => "The AWS Access Key Id you provided does not exist in our records.",
            Self::SignatureDoesNotMatch(_) => {
                "The request signature we calculated does not match the signature you provided. Check your key and signing method."
            }
            Self::InvalidToken(_) => "The provided token is malformed or otherwise invalid.",
            Self::InvalidArgument { .. } => "Header value cannot be represented using ISO-8859-1.",
            Self::NoSuchBucket(_) => "The specified bucket does not exist",
            Self::NoSuchKey(_) => "The specified key does not exist.",
            Self::MethodNotAllowed(_) => "The specified method is not allowed against this resource.",
            Self::SlowDown => "Please reduce your request rate.",
            Self::ServiceUnavailable => "Service is unable to handle request.",
            Self::InternalError => "We encountered an internal error. Please try again.",
        }
    }

    /// The body of the answer, of type `application/xml`.
    pub(crate) fn xml(&self, request_id: &str) -> String {
        let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
        let mut push = |name: &str, text: &str| {
            write!(xml, "<{name}>{}</{name}>", escape(text)).expect("a string takes all that is written");
        };
        push("Code", self.code());
        push("Message", self.message());
        for (name, text) in self.details() {
            push(name, &text);
        }
        push("RequestId", request_id);
        xml.push_str("</Error>");
        xml
    }

    /// What S3 adds to the message, in its order.
    fn details(&self) -> Details {
        match self {
            Self::AccessDenied | Self::SlowDown | Self::ServiceUnavailable | Self::InternalError => vec![],
            Self::Parameters { region, .. } => region.iter().map(|region| ("Region", region.clone())).collect(),
            // In milliseconds, as S3 has it.
            Self::NotYetValid { signed_at_ms, expires_ms, now_ms } => {
                vec![
                    ("X-Amz-Date", signed_at_ms.to_string()),
                    ("Expires", time(*expires_ms)),
                    ("ServerTime", time(*now_ms)),
                ]
            }
            Self::Expired { expires_s, expires_ms, now_ms } => {
                vec![
                    ("X-Amz-Expires", expires_s.to_string()),
                    ("Expires", time(*expires_ms)),
                    ("ServerTime", time(*now_ms)),
                ]
            }
            Self::HeadersNotSigned(names) => vec![("HeadersNotSigned", (*names).to_owned())],
            Self::InvalidAccessKeyId(id) => vec![("AWSAccessKeyId", id.clone())],
            Self::SignatureDoesNotMatch(mismatch) => mismatch.details(),
            Self::InvalidToken(token) => vec![("Token-0", token.clone())],
            Self::InvalidArgument { name, value } => {
                vec![("ArgumentName", (*name).to_owned()), ("ArgumentValue", value.clone())]
            }
            Self::NoSuchBucket(name) => vec![("BucketName", name.clone())],
            Self::NoSuchKey(key) => vec![("Key", key.clone())],
            Self::MethodNotAllowed(method) => vec![("Method", method.clone()), ("ResourceType", "OBJECT".to_owned())],
        }
    }
}

impl Mismatch {
    /// Without S3's dumps of the two texts in hexadecimal.
    fn details(&self) -> Details {
        vec![
            ("AWSAccessKeyId", self.access_key_id.clone()),
            ("StringToSign", self.string_to_sign.clone()),
            ("SignatureProvided", self.signature.clone()),
            ("CanonicalRequest", self.canonical.clone()),
        ]
    }
}

/// `2023-11-27T09:43:39Z`.
fn time(ms: i64) -> String {
    instant(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Text in XML. What XML 1.0 can not hold at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(letter),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}
