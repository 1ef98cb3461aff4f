//! Where the bytes of an image are, on their way to a worker. It knows no worker.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use content::MediaType;
use rustix::fs::{MemfdFlags, memfd_create};

use crate::SourceFormat;

/// So many bytes are copied where the caller stands; more would keep a thread of the runtime from everybody else.
const COPIED_HERE_BYTES: usize = 1024 * 1024;

/// The bytes of an image.
#[derive(Debug)]
pub struct Source {
    place: Place,
    /// Whether a worker needs more for it than what is linked into the program.
    pub(super) needs_outfit: bool,
}

#[derive(Debug)]
enum Place {
    /// The beginning of a file.
    File {
        file: File,
        len: u64,
    },
    Bytes(Bytes),
}

impl Source {
    /// The first `len` bytes of a file, which must be open for reading only: the worker gets the descriptor, and nobody copies.
    #[must_use]
    pub const fn file(file: File, len: u64) -> Self {
        Self { place: Place::File { file, len }, needs_outfit: false }
    }

    /// Says what the bytes are: fonts and libraries of the system are only there for those types that need them.
    #[must_use]
    pub fn of_type(self, media_type: &MediaType) -> Self {
        let needs_outfit = SourceFormat::from_media_type(media_type).is_some_and(SourceFormat::needs_outfit);
        Self { needs_outfit, ..self }
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match &self.place {
            Place::File { len, .. } => *len,
            Place::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Whether they are held in memory, and to be copied.
    pub(crate) const fn is_in_memory(&self) -> bool {
        matches!(self.place, Place::Bytes(_))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Something whose descriptor can be handed over.
    pub(crate) async fn into_file(self) -> io::Result<File> {
        match self.place {
            Place::File { file, .. } => Ok(file),
            Place::Bytes(bytes) if bytes.len() <= COPIED_HERE_BYTES => in_memory(&bytes),
            Place::Bytes(bytes) => {
                tokio::task::spawn_blocking(move || in_memory(&bytes)).await.map_err(io::Error::other)?
            }
        }
    }
}

impl From<Bytes> for Source {
    /// In memory: copied once, to where the worker can read them.
    fn from(bytes: Bytes) -> Self {
        Self { place: Place::Bytes(bytes), needs_outfit: false }
    }
}

/// A file that is memory: it has no name and goes with its last descriptor.
pub(crate) fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let file = File::from(memfd_create("image", MemfdFlags::CLOEXEC)?);
    file.write_all_at(bytes, 0)?;
    Ok(file)
}
