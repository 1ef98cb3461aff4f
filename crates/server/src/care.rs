//! `mediary verify` and `mediary gc`: the care of a library, told in JSON.

use std::io::Write;

use library::{Actor, Library, Origin, Problem};
use serde_json::{Value, json};

use crate::Failure;

/// Tells each problem on a line of its own and the sum of it at the end; fails while something is wrong that was not put
/// right.
pub(crate) async fn verify(library: &Library, repair: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let system = Actor::system(Origin::default());
    let tell = |problem: &Problem| {
        let line = json!({ "problem": problem.what(), "about": problem.about(), "repaired": problem.repaired });
        drop(writeln!(std::io::stdout(), "{line}"));
    };
    let verified = library.verify(&system, repair, tell).await?;
    let summary = json!({
        "blobs": verified.blobs,
        "bytes": verified.bytes,
        "renditions": verified.renditions,
        "problems": verified.problems,
        "repaired": verified.repaired,
    });
    writeln!(out, "{summary}")?;
    match verified.problems - verified.repaired {
        0 => Ok(()),
        left => Err(format!("{left} problems are left").into()),
    }
}

/// Collects, and tells what.
pub(crate) async fn collect(library: &Library, dry_run: bool) -> Result<Value, Failure> {
    let collected = library.collect(&Actor::system(Origin::default()), dry_run).await?;
    Ok(json!({
        "dry_run": dry_run,
        "dead_blobs": { "count": collected.dead_blobs, "bytes": collected.dead_bytes },
        "strays": { "count": collected.strays, "bytes": collected.stray_bytes },
        "removed_from_holding": { "count": collected.dropped, "bytes": collected.dropped_bytes },
    }))
}
