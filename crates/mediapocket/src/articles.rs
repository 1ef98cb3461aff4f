//! Articles: assets whose media is text that is written here, in Markdown. Contract section 1.2.

use axum::{Json, extract::State};
use bytes::Bytes;
use content::{ByteRange, MediaType, Portion};
use futures_util::{StreamExt, TryStreamExt, stream};
use library::{Asset, Delivery, Fault};
use serde_json::{Value, json};

use crate::{
    MediaPocket,
    assets::asset_of,
    auth::{Caller, Named},
    bodies::Sent,
    details,
    error::Refused,
    params::{Kind, Param, required},
};

/// What is read into one answer: as much as can be written by one call.
const MAX_ARTICLE_BYTES: u64 = 1024 * 1024;
const WRITE: &[Param] = &[required("content", Kind::String)];

/// What is written.
pub(crate) async fn read(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
) -> Result<Json<Value>, Refused> {
    let asset = asset_of(&pocket, &actor, &named).await?;
    expect_article(&pocket, &actor, &asset).await?;
    if asset.version.is_none() {
        return Ok(Json(json!({ "content": "" })));
    }
    let Delivery { content, toll } = pocket.library.contents(&actor, asset.id, None).await?;
    let body = content.body;
    if body.len() > MAX_ARTICLE_BYTES {
        return Err(Refused::bad(format!("Article is too large (maximum is {MAX_ARTICLE_BYTES} bytes)")));
    }
    let all = Portion { bytes: body.len(), resumes: false };
    pocket.library.count_download(&actor, &toll, Some(all)).await?;
    let whole = body.read(ByteRange::whole(body.len()));
    let text = whole.try_fold(Vec::new(), |mut text, chunk: Bytes| async move {
        text.extend_from_slice(&chunk);
        Ok(text)
    });
    let text = text.await.map_err(|error| {
        tracing::error!(%error, "an article can not be read");
        Fault::Unavailable("store")
    })?;
    Ok(Json(json!({ "content": String::from_utf8_lossy(&text) })))
}

/// Writes something else: a version more.
pub(crate) async fn write(
    State(pocket): State<MediaPocket>,
    Caller(actor): Caller,
    named: Named,
    sent: Sent,
) -> Result<Json<Value>, Refused> {
    let sent = sent.checked(WRITE)?;
    let asset = asset_of(&pocket, &actor, &named).await?;
    expect_article(&pocket, &actor, &asset).await?;
    let text = sent.text("content").unwrap_or_default().to_owned();
    let body = stream::once(async { Ok(Bytes::from(text)) }).boxed();
    let received = pocket.library.receive_version(&actor, asset.folder.id, body).await?;
    let name = format!("{}.md", asset.name.trim_end_matches(".md").chars().take(60).collect::<String>());
    let markdown = MediaType::parse("text/markdown");
    pocket.library.fill_entry(&actor, asset.id, (received, markdown), &name).await?;
    Ok(Json(json!({ "content": sent.text("content") })))
}

async fn expect_article(pocket: &MediaPocket, actor: &library::Actor, asset: &Asset) -> Result<(), Refused> {
    let found = details::of_assets(&pocket.library, actor, std::slice::from_ref(asset)).await?;
    match found.get(&asset.id) {
        Some(details) if details.is_article => Ok(()),
        _ => Err(Refused::missing("article not found")),
    }
}
