//! Features of a container: files offered (`push`) or asked for (`pull`). Contract section 1.3, and 4.2 for what is told of them.

use axum::{extract::State, http::StatusCode, response::Response};
use library::{Fault, Folder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Botdoc,
    auth::Caller,
    containers::named,
    error::{Refused, json_answer},
    inputs::{Input, Integer, Need, Text},
    kept::{Kept, Records, Row},
    uploads::Sent,
    views::time,
};

/// The longest message, in characters.
pub(crate) const MAX_MESSAGE: usize = 10_000;

/// Which way files go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// To the recipient.
    #[default]
    Push,
    /// From the recipient.
    Pull,
}

impl Way {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

/// What is kept of one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Feature {
    pub(crate) way: Way,
    /// Whether it was made as one of the newest generation.
    pub(crate) is_p2: bool,
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) requester_privatenotes: Option<String>,
    pub(crate) is_draft: bool,
    pub(crate) complete: bool,
    /// In small letters, without dots; none: any.
    pub(crate) allowed_file_extensions: Vec<String>,
    /// In bytes.
    pub(crate) max_file_size: Option<i64>,
    pub(crate) max_files: Option<i64>,
    /// How many files were taken, or are being taken.
    pub(crate) taken: i64,
    /// What is wanted of those that are pushed.
    pub(crate) max_file_downloads: Option<i64>,
}

impl Kept for Feature {
    const KIND: &'static str = "feature";
}

/// Adds a feature of the second generation.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let way = input.choice("type", &["push", "pull"], Need::REQUIRED);
    let found = named(&botdoc, &actor, &mut input, "container").await?;
    let message = input.text("message", Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    let notes = input.text("requester_privatenotes", Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    let is_draft = input.flag("is_draft", Need::OPTIONAL);
    let extensions = extensions(&mut input);
    let max_file_size = input.integer("max_file_size", Integer::of(Need::OPTIONAL.or_null()).min(1).max(i64::MAX));
    let max_files = input.integer("max_files", Integer::of(Need::OPTIONAL.or_null()).min(1).max(10_000));
    input.finish()?;
    let Some(found) = found else { return Err(Refused::not_found()) };
    let feature = Feature {
        way: if way == Some("pull") { Way::Pull } else { Way::Push },
        message: message.unwrap_or_default(),
        requester_privatenotes: notes,
        is_draft: is_draft.unwrap_or(false),
        allowed_file_extensions: extensions,
        max_file_size,
        max_files,
        ..Feature::default()
    };
    let row = records.add(&actor, (found.folder.id, Some(found.row.id())), feature).await?;
    Ok(json_answer(StatusCode::CREATED, &view(&row, &found.folder, botdoc.library.now_ms())?))
}

/// The extensions that are accepted, by either of their names; none: any.
pub(crate) fn extensions(input: &mut Input<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for name in ["allowed_file_extensions", "allowed_extensions"] {
        let given = input.texts(name, Need::OPTIONAL.or_null(), Text::required().max(32)).unwrap_or_default();
        all.extend(given.iter().map(|text| plain(text)).filter(|text| !text.is_empty()));
    }
    all
}

/// An extension without its dot, in small letters.
pub(crate) fn plain(extension: &str) -> String {
    extension.trim().trim_start_matches(['.', '*']).to_lowercase()
}

fn view(row: &Row<Feature>, folder: &Folder, now_ms: i64) -> Result<Value, Fault> {
    let it = &row.it;
    Ok(json!({
        "id": row.id(),
        "message": it.message,
        "receiver_message": null,
        "requester_privatenotes": it.requester_privatenotes,
        "type": it.way.word(),
        "is_draft": it.is_draft,
        "is_expired": folder.expires_at.is_some_and(|at| at <= now_ms),
        "complete": it.complete,
        "container": row.folder_id()?,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
        "allowed_file_extensions": it.allowed_file_extensions,
        "max_file_size": it.max_file_size,
        "max_files": it.max_files,
    }))
}

/// What a callback tells of a feature.
pub(crate) fn told(row: &Row<Feature>, folder: &Folder) -> Value {
    let it = &row.it;
    let state = if it.complete { "complete" } else { "pending" };
    let expiration = folder.expires_at.map(time);
    let mut value = json!({
        "id": row.id(),
        "container": folder.id,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
        "feature_attr": it.way.word(),
        "title": it.title,
        "description": it.message,
        "state": state,
        "expiration": expiration,
        "custom_label_pending": null,
    });
    value[it.way.word()] = p2_view(row, folder);
    value
}

/// A pull or push of the newest generation.
pub(crate) fn p2_view(row: &Row<Feature>, folder: &Folder) -> Value {
    let it = &row.it;
    let extensions: serde_json::Map<String, Value> =
        it.allowed_file_extensions.iter().map(|extension| (extension.clone(), json!(true))).collect();
    let mut value = json!({
        "id": row.id(),
        "container": folder.id,
        "allowed_extensions": extensions,
        "title": it.title,
        "description": it.message,
        "state": if it.complete { "complete" } else { "pending" },
        "expiration": folder.expires_at.map(time),
        "custom_label_pending": null,
        "custom_label_complete": null,
        "custom_label_expired": null,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
        "file_size_limit": it.max_file_size,
        "max_files": it.max_files,
        "recipient_permissions": [],
    });
    if it.way == Way::Push {
        value["max_file_downloads"] = json!(it.max_file_downloads);
    }
    value
}
