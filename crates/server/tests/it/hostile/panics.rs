//! Who panics: handlers are caught and answer with 500, but tasks, bodies and jobs are not seen by who asks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many panics there were on some threads.
pub struct Panics(Arc<AtomicU64>);

/// Counts them from now on, on the threads of this name.
pub fn watch(thread: &str) -> Panics {
    let count = Arc::new(AtomicU64::new(0));
    let (counter, thread) = (Arc::clone(&count), thread.to_owned());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(&thread) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        before(panic);
    }));
    Panics(count)
}

impl Panics {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
