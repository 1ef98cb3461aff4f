//! Finds the parts in a multipart body that comes in chunks cut anywhere. It reads nothing itself, and copies only what a cut tears apart.

use bytes::{Bytes, BytesMut};

use super::BadMultipart;

/// Longest head of one part, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most spaces and tabs after a delimiter that are still read as padding.
const MAX_PADDING_BYTES: usize = 64;

/// What comes next in the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Nothing can be said before more is fed.
    NeedMore,
    /// A part begins: its head, each line with its line break.
    Head(Bytes),
    /// Bytes of the part, never empty.
    Data(Bytes),
    /// The part is over.
    PartEnd,
    /// The closing delimiter; nothing after it matters.
    End,
}

enum State {
    /// Before the first delimiter; what stands there is dropped.
    Preamble,
    /// Behind a delimiter line, at its line break.
    Head,
    Data,
    End,
}

/// The state between two chunks.
pub(super) struct Scanner {
    delimiter: Delimiter,
    state: State,
    window: Bytes,
    /// How much of the window is known to hold no end of a head.
    searched: usize,
}

/// How the window goes on where a delimiter was found.
enum Found {
    /// At the given place of the window, but what follows is not there yet.
    Perhaps(usize),
    /// A part follows; the window goes on at the second place with the line break.
    Open(usize, usize),
    /// No part follows.
    Close(usize),
    /// There is none before the given place; from there on the window may be the beginning of one.
    None(usize),
}

impl Scanner {
    pub(super) fn new(boundary: &[u8]) -> Self {
        // The line break before the first delimiter is not there when it opens the body.
        let window = Bytes::from_static(b"\r\n");
        Self { delimiter: Delimiter::new(boundary), state: State::Preamble, window, searched: 0 }
    }

    /// Takes the next chunk. To be called after [`Event::NeedMore`], when what is left of the window is short.
    pub(super) fn feed(&mut self, chunk: Bytes) {
        if self.window.is_empty() {
            self.window = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.window.len() + chunk.len());
            joined.extend_from_slice(&self.window);
            joined.extend_from_slice(&chunk);
            self.window = joined.freeze();
        }
    }

    /// What comes next.
    pub(super) fn next_event(&mut self) -> Result<Event, BadMultipart> {
        if matches!(self.state, State::Preamble) {
            self.preamble();
        }
        match self.state {
            State::Preamble => Ok(Event::NeedMore),
            State::Head => self.head(),
            State::Data => Ok(self.data()),
            State::End => Ok(Event::End),
        }
    }

    fn preamble(&mut self) {
        match self.delimiter.find(&self.window) {
            Found::Perhaps(at) | Found::None(at) => self.advance(at),
            Found::Open(_, line_break) => self.open(line_break),
            Found::Close(_) => self.state = State::End,
        }
    }

    /// A head follows, from the line break of the delimiter on: with that, a head without lines ends like any other.
    fn open(&mut self, line_break: usize) {
        self.advance(line_break);
        self.state = State::Head;
        self.searched = 0;
    }

    fn head(&mut self) -> Result<Event, BadMultipart> {
        const END: &[u8] = b"\r\n\r\n";
        let from = self.searched.saturating_sub(END.len() - 1);
        let end = self.window[from..].windows(END.len()).position(|four| four == END).map(|at| from + at);
        if end.unwrap_or(self.window.len()) > MAX_HEAD_BYTES {
            return Err(BadMultipart::Malformed);
        }
        let Some(end) = end else {
            self.searched = self.window.len();
            return Ok(Event::NeedMore);
        };
        let head = self.window.slice(2..end + 2);
        self.advance(end + END.len());
        self.state = State::Data;
        Ok(Event::Head(head))
    }

    fn data(&mut self) -> Event {
        let found = self.delimiter.find(&self.window);
        match found {
            Found::Open(0, line_break) => {
                self.open(line_break);
                Event::PartEnd
            }
            Found::Close(0) => {
                self.state = State::End;
                Event::PartEnd
            }
            Found::Perhaps(0) | Found::None(0) => Event::NeedMore,
            Found::Perhaps(at) | Found::None(at) | Found::Open(at, _) | Found::Close(at) => {
                let bytes = self.window.slice(..at);
                self.advance(at);
                Event::Data(bytes)
            }
        }
    }

    fn advance(&mut self, by: usize) {
        self.window = self.window.slice(by..);
    }
}

/// A line break, two dashes and the boundary, with the table that lets a search leap (Horspool's).
struct Delimiter {
    bytes: Vec<u8>,
    leap: [usize; 256],
}

impl Delimiter {
    fn new(boundary: &[u8]) -> Self {
        let bytes = [b"\r\n--", boundary].concat();
        let mut leap = [bytes.len(); 256];
        for (at, &byte) in bytes[..bytes.len() - 1].iter().enumerate() {
            leap[usize::from(byte)] = bytes.len() - 1 - at;
        }
        Self { bytes, leap }
    }

    fn find(&self, window: &[u8]) -> Found {
        let mut from = 0;
        while let Some(at) = self.search(window, from) {
            let after = at + self.bytes.len();
            let padding = window[after..].iter().take_while(|&&b| matches!(b, b' ' | b'\t')).count();
            match window[after + padding..] {
                [b'-', b'-', ..] if padding == 0 => return Found::Close(at),
                [b'\r', b'\n', ..] if padding <= MAX_PADDING_BYTES => return Found::Open(at, after + padding),
                [] | [b'\r'] if padding <= MAX_PADDING_BYTES => return Found::Perhaps(at),
                [b'-'] if padding == 0 => return Found::Perhaps(at),
                // The boundary goes on: these are bytes of the part.
                _ => from = after,
            }
        }
        Found::None(self.tail(window, from))
    }

    fn search(&self, window: &[u8], mut at: usize) -> Option<usize> {
        let last = self.bytes.len() - 1;
        while let Some(&end) = window.get(at + last) {
            if end == self.bytes[last] && window[at..at + last] == self.bytes[..last] {
                return Some(at);
            }
            at += self.leap[usize::from(end)];
        }
        None
    }

    /// Where the end of the window may be the beginning of a delimiter; its length where that cannot be.
    fn tail(&self, window: &[u8], from: usize) -> usize {
        let from = from.max(window.len().saturating_sub(self.bytes.len() - 1));
        (from..window.len()).find(|&at| self.bytes.starts_with(&window[at..])).unwrap_or(window.len())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// The head of each part, and its bytes.
    type PartsFound = Vec<(Vec<u8>, Vec<u8>)>;

    /// Feeds `body` in pieces of the given sizes, over and over.
    fn scan(boundary: &[u8], body: &[u8], sizes: &[usize]) -> Result<PartsFound, BadMultipart> {
        let mut scanner = Scanner::new(boundary);
        let mut rest = Bytes::copy_from_slice(body);
        let mut sizes = sizes.iter().cycle();
        let mut parts = PartsFound::new();
        loop {
            match scanner.next_event()? {
                Event::NeedMore if rest.is_empty() => return Err(BadMultipart::Interrupted),
                Event::NeedMore => scanner.feed(rest.split_to((*sizes.next().unwrap()).clamp(1, rest.len()))),
                Event::Head(head) => parts.push((head.to_vec(), Vec::new())),
                Event::Data(bytes) => {
                    assert!(!bytes.is_empty());
                    parts.last_mut().unwrap().1.extend_from_slice(&bytes);
                }
                Event::PartEnd => {}
                Event::End => return Ok(parts),
            }
        }
    }

    fn one(body: &[u8]) -> PartsFound {
        let whole = scan(b"B", body, &[usize::MAX]).unwrap();
        assert_eq!(scan(b"B", body, &[1]).unwrap(), whole);
        whole
    }

    #[test]
    fn finds_parts_and_nothing_but_parts() {
        let part = |head: &[u8], data: &[u8]| (head.to_vec(), data.to_vec());
        assert_eq!(one(b"--B\r\na: b\r\n\r\nxyz\r\n--B--"), [part(b"a: b\r\n", b"xyz")]);
        assert_eq!(one(b"preamble --B\r\n--B \t\r\n\r\n\r\n--B--\r\nepilogue"), [part(b"", b"")]);
        assert_eq!(one(b"--B--\r\n"), []);
        let alike = b"\r\n--Bx\r\n--\r--B\r\r\n-\r\n--B -- \r\n--B\rx";
        let body = [b"--B\r\n\r\n".as_slice(), alike, b"\r\n--B\r\n\r\n2\r\n--B--"].concat();
        assert_eq!(one(&body), [part(b"", alike), part(b"", b"2")]);
    }

    #[test]
    fn bounds_heads_and_padding() {
        let long = [b"--B\r\na: ".as_slice(), &vec![b'x'; MAX_HEAD_BYTES], b"\r\n\r\n\r\n--B--"].concat();
        assert_eq!(scan(b"B", &long, &[usize::MAX]), Err(BadMultipart::Malformed));
        assert_eq!(scan(b"B", &long, &[100]), Err(BadMultipart::Malformed));
        let padded = [b"--B".as_slice(), &[b' '; MAX_PADDING_BYTES + 1], b"\r\n\r\n\r\n--B--"].concat();
        assert_eq!(scan(b"B", &padded, &[7]), Ok(vec![]));
        assert_eq!(scan(b"B", b"--B\r\n\r\nendless", &[3]), Err(BadMultipart::Interrupted));
    }

    proptest! {
        /// The alphabet makes beginnings of delimiters everywhere.
        #[test]
        fn gives_back_what_was_put_in(
            boundary in "-{0,30}[a-c]{1,4}",
            parts in prop::collection::vec("[\r\n\\-a-c]{0,60}", 0..5),
            sizes in prop::collection::vec(1_usize..40, 1..5),
        ) {
            // A part that itself holds the delimiter cannot be sent with it.
            let delimiter = format!("\r\n--{boundary}");
            prop_assume!(parts.iter().all(|part| !format!("\r\n{part}\r\n").contains(&delimiter)));
            let mut body = Vec::new();
            for part in &parts {
                body.extend_from_slice(format!("--{boundary}\r\nh: 1\r\n\r\n{part}\r\n").as_bytes());
            }
            body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            let found = scan(boundary.as_bytes(), &body, &sizes).unwrap();
            let found: Vec<_> = found.into_iter().map(|(_, data)| String::from_utf8(data).unwrap()).collect();
            prop_assert_eq!(found, parts);
        }

        #[test]
        fn cuts_change_nothing(body in "(--B|\r|\n|\r\n|-|[ ab:]|\r\n--B\r\n|\r\n\r\n){0,40}", sizes in prop::collection::vec(1_usize..9, 1..5)) {
            prop_assert_eq!(scan(b"B", body.as_bytes(), &sizes), scan(b"B", body.as_bytes(), &[usize::MAX]));
        }
    }
}
