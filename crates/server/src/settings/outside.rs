//! `[smtp]` and `[outbound]`: what goes out, and by which way.

use std::time::Duration;

use library::OutboundConfig;
use serde::Deserialize;

use super::{BadSettings, Settings};

/// `[smtp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Empty: mail is written to files.
    pub url: String,
    /// Whom mail is from.
    pub from: String,
}

/// `[outbound]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundSettings {
    /// Whether calls may go to this machine and to private networks.
    pub allow_private: bool,
    /// For one call or mail, in milliseconds.
    pub timeout_ms: u64,
    /// Where text messages are handed over. Empty: there are none.
    pub sms_webhook: String,
}

impl Settings {
    pub(crate) fn outbound_config(&self) -> Result<OutboundConfig, BadSettings> {
        if self.outbound.timeout_ms == 0 {
            return Err(BadSettings("outbound.timeout_ms is at least 1".to_owned()));
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(OutboundConfig {
            smtp_url: some(&self.smtp.url),
            from: self.smtp.from.clone(),
            outbox: self.data.join("outbox"),
            allow_private: self.outbound.allow_private,
            sms_webhook: some(&self.outbound.sms_webhook),
            timeout: Duration::from_millis(self.outbound.timeout_ms),
        })
    }
}
