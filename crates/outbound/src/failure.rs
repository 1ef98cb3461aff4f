//! Why something did not go out, in words that may be shown and logged: hosts and reasons, never what stands behind a host's name.

use std::{error::Error, io, time::Duration};

/// How much of another side's words is passed on, in characters.
const MAX_WORDS: usize = 200;

/// Why something did not go out. The text is lowercase, has no full stop, and holds no userinfo, path or query of an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The same again would be refused again: by the guard, by what was handed in, or by the mail server's permanent reply.
    #[error("{0}")]
    Refused(String),
    /// It may work another time: no answer in time, no connection, an answer other than success.
    #[error("{0}")]
    Later(String),
}

impl Failure {
    /// Finds the reason in an error that the body of a [`crate::Fetched`] gave.
    #[must_use]
    pub fn within(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Settings that can not work. The text says which and why, without the secrets in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(pub(crate) String);

/// Does `work` unless it takes longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(Failure::Later(format!("no answer within {limit:?}"))))
}

/// The words of the innermost cause. The outer ones of the HTTP client name the whole URL.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    plain(&cause.to_string())
}

/// Somebody else's words as a part of ours: one line, short, beginning in lowercase, without the full stop.
pub(crate) fn plain(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect();
    let line = line.trim().trim_end_matches('.');
    let mut rest = line.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_one_short_line() {
        assert_eq!(plain("Mailbox unavailable.\r\n"), "mailbox unavailable");
        assert_eq!(plain("a\r\nb\0c"), "a  b c");
        assert_eq!(plain(&"x".repeat(1000)).len(), MAX_WORDS);
        assert_eq!(plain(""), "");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_for_later() {
        let never = within(Duration::from_millis(5), std::future::pending::<Result<(), Failure>>()).await;
        assert_eq!(never, Err(Failure::Later("no answer within 5ms".to_owned())));
    }
}
