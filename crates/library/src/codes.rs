//! Codes of files for URLs that need no key: ten capitals and digits, as `54ATNEZ6I4`. A code is the file's id under a permutation
//! with a secret key: no column and no look-up, and whoever knows one code knows no other.

use sha2::{Digest as _, Sha256};

use crate::{Fault, Library};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH: usize = 10;
/// So many codes there are.
const CODES: u64 = 36_u64.pow(LENGTH as u32);
/// Half of the bits of the numbers that are permuted: the smallest even number of bits that all codes fit in.
const HALF_BITS: u32 = 26;
const HALF: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: u8 = 8;
/// No id is larger: strict clients take no more bits.
const MAX_ID: u64 = u32::MAX as u64;

/// Writes and reads codes.
#[derive(Clone)]
pub struct Codes {
    key: [u8; 32],
}

impl Library {
    /// What writes and reads the codes of this library's files. They hold for as long as the library does.
    ///
    /// # Errors
    /// When its key can not be read.
    pub async fn codes(&self) -> Result<Codes, Fault> {
        Ok(Codes { key: self.lasting_key("codes").await? })
    }
}

impl Codes {
    /// The code of a file.
    #[must_use]
    pub fn of(&self, asset_id: i64) -> String {
        let mut number = u64::try_from(asset_id).unwrap_or_default() % CODES;
        // What falls outside the codes is permuted again: seldom more than once.
        loop {
            number = self.forth(number);
            if number < CODES {
                break;
            }
        }
        let mut code = [0; LENGTH];
        for place in code.iter_mut().rev() {
            *place = ALPHABET[(number % 36) as usize];
            number /= 36;
        }
        code.iter().map(|byte| char::from(*byte)).collect()
    }

    /// The id that a code may stand for; none for what is no code.
    #[must_use]
    pub fn read(&self, code: &str) -> Option<i64> {
        if code.len() != LENGTH {
            return None;
        }
        let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte);
        let mut number = code.bytes().try_fold(0, |number, byte| Some(number * 36 + digit(byte)? as u64))?;
        loop {
            number = self.back(number);
            if number < CODES {
                break;
            }
        }
        (1..=MAX_ID).contains(&number).then(|| i64::try_from(number).ok())?
    }

    /// A Feistel network: a permutation whatever the function of a round.
    fn forth(&self, number: u64) -> u64 {
        let (mut left, mut right) = (number >> HALF_BITS, number & HALF);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        left << HALF_BITS | right
    }

    fn back(&self, number: u64) -> u64 {
        let (mut left, mut right) = (number >> HALF_BITS, number & HALF);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        left << HALF_BITS | right
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let hash =
            Sha256::new().chain_update(self.key).chain_update([round]).chain_update(half.to_be_bytes()).finalize();
        hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) & HALF
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_come_back(id in 1..=i64::from(u32::MAX), key: [u8; 32]) {
            let codes = Codes { key };
            let code = codes.of(id);
            prop_assert!(code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte)));
            prop_assert_eq!(codes.read(&code), Some(id));
        }

        #[test]
        fn any_text_is_read(text in ".{0,12}", code in "[0-9A-Z]{10}") {
            let codes = Codes { key: [7; 32] };
            let _ = codes.read(&text);
            // One in a hundred thousand at most: the others stand for nothing.
            if let Some(id) = codes.read(&code) {
                prop_assert_eq!(codes.of(id), code);
            }
        }
    }

    #[test]
    fn neighbours_have_nothing_in_common_and_another_key_other_codes() {
        let (one, other) = (Codes { key: [1; 32] }, Codes { key: [2; 32] });
        let alike = (1..100).filter(|id| one.of(*id)[..2] == one.of(id + 1)[..2]).count();
        assert!(alike < 10, "{alike}");
        assert_ne!(one.of(1), other.of(1));
    }
}
