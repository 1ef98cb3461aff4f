//! Notifications: the only thing that sends anything. One for each way of reaching each recipient, with a link of its own. Contract
//! sections 1.3 and 4.1.

use axum::{
    extract::State,
    http::{Method, StatusCode},
    response::Response,
};
use library::{Actor, Fault, Parcel, RecordWish, RecordsOf, secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    Botdoc, REALM,
    assets::number,
    auth::{Caller, Named},
    callbacks,
    containers::Found,
    error::{Refused, json_answer},
    features::{Feature, MAX_MESSAGE, Way},
    inputs::{Input, Text},
    kept::{Kept, Records, Row},
    recipients::{Item, Recipient},
    templates::{MailView, mail_html, mail_text},
    uploads::Sent,
    views::time,
};

/// How many characters stand in a link: nobody finds one by trying.
const CODE_CHARACTERS: usize = 16;

/// What a container's mails say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Email {
    pub(crate) subject: String,
    pub(crate) body: String,
}

impl Kept for Email {
    const KIND: &'static str = "email";
}

/// One notification, as sent. Its record's key is what its link ends with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Notification {
    /// The record of the way by which it went.
    pub(crate) item: i64,
    pub(crate) recipient: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) value: Value,
    pub(crate) interface_class: String,
    pub(crate) link: String,
    /// Who sent it: whoever opens the link acts for them.
    pub(crate) host: i64,
    /// Whether somebody has opened the link.
    pub(crate) opened: bool,
}

impl Kept for Notification {
    const KIND: &'static str = "notification";
}

/// Sets what the mails say; the last one counts.
pub(crate) async fn set_email(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    let mut input = Input::new(&data)?;
    let subject = input.text("subject", Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    let body = input.text("body", Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    input.finish()?;
    let email = Email { subject: subject.unwrap_or_default(), body: body.unwrap_or_default() };
    let row = records.add(&actor, (found.folder.id, Some(found.row.id())), email).await?;
    let view = json!({
        "id": row.id(),
        "container": found.folder.id,
        "subject": row.it.subject,
        "body": row.it.body,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
    });
    Ok(json_answer(StatusCode::CREATED, &view))
}

/// Sends a container to its recipients: mails and text messages are queued, links are given back.
pub(crate) async fn send(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    method: Method,
    Named(id): Named,
) -> Result<Response, Refused> {
    // It only asks what a GET would say, and that one sends.
    if method == Method::HEAD {
        return Err(Refused::detail(StatusCode::METHOD_NOT_ALLOWED, "Method \"HEAD\" not allowed."));
    }
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    botdoc.library.folder_to_fill(&actor, found.folder.id).await?;
    if found.folder.expires_at.is_some_and(|at| at <= botdoc.library.now_ms()) {
        return Err(Refused::field("container", "This container has expired."));
    }
    let of = RecordsOf::Folder(found.folder.id);
    let recipients = records.list::<Recipient>(&actor, of).await?;
    let items = records.list::<Item>(&actor, of).await?;
    let letter = Letter::of(&botdoc, &records, &actor, &found).await?;
    let mut wishes = Vec::new();
    for item in &items {
        let recipient = recipients.iter().find(|row| Some(row.id()) == item.record.parent_id);
        let Some(recipient) = recipient else { continue };
        wishes.push(letter.to(&botdoc, &base, (recipient, item))?);
    }
    let sent = botdoc.library.add_dispatched_records(&actor, REALM, wishes).await?;
    let mut views = Vec::with_capacity(sent.len());
    for record in sent {
        let row = Row::<Notification>::read(record)?;
        let link = row.it.link.clone();
        let noted = records
            .change::<Item, _>(&actor, row.it.item, |item| {
                item.link = Some(link.clone());
                Some(())
            })
            .await;
        // It has been sent: asked again, everybody would get it twice.
        if let Err(fault) = noted {
            tracing::error!(%fault, item = row.it.item, "a link is not noted");
        }
        callbacks::tell(&botdoc, &actor, &found, "contact_notification_send", view(&row)).await;
        views.push(view(&row));
    }
    Ok(json_answer(StatusCode::OK, &Value::Array(views)))
}

/// What all mails of a container say.
struct Letter {
    folder_id: i64,
    container_record: i64,
    email: Email,
    sender: String,
    reply_to: Option<String>,
    host: i64,
    files: u64,
    asks: bool,
    expires_ms: Option<i64>,
}

impl Letter {
    async fn of(botdoc: &Botdoc, records: &Records, actor: &Actor, found: &Found) -> Result<Self, Fault> {
        let of = RecordsOf::Folder(found.folder.id);
        let user = actor.user().ok_or(Fault::Unauthenticated)?;
        let features = records.list::<Feature>(actor, of).await?;
        let mut email = records.last::<Email>(actor, found.folder.id).await?.map(|row| row.it).unwrap_or_default();
        if email.body.is_empty() {
            email.body = features.iter().map(|row| row.it.message.as_str()).collect::<Vec<_>>().join("\n\n");
        }
        let asks = features.iter().any(|row| row.it.way == Way::Pull);
        if email.subject.is_empty() {
            let does = if asks { "asks you for files" } else { "sends you files" };
            email.subject = format!("{} {does}", user.full_name);
        }
        Ok(Self {
            folder_id: found.folder.id,
            container_record: found.row.id(),
            email,
            sender: user.full_name.clone(),
            reply_to: Some(user.email.clone()).filter(|email| !email.ends_with(".invalid")),
            host: user.id,
            files: botdoc.library.listed_assets(actor, Some(found.folder.id), (0, 1)).await?.total,
            asks,
            expires_ms: found.folder.expires_at,
        })
    }

    /// As much of the subject as leaves room for a link in a text message.
    fn short_subject(&self) -> String {
        self.email.subject.chars().take(60).collect()
    }

    /// A notification to somebody, and what goes out with it.
    fn to<'a>(
        &self,
        botdoc: &Botdoc,
        base: &Base,
        (recipient, item): (&Row<Recipient>, &Row<Item>),
    ) -> Result<(RecordWish<'a>, Vec<Parcel>), Refused> {
        let code = secret(CODE_CHARACTERS);
        // What goes out is made of what the operator said, never of what a request says.
        let root = match item.it.interface_class.as_str() {
            "link" => botdoc.config.public_base.as_deref().unwrap_or(base.as_str()),
            _ => botdoc.mail_base()?,
        };
        let link = format!("{root}/s/{code}");
        let view = MailView {
            recipient: recipient.it.name(),
            sender: self.sender.clone(),
            message: self.email.body.clone(),
            link: link.clone(),
            expires_ms: self.expires_ms,
            files: self.files,
            asks: self.asks,
        };
        let to = item.it.address().to_owned();
        let parcels = match item.it.interface_class.as_str() {
            "email" => vec![Parcel::Mail {
                to,
                reply_to: self.reply_to.clone(),
                subject: self.email.subject.clone(),
                text: mail_text(&view),
                html: mail_html(&view),
            }],
            "sms" => vec![Parcel::Text { to, text: format!("{}: {link}", self.short_subject()) }],
            _ => Vec::new(),
        };
        let notification = Notification {
            item: item.id(),
            recipient: recipient.id(),
            first_name: recipient.it.first_name.clone(),
            last_name: recipient.it.last_name.clone(),
            value: item.it.value.clone(),
            interface_class: item.it.interface_class.clone(),
            link,
            host: self.host,
            opened: false,
        };
        let wish = RecordWish {
            realm: REALM,
            kind: Notification::KIND,
            parent_id: Some(self.container_record),
            folder_id: Some(self.folder_id),
            lookup: Some(code),
            body: notification.to_text(),
            ..RecordWish::default()
        };
        Ok((wish, parcels))
    }
}

/// A notification as clients and callbacks see it: queued, as it always is at this moment.
pub(crate) fn view(row: &Row<Notification>) -> Value {
    json!({
        "id": row.id(),
        "recipient_item": row.it.item,
        "state": "send",
        "contact_first_name": row.it.first_name,
        "contact_last_name": row.it.last_name,
        "contact_method_value": row.it.value,
        "contact_method_interface_class": row.it.interface_class,
        "created": time(row.record.created_at),
        "updated": time(row.record.updated_at),
        "was_sent": false,
        "removed": false,
        "link": row.it.link,
    })
}
