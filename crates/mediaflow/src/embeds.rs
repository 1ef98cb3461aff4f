//! What a web page needs to show a film or picture: a description of it, and the code to put into the page. Both for whoever knows
//! the file's code, which of a picture gives the preview and not the original. Contract 1a, 28 and 29.

use axum::{Json, body::Body, extract::State};
use content::Family;
use library::{Asset, Fault, Library, Noun, Picture};
use serde_json::{Map, Value, json};
use wire::{Base, escape_html};

use crate::{
    auth::Anybody,
    bodies, downloads,
    error::Refused,
    previews::{MEDIUM, POSTER},
    segments::Segments,
    types,
    views::preview_path,
};

/// Title, poster and files of a film.
pub(crate) async fn media(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    base: Base,
    segments: Segments,
) -> Result<Json<Value>, Refused> {
    let code = segments.at(1);
    let shown = Shown::of(&library, &anybody, &base, &code).await?;
    let Some(url) = shown.url.as_ref().filter(|_| shown.family() == Family::Video) else {
        return Err(Fault::NotFound(Noun::Asset).into());
    };
    let files = json!([{ "size": shown.width(), "src": url }]);
    Ok(Json(json!({ "title": shown.title(), "poster": shown.poster, "mp4s": files })))
}

/// The code that shows a film or picture in a page.
pub(crate) async fn embed(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    base: Base,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let body = bodies::object(body).await?;
    let code = ["mediaId", "videoId", "imageId"].iter().find_map(|key| text(&body, key));
    let code = code.ok_or_else(|| Refused::bad("The field videoId or imageId is required and must be a mediaId"))?;
    let shown = Shown::of(&library, &anybody, &base, code).await?;
    let title = escape_html(text(&body, "mediaTitle").unwrap_or(shown.title()));
    let (url, poster) = (escape_html(shown.url.as_deref().unwrap_or_default()), escape_html(&shown.poster));
    let autoplay = body.get("options").and_then(|options| options.get("autoPlay")).is_some_and(|auto| auto == true);
    let start = if autoplay { " autoplay muted" } else { "" };
    let player = match shown.family() {
        Family::Video => format!(
            r#"<video controls playsinline preload="none"{start} poster="{poster}" src="{url}" title="{title}" style="width:100%;height:auto"></video>"#
        ),
        Family::Audio => format!(r#"<audio controls preload="none"{start} src="{url}" title="{title}"></audio>"#),
        Family::Image if !poster.is_empty() => {
            format!(r#"<img src="{poster}" alt="{title}" style="max-width:100%;height:auto">"#)
        }
        Family::Image | Family::Font | Family::Other => return Err(Fault::NotFound(Noun::Asset).into()),
    };
    let responsive = text(&body, "embedType") == Some("iframe-responsive");
    let code = if responsive { format!(r#"<div style="position:relative;width:100%">{player}</div>"#) } else { player };
    Ok(Json(json!({ "embedCode": code })))
}

/// A file that is to be shown.
struct Shown {
    asset: std::sync::Arc<Asset>,
    /// Of what plays.
    url: Option<String>,
    poster: String,
}

impl Shown {
    async fn of(library: &Library, anybody: &library::Actor, base: &Base, code: &str) -> Result<Self, Refused> {
        let id = library.codes().await?.read(code).ok_or(Fault::NotFound(Noun::Asset))?;
        let asset = library.given_asset(anybody, id).await?;
        let version = asset.version.as_ref();
        let family = version.map_or(Family::Other, |version| version.media_type.family());
        let url = match family {
            Family::Video | Family::Audio => Some(downloads::lasting(library, anybody, base, &asset).await?),
            Family::Image | Family::Font | Family::Other => None,
        };
        let drawn = version.is_some_and(|version| version.picture == Picture::Drawn) && asset.download_limit.is_none();
        let folder = if family == Family::Video { POSTER.folder } else { MEDIUM.folder };
        let poster = if drawn { base.join(&preview_path(folder, code)) } else { String::new() };
        Ok(Self { asset, url, poster })
    }

    fn family(&self) -> Family {
        self.asset.version.as_ref().map_or(Family::Other, |version| version.media_type.family())
    }

    fn title(&self) -> &str {
        self.asset.title.as_deref().unwrap_or_else(|| types::stem(&self.asset.name))
    }

    fn width(&self) -> u32 {
        self.asset.version.as_ref().and_then(|version| version.pixels).map_or(0, |(width, _)| width)
    }
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}
