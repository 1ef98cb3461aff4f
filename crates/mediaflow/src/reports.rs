//! Usage reports: where clients say that a file is used. Kept as they came, and read back. Contract 1a, 8 to 10.

use axum::{Json, body::Body, extract::State};
use library::{Actor, Fault, Library, Record};
use serde_json::{Map, Value, json};
use wire::Query;

use crate::{
    assets::Answer,
    auth::{Caller, REALM},
    bodies,
    error::Refused,
    segments::Id,
    url::{is_true, parse_fields},
    views::{date, picked},
};

/// The kind of record.
pub(crate) const USAGE: &str = "usage";
/// No request reports more files.
const MAX_FILES: usize = 1_000;
/// Where a file is used.
pub(crate) async fn usages(State(library): State<Library>, Caller(actor): Caller, query: Query, Id(id): Id) -> Answer {
    let records = library.asset_records(&actor, id, (REALM, USAGE)).await?;
    let fields = parse_fields(query.get("fields"));
    let mut standing: Vec<Value> = Vec::new();
    for record in records {
        let Ok(Value::Object(body)) = serde_json::from_str(&record.body) else { continue };
        if body.get("removed").is_some_and(is_set) {
            // It is used there no longer.
            standing.retain(|earlier| earlier["url"].as_str() != Some(page(&body)));
        } else {
            standing.push(view(&record, &body));
        }
    }
    Ok(Json(standing.into_iter().map(|view| picked(view, &fields)).collect()))
}

/// Reports where one file is used.
pub(crate) async fn report(
    State(library): State<Library>,
    Caller(actor): Caller,
    Id(id): Id,
    body: Body,
) -> Result<Json<Value>, Refused> {
    // Who may not see the file is told so before their report is read.
    library.asset(&actor, id).await?;
    let body = bodies::object(body).await?;
    let records = keep(&library, &actor, &[id], body).await?;
    let record = records.first().ok_or_else(|| Refused::bad("There are too many reports of this file"))?;
    Ok(Json(json!({ "id": id, "usageId": record.id, "created": date(record.created_at) })))
}

/// Reports where several files are used; those that are not there are passed over and named.
pub(crate) async fn report_all(
    State(library): State<Library>,
    Caller(actor): Caller,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let mut body = bodies::object(body).await?;
    let ids = match body.remove("id") {
        Some(Value::Array(ids)) => ids,
        Some(one @ (Value::Number(_) | Value::String(_))) => vec![one],
        _ => return Err(Refused::bad("The field id is required and must be a list of files")),
    };
    if ids.len() > MAX_FILES {
        return Err(Refused::bad("There are too many files for one request"));
    }
    let read = |id: &Value| id.as_i64().or_else(|| id.as_str()?.trim().parse().ok());
    let ids = ids.iter().map(read).collect::<Option<Vec<i64>>>();
    let ids = ids.ok_or_else(|| Refused::bad("The field id is required and must be a list of files"))?;
    let records = keep(&library, &actor, &ids, body).await?;
    let reported: Vec<i64> = records.iter().filter_map(|record| record.asset_id).collect();
    let missing: Vec<i64> = ids.into_iter().filter(|id| !reported.contains(id)).collect();
    Ok(Json(json!({ "reported": reported, "notFound": missing })))
}

async fn keep(
    library: &Library,
    actor: &Actor,
    ids: &[i64],
    mut body: Map<String, Value>,
) -> Result<Vec<Record>, Fault> {
    // Who reported it is shown with it, whatever becomes of them.
    let name = actor.user().map(|user| user.full_name.clone()).unwrap_or_default();
    body.insert("createdBy".to_owned(), json!({ "name": name }));
    library.add_asset_records(actor, ids, (REALM, USAGE), Value::Object(body).to_string()).await
}

/// A report as lists show it; nothing in it is trusted to be of any type.
fn view(record: &Record, body: &Map<String, Value>) -> Value {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = body.get("types").and_then(|types| types.get(0)).and_then(Value::as_str).unwrap_or("web");
    let name = body.get("createdBy").and_then(|by| by.get("name")).and_then(Value::as_str).unwrap_or_default();
    json!({
        "id": record.id,
        "contact": text("contact"),
        "project": text("project"),
        "publishDate": text("date"),
        "type": kind.to_uppercase(),
        "url": page(body),
        "page": web(body, "pageName"),
        "amount": body.get("amount").cloned().unwrap_or(json!(1)),
        "description": text("description"),
        "created": date(record.created_at),
        "createdBy": { "name": name },
    })
}

/// The page on which a file is used.
fn page(body: &Map<String, Value>) -> &str {
    web(body, "page")
}

fn web<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get("web").and_then(|web| web.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// `true`, `"true"`, `1`.
fn is_set(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1) || value.as_str().is_some_and(is_true))
}
