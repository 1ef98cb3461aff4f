//! Pulls and pushes of the newest generation. Contract section 1.3.

use axum::{extract::State, http::StatusCode, response::Response};
use library::{Actor, Fault, Noun};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    Botdoc,
    assets::number,
    auth::{Caller, Named},
    containers::{Found, named},
    error::{Refused, json_answer},
    features::{Feature, MAX_MESSAGE, Way, extensions, p2_view},
    inputs::{Input, Integer, Need, Text},
    kept::Records,
    uploads::Sent,
    views::{FROM, type_of},
};

/// Asks for files.
pub(crate) async fn create_pull(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let (found, feature) = read(&botdoc, &actor, &mut input, Way::Pull).await?;
    let allowed_file_extensions = extensions(&mut input);
    let max_file_size = input.integer("file_size_limit", Integer::of(Need::OPTIONAL.or_null()).min(1).max(i64::MAX));
    let max_files = input.integer("max_files", Integer::of(Need::OPTIONAL.or_null()).min(1).max(10_000));
    input.finish()?;
    add(&botdoc, &actor, found, Feature { allowed_file_extensions, max_file_size, max_files, ..feature }).await
}

/// Offers files.
pub(crate) async fn create_push(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let (found, feature) = read(&botdoc, &actor, &mut input, Way::Push).await?;
    let max_file_downloads =
        input.integer("max_file_downloads", Integer::of(Need::OPTIONAL.or_null()).min(1).max(i64::MAX));
    input.finish()?;
    add(&botdoc, &actor, found, Feature { max_file_downloads, ..feature }).await
}

async fn read(
    botdoc: &Botdoc,
    actor: &Actor,
    input: &mut Input<'_>,
    way: Way,
) -> Result<(Option<Found>, Feature), Refused> {
    let found = named(botdoc, actor, input, "container").await?;
    let title = input.text("title", Text::optional().or_blank().or_null().max(255));
    let message = input.text("description", Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    let feature = Feature {
        way,
        is_p2: true,
        title: title.unwrap_or_default(),
        message: message.unwrap_or_default(),
        ..Feature::default()
    };
    Ok((found, feature))
}

async fn add(botdoc: &Botdoc, actor: &Actor, found: Option<Found>, feature: Feature) -> Result<Response, Refused> {
    let Some(found) = found else { return Err(Refused::not_found()) };
    let records = Records::of(botdoc.library.clone());
    let row = records.add(actor, (found.folder.id, Some(found.row.id())), feature).await?;
    Ok(json_answer(StatusCode::CREATED, &p2_view(&row, &found.folder)))
}

/// The files that came for a pull, as a plain array: a client reads it so.
pub(crate) async fn pulled_files(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    Named(id): Named,
) -> Result<Response, Refused> {
    let row = records.get::<Feature>(&actor, number(&id)?).await?;
    if row.it.way != Way::Pull {
        return Err(Fault::NotFound(Noun::Record).into());
    }
    let listed = botdoc.library.listed_assets(&actor, Some(row.folder_id()?), (0, 10_000)).await?;
    let from = botdoc.library.field_of_assets(&actor, &listed.assets, FROM).await?;
    let mut files: Vec<Value> = Vec::new();
    for asset in listed.assets.iter().rev() {
        let Some(version) = &asset.version else { continue };
        let feature = from.iter().find(|(id, _)| *id == asset.id).and_then(|(_, text)| text.split_once('/'));
        if feature.is_none_or(|(_, feature)| feature != row.id().to_string()) {
            continue;
        }
        files.push(json!({
            "id": asset.id,
            "name": asset.name,
            "content_type": type_of(version.media_type.as_str(), &asset.name),
            "extension": library::split_extension(&asset.name).1,
            "download_url": base.join(&format!("/v1/media/{}/download/", asset.id)),
        }));
    }
    Ok(json_answer(StatusCode::OK, &Value::Array(files)))
}
