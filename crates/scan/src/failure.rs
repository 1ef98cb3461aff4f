//! Why there is no verdict, in words that may be shown and logged.

use std::{io, time::Duration};

/// How much of another side's words is passed on, in characters.
const MAX_WORDS: usize = 200;

/// Why there is no verdict: the scanner is down, slow, breaks off or talks nonsense, or the body failed. The text is lowercase, has no
/// full stop, and names neither the address nor the bytes. The same question may be answered another time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub(crate) String);

impl Failure {
    /// What the scanner did, with the scanner in front.
    pub(crate) fn scanner(did: &str) -> Self {
        Self(format!("the virus scanner {did}"))
    }

    /// An answer that is none.
    pub(crate) fn nonsense(answer: &[u8]) -> Self {
        Self(format!("the virus scanner answered '{}'", plain(&String::from_utf8_lossy(answer))))
    }

    pub(crate) fn io(error: &io::Error) -> Self {
        Self(format!("the virus scanner: {}", plain(&error.to_string())))
    }
}

/// Settings that can not work. The text says which and why, and quotes nothing of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(pub(crate) String);

/// Does `work` unless it takes longer than `limit`. What it holds, connections too, is dropped then.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(Failure(format!("the virus scanner took longer than {limit:?}"))))
}

/// Somebody else's words as a part of ours: one line, short, without the full stop.
pub(crate) fn plain(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect();
    line.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_one_short_line() {
        assert_eq!(plain("Could not lock\r\n"), "Could not lock");
        assert_eq!(plain("a\r\nb\0c."), "a  b c");
        assert_eq!(plain(&"ö".repeat(1000)).chars().count(), MAX_WORDS);
        assert_eq!(Failure::nonsense(b"\xff\n").to_string(), "the virus scanner answered '\u{fffd}'");
    }
}
