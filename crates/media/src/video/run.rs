//! One confined program, from its start to its end. It knows no video: arguments and an input go in, bytes come out. Dropping the
//! future kills the program, which can not have started another.

use std::{
    fs::File,
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::{RenderError, worker};

/// Of what a program writes to standard error, so much is kept; the rest is read and dropped.
const MAX_COMPLAINT_BYTES: usize = 8 * 1024;

/// Longest piece of it that is handed on, in characters.
const MAX_COMPLAINT_CHARS: usize = 200;

/// How a program ends that lacks a library.
const NOT_LOADED: i32 = 127;

/// A program to run.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// The program that confines.
    pub worker: &'a Path,
    pub program: &'a Path,
    pub arguments: &'a [String],
    pub memory_bytes: u64,
    pub cpu_s: u64,
    /// What may come out; more is `TooLarge`.
    pub max_output_bytes: u64,
}

impl Job<'_> {
    /// What it writes to standard output when it ends well.
    ///
    /// # Errors
    /// `Unavailable` when it can not be started or confined, `Corrupt` with its complaint when it ends otherwise, `TooLarge`, `TimedOut`
    /// when the processor time is used up, `Killed`, `Crashed`.
    pub async fn run(&self, input: &File) -> Result<Bytes, RenderError> {
        let unavailable =
            |error: io::Error| RenderError::Unavailable(format!("cannot start {}: {error}", self.worker.display()));
        let mut child = self.spawn(input).map_err(unavailable)?;
        let pipe_is_missing = || unavailable(io::Error::other("a pipe is missing"));
        let output = child.stdout.take().ok_or_else(pipe_is_missing)?;
        let complaints = child.stderr.take().ok_or_else(pipe_is_missing)?;
        // Too much output ends this, and with it the program.
        let (output, complaint) = tokio::try_join!(self.read(output), complaint(complaints))?;
        let status = child.wait().await.map_err(|error| RenderError::Unavailable(error.to_string()))?;
        self.judge(status, complaint).map(|()| output)
    }

    fn spawn(&self, input: &File) -> io::Result<Child> {
        Command::new(self.worker)
            .args([worker::CONFINED, &self.memory_bytes.to_string(), &self.cpu_s.to_string()])
            .arg(self.program)
            .args(self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(input.try_clone()?))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    async fn read(&self, output: impl AsyncRead + Unpin) -> Result<Bytes, RenderError> {
        let mut bytes = Vec::new();
        let most = self.max_output_bytes;
        let read = output.take(most.saturating_add(1)).read_to_end(&mut bytes).await;
        read.map_err(|error| RenderError::Unavailable(error.to_string()))?;
        if bytes.len() as u64 > most { Err(RenderError::TooLarge) } else { Ok(bytes.into()) }
    }

    /// What the end of the program says about the input.
    fn judge(&self, status: ExitStatus, complaint: String) -> Result<(), RenderError> {
        if status.success() {
            return Ok(());
        }
        let program = self.program.display();
        let error = match (status.code(), status.signal()) {
            (Some(code), _) if code == i32::from(worker::NOT_BECOME) || code == NOT_LOADED => {
                RenderError::Unavailable(complaint)
            }
            (Some(_), _) => {
                tracing::debug!(%program, %status, complaint, "a video can not be read");
                return Err(RenderError::Corrupt(complaint));
            }
            (None, Some(libc::SIGXCPU)) => RenderError::TimedOut,
            (None, Some(libc::SIGKILL)) => RenderError::Killed,
            (None, _) => RenderError::Crashed,
        };
        tracing::warn!(%program, %status, %error, "lost a program that read a video");
        Err(error)
    }
}

/// The first thing that the program complained about, cleaned and cut. Reads on until it closes.
async fn complaint(mut complaints: impl AsyncRead + Unpin) -> Result<String, RenderError> {
    let mut kept = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = complaints.read(&mut piece).await {
        let room = MAX_COMPLAINT_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&piece[..count.min(room)]);
    }
    let text = String::from_utf8_lossy(&kept);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    Ok(said(line).chars().filter(|character| !character.is_control()).take(MAX_COMPLAINT_CHARS).collect())
}

/// `[mov,mp4,m4a @ 0x55d0c8a1] moov atom not found`: who says it, and where in its memory, helps nobody.
fn said(line: &str) -> &str {
    match line.split_once("] ") {
        Some((who, rest)) if who.starts_with('[') && who.contains(" @ 0x") => said(rest),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn a_complaint_is_one_short_clean_line() {
        let of = async |text: &[u8]| complaint(text).await.unwrap();
        assert_eq!(of(b"[mov,mp4 @ 0x55d0] moov atom not found\nfile:x: Invalid data\n").await, "moov atom not found");
        assert_eq!(of(b"[h264 @ 0x55d0] [IMGUTILS @ 0x7ffe] Picture size\n").await, "Picture size");
        assert_eq!(of(b"\n  \n[not one of theirs] said\x1b[1m\x07\n").await, "[not one of theirs] said[1m");
        assert_eq!(of(b"").await, "it gave no reason");
        assert_eq!(of(&[b'x'; 100_000]).await.len(), MAX_COMPLAINT_CHARS);
        assert_eq!(of(b"\xFF\n").await, "\u{FFFD}");
    }
}
