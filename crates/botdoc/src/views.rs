//! Our nouns as Botdoc's objects. All keys are always there; contract section 1.2.

use std::collections::HashMap;

use jiff::Timestamp;
use library::{Actor, Asset, AssetState, ChunkProgress, Fault, Library, Logged, Removal, split_extension};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wire::Base;

/// Where the sender of a file was: a note of ours among its fields.
pub(crate) const ADDRESS: &str = ".botdoc.address";
/// In how many chunks it came.
pub(crate) const CHUNKS: &str = ".botdoc.chunks";
/// By which link a recipient sent it, and to which feature: `notification/feature`.
pub(crate) const FROM: &str = ".botdoc.from";

const UNKNOWN: &str = "application/octet-stream";

/// What a file is by its name alone, where its bytes do not say it.
fn by_extension(extension: &str) -> &'static str {
    const TYPES: &[(&str, &str)] = &[
        ("avif", "image/avif"),
        ("doc", "application/msword"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("gif", "image/gif"),
        ("htm", "text/html"),
        ("html", "text/html"),
        ("jpeg", "image/jpeg"),
        ("jpg", "image/jpeg"),
        ("json", "application/json"),
        ("mov", "video/quicktime"),
        ("mp3", "audio/mpeg"),
        ("mp4", "video/mp4"),
        ("pdf", "application/pdf"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
        ("tif", "image/tiff"),
        ("tiff", "image/tiff"),
        ("txt", "text/plain"),
        ("webp", "image/webp"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("zip", "application/zip"),
    ];
    TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map_or(UNKNOWN, |(_, media_type)| media_type)
}

/// The type of a file as clients see it.
pub(crate) fn type_of<'a>(media_type: &'a str, name: &str) -> &'a str {
    if media_type == UNKNOWN { by_extension(split_extension(name).1) } else { media_type }
}

/// A time as the framework writes it: with microseconds and `Z`.
pub(crate) fn time(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// What a list of files is shown by, read at once for all of them.
struct Told {
    addresses: HashMap<i64, String>,
    chunks: HashMap<i64, String>,
    downloads: Vec<Logged>,
    removals: HashMap<i64, Removal>,
}

/// Files as clients see them, in that order.
///
/// # Errors
/// When the library is out of order.
pub(crate) async fn medias(
    library: &Library,
    actor: &Actor,
    base: &Base,
    assets: &[Asset],
) -> Result<Vec<Value>, Fault> {
    let told = Told {
        addresses: library.field_of_assets(actor, assets, ADDRESS).await?.into_iter().collect(),
        chunks: library.field_of_assets(actor, assets, CHUNKS).await?.into_iter().collect(),
        downloads: library.logged_downloads(actor, assets).await?,
        removals: library.removals(actor, assets).await?.into_iter().map(|gone| (gone.asset_id, gone)).collect(),
    };
    let now_ms = library.now_ms();
    let mut views = Vec::with_capacity(assets.len());
    for asset in assets {
        let progress = match asset.state {
            AssetState::Uploading => library.chunk_progress(asset).await?,
            AssetState::Ready | AssetState::Removed | AssetState::Placeholder => None,
        };
        views.push(media(asset, &told, progress.as_ref(), base, now_ms));
    }
    Ok(views)
}

/// One file.
///
/// # Errors
/// As for [`medias`].
pub(crate) async fn one_media(library: &Library, actor: &Actor, base: &Base, asset: &Asset) -> Result<Value, Fault> {
    let mut views = medias(library, actor, base, std::slice::from_ref(asset)).await?;
    Ok(views.pop().unwrap_or_default())
}

fn media(asset: &Asset, told: &Told, progress: Option<&ChunkProgress>, base: &Base, now_ms: i64) -> Value {
    let removal = told.removals.get(&asset.id);
    let version = asset.version.as_ref();
    let is_over = asset.expires_at.is_some_and(|at| at <= now_ms);
    let extension = split_extension(&asset.name).1;
    let media_type = match (version, removal, progress) {
        (Some(version), ..) => version.media_type.as_str(),
        (None, Some(removal), _) => removal.media_type.as_str(),
        (None, None, Some(progress)) => progress.declared_type.as_str(),
        (None, None, None) => UNKNOWN,
    };
    let media_type = type_of(media_type, &asset.name);
    let bytes = match (version, removal, progress) {
        (Some(version), ..) => version.blob.size,
        (None, Some(removal), _) => removal.size,
        (None, None, progress) => progress.map_or(0, |progress| progress.bytes),
    };
    let md5 = version.map(|version| version.blob.digest.md5).or(removal.map(|removal| removal.md5));
    let total = progress.map(|progress| progress.parts);
    let total = total.or_else(|| told.chunks.get(&asset.id)?.parse().ok()).unwrap_or(1);
    let state = match asset.state {
        AssetState::Uploading | AssetState::Placeholder => "uploading",
        AssetState::Ready if !is_over => "available",
        AssetState::Ready | AssetState::Removed => "removed",
    };
    let removed_at = removal.map(|removal| removal.removed_at).or(asset.expires_at.filter(|_| is_over));
    json!({
        "id": asset.id,
        "name": asset.name,
        "content_type": media_type,
        "bytes": bytes,
        "extension": extension,
        "file": stored_name(&asset.key, extension),
        "total_chunks": total,
        "metadata": { "remote_addr": told.addresses.get(&asset.id) },
        "created": time(asset.created_at),
        "updated": time(asset.updated_at),
        "current_chunk": progress.map_or(total, |progress| progress.received),
        "file_checksum": md5.map(hex::encode),
        "removed_at": removed_at.map(time),
        "removed_requested_from": removal.and_then(|removal| removal.address.as_deref()),
        "media_download": told.downloads.iter().filter(|one| one.asset_id == asset.id).map(download).collect::<Vec<_>>(),
        "times_downloaded": asset.download_count,
        "state": state,
        "download_link_data_collection":
            base.join(&format!("/v1/module_container_pushpull/mediadatacollection/{}/download/", asset.id)),
        "max_allowed_times_downloaded": asset.download_limit,
        "tag": asset.title,
        "request": asset.folder.id,
    })
}

fn download(one: &Logged) -> Value {
    json!({
        "id": one.id,
        "media": one.asset_id,
        "created": time(one.made_at),
        "metadata": { "remote_addr": one.address },
    })
}

/// What a file is called on the server: 32 hexadecimal digits that say nothing, and the extension.
fn stored_name(key: &str, extension: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let name = hex::encode(&digest[..16]);
    if extension.is_empty() { name } else { format!("{name}.{extension}") }
}
