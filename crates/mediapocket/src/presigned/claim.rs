//! What a URL says of its own signature, in its `X-Amz-…` parameters. It knows what may stand in them, and not whether it is true.

use std::collections::BTreeSet;

use http::HeaderMap;
use jiff::{civil::DateTime, tz::TimeZone};

use super::{ALGORITHM, SERVICE, SIGNATURE, TERMINAL, canonical::Pairs, error::S3Error};

/// For how long a URL may be good, in seconds: a week.
pub(crate) const MAX_EXPIRES_S: u32 = 604_800;
/// How far ahead of ours the clock of one who signs may be.
const MAX_AHEAD_MS: i64 = 15 * 60 * 1_000;

const REQUIRED: [&str; 6] =
    ["X-Amz-Algorithm", "X-Amz-Credential", SIGNATURE, "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"];

/// The parameters, each of them there once and well-formed.
pub(super) struct Claim {
    pub(super) access_key_id: String,
    /// As it stands in the URL, `20231127T094339Z`.
    pub(super) date: String,
    signed_at_ms: i64,
    expires_s: u32,
    /// In lower case, and sorted.
    pub(super) signed_headers: BTreeSet<String>,
    pub(super) signature: String,
    pub(super) token: Option<String>,
}

impl Claim {
    pub(super) fn read(pairs: &Pairs, region: &str) -> Result<Self, S3Error> {
        if REQUIRED.iter().all(|name| pairs.first(name).is_none()) {
            return Err(S3Error::AccessDenied);
        }
        let values = REQUIRED.map(|name| pairs.only(name).filter(|value| !value.is_empty()).map(text));
        let [Some(algorithm), Some(credential), Some(signature), Some(date), Some(signed_headers), Some(expires)] =
            values
        else {
            return Err(S3Error::parameters(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, \
                 X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ));
        };
        if algorithm != ALGORITHM {
            return Err(S3Error::parameters("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
        let (access_key_id, day) = read_credential(&credential, region)?;
        let Some(signed_at_ms) = read_date(&date) else {
            return Err(S3Error::parameters("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""));
        };
        if !date.starts_with(day) {
            return Err(S3Error::parameters(format!(
                "Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \"{}\".",
                &date[..8]
            )));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            signed_at_ms,
            expires_s: read_expires(&expires)?,
            signed_headers: signed_headers.split(';').map(|name| name.trim().to_ascii_lowercase()).collect(),
            signature,
            token: pairs.first("X-Amz-Security-Token").map(text),
            date,
        })
    }

    /// When the URL is over.
    pub(super) fn expires_ms(&self) -> i64 {
        self.signed_at_ms + i64::from(self.expires_s) * 1_000
    }

    pub(super) fn check_time(&self, now_ms: i64) -> Result<(), S3Error> {
        let (signed_at_ms, expires_ms) = (self.signed_at_ms, self.expires_ms());
        if signed_at_ms > now_ms.saturating_add(MAX_AHEAD_MS) {
            return Err(S3Error::NotYetValid { signed_at_ms, expires_ms, now_ms });
        }
        if now_ms >= expires_ms {
            return Err(S3Error::Expired { expires_s: self.expires_s, expires_ms, now_ms });
        }
        Ok(())
    }

    /// The signed headers as the request has them. One that it has not is signed as empty.
    pub(super) fn headers(&self, host: &str, headers: &HeaderMap) -> Vec<(&str, Vec<u8>)> {
        let value = |name: &str| match name {
            "host" => host.as_bytes().to_vec(),
            _ => headers.get_all(name).iter().map(|value| squeeze(value.as_bytes())).collect::<Vec<_>>().join(&b','),
        };
        self.signed_headers.iter().map(|name| (name.as_str(), value(name))).collect()
    }
}

/// The access key id and the day of `id/day/region/s3/aws4_request`. An id may hold slashes.
fn read_credential<'a>(credential: &'a str, region: &str) -> Result<(&'a str, &'a str), S3Error> {
    let malformed = |what: &str| S3Error::parameters(format!("Error parsing the X-Amz-Credential parameter; {what}"));
    let parts: Vec<_> = credential.rsplitn(5, '/').collect();
    let [terminal, service, its_region, day, access_key_id] = parts[..] else {
        return Err(malformed(
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ));
    };
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        let must = "This date in the credential must be in the format \"yyyyMMdd\".";
        return Err(malformed(&format!("incorrect date format \"{day}\". {must}")));
    }
    if terminal != TERMINAL {
        return Err(malformed(&format!("incorrect terminal \"{terminal}\". This endpoint uses \"{TERMINAL}\".")));
    }
    if service != SERVICE {
        return Err(malformed(&format!("incorrect service \"{service}\". This endpoint belongs to \"{SERVICE}\".")));
    }
    if its_region != region {
        return Err(S3Error::wrong_region(its_region, region));
    }
    Ok((access_key_id, day))
}

/// Milliseconds of `20231127T094339Z`.
fn read_date(date: &str) -> Option<i64> {
    let bytes = date.as_bytes();
    let is_shaped = bytes.len() == 16
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !is_shaped {
        return None;
    }
    let year: i16 = date[..4].parse().ok()?;
    let part = |at: usize| date[at..at + 2].parse::<i8>().ok();
    let civil = DateTime::new(year, part(4)?, part(6)?, part(9)?, part(11)?, part(13)?, 0).ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

/// 0 is well-formed, and over at once.
fn read_expires(expires: &str) -> Result<u32, S3Error> {
    let Ok(expires) = expires.parse::<i64>() else {
        return Err(S3Error::parameters("X-Amz-Expires should be a number"));
    };
    if expires < 0 {
        return Err(S3Error::parameters("X-Amz-Expires must be non-negative"));
    }
    u32::try_from(expires).ok().filter(|expires| *expires <= MAX_EXPIRES_S).ok_or_else(|| {
        S3Error::parameters(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        )
    })
}

/// Without spaces around, and with one where there are several within.
fn squeeze(value: &[u8]) -> Vec<u8> {
    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ')
}

/// What is no UTF-8 becomes U+FFFD, which no parameter may hold. The signature is over the bytes as they came.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
