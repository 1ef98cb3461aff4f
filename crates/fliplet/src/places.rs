//! From the ids of a request to the folder that it means: a folder before an app before an organization.

use library::{Actor, Fault, Folder, FolderKind, Library, Noun};

use crate::{
    auth::TokenKind,
    error::Refused,
    url::{Context, Place},
};

/// The folder that a context means. An app token without a context means its own app.
pub(crate) async fn folder_of(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    match context.place() {
        Some(Place::Folder(id)) => of_kind(library, actor, id, FolderKind::Plain).await,
        Some(Place::App(id)) => of_kind(library, actor, id, FolderKind::Space).await,
        Some(Place::Organization(id)) if i64::from(id) == actor.tenant_id()? => Ok(library.root_folder(actor).await?),
        Some(Place::Organization(_)) => Err(Fault::NotFound(Noun::Tenant).into()),
        None => match own_app(actor) {
            Some(app_id) => Ok(library.folder(actor, app_id).await?),
            None => Err(Refused::no_context()),
        },
    }
}

/// The same for putting something into it, which is denied in other words.
pub(crate) async fn folder_to_fill(library: &Library, actor: &Actor, context: Context) -> Result<Folder, Refused> {
    folder_of(library, actor, context).await.map_err(Refused::while_creating)
}

/// Roots and spaces are not folders to Fliplet, and folders are not apps.
async fn of_kind(library: &Library, actor: &Actor, id: u32, kind: FolderKind) -> Result<Folder, Refused> {
    let folder = library.folder(actor, i64::from(id)).await?;
    if folder.kind == kind { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder).into()) }
}

fn own_app(actor: &Actor) -> Option<i64> {
    actor.token().filter(|token| token.kind == TokenKind::App.as_str()).and_then(|token| token.folder_id)
}
