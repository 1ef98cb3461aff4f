//! Backups: a folder with one copy of every blob, and a file for each time with all rows as they were at one moment. The rows are written
//! in no engine's own way, so that what was read from one goes into the other. Who may make one, and how it is told, is not its business.
//!
//! A blob's bytes never change and its id is never reused, so the next backup copies only what is new. What can be made again (renditions)
//! is left out, and so are bytes that nobody wants any more, of which some are secrets that are over.

mod dumping;
mod format;
mod loading;
mod making;
mod reading;
mod restoring;
mod shelf;

use std::{io, path::PathBuf};

pub use format::Manifest;
pub use making::Made;
pub use restoring::{Restored, restore};
pub use shelf::{Dropped, Shelf};

use crate::blobs::{self, blocking};

/// What a backup or its way back has come to, told while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many rows more were read or written.
    Rows(u64),
    /// So many blobs with so many bytes are to be there: a new count, from 0.
    Blobs {
        /// How many.
        count: u64,
        /// How many bytes they have together.
        bytes: u64,
    },
    /// So many bytes of them more are there.
    Bytes(u64),
    /// One of them more is there.
    Blob,
}

/// Who is told. Cheap to clone.
pub type OnStep = std::sync::Arc<dyn Fn(Step) + Send + Sync>;

/// Why a backup was not made, or is not used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] crate::Error),
    /// A store of blobs failed: the library's, or the backup's.
    #[error(transparent)]
    Blobs(#[from] blobs::Error),
    /// The backup's folder failed.
    #[error("{path}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
    /// Another backup of this folder is being made.
    #[error("somebody else is at work in this folder of backups")]
    InUse,
    /// There is no such catalog.
    #[error("there is no catalog {0} in this folder")]
    NoCatalog(String),
    /// There is none at all.
    #[error("this is no folder of backups, or no backup in it was ever finished")]
    NoBackup,
    /// It is of a later version of this program.
    #[error("catalog {0} was made by a later version, {1}")]
    Later(String, String),
    /// The backups in the folder are of another library.
    #[error("{0} is of another library: each has a folder of its own, and nothing was changed")]
    OtherLibrary(String),
    /// It is not what was written.
    #[error("catalog {name} is damaged: {what}")]
    Damaged {
        /// Which.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something is where a backup should go back to.
    #[error("{0}: a backup is restored into an empty place only, and nothing was changed")]
    NotEmpty(String),
    /// Bytes that the catalog names are not in the backup, or not as they were.
    #[error("blob {0} is missing in the backup, or is not what it was")]
    LostBlob(String),
    /// Bytes went away again and again while they were being copied.
    #[error(
        "the library changed faster than it could be copied; what was copied stays, and the next attempt goes on from there"
    )]
    Restless,
}

/// What these calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// For [`blocking`], which knows `io::Error` and nothing of places.
struct Io(io::Error);

impl From<io::Error> for Io {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

/// Does something with files at `path` where it may wait.
async fn with_files<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = blocking(move || work().map_err(Io)).await;
    done.map_err(|Io(source)| Error::Folder { path: path.to_owned(), source })
}
