//! The key of one file's chunks, and how age seals one of them. What the chunks are chunks of, it does not know.

use std::{fmt, sync::Arc};

use crate::{
    Error,
    primitives::{Cipher, Secret, TAG_BYTES, derive},
};

/// What opens the chunks of one file. Cheap to clone; the secret lies in memory that is wiped when the last clone is dropped, and
/// nothing shows it. It may be kept for as long as the file's bytes are the same, and it is worthless for any other.
#[derive(Clone)]
pub struct FileKey {
    cipher: Arc<Cipher>,
    head_bytes: u64,
}

impl FileKey {
    pub(crate) fn new(file_key: &Secret<16>, payload_nonce: &[u8; 16], head_bytes: usize) -> Self {
        let key = derive(file_key.as_slice(), payload_nonce, b"payload");
        Self { cipher: Arc::new(Cipher::new(&key)), head_bytes: head_bytes as u64 }
    }

    /// Where the first chunk begins in the sealed file.
    #[must_use]
    pub const fn head_bytes(&self) -> u64 {
        self.head_bytes
    }

    /// Seals a chunk where it is and gives the tag.
    pub(crate) fn seal(&self, chunk: u64, is_last: bool, bytes: &mut [u8]) -> [u8; TAG_BYTES] {
        self.cipher.seal(nonce(chunk, is_last), &[], bytes)
    }

    /// Opens a chunk with its tag where it is; the plaintext comes to stand in front of [`TAG_BYTES`] of rest.
    pub(crate) fn open(&self, chunk: u64, is_last: bool, sealed: &mut [u8]) -> Result<(), Error> {
        self.cipher.open(nonce(chunk, is_last), &[], sealed).map(drop).map_err(|_| Error::ChunkAltered { chunk })
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey")
    }
}

/// STREAM as age has it: a counter of 11 bytes, and whether the chunk is the last. So no chunk can be moved, left out or cut off.
fn nonce(chunk: u64, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&chunk.to_be_bytes());
    nonce[11] = u8::from(is_last);
    nonce
}
