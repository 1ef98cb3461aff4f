//! Files without what they tell of their makers: where and when a picture was taken, with which camera, by whom. All of EXIF, XMP and
//! IPTC goes, with comments, texts, times, the notes of camera makers and the pictures hidden beside the main one; its orientation, its
//! colours and its movement stay, and what is compressed stays byte for byte. It decompresses no pixel.
//!
//! What may stay is listed, not what must go, and whatever can not be read for certain is refused: a file that says something which is
//! not understood here could say where somebody lives.

mod boxes;
mod directories;
mod film;
mod gif;
mod items;
mod jpeg;
mod png;
mod samples;
mod spans;
mod tiff;
mod webp;

use content::MediaType;

/// A file that tells nothing private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stripped {
    /// There was nothing to take out.
    AsItCame,
    /// Without what was taken out.
    Without(Vec<u8>),
}

/// The file may tell something private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStripped {
    /// Where files of this type keep such things is not known here: documents, drawings in SVG (which name their author, their file's
    /// path and other pictures as they please), sounds but for those in MP4, Matroska, JPEG XL, and what has no type.
    #[error("nothing is known of where files of this type keep private data")]
    Unknown,
    /// Of a known type, but damaged, cut short, or with something in it that is not understood: raw photographs, files in which pictures
    /// and private data lie on each other, films that are encrypted.
    #[error("the file can not be read for certain")]
    Unclear,
}

/// Takes what is private out of the bytes of a whole file of the type that they show. It takes time by their length (for directories and
/// lists of places, by it times its logarithm) and memory of a few times that; how many bytes that may be is for the caller to say.
///
/// What stays beside pixels and sound: orientation (a JPEG, PNG or WebP that is not upright gets an EXIF block with nothing else in it),
/// the ICC profile and what else says what colours mean, density, opacity, animation. Of a film, tracks that are neither pictures nor
/// sound go, subtitles among them, for cameras write their position into any of those.
///
/// # Errors
/// [`NotStripped`], and then nothing of the file should be handed out to those who are not to know.
pub fn strip_private(bytes: &[u8], media_type: &MediaType) -> Result<Stripped, NotStripped> {
    let strip = match media_type.as_str() {
        "image/jpeg" => jpeg::strip,
        "image/png" | "image/apng" => png::strip,
        "image/webp" => webp::strip,
        "image/gif" => gif::strip,
        "image/tiff" => tiff::strip,
        "image/avif" | "image/heic" | "image/heif" | "image/heic-sequence" | "image/heif-sequence" => film::strip_image,
        "video/mp4" | "video/quicktime" | "video/3gpp" | "video/3gpp2" | "video/x-m4v" | "audio/mp4" => film::strip,
        "image/bmp" => bitmap,
        _ => return Err(NotStripped::Unknown),
    };
    let rest = strip(bytes).ok_or(NotStripped::Unclear)?;
    Ok(if rest == bytes { Stripped::AsItCame } else { Stripped::Without(rest) })
}

/// A BMP has no place for such things but one: the name of a file with its profile, which is a path on somebody's machine.
fn bitmap(bytes: &[u8]) -> Option<Vec<u8>> {
    let header_len = u32::from_le_bytes(array(bytes.strip_prefix(b"BM")?, 12)?);
    // The letters are a number, the smaller byte first.
    let names_file = header_len >= 108 && array(bytes, 14 + 56)? == *b"KNIL";
    (matches!(header_len, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124) && !names_file).then(|| bytes.to_vec())
}

/// An EXIF block that states an orientation and nothing else; nothing for an image that is upright.
fn exif_of(orientation: u8) -> Option<Vec<u8>> {
    let field = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    (orientation != 1).then(|| [&b"MM\0*\0\0\0\x08\0\x01"[..], &field, &[0; 4]].concat())
}

/// An ICC profile without what may stand behind it; nothing when it is none, or not all of it.
fn profile_of(bytes: &[u8]) -> Option<&[u8]> {
    let len = u32::from_be_bytes(array(bytes, 0)?) as usize;
    bytes.get(..len).filter(|profile| profile.len() >= 132 && profile[36..40] == *b"acsp")
}

/// `N` bytes at `at`.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Two bytes, the larger first.
fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// Four bytes, the largest first.
fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}
