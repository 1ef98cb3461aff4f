//! Share links: made for one version of an asset, followed by anybody, until a day, so many times. Seed, contract section 3.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use library::{Actor, Asset, AssetState, Fault, LinkWish, OpenLink, Version, Visitor};
use serde_json::{Value, json};
use wire::{Base, escape_html};

use crate::{
    MediaPocket, REALM,
    assets::{find, named_by},
    auth::{Anybody, Caller, Named, user_agent},
    bodies::{Params, Sent},
    error::{NO_LINK, Refused},
    params::{Kind, Param, required, required_hash},
    templates,
    url::expiry,
};

/// Seed: "Create shareable link". `asset_id` is in its examples and not in its table.
pub(crate) const CREATE: &[Param] = &[
    required("expiry_date", Kind::String),
    required("limit", Kind::Integer),
    required_hash("payload", &[required("media_id", Kind::Integer), required("filename", Kind::String)]),
];

/// What the page that asks for a password sends.
const OPEN: &[Param] = &[required("password", Kind::String)];

/// What a limit may be at most; contract section 6.
const MAX_LIMIT: i64 = i32::MAX as i64;

/// Makes a link.
pub(crate) async fn create(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    base: Base,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(CREATE)?;
    let payload = sent.within("payload");
    let (asset, version) = media_of(&pocket, &actor, &payload).await?;
    // What no such number holds is far beyond one bound or the other.
    let beyond = |value: &Value| if value.as_f64().is_some_and(|limit| limit < 0.0) { i64::MIN } else { i64::MAX };
    let limit = sent.value("limit").map_or(0, |value| value.as_i64().unwrap_or_else(|| beyond(value)));
    if limit < 1 {
        return Err(Refused::bad("Limit must be greater than 0"));
    }
    if limit > MAX_LIMIT {
        return Err(Refused::bad(format!("Limit must be less than or equal to {MAX_LIMIT}")));
    }
    let expires_at = sent.text("expiry_date").and_then(expiry).ok_or_else(|| Refused::bad("invalid date"))?;
    let file_name = payload.text("filename").unwrap_or_default();
    if file_name.chars().count() > 255 {
        return Err(Refused::bad("Filename is too long (maximum is 255 characters)"));
    }
    let wish = LinkWish {
        realm: REALM,
        asset_id: asset.id,
        version_id: version.id,
        file_name: file_name.to_owned(),
        use_limit: Some(limit),
        expires_at: Some(expires_at),
        password: None,
        private: None,
    };
    let link = pocket.library.add_link(&actor, wish).await.map_err(Refused::of_named)?;
    Ok(Json(json!({ "id": link.id, "url": url_of(base.as_str(), &link.key), "filename": link.file_name })))
}

/// Where a link is followed.
pub(crate) fn url_of(base: &str, key: &str) -> String {
    format!("{base}/api/v2/shareable_links/{key}")
}

/// The asset and the version that a payload names: the asset first, as the seed's example shows; by the media alone where it names none.
async fn media_of(pocket: &MediaPocket, actor: &Actor, payload: &Params) -> Result<(Asset, Version), Refused> {
    let no_asset = || Refused::bad("asset not found");
    let media_id = payload.value("media_id").and_then(Value::as_i64).unwrap_or_default();
    let Some(asset_id) = payload.value("asset_id").filter(|value| !value.is_null()) else {
        let found = pocket.library.version(actor, media_id).await.map_err(Refused::of_named)?;
        return if is_there(&found.0) { Ok(found) } else { Err(no_asset()) };
    };
    let asset = find(pocket, actor, &named_by(asset_id)).await.map_err(Refused::of_named)?;
    if !asset.lives() {
        return Err(no_asset());
    }
    let versions = pocket.library.versions(actor, asset.id).await?;
    let version = versions.into_iter().find(|version| version.id == media_id).filter(|_| is_there(&asset));
    Ok((asset, version.ok_or_else(|| Refused::bad("media not found"))?))
}

fn is_there(asset: &Asset) -> bool {
    asset.lives() && asset.state == AssetState::Ready
}

/// Follows a link: 302 to where the bytes are. HEAD looks and is not counted, so it is told a URL that is good for HEAD only.
pub(crate) async fn follow(
    State(pocket): State<MediaPocket>,
    Anybody(actor): Anybody,
    caller: Result<Caller, Refused>,
    base: Base,
    method: Method,
    headers: HeaderMap,
    named: Result<Named, Refused>,
) -> Result<Response, Refused> {
    if pocket.config.require_key {
        caller?;
    }
    // A key that is no text is none, like any other.
    let named = named.map_err(|_| Refused::missing(NO_LINK))?;
    let who = Visitor { user_agent: user_agent(&headers), password: None };
    match pocket.library.open_link(&actor, REALM, named.get("key"), who).await {
        Ok(opened) if method == Method::HEAD => {
            pocket.library.look_at_link(&opened).await?;
            let (what, name) = ((&*opened.asset, &opened.version, opened.form), &opened.link.file_name);
            Ok(redirect(&pocket.presign_for(&Method::HEAD, &base, what, name).await?))
        }
        Ok(opened) => give(&pocket, &base, &opened).await,
        // Somebody made it with a password, by another way than this API.
        Err(Fault::Denied) => Ok(ask_for_password(&headers, &base, named.get("key"), false)),
        Err(fault) => Err(Refused::of_link(fault)),
    }
}

/// Follows a link by its password.
pub(crate) async fn open(
    State(pocket): State<MediaPocket>,
    Anybody(actor): Anybody,
    caller: Result<Caller, Refused>,
    base: Base,
    headers: HeaderMap,
    named: Named,
    sent: Sent,
) -> Result<Response, Refused> {
    if pocket.config.require_key {
        caller?;
    }
    let sent = match sent.checked(OPEN) {
        Err(refused) if !wants_page(&headers) => return Err(refused),
        // A person is asked again.
        checked => checked.ok(),
    };
    let password = sent.as_ref().and_then(|sent| sent.text("password"));
    let who = Visitor { user_agent: user_agent(&headers), password };
    match pocket.library.open_link(&actor, REALM, named.get("key"), who).await {
        Ok(opened) => give(&pocket, &base, &opened).await,
        Err(Fault::Denied) => Ok(ask_for_password(&headers, &base, named.get("key"), true)),
        Err(fault) => Err(Refused::of_link(fault)),
    }
}

/// Counts a use and sends its holder on. The URL is made first: what is counted names it.
async fn give(pocket: &MediaPocket, base: &Base, opened: &OpenLink) -> Result<Response, Refused> {
    let url = pocket.presign(base, (&opened.asset, &opened.version, opened.form), &opened.link.file_name).await?;
    let ticket = url.rsplit_once("X-Amz-Signature=").map_or("", |(_, signature)| signature);
    pocket.library.follow_link(opened, ticket).await.map_err(Refused::of_link)?;
    Ok(redirect(&url))
}

/// The framework's redirect, with its body. No proxy is to keep what is counted.
fn redirect(url: &str) -> Response {
    let body = format!("<html><body>You are being <a href=\"{}\">redirected</a>.</body></html>", escape_html(url));
    let mut response = (StatusCode::FOUND, Html(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // It is ASCII: paths, names and signatures are escaped.
    if let Ok(location) = HeaderValue::from_str(url) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Whether a browser asks, for a person.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default().contains("text/html")
}

/// A page for people, an error for programs.
fn ask_for_password(headers: &HeaderMap, base: &Base, key: &str, again: bool) -> Response {
    if !wants_page(headers) {
        return Refused::new(StatusCode::FORBIDDEN, "Password required").into_response();
    }
    let page = templates::password_page(&format!("{}/open", url_of(base.as_str(), key)), again);
    let mut response = (StatusCode::FORBIDDEN, Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(templates::POLICY));
    response
}
