//! A few bytes, sealed and opened in one go: a file in the same format.

use content::ByteRange;

use crate::{Error, Head, OWN_HEAD_BYTES, Sealer, TenantKey, plain_len};

/// Seals bytes that are few.
#[must_use]
pub fn seal_small(key: &TenantKey, plain: &[u8]) -> Vec<u8> {
    let (mut sealer, mut rest, mut sealed) = (Sealer::new(key), plain, Vec::new());
    while let Some(chunk) = sealer.push(&mut rest) {
        sealed.extend_from_slice(&chunk);
    }
    sealed.extend_from_slice(&sealer.finish());
    sealed
}

/// Opens what [`seal_small`] made.
///
/// # Errors
/// If it was sealed with another key or altered.
pub fn open_small(key: &TenantKey, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let file_key = Head::read(sealed)?.open(key)?;
    let len = plain_len(sealed.len() as u64).ok_or(Error::Truncated)?;
    let (mut opener, mut rest) = (file_key.window(len, ByteRange::whole(len))?.opener(), &sealed[OWN_HEAD_BYTES..]);
    let mut plain = Vec::new();
    while let Some(piece) = opener.push(&mut rest)? {
        plain.extend_from_slice(&piece);
    }
    opener.finish().map(|()| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_come_back_and_no_altered_ones_do() {
        let (key, other) = (TenantKey::generate(1), TenantKey::generate(1));
        for len in [0, 1, 212, 70_000] {
            let plain: Vec<u8> = (0..=255).cycle().take(len).collect();
            let sealed = seal_small(&key, &plain);
            assert_eq!(open_small(&key, &sealed), Ok(plain));
            assert_eq!(open_small(&other, &sealed), Err(Error::WrongKey));
            for at in (0..sealed.len()).step_by(if len > 1_000 { 997 } else { 1 }) {
                let mut altered = sealed.clone();
                altered[at] ^= 1;
                assert!(
                    open_small(&key, &altered).is_err() && open_small(&key, &sealed[..at]).is_err(),
                    "{at} of {len}"
                );
            }
        }
        assert!(open_small(&key, b"").is_err());
        assert_eq!(Sealer::repeatable(&key, b"a").finish(), Sealer::repeatable(&key, b"a").finish());
        assert_ne!(Sealer::repeatable(&key, b"a").finish(), Sealer::repeatable(&key, b"b").finish());
        assert_ne!(Sealer::repeatable(&key, b"a").finish(), Sealer::repeatable(&other, b"a").finish());
    }
}
