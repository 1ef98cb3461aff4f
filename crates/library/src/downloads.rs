//! Counting downloads: what is limited is counted before a byte goes out, by one conditional statement; what is not is
//! counted in memory and written down each second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use content::{Content, Portion};
use store::downloads::Download;

use crate::{Actor, Asset, Fault, Library};

/// For how long a counted download may be taken up again, in milliseconds.
const RESUME_MS: i64 = 60 * 60 * 1_000;
/// Callers of different files seldom meet at one lock.
const SHELVES: usize = 16;

/// Bytes to give out, and what giving them out counts.
#[derive(Debug)]
pub struct Delivery {
    /// The bytes and what they are.
    pub content: Content,
    /// To be paid, by [`Library::count_download`], once it is known how much of it goes out.
    pub toll: Toll,
}

/// What a delivery counts.
#[derive(Debug, Clone, Default)]
pub struct Toll {
    limited: Vec<i64>,
    unlimited: Vec<i64>,
    tag: String,
    size: u64,
}

impl Toll {
    /// What giving out these assets counts.
    pub(crate) fn of<'a>(assets: impl IntoIterator<Item = &'a Asset>, content: &Content) -> Self {
        let mut toll = Self { tag: content.tag.clone(), size: content.body.len(), ..Self::default() };
        for asset in assets {
            let list = if asset.download_limit.is_some() { &mut toll.limited } else { &mut toll.unlimited };
            list.push(asset.id);
        }
        toll
    }
}

/// What is counted without a limit and not written down yet: downloads of assets, calls of tokens.
#[derive(Default)]
pub(crate) struct Counter([Mutex<HashMap<i64, i64>>; SHELVES]);

impl Counter {
    pub(crate) fn add(&self, asset_id: i64, count: i64) {
        let shelf = usize::try_from(asset_id.unsigned_abs() % SHELVES as u64).unwrap_or_default();
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        *self.0[shelf].lock().unwrap_or_else(PoisonError::into_inner).entry(asset_id).or_default() += count;
    }

    pub(crate) fn take(&self) -> Vec<(i64, i64)> {
        let lock = |shelf: &Mutex<_>| std::mem::take(&mut *shelf.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.iter().flat_map(lock).collect()
    }
}

impl Library {
    /// Counts a download, unless it continues one that the same caller has begun within the hour. Nothing is counted for
    /// `None`: no bytes go out.
    ///
    /// # Errors
    /// `Exhausted` when the limit of a file is reached.
    pub async fn count_download(&self, actor: &Actor, toll: &Toll, portion: Option<Portion>) -> Result<(), Fault> {
        let Some(portion) = portion else { return Ok(()) };
        if !toll.limited.is_empty() {
            let now_ms = self.now_ms();
            let download = Download {
                assets: &toll.limited,
                caller: &actor.caller(),
                tag: &toll.tag,
                size: toll.size,
                resumed_bytes: portion.resumes.then_some(portion.bytes),
                now_ms,
                begun_after_ms: now_ms - RESUME_MS,
            };
            let spent = self.inner.catalog.spend_download(&download).await;
            // What is used up now is to be seen at once, by packages and listings too.
            toll.limited.iter().for_each(|id| self.inner.cards.void(*id));
            if !spent? {
                return Err(Fault::Exhausted);
            }
        }
        if !portion.resumes {
            toll.unlimited.iter().for_each(|id| self.inner.downloads.add(*id, 1));
        }
        Ok(())
    }

    /// Writes down what was counted in memory. What a crash loses is a second's worth, and of no limit.
    ///
    /// # Errors
    /// When the database refuses; it is tried again with the next.
    pub async fn flush_downloads(&self) -> Result<(), Fault> {
        let counted = self.inner.downloads.take();
        if counted.is_empty() {
            return Ok(());
        }
        let done = self.inner.catalog.add_downloads(&counted).await;
        if done.is_err() {
            counted.into_iter().for_each(|(id, count)| self.inner.downloads.add(id, count));
        }
        Ok(done?)
    }

    /// Forgets what can not be taken up again.
    pub(crate) async fn forget_downloads(&self) -> Result<(), Fault> {
        self.inner.catalog.forget_downloads(self.now_ms() - RESUME_MS).await?;
        Ok(())
    }
}
