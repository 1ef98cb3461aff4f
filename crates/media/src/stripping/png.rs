//! PNG and APNG: chunks by a list of those that stay, each with the length and the checksum that it should have, and nothing behind the end.

use super::exif_of;
use crate::probe::{orientation_of, png::Chunks};

const SIGNATURE_BYTES: usize = 8;

/// The file with its orientation where it was stated first. Nothing when it is not whole or has a chunk that decoders must not pass over and
/// that is not known here.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let chunks = Chunks::of(bytes)?;
    let mut all = Vec::with_capacity(bytes.len());
    all.extend_from_slice(&bytes[..SIGNATURE_BYTES]);
    let (mut turned, mut has_image) = (false, false);
    for (at, chunk) in chunks.enumerate() {
        if (at == 0) != (chunk.name == *b"IHDR") {
            return None;
        }
        if chunk.name == *b"eXIf" && !turned {
            turned = true;
            if let Some(exif) = exif_of(orientation_of(chunk.body)) {
                write(&mut all, *b"eXIf", &exif);
            }
            continue;
        }
        let Some(len_is_right) = stays(chunk.name, chunk.body.len()) else {
            // The letter says whether who does not know the chunk may pass over it.
            if chunk.name[0].is_ascii_lowercase() {
                continue;
            }
            return None;
        };
        if !len_is_right || !chunk.is_sound() {
            return None;
        }
        all.extend_from_slice(chunk.whole);
        has_image |= chunk.name == *b"IDAT";
        if chunk.name == *b"IEND" {
            return has_image.then_some(all);
        }
    }
    None
}

fn write(all: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    let named = [&name, body].concat();
    all.extend((body.len() as u32).to_be_bytes());
    all.extend_from_slice(&named);
    all.extend(crc32fast::hash(&named).to_be_bytes());
}

/// Whether a chunk that stays has a length that it may have; nothing for one that goes.
fn stays(name: [u8; 4], len: usize) -> Option<bool> {
    Some(match &name {
        b"IDAT" | b"fdAT" | b"iCCP" => true,
        b"IHDR" => len == 13,
        b"IEND" => len == 0,
        b"PLTE" => len <= 768 && len.is_multiple_of(3),
        b"tRNS" => len <= 256,
        b"gAMA" | b"cICP" => len == 4,
        b"cHRM" => len == 32,
        b"sRGB" => len == 1,
        b"mDCV" | b"mDCv" => len == 24,
        b"cLLI" | b"cLLi" | b"acTL" => len == 8,
        b"sBIT" => len <= 4,
        b"bKGD" => len <= 6,
        b"hIST" => len <= 512,
        b"pHYs" => len == 9,
        b"fcTL" => len == 26,
        _ => return None,
    })
}
