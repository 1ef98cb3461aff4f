//! Our nouns as Fliplet's JSON. Contract 1.2 and 1.3; keys in the order of the seed's samples, further ones behind them.

use content::Family;
use jiff::Timestamp;
use library::{Actor, Asset, Folder, Right, Scan};
use serde::Serialize;
use serde_json::{Value, json};
use wire::{Base, Query};

use crate::{paths, rules};

/// Which kind of URL a client wants for bytes.
pub(crate) enum Urls {
    /// `https://cdn…/apps/2/foo.jpg`
    Cdn(Base),
    /// `https://api…/v1/media/files/5/contents/foo.jpg`
    Api(Base),
}

impl Urls {
    /// What the request asks for with `cdn`.
    pub(crate) fn asked_for(base: Base, query: &Query) -> Self {
        if query.get("cdn") == Some("false") { Self::Api(base) } else { Self::Cdn(base) }
    }

    fn file(&self, asset: &Asset, path: &str) -> String {
        match self {
            Self::Cdn(base) if !is_encrypted(asset) => base.join(&format!("/{path}")),
            // What is sealed has no URL that needs no key. Contract 3.6.
            Self::Cdn(base) | Self::Api(base) => {
                let name = wire::escape_segment(&asset.name);
                base.join(&format!("/v1/media/files/{}/contents/{name}", asset.id))
            }
        }
    }

    fn thumbnail(&self, asset: &Asset) -> String {
        match self {
            Self::Cdn(base) if !is_encrypted(asset) => base.join(&format!("/{}", paths::of_thumbnail(asset))),
            Self::Cdn(base) | Self::Api(base) => base.join(&format!("/v1/media/files/{}/thumb/preview.jpg", asset.id)),
        }
    }
}

/// Whether the bytes are sealed at rest.
pub(crate) fn is_encrypted(asset: &Asset) -> bool {
    asset.version.as_ref().is_some_and(|version| version.blob.key.is_sealed())
}

/// The answer to a listing.
#[derive(Debug, Serialize)]
pub(crate) struct MediaView {
    pub(crate) folders: Vec<FolderView>,
    pub(crate) files: Vec<FileView>,
}

/// The answer to an upload.
#[derive(Debug, Serialize)]
pub(crate) struct FilesView {
    pub(crate) files: Vec<FileView>,
}

/// A media file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileView {
    id: i64,
    name: String,
    content_type: Option<String>,
    path: String,
    url: String,
    thumbnail: Option<String>,
    size: Option<(u32, u32)>,
    is_encrypted: Option<bool>,
    versions: Value,
    is_organization_media: bool,
    created_at: Timestamped,
    updated_at: Timestamped,
    app_id: Option<i64>,
    data_source_entry_id: Option<i64>,
    data_tracking_id: Option<i64>,
    media_folder_id: Option<i64>,
    user_id: i64,
    organization_id: i64,
    metadata: Metadata,
    deleted_at: Option<Timestamped>,
    master_media_file_id: Option<i64>,
    access_rules: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_folder: Option<NestedFolder>,
}

/// What is known of the bytes. Without a scanner there is no `av`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    size: u64,
    checksum: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_checksum: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    av: Option<Value>,
}

/// What a file carries that only this dialect knows of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// What the sender said the checksum was.
    pub(crate) client_checksum: Option<String>,
    /// What somebody set, where it differs from where the file lies.
    pub(crate) is_organization_media: Option<bool>,
    /// Whether files are scanned here.
    pub(crate) scans: bool,
}

/// What depends on who looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    /// Rules are shown to those who may change them.
    rules: bool,
}

impl Sight {
    pub(crate) fn of(actor: &Actor) -> Self {
        Self { rules: actor.rights().has(Right::Manage) }
    }

    fn rules_of(self, rules: Option<&[library::Rule]>) -> Option<Value> {
        rules.filter(|_| self.rules).map(rules::view)
    }
}

/// The folder of a file, as the file manager's rows read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NestedFolder {
    id: i64,
    name: String,
    app_id: Option<i64>,
    parent_id: Option<i64>,
    organization_id: i64,
}

impl FileView {
    pub(crate) fn of(asset: &Asset, urls: &Urls, sight: Sight, notes: Notes) -> Self {
        let path = paths::of_asset(asset);
        let folder = asset.folder.kind.is_shown().then_some(&asset.folder);
        let app_id = asset.folder.space();
        let version = asset.version.as_ref();
        let seen = version.filter(|version| version.pixels.is_some());
        // A page of a document is no measure of the file.
        let size = seen.filter(|version| version.media_type.family() != Family::Other).and_then(|seen| seen.pixels);
        Self {
            id: asset.id,
            name: asset.name.clone(),
            content_type: version.map(|version| version.media_type.to_string()),
            url: urls.file(asset, &path),
            path,
            thumbnail: seen.map(|_| urls.thumbnail(asset)),
            size,
            is_encrypted: is_encrypted(asset).then_some(true),
            versions: json!({}),
            is_organization_media: notes.is_organization_media.unwrap_or(app_id.is_none()),
            created_at: Timestamped(asset.created_at),
            updated_at: Timestamped(asset.updated_at),
            app_id,
            data_source_entry_id: None,
            data_tracking_id: None,
            media_folder_id: folder.map(|folder| folder.id),
            user_id: asset.created_by,
            organization_id: asset.tenant_id,
            metadata: Metadata {
                size: version.map_or(0, |version| version.blob.size),
                checksum: version.map(|version| hex::encode(version.blob.digest.md5)).unwrap_or_default(),
                client_checksum: notes.client_checksum,
                av: scan_status(asset.scan, notes.scans).map(|status| json!({ "status": status })),
            },
            deleted_at: asset.deleted_at.or_else(|| trashed_at(&asset.folder)).map(Timestamped),
            master_media_file_id: None,
            access_rules: sight.rules_of(asset.rules.as_deref()),
            // Who gets in by rules of the file's own may not be meant to know what it lies in.
            media_folder: folder.filter(|_| sight.rules || asset.rules.is_none()).map(|folder| NestedFolder {
                id: folder.id,
                name: folder.name.clone(),
                app_id,
                parent_id: plain_parent(folder),
                organization_id: asset.tenant_id,
            }),
        }
    }
}

/// A media folder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FolderView {
    id: i64,
    name: String,
    created_at: Timestamped,
    updated_at: Timestamped,
    app_id: Option<i64>,
    parent_id: Option<i64>,
    organization_id: Option<i64>,
    deleted_at: Option<Timestamped>,
    master_media_folder_id: Option<i64>,
    metadata: Value,
    access_rules: Option<Value>,
}

impl FolderView {
    pub(crate) fn of(folder: &Folder, sight: Sight) -> Self {
        let app_id = folder.space();
        Self {
            id: folder.id,
            name: folder.name.clone(),
            created_at: Timestamped(folder.created_at),
            updated_at: Timestamped(folder.updated_at),
            app_id,
            parent_id: plain_parent(folder),
            // A folder of an app does not name the organization, in captured answers.
            organization_id: app_id.is_none().then_some(folder.tenant_id),
            deleted_at: trashed_at(folder).map(Timestamped),
            master_media_folder_id: None,
            metadata: json!({}),
            access_rules: sight.rules_of(folder.rules.as_deref()),
        }
    }
}

/// The answer to a change of a file.
#[derive(Debug, Serialize)]
pub(crate) struct OneFileView {
    pub(crate) file: FileView,
}

/// The answer to a change of a folder.
#[derive(Debug, Serialize)]
pub(crate) struct OneFolderView {
    pub(crate) folder: FolderView,
}

/// When a folder went into the trash. What went with one above it says its last change: clients look whether there is a
/// time at all.
fn trashed_at(folder: &Folder) -> Option<i64> {
    folder.deleted_at.or_else(|| (!folder.lives()).then_some(folder.updated_at))
}

/// The word for a scan's state; none where nobody scans. Decisions 9.
const fn scan_status(scan: Scan, scans: bool) -> Option<&'static str> {
    match scan {
        Scan::Queued => Some("queued"),
        Scan::Clean => Some("clean"),
        Scan::Infected => Some("infected"),
        Scan::Unscanned if scans => Some("error"),
        Scan::Unscanned => None,
    }
}

/// The parent as Fliplet sees it: the top of an app or organization is no folder.
pub(crate) fn plain_parent(folder: &Folder) -> Option<i64> {
    let depth = folder.path.bytes().filter(|byte| *byte == b'/').count();
    let top = if folder.space_id.is_some() { 4 } else { 3 };
    folder.parent_id.filter(|_| depth > top)
}

/// Milliseconds since 1970 as `2017-12-14T10:49:55.489Z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamped(pub(crate) i64);

impl Serialize for Timestamped {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        serializer.collect_str(&format_args!("{time:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601_with_milliseconds() {
        let text = |ms| serde_json::to_string(&Timestamped(ms)).expect("a string");
        assert_eq!(text(1_513_248_595_489), "\"2017-12-14T10:49:55.489Z\"");
        assert_eq!(text(1_513_248_595_000), "\"2017-12-14T10:49:55.000Z\"");
    }
}
