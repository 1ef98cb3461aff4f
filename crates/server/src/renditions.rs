//! `mediary renditions`: made before anybody asks, or removed so that they are made anew. Told in JSON.

use std::io::Write;

use clap::Subcommand;
use library::{Actor, Library, Origin, RenditionsOf};
use serde_json::json;

use crate::Failure;

/// `mediary renditions …`
#[derive(Debug, Subcommand)]
pub(crate) enum RenditionsCommand {
    /// Make what images are shown by right after an upload, where it is missing. Ended and begun again, it goes on; it ends
    /// by itself when renditions.max_bytes is reached.
    Warm {
        /// Of one tenant only: its name or its id.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Remove renditions; what is asked for later is drawn again. A running server goes on.
    Drop {
        /// Of one tenant only: its name or its id.
        #[arg(long, conflicts_with = "asset")]
        tenant: Option<String>,
        /// Of one file only: its id. A file with equal bytes shares them.
        #[arg(long)]
        asset: Option<i64>,
    },
}

/// Does it with so many images at a time; fails when something could not be made.
pub(crate) async fn run(library: &Library, command: RenditionsCommand, at_once: usize) -> Result<(), Failure> {
    let system = Actor::system(Origin::default());
    match command {
        RenditionsCommand::Warm { tenant } => warm(library, &system, tenant.as_deref(), at_once).await,
        RenditionsCommand::Drop { tenant, asset } => {
            let of = match (tenant, asset) {
                (_, Some(id)) => RenditionsOf::Asset(id),
                (Some(tenant), None) => RenditionsOf::Tenant(tenant_id(library, &system, &tenant).await?),
                (None, None) => RenditionsOf::All,
            };
            let dropped = library.drop_renditions(&system, of).await?;
            tell(&json!({ "renditions": dropped.count, "bytes": dropped.bytes }))
        }
    }
}

async fn warm(library: &Library, system: &Actor, tenant: Option<&str>, at_once: usize) -> Result<(), Failure> {
    let tenant_id = match tenant {
        Some(tenant) => Some(tenant_id(library, system, tenant).await?),
        None => None,
    };
    let failed = |id: i64, fault: &library::Fault| {
        let line = json!({ "file": id, "failed": fault.to_string() });
        drop(writeln!(std::io::stderr(), "{line}"));
    };
    let warmed = library.warm_renditions(system, tenant_id, at_once, failed).await?;
    tell(&json!({
        "images": warmed.images,
        "made": warmed.made,
        "undrawable": warmed.undrawable,
        "failed": warmed.failed,
        "full": warmed.full,
    }))?;
    match warmed.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} images could not be drawn now").into()),
    }
}

/// A tenant by its name, or by its id where the name is not one tenant's alone.
async fn tenant_id(library: &Library, system: &Actor, wanted: &str) -> Result<i64, Failure> {
    let tenants = library.tenants(system).await?;
    let named: Vec<i64> = tenants.iter().filter(|tenant| tenant.name == wanted).map(|tenant| tenant.id).collect();
    match named[..] {
        [id] => return Ok(id),
        [] => {}
        [..] => return Err(format!("several tenants are called {wanted:?}: {named:?}; name one by its id").into()),
    }
    let by_id = wanted.parse().ok().filter(|id| tenants.iter().any(|tenant| tenant.id == *id));
    by_id.ok_or_else(|| format!("there is no tenant {wanted:?}").into())
}

fn tell(value: &serde_json::Value) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}
