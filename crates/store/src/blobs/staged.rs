//! Bytes that have come in but have no key that anybody knows. Dropping them removes them.

use std::fmt;

use bytes::Bytes;
use content::{Body, Digest};

use super::{BlobKey, buffers::Buffers, disk_write::StagedFile, objects_write::StagedObject};

/// How much of the beginning is kept for those who look at what it is.
pub(super) const HEAD_BYTES: usize = 256 * 1024;

/// Bytes taken in whole, summed, and not published yet. Dropping it removes them.
pub struct Staged {
    /// How many bytes there are.
    pub len: u64,
    /// Their sums, taken while they came in.
    pub digest: Digest,
    /// The first 256 KiB, or all if there are fewer.
    pub head: Bytes,
    pub(super) key: BlobKey,
    /// All of them, when they are few.
    pub(super) whole: Option<Bytes>,
    pub(super) place: Place,
}

/// Where staged bytes lie.
pub(super) enum Place {
    File(StagedFile, Buffers),
    Object(StagedObject),
}

impl Staged {
    /// The key that the bytes will be published under.
    #[must_use]
    pub fn key(&self) -> BlobKey {
        self.key
    }

    /// The bytes, to be read back any number of times. Usable until they are published or dropped.
    #[must_use]
    pub fn body(&self) -> Body {
        if let Some(whole) = &self.whole {
            return Body::Memory(whole.clone());
        }
        match &self.place {
            Place::File(file, buffers) => file.body(self.len, buffers),
            Place::Object(object) => object.body(self.len),
        }
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Staged({} with {} bytes)", self.key, self.len)
    }
}
