//! Every row that says that bytes lie somewhere: blobs, renditions, and the parts of uploads under way.

use std::str::FromStr;

use content::Digest;
use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Result,
    blobs::{BlobId, BlobKey},
    catalog::Columns,
    garbage,
    renditions::{self, Rendition},
    uploads::UploadPart,
};

/// A blob's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// The row's id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Where the bytes should be.
    pub key: BlobKey,
    /// How many they should be.
    pub size: u64,
    /// The sums that they should have.
    pub digest: Digest,
    /// Since when nothing wants them, in milliseconds since 1970.
    pub dead_at: Option<i64>,
    /// How many versions have these bytes: none of a dead blob, at least one of a living one.
    pub versions: u64,
}

/// A part of an upload under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// Of which upload.
    pub upload_id: i64,
    /// Its place, and where its bytes should be.
    pub part: UploadPart,
}

macro_rules! select_blobs {
    ($rest:literal) => {
        concat!(
            "select b.id, b.tenant_id, b.blob_key, b.size, b.sha256, b.md5, b.crc32, b.dead_at, \
             (select count(*) from versions v where v.blob_id = b.id) as versions from blobs b ",
            $rest
        )
    };
}

const BLOBS: &str = select_blobs!("where b.id > $1 order by b.id limit $2");
const BLOB: &str = select_blobs!("where b.id = $1");
const RENDITIONS: &str =
    renditions::select!("where (blob_id, plan_key) > ($1, $2) order by blob_id, plan_key limit $3");
const PARTS: &str = "select upload_id, number, blob_key, size, md5 from upload_parts \
     where (upload_id, number) > ($1, $2) and blob_key <> '' order by upload_id, number limit $3";

impl Catalog {
    /// All blobs, dead or not, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn blob_rows(&self, after: i64, limit: i64) -> Result<Vec<BlobRow>> {
        let rows = sqlx::query(BLOBS).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read_blob).collect()
    }

    /// One blob, as it is now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn blob_row(&self, id: i64) -> Result<Option<BlobRow>> {
        sqlx::query(BLOB).bind(id).fetch_optional(self.read()).await?.as_ref().map(read_blob).transpose()
    }

    /// Lets a blob die that has no version; one that has some lives on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn bury_blob(&self, id: i64, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        garbage::bury(tx.conn(), vec![id], now_ms).await?;
        tx.commit().await
    }

    /// All renditions after `(blob_id, plan_key)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendition_rows(&self, after: (i64, &str), limit: i64) -> Result<Vec<Rendition>> {
        let query = sqlx::query(RENDITIONS).bind(after.0).bind(after.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(renditions::read).collect()
    }

    /// Forgets a rendition, so that it is made again; false when it is another by now, or none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_rendition(&self, rendition: &Rendition) -> Result<bool> {
        Ok(!self.remove_renditions(std::slice::from_ref(rendition), i64::MAX).await?.is_empty())
    }

    /// The parts of all uploads under way, after `(upload_id, number)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn upload_part_rows(&self, after: (i64, i64), limit: i64) -> Result<Vec<PartRow>> {
        let query = sqlx::query(PARTS).bind(after.0).bind(after.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read_part).collect()
    }
}

fn read_blob(row: &AnyRow) -> Result<BlobRow> {
    let (key, crc32) = (row.text("blob_key")?, row.int("crc32")?);
    Ok(BlobRow {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        key: BlobKey::Original(BlobId::from_str(&key).map_err(|_| Error::Corrupt(format!("blob key {key:?}")))?),
        size: row.count("size")?,
        digest: Digest {
            sha256: row.array("sha256")?,
            md5: row.array("md5")?,
            crc32: u32::try_from(crc32).map_err(|_| Error::Corrupt(format!("crc32 {crc32}")))?,
        },
        dead_at: row.int_or_null("dead_at")?,
        versions: row.count("versions")?,
    })
}

fn read_part(row: &AnyRow) -> Result<PartRow> {
    let part = UploadPart {
        number: row.int("number")?,
        blob_key: row.text("blob_key")?,
        size: row.count("size")?,
        md5: row.array("md5")?,
    };
    Ok(PartRow { upload_id: row.int("upload_id")?, part })
}
