//! What videos and sounds are and how they look, told by the `ffprobe` and `ffmpeg` of the system where it has them: confined,
//! so many at a time, so many waiting, each with a deadline. It decodes nothing itself; where they are missing it says so.

mod container;
mod facts;
mod find;
mod poster;
mod run;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Once,
    time::Duration,
};

use bytes::Bytes;
use content::MediaType;
use tokio::{
    sync::{OnceCell, Semaphore, SemaphorePermit},
    time::timeout,
};

use self::{container::Container, run::Job};
pub use self::{facts::VideoFacts, find::find_program};
use crate::{
    Limits, RenderError, Source,
    pool::{Load, source::in_memory},
    worker,
};

/// Address space that a program needs whatever the video: its libraries, which are many, the stacks and heaps of its threads.
const BASE_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// Bytes a pixel of the largest frame allowed: those that others are predicted from, and the one that is drawn.
const MEMORY_BYTES_PER_PIXEL: u64 = 20;

/// All that a confined program may be able to do, of what the worker tries.
const HARMLESS_ATTEMPTS: &[&str] = &["start a thread"];

/// Longest answer of `ffprobe` and of the proof that is read.
const MAX_ANSWER_BYTES: u64 = 256 * 1024;

/// How [`Videos`] work.
#[derive(Debug, Clone)]
pub struct VideosConfig {
    /// The `media-worker` program, by which the others are confined.
    pub worker: PathBuf,
    /// The `ffmpeg` program, by its whole path; without it there are no videos.
    pub ffmpeg: Option<PathBuf>,
    /// The `ffprobe` program, likewise.
    pub ffprobe: Option<PathBuf>,
    /// Programs that run at a time; at least one.
    pub at_once: usize,
    /// Callers that may wait for their turn; one more is told `Busy`.
    pub queue: usize,
    /// Time from when a job has its turn to its answer.
    pub deadline: Duration,
    /// What one job may use. Pixels are those of one frame; the bytes of a source are counted where they lie in memory only, because
    /// of a file the programs read what they need; animations do not matter here.
    pub limits: Limits,
}

/// Describes videos and draws posters of them, by programs that run for one job each and are confined before they start. A program
/// that crashes, hangs or is left by its caller is killed, and costs nobody else anything.
#[derive(Debug)]
pub struct Videos {
    config: VideosConfig,
    /// One for each caller that works or waits.
    places: Semaphore,
    /// One for each caller that works.
    slots: Semaphore,
    /// Set when it was tried that the programs run, and are confined.
    proven: OnceCell<()>,
    told: Once,
}

impl Videos {
    /// Makes one; nothing is started yet.
    #[must_use]
    pub fn new(config: VideosConfig) -> Self {
        let at_once = config.at_once.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = config.queue.min(Semaphore::MAX_PERMITS / 2);
        Self {
            places: Semaphore::new(at_once + queue),
            slots: Semaphore::new(at_once),
            proven: OnceCell::new(),
            told: Once::new(),
            config,
        }
    }

    /// Whether there are programs for it. That there are none is logged, once.
    pub fn are_there(&self) -> bool {
        let there = self.config.ffmpeg.is_some() && self.config.ffprobe.is_some();
        if !there {
            self.told.call_once(|| {
                tracing::info!(
                    ffmpeg = self.config.ffmpeg.is_some(),
                    ffprobe = self.config.ffprobe.is_some(),
                    "videos are not described and have no posters, because not both programs are there"
                );
            });
        }
        there
    }

    /// Whether files of this type are read at all; others are `Unsupported`.
    #[must_use]
    pub fn reads(media_type: &MediaType) -> bool {
        Container::is_of(media_type)
    }

    /// Reads what a video or a sound is; of what type it is must be known from its bytes. Dropping the future gives the job up at any
    /// point. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// `Unsupported` for other types and for what holds neither pictures nor sound, `Corrupt` for what can not be read, `TooLarge` for
    /// too many bytes in memory; `Busy` at once when the queue is full, `TimedOut` at the deadline or when the processor time is used
    /// up, `Crashed` when the program died, `Killed` when somebody killed it, `Unavailable` when it is missing, can not be started or
    /// is not confined.
    pub async fn describe(&self, source: Source, media_type: &MediaType) -> Result<VideoFacts, RenderError> {
        let (program, _) = self.programs()?;
        self.job(source, media_type, async |input, container| {
            let arguments = facts::arguments(container, &self.config.limits);
            facts::read(&self.run(program, &arguments, input, MAX_ANSWER_BYTES).await?)
        })
        .await
    }

    /// Draws one picture of a video, as a JPEG of high quality: upright, as large as it is displayed but no longer than 3840 pixels
    /// along a side, from its first tenth and at most three seconds in, and not a black one where one of the frames after that is
    /// brighter. The bytes come from a program that read the video: they are no more to be trusted than that.
    ///
    /// # Errors
    /// As for [`Self::describe`], and `Unsupported` for what has sound only, `TooLarge` for too many pixels or a result too long.
    pub async fn poster(
        &self,
        source: Source,
        media_type: &MediaType,
        facts: &VideoFacts,
    ) -> Result<Bytes, RenderError> {
        let (_, program) = self.programs()?;
        let (width, height) = facts.width.zip(facts.height).ok_or(RenderError::Unsupported)?;
        let limits = &self.config.limits;
        limits.check_pixels(width, height)?;
        self.job(source, media_type, async |input, container| {
            for attempt in poster::ATTEMPTS {
                let arguments = poster::arguments(*attempt, container, facts, limits);
                match self.run(program, &arguments, input, limits.max_output_bytes).await {
                    // There may be no frame so far in, or no bright one; and what is damaged there may be whole at the start.
                    Err(RenderError::Corrupt(_)) if *attempt != poster::LAST_ATTEMPT => {}
                    Ok(picture) if picture.is_empty() => {}
                    drawn => return drawn,
                }
            }
            Err(RenderError::Corrupt("no frame can be drawn".to_owned()))
        })
        .await
    }

    /// Whether it works now: the programs are there and can be started, and what is confined can do nothing that it should not.
    ///
    /// # Errors
    /// As for [`Self::describe`].
    pub async fn check(&self) -> Result<(), RenderError> {
        self.programs()?;
        let whole = async {
            let _turn = self.turn().await?;
            self.prove().await?;
            // Nobody has to try it again; that somebody already has is fine.
            drop(self.proven.set(()));
            Ok(())
        };
        timeout(self.config.deadline, whole).await.unwrap_or(Err(RenderError::TimedOut))
    }

    /// How much there is to do.
    #[must_use]
    pub fn load(&self) -> Load {
        let at_once = self.config.at_once.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = self.config.queue.min(Semaphore::MAX_PERMITS / 2);
        Load::of((&self.places, at_once + queue), (&self.slots, at_once))
    }

    /// `ffprobe` and `ffmpeg`.
    fn programs(&self) -> Result<(&Path, &Path), RenderError> {
        let both = self.config.ffprobe.as_deref().zip(self.config.ffmpeg.as_deref()).filter(|_| self.are_there());
        both.ok_or_else(|| RenderError::Unavailable("there are no programs that read videos".to_owned()))
    }

    /// Does one thing with an input when it is its turn, before the deadline.
    async fn job<T>(
        &self,
        source: Source,
        media_type: &MediaType,
        work: impl AsyncFnOnce(&File, &Container) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        if !Self::reads(media_type) {
            return Err(RenderError::Unsupported);
        }
        if source.is_in_memory() {
            self.config.limits.check_input(usize::try_from(source.len()).unwrap_or(usize::MAX))?;
        }
        let _turn = self.turn().await?;
        let whole = async {
            self.proven.get_or_try_init(|| self.prove()).await.inspect_err(|error| {
                self.told.call_once(|| tracing::warn!(%error, "videos can not be read here"));
            })?;
            let len = source.len();
            let input = source.into_file().await.map_err(unavailable)?;
            let container = Container::of(media_type, &input, len).ok_or(RenderError::Unsupported)?;
            work(&input, &container).await
        };
        timeout(self.config.deadline, whole).await.unwrap_or(Err(RenderError::TimedOut))
    }

    /// A place in the queue at once, then a slot when it is this caller's turn.
    async fn turn(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), RenderError> {
        let place = self.places.try_acquire().map_err(|_| RenderError::Busy)?;
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        Ok((place, slot))
    }

    /// Confines the worker itself as the programs are, and has it try everything that they must not be able to do. Then has them
    /// say what they are, so that a video is not blamed for a program that can not run.
    async fn prove(&self) -> Result<(), RenderError> {
        let answer = self.answer(&self.config.worker, worker::ATTEMPTS).await?;
        let Some(could) = answer.trim_end().strip_suffix(worker::TRIED) else {
            return Err(RenderError::Unavailable("the worker does not prove that it confines".to_owned()));
        };
        let could: Vec<&str> = could.lines().filter(|could| !HARMLESS_ATTEMPTS.contains(could)).collect();
        if !could.is_empty() {
            return Err(RenderError::Unavailable(format!("what is started is not confined, it could: {could:?}")));
        }
        let (ffprobe, ffmpeg) = self.programs()?;
        for (program, name) in [(ffprobe, "ffprobe version "), (ffmpeg, "ffmpeg version ")] {
            let answer = self.answer(program, "-version").await?;
            if !answer.starts_with(name) {
                return Err(RenderError::Unavailable(format!("{} is not what it is called", program.display())));
            }
            let version: String = answer.chars().skip(name.len()).take_while(|character| *character != ' ').collect();
            tracing::debug!(program = %program.display(), version, "a program that reads videos runs, confined");
        }
        Ok(())
    }

    /// What a program says that is asked about itself.
    async fn answer(&self, program: &Path, question: &str) -> Result<String, RenderError> {
        match self.run(program, &[question.to_owned()], &nothing()?, MAX_ANSWER_BYTES).await {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            Err(RenderError::Corrupt(complaint)) => {
                Err(RenderError::Unavailable(format!("{} does not run: {complaint}", program.display())))
            }
            Err(error) => Err(error),
        }
    }

    async fn run(
        &self,
        program: &Path,
        arguments: &[String],
        input: &File,
        max_output_bytes: u64,
    ) -> Result<Bytes, RenderError> {
        let pixels = self.config.limits.max_pixels;
        let job = Job {
            worker: &self.config.worker,
            program,
            arguments,
            memory_bytes: pixels.saturating_mul(MEMORY_BYTES_PER_PIXEL).saturating_add(BASE_MEMORY_BYTES),
            // Two threads may be at work at a time.
            cpu_s: self.config.deadline.as_secs().saturating_add(1).saturating_mul(2),
            max_output_bytes,
        };
        job.run(input).await
    }
}

/// An input for programs that want none.
fn nothing() -> Result<File, RenderError> {
    in_memory(&[]).map_err(unavailable)
}

fn unavailable(error: std::io::Error) -> RenderError {
    RenderError::Unavailable(format!("no memory for a video: {error}"))
}
