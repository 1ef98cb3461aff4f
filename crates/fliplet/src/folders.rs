//! Listing a context, and making and deleting folders.

use std::collections::HashMap;

use axum::{Json, body::Body, extract::State, http::StatusCode};
use library::Library;
use serde_json::{Value, json};
use wire::{Base, Query};

use crate::{
    auth::Caller,
    bodies,
    error::Refused,
    places,
    segments::FolderId,
    uploads::CLIENT_CHECKSUM,
    url::{Context, TypeFilter},
    views::{FileView, FolderView, MediaView, Urls},
};

/// Lists what lies directly in a context.
/// Seed: "Get the folders and files belonging to an app or organization or media folder".
pub(crate) async fn list_media(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
) -> Result<Json<MediaView>, Refused> {
    let filter = TypeFilter::parse(query.get("type"))?;
    let urls = if query.get("cdn") == Some("false") { Urls::Api(base) } else { Urls::Cdn(base) };
    let folder = places::folder_of(&library, &actor, Context::from_pairs(query.pairs())?).await?;
    let listing = library.list_folder(&actor, folder.id).await?;
    let sums: HashMap<_, _> = library.folder_field(&actor, &folder, CLIENT_CHECKSUM).await?.into_iter().collect();
    let shown = listing.assets.iter().filter(|asset| {
        let media_type = asset.version.as_ref().map(|version| &version.media_type);
        filter.shows_files() && media_type.is_some_and(|media_type| filter.matches(&asset.name, media_type))
    });
    Ok(Json(MediaView {
        files: shown.map(|asset| FileView::of(asset, &urls, sums.get(&asset.id).map(String::as_str))).collect(),
        folders: if filter.shows_folders() { listing.folders.iter().map(FolderView::of).collect() } else { Vec::new() },
    }))
}

/// Makes a folder. Seed: "Create a folder".
pub(crate) async fn create_folder(
    State(library): State<Library>,
    Caller(actor): Caller,
    query: Query,
    body: Body,
) -> Result<(StatusCode, Json<FolderView>), Refused> {
    let body = bodies::object(body).await?;
    let context = Context::from_json(&body)?.or(Context::from_pairs(query.pairs())?);
    let name = match body.get("name") {
        Some(Value::String(name)) => name,
        _ => return Err(Refused::saying("name is required")),
    };
    let parent = places::folder_to_fill(&library, &actor, context).await?;
    let folder = library.create_folder(&actor, parent.id, name).await.map_err(Refused::creating)?;
    Ok((StatusCode::CREATED, Json(FolderView::of(&folder))))
}

/// Puts a folder and all in it in the trash. Seed: "Delete a folder".
pub(crate) async fn delete_folder(
    State(library): State<Library>,
    Caller(actor): Caller,
    FolderId(id): FolderId,
) -> Result<Json<Value>, Refused> {
    library.trash_folder(&actor, id).await?;
    Ok(Json(json!({})))
}
