//! What a library does for itself: collecting, expiring, purging, retrying, and noting who changed what.

mod auditing;
mod collecting;
mod ending;
mod purging;
mod racing;
mod recurring;

use library::{Asset, JobRunner};

use crate::support::Bench;

pub const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Uploads a file, and ends it at once.
pub async fn upload_and_purge(bench: &Bench, name: &str, bytes: &[u8]) {
    let asset = bench.upload(name, bytes).await.unwrap();
    trash_and_purge(bench, &asset).await;
}

pub async fn trash_and_purge(bench: &Bench, asset: &Asset) {
    bench.library.trash_asset(&bench.actor, asset.id).await.unwrap();
    bench.library.purge_asset(&bench.actor, asset.id).await.unwrap();
}

/// Does what is due now.
pub async fn run_due(bench: &Bench) -> u64 {
    JobRunner::new(bench.library.clone()).run_due().await.unwrap()
}
