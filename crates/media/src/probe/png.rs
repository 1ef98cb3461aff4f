//! The header of a PNG: its first chunk, and whether it is an APNG.

use content::MediaType;

use super::{
    Probe,
    read::{array, be32},
};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Reads a PNG's head. It is animated when `acTL` comes before the first image data.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    let chunks = head.strip_prefix(SIGNATURE)?;
    if array(chunks, 0)? != *b"\0\0\0\x0dIHDR" {
        return None;
    }
    let size = (be32(chunks, 8)?, be32(chunks, 12)?);
    // The format itself allows 31 bits.
    if size.0 > i32::MAX as u32 || size.1 > i32::MAX as u32 {
        return None;
    }
    let animated = is_animated(chunks).unwrap_or(false);
    Probe::stored(if animated { MediaType::APNG } else { MediaType::PNG }, size, 1, animated)
}

/// Walks the chunks; `None` when the head ends before either answer.
fn is_animated(chunks: &[u8]) -> Option<bool> {
    let mut at = 0_usize;
    loop {
        let len = usize::try_from(be32(chunks, at)?).ok()?;
        match &array::<4>(chunks, at + 4)? {
            b"acTL" => return Some(true),
            b"IDAT" | b"IEND" => return Some(false),
            // Length, name and checksum are four bytes each.
            _ => at = at.checked_add(len)?.checked_add(12)?,
        }
    }
}
