//! The access log: one JSON line per request into a buffer that a thread of its own writes out, so that no request waits for a disk.
//! It does not know how a request is served; a line is told what happened and says it when it is dropped.

mod redact;
mod text;

use std::{
    cell::RefCell,
    fmt,
    io::{self, Write},
    net::IpAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use http::{Method, Uri};
use tokio::time::Instant;

use crate::{origin::RequestId, traffic::MountTraffic};

/// A line waits at most this long.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// So many bytes do not wait.
const FLUSH_BYTES: usize = 64 * 1024;
/// Beyond this the writer is stuck and lines are dropped, and counted.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Where lines go. Cheap to clone; the last one to go writes out what waits.
#[derive(Clone)]
pub struct AccessLog(Option<Arc<Owner>>);

struct Owner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told when the buffer is no longer empty, is full enough, or should be written for another reason.
    wake: Condvar,
    /// Told when something has been written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped_lines: u64,
    /// Somebody waits for the buffer to be written.
    hurry: bool,
    closed: bool,
    /// How often the buffer has been taken, and how often what was taken has been written.
    taken: u64,
    done: u64,
}

impl AccessLog {
    /// Writes lines to `sink`, which is flushed after each write. Errors of the sink drop the lines concerned.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("access-log".to_owned()).spawn(move || theirs.write_out(sink))?;
        Ok(Self(Some(Arc::new(Owner { shared, thread: Some(thread) }))))
    }

    /// No log at all.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Returns when all lines that were logged before this call have been handed to the sink. Blocks.
    pub fn flush(&self) {
        let Some(owner) = &self.0 else { return };
        let mut state = owner.shared.lock();
        let due = state.taken + u64::from(!state.waiting.is_empty());
        state.hurry = true;
        owner.shared.wake.notify_one();
        while state.done < due {
            state = owner.shared.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, line: &Line) {
        thread_local!(static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        let Some(owner) = &self.0 else { return };
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            line.write(scratch);
            owner.shared.push(scratch);
        });
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessLog({})", if self.0.is_some() { "on" } else { "off" })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        let before = state.waiting.len();
        if before + line.len() > MAX_WAITING_BYTES {
            state.dropped_lines += 1;
            return;
        }
        state.waiting.extend_from_slice(line);
        let full = before < FLUSH_BYTES && state.waiting.len() >= FLUSH_BYTES;
        drop(state);
        if before == 0 || full {
            self.wake.notify_one();
        }
    }

    /// The life of the thread.
    fn write_out(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        while self.take(&mut batch) {
            // Nobody is left to be told of an error: the log is where it would be told.
            let _ = sink.write_all(&batch).and_then(|()| sink.flush());
            batch.clear();
            self.lock().done += 1;
            self.written.notify_all();
        }
    }

    /// Waits for the next batch; `false` when there will be none.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let state = self.lock();
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let state = self.wake.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        let gathering = |state: &mut State| state.waiting.len() < FLUSH_BYTES && !state.hurry && !state.closed;
        let waited = self.wake.wait_timeout_while(state, FLUSH_INTERVAL, gathering);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.hurry = false;
        if state.waiting.is_empty() {
            return false;
        }
        std::mem::swap(&mut state.waiting, batch);
        if state.dropped_lines > 0 {
            let dropped = std::mem::take(&mut state.dropped_lines);
            batch.extend_from_slice(format!("{{\"dropped_lines\":{dropped}}}\n").as_bytes());
        }
        state.taken += 1;
        true
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by itself.
            let _ = thread.join();
        }
    }
}

/// The line of one request. Counted and logged when dropped, whatever became of the request.
pub(crate) struct Line {
    pub(crate) log: AccessLog,
    /// Milliseconds since 1970.
    pub(crate) time_ms: i64,
    pub(crate) started: Instant,
    pub(crate) request_id: RequestId,
    pub(crate) peer: IpAddr,
    pub(crate) mount: &'static str,
    pub(crate) traffic: Arc<MountTraffic>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// 499 until there is an answer: the client left before.
    pub(crate) status: u16,
    /// Bytes of the body handed to the connection.
    pub(crate) bytes: u64,
    /// Whether the answer was given whole.
    pub(crate) complete: bool,
}

/// What nginx logs when the client leaves before there is an answer.
pub(crate) const CLIENT_LEFT: u16 = 499;

impl Line {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"time\":\"");
        text::push_time(out, self.time_ms);
        out.extend_from_slice(b"\",\"request_id\":\"");
        out.extend_from_slice(self.request_id.as_str().as_bytes());
        out.extend_from_slice(b"\",\"peer\":\"");
        text::push_address(out, self.peer);
        out.extend_from_slice(b"\",\"mount\":\"");
        text::push_json(out, self.mount.as_bytes());
        out.extend_from_slice(b"\",\"method\":\"");
        text::push_json(out, self.method.as_str().as_bytes());
        out.extend_from_slice(b"\",\"path\":\"");
        redact::push_path(out, self.uri.path());
        if let Some(query) = self.uri.query() {
            out.push(b'?');
            redact::push_query(out, query);
        }
        out.extend_from_slice(b"\",\"status\":");
        text::push_number(out, u64::from(self.status));
        out.extend_from_slice(b",\"bytes\":");
        text::push_number(out, self.bytes);
        out.extend_from_slice(b",\"duration_us\":");
        text::push_number(out, u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX));
        if !self.complete {
            out.extend_from_slice(b",\"aborted\":true");
        }
        out.extend_from_slice(b"}\n");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.traffic.end(&self.method, self.status);
        self.log.push(self);
    }
}

/// A sink that keeps everything in memory, for tests. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl LogBuffer {
    /// All that was written.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{net::Ipv4Addr, sync::mpsc};

    use super::*;

    fn line(log: &AccessLog, uri: &str) -> Line {
        Line {
            log: log.clone(),
            time_ms: 1_700_000_000_123,
            started: Instant::now(),
            request_id: RequestId::random(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            mount: "fliplet",
            traffic: crate::Traffic::new().of("fliplet"),
            method: Method::GET,
            uri: uri.parse().unwrap(),
            status: 200,
            bytes: 17,
            complete: true,
        }
    }

    #[test]
    fn a_line_is_json_and_keeps_secrets() {
        let buffer = LogBuffer::default();
        let log = AccessLog::new(buffer.clone()).unwrap();
        let mut first = line(&log, "/a\"b?x=\\&token=s3cret");
        first.complete = false;
        let id = first.request_id.to_string();
        drop(first);
        log.flush();
        let mut value: serde_json::Value = serde_json::from_str(buffer.text().trim_end()).unwrap();
        assert!(value["duration_us"].take().is_u64());
        let expected = serde_json::json!({
            "time": "2023-11-14T22:13:20.123Z", "request_id": id, "peer": "127.0.0.1", "mount": "fliplet", "method": "GET",
            "path": "/a\"b?x=\\&token=***", "status": 200, "bytes": 17, "duration_us": null, "aborted": true,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn the_last_handle_writes_out_what_waits() {
        let buffer = LogBuffer::default();
        let log = AccessLog::new(buffer.clone()).unwrap();
        for _ in 0..1000 {
            drop(line(&log, "/x"));
        }
        drop(log);
        assert_eq!(buffer.text().lines().count(), 1000);
    }

    /// A sink that takes nothing until it is let go.
    struct Stuck {
        began: mpsc::Sender<()>,
        go: mpsc::Receiver<()>,
        buffer: LogBuffer,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.began.send(()).ok();
            self.go.recv().ok();
            self.buffer.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_sink_costs_lines_but_neither_memory_nor_time() {
        let buffer = LogBuffer::default();
        let ((began, has_begun), (let_go, go)) = (mpsc::channel(), mpsc::channel());
        let log = AccessLog::new(Stuck { began, go, buffer: buffer.clone() }).unwrap();
        drop(line(&log, "/first"));
        has_begun.recv().unwrap();
        let long = format!("/{}", "x".repeat(30_000));
        for _ in 0..200 {
            drop(line(&log, &long));
        }
        assert!(log.0.as_ref().unwrap().shared.lock().waiting.len() <= MAX_WAITING_BYTES);
        drop(let_go);
        drop(log);
        let text = buffer.text();
        let lines: Vec<&str> = text.lines().collect();
        let dropped: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        let kept = lines.len() as u64 - 2;
        assert!(kept > 100);
        assert_eq!(dropped["dropped_lines"].as_u64(), Some(200 - kept));
    }
}
