//! A half-open range of byte positions.

/// Bytes `start..end` of something; empty when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// All of something that is `len` bytes long.
    #[must_use]
    pub const fn whole(len: u64) -> Self {
        Self { start: 0, end: len }
    }

    /// How many bytes the range covers.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range covers nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The part of this range that also lies in `other`, if any byte does.
    #[must_use]
    pub fn overlap(self, other: Self) -> Option<Self> {
        let both = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (!both.is_empty()).then_some(both)
    }
}
