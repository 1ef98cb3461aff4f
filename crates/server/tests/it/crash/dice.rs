//! Randomness that a number repeats, and bytes that are known by a number: what the driver sends, the server it started
//! can make again.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::support::pictures;

/// Repeats a run: the dice fall the same way, though the clients do not meet at the same moments.
const SEED: &str = "MEDIARY_TEST_SEED";
/// Of so many different bytes, most uploads have one: equal ones meet again and again, living, dying and dead.
const POOL: u64 = 24;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    /// Whether this happens that happens `times` times in a hundred.
    pub fn happens(&mut self, times: u64) -> bool {
        self.roll(100) < times
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[usize::try_from(self.roll(from.len() as u64)).unwrap()]) }
    }
}

/// The seed of this run, told so that it can be run again.
pub fn seed() -> u64 {
    seed_or(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) ^ now.as_secs() << 20 ^ u64::from(std::process::id()) << 40
    })
}

/// The one that was asked for, or another.
pub fn seed_or(other: impl Fn() -> u64) -> u64 {
    let given = std::env::var(SEED).ok().map(|text| text.parse().unwrap());
    let seed = given.unwrap_or_else(other);
    eprintln!("{SEED}={seed} repeats this");
    seed
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling {
    pub seed: u64,
    pub len: usize,
}

impl Filling {
    /// Small ones mostly, and a few that are too large to be written in one go. `fresh` is a number that no other file has.
    pub fn at_random(dice: &mut Dice, fresh: u64) -> Self {
        let seed = if dice.happens(60) { dice.roll(POOL) } else { POOL + fresh };
        // By the seed alone: bytes of one seed are equal.
        let mut by_seed = Dice::new(!seed);
        let len = match by_seed.roll(20) {
            0 => 1,
            1..9 => 2 + by_seed.roll(2_000),
            9..19 => 2_000 + by_seed.roll(60_000),
            _ => 500_000 + by_seed.roll(200_000),
        };
        Self { seed, len: usize::try_from(len).unwrap() }
    }

    /// Every sixteenth is an image, of which the server makes a preview.
    pub fn bytes(self) -> Vec<u8> {
        let mut dice = Dice::new(self.seed);
        if self.seed % 16 == 3 {
            let mut colour = || dice.next().to_le_bytes()[..4].try_into().unwrap();
            return pictures::jpeg_of(400, 300, [colour(), colour(), colour(), colour()]);
        }
        // A letter first, or one in some thousands would look like a type of file by chance.
        let mut bytes = vec![b'x'];
        while bytes.len() < self.len {
            bytes.extend(dice.next().to_le_bytes());
        }
        bytes.truncate(self.len);
        bytes
    }

    pub fn hash(self) -> Hash {
        hash_of(&self.bytes())
    }
}

/// SHA-256.
pub type Hash = [u8; 32];

pub fn hash_of(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}
