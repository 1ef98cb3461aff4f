//! `[botdoc]`: the settings of one dialect.

use serde::Deserialize;

use super::{BadSettings, Settings};

/// `[botdoc]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Botdoc {
    /// Host names under which it answers at `/`.
    pub hosts: Vec<String>,
    /// See [`::botdoc::Config::token_s`].
    pub token_s: i64,
    /// See [`::botdoc::Config::token_refresh_s`].
    pub token_refresh_s: i64,
    /// See [`::botdoc::Config::retention_ms`].
    pub retention_ms: i64,
    /// See [`::botdoc::Config::max_downloads`].
    pub max_downloads: i64,
}

impl Settings {
    pub(crate) fn botdoc_config(&self) -> Result<::botdoc::Config, BadSettings> {
        let set = &self.botdoc;
        if set.token_s < 1 || set.token_refresh_s < 0 || set.retention_ms < 0 || set.max_downloads < 1 {
            return Err(BadSettings(
                "botdoc.token_s and botdoc.max_downloads are at least 1, the other numbers not negative".to_owned(),
            ));
        }
        let public_url = self.public_url.trim_end_matches('/');
        Ok(::botdoc::Config {
            token_s: set.token_s,
            token_refresh_s: set.token_refresh_s,
            retention_ms: set.retention_ms,
            max_downloads: set.max_downloads,
            public_base: (!public_url.is_empty()).then(|| format!("{public_url}/botdoc")),
        })
    }
}
