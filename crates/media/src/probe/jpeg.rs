//! The header of a JPEG: its segments up to the first scan. It decodes nothing.

use super::{orientation, read::be16};

/// What opens the segment with the EXIF block.
pub(crate) const EXIF_MARK: &[u8] = b"Exif\0\0";

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
    for Segment { marker, body, .. } in segments(head) {
        match marker {
            0xE1 if orientation.is_none() => orientation = body.strip_prefix(EXIF_MARK).map(orientation::read),
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
    }
    None
}

/// A part of the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// The byte that names it.
    pub marker: u8,
    /// What follows its length.
    pub body: &'a [u8],
    /// Where that begins.
    pub start: usize,
}

/// The segments before the first scan, as far as they lie wholly within `head`.
pub(crate) fn segments(head: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            // Stray bytes between segments are skipped, as the decoder does.
            at += head.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
            at += head.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
            let marker = head[at];
            at += 1;
            match marker {
                // These stand alone and have no length.
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                // The scan or the end before any frame header.
                0xD9 | 0xDA => return None,
                _ => {
                    let len = usize::from(be16(head, at)?);
                    let body = head.get(at + 2..at + len)?;
                    let start = at + 2;
                    at += len;
                    return Some(Segment { marker, body, start });
                }
            }
        }
    })
}
