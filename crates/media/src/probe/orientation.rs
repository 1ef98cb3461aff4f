//! The orientation that an EXIF block states. It knows nothing of the file around the block.

use exif::{In, Reader, Tag};

/// Orientation 1 to 8 from the TIFF structure of an EXIF block; 1 when it states none or is damaged.
pub(super) fn read(tiff: &[u8]) -> u8 {
    let parsed = Reader::new().continue_on_error(true).read_raw(tiff.to_vec());
    parsed
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
        .and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}
