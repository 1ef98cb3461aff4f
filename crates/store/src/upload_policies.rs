//! Upload policies: which files a folder and all below it take. Kept as text with the folder that they were set on; what a file is, is
//! the library's business.

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
};

/// Which files are taken. Kinds are extensions (`exe`), types (`text/html`) or families (`image/*`), in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadPolicy {
    /// Only these kinds; empty: any.
    pub allow: Vec<String>,
    /// None of these kinds.
    pub deny: Vec<String>,
    /// Whether bytes have to be what the file's name says.
    pub matching: bool,
}

/// A policy, and the folder that it was set on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyOf {
    /// Which folder.
    pub folder_id: i64,
    /// What it takes.
    pub policy: UploadPolicy,
}

/// Climbs from a folder until there is one, at most as many steps as a tree is deep.
const GOVERNING: &str = "with recursive up (id, parent_id, upload_policy) as ( \
     select id, parent_id, upload_policy from folders where tenant_id = $1 and id = $2 \
     union all select f.id, f.parent_id, f.upload_policy \
     from up join folders f on f.id = up.parent_id where up.upload_policy is null) \
     select id, upload_policy from up where upload_policy is not null";
const SET: &str = "update folders set upload_policy = $3, updated_at = $4 where tenant_id = $1 and id = $2 \
     and purged_at is null returning id";

impl Catalog {
    /// The policy that holds in a folder: its own, or that of the nearest one above it that has any.
    ///
    /// # Errors
    /// When the database refuses, or the policy can not be read: then nothing may be let in.
    pub async fn governing_policy(&self, tenant_id: i64, folder_id: i64) -> Result<Option<PolicyOf>> {
        let row = sqlx::query(GOVERNING).bind(tenant_id).bind(folder_id).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Sets the policy of a folder; none takes it away, so that the one above holds.
    ///
    /// # Errors
    /// `Missing` when there is no such folder.
    pub async fn set_upload_policy(
        &self,
        (tenant_id, folder_id): (i64, i64),
        policy: Option<&UploadPolicy>,
        stamp: &Stamp,
    ) -> Result<()> {
        let text = policy.map(|policy| serde_json::to_string(policy).expect("a policy is plain data"));
        let mut tx = self.begin().await?;
        let query = sqlx::query(SET).bind(tenant_id).bind(folder_id).bind(text).bind(stamp.now_ms);
        query.fetch_optional(tx.conn()).await?.ok_or(Error::Missing(Noun::Folder))?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Policy, (Noun::Folder, folder_id)).await?;
        tx.commit().await
    }
}

fn read(row: &AnyRow) -> Result<PolicyOf> {
    let policy = serde_json::from_str(&row.text("upload_policy")?);
    let policy = policy.map_err(|error| Error::Corrupt(format!("an upload policy: {error}")))?;
    Ok(PolicyOf { folder_id: row.int("id")?, policy })
}
