//! What can go wrong with bytes. Knows no rows and no answers to clients.

use std::io;

use super::BlobKey;

/// Why a blob could not be kept, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no bytes under this key.
    #[error("blob {0} is missing")]
    Missing(BlobKey),
    /// The bytes are not as many as were recorded: somebody else changed the store.
    #[error("blob {key} has {found} bytes where {expected} were recorded")]
    Length {
        /// Which blob.
        key: BlobKey,
        /// How many bytes the caller knows of.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// No room is left, on the disk or in its quota.
    #[error("no room is left for blobs")]
    Full,
    /// The file system failed.
    #[error("blob folder")]
    Disk(#[source] io::Error),
    /// The object store refused or is out of reach.
    #[error("object store")]
    Objects(#[source] object_store::Error),
    /// What lies there is not what was sealed: it was altered, cut off, or put in another's place.
    #[error("sealed blob {key} can not be opened")]
    Sealed {
        /// Which blob.
        key: BlobKey,
        /// What is wrong with it.
        source: seal::Error,
    },
    /// Nobody has the key that opens a blob.
    #[error("blob {key} is sealed with key {id}, which nobody has")]
    NoKey {
        /// Which blob.
        key: BlobKey,
        /// Which key its head names.
        id: i64,
    },
    /// The keys could not be asked for.
    #[error("keys of sealed blobs")]
    Keys(#[source] super::KeyError),
    /// The text does not name a store. It never repeats the text, which may hold a secret.
    #[error("blob store url: {0}")]
    Url(String),
}

/// Why bytes could not be taken in. Nothing of them is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// There are more bytes than the caller allows.
    #[error("more than {max} bytes")]
    TooLarge {
        /// The most that was allowed.
        max: u64,
    },
    /// The body failed: whoever was sending it went away.
    #[error("body was interrupted")]
    Interrupted(#[source] io::Error),
    /// No room is left, on the disk or in its quota.
    #[error("no room is left for blobs")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Store(Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        // Streams can tell of nothing but `io::Error`, so an error of ours or an object store's refusal may come wrapped in one.
        let error = match error.downcast::<Self>() {
            Ok(error) => return error,
            Err(error) => error,
        };
        match error.downcast::<object_store::Error>() {
            Ok(error) => Self::Objects(error),
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Self::Full
            }
            Err(error) => Self::Disk(error),
        }
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::Objects(error)
    }
}

impl From<Error> for StageError {
    fn from(error: Error) -> Self {
        match error {
            Error::Full => Self::Full,
            other => Self::Store(other),
        }
    }
}

impl StageError {
    /// What it means where the body was a blob of ours, read back.
    pub(super) fn of_a_blob(self) -> Error {
        match self {
            Self::TooLarge { .. } => io::Error::other("there are more bytes than were found at first").into(),
            Self::Interrupted(error) => error.into(),
            Self::Full => Error::Full,
            Self::Store(error) => error,
        }
    }
}

impl Error {
    /// The same, where a missing file or object is told by `key`.
    pub(super) fn about(self, key: BlobKey) -> Self {
        match self {
            Self::Disk(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing(key),
            Self::Objects(object_store::Error::NotFound { .. }) => Self::Missing(key),
            other => other,
        }
    }
}
