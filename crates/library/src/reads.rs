//! Reads that nobody has a key for: by signed URLs that end, and by guests. Each leaves a line in the audit. They change nothing, so there is
//! no transaction to write it in, and nobody waits for it: it is written down within a second.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use content::Portion;
use moka::sync::Cache;
use store::audit::Stamp;

use crate::{Actor, Fault, Library, downloads::Toll};

/// One who takes a file in pieces, a player for one, reads it once in so long a time.
const ONE_READ: Duration = Duration::from_secs(10 * 60);
/// So many are known who have read of late.
const MAX_RECENT: u64 = 100_000;
/// With so many lines waiting, whoever reads writes them down first.
const MAX_PENDING: usize = 10_000;

/// A line to write: whose file, which, and who read it.
type Line = (i64, i64, Stamp);

/// What is not written down yet, and who has begun to read what.
pub(crate) struct Memory {
    pending: Mutex<Vec<Line>>,
    recent: Cache<(i64, Option<IpAddr>), ()>,
}

impl Default for Memory {
    fn default() -> Self {
        let recent = Cache::builder().max_capacity(MAX_RECENT).time_to_live(ONE_READ).build();
        Self { pending: Mutex::default(), recent }
    }
}

impl Library {
    /// Notes that bytes go out to somebody without a key, if that is so.
    pub(crate) async fn note_read(&self, actor: &Actor, toll: &Toll, portion: Portion) -> Result<(), Fault> {
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
            let reader = (asset_id, actor.origin().address);
            if portion.resumes && reads.recent.contains_key(&reader) {
                continue;
            }
            reads.recent.insert(reader, ());
            lines.push((tenant_id, asset_id, stamp.clone()));
        }
        let waiting = {
            // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
            let mut pending = reads.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.extend(lines);
            pending.len()
        };
        if waiting > MAX_PENDING { self.flush_reads().await } else { Ok(()) }
    }

    /// Writes down who has read what.
    pub(crate) async fn flush_reads(&self) -> Result<(), Fault> {
        let pending = &self.inner.reads.pending;
        let lines = std::mem::take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
        if lines.is_empty() {
            return Ok(());
        }
        let done = self.inner.catalog.note_reads(&lines).await;
        if done.is_err() {
            pending.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
        }
        Ok(done?)
    }
}
