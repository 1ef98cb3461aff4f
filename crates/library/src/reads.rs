//! Reads that nobody has a key for: by signed URLs that end, and by guests. Each leaves a line in the audit. They change nothing, so there is
//! no transaction to write it in, and nobody waits for it: it is written down within a second.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use store::audit::Stamp;

use crate::{Actor, Fault, Library, downloads::Toll};

/// One who takes a file in pieces, a player for one, reads it once in so long a time; so does one who asks for it again and again.
const ONE_READ: Duration = Duration::from_secs(60);
/// So many are known who have read of late.
const MAX_RECENT: u64 = 100_000;
/// With so many lines waiting, whoever reads writes them down first; with ten times as many, nobody reads who would leave one.
const MAX_PENDING: usize = 10_000;
/// As many lines are written in one transaction.
const AT_ONCE: usize = 500;

/// A line to write: whose file, which, and who read it.
type Line = (i64, i64, Stamp);

/// What is not written down yet, and who has begun to read what.
pub(crate) struct Memory {
    pending: Mutex<Vec<Line>>,
    recent: Cache<Reader, ()>,
}

/// Which file, from where, by which way.
type Reader = (i64, Option<IpAddr>, Option<String>);

impl Default for Memory {
    fn default() -> Self {
        let recent = Cache::builder().max_capacity(MAX_RECENT).time_to_live(ONE_READ).build();
        Self { pending: Mutex::default(), recent }
    }
}

impl Library {
    /// Notes that bytes go out to somebody without a key, if that is so.
    pub(crate) async fn note_read(&self, actor: &Actor, toll: &Toll) -> Result<(), Fault> {
        let files: Vec<(i64, i64)> = match (toll.lent, actor.is_guest()) {
            (Some(file), _) => vec![file],
            (None, true) => {
                let tenant_id = actor.tenant_id()?;
                toll.files().map(|id| (tenant_id, id)).collect()
            }
            (None, false) => return Ok(()),
        };
        let reads = &self.inner.reads;
        // A guest acts as whoever let them in, but it is not that person who reads.
        let stamp = Stamp { user_id: None, ..actor.stamp(self.now_ms()) };
        let mut lines = Vec::with_capacity(files.len());
        for (tenant_id, asset_id) in files {
            let reader = (asset_id, actor.origin().address, toll.ticket.clone());
            if reads.recent.contains_key(&reader) {
                continue;
            }
            reads.recent.insert(reader, ());
            lines.push((tenant_id, asset_id, stamp.clone()));
        }
        let waiting = {
            // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
            let mut pending = reads.pending.lock().unwrap_or_else(PoisonError::into_inner);
            if pending.len() > 10 * MAX_PENDING {
                return Err(Fault::Unavailable("database"));
            }
            pending.extend(lines);
            pending.len()
        };
        if waiting > MAX_PENDING { self.flush_reads().await } else { Ok(()) }
    }

    /// Writes down who has read what.
    pub(crate) async fn flush_reads(&self) -> Result<(), Fault> {
        let pending = &self.inner.reads.pending;
        let mut lines = std::mem::take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(AT_ONCE));
            let done = self.inner.catalog.note_reads(&lines).await;
            if done.is_err() {
                let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
                pending.extend(lines.into_iter().chain(rest));
                return Ok(done?);
            }
            lines = rest;
        }
        Ok(())
    }
}
