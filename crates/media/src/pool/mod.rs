//! Rendering in worker processes: so many at a time, so many waiting, each with a deadline. It decodes nothing itself and
//! knows no protocol beyond asking a process.

mod process;
pub(crate) mod source;

use std::{
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use self::process::{Job, Lost, WorkerProcess};
pub use self::source::Source;
use crate::{Limits, Made, RenderError, Rendered, Resolved, confine, protocol::MAX_PLANS};

/// How many workers an image may take down before it is blamed.
const ATTEMPTS_TO_CRASH: u32 = 2;
/// How many may be killed from outside under one job.
const ATTEMPTS_TO_KILL: u32 = 5;

/// How a [`Renderer`] works.
#[derive(Debug, Clone)]
pub struct RendererConfig {
    /// The `media-worker` program.
    pub worker: PathBuf,
    /// Processes at most, each with one image at a time; at least one.
    pub workers: usize,
    /// Callers that may wait for a worker; one more is told `Busy`.
    pub queue: usize,
    /// Time from when a job gets a worker to its answer, starting the process included.
    pub deadline: Duration,
    /// What one image may use.
    pub limits: Limits,
}

/// What has to be done by those who do so much at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// How many may be at work at a time.
    pub most: usize,
    /// How many are.
    pub busy: usize,
    /// How many callers wait for one of them.
    pub waiting: usize,
}

impl Load {
    /// From the places of those who work or wait, and of those who work, and how many each there are.
    pub(crate) fn of((places, all): (&Semaphore, usize), (slots, most): (&Semaphore, usize)) -> Self {
        let busy = most.saturating_sub(slots.available_permits());
        let both = all.saturating_sub(places.available_permits());
        Self { most, busy, waiting: both.saturating_sub(busy) }
    }
}

/// Renders images in processes of their own. Processes start when they are first needed and are used again; one that
/// crashes, hangs or is left by its caller in mid-job is ended, and costs nobody else anything.
#[derive(Debug)]
pub struct Renderer {
    config: RendererConfig,
    /// One for each caller that works or waits.
    places: Semaphore,
    /// One for each caller that works.
    slots: Semaphore,
    idle: Mutex<Vec<WorkerProcess>>,
    last_job: AtomicU64,
    lost: AtomicU64,
    told_of_landlock: Once,
    told_of_lack: Once,
}

impl Renderer {
    /// Makes a renderer; no process is started yet.
    #[must_use]
    pub fn new(config: RendererConfig) -> Self {
        let workers = config.workers.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = config.queue.min(Semaphore::MAX_PERMITS / 2);
        Self {
            places: Semaphore::new(workers + queue),
            slots: Semaphore::new(workers),
            idle: Mutex::new(Vec::with_capacity(workers)),
            last_job: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            told_of_landlock: Once::new(),
            told_of_lack: Once::new(),
            config,
        }
    }

    /// Renders one image. Dropping the future gives the job up at any point. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// Those of [`crate::render`], and `Busy` at once when the queue is full, `TimedOut` at the deadline, `Crashed` when
    /// two processes died on this image, `Killed` when they were killed from outside again and again, `Unavailable` when none can be started.
    pub async fn render(&self, source: Source, plan: &Resolved) -> Result<Rendered, RenderError> {
        let mut made = self.render_many(source, std::slice::from_ref(plan), false).await?;
        Ok(made.renditions.remove(0))
    }

    /// Several renditions of one image, and if wanted what it tells about itself, from one decoding: all of it or nothing.
    /// Up to 64 plans.
    ///
    /// # Errors
    /// As for [`Self::render`].
    pub async fn render_many(&self, source: Source, plans: &[Resolved], describe: bool) -> Result<Made, RenderError> {
        let len = source.len();
        self.config.limits.check_input(usize::try_from(len).unwrap_or(usize::MAX))?;
        if plans.len() > MAX_PLANS || !plans.iter().all(Resolved::is_sound) {
            return Err(RenderError::Unsupported);
        }
        let outfitted = source.needs_outfit;
        let _turn = self.turn().await?;
        let cpu_s = u32::try_from(self.config.deadline.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let image = source.into_file().await;
        let image = image.map_err(|error| RenderError::Unavailable(format!("no memory for an image: {error}")))?;
        let mut attempts = 1;
        let (results, details) = loop {
            let attempt = self.with_worker(outfitted, async |worker, id| {
                worker.make(&Job { id, cpu_s, len, plans, describe }, &image, &self.config.limits).await
            });
            match attempt.await {
                // A worker may have died of something else: the image is only to blame if the next one dies too.
                Err(RenderError::Crashed) if attempts < ATTEMPTS_TO_CRASH => attempts += 1,
                Err(RenderError::Killed) if attempts < ATTEMPTS_TO_KILL => attempts += 1,
                outcome => break outcome??,
            }
        };
        let rendered = |(plan, (bytes, animated)): (&Resolved, _)| Rendered {
            bytes,
            media_type: plan.media_type(animated),
            width: plan.width,
            height: plan.height,
            animated,
        };
        Ok(Made { renditions: plans.iter().zip(results).map(rendered).collect(), details })
    }

    /// Whether images can be rendered now: a worker answers, started if need be, and once more can do nothing that it should
    /// not.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `TimedOut` when every worker stays at work, or this one silent, until the deadline;
    /// `Unavailable` when none can be started or it is not confined, `Crashed` when it died.
    pub async fn check(&self) -> Result<(), RenderError> {
        let _turn = timeout(self.config.deadline, self.turn()).await.map_err(|_| RenderError::TimedOut)??;
        match self.with_worker(false, WorkerProcess::prove).await? {
            0 => Ok(()),
            could => Err(RenderError::Unavailable(format!(
                "a worker is not confined, it could: {:?}",
                confine::named(could)
            ))),
        }
    }

    /// The largest image that is taken, in bytes.
    #[must_use]
    pub const fn max_input_bytes(&self) -> u64 {
        self.config.limits.max_input_bytes
    }

    /// Process ids of the workers that wait for a job, for diagnostics.
    #[must_use]
    pub fn idle_workers(&self) -> Vec<u32> {
        self.idle().iter().filter_map(WorkerProcess::id).collect()
    }

    /// How much it has to do.
    #[must_use]
    pub fn load(&self) -> Load {
        let workers = self.config.workers.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = self.config.queue.min(Semaphore::MAX_PERMITS / 2);
        Load::of((&self.places, workers + queue), (&self.slots, workers))
    }

    /// How many workers were lost in the middle of a job: they died, were killed, or ran out of time.
    #[must_use]
    pub fn lost_workers(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// A place in the queue at once, then a worker's slot when it is this caller's turn.
    async fn turn(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), RenderError> {
        let place = self.places.try_acquire().map_err(|_| RenderError::Busy)?;
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        Ok((place, slot))
    }

    /// Does one thing with a worker before the deadline. The worker returns to the others only when the exchange is
    /// complete; in every other case, this future dropped included, it is dropped and with that killed.
    async fn with_worker<T>(
        &self,
        outfitted: bool,
        exchange: impl AsyncFnOnce(&mut WorkerProcess, u64) -> Result<T, Lost>,
    ) -> Result<T, RenderError> {
        let job = self.last_job.fetch_add(1, Ordering::Relaxed);
        let whole = async {
            let mut worker = match self.take_idle(outfitted) {
                Some(worker) => worker,
                None => {
                    let worker = WorkerProcess::start(&self.config.worker, &self.config.limits, outfitted).await?;
                    self.tell_once(&worker);
                    worker
                }
            };
            let answer = match exchange(&mut worker, job).await {
                Ok(answer) => answer,
                Err(lost) => {
                    tracing::warn!(worker = worker.id(), job, error = %lost, "lost a render worker");
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    return Err(if worker.was_killed().await { RenderError::Killed } else { RenderError::Crashed });
                }
            };
            if !worker.is_spent() {
                self.idle().push(worker);
            }
            Ok(answer)
        };
        timeout(self.config.deadline, whole).await.unwrap_or_else(|_| {
            self.lost.fetch_add(1, Ordering::Relaxed);
            Err(RenderError::TimedOut)
        })
    }

    /// What the log is to hold of a new worker, once and not for each.
    fn tell_once(&self, worker: &WorkerProcess) {
        if !worker.landlock {
            self.told_of_landlock.call_once(|| {
                tracing::warn!("this kernel has no landlock: render workers are confined by seccomp and limits alone");
            });
        }
        if let Some(lacks) = &worker.lacks {
            self.told_of_lack.call_once(|| tracing::warn!(lacks, "render workers lack something of the system"));
        }
    }

    /// A worker that still lives and has what is needed, no less and no more; the dead ones on the way to it are dropped.
    fn take_idle(&self, outfitted: bool) -> Option<WorkerProcess> {
        let mut idle = self.idle();
        while let Some(at) = idle.iter().rposition(|worker| worker.outfitted == outfitted) {
            let mut worker = idle.remove(at);
            if worker.lives() {
                return Some(worker);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<WorkerProcess>> {
        // Nothing under the lock can leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
