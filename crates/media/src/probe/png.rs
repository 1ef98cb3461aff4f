//! The structure of a PNG: its header, its orientation and its chunks, and whether it is an APNG. It decompresses nothing.

use content::MediaType;

use super::{
    Probe, orientation,
    read::{array, be32},
};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Reads a PNG's head. It is animated when `acTL` comes before the first image data and states more than one frame; its
/// orientation counts only when it lies before the image data and within the head.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    let mut chunks = Chunks::of(head)?;
    let header = chunks.next().filter(|chunk| chunk.name == *b"IHDR" && chunk.body.len() == 13)?;
    let size = (be32(header.body, 0)?, be32(header.body, 4)?);
    // The format itself allows 31 bits.
    if size.0 > i32::MAX as u32 || size.1 > i32::MAX as u32 {
        return None;
    }
    let (mut frames, mut turned) = (1, 1);
    for chunk in chunks {
        match &chunk.name {
            b"acTL" => frames = be32(chunk.body, 0).unwrap_or(1),
            b"eXIf" => turned = orientation::read(chunk.body),
            b"IDAT" | b"IEND" => break,
            _ => {}
        }
    }
    let animated = frames > 1;
    Probe::stored(if animated { MediaType::APNG } else { MediaType::PNG }, size, turned, animated)
}

/// A part of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    /// What it is.
    pub name: [u8; 4],
    /// What it holds.
    pub body: &'a [u8],
    /// All of it: length, name, body and checksum.
    pub whole: &'a [u8],
}

impl Chunk<'_> {
    /// Whether its checksum is right.
    pub fn is_sound(&self) -> bool {
        let (named, sum) = (&self.whole[4..self.whole.len() - 4], &self.whole[self.whole.len() - 4..]);
        sum == crc32fast::hash(named).to_be_bytes()
    }
}

/// Walks the chunks that are wholly there.
#[derive(Debug, Clone)]
pub(crate) struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// Begins behind the signature.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        bytes.strip_prefix(SIGNATURE).map(|rest| Self { rest })
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let len = usize::try_from(be32(self.rest, 0)?).ok()?;
        let name = array(self.rest, 4)?;
        // Length, name and checksum are four bytes each.
        let (whole, rest) = self.rest.split_at_checked(len.checked_add(12)?)?;
        self.rest = rest;
        Some(Chunk { name, body: &whole[8..8 + len], whole })
    }
}
