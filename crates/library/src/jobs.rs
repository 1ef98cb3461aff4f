//! The job runner: claims what is due, works, and puts back what failed with a growing pause. Any number of nodes run one.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{sync::Notify, task::JoinSet};

use crate::{Actor, Fault, Job, JobState, Library, Origin, Work, chance};

/// How long a worker may keep a job before another may take it, in milliseconds.
const CLAIM_MS: i64 = 10 * 60 * 1_000;
/// How often a job is tried.
const MAX_ATTEMPTS: i64 = 8;
/// How often something is sent: within some five hours, for the other side may be away for a while.
const MAX_SENDINGS: i64 = 12;
/// For how long what is done stays visible, in milliseconds.
const KEEP_DONE_MS: i64 = 24 * 60 * 60 * 1_000;
/// How often what other workers left behind is looked for, in milliseconds.
const TEND_MS: i64 = 60 * 1_000;
/// How often an idle runner looks for work that another node or process queued.
const IDLE: Duration = Duration::from_secs(2);

/// Work that is due again so many milliseconds after it was queued last.
const RECURRING: &[(Work, i64)] = &[
    (Work::Tend, 60 * 60 * 1_000),
    (Work::SweepStaging, 24 * 60 * 60 * 1_000),
    // What new signatures find, or what came before there was a scanner.
    (Work::Rescan { after: 0 }, 24 * 60 * 60 * 1_000),
];
/// How often downloads are written down.
const FLUSH: Duration = Duration::from_secs(1);

/// So much goes out at a time: whoever takes it may be slow, and nothing else is to wait for them.
const DISPATCHES_AT_ONCE: usize = 16;
/// So much is fetched at a time; no tenant has more than a fourth of it.
const FETCHES_AT_ONCE: usize = 16;

/// So many steps of what keeps the index of names in order are done between two of those.
const STEPS_PER_FLUSH: u32 = 50;
/// How many of those pass until uses of renditions are written down too.
const FLUSHES_PER_USES: u32 = 60;

/// What has others on the other side, and so has runners of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Dispatches,
    Fetches,
    Scans,
}

/// What it was is in the log of the process.
#[derive(Debug, thiserror::Error)]
#[error("the job panicked")]
struct Panicked;

/// Runs a library's jobs.
pub struct JobRunner {
    library: Library,
    worker: Arc<str>,
    tended_at: AtomicI64,
}

impl JobRunner {
    /// A runner under a name of its own.
    #[must_use]
    pub fn new(library: Library) -> Self {
        Self { library, worker: chance::key_20().into(), tended_at: AtomicI64::new(i64::MIN) }
    }

    /// Runs jobs until the future is dropped. A job that is cut off is taken up again after its claim ends.
    pub async fn run(self) {
        tokio::join!(
            self.run_jobs(),
            self.run_beside(Lane::Dispatches),
            self.run_beside(Lane::Fetches),
            self.run_beside(Lane::Scans),
            self.write_down_downloads(),
            self.look_after_renditions(),
            self.keep_names_in_order()
        );
    }

    /// Behind those who write, some steps at a time: each of them waits for a step at most.
    async fn keep_names_in_order(&self) {
        loop {
            tokio::time::sleep(FLUSH).await;
            for _ in 0..STEPS_PER_FLUSH {
                match self.library.inner.catalog.tend_names().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "the index of names can not be put in order yet");
                        break;
                    }
                }
            }
        }
    }

    async fn write_down_downloads(&self) {
        loop {
            tokio::time::sleep(FLUSH).await;
            if let Err(error) = self.library.flush_downloads().await {
                tracing::warn!(%error, "downloads can not be written down yet");
            }
            if let Err(error) = self.library.flush_calls().await {
                tracing::warn!(%error, "calls can not be written down yet");
            }
            if let Err(error) = self.library.flush_reads().await {
                tracing::warn!(%error, "reads can not be written down yet");
            }
            if let Err(error) = self.library.chain_audit().await {
                tracing::warn!(%error, "the audit has lines without a place yet");
            }
        }
    }

    async fn look_after_renditions(&self) {
        for flush in 1_u32.. {
            tokio::time::sleep(FLUSH).await;
            if let Err(error) = self.library.evict_if_grown().await {
                tracing::warn!(%error, "there is no room for more renditions yet");
            }
            if flush.is_multiple_of(FLUSHES_PER_USES)
                && let Err(error) = self.library.flush_rendition_uses().await
            {
                tracing::warn!(%error, "uses of renditions can not be written down yet");
            }
        }
    }

    async fn run_jobs(&self) {
        loop {
            rest_after(self.run_jobs_due().await, &self.library.inner.jobs).await;
        }
    }

    /// Beside the other jobs: whoever is on the other side may be slow, and nothing else is to wait for them.
    async fn run_beside(&self, lane: Lane) {
        let mut under_way = JoinSet::new();
        loop {
            let begun = self.begin_due(lane, &mut under_way).await;
            let queued = match lane {
                Lane::Dispatches => &self.library.inner.going_out,
                Lane::Fetches => &self.library.inner.fetching,
                Lane::Scans => &self.library.inner.scanning,
            };
            rest_after(begun, queued).await;
        }
    }

    /// Runs what is due now, one job after another, sends and fetches what is to be, and tells how many there were.
    ///
    /// # Errors
    /// When jobs can not be claimed or marked; a job's own failure is kept with the job.
    pub async fn run_due(&self) -> Result<u64, Fault> {
        let ran = self.run_jobs_due().await?;
        let (mut under_way, mut begun) = (JoinSet::new(), 0);
        for lane in [Lane::Dispatches, Lane::Fetches, Lane::Scans] {
            begun += self.begin_due(lane, &mut under_way).await?;
            while let Some(done) = under_way.join_next().await {
                log_lost(done);
            }
        }
        Ok(ran + begun)
    }

    async fn run_jobs_due(&self) -> Result<u64, Fault> {
        let catalog = &self.library.inner.catalog;
        let now_ms = self.library.now_ms();
        // A write, so not at each look.
        if now_ms.saturating_sub(self.tended_at.load(Ordering::Relaxed)) >= TEND_MS {
            catalog.tend_jobs(now_ms, MAX_SENDINGS, now_ms - KEEP_DONE_MS).await?;
            self.queue_recurring(now_ms).await?;
            self.tended_at.store(now_ms, Ordering::Relaxed);
        }
        let mut ran = 0;
        loop {
            let now_ms = self.library.now_ms();
            let Some(job) = catalog.claim_job(&self.worker, now_ms, now_ms + CLAIM_MS).await? else { return Ok(ran) };
            self.library.run_job(&self.worker, &job).await?;
            ran += 1;
        }
    }

    /// Begins what is due, so much at a time.
    async fn begin_due(&self, lane: Lane, under_way: &mut JoinSet<Result<(), Fault>>) -> Result<u64, Fault> {
        let catalog = &self.library.inner.catalog;
        let mut begun = 0;
        loop {
            while let Some(done) = under_way.try_join_next() {
                log_lost(done);
            }
            let at_once = if lane == Lane::Dispatches { DISPATCHES_AT_ONCE } else { FETCHES_AT_ONCE };
            if under_way.len() >= at_once
                && let Some(done) = under_way.join_next().await
            {
                log_lost(done);
            }
            let now_ms = self.library.now_ms();
            let claimed = match lane {
                Lane::Dispatches => catalog.claim_dispatch(&self.worker, now_ms, now_ms + CLAIM_MS).await?,
                Lane::Fetches => catalog.claim_fetch(&self.worker, now_ms, now_ms + CLAIM_MS).await?,
                Lane::Scans => catalog.claim_scan(&self.worker, now_ms, now_ms + CLAIM_MS).await?,
            };
            let Some(job) = claimed else { return Ok(begun) };
            let (library, worker) = (self.library.clone(), Arc::clone(&self.worker));
            under_way.spawn(async move { library.run_job(&worker, &job).await });
            begun += 1;
        }
    }

    /// Sees to it that the work which is due again and again is queued, once for all nodes.
    async fn queue_recurring(&self, now_ms: i64) -> Result<(), Fault> {
        for (work, every_ms) in RECURRING {
            if matches!(work, Work::Rescan { .. }) && !self.library.scans() {
                continue;
            }
            self.library.inner.catalog.add_recurring_job(work, now_ms, *every_ms).await?;
        }
        Ok(())
    }
}

impl Library {
    async fn run_job(&self, worker: &str, job: &Job) -> Result<(), Fault> {
        let catalog = &self.inner.catalog;
        // The runner has other jobs, and nobody else in this process would run them.
        let outcome = AssertUnwindSafe(self.work(&job.work)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Err(Fault::internal(Panicked)));
        let now_ms = self.now_ms();
        match outcome {
            Ok(()) => catalog.finish_job(job.id, worker, now_ms).await?,
            Err(fault) => {
                let waits_for_others =
                    matches!(job.work, Work::Dispatch { .. } | Work::Fetch { .. } | Work::Scan { .. });
                let most = if waits_for_others { MAX_SENDINGS } else { MAX_ATTEMPTS };
                let again = (job.attempts < most).then(|| now_ms + pause_ms(job.attempts));
                tracing::warn!(job = job.id, kind = job.work.kind(), %fault, ?again, "a job failed");
                match (again, &job.work) {
                    (None, Work::Preview { asset_id }) => self.give_up_picture(*asset_id).await?,
                    (None, Work::Dispatch { dispatch_id }) => self.give_up_dispatch(*dispatch_id).await?,
                    (None, Work::Fetch { fetch_id }) => self.give_up_fetch(*fetch_id).await?,
                    (None, Work::Scan { asset_id }) => self.give_up_scan(*asset_id).await?,
                    _ => {}
                }
                catalog.fail_job(job.id, worker, &fault.to_string(), again, now_ms).await?;
            }
        }
        if matches!(job.work, Work::Fetch { .. }) {
            // Its place is free for another of the same tenant's.
            self.inner.fetching.notify_one();
        }
        Ok(())
    }

    /// The jobs in one state, oldest first, behind the id `after`.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn jobs(&self, actor: &Actor, state: JobState, after: i64, limit: i64) -> Result<Vec<Job>, Fault> {
        actor.expect_system()?;
        Ok(self.inner.catalog.jobs(state, after, limit).await?)
    }

    /// Queues work at the command line's or the server's wish.
    ///
    /// # Errors
    /// `Denied` for all others.
    pub async fn queue(&self, actor: &Actor, work: &Work) -> Result<(), Fault> {
        actor.expect_system()?;
        self.inner.catalog.add_job(None, work, self.now_ms()).await?;
        self.inner.jobs.notify_one();
        Ok(())
    }

    /// There may be something to do for new bytes.
    pub(crate) fn wake(&self) {
        self.inner.jobs.notify_one();
        self.inner.scanning.notify_one();
    }

    async fn work(&self, work: &Work) -> Result<(), Fault> {
        let actor = Actor::system(Origin::default());
        match work {
            Work::Preview { asset_id } => match self.make_previews(&actor, *asset_id).await {
                Ok(_) => Ok(()),
                // Gone meanwhile, or nothing to draw: there is nothing to make.
                Err(Fault::NotFound(_) | Fault::Unsupported | Fault::Quarantined) => {
                    self.give_up_picture(*asset_id).await
                }
                Err(fault) => Err(fault),
            },
            Work::SweepStaging => self.sweep().await,
            Work::Tend => self.tend().await,
            Work::Convert { tenant_id, after } => self.convert(*tenant_id, *after).await,
            Work::ShredBlob { blob_id, blob_key } => self.shred_blob(*blob_id, blob_key).await,
            Work::Dispatch { dispatch_id } => self.send_dispatch(*dispatch_id).await,
            Work::Fetch { fetch_id } => self.run_fetch(&actor, *fetch_id).await,
            Work::Scan { asset_id } => self.scan_asset(*asset_id).await,
            Work::Rescan { after } => self.rescan(*after).await,
            Work::PurgeFolder { tenant_id, folder_id } => self.finish_purge(*tenant_id, *folder_id).await,
        }
    }
}

/// Waits until there may be something to do again, if there was nothing.
async fn rest_after(ran: Result<u64, Fault>, queued: &Notify) {
    match ran {
        Ok(0) => drop(tokio::time::timeout(IDLE, queued.notified()).await),
        Ok(_) => {}
        Err(error) => {
            tracing::error!(%error, "jobs can not be claimed");
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// What could not be marked is taken up again when its claim ends.
fn log_lost(done: Result<Result<(), Fault>, tokio::task::JoinError>) {
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "what was sent can not be marked"),
        Err(error) => tracing::error!(%error, "what was being sent broke off"),
    }
}

/// Ten seconds, then twice as long each time, at most an hour and a half.
fn pause_ms(attempts: i64) -> i64 {
    10_000 << attempts.clamp(1, 10).saturating_sub(1)
}
