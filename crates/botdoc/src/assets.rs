//! Medias: listing, looking at, downloading and deleting. Seed: "Managing your medias".

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use library::{Actor, Asset, Fault, Library, Noun};
use wire::{Asked, Base, Cache, Disposition, Manner};

use crate::{
    Botdoc,
    auth::{Caller, Named},
    envelope::envelope,
    error::{Refused, json_answer},
    inputs::{Errors, whole_number},
    url::{Page, PageNumber, filter},
    views,
};

/// Every download is counted, so nobody keeps one for others.
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Attachment, cache: Cache::Private { max_age_s: 0 }, vary: None };

/// A page of the account's medias, newest first. Seed: "Getting your medias".
pub(crate) async fn list(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    uri: Uri,
) -> Result<Response, Refused> {
    let query = uri.query().unwrap_or_default();
    let folder_id = filter(query, "request")?;
    if let Some(id) = folder_id {
        match library.folder(&actor, id).await {
            Ok(folder) if folder.lives() => {}
            Ok(_) | Err(Fault::NotFound(_) | Fault::Denied) => return Err(Errors::no_such_choice("request").into()),
            Err(fault) => return Err(fault.into()),
        }
    }
    let page = Page::of(query)?;
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    // Where the last page begins is known once they are counted.
    let skip = match page.number {
        PageNumber::Number(number) => (number - 1).saturating_mul(page.size),
        PageNumber::Last => {
            let total = library.listed_assets(&actor, folder_id, (0, 1)).await?.total;
            page.turn(total)?.offset()
        }
    };
    let listed = library.listed_assets(&actor, folder_id, (skip, size)).await?;
    let turned = page.turn(listed.total)?;
    let results = views::medias(&library, &actor, &base, &listed.assets).await?;
    Ok(json_answer(StatusCode::OK, &envelope(&base.join(uri.path()), query, &turned, results)))
}

/// One media. Seed: "Getting a specific media".
pub(crate) async fn one(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    Named(id): Named,
) -> Result<Response, Refused> {
    let asset = media(&library, &actor, &id).await?;
    Ok(json_answer(StatusCode::OK, &views::one_media(&library, &actor, &base, &asset).await?))
}

/// A media's bytes. Seed: "Download a media".
pub(crate) async fn download(
    State(library): State<Library>,
    Caller(actor): Caller,
    Named(id): Named,
    asked: Asked,
) -> Result<Response, Refused> {
    deliver(&library, &actor, number(&id)?, &asked).await
}

/// The bytes of a file, counted.
///
/// # Errors
/// 404 where there are none, 403 where it was downloaded as often as it may be.
pub(crate) async fn deliver(library: &Library, actor: &Actor, id: i64, asked: &Asked) -> Result<Response, Refused> {
    let delivery = library.contents(actor, id, None).await?;
    library.count_download(actor, &delivery.toll, asked.portion_of(&delivery.content)).await?;
    Ok(wire::deliver(asked, delivery.content, &MANNER))
}

/// Deletes a media: its bytes go at once. Seed: "Delete a media".
pub(crate) async fn remove(
    State(library): State<Library>,
    Caller(actor): Caller,
    Named(id): Named,
) -> Result<Response, Refused> {
    library.remove_asset(&actor, number(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The media with an id from a path.
pub(crate) async fn media(library: &Library, actor: &Actor, id: &str) -> Result<Asset, Refused> {
    Ok(library.listed_asset(actor, number(id)?).await?)
}

/// An id from a path; what is none is nobody's.
pub(crate) fn number(text: &str) -> Result<i64, Refused> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = whole_number(text).filter(|_| plain).and_then(|number| i64::try_from(number).ok());
    number.ok_or_else(|| Fault::NotFound(Noun::Asset).into())
}

/// What can be asked of the whole dialect besides.
impl Botdoc {
    /// The root of this dialect for links in mail.
    pub(crate) fn mail_base(&self) -> Result<&str, Refused> {
        self.config.public_base.as_deref().ok_or_else(Refused::no_public_url)
    }
}
