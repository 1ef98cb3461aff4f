//! The commands for files that are sealed at rest, and for the keys that seal them.

use std::{io::Read as _, path::PathBuf};

use clap::Subcommand;
use library::{Actor, Fault, Library, MasterKey, TenantKey};
use serde_json::{Value, json};

use crate::{Failure, cli::system};

/// `mediary keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Print a new master key: 64 hexadecimal digits for encryption.master. Whoever loses it loses every sealed file.
    New,
    /// Seal a tenant's files: what comes in at once, what is there in the background, by a running server. Plain bytes of what is
    /// converted go an hour later (limits.garbage_age_ms); what was deleted before lies plain in the holding area until its time is over,
    /// and an upload in chunks that has begun stays plain until it ends.
    On {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Seal a tenant's files no more, and open in the background what is sealed. The master key is needed all the same: what was deleted
    /// may come back.
    Off {
        /// Whose.
        #[arg(long)]
        tenant: i64,
    },
    /// Tell whose files are sealed, and how far.
    Status {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<i64>,
    },
    /// Wrap all tenants' keys by encryption.master that encryption.previous wrapped. Files stay as they are, servers go on.
    Rotate,
    /// Print tenants' keys, unwrapped: whoever has them reads the files. For a safe, where they outlive a lost master key.
    Export {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<i64>,
    },
    /// Keep exported keys again, wrapped by encryption.master, after the one that wrapped them was lost. A key that can still be
    /// unwrapped stays, and one that opens none of its tenant's files is refused.
    Restore {
        /// What `export` printed; the standard input unless given.
        file: Option<PathBuf>,
    },
}

pub(crate) async fn run(library: &Library, command: KeysCommand) -> Result<Value, Failure> {
    let actor = system();
    match command {
        KeysCommand::New => Ok(new_master_key()),
        KeysCommand::On { tenant } => turn(library, &actor, tenant, true).await,
        KeysCommand::Off { tenant } => turn(library, &actor, tenant, false).await,
        KeysCommand::Status { tenant } => status(library, &actor, tenant).await,
        KeysCommand::Rotate => Ok(json!({ "rotated": library.rotate_keys(&actor).await? })),
        KeysCommand::Export { tenant } => {
            let keys = library.export_keys(&actor, tenant).await?;
            let shown =
                |(tenant, key): &(i64, TenantKey)| json!({ "tenant": tenant, "id": key.id(), "key": *key.reveal() });
            Ok(Value::Array(keys.iter().map(shown).collect()))
        }
        KeysCommand::Restore { file } => {
            let keys = exported(file)?;
            let restored = library.restore_keys(&actor, &keys).await.map_err(|fault| match fault {
                Fault::Conflict(_) => {
                    Failure::from("a key opens none of its tenant's files; nothing was changed for it")
                }
                fault => fault.into(),
            })?;
            Ok(json!({ "given": keys.len(), "restored": restored }))
        }
    }
}

/// A new master key, and how it will be called.
pub(crate) fn new_master_key() -> Value {
    let key = MasterKey::generate();
    json!({ "key": *key.reveal(), "fingerprint": key.fingerprint().to_string() })
}

async fn turn(library: &Library, actor: &Actor, tenant: i64, on: bool) -> Result<Value, Failure> {
    let turned = library.set_encryption(actor, tenant, on).await?;
    Ok(json!({ "tenant": tenant, "on": on, "changed": turned }))
}

async fn status(library: &Library, actor: &Actor, tenant: Option<i64>) -> Result<Value, Failure> {
    let mut told = Vec::new();
    for found in library.tenants(actor).await?.iter().filter(|found| tenant.is_none_or(|id| id == found.id)) {
        let state = library.encryption(actor, found.id).await?;
        let (encryption, sealed) = (state.encryption, state.sealed);
        let waiting = if encryption.on {
            sealed.plain + sealed.plain_renditions
        } else {
            sealed.sealed + sealed.sealed_renditions
        };
        told.push(json!({
            "tenant": found.id, "name": found.name, "on": encryption.on,
            "since_ms": Some(encryption.since).filter(|since| *since > 0), "key": encryption.key_id,
            "files": { "sealed": sealed.sealed, "plain": sealed.plain },
            "bytes": { "sealed": sealed.sealed_bytes, "plain": sealed.plain_bytes },
            "renditions": { "sealed": sealed.sealed_renditions, "plain": sealed.plain_renditions },
            "to_convert": waiting,
        }));
    }
    if tenant.is_some() && told.is_empty() {
        return Err("there is no such tenant".into());
    }
    Ok(json!({ "master_key": library.master_key(), "tenants": told }))
}

fn exported(file: Option<PathBuf>) -> Result<Vec<(i64, TenantKey)>, Failure> {
    let mut text = String::new();
    match file {
        Some(path) => text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => drop(std::io::stdin().read_to_string(&mut text)?),
    }
    let list: Vec<Value> = serde_json::from_str(&text).map_err(|_| "this is not what `mediary keys export` printed")?;
    let read =
        |one: &Value| Some((one["tenant"].as_i64()?, TenantKey::parse(one["id"].as_i64()?, one["key"].as_str()?)?));
    let keys: Option<Vec<_>> = list.iter().map(read).collect();
    keys.ok_or_else(|| "this is not what `mediary keys export` printed".into())
}
