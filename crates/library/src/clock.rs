//! The time. Tests hold it still and move it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Where a library gets its time from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set, in milliseconds since 1970.
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now_ms`, and the hand to move it with.
    #[must_use]
    pub fn held(now_ms: i64) -> (Self, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(now_ms));
        (Self::Held(Arc::clone(&hand)), hand)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
            Self::Held(hand) => hand.load(Ordering::SeqCst),
        }
    }
}
