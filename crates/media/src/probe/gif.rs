//! The header of a GIF: its canvas, and signs of a second frame.

use content::MediaType;

use super::{
    Probe,
    read::{array, le16},
};

/// Reads a GIF's head. Animated when a loop extension or a second image is within it.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    if !matches!(&array::<6>(head, 0)?, b"GIF87a" | b"GIF89a") {
        return None;
    }
    let size = (u32::from(le16(head, 6)?), u32::from(le16(head, 8)?));
    let table = color_table_len(*head.get(10)?);
    let animated = is_animated(head, 13 + table).unwrap_or(false);
    Probe::stored(MediaType::GIF, size, 1, animated)
}

/// Bytes of the colour table that a flags byte announces.
fn color_table_len(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Walks the blocks; `None` when the head ends before the file does.
fn is_animated(head: &[u8], mut at: usize) -> Option<bool> {
    let mut images = 0;
    loop {
        match *head.get(at)? {
            0x21 => {
                let loops = |name: &[u8]| head.get(at + 3..).is_some_and(|body| body.starts_with(name));
                if *head.get(at + 1)? == 0xFF && (loops(b"NETSCAPE2.0") || loops(b"ANIMEXTS1.0")) {
                    return Some(true);
                }
                at = after_sub_blocks(head, at + 2)?;
            }
            0x2C => {
                images += 1;
                if images > 1 {
                    return Some(true);
                }
                let table = color_table_len(*head.get(at + 9)?);
                // Descriptor, table and the code size precede the data.
                at = after_sub_blocks(head, at + 10 + table + 1)?;
            }
            _ => return Some(false),
        }
    }
}

/// Where the chain of length-prefixed blocks that starts at `at` has ended.
fn after_sub_blocks(head: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let len = usize::from(*head.get(at)?);
        at += 1 + len;
        if len == 0 {
            return Some(at);
        }
    }
}
