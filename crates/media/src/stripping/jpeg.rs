//! JPEG: its segments by a list of those that stay, its scans as they are, and nothing behind its end, where telephones keep films and
//! second pictures.

use memchr::memchr;

use super::{be16, exif_of, profile_of};
use crate::probe::{jpeg::EXIF_MARK, orientation_of};

const PROFILE_MARK: &[u8] = b"ICC_PROFILE\0";
/// What fits into one segment beside the mark, a number and a count.
const MAX_PIECE_BYTES: usize = 0xFFFF - 2 - 14;

/// What was found.
#[derive(Default)]
struct Found<'a> {
    /// JFIF's first segment without its thumbnail.
    jfif: Option<Vec<u8>>,
    orientation: Option<u8>,
    /// Number, count and bytes.
    profile: Vec<(u8, u8, &'a [u8])>,
    /// All else, as it is to be written.
    image: Vec<u8>,
    scans: bool,
}

/// The file in this order: JFIF, orientation, profile, the rest as it came. Nothing when it is not whole, or has what decoders do not know.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at = bytes.starts_with(&[0xFF, 0xD8]).then_some(2)?;
    let mut found = Found { image: Vec::with_capacity(bytes.len()), ..Found::default() };
    loop {
        // Stray bytes are passed over, as decoders do, and with that left out.
        at += memchr(0xFF, bytes.get(at..)?)?;
        at += bytes.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
        let marker = bytes[at];
        at += 1;
        match marker {
            // These stand alone and mean nothing here.
            0x00 | 0x01 | 0xD0..=0xD7 => continue,
            0xD9 => break,
            _ => {}
        }
        let len = usize::from(be16(bytes, at)?);
        let body = bytes.get(at + 2..at + len)?;
        at += len;
        found.take(marker, body)?;
        if marker == 0xDA {
            let end = end_of_scan(bytes, at)?;
            found.image.extend_from_slice(&bytes[at..end]);
            at = end;
        }
    }
    found.scans.then(|| found.written())
}

/// Where the entropy-coded bytes that begin at `at` end: before the first marker that is not one of theirs.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr(0xFF, bytes.get(at..)?)?;
        match bytes.get(at + 1)? {
            0x00 | 0x01 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

impl<'a> Found<'a> {
    /// Looks at one segment; nothing when it is not what its marker says.
    fn take(&mut self, marker: u8, body: &'a [u8]) -> Option<()> {
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") && self.jfif.is_none() && !self.scans => {
                // The last two bytes are the thumbnail's sides.
                self.jfif = Some([body.get(..12)?, &[0, 0]].concat());
            }
            0xE1 if self.orientation.is_none() && !self.scans => {
                self.orientation = body.strip_prefix(EXIF_MARK).map(orientation_of);
            }
            0xE2 if !self.scans => {
                if let Some([number, count, piece @ ..]) = body.strip_prefix(PROFILE_MARK) {
                    self.profile.push((*number, *count, piece));
                }
            }
            // How colours are stored is in its last byte.
            0xEE if body.starts_with(b"Adobe") => self.keep(marker, body.get(..12)?),
            0xE0..=0xEF | 0xFE => {}
            _ => {
                is_sound(marker, body).then_some(())?;
                self.scans |= marker == 0xDA;
                self.keep(marker, body);
            }
        }
        Some(())
    }

    fn keep(&mut self, marker: u8, body: &[u8]) {
        write(&mut self.image, marker, &[body]);
    }

    fn written(mut self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.image.len() + 64);
        all.extend([0xFF, 0xD8]);
        if let Some(jfif) = &self.jfif {
            write(&mut all, 0xE0, &[jfif]);
        }
        if let Some(exif) = self.orientation.and_then(exif_of) {
            write(&mut all, 0xE1, &[EXIF_MARK, &exif]);
        }
        if let Some(profile) = self.whole_profile() {
            let pieces = profile.chunks(MAX_PIECE_BYTES);
            let count = pieces.len() as u8;
            for (number, piece) in (1..).zip(pieces) {
                write(&mut all, 0xE2, &[PROFILE_MARK, &[number, count], piece]);
            }
        }
        all.append(&mut self.image);
        all.extend([0xFF, 0xD9]);
        all
    }

    /// The profile, when all of its pieces are there: of others, decoders make nothing.
    fn whole_profile(&mut self) -> Option<Vec<u8>> {
        self.profile.sort_by_key(|(number, ..)| *number);
        let is_whole = (1..)
            .zip(&self.profile)
            .all(|(expected, (number, count, _))| *number == expected && usize::from(*count) == self.profile.len());
        let joined: Vec<u8> = self.profile.iter().flat_map(|(.., piece)| *piece).copied().collect();
        let profile = profile_of(&joined).filter(|_| is_whole)?;
        // The same pieces could be joined from more that are shorter; no more than a byte counts fit in here.
        (profile.len() <= 255 * MAX_PIECE_BYTES).then(|| profile.to_vec())
    }
}

fn write(all: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let len = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    all.extend([0xFF, marker]);
    all.extend((len as u16).to_be_bytes());
    parts.iter().for_each(|part| all.extend_from_slice(part));
}

/// Whether a segment that decoders need is as long as it says: nothing else is hidden in it.
fn is_sound(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xC4 => are_huffman_tables(body),
        // Frame headers, and the one of a hierarchy.
        0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xDE => {
            body.get(5).is_some_and(|components| body.len() == 6 + 3 * usize::from(*components))
        }
        0xCC => body.len().is_multiple_of(2) && body.len() <= 64,
        0xDA => body.first().is_some_and(|components| body.len() == 4 + 2 * usize::from(*components)),
        0xDB => are_quantization_tables(body),
        0xDC | 0xDD => body.len() == 2,
        0xDF => body.len() == 1,
        _ => false,
    }
}

fn are_huffman_tables(mut body: &[u8]) -> bool {
    while let [class_and_id, rest @ ..] = body {
        let Some((counts, values)) = rest.split_at_checked(16) else { return false };
        let count = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
        if class_and_id & 0xEC != 0 || count > 256 || values.len() < count {
            return false;
        }
        body = &values[count..];
    }
    true
}

fn are_quantization_tables(mut body: &[u8]) -> bool {
    while let [precision_and_id, rest @ ..] = body {
        let len = if precision_and_id >> 4 == 0 { 64 } else { 128 };
        if precision_and_id & 0xEC != 0 || rest.len() < len {
            return false;
        }
        body = &rest[len..];
    }
    true
}
