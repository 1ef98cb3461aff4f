//! Bytes that can be read: from memory, or from a source that streams any range of itself.

use std::{fmt, io, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::{ByteRange, MediaType};

/// A stream of chunks. An error ends it; nothing after an error is meaningful.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Something of known length whose ranges can be read any number of times.
pub trait ReadBytes: Send + Sync {
    /// Streams `range`, which the caller has checked to lie inside. The stream yields exactly `range.len()` bytes or an error.
    fn read(&self, range: ByteRange) -> ByteStream;
}

/// Where bytes come from.
#[derive(Clone)]
pub enum Body {
    /// They are in memory (or mapped): handing them out costs no system call.
    Memory(Bytes),
    /// They are read on demand.
    Stored {
        /// Total number of bytes.
        len: u64,
        /// Reads ranges of them.
        source: Arc<dyn ReadBytes>,
    },
}

impl Body {
    /// Total number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Stored { len, .. } => *len,
        }
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Streams `range`, clamped to what there is.
    #[must_use]
    pub fn read(&self, range: ByteRange) -> ByteStream {
        let range = range.overlap(ByteRange::whole(self.len())).unwrap_or(ByteRange { start: 0, end: 0 });
        match self {
            Self::Memory(bytes) => {
                let slice = usize::try_from(range.start)
                    .ok()
                    .zip(usize::try_from(range.end).ok())
                    .map_or_else(Bytes::new, |(start, end)| bytes.slice(start..end));
                stream::once(async move { Ok(slice) }).boxed()
            }
            Self::Stored { source, .. } => source.read(range),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Memory(_) => "memory",
            Self::Stored { .. } => "stored",
        };
        write!(f, "Body::{kind}({} bytes)", self.len())
    }
}

/// One representation of something: its bytes and all that a reader is told about them.
#[derive(Debug, Clone)]
pub struct Content {
    /// The bytes.
    pub body: Body,
    /// What the bytes are.
    pub media_type: MediaType,
    /// The file name a saver should use.
    pub name: String,
    /// Names this very representation, unquoted: equal tags mean equal bytes. Printable ASCII without quotes.
    pub tag: String,
    /// When the bytes came to be, in milliseconds since 1970.
    pub modified_ms: i64,
    /// SHA-256 of the whole, where it is known.
    pub sha256: Option<[u8; 32]>,
    /// Whether somebody made sure that nothing in it runs, although it is of a type that can.
    pub harmless: bool,
}

/// How much of a content is about to be sent: what counting downloads goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// How many of its bytes.
    pub bytes: u64,
    /// Whether all of them lie behind the beginning, so that they may continue an earlier download.
    pub resumes: bool,
}
