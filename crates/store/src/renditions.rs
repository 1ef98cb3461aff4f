//! Renditions: what was made of a blob by a plan, kept so that it is made once, for as long as there is room. What a plan is
//! and which rendition another may be drawn from is the caller's matter.

mod idle;
mod sum;

use std::str::FromStr;

use content::MediaType;
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Refusal, Result,
    blobs::{BlobId, BlobKey},
    catalog::{Columns, settle},
};

pub use idle::IdleRendition;
pub(crate) use sum::Sums;
pub use sum::{RenditionSum, WrongRenditionSum};

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
    /// Whether smaller ones may be drawn from it.
    pub base: bool,
}

/// A rendition that is large enough to draw another from.
#[derive(Debug, Clone, Copy)]
pub struct BaseWish {
    /// Of which blob.
    pub blob_id: i64,
    /// At least so wide, in pixels.
    pub width: u32,
    /// At least so high, in pixels.
    pub height: u32,
    /// Whether it may be a JPEG: what was transparent is not any more.
    pub may_be_jpeg: bool,
}

/// What all reads of renditions begin with.
macro_rules! select {
    ($rest:expr) => {
        concat!("select blob_id, plan_key, blob_key, media_type, width, height, size, base from renditions ", $rest)
    };
}
pub(crate) use select;

const FIND: &str = select!("where blob_id = $1 and plan_key = $2");
const OF_BLOB: &str = select!("where blob_id = $1 order by plan_key");
const BASE: &str = select!(
    "where blob_id = $1 and base = 1 and width >= $2 and height >= $3 and ($4 = 1 or media_type <> 'image/jpeg') \
     order by width limit 1"
);
const ADD: &str = "insert into renditions (blob_id, plan_key, blob_key, media_type, width, height, size, base, \
     created_at, used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict (blob_id, plan_key) do nothing";
const REMOVE_OF_BLOB: &str = "delete from renditions where blob_id = $1 returning blob_key, size";

impl Catalog {
    /// The rendition of a blob by a plan, if it has been made.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendition(&self, blob_id: i64, plan_key: &str) -> Result<Option<Rendition>> {
        let query = sqlx::query(FIND).bind(blob_id).bind(plan_key);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// All renditions of a blob, by the keys of their plans.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn renditions_of_blob(&self, blob_id: i64) -> Result<Vec<Rendition>> {
        sqlx::query(OF_BLOB).bind(blob_id).fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The narrowest rendition that another may be drawn from.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn base_rendition(&self, wish: &BaseWish) -> Result<Option<Rendition>> {
        let query = sqlx::query(BASE).bind(wish.blob_id).bind(i64::from(wish.width)).bind(i64::from(wish.height));
        let query = query.bind(i64::from(wish.may_be_jpeg));
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Records a rendition whose bytes are durable. False when another came first: then these bytes are not needed.
    ///
    /// # Errors
    /// `Missing` when the blob is gone, `Taken` when its bytes are another rendition's.
    pub async fn add_rendition(&self, rendition: &Rendition, now_ms: i64) -> Result<bool> {
        settle(|| self.try_add_rendition(rendition, now_ms)).await
    }

    async fn try_add_rendition(&self, rendition: &Rendition, now_ms: i64) -> Result<bool> {
        let size = i64::try_from(rendition.size).map_err(|_| Error::Refused(Refusal::TooManyBytes))?;
        let mut tx = self.begin().await?;
        let query = sqlx::query(ADD).bind(rendition.blob_id).bind(&rendition.plan_key);
        let query = query.bind(rendition.key.id().to_string()).bind(rendition.media_type.as_str());
        let query = query.bind(i64::from(rendition.width)).bind(i64::from(rendition.height)).bind(size);
        let done = query.bind(i64::from(rendition.base)).bind(now_ms).execute(tx.conn()).await;
        let done = done.map_err(|error| Error::of_row(error, Noun::Rendition, Noun::Asset))?;
        let added = done.rows_affected() == 1;
        if added {
            let mut sums = Sums::default();
            sums.add(rendition.blob_id, size);
            sums.store(tx.conn()).await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Forgets all renditions of a blob; the keys of their bytes, which nobody finds any more, and how many those are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_renditions_of_blob(&self, blob_id: i64) -> Result<Vec<(BlobKey, u64)>> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let removed = remove_of_blob(tx.conn(), blob_id).await?;
            tx.commit().await?;
            Ok(removed)
        })
        .await
    }
}

/// Removes the renditions of a blob, in the transaction that may go on to remove the blob.
pub(crate) async fn remove_of_blob(conn: &mut AnyConnection, blob_id: i64) -> Result<Vec<(BlobKey, u64)>> {
    let rows = sqlx::query(REMOVE_OF_BLOB).bind(blob_id).fetch_all(&mut *conn).await?;
    let (mut sums, mut removed) = (Sums::default(), Vec::with_capacity(rows.len()));
    for row in &rows {
        sums.remove(blob_id, row.int("size")?);
        removed.push((key_of(row)?, row.count("size")?));
    }
    sums.store(conn).await?;
    Ok(removed)
}

pub(crate) fn read(row: &AnyRow) -> Result<Rendition> {
    let media_type = row.text("media_type")?;
    let side = |column| -> Result<u32> {
        u32::try_from(row.int(column)?).map_err(|_| Error::Corrupt(format!("{column} of a rendition")))
    };
    Ok(Rendition {
        blob_id: row.int("blob_id")?,
        plan_key: row.text("plan_key")?,
        key: key_of(row)?,
        media_type: MediaType::parse(&media_type).ok_or(Error::Corrupt(format!("media type {media_type:?}")))?,
        width: side("width")?,
        height: side("height")?,
        size: row.count("size")?,
        base: row.flag("base")?,
    })
}

fn key_of(row: &AnyRow) -> Result<BlobKey> {
    let key = row.text("blob_key")?;
    Ok(BlobKey::Rendition(BlobId::from_str(&key).map_err(|_| Error::Corrupt(format!("rendition key {key:?}")))?))
}
