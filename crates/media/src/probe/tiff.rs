//! The fields of an EXIF block, which has the structure of a TIFF file. It knows where a field lies and how its values are
//! written, not what they mean. Each look-up goes through one directory once and keeps nothing, so no block costs more than
//! its length, however its directories overlap.

/// A field's number.
pub(crate) type Tag = u16;

/// Columns of the image that a directory is of.
pub(crate) const IMAGE_WIDTH: Tag = 0x0100;
/// Rows of it.
pub(crate) const IMAGE_LENGTH: Tag = 0x0101;
/// Where the directory with what the camera did begins.
const EXIF_DIRECTORY: Tag = 0x8769;
/// Where the one with the place begins.
const GPS_DIRECTORY: Tag = 0x8825;

/// The types of values that are read here.
const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;
/// Of EXIF 3.
const UTF8: u16 = 129;

/// One block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiff<'a> {
    bytes: &'a [u8],
    smaller_first: bool,
}

/// Fields that belong together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directory<'a> {
    tiff: Tiff<'a>,
    /// Twelve bytes each.
    fields: &'a [[u8; 12]],
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    kind: u16,
    bytes: &'a [u8],
    smaller_first: bool,
}

impl<'a> Tiff<'a> {
    /// Reads the first eight bytes.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let smaller_first = match bytes.first_chunk()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, smaller_first })
    }

    /// The directory that comes first.
    pub fn main(self) -> Option<Directory<'a>> {
        self.directory(self.long(self.bytes.get(4..8)?)?)
    }

    /// What the camera did.
    pub fn exif(self) -> Option<Directory<'a>> {
        self.directory(self.main()?.field(EXIF_DIRECTORY)?.number()?)
    }

    /// Where it was.
    pub fn gps(self) -> Option<Directory<'a>> {
        self.directory(self.main()?.field(GPS_DIRECTORY)?.number()?)
    }

    /// The directory at a place; only as many fields as there are bytes for.
    fn directory(self, at: u32) -> Option<Directory<'a>> {
        let (count, after) = self.bytes.get(at as usize..)?.split_first_chunk::<2>()?;
        let (fields, _) = after.as_chunks::<12>();
        let stated = usize::from(self.short(count)?);
        Some(Directory { tiff: self, fields: &fields[..stated.min(fields.len())] })
    }

    fn short(self, bytes: &[u8]) -> Option<u16> {
        let bytes = *bytes.first_chunk()?;
        Some(if self.smaller_first { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(self, bytes: &[u8]) -> Option<u32> {
        long(bytes, self.smaller_first)
    }
}

impl<'a> Directory<'a> {
    /// The first field of that number whose values lie within the block.
    pub fn field(self, tag: Tag) -> Option<Field<'a>> {
        self.place(tag).map(|(_, field)| field)
    }

    /// The same, and where in the block a short value of it stands.
    pub fn place(self, tag: Tag) -> Option<(usize, Field<'a>)> {
        let tiff = self.tiff;
        let at = self.fields.as_ptr().addr() - tiff.bytes.as_ptr().addr();
        self.fields.iter().enumerate().filter(|(_, field)| tiff.short(&field[..2]) == Some(tag)).find_map(
            |(number, field)| {
                let kind = tiff.short(&field[2..4])?;
                let unit = match kind {
                    BYTE | ASCII | UNDEFINED | UTF8 => 1,
                    SHORT => 2,
                    LONG => 4,
                    RATIONAL => 8,
                    _ => return None,
                };
                let len = usize::try_from(tiff.long(&field[4..8])?).ok()?.checked_mul(unit)?;
                // Short values stand in the place of their address.
                let bytes = if len <= 4 {
                    &field[8..8 + len]
                } else {
                    self.tiff.bytes.get(tiff.long(&field[8..])? as usize..)?.get(..len)?
                };
                Some((at + 12 * number + 8, Field { kind, bytes, smaller_first: tiff.smaller_first }))
            },
        )
    }
}

impl<'a> Field<'a> {
    /// The first of whole numbers.
    pub fn number(self) -> Option<u32> {
        match self.kind {
            BYTE => self.bytes.first().copied().map(u32::from),
            SHORT => {
                let bytes = *self.bytes.first_chunk()?;
                let short = if self.smaller_first { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
                Some(u32::from(short))
            }
            LONG => long(self.bytes, self.smaller_first),
            _ => None,
        }
    }

    /// A text as it stands there, its closing zeros included.
    pub fn text(self) -> Option<&'a [u8]> {
        matches!(self.kind, ASCII | UTF8).then_some(self.bytes)
    }

    /// Bytes that mean something to somebody else.
    pub fn bytes(self) -> Option<&'a [u8]> {
        matches!(self.kind, BYTE | UNDEFINED).then_some(self.bytes)
    }

    /// The first three of fractions, those whose lower half is zero as nothing.
    pub fn fractions(self) -> Option<[Option<f64>; 3]> {
        let (fractions, _) = (self.kind == RATIONAL).then_some(self.bytes.as_chunks::<8>())?;
        let value = |fraction: &[u8; 8]| {
            let upper = long(&fraction[..4], self.smaller_first)?;
            let lower = long(&fraction[4..], self.smaller_first)?;
            (lower != 0).then(|| f64::from(upper) / f64::from(lower))
        };
        Some([0, 1, 2].map(|at| fractions.get(at).and_then(value)))
    }
}

fn long(bytes: &[u8], smaller_first: bool) -> Option<u32> {
    let bytes = *bytes.first_chunk()?;
    Some(if smaller_first { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::Tiff;

    /// Readers that visit every directory take seconds and hundreds of megabytes for 64 KiB of these.
    #[test]
    fn directories_that_overlap_cost_no_more_than_their_length() {
        let mut block = b"MM\0*\0\0\0\x08\x0A\0".to_vec();
        let first = block.len() + 12 * 0x0A00 + 4;
        for at in 0..0x0A00_u32 {
            block.extend([0x87, 0x69, 0, 4, 0, 0, 0, 1]);
            block.extend((first as u32 + at * 12).to_be_bytes());
        }
        block.extend([0; 4]);
        // The number of each of these fields is the count of a directory that begins there.
        block.extend([0x0F, 0xFF, 0, 1, 0, 0, 0, 1, 7, 0, 0, 0].repeat(0x0A00));
        let started = Instant::now();
        let tiff = Tiff::read(&block).expect("it has a header");
        assert!(tiff.exif().is_some_and(|exif| exif.field(1).is_none()) && tiff.gps().is_none());
        assert!(started.elapsed().as_millis() < 200, "{:?}", started.elapsed());
    }

    #[test]
    fn fields_that_lie_outside_count_as_missing() {
        let whole = b"MM\0*\0\0\0\x08\0\x01\x01\x0F\0\x02\0\0\0\x05\0\0\0\x1A\0\0\0\0make\0";
        fn read(block: &[u8]) -> Option<&[u8]> {
            Tiff::read(block)?.main()?.field(0x010F)?.text()
        }
        assert_eq!(read(whole), Some(b"make\0".as_slice()));
        for len in 0..whole.len() {
            assert_eq!(read(&whole[..len]), None, "{len}");
        }
        for at in [4, 12, 14, 18] {
            let mut far = whole.to_vec();
            far[at] = 0xFF;
            assert_eq!(read(&far), None, "{at}");
        }
    }
}
