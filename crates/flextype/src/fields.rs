//! What is said of a file: its meta. A file of which nobody has said anything has title, description, type, filesize, uploaded_on
//! and exif; once something of it is changed, exactly what is kept. Contract section 5.

mod meta;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use library::{Actor, Asset, Fault, Field, Found, Library};
use serde_json::{Map, Value};

pub(crate) use meta::{Meta, title_of};

use crate::{
    Flextype,
    assets::answer_file,
    auth::{Session, Wanted},
    bodies::{Call, read_whole},
    error::{Area, Refused},
    ids,
};

/// The longest name of a field, in bytes.
const MAX_FIELD_BYTES: usize = 1_024;

/// What is to be done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has to be there; but the document changes and adds by one call.
    Update,
    /// It must not be there.
    Add,
    /// It has to be there.
    Delete,
}

pub(crate) async fn call(State(flextype): State<Flextype>, request: Request) -> Response {
    let headers = request.headers().clone();
    let answer = async {
        let call = read_whole(request).await?;
        let change = match call.method {
            Method::PATCH => Change::Update,
            Method::POST => Change::Add,
            Method::DELETE => Change::Delete,
            _ => return Err(Refused::Method(crate::FILES_META)),
        };
        change_meta(&flextype, &call, change).await
    };
    answer.await.unwrap_or_else(|refused| refused.answer(&headers))
}

/// Changes one field of a file. Seed: "Update File Meta", "Add File Meta", "Delete File Meta".
pub(crate) async fn change_meta(flextype: &Flextype, call: &Call, change: Change) -> Result<Response, Refused> {
    let has_value = change != Change::Delete;
    call.expect(&["id", "field", "token", "access_token"])?;
    if has_value {
        call.expect(&["value"])?;
    }
    flextype
        .answer(call, Wanted::CHANGE_FILES, async |session| {
            let strict = flextype.config.strict;
            let (id, field) = (call.text("id", strict)?, call.text("field", strict)?);
            let value = if has_value { Some(value_of(call, strict)?) } else { None };
            // A name that begins with a dot is a note of some dialect's own.
            if field.len() > MAX_FIELD_BYTES || field.starts_with('.') || field.contains(|c: char| c.is_control()) {
                return Err(Refused::body());
            }
            let missing = || if strict { Refused::Died } else { Refused::missing(Area::Files) };
            let id = ids::parse_to_change(id).ok_or_else(missing)?;
            let of = |fault| Refused::of(fault, Area::Files);
            let found = flextype.library.find_by_path(&session.actor, session.top, &id).await;
            let Ok(Found::Asset(asset)) = found else {
                return Err(found.err().map(of).filter(|refused| !refused.counts()).unwrap_or_else(missing));
            };
            let asset = exchange(flextype, session, &asset, (change, field, value)).await?;
            answer_file(flextype, call, session, &id, &asset).await
        })
        .await
}

/// What a field is set to: text, and where the reference server would die, also numbers and flags.
fn value_of(call: &Call, strict: bool) -> Result<Value, Refused> {
    match call.params.get("value") {
        Some(value @ Value::String(_)) => Ok(value.clone()),
        Some(_) if strict => Err(Refused::Died),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.clone()),
        Some(Value::Array(_) | Value::Object(_) | Value::Null) | None => Err(call.wrong_params()),
    }
}

/// Works the change out and puts it in place.
async fn exchange(
    flextype: &Flextype,
    session: &Session,
    asset: &Asset,
    (change, field, value): (Change, &str, Option<Value>),
) -> Result<Arc<Asset>, Refused> {
    let strict = flextype.config.strict;
    let work = |asset: &Asset, seen: &[Field]| {
        let mut meta = Meta::of(asset, seen, strict);
        let is_there = meta.has(field);
        let fits = match change {
            Change::Update => is_there || !strict,
            Change::Add => !is_there,
            Change::Delete => is_there,
        };
        if !fits {
            return Err(Unfit::Missing);
        }
        match &value {
            Some(value) => meta.set(field, value.clone()),
            None => meta.remove(field),
        }
        Ok(meta.kept(seen))
    };
    flextype.library.change_fields(&session.actor, asset.id, work).await.map_err(|unfit| match unfit {
        Unfit::Missing => Refused::missing(Area::Files),
        Unfit::Fault(fault) => Refused::of(fault, Area::Files),
    })
}

/// Why a field is not changed.
enum Unfit {
    /// It is not there, or there already.
    Missing,
    Fault(Fault),
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Puts a whole meta in the place of a file's: for whoever brings a site over.
///
/// # Errors
/// As for [`Library::change_fields`].
pub async fn set_meta(
    library: &Library,
    actor: &Actor,
    asset: &Asset,
    meta: Map<String, Value>,
) -> Result<Arc<Asset>, Fault> {
    library.change_fields(actor, asset.id, |_, seen| Ok(Meta::whole(meta.clone()).kept(seen))).await
}
