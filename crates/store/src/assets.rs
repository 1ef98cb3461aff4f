//! Assets: what people call files. An asset is in exactly one folder; its bytes are a version's, whose blob never changes.

mod change;
pub(crate) mod copy;
mod describe;
mod listed;
mod placeholders;
mod removal;
mod select;
mod trash;
mod versions;

use content::{Digest, Family, MediaType};
use sqlx::AnyConnection;

use crate::{
    Error, Noun, Result,
    blobs::BlobKey,
    catalog::Columns,
    folders::Folder,
    image_details::ImageDetails,
    jobs::NewJob,
    names::Slug,
    paths::{Missing, Seen},
    rules::Rule,
};

pub(crate) use change::{add_version, expect_living_folder, set_slug, size_of};
pub use copy::AssetCopy;
pub use describe::Description;
pub(crate) use describe::say;
pub use placeholders::{Filled, Filling, NewPlaceholder};
pub use removal::{Removal, RemovalWish};
pub use trash::{Expired, Premise};
pub(crate) use trash::{bring_back, erase, hold};

/// Where an asset is in its life; the trash is `deleted_at`, its own or its folder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetState {
    /// An entry that waits for its first bytes: seen by its own dialect only. There is no version, and it holds no slug.
    Placeholder,
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

/// How far the picture of a file is that lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// It is yet to be drawn.
    Waiting,
    /// It is there, or was.
    Drawn,
    /// There is none to be had.
    None,
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
    /// How far its picture is.
    pub picture: Picture,
    /// When it came, in milliseconds since 1970.
    pub created_at: i64,
    /// The bytes.
    pub blob: Blob,
}

impl Version {
    /// The SHA-256 of its bytes.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.blob.digest.sha256
    }

    /// Names these bytes: equal tags, equal bytes.
    #[must_use]
    pub fn tag(&self) -> String {
        hex::encode(&self.blob.digest.sha256[..16])
    }
}

/// When an asset ends, and how often it may be downloaded until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Downloads allowed.
    pub download_limit: Option<i64>,
    /// The first moment at which it is over, in milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Whether its bytes go for good then, and its row stays; else it goes in the trash.
    pub ends_for_good: bool,
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
    /// When it goes from there for good, if that is not for all of the trash to say.
    pub purge_at: Option<i64>,
    /// The access rules that were set on it; none: those of its folder hold.
    pub rules: Option<Vec<Rule>>,
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

/// New bytes of an asset and what they are. Bytes before rows: the blob is durable already.
#[derive(Debug, Clone)]
pub struct NewVersion {
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
    /// What the scan says at the start.
    pub scan: Scan,
    /// Who brings them.
    pub created_by: i64,
    /// Work that follows, queued in the same transaction.
    pub jobs: Vec<NewJob>,
    /// What the image tells about itself, where it has been read already.
    pub details: Option<ImageDetails>,
}

/// What a new asset is made from.
#[derive(Debug, Clone)]
pub struct NewAsset {
    /// Whose.
    pub tenant_id: i64,
    /// Where.
    pub folder_id: i64,
    /// The folders that are to be made between that folder and this one.
    pub missing: Missing,
    /// See [`Asset::key`].
    pub key: String,
    /// Display name.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// The slug wished for.
    pub slug: Slug,
    /// Its title, where it has one from the start.
    pub title: Option<String>,
    /// The title folded, for finding it.
    pub text_key: Option<String>,
    /// When it ends, and how often it may be downloaded.
    pub terms: Terms,
    /// Its first bytes, and who makes it.
    pub version: NewVersion,
    /// Free metadata to begin with: path and value, both text.
    pub fields: Vec<(String, String)>,
}

/// What became of a new asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The asset's id.
    pub asset_id: i64,
    /// False when the tenant had equal bytes already: the new ones are not needed.
    pub kept_blob: bool,
}

/// How an asset's name, place or fields change; what is `None` or not named stays.
#[derive(Debug, Clone)]
pub struct AssetChange {
    /// Where it has to be, if anywhere in particular.
    pub seen: Option<Seen>,
    /// Display name and folded name.
    pub name: Option<(String, String)>,
    /// The new folder.
    pub folder_id: Option<i64>,
    /// The folders that are to be made between that folder and this one.
    pub missing: Missing,
    /// The slug wished for afterwards.
    pub slug: Slug,
    /// Text fields to set: path and value.
    pub fields: Vec<(String, String)>,
}

/// Takes the asset's row, so that changes to one asset happen one after another; the folder is as it is at that moment.
const TAKE: &str = "update assets set updated_at = $3 where tenant_id = $1 and id = $2 and deleted_at is null \
     and state in ('ready', 'placeholder') \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.trashed_root is null) \
     returning folder_id, slug, state";
/// A statement of its own, once the asset's row is taken: a statement that waited for the row sees that one as it is then,
/// and all others as they were before.
const BYTES: &str = "select b.size from assets a join versions v on v.asset_id = a.id and v.number = a.version_number \
     join blobs b on b.id = v.blob_id where a.id = $1";
const BLOBS: &str = "select v.blob_id, b.size from versions v join blobs b on b.id = v.blob_id where v.asset_id = $1";
const DELETE_LINKS: &str = "delete from links where asset_id = $1";
const DELETE_VERSIONS: &str = "delete from versions where asset_id = $1";

/// The word by which files of a kind are found.
pub(crate) const fn family_word(family: Family) -> &'static str {
    match family {
        Family::Image => "image",
        Family::Video => "video",
        Family::Audio => "sound",
        Family::Font | Family::Other => "file",
    }
}

/// A living asset whose row this transaction holds.
pub(crate) struct Taken {
    folder_id: i64,
    slug: String,
    /// Whether it has bytes; if not, it holds no slug and is in no count.
    ready: bool,
}

pub(crate) async fn take(conn: &mut AnyConnection, tenant_id: i64, id: i64, now_ms: i64) -> Result<Taken> {
    let row = sqlx::query(TAKE).bind(tenant_id).bind(id).bind(now_ms).fetch_optional(conn).await?;
    let row = row.ok_or(Error::Missing(Noun::Asset))?;
    let ready = AssetState::parse(&row.text("state")?)? == AssetState::Ready;
    Ok(Taken { folder_id: row.int("folder_id")?, slug: row.text("slug")?, ready })
}

/// The bytes of all versions of an asset whose row this transaction holds: their blobs, each as often as a version has it, and how many
/// they are.
async fn blobs_of(conn: &mut AnyConnection, id: i64) -> Result<(Vec<i64>, i64)> {
    let rows = sqlx::query(BLOBS).bind(id).fetch_all(conn).await?;
    let (mut blobs, mut bytes) = (Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        blobs.push(row.int("blob_id")?);
        bytes += row.int("size")?;
    }
    Ok((blobs, bytes))
}

/// How many bytes the current version of an asset has whose row this transaction holds.
pub(crate) async fn bytes_of(conn: &mut AnyConnection, id: i64) -> Result<i64> {
    let row = sqlx::query(BYTES).bind(id).fetch_optional(conn).await?;
    row.map_or(Ok(0), |row| row.int("size"))
}

/// Turns an enum into its column's text and back, so that a new word is written in one place.
macro_rules! words {
    ($type:ty, $what:literal, $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// The word that stands for it in columns and listings.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
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

words!(
    AssetState,
    "asset state",
    Placeholder = "placeholder",
    Uploading = "uploading",
    Ready = "ready",
    Removed = "removed"
);
words!(Picture, "picture", Waiting = "waiting", Drawn = "drawn", None = "none");
words!(Scan, "scan state", Queued = "queued", Clean = "clean", Infected = "infected", Unscanned = "unscanned");
