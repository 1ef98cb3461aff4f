//! Where the bytes of an image are, on their way to a worker. It knows no worker.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use rustix::fs::{MemfdFlags, memfd_create};

/// So many bytes are copied where the caller stands; more would keep a thread of the runtime from everybody else.
const COPIED_HERE_BYTES: usize = 1024 * 1024;

/// The bytes of an image.
#[derive(Debug)]
pub enum Source {
    /// The beginning of a file, which must be open for reading only: the worker gets the descriptor, and nobody copies.
    File {
        /// Open for reading only.
        file: File,
        /// How many of its bytes are the image.
        len: u64,
    },
    /// In memory: copied once, to where the worker can read them.
    Bytes(Bytes),
}

impl Source {
    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Something whose descriptor can be handed over.
    pub(crate) async fn into_file(self) -> io::Result<File> {
        match self {
            Self::File { file, .. } => Ok(file),
            Self::Bytes(bytes) if bytes.len() <= COPIED_HERE_BYTES => in_memory(&bytes),
            Self::Bytes(bytes) => {
                tokio::task::spawn_blocking(move || in_memory(&bytes)).await.map_err(io::Error::other)?
            }
        }
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

/// A file that is memory: it has no name and goes with its last descriptor.
pub(crate) fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let file = File::from(memfd_create("image", MemfdFlags::CLOEXEC)?);
    file.write_all_at(bytes, 0)?;
    Ok(file)
}
