//! `[scanner]`: who looks for viruses, and what may go out before.

use std::time::Duration;

use library::{ScanPolicy, ScannerConfig};
use serde::Deserialize;

use super::{BadSettings, Settings};

/// A job that takes longer is taken for lost, and begun by another node.
const MAX_TIMEOUT_MS: u64 = 9 * 60 * 1_000;

/// `[scanner]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// Empty: nobody looks.
    pub url: String,
    /// For one file, in milliseconds.
    pub timeout_ms: u64,
    /// For how long nothing may happen meanwhile, in milliseconds.
    pub idle_ms: u64,
    /// Larger files are not looked at.
    pub max_bytes: u64,
    /// See [`ScanPolicy::queued_is_public`].
    pub queued_is_public: bool,
    /// See [`ScanPolicy::unscanned_is_public`].
    pub unscanned_is_public: bool,
}

impl Settings {
    pub(crate) fn open_scanner(&self) -> Result<Option<library::Scanner>, BadSettings> {
        let set = &self.scanner;
        if set.timeout_ms == 0 || set.idle_ms == 0 || set.max_bytes == 0 {
            return Err(BadSettings("scanner.timeout_ms, idle_ms and max_bytes are at least 1".to_owned()));
        }
        if set.timeout_ms > MAX_TIMEOUT_MS || set.idle_ms > set.timeout_ms {
            return Err(BadSettings(
                "scanner.timeout_ms is at most nine minutes, and idle_ms no more than it".to_owned(),
            ));
        }
        if set.url.is_empty() {
            return Ok(None);
        }
        let config = ScannerConfig {
            url: set.url.clone(),
            timeout: Duration::from_millis(set.timeout_ms),
            idle: Duration::from_millis(set.idle_ms),
            max_bytes: set.max_bytes,
        };
        // It connects to nothing yet.
        library::Scanner::new(config).map(Some).map_err(|error| BadSettings::of(&error))
    }

    pub(crate) const fn scan_policy(&self) -> ScanPolicy {
        ScanPolicy {
            queued_is_public: self.scanner.queued_is_public,
            unscanned_is_public: self.scanner.unscanned_is_public,
        }
    }
}
