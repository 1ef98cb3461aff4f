//! Seals files at rest in the age v1 format (<https://age-encryption.org/v1>) and opens any range of them. A file is sealed to one key
//! of its tenant; tenants' keys are wrapped by a master key. Bytes in, bytes out: no I/O of its own, no database, no noun of the library.
//!
//! Sealing: [`Sealer`]. Opening: [`Head`] (whose key?), [`FileKey`] (to be cached), [`Window`] (which range, and its bytes).
//! Keys: [`TenantKey`], [`MasterKey`].

mod error;
mod file_key;
mod head;
mod header;
mod keys;
mod master;
mod opening;
mod primitives;
mod sealing;
mod small;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use file_key::FileKey;
pub use head::{Head, MAX_HEAD_BYTES, OWN_HEAD_BYTES, take_head};
pub use keys::TenantKey;
pub use master::{BadMasterKey, Fingerprint, MasterKey, WRAPPED_BYTES, WrapError};
pub use opening::{Opener, Window};
pub use sealing::Sealer;
pub use small::{open_small, seal_small};

/// How much plaintext one chunk holds; all but the last are full.
pub const CHUNK_BYTES: u64 = 64 << 10;

/// How many bytes a chunk is longer when it is sealed.
pub(crate) const CHUNK_TAG_BYTES: u64 = primitives::TAG_BYTES as u64;

/// The longest file: lengths are 64-bit integers with a sign in databases, and the sealed length must still be a number.
pub(crate) const MAX_PLAIN_BYTES: u64 = i64::MAX as u64;

/// How long a file of `plain_len` bytes is when [`Sealer`] has sealed it. Exact up to `i64::MAX` bytes; there are no longer ones.
#[must_use]
pub const fn sealed_len(plain_len: u64) -> u64 {
    OWN_HEAD_BYTES as u64 + payload_len(plain_len)
}

/// How long the file is that [`Sealer`] made `sealed_len` bytes of; `None` if it makes no such length of any.
#[must_use]
pub const fn plain_len(sealed_len: u64) -> Option<u64> {
    let Some(payload) = sealed_len.checked_sub(OWN_HEAD_BYTES as u64) else { return None };
    let chunks = payload.div_ceil(CHUNK_BYTES + CHUNK_TAG_BYTES);
    let Some(plain) = payload.checked_sub(chunks * CHUNK_TAG_BYTES) else { return None };
    if payload_len(plain) == payload { Some(plain) } else { None }
}

/// The chunks of a file of `plain_len` bytes, tags included.
const fn payload_len(plain_len: u64) -> u64 {
    let plain_len = if plain_len > MAX_PLAIN_BYTES { MAX_PLAIN_BYTES } else { plain_len };
    plain_len + (last_chunk(plain_len) + 1) * CHUNK_TAG_BYTES
}

/// The number of the last chunk. An empty file has one, which is empty.
const fn last_chunk(plain_len: u64) -> u64 {
    plain_len.saturating_sub(1) / CHUNK_BYTES
}
