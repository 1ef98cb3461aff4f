//! The directories of a TIFF file and what each of their fields refers to. It knows how values are written, not what they mean.

use std::ops::Range;

/// A field of a directory.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub tag: u16,
    kind: u16,
    /// Where its values lie; nothing when that is outside of the file, or they are of an unknown kind.
    pub values: Option<Range<usize>>,
    /// Whether they lie elsewhere than in the field itself.
    pub is_apart: bool,
    /// Its twelve bytes.
    pub place: Range<usize>,
}

impl Field {
    /// Whether its only value may be where something else lies.
    pub fn may_be_place(&self) -> bool {
        matches!(self.kind, 4 | 13) && !self.is_apart
    }

    /// Whether its values are numbers, and not bytes or letters that mean something to somebody else. Few bytes are numbers.
    pub fn has_numbers(&self) -> bool {
        match self.kind {
            2 | 129 => false,
            1 | 6 | 7 => self.values.as_ref().is_some_and(|values| values.len() <= 8),
            _ => true,
        }
    }
}

/// A directory.
#[derive(Debug)]
pub(super) struct Directory {
    /// From the number of its fields up to the place of the next directory.
    pub place: Range<usize>,
    pub fields: Vec<Field>,
    /// Where the next directory begins; 0 is nowhere.
    pub next: usize,
}

/// The bytes of a file, and the order of those in its numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a> {
    bytes: &'a [u8],
    smaller_first: bool,
}

impl<'a> Numbers<'a> {
    /// Of a TIFF with addresses of 32 bits.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let smaller_first = match bytes.first_chunk()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, smaller_first })
    }

    pub fn short(self, at: usize) -> Option<u16> {
        let bytes = super::array(self.bytes, at)?;
        Some(if self.smaller_first { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    pub fn long(self, at: usize) -> Option<u32> {
        let bytes = super::array(self.bytes, at)?;
        Some(if self.smaller_first { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// A number as the file writes it.
    pub fn written(self, short: u16) -> [u8; 2] {
        if self.smaller_first { short.to_le_bytes() } else { short.to_be_bytes() }
    }

    /// The directory that begins at a place.
    pub fn directory(self, at: usize) -> Option<Directory> {
        let count = usize::from(self.short(at)?);
        let end = at + 2 + 12 * count;
        let next = self.long(end)? as usize;
        let fields = (0..count).map(|number| self.field(at + 2 + 12 * number)).collect::<Option<_>>()?;
        Some(Directory { place: at..end + 4, fields, next })
    }

    fn field(self, at: usize) -> Option<Field> {
        let kind = self.short(at + 2)?;
        let len = (self.long(at + 4)? as usize).checked_mul(unit(kind))?;
        let is_apart = len > 4;
        let start = if is_apart { self.long(at + 8)? as usize } else { at + 8 };
        let values = (unit(kind) > 0).then(|| start..start.saturating_add(len));
        let values = values.filter(|values| values.end <= self.bytes.len());
        Some(Field { tag: self.short(at)?, kind, values, is_apart, place: at..at + 12 })
    }

    /// All values of a field with whole numbers; nothing when it has others.
    pub fn all(self, field: &Field) -> Option<Vec<usize>> {
        let values = field.values.clone()?;
        match field.kind {
            3 => values.step_by(2).map(|at| self.short(at).map(usize::from)).collect(),
            4 | 13 => values.step_by(4).map(|at| self.long(at).map(|number| number as usize)).collect(),
            _ => None,
        }
    }
}

/// Bytes of one value; 0 for a kind that is not known.
fn unit(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 | 129 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 0,
    }
}
