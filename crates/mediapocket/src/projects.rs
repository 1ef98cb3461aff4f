//! Projects and subprojects: the library's plain folders. Contract section 1.2.

use axum::{Json, extract::State};
use library::{Actor, Fault, Folder, Noun};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    assets::{CREATE_IN_PROJECT, assigned_to, create_in, external_id_of, some, tags_of, title_of},
    auth::{Caller, Named, server_for},
    bodies::{Params, Sent},
    details::{self, About, CHANGE, CREATE, Details},
    error::Refused,
    url::number,
    views,
};

/// The project that a path names, if the caller may see it.
pub(crate) async fn project_of(pocket: &MediaPocket, actor: &Actor, named: &Named) -> Result<Folder, Refused> {
    let missing = Fault::NotFound(Noun::Folder);
    let id = number(named.get("id")).ok_or(missing.clone())?;
    let folder = pocket.library.folder(actor, id).await?;
    if folder.kind.is_shown() && folder.lives() { Ok(folder) } else { Err(missing.into()) }
}

/// The project that a body names, if the caller may put something in it.
pub(crate) async fn project_to_fill(pocket: &MediaPocket, actor: &Actor, id: &str) -> Result<Folder, Refused> {
    let missing = Fault::NotFound(Noun::Folder);
    let folder = pocket.library.folder_to_fill(actor, number(id).ok_or(missing.clone())?).await?;
    if folder.kind.is_shown() { Ok(folder) } else { Err(missing.into()) }
}

async fn answer(pocket: &MediaPocket, actor: &Actor, folder: &Folder) -> Result<Json<Value>, Refused> {
    Ok(Json(json!({ "project": views::project(&pocket.library, actor, folder).await? })))
}

/// The ids of all projects that the caller sees, each behind the one that holds it.
pub(crate) async fn list(State(pocket): State<MediaPocket>, Caller(actor): Caller) -> Result<Json<Value>, Refused> {
    let tree = pocket.library.folder_tree(&actor).await?;
    let shown = tree.iter().filter(|folder| folder.kind.is_shown());
    Ok(Json(json!({ "projects": shown.map(|folder| folder.id.to_string()).collect::<Vec<_>>() })))
}

/// Makes a project.
pub(crate) async fn create(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    let top = pocket.library.top_of(&actor).await?;
    make(&pocket, &actor, top, &sent).await
}

/// Makes a project in another.
pub(crate) async fn create_within(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    let above = project_to_fill(&pocket, &actor, named.get("id")).await?;
    make(&pocket, &actor, above.id, &sent).await
}

async fn make(pocket: &MediaPocket, actor: &Actor, above: i64, sent: &Params) -> Result<Json<Value>, Refused> {
    let title = title_of(sent)?;
    let name = folder_name(&title);
    let details = Details {
        category: some(sent.text("category")).map(|category| category.to_lowercase()),
        // Only what the folder's name does not say.
        title: Some(title).filter(|title| *title != name),
        description: some(sent.text("description")),
        tags: tags_of(sent),
        external_id: external_id_of(sent)?,
        ..Details::default()
    };
    details::expect_free(&pocket.library, actor, details.external_id.as_deref()).await?;
    let folder = pocket.library.create_folder(actor, above, &name).await?;
    if let Err(fault) = details::add(&pocket.library, actor, About::Project(folder.id), &details).await {
        let server = server_for(actor);
        pocket.library.trash_folder(&server, folder.id).await?;
        pocket.library.purge_folder(&server, folder.id).await?;
        return Err(fault.into());
    }
    answer(pocket, actor, &folder).await
}

/// A title as a folder's name, which holds less: no slashes, and no more bytes than a file system takes.
fn folder_name(title: &str) -> String {
    let forbidden = |c: char| {
        matches!(c, '/' | '\\')
            || c.is_control()
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut name: String = title.chars().map(|c| if forbidden(c) { '-' } else { c }).collect();
    while name.len() > 255 {
        name.pop();
    }
    let name = name.trim().to_owned();
    if matches!(name.as_str(), "" | "." | "..") { "untitled".to_owned() } else { name }
}

/// One project.
pub(crate) async fn one(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let folder = project_of(&pocket, &actor, &named).await?;
    answer(&pocket, &actor, &folder).await
}

/// Says something else of a project; what is not sent stays.
pub(crate) async fn update(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CHANGE)?;
    let folder = project_of(&pocket, &actor, &named).await?;
    let mut folder = pocket.library.folder_to_change(&actor, folder.id).await?;
    let folders = std::slice::from_ref(&folder);
    let was = details::of_projects(&pocket.library, &actor, folders).await?.remove(&folder.id).unwrap_or_default();
    let mut details = was.clone();
    let text = |name: &str, kept: &Option<String>| match sent.value(name) {
        Some(_) => some(sent.text(name)),
        None => kept.clone(),
    };
    details.category = text("category", &was.category).map(|category| category.to_lowercase());
    details.description = text("description", &was.description);
    if sent.value("external_id").is_some() {
        details.external_id = external_id_of(&sent)?;
    }
    if sent.value("tags").is_some() {
        details.tags = tags_of(&sent);
    }
    let mut name = None;
    if sent.value("title").is_some() {
        let title = title_of(&sent)?;
        let plain = folder_name(&title);
        details.title = Some(title).filter(|title| *title != plain);
        name = Some(plain);
    }
    // What can be refused comes before what is done.
    if details != was {
        let records = details::records_of_project(&pocket.library, &actor, &folder).await?;
        details::replace(&pocket.library, &actor, (About::Project(folder.id), records), &details).await?;
    }
    if let Some(name) = name {
        folder = pocket.library.change_folder(&actor, folder.id, Some(&name), None).await?;
    }
    answer(&pocket, &actor, &folder).await
}

/// Puts a project and all in it in the trash. There is no way back but by the library's other doors.
pub(crate) async fn remove(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let folder = project_of(&pocket, &actor, &named).await?;
    pocket.library.trash_folder(&actor, folder.id).await?;
    Ok(Json(json!({ "ok": "ok" })))
}

/// What lies directly in a project.
pub(crate) async fn content(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let folder = project_of(&pocket, &actor, &named).await?;
    let assets = pocket.library.folder_entries(&actor, folder.id).await?;
    let mut inner = pocket.library.child_folders(&actor, folder.id).await?;
    inner.retain(|inner| inner.kind.is_shown());
    Ok(Json(json!({
        "assets": views::assets(&pocket.library, &actor, &assets).await?,
        "subprojects": views::projects(&pocket.library, &actor, &inner).await?,
    })))
}

/// Makes an asset in a project.
pub(crate) async fn create_asset(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE_IN_PROJECT)?;
    let folder = project_to_fill(&pocket, &actor, named.get("id")).await?;
    create_in(&pocket, &actor, folder.id, &sent).await
}

/// Moves a project into another.
pub(crate) async fn assign(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(&[])?;
    let folder = project_of(&pocket, &actor, &named).await?;
    let above = assigned_to(&pocket, &actor, &sent).await?;
    let folder = pocket.library.change_folder(&actor, folder.id, None, Some(above)).await?;
    answer(&pocket, &actor, &folder).await
}
