//! The textual header of any age v1 file, as its grammar has it: strict, and without a notion of what stanzas mean.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{
    Error,
    primitives::{Secret, derive, mac, mac_holds},
};

/// The first line.
pub(crate) const VERSION: &str = "age-encryption.org/v1\n";

/// How the last line begins; what is before the space is what the MAC covers.
pub(crate) const END: &str = "---";

/// A longer header is refused; the grammar has no limit of its own. Ours is 176 bytes, the largest that age makes some 2 KiB.
pub(crate) const MAX_HEADER_BYTES: usize = 16 << 10;

/// How many characters a line of a body has, unless it is the last.
const COLUMNS: usize = 64;

/// One wrapped file key.
#[derive(Debug)]
pub(crate) struct Stanza<'a> {
    /// Never empty.
    words: Vec<&'a str>,
    pub(crate) body: Vec<u8>,
}

impl<'a> Stanza<'a> {
    /// The first argument, which says whose stanza it is.
    pub(crate) fn name(&self) -> &'a str {
        self.words[0]
    }

    /// What follows the name.
    pub(crate) fn arguments(&self) -> &[&'a str] {
        &self.words[1..]
    }
}

/// A header that is well formed; whether it is authentic only [`Header::check`] says.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) stanzas: Vec<Stanza<'a>>,
    /// What the MAC covers.
    covered: &'a [u8],
    mac: [u8; 32],
    /// How many bytes it is.
    pub(crate) len: usize,
}

impl<'a> Header<'a> {
    /// Reads the header that `bytes` begin with.
    ///
    /// # Errors
    /// [`Error::Truncated`] if `bytes` end before it does; others if it is none.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let known = bytes.len().min(VERSION.len());
        if bytes[..known] != VERSION.as_bytes()[..known] {
            return Err(Error::NotSealed);
        }
        let mut lines = Lines { bytes, at: 0 };
        lines.next()?;
        let mut stanzas = Vec::new();
        loop {
            let start = lines.at;
            let line = lines.next()?;
            if let Some(words) = line.strip_prefix("-> ") {
                stanzas.push(Stanza { words: words_of(words)?, body: body_of(&mut lines)? });
            } else if let Some(mac) = line.strip_prefix("--- ") {
                if stanzas.is_empty() {
                    return Err(Error::Malformed("it has no stanza"));
                }
                let mac = bytes_of(mac)?.try_into().map_err(|_| Error::Malformed("its MAC is not 32 bytes"))?;
                return Ok(Self { stanzas, covered: &bytes[..start + END.len()], mac, len: lines.at });
            } else {
                return Err(Error::Malformed("a line is neither a stanza nor the end"));
            }
        }
    }

    /// Checks that whoever had `file_key` wrote this header.
    pub(crate) fn check(&self, file_key: &[u8]) -> Result<(), Error> {
        if mac_holds(&mac_key(file_key), self.covered, &self.mac) { Ok(()) } else { Err(Error::HeaderAltered) }
    }
}

/// A header with one stanza, which is given without its last line feed.
pub(crate) fn write(stanza: &str, file_key: &[u8]) -> String {
    let covered = format!("{VERSION}{stanza}\n{END}");
    let mac = STANDARD_NO_PAD.encode(mac(&mac_key(file_key), covered.as_bytes()));
    format!("{covered} {mac}\n")
}

fn mac_key(file_key: &[u8]) -> Secret<32> {
    derive(file_key, &[], b"header")
}

fn words_of(line: &str) -> Result<Vec<&str>, Error> {
    let words: Vec<_> = line.split(' ').collect();
    let plain = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    if words.iter().all(plain) { Ok(words) } else { Err(Error::Malformed("an argument is empty or not printable")) }
}

/// The body of a stanza: full lines, then one that is shorter, which may be empty.
fn body_of(lines: &mut Lines<'_>) -> Result<Vec<u8>, Error> {
    let mut text = String::new();
    loop {
        let line = lines.next()?;
        if line.len() > COLUMNS {
            return Err(Error::Malformed("a line of a body is too long"));
        }
        text.push_str(line);
        if line.len() < COLUMNS {
            return bytes_of(&text);
        }
    }
}

/// Base64 without padding, canonical only.
fn bytes_of(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Error::Malformed("it has base64 that is not canonical"))
}

/// The lines of a header, of which there may be only a part so far.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line, without its line feed.
    fn next(&mut self) -> Result<&'a str, Error> {
        let known = &self.bytes[self.at..self.bytes.len().min(MAX_HEADER_BYTES)];
        let Some(len) = known.iter().position(|byte| *byte == b'\n') else {
            let whole = self.bytes.len() >= MAX_HEADER_BYTES;
            return Err(if whole { Error::Malformed("it is too long") } else { Error::Truncated });
        };
        self.at += len + 1;
        str::from_utf8(&known[..len]).map_err(|_| Error::Malformed("it is not text"))
    }
}
