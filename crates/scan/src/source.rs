//! The bytes that are to be scanned: cut anew, so that it does not matter how they came, and counted, so that no part passes for the whole.

use std::time::Duration;

use bytes::Bytes;
use content::ByteStream;
use futures_util::{StreamExt, stream::Fuse};

use crate::failure::{Failure, plain};

/// How many bytes are sent at a time.
pub(crate) const BLOCK_BYTES: usize = 64 << 10;

/// How many bytes of the beginning are kept.
pub(crate) const START_BYTES: usize = 4 << 10;

/// A body on its way to a scanner.
pub(crate) struct Source {
    /// Asked once more when a scanner wants to be sure that nothing follows.
    body: Fuse<ByteStream>,
    /// What came and has not been taken.
    rest: Bytes,
    /// How many bytes are still to come, `rest` not counted.
    left: u64,
    len: u64,
    start: Vec<u8>,
    idle: Duration,
}

impl Source {
    pub(crate) fn new(body: ByteStream, len: u64, idle: Duration) -> Self {
        Self { body: body.fuse(), rest: Bytes::new(), left: len, len, start: Vec::new(), idle }
    }

    /// How many bytes it is in all, as announced.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The first [`START_BYTES`] of what was taken.
    pub(crate) fn start(&self) -> &[u8] {
        &self.start
    }

    /// Adds the next `wanted` bytes to `block`; fewer only if these are the last.
    ///
    /// # Errors
    /// If the body fails, stalls, or is not as long as it was said to be.
    pub(crate) async fn take(&mut self, block: &mut Vec<u8>, wanted: usize) -> Result<(), Failure> {
        let mut wanted = wanted;
        while wanted > 0 {
            if self.rest.is_empty() && !self.pull().await? {
                return Ok(());
            }
            let part = self.rest.split_to(wanted.min(self.rest.len()));
            wanted -= part.len();
            let unseen = START_BYTES - self.start.len();
            self.start.extend_from_slice(&part[..part.len().min(unseen)]);
            block.extend_from_slice(&part);
        }
        Ok(())
    }

    /// Sees to it that there is no more.
    ///
    /// # Errors
    /// If there is, or if the end does not come.
    pub(crate) async fn end(&mut self) -> Result<(), Failure> {
        while self.rest.is_empty() {
            if !self.pull().await? {
                return Ok(());
            }
        }
        Err(ours("is longer than it was said to be"))
    }

    /// Waits for the next bytes; false at the end.
    async fn pull(&mut self) -> Result<bool, Failure> {
        let next = tokio::time::timeout(self.idle, self.body.next());
        match next.await.map_err(|_| ours(&format!("did not go on for {:?}", self.idle)))? {
            Some(Ok(chunk)) => {
                self.left = self
                    .left
                    .checked_sub(chunk.len() as u64)
                    .ok_or_else(|| ours("is longer than it was said to be"))?;
                self.rest = chunk;
                Ok(true)
            }
            Some(Err(error)) => Err(ours(&format!("can not be read: {}", plain(&error.to_string())))),
            None if self.left > 0 => Err(ours("is shorter than it was said to be")),
            None => Ok(false),
        }
    }
}

fn ours(what: &str) -> Failure {
    Failure(format!("what was to be scanned {what}"))
}
