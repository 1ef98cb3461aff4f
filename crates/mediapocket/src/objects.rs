//! Our objects in S3's shape: the bytes behind a signed URL. Errors are S3's, in XML. Contract section 3, decisions 6.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use library::{Actor, Delivery, Fault, Form};
use wire::{Asked, Base, Cache, Disposition, Manner, RequestOrigin, deliver};

use crate::{
    MediaPocket,
    auth::{Anybody, Named},
    presigned::{Asked as Claimed, Granted, S3Error},
    signing::{PRIVATE, bucket_of, lent},
    url::number,
};

/// The headers that a URL may set. What the bytes are is for the record to say, never for a URL.
const SETTABLE: [header::HeaderName; 4] =
    [header::CONTENT_DISPOSITION, header::CACHE_CONTROL, header::CONTENT_LANGUAGE, header::EXPIRES];

/// Gives out the bytes that a signed URL names.
pub(crate) async fn fetch(
    State(pocket): State<MediaPocket>,
    Anybody(actor): Anybody,
    base: Base,
    named: Named,
    parts: Parts,
) -> Response {
    let asked = Asked::of(&parts.method, &parts.headers);
    let answer = async {
        let granted = check(&pocket, &base, &parts).await?;
        let delivery = find(&pocket, &actor, &named, &granted).await?;
        let counted = pocket.library.count_download(&actor, &delivery.toll, asked.portion_of(&delivery.content)).await;
        counted.map_err(|fault| refused_of(&fault, named.get("key")))?;
        let disposition = match granted.overrides.get(&header::CONTENT_DISPOSITION).is_some_and(is_inline) {
            true => Disposition::Inline,
            false => Disposition::Attachment,
        };
        let manner = Manner { disposition, cache: Cache::Private { max_age_s: 0 }, vary: None };
        let mut response = deliver(&asked, delivery.content, &manner);
        set_headers(response.headers_mut(), &granted);
        Ok(response)
    };
    let id = parts.extensions.get::<RequestOrigin>().map_or("", |from| from.request_id.as_str());
    answer.await.unwrap_or_else(|error| answer_of(&error, id))
}

/// As the URL has it; but what could run is saved, whatever was signed.
fn set_headers(headers: &mut HeaderMap, granted: &Granted) {
    let is_shown = headers.get(header::CONTENT_DISPOSITION).is_some_and(is_inline);
    for name in SETTABLE {
        let Some(value) = granted.overrides.get(&name) else { continue };
        let value = match name == header::CONTENT_DISPOSITION && is_inline(value) && !is_shown {
            true => HeaderValue::from_bytes(&[b"attachment", &value.as_bytes()[INLINE.len()..]].concat())
                .expect("it is a part of one"),
            false => value.clone(),
        };
        headers.insert(name, value);
    }
}

const INLINE: &str = "inline";

fn is_inline(disposition: &HeaderValue) -> bool {
    disposition.as_bytes().get(..INLINE.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(INLINE.as_bytes()))
}

async fn check(pocket: &MediaPocket, base: &Base, parts: &Parts) -> Result<Granted, S3Error> {
    let Parts { method, uri, headers, .. } = parts;
    let places = pocket.places(base, uri, headers);
    let places = lent(&places);
    let query = uri.query().unwrap_or_default();
    let claimed = Claimed { method, places: &places, query, headers };
    let signers = pocket.signers().await.map_err(|fault| refused(&fault))?;
    let now_ms = pocket.library.now_ms();
    let mut outcome = Err(S3Error::InternalError);
    for signer in &signers {
        outcome = signer.check(&claimed, now_ms);
        if !matches!(outcome, Err(S3Error::InvalidAccessKeyId(_))) {
            break;
        }
    }
    outcome
}

/// The version that a path names, `<asset key>/<version id>.<extension>`, and its form; its extension is for people.
async fn find(pocket: &MediaPocket, actor: &Actor, named: &Named, granted: &Granted) -> Result<Delivery, S3Error> {
    let missing = || S3Error::NoSuchKey(named.get("key").to_owned());
    let (asset_key, object) = named.get("key").split_once('/').ok_or_else(missing)?;
    let version = object.split('.').next().unwrap_or_default();
    let (version, form) =
        version.strip_suffix(PRIVATE).map_or((version, Form::AsItCame), |version| (version, Form::Private));
    let version_id = number(version).ok_or_else(missing)?;
    let ticket = &granted.signature;
    let found = pocket.library.version_contents(actor, (asset_key, version_id, form), ticket).await;
    let (tenant_id, delivery) = found.map_err(|fault| refused_of(&fault, named.get("key")))?;
    if bucket_of(tenant_id) != named.get("bucket") {
        return Err(S3Error::NoSuchBucket(named.get("bucket").to_owned()));
    }
    Ok(delivery)
}

fn refused(fault: &Fault) -> S3Error {
    refused_of(fault, "")
}

fn refused_of(fault: &Fault, key: &str) -> S3Error {
    match fault {
        Fault::Exhausted | Fault::Denied | Fault::Unauthenticated => S3Error::AccessDenied,
        Fault::Busy | Fault::Throttled { .. } => S3Error::SlowDown,
        Fault::Unavailable(_) => S3Error::ServiceUnavailable,
        Fault::Internal(error) => {
            tracing::error!(%error, "a request failed");
            S3Error::InternalError
        }
        Fault::NotFound(_)
        | Fault::Quarantined
        | Fault::Expired
        | Fault::Conflict(_)
        | Fault::Precondition
        | Fault::Invalid(_)
        | Fault::TooLarge { .. }
        | Fault::Unsupported
        | Fault::Quota
        | Fault::Interrupted => S3Error::NoSuchKey(key.to_owned()),
    }
}

/// An error as S3 answers it.
pub(crate) fn answer_of(error: &S3Error, request_id: &str) -> Response {
    let mut response = (error.status(), error.xml(request_id)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
