//! Follows the framing of HTTP/1 requests, so far as to tell request lines from everything else (RFC 9112, sections 2 to 7).
//! It refuses nothing: what is ambiguous or not HTTP/1 makes it stop looking, and hyper says what is wrong.
//!
//! It reads heads no more freely than hyper: where hyper accepts a message, both see the same end of it. Who wishes for another protocol
//! (`Upgrade`) goes on in this one, because nothing here ever says 101.

use std::io::BufRead;

/// Longest head line that is looked at, in bytes. The lines that matter are shorter.
const MAX_LINE_BYTES: usize = 64;

/// Where in the conversation a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between two requests.
    Idle,
    /// In a request line or among header fields.
    Head,
    /// In the body of a request.
    Body,
    /// HTTP/2, a tunnel, or something that cannot be followed: unknown from here on.
    Opaque,
}

/// Some bytes that are all of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// How many; never 0.
    pub(super) len: usize,
    /// Whether they are of a request line, behind the method.
    pub(super) is_target: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a request line; blank lines may precede it.
    Start,
    Method,
    Target,
    Header,
    Body(u64),
    ChunkSize {
        size: u64,
        digits: bool,
        over: bool,
    },
    ChunkData(u64),
    ChunkCr,
    ChunkLf,
    Trailer,
    Opaque,
}

/// What the head of the current request has said about its body.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    content_length: Option<u64>,
    chunked: bool,
    /// Said twice, in contradiction, or in a way that not everybody reads alike.
    odd: bool,
}

/// The beginning of a line that a cut between two reads has torn.
#[derive(Debug, Clone, Copy)]
struct Line {
    bytes: [u8; MAX_LINE_BYTES],
    len: usize,
}

/// The state between two reads.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    facts: Facts,
    line: Line,
    heads_begun: u64,
}

impl Framing {
    pub(super) fn new() -> Self {
        let line = Line { bytes: [0; MAX_LINE_BYTES], len: 0 };
        Self { state: State::Start, facts: Facts::default(), line, heads_begun: 0 }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Start => Phase::Idle,
            State::Method | State::Target | State::Header => Phase::Head,
            State::Opaque => Phase::Opaque,
            State::Body(_)
            | State::ChunkSize { .. }
            | State::ChunkData(_)
            | State::ChunkCr
            | State::ChunkLf
            | State::Trailer => Phase::Body,
        }
    }

    pub(super) fn heads_begun(&self) -> u64 {
        self.heads_begun
    }

    /// Follows `bytes` (not empty) as far as they are of one kind.
    pub(super) fn next_run(&mut self, bytes: &[u8]) -> Run {
        if self.state == State::Target {
            let end = find_line_end(bytes);
            if end.is_some() {
                self.state = State::Header;
            }
            return Run { len: end.unwrap_or(bytes.len()), is_target: true };
        }
        let mut at = 0;
        while at < bytes.len() && self.state != State::Target {
            at += self.step(&bytes[at..]);
        }
        Run { len: at, is_target: false }
    }

    /// Consumes some of `bytes` (not empty, and not of a target); returns how many.
    fn step(&mut self, bytes: &[u8]) -> usize {
        match self.state {
            State::Start if matches!(bytes[0], b'\r' | b'\n') => 1,
            State::Start => {
                self.begin_head();
                0
            }
            State::Method => self.method(bytes),
            State::Header | State::Trailer => self.line(bytes),
            State::Body(left) => self.data(bytes, left, State::Body, State::Start),
            State::ChunkSize { size, digits, over } => self.chunk_size(bytes, size, digits, over),
            State::ChunkData(left) => self.data(bytes, left, State::ChunkData, State::ChunkCr),
            State::ChunkCr => self.expect(bytes[0], b'\r', State::ChunkLf),
            State::ChunkLf => self.expect(bytes[0], b'\n', State::CHUNK_SIZE),
            State::Opaque | State::Target => bytes.len(),
        }
    }

    fn begin_head(&mut self) {
        self.heads_begun += 1;
        self.facts = Facts::default();
        self.line.len = 0;
        self.state = State::Method;
    }

    /// Up to and with the space behind the method. After `PRI` comes HTTP/2, after `CONNECT` a tunnel.
    fn method(&mut self, bytes: &[u8]) -> usize {
        let Some(end) = bytes.iter().position(|&b| matches!(b, b' ' | b'\n')) else {
            self.line.push(bytes);
            return bytes.len();
        };
        self.line.push(&bytes[..end]);
        let followed = bytes[end] == b' ' && !matches!(self.line.get(), Some(b"PRI" | b"CONNECT") | None);
        self.state = if followed { State::Target } else { State::Opaque };
        self.line.len = 0;
        end + 1
    }

    /// A line of the head or the trailer, or as much of it as is there.
    fn line(&mut self, bytes: &[u8]) -> usize {
        let Some(end) = find_line_end(bytes) else {
            self.line.push(bytes);
            return bytes.len();
        };
        if self.line.len == 0 {
            self.whole_line(&bytes[..end]);
        } else {
            self.line.push(&bytes[..end]);
            let line = self.line;
            self.whole_line(line.kept());
        }
        self.line.len = 0;
        end
    }

    /// A line from its first byte on; too long ones may lack their end.
    fn whole_line(&mut self, line: &[u8]) {
        match (self.state, line) {
            (State::Header, b"\r\n" | b"\n") => self.state = self.facts.body(),
            (State::Header, _) => self.facts.read(line),
            (_, b"\r\n") => self.state = State::Start,
            (_, b"\n") => self.state = State::Opaque,
            _ => {}
        }
    }

    fn data(&mut self, bytes: &[u8], left: u64, more: fn(u64) -> State, done: State) -> usize {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - now as u64;
        self.state = if left == 0 { done } else { more(left) };
        now
    }

    /// The size of a chunk in hexadecimal, then perhaps an extension, to the end of the line.
    fn chunk_size(&mut self, bytes: &[u8], mut size: u64, mut digits: bool, mut over: bool) -> usize {
        let end = find_line_end(bytes);
        let line = &bytes[..end.unwrap_or(bytes.len())];
        for &byte in line {
            match char::from(byte).to_digit(16).filter(|_| !over) {
                Some(digit) if size >> 60 == 0 => {
                    size = size << 4 | u64::from(digit);
                    digits = true;
                }
                None if digits => over = true,
                // Too large, or no number at all.
                Some(_) | None => {
                    self.state = State::Opaque;
                    return line.len();
                }
            }
        }
        self.state = match (end, size) {
            (None, _) => State::ChunkSize { size, digits, over },
            (Some(_), 0) => State::Trailer,
            (Some(_), _) => State::ChunkData(size),
        };
        line.len()
    }

    fn expect(&mut self, byte: u8, expected: u8, next: State) -> usize {
        self.state = if byte == expected { next } else { State::Opaque };
        1
    }
}

impl State {
    const CHUNK_SIZE: Self = Self::ChunkSize { size: 0, digits: false, over: false };
}

impl Facts {
    /// Reads a header line, if it is one of the few that matter.
    fn read(&mut self, line: &[u8]) {
        let Some(first) = line.first() else { return };
        if !matches!(first.to_ascii_lowercase(), b'c' | b't') {
            return;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else { return };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        // A line that was cut because of its length has lost its end: what it says is then not known.
        let value = value.strip_suffix(b"\n").map(<[u8]>::trim_ascii);
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = value.and_then(decimal);
            self.odd |= length.is_none() || self.content_length.is_some();
            self.content_length = length;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.odd |= self.chunked || !value.is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
            self.chunked = true;
        }
    }

    /// What follows the head.
    fn body(self) -> State {
        match (self.odd, self.chunked, self.content_length) {
            (true, _, _) | (_, true, Some(_)) => State::Opaque,
            (_, true, None) => State::CHUNK_SIZE,
            (_, false, None | Some(0)) => State::Start,
            (_, false, Some(length)) => State::Body(length),
        }
    }
}

impl Line {
    /// Adds what still fits; `len` counts on beyond that, so that it shows.
    fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let fit = room.len().min(bytes.len());
        room[..fit].copy_from_slice(&bytes[..fit]);
        self.len = self.len.saturating_add(bytes.len());
    }

    /// The whole of it; `None` when it was too long.
    fn get(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len)
    }

    /// As much of it as was kept.
    fn kept(&self) -> &[u8] {
        &self.bytes[..self.len.min(MAX_LINE_BYTES)]
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where the next line begins. The standard library's search over slices is the platform's `memchr`.
fn find_line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let len = rest.skip_until(b'\n').expect("reading a slice cannot fail");
    (len > 0 && bytes[len - 1] == b'\n').then_some(len)
}
