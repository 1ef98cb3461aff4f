//! Finding, changing, deleting and restoring files, and streaming their bytes: contents, thumbnails, the CDN's paths, and
//! packages.

use axum::{Json, body::Body, extract::State, response::Response};
use library::{Accepts, Actor, Asset, Delivery, Fault, Library, Noun, Package, Plan, Wanted};
use serde_json::{Value, json};
use wire::{Asked, Base, Cache, Disposition, Manner, Query};

use crate::{
    PREVIEWS,
    auth::{Caller, Reader},
    bodies,
    error::Refused,
    notes::{AllNotes, IS_ORGANIZATION_MEDIA},
    paths, places,
    segments::{CdnName, FileId},
    url::{Context, FileChange, default_plan, parse_ids, parse_plan},
    views::{FileView, OneFileView, Sight, Urls, is_encrypted},
};

/// Bytes depend on the token that asked, and stop being given when the file is deleted: only the caller may keep them,
/// and asks again each time (a 304 costs no bytes).
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Inline, cache: Cache::Private { max_age_s: 0 }, vary: None };

/// One file, living or in the trash. Contract 1.1.
pub(crate) async fn get_file(
    State(library): State<Library>,
    Reader(actor): Reader,
    base: Base,
    query: Query,
    FileId(id): FileId,
) -> Result<Json<FileView>, Refused> {
    let asset = library.asset_or_trashed(&actor, id).await?;
    Ok(Json(view(&library, &actor, &asset, &Urls::asked_for(base, &query)).await?))
}

/// Renames or moves a file, or sets its flag. Contract 1.1.
pub(crate) async fn change_file(
    State(library): State<Library>,
    Reader(actor): Reader,
    base: Base,
    query: Query,
    FileId(id): FileId,
    body: Body,
) -> Result<Json<OneFileView>, Refused> {
    let asset = library.asset_to_change(&actor, id).await?;
    let change = FileChange::from_json(&bodies::object(body).await?)?;
    let here = places::place_of_asset(&asset);
    let folder = places::destination(&library, &actor, here, change.placement).await?.map(|folder| folder.id);
    let flag = change.is_organization_media.map(|flag| (IS_ORGANIZATION_MEDIA, if flag { "true" } else { "false" }));
    let fields = flag.as_slice();
    let asset = library.change_asset_and_fields(&actor, id, change.name.as_deref(), folder, fields).await?;
    let file = view(&library, &actor, &asset, &Urls::asked_for(base, &query)).await?;
    Ok(Json(OneFileView { file }))
}

/// Takes a file out of the trash. Contract 1.1.
pub(crate) async fn restore_file(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
    FileId(id): FileId,
) -> Result<Json<OneFileView>, Refused> {
    let asset = library.restore_asset(&actor, id).await.map_err(Refused::restoring)?;
    let file = view(&library, &actor, &asset, &Urls::asked_for(base, &query)).await?;
    Ok(Json(OneFileView { file }))
}

/// Puts a file in the trash. Seed: "Delete a file".
pub(crate) async fn delete_file(
    State(library): State<Library>,
    Reader(actor): Reader,
    FileId(id): FileId,
) -> Result<Json<Value>, Refused> {
    library.trash_asset(&actor, id).await?;
    Ok(Json(json!({})))
}

/// Streams a file, resized if asked. Seed: "Stream the contents of a file". A name behind `contents` is for people and for
/// clients that look at extensions.
pub(crate) async fn file_contents(
    State(library): State<Library>,
    Reader(actor): Reader,
    asked: Asked,
    FileId(id): FileId,
    query: Query,
) -> Result<Response, Refused> {
    contents(&library, &actor, &asked, id, &query, Way::Api).await
}

/// Streams the small JPEG that lists show. Contract 1.1.
pub(crate) async fn file_thumbnail(
    State(library): State<Library>,
    Reader(actor): Reader,
    asked: Asked,
    FileId(id): FileId,
) -> Result<Response, Refused> {
    thumbnail(&library, &actor, &asked, id).await
}

/// Streams a file or its thumbnail by the path that listings show. What is sealed has none for those without a key. Contract 3.6.
pub(crate) async fn cdn_file(
    State(library): State<Library>,
    Reader(actor): Reader,
    asked: Asked,
    CdnName(file): CdnName,
    query: Query,
) -> Result<Response, Refused> {
    let named = paths::parse(&file);
    if let Some((id, _)) = named
        && actor.is_anonymous()
        && is_encrypted(&*library.asset(&actor, i64::from(id)).await?)
    {
        return Err(Fault::Unauthenticated.into());
    }
    match named {
        Some((id, true)) => thumbnail(&library, &actor, &asked, i64::from(id)).await,
        Some((id, false)) => contents(&library, &actor, &asked, i64::from(id), &query, Way::Cdn).await,
        None if actor.is_anonymous() => Err(Fault::Unauthenticated.into()),
        None => Err(Fault::NotFound(Noun::Asset).into()),
    }
}

/// Packs files and folders. Seed: "Download contents of a folder or a list of files as a ZIP package".
pub(crate) async fn zip_package(
    State(library): State<Library>,
    Reader(actor): Reader,
    asked: Asked,
    query: Query,
) -> Result<Response, Refused> {
    let ids = |name| -> Result<Vec<i64>, Refused> {
        let ids = parse_ids(name, query.get(name).unwrap_or_default())?;
        Ok(ids.into_iter().map(i64::from).collect())
    };
    let (assets, folders) = (ids("files")?, ids("folders")?);
    let context = Context::from_pairs(query.pairs())?;
    let named = !assets.is_empty() || !folders.is_empty();
    let context = match context.place() {
        None if named => None,
        _ => Some(places::folder_of(&library, &actor, context).await?.id),
    };
    if context.is_none() && actor.is_anonymous() {
        return Err(Refused::not_authorised());
    }
    let delivery = library.package(&actor, &Package { context, folders, assets }).await?;
    deliver(&library, &actor, &asked, delivery, &Manner { disposition: Disposition::Attachment, ..MANNER }).await
}

async fn view(library: &Library, actor: &Actor, asset: &Asset, urls: &Urls) -> Result<FileView, Refused> {
    let mut notes = AllNotes::of(library, actor, std::slice::from_ref(asset)).await?;
    Ok(FileView::of(asset, urls, Sight::of(actor), notes.take(asset.id)))
}

/// By which kind of URL somebody came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Api,
    /// Limited files have no such path for those without a key.
    Cdn,
}

/// Counts the download, if bytes are going out, and sends them.
async fn deliver(
    library: &Library,
    actor: &Actor,
    asked: &Asked,
    delivery: Delivery,
    manner: &Manner<'_>,
) -> Result<Response, Refused> {
    let delivery = library.shown(delivery).await?;
    library.count_download(actor, &delivery.toll, asked.portion_of(&delivery.content)).await?;
    Ok(wire::deliver(asked, delivery.content, manner))
}

async fn contents(
    library: &Library,
    actor: &Actor,
    asked: &Asked,
    id: i64,
    query: &Query,
    way: Way,
) -> Result<Response, Refused> {
    // Who may not see the file is not told what is wrong with the size either.
    let asset = library.asset(actor, id).await?;
    let plan = parse_plan(query.get("size"), query.get("format"), query.get("quality"))?;
    let accepts = Accepts { webp: asked.takes("image/webp") };
    let plan = plan.map(|plan| plan.for_client(accepts)).or_else(|| default_plan_of(&asset));
    let negotiated = plan.is_some_and(|plan| matches!(plan.format, Wanted::Auto(_)));
    let delivery = match way {
        Way::Api => library.contents(actor, id, plan.as_ref()).await?,
        Way::Cdn => library.public_contents(actor, id, plan.as_ref()).await?,
    };
    let manner = Manner { vary: negotiated.then_some("Accept"), ..MANNER };
    deliver(library, actor, asked, delivery, &manner).await
}

/// What a request without a size gets: `xlarge`, but for what moves or would lose its form: GIF, APNG, SVG, PDF.
fn default_plan_of(asset: &Asset) -> Option<Plan> {
    const KEPT: [&str; 4] = ["image/gif", "image/apng", "image/svg+xml", "application/pdf"];
    let still =
        asset.version.as_ref().is_some_and(|version| !version.animated && !KEPT.contains(&version.media_type.as_str()));
    still.then(default_plan)
}

async fn thumbnail(library: &Library, actor: &Actor, asked: &Asked, id: i64) -> Result<Response, Refused> {
    let content = library.thumbnail(actor, id, &PREVIEWS[0]).await;
    let content = content.map_err(|fault| match fault {
        // No picture can be made of it: there is no thumbnail.
        Fault::Unsupported => Fault::NotFound(Noun::Rendition),
        fault => fault,
    });
    Ok(wire::deliver(asked, content?, &MANNER))
}
