//! The header of a JPEG: its segments up to the frame header. It decodes nothing.

use super::{orientation, read::be16};

/// What is needed to know before a JPEG is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegHeader {
    /// Columns as stored.
    pub width: u16,
    /// Rows as stored.
    pub height: u16,
    /// Bits per sample: 8 nearly always, 12 in medical pictures.
    pub precision: u8,
    /// Lossless JPEG, which cannot be decoded at a reduced scale.
    pub lossless: bool,
    /// EXIF orientation, 1 when none is stated.
    pub orientation: u8,
    /// Whether Adobe's segment is there: then four-component samples are stored inverted.
    pub adobe: bool,
}

/// Reads up to the frame header; `None` when there is none within `head`.
pub(crate) fn read(head: &[u8]) -> Option<JpegHeader> {
    let (mut orientation, mut adobe) = (None, false);
    let mut at = 2;
    loop {
        // Stray bytes between segments are skipped, as the decoder does.
        at += head.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        at += head.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
        let marker = head[at];
        at += 1;
        match marker {
            // These stand alone and have no length.
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            // The scan or the end before any frame header.
            0xD9 | 0xDA => return None,
            _ => {}
        }
        let len = usize::from(be16(head, at)?);
        let body = head.get(at + 2..at + len)?;
        match marker {
            0xE1 if orientation.is_none() => orientation = body.strip_prefix(b"Exif\0\0").map(orientation::read),
            0xEE => adobe |= body.starts_with(b"Adobe"),
            // All the SOF markers: 0xC4, 0xC8 and 0xCC among them are something else.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Some(JpegHeader {
                    precision: *body.first()?,
                    height: be16(body, 1)?,
                    width: be16(body, 3)?,
                    lossless: matches!(marker, 0xC3 | 0xC7 | 0xCB | 0xCF),
                    orientation: orientation.unwrap_or(1),
                    adobe,
                });
            }
            _ => {}
        }
        at += len;
    }
}
