//! Creating medias, whole or in chunks. The file may come before the fields that say what it is. Seed: "Create a media"; contract
//! section 3.2 and decisions, section 7.

use axum::{
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use content::MediaType;
use library::{
    Actor, Asset, ChunkOutcome, ChunkWish, Fault, Folder, FolderKind, Ingest, Library, Received, Terms, Upload, Which,
};
use wire::{BadMultipart, Base, Part, Parts};

use crate::{
    Botdoc, REALM,
    assets::media,
    auth::{Caller, Named},
    bodies::{self, Data, FilePart},
    error::{Refused, json_answer},
    features::{Feature, Way},
    inputs::{Input, Integer, Key, Need, Text},
    kept::Records,
    views::{self, ADDRESS, CHUNKS},
};

/// No file comes in more chunks.
const MAX_CHUNKS: i64 = 10_000;

/// What a request without files of interest carried.
pub(crate) struct Sent(pub(crate) Data);

impl<S: Sync> FromRequest<S> for Sent {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        Ok(Self(bodies::read(&parts.headers, body).await?))
    }
}

/// A form with a file in it, which has been taken in.
struct Form {
    data: Data,
    file: Option<(Received, String, Option<MediaType>)>,
}

/// What a form says about a media.
struct Said {
    folder: Option<Folder>,
    name: Option<String>,
    number: i64,
    total: i64,
    content_type: Option<String>,
    id: Option<i64>,
    tag: Option<String>,
}

/// Creates a media in a request or container, or adds a chunk to one.
pub(crate) async fn create(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    base: Base,
    request: Request,
) -> Result<Response, Refused> {
    let form = Form::take(&botdoc.library, &actor, request).await?;
    let asset = add(&botdoc, &actor, form, ("request", None), None).await?;
    let view = views::one_media(&botdoc.library, &actor, &base, &asset).await?;
    Ok(json_answer(StatusCode::CREATED, &view))
}

/// Adds a chunk to a media that is on its way.
pub(crate) async fn put_chunk(
    State(botdoc): State<Botdoc>,
    Caller(actor): Caller,
    base: Base,
    Named(id): Named,
    request: Request,
) -> Result<Response, Refused> {
    let asset = media(&botdoc.library, &actor, &id).await?;
    let mut form = Form::take(&botdoc.library, &actor, request).await?;
    let progress = botdoc.library.chunk_progress(&asset).await?;
    if let Some(progress) = progress.filter(|_| !form.says("total_chunks")) {
        form.say("total_chunks", progress.parts.to_string());
    }
    let asset = add(&botdoc, &actor, form, ("request", None), Some(&asset)).await?;
    let view = views::one_media(&botdoc.library, &actor, &base, &asset).await?;
    Ok(json_answer(StatusCode::OK, &view))
}

/// Creates a media for a push, or for the container itself.
pub(crate) async fn push_file(
    State(botdoc): State<Botdoc>,
    State(records): State<Records>,
    Caller(actor): Caller,
    base: Base,
    request: Request,
) -> Result<Response, Refused> {
    let mut form = Form::take(&botdoc.library, &actor, request).await?;
    let mut input = Input::new(&form.data)?;
    let mut max_downloads = None;
    if let Some(push) = input.key("push", Need::OPTIONAL) {
        match records.get::<Feature>(&actor, push.id).await {
            Ok(row) if row.it.way == Way::Push => {
                max_downloads = row.it.max_file_downloads;
                form.say("container", row.folder_id()?.to_string());
            }
            Ok(_) => return Err(Refused::field("push", "This is a pull.")),
            Err(Fault::NotFound(_)) => {
                input.no_such("push", &push);
                input.finish()?;
            }
            Err(fault) => return Err(fault.into()),
        }
    } else {
        input.finish()?;
    }
    let asset = add(&botdoc, &actor, form, ("container", max_downloads), None).await?;
    let view = views::one_media(&botdoc.library, &actor, &base, &asset).await?;
    Ok(json_answer(StatusCode::CREATED, &view))
}

impl Form {
    /// Takes a form in, the file to the store's staging whatever it is part of: what that is may be said behind it.
    async fn take(library: &Library, actor: &Actor, request: Request) -> Result<Self, Refused> {
        let (head, body) = request.into_parts();
        if !is_multipart(&head.headers) {
            return Ok(Self { data: bodies::read(&head.headers, body).await?, file: None });
        }
        Self::take_parts(library, actor, &head.headers, body).await
    }

    async fn take_parts(library: &Library, actor: &Actor, headers: &HeaderMap, body: Body) -> Result<Self, Refused> {
        let mut parts = match Parts::new(headers, body) {
            Ok(parts) => parts,
            Err(bad) => return Err(said_of(bad)),
        };
        let (mut texts, mut files) = (Vec::new(), Vec::new());
        let mut file = None;
        while let Some(part) = parts.next().await.map_err(said_of)? {
            match part {
                Part::Text { name, value } => texts.push((name, value)),
                Part::File { name, file_name, media_type, body } if name == "file" => {
                    let received = library.receive(actor, None, body).await?;
                    let part = FilePart { file_name: file_name.clone(), bytes: received.len() };
                    files.push((name, part));
                    file = Some((received, file_name, media_type));
                }
                Part::File { name, file_name, .. } => files.push((name, FilePart { file_name, bytes: 1 })),
            }
        }
        let mut data = Data::form(texts);
        for (name, part) in files {
            data.add_file(&name, part);
        }
        Ok(Self { data, file })
    }

    fn says(&self, name: &str) -> bool {
        matches!(&self.data, Data::Form(fields) if fields.iter().any(|(known, _)| known == name))
    }

    /// Says something that the client did not.
    fn say(&mut self, name: &str, text: String) {
        if let Data::Form(fields) = &mut self.data {
            fields.push((name.to_owned(), bodies::Json::text(text)));
        }
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data")
}

fn said_of(bad: BadMultipart) -> Refused {
    let words = |words: &str| Refused::detail(StatusCode::BAD_REQUEST, format!("Multipart form parse error - {words}"));
    match bad {
        BadMultipart::NotMultipart | BadMultipart::MissingBoundary => words("Invalid boundary in multipart: None"),
        BadMultipart::Malformed | BadMultipart::Interrupted => words("Invalid multipart body."),
        BadMultipart::TooManyParts => {
            Refused::detail(StatusCode::BAD_REQUEST, "The number of GET/POST parameters exceeded 1000.")
        }
        BadMultipart::TextTooLong => Refused::detail(StatusCode::BAD_REQUEST, "A field of the form is too long."),
        BadMultipart::TooLarge => Refused::field("file", "The submitted file is too large."),
    }
}

/// Checks a form and adds what it brings to the place that a field of this name says; `max_downloads` where that is not as usual.
async fn add(
    botdoc: &Botdoc,
    actor: &Actor,
    form: Form,
    (place, max_downloads): (&'static str, Option<i64>),
    known: Option<&Asset>,
) -> Result<Asset, Refused> {
    let Form { data, file } = form;
    let mut input = Input::new(&data)?;
    input.file("file", Need::REQUIRED);
    let said = Said::read(&botdoc.library, actor, &mut input, place, known).await?;
    input.finish()?;
    let (Some((received, file_name, declared_type)), Some(folder)) = (file, said.folder) else {
        return Err(Refused::field("file", "No file was submitted."));
    };
    let declared_type = said.content_type.as_deref().and_then(MediaType::parse).or(declared_type);
    let name = said.name.filter(|name| !name.trim().is_empty()).unwrap_or(file_name);
    let mut terms = terms_in(botdoc, &folder);
    terms.download_limit = max_downloads.or(terms.download_limit);
    let address = actor.origin().address.map(|address| (ADDRESS.to_owned(), address.to_string()));
    let mut fields: Vec<(String, String)> = address.into_iter().collect();
    if said.total == 1 && said.id.is_none() {
        let upload = Upload { received, name, declared_type, fields, title: said.tag, terms };
        return one_of(botdoc.library.add_assets(actor, folder.id, vec![upload], Ingest::default()).await?);
    }
    fields.push((CHUNKS.to_owned(), said.total.to_string()));
    let wish = ChunkWish {
        realm: REALM,
        folder_id: folder.id,
        name,
        title: said.tag,
        declared_type,
        fields,
        terms,
        which: said.id.map_or(Which::ByName, Which::Asset),
        number: said.number,
        parts: said.total,
    };
    let id = match botdoc.library.receive_chunk(actor, wish, received).await {
        Ok(outcome) => taken(outcome)?,
        Err(Fault::NotFound(library::Noun::Upload)) => return Err(no_such_upload(said.id, known)),
        Err(fault) => return Err(fault.into()),
    };
    Ok(botdoc.library.listed_asset(actor, id).await?)
}

fn one_of(mut assets: Vec<Asset>) -> Result<Asset, Refused> {
    assets.pop().ok_or_else(|| Fault::NotFound(library::Noun::Asset).into())
}

fn no_such_upload(id: Option<i64>, known: Option<&Asset>) -> Refused {
    match (id, known) {
        (Some(id), None) => Refused::field("id", &format!("Invalid pk \"{id}\" - object does not exist.")),
        _ => Refused::field("current_chunk", "This media is not waiting for chunks."),
    }
}

fn taken(outcome: ChunkOutcome) -> Result<i64, Refused> {
    match outcome {
        ChunkOutcome::Taken(id) => Ok(id),
        ChunkOutcome::OutOfOrder { next } => {
            Err(Refused::field("current_chunk", &format!("Chunk {next} is expected.")))
        }
        ChunkOutcome::Ambiguous => {
            Err(Refused::field("id", "Several medias of this name are on their way: say which by its id."))
        }
        ChunkOutcome::OtherBytes => Err(Refused::field("file", "This chunk was sent before with other content.")),
        ChunkOutcome::OtherTotal { parts } => {
            Err(Refused::field("total_chunks", &format!("This media was announced with {parts} chunks.")))
        }
    }
}

/// How long what is put there lasts, and how often it may be fetched.
pub(crate) fn terms_in(botdoc: &Botdoc, folder: &Folder) -> Terms {
    let retention_ms = botdoc.config.retention_ms;
    let expires_at = match folder.kind {
        FolderKind::Inbox => folder.expires_at,
        FolderKind::Root | FolderKind::Space | FolderKind::Plain => {
            (retention_ms > 0).then(|| botdoc.library.now_ms() + retention_ms)
        }
    };
    Terms { download_limit: Some(botdoc.config.max_downloads), expires_at, ends_for_good: true }
}

impl Said {
    async fn read(
        library: &Library,
        actor: &Actor,
        input: &mut Input<'_>,
        place: &'static str,
        known: Option<&Asset>,
    ) -> Result<Self, Refused> {
        let need = if known.is_some() { Need::OPTIONAL } else { Need::REQUIRED };
        let request = input.key(place, need);
        let name = input.text("name", Text::optional().or_blank().max(255));
        let total = input.integer("total_chunks", Integer::optional().default(1).min(1).max(MAX_CHUNKS));
        let most = total.unwrap_or(MAX_CHUNKS);
        let number = input.integer("current_chunk", Integer::optional().default(1).min(1).max(most));
        let content_type = input.text("content_type", Text::optional().or_blank().or_null().max(255));
        let id = input.integer("id", Integer::of(Need::OPTIONAL.or_null()).min(1).max(i64::MAX));
        let tag = input.text("tag", Text::optional().or_blank().or_null().max(255));
        let folder = match (request, known) {
            (Some(key), _) => folder_of(library, actor, input, place, &key).await?,
            (None, Some(asset)) => {
                let folder = library.folder_to_fill(actor, asset.folder.id).await?;
                expect_open(library, input, place, Some(folder))
            }
            (None, None) => None,
        };
        Ok(Self {
            folder,
            name: name.or_else(|| known.map(|asset| asset.name.clone())),
            number: number.unwrap_or(1),
            total: total.unwrap_or(1),
            content_type,
            id: known.map(|asset| asset.id).or(id),
            tag: tag.filter(|tag| !tag.is_empty()),
        })
    }
}

/// The folder, unless its time is over.
fn expect_open(library: &Library, input: &mut Input<'_>, name: &'static str, folder: Option<Folder>) -> Option<Folder> {
    if folder.as_ref()?.expires_at.is_some_and(|at| at <= library.now_ms()) {
        input.refuse(name, "This request has expired.");
        return None;
    }
    folder
}

/// The folder that a request's or container's number stands for.
pub(crate) async fn folder_of(
    library: &Library,
    actor: &Actor,
    input: &mut Input<'_>,
    name: &'static str,
    key: &Key,
) -> Result<Option<Folder>, Refused> {
    match library.folder_to_fill(actor, key.id).await {
        Ok(folder) => Ok(expect_open(library, input, name, Some(folder))),
        Err(Fault::NotFound(_)) => {
            input.no_such(name, key);
            Ok(None)
        }
        Err(fault) => Err(fault.into()),
    }
}
