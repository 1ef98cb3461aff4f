//! One worker process and the channel to it. It knows nothing of queues and deadlines; dropping it kills the process.

use std::{
    fs::File,
    io,
    os::{
        fd::AsFd,
        unix::{fs::FileExt, process::ExitStatusExt},
    },
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, Interest},
    net::UnixStream,
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use super::source::in_memory;
use crate::{
    Details, Limits, RenderError, Resolved, channel,
    protocol::{MAX_MESSAGE_BYTES, MadeOne, Malformed, Request, Response},
};

/// Of what one process writes to standard error, so much is logged; the rest is read and dropped.
const MAX_LOGGED_BYTES: usize = 64 * 1024;

/// Longest piece of it in one line of the log.
const LOG_PIECE_BYTES: usize = 2048;

/// Results up to this size are copied where the caller stands, and the memory for them is kept for the next.
const SMALL_RESULT_BYTES: u64 = 1024 * 1024;

/// How long a process that has closed its channel may take to end.
const END_WAIT: Duration = Duration::from_secs(1);

/// Jobs after which a process is replaced: a start is a hundredth of the work.
const MAX_JOBS: u32 = 200;

/// The process can no longer be talked to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    /// It is gone, or its channel is.
    #[error("the channel to the worker broke: {0}")]
    Io(#[from] io::Error),
    /// It says what it should not.
    #[error("the worker sent a malformed message")]
    Malformed(#[from] Malformed),
}

/// What is to be made of one image.
pub(super) struct Job<'a> {
    pub id: u64,
    pub cpu_s: u32,
    pub len: u64,
    pub plans: &'a [Resolved],
    pub describe: bool,
}

/// Bytes and whether they move, for each plan; and what the image tells about itself.
pub(super) type Results = (Vec<(Bytes, bool)>, Option<Details>);

/// A running worker between two jobs, or in one.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Child,
    /// Its packets are sent and received by [`channel`]; this type only tells when.
    socket: UnixStream,
    /// Shared with the worker, which writes results here. It is read by system calls and never mapped: a worker that cuts it
    /// short gives a short read, not a fault.
    results: Arc<File>,
    /// Whether the kernel has `landlock`.
    pub landlock: bool,
    /// Whether it has loaded fonts and the system's libraries.
    pub outfitted: bool,
    /// What of that it could not load, in words. It says so before it sees an image.
    pub lacks: Option<String>,
    /// Jobs that it was given.
    jobs: u32,
}

impl WorkerProcess {
    /// Starts a process and waits until it is ready, which it is when it is confined.
    pub async fn start(program: &Path, limits: &Limits, outfitted: bool) -> Result<Self, RenderError> {
        let mut worker = Self::spawn(program, outfitted)
            .map_err(|error| RenderError::Unavailable(format!("cannot start {}: {error}", program.display())))?;
        match worker.greet(limits).await {
            Ok(()) => Ok(worker),
            Err(lost) => Err(RenderError::Unavailable(format!("the worker did not get ready: {lost}"))),
        }
    }

    fn spawn(program: &Path, outfitted: bool) -> io::Result<Self> {
        let (ours, theirs) = channel::pair()?;
        let mut child = Command::new(program)
            // A decoder that is taken over finds no secret in its environment.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let complaints = child.stderr.take().ok_or_else(|| io::Error::other("a pipe is missing"))?;
        tokio::spawn(log_complaints(complaints, child.id()));
        let results = Arc::new(in_memory(&[])?);
        let socket = UnixStream::from_std(ours.into())?;
        Ok(Self { child, socket, results, landlock: false, outfitted, lacks: None, jobs: 0 })
    }

    async fn greet(&mut self, limits: &Limits) -> Result<(), Lost> {
        let results = Arc::clone(&self.results);
        let hello = Request::Hello { limits: *limits, outfitted: self.outfitted };
        self.send(&hello, Some(&results)).await?;
        match self.response().await? {
            Response::Ready { landlock, lacks } => (self.landlock, self.lacks) = (landlock, lacks),
            _ => return Err(Malformed.into()),
        }
        Ok(())
    }

    /// Whether the process has not ended, as far as can be told.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it ended because somebody sent it the signal that nothing can withstand.
    pub async fn was_killed(&mut self) -> bool {
        let status = timeout(END_WAIT, self.child.wait()).await;
        status.is_ok_and(|status| status.is_ok_and(|status| status.signal() == Some(libc::SIGKILL)))
    }

    /// Whether it has done enough. What takes a worker over could hand out pixels of the images that come after: this bounds for
    /// how long.
    pub fn is_spent(&self) -> bool {
        self.jobs >= MAX_JOBS
    }

    /// The process id, while it is known to run.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks for an answer, and for another try at everything that it must not be able to do: the bits of what it could.
    pub async fn prove(&mut self, job: u64) -> Result<u32, Lost> {
        self.send(&Request::Prove { job }, None).await?;
        match self.response().await? {
            Response::Proved { job: answered, could } if answered == job => Ok(could),
            _ => Err(Malformed.into()),
        }
    }

    /// Has the work done on one image, or is told why it can not be.
    pub async fn make(
        &mut self,
        job: &Job<'_>,
        image: &File,
        limits: &Limits,
    ) -> Result<Result<Results, RenderError>, Lost> {
        let Job { id, cpu_s, len, plans, describe } = *job;
        self.jobs += 1;
        let request = Request::Make { job: id, cpu_s, len, describe, plans: plans.to_vec() };
        self.send(&request, Some(image)).await?;
        match self.response().await? {
            Response::Made { job: answered, renditions, details }
                if answered == id && renditions.len() == plans.len() && details.is_some() == describe =>
            {
                let total = renditions.iter().try_fold(0_u64, |sum, one| sum.checked_add(one.len)).ok_or(Malformed)?;
                if total > limits.max_output_bytes {
                    return Err(Malformed.into());
                }
                Ok(Ok((self.collect(renditions, total).await?, details)))
            }
            Response::Refused { job: answered, error } if answered == id => Ok(Err(error)),
            _ => Err(Malformed.into()),
        }
    }

    /// Takes the results out of the shared memory.
    async fn collect(&self, renditions: Vec<MadeOne>, total: u64) -> Result<Vec<(Bytes, bool)>, Lost> {
        let results = Arc::clone(&self.results);
        // What lies there, not what is announced: the rest of a large file goes too.
        if total <= SMALL_RESULT_BYTES && results.metadata()?.len() <= SMALL_RESULT_BYTES {
            return Ok(read_results(&results, &renditions)?);
        }
        let read = tokio::task::spawn_blocking(move || {
            let read = read_results(&results, &renditions)?;
            results.set_len(0)?;
            Ok::<_, io::Error>(read)
        });
        Ok(read.await.map_err(io::Error::other)??)
    }

    async fn send(&self, request: &Request, file: Option<&File>) -> io::Result<()> {
        let message = request.encode();
        let send = || channel::send(&self.socket, &message, file.map(AsFd::as_fd));
        self.socket.async_io(Interest::WRITABLE, send).await
    }

    async fn response(&self) -> Result<Response, Lost> {
        let mut buffer = Box::new([0; MAX_MESSAGE_BYTES]);
        let receive = || channel::receive(&self.socket, &mut buffer);
        let (len, _) = self.socket.async_io(Interest::READABLE, receive).await?;
        if len == 0 {
            return Err(Lost::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(Response::decode(&buffer[..len])?)
    }
}

fn read_results(results: &File, renditions: &[MadeOne]) -> io::Result<Vec<(Bytes, bool)>> {
    let (mut at, there) = (0, results.metadata()?.len());
    let mut read = Vec::with_capacity(renditions.len());
    for one in renditions {
        // Memory is taken for what is there, not for what is announced.
        let end = at + one.len;
        if end > there {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; usize::try_from(one.len).map_err(io::Error::other)?];
        results.read_exact_at(&mut bytes, at)?;
        read.push((bytes.into(), one.animated));
        at = end;
    }
    Ok(read)
}

/// Passes on what the process writes to standard error until it ends.
async fn log_complaints(mut complaints: ChildStderr, worker: Option<u32>) {
    let mut piece = [0; LOG_PIECE_BYTES];
    let mut logged = 0;
    while let Ok(count @ 1..) = complaints.read(&mut piece).await {
        if logged < MAX_LOGGED_BYTES {
            logged += count;
            let text = String::from_utf8_lossy(&piece[..count]);
            tracing::warn!(worker, text = text.trim_end(), "render worker");
        }
    }
}
