//! Assets: entries that come before their bytes. Contract section 1.2.

use axum::{Json, extract::State};
use library::{Action, Actor, Asset, Fault, Noun, Words};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    auth::{Caller, Named, server_for},
    bodies::{Params, Sent},
    details::{self, About, CHANGE, Details},
    error::Refused,
    media::FETCHED,
    params::{Kind, Param, optional, required},
    projects::project_to_fill,
    url::{AssetRef, asset_ref, number, time},
    views,
};

/// So many lines of history at a time.
const HISTORY: i64 = 50;
pub(crate) const MAX_TITLE_CHARACTERS: usize = 255;

/// `parent_id` is not in the vendor's table: how attachments are made is not public.
const CREATE: &[Param] = &[
    required("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
    optional("external_id", Kind::String).lenient_blank(),
    optional("media_type", Kind::OneOf(&["article"])),
];
pub(crate) const CREATE_IN_PROJECT: &[Param] = &[
    required("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
    optional("external_id", Kind::String).lenient_blank(),
    optional("media_type", Kind::OneOf(&["article"])),
    optional("url", Kind::Hash(FETCHED)),
    optional("s3", Kind::Hash(&[required("s3_key", Kind::String), required("filename", Kind::String)])),
];
/// The asset that a key or an integer id names, living or in the trash bin, if the caller may see it.
pub(crate) async fn find(pocket: &MediaPocket, actor: &Actor, text: &str) -> Result<Asset, Fault> {
    match asset_ref(text).ok_or(Fault::NotFound(Noun::Asset))? {
        AssetRef::Key(key) => pocket.library.entry_by_key(actor, key).await,
        AssetRef::Id(id) => pocket.library.entry(actor, id).await,
    }
}

/// What a body names an asset or a project by: a text, or a number as it is written.
pub(crate) fn named_by(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The asset that a path names.
pub(crate) async fn asset_of(pocket: &MediaPocket, actor: &Actor, named: &Named) -> Result<Asset, Fault> {
    find(pocket, actor, named.get("id")).await
}

async fn answer(pocket: &MediaPocket, actor: &Actor, asset: &Asset) -> Result<Json<Value>, Refused> {
    Ok(Json(json!({ "asset": views::asset(&pocket.library, actor, asset).await? })))
}

/// Makes an asset that belongs to no project.
pub(crate) async fn create(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    let top = pocket.library.top_of(&actor).await?;
    let asset = make(&pocket, &actor, top, &sent).await?;
    answer(&pocket, &actor, &asset).await
}

/// Makes an asset in a project, with a file to fetch where one is named.
pub(crate) async fn create_in(
    pocket: &MediaPocket,
    actor: &Actor,
    folder_id: i64,
    sent: &Params,
) -> Result<Json<Value>, Refused> {
    if sent.value("s3").is_some() {
        // It names a key in the vendor's own upload bucket, which there is none of here.
        return Err(Refused::bad("s3 uploads are not supported"));
    }
    let file = sent.value("url").map(|_| sent.within("url"));
    let url = file.as_ref().map_or("", |file| file.text("file_url").unwrap_or_default());
    if file.is_some() && pocket.library.check_call_address(url).is_err() {
        return Err(Refused::bad("not a valid HTTP URL"));
    }
    let asset = make(pocket, actor, folder_id, sent).await?;
    if let Some(file) = &file {
        let name = file.text("filename").unwrap_or_default();
        if let Err(fault) = pocket.library.fetch_asset(actor, asset.id, url, name).await {
            // Nothing half-done stays behind.
            pocket.library.purge_entry(&server_for(actor), asset.id).await?;
            return Err(fault.into());
        }
    }
    answer(pocket, actor, &asset).await
}

async fn make(pocket: &MediaPocket, actor: &Actor, folder_id: i64, sent: &Params) -> Result<Asset, Refused> {
    let title = title_of(sent)?;
    let words = Words { title: Some(title), description: some(sent.text("description")), tags: tags_of(sent) };
    let parent = match sent.value("parent_id").filter(|value| !value.is_null()) {
        Some(parent) => Some(find(pocket, actor, &named_by(parent)).await.map_err(Refused::of_named)?.id),
        None => None,
    };
    let details = Details {
        category: sent.text("category").map(str::to_lowercase).filter(|text| !text.trim().is_empty()),
        parent_id: parent,
        is_article: sent.text("media_type") == Some("article"),
        external_id: external_id_of(sent)?,
        ..Details::default()
    };
    details::expect_free(&pocket.library, actor, details.external_id.as_deref()).await?;
    let asset = pocket.library.add_entry(actor, folder_id, &words).await?;
    let mut added = details::add(&pocket.library, actor, About::Asset(asset.id), &details).await;
    if let (Ok(()), Some(parent)) = (&added, parent) {
        added = details::attach(&pocket.library, actor, (parent, asset.id)).await;
    }
    if let Err(fault) = added {
        // Somebody was faster with the external id.
        pocket.library.purge_entry(&server_for(actor), asset.id).await?;
        return Err(fault.into());
    }
    Ok(asset)
}

/// A title, in the framework's words where it can be none.
pub(crate) fn title_of(sent: &Params) -> Result<String, Refused> {
    let title = sent.text("title").unwrap_or_default().trim();
    if title.chars().count() > MAX_TITLE_CHARACTERS {
        return Err(Refused::bad(format!("Title is too long (maximum is {MAX_TITLE_CHARACTERS} characters)")));
    }
    Ok(title.to_owned())
}

/// What another system calls it, in the framework's words where that is too long.
pub(crate) fn external_id_of(sent: &Params) -> Result<Option<String>, Refused> {
    let external_id = some(sent.text("external_id"));
    if external_id.as_ref().is_some_and(|id| id.chars().count() > MAX_TITLE_CHARACTERS) {
        return Err(Refused::bad(format!("External id is too long (maximum is {MAX_TITLE_CHARACTERS} characters)")));
    }
    Ok(external_id)
}

/// The tags that were sent: each once, without those that say nothing.
pub(crate) fn tags_of(sent: &Params) -> Vec<String> {
    let mut tags: Vec<String> = sent.texts("tags").iter().map(|tag| tag.trim().to_owned()).collect();
    tags.retain(|tag| !tag.is_empty());
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// A text that says something.
pub(crate) fn some(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// One asset.
pub(crate) async fn one(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    answer(&pocket, &actor, &asset).await
}

/// Says something else of an asset; what is not sent stays.
pub(crate) async fn update(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CHANGE)?;
    let asset = asset_of(&pocket, &actor, &named).await?;
    let asset = pocket.library.entry_to_change(&actor, asset.id).await?;
    let assets = std::slice::from_ref(&asset);
    let was = details::of_assets(&pocket.library, &actor, assets).await?.remove(&asset.id).unwrap_or_default();
    let details = Details {
        category: match sent.value("category") {
            Some(_) => some(sent.text("category")).map(|category| category.to_lowercase()),
            None => was.category.clone(),
        },
        external_id: match sent.value("external_id") {
            Some(_) => external_id_of(&sent)?,
            None => was.external_id.clone(),
        },
        ..was.clone()
    };
    let wanted = library::NotesWanted { tags: true, ..library::NotesWanted::default() };
    let notes = pocket.library.describe_assets(&actor, assets, wanted).await?.remove(&asset.id).unwrap_or_default();
    let words = Words {
        title: if sent.value("title").is_some() { Some(title_of(&sent)?) } else { asset.title.clone() },
        description: match sent.value("description") {
            Some(_) => some(sent.text("description")),
            None => asset.description.clone(),
        },
        tags: if sent.value("tags").is_some() { tags_of(&sent) } else { notes.tags },
    };
    // What can be refused comes before what is done.
    words.check()?;
    if details != was {
        let records = details::records_of_asset(&pocket.library, &actor, &asset).await?;
        details::replace(&pocket.library, &actor, (About::Asset(asset.id), records), &details).await?;
    }
    pocket.library.describe_entry(&actor, asset.id, &words).await?;
    let asset = pocket.library.entry(&actor, asset.id).await?;
    answer(&pocket, &actor, &asset).await
}

/// Ends an asset for good.
pub(crate) async fn remove(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    pocket.library.purge_entry(&actor, asset.id).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// Puts an asset in the trash bin, from where it goes for good after some days.
pub(crate) async fn trash(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    if !asset.lives() {
        return Err(Refused::bad("Asset is in the trash bin already"));
    }
    pocket.library.trash_entry(&actor, asset.id, Some(pocket.config.trash_ms)).await?;
    let asset = pocket.library.entry(&actor, asset.id).await?;
    answer(&pocket, &actor, &asset).await
}

/// Takes an asset out of the trash bin.
pub(crate) async fn restore(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    if asset.lives() {
        return Err(Refused::bad("Asset is not in the trash bin"));
    }
    let asset = pocket.library.restore_entry(&actor, asset.id).await?;
    answer(&pocket, &actor, &asset).await
}

/// Moves an asset to a project.
pub(crate) async fn assign(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(&[])?;
    let asset = asset_of(&pocket, &actor, &named).await?;
    let folder_id = assigned_to(&pocket, &actor, &sent).await?;
    pocket.library.move_entry(&actor, asset.id, folder_id).await?;
    let asset = pocket.library.entry(&actor, asset.id).await?;
    answer(&pocket, &actor, &asset).await
}

/// The folder that `to_project_id` names: a project, or with null none of them.
pub(crate) async fn assigned_to(pocket: &MediaPocket, actor: &Actor, sent: &Params) -> Result<i64, Refused> {
    let id = match sent.value("to_project_id") {
        None => return Err(Refused::invalid("Missing parameter to_project_id".to_owned())),
        Some(Value::Null) => return Ok(pocket.library.top_of(actor).await?),
        Some(value) => named_by(value),
    };
    Ok(project_to_fill(pocket, actor, &id).await?.id)
}

/// What is attached to an asset.
pub(crate) async fn attachments(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let ids = details::attached(&pocket.library, &actor, &asset).await?;
    let found = pocket.library.entries_by_id(&actor, &ids).await?;
    Ok(Json(json!({ "attachments": views::assets(&pocket.library, &actor, &found).await? })))
}

/// What happened to an asset, the latest first; `cursor` goes on behind it.
pub(crate) async fn history(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    let before = match named.get("cursor") {
        "" => None,
        cursor => Some(number(cursor).ok_or_else(|| Refused::bad("Cursor is invalid"))?),
    };
    let lines = pocket.library.entry_history(&actor, asset.id, before, HISTORY).await?;
    let ids: Vec<i64> = lines.iter().filter_map(|line| line.stamp.user_id).collect();
    let people = pocket.library.people(&actor, &ids).await?;
    let view = |line: &library::AuditLine| {
        json!({
            "id": line.id,
            "action": word_of(line.action),
            "created_at": time(line.stamp.now_ms),
            "user": line.stamp.user_id.and_then(|id| people.get(&id)).map(views::user),
        })
    };
    let more = lines.len() as i64 == HISTORY;
    let cursor = lines.last().filter(|_| more).map(|line| line.id.to_string());
    Ok(Json(json!({ "history": lines.iter().map(view).collect::<Vec<_>>(), "cursor": cursor })))
}

const fn word_of(action: Action) -> &'static str {
    match action {
        Action::Read => "downloaded",
        Action::Create => "created",
        Action::Update => "updated",
        Action::Trash => "moved to trash bin",
        Action::Restore => "restored",
        Action::Purge => "deleted",
        Action::Rule => "access changed",
        Action::Policy => "upload policy changed",
        Action::Scan => "scanned",
        Action::Release => "released from quarantine",
        Action::Revoke => "revoked",
    }
}
