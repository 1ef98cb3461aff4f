//! What identifies bytes. Three of the dialects publish the MD5, ZIP needs the CRC-32, the library itself goes by SHA-256.

/// The three sums of one blob, all taken while it streamed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// MD5, published by Fliplet, MediaPocket and Botdoc; never used for trust.
    pub md5: [u8; 16],
    /// CRC-32 (IEEE), as ZIP wants it.
    pub crc32: u32,
}
