//! Messages to the recipients of a container, and what they reply. Contract section 1.3.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use library::{Fault, RecordsOf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    Botdoc,
    auth::Caller,
    containers::named,
    envelope::envelope,
    error::{Refused, json_answer},
    features::MAX_MESSAGE,
    inputs::{Errors, Input, Text},
    kept::{Kept, Records, Row},
    uploads::Sent,
    url::{Page, filter},
    views::time,
};

/// A message to all recipients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) title: String,
    pub(crate) body: String,
}

impl Kept for Message {
    const KIND: &'static str = "message";
}

/// What a recipient wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// The recipient's record.
    pub(crate) recipient: i64,
    /// By which notification's link.
    pub(crate) notification: i64,
    pub(crate) body: String,
}

impl Kept for Reply {
    const KIND: &'static str = "message reply";
}

/// Adds a message.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let found = named(&botdoc, &actor, &mut input, "container").await?;
    let body = input.text("body", Text::required().max(MAX_MESSAGE));
    let title = input.text("title", Text::optional().or_blank().or_null().max(255));
    input.finish()?;
    let Some(found) = found else { return Err(Refused::not_found()) };
    let message = Message { title: title.unwrap_or_default(), body: body.unwrap_or_default() };
    let row = records.add(&actor, (found.folder.id, Some(found.row.id())), message).await?;
    let view = json!({
        "id": row.id(),
        "container": found.folder.id,
        "title": row.it.title,
        "body": row.it.body,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
    });
    Ok(json_answer(StatusCode::CREATED, &view))
}

/// What recipients replied, newest first.
pub(crate) async fn replies(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    uri: Uri,
) -> Result<Response, Refused> {
    let query = uri.query().unwrap_or_default();
    let container = filter(query, "recipient__container")?;
    let page = Page::of(query)?;
    let (turned, rows) = match container {
        None => records.page::<Reply>(&actor, page).await?,
        Some(id) => {
            let found = match records.container(&botdoc.library, &actor, id).await {
                Err(Fault::NotFound(_) | Fault::Denied) => {
                    return Err(Errors::no_such_choice("recipient__container").into());
                }
                found => found?,
            };
            let rows = records.list::<Reply>(&actor, RecordsOf::Folder(found.folder.id)).await?;
            let turned = page.turn(rows.len() as u64)?;
            let skip = usize::try_from(turned.offset()).unwrap_or(usize::MAX);
            let size = usize::try_from(turned.size).unwrap_or(usize::MAX);
            (turned, rows.into_iter().rev().skip(skip).take(size).collect())
        }
    };
    let results = rows.iter().map(view).collect();
    Ok(json_answer(StatusCode::OK, &envelope(&base.join(uri.path()), query, &turned, results)))
}

/// A reply as clients and callbacks see it.
pub(crate) fn view(row: &Row<Reply>) -> Value {
    json!({
        "id": row.id(),
        "recipient": row.it.recipient,
        "body": row.it.body,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
    })
}
