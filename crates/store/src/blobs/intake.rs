//! Reads a body in portions of a fixed size, within a limit. Knows neither sums nor stores.

use bytes::{Bytes, BytesMut};
use content::ByteStream;
use futures_util::StreamExt;

use super::StageError;

/// Pieces below this size are copied together: many small ones would pin the much larger buffers that they were cut from.
const SMALL_PIECE_BYTES: usize = 16 * 1024;

/// As large as a run of small pieces grows before a new one is begun.
const RUN_BYTES: usize = 64 * 1024;

/// A body on its way in.
pub(super) struct Intake {
    body: ByteStream,
    max_bytes: u64,
    len: u64,
    rest: Bytes,
    ended: bool,
}

/// Some consecutive bytes of a body, in few pieces.
#[derive(Default)]
pub(super) struct Portion {
    pieces: Vec<Bytes>,
    run: BytesMut,
    len: usize,
}

impl Intake {
    pub(super) fn new(body: ByteStream, max_bytes: u64) -> Self {
        Self { body, max_bytes, len: 0, rest: Bytes::new(), ended: false }
    }

    /// The next `bytes` bytes exactly; fewer (or none) only at the end of the body.
    pub(super) async fn next(&mut self, bytes: usize) -> Result<Portion, StageError> {
        let mut portion = Portion::default();
        while portion.len < bytes {
            if self.rest.is_empty() && !self.fetch().await? {
                break;
            }
            let taken = self.rest.len().min(bytes - portion.len);
            portion.push(self.rest.split_to(taken));
        }
        Ok(portion)
    }

    /// Whether the body has ended and all of it was handed out.
    pub(super) fn ended(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// How many bytes have come in so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Waits for one more piece; `false` at the end.
    async fn fetch(&mut self) -> Result<bool, StageError> {
        if self.ended {
            return Ok(false);
        }
        match self.body.next().await {
            None => self.ended = true,
            Some(Err(error)) => return Err(StageError::Interrupted(error)),
            Some(Ok(piece)) => {
                self.len += piece.len() as u64;
                if self.len > self.max_bytes {
                    return Err(StageError::TooLarge { max: self.max_bytes });
                }
                self.rest = piece;
            }
        }
        Ok(!self.ended)
    }
}

impl Portion {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All bytes in order, as pieces that can be shared.
    pub(super) fn into_pieces(mut self) -> Vec<Bytes> {
        self.end_run();
        self.pieces
    }

    /// All bytes in one piece.
    pub(super) fn into_whole(self) -> Bytes {
        let pieces = self.into_pieces();
        match <[Bytes; 1]>::try_from(pieces) {
            Ok([whole]) => whole,
            Err(pieces) => pieces.concat().into(),
        }
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() >= SMALL_PIECE_BYTES {
            self.end_run();
            self.pieces.push(piece);
            return;
        }
        self.run.extend_from_slice(&piece);
        if self.run.len() >= RUN_BYTES {
            self.end_run();
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.pieces.push(self.run.split().freeze());
        }
    }
}

/// The first `bytes` bytes of `pieces`, copied so that they pin nothing larger.
pub(super) fn head_of(pieces: &[Bytes], bytes: usize) -> Bytes {
    let mut head = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum::<usize>().min(bytes));
    for piece in pieces {
        let room = bytes - head.len();
        head.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    head.freeze()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io;

    use futures_util::stream;

    use super::*;

    fn body(pieces: Vec<io::Result<Bytes>>) -> ByteStream {
        stream::iter(pieces).boxed()
    }

    #[tokio::test]
    async fn portions_are_exact_until_the_end() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        for step in [1_usize, 777, 20_000, 300_000] {
            let pieces = bytes.chunks(step).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let mut intake = Intake::new(body(pieces), 300_000);
            let (mut whole, mut lens) = (Vec::new(), Vec::new());
            while !intake.ended() {
                let pieces = intake.next(131_072).await.unwrap().into_pieces();
                assert!(pieces.len() <= 10, "{} pieces of {step}", pieces.len());
                lens.push(pieces.iter().map(Bytes::len).sum::<usize>());
                whole.extend(pieces.concat());
            }
            assert_eq!(lens, [131_072, 131_072, 300_000 - 262_144], "{step}");
            assert_eq!(whole, bytes);
            assert_eq!(intake.len(), 300_000);
        }
    }

    #[tokio::test]
    async fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let pieces = || vec![Ok(Bytes::from_static(&[7; 10])), Ok(Bytes::from_static(&[7; 10]))];
        assert_eq!(Intake::new(body(pieces()), 20).next(100).await.unwrap().len(), 20);
        let refused = Intake::new(body(pieces()), 19).next(100).await;
        assert!(matches!(refused, Err(StageError::TooLarge { max: 19 })));
    }

    #[test]
    fn a_head_is_the_beginning() {
        let pieces = [Bytes::from_static(b"abc"), Bytes::from_static(b"defg"), Bytes::from_static(b"hi")];
        assert_eq!(head_of(&pieces, 5), "abcde");
        assert_eq!(head_of(&pieces, 50), "abcdefghi");
        assert_eq!(head_of(&[], 5), "");
    }
}
