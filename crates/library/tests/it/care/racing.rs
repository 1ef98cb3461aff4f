//! Garbage collection against uploads of the very bytes that it collects.

use library::{Asset, Library, Limits};
use sha2::{Digest, Sha256};

use super::trash_and_purge;
use crate::support::{Bench, on_each_engine, read};

/// A thousand races, some at the same time.
const LANES: usize = 4;
const ROUNDS: usize = 250;

#[tokio::test(flavor = "multi_thread")]
async fn collecting_never_takes_what_was_uploaded_again() {
    let limits = Limits { garbage_age_ms: 0, holding_age_ms: 0, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let other = bench.second_node().await;
        let lanes = futures_util::future::join_all((0..LANES).map(|lane| race(&bench, &other, lane))).await;
        // Both sides won some: else nothing was raced.
        let shared: usize = lanes.iter().sum();
        assert!((1..LANES * ROUNDS / 2).contains(&shared), "{shared} uploads came before the purge");
        bench.pass(1);
        bench.library.collect(&bench.system(), false).await.unwrap();
        assert_eq!((bench.files("originals"), bench.files("holding")), (LANES, 0));
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

/// Uploads the same bytes again and again while what they were before is collected; in every other round while it is being
/// purged, too. Another process collects half of the time. Tells how often the bytes from before could still be shared.
async fn race(bench: &Bench, other: &Library, lane: usize) -> usize {
    let bytes = format!("the same bytes each time, in lane {lane}").repeat(40).into_bytes();
    let expected = Sha256::digest(&bytes);
    let mut asset = bench.upload("same.bin", &bytes).await.unwrap();
    let mut shared = 0;
    for round in 0..ROUNDS {
        let purged_before = round % 2 == 0;
        if purged_before {
            trash_and_purge(bench, &asset).await;
        }
        // What is held is dropped a millisecond later: a blob that was taken wrongly is gone for good.
        bench.pass(1);
        let collect = async {
            if !purged_before {
                wait(bench, &asset, round / 2 % 8).await;
                trash_and_purge(bench, &asset).await;
            }
            let collector = if round / 2 % 2 == 0 { &bench.library } else { other };
            collector.collect(&bench.system(), false).await.unwrap();
        };
        let (_, uploaded) = tokio::join!(collect, bench.upload("same.bin", &bytes));
        let uploaded = uploaded.unwrap();
        let content = bench.library.contents(&bench.actor, uploaded.id, None).await.unwrap().content;
        assert_eq!(Sha256::digest(read(&content).await), expected, "round {round} of lane {lane}");
        let blob_of = |asset: &Asset| asset.version.as_ref().unwrap().blob.id;
        shared += usize::from(blob_of(&uploaded) == blob_of(&asset));
        asset = uploaded;
    }
    shared
}

/// Lets some time pass, about as much as an upload takes.
async fn wait(bench: &Bench, asset: &Asset, reads: usize) {
    for _ in 0..reads {
        bench.library.asset_or_trashed(&bench.actor, asset.id).await.unwrap();
    }
}
