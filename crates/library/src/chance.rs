//! The one place that randomness comes from: keys and secrets, from a generator that is fit for secrets.

use rand::RngExt;

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// 20 characters of `A-Za-z0-9_-`: 120 bits, an asset's public key.
#[must_use]
pub fn key_20() -> String {
    draw(URL_SAFE, 20)
}

/// A UUID of version 4, in small letters: 122 random bits.
#[must_use]
pub fn uuid_4() -> String {
    let bits: u128 = rand::rng().random();
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
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

/// `length` decimal digits, for secrets that people read and type.
#[must_use]
pub fn digits(length: usize) -> String {
    draw(b"0123456789", length)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        for _ in 0..1_000 {
            let uuid = uuid_4();
            let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }
}
