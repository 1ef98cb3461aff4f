//! The commands for which files are taken.

use clap::Subcommand;
use library::{Library, PolicyOf, UploadPolicy};
use serde_json::{Value, json};

use crate::{Failure, cli::system};

/// `mediary policy …`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show which files are taken, and by which folder's policy.
    Show {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// In which folder; without it, in those that have no policy of their own.
        #[arg(long)]
        folder: Option<i64>,
    },
    /// Set which files are taken when they are uploaded, or are renamed, moved or copied one by one; a folder that is moved or copied
    /// takes along what lies in it. Kinds are extensions (exe), types (text/html) or families (image/*), with commas in between. An
    /// extension stands for its type: with exe denied a program is not taken by another name either.
    Set {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// In which folder and all below it; without it, everywhere.
        #[arg(long)]
        folder: Option<i64>,
        /// Only these kinds; the name and the bytes both have to be of one.
        #[arg(long, value_delimiter = ',')]
        allow: Vec<String>,
        /// None of these kinds, neither by the name nor by the bytes nor by what the sender says.
        #[arg(long, value_delimiter = ',')]
        deny: Vec<String>,
        /// Only files that are what their names say: no script called .jpg.
        #[arg(long)]
        matching: bool,
    },
    /// Take a policy away: what holds above the folder holds again, and at the top the dialects' own.
    Clear {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Of which folder.
        #[arg(long)]
        folder: Option<i64>,
    },
}

pub(crate) async fn run(library: &Library, command: PolicyCommand) -> Result<Value, Failure> {
    let (tenant, folder) = match command {
        PolicyCommand::Show { tenant, folder } => (tenant, folder),
        PolicyCommand::Set { tenant, folder, allow, deny, matching } => {
            let policy = UploadPolicy { allow, deny, matching };
            library.set_upload_policy(&system(), (tenant, folder), Some(policy)).await?;
            (tenant, folder)
        }
        PolicyCommand::Clear { tenant, folder } => {
            library.set_upload_policy(&system(), (tenant, folder), None).await?;
            (tenant, folder)
        }
    };
    let governing = library.upload_policy(&system(), tenant, folder).await?;
    Ok(governing.map_or(Value::Null, |PolicyOf { folder_id, policy }| {
        json!({ "folder": folder_id, "allow": policy.allow, "deny": policy.deny, "matching": policy.matching })
    }))
}
