//! The commands about the keys that URLs and sessions are signed with.

use clap::Subcommand;
use library::{Library, SigningKeyInfo};
use serde_json::{Value, json};

use crate::{Failure, cli::system};

/// `mediary signing …`
#[derive(Debug, Subcommand)]
pub(crate) enum SigningCommand {
    /// List the keys: which signs, which are believed, which were given up.
    List,
    /// Add a key. It signs two minutes later, when all nodes believe it; what others have signed goes on working.
    Rotate,
    /// Give a key up that does not sign any more: no URL and no session that it has signed works then, within a minute on other nodes.
    Retire {
        /// Which.
        id: i64,
    },
}

pub(crate) async fn run(library: &Library, command: SigningCommand) -> Result<Value, Failure> {
    match command {
        SigningCommand::List => {}
        SigningCommand::Rotate => drop(library.add_signing_key(&system()).await?),
        SigningCommand::Retire { id } => library.retire_signing_key(&system(), id).await?,
    }
    let keys = library.show_signing_keys(&system()).await?;
    Ok(keys.iter().map(view).collect())
}

fn view(key: &SigningKeyInfo) -> Value {
    json!({ "id": key.id, "created_ms": key.created_at, "signs": key.signs, "retired_ms": key.retired_at })
}
