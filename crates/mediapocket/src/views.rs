//! The library's nouns as MediaPocket's objects. Contract section 1.2.

use std::collections::HashMap;

use content::Family;
use library::{Actor, Asset, AssetNotes, AssetState, Collection, Fault, Folder, Library, NotesWanted, User};
use serde_json::{Value, json};

use crate::{
    details::{self, Details},
    url::time,
};

/// Assets, in this order, in a handful of reads for all of them.
pub(crate) async fn assets(library: &Library, actor: &Actor, assets: &[Asset]) -> Result<Vec<Value>, Fault> {
    let details = details::of_assets(library, actor, assets).await?;
    let wanted = NotesWanted { tags: true, ..NotesWanted::default() };
    let notes = library.describe_assets(actor, assets, wanted).await?;
    let owners: Vec<i64> = assets.iter().map(|asset| asset.created_by).collect();
    let owners = library.people(actor, &owners).await?;
    let parents: Vec<i64> = details.values().filter_map(|details| details.parent_id).collect();
    let parents = library.entries_by_id(actor, &parents).await?;
    let parents: HashMap<i64, &str> = parents.iter().map(|parent| (parent.id, parent.key.as_str())).collect();
    let none = (Details::default(), AssetNotes::default());
    let view = |asset: &Asset| {
        let details = details.get(&asset.id).unwrap_or(&none.0);
        let notes = notes.get(&asset.id).unwrap_or(&none.1);
        let parent = details.parent_id.and_then(|id| parents.get(&id).copied());
        view_of_asset(asset, (details, notes), (owners.get(&asset.created_by), parent))
    };
    Ok(assets.iter().map(view).collect())
}

/// One asset.
pub(crate) async fn asset(library: &Library, actor: &Actor, asset: &Asset) -> Result<Value, Fault> {
    Ok(assets(library, actor, std::slice::from_ref(asset)).await?.pop().unwrap_or_default())
}

fn view_of_asset(
    asset: &Asset,
    (details, notes): (&Details, &AssetNotes),
    (owner, parent): (Option<&User>, Option<&str>),
) -> Value {
    let version = asset.version.as_ref();
    let title = asset.title.clone().unwrap_or_else(|| library::split_extension(&asset.name).0.to_owned());
    json!({
        "id": asset.key,
        "external_id": details.external_id,
        "parent_id": parent,
        "project_id": project_id(&asset.folder),
        "owner": owner.map(|owner| &owner.email),
        "title": title,
        "description": asset.description,
        "category": details.category,
        "tags": notes.tags,
        "ai_tags": [],
        "status": "open",
        "media_type": media_type(asset, details),
        "original_filename": version.map(|_| &asset.name),
        "drop_folder_id": null,
        "md5_sum": version.map(|version| hex::encode(version.blob.digest.md5)),
        "created_date": time(asset.created_at),
        "modification_date": time(asset.updated_at),
        "deleted": !asset.lives(),
    })
}

/// What kind of thing it is: `placeholder` until there are bytes.
fn media_type(asset: &Asset, details: &Details) -> &'static str {
    match (&asset.version, asset.state) {
        _ if details.is_article => "article",
        (Some(version), AssetState::Ready) => match version.media_type.family() {
            Family::Image => "image",
            Family::Video => "video",
            Family::Audio => "audio",
            Family::Font | Family::Other => "document",
        },
        _ => "placeholder",
    }
}

/// The project that holds something; none at the top.
pub(crate) fn project_id(folder: &Folder) -> Option<String> {
    folder.kind.is_shown().then(|| folder.id.to_string())
}

/// Projects, in this order.
pub(crate) async fn projects(library: &Library, actor: &Actor, folders: &[Folder]) -> Result<Vec<Value>, Fault> {
    let details = details::of_projects(library, actor, folders).await?;
    let owners: Vec<i64> = folders.iter().map(|folder| folder.created_by).collect();
    let owners = library.people(actor, &owners).await?;
    let above: Vec<i64> = folders.iter().filter_map(|folder| folder.parent_id).collect();
    let above = library.folders_by_id(actor, &above).await?;
    let none = Details::default();
    let view = |folder: &Folder| {
        let details = details.get(&folder.id).unwrap_or(&none);
        let parent = above.iter().find(|above| Some(above.id) == folder.parent_id);
        let title = details.title.as_ref().unwrap_or(&folder.name);
        json!({
            "id": folder.id.to_string(),
            "external_id": details.external_id,
            "project_id": parent.and_then(project_id),
            "owner": owners.get(&folder.created_by).map(|owner| &owner.email),
            "title": title,
            "description": details.description,
            "category": details.category,
            "tags": details.tags,
            "media_type": "project",
            "isPublic": folder.public_read,
            "thumbnail_asset_id": null,
            "created_date": time(folder.created_at),
            "modification_date": time(folder.updated_at),
            "deleted": !folder.lives(),
            "original_title": title,
        })
    };
    Ok(folders.iter().map(view).collect())
}

/// One project.
pub(crate) async fn project(library: &Library, actor: &Actor, folder: &Folder) -> Result<Value, Fault> {
    Ok(projects(library, actor, std::slice::from_ref(folder)).await?.pop().unwrap_or_default())
}

/// Collections, in this order.
pub(crate) async fn collections(library: &Library, actor: &Actor, found: &[Collection]) -> Result<Vec<Value>, Fault> {
    let owners: Vec<i64> = found.iter().map(|collection| collection.created_by).collect();
    let owners = library.people(actor, &owners).await?;
    let view = |collection: &Collection| {
        let details: Details = serde_json::from_str(&collection.body).unwrap_or_default();
        json!({
            "id": collection.id,
            "title": collection.title,
            "description": collection.description,
            "category": details.category,
            "tags": details.tags,
            "owner": owners.get(&collection.created_by).map(|owner| &owner.email),
            "media_type": "collection",
            "isPublic": collection.is_public,
            "created_date": time(collection.created_at),
            "modification_date": time(collection.updated_at),
            "original_title": collection.title,
        })
    };
    Ok(found.iter().map(view).collect())
}

/// One collection.
pub(crate) async fn collection(library: &Library, actor: &Actor, found: &Collection) -> Result<Value, Fault> {
    Ok(collections(library, actor, std::slice::from_ref(found)).await?.pop().unwrap_or_default())
}

/// A person, as comments and lists show them.
pub(crate) fn user(user: &User) -> Value {
    let (first, last) = user.full_name.split_once(' ').unwrap_or((&user.full_name, ""));
    json!({ "id": user.id, "email": user.email, "first_name": first, "last_name": last, "avatar_url": null })
}
