//! Rights to use a file: licences with times, locks, and what they come to for a download. They are fields of the file, read and
//! returned; who may see it at all is the library's business. Contract 1a, 7, 11 and 12.

use axum::{Json, extract::State};
use content::Family;
use library::{Actor, Asset, AssetNotes, Library, NotesWanted};
use serde_json::{Value, json};
use wire::Query;

use crate::{
    assets::Answer,
    auth::Caller,
    error::Refused,
    segments::Id,
    url::{is_true, parse_fields},
    views::{date, picked},
};

/// What a file's rights come to at this moment.
pub(crate) struct Permission {
    /// Why it may not be downloaded, in the API's word.
    pub(crate) denied: Option<&'static str>,
    /// Whether whoever downloads it is to be warned.
    pub(crate) warns: bool,
    lock_warning: &'static str,
    warn_from: String,
}

/// Reads a file's rights.
pub(crate) async fn of(library: &Library, actor: &Actor, asset: &Asset) -> Result<Permission, Refused> {
    let notes = notes(library, actor, asset).await?;
    let today = date(library.now_ms());
    let field = |name: &str| notes.field(&format!("license.{name}")).unwrap_or_default();
    let (from, to) = (field("useFrom"), field("useTo"));
    let locks = is_true(field("lockFile"));
    // Dates as text: all of one form compare as times do, by as much of it as is there.
    let expired = !to.is_empty() && today.get(..to.len()).is_some_and(|today| today > to);
    let early = !from.is_empty() && today.get(..from.len()).is_some_and(|today| today < from);
    let denied = match () {
        () if locks && expired => Some("LICENCE_RIGHTS"),
        () if locks && early => Some("DATE_DENIED"),
        () => None,
    };
    let lock_warning = match () {
        () if expired => "RIGHTS_EXPIRED",
        () if !to.is_empty() => "RIGHTS_EXPIRE",
        () => "",
    };
    let warns = is_true(field("downloadWarning")) || expired || early;
    Ok(Permission { denied, warns, lock_warning, warn_from: to.to_owned() })
}

/// Whether the caller may download a file, and what they are to be told.
pub(crate) async fn permissions(State(library): State<Library>, Caller(actor): Caller, Id(id): Id) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let found = of(&library, &actor, &asset).await?;
    let exhausted = asset.download_limit.is_some_and(|limit| asset.download_count >= limit);
    let denied = found.denied.or(exhausted.then_some("FILE_DENIED"));
    Ok(Json(vec![json!({
        "allowDownload": denied.is_none(),
        "allowDownloadReason": denied.unwrap_or_default(),
        "lockWarningMessage": found.lock_warning,
        "warnFrom": found.warn_from,
    })]))
}

/// What is known of a file's licence.
pub(crate) async fn license(State(library): State<Library>, Caller(actor): Caller, query: Query, Id(id): Id) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let notes = notes(&library, &actor, &asset).await?;
    let field = |name: &str| notes.field(&format!("license.{name}")).unwrap_or_default();
    let date = |name: &str| Some(field(name)).filter(|date| !date.is_empty());
    let view = json!({
        "id": id,
        "rightsExists": field("rightsExists").trim().parse().unwrap_or(0_u8).min(5),
        "rightsInformation": field("rightsInformation"),
        "licenseInformation": field("licenseInformation"),
        "downloadWarning": is_true(field("downloadWarning")),
        "lockFile": is_true(field("lockFile")),
        "useFrom": date("useFrom"),
        "useTo": date("useTo"),
    });
    Ok(Json(vec![picked(view, &parse_fields(query.get("fields")))]))
}

/// The text that stands for a picture: stored ones are given, none is made up here. An object, as its one client reads it.
pub(crate) async fn alt_text(
    State(library): State<Library>,
    Caller(actor): Caller,
    query: Query,
    Id(id): Id,
) -> Result<Json<Value>, Refused> {
    let asset = library.asset(&actor, id).await?;
    let is_image = asset.version.as_ref().is_some_and(|version| version.media_type.family() == Family::Image);
    let notes = notes(&library, &actor, &asset).await?;
    let text = notes.field("alttext").unwrap_or_default();
    if query.get("check").is_some_and(is_true) {
        return Ok(Json(json!({ "validFiletype": is_image, "processed": !text.is_empty() })));
    }
    Ok(Json(json!({ "alttext": text })))
}

async fn notes(library: &Library, actor: &Actor, asset: &Asset) -> Result<AssetNotes, Refused> {
    let wanted = NotesWanted { fields: true, ..NotesWanted::default() };
    let mut notes = library.describe_assets(actor, std::slice::from_ref(asset), wanted).await?;
    Ok(notes.remove(&asset.id).unwrap_or_default())
}
