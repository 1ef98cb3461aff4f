//! Runs what may wait for a disk on the blocking pool. Knows nothing of what it runs.

use std::io;

use tokio::task::{JoinHandle, spawn_blocking};

/// Runs `work` on the blocking pool. Dropping the future does not stop the work, but drops what it returns.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<io::Error> + Send + 'static,
{
    joined(spawn_blocking(work)).await
}

/// Waits for work on the blocking pool. A panic in it, or a runtime that is shutting down, is an error like any other.
pub(super) async fn joined<T, E: From<io::Error>>(running: JoinHandle<Result<T, E>>) -> Result<T, E> {
    running.await.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}
