//! Which renditions are in use, which have lain idle, and how those go. A row goes on a condition that is looked at again at
//! that moment; its bytes are the caller's to remove after that.

use crate::{
    Catalog, Noun, Result,
    blobs::BlobKey,
    catalog::{Columns, SLOTS, settle, slot_list, text_slots},
};

use super::{Rendition, Sums, read};

/// A use is written down when the last one that was is older: what is used all the time costs a write an hour.
const GRAIN_MS: i64 = 60 * 60 * 1_000;

const USE: &str =
    concat!("update renditions set used_at = $1 where blob_key in ", slot_list!(), " and used_at <= $1 - 3600000");
const IDLE: &str = "select blob_id, plan_key, blob_key, media_type, width, height, size, base, used_at from renditions \
     where used_at <= $1 and (used_at, blob_id, plan_key) > ($2, $3, $4) order by used_at, blob_id, plan_key limit $5";
const REMOVE: &str = "delete from renditions where blob_key = $1 and used_at <= $2 returning blob_id, size";
const BLOBS: &str = "select distinct blob_id from renditions where blob_id > $1 order by blob_id limit $2";
const BLOBS_OF_TENANT: &str = "select b.id as blob_id from blobs b where b.tenant_id = $1 and b.id > $2 \
     and exists (select 1 from renditions r where r.blob_id = b.id) order by b.id limit $3";
const BLOBS_OF_ASSET: &str = "select v.blob_id from versions v where v.asset_id = $1 \
     and exists (select 1 from renditions r where r.blob_id = v.blob_id)";

/// A rendition, and when it was used, to the hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleRendition {
    /// Which.
    pub rendition: Rendition,
    /// When, in milliseconds since 1970.
    pub used_at: i64,
}

const _: () = assert!(GRAIN_MS == 3_600_000, "`USE` says it too");

impl Catalog {
    /// Notes that renditions were used, many with one statement. Those noted within the hour are left as they are, and those
    /// that are gone are passed over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn use_renditions(&self, keys: &[BlobKey], now_ms: i64) -> Result<()> {
        let mut keys: Vec<_> = keys.iter().map(|key| key.id().to_string()).collect();
        keys.sort_unstable();
        keys.dedup();
        for chunk in keys.chunks(SLOTS) {
            settle(|| async {
                let mut tx = self.begin().await?;
                text_slots(sqlx::query(USE).bind(now_ms), chunk).execute(tx.conn()).await?;
                tx.commit().await
            })
            .await?;
        }
        Ok(())
    }

    /// Renditions that were not used after `until_ms`, those first that lay idle longest, behind one of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn idle_renditions(
        &self,
        until_ms: i64,
        after: Option<&IdleRendition>,
        limit: i64,
    ) -> Result<Vec<IdleRendition>> {
        let (used_at, blob_id, plan_key) = after.map_or((i64::MIN, 0, ""), |after| {
            (after.used_at, after.rendition.blob_id, after.rendition.plan_key.as_str())
        });
        let query = sqlx::query(IDLE).bind(until_ms).bind(used_at).bind(blob_id).bind(plan_key).bind(limit);
        let rows = query.fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(IdleRendition { rendition: read(row)?, used_at: row.int("used_at")? })).collect()
    }

    /// Forgets renditions, each if it is still that one and was not used after `until_ms`. Gives back those that are
    /// forgotten: nobody finds their bytes any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_renditions(&self, renditions: &[Rendition], until_ms: i64) -> Result<Vec<Rendition>> {
        let mut sorted = renditions.to_vec();
        sorted.sort_unstable_by_key(|rendition| rendition.key);
        settle(|| self.try_remove_renditions(&sorted, until_ms)).await
    }

    async fn try_remove_renditions(&self, renditions: &[Rendition], until_ms: i64) -> Result<Vec<Rendition>> {
        let mut tx = self.begin().await?;
        let (mut sums, mut removed) = (Sums::default(), Vec::new());
        for rendition in renditions {
            let query = sqlx::query(REMOVE).bind(rendition.key.id().to_string()).bind(until_ms);
            if let Some(row) = query.fetch_optional(tx.conn()).await? {
                sums.remove(row.int("blob_id")?, row.int("size")?);
                removed.push(rendition.clone());
            }
        }
        sums.store(tx.conn()).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// The blobs that have renditions, after the id `after`: all, or those of a tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rendered_blobs(&self, tenant_id: Option<i64>, after: i64, limit: i64) -> Result<Vec<i64>> {
        let query = match tenant_id {
            Some(tenant_id) => sqlx::query(BLOBS_OF_TENANT).bind(tenant_id),
            None => sqlx::query(BLOBS),
        };
        let rows = query.bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.int("blob_id")).collect()
    }

    /// The blobs of an asset's versions that have renditions.
    ///
    /// # Errors
    /// `Missing` when there is no such asset.
    pub async fn rendered_blobs_of_asset(&self, asset_id: i64) -> Result<Vec<i64>> {
        if self.asset(asset_id).await?.is_none() {
            return Err(crate::Error::Missing(Noun::Asset));
        }
        let rows = sqlx::query(BLOBS_OF_ASSET).bind(asset_id).fetch_all(self.read()).await?;
        let mut ids = rows.iter().map(|row| row.int("blob_id")).collect::<Result<Vec<_>>>()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}
