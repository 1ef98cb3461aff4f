//! A folder is gone at once when it is purged; its rows go in steps, and a runner that dies between two loses nothing.

use std::{ops::Range, time::Duration};

use library::{Catalog, Fault, Ingest, JobRunner, JobState, Limits, Noun, Rights, Work};

use super::run_due;
use crate::support::{Bench, on_each_engine};

/// More than two steps.
const FILES: usize = 1_200;
const BATCH: usize = 25;
/// For how long a runner may keep a job, in milliseconds.
const CLAIM_MS: i64 = 10 * 60 * 1_000;

/// Adds files, each with bytes of its own, all at once.
async fn fill(bench: &Bench, folder: i64, numbers: Range<usize>) -> Vec<i64> {
    let mut uploads = Vec::new();
    for number in numbers {
        uploads.push(bench.received("file.txt", format!("file {number}").as_bytes()).await);
    }
    let added = bench.library.add_assets(&bench.actor, folder, uploads, Ingest::default()).await.unwrap();
    added.into_iter().map(|asset| asset.id).collect()
}

/// How many files, each with bytes of its own, still have rows: a purged folder shows them to nobody else.
async fn left(catalog: &Catalog) -> usize {
    FILES - catalog.dead_blobs(i64::MAX, (i64::MIN, 0), 10_000).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_is_cut_off_is_finished_by_another_runner() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        run_due(&bench).await;
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        let batches = (0..FILES / BATCH).map(|batch| {
            let folder = if batch % 2 == 0 { bench.folder.id } else { inner.id };
            fill(&bench, folder, batch * BATCH..(batch + 1) * BATCH)
        });
        let ids = futures_util::future::join_all(batches).await.concat();
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        library.purge_folder(actor, bench.folder.id).await.unwrap();
        // Gone, before a row is.
        let catalog = bench.catalog().await;
        assert_eq!(left(&catalog).await, FILES);
        assert!(matches!(library.folder(actor, inner.id).await, Err(Fault::NotFound(Noun::Folder))));
        assert!(matches!(library.asset_or_trashed(actor, ids[0]).await, Err(Fault::NotFound(Noun::Asset))));
        assert!(library.trash(actor).await.unwrap().folders.is_empty());
        assert_eq!(bench.problems().await, []);
        // A runner that dies after its first step.
        let runner = JobRunner::new(library.clone());
        {
            let mut run = std::pin::pin!(runner.run_due());
            while left(&catalog).await == FILES {
                // Looked at so often that it can not get through unseen: it only goes on in here.
                let ended = tokio::time::timeout(Duration::from_millis(5), &mut run).await;
                assert!(ended.is_err(), "all was done in one step");
            }
        }
        let some = left(&catalog).await;
        assert!(some > 0 && some < FILES, "{some} are left");
        assert_eq!(bench.problems().await, []);
        // Nobody takes the job from it before its time.
        assert_eq!(run_due(&bench).await, 0);
        assert_eq!(left(&catalog).await, some);
        bench.pass(CLAIM_MS + 1);
        assert_eq!(run_due(&bench).await, 1);
        assert_eq!(left(&catalog).await, 0);
        for id in [ids[0], ids[FILES - 1]] {
            assert_eq!(catalog.asset(id).await.unwrap(), None);
        }
        assert_eq!(catalog.count_tenant_assets(bench.founded.tenant.id).await.unwrap(), 0);
        assert!(library.jobs(&bench.system(), JobState::Failed, 0, 10).await.unwrap().is_empty());
        assert_eq!(bench.problems().await, []);
        bench.pass(library.limits().garbage_age_ms);
        assert_eq!(library.collect(&bench.system(), false).await.unwrap().dead_blobs, FILES as u64);
        assert_eq!(bench.files("originals"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_a_key_is_confined_to_is_not_purged() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        let (token, _) = bench.token(Rights::ALL, Some(inner.id), None).await;
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        for id in [bench.folder.id, inner.id] {
            let refused = library.purge_folder(actor, id).await;
            assert!(matches!(refused, Err(Fault::Conflict(Noun::Token))), "{refused:?}");
        }
        library.revoke_token(actor, bench.founded.tenant.id, token).await.unwrap();
        library.purge_folder(actor, bench.folder.id).await.unwrap();
        run_due(&bench).await;
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_trash_is_not_purged() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap();
        assert!(matches!(library.purge_asset(actor, file.id).await, Err(Fault::NotFound(Noun::Asset))));
        assert!(matches!(library.purge_folder(actor, bench.folder.id).await, Err(Fault::NotFound(Noun::Folder))));
        let root = library.purge_folder(actor, bench.founded.root.id).await;
        assert!(matches!(root, Err(Fault::NotFound(Noun::Folder))));
        // Nor by a job that names it.
        let work = Work::PurgeFolder { tenant_id: file.tenant_id, folder_id: bench.folder.id };
        library.queue(&bench.system(), &work).await.unwrap();
        run_due(&bench).await;
        library.asset(actor, file.id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_purged_gives_its_name_back_at_once() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let inner = library.create_folder(actor, bench.folder.id, "Inner").await.unwrap();
        let file = bench.upload("file.txt", b"file").await.unwrap();
        // They go with their folder, and so keep their names; then by themselves, and it comes back without them.
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        library.purge_folder(actor, inner.id).await.unwrap();
        library.purge_asset(actor, file.id).await.unwrap();
        library.restore_folder(actor, bench.folder.id).await.unwrap();
        assert_eq!(library.create_folder(actor, bench.folder.id, "Inner").await.unwrap().slug, "inner");
        assert_eq!(bench.upload("file.txt", b"file").await.unwrap().slug, "file.txt");
        run_due(&bench).await;
        assert_eq!(library.list_folder(actor, bench.folder.id).await.unwrap().folders.len(), 1);
        assert_eq!(bench.problems().await, []);
    })
    .await;
}
