//! Recipients of a container, and the ways in which each is reached. Contract section 1.3.

use axum::{extract::State, http::StatusCode, response::Response};
use library::{Fault, Noun};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Botdoc,
    assets::number,
    auth::{Caller, Named},
    error::{Refused, json_answer},
    inputs::{Input, Need, Text},
    kept::{Kept, Records, Row},
    uploads::Sent,
    views::time,
};

/// A person who gets something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Recipient {
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
}

impl Kept for Recipient {
    const KIND: &'static str = "recipient";
}

impl Recipient {
    /// Both names.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name.as_deref().unwrap_or_default()).trim().to_owned()
    }
}

/// A way in which a person is reached. It belongs to the recipient's record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    /// `email`, `sms` or `link`.
    pub(crate) interface_class: String,
    /// A text, or the number that somebody sent for a link.
    pub(crate) value: Value,
    /// The page's address, once something was sent.
    pub(crate) link: Option<String>,
}

impl Kept for Item {
    const KIND: &'static str = "recipient item";
}

impl Item {
    pub(crate) fn address(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }
}

/// Adds a recipient.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    let mut input = Input::new(&data)?;
    let first_name = input.text("first_name", Text::optional().or_blank().or_null().max(255));
    let last_name = input.text("last_name", Text::optional().or_blank().or_null().max(255));
    input.finish()?;
    let recipient = Recipient { first_name: first_name.unwrap_or_default(), last_name };
    let row = records.add(&actor, (found.folder.id, Some(found.row.id())), recipient).await?;
    Ok(json_answer(StatusCode::CREATED, &view(&row)?))
}

/// One recipient.
pub(crate) async fn one(
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
) -> Result<Response, Refused> {
    Ok(json_answer(StatusCode::OK, &view(&records.get::<Recipient>(&actor, number(&id)?).await?)?))
}

/// Adds a way in which a recipient is reached.
pub(crate) async fn create_item(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let recipient = records.get::<Recipient>(&actor, number(&id)?).await?;
    let mut input = Input::new(&data)?;
    let item = read_item(&botdoc, &mut input);
    input.finish()?;
    let Some(item) = item else { return Err(Refused::not_found()) };
    let row = records.add(&actor, (recipient.folder_id()?, Some(recipient.id())), item).await?;
    Ok(json_answer(StatusCode::CREATED, &item_view(&row)?))
}

/// A way of reaching somebody; what is wrong with it is noted.
pub(crate) fn read_item(botdoc: &Botdoc, input: &mut Input<'_>) -> Option<Item> {
    let class = input.choice("interface_class", &["email", "sms", "link"], Need::REQUIRED);
    let value = match class {
        Some("email") => input.email("value", Text::required().max(254)),
        Some("link") => input.text("value", Text::optional().or_blank().or_null().max(255)),
        _ => input.text("value", Text::required().max(255)),
    };
    if class == Some("sms") && !botdoc.library.can_text() {
        input.refuse("interface_class", "Text messages can not be sent: this server has no service for them.");
    }
    let is_number = |text: &String| {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        (5..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c))
    };
    if class == Some("sms") && value.as_ref().is_some_and(|value| !is_number(value)) {
        input.refuse("value", "Enter a valid phone number.");
    }
    Some(Item { interface_class: class?.to_owned(), value: json!(value.unwrap_or_default()), link: None })
}

/// One way of reaching somebody.
pub(crate) async fn item(
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
) -> Result<Response, Refused> {
    Ok(json_answer(StatusCode::OK, &item_view(&records.get::<Item>(&actor, number(&id)?).await?)?))
}

fn view(row: &Row<Recipient>) -> Result<Value, Fault> {
    Ok(json!({
        "id": row.id(),
        "container": row.folder_id()?,
        "active": true,
        "first_name": row.it.first_name,
        "last_name": row.it.last_name,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
    }))
}

fn item_view(row: &Row<Item>) -> Result<Value, Fault> {
    Ok(json!({
        "id": row.id(),
        "recipient": row.record.parent_id.ok_or(Fault::NotFound(Noun::Record))?,
        "value": row.it.value,
        "interface_class": row.it.interface_class,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
        "link": row.it.link,
    }))
}
