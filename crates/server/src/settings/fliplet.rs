//! `[fliplet]`: the settings of one dialect.

use std::collections::HashMap;

use library::{UploadPolicy, check_policy};
use serde::Deserialize;

use super::{BadSettings, Settings};

/// `[fliplet]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fliplet {
    /// Host names under which it answers at `/`.
    pub hosts: Vec<String>,
    /// Files that are not taken where no upload policy was set.
    pub blocked_extensions: Vec<String>,
}

impl Settings {
    /// Which files a dialect takes where no policy was set.
    pub(crate) fn default_policies(&self) -> Result<HashMap<String, UploadPolicy>, BadSettings> {
        let deny = self.fliplet.blocked_extensions.clone();
        let policy = check_policy(UploadPolicy { deny, ..UploadPolicy::default() });
        let policy = policy.map_err(|fault| BadSettings(format!("fliplet.blocked_extensions: {fault}")))?;
        Ok(HashMap::from([(::fliplet::REALM.to_owned(), policy)]))
    }
}
