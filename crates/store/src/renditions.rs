//! Renditions: what was made of a blob by a plan, kept so that it is made once.

use std::str::FromStr;

use content::MediaType;
use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Refusal, Result,
    blobs::{BlobId, BlobKey},
    catalog::Columns,
};

/// A rendition, as kept. Neither it nor its bytes ever change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Of which blob.
    pub blob_id: i64,
    /// By which plan: the canonical key.
    pub plan_key: String,
    /// Where its bytes are.
    pub key: BlobKey,
    /// What they are.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many bytes.
    pub size: u64,
}

const FIND: &str = "select blob_id, plan_key, blob_key, media_type, width, height, size from renditions \
     where blob_id = $1 and plan_key = $2";
const ADD: &str = "insert into renditions (blob_id, plan_key, blob_key, media_type, width, height, size, created_at, \
     used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (blob_id, plan_key) do nothing";

impl Catalog {
    /// The rendition of a blob by a plan, if it has been made.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendition(&self, blob_id: i64, plan_key: &str) -> Result<Option<Rendition>> {
        let query = sqlx::query(FIND).bind(blob_id).bind(plan_key);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Records a rendition whose bytes are durable. False when another came first: then these bytes are not needed.
    ///
    /// # Errors
    /// `Missing` when the blob is gone, `Taken` when its bytes are another rendition's.
    pub async fn add_rendition(&self, rendition: &Rendition, now_ms: i64) -> Result<bool> {
        let size = i64::try_from(rendition.size).map_err(|_| Error::Refused(Refusal::TooManyBytes))?;
        let mut tx = self.begin().await?;
        let query = sqlx::query(ADD).bind(rendition.blob_id).bind(&rendition.plan_key);
        let query = query.bind(rendition.key.id().to_string()).bind(rendition.media_type.as_str());
        let query = query.bind(i64::from(rendition.width)).bind(i64::from(rendition.height)).bind(size).bind(now_ms);
        let done = query.execute(tx.conn()).await;
        let done = done.map_err(|error| Error::of_row(error, Noun::Rendition, Noun::Asset))?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<Rendition> {
    let key = row.text("blob_key")?;
    let media_type = row.text("media_type")?;
    let side = |column| -> Result<u32> {
        u32::try_from(row.int(column)?).map_err(|_| Error::Corrupt(format!("{column} of a rendition")))
    };
    Ok(Rendition {
        blob_id: row.int("blob_id")?,
        plan_key: row.text("plan_key")?,
        key: BlobKey::Rendition(BlobId::from_str(&key).map_err(|_| Error::Corrupt(format!("rendition key {key:?}")))?),
        media_type: MediaType::parse(&media_type).ok_or(Error::Corrupt(format!("media type {media_type:?}")))?,
        width: side("width")?,
        height: side("height")?,
        size: row.count("size")?,
    })
}
