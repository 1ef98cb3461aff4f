//! Rendering in worker processes: so many at a time, so many waiting, each with a deadline. It decodes nothing itself and
//! knows no protocol beyond asking a process.

mod process;

use std::{
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use self::process::{Lost, WorkerProcess};
use crate::{Limits, RenderError, Rendered, Resolved};

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
            config,
        }
    }

    /// Renders one image. Dropping the future gives the job up at any point. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// Those of [`crate::render`], and `Busy` at once when the queue is full, `TimedOut` at the deadline, `Crashed` when
    /// the process died on this image, `Unavailable` when none can be started.
    pub async fn render(&self, input: Bytes, plan: &Resolved) -> Result<Rendered, RenderError> {
        self.config.limits.check_input(input.len())?;
        if !plan.is_sound() {
            return Err(RenderError::Unsupported);
        }
        let _turn = self.turn().await?;
        let bytes = self
            .with_worker(async |worker, job| {
                let cpu_s = u32::try_from(self.config.deadline.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                worker.render(job, cpu_s, &input, plan, &self.config.limits).await
            })
            .await??;
        let media_type = plan.format.media_type();
        Ok(Rendered { bytes, media_type, width: plan.width, height: plan.height })
    }

    /// Whether images can be rendered now: a worker answers, started if need be.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `TimedOut` when every worker stays at work, or this one silent, until the deadline;
    /// `Unavailable` when none can be started, `Crashed` when it died.
    pub async fn check(&self) -> Result<(), RenderError> {
        let _turn = timeout(self.config.deadline, self.turn()).await.map_err(|_| RenderError::TimedOut)??;
        self.with_worker(WorkerProcess::ping).await
    }

    /// Process ids of the workers that wait for a job, for diagnostics.
    #[must_use]
    pub fn idle_workers(&self) -> Vec<u32> {
        self.idle().iter().filter_map(WorkerProcess::id).collect()
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
        exchange: impl AsyncFnOnce(&mut WorkerProcess, u64) -> Result<T, Lost>,
    ) -> Result<T, RenderError> {
        let job = self.last_job.fetch_add(1, Ordering::Relaxed);
        let whole = async {
            let mut worker = match self.take_idle() {
                Some(worker) => worker,
                None => WorkerProcess::start(&self.config.worker, &self.config.limits).await?,
            };
            let answer = exchange(&mut worker, job).await.map_err(|lost| {
                tracing::warn!(worker = worker.id(), job, error = %lost, "lost a render worker");
                RenderError::Crashed
            })?;
            self.idle().push(worker);
            Ok(answer)
        };
        timeout(self.config.deadline, whole).await.unwrap_or(Err(RenderError::TimedOut))
    }

    /// A worker that still lives; the dead ones on the way to it are dropped.
    fn take_idle(&self) -> Option<WorkerProcess> {
        let mut idle = self.idle();
        while let Some(mut worker) = idle.pop() {
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
