//! Cards: files' rows in memory, so that a hot file costs no query. A card is as old as the age bound allows at most,
//! and a change made through this node voids it at once: by its file's epoch, or by the tree's when folders changed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use moka::sync::Cache;

use crate::{Asset, Fault, Library, Limits};

/// Files share epochs by id: a collision only costs a read.
const EPOCHS: usize = 4096;

pub(crate) struct Cards {
    cards: Cache<i64, Card>,
    epochs: Vec<AtomicU64>,
    tree: AtomicU64,
    max_age_ms: i64,
}

#[derive(Clone)]
struct Card {
    asset: Arc<Asset>,
    epoch: (u64, u64),
    read_at: i64,
}

impl Cards {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            cards: Cache::new(limits.max_cards),
            epochs: std::iter::repeat_with(AtomicU64::default).take(EPOCHS).collect(),
            tree: AtomicU64::default(),
            max_age_ms: limits.max_memory_age_ms,
        }
    }

    /// Voids one file's card. Call after the commit and before the answer.
    pub(crate) fn void(&self, asset_id: i64) {
        self.slot(asset_id).fetch_add(1, Ordering::SeqCst);
    }

    /// Voids every card: a folder's state or place has changed.
    pub(crate) fn void_all(&self) {
        self.tree.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes whenever a folder's state, place or rules do.
    pub(crate) fn tree_epoch(&self) -> u64 {
        self.tree.load(Ordering::SeqCst)
    }

    fn epoch(&self, asset_id: i64) -> (u64, u64) {
        (self.slot(asset_id).load(Ordering::SeqCst), self.tree_epoch())
    }

    fn slot(&self, asset_id: i64) -> &AtomicU64 {
        let at = usize::try_from(asset_id.unsigned_abs() % EPOCHS as u64).unwrap_or_default();
        &self.epochs[at]
    }
}

impl Library {
    /// A file's row, from memory while it is young enough and nothing has changed. The caller checks rights and state.
    pub(crate) async fn card(&self, asset_id: i64) -> Result<Option<Arc<Asset>>, Fault> {
        let cards = &self.inner.cards;
        let now_ms = self.now_ms();
        // Taken before the read: a change that commits meanwhile makes the card that we are about to keep void.
        let epoch = cards.epoch(asset_id);
        if let Some(card) = cards.cards.get(&asset_id) {
            let age = now_ms.saturating_sub(card.read_at);
            if card.epoch == epoch && (0..cards.max_age_ms).contains(&age) {
                return Ok(Some(card.asset));
            }
        }
        let Some(asset) = self.inner.catalog.asset(asset_id).await?.map(Arc::new) else { return Ok(None) };
        cards.cards.insert(asset_id, Card { asset: Arc::clone(&asset), epoch, read_at: now_ms });
        Ok(Some(asset))
    }
}
