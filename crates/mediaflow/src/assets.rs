//! Files: the latest, one of them, and the folders they lie in.

use axum::{Json, extract::State};
use library::Library;
use serde_json::Value;
use wire::{Base, Query};

use crate::{
    auth::Caller,
    error::Refused,
    folders::Sight,
    segments::Id,
    url::{Kinds, first_page, parse_fields, parse_page},
    views::FileViews,
};

/// An array, as every answer to a GET is.
pub(crate) type Answer = Result<Json<Vec<Value>>, Refused>;

/// The latest files. Seed: "Dataanrop till API".
pub(crate) async fn latest(State(library): State<Library>, Caller(actor): Caller, base: Base, query: Query) -> Answer {
    let kinds = Kinds::parse(query.get("type"), query.get("processed"));
    let page = parse_page(query.get("page"), query.get("per_page")).unwrap_or(first_page());
    let views = FileViews::asked_for(&library, base, &query).await?;
    let Some(latest) = kinds.latest(page) else { return Ok(Json(Vec::new())) };
    let assets = library.latest(&actor, &latest).await?;
    Ok(Json(views.of(&library, &actor, &assets).await?))
}

/// One file. Contract 1a, 3.
pub(crate) async fn file(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
    Id(id): Id,
) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let views = FileViews::asked_for(&library, base, &query).await?;
    Ok(Json(views.of(&library, &actor, std::slice::from_ref(&*asset)).await?))
}

/// The folder that a file lies in: there is always one. Contract 1a, 6.
pub(crate) async fn folders(State(library): State<Library>, Caller(actor): Caller, query: Query, Id(id): Id) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let folder = match library.folder(&actor, asset.folder.id).await {
        Ok(folder) => folder,
        // Who may see a file by rules of its own may not see what it lies in.
        Err(library::Fault::Denied | library::Fault::NotFound(_)) => return Ok(Json(Vec::new())),
        Err(fault) => return Err(fault.into()),
    };
    let sight = Sight::of(&library, &actor).await?;
    let view = sight.view(&library, &actor, &[folder], &parse_fields(query.get("fields"))).await?;
    Ok(Json(view))
}
