//! The orientation that an EXIF block states. It knows nothing of the file around the block.

use super::tiff::{Tag, Tiff};

const ORIENTATION: Tag = 0x0112;

/// Orientation 1 to 8 from the TIFF structure of an EXIF block; 1 when it states none or is damaged.
pub(crate) fn read(tiff: &[u8]) -> u8 {
    Tiff::read(tiff)
        .and_then(|tiff| tiff.main()?.field(ORIENTATION)?.number())
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}
