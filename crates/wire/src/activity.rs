//! Whether requests of a connection are being answered, so that waiting for an answer does not look like idling.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// What one connection is doing. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<Mutex<Doing>>);

#[derive(Debug)]
struct Doing {
    in_flight: usize,
    idle_since: Instant,
}

/// One request being answered, from its head to the last byte of its answer.
#[derive(Debug)]
pub(crate) struct InFlight(Activity);

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Doing { in_flight: 0, idle_since: Instant::now() })))
    }

    pub(crate) fn begin(&self) -> InFlight {
        self.with(|doing| doing.in_flight += 1);
        InFlight(self.clone())
    }

    /// Since when nothing has been asked; `None` while something is.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.with(|doing| (doing.in_flight == 0).then_some(doing.idle_since))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Doing) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.with(|doing| {
            doing.in_flight -= 1;
            doing.idle_since = Instant::now();
        });
    }
}
