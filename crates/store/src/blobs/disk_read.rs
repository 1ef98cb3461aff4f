//! Reads a file bit by bit without making anybody wait: what is cached is read at once, the rest on the blocking pool.
//! Knows a file and a range, not blobs.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSliceMut},
    num::NonZeroU64,
    sync::Arc,
};

use bytes::Bytes;
use content::{ByteRange, ByteStream, ReadBytes};
use futures_util::stream;
use rustix::{
    fs::{Advice, fadvise},
    io::{Errno, ReadWriteFlags, preadv, preadv2},
};

use super::{
    blocking::blocking,
    buffers::{BUFFER_BYTES, Buffer, Buffers},
};

/// One read that may wait for the disk: large, so that hopping to another thread for it is cheap.
const WAITING_READ_BUFFERS: usize = 8;

/// What the kernel is asked to fetch meanwhile, so that the disk is busy while the client is sent what was read.
const AHEAD: NonZeroU64 = NonZeroU64::new(2 * 1024 * 1024).expect("it is not 0");

/// Reads in a row without waiting after which others get their turn: about 0.1 ms of copying.
const READS_PER_TURN: u32 = 4;

/// A file of which ranges are read. It must not get shorter; if it does, reads fail.
pub(super) struct DiskFile {
    file: Arc<File>,
    buffers: Buffers,
}

impl DiskFile {
    pub(super) fn new(file: Arc<File>, buffers: Buffers) -> Self {
        Self { file, buffers }
    }
}

impl ReadBytes for DiskFile {
    fn read(&self, range: ByteRange) -> ByteStream {
        let reader = Reader {
            file: Arc::clone(&self.file),
            buffers: self.buffers.clone(),
            at: range.start,
            end: range.end,
            ready: VecDeque::new(),
            turn: READS_PER_TURN,
            next: How::AtOnce,
            may_read_at_once: true,
        };
        Box::pin(stream::unfold(reader, Reader::step))
    }
}

struct Reader {
    file: Arc<File>,
    buffers: Buffers,
    at: u64,
    end: u64,
    /// Read already, not handed out yet.
    ready: VecDeque<Bytes>,
    /// Reads left before the next pause.
    turn: u32,
    next: How,
    /// Whether this file system knows how to answer "not without waiting".
    may_read_at_once: bool,
}

enum How {
    AtOnce,
    Waiting,
}

impl Reader {
    async fn step(mut self) -> Option<(io::Result<Bytes>, Self)> {
        let outcome = self.chunk().await.transpose()?;
        if outcome.is_err() {
            self.at = self.end;
        }
        Some((outcome, self))
    }

    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(chunk) = self.ready.pop_front() {
            return Ok(Some(chunk));
        }
        if self.at >= self.end {
            return Ok(None);
        }
        self.pause().await;
        if self.may_read_at_once
            && matches!(self.next, How::AtOnce)
            && let Some(chunk) = self.read_at_once()?
        {
            return Ok(Some(chunk));
        }
        self.read_waiting().await?;
        Ok(self.ready.pop_front())
    }

    async fn pause(&mut self) {
        self.turn -= 1;
        if self.turn == 0 {
            self.turn = READS_PER_TURN;
            tokio::task::yield_now().await;
        }
    }

    /// Reads what is in the page cache; `None` when that is nothing.
    fn read_at_once(&mut self) -> io::Result<Option<Bytes>> {
        let want = want(self.at, self.end, BUFFER_BYTES);
        let mut buffer = self.buffers.take();
        let mut space = [IoSliceMut::new(&mut buffer.space()[..want])];
        match preadv2(&self.file, &mut space, self.at, ReadWriteFlags::NOWAIT) {
            // Either the end of the file, which a waiting read then tells, or nothing cached.
            Ok(0) | Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Ok(read) => {
                if read < want {
                    self.next = How::Waiting;
                }
                self.at += read as u64;
                Ok(Some(buffer.into_bytes(read)))
            }
            Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => {
                self.may_read_at_once = false;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads on the blocking pool, and has the kernel fetch what comes after.
    async fn read_waiting(&mut self) -> io::Result<()> {
        let (file, at) = (Arc::clone(&self.file), self.at);
        let want = want(self.at, self.end, WAITING_READ_BUFFERS * BUFFER_BYTES);
        let buffers = (0..want.div_ceil(BUFFER_BYTES)).map(|_| self.buffers.take()).collect();
        let more = self.end - self.at > want as u64;
        let chunks = blocking(move || {
            let chunks = read_into(&file, buffers, at, want)?;
            if more {
                // Only advice: where it is not taken, the next read waits a little longer.
                fadvise(&file, at + want as u64, Some(AHEAD), Advice::WillNeed).ok();
            }
            io::Result::Ok(chunks)
        });
        self.ready = chunks.await?;
        self.at += self.ready.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        self.next = How::AtOnce;
        Ok(())
    }
}

/// Fills `buffers` with up to `want` bytes; never none.
fn read_into(file: &File, mut buffers: Vec<Buffer>, at: u64, want: usize) -> io::Result<VecDeque<Bytes>> {
    let mut read = loop {
        let mut room = want;
        let mut spaces: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| {
                let part = room.min(BUFFER_BYTES);
                room -= part;
                IoSliceMut::new(&mut buffer.space()[..part])
            })
            .collect();
        match preadv(file, &mut spaces, at) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "file is shorter than its record says")),
            Err(Errno::INTR) => {}
            outcome => break outcome?,
        }
    };
    let mut chunks = VecDeque::with_capacity(buffers.len());
    for buffer in buffers {
        let part = read.min(BUFFER_BYTES);
        read -= part;
        if part > 0 {
            chunks.push_back(buffer.into_bytes(part));
        }
    }
    Ok(chunks)
}

fn want(at: u64, end: u64, most: usize) -> usize {
    usize::try_from(end - at).unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    use futures_util::{StreamExt as _, TryStreamExt as _};

    use super::*;

    fn file_of(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    fn reader(file: &Arc<File>, range: ByteRange, at_once: bool) -> Reader {
        Reader {
            file: Arc::clone(file),
            buffers: Buffers::default(),
            at: range.start,
            end: range.end,
            ready: VecDeque::new(),
            turn: READS_PER_TURN,
            next: How::AtOnce,
            may_read_at_once: at_once,
        }
    }

    #[tokio::test]
    async fn both_ways_read_the_same() {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
        let file = file_of(&bytes);
        for (start, end) in [(0, 3_000_001), (1, 1_048_577), (2_999_999, 3_000_001), (17, 18), (0, 131_072)] {
            for at_once in [true, false] {
                let reader = reader(&file, ByteRange { start, end }, at_once);
                let chunks: Vec<Bytes> = stream::unfold(reader, Reader::step).try_collect().await.unwrap();
                let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
                assert!(chunks.concat() == bytes[range], "{start}..{end} at once: {at_once}");
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_got_shorter_is_an_error_and_ends_the_stream() {
        for at_once in [true, false] {
            let file = file_of(&[1; 500_000]);
            let reader = reader(&file, ByteRange::whole(500_000), at_once);
            file.set_len(400_000).unwrap();
            let chunks: Vec<_> = stream::unfold(reader, Reader::step).collect().await;
            let read: usize = chunks.iter().flatten().map(Bytes::len).sum();
            assert_eq!(read, 400_000, "at once: {at_once}");
            let errors: Vec<_> = chunks.iter().filter_map(|chunk| chunk.as_ref().err()).collect();
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].kind(), io::ErrorKind::UnexpectedEof);
            assert!(chunks.last().unwrap().is_err());
        }
    }
}
