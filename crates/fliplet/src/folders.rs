//! Listing a context, and making, finding, changing, deleting and restoring folders.

use axum::{Json, body::Body, extract::State, http::StatusCode};
use library::Library;
use serde_json::{Value, json};
use wire::{Base, Query};

use crate::{
    auth::{Caller, Reader},
    bodies,
    error::Refused,
    notes::AllNotes,
    places,
    segments::FolderId,
    url::{Context, FolderChange, TypeFilter},
    views::{FileView, FolderView, MediaView, OneFolderView, Sight, Urls},
};

/// Lists what lies directly in a context.
/// Seed: "Get the folders and files belonging to an app or organization or media folder".
pub(crate) async fn list_media(
    State(library): State<Library>,
    Reader(actor): Reader,
    base: Base,
    query: Query,
) -> Result<Json<MediaView>, Refused> {
    let filter = TypeFilter::parse(query.get("type"))?;
    let (urls, sight) = (Urls::asked_for(base, &query), Sight::of(&actor));
    let folder = places::folder_of(&library, &actor, Context::from_pairs(query.pairs())?).await?;
    let listing = library.list_folder(&actor, folder.id).await?;
    let mut notes = AllNotes::of_folder(&library, &actor, &folder).await?;
    let shown = listing.assets.iter().filter(|asset| {
        let media_type = asset.version.as_ref().map(|version| &version.media_type);
        filter.shows_files() && media_type.is_some_and(|media_type| filter.matches(&asset.name, media_type))
    });
    let files = shown.map(|asset| FileView::of(asset, &urls, sight, notes.take(asset.id))).collect();
    let folders = listing.folders.iter().filter(|_| filter.shows_folders());
    Ok(Json(MediaView { files, folders: folders.map(|folder| FolderView::of(folder, sight)).collect() }))
}

/// Makes a folder. Seed: "Create a folder".
pub(crate) async fn create_folder(
    State(library): State<Library>,
    Reader(actor): Reader,
    query: Query,
    body: Body,
) -> Result<(StatusCode, Json<FolderView>), Refused> {
    let body = bodies::object(body).await?;
    let context = Context::from_json(&body)?.or(Context::from_pairs(query.pairs())?);
    let name = match body.get("name") {
        Some(Value::String(name)) => name,
        _ if actor.is_anonymous() => return Err(Refused::not_authorised()),
        _ => return Err(Refused::saying("name is required")),
    };
    let parent = places::folder_to_fill(&library, &actor, context).await?;
    let folder = library.create_folder(&actor, parent.id, name).await.map_err(Refused::creating)?;
    Ok((StatusCode::CREATED, Json(FolderView::of(&folder, Sight::of(&actor)))))
}

/// One folder, living or in the trash. Contract 1.1.
pub(crate) async fn get_folder(
    State(library): State<Library>,
    Reader(actor): Reader,
    FolderId(id): FolderId,
) -> Result<Json<FolderView>, Refused> {
    let folder = places::media_folder(&library, &actor, id).await?;
    Ok(Json(FolderView::of(&folder, Sight::of(&actor))))
}

/// Renames or moves a folder. Contract 1.1.
pub(crate) async fn change_folder(
    State(library): State<Library>,
    Reader(actor): Reader,
    FolderId(id): FolderId,
    body: Body,
) -> Result<Json<OneFolderView>, Refused> {
    let folder = library.folder_to_change(&actor, id).await?;
    let change = FolderChange::from_json(&bodies::object(body).await?)?;
    let here = places::place_of_folder(&folder);
    let parent = places::destination(&library, &actor, here, change.placement).await?.map(|parent| parent.id);
    let folder = library.change_folder(&actor, id, change.name.as_deref(), parent).await?;
    Ok(Json(OneFolderView { folder: FolderView::of(&folder, Sight::of(&actor)) }))
}

/// Puts a folder and all in it in the trash. Seed: "Delete a folder".
pub(crate) async fn delete_folder(
    State(library): State<Library>,
    Reader(actor): Reader,
    FolderId(id): FolderId,
) -> Result<Json<Value>, Refused> {
    library.trash_folder(&actor, id).await?;
    Ok(Json(json!({})))
}

/// Takes a folder out of the trash. Contract 1.1.
pub(crate) async fn restore_folder(
    State(library): State<Library>,
    Caller(actor): Caller,
    FolderId(id): FolderId,
) -> Result<Json<OneFolderView>, Refused> {
    let folder = library.restore_folder(&actor, id).await.map_err(Refused::restoring)?;
    Ok(Json(OneFolderView { folder: FolderView::of(&folder, Sight::of(&actor)) }))
}
