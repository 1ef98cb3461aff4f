//! The few primitives that age is made of, all from AWS-LC. Nothing here knows what is sealed or why.

use aws_lc_rs::{
    aead::{self, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac, rand,
};
use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped.
pub(crate) type Secret<const N: usize> = Zeroizing<[u8; N]>;

/// How many bytes a seal adds.
pub(crate) const TAG_BYTES: usize = 16;

/// The nonce of a key that seals once, as age has it.
pub(crate) const ONCE: [u8; 12] = [0; 12];

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("AWS-LC ends the process rather than go on without randomness");
    bytes
}

/// HKDF-SHA-256, 32 bytes of it.
pub(crate) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Secret<32> {
    struct Bytes32;
    impl KeyType for Bytes32 {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Secret::default();
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Bytes32)
        .and_then(|output| output.fill(key.as_mut_slice()))
        .expect("HKDF gives up to 8160 bytes");
    key
}

/// HMAC-SHA-256.
pub(crate) fn mac(key: &Secret<32>, bytes: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), bytes);
    tag.as_ref().try_into().expect("an HMAC-SHA-256 is 32 bytes")
}

/// Whether `tag` is the HMAC-SHA-256 of `bytes`, found out in constant time.
pub(crate) fn mac_holds(key: &Secret<32>, bytes: &[u8], tag: &[u8; 32]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), bytes, tag).is_ok()
}

/// A key of ChaCha20-Poly1305. It lives in memory of AWS-LC, which wipes what it frees.
pub(crate) struct Cipher(LessSafeKey);

/// A seal that does not hold: another key, or other bytes.
#[derive(Debug)]
pub(crate) struct Broken;

impl Cipher {
    pub(crate) fn new(key: &Secret<32>) -> Self {
        let key = UnboundKey::new(&aead::CHACHA20_POLY1305, key.as_slice()).expect("the key is 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals `bytes` where they are and gives the tag. No nonce may come twice under one key.
    pub(crate) fn seal(&self, nonce: [u8; 12], beside: &[u8], bytes: &mut [u8]) -> [u8; TAG_BYTES] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(beside), bytes);
        let tag = tag.expect("ChaCha20-Poly1305 takes up to 256 GiB");
        tag.as_ref().try_into().expect("a tag of Poly1305 is 16 bytes")
    }

    /// Opens `sealed`, tag included, where it is and gives the part of it that is plaintext. What is left there after a failure must
    /// not be used.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; 12],
        beside: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], Broken> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(beside), sealed).map_err(|_| Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, test case 1, the first 32 of its 42 bytes.
    #[test]
    fn hkdf_is_that_of_the_rfc() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = derive(&[0x0b; 22], &salt, &info);
        assert_eq!(hex::encode(key), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    #[test]
    fn a_seal_holds_only_with_all_that_went_into_it() {
        let (key, other) = (Cipher::new(&Secret::new([1; 32])), Cipher::new(&Secret::new([2; 32])));
        let mut sealed = b"plain".to_vec();
        let tag = key.seal(ONCE, b"beside", &mut sealed);
        sealed.extend(tag);
        assert!(other.open(ONCE, b"beside", &mut sealed.clone()).is_err());
        assert!(key.open([1; 12], b"beside", &mut sealed.clone()).is_err());
        assert!(key.open(ONCE, b"", &mut sealed.clone()).is_err());
        assert!(key.open(ONCE, b"beside", &mut sealed[..15]).is_err());
        assert_eq!(key.open(ONCE, b"beside", &mut sealed).ok(), Some(&mut b"plain"[..].to_owned()[..]));
    }
}
