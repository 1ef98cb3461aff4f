//! Bytes that have come in but have no key that anybody knows. Dropping them removes them.

use std::{fmt, fs::File};

use bytes::Bytes;
use content::{Body, Digest};
use seal::FileKey;

use super::{
    BlobKey, Error, blocking::blocking, buffers::Buffers, disk_write::StagedFile, objects_write::StagedObject, sealed,
};

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
    /// What opens them, and the id of the key that they are sealed with, where they are sealed.
    pub(super) sealed: Option<(FileKey, i64)>,
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

    /// The id of the key that they are sealed with; `None` where they lie as they came.
    #[must_use]
    pub fn sealed_with(&self) -> Option<i64> {
        self.sealed.as_ref().map(|(_, id)| *id)
    }

    /// The bytes, to be read back any number of times. Usable until they are published or dropped.
    #[must_use]
    pub fn body(&self) -> Body {
        if let Some(whole) = &self.whole {
            return Body::Memory(whole.clone());
        }
        let stored_len = self.key.stored_len(self.len);
        let stored = match &self.place {
            Place::File(file, buffers) => file.body(stored_len, buffers),
            Place::Object(object) => object.body(stored_len),
        };
        match &self.sealed {
            Some((file_key, _)) => sealed::opened(self.key, self.len, stored, file_key.clone()),
            None => stored,
        }
    }

    /// The file that holds them, open for reading only, at its beginning; `None` where no file holds them as they are. It is looked for
    /// when the future is first polled.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn file(&self) -> impl Future<Output = Result<Option<File>, Error>> + Send + use<> {
        let path = match &self.place {
            Place::File(file, _) if self.sealed.is_none() => Some(file.path().to_owned()),
            Place::File(..) | Place::Object(_) => None,
        };
        async move {
            match path {
                // Opened once more: who gets it can not write to it.
                Some(path) => blocking(move || Ok(Some(File::open(path)?))).await,
                None => Ok(None),
            }
        }
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Staged({} with {} bytes)", self.key, self.len)
    }
}
