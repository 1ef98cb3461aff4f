//! The commands for what a scanner found.

use clap::Subcommand;
use library::Library;
use serde_json::{Value, json};

use crate::{Failure, cli::system};

/// `mediary quarantine …`
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List a tenant's files in quarantine, and what was found in them.
    List {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Let a file out, although something was found in it. It is noted who did.
    Release {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
    /// Delete a file in quarantine for good.
    Delete {
        /// Whose.
        #[arg(long)]
        tenant: i64,
        /// Which.
        id: i64,
    },
    /// Have everything scanned anew; a running server does it. By itself it does so each day with what was not looked at by the
    /// scanner's signatures of that day.
    Rescan,
}

pub(crate) async fn run(library: &Library, command: QuarantineCommand) -> Result<Value, Failure> {
    match command {
        QuarantineCommand::List { tenant } => {
            let (mut found, mut after) = (Vec::new(), 0);
            loop {
                let page = library.quarantined(&system(), tenant, after).await?;
                let Some(last) = page.last() else { return Ok(Value::Array(found)) };
                after = last.asset.id;
                found.extend(page.iter().map(|held| {
                    let verdict = held.verdict.as_ref();
                    json!({ "id": held.asset.id, "name": held.asset.name, "folder": held.asset.folder.id,
                            "found": verdict.and_then(|verdict| verdict.signature.as_ref()),
                            "by": verdict.map(|verdict| &verdict.engine).filter(|engine| !engine.is_empty()),
                            "at_ms": verdict.map(|verdict| verdict.scanned_at) })
                }));
            }
        }
        QuarantineCommand::Release { tenant, id } => {
            library.release(&system(), (tenant, id)).await?;
            Ok(json!({ "id": id, "released": true }))
        }
        QuarantineCommand::Delete { tenant, id } => {
            library.destroy(&system(), (tenant, id)).await?;
            Ok(json!({ "id": id, "deleted": true }))
        }
        QuarantineCommand::Rescan => {
            library.rescan_all(&system()).await?;
            Ok(json!({ "queued": true }))
        }
    }
}
