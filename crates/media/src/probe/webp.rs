//! The header of a WebP: simple lossy, simple lossless, or extended.

use content::MediaType;

use super::{
    Probe, orientation,
    read::{array, le16, le24, le32},
};

/// Bits of the extended header's flags.
const HAS_ANIMATION: u8 = 0x02;
const HAS_EXIF: u8 = 0x08;

/// Reads a WebP's head. The orientation counts only when its chunk lies wholly within the head.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    if array(head, 8)? != *b"WEBP" {
        return None;
    }
    let body = head.get(20..)?;
    match &array::<4>(head, 12)? {
        b"VP8 " => {
            // Three bytes of frame tag, whose lowest bit is clear for a key frame, then the start code.
            if body.first()? & 1 != 0 || array(body, 3)? != [0x9D, 0x01, 0x2A] {
                return None;
            }
            let side = |at| Some(u32::from(le16(body, at)? & 0x3FFF));
            Probe::stored(MediaType::WEBP, (side(6)?, side(8)?), 1, false)
        }
        b"VP8L" => {
            if *body.first()? != 0x2F {
                return None;
            }
            let bits = le32(body, 1)?;
            Probe::stored(MediaType::WEBP, ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), 1, false)
        }
        b"VP8X" => {
            let flags = *body.first()?;
            let size = (le24(body, 4)? + 1, le24(body, 7)? + 1);
            let orientation = if flags & HAS_EXIF != 0 { exif_orientation(head).unwrap_or(1) } else { 1 };
            Probe::stored(MediaType::WEBP, size, orientation, flags & HAS_ANIMATION != 0)
        }
        _ => None,
    }
}

/// Walks the chunks to the one with EXIF.
fn exif_orientation(head: &[u8]) -> Option<u8> {
    let mut at = 12_usize;
    loop {
        let name = array::<4>(head, at)?;
        let len = usize::try_from(le32(head, at + 4)?).ok()?;
        let start = at + 8;
        let end = start.checked_add(len)?;
        if name == *b"EXIF" {
            let body = head.get(start..end)?;
            return Some(orientation::read(body.strip_prefix(b"Exif\0\0").unwrap_or(body)));
        }
        // Chunks are padded to an even length.
        at = end.checked_add(len & 1)?;
    }
}
