//! One contract for every blob store: a folder and an object store must pass the same tests, whether they seal what they keep or not.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shelf;

/// Makes a test of each function, on every store.
macro_rules! every_store {
    ($($name:ident)*) => {
        mod disk {
            $(#[tokio::test] async fn $name() { super::$name(super::Shelf::disk().await).await; })*
        }
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Shelf::memory().await).await; })*
        }
        mod sealed_disk {
            $(#[tokio::test] async fn $name() { super::$name(super::Shelf::sealed_disk().await).await; })*
        }
        mod sealed_memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Shelf::sealed_memory().await).await; })*
        }
    };
}

/// The same for those that seal.
macro_rules! every_sealed_store {
    ($($name:ident)*) => {
        mod disk {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Shelf::sealed_disk().await).await; })*
        }
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Shelf::sealed_memory().await).await; })*
        }
    };
}

mod growing;
mod hold;
mod look;
mod sealed;
mod sums;

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use content::{Body, ByteRange};
use futures_util::{FutureExt, StreamExt, future::try_join_all, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::blobs::{BlobId, BlobKey, Blobs, BlobsConfig, Error, Kind, StageError};

use self::{
    shelf::{Place, Shelf, chunked, pattern, read},
    sums::{SUMS, digest},
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

every_store! {
    what_goes_in_comes_out
    bytes_at_once_are_like_a_stream
    any_range_is_read
    staged_bytes_are_read_back
    what_is_dropped_leaves_nothing
    what_is_given_up_half_way_leaves_nothing
    an_interrupted_body_leaves_nothing
    too_large_stops_early
    what_is_deleted_is_gone
    the_sweep_goes_by_age
    many_at_once
    what_is_missing_is_told
    a_wrong_length_is_told
    hot_bytes_are_the_same_bytes
    a_store_that_works_is_ready
}

async fn what_goes_in_comes_out(shelf: Shelf) {
    for (seed, (len, sha256, md5, crc32)) in (1..).zip(SUMS) {
        let bytes = pattern(len);
        let staged = shelf.stage(&bytes, seed).await;
        assert_eq!(staged.len, len as u64);
        assert_eq!(staged.digest, digest(sha256, md5, crc32), "{len}");
        assert!(staged.head == bytes[..len.min(256 * KIB)], "head of {len}");
        let foretold = staged.key();
        let key = shelf.blobs.publish(staged).await.unwrap();
        assert_eq!((key, key.kind()), (foretold, Kind::Original));
        assert!(shelf.read(key, len, ByteRange::whole(len as u64)).await.unwrap() == bytes, "{len}");
    }
    assert_eq!(shelf.count().await, SUMS.len());
}

async fn bytes_at_once_are_like_a_stream(shelf: Shelf) {
    for (len, sha256, md5, crc32) in SUMS {
        let bytes = Bytes::from(pattern(len));
        let staged = shelf.blobs.stage_bytes(Kind::Rendition, shelf.seal(), bytes.clone()).await.unwrap();
        assert_eq!((staged.len, staged.digest), (len as u64, digest(sha256, md5, crc32)));
        assert!(staged.head == bytes[..len.min(256 * KIB)]);
        let key = shelf.blobs.publish(staged).await.unwrap();
        assert_eq!(key.kind(), Kind::Rendition);
        assert!(shelf.read(key, len, ByteRange::whole(len as u64)).await.unwrap() == bytes);
    }
}

async fn any_range_is_read(shelf: Shelf) {
    let mut random = StdRng::seed_from_u64(5);
    // One that is mapped, one that is copied, one that is read on demand.
    for len in [700 * KIB, 5 * KIB, 9 * MIB] {
        let bytes = pattern(len);
        let key = shelf.keep(&bytes).await;
        let mut ranges = vec![(0, 0), (0, 1), (len - 1, len), (len, len), (0, len), (4095, 4097)];
        ranges.extend((0..20).map(|_| {
            let start = random.random_range(0..len);
            (start, random.random_range(start..=len))
        }));
        for (start, end) in ranges {
            let range = ByteRange { start: start as u64, end: end as u64 };
            assert!(shelf.read(key, len, range).await.unwrap() == bytes[start..end], "{start}..{end} of {len}");
        }
        // More than there is means all there is.
        assert_eq!(shelf.read(key, len, ByteRange { start: 1, end: u64::MAX }).await.unwrap().len(), len - 1);
    }
}

async fn staged_bytes_are_read_back(shelf: Shelf) {
    for len in [0, 3, 600 * KIB, 9 * MIB] {
        let bytes = pattern(len);
        let staged = shelf.stage(&bytes, 2).await;
        let body = staged.body();
        for _ in 0..2 {
            assert!(read(&body, ByteRange::whole(len as u64)).await.unwrap() == bytes, "{len}");
        }
        if len > 10 {
            assert!(read(&body, ByteRange { start: 7, end: 9 }).await.unwrap() == bytes[7..9]);
        }
    }
}

async fn what_is_dropped_leaves_nothing(shelf: Shelf) {
    for len in [0, 100, 512 * KIB + 1, 9 * MIB] {
        let staged = shelf.stage(&pattern(len), 3).await;
        assert_eq!(shelf.count().await, 1, "{len}");
        drop(staged);
        shelf.comes_to(0).await;
    }
}

async fn what_is_given_up_half_way_leaves_nothing(shelf: Shelf) {
    let kept = shelf.keep(b"another's").await;
    for before in [0, 10, 600 * KIB, 3 * MIB, 20 * MIB] {
        // The body says something and then nothing, until the one who reads it goes away.
        let (silent, reached) = tokio::sync::oneshot::channel();
        let silence = stream::once(async move {
            silent.send(()).unwrap();
            std::future::pending().await
        });
        let body = chunked(&pattern(before), 4).chain(silence).boxed();
        let stage = shelf.blobs.stage(Kind::Original, shelf.seal(), body, u64::MAX);
        tokio::select! {
            _ = stage => panic!("a silent body never ends"),
            reached = reached => reached.unwrap(),
        }
        shelf.comes_to(1).await;
    }
    assert_eq!(shelf.read(kept, 9, ByteRange::whole(9)).await.unwrap(), b"another's");
}

async fn an_interrupted_body_leaves_nothing(shelf: Shelf) {
    for before in [0, 10, 600 * KIB, 20 * MIB] {
        let gone = stream::once(async { Err(io::Error::from(io::ErrorKind::ConnectionReset)) });
        let body = chunked(&pattern(before), 5).chain(gone).boxed();
        match shelf.blobs.stage(Kind::Original, shelf.seal(), body, u64::MAX).await {
            Err(StageError::Interrupted(error)) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
            other => panic!("{before}: {other:?}"),
        }
        shelf.comes_to(0).await;
    }
}

async fn too_large_stops_early(shelf: Shelf) {
    let chunk = Bytes::from(pattern(100_000));
    for max in [0, 99_999, 250_000, 700_000, 12_000_000] {
        let read = Arc::new(AtomicUsize::new(0));
        let (counter, chunk) = (Arc::clone(&read), chunk.clone());
        let endless = stream::repeat_with(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(chunk.clone())
        });
        match shelf.blobs.stage(Kind::Original, shelf.seal(), endless.boxed(), max).await {
            Err(StageError::TooLarge { max: told }) => assert_eq!(told, max),
            other => panic!("{max}: {other:?}"),
        }
        assert_eq!(read.load(Ordering::SeqCst) as u64, max / 100_000 + 1);
        shelf.comes_to(0).await;
    }
    // The limit itself is allowed.
    shelf.blobs.stage(Kind::Original, shelf.seal(), chunked(&pattern(700_000), 6), 700_000).await.unwrap();
}

async fn what_is_deleted_is_gone(shelf: Shelf) {
    for len in [10, 100 * KIB, 9 * MIB] {
        let bytes = pattern(len);
        let key = shelf.keep(&bytes).await;
        let reader = shelf.blobs.open(key, len as u64).await.unwrap();
        assert!(shelf.blobs.delete(key).await.unwrap());
        assert_eq!(shelf.blobs.hot(key), None);
        assert!(matches!(shelf.blobs.open(key, len as u64).await, Err(Error::Missing(missing)) if missing == key));
        assert!(!shelf.blobs.delete(key).await.unwrap(), "a second time there is nothing to delete");
        assert_eq!(shelf.count().await, 0);
        if let Place::Folder(_) = shelf.place {
            assert!(read(&reader, ByteRange::whole(len as u64)).await.unwrap() == bytes, "who reads it may read on");
        }
    }
}

async fn the_sweep_goes_by_age(shelf: Shelf) {
    let (hour, now) = (Duration::from_secs(3600), SystemTime::now());
    let kept = shelf.keep(b"published").await;
    let left_behind = if let Place::Folder(root) = &shelf.place {
        // As a process leaves it that is killed between staging and publishing.
        std::fs::write(root.path().join("staging/00112233445566778899aabbccddeeff"), "half").unwrap();
        1
    } else {
        0
    };
    assert_eq!(shelf.blobs.sweep_staging(hour, now).await.unwrap(), 0);
    assert_eq!(shelf.blobs.sweep_staging(hour, now - 2 * hour).await.unwrap(), 0);
    assert_eq!(shelf.count().await, 1 + left_behind);
    assert_eq!(shelf.blobs.sweep_staging(hour, now + 2 * hour).await.unwrap(), left_behind as u64);
    assert_eq!(shelf.count().await, 1);
    assert_eq!(shelf.read(kept, 9, ByteRange::whole(9)).await.unwrap(), b"published");
}

async fn many_at_once(shelf: Shelf) {
    let bytes = pattern(2 * MIB);
    let uploads = (1..=64).map(|n| {
        let (shelf, part) = (&shelf, &bytes[n..n * 32 * KIB]);
        async move {
            let staged = shelf.blobs.stage(Kind::Original, shelf.seal(), chunked(part, n as u64), u64::MAX).await?;
            Ok::<_, StageError>((shelf.blobs.publish(staged).await.map_err(StageError::from)?, part))
        }
    });
    for (key, part) in try_join_all(uploads).await.unwrap() {
        assert!(shelf.read(key, part.len(), ByteRange::whole(part.len() as u64)).await.unwrap() == part);
    }
    assert_eq!(shelf.count().await, 64);
}

async fn what_is_missing_is_told(shelf: Shelf) {
    for key in [BlobKey::Original(BlobId::random()), BlobKey::Rendition(BlobId::random())] {
        for len in [0, 10, 9 * MIB as u64] {
            assert!(matches!(shelf.blobs.open(key, len).await, Err(Error::Missing(missing)) if missing == key));
        }
        assert!(!shelf.blobs.delete(key).await.unwrap());
    }
}

async fn a_wrong_length_is_told(shelf: Shelf) {
    for (len, told) in [(10, 11), (11, 10), (9 * MIB, 9 * MIB - 1), (10, 9 * MIB), (9 * MIB, 10)] {
        let key = shelf.keep(&pattern(len)).await;
        let lens = (key.stored_len(told as u64), key.stored_len(len as u64));
        match shelf.blobs.open(key, told as u64).await {
            Err(Error::Length { expected, found, .. }) => assert_eq!((expected, found), lens),
            other => panic!("{other:?}"),
        }
    }
    // Nor does it help that the bytes are in memory already.
    let key = shelf.keep(b"ten bytes!").await;
    shelf.blobs.open(key, 10).await.unwrap();
    assert!(matches!(shelf.blobs.open(key, 9).await, Err(Error::Length { expected: 9, found: 10, .. })));
}

async fn hot_bytes_are_the_same_bytes(shelf: Shelf) {
    for len in [1, 5 * KIB, 100 * KIB, 8 * MIB] {
        let key = shelf.keep(&pattern(len)).await;
        assert_eq!(shelf.blobs.hot(key), None, "nobody asked for it yet");
        let opened = try_join_all((0..8).map(|_| shelf.blobs.open(key, len as u64))).await.unwrap();
        let hot = shelf.blobs.clone().hot(key).expect("it was just opened");
        for body in opened {
            let Body::Memory(bytes) = body else { panic!("{len} bytes are read on demand") };
            assert_eq!(bytes.as_ptr(), hot.as_ptr());
        }
    }
    let key = shelf.keep(&pattern(8 * MIB + 1)).await;
    assert!(matches!(shelf.blobs.open(key, 8 * MIB as u64 + 1).await.unwrap(), Body::Stored { .. }));
    assert_eq!(shelf.blobs.hot(key), None);
}

async fn a_store_that_works_is_ready(shelf: Shelf) {
    shelf.blobs.check().await.unwrap();
    assert_eq!(shelf.count().await, 0);
}

#[tokio::test]
async fn a_file_cut_off_under_us_is_an_error() {
    let shelf = Shelf::disk().await;
    let len = 9 * MIB;
    let key = shelf.keep(&pattern(len)).await;
    let body = shelf.blobs.open(key, len as u64).await.unwrap();
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    let file = std::fs::OpenOptions::new().write(true).open(root.path().join(key.path())).unwrap();
    file.set_len(4 * MIB as u64).unwrap();
    let error = read(&body, ByteRange::whole(len as u64)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(matches!(shelf.blobs.open(key, len as u64).await, Err(Error::Length { .. })));
}

#[tokio::test]
async fn a_publication_given_up_leaves_nothing() {
    let shelf = Shelf::disk().await;
    for _ in 0..20 {
        let staged = shelf.stage(b"never to be known", 7).await;
        assert!(shelf.blobs.publish(staged).now_or_never().is_none(), "it waits for the disk");
        shelf.comes_to(0).await;
    }
}

#[tokio::test]
async fn a_folder_is_found_again_and_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/blobs");
    let blobs = Blobs::disk(&root, BlobsConfig::default()).await.unwrap();
    let key = blobs.publish(blobs.stage_bytes(Kind::Original, None, "kept".into()).await.unwrap()).await.unwrap();
    drop(blobs);

    let blobs = Blobs::open_url(root.to_str().unwrap(), BlobsConfig::default()).await.unwrap();
    assert!(matches!(blobs.open(key, 4).await.unwrap(), Body::Memory(bytes) if bytes == "kept"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join(key.path())), 0o600);
}

#[tokio::test]
async fn a_folder_that_goes_away_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::disk(folder.path(), BlobsConfig::default()).await.unwrap();
    std::fs::remove_dir_all(folder.path().join("staging")).unwrap();
    assert!(blobs.check().await.is_err());
    assert!(matches!(
        blobs.stage_bytes(Kind::Original, None, "x".into()).await,
        Err(StageError::Store(Error::Disk(_)))
    ));
}

#[tokio::test]
async fn memory_is_opened_by_name() {
    let blobs = Blobs::open_url("memory:", BlobsConfig::default()).await.unwrap();
    let key = blobs.publish(blobs.stage_bytes(Kind::Original, None, "kept".into()).await.unwrap()).await.unwrap();
    assert!(blobs.delete(key).await.unwrap());
}
