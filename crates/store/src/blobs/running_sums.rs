//! SHA-256, MD5 and CRC-32 of bytes that come in over several requests: what was summed so far can be kept and taken up again,
//! by another process too. Knows not where the bytes go.

use content::Digest;
use md5::Md5;
use sha2::{
    Digest as _, Sha256,
    digest::{
        array::typenum::Unsigned,
        common::hazmat::{SerializableState, SerializedState},
    },
};

/// The sums of a beginning.
#[derive(Clone, Default)]
pub struct RunningSums {
    sha256: Sha256,
    md5: Md5,
    crc32: crc32fast::Hasher,
    len: u64,
}

type Size<H> = <H as SerializableState>::SerializedStateSize;

/// How long a kept state is: both hashes' states, the CRC-32, and how many bytes were summed.
const LEN: usize = Size::<Sha256>::USIZE + Size::<Md5>::USIZE + 4 + 8;

impl RunningSums {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.crc32.update(bytes);
        self.len += bytes.len() as u64;
    }

    /// What is to be kept.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut state = Vec::with_capacity(LEN);
        state.extend_from_slice(&self.sha256.serialize());
        state.extend_from_slice(&self.md5.serialize());
        state.extend_from_slice(&self.crc32.clone().finalize().to_be_bytes());
        state.extend_from_slice(&self.len.to_be_bytes());
        state
    }

    /// Takes up what was kept; `None` for bytes that are no such thing.
    #[must_use]
    pub fn resume(state: &[u8]) -> Option<Self> {
        let (sha256, rest) = state.split_at_checked(Size::<Sha256>::USIZE)?;
        let (md5, rest) = rest.split_at_checked(Size::<Md5>::USIZE)?;
        let (crc32, len) = rest.split_at_checked(4)?;
        let len = u64::from_be_bytes(len.try_into().ok()?);
        let crc32 = u32::from_be_bytes(crc32.try_into().ok()?);
        Some(Self {
            sha256: Sha256::deserialize(&SerializedState::<Sha256>::try_from(sha256).ok()?).ok()?,
            md5: Md5::deserialize(&SerializedState::<Md5>::try_from(md5).ok()?).ok()?,
            crc32: crc32fast::Hasher::new_with_initial_len(crc32, len),
            len,
        })
    }

    /// How many bytes were summed.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether none were.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The sums of all that was added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest { sha256: self.sha256.finalize().into(), md5: self.md5.finalize().into(), crc32: self.crc32.finalize() }
    }
}

impl std::fmt::Debug for RunningSums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunningSums({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::blobs::sums::digest_of;

    proptest! {
        #[test]
        fn sums_that_were_taken_up_again_are_those_of_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..2_000), cuts in proptest::collection::vec(0_usize..2_000, 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (mut sums, mut from) = (RunningSums::default(), 0);
            for cut in cuts.into_iter().chain([bytes.len()]) {
                sums.add(&bytes[from..cut]);
                sums = RunningSums::resume(&sums.save()).unwrap();
                from = cut;
            }
            prop_assert_eq!(sums.len(), bytes.len() as u64);
            prop_assert_eq!(sums.finish(), digest_of(&[Bytes::from(bytes)]));
        }

        #[test]
        fn what_is_no_state_is_refused_or_sums_something(state in proptest::collection::vec(any::<u8>(), 0..2 * LEN)) {
            if let Some(sums) = RunningSums::resume(&state) {
                let _ = sums.finish();
            }
        }
    }
}
