//! Ends that come by themselves: of what has expired, and of what has lain in the trash for long enough.

use library::{Fault, Invalid, Limits, Scan, Search, Words};

use super::{HOUR_MS, run_due};
use crate::support::{Bench, on_each_engine};

const DAY_MS: i64 = 24 * HOUR_MS;

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_goes_to_the_trash_and_stays_there() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let asset = bench.upload("file.txt", b"file").await.unwrap();
        let ends_at = library.now_ms() + 3 * HOUR_MS;
        library.limit_asset(actor, asset.id, None, Some(ends_at)).await.unwrap();
        bench.pass(3 * HOUR_MS - 1);
        run_due(&bench).await;
        library.asset(actor, asset.id).await.unwrap();
        bench.pass(1);
        // Missing from the first moment on, although nobody has put it in the trash yet.
        assert!(matches!(library.asset(actor, asset.id).await, Err(Fault::NotFound(_))));
        assert!(library.list_folder(actor, bench.folder.id).await.unwrap().assets.is_empty());
        assert!(matches!(library.limit_asset(actor, asset.id, None, None).await, Err(Fault::NotFound(_))));
        assert!(library.trash(actor).await.unwrap().assets.is_empty());
        bench.pass(HOUR_MS);
        run_due(&bench).await;
        assert_eq!(library.trash(actor).await.unwrap().assets[0].id, asset.id);
        assert!(matches!(library.restore_asset(actor, asset.id).await, Err(Fault::Expired)));
        // Its name is free.
        assert_eq!(bench.upload("file.txt", b"other").await.unwrap().slug, "file.txt");
        library.purge_asset(actor, asset.id).await.unwrap();
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_shifts_no_pages() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let mut ids = Vec::new();
        for name in ["0", "1", "2", "3", "4", "5", "6"] {
            ids.push(bench.upload(name, name.as_bytes()).await.unwrap().id);
        }
        for over in [1, 4, 6] {
            library.limit_asset(actor, ids[over], None, Some(library.now_ms())).await.unwrap();
        }
        let expected = [5, 3, 2, 0].map(|at: usize| ids[at]);
        // Before it is put in the trash, and after: each of the others is on one page.
        for _ in 0..2 {
            for limit in 1..=4 {
                let mut seen = Vec::new();
                for page in 0..8 {
                    let search = Search { page, limit, ..Search::default() };
                    let hits = library.search(actor, &search).await.unwrap();
                    seen.extend(hits.assets.into_iter().map(|asset| asset.id));
                }
                assert_eq!(seen, expected, "{limit} on a page");
            }
            run_due(&bench).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_runs_on_in_the_trash() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let asset = bench.upload("file.txt", b"file").await.unwrap();
        library.limit_asset(actor, asset.id, None, Some(library.now_ms() + 1_000)).await.unwrap();
        library.trash_asset(actor, asset.id).await.unwrap();
        bench.pass(999);
        library.restore_asset(actor, asset.id).await.unwrap();
        library.trash_asset(actor, asset.id).await.unwrap();
        bench.pass(1);
        assert!(matches!(library.restore_asset(actor, asset.id).await, Err(Fault::Expired)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_in_a_trashed_folder_ends_when_that_is_back() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let asset = bench.upload("file.txt", b"file").await.unwrap();
        library.limit_asset(actor, asset.id, None, Some(library.now_ms() + 1_000)).await.unwrap();
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        bench.pass(HOUR_MS);
        run_due(&bench).await;
        let restored = library.restore_asset(actor, asset.id).await;
        assert!(matches!(restored, Err(Fault::Invalid(Invalid::ParentInTrash))));
        library.restore_folder(actor, bench.folder.id).await.unwrap();
        assert!(matches!(library.asset(actor, asset.id).await, Err(Fault::NotFound(_))));
        bench.pass(HOUR_MS);
        run_due(&bench).await;
        assert_eq!(library.trash(actor).await.unwrap().assets[0].id, asset.id);
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_is_kept_as_long_as_it_is_set() {
    let limits = Limits { trash_age_ms: 2 * DAY_MS, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let folder = library.create_folder(actor, bench.folder.id, "Folder").await.unwrap();
        let inner = library.create_folder(actor, folder.id, "Inner").await.unwrap();
        let file = bench.upload("file.txt", b"file").await.unwrap();
        let in_folder = bench.upload_to(inner.id, "in folder.txt", b"in folder").await.unwrap();
        let kept = bench.upload("kept.txt", b"kept").await.unwrap();
        library.trash_asset(actor, file.id).await.unwrap();
        library.trash_folder(actor, folder.id).await.unwrap();
        bench.pass(1);
        library.trash_asset(actor, kept.id).await.unwrap();
        bench.pass(2 * DAY_MS - 2);
        run_due(&bench).await;
        let trash = library.trash(actor).await.unwrap();
        assert_eq!((trash.folders.len(), trash.assets.len()), (1, 2));
        bench.pass(HOUR_MS);
        // Too late for this one: it was put there again.
        library.restore_asset(actor, kept.id).await.unwrap();
        library.trash_asset(actor, kept.id).await.unwrap();
        run_due(&bench).await;
        let trash = library.trash(actor).await.unwrap();
        assert_eq!((trash.folders.len(), trash.assets.len()), (0, 1));
        assert_eq!(trash.assets[0].id, kept.id);
        for id in [file.id, in_folder.id] {
            assert!(matches!(library.restore_asset(actor, id).await, Err(Fault::NotFound(_))));
            assert!(bench.catalog().await.asset(id).await.unwrap().is_none());
        }
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_is_purged_at_its_millisecond_and_not_before() {
    let limits = Limits { trash_age_ms: 5 * HOUR_MS, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap();
        library.trash_asset(actor, file.id).await.unwrap();
        library.trash_folder(actor, bench.folder.id).await.unwrap();
        for (pass_ms, left) in [(5 * HOUR_MS - 1, (1, 1)), (1, (0, 0))] {
            bench.pass(pass_ms);
            library.queue(&bench.system(), &library::Work::Tend).await.unwrap();
            run_due(&bench).await;
            let trash = library.trash(actor).await.unwrap();
            assert_eq!((trash.folders.len(), trash.assets.len()), left);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_in_the_trash_for_a_time_goes_at_its_millisecond() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap().id;
        let waiting = library.add_entry(actor, bench.folder.id, &Words::default()).await.unwrap().id;
        let back = bench.upload("back.txt", b"back").await.unwrap().id;
        for id in [file, waiting, back] {
            library.trash_entry(actor, id, Some(5 * HOUR_MS)).await.unwrap();
            assert_eq!(library.entry(actor, id).await.unwrap().purge_at, Some(library.now_ms() + 5 * HOUR_MS));
        }
        library.restore_entry(actor, back).await.unwrap();
        for (pass_ms, left) in [(5 * HOUR_MS - 1, true), (1, false)] {
            bench.pass(pass_ms);
            library.queue(&bench.system(), &library::Work::Tend).await.unwrap();
            run_due(&bench).await;
            for id in [file, waiting] {
                assert_eq!(library.entry(actor, id).await.is_ok(), left);
            }
        }
        library.asset(actor, back).await.unwrap();
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_time_of_its_own_in_the_trash_keeps_to_it_whatever_is_set() {
    let limits = Limits { trash_age_ms: 10 * HOUR_MS, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let mut ids = Vec::new();
        for keep_ms in [Some(5 * HOUR_MS), None, Some(20 * HOUR_MS), Some(0), Some(i64::MAX)] {
            let id = bench.upload("file.txt", b"file").await.unwrap().id;
            library.trash_entry(actor, id, keep_ms).await.unwrap();
            ids.push(id);
        }
        // What waits for its bytes lies there as long as a file does.
        let waiting = library.add_entry(actor, bench.folder.id, &Words::default()).await.unwrap().id;
        library.trash_entry(actor, waiting, None).await.unwrap();
        ids.push(waiting);
        for (pass_ms, left) in [
            (0, [true, true, true, false, true, true]),
            (5 * HOUR_MS, [false, true, true, false, true, true]),
            (5 * HOUR_MS - 1, [false, true, true, false, true, true]),
            (1, [false, false, true, false, true, false]),
            (10 * HOUR_MS - 1, [false, false, true, false, true, false]),
            (1, [false, false, false, false, true, false]),
        ] {
            bench.pass(pass_ms);
            library.queue(&bench.system(), &library::Work::Tend).await.unwrap();
            run_due(&bench).await;
            let mut there = Vec::new();
            for id in &ids {
                there.push(library.entry(actor, *id).await.is_ok());
            }
            assert_eq!(there, left);
        }
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_setting_the_trash_is_kept_for_ever() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let file = bench.upload("file.txt", b"file").await.unwrap();
        bench.library.trash_asset(&bench.actor, file.id).await.unwrap();
        bench.pass(10_000 * DAY_MS);
        run_due(&bench).await;
        bench.library.restore_asset(&bench.actor, file.id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_infected_goes_to_the_trash_and_comes_back_when_it_is_not() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let file = bench.upload("file.txt", b"file").await.unwrap();
        library.contents(actor, file.id, None).await.unwrap();
        library.set_scan(&bench.system(), file.tenant_id, file.id, Scan::Infected).await.unwrap();
        assert!(matches!(library.contents(actor, file.id, None).await, Err(Fault::NotFound(_))));
        assert!(matches!(library.restore_asset(actor, file.id).await, Err(Fault::Quarantined)));
        library.set_scan(&bench.system(), file.tenant_id, file.id, Scan::Clean).await.unwrap();
        library.contents(actor, file.id, None).await.unwrap();
        let by_owner = library.set_scan(actor, file.tenant_id, file.id, Scan::Infected).await;
        assert!(matches!(by_owner, Err(Fault::Denied)));
    })
    .await;
}
