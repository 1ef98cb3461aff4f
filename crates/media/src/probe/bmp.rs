//! The header of a BMP.

use content::MediaType;

use super::{
    Probe,
    read::{le16, le32},
};

/// Reads the sizes, which the oldest kind of header keeps in two bytes each. Rows may be counted from the top, by a negative height.
pub(super) fn read(head: &[u8]) -> Option<Probe> {
    let size = match le32(head, 14)? {
        12 => (u32::from(le16(head, 18)?), u32::from(le16(head, 20)?)),
        40 | 52 | 56 | 64 | 108 | 124 => (le32(head, 18)?, le32(head, 22)?.cast_signed().unsigned_abs()),
        _ => return None,
    };
    Probe::stored(MediaType::of("image/bmp"), size, 1, false).filter(|probe| probe.width <= i32::MAX.cast_unsigned())
}
