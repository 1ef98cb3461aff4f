//! A bounded pool of read buffers: a fresh one costs a page fault per 4 KiB, a used one is warm in the cache. Knows no files.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

/// Size of every buffer. Small enough that a buffer is still in the processor's cache when the socket copies out of it.
pub(super) const BUFFER_BYTES: usize = 128 * 1024;

/// Buffers that wait for their next use; 8 MiB of them at most.
const KEPT: usize = 64;

/// The pool. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Box<[u8]>>>>);

/// A buffer on loan. It returns when it, or the [`Bytes`] made of it, is dropped.
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    filled: usize,
    pool: Buffers,
}

impl Buffers {
    /// A buffer of [`BUFFER_BYTES`] whose content is anything.
    pub(super) fn take(&self) -> Buffer {
        let kept = self.0.lock().expect("nothing panics under this lock").pop();
        // The allocator hands out such sizes as untouched zero pages: nothing is written here.
        let bytes = kept.unwrap_or_else(|| vec![0; BUFFER_BYTES].into_boxed_slice());
        Buffer { bytes, filled: 0, pool: self.clone() }
    }
}

impl Buffer {
    /// All of it, to be filled from the start.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Its first `filled` bytes.
    pub(super) fn into_bytes(mut self, filled: usize) -> Bytes {
        self.filled = filled.min(self.bytes.len());
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = self.pool.0.lock().expect("nothing panics under this lock");
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_are_bounded() {
        let pool = Buffers::default();
        let kept = || pool.0.lock().map(|kept| kept.len()).ok();
        let mut buffer = pool.take();
        buffer.space()[..3].copy_from_slice(b"abc");
        let address = buffer.space().as_ptr();
        let bytes = buffer.into_bytes(3);
        let slice = bytes.slice(1..);
        drop(bytes);
        assert_eq!((kept(), slice.as_ref()), (Some(0), b"bc".as_slice()));
        drop(slice);
        assert_eq!(pool.take().space().as_ptr(), address);
        drop((0..KEPT + 9).map(|_| pool.take()).collect::<Vec<_>>());
        assert_eq!(kept(), Some(KEPT));
    }
}
