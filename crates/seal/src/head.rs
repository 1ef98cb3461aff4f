//! What is read of a sealed file before anything else: the header and the payload's nonce, which say whose key opens it.

use std::io;

use bytes::{Bytes, BytesMut};
use content::ByteStream;
use futures_util::{StreamExt, stream};

use crate::{
    Error, FileKey, TenantKey,
    header::{Header, MAX_HEADER_BYTES},
    keys::Wrapped,
    primitives::Secret,
};

/// How many bytes the head of what [`crate::Sealer`] made is, always: so many are to be read first.
pub const OWN_HEAD_BYTES: usize = 192;

/// How many bytes a head that somebody else made can be.
pub const MAX_HEAD_BYTES: usize = MAX_HEADER_BYTES + PAYLOAD_NONCE_BYTES;

/// How many bytes follow the header and set the payload's key apart.
pub(crate) const PAYLOAD_NONCE_BYTES: usize = 16;

/// The head of a sealed file: well formed, but not yet known to be authentic. Holds no secret.
#[derive(Debug, Clone)]
pub struct Head {
    header: Box<[u8]>,
    wrapped: Wrapped,
    payload_nonce: [u8; PAYLOAD_NONCE_BYTES],
}

impl Head {
    /// Reads the head that `bytes` begin with. Stanzas of others, which another program may have put beside ours, are passed over.
    ///
    /// # Errors
    /// [`Error::Truncated`] if `bytes` end before the head does, which [`OWN_HEAD_BYTES`] of our own files and [`MAX_HEAD_BYTES`] of any
    /// file do not, unless they are cut off; others if it is no head with a stanza of ours.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let header = Header::read(bytes)?;
        let mut ours = None;
        for stanza in &header.stanzas {
            if let Some(wrapped) = Wrapped::read(stanza)?
                && ours.replace(wrapped).is_some()
            {
                return Err(Error::NoTenantKey);
            }
        }
        let wrapped = ours.ok_or(Error::NoTenantKey)?;
        let payload_nonce = *bytes[header.len..].first_chunk().ok_or(Error::Truncated)?;
        Ok(Self { header: bytes[..header.len].into(), wrapped, payload_nonce })
    }

    /// Which of the tenant's keys opens it, as the header says; [`Head::open`] finds out whether that is so.
    #[must_use]
    pub fn key_id(&self) -> i64 {
        self.wrapped.key_id
    }

    /// Opens it: what comes out opens the chunks, and can be kept for as long as the file is the same.
    ///
    /// # Errors
    /// If it is sealed to another key or was altered.
    pub fn open(&self, key: &TenantKey) -> Result<FileKey, Error> {
        let file_key = key.unwrap(&self.wrapped)?;
        payload_key(&Header::read(&self.header)?, &file_key, &self.payload_nonce)
    }
}

/// The key of the chunks behind `header`, if that is authentic.
pub(crate) fn payload_key(
    header: &Header<'_>,
    file_key: &Secret<16>,
    payload_nonce: &[u8; PAYLOAD_NONCE_BYTES],
) -> Result<FileKey, Error> {
    header.check(file_key.as_slice())?;
    Ok(FileKey::new(file_key, payload_nonce, header.len + PAYLOAD_NONCE_BYTES))
}

/// Takes the head off a sealed file that is read from its beginning; the stream that comes with it goes on behind it. So one request is
/// enough where two would cost something.
///
/// # Errors
/// Those of the stream, and those of [`Head::read`].
pub async fn take_head(mut sealed: ByteStream) -> io::Result<(Head, ByteStream)> {
    let (mut known, mut piece) = (BytesMut::new(), Bytes::new());
    loop {
        match Head::read(&known) {
            Ok(head) => {
                let rest = known.split_off(head.header.len() + PAYLOAD_NONCE_BYTES).freeze();
                let begun = [rest, piece].into_iter().filter(|some| !some.is_empty()).map(Ok);
                return Ok((head, stream::iter(begun).chain(sealed).boxed()));
            }
            Err(Error::Truncated) => {}
            Err(other) => return Err(other.into()),
        }
        while piece.is_empty() {
            piece = sealed.next().await.ok_or(Error::Truncated)??;
        }
        // A piece may be a whole file that is mapped, of which no more than the head is to be copied.
        known.extend_from_slice(&piece.split_to(piece.len().min(OWN_HEAD_BYTES)));
    }
}
