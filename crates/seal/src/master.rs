//! The key above all: it wraps tenants' keys for keeping in a database. Where it comes from is the caller's business.

use std::fmt;

use base64::{
    Engine,
    alphabet::{self, Alphabet},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::{
    TenantKey,
    primitives::{Cipher, ONCE, Secret, TAG_BYTES, derive, random},
};

/// How many bytes a wrapped key is: version 1, fingerprint 8, nonce 16, key 32, tag 16.
pub const WRAPPED_BYTES: usize = 1 + FINGERPRINT_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

const KEY_BYTES: usize = 32;
const FINGERPRINT_BYTES: usize = 8;
const NONCE_BYTES: usize = 16;
const VERSION: u8 = 1;

/// 32 bytes that wrap tenants' keys. Wiped when dropped; shows nothing but its fingerprint.
#[derive(Clone)]
pub struct MasterKey(Secret<KEY_BYTES>);

/// Which master key it is, in 64 bits that do not lead back to it: 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

/// Text that is no master key. Never repeats any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMasterKey {
    /// There is nothing.
    #[error("the master key is empty")]
    Empty,
    /// It is neither of the two encodings.
    #[error("the master key is neither hexadecimal nor base64")]
    Encoding,
    /// It is not 32 bytes.
    #[error("the master key is {0} bytes; it must be 32")]
    Length(usize),
}

/// Why a wrapped key was not unwrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    /// Another master key wrapped it.
    #[error("the key was wrapped by master key {wrapped_by}, not by {given}")]
    OtherMasterKey {
        /// The one that did.
        wrapped_by: Fingerprint,
        /// The one that was to unwrap it.
        given: Fingerprint,
    },
    /// It is no wrapped key, or one of a later version.
    #[error("the wrapped key is malformed")]
    Malformed,
    /// It was altered, or it is another tenant's or has another id.
    #[error("the wrapped key was altered, or it is not this tenant's")]
    Altered,
}

impl MasterKey {
    /// A new random key.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// The key of these bytes.
    #[must_use]
    pub const fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self(secret)
    }

    /// Reads 32 bytes written as 64 hexadecimal digits or in base64 (either alphabet, padded or not), with or without white space around.
    ///
    /// # Errors
    /// If they are not.
    pub fn parse(text: &str) -> Result<Self, BadMasterKey> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadMasterKey::Empty);
        }
        let bytes = if text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() != BASE64_CHARS {
            hex::decode(text).ok()
        } else {
            base64_of(&alphabet::STANDARD, text).or_else(|| base64_of(&alphabet::URL_SAFE, text))
        };
        let bytes = Zeroizing::new(bytes.ok_or(BadMasterKey::Encoding)?);
        let mut secret = Secret::default();
        if bytes.len() != secret.len() {
            return Err(BadMasterKey::Length(bytes.len()));
        }
        secret.copy_from_slice(&bytes);
        Ok(Self(secret))
    }

    /// The key in 64 hexadecimal digits, for whoever must keep it. [`MasterKey::parse`] reads them.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// Which key it is.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let derived = derive(self.0.as_slice(), &[], b"mediary-master/fingerprint/v1");
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&derived[..FINGERPRINT_BYTES]);
        Fingerprint(fingerprint)
    }

    /// Wraps a key of a tenant. Only as this tenant's and under this id does it unwrap. Wrapping anew gives other bytes.
    #[must_use]
    pub fn wrap(&self, tenant_id: i64, key: &TenantKey) -> Vec<u8> {
        let nonce = random();
        let mut sealed = key.secret().clone();
        let tag = self.cipher(&nonce).seal(ONCE, &beside(tenant_id, key.id()), sealed.as_mut_slice());
        [&[VERSION][..], &self.fingerprint().0, &nonce, sealed.as_slice(), &tag].concat()
    }

    /// Unwraps what [`MasterKey::wrap`] made.
    ///
    /// # Errors
    /// If it was another master key, or if not all is as it was.
    pub fn unwrap(&self, tenant_id: i64, key_id: i64, wrapped: &[u8]) -> Result<TenantKey, WrapError> {
        let (wrapped_by, given) = (Fingerprint::of_wrapped(wrapped)?, self.fingerprint());
        if wrapped_by != given {
            return Err(WrapError::OtherMasterKey { wrapped_by, given });
        }
        let (nonce, sealed) = wrapped[1 + FINGERPRINT_BYTES..].split_first_chunk().ok_or(WrapError::Malformed)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let cipher = self.cipher(nonce);
        let plain = cipher.open(ONCE, &beside(tenant_id, key_id), &mut sealed).map_err(|_| WrapError::Altered)?;
        let mut secret = Secret::default();
        secret.copy_from_slice(plain);
        Ok(TenantKey::new(key_id, secret))
    }

    fn cipher(&self, nonce: &[u8; NONCE_BYTES]) -> Cipher {
        Cipher::new(&derive(self.0.as_slice(), nonce, b"mediary-master/wrap/v1"))
    }
}

impl Fingerprint {
    /// Which master key wrapped a tenant's key.
    ///
    /// # Errors
    /// If it is no wrapped key.
    pub fn of_wrapped(wrapped: &[u8]) -> Result<Self, WrapError> {
        match wrapped {
            [VERSION, rest @ ..] if wrapped.len() == WRAPPED_BYTES => {
                rest.first_chunk().copied().map(Self).ok_or(WrapError::Malformed)
            }
            _ => Err(WrapError::Malformed),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.fingerprint())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// How long 32 bytes are in base64 without padding. Hexadecimal digits are never so many.
const BASE64_CHARS: usize = 43;

fn base64_of(alphabet: &Alphabet, text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

/// What a wrapped key is bound to.
fn beside(tenant_id: i64, key_id: i64) -> [u8; 16] {
    let mut beside = [0; 16];
    beside[..8].copy_from_slice(&tenant_id.to_be_bytes());
    beside[8..].copy_from_slice(&key_id.to_be_bytes());
    beside
}
