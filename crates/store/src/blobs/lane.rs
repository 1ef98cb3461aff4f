//! One strand of work beside an upload: takes batches in order, on a blocking thread that it holds only while there are any.
//! Knows neither what the work is nor where the batches come from.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// The unit in which room for batches is counted.
pub(super) const ROOM_UNIT_BYTES: usize = 1024 * 1024;

/// Bytes shared by several lanes. They count against the room until the last lane is done with them.
pub(super) struct Batch {
    pub(super) pieces: Vec<Bytes>,
    pub(super) len: usize,
    _room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

/// How many bytes may wait between a body and the lanes: so many for one upload, so many for all together.
#[derive(Clone)]
pub(super) struct Room {
    own: Arc<Semaphore>,
    shared: Arc<Semaphore>,
}

impl Room {
    /// Room for `own_units` of one upload, taken from what all uploads share.
    pub(super) fn new(own_units: usize, shared: &Arc<Semaphore>) -> Self {
        Self { own: Arc::new(Semaphore::new(own_units)), shared: Arc::clone(shared) }
    }

    /// Waits until there is room for `pieces`. No lane waits for room, so the wait ends.
    pub(super) async fn batch(&self, pieces: Vec<Bytes>, len: usize) -> Arc<Batch> {
        let units = u32::try_from(len.div_ceil(ROOM_UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let take = |room: &Arc<Semaphore>| Arc::clone(room).acquire_many_owned(units);
        let own = take(&self.own).await.expect("the semaphore is never closed");
        let shared = take(&self.shared).await.expect("the semaphore is never closed");
        Arc::new(Batch { pieces, len, _room: (own, shared) })
    }
}

/// What a lane does with each batch.
pub(super) trait Work: Send + 'static {
    /// Takes the next batch. After an error no other follows.
    fn take(&mut self, batch: &Batch) -> io::Result<()>;
}

/// A queue of batches and the one worker that takes them. The worker goes to a blocking thread when a batch comes and returns when none
/// is left: a slow upload holds no thread, and uploads that wait for threads never wait for each other.
pub(super) struct Lane<W>(Arc<Shared<W>>);

struct Shared<W> {
    state: Mutex<State<W>>,
    came_home: Notify,
}

struct State<W> {
    queue: VecDeque<Arc<Batch>>,
    /// Absent while a thread has it.
    worker: Option<W>,
    failure: Option<io::Error>,
}

impl<W: Work> Lane<W> {
    pub(super) fn new(worker: W) -> Self {
        let state = State { queue: VecDeque::new(), worker: Some(worker), failure: None };
        Self(Arc::new(Shared { state: Mutex::new(state), came_home: Notify::new() }))
    }

    /// Hands one more batch to the worker, or returns what went wrong with an earlier one.
    pub(super) fn push(&self, batch: &Arc<Batch>) -> io::Result<()> {
        let mut state = self.0.lock();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        state.queue.push_back(Arc::clone(batch));
        if let Some(worker) = state.worker.take() {
            let turn = Turn { shared: Arc::clone(&self.0), worker: Some(worker), failure: None };
            drop(state);
            spawn_blocking(move || turn.run());
        }
        Ok(())
    }

    /// Waits until every batch is taken and returns the worker.
    pub(super) async fn finish(self) -> io::Result<W> {
        loop {
            {
                let mut state = self.0.lock();
                if let Some(failure) = state.failure.take() {
                    return Err(failure);
                }
                if let Some(worker) = state.worker.take() {
                    return Ok(worker);
                }
            }
            self.0.came_home.notified().await;
        }
    }
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().expect("nothing panics under this lock")
    }
}

/// A worker that is away from its lane. It comes home whatever happens on the way.
struct Turn<W: Work> {
    shared: Arc<Shared<W>>,
    worker: Option<W>,
    failure: Option<io::Error>,
}

impl<W: Work> Turn<W> {
    fn run(mut self) {
        while let Some(batch) = self.next() {
            let worker = self.worker.as_mut().expect("it goes home only when no batch is left");
            if let Err(error) = worker.take(&batch) {
                self.failure = Some(error);
                return;
            }
        }
    }

    /// The next batch. When there is none the worker goes home under the same lock, or a batch pushed in between would be forgotten.
    fn next(&mut self) -> Option<Arc<Batch>> {
        let mut state = self.shared.lock();
        let batch = state.queue.pop_front();
        if batch.is_none() {
            state.worker = self.worker.take();
        }
        batch
    }
}

impl<W: Work> Drop for Turn<W> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Some(worker) = self.worker.take() {
            // Cut short: by a failure, a panic, or a runtime that shuts down before the turn began.
            let failure = self.failure.take();
            state.failure = Some(failure.unwrap_or_else(|| io::Error::other("work on an upload was cut short")));
            state.queue.clear();
            state.worker = Some(worker);
        }
        drop(state);
        self.shared.came_home.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    struct Collector {
        seen: Vec<u8>,
        fails_at: usize,
    }

    impl Work for Collector {
        fn take(&mut self, batch: &Batch) -> io::Result<()> {
            if self.seen.len() == self.fails_at {
                return Err(io::Error::other("told to"));
            }
            assert_ne!(batch.len, 13, "told to panic");
            self.seen.extend(batch.pieces.concat());
            Ok(())
        }
    }

    async fn feed(lane: &Lane<Collector>, room: &Room, bytes: &[u8]) -> io::Result<()> {
        lane.push(&room.batch(vec![Bytes::copy_from_slice(bytes)], bytes.len()).await)
    }

    #[tokio::test]
    async fn batches_are_taken_once_and_in_order() {
        let room = Room::new(3, &Arc::new(Semaphore::new(2)));
        let lane = Lane::new(Collector { seen: Vec::new(), fails_at: usize::MAX });
        for byte in 0..=255 {
            feed(&lane, &room, &[byte]).await.unwrap();
        }
        assert_eq!(lane.finish().await.unwrap().seen, (0..=255).collect::<Vec<u8>>());
        assert_eq!((room.own.available_permits(), room.shared.available_permits()), (3, 2));
    }

    #[tokio::test]
    async fn a_failure_is_told_and_frees_the_room() {
        let room = Room::new(4, &Arc::new(Semaphore::new(4)));
        let lane = Lane::new(Collector { seen: Vec::new(), fails_at: 3 });
        let mut outcome = Ok(());
        while outcome.is_ok() {
            outcome = feed(&lane, &room, b"x").await;
        }
        assert_eq!(outcome.unwrap_err().to_string(), "told to");
        drop(lane);
        assert_eq!(room.own.available_permits(), 4);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let room = Room::new(1, &Arc::new(Semaphore::new(1)));
        let lane = Lane::new(Collector { seen: Vec::new(), fails_at: usize::MAX });
        feed(&lane, &room, &[0; 13]).await.unwrap();
        assert!(lane.finish().await.is_err());
    }
}
