//! Which bytes of a file stay where its parts lie by offsets: nothing is moved, and what nobody refers to is overwritten with zeros.

use std::ops::Range;

/// Parts of a file.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Where bytes lie that only other parts give a meaning to; none within another.
    pub areas: Vec<Range<usize>>,
    /// What has a meaning and stays.
    pub kept: Vec<Range<usize>>,
    /// What has one and goes.
    pub gone: Vec<Range<usize>>,
}

impl Spans {
    /// Overwrites all of the areas but what is kept. Nothing when a part lies outside of them, or what stays lies on what goes.
    pub fn blank(mut self, bytes: &mut [u8]) -> Option<()> {
        self.areas.sort_unstable_by_key(|area| area.start);
        let is_within = |part: &Range<usize>| {
            let before = self.areas.partition_point(|area| area.start <= part.start);
            self.areas.get(before.wrapping_sub(1)).is_some_and(|area| part.end <= area.end)
        };
        let parts = || self.kept.iter().chain(&self.gone).filter(|part| !part.is_empty());
        parts().all(is_within).then_some(())?;
        let kept = joined(self.kept);
        for part in self.gone.iter().filter(|part| !part.is_empty()) {
            let after = kept.partition_point(|kept| kept.end <= part.start);
            if kept.get(after).is_some_and(|kept| kept.start < part.end) {
                return None;
            }
        }
        let mut kept = kept.into_iter().peekable();
        for area in self.areas {
            let mut at = area.start;
            while let Some(part) = kept.next_if(|part| part.start < area.end) {
                bytes[at..part.start].fill(0);
                at = part.end;
            }
            bytes[at..area.end].fill(0);
        }
        Some(())
    }
}

/// In order, and none on another.
fn joined(mut parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    parts.retain(|part| !part.is_empty());
    parts.sort_unstable_by_key(|part| part.start);
    let mut filled = 0;
    for at in 0..parts.len() {
        let part = parts[at].clone();
        if filled > 0 && part.start <= parts[filled - 1].end {
            parts[filled - 1].end = parts[filled - 1].end.max(part.end);
        } else {
            parts[filled] = part;
            filled += 1;
        }
    }
    parts.truncate(filled);
    parts
}
