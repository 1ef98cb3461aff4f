//! Containers: what files are sent in. One is a folder of kind inbox and a record about it; its id is the folder's. Contract
//! section 1.3.

use std::collections::HashMap;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use library::{Actor, Fault, Folder, FolderKind, InboxWish, Library, Noun, hex_key_32};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::Base;

use crate::{
    Botdoc, REALM,
    assets::number,
    auth::{Caller, Named},
    envelope::envelope,
    error::{Refused, json_answer},
    inputs::{Errors, Input, Integer, Need, Text},
    kept::{Kept, Records, Row},
    recipients::Recipient,
    requests::Echo,
    uploads::Sent,
    url::{Page, filter},
    views::time,
};

/// Which generation of the product it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageType {
    /// Of 2020.
    #[default]
    Pushpull,
    /// The newest.
    P2,
    /// A request of the API of 2018.
    Request,
}

impl PageType {
    const fn word(self) -> &'static str {
        match self {
            Self::Pushpull => "pushpull",
            Self::P2 => "p2",
            Self::Request => "request",
        }
    }
}

/// What is kept of one beside its folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Container {
    /// 32 hexadecimal digits, by which callbacks name it.
    pub(crate) identifier: String,
    pub(crate) page_type: PageType,
    /// Empty: nobody is called.
    pub(crate) callback_url: String,
    pub(crate) display_chat: bool,
    pub(crate) requester: Option<i64>,
    /// What a request of 2018 said.
    pub(crate) request: Option<Echo>,
}

impl Kept for Container {
    const KIND: &'static str = "container";
}

/// What is kept of a request of 2018: the same under another word, so that each is listed by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Requested(pub(crate) Container);

impl Kept for Requested {
    const KIND: &'static str = "request";
}

impl From<Row<Requested>> for Row<Container> {
    fn from(row: Row<Requested>) -> Self {
        Self { record: row.record, it: row.it.0 }
    }
}

/// A container with its folder.
pub(crate) struct Found {
    pub(crate) folder: Folder,
    pub(crate) row: Row<Container>,
}

impl Records {
    /// The container that a folder is.
    pub(crate) async fn container(&self, library: &Library, actor: &Actor, id: i64) -> Result<Found, Fault> {
        let folder = library.folder(actor, id).await?;
        if folder.kind != FolderKind::Inbox || !folder.lives() {
            return Err(Fault::NotFound(Noun::Folder));
        }
        if let Some(row) = self.last::<Container>(actor, id).await? {
            return Ok(Found { folder, row });
        }
        let row = self.last::<Requested>(actor, id).await?.ok_or(Fault::NotFound(Noun::Folder))?;
        Ok(Found { folder, row: row.into() })
    }

    /// The containers that records are about, in their order; without those that are gone meanwhile.
    pub(crate) async fn containers(
        &self,
        library: &Library,
        actor: &Actor,
        rows: Vec<Row<Container>>,
    ) -> Result<Vec<Found>, Fault> {
        let ids: Vec<i64> = rows.iter().filter_map(|row| row.record.folder_id).collect();
        let folders = library.folders_by_id(actor, &ids).await?.into_iter().filter(Folder::lives);
        let mut folders: HashMap<i64, Folder> = folders.map(|folder| (folder.id, folder)).collect();
        let found = |row: Row<Container>| Some(Found { folder: folders.remove(&row.record.folder_id?)?, row });
        Ok(rows.into_iter().filter_map(found).collect())
    }
}

impl Botdoc {
    /// Makes a container.
    pub(crate) async fn add_container(
        &self,
        actor: &Actor,
        container: Container,
        name: &str,
    ) -> Result<Found, Refused> {
        let retention_ms = self.config.retention_ms;
        let expires_at = (retention_ms > 0).then(|| self.library.now_ms() + retention_ms);
        let kind = if container.page_type == PageType::Request { Requested::KIND } else { Container::KIND };
        let wish = InboxWish { name, expires_at, realm: REALM, kind, body: container.to_text() };
        let (folder, record) = self.library.create_inbox(actor, wish).await?;
        Ok(Found { folder, row: Row { record, it: container } })
    }
}

/// Creates a container.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    Sent(data): Sent,
) -> Result<Response, Refused> {
    let mut input = Input::new(&data)?;
    let page_type = input.choice("page_type", &["pushpull", "p2"], Need::REQUIRED);
    let callback_url = input.url("callback_url", Text::optional().or_blank().or_null().max(2_000));
    let display_chat = input.flag("display_chat", Need::OPTIONAL);
    let requester = input.integer("requester", Integer::of(Need::OPTIONAL.or_null()).min(1).max(i64::MAX));
    expect_callable(&botdoc.library, &mut input, callback_url.as_deref());
    input.finish()?;
    let container = Container {
        identifier: hex_key_32(),
        page_type: if page_type == Some("p2") { PageType::P2 } else { PageType::Pushpull },
        callback_url: callback_url.unwrap_or_default(),
        display_chat: display_chat.unwrap_or(false),
        requester: requester.or_else(|| actor.user().map(|user| user.id)),
        request: None,
    };
    let name = format!("Container {}", &container.identifier[..8]);
    let found = botdoc.add_container(&actor, container, &name).await?;
    crate::callbacks::tell(&botdoc, &actor, &found, "container", view(&found)).await;
    Ok(json_answer(StatusCode::CREATED, &view(&found)))
}

/// Refuses an address that no call may go to.
pub(crate) fn expect_callable(library: &Library, input: &mut Input<'_>, url: Option<&str>) {
    let Some(url) = url.filter(|url| !url.is_empty()) else { return };
    if library.check_call_address(url).is_err() {
        input.refuse("callback_url", "This server does not call this address.");
    }
}

/// The account's containers, newest first, or the one of a recipient.
pub(crate) async fn list(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    uri: Uri,
) -> Result<Response, Refused> {
    let query = uri.query().unwrap_or_default();
    let recipient = filter(query, "recipient")?;
    let page = Page::of(query)?;
    let (turned, found) = match recipient {
        None => {
            let (turned, rows) = records.page::<Container>(&actor, page).await?;
            (turned, records.containers(&botdoc.library, &actor, rows).await?)
        }
        Some(id) => {
            let recipient = match records.get::<Recipient>(&actor, id).await {
                Err(Fault::NotFound(_) | Fault::Denied) => return Err(Errors::no_such_choice("recipient").into()),
                recipient => recipient?,
            };
            let found = match records.container(&botdoc.library, &actor, recipient.folder_id()?).await {
                Err(Fault::NotFound(_) | Fault::Denied) => Vec::new(),
                found => vec![found?],
            };
            (page.turn(found.len() as u64)?, found)
        }
    };
    let results = found.iter().map(view).collect();
    Ok(json_answer(StatusCode::OK, &envelope(&base.join(uri.path()), query, &turned, results)))
}

/// One container.
pub(crate) async fn one(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    Named(id): Named,
) -> Result<Response, Refused> {
    let found = records.container(&botdoc.library, &actor, number(&id)?).await?;
    Ok(json_answer(StatusCode::OK, &view(&found)))
}

/// A container as clients see it.
pub(crate) fn view(found: &Found) -> Value {
    let Found { folder, row } = found;
    json!({
        "id": folder.id,
        "identifier": row.it.identifier,
        "page_type": row.it.page_type.word(),
        "callback_url": row.it.callback_url,
        "display_chat": row.it.display_chat,
        "requester": row.it.requester,
        "expiration": folder.expires_at.map(time),
        "created": time(folder.created_at),
        "updated": time(row.record.updated_at.max(folder.updated_at)),
    })
}

/// The container that a field names, if there is one that the actor may fill.
pub(crate) async fn named(
    botdoc: &Botdoc,
    actor: &Actor,
    input: &mut Input<'_>,
    name: &'static str,
) -> Result<Option<Found>, Refused> {
    let Some(key) = input.key(name, Need::REQUIRED) else { return Ok(None) };
    let Some(folder) = crate::uploads::folder_of(&botdoc.library, actor, input, name, &key).await? else {
        return Ok(None);
    };
    match Records::of(botdoc.library.clone()).container(&botdoc.library, actor, folder.id).await {
        Ok(found) => Ok(Some(found)),
        Err(Fault::NotFound(_)) => {
            input.no_such(name, &key);
            Ok(None)
        }
        Err(fault) => Err(fault.into()),
    }
}
