//! Why sealed bytes were not opened. Names lengths and ids of keys, never a key and never a byte of the content.

use std::io;

/// Why a sealed file, or a part of one, was not opened. What was given out before the error was authentic.
///
/// In a [`content::ByteStream`] it travels inside of an [`io::Error`], from which [`Error::of`] takes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not begin as a file in the age format does.
    #[error("the stored bytes are not a sealed file")]
    NotSealed,
    /// It begins as one, but the header is not one that age allows.
    #[error("the header of the sealed file is malformed: {0}")]
    Malformed(&'static str),
    /// It is a sound header, in which no tenant's key, or more than one, is named.
    #[error("the file is not sealed to one tenant's key")]
    NoTenantKey,
    /// It is sealed to another key than the one that was to open it.
    #[error("the file is sealed to key {sealed_to}, not to key {given}")]
    OtherKey {
        /// The id that stands in the header.
        sealed_to: i64,
        /// The id of the key that was to open it.
        given: i64,
    },
    /// The key of that id does not open it: it is not the key that it was sealed to, or the header was altered.
    #[error("the file was not sealed with the key of this id, or its header was altered")]
    WrongKey,
    /// The file key was found, but the header is not the one that it was sealed with.
    #[error("the header of the sealed file was altered")]
    HeaderAltered,
    /// A chunk is not what was sealed there: altered, moved, or of a file of another length or key.
    #[error("chunk {chunk} of the sealed file was altered or is out of place")]
    ChunkAltered {
        /// Which, counted from 0.
        chunk: u64,
    },
    /// The sealed bytes end too early.
    #[error("the sealed file ends too early")]
    Truncated,
    /// There are more sealed bytes than there may be.
    #[error("the sealed file is longer than it may be")]
    TooLong,
    /// The range asked for does not lie inside of the file, or the file is longer than files can be.
    #[error("the range asked for does not lie in the file")]
    OutOfRange,
}

impl Error {
    /// The error of ours inside of an error of a stream, if it is one of ours.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
