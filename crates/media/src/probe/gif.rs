//! The structure of a GIF: its canvas, its images and how often they are played. It decompresses nothing.

use content::MediaType;

use super::{
    Probe,
    read::{array, le16},
};

/// Reads a GIF's head. Animated when it shows a second image, or announces that it repeats and the head ends before the file.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    let blocks = Blocks::of(head)?;
    let size = blocks.canvas;
    Probe::stored(MediaType::GIF, size, 1, is_animated(blocks))
}

fn is_animated(mut blocks: Blocks<'_>) -> bool {
    let (mut images, mut repeats) = (0, false);
    for block in blocks.by_ref() {
        match block {
            Block::Image { .. } => images += 1,
            Block::Repeats(_) => repeats = true,
            Block::Other => {}
        }
        if images > 1 {
            return true;
        }
    }
    repeats && blocks.is_cut
}

/// What a GIF consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// An image, of which at least the descriptor is there.
    Image {
        /// Columns; they may reach over the canvas.
        width: u32,
        /// Rows, likewise.
        height: u32,
    },
    /// How often the images are played once more; 0 is for ever.
    Repeats(u16),
    /// Something else.
    Other,
}

/// Walks a GIF's blocks up to its end, the end of what is there, or what is no block.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    /// Width and height.
    pub canvas: (u32, u32),
    /// Whether the bytes ended before the file did.
    pub is_cut: bool,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Blocks<'a> {
    /// Begins behind the header.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        if !matches!(&array::<6>(bytes, 0)?, b"GIF87a" | b"GIF89a") {
            return None;
        }
        let canvas = (u32::from(le16(bytes, 6)?), u32::from(le16(bytes, 8)?));
        let at = 13 + color_table_len(*bytes.get(10)?);
        Some(Self { canvas, is_cut: false, bytes, at })
    }

    /// The block at hand; `None` when not even its beginning is there.
    fn block(&self) -> Option<Block> {
        match *self.bytes.get(self.at)? {
            0x21 => Some(self.repeats().map_or(Block::Other, Block::Repeats)),
            0x2C => {
                let side = |at| Some(u32::from(le16(self.bytes, self.at + at)?));
                Some(Block::Image { width: side(5)?, height: side(7)? })
            }
            _ => None,
        }
    }

    /// What the extension at hand says about repetition.
    fn repeats(&self) -> Option<u16> {
        let extension = self.bytes.get(self.at + 1..)?;
        let named = [&b"\xFF\x0BNETSCAPE2.0"[..], b"\xFF\x0BANIMEXTS1.0"]
            .iter()
            .find_map(|name| extension.strip_prefix(*name))?;
        (named.starts_with(&[3, 1])).then(|| le16(named, 2)).flatten()
    }

    /// Where the block at hand ends; `None` when that is not there.
    fn end(&self) -> Option<usize> {
        let data = match *self.bytes.get(self.at)? {
            0x21 => self.at + 2,
            // Descriptor, table and the code size precede the data.
            _ => self.at + 10 + color_table_len(*self.bytes.get(self.at + 9)?) + 1,
        };
        after_sub_blocks(self.bytes, data)
    }
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        if self.is_cut {
            return None;
        }
        let Some(block) = self.block() else {
            self.is_cut = !matches!(self.bytes.get(self.at), Some(mark) if *mark != 0x2C);
            return None;
        };
        match self.end() {
            Some(end) => self.at = end,
            None => self.is_cut = true,
        }
        Some(block)
    }
}

/// Bytes of the colour table that a flags byte announces.
fn color_table_len(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where the chain of length-prefixed blocks that starts at `at` has ended.
fn after_sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1 + len;
        if len == 0 {
            return Some(at);
        }
    }
}
