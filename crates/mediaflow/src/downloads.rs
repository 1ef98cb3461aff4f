//! Downloads: the forms that a file is offered in, and the URLs that are their own credential. Contract 1a, 13 to 15.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use library::{Actor, Asset, Fault, Library, Noun, Offer, Plan};
use serde_json::{Value, json};
use wire::{Asked, Base, Cache, Disposition, Manner, Query};

use crate::{
    Config,
    assets::Answer,
    auth::{Anybody, Caller},
    error::Refused,
    forms::{self, Offered},
    rights,
    segments::{Id, Segments},
    types,
    url::{Cut, is_true, parse_cut, plan_of},
};

/// For how long a download URL works, in seconds.
const DOWNLOAD_S: i64 = 3_600;

/// Bytes stop being given when the file does: whoever keeps them asks again.
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Attachment, cache: Cache::Private { max_age_s: 0 }, vary: None };
const SHOWN: Manner<'static> =
    Manner { disposition: Disposition::Inline, cache: Cache::Public { max_age_s: 300 }, vary: None };

/// Every form of a file.
pub(crate) async fn all(
    State(library): State<Library>,
    State(config): State<Arc<Config>>,
    Caller(actor): Caller,
    base: Base,
    Id(id): Id,
) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let offers = Offers::of(&library, &actor, &base, &asset).await?;
    let mut views = Vec::new();
    for offered in forms::offered(&config).filter(|offered| has_form(&asset, offered)) {
        views.push(offers.view(&offered).await?);
    }
    Ok(Json(views))
}

/// One form of a file.
pub(crate) async fn one(
    State(library): State<Library>,
    State(config): State<Arc<Config>>,
    Caller(actor): Caller,
    base: Base,
    Id(id): Id,
    segments: Segments,
) -> Answer {
    let asset = library.asset(&actor, id).await?;
    let offered = segments.at(4).trim().parse().ok().and_then(|id| forms::find(&config, id));
    let offered = offered.filter(|offered| has_form(&asset, offered)).ok_or(Fault::NotFound(Noun::Rendition))?;
    Ok(Json(vec![Offers::of(&library, &actor, &base, &asset).await?.view(&offered).await?]))
}

/// What can not be drawn has no other form than its own.
fn has_form(asset: &Asset, offered: &Offered<'_>) -> bool {
    matches!(offered, Offered::Original) || asset.version.as_ref().is_some_and(|version| version.pixels.is_some())
}

/// What is the same for every form of a file.
struct Offers<'a> {
    library: &'a Library,
    actor: &'a Actor,
    base: &'a Base,
    asset: &'a Asset,
    code: String,
    warns: bool,
}

impl<'a> Offers<'a> {
    /// Refused when the file's rights keep it from being downloaded.
    async fn of(library: &'a Library, actor: &'a Actor, base: &'a Base, asset: &'a Asset) -> Result<Self, Refused> {
        let permission = rights::of(library, actor, asset).await?;
        if let Some(reason) = permission.denied {
            return Err(Refused::new(StatusCode::FORBIDDEN, reason));
        }
        let code = library.codes().await?.of(asset.id);
        Ok(Self { library, actor, base, asset, code, warns: permission.warns })
    }

    async fn view(&self, offered: &Offered<'_>) -> Result<Value, Refused> {
        let until = self.library.now_ms() + DOWNLOAD_S * 1_000;
        let signature = self.library.offer(self.actor, &offer_of(self.asset.id, offered.id(), until)).await?;
        Ok(json!({
            "id": offered.id(),
            "format": offered.name(),
            "watermark": false,
            "isPreview": false,
            "filetype": offered.filetype(self.asset),
            "expiresIn": DOWNLOAD_S,
            "downloadURL": self.base.join(&format!("/d/{}/{}?k={until}.{signature}", self.code, offered.id())),
            "downloadWarning": self.warns,
        }))
    }
}

fn offer_of(asset_id: i64, format: i64, until: i64) -> Offer {
    Offer { asset_id, form: format!("mediaflow/{format}"), until: Some(until) }
}

/// The bytes of a download URL; or, for `permalink=true`, a URL for good that gives the same.
pub(crate) async fn fetch(
    State(library): State<Library>,
    State(config): State<Arc<Config>>,
    Anybody(anybody): Anybody,
    base: Base,
    asked: Asked,
    query: Query,
    segments: Segments,
) -> Result<Response, Refused> {
    let id = library.codes().await?.read(&segments.at(1)).ok_or_else(Refused::dead_url)?;
    let format: i64 = segments.at(2).parse().map_err(|_| Refused::dead_url())?;
    let (until, signature) = query.get("k").and_then(|key| key.split_once('.')).ok_or_else(Refused::dead_url)?;
    let until = until.parse().map_err(|_| Refused::dead_url())?;
    let offer = offer_of(id, format, until);
    let asset = library.offered_asset(&anybody, &offer, signature).await.map_err(dead)?;
    let offered = forms::find(&config, format).ok_or_else(Refused::dead_url)?;
    let cut = merged(offered.cut(), parse_cut(|name| query.get(name))?);
    if query.get("permalink").is_some_and(is_true) {
        let name = name_of(&asset, &cut);
        let lasting = lasting_offer(id, &cut, &name);
        let signature = library.offer_by(&anybody, (&offer, signature), &lasting).await.map_err(dead)?;
        let url = lasting_url(&base, &signature, &segments.at(1), &cut, &name);
        return Ok(Json(json!({ "url": url })).into_response());
    }
    let plan = plan_of(&cut, pixels(&asset));
    deliver(&library, &anybody, &asked, (&offer, signature), plan, &MANNER).await
}

/// The bytes of a URL that was given out for good.
pub(crate) async fn permanent(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    asked: Asked,
    segments: Segments,
) -> Result<Response, Refused> {
    let id = library.codes().await?.read(&segments.at(2)).ok_or_else(Refused::dead_url)?;
    let cut = Cut::from_form(&segments.at(3)).ok_or_else(Refused::dead_url)?;
    let (offer, signature) = (lasting_offer(id, &cut, &segments.at(4)), segments.at(1));
    let asset = library.offered_asset(&anybody, &offer, &signature).await.map_err(dead)?;
    deliver(&library, &anybody, &asked, (&offer, &signature), plan_of(&cut, pixels(&asset)), &SHOWN).await
}

/// A URL for good of a whole file, for players: whoever knows its code may have it.
pub(crate) async fn lasting(library: &Library, anybody: &Actor, base: &Base, asset: &Asset) -> Result<String, Refused> {
    let (cut, codes) = (Cut::default(), library.codes().await?);
    let lasting = lasting_offer(asset.id, &cut, &asset.name);
    let signature = library.offer_by_code(anybody, &lasting).await?;
    Ok(lasting_url(base, &signature, &codes.of(asset.id), &cut, &asset.name))
}

fn lasting_offer(asset_id: i64, cut: &Cut, name: &str) -> Offer {
    Offer { asset_id, form: format!("mediaflow/{}/{name}", cut.to_form()), until: None }
}

/// What stands behind the last dot of it is taken for the type, so there is nothing behind the name.
fn lasting_url(base: &Base, signature: &str, code: &str, cut: &Cut, name: &str) -> String {
    base.join(&format!("/p/{signature}/{code}/{}/{}", cut.to_form(), wire::escape_segment(name)))
}

/// What a format asks for, and what the client asks for on top.
fn merged(of_format: Cut, asked: Cut) -> Cut {
    Cut {
        part: asked.part.or(of_format.part),
        size: asked.size.or(of_format.size),
        stretch: if asked.size.is_some() { asked.stretch } else { of_format.stretch },
        format: asked.format.or(of_format.format),
    }
}

/// The file's name, with the extension of what comes out.
fn name_of(asset: &Asset, cut: &Cut) -> String {
    let made_of = asset.version.as_ref().and_then(|version| {
        let plan = plan_of(cut, version.pixels)?;
        version.pixels.map(|_| library::extension_of(&plan, version))?
    });
    match made_of {
        Some(extension) => format!("{}.{extension}", types::stem(&asset.name)),
        None => asset.name.clone(),
    }
}

fn pixels(asset: &Asset) -> Option<(u32, u32)> {
    asset.version.as_ref()?.pixels
}

async fn deliver(
    library: &Library,
    anybody: &Actor,
    asked: &Asked,
    offer: (&Offer, &str),
    plan: Option<Plan>,
    manner: &Manner<'_>,
) -> Result<Response, Refused> {
    let delivery = library.offered_contents(anybody, offer, plan.as_ref()).await.map_err(dead)?;
    let delivery = match manner.disposition {
        Disposition::Inline => library.shown(delivery).await?,
        Disposition::Attachment => delivery,
    };
    library.count_download(anybody, &delivery.toll, asked.portion_of(&delivery.content)).await?;
    Ok(wire::deliver(asked, delivery.content, manner))
}

fn dead(fault: Fault) -> Refused {
    match fault {
        Fault::Denied | Fault::Expired => Refused::dead_url(),
        fault => fault.into(),
    }
}
