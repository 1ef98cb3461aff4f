//! `[encryption]`: the master keys, which wrap the keys that tenants' files are sealed with.

use std::{path::PathBuf, process::Stdio, time::Duration};

use library::MasterKey;
use serde::Deserialize;
use tokio::process::Command;

use super::{BadSettings, Settings};

/// The longest that a command may take which prints a key.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// No key is written in more bytes.
const MAX_KEY_BYTES: usize = 4_096;

/// `[encryption]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionSettings {
    /// What wraps.
    pub master: KeySource,
    /// What wrapped before.
    pub previous: KeySource,
}

/// Where a master key comes from: one of these, or none.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// The key itself.
    pub key: String,
    /// A file that holds it.
    pub file: PathBuf,
    /// A command that prints it.
    pub command: String,
}

/// Without the key, and without the command, which may hold a secret too.
impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = if self.key.is_empty() { "" } else { "…" };
        f.debug_struct("KeySource")
            .field("key", &key)
            .field("file", &self.file)
            .field("command", &!self.command.is_empty())
            .finish()
    }
}

impl KeySource {
    fn is_set(&self) -> bool {
        !self.key.is_empty() || !self.file.as_os_str().is_empty() || !self.command.is_empty()
    }

    /// What can be told to be wrong without touching anything.
    fn check(&self, name: &str) -> Result<(), BadSettings> {
        let set = [!self.key.is_empty(), !self.file.as_os_str().is_empty(), !self.command.is_empty()];
        if set.into_iter().filter(|set| *set).count() > 1 {
            return Err(BadSettings(format!("encryption.{name}: only one of key, file and command may be set")));
        }
        if !self.key.is_empty() {
            parse(name, &self.key)?;
        }
        Ok(())
    }

    async fn open(&self, name: &str) -> Result<Option<MasterKey>, BadSettings> {
        if !self.is_set() {
            return Ok(None);
        }
        let text = if !self.key.is_empty() {
            self.key.clone()
        } else if self.command.is_empty() {
            let read = tokio::fs::read_to_string(&self.file).await;
            read.map_err(|error| BadSettings(format!("encryption.{name}.file: {}: {error}", self.file.display())))?
        } else {
            printed(&self.command).await.map_err(|why| BadSettings(format!("encryption.{name}.command: {why}")))?
        };
        parse(name, &text).map(Some)
    }
}

impl Settings {
    pub(crate) fn check_encryption(&self) -> Result<(), BadSettings> {
        self.encryption.master.check("master")?;
        self.encryption.previous.check("previous")?;
        if self.encryption.previous.is_set() && !self.encryption.master.is_set() {
            return Err(BadSettings("encryption.previous is set, and encryption.master is not".to_owned()));
        }
        Ok(())
    }

    /// The master keys: the one that wraps first.
    pub(crate) async fn master_keys(&self) -> Result<Vec<MasterKey>, BadSettings> {
        let mut keys = Vec::new();
        keys.extend(self.encryption.master.open("master").await?);
        keys.extend(self.encryption.previous.open("previous").await?);
        Ok(keys)
    }
}

fn parse(name: &str, text: &str) -> Result<MasterKey, BadSettings> {
    MasterKey::parse(text).map_err(|error| BadSettings(format!("encryption.{name}: {error}")))
}

/// What a command prints. Its own words on what goes wrong are left to it; what it prints is never repeated.
async fn printed(command: &str) -> Result<String, String> {
    let mut running = Command::new("sh");
    running.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_LIMIT, running.output()).await;
    let output = output.map_err(|_| format!("it did not end within {} s", COMMAND_LIMIT.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    if output.stdout.len() > MAX_KEY_BYTES {
        return Err("it printed more than a key".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|_| "it printed no text".to_owned())
}
