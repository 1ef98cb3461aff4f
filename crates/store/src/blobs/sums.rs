//! SHA-256, MD5 and CRC-32 of bytes on their way in. Knows not where they go.

use std::{io, sync::Arc};

use bytes::Bytes;
use content::Digest;
use sha2::{Digest as _, Sha256};

use super::lane::{Batch, Lane, Work};

/// The three sums, taken on two lanes: MD5 alone takes as long as everything else together.
pub(super) struct Sums {
    md5: Lane<Md5Sum>,
    others: Lane<OtherSums>,
}

#[derive(Default)]
struct Md5Sum(md5::Md5);

#[derive(Default)]
struct OtherSums {
    sha256: Sha256,
    crc32: crc32fast::Hasher,
}

impl Sums {
    pub(super) fn new() -> Self {
        Self { md5: Lane::new(Md5Sum::default()), others: Lane::new(OtherSums::default()) }
    }

    /// Adds the next bytes.
    pub(super) fn push(&self, batch: &Arc<Batch>) -> io::Result<()> {
        self.md5.push(batch)?;
        self.others.push(batch)
    }

    /// The sums of all that was pushed.
    pub(super) async fn finish(self) -> io::Result<Digest> {
        let md5 = self.md5.finish().await?;
        Ok(digest(md5, self.others.finish().await?))
    }
}

/// The sums of a few bytes, here and now. About 0.3 s for each 128 MiB, so not for many.
pub(super) fn digest_of(pieces: &[Bytes]) -> Digest {
    let (mut md5, mut others) = (Md5Sum::default(), OtherSums::default());
    md5.add(pieces);
    others.add(pieces);
    digest(md5, others)
}

fn digest(md5: Md5Sum, others: OtherSums) -> Digest {
    Digest { sha256: others.sha256.finalize().into(), md5: md5.0.finalize().into(), crc32: others.crc32.finalize() }
}

impl Md5Sum {
    fn add(&mut self, pieces: &[Bytes]) {
        pieces.iter().for_each(|piece| self.0.update(piece));
    }
}

impl OtherSums {
    fn add(&mut self, pieces: &[Bytes]) {
        for piece in pieces {
            self.sha256.update(piece);
            self.crc32.update(piece);
        }
    }
}

impl Work for Md5Sum {
    fn take(&mut self, batch: &Batch) -> io::Result<()> {
        self.add(&batch.pieces);
        Ok(())
    }
}

impl Work for OtherSums {
    fn take(&mut self, batch: &Batch) -> io::Result<()> {
        self.add(&batch.pieces);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_published_ones() {
        let sums = digest_of(&[Bytes::from_static(b"1234"), Bytes::from_static(b"56789")]);
        assert_eq!(sums.crc32, 0xcbf4_3926);
        assert_eq!(hex::encode(sums.md5), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(hex::encode(sums.sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }
}
