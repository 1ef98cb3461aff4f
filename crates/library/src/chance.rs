//! The one place that randomness comes from: keys and secrets, from a generator that is fit for secrets.

use rand::RngExt;

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// 20 characters of `A-Za-z0-9_-`: 120 bits, an asset's public key.
#[must_use]
pub fn key_20() -> String {
    draw(URL_SAFE, 20)
}

/// `length` letters and digits, for secrets that people copy; 43 of them are 256 bits.
#[must_use]
pub fn secret(length: usize) -> String {
    draw(ALPHANUMERIC, length)
}

/// 32 hexadecimal digits in small letters: 128 bits, for secrets that look so.
#[must_use]
pub fn hex_key_32() -> String {
    draw(b"0123456789abcdef", 32)
}

/// A number from 0 to one below `end`, which is not 0: for choices that are no secrets.
#[must_use]
pub fn random_below(end: usize) -> usize {
    rand::rng().random_range(0..end.max(1))
}

fn draw(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}
