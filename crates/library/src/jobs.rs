//! The job runner: claims what is due, works, and puts back what failed with a growing pause. Any number of nodes run one.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use crate::{Actor, Fault, Job, JobState, Library, Origin, Work, chance};

/// How long a worker may keep a job before another may take it, in milliseconds.
const CLAIM_MS: i64 = 10 * 60 * 1_000;
/// How often a job is tried.
const MAX_ATTEMPTS: i64 = 8;
/// For how long what is done stays visible, in milliseconds.
const KEEP_DONE_MS: i64 = 24 * 60 * 60 * 1_000;
/// How often what other workers left behind is looked for, in milliseconds.
const TEND_MS: i64 = 60 * 1_000;
/// How often an idle runner looks for work that another node or process queued.
const IDLE: Duration = Duration::from_secs(2);

/// Work that is due again so many milliseconds after it was queued last.
const RECURRING: &[(Work, i64)] = &[(Work::Tend, 60 * 60 * 1_000), (Work::SweepStaging, 24 * 60 * 60 * 1_000)];
/// How often downloads are written down.
const FLUSH: Duration = Duration::from_secs(1);

/// So many steps of what keeps the index of names in order are done between two of those.
const STEPS_PER_FLUSH: u32 = 50;
/// How many of those pass until uses of renditions are written down too.
const FLUSHES_PER_USES: u32 = 60;

/// Runs a library's jobs.
pub struct JobRunner {
    library: Library,
    worker: String,
    tended_at: AtomicI64,
}

impl JobRunner {
    /// A runner under a name of its own.
    #[must_use]
    pub fn new(library: Library) -> Self {
        Self { library, worker: chance::key_20(), tended_at: AtomicI64::new(i64::MIN) }
    }

    /// Runs jobs until the future is dropped. A job that is cut off is taken up again after its claim ends.
    pub async fn run(self) {
        tokio::join!(
            self.run_jobs(),
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
            match self.run_due().await {
                Ok(0) => {
                    let queued = self.library.inner.jobs.notified();
                    drop(tokio::time::timeout(IDLE, queued).await);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "jobs can not be claimed");
                    tokio::time::sleep(IDLE).await;
                }
            }
        }
    }

    /// Runs what is due now, one job after another, and tells how many there were.
    ///
    /// # Errors
    /// When jobs can not be claimed or marked; a job's own failure is kept with the job.
    pub async fn run_due(&self) -> Result<u64, Fault> {
        let catalog = &self.library.inner.catalog;
        let now_ms = self.library.now_ms();
        // A write, so not at each look.
        if now_ms.saturating_sub(self.tended_at.load(Ordering::Relaxed)) >= TEND_MS {
            catalog.tend_jobs(now_ms, MAX_ATTEMPTS, now_ms - KEEP_DONE_MS).await?;
            self.queue_recurring(now_ms).await?;
            self.tended_at.store(now_ms, Ordering::Relaxed);
        }
        let mut ran = 0;
        while let Some(job) = catalog.claim_job(&self.worker, now_ms, now_ms + CLAIM_MS).await? {
            self.run_one(&job).await?;
            ran += 1;
        }
        Ok(ran)
    }

    /// Sees to it that the work which is due again and again is queued, once for all nodes.
    async fn queue_recurring(&self, now_ms: i64) -> Result<(), Fault> {
        for (work, every_ms) in RECURRING {
            self.library.inner.catalog.add_recurring_job(work, now_ms, *every_ms).await?;
        }
        Ok(())
    }

    async fn run_one(&self, job: &Job) -> Result<(), Fault> {
        let catalog = &self.library.inner.catalog;
        let outcome = self.library.work(&job.work).await;
        let now_ms = self.library.now_ms();
        match outcome {
            Ok(()) => catalog.finish_job(job.id, &self.worker, now_ms).await?,
            Err(fault) => {
                let again = (job.attempts < MAX_ATTEMPTS).then(|| now_ms + pause_ms(job.attempts));
                tracing::warn!(job = job.id, kind = job.work.kind(), %fault, ?again, "a job failed");
                if let (None, Work::Preview { asset_id }) = (again, &job.work) {
                    self.library.give_up_picture(*asset_id).await?;
                }
                catalog.fail_job(job.id, &self.worker, &fault.to_string(), again, now_ms).await?;
            }
        }
        Ok(())
    }
}

impl Library {
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
            Work::PurgeFolder { tenant_id, folder_id } => self.finish_purge(*tenant_id, *folder_id).await,
        }
    }
}

/// Ten seconds, then twice as long each time, at most an hour and a half.
fn pause_ms(attempts: i64) -> i64 {
    10_000 << attempts.clamp(1, 10).saturating_sub(1)
}
