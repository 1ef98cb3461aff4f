//! One worker process and the pipes to it. It knows nothing of queues and deadlines; dropping it kills the process.

use std::{io, path::Path, process::Stdio};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use crate::{
    Limits, RenderError, Resolved,
    protocol::{self, Malformed, PREFIX_BYTES, Payload, Request, Response},
};

/// Of what one process writes to standard error, so much is logged; the rest is read and dropped.
const MAX_LOGGED_BYTES: usize = 64 * 1024;

/// Longest piece of it in one line of the log.
const LOG_PIECE_BYTES: usize = 2048;

/// The process can no longer be talked to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    /// It is gone, or its pipe is.
    #[error("the pipe to the worker broke: {0}")]
    Io(#[from] io::Error),
    /// It says what it should not.
    #[error("the worker sent a malformed frame")]
    Malformed(#[from] Malformed),
}

/// A running worker between two jobs, or in one.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl WorkerProcess {
    /// Starts a process and waits until it is ready.
    pub async fn start(program: &Path, limits: &Limits) -> Result<Self, RenderError> {
        let mut worker = Self::spawn(program)
            .map_err(|error| RenderError::Unavailable(format!("cannot start {}: {error}", program.display())))?;
        match worker.greet(limits).await {
            Ok(()) => Ok(worker),
            Err(lost) => Err(RenderError::Unavailable(format!("the worker did not get ready: {lost}"))),
        }
    }

    fn spawn(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            // A decoder that is taken over finds no secret in its environment.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let complaints = child.stderr.take().ok_or_else(missing)?;
        tokio::spawn(log_complaints(complaints, child.id()));
        Ok(Self { child, input, output })
    }

    async fn greet(&mut self, limits: &Limits) -> Result<(), Lost> {
        self.input.write_all(&Request::Hello { limits: *limits }.encode()).await?;
        match self.response().await? {
            Response::Ready => Ok(()),
            _ => Err(Malformed.into()),
        }
    }

    /// Whether the process has not ended, as far as can be told.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The process id, while it is known to run.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks for an answer.
    pub async fn ping(&mut self, job: u64) -> Result<(), Lost> {
        self.input.write_all(&Request::Ping { job }.encode()).await?;
        match self.response().await? {
            Response::Pong { job: answered } if answered == job => Ok(()),
            _ => Err(Malformed.into()),
        }
    }

    /// Has one image rendered: its bytes, or why there are none.
    pub async fn render(
        &mut self,
        job: u64,
        cpu_s: u32,
        image: &Bytes,
        resolved: &Resolved,
        limits: &Limits,
    ) -> Result<Result<Bytes, RenderError>, Lost> {
        let input = Payload::Inline { len: image.len() as u64 };
        let request = Request::Render { job, cpu_s, resolved: *resolved, input };
        self.input.write_all(&request.encode()).await?;
        self.input.write_all(image).await?;
        match self.response().await? {
            Response::Rendered { job: answered, output } if answered == job => {
                Ok(Ok(self.payload(output, limits).await?))
            }
            Response::Refused { job: answered, error } if answered == job => Ok(Err(error)),
            _ => Err(Malformed.into()),
        }
    }

    async fn response(&mut self) -> Result<Response, Lost> {
        let mut prefix = [0; PREFIX_BYTES];
        self.output.read_exact(&mut prefix).await?;
        let mut head = vec![0; protocol::head_len(prefix)?];
        self.output.read_exact(&mut head).await?;
        Ok(Response::decode(&head)?)
    }

    /// Reads the bytes of a rendition. Memory grows with what arrives, not with what is announced.
    async fn payload(&mut self, Payload::Inline { len }: Payload, limits: &Limits) -> Result<Bytes, Lost> {
        if len > limits.max_output_bytes {
            return Err(Malformed.into());
        }
        let mut bytes = Vec::new();
        (&mut self.output).take(len).read_to_end(&mut bytes).await?;
        if bytes.len() as u64 == len { Ok(bytes.into()) } else { Err(Malformed.into()) }
    }
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
