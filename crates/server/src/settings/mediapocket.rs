//! `[mediapocket]`: the settings of one dialect.

use ::mediapocket::SigningKeys;
use serde::Deserialize;

use super::{BadSettings, Settings};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// S3 signs for no longer.
const MAX_PRESIGNED_S: u32 = 604_800;

/// `[mediapocket]`. It has no `Debug` of its own for the secret's sake.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaPocket {
    /// Host names under which it answers at `/`.
    pub hosts: Vec<String>,
    /// For how long an asset lies in the trash bin, in days.
    pub trash_days: i64,
    /// See [`::mediapocket::Config::require_key`].
    pub require_key: bool,
    /// See [`::mediapocket::Config::presigned_s`].
    pub presigned_s: u32,
    /// See [`::mediapocket::Config::max_recipients`].
    pub max_recipients: usize,
    /// See [`SigningKeys::access_key_id`]; empty: the library signs with keys of its own.
    pub access_key_id: String,
    /// See [`SigningKeys::secret_access_key`].
    pub secret_access_key: String,
}

impl std::fmt::Debug for MediaPocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaPocket")
            .field("hosts", &self.hosts)
            .field("trash_days", &self.trash_days)
            .finish_non_exhaustive()
    }
}

impl Settings {
    pub(crate) fn mediapocket_config(&self) -> Result<::mediapocket::Config, BadSettings> {
        let set = &self.mediapocket;
        let bad = |words: &str| Err(BadSettings(words.to_owned()));
        if set.trash_days < 1 || set.max_recipients < 1 {
            return bad("mediapocket.trash_days and mediapocket.max_recipients are at least 1");
        }
        if !(1..=MAX_PRESIGNED_S).contains(&set.presigned_s) {
            return bad("mediapocket.presigned_s is from 1 to 604800");
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        let signing = match (set.access_key_id.as_str(), set.secret_access_key.as_str()) {
            ("", "") => None,
            ("", _) | (_, "") => return bad("mediapocket.access_key_id and secret_access_key go together"),
            (id, _) if !plain(id) => return bad("mediapocket.access_key_id is letters, digits, dots and hyphens"),
            (_, secret) if secret.len() < 16 => {
                return bad("mediapocket.secret_access_key is too short to be a secret");
            }
            (id, secret) => Some(SigningKeys { access_key_id: id.to_owned(), secret_access_key: secret.to_owned() }),
        };
        let public_url = self.public_url.trim_end_matches('/');
        Ok(::mediapocket::Config {
            trash_ms: set.trash_days.saturating_mul(DAY_MS),
            require_key: set.require_key,
            presigned_s: set.presigned_s,
            signing,
            max_recipients: set.max_recipients,
            public_base: (!public_url.is_empty()).then(|| format!("{public_url}/mediapocket")),
        })
    }
}
