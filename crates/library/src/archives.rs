//! Many files as one ZIP that is never built: every byte of it follows from names, sizes and CRC-32s, so its length is
//! known before a file is opened and any range of it can be read. It knows no catalog and no blobs: bodies are opened by whoever made the entries.

mod names;
mod records;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use bytes::Bytes;
use content::{Body, ByteRange, ByteStream, ReadBytes};
use futures_util::{StreamExt, future::BoxFuture, stream};
use sha2::{Digest, Sha256};

use records::EndRecord;

pub use names::{EntryNames, MAX_NAME_BYTES, safe_entry_name};

/// Records of the central directory are handed out in chunks of about this many bytes.
const CENTRAL_CHUNK_BYTES: usize = 64 * 1024;

/// Opens the bytes of one entry, when the stream comes to it.
pub type OpenBody = Arc<dyn Fn() -> BoxFuture<'static, io::Result<Body>> + Send + Sync>;

/// One file or folder of an archive.
#[derive(Clone)]
pub struct Entry {
    /// Where it lies in the archive: `/` between the parts, a trailing `/` for a folder. Take it from [`EntryNames`], which makes it safe to unpack and unique.
    /// A path over 65,535 bytes is cut.
    pub path: String,
    /// When the bytes last changed, in milliseconds since 1970.
    pub modified_ms: i64,
    /// How many bytes the body has; taken as 0 for a folder.
    pub size: u64,
    /// CRC-32 (IEEE) of the body; taken as 0 for a folder.
    pub crc32: u32,
    /// Opens the body. It is asked for nothing when the entry is a folder or empty.
    pub body: Option<OpenBody>,
}

/// The archive of `entries`, in their order: stored, not compressed, with zip64 fields only where they are needed.
/// The same entries give the same bytes. Reading a range opens only the entries whose bytes lie in it, one after the other;
/// a body that is longer or shorter than its entry says ends the stream with an error.
#[must_use]
pub fn archive(entries: Vec<Entry>) -> Body {
    let layout = Layout::of(entries);
    Body::Stored { len: layout.end, source: Arc::new(Archive(Arc::new(layout))) }
}

/// Names the bytes that [`archive`] makes of `entries`: a tag in the sense of [`content::Content::tag`], as far as CRC-32 tells bodies apart.
#[must_use]
pub fn archive_tag(entries: &[Entry]) -> String {
    let mut hasher = Sha256::new();
    for entry in entries {
        hasher.update((entry.path.len() as u64).to_le_bytes());
        hasher.update(entry.path.as_bytes());
        hasher.update(entry.modified_ms.to_le_bytes());
        hasher.update(entry.size.to_le_bytes());
        hasher.update(entry.crc32.to_le_bytes());
    }
    format!("zip-{}", hex::encode(&hasher.finalize()[..16]))
}

/// Where everything lies. All positions are byte offsets from the start of the archive.
struct Layout {
    entries: Vec<Entry>,
    /// Where each entry's local header begins.
    local_starts: Vec<u64>,
    /// Where each entry's record in the central directory begins.
    central_starts: Vec<u64>,
    /// Where the central directory begins and ends.
    central: ByteRange,
    /// Length of the whole archive.
    end: u64,
}

impl Layout {
    fn of(mut entries: Vec<Entry>) -> Self {
        let mut position = 0_u64;
        let mut local_starts = Vec::with_capacity(entries.len());
        for entry in &mut entries {
            records::tidy(entry);
            local_starts.push(position);
            position = position.saturating_add(records::local_len(entry)).saturating_add(entry.size);
        }
        let central_start = position;
        let mut central_starts = Vec::with_capacity(entries.len());
        for (entry, start) in entries.iter().zip(&local_starts) {
            central_starts.push(position);
            position = position.saturating_add(records::central_len(entry, *start));
        }
        let central = ByteRange { start: central_start, end: position };
        let end = position.saturating_add(EndRecord { entries: entries.len() as u64, central }.bytes().len() as u64);
        Self { entries, local_starts, central_starts, central, end }
    }

    /// What comes next in the archive at or after `position`, or `None` at its end.
    fn piece_at(&self, position: u64) -> Option<Piece> {
        if position < self.central.start {
            let index = last_at_or_before(&self.local_starts, position);
            let entry = &self.entries[index];
            let body_start = self.local_starts[index].saturating_add(records::local_len(entry));
            if position < body_start {
                return Some(Piece::bytes(self.local_starts[index], records::local(entry)));
            }
            return Some(Piece::Body { start: body_start, index });
        }
        if position < self.central.end {
            return Some(self.central_chunk(last_at_or_before(&self.central_starts, position)));
        }
        (position < self.end).then(|| {
            let record = EndRecord { entries: self.entries.len() as u64, central: self.central };
            Piece::bytes(self.central.end, record.bytes())
        })
    }

    /// The records of the central directory from entry `first` on, as many as make up a chunk.
    fn central_chunk(&self, first: usize) -> Piece {
        let mut bytes = Vec::with_capacity(CENTRAL_CHUNK_BYTES.min(128 * (self.entries.len() - first)));
        for (entry, start) in self.entries.iter().zip(&self.local_starts).skip(first) {
            records::central(entry, *start, &mut bytes);
            if bytes.len() >= CENTRAL_CHUNK_BYTES {
                break;
            }
        }
        Piece::bytes(self.central_starts[first], bytes)
    }
}

/// Index of the last of the rising `starts` that is not past `position`; the first of them is 0 or never past it.
fn last_at_or_before(starts: &[u64], position: u64) -> usize {
    starts.partition_point(|start| *start <= position).saturating_sub(1)
}

/// A distance inside headers and records, which are small, or the most there can be.
fn to_index(distance: u64) -> usize {
    usize::try_from(distance).unwrap_or(usize::MAX)
}

/// Some bytes of the archive that come from one place.
enum Piece {
    /// Headers and records, made on the spot.
    Bytes { start: u64, bytes: Bytes },
    /// The body of an entry.
    Body { start: u64, index: usize },
}

impl Piece {
    fn bytes(start: u64, bytes: Vec<u8>) -> Self {
        Self::Bytes { start, bytes: bytes.into() }
    }
}

struct Archive(Arc<Layout>);

impl ReadBytes for Archive {
    fn read(&self, range: ByteRange) -> ByteStream {
        let walk = Walk { layout: Arc::clone(&self.0), position: range.start, end: range.end, body: None };
        stream::unfold(Some(walk), |walk| async move {
            let mut walk = walk?;
            match walk.next_chunk().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(walk))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }
}

/// A reader on its way through a range of the archive.
struct Walk {
    layout: Arc<Layout>,
    /// The next byte to hand out.
    position: u64,
    /// One past the last byte to hand out.
    end: u64,
    /// The body that is being read, and the position at which the archive goes on after it.
    body: Option<(ByteStream, u64)>,
}

impl Walk {
    async fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.next_of_body().await? {
                return Ok(Some(chunk));
            }
            let Some(piece) = (self.position < self.end).then(|| self.layout.piece_at(self.position)).flatten() else {
                return Ok(None);
            };
            match piece {
                Piece::Bytes { start, bytes } => {
                    let from = to_index(self.position - start);
                    let to = to_index(self.end - start).min(bytes.len());
                    self.position += (to - from) as u64;
                    return Ok(Some(bytes.slice(from..to)));
                }
                Piece::Body { start, index } => self.open(start, index).await?,
            }
        }
    }

    /// The next bytes of the open body; `None` when none is open, or when it has given all that was asked of it.
    async fn next_of_body(&mut self) -> io::Result<Option<Bytes>> {
        let Some((stream, body_end)) = &mut self.body else { return Ok(None) };
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            self.position += chunk.len() as u64;
            if self.position > *body_end {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry gave more bytes than its size"));
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        if self.position < *body_end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an entry gave fewer bytes than its size"));
        }
        self.body = None;
        Ok(None)
    }

    /// Opens the body of an entry that begins at `start`, at the place that is wanted of it.
    async fn open(&mut self, start: u64, index: usize) -> io::Result<()> {
        let entry = &self.layout.entries[index];
        let size = entry.size;
        let open = entry.body.clone().ok_or_else(|| io::Error::other("an entry with a size has no body"))?;
        let body = open().await?;
        if body.len() != size {
            let text = format!("an entry of {size} bytes has a body of {} bytes", body.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let wanted = ByteRange { start: self.position - start, end: (self.end - start).min(size) };
        self.body = Some((body.read(wanted), start.saturating_add(wanted.end)));
        Ok(())
    }
}
