//! The key of a tenant, and how it wraps the key of a file: the stanza that is ours.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    Error,
    header::Stanza,
    primitives::{Cipher, ONCE, Secret, derive, random},
};

/// The first argument of our stanza.
pub(crate) const STANZA: &str = "mediary-tenant";

/// What the wrapping key is derived for.
const WRAP: &[u8] = b"mediary-tenant/v1";

/// How many random bytes set one wrapping key apart from the others.
pub(crate) const NONCE_BYTES: usize = 16;

/// age's file key.
pub(crate) const FILE_KEY_BYTES: usize = 16;

/// A key of a tenant, to which files are sealed. Wiped when dropped; shows nothing but its id.
#[derive(Clone)]
pub struct TenantKey {
    id: i64,
    secret: Secret<32>,
}

impl TenantKey {
    /// A new random key.
    #[must_use]
    pub fn generate(id: i64) -> Self {
        Self { id, secret: Zeroizing::new(random()) }
    }

    /// The key of these bytes. The id stands readable in every file that is sealed to it, so it must mean this key for ever.
    #[must_use]
    pub const fn new(id: i64, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { id, secret }
    }

    /// Which key it is.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Reads what [`Self::reveal`] shows; `None` for anything else.
    #[must_use]
    pub fn parse(id: i64, text: &str) -> Option<Self> {
        let mut secret = Secret::default();
        hex::decode_to_slice(text.trim(), secret.as_mut_slice()).ok()?;
        Some(Self { id, secret })
    }

    /// The key in 64 hexadecimal digits, for whoever must keep it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.secret.as_slice()))
    }

    pub(crate) const fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// Our stanza: the argument line and the body, without the last line feed. Of constant length.
    pub(crate) fn stanza(&self, file_key: &Secret<FILE_KEY_BYTES>, nonce: [u8; NONCE_BYTES]) -> String {
        let mut body = Zeroizing::new(file_key.to_vec());
        let tag = self.cipher(&nonce).seal(ONCE, &[], &mut body);
        body.extend(tag);
        let nonce = STANDARD_NO_PAD.encode(nonce);
        format!("-> {STANZA} {} {nonce}\n{}", padded(self.id), STANDARD_NO_PAD.encode(&body))
    }

    /// The file key in a stanza to this key.
    pub(crate) fn unwrap(&self, wrapped: &Wrapped) -> Result<Secret<FILE_KEY_BYTES>, Error> {
        if wrapped.key_id != self.id {
            return Err(Error::OtherKey { sealed_to: wrapped.key_id, given: self.id });
        }
        let mut body = Zeroizing::new(wrapped.body);
        let plain = self.cipher(&wrapped.nonce).open(ONCE, &[], body.as_mut_slice()).map_err(|_| Error::WrongKey)?;
        let mut file_key = Secret::default();
        file_key.copy_from_slice(plain);
        Ok(file_key)
    }

    /// Each nonce has a key of its own, which seals once: so 2⁶⁴ files are no risk to a key, where 2³² random nonces of 12 bytes are.
    fn cipher(&self, nonce: &[u8; NONCE_BYTES]) -> Cipher {
        Cipher::new(&derive(self.secret.as_slice(), nonce, WRAP))
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKey({})", self.id)
    }
}

/// A file key as our stanza holds it.
#[derive(Debug, Clone)]
pub(crate) struct Wrapped {
    pub(crate) key_id: i64,
    nonce: [u8; NONCE_BYTES],
    body: [u8; FILE_KEY_BYTES + crate::primitives::TAG_BYTES],
}

impl Wrapped {
    /// Reads a stanza; `None` if it is somebody else's.
    pub(crate) fn read(stanza: &Stanza<'_>) -> Result<Option<Self>, Error> {
        if stanza.name() != STANZA {
            return Ok(None);
        }
        let [key_id, nonce] = stanza.arguments() else {
            return Err(Error::Malformed("the tenant's stanza has not two arguments"));
        };
        let id: i64 = key_id.parse().map_err(|_| BAD_ID)?;
        // One way of writing only, so that the header is the same for whoever writes it.
        if padded(id) != *key_id {
            return Err(BAD_ID);
        }
        let nonce = STANDARD_NO_PAD.decode(nonce).ok().and_then(|nonce| nonce.try_into().ok());
        let nonce = nonce.ok_or(Error::Malformed("the nonce of the tenant's stanza is not 16 bytes"))?;
        let body = stanza.body.as_slice().try_into();
        let body = body.map_err(|_| Error::Malformed("the body of the tenant's stanza is not 32 bytes"))?;
        Ok(Some(Self { key_id: id, nonce, body }))
    }
}

const BAD_ID: Error = Error::Malformed("the id of the tenant's key is not 20 digits");

/// An id in twenty columns: every number of 64 bits has room, and all are equally long.
fn padded(id: i64) -> String {
    format!("{id:020}")
}
