//! From the ids of a request to the folder that it means: a folder before an app before an organization.

use library::{Actor, Asset, Fault, Folder, FolderKind, Library, Noun, Right};

use crate::{
    auth::TokenKind,
    error::Refused,
    url::{Context, Place, Placement},
    views::plain_parent,
};

/// The folder that a context means. An app token without a context means its own app.
pub(crate) async fn folder_of(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    match place_meant(actor, context)? {
        Place::Folder(id) => media_folder(library, actor, i64::from(id)).await,
        Place::App(id) => app(library, actor, i64::from(id)).await,
        Place::Organization(id) => Ok(library.root_folder(actor, i64::from(id), Right::Read).await?),
    }
}

/// The same for putting something into it: seeing what lies there already is another right, and being denied has other
/// words.
pub(crate) async fn folder_to_fill(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    folder_at(library, actor, place_meant(actor, context)?).await
}

/// The folder to move something into that lies `here`; none when it stays.
pub(crate) async fn destination(
    library: &Library,
    actor: &Actor,
    here: Context,
    placement: Placement,
) -> Result<Option<Folder>, Refused> {
    match placement.destination(here) {
        Some(place) => Ok(Some(folder_at(library, actor, place).await?)),
        None => Ok(None),
    }
}

async fn folder_at(library: &Library, actor: &Actor, place: Place) -> Result<Folder, Refused> {
    let (id, is_app) = match place {
        Place::Folder(id) => (id, false),
        Place::App(id) => (id, true),
        Place::Organization(id) => {
            let root = library.root_folder(actor, i64::from(id), Right::Create).await;
            return root.map_err(Refused::creating);
        }
    };
    let folder = library.folder_to_fill(actor, i64::from(id)).await.map_err(Refused::creating)?;
    let fits = if is_app { folder.kind == FolderKind::Space } else { folder.kind.is_shown() };
    if fits { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder).into()) }
}

fn place_meant(actor: &Actor, context: Context) -> Result<Place, Refused> {
    match (context.place(), own_app(actor)) {
        (Some(place), _) => Ok(place),
        (None, Some(app)) => Ok(Place::App(app)),
        (None, None) if actor.is_anonymous() => Err(Refused::not_authorised()),
        (None, None) => Err(Refused::no_context()),
    }
}

/// A folder that clients call one, living or in the trash: not the top of an app or organization.
pub(crate) async fn media_folder(library: &Library, actor: &Actor, id: i64) -> Result<Folder, Refused> {
    let folder = library.folder(actor, id).await?;
    if folder.kind.is_shown() { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder).into()) }
}

/// Where a file lies.
pub(crate) fn place_of_asset(asset: &Asset) -> Context {
    let folder = asset.folder.kind.is_shown().then_some(asset.folder.id);
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

fn own_app(actor: &Actor) -> Option<u32> {
    let token = actor.token().filter(|token| token.kind == TokenKind::App.as_str())?;
    token.folder_id.and_then(|id| u32::try_from(id).ok())
}
