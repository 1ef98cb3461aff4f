//! From the ids of a request to the folder that it means: a folder before an app before an organization.

use library::{Actor, Asset, Fault, Folder, FolderKind, Library, Noun};

use crate::{
    auth::TokenKind,
    error::Refused,
    url::{Context, Place, Placement},
    views::plain_parent,
};

/// The folder that a context means. An app token without a context means its own app.
pub(crate) async fn folder_of(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    match (context.place(), own_app(actor)) {
        (Some(place), _) => folder_at(library, actor, place).await,
        (None, Some(app_id)) => Ok(library.folder(actor, app_id).await?),
        (None, None) if actor.is_anonymous() => Err(Refused::not_authorised()),
        (None, None) => Err(Refused::no_context()),
    }
}

async fn folder_at(library: &Library, actor: &Actor, place: Place) -> Result<Folder, Refused> {
    match place {
        Place::Folder(id) => media_folder(library, actor, i64::from(id)).await,
        Place::App(id) => app(library, actor, i64::from(id)).await,
        Place::Organization(id) => Ok(library.root_folder(actor, i64::from(id)).await?),
    }
}

/// The same for putting something into it, which is denied in other words.
pub(crate) async fn folder_to_fill(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    folder_of(library, actor, context).await.map_err(Refused::while_creating)
}

/// A folder that clients call one, living or in the trash: not the top of an app or organization.
pub(crate) async fn media_folder(library: &Library, actor: &Actor, id: i64) -> Result<Folder, Refused> {
    let folder = library.folder(actor, id).await?;
    if folder.kind == FolderKind::Plain { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder).into()) }
}

/// The folder to move something into that lies `here`; none when it stays.
pub(crate) async fn destination(
    library: &Library,
    actor: &Actor,
    here: Context,
    placement: Placement,
) -> Result<Option<Folder>, Refused> {
    match placement.destination(here) {
        Some(place) => Ok(Some(folder_at(library, actor, place).await.map_err(Refused::while_creating)?)),
        None => Ok(None),
    }
}

/// Where a file lies.
pub(crate) fn place_of_asset(asset: &Asset) -> Context {
    let folder = (asset.folder.kind == FolderKind::Plain).then_some(asset.folder.id);
    context(folder, &asset.folder)
}

/// Where a folder lies.
pub(crate) fn place_of_folder(folder: &Folder) -> Context {
    context(plain_parent(folder), folder)
}

fn context(folder: Option<i64>, within: &Folder) -> Context {
    let id = |id: i64| u32::try_from(id).ok();
    Context { folder: folder.and_then(id), app: within.space().and_then(id), organization: id(within.tenant_id) }
}

/// The app with this id.
pub(crate) async fn app(library: &Library, actor: &Actor, id: i64) -> Result<Folder, Refused> {
    let folder = library.folder(actor, id).await?;
    if folder.kind == FolderKind::Space { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder).into()) }
}

fn own_app(actor: &Actor) -> Option<i64> {
    actor.token().filter(|token| token.kind == TokenKind::App.as_str()).and_then(|token| token.folder_id)
}
