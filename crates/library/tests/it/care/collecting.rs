//! Bytes go in steps, each at its age: their rows, the holding area, and for good. What somebody wants stays.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use library::{Blobs, Collected, Fault, Library, Limits, Origin, Rights, Work};
use store::blobs::{BlobKey, Kind};

use super::{run_due, trash_and_purge, upload_and_purge};
use crate::support::{Bench, on_each_engine, png, read};

fn none() -> Collected {
    Collected::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_in_three_steps_each_at_its_age() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, system) = (&bench.library, bench.system());
        let (garbage, holding) = (library.limits().garbage_age_ms, library.limits().holding_age_ms);
        let image = png(800, 600);
        let asset = bench.upload("image.png", &image).await.unwrap();
        run_due(&bench).await;
        assert_eq!((bench.files("originals"), bench.files("renditions")), (1, 1));
        trash_and_purge(&bench, &asset).await;
        bench.pass(garbage - 1);
        assert_eq!(library.collect(&system, true).await.unwrap(), none());
        assert_eq!(library.collect(&system, false).await.unwrap(), none());
        bench.pass(1);
        let dead = Collected { dead_blobs: 1, dead_bytes: image.len() as u64, ..none() };
        assert_eq!(library.collect(&system, true).await.unwrap(), dead);
        assert_eq!((bench.files("originals"), bench.files("renditions"), bench.files("holding")), (1, 1, 0));
        assert_eq!(library.collect(&system, false).await.unwrap(), dead);
        // What was made of it can be made again, and is not held.
        assert_eq!((bench.files("originals"), bench.files("renditions"), bench.files("holding")), (0, 0, 1));
        assert_eq!(library.collect(&system, false).await.unwrap(), none());
        bench.pass(holding);
        assert_eq!(library.collect(&system, true).await.unwrap(), none());
        assert_eq!(library.collect(&system, false).await.unwrap(), none());
        bench.pass(1);
        let dropped = Collected { dropped: 1, dropped_bytes: image.len() as u64, ..none() };
        assert_eq!(library.collect(&system, true).await.unwrap(), dropped);
        assert_eq!(bench.files("holding"), 1);
        assert_eq!(library.collect(&system, false).await.unwrap(), dropped);
        assert_eq!(bench.files("holding"), 0);
        assert_eq!(library.collect(&system, false).await.unwrap(), none());
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hour_brings_is_the_same_for_dead_bytes() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        run_due(&bench).await;
        upload_and_purge(&bench, "file.txt", b"file").await;
        bench.pass(bench.library.limits().garbage_age_ms);
        run_due(&bench).await;
        assert_eq!((bench.files("originals"), bench.files("holding")), (0, 1));
        bench.pass(bench.library.limits().holding_age_ms + 1);
        run_due(&bench).await;
        assert_eq!(bench.files("holding"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_somebody_wants_stay() {
    let limits = Limits { garbage_age_ms: 0, holding_age_ms: 0, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let one = bench.upload("one.txt", b"same").await.unwrap();
        let two = bench.upload("two.txt", b"same").await.unwrap();
        trash_and_purge(&bench, &one).await;
        assert_eq!(library.collect(&bench.system(), false).await.unwrap(), none());
        // An older version's too: links keep what they were made for.
        let upload = bench.received("ignored", b"other").await;
        library.replace_asset(actor, two.id, upload).await.unwrap();
        assert_eq!(library.collect(&bench.system(), false).await.unwrap(), none());
        assert_eq!(bench.files("originals"), 2);
        let delivery = library.contents(actor, two.id, None).await.unwrap();
        trash_and_purge(&bench, &two).await;
        let collected = library.collect(&bench.system(), false).await.unwrap();
        assert_eq!((collected.dead_blobs, collected.dead_bytes), (2, 9));
        // Who has begun to read reads on.
        assert_eq!(read(&delivery.content).await, b"other");
        // Equal bytes that come later are stored anew; what is held is not theirs.
        let again = bench.upload("again.txt", b"same").await.unwrap();
        bench.pass(1);
        library.collect(&bench.system(), false).await.unwrap();
        assert_eq!((bench.files("originals"), bench.files("holding")), (1, 0));
        assert_eq!(read(&library.contents(actor, again.id, None).await.unwrap().content).await, b"same");
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_equal_bytes_are_its_own() {
    let limits = Limits { garbage_age_ms: 0, ..Limits::default() };
    on_each_engine(limits, |bench: Bench| async move {
        let (founded, stranger) = bench.another_tenant().await;
        let upload = bench.received("theirs.txt", b"same").await;
        let theirs =
            bench.library.add_assets(&stranger, founded.root.id, vec![upload], Default::default()).await.unwrap();
        upload_and_purge(&bench, "ours.txt", b"same").await;
        assert_eq!(bench.library.collect(&bench.system(), false).await.unwrap().dead_blobs, 1);
        let content = bench.library.contents(&stranger, theirs[0].id, None).await.unwrap().content;
        assert_eq!(read(&content).await, b"same");
    })
    .await;
}

/// Bytes under a key, as a crash between publishing and recording leaves them, written at a certain time.
async fn stray(blobs: &Blobs, root: &Path, kind: Kind, written_ms: i64) -> PathBuf {
    let staged = blobs.stage_bytes(kind, None, bytes::Bytes::from_static(b"stray")).await.unwrap();
    let key = blobs.publish(staged).await.unwrap();
    let (BlobKey::Original(id) | BlobKey::Rendition(id)) = key;
    let folder = if kind == Kind::Original { "originals" } else { "renditions" };
    let path = root.join(folder).join(&id.to_string()[..2]).join(id.to_string());
    date(&path, written_ms);
    path
}

fn date(path: &Path, ms: i64) {
    let time = UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs());
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_without_a_row_go_when_they_are_old_enough() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, root) = (&bench.library, bench.data.path().join("blobs"));
        let old_ms = library.now_ms() - library.limits().staging_age_ms;
        let wanted = bench.upload("wanted.txt", b"wanted").await.unwrap();
        let key = wanted.version.unwrap().blob.key.id().to_string();
        date(&root.join("originals").join(&key[..2]).join(&key), 0);
        let blobs = Blobs::disk(&root, Default::default()).await.unwrap();
        let mut strays = Vec::new();
        for kind in Kind::ALL {
            strays.push((stray(&blobs, &root, kind, old_ms).await, true));
            strays.push((stray(&blobs, &root, kind, old_ms + 1).await, false));
        }
        // What is none of ours is left alone, however old it is.
        let notes = root.join("originals/ab/notes.txt");
        std::fs::write(&notes, b"notes").unwrap();
        date(&notes, 0);
        strays.push((notes, false));
        let expected = Collected { strays: 2, stray_bytes: 10, ..none() };
        assert_eq!(library.collect(&bench.system(), true).await.unwrap(), expected);
        assert!(strays.iter().all(|(path, _)| path.exists()));
        assert_eq!(library.collect(&bench.system(), false).await.unwrap(), expected);
        for (path, goes) in &strays {
            assert_eq!(path.exists(), !goes, "{}", path.display());
        }
        // Originals are held, for a mistake would be found out; renditions are not.
        assert_eq!(bench.files("holding"), 1);
        // The sweep does the same by itself.
        bench.pass(1);
        library.queue(&bench.system(), &Work::SweepStaging).await.unwrap();
        run_due(&bench).await;
        let left: Vec<_> = strays.iter().filter(|(path, _)| path.exists()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(read(&library.contents(&bench.actor, wanted.id, None).await.unwrap().content).await, b"wanted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_uploads_are_swept_when_they_are_old_enough() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, staging) = (&bench.library, bench.data.path().join("blobs/staging"));
        // Larger than what waits in memory.
        let unfinished = bench.received("unfinished.bin", &[7; 3_000_000]).await;
        let entry = std::fs::read_dir(&staging).unwrap().next().expect("a file is staged").unwrap();
        let kept_since = library.now_ms() - library.limits().staging_age_ms;
        for (written_ms, left) in [(kept_since, 1), (kept_since - 1, 0)] {
            date(&entry.path(), written_ms);
            library.queue(&bench.system(), &Work::SweepStaging).await.unwrap();
            run_due(&bench).await;
            assert_eq!(bench.files("staging"), left);
        }
        drop(unfinished);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_system_collects_and_queues() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let nobody = library::Actor::anonymous(Origin::default());
        let owner = bench.actor_with(Rights::ALL, None, None).await;
        let refused = |library: Library, actor: library::Actor| async move {
            let collected = library.collect(&actor, true).await.map(drop);
            let verified = library.verify(&actor, false, |_| ()).await.map(drop);
            [collected, verified, library.queue(&actor, &Work::Tend).await]
        };
        for outcome in refused(bench.library.clone(), owner).await {
            assert!(matches!(outcome, Err(Fault::Denied)), "{outcome:?}");
        }
        for outcome in refused(bench.library.clone(), nobody).await {
            assert!(matches!(outcome, Err(Fault::Unauthenticated)), "{outcome:?}");
        }
    })
    .await;
}
