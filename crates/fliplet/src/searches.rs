//! Finding files and folders by name or id, and asking about many files at once.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, Method},
    response::{IntoResponse, Response},
};
use library::{Actor, Asset, Folder, Library};
use serde::Serialize;
use serde_json::{Map, Value};
use wire::{Base, Query};

use crate::{
    auth::Caller,
    bodies,
    error::Refused,
    notes::AllNotes,
    origins::Origins,
    places,
    url::{Aggregate, Search},
    views::{FileView, FilesView, FolderView, Sight, Urls},
};

/// How many there are on all pages, where that is known.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// Something found, and where it lies.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hit<V> {
    r#type: &'static str,
    #[serde(flatten)]
    view: V,
    app: Value,
    organization: Value,
    parent_folder: Value,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum AnyHit {
    Folder(Box<Hit<FolderView>>),
    File(Box<Hit<FileView>>),
}

/// Searches, by query or by body. Contract section 8.
pub(crate) async fn search_media(
    State(library): State<Library>,
    Caller(actor): Caller,
    method: Method,
    base: Base,
    query: Query,
    body: Body,
) -> Result<Response, Refused> {
    let asked = if method == Method::POST {
        Search::from_json(&bodies::object(body).await?)?
    } else {
        Search::from_pairs(query.pairs())?
    };
    let under = match asked.context.place() {
        Some(_) => Some(places::folder_of(&library, &actor, asked.context).await?.id),
        None => None,
    };
    let found = library.search(&actor, &search_of(&asked, under)).await?;
    let urls = Urls::asked_for(base, &query);
    let hits = hits_of(&library, &actor, &urls, &found.folders, &found.assets).await?;
    let mut response = Json(hits).into_response();
    if let Some(total) = found.total {
        response.headers_mut().insert(TOTAL, HeaderValue::from(total));
    }
    Ok(response)
}

/// Tells of the files that a client names. Contract 1.1.
pub(crate) async fn aggregate_files(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let asked = Aggregate::from_json(&bodies::object(body).await?)?;
    let ids: Vec<i64> = asked.files.iter().copied().map(i64::from).collect();
    let assets = library.assets_by_id(&actor, &ids).await?;
    let (urls, sight) = (Urls::asked_for(base, &query), Sight::of(&actor));
    let mut notes = AllNotes::of(&library, &actor, &assets).await?;
    let files = assets.iter().map(|asset| FileView::of(asset, &urls, sight, notes.take(asset.id))).collect();
    let mut answer = serde_json::to_value(FilesView { files }).map_err(|_| Refused::internal())?;
    if let (Some(wanted), Some(files)) = (&asked.attributes, answer["files"].as_array_mut()) {
        files.iter_mut().filter_map(Value::as_object_mut).for_each(|file| keep(file, wanted));
    }
    Ok(Json(answer))
}

fn search_of(asked: &Search, under: Option<i64>) -> library::Search {
    library::Search {
        texts: false,
        name: asked.name.clone().unwrap_or_default(),
        id: asked.id.map(i64::from),
        under,
        trashed: asked.deleted_only,
        page: u64::from(asked.page.saturating_sub(1)),
        limit: usize::try_from(asked.limit).unwrap_or(usize::MAX),
    }
}

async fn hits_of(
    library: &Library,
    actor: &Actor,
    urls: &Urls,
    folders: &[Folder],
    assets: &[Asset],
) -> Result<Vec<AnyHit>, Refused> {
    let sight = Sight::of(actor);
    let origins = Origins::of(library, actor, assets.iter().map(|asset| &asset.folder).chain(folders)).await?;
    let mut notes = AllNotes::of(library, actor, assets).await?;
    let folders = folders.iter().map(|folder| {
        let holder = folder.parent_id.and_then(|id| origins.folder(id));
        AnyHit::Folder(Box::new(Hit {
            r#type: "folder",
            view: FolderView::of(folder, sight),
            app: origins.app_of(folder),
            organization: origins.organization(),
            parent_folder: holder.map_or(Value::Null, |holder| origins.parent_folder(holder)),
        }))
    });
    let mut hits: Vec<AnyHit> = folders.collect();
    hits.extend(assets.iter().map(|asset| {
        AnyHit::File(Box::new(Hit {
            r#type: "file",
            view: FileView::of(asset, urls, sight, notes.take(asset.id)),
            app: origins.app_of(&asset.folder),
            organization: origins.organization(),
            parent_folder: origins.parent_folder(&asset.folder),
        }))
    }));
    Ok(hits)
}

/// Leaves the id and what was asked for.
fn keep(file: &mut Map<String, Value>, wanted: &[String]) {
    file.retain(|name, _| name == "id" || wanted.iter().any(|wanted| wanted == name));
}
