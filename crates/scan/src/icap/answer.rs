//! What a scanner answers to RESPMOD, and what that means. Only 204 says that there is nothing.

use crate::{
    Verdict,
    connection::Ear,
    failure::{Failure, plain},
    source::{START_BYTES, Source},
};

use super::head::{Head, MAX_HEAD_BYTES};

/// The longest line before a chunk, in bytes.
const MAX_CHUNK_LINE_BYTES: usize = 1 << 10;

/// What something is called that has no name.
const NAMELESS: &str = "unnamed";

/// An answer, as far as it is needed.
#[derive(Debug)]
pub(super) enum Answer {
    /// 100: it wants to see the rest.
    Continue,
    /// 204: it would change nothing.
    Unmodified,
    /// It names what it found.
    Found(String),
    /// 413: that is more than it takes.
    TooLarge,
    /// 200 without a word on why: it gives something in place of what it was shown.
    Replaced(Replacement),
}

/// What is given in place of a body.
#[derive(Debug)]
pub(super) struct Replacement {
    status: u16,
    /// Its first [`START_BYTES`], or all of it.
    start: Vec<u8>,
    /// Whether that is all.
    is_all: bool,
}

impl Answer {
    /// Waits for an answer and hears as much of it as it takes to judge it.
    pub(super) async fn hear(ear: &mut Ear) -> Result<Self, Failure> {
        let head = Head::hear(ear).await?;
        let answer = match (head.status, threat(&head)) {
            (200 | 204, Some(name)) => return Ok(Self::Found(name)),
            (200, None) => return Ok(Self::Replaced(Replacement::hear(ear, &head).await?)),
            (100, None) => Self::Continue,
            (204, None) => Self::Unmodified,
            (413, _) => return Ok(Self::TooLarge),
            (status, _) => return Err(Failure::scanner(&format!("answered RESPMOD with {status}"))),
        };
        let has_body = head.get("encapsulated").is_some_and(|parts| !parts.starts_with("null-body"));
        if has_body || !ear.rest().is_empty() {
            return Err(Failure::scanner(&format!("answered {} and more behind that", head.status)));
        }
        Ok(answer)
    }

    /// The verdict on a body. `said_all`: all that was to be said before this answer was said before it.
    pub(super) fn judge(self, said_all: bool, source: &Source) -> Result<Verdict, Failure> {
        match self {
            Self::Unmodified if !said_all => Err(Failure::scanner("answered before it had everything")),
            Self::Unmodified => Ok(Verdict::Clean),
            Self::Found(name) => Ok(Verdict::found(name)),
            Self::TooLarge => Ok(Verdict::TooLarge),
            Self::Continue => Err(Failure::scanner("asked for the rest where there was none to ask for")),
            Self::Replaced(replacement) => replacement.judge(source),
        }
    }
}

impl Replacement {
    /// Hears its head and its beginning.
    async fn hear(ear: &mut Ear, head: &Head) -> Result<Self, Failure> {
        let parts = head.get("encapsulated").unwrap_or_default();
        let (head_bytes, has_body) = layout(parts).ok_or_else(|| Failure::nonsense(parts.as_bytes()))?;
        let status = Head::read(&ear.exactly(head_bytes).await?, "HTTP/1.")?.status;
        let (start, is_all) = match (status, has_body) {
            // The status says enough; the page that goes with it may be long.
            (200, true) => body_start(ear).await?,
            _ => (Vec::new(), true),
        };
        Ok(Self { status, start, is_all })
    }

    fn judge(self, source: &Source) -> Result<Verdict, Failure> {
        let len = self.start.len();
        let common = len.min(source.start().len());
        let differs = self.start[..common] != source.start()[..common]
            || (self.is_all && (len as u64) < source.len())
            || len as u64 > source.len();
        match self.status {
            500.. => Err(Failure::scanner(&format!("gave a page of its own with status {}", self.status))),
            200 if !differs => Err(Failure::scanner("gave back what it was shown and does not say what it found")),
            _ => Ok(Verdict::Infected { signature: NAMELESS.to_owned() }),
        }
    }
}

/// What was found, if some header says it.
fn threat(head: &Head) -> Option<String> {
    let name = if let Some(value) = head.get("x-infection-found") {
        // Type=0; Resolution=2; Threat=Eicar-Test-Signature;
        let threat = value.split(';').find_map(|part| part.trim().strip_prefix("Threat="));
        threat.unwrap_or(value)
    } else if let Some(value) = head.get("x-virus-id") {
        value
    } else {
        // How many; then four lines for each: file, threat, number, what was done.
        head.get("x-violations-found")?.lines().nth(2).unwrap_or_default()
    };
    let name = plain(name);
    Some(if name.is_empty() { NAMELESS.to_owned() } else { name })
}

/// Reads `res-hdr=0, res-body=123`: the length of the head, and whether there is a body.
fn layout(parts: &str) -> Option<(usize, bool)> {
    let (head, body) = parts.split_once(',')?;
    let (kind, at) = body.trim().split_once('=')?;
    let has_body = match kind {
        "res-body" => true,
        "null-body" => false,
        _ => return None,
    };
    let at = at.parse().ok().filter(|at| *at <= MAX_HEAD_BYTES)?;
    (head.trim() == "res-hdr=0").then_some((at, has_body))
}

/// Hears the first [`START_BYTES`] of a body in chunks, and whether that is all of it.
async fn body_start(ear: &mut Ear) -> Result<(Vec<u8>, bool), Failure> {
    let mut start = Vec::new();
    while start.len() < START_BYTES {
        let line = ear.until(b"\r\n", MAX_CHUNK_LINE_BYTES).await?;
        let size = chunk_size(&line).ok_or_else(|| Failure::nonsense(&line))?;
        if size == 0 {
            return Ok((start, true));
        }
        let part = size.min(START_BYTES - start.len());
        start.extend(ear.exactly(part).await?);
        if part == size && ear.exactly(2).await? != b"\r\n" {
            return Err(Failure::scanner("sent a chunk that is longer than it says"));
        }
    }
    Ok((start, false))
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?;
    let digits = line.split(['\r', ';']).next()?.trim_end();
    // The parser would take a sign as well.
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| usize::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn threats_have_names() {
        for (field, name) in [
            ("X-Infection-Found: Type=0; Resolution=2; Threat=Eicar-Test-Signature;", Some("Eicar-Test-Signature")),
            ("X-Infection-Found: Eicar", Some("Eicar")),
            ("X-Infection-Found: Threat=;", Some(NAMELESS)),
            ("x-virus-id: Eicar test", Some("Eicar test")),
            ("X-Virus-ID:", Some(NAMELESS)),
            ("X-Violations-Found: 1\r\n\t-\r\n\tEicar\r\n\t0\r\n\t0", Some("Eicar")),
            ("X-Violations-Found: 1", Some(NAMELESS)),
            ("X-Other: Eicar", None),
        ] {
            let head = Head::read(format!("ICAP/1.0 200 OK\r\n{field}\r\n\r\n").as_bytes(), "ICAP/1.").unwrap();
            assert_eq!(threat(&head).as_deref(), name, "{field}");
        }
    }

    #[test]
    fn layouts_and_chunk_sizes_are_read() {
        assert_eq!(layout("res-hdr=0, res-body=137"), Some((137, true)));
        assert_eq!(layout("res-hdr=0,null-body=0"), Some((0, false)));
        for parts in ["", "res-body=0", "res-hdr=1, res-body=2", "res-hdr=0, res-body=-1", "res-hdr=0, res-body=99999"]
        {
            assert_eq!(layout(parts), None, "{parts}");
        }
        assert_eq!(chunk_size(b"1f\r\n"), Some(31));
        assert_eq!(chunk_size(b"0; ieof\r\n"), Some(0));
        for line in [&b"\r\n"[..], b"+1\r\n", b"-1\r\n", b"x\r\n", b"10000000000000000\r\n", b"\xff\r\n"] {
            assert_eq!(chunk_size(line), None, "{}", line.escape_ascii());
        }
    }
}
