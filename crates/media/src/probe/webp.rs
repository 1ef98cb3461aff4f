//! The structure of a WebP: simple lossy, simple lossless, or extended with chunks. It decompresses nothing.

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
            Probe::stored(MediaType::WEBP, size, orientation, flags & HAS_ANIMATION != 0 && may_move(head))
        }
        _ => None,
    }
}

/// The orientation in the chunk with EXIF.
fn exif_orientation(head: &[u8]) -> Option<u8> {
    let chunk = Chunks::of(head).find(|chunk| chunk.name == *b"EXIF")?;
    let body = chunk.body?;
    Some(orientation::read(body.strip_prefix(b"Exif\0\0").unwrap_or(body)))
}

/// Whether there are two frames, or there may be a second behind the head.
fn may_move(head: &[u8]) -> bool {
    let end = le32(head, 4).map_or(0, |len| len as usize + 8);
    let mut chunks = Chunks::of(head);
    let frames = chunks.by_ref().filter(|chunk| chunk.name == *b"ANMF").count();
    frames > 1 || (end > head.len() && chunks.at < end)
}

/// A part of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// What it is.
    pub name: [u8; 4],
    /// What it holds; nothing when it is not wholly there.
    pub body: Option<&'a [u8]>,
    /// Where it ends, padding included.
    pub end: usize,
}

/// Walks the chunks, up to one that is not wholly there.
#[derive(Debug)]
pub(crate) struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Chunks<'a> {
    /// Begins behind the file's own header.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 12 }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let name = array(self.bytes, self.at)?;
        let len = usize::try_from(le32(self.bytes, self.at + 4)?).ok()?;
        let start = self.at + 8;
        let body = self.bytes.get(start..start.checked_add(len)?);
        // Chunks are padded to an even length.
        self.at = start.checked_add(len)?.checked_add(len & 1)?;
        Some(Chunk { name, body, end: self.at })
    }
}
