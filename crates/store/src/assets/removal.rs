//! The end of an asset's bytes, for good and at once; its row stays and tells what there was.

use content::MediaType;
use sqlx::AnyConnection;

use super::{
    AssetState, DELETE_LINKS, DELETE_VERSIONS, blobs_of, bytes_of,
    trash::{Held, hold},
};
use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, SLOTS, settle, slot_list, slots},
    garbage,
    jobs::{self, Work},
    names,
    tallies::Counts,
};

/// What is left of an asset whose bytes are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Of which asset.
    pub asset_id: i64,
    /// When they went, in milliseconds since 1970.
    pub removed_at: i64,
    /// Where that was asked for; none: its time was over.
    pub address: Option<String>,
    /// What they were.
    pub media_type: MediaType,
    /// How many they were.
    pub size: u64,
    /// Their MD5.
    pub md5: [u8; 16],
}

/// How bytes are to go.
#[derive(Debug, Clone, Copy)]
pub struct RemovalWish {
    /// Whether the row is to be seen no more either, as somebody asked for, who has to see it first; else its time is over, and it
    /// ends in the trash too.
    pub hidden: bool,
    /// The moment at which the bytes may go: those who have just read the row may still be about to read them.
    pub shred_at: i64,
}

const BYTES: &str = "select v.media_type, b.size, b.md5 from assets a \
     join versions v on v.asset_id = a.id and v.number = a.version_number join blobs b on b.id = v.blob_id where a.id = $1";
const NOTE: &str = "insert into removals (asset_id, removed_at, address, media_type, size, md5) \
     values ($1, $2, $3, $4, $5, $6)";
/// Its kind is none that lists ask for.
const REMOVE: &str =
    "update assets set state = 'removed', family = 'removed', updated_at = $2, deleted_at = $3 where id = $1";
const SHRED: &str = concat!(
    "update blobs set shred = 1 where tenant_id + 0 = $1 and dead_at is not null and id in ",
    slot_list!(),
    " returning id, blob_key"
);
const REMOVALS: &str = concat!(
    "select asset_id, removed_at, address, media_type, size, md5 from removals where removed_at >= $1 and asset_id in ",
    slot_list!()
);

impl Catalog {
    /// Removes an asset's bytes for good; its row stays. Jobs that shred the bytes are queued, where nothing else has them.
    ///
    /// # Errors
    /// `Missing` when it is not there, has no bytes, or is in the trash where it may not be.
    pub async fn remove_asset(&self, tenant_id: i64, id: i64, wish: RemovalWish, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_remove_asset(tenant_id, id, wish, stamp)).await
    }

    async fn try_remove_asset(&self, tenant_id: i64, id: i64, wish: RemovalWish, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = hold(tx.conn(), tenant_id, id).await?;
        let may_end = |held: &Held| match wish.hidden {
            true => held.deleted_at.is_none() && !held.shut,
            false => !held.purged,
        };
        let held = held.filter(|held| held.state == AssetState::Ready && may_end(held));
        let held = held.ok_or(Error::Missing(Noun::Asset))?;
        let mut counts = Counts::default();
        // In the trash by itself, it has neither a name nor is it counted.
        if held.deleted_at.is_none() {
            names::release(tx.conn(), held.folder_id, &held.slug).await?;
            counts.remove(tenant_id, held.folder_id, id, bytes_of(tx.conn(), id).await?);
        }
        let last = sqlx::query(BYTES).bind(id).fetch_one(tx.conn()).await?;
        let query = sqlx::query(NOTE).bind(id).bind(stamp.now_ms).bind(&stamp.address);
        let query = query.bind(last.text("media_type")?).bind(last.int("size")?);
        query.bind(last.array::<16>("md5")?.to_vec()).execute(tx.conn()).await?;
        let deleted_at = held.deleted_at.or(wish.hidden.then_some(stamp.now_ms));
        sqlx::query(REMOVE).bind(id).bind(stamp.now_ms).bind(deleted_at).execute(tx.conn()).await?;
        if deleted_at.is_none() {
            counts.add_bare(tenant_id, held.folder_id, id);
        }
        let (blobs, kept_bytes) = blobs_of(tx.conn(), id).await?;
        counts.keep(tenant_id, -1, -kept_bytes);
        for statement in [DELETE_LINKS, DELETE_VERSIONS] {
            sqlx::query(statement).bind(id).execute(tx.conn()).await?;
        }
        garbage::bury(tx.conn(), blobs.clone(), stamp.now_ms).await?;
        shred(tx.conn(), tenant_id, &blobs, wish.shred_at).await?;
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Purge, (Noun::Asset, id)).await?;
        tx.commit().await
    }

    /// What is left of assets whose bytes are gone; of the others, nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn removals(&self, asset_ids: &[i64]) -> Result<Vec<Removal>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(REMOVALS).bind(i64::MIN), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                let media_type = row.text("media_type")?;
                found.push(Removal {
                    asset_id: row.int("asset_id")?,
                    removed_at: row.int("removed_at")?,
                    address: row.text_or_null("address")?,
                    media_type: MediaType::parse(&media_type).unwrap_or(MediaType::OCTET_STREAM),
                    size: row.count("size")?,
                    md5: row.array("md5")?,
                });
            }
        }
        Ok(found)
    }
}

/// Queues the end of those blobs that died.
async fn shred(conn: &mut AnyConnection, tenant_id: i64, blobs: &[i64], at_ms: i64) -> Result<()> {
    for chunk in blobs.chunks(SLOTS) {
        let dead = slots(sqlx::query(SHRED).bind(tenant_id), chunk).fetch_all(&mut *conn).await?;
        for row in &dead {
            let work = Work::ShredBlob { blob_id: row.int("id")?, blob_key: row.text("blob_key")? };
            jobs::insert(conn, Some(tenant_id), &work, at_ms).await?;
        }
    }
    Ok(())
}
