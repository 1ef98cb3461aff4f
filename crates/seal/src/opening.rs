//! Which part of a sealed file holds a range of the plaintext, and opening that part chunk by chunk.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use content::{ByteRange, ByteStream};
use futures_util::{StreamExt, stream};

use crate::{CHUNK_BYTES, CHUNK_TAG_BYTES, Error, FileKey, MAX_PLAIN_BYTES, last_chunk, primitives::TAG_BYTES};

/// A range of the plaintext of one file, and the chunks that hold it.
#[derive(Debug, Clone)]
pub struct Window {
    key: FileKey,
    plain_len: u64,
    range: ByteRange,
    /// The chunks, by their numbers, half open.
    first: u64,
    end: u64,
}

impl FileKey {
    /// Looks at `range` of the file's plaintext, which is `plain_len` bytes in all. That length must be known from elsewhere: with
    /// another one the last chunk does not open, so a file that was cut at a chunk's end is not taken for whole.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the range does not lie inside.
    pub fn window(&self, plain_len: u64, range: ByteRange) -> Result<Window, Error> {
        if range.start > range.end || range.end > plain_len || plain_len > MAX_PLAIN_BYTES {
            return Err(Error::OutOfRange);
        }
        let first = range.start / CHUNK_BYTES;
        // No byte of a file needs no chunk; an empty file has one all the same, which says that it is empty.
        let end = match (plain_len, range.is_empty()) {
            (0, _) => 1,
            (_, true) => first,
            (_, false) => range.end.div_ceil(CHUNK_BYTES),
        };
        Ok(Window { key: self.clone(), plain_len, range, first, end })
    }

    /// Looks at all of it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the file is longer than `i64::MAX`.
    pub fn whole(&self, plain_len: u64) -> Result<Window, Error> {
        self.window(plain_len, ByteRange::whole(plain_len))
    }
}

impl Window {
    /// The bytes of the sealed file to open it with: whole chunks, nothing else.
    #[must_use]
    pub fn sealed_range(&self) -> ByteRange {
        ByteRange { start: self.sealed_at(self.first), end: self.sealed_at(self.end) }
    }

    /// Opens it, given the bytes of [`Window::sealed_range`] piece by piece.
    #[must_use]
    pub fn opener(self) -> Opener {
        Opener { next: self.first, window: self, filling: BytesMut::new(), failure: None }
    }

    /// Opens it, given a stream of exactly [`Window::sealed_range`]. Yields the range of the plaintext, to the byte, or an error, which
    /// is the stream's own or holds an [`Error`]. Every byte is authentic when it is given out; only the end says that all were.
    pub fn open_stream(self, sealed: ByteStream) -> ByteStream {
        let plain = stream::try_unfold(
            (self.opener(), sealed, Bytes::new()),
            |(mut opener, mut sealed, mut piece)| async move {
                loop {
                    let mut rest = &piece[..];
                    let plain = opener.push(&mut rest)?;
                    piece = piece.slice_ref(rest);
                    match plain {
                        Some(plain) if !plain.is_empty() => return Ok(Some((plain, (opener, sealed, piece)))),
                        Some(_) => {}
                        None => match sealed.next().await {
                            Some(next) => piece = next?,
                            None => return Ok(opener.finish().map(|()| None)?),
                        },
                    }
                }
            },
        );
        plain.boxed()
    }

    /// Where `chunk` begins in the sealed file; the end of the file for one past the last.
    fn sealed_at(&self, chunk: u64) -> u64 {
        let plain = (chunk * CHUNK_BYTES).min(self.plain_len);
        // An empty file's only chunk is nothing but its tag.
        self.key.head_bytes() + plain + chunk * CHUNK_TAG_BYTES
    }
}

/// Opens one window. Holds one chunk.
pub struct Opener {
    window: Window,
    /// The number of the chunk that is being filled.
    next: u64,
    /// What is known of it, sealed.
    filling: BytesMut,
    failure: Option<Error>,
}

impl Opener {
    /// Takes from `sealed` up to where a chunk is complete, of which it gives what lies in the range; `None` when it has taken all. So it
    /// is to be called until then.
    ///
    /// # Errors
    /// If a chunk is not authentic or there is more than there may be. All further calls answer the same then.
    pub fn push(&mut self, sealed: &mut &[u8]) -> Result<Option<Bytes>, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let taken = self.take(sealed);
        if let Err(failure) = &taken {
            self.failure = Some(failure.clone());
            self.filling = BytesMut::new();
        }
        taken
    }

    /// Ends it.
    ///
    /// # Errors
    /// If there was an error before, or if chunks are missing.
    pub fn finish(self) -> Result<(), Error> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.next < self.window.end => Err(Error::Truncated),
            None => Ok(()),
        }
    }

    fn take(&mut self, sealed: &mut &[u8]) -> Result<Option<Bytes>, Error> {
        if sealed.is_empty() {
            return Ok(None);
        }
        if self.next == self.window.end {
            return Err(Error::TooLong);
        }
        let wanted = self.sealed_bytes() - self.filling.len();
        let (part, rest) = sealed.split_at(wanted.min(sealed.len()));
        self.filling.reserve(wanted);
        self.filling.extend_from_slice(part);
        *sealed = rest;
        if part.len() < wanted { Ok(None) } else { self.open().map(Some) }
    }

    /// How many bytes the chunk is, sealed.
    fn sealed_bytes(&self) -> usize {
        let plain = CHUNK_BYTES.min(self.window.plain_len - self.next * CHUNK_BYTES);
        plain as usize + TAG_BYTES
    }

    /// Opens the chunk, which is complete, and cuts it down to the range.
    fn open(&mut self) -> Result<Bytes, Error> {
        let Window { ref key, plain_len, range, .. } = self.window;
        key.open(self.next, self.next == last_chunk(plain_len), &mut self.filling)?;
        let starts_at = self.next * CHUNK_BYTES;
        let mut plain = self.filling.split();
        plain.truncate(plain.len() - TAG_BYTES);
        plain.truncate(usize::try_from(range.end - starts_at).unwrap_or(usize::MAX));
        plain.advance(usize::try_from(range.start.saturating_sub(starts_at)).unwrap_or(usize::MAX));
        self.next += 1;
        Ok(plain.freeze())
    }
}

/// Without the bytes that it holds.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("window", &self.window).field("next", &self.next).finish_non_exhaustive()
    }
}
