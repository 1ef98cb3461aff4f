//! Uploads: announced first, then sent to a URL that is its own credential. Seed: "Ladda upp en fil".

use std::io;

use axum::{
    Json,
    body::Body,
    extract::{FromRequest, Request, State},
    http::header,
};
use content::ByteStream;
use futures_util::TryStreamExt;
use library::{Actor, Announcement, Asset, Fault, Library, Noun};
use serde::Serialize;
use serde_json::{Map, Value};
use wire::{Base, Part, Parts, Query, segment};

use crate::{
    auth::{Anybody, Caller, REALM},
    bodies,
    error::Refused,
    views::FileViews,
};

/// For how long an upload URL works, in seconds. Seed: `expiresIn`.
const UPLOAD_S: i64 = 600;

/// Seed: "Nu får man en uploadURL som svar från API:et."
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Announced {
    expires_in: i64,
    #[serde(rename = "uploadURL")]
    upload_url: String,
}

/// Announces an upload.
pub(crate) async fn announce(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    body: Body,
) -> Result<Json<Announced>, Refused> {
    let body = bodies::object(body).await?;
    let name = body.get("filename").and_then(Value::as_str).ok_or_else(|| missing("filename", "a text"))?;
    let bytes = number(&body, "filesize")?;
    let folder_id = number(&body, "toFolder")?;
    let announcement = Announcement {
        folder_id: i64::try_from(folder_id).unwrap_or(i64::MAX),
        name: name.to_owned(),
        bytes,
        lasts_ms: UPLOAD_S * 1_000,
    };
    if bytes > crate::MAX_FILE_BYTES {
        return Err(Fault::TooLarge { max_bytes: crate::MAX_FILE_BYTES }.into());
    }
    let key = library.announce_upload(&actor, REALM, &announcement).await.map_err(|fault| match fault {
        // Whether there is such a folder is nobody's business who may not upload to it.
        Fault::Denied | Fault::NotFound(Noun::Folder) => Refused::no_upload_here(),
        fault => fault.into(),
    })?;
    Ok(Json(Announced { expires_in: UPLOAD_S, upload_url: base.join(&format!("/up/{key}")) }))
}

/// A whole number, which some clients send as text.
fn number(body: &Map<String, Value>, name: &'static str) -> Result<u64, Refused> {
    let value = body.get(name);
    let number = value.and_then(Value::as_u64);
    let number = number.or_else(|| value?.as_str()?.trim().parse().ok());
    number.ok_or_else(|| missing(name, "a number"))
}

fn missing(name: &str, what: &str) -> Refused {
    Refused::bad(format!("The field {name} is required and must be {what}"))
}

/// Takes the bytes of an announced upload, raw or as the first file of a form; answers the file.
pub(crate) async fn receive(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    base: Base,
    query: Query,
    request: Request,
) -> Result<Json<Value>, Refused> {
    let key = segment(request.uri().path(), 1);
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = content_type
        .and_then(|value| value.get(.."multipart/form-data".len()))
        .is_some_and(|essence| essence.eq_ignore_ascii_case("multipart/form-data"));
    let (actor, asset) = if is_form {
        receive_form(&library, &anybody, &key, Parts::from_request(request, &()).await?).await?
    } else {
        let body: ByteStream = Box::pin(request.into_body().into_data_stream().map_err(io::Error::other));
        library.receive_announced(&anybody, REALM, &key, body).await.map_err(dead)?
    };
    let views = FileViews::asked_for(&library, base, &query).await?.whole();
    let view = views.of(&library, &actor, &[asset]).await?.pop();
    view.map(Json).ok_or_else(Refused::internal)
}

async fn receive_form(
    library: &Library,
    anybody: &Actor,
    key: &str,
    mut parts: Parts,
) -> Result<(Actor, Asset), Refused> {
    while let Some(part) = parts.next().await? {
        if let Part::File { body, .. } = part {
            let received = library.receive_announced(anybody, REALM, key, body).await.map_err(dead)?;
            // What is left is read, so that the connection can serve on; it changes nothing any more.
            while let Ok(Some(_)) = parts.next().await {}
            return Ok(received);
        }
    }
    Err(Refused::bad("There is no file in the form"))
}

/// A URL that was not given out, was used, or is over.
fn dead(fault: Fault) -> Refused {
    match fault {
        Fault::NotFound(Noun::Upload) | Fault::Expired => Refused::dead_url(),
        Fault::Denied | Fault::NotFound(Noun::Folder) => Refused::no_upload_here(),
        fault => fault.into(),
    }
}
