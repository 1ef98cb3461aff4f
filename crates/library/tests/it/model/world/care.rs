//! What the model does for itself, and what it collects.

use std::collections::HashSet;

use library::Collected;

use super::{super::program::BYTES, World};

impl World {
    /// The bytes that a file, other than the one that goes, has or had.
    pub(super) fn wanted(&self, but: Option<usize>) -> HashSet<usize> {
        let stay = self.files.iter().enumerate().filter(|(at, file)| Some(*at) != but && !file.erased);
        stay.flat_map(|(_, file)| file.versions.iter().copied()).collect()
    }

    pub(super) fn erase(&mut self, at: usize) {
        let wanted = self.wanted(Some(at));
        let mut gone: HashSet<usize> = self.files[at].versions.iter().copied().collect();
        gone.retain(|bytes| !wanted.contains(bytes));
        self.dead.extend(gone.into_iter().map(|bytes| (self.now_ms, BYTES[bytes] as u64)));
        self.files[at].erased = true;
    }

    fn erase_what_was_purged(&mut self) {
        for at in 0..self.files.len() {
            if !self.files[at].erased && self.folders[self.files[at].folder].purged {
                self.erase(at);
            }
        }
    }

    /// Runs what is due: what is left of purged folders, and each hour what a library does for itself.
    pub fn run_jobs(&mut self) {
        self.erase_what_was_purged();
        if self.tend_queued_at.is_some_and(|queued| self.now_ms - queued < self.ages.tend_every_ms) {
            return;
        }
        self.tend_queued_at = Some(self.now_ms);
        let until_ms = self.now_ms - self.ages.trash_ms;
        for at in 0..self.files.len() {
            if self.knows_file(at) && self.file_lives(at) && self.is_over(at) {
                self.files[at].deleted_at = Some(self.now_ms);
            }
            if self.knows_file(at) && self.files[at].deleted_at.is_some_and(|deleted| deleted <= until_ms) {
                self.erase(at);
            }
        }
        for at in 0..self.folders.len() {
            if self.folders[at].deleted_at.is_some_and(|deleted| deleted <= until_ms) {
                // Gone already with one above it, it stays gone.
                let _ = self.purge_folder(at);
            }
        }
        self.collect(false);
        self.erase_what_was_purged();
    }

    pub fn collect(&mut self, dry_run: bool) -> Collected {
        let (dead_until, held_until) = (self.now_ms - self.ages.garbage_ms, self.now_ms - self.ages.holding_ms);
        let (collected, dead): (Vec<_>, Vec<_>) = self.dead.iter().partition(|(at, _)| *at <= dead_until);
        let (dropped, mut held): (Vec<_>, Vec<_>) = self.held.iter().partition(|(at, _)| *at < held_until);
        let sum = |list: &[(i64, u64)]| list.iter().map(|(_, bytes)| bytes).sum();
        let told = Collected {
            dead_blobs: collected.len() as u64,
            dead_bytes: sum(&collected),
            dropped: dropped.len() as u64,
            dropped_bytes: sum(&dropped),
            ..Collected::default()
        };
        if !dry_run {
            held.extend(collected.iter().map(|(_, bytes)| (self.now_ms, *bytes)));
            (self.dead, self.held) = (dead, held);
        }
        told
    }
}
