//! Assets: what people call files. An asset is in exactly one folder; its bytes are a version's, whose blob never changes.

mod change;
mod select;

use content::{Digest, MediaType};

use crate::{blobs::BlobKey, folders::Folder, jobs::NewJob, names::Slug};

/// Where an asset is in its life; the trash is `deleted_at`, its own or its folder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetState {
    /// Bytes are on their way; there is no version yet.
    Uploading,
    /// There is a version.
    Ready,
    /// The row outlived its bytes.
    Removed,
}

/// What a virus scan found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Not looked at yet.
    Queued,
    /// Nothing found.
    Clean,
    /// Quarantined.
    Infected,
    /// Nobody looked: no scanner, too large, or it failed.
    Unscanned,
}

/// Immutable bytes, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The row's id.
    pub id: i64,
    /// Where the bytes are.
    pub key: BlobKey,
    /// How many.
    pub size: u64,
    /// Their sums.
    pub digest: Digest,
}

/// One state of an asset's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `MediaPocket`'s media id.
    pub id: i64,
    /// 1, 2, 3 … within the asset.
    pub number: i64,
    /// What the bytes are.
    pub media_type: MediaType,
    /// Width and height in pixels as displayed, for images.
    pub pixels: Option<(u32, u32)>,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// Whether it moves.
    pub animated: bool,
    /// When it came, in milliseconds since 1970.
    pub created_at: i64,
    /// The bytes.
    pub blob: Blob,
}

/// An asset with its folder and its current version: what a request needs to know, in one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Where.
    pub folder: Folder,
    /// 20 characters of `A-Za-z0-9_-`.
    pub key: String,
    /// Its name in a path.
    pub slug: String,
    /// Its display name.
    pub name: String,
    /// A title, if somebody gave one.
    pub title: Option<String>,
    /// A description, if somebody gave one.
    pub description: Option<String>,
    /// Where it is in its life.
    pub state: AssetState,
    /// What the scan found.
    pub scan: Scan,
    /// The current version; none while uploading and once removed.
    pub version: Option<Version>,
    /// Downloads counted.
    pub download_count: i64,
    /// Downloads allowed.
    pub download_limit: Option<i64>,
    /// When it ends, in milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Who made it.
    pub created_by: i64,
    /// When.
    pub created_at: i64,
    /// When anything of it last changed.
    pub updated_at: i64,
    /// When it was put in the trash itself.
    pub deleted_at: Option<i64>,
}

impl Asset {
    /// Whether it is in neither its own trash nor a folder's.
    #[must_use]
    pub const fn lives(&self) -> bool {
        self.deleted_at.is_none() && self.folder.lives()
    }
}

/// Bytes that have been published under their key and wait for their row.
#[derive(Debug, Clone)]
pub struct NewBlob {
    /// Where they are.
    pub key: BlobKey,
    /// How many.
    pub size: u64,
    /// Their sums.
    pub digest: Digest,
}

/// What a new asset is made from. Bytes before rows: the blob is durable already.
#[derive(Debug, Clone)]
pub struct NewAsset {
    /// Whose.
    pub tenant_id: i64,
    /// Where.
    pub folder_id: i64,
    /// See [`Asset::key`].
    pub key: String,
    /// Display name.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// The slug wished for.
    pub slug: Slug,
    /// What the scan says at the start.
    pub scan: Scan,
    /// Who makes it.
    pub created_by: i64,
    /// The bytes.
    pub blob: NewBlob,
    /// What the bytes are.
    pub media_type: MediaType,
    /// See [`Version::pixels`].
    pub pixels: Option<(u32, u32)>,
    /// See [`Version::orientation`].
    pub orientation: u8,
    /// See [`Version::animated`].
    pub animated: bool,
    /// Free metadata to begin with: path and value, both text.
    pub fields: Vec<(String, String)>,
    /// Work that follows, queued in the same transaction.
    pub jobs: Vec<NewJob>,
}

/// What became of a new asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The asset's id.
    pub asset_id: i64,
    /// False when the tenant had equal bytes already: the new ones are not needed.
    pub kept_blob: bool,
}

/// How an asset's name or place changes; what is `None` stays.
#[derive(Debug, Clone)]
pub struct AssetChange {
    /// Display name and folded name.
    pub name: Option<(String, String)>,
    /// The new folder.
    pub folder_id: Option<i64>,
    /// The slug wished for afterwards.
    pub slug: Slug,
}

/// Turns an enum into its column's text and back, so that a new word is written in one place.
macro_rules! words {
    ($type:ty, $what:literal, $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub(crate) fn parse(text: &str) -> $crate::Result<Self> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::Error::Corrupt(format!(concat!($what, " {:?}"), text))),
                }
            }
        }
    };
}
pub(crate) use words;

words!(AssetState, "asset state", Uploading = "uploading", Ready = "ready", Removed = "removed");
words!(Scan, "scan state", Queued = "queued", Clean = "clean", Infected = "infected", Unscanned = "unscanned");
