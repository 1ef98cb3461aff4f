//! EXIF blocks, made byte by byte.

/// The value of a field.
#[derive(Clone)]
pub enum Value {
    Text(&'static [u8]),
    Short(u16),
    Fractions(Vec<(u32, u32)>),
}
pub type Fields<'a> = &'a [(u16, Value)];

/// An EXIF block with a first directory, one of the camera's and one of the place, in either byte order.
pub struct Exif<'a> {
    pub smaller_first: bool,
    pub main: Fields<'a>,
    pub exif: Fields<'a>,
    pub gps: Fields<'a>,
}

impl Exif<'_> {
    pub const EMPTY: Self = Self { smaller_first: false, main: &[], exif: &[], gps: &[] };

    fn short(&self, number: u16) -> [u8; 2] {
        if self.smaller_first { number.to_le_bytes() } else { number.to_be_bytes() }
    }

    fn long(&self, number: u32) -> [u8; 4] {
        if self.smaller_first { number.to_le_bytes() } else { number.to_be_bytes() }
    }

    pub fn block(&self) -> Vec<u8> {
        let mut block = if self.smaller_first { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let len = |fields: Fields<'_>| 2 + 12 * fields.len() + 4;
        let exif_at = 8 + len(self.main) + 24;
        let gps_at = exif_at + len(self.exif);
        let mut values_at = gps_at + len(self.gps);
        block.extend(self.long(8));
        let mut values = Vec::new();
        let pointers = [(0x8769_u16, exif_at), (0x8825, gps_at)];
        for (fields, pointers) in [(self.main, pointers.as_slice()), (self.exif, &[]), (self.gps, &[])] {
            block.extend(self.short((fields.len() + pointers.len()) as u16));
            for (tag, value) in fields {
                let (kind, count, bytes) = match value {
                    Value::Text(text) => (2, text.len(), text.to_vec()),
                    Value::Short(number) => (3, 1, self.short(*number).to_vec()),
                    Value::Fractions(all) => {
                        let parts = all.iter().flat_map(|(upper, lower)| [*upper, *lower]);
                        (5, all.len(), parts.flat_map(|part| self.long(part)).collect())
                    }
                };
                block.extend([self.short(*tag), self.short(kind)].concat());
                block.extend(self.long(count as u32));
                if bytes.len() <= 4 {
                    block.extend([bytes.as_slice(), &[0; 4][bytes.len()..]].concat());
                } else {
                    block.extend(self.long(values_at as u32));
                    values_at += bytes.len();
                    values.extend(bytes);
                }
            }
            for (tag, at) in pointers {
                block.extend([self.short(*tag), self.short(4)].concat());
                block.extend([self.long(1), self.long(*at as u32)].concat());
            }
            block.extend([0; 4]);
        }
        [block, values].concat()
    }
}
