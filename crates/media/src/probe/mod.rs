//! What an image is, told from the head of its bytes: type, size, orientation, animation. It reads headers only and
//! decodes no pixel, so it runs in the server itself.

mod bmp;
pub(crate) mod gif;
pub(crate) mod heif;
pub(crate) mod jpeg;
mod orientation;
pub(crate) mod png;
mod read;
pub(crate) mod svg;
pub(crate) mod tiff;
pub(crate) mod webp;

use content::MediaType;

pub(crate) use self::orientation::read as orientation_of;

/// How many bytes from the start callers should give to [`probe`] and [`crate::sniff`]; fewer when there are no more.
pub const PROBE_HEAD_BYTES: usize = 256 * 1024;

/// How many it takes for a JPEG that [`PROBE_HEAD_BYTES`] do not tell the size of: the colour profiles of printing presses, half a
/// megabyte and more, stand before it.
pub const PROBE_LONG_HEAD_BYTES: usize = 8 * 1024 * 1024;

/// What the header of an image says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it is; a format of [`crate::SourceFormat`].
    pub media_type: MediaType,
    /// Width in pixels as displayed, that is after the EXIF orientation. Never zero.
    pub width: u32,
    /// Height in pixels as displayed. Never zero.
    pub height: u32,
    /// EXIF orientation, 1 (upright) to 8, and what comes to the same in AVIF and HEIC. Taken from PNG and WebP where its chunk lies
    /// within the head.
    pub orientation: u8,
    /// Whether it has more than one frame, as far as the head tells.
    pub animated: bool,
}

impl Probe {
    /// Width and height as the pixels are stored, before orientation.
    pub(crate) fn stored_size(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// A probe from what the file stores, or nothing when it has no area.
    pub(crate) fn stored(media_type: MediaType, stored: (u32, u32), orientation: u8, animated: bool) -> Option<Self> {
        let (width, height) = if orientation >= 5 { (stored.1, stored.0) } else { stored };
        (width > 0 && height > 0).then_some(Self { media_type, width, height, orientation, animated })
    }
}

/// Reads the header of an image from its first bytes ([`PROBE_HEAD_BYTES`] are enough but for a few JPEGs). `None` when it is
/// none of the formats that are rendered here, or its header is damaged, incomplete, or elsewhere: that of a TIFF often stands
/// at the end, an SVG need not state a size, and that of a PDF takes more than reading. [`crate::Made`] tells it then. What stands behind those bytes counts for
/// nothing, so that more of a file does not tell otherwise than its head did.
#[must_use]
pub fn probe(head: &[u8]) -> Option<Probe> {
    let long = &head[..head.len().min(PROBE_LONG_HEAD_BYTES)];
    let head = &head[..head.len().min(PROBE_HEAD_BYTES)];
    match head {
        [0xFF, 0xD8, ..] => {
            let header = jpeg::read(long)?;
            let size = (u32::from(header.width), u32::from(header.height));
            Probe::stored(MediaType::JPEG, size, header.orientation, false)
        }
        [0x89, b'P', b'N', b'G', ..] => png::read(head),
        [b'R', b'I', b'F', b'F', ..] => webp::read(head),
        [b'G', b'I', b'F', b'8', ..] => gif::read(head),
        [b'B', b'M', ..] => bmp::read(head),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => of_tiff(head),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif::probe(head),
        _ => svg::read(crate::sniff::svg_element(head)?),
    }
}

/// The main image of an AVIF or HEIC whose boxes may stand at the end.
pub(crate) fn whole_heif(input: &[u8]) -> Option<Probe> {
    heif::probe(input)
}

/// The first image of a TIFF whose directory lies within the head.
fn of_tiff(head: &[u8]) -> Option<Probe> {
    let main = tiff::Tiff::read(head)?.main()?;
    let side = |tag| main.field(tag)?.number();
    let size = (side(tiff::IMAGE_WIDTH)?, side(tiff::IMAGE_LENGTH)?);
    Probe::stored(MediaType::TIFF, size, orientation::read(head), false)
}
