//! The media of an asset: the versions of its bytes, each with a URL. Contract section 1.2; what is not public there is ours.

use axum::{Json, extract::State};
use library::{Actor, Fetch, FetchState, Form};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    MediaPocket,
    assets::asset_of,
    auth::{Caller, Named},
    bodies::Sent,
    error::Refused,
    params::{Kind, Param, required},
    url::{number, time},
};

/// What names a file to fetch.
pub(crate) const FETCHED: &[Param] = &[required("file_url", Kind::String), required("filename", Kind::String)];

/// Has a file fetched that becomes the asset's media, or another of them.
pub(crate) async fn add(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(FETCHED)?;
    let asset = asset_of(&pocket, &actor, &named).await?;
    let (url, name) = (sent.text("file_url").unwrap_or_default(), sent.text("filename").unwrap_or_default());
    pocket.library.fetch_asset(&actor, asset.id, url, name).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// The media of an asset, and what is still to be fetched or could not be.
pub(crate) async fn list(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    base: Base,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let fetches = pocket.library.asset_fetches(&actor, asset.id).await?;
    let mut media = Vec::new();
    for version in pocket.library.versions(&actor, asset.id).await? {
        let name = name_of(&asset.name, version.id, &fetches);
        let url = pocket.presign(&base, (&asset, &version, Form::AsItCame), name).await?;
        media.push(json!({
            "id": version.id,
            "filename": name,
            "content_type": version.media_type.as_str(),
            "size": version.blob.size,
            "md5_sum": hex::encode(version.blob.digest.md5),
            "created_date": time(version.created_at),
            "url": url,
        }));
    }
    let fetches: Vec<Value> = fetches.iter().map(view).collect();
    Ok(Json(json!({ "media": media, "fetches": fetches })))
}

fn view(fetch: &Fetch) -> Value {
    let state = match fetch.state {
        FetchState::Waiting => "waiting",
        FetchState::Done => "done",
        FetchState::Failed => "failed",
    };
    json!({
        "id": fetch.id,
        "filename": fetch.file_name,
        "state": state,
        "attempts": fetch.attempts,
        "error": fetch.last_error,
        "media_id": fetch.version_id,
        "created_date": time(fetch.created_at),
    })
}

/// What a version came under: each that was fetched has a name of its own.
fn name_of<'a>(asset_name: &'a str, version_id: i64, fetches: &'a [Fetch]) -> &'a str {
    let fetched = fetches.iter().find(|fetch| fetch.version_id == Some(version_id));
    fetched.map_or(asset_name, |fetch| &fetch.file_name)
}

/// A URL of one media.
pub(crate) async fn download_url(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    base: Base,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let media_id = number(named.get("media"));
    let versions = pocket.library.versions(&actor, asset.id).await?;
    let version = versions.iter().find(|version| Some(version.id) == media_id);
    let version = version.filter(|_| asset.lives()).ok_or_else(|| Refused::missing("media not found"))?;
    let fetches = pocket.library.asset_fetches(&actor, asset.id).await?;
    let name = name_of(&asset.name, version.id, &fetches);
    Ok(Json(json!({ "url": pocket.presign(&base, (&asset, version, Form::AsItCame), name).await? })))
}

/// What the current media tells of itself.
pub(crate) async fn metadata(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let Some(version) = &asset.version else { return Ok(Json(json!({ "file_metadata": {} }))) };
    let details = details_of(&pocket, &actor, asset.id, asset.lives()).await?;
    let (width, height) = version.pixels.unzip();
    let degrees = |e7: Option<i32>| e7.map(|e7| f64::from(e7) / 1e7);
    Ok(Json(json!({ "file_metadata": {
        "filename": asset.name,
        "content_type": version.media_type.as_str(),
        "size": version.blob.size,
        "md5_sum": hex::encode(version.blob.digest.md5),
        "width": width,
        "height": height,
        "pages": details.pages,
        "duration_ms": details.duration_ms,
        "camera": details.camera,
        "taken_at": details.taken_at,
        "latitude": degrees(details.latitude_e7),
        "longitude": degrees(details.longitude_e7),
    } })))
}

async fn details_of(
    pocket: &MediaPocket,
    actor: &Actor,
    asset_id: i64,
    lives: bool,
) -> Result<library::ImageDetails, Refused> {
    if !lives {
        return Ok(library::ImageDetails::default());
    }
    Ok(pocket.library.image_details(actor, asset_id).await?.unwrap_or_default())
}
