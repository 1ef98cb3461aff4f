//! The trash: what lies in it, and ending things for good. Contract section 6.

use axum::{Json, extract::State};
use library::{Folder, Library};
use serde::Serialize;
use serde_json::{Value, json};
use wire::{Base, Query};

use crate::{
    auth::Caller,
    error::Refused,
    notes::AllNotes,
    origins::Origins,
    segments::{FileId, FolderId},
    views::{FileView, FolderView, Sight, Urls},
};

/// Something in the trash, and where it lay.
#[derive(Debug, Serialize)]
pub(crate) struct Deleted<V> {
    #[serde(flatten)]
    view: V,
    parents: Vec<Value>,
}

/// The answer to a listing of the trash.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedView {
    folders: Vec<Deleted<FolderView>>,
    files: Vec<Deleted<FileView>>,
}

/// Lists what was put in the trash itself; what went with a folder is listed with that folder.
pub(crate) async fn list_deleted(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
) -> Result<Json<DeletedView>, Refused> {
    let trash = library.trash(&actor).await?;
    let (urls, sight) = (Urls::asked_for(base, &query), Sight::of(&actor));
    let holders = trash.assets.iter().map(|asset| &asset.folder).chain(&trash.folders);
    let origins = Origins::of(&library, &actor, holders).await?;
    let mut notes = AllNotes::of(&library, &actor, &trash.assets).await?;
    let folders = trash
        .folders
        .iter()
        .map(|folder| Deleted { view: FolderView::of(folder, sight), parents: parents_of_folder(&origins, folder) });
    let files = trash.assets.iter().map(|asset| Deleted {
        view: FileView::of(asset, &urls, sight, notes.take(asset.id)),
        parents: origins.parents(&asset.folder),
    });
    Ok(Json(DeletedView { folders: folders.collect(), files: files.collect() }))
}

/// Ends a file in the trash for good.
pub(crate) async fn purge_file(
    State(library): State<Library>,
    Caller(actor): Caller,
    FileId(id): FileId,
) -> Result<Json<Value>, Refused> {
    library.purge_asset(&actor, id).await?;
    Ok(Json(json!({})))
}

/// Ends a folder in the trash, and all in it, for good.
pub(crate) async fn purge_folder(
    State(library): State<Library>,
    Caller(actor): Caller,
    FolderId(id): FolderId,
) -> Result<Json<Value>, Refused> {
    library.purge_folder(&actor, id).await?;
    Ok(Json(json!({})))
}

/// What a folder lies in: itself is the last of its own chain.
fn parents_of_folder(origins: &Origins, folder: &Folder) -> Vec<Value> {
    let mut parents = origins.parents(folder);
    if parents.len() > 1 {
        parents.pop();
    }
    parents
}
