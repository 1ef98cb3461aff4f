//! Renditions in use and idle ones: uses are noted in memory and written down now and then; what lay idle longest goes when
//! there is no more room, and what lay idle for too long goes anyway. The row goes first, then the bytes.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use futures_util::{StreamExt, stream};
use store::{
    blobs::BlobKey,
    renditions::{IdleRendition, Rendition},
};

use super::Kept;
use crate::{Actor, Fault, Library};

/// A use is noted when the last one that was is older, in milliseconds.
const GRAIN_MS: i64 = 60 * 60 * 1_000;
/// What was used so short a time ago, in milliseconds, stays whatever there is room for: somebody may be about to read it.
const MOMENT_MS: i64 = 10_000;
/// Rows that are looked at and removed at a time.
const PAGE: i64 = 64;
/// Bytes that are removed at the same time.
const REMOVALS_AT_ONCE: usize = 8;

/// When a rendition was used last, and when that was noted last; as far as this node knows.
pub(super) struct Used {
    at_ms: AtomicI64,
    noted_ms: AtomicI64,
}

impl Used {
    /// It was made by somebody else, or long ago.
    pub(super) const fn unknown() -> Self {
        Self { at_ms: AtomicI64::new(i64::MIN), noted_ms: AtomicI64::new(i64::MIN) }
    }

    /// It was made at this time.
    pub(super) const fn at(now_ms: i64) -> Self {
        Self { at_ms: AtomicI64::new(now_ms), noted_ms: AtomicI64::new(now_ms) }
    }
}

/// What is to be written down or looked at soon.
#[derive(Default)]
pub(super) struct Uses {
    unwritten: Mutex<Vec<BlobKey>>,
    grown: AtomicBool,
    /// One eviction at a time: two would take twice what is too much.
    evicting: tokio::sync::Mutex<()>,
}

impl Uses {
    /// Notes that there are more renditions than when there was last seen to be room.
    pub(super) fn note_growth(&self) {
        self.grown.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<BlobKey>> {
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenditionsOf {
    /// Everybody's.
    All,
    /// A tenant's.
    Tenant(i64),
    /// A file's, of all its versions; a file with equal bytes shares them.
    Asset(i64),
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many renditions.
    pub count: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

impl Dropped {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

impl Library {
    /// Notes that a rendition was used; costs nothing worth mentioning but once an hour.
    pub(crate) fn note_use(&self, kept: &Kept) {
        let now_ms = self.now_ms();
        kept.used.at_ms.store(now_ms, Ordering::Relaxed);
        let noted_ms = kept.used.noted_ms.load(Ordering::Relaxed);
        let is_due = now_ms.saturating_sub(noted_ms) >= GRAIN_MS;
        let noted = &kept.used.noted_ms;
        if is_due && noted.compare_exchange(noted_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.inner.renditions.uses.lock().push(kept.rendition.key);
        }
    }

    /// Writes down which renditions were used. What a crash loses is a minute's worth.
    ///
    /// # Errors
    /// When the database refuses; it is tried again with the next.
    pub async fn flush_rendition_uses(&self) -> Result<(), Fault> {
        let uses = &self.inner.renditions.uses;
        let unwritten = std::mem::take(&mut *uses.lock());
        if unwritten.is_empty() {
            return Ok(());
        }
        let done = self.inner.catalog.use_renditions(&unwritten, self.now_ms()).await;
        if done.is_err() {
            uses.lock().extend(unwritten);
        }
        Ok(done?)
    }

    /// Makes room if renditions were made since this was done last and there are too many bytes of them.
    ///
    /// # Errors
    /// When the database refuses; it is tried again the next time.
    pub async fn evict_if_grown(&self) -> Result<(), Fault> {
        let grown = &self.inner.renditions.uses.grown;
        if !grown.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let outcome = self.make_room().await;
        if !matches!(outcome, Ok((_, true))) {
            grown.store(true, Ordering::Relaxed);
        }
        outcome.map(drop)
    }

    /// Removes what has lain idle for too long, and what there is no room for.
    pub(crate) async fn evict(&self) -> Result<(), Fault> {
        self.flush_rendition_uses().await?;
        let mut dropped = self.end_old_renditions().await?;
        dropped.add(self.make_room().await?.0);
        if dropped.count > 0 {
            tracing::info!(?dropped, "renditions evicted");
        }
        Ok(())
    }

    async fn end_old_renditions(&self) -> Result<Dropped, Fault> {
        let age_ms = self.inner.limits.renditions_age_ms;
        let mut dropped = Dropped::default();
        if age_ms == 0 {
            return Ok(dropped);
        }
        let until_ms = self.now_ms() - age_ms;
        let mut after = None;
        loop {
            let page = self.inner.catalog.idle_renditions(until_ms, after.as_ref(), PAGE).await?;
            let idle = page.iter().map(|idle| idle.rendition.clone()).collect();
            dropped.add(self.remove_idle(idle, until_ms).await?);
            let Some(last) = page.into_iter().next_back() else { return Ok(dropped) };
            after = Some(last);
        }
    }

    /// Removes what lay idle longest until there is room; tells what, and whether there is.
    async fn make_room(&self) -> Result<(Dropped, bool), Fault> {
        let max_bytes = self.inner.limits.max_renditions_bytes;
        let until_ms = self.now_ms() - MOMENT_MS;
        let (mut dropped, mut after) = (Dropped::default(), None);
        if max_bytes == 0 {
            return Ok((dropped, true));
        }
        let _alone = self.inner.renditions.uses.evicting.lock().await;
        loop {
            let kept = self.inner.catalog.rendition_sum().await?;
            let Some(mut too_much) = kept.bytes.checked_sub(max_bytes).filter(|bytes| *bytes > 0) else {
                return Ok((dropped, true));
            };
            let page: Vec<IdleRendition> = self.inner.catalog.idle_renditions(until_ms, after.as_ref(), PAGE).await?;
            let mut idle = Vec::new();
            for IdleRendition { rendition, .. } in &page {
                if too_much > 0 && !self.used_after(rendition, until_ms).await {
                    too_much = too_much.saturating_sub(rendition.size);
                    idle.push(rendition.clone());
                }
            }
            dropped.add(self.remove_idle(idle, until_ms).await?);
            // Behind those that were spared or that somebody else was faster with, there may be others.
            let Some(last) = page.into_iter().next_back() else { return Ok((dropped, false)) };
            after = Some(last);
        }
    }

    /// Whether this node knows of a later use, which may not be written down.
    async fn used_after(&self, rendition: &Rendition, ms: i64) -> bool {
        let name = (rendition.blob_id, rendition.plan_key.clone().into_boxed_str());
        let kept = self.inner.renditions.made.get(&name).await;
        kept.is_some_and(|kept| kept.used.at_ms.load(Ordering::Relaxed) > ms)
    }

    async fn remove_idle(&self, idle: Vec<Rendition>, until_ms: i64) -> Result<Dropped, Fault> {
        if idle.is_empty() {
            return Ok(Dropped::default());
        }
        let going = Arc::clone(&self.inner.renditions.keeping).acquire_owned().await;
        let going = going.expect("nobody closes it");
        let library = self.clone();
        // On a task of its own: a server that ends leaves no bytes whose row is gone.
        let removing = tokio::spawn(async move {
            let removed = library.remove_rows_and_bytes(&idle, until_ms).await;
            drop(going);
            removed
        });
        removing.await.map_err(Fault::internal)?
    }

    async fn remove_rows_and_bytes(&self, idle: &[Rendition], until_ms: i64) -> Result<Dropped, Fault> {
        let removed = self.inner.catalog.remove_renditions(idle, until_ms).await?;
        for rendition in &removed {
            let name = (rendition.blob_id, rendition.plan_key.clone().into_boxed_str());
            self.inner.renditions.made.invalidate(&name).await;
        }
        Ok(self.remove_bytes(removed.into_iter().map(|rendition| (rendition.key, rendition.size)).collect()).await)
    }

    /// Bytes that no row names any more. What can not be removed now is collected later.
    async fn remove_bytes(&self, bytes: Vec<(BlobKey, u64)>) -> Dropped {
        let dropped = bytes.iter().map(|(_, size)| Dropped { count: 1, bytes: *size });
        let dropped = dropped.fold(Dropped::default(), |mut all, one| {
            all.add(one);
            all
        });
        stream::iter(bytes).for_each_concurrent(REMOVALS_AT_ONCE, |(key, _)| self.discard(key)).await;
        dropped
    }

    /// Forgets a rendition whose bytes turned out to be gone; its row too, if it is still there.
    pub(crate) async fn forget_rendition(&self, kept: &Kept) -> Result<(), Fault> {
        let rendition = &kept.rendition;
        tracing::info!(key = %rendition.key, "a rendition is gone, and drawn again");
        self.inner.renditions.made.invalidate(&kept.name()).await;
        if self.inner.catalog.drop_rendition(rendition).await? {
            self.discard(rendition.key).await;
        }
        Ok(())
    }

    /// Forgets what this node remembers of a rendition: its row names other bytes.
    pub(crate) async fn forget_made(&self, rendition: &Rendition) {
        let name = (rendition.blob_id, rendition.plan_key.clone().into_boxed_str());
        self.inner.renditions.made.invalidate(&name).await;
    }

    /// Removes renditions, so that they are drawn again when somebody asks for them. Servers that are at work go on.
    ///
    /// # Errors
    /// `Denied` for all but the command line, `NotFound` when there is no such file.
    pub async fn drop_renditions(&self, actor: &Actor, of: RenditionsOf) -> Result<Dropped, Fault> {
        actor.expect_system()?;
        let tenant_id = match of {
            RenditionsOf::Asset(asset_id) => {
                let blobs = self.inner.catalog.rendered_blobs_of_asset(asset_id).await?;
                return self.drop_of_blobs(&blobs).await;
            }
            RenditionsOf::Tenant(tenant_id) => Some(tenant_id),
            RenditionsOf::All => None,
        };
        let (mut dropped, mut after) = (Dropped::default(), 0);
        loop {
            let blobs = self.inner.catalog.rendered_blobs(tenant_id, after, PAGE).await?;
            let Some(last) = blobs.last() else { return Ok(dropped) };
            after = *last;
            dropped.add(self.drop_of_blobs(&blobs).await?);
        }
    }

    async fn drop_of_blobs(&self, blobs: &[i64]) -> Result<Dropped, Fault> {
        let mut dropped = Dropped::default();
        for blob_id in blobs {
            let removed = self.inner.catalog.remove_renditions_of_blob(*blob_id).await?;
            dropped.add(self.remove_bytes(removed).await);
        }
        Ok(dropped)
    }
}
