//! Folders: fetching, making, moving, copying, deleting.

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use library::{Fault, Found, Place};
use serde_json::{Map, Value};

use crate::{
    Flextype,
    assets::{Relocation, not_there, nothing, shown},
    auth::{Session, Wanted},
    bodies::{Call, read_whole},
    collections::{self, Options},
    error::{self, Area, Refused},
    ids,
    views::Views,
};

fn of(fault: Fault) -> Refused {
    Refused::of(fault, Area::Folders)
}

/// `GET`, `POST`, `PUT` and `DELETE /api/media/folders`.
pub(crate) async fn call(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    let answer = async {
        let call = read_whole(request).await?;
        match call.method {
            Method::GET | Method::HEAD => fetch(&flextype, &call).await,
            Method::POST => create(&flextype, &call).await,
            Method::PUT => relocate(&flextype, &call, Relocation::Move).await,
            Method::DELETE => delete(&flextype, &call).await,
            _ => Err(Refused::Method(crate::FOLDERS)),
        }
    };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// `GET /api/entries`: the document fetches a collection of folders so, by a slip. The reference server keeps its entries there.
pub(crate) async fn call_entries(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    if flextype.config.strict {
        return error::no_such_path(State(flextype), headers).await;
    }
    let answer = async { fetch(&flextype, &read_whole(request).await?).await };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// `PUT /api/media/folders/copy`
pub(crate) async fn call_copy(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    let answer = async {
        let call = read_whole(request).await?;
        match call.method {
            Method::PUT => relocate(&flextype, &call, Relocation::Copy).await,
            _ => Err(Refused::Method(crate::FOLDERS_COPY)),
        }
    };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// Fetches a folder or those in it. Seed: "Fetch Folder", "Fetch folders collection".
async fn fetch(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    call.expect(&["id", "token"])?;
    flextype
        .answer(call, Wanted::FETCH_FOLDERS, async |session| {
            let strict = flextype.config.strict;
            let id = call.text("id", strict)?;
            let options = Options::read(call, strict, Area::Folders)?;
            let Some(id) = ids::parse(id) else { return Err(Refused::missing(Area::Folders)) };
            let views = Views { config: &flextype.config, base: &call.base, session };
            let found = flextype.library.find_by_path(&session.actor, session.top, &id).await.map_err(of);
            let is_collection = options.wanted.collection;
            match found {
                Ok(Found::Folder(folder)) if is_collection => {
                    collections::folders(&flextype.library, &views, (&id, &folder), &options).await
                }
                Ok(Found::Folder(_)) => {
                    collections::one(views.folder(&id), &options, Area::Folders, flextype.library.now_ms())
                }
                found if is_collection && strict => Err(not_there(found.err(), strict)),
                Ok(Found::Asset(_)) => Err(Refused::missing(Area::Folders)),
                Err(refused) => Err(refused),
            }
        })
        .await
}

/// Makes a folder, and those that are missing above it. Seed: "Create folder".
async fn create(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    call.expect(&["id", "token", "access_token"])?;
    flextype
        .answer(call, Wanted::CHANGE_FOLDERS, async |session| {
            let id = ids::parse_to_change(call.text("id", flextype.config.strict)?);
            let id = id.ok_or(Refused::missing(Area::Folders))?;
            let place = Place { top: session.top, path: &id, make_folders: true };
            flextype.library.create_folder_at(&session.actor, &place).await.map_err(of)?;
            Ok(answer_folder(flextype, call, session, &id))
        })
        .await
}

/// Moves or copies a folder with all that lies in it. Seed: "Move folder", "Copy folder".
async fn relocate(flextype: &Flextype, call: &Call, relocation: Relocation) -> Result<Response, Refused> {
    call.expect(&["id", "new_id", "token", "access_token"])?;
    flextype
        .answer(call, Wanted::CHANGE_FOLDERS, async |session| {
            let strict = flextype.config.strict;
            let (id, new_id) = (call.text("id", strict)?, call.text("new_id", strict)?);
            let ids = ids::parse_to_change(id).zip(ids::parse_to_change(new_id));
            let (id, new_id) = ids.ok_or(Refused::missing(Area::Folders))?;
            let place = Place { top: session.top, path: &new_id, make_folders: !strict };
            match relocation {
                Relocation::Move => flextype.library.move_folder_to(&session.actor, &id, &place).await,
                Relocation::Copy => flextype.library.copy_folder_to(&session.actor, &id, &place).await,
            }
            .map_err(of)?;
            Ok(answer_folder(flextype, call, session, &new_id))
        })
        .await
}

/// Puts a folder in the trash, with all that lies in it. Seed: "Delete folder".
async fn delete(flextype: &Flextype, call: &Call) -> Result<Response, Refused> {
    call.expect(&["id", "token", "access_token"])?;
    flextype
        .answer(call, Wanted::CHANGE_FOLDERS, async |session| {
            let id = ids::parse_to_change(call.text("id", flextype.config.strict)?);
            let id = id.ok_or(Refused::missing(Area::Folders))?;
            flextype.library.trash_folder_at(&session.actor, session.top, &id).await.map_err(of)?;
            Ok(nothing())
        })
        .await
}

/// The answer to a change of a folder: the folder as it is now, or nothing, as the reference server has it.
fn answer_folder(flextype: &Flextype, call: &Call, session: &Session, id: &[&str]) -> Response {
    let views = Views { config: &flextype.config, base: &call.base, session };
    shown(Value::Object(if flextype.config.strict { Map::new() } else { views.folder(id) }))
}
