//! Names of blobs: 128 random bits, whether the bytes are sealed, and where bytes of each kind lie. Knows no store.

use std::{fmt, str::FromStr};

/// What is behind the digits of an id whose bytes are sealed: what files in that format are called.
const SEALED_SUFFIX: &str = ".age";

/// 128 random bits, shown as 32 lower-case hexadecimal digits, and behind them `.age` where the bytes are sealed. An id is never given
/// out twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId {
    bits: [u8; 16],
    sealed: bool,
}

/// The text is not 32 lower-case hexadecimal digits, with or without `.age` behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a blob id")]
pub struct NotABlobId;

/// What a blob is kept for, which decides where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Bytes as somebody gave them to us.
    Original,
    /// Bytes made from an original; they can be made again.
    Rendition,
}

/// The one name of a blob. It knows its path, and is cheap to copy, compare and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobKey {
    /// Bytes as somebody gave them to us.
    Original(BlobId),
    /// Bytes made from an original.
    Rendition(BlobId),
}

impl BlobId {
    /// A new id, from the operating system's randomness, of bytes that lie as they are.
    #[must_use]
    pub fn random() -> Self {
        Self { bits: rand::random(), sealed: false }
    }

    /// A new id of bytes that are sealed, or not.
    #[must_use]
    pub fn random_of(sealed: bool) -> Self {
        Self { sealed, ..Self::random() }
    }

    /// Whether the bytes are sealed.
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        self.sealed
    }

    /// The folder of 256 that the blob lies in.
    pub(crate) const fn shard(self) -> u8 {
        self.bits[0]
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if self.sealed { f.write_str(SEALED_SUFFIX) } else { Ok(()) }
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = NotABlobId;

    fn from_str(text: &str) -> Result<Self, NotABlobId> {
        let (digits, sealed) = text.strip_suffix(SEALED_SUFFIX).map_or((text, false), |digits| (digits, true));
        // One text per id: upper case would be a second name of the same file.
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NotABlobId);
        }
        let mut bits = [0; 16];
        hex::decode_to_slice(digits, &mut bits).map_err(|_| NotABlobId)?;
        Ok(Self { bits, sealed })
    }
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 2] = [Self::Original, Self::Rendition];

    /// The folder that holds the shards of this kind.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Original => "originals",
            Self::Rendition => "renditions",
        }
    }

    /// One of the 256 folders that blobs of this kind lie in: `originals/ab`.
    pub(super) fn shard_folder(self, shard: u8) -> String {
        format!("{}/{shard:02x}", self.folder())
    }
}

impl BlobKey {
    /// The key of `id` as a blob of `kind`.
    #[must_use]
    pub const fn new(kind: Kind, id: BlobId) -> Self {
        match kind {
            Kind::Original => Self::Original(id),
            Kind::Rendition => Self::Rendition(id),
        }
    }

    /// The id, which is unique across kinds.
    #[must_use]
    pub const fn id(self) -> BlobId {
        match self {
            Self::Original(id) | Self::Rendition(id) => id,
        }
    }

    /// What the blob is kept for.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Original(_) => Kind::Original,
            Self::Rendition(_) => Kind::Rendition,
        }
    }

    /// Whether the bytes are sealed.
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        self.id().is_sealed()
    }

    /// How many bytes lie in the store where the blob has `len`.
    #[must_use]
    pub const fn stored_len(self, len: u64) -> u64 {
        if self.is_sealed() { seal::sealed_len(len) } else { len }
    }

    /// Where the blob lies below the root of its store: `originals/ab/<id>` or `renditions/ab/<id>`.
    #[must_use]
    pub fn path(self) -> String {
        format!("{}/{}", self.kind().shard_folder(self.id().shard()), self.id())
    }

    /// The blob whose [`Self::path`] this is.
    pub(super) fn at(path: &str) -> Option<Self> {
        Self::told_by(path, '/', Self::path)
    }

    /// What the blob is called in the holding area: `originals-<id>`.
    pub(super) fn held_name(self) -> String {
        format!("{}-{}", self.kind().folder(), self.id())
    }

    /// The blob whose [`Self::held_name`] this is.
    pub(super) fn held_as(name: &str) -> Option<Self> {
        Self::told_by(name, '-', Self::held_name)
    }

    /// The key that `name` gives to `text`, which ends with the id. No other spelling of it will do.
    fn told_by(text: &str, before_id: char, name: fn(Self) -> String) -> Option<Self> {
        let id = text.rsplit_once(before_id)?.1.parse().ok()?;
        Kind::ALL.into_iter().map(|kind| Self::new(kind, id)).find(|key| name(*key) == text)
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_id_has_one_text() {
        let id = BlobId::random();
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(id, BlobId::random());
        let bad = [
            "",
            "0",
            "00112233445566778899aabbccddeef",
            "00112233445566778899AABBCCDDEEFF",
            "../12233445566778899aabbccddee",
        ];
        for text in bad {
            assert_eq!(text.parse::<BlobId>(), Err(NotABlobId), "{text:?}");
        }
    }

    #[test]
    fn a_key_knows_its_path() {
        let id: BlobId = "00112233445566778899aabbccddeeff".parse().unwrap();
        assert_eq!(BlobKey::Original(id).path(), "originals/00/00112233445566778899aabbccddeeff");
        assert_eq!(BlobKey::Rendition(id).to_string(), "renditions/00/00112233445566778899aabbccddeeff");
        for kind in Kind::ALL {
            assert_eq!(BlobKey::new(kind, id).kind(), kind);
        }
    }

    #[test]
    fn a_path_and_a_held_name_tell_their_key_and_nothing_else_does() {
        for kind in Kind::ALL {
            let key = BlobKey::new(kind, BlobId::random());
            assert_eq!((BlobKey::at(&key.path()), BlobKey::held_as(&key.held_name())), (Some(key), Some(key)));
        }
        let id = "00112233445566778899aabbccddeeff";
        let no_paths =
            ["originals/01/", "originals/0/", "originals/", "others/00/", "/originals/00/", "originals/00//", ""];
        for before in no_paths {
            assert_eq!(BlobKey::at(&format!("{before}{id}")), None, "{before}");
        }
        for before in ["others-", "originals--", "-", "originals/", ""] {
            assert_eq!(BlobKey::held_as(&format!("{before}{id}")), None, "{before}");
        }
        assert_eq!(BlobKey::at(&format!("originals/00/{id}~")), None);
    }
}
