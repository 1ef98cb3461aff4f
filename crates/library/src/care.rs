//! What a library does for itself: ends what has expired, empties an old trash, and collects bytes that nothing points at.
//! Bytes go in three steps: their row, in a transaction that looks again; a holding area; and, days later, for good.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use store::{
    assets::Expired,
    audit::Stamp,
    blobs::{BlobKey, Found, Kind},
};

use crate::{Actor, Fault, Library, uploads::store_fault};

/// Rows are read this many at a time.
const PAGE: i64 = 500;

/// Rows are removed this many at a time, so that uploads get their turn in between.
const PURGE_PAGE: i64 = 100;

/// What garbage collection took away, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Files' bytes that no version points at any more.
    pub dead_blobs: u64,
    /// How many bytes those are.
    pub dead_bytes: u64,
    /// Bytes in the store that never got a row, or lost it.
    pub strays: u64,
    /// How many bytes those are.
    pub stray_bytes: u64,
    /// What had lain in the holding area for long enough.
    pub dropped: u64,
    /// How many bytes those are.
    pub dropped_bytes: u64,
}

impl Library {
    /// Collects what nothing points at: dead blobs, bytes without a row, and what was held for long enough. With `dry_run`
    /// it only tells.
    ///
    /// # Errors
    /// `Denied` for all but the command line and the job runner.
    pub async fn collect(&self, actor: &Actor, dry_run: bool) -> Result<Collected, Fault> {
        actor.expect_system()?;
        let mut collected = Collected::default();
        self.collect_dead(dry_run, &mut collected).await?;
        self.collect_strays(dry_run, &mut collected).await?;
        self.drop_held(dry_run, &mut collected).await?;
        tracing::info!(?collected, dry_run, "garbage collected");
        Ok(collected)
    }

    /// The part of it that follows rows and costs by what there is to do.
    async fn collect_dead(&self, dry_run: bool, collected: &mut Collected) -> Result<(), Fault> {
        let until_ms = self.now_ms() - self.inner.limits.garbage_age_ms;
        let mut after = (i64::MIN, 0);
        loop {
            let page = self.inner.catalog.dead_blobs(until_ms, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.dead_at, last.id);
            for blob in page {
                if !dry_run {
                    let keys = self.inner.catalog.delete_dead_blob(blob.id, until_ms).await?;
                    if keys.is_empty() {
                        continue;
                    }
                    for key in keys {
                        if blob.shred {
                            self.inner.blobs.delete(key).await.map_err(store_fault)?;
                        } else {
                            self.put_away(key).await?;
                        }
                    }
                }
                collected.dead_blobs += 1;
                collected.dead_bytes += blob.size;
            }
        }
    }

    /// The part that looks at every blob in the store.
    async fn collect_strays(&self, dry_run: bool, collected: &mut Collected) -> Result<(), Fault> {
        let until_ms = self.now_ms() - self.inner.limits.staging_age_ms;
        for kind in Kind::ALL {
            let mut found = self.inner.blobs.list(kind);
            while let Some(found) = found.try_next().await.map_err(store_fault)? {
                // What is not ours by its name is left alone; `verify` tells of it.
                let Found::Blob(blob) = found else { continue };
                // The young may be on their way to a row. No row ever comes to what is old: looked for last of all.
                if blob.modified_ms > until_ms || self.inner.catalog.knows_blob(blob.key).await? {
                    continue;
                }
                if !dry_run {
                    self.put_away(blob.key).await?;
                }
                collected.strays += 1;
                collected.stray_bytes += blob.len;
            }
        }
        Ok(())
    }

    async fn drop_held(&self, dry_run: bool, collected: &mut Collected) -> Result<(), Fault> {
        let age_ms = self.inner.limits.holding_age_ms;
        if dry_run {
            let mut held = self.inner.blobs.held();
            while let Some(blob) = held.try_next().await.map_err(store_fault)? {
                if blob.modified_ms < self.now_ms() - age_ms {
                    collected.dropped += 1;
                    collected.dropped_bytes += blob.len;
                }
            }
            return Ok(());
        }
        let dropped = self.inner.blobs.drop_held(millis(age_ms), self.now()).await.map_err(store_fault)?;
        collected.dropped += dropped.count;
        collected.dropped_bytes += dropped.bytes;
        Ok(())
    }

    /// Originals are held for a time; what was made of them can be made again.
    pub(crate) async fn put_away(&self, key: BlobKey) -> Result<(), Fault> {
        let outcome = match key {
            BlobKey::Original(_) => self.inner.blobs.hold(key, self.now()).await,
            BlobKey::Rendition(_) => self.inner.blobs.delete(key).await,
        };
        outcome.map(drop).map_err(store_fault)
    }

    /// What is to be done every hour: expiry, the trash's retention, bytes that died, and renditions that nobody
    /// uses. Each step stands by itself.
    pub(crate) async fn tend(&self) -> Result<(), Fault> {
        self.end_expired().await?;
        self.empty_old_trash().await?;
        self.purge_what_is_due().await?;
        self.forget_downloads().await?;
        self.forget_dispatches().await?;
        self.forget_visits().await?;
        self.drop_old_audit().await?;
        let mut collected = Collected::default();
        self.collect_dead(false, &mut collected).await?;
        self.drop_held(false, &mut collected).await?;
        self.evict().await?;
        tracing::info!(?collected, "tended");
        Ok(())
    }

    /// Puts in the trash what is over, or removes it for good: nobody has seen it since, and now nobody counts it either.
    async fn end_expired(&self) -> Result<(), Fault> {
        let stamp = Stamp::system(self.now_ms());
        loop {
            let expired = self.inner.catalog.expired_assets(stamp.now_ms, PAGE).await?;
            let mut ended = 0;
            for Expired { tenant_id, id, for_good } in &expired {
                let outcome = if *for_good {
                    let wish = self.removal_wish(false);
                    self.inner.catalog.remove_asset(*tenant_id, *id, wish, &stamp).await
                } else {
                    self.inner.catalog.trash_asset(*tenant_id, *id, &stamp).await
                };
                match outcome {
                    Ok(()) => ended += 1,
                    // Somebody was faster.
                    Err(store::Error::Missing(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                self.inner.cards.void(*id);
            }
            if ended == 0 {
                return Ok(());
            }
        }
    }

    /// What was put in the trash with an end of its own.
    async fn purge_what_is_due(&self) -> Result<(), Fault> {
        let stamp = Stamp::system(self.now_ms());
        loop {
            let mut purged = 0;
            for (tenant_id, id) in self.inner.catalog.assets_to_purge(stamp.now_ms, PAGE).await? {
                purged += done(self.inner.catalog.purge_asset(tenant_id, id, &stamp).await)?;
                self.inner.cards.void(id);
            }
            if purged == 0 {
                return Ok(());
            }
        }
    }

    async fn empty_old_trash(&self) -> Result<(), Fault> {
        let age_ms = self.inner.limits.trash_age_ms;
        if age_ms == 0 {
            return Ok(());
        }
        let stamp = Stamp::system(self.now_ms());
        let until_ms = stamp.now_ms - age_ms;
        for tenant in self.inner.catalog.tenants(i64::MAX).await? {
            loop {
                let mut purged = 0;
                for id in self.inner.catalog.old_trash(tenant.id, until_ms, PAGE).await? {
                    purged += done(self.inner.catalog.purge_asset(tenant.id, id, &stamp).await)?;
                    self.inner.cards.void(id);
                }
                if purged == 0 {
                    break;
                }
            }
            loop {
                let before = (until_ms + 1, i64::MIN);
                let folders = self.inner.catalog.deleted_folders(tenant.id, before, PAGE).await?;
                let mut purged = 0;
                for folder in &folders {
                    purged += done(self.inner.catalog.purge_folder(tenant.id, folder.id, &stamp).await)?;
                }
                if purged == 0 {
                    break;
                }
                self.inner.cards.void_all();
            }
        }
        self.inner.jobs.notify_one();
        Ok(())
    }

    /// Removes what killed uploads left, and bytes without a row.
    pub(crate) async fn sweep(&self) -> Result<(), Fault> {
        let age = millis(self.inner.limits.staging_age_ms);
        let swept = self.inner.blobs.sweep_staging(age, self.now()).await.map_err(store_fault)?;
        let mut collected = Collected::default();
        self.collect_strays(false, &mut collected).await?;
        self.forget_uploads().await?;
        self.queue_conversions().await?;
        tracing::info!(swept, strays = collected.strays, "swept");
        Ok(())
    }

    /// Forgets uploads that were announced and never came, or came in part.
    pub(crate) async fn forget_uploads(&self) -> Result<(), Fault> {
        loop {
            let now_ms = self.now_ms();
            let over = self.inner.catalog.expired_uploads(now_ms, PURGE_PAGE).await?;
            if over.is_empty() {
                return Ok(());
            }
            for upload in over {
                for key in self.inner.catalog.forget_chunked(upload.tenant_id, upload.id, now_ms).await? {
                    self.discard(key).await;
                }
                upload.asset_id.into_iter().for_each(|id| self.inner.cards.void(id));
            }
        }
    }

    /// Removes the rows of a purged folder, some at a time.
    pub(crate) async fn finish_purge(&self, tenant_id: i64, folder_id: i64) -> Result<(), Fault> {
        while self.inner.catalog.purge_some_of_folder(tenant_id, folder_id, PURGE_PAGE, self.now_ms()).await? {}
        Ok(())
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + millis(self.now_ms())
    }
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

/// One where something was purged; none where it is gone already or still in use.
fn done(outcome: store::Result<()>) -> Result<u64, Fault> {
    match outcome {
        Ok(()) => Ok(1),
        Err(store::Error::Missing(_) | store::Error::Refused(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}
