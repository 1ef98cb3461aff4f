//! WebP: chunks by a list of those that stay, in frames too, and nothing behind the end.

use super::{array, exif_of, profile_of};
use crate::probe::{orientation_of, webp::Chunks};

/// Bits of the extended header.
const HAS_PROFILE: u8 = 0x20;
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
/// What stands in a frame before its chunks.
const FRAME_HEAD_BYTES: usize = 16;

/// The file with its lengths and its extended header put right. Nothing when it is not whole.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let len = u32::from_le_bytes(array(bytes.strip_prefix(b"RIFF")?, 0)?) as usize;
    let bytes = bytes.get(..len.checked_add(8)?)?;
    (array(bytes, 8)? == *b"WEBP").then_some(())?;
    let mut all = Vec::with_capacity(bytes.len());
    all.extend_from_slice(&bytes[..12]);
    match &array::<4>(bytes, 12)? {
        // The simple form has one chunk; what stands behind it is read by nobody.
        name @ (b"VP8 " | b"VP8L") => write(&mut all, *name, Chunks::of(bytes).next()?.body?),
        b"VP8X" => extended(bytes, &mut all)?,
        _ => return None,
    }
    let len = u32::try_from(all.len() - 8).ok()?;
    all[4..8].copy_from_slice(&len.to_le_bytes());
    Some(all)
}

fn extended(bytes: &[u8], all: &mut Vec<u8>) -> Option<()> {
    let flags_at = all.len() + 8;
    let (mut end, mut orientation, mut images, mut profile) = (12, None, 0, false);
    for (at, chunk) in Chunks::of(bytes).enumerate() {
        let body = chunk.body?;
        end = chunk.end;
        match &chunk.name {
            name @ b"VP8X" if at == 0 && body.len() == 10 => write(all, *name, body),
            b"VP8X" => return None,
            b"ICCP" if !profile => {
                if let Some(found) = profile_of(body) {
                    write(all, *b"ICCP", found);
                    profile = true;
                }
            }
            name @ b"ANIM" if body.len() == 6 => write(all, *name, body),
            b"ANIM" => return None,
            b"ANMF" => {
                let framed = frame(body)?;
                write(all, *b"ANMF", &framed);
                images += 1;
            }
            name @ (b"VP8 " | b"VP8L") => {
                write(all, *name, body);
                images += 1;
            }
            b"ALPH" => write(all, *b"ALPH", body),
            b"EXIF" if orientation.is_none() => {
                orientation = Some(orientation_of(body.strip_prefix(b"Exif\0\0").unwrap_or(body)));
            }
            _ => {}
        }
    }
    // The last one may lack the byte that makes it even.
    if images == 0 || !(end == bytes.len() || end == bytes.len() + 1) {
        return None;
    }
    let flags = all[flags_at];
    // Without its flag, nobody reads the chunk.
    let exif = orientation.filter(|_| flags & HAS_EXIF != 0).and_then(exif_of);
    if let Some(exif) = &exif {
        write(all, *b"EXIF", exif);
    }
    let mut kept = flags & !(HAS_XMP | HAS_EXIF);
    if exif.is_some() {
        kept |= HAS_EXIF;
    }
    if !profile {
        kept &= !HAS_PROFILE;
    }
    all[flags_at] = kept;
    Some(())
}

/// A frame with nothing but its pixels.
fn frame(body: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::with_capacity(body.len());
    all.extend_from_slice(body.get(..FRAME_HEAD_BYTES)?);
    let mut rest = &body[FRAME_HEAD_BYTES..];
    while !rest.is_empty() {
        let (name, len) = (array(rest, 0)?, u32::from_le_bytes(array(rest, 4)?) as usize);
        let inside = rest.get(8..8_usize.checked_add(len)?)?;
        if matches!(&name, b"VP8 " | b"VP8L" | b"ALPH") {
            write(&mut all, name, inside);
        }
        rest = rest.get(8 + len + (len & 1)..).unwrap_or_default();
    }
    Some(all)
}

fn write(all: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    all.extend(name);
    all.extend((body.len() as u32).to_le_bytes());
    all.extend_from_slice(body);
    // Chunks are padded to an even length.
    all.extend(&[0][..body.len() & 1]);
}
