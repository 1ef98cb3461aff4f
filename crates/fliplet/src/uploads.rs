//! Uploading files. Any part with a file name is a file; names, context and checksums may come before or after it.

use std::collections::HashMap;

use axum::{Json, extract::State, http::StatusCode};
use content::MediaType;
use library::{Actor, Folder, Ingest, Library, Received, Terms, Upload};
use wire::{Base, Part, Parts, Query};

use crate::{
    auth::Reader,
    error::Refused,
    notes::CLIENT_CHECKSUM,
    places,
    url::Context,
    views::{FileView, FilesView, Notes, Sight, Urls},
};

/// More than any hash needs: what is kept here is shown in every list.
const MAX_CHECKSUM_BYTES: usize = 128;

/// "automatically resized to have both dimensions no larger than 3840px"
const INGEST: Ingest = Ingest { max_side_px: Some(3840), redrawn: None };

/// A file part whose bytes have arrived.
struct Arrived {
    part_name: String,
    file_name: String,
    declared_type: Option<MediaType>,
    received: Received,
}

/// A form, read to its end.
#[derive(Default)]
struct Form {
    texts: HashMap<String, String>,
    files: Vec<Arrived>,
}

/// Uploads one or more files. Seed: "Upload one or more files".
pub(crate) async fn upload_files(
    State(library): State<Library>,
    Reader(actor): Reader,
    base: Base,
    query: Query,
    parts: Result<Parts, wire::BadMultipart>,
) -> Result<(StatusCode, Json<FilesView>), Refused> {
    let context = Context::from_pairs(query.pairs())?;
    // A context in the query is checked before a byte is taken in; one in the form when the form is there.
    let folder = match context.place() {
        Some(_) => Some(places::folder_to_fill(&library, &actor, context).await?),
        None => None,
    };
    if folder.is_none() && actor.is_anonymous() {
        return Err(Refused::not_authorised());
    }
    let form = read_form(&library, &actor, folder.as_ref(), parts?).await?;
    if form.files.is_empty() {
        return Err(Refused::saying("No files were uploaded"));
    }
    let texts = form.texts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let folder = match folder {
        Some(folder) => folder,
        None => places::folder_to_fill(&library, &actor, Context::from_pairs(texts)?).await?,
    };
    let single_name = query.get("name").map(str::to_owned);
    let uploads = uploads_of(form, single_name, &folder)?;
    let sums: Vec<_> = uploads.iter().map(|upload| upload.fields.first().map(|(_, sum)| sum.clone())).collect();
    let added = library.add_assets(&actor, folder.id, uploads, INGEST).await.map_err(Refused::creating)?;
    let (urls, sight, scans) = (Urls::Cdn(base), Sight::of(&actor), library.scans());
    let files = added.iter().zip(sums).map(|(asset, client_checksum)| {
        FileView::of(asset, &urls, sight, Notes { client_checksum, scans, ..Notes::default() })
    });
    Ok((StatusCode::CREATED, Json(FilesView { files: files.collect() })))
}

async fn read_form(
    library: &Library,
    actor: &Actor,
    folder: Option<&Folder>,
    mut parts: Parts,
) -> Result<Form, Refused> {
    let mut form = Form::default();
    while let Some(part) = parts.next().await? {
        match part {
            Part::Text { name, value } => {
                form.texts.entry(name).or_insert(value);
            }
            Part::File { name, file_name, media_type, body } => {
                let received = library.receive(actor, folder.map(|folder| folder.id), body).await;
                let received = received.map_err(Refused::creating)?;
                form.files.push(Arrived { part_name: name, file_name, declared_type: media_type, received });
            }
        }
    }
    Ok(form)
}

/// Gives every file its name: `name[i]`, or `name` where there is only one, or what the part called it.
fn uploads_of(mut form: Form, single_name: Option<String>, folder: &Folder) -> Result<Vec<Upload>, Refused> {
    let alone = form.files.len() == 1;
    let checksum = form.texts.remove("checksum").filter(|_| alone);
    if checksum.as_ref().is_some_and(|sum| sum.len() > MAX_CHECKSUM_BYTES || !sum.bytes().all(|b| b.is_ascii_graphic()))
    {
        return Err(Refused::saying("The checksum must be at most 128 letters and digits"));
    }
    let mut uploads = Vec::with_capacity(form.files.len());
    for (at, file) in form.files.into_iter().enumerate() {
        let index = index_of(&file.part_name).unwrap_or(at);
        let given = form.texts.get(&format!("name[{index}]")).cloned();
        let given = given.or_else(|| form.texts.get("name").cloned().or_else(|| single_name.clone()).filter(|_| alone));
        let name = given.filter(|name| !name.trim().is_empty()).unwrap_or(file.file_name);
        if name.trim().is_empty() {
            return Err(Refused::saying("Filename is required"));
        }
        if is_font(&name) && folder.space().is_none() {
            let sentence = "Font files can only be uploaded to apps. Please upload them to an app folder instead.";
            return Err(Refused::saying(sentence));
        }
        let fields = checksum.iter().map(|sum| (CLIENT_CHECKSUM.to_owned(), sum.clone())).collect();
        uploads.push(Upload {
            received: file.received,
            name,
            declared_type: file.declared_type,
            fields,
            title: None,
            terms: Terms::default(),
        });
    }
    Ok(uploads)
}

/// The number in `files[3]`.
fn index_of(part_name: &str) -> Option<usize> {
    part_name.strip_suffix(']')?.rsplit_once('[')?.1.parse().ok()
}

fn is_font(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["ttf", "otf", "woff", "woff2", "eot"].iter().any(|font| extension.eq_ignore_ascii_case(font))
}
