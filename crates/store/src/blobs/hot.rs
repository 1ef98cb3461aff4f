//! The blobs that are asked for most, held in memory by weight. Knows bytes only: whether somebody may read them is checked elsewhere, on every hit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use moka::sync::Cache;
use tokio::sync::OnceCell;

use super::{BlobKey, BlobsConfig, Error};

/// What an entry costs beside its bytes, about.
const ENTRY_BYTES: usize = 512;

/// The cache, and the loads under way.
pub(super) struct Hot {
    held: Cache<BlobKey, Bytes>,
    flights: Mutex<HashMap<BlobKey, Flight>>,
    max_blob_bytes: u64,
}

/// One load that everybody who wants the same blob waits for.
type Flight = Arc<OnceCell<Bytes>>;

impl Hot {
    pub(super) fn new(config: &BlobsConfig) -> Self {
        let held = Cache::builder()
            .max_capacity(config.hot_bytes)
            .weigher(|_, bytes: &Bytes| u32::try_from(bytes.len() + ENTRY_BYTES).unwrap_or(u32::MAX))
            .build();
        Self { held, flights: Mutex::default(), max_blob_bytes: config.hot_max_blob_bytes }
    }

    /// Whether a blob of this size may be held.
    pub(super) fn takes(&self, len: u64) -> bool {
        len <= self.max_blob_bytes
    }

    pub(super) fn get(&self, key: BlobKey) -> Option<Bytes> {
        self.held.get(&key)
    }

    /// The bytes of `key`; loads them if nobody does already. A failure is not remembered.
    pub(super) async fn get_or_load<F>(&self, key: BlobKey, load: impl FnOnce() -> F) -> Result<Bytes, Error>
    where
        F: Future<Output = Result<Bytes, Error>>,
    {
        if let Some(bytes) = self.get(key) {
            return Ok(bytes);
        }
        let seat = Seat { hot: self, key, flight: Arc::clone(self.lock().entry(key).or_default()) };
        let bytes = seat.flight.get_or_try_init(|| async {
            // A flight may have landed since we looked.
            if let Some(bytes) = self.get(key) {
                return Ok(bytes);
            }
            let bytes = load().await?;
            self.held.insert(key, bytes.clone());
            // Forgotten while it was on its way: nobody may find it here.
            if !self.lock().get(&key).is_some_and(|flight| Arc::ptr_eq(flight, &seat.flight)) {
                self.held.invalidate(&key);
            }
            Ok(bytes)
        });
        bytes.await.cloned()
    }

    /// Lets go of a blob that was taken away. A load under way serves those who wait for it and nobody else.
    pub(super) fn forget(&self, key: BlobKey) {
        self.lock().remove(&key);
        self.held.invalidate(&key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobKey, Flight>> {
        self.flights.lock().expect("nothing panics under this lock")
    }
}

/// A place in a flight. The last to leave, landed or not, clears it away.
struct Seat<'a> {
    hot: &'a Hot,
    key: BlobKey,
    flight: Flight,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.hot.lock();
        let listed = flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        // Ours and the map's: nobody can take another while the map is locked.
        if listed && Arc::strong_count(&self.flight) == 2 {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{
        cell::Cell,
        future::{pending, ready},
    };

    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::blobs::BlobId;

    fn hot(hot_bytes: u64) -> Hot {
        Hot::new(&BlobsConfig { hot_bytes, ..BlobsConfig::default() })
    }

    #[tokio::test]
    async fn one_load_serves_all_who_wait() {
        let (hot, key, loads) = (hot(1 << 20), BlobKey::Original(BlobId::random()), Cell::new(0));
        let all = join_all((0..32).map(|_| {
            hot.get_or_load(key, || async {
                loads.set(loads.get() + 1);
                tokio::task::yield_now().await;
                Ok(Bytes::from_static(b"bytes"))
            })
        }));
        assert!(all.await.into_iter().all(|bytes| bytes.unwrap() == "bytes"));
        assert_eq!(loads.get(), 1);
        assert!(hot.lock().is_empty());
        hot.forget(key);
        assert_eq!(hot.get(key), None);
    }

    #[tokio::test]
    async fn what_is_forgotten_on_its_way_is_not_held() {
        let (hot, key) = (hot(1 << 20), BlobKey::Original(BlobId::random()));
        let load = || async {
            hot.forget(key);
            // Who comes now begins anew, and finds it gone.
            assert!(hot.get_or_load(key, || ready(Err(Error::Missing(key)))).await.is_err());
            Ok(Bytes::from_static(b"bytes"))
        };
        assert_eq!(hot.get_or_load(key, load).await.unwrap(), "bytes");
        assert_eq!(hot.get(key), None);
        assert!(hot.lock().is_empty());
    }

    #[tokio::test]
    async fn a_load_that_fails_or_is_given_up_leaves_nothing() {
        let (hot, key) = (hot(1 << 20), BlobKey::Rendition(BlobId::random()));
        assert!(hot.get_or_load(key, pending).now_or_never().is_none());
        assert!(hot.lock().is_empty());
        assert!(hot.get_or_load(key, || ready(Err(Error::Missing(key)))).await.is_err());
        assert!(hot.lock().is_empty());
        assert_eq!(hot.get_or_load(key, || ready(Ok(Bytes::new()))).await.unwrap(), "");
    }

    #[tokio::test]
    async fn holds_no_more_than_its_weight() {
        let hot = hot(100_000);
        for _ in 0..1_000 {
            let key = BlobKey::Original(BlobId::random());
            hot.get_or_load(key, || ready(Ok(Bytes::from_static(&[0; 9_000])))).await.unwrap();
        }
        hot.held.run_pending_tasks();
        assert!(hot.held.weighted_size() <= 100_000);
    }
}
