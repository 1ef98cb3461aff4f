//! Files: fetching, moving, copying, deleting; and which call a request for files is.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use library::{Asset, Fault, Found, NotesWanted, Place};
use serde_json::{Map, Value};

use crate::{
    Flextype,
    auth::{Session, Wanted},
    bodies::{Call, Read, read, read_whole},
    collections::{self, Options},
    error::{Area, JSON, Refused, typed},
    fields::{self, Change},
    ids, uploads,
    views::Views,
};

fn of(fault: Fault) -> Refused {
    Refused::of(fault, Area::Files)
}

/// `GET`, `POST`, `PUT` and `DELETE /api/media/files`.
pub(crate) async fn call(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    let answer = async {
        match read(request).await? {
            Read::Whole(call) => do_whole(&flextype, &call).await,
            Read::Form(form) => uploads::receive(&flextype, form).await,
        }
    };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// A call without a file. The document writes the changes of a meta under this path too, so what names a field is one of those.
pub(crate) async fn do_whole(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    let names_field = !flextype.config.strict && call.params.has("field");
    match call.method {
        Method::GET | Method::HEAD => fetch(flextype, call).await,
        Method::POST if names_field => fields::change_meta(flextype, call, Change::Add).await,
        Method::POST => Err(Refused::body()),
        Method::PATCH if names_field => fields::change_meta(flextype, call, Change::Update).await,
        Method::PUT if names_field => fields::change_meta(flextype, call, Change::Update).await,
        Method::PUT => relocate(flextype, call, Wanted::CHANGE_FILES, Relocation::Move).await,
        Method::DELETE if names_field => fields::change_meta(flextype, call, Change::Delete).await,
        Method::DELETE => delete(flextype, call).await,
        _ => Err(Refused::Method(crate::FILES)),
    }
}

/// `PUT /api/media/files/copy`
pub(crate) async fn call_copy(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    let answer = async {
        let call = read_whole(request).await?;
        let wanted = if flextype.config.strict { Wanted::CHANGE_FILES } else { Wanted::COPY_FILES };
        match call.method {
            Method::PUT => relocate(&flextype, &call, wanted, Relocation::Copy).await,
            _ => Err(Refused::Method(crate::FILES_COPY)),
        }
    };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// Fetches a file or those of a folder. Seed: "Fetch file", "Fetch files collection".
async fn fetch(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    call.expect(&["id", "token"])?;
    flextype
        .answer(call, Wanted::FETCH_FILES, async |session| {
            let strict = flextype.config.strict;
            let id = call.text("id", strict)?;
            let options = Options::read(call, strict, Area::Files)?;
            let Some(id) = ids::parse(id) else { return Err(Refused::missing(Area::Files)) };
            let (library, actor) = (&flextype.library, &session.actor);
            let views = Views { config: &flextype.config, base: &call.base, session };
            if options.wanted.collection {
                let found = library.find_by_path(actor, session.top, &id).await.map_err(of);
                let Ok(Found::Folder(folder)) = found else { return Err(not_there(found.err(), strict)) };
                return collections::files(library, &views, (&id, &folder), &options).await;
            }
            match library.find_by_path(actor, session.top, &id).await.map_err(of)? {
                Found::Asset(asset) => {
                    let view = view(flextype, &views, session, (&id, &asset)).await?;
                    if strict && !id.last().is_some_and(|name| name.contains('.')) {
                        return Err(Refused::Died);
                    }
                    collections::one(view, &options, Area::Files, library.now_ms())
                }
                // The document fetches a collection so; the reference server finds no file.
                Found::Folder(folder) if !strict && !options.says_collection && !id.is_empty() => {
                    collections::files(library, &views, (&id, &folder), &options).await
                }
                Found::Folder(_) => Err(Refused::missing(Area::Files)),
            }
        })
        .await
}

/// What a collection of nothing gets: the reference server dies of a folder that is not there.
pub(crate) fn not_there(found: Option<Refused>, strict: bool) -> Refused {
    match found {
        Some(refused) if !refused.counts() => refused,
        _ if strict => Refused::Died,
        _ => Refused::missing(Area::Files),
    }
}

/// What happens to what lies at one path and is to lie at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relocation {
    Move,
    Copy,
}

/// Moves or copies a file. Seed: "Move file", "Copy File".
async fn relocate(
    flextype: &Flextype,
    call: &Call,
    wanted: Wanted,
    relocation: Relocation,
) -> Result<Response, Refused> {
    call.expect(&["id", "new_id", "token", "access_token"])?;
    flextype
        .answer(call, wanted, async |session| {
            let strict = flextype.config.strict;
            let (id, new_id) = (call.text("id", strict)?, call.text("new_id", strict)?);
            let ids = ids::parse_to_change(id).zip(ids::parse_to_change(new_id));
            let (id, new_id) = ids.ok_or(Refused::missing(Area::Files))?;
            let (library, actor) = (&flextype.library, &session.actor);
            let place = Place { top: session.top, path: &new_id, make_folders: !strict };
            let asset = match relocation {
                Relocation::Move => library.move_asset_to(actor, &id, &place).await,
                Relocation::Copy => library.copy_asset_to(actor, &id, &place).await,
            };
            answer_file(flextype, call, session, &new_id, &asset.map_err(of)?).await
        })
        .await
}

/// Puts a file in the trash. Seed: "Delete file".
async fn delete(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    call.expect(&["id", "access_token"])?;
    // The reference server looks for the id twice, and dies of a missing token.
    if !call.params.has("token") {
        return Err(if flextype.config.strict { Refused::Died } else { Refused::body() });
    }
    flextype
        .answer(call, Wanted::CHANGE_FILES, async |session| {
            let id = ids::parse_to_change(call.text("id", flextype.config.strict)?);
            let id = id.ok_or(Refused::missing(Area::Files))?;
            flextype.library.trash_asset_at(&session.actor, session.top, &id).await.map_err(of)?;
            Ok(nothing())
        })
        .await
}

/// A file with all that is said of it.
async fn view(
    flextype: &Flextype,
    views: &Views<'_>,
    session: &Session,
    (id, asset): (&[&str], &Asset),
) -> Result<Map<String, Value>, Refused> {
    let wanted = NotesWanted { fields: true, ..NotesWanted::default() };
    let notes = flextype.library.describe_assets(&session.actor, std::slice::from_ref(asset), wanted).await;
    let notes = notes.map_err(of)?.remove(&asset.id).unwrap_or_default();
    Ok(views.file(id, asset, &notes.fields))
}

/// The answer to a change of a file: the file as it is now, or nothing, as the reference server has it.
pub(crate) async fn answer_file(
    flextype: &Flextype,
    call: &Call,
    session: &Session,
    id: &[&str],
    asset: &Arc<Asset>,
) -> Result<Response, Refused> {
    if flextype.config.strict {
        return Ok(shown(Value::Object(Map::new())));
    }
    let views = Views { config: &flextype.config, base: &call.base, session };
    Ok(shown(Value::Object(view(flextype, &views, session, (id, asset)).await?)))
}

/// The envelope of all that succeeds.
pub(crate) fn shown(data: Value) -> Response {
    // Written around it, so that what may be long is not there twice.
    typed(StatusCode::OK, JSON, Body::from(format!("{{\"data\":{data}}}")))
}

/// What a deletion is answered with.
pub(crate) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
