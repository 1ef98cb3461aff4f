//! Plaintext in, sealed file out, chunk by chunk.

use std::fmt;

use bytes::{Bytes, BytesMut};
use content::ByteStream;
use futures_util::{StreamExt, stream};
use zeroize::Zeroizing;

use crate::{
    CHUNK_BYTES, FileKey, OWN_HEAD_BYTES, TenantKey, header,
    keys::{FILE_KEY_BYTES, NONCE_BYTES},
    primitives::{Secret, TAG_BYTES, derive, random},
};

const CHUNK: usize = CHUNK_BYTES as usize;

/// Seals one file. Holds one chunk.
pub struct Sealer {
    key: FileKey,
    /// The chunk that is being filled, in front of the first one the head.
    filling: BytesMut,
    /// Where in `filling` the chunk begins.
    start: usize,
    /// The number of the chunk.
    chunk: u64,
}

impl Sealer {
    /// Begins a file that `key` opens, with a file key and nonces of its own.
    #[must_use]
    pub fn new(key: &TenantKey) -> Self {
        Self::with(key, &Zeroizing::new(random()), random(), random())
    }

    /// The same for the same seed, to the bit, where one file may be sealed twice by two that know nothing of each other. A seed must never
    /// stand for two plaintexts: who has both sealed could read from them where they differ.
    #[must_use]
    pub fn repeatable(key: &TenantKey, seed: &[u8]) -> Self {
        let part = |what: &[u8]| {
            let derived = derive(key.secret().as_slice(), seed, what);
            let mut part = Secret::<FILE_KEY_BYTES>::default();
            part.copy_from_slice(&derived[..FILE_KEY_BYTES]);
            part
        };
        let [file_key, nonce, payload_nonce] = [&b"file key"[..], b"nonce", b"payload nonce"]
            .map(|what| part(&[b"mediary-repeatable/v1 ", what].concat()));
        Self::with(key, &file_key, *nonce, *payload_nonce)
    }

    /// The same, with nothing left to chance. None of the three may ever come twice.
    pub(crate) fn with(
        key: &TenantKey,
        file_key: &Secret<FILE_KEY_BYTES>,
        nonce: [u8; NONCE_BYTES],
        payload_nonce: [u8; 16],
    ) -> Self {
        let mut filling = BytesMut::with_capacity(OWN_HEAD_BYTES + CHUNK + TAG_BYTES);
        filling.extend_from_slice(header::write(&key.stanza(file_key, nonce), file_key.as_slice()).as_bytes());
        filling.extend_from_slice(&payload_nonce);
        let start = filling.len();
        Self { key: FileKey::new(file_key, &payload_nonce, start), filling, start, chunk: 0 }
    }

    /// What opens this file, for whoever goes on to read it.
    #[must_use]
    pub fn file_key(&self) -> FileKey {
        self.key.clone()
    }

    /// Takes from `plain` up to where a chunk is sealed, which it gives; `None` when it has taken all. So it is to be called until then.
    pub fn push(&mut self, plain: &mut &[u8]) -> Option<Bytes> {
        while !plain.is_empty() {
            let room = self.start + CHUNK - self.filling.len();
            // Only now is it certain that the chunk is not the last.
            if room == 0 {
                return Some(self.seal(false));
            }
            let (part, rest) = plain.split_at(room.min(plain.len()));
            self.filling.reserve(room + TAG_BYTES);
            self.filling.extend_from_slice(part);
            *plain = rest;
        }
        None
    }

    /// Seals the last chunk.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.seal(true)
    }

    /// Seals all of `plain`. Gives a piece per chunk.
    pub fn seal_stream(self, plain: ByteStream) -> ByteStream {
        let state = (Some(self), plain, Bytes::new());
        let sealed = stream::try_unfold(state, |(sealer, mut plain, mut piece)| async move {
            let Some(mut sealer) = sealer else { return Ok(None) };
            loop {
                let mut rest = &piece[..];
                let sealed = sealer.push(&mut rest);
                let rest = piece.slice_ref(rest);
                if let Some(sealed) = sealed {
                    return Ok(Some((sealed, (Some(sealer), plain, rest))));
                }
                match plain.next().await {
                    Some(next) => piece = next?,
                    None => return Ok(Some((sealer.finish(), (None, plain, Bytes::new())))),
                }
            }
        });
        sealed.boxed()
    }

    fn seal(&mut self, is_last: bool) -> Bytes {
        let tag = self.key.seal(self.chunk, is_last, &mut self.filling[self.start..]);
        self.filling.extend_from_slice(&tag);
        self.chunk += 1;
        self.start = 0;
        self.filling.split().freeze()
    }
}

/// Without the plaintext that it holds.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}
