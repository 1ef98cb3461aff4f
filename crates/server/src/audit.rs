//! The commands for the audit: its lines, and whether anybody has changed them.

use std::io::Write as _;

use clap::Subcommand;
use library::{Broken, Library};
use serde_json::json;

use crate::{Failure, cli::system};

/// `mediary audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Print lines as JSON, one a line, in the order of the chain: who did what to which thing, when, and from where.
    Export {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<i64>,
        /// Only those behind this place.
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
    /// Look whether all lines are what they were, and none is missing; fails when that is not so. Prints the last place and its hash: kept
    /// elsewhere, they tell later whether the end was cut off or the whole written anew.
    Check {
        /// PLACE:HASH, as an earlier check has printed them.
        #[arg(long)]
        expect: Option<String>,
    },
}

pub(crate) async fn run(library: &Library, command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Export { tenant, after } => export(library, tenant, after).await,
        AuditCommand::Check { expect } => check(library, expect).await,
    }
}

async fn export(library: &Library, tenant: Option<i64>, mut after: i64) -> Result<(), Failure> {
    library.chain_audit().await?;
    let mut out = std::io::BufWriter::new(std::io::stdout());
    loop {
        let page = library.chained_audit(&system(), after).await?;
        let Some(last) = page.last() else { break };
        after = last.place;
        for chained in page.iter().filter(|chained| tenant.is_none_or(|id| id == chained.tenant_id)) {
            let (line, stamp) = (&chained.line, &chained.line.stamp);
            let shown = json!({
                "place": chained.place, "hash": hex(&chained.hash), "id": line.id, "tenant": chained.tenant_id,
                "at_ms": stamp.now_ms, "action": line.action.as_str(), "noun": line.noun.as_str(), "noun_id": line.noun_id,
                "user": stamp.user_id, "token": stamp.token_id, "address": stamp.address, "request": stamp.request_id,
            });
            writeln!(out, "{shown}")?;
        }
    }
    Ok(out.flush()?)
}

async fn check(library: &Library, expect: Option<String>) -> Result<(), Failure> {
    let known = match &expect {
        Some(text) => Some(parse(text).ok_or("--expect is PLACE:HASH, as `mediary audit check` prints them")?),
        None => None,
    };
    let checked = library.check_audit(&system(), known).await?;
    let words = match checked.broken {
        None => None,
        Some(Broken::Removed(place)) => Some(format!("line {place} is missing")),
        Some(Broken::Edited(place)) => Some(format!("line {place} is not what it was")),
        Some(Broken::WithoutEnds) => Some("where the chain begins and ends is gone".to_owned()),
        Some(Broken::CutOff(place)) => Some(format!("the lines up to {place} are missing at the end")),
        Some(Broken::Other(place)) => Some(format!("line {place} is another than the one that was written down")),
    };
    let shown = json!({
        "lines": checked.lines, "place": checked.place, "hash": hex(&checked.hash), "dropped_until": checked.dropped_until,
        "broken": words,
    });
    writeln!(std::io::stdout(), "{shown}")?;
    words.map_or(Ok(()), |words| Err(format!("the audit has been changed: {words}").into()))
}

fn parse(text: &str) -> Option<(i64, [u8; 32])> {
    let (place, hash) = text.split_once(':')?;
    let bytes: Option<Vec<u8>> =
        (0..hash.len()).step_by(2).map(|at| u8::from_str_radix(hash.get(at..at + 2)?, 16).ok()).collect();
    Some((place.parse().ok()?, bytes?.try_into().ok()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
