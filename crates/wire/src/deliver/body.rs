//! Bodies of known length over bytes in memory or read on demand, as one range or as `multipart/byteranges`.
//! A source that gives too few or too many bytes is an error, and an error ends the connection.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use content::{Body as Source, ByteRange, ByteStream};
use futures_util::StreamExt;
use http_body::{Frame, SizeHint};

/// One range, which lies inside.
pub(super) fn of_range(source: Source, range: ByteRange) -> Body {
    match source {
        Source::Memory(bytes) => Body::from(slice(&bytes, range)),
        Source::Stored { .. } => Body::new(Pieces::new(source, VecDeque::from([Piece::Range(range)]))),
    }
}

/// Several ranges, which lie inside, each with a head of its own. Laid out byte for byte as nginx does.
pub(super) fn byteranges(source: Source, ranges: &[ByteRange], part_type: &[u8], boundary: &str) -> Pieces {
    let len = source.len();
    let mut pieces = VecDeque::with_capacity(ranges.len() * 2 + 1);
    for range in ranges {
        let mut head = format!("\r\n--{boundary}\r\nContent-Type: ").into_bytes();
        head.extend_from_slice(part_type);
        let place = format!("\r\nContent-Range: bytes {}-{}/{len}\r\n\r\n", range.start, range.end - 1);
        head.extend_from_slice(place.as_bytes());
        pieces.push_back(Piece::Text(head.into()));
        pieces.push_back(Piece::Range(*range));
    }
    pieces.push_back(Piece::Text(format!("\r\n--{boundary}--\r\n").into()));
    Pieces::new(source, pieces)
}

fn slice(bytes: &Bytes, range: ByteRange) -> Bytes {
    let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
    bytes.slice(start..end)
}

enum Piece {
    Text(Bytes),
    Range(ByteRange),
}

/// Texts and ranges of one source, one after the other.
pub(super) struct Pieces {
    source: Source,
    pieces: VecDeque<Piece>,
    /// The range being read, and how many of its bytes are still to come.
    current: Option<(ByteStream, u64)>,
    left: u64,
}

impl Pieces {
    fn new(source: Source, pieces: VecDeque<Piece>) -> Self {
        let left = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.len() as u64,
                Piece::Range(range) => range.len(),
            })
            .sum();
        Self { source, pieces, current: None, left }
    }

    /// Bytes still to come.
    pub(super) fn len(&self) -> u64 {
        self.left
    }

    /// The next chunk of the range being read; `None` when that range is at its end.
    fn poll_current(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some((stream, left)) = &mut self.current else { return Poll::Ready(None) };
        while *left > 0 {
            let chunk = match stream.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(chunk))) => chunk,
            };
            if chunk.is_empty() {
                continue;
            }
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                return Poll::Ready(Some(Err(io::Error::other("the source gave more bytes than its range has"))));
            };
            *left = rest;
            return Poll::Ready(Some(Ok(chunk)));
        }
        self.current = None;
        Poll::Ready(None)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match self.poll_current(cx) {
                Poll::Ready(None) => {}
                other => return other,
            }
            match (self.pieces.pop_front(), &self.source) {
                (None, _) => return Poll::Ready(None),
                (Some(Piece::Text(text)), _) => return Poll::Ready(Some(Ok(text))),
                (Some(Piece::Range(range)), Source::Memory(bytes)) => {
                    let bytes = slice(bytes, range);
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                (Some(Piece::Range(range)), source @ Source::Stored { .. }) => {
                    self.current = (!range.is_empty()).then(|| (source.read(range), range.len()));
                }
            }
        }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        this.poll_chunk(cx).map(|chunk| {
            let chunk = chunk?;
            if let Ok(bytes) = &chunk {
                this.left = this.left.saturating_sub(bytes.len() as u64);
            } else {
                this.pieces.clear();
                this.current = None;
            }
            Some(chunk.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
