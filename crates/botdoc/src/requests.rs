//! Requests: the API of 2018, in which a container, its recipients and what is wanted of them come in one body. Contract section 1.4.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use library::{Actor, Fault, Library, RecordsOf, hex_key_32};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    Botdoc,
    assets::number,
    auth::{Caller, Named},
    containers::{Container, Found, PageType, Requested, expect_callable},
    envelope::envelope,
    error::{Refused, json_answer},
    features::{Feature, MAX_MESSAGE, Way},
    inputs::{Input, Need, Text},
    kept::Records,
    notifications::Email,
    recipients::{Item, Recipient, read_item},
    uploads::Sent,
    url::Page,
    views::{self, time},
};

/// What a request said, to be given back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Echo {
    message: Option<String>,
    way: Way,
    is_draft: bool,
    is_sending: bool,
    requester_privatenotes: Option<String>,
    short_message: Option<String>,
    long_message_subject: Option<String>,
    long_message: Option<String>,
    tfa_send_to: Option<String>,
    tfa_send_to_value: Option<String>,
    email_template_slug: Option<String>,
    /// As it came, checked.
    contact: Vec<Contact>,
}

/// Somebody whom a request is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Contact {
    first_name: String,
    last_name: Option<String>,
    contact_method: Vec<Item>,
}

/// Creates a request. Everything in it is optional: a real client says nothing that is known.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let text = |input: &mut Input<'_>, name| input.text(name, Text::optional().or_blank().or_null().max(MAX_MESSAGE));
    let mut echo = Echo { message: text(&mut input, "message"), ..Echo::default() };
    let way = input.choice("type", &["push", "pull"], Need::OPTIONAL.or_null().or_blank());
    echo.way = if way == Some("pull") { Way::Pull } else { Way::Push };
    echo.is_draft = input.flag("is_draft", Need::OPTIONAL).unwrap_or(false);
    echo.is_sending = input.flag("is_sending", Need::OPTIONAL).unwrap_or(false);
    let notes = text(&mut input, "requester_privatenotes");
    echo.requester_privatenotes = notes.or_else(|| text(&mut input, "requestor_privatenotes"));
    echo.short_message = text(&mut input, "short_message");
    echo.long_message_subject = text(&mut input, "long_message_subject");
    echo.long_message = text(&mut input, "long_message");
    let callback_url = input.url("callback_url", Text::optional().or_blank().or_null().max(2_000));
    expect_callable(&botdoc.library, &mut input, callback_url.as_deref());
    let by_code = input.choice("tfa_send_to", &["email"], Need::OPTIONAL.or_null().or_blank());
    echo.tfa_send_to = by_code.filter(|way| !way.is_empty()).map(str::to_owned);
    // Without an address, the link would be open to everybody; with a wrong one, to nobody.
    let to = if echo.tfa_send_to.is_some() { Text::required() } else { Text::optional().or_blank().or_null() };
    echo.tfa_send_to_value = input.email("tfa_send_to_value", to.max(254)).filter(|to| !to.is_empty());
    echo.email_template_slug = text(&mut input, "email_template_slug");
    echo.contact = contacts(&botdoc, &mut input);
    input.finish()?;
    if echo.tfa_send_to.is_some() {
        botdoc.mail_base()?;
    }
    let container = Container {
        identifier: hex_key_32(),
        page_type: PageType::Request,
        callback_url: callback_url.unwrap_or_default(),
        requester: actor.user().map(|user| user.id),
        request: Some(echo.clone()),
        ..Container::default()
    };
    let name = format!("Request {}", &container.identifier[..8]);
    let found = botdoc.add_container(&actor, container, &name).await?;
    fill(&records, &actor, &found, &echo).await?;
    Ok(json_answer(StatusCode::CREATED, &view(&botdoc.library, &actor, &base, &found).await?))
}

/// The people a request is for. Both spellings of their ways of being reached are taken.
fn contacts(botdoc: &Botdoc, input: &mut Input<'_>) -> Vec<Contact> {
    let read = |one: &mut Input<'_>| {
        let name = |one: &mut Input<'_>, field| one.text(field, Text::optional().or_blank().or_null().max(255));
        let (first_name, last_name) = (name(one, "first_name").unwrap_or_default(), name(one, "last_name"));
        let methods = if one.has("contactmethod") { "contactmethod" } else { "contact_method" };
        let methods = one.objects(methods, Need::OPTIONAL, |method| read_item(botdoc, method));
        let contact_method = methods.unwrap_or_default().into_iter().flatten().collect();
        Contact { first_name, last_name, contact_method }
    };
    input.objects("contact", Need::OPTIONAL, read).unwrap_or_default()
}

/// Makes of a request what the newer API would have been told step by step.
async fn fill(records: &Records, actor: &Actor, found: &Found, echo: &Echo) -> Result<(), Fault> {
    let about = (found.folder.id, Some(found.row.id()));
    for contact in &echo.contact {
        let recipient = Recipient { first_name: contact.first_name.clone(), last_name: contact.last_name.clone() };
        let recipient = records.add(actor, about, recipient).await?;
        for item in &contact.contact_method {
            records.add(actor, (found.folder.id, Some(recipient.id())), item.clone()).await?;
        }
    }
    let subject = echo.long_message_subject.clone().or_else(|| echo.short_message.clone());
    if subject.is_some() || echo.long_message.is_some() {
        let email = Email { subject: subject.unwrap_or_default(), body: echo.long_message.clone().unwrap_or_default() };
        records.add(actor, about, email).await?;
    }
    let feature = Feature {
        way: echo.way,
        message: echo.message.clone().unwrap_or_default(),
        requester_privatenotes: echo.requester_privatenotes.clone(),
        is_draft: echo.is_draft,
        ..Feature::default()
    };
    records.add(actor, about, feature).await?;
    if let (Some("email"), Some(to)) = (echo.tfa_send_to.as_deref(), &echo.tfa_send_to_value) {
        let rule = crate::codes::CodeRule { send_as: "email".to_owned(), to: to.clone() };
        records.add(actor, about, rule).await?;
    }
    Ok(())
}

/// The account's requests, newest first.
pub(crate) async fn list(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    uri: Uri,
) -> Result<Response, Refused> {
    let query = uri.query().unwrap_or_default();
    let (turned, rows) = records.page::<Requested>(&actor, Page::of(query)?).await?;
    let rows = rows.into_iter().map(Into::into).collect();
    let mut results = Vec::new();
    for found in records.containers(&botdoc.library, &actor, rows).await? {
        results.push(view(&botdoc.library, &actor, &base, &found).await?);
    }
    Ok(json_answer(StatusCode::OK, &envelope(&base.join(uri.path()), query, &turned, results)))
}

/// One request.
pub(crate) async fn one(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    Named(id): Named,
) -> Result<Response, Refused> {
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    Ok(json_answer(StatusCode::OK, &view(&botdoc.library, &actor, &base, &found).await?))
}

/// So many medias of a request are shown with it.
const SHOWN: usize = 100;

async fn view(library: &Library, actor: &Actor, base: &Base, found: &Found) -> Result<Value, Fault> {
    let records = Records::of(library.clone());
    let echo = found.row.it.request.clone().unwrap_or_default();
    let of = RecordsOf::Folder(found.folder.id);
    let feature = records.last::<Feature>(actor, found.folder.id).await?;
    let sent = records.list::<crate::notifications::Notification>(actor, of).await?;
    let medias = library.listed_assets(actor, Some(found.folder.id), (0, SHOWN)).await?.assets;
    let contact = |one: &Contact| {
        let method = |item: &Item| json!({ "interface_class": item.interface_class, "value": item.value });
        json!({
            "first_name": one.first_name,
            "last_name": one.last_name,
            "contact_method": one.contact_method.iter().map(method).collect::<Vec<_>>(),
        })
    };
    Ok(json!({
        "id": found.folder.id,
        "identifier": found.row.it.identifier,
        "message": echo.message,
        "type": echo.way.word(),
        "is_draft": echo.is_draft,
        "requester_privatenotes": echo.requester_privatenotes,
        "short_message": echo.short_message,
        "long_message_subject": echo.long_message_subject,
        "long_message": echo.long_message,
        "callback_url": found.row.it.callback_url,
        "tfa_send_to": echo.tfa_send_to,
        "tfa_send_to_value": echo.tfa_send_to_value,
        "email_template_slug": echo.email_template_slug,
        "contact": echo.contact.iter().map(contact).collect::<Vec<_>>(),
        "requester": found.row.it.requester,
        "contact_notification_send": sent.iter().map(crate::notifications::view).collect::<Vec<_>>(),
        "receiver_message": null,
        "complete": feature.is_some_and(|row| row.it.complete),
        "callback_status": null,
        "callback_tries": 0,
        "tfa_times_sent": 0,
        "media": views::medias(library, actor, base, &medias).await?,
        "expiration": found.folder.expires_at.map(time),
        "created": time(found.folder.created_at),
        "updated": time(found.row.record.updated_at.max(found.folder.updated_at)),
    }))
}
