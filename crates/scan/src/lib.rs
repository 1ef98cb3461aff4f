//! Asks a virus scanner about a stream of bytes: one question, one connection, one verdict. What is scanned and when, how often it is
//! tried again and what follows from a verdict are the caller's business. Knows no noun of the library and no database.

mod address;
mod clamd;
mod connection;
mod failure;
mod icap;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

use content::ByteStream;

pub use failure::{BadConfig, Failure};

use address::{Address, Protocol};
use connection::Line;
use failure::within;
use icap::Service;
use source::Source;

/// How long [`Scanner::check`] waits.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// What ClamAV's "signatures" begin with that say that it stopped at some limit of its own (`AlertExceedsMax`), having found nothing.
const LIMIT_REACHED: &str = "Heuristics.Limits.Exceeded";

/// Which scanner is asked, and within which limits.
#[derive(Debug, Clone)]
pub struct Config {
    /// `clamd://host:port` (3310 where no port is named), `clamd:///path/to/socket`, or `icap://host:port/service` (1344). The path of a
    /// socket is taken as it stands, without escapes.
    pub url: String,
    /// How long a whole scan may take, from the first look-up to the verdict.
    pub timeout: Duration,
    /// How long nothing at all may move: no byte of the body, none that the scanner takes, none of an answer that has begun. The wait
    /// for an answer to begin is the scanner's work and has only `timeout`.
    pub idle: Duration,
    /// More bytes than this are not sent.
    pub max_bytes: u64,
}

/// What a scanner says of bytes that it has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All of them were looked at and nothing was found.
    Clean,
    /// Something was found.
    Infected {
        /// What the scanner calls it: one line, not empty, at most 200 characters.
        signature: String,
    },
    /// They are more than we send, or the scanner will not look at all of them. Asking again is of no use.
    TooLarge,
}

impl Verdict {
    /// What a scanner says it found.
    fn found(name: String) -> Self {
        if name.starts_with(LIMIT_REACHED) { Self::TooLarge } else { Self::Infected { signature: name } }
    }
}

/// Asks one scanner. It keeps no connection; every question makes its own.
#[derive(Debug, Clone)]
pub struct Scanner {
    line: Line,
    protocol: Protocol,
    timeout: Duration,
    idle: Duration,
    max_bytes: u64,
}

impl Scanner {
    /// Reads the settings. Connects to nothing.
    ///
    /// # Errors
    /// For an address or a limit that can not work.
    pub fn new(config: Config) -> Result<Self, BadConfig> {
        let Config { url, timeout, idle, max_bytes } = config;
        if timeout.is_zero() || idle.is_zero() {
            return Err(BadConfig("a time limit of the virus scanner is zero".to_owned()));
        }
        let Address { endpoint, protocol } = Address::read(&url)?;
        Ok(Self { line: Line { endpoint, idle }, protocol, timeout, idle, max_bytes })
    }

    /// Has `body`, which is `len` bytes, scanned. More than `max_bytes` are [`Verdict::TooLarge`] without a connection.
    ///
    /// Ends, and the connection with it, within `timeout`, and at once when it is dropped.
    ///
    /// # Errors
    /// For everything that is no verdict: no scanner, none in time, an answer that is cut off, makes no sense or comes before the scanner
    /// has seen all, a body that fails or is not `len` bytes.
    pub async fn scan(&self, body: ByteStream, len: u64) -> Result<Verdict, Failure> {
        if len > self.max_bytes {
            return Ok(Verdict::TooLarge);
        }
        let source = Source::new(body, len, self.idle);
        within(self.timeout, async {
            match &self.protocol {
                Protocol::Clamd => clamd::scan(self.line.open().await?, source).await,
                Protocol::Icap(service) => icap::scan(&self.line, service, source).await,
            }
        })
        .await
    }

    /// What scans, in the scanner's words: engine and signatures. Another text means that verdicts may differ. Takes `idle` at most.
    ///
    /// # Errors
    /// If the scanner does not say it in time.
    pub async fn version(&self) -> Result<String, Failure> {
        within(self.idle.min(self.timeout), async {
            match &self.protocol {
                Protocol::Clamd => clamd::version(self.line.open().await?).await,
                Protocol::Icap(service) => self.options(service).await?.version(),
            }
        })
        .await
    }

    /// Whether the scanner answers and can do what [`Scanner::scan`] asks, within three seconds.
    ///
    /// # Errors
    /// If not.
    pub async fn check(&self) -> Result<(), Failure> {
        within(CHECK_TIMEOUT.min(self.timeout), async {
            match &self.protocol {
                Protocol::Clamd => clamd::check(self.line.open().await?).await,
                Protocol::Icap(service) => self.options(service).await?.check(),
            }
        })
        .await
    }

    async fn options(&self, service: &Service) -> Result<icap::Options, Failure> {
        icap::options(&mut self.line.open().await?, service).await
    }
}
