//! What is taken away is held, comes back when it is asked for, and goes for good by age.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use content::{Body, ByteRange};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use store::blobs::{BlobId, BlobKey, Blobs, BlobsConfig, Dropped, Error, Kind, Listed};

use super::{
    KIB, MIB,
    shelf::{Place, Shelf, pattern, read},
};

every_store! {
    what_is_held_cannot_be_read_and_comes_back
    what_is_not_there_is_not_held
    a_hold_that_is_given_up_goes_on
    a_release_never_overwrites
    what_is_held_goes_by_age
    strangers_among_the_held_are_left_alone
    a_hold_that_was_cut_short_is_repeated
    a_release_that_was_cut_short_loses_nothing
}

/// What races, races on several threads.
mod races {
    use super::Shelf;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_reader_and_a_holder_leave_nothing_in_memory() {
        super::a_reader_and_a_holder_leave_nothing_in_memory(Shelf::disk().await).await;
        super::a_reader_and_a_holder_leave_nothing_in_memory(Shelf::memory().await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nothing_is_lost_while_many_publish_and_hold() {
        super::nothing_is_lost_while_many_publish_and_hold(Shelf::disk().await).await;
        super::nothing_is_lost_while_many_publish_and_hold(Shelf::memory().await).await;
    }
}

const DAY: Duration = Duration::from_secs(86_400);
const MS: Duration = Duration::from_millis(1);

/// A moment long gone, which no clock but the caller's tells.
fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_234_567_890_123)
}

async fn held(shelf: &Shelf) -> Vec<Listed> {
    let mut held: Vec<Listed> = shelf.blobs.held().try_collect().await.unwrap();
    held.sort_by_key(|listed| (listed.modified_ms, listed.key));
    held
}

async fn whole(shelf: &Shelf, key: BlobKey, len: usize) -> Vec<u8> {
    shelf.read(key, len, ByteRange::whole(len as u64)).await.unwrap()
}

async fn is_missing(shelf: &Shelf, key: BlobKey, len: usize) -> bool {
    matches!(shelf.blobs.open(key, len as u64).await, Err(Error::Missing(missing)) if missing == key)
        && shelf.blobs.hot(key).is_none()
        && shelf.blobs.stat(key).await.unwrap().is_none()
}

async fn what_is_held_cannot_be_read_and_comes_back(shelf: Shelf) {
    for (len, kind) in
        [(0, Kind::Rendition), (10, Kind::Original), (100 * KIB, Kind::Rendition), (9 * MIB, Kind::Original)]
    {
        let bytes = pattern(len);
        let staged = shelf.blobs.stage_bytes(kind, shelf.seal(), bytes.clone().into()).await.unwrap();
        let key = shelf.blobs.publish(staged).await.unwrap();
        let reader = shelf.blobs.open(key, len as u64).await.unwrap();
        assert!(shelf.blobs.hold(key, then()).await.unwrap());
        assert!(is_missing(&shelf, key, len).await);
        assert!(!shelf.blobs.delete(key).await.unwrap());
        assert_eq!(
            held(&shelf).await,
            [Listed { key, len: key.stored_len(len as u64), modified_ms: 1_234_567_890_123 }]
        );
        assert!(!shelf.blobs.hold(key, then() + DAY).await.unwrap(), "a second time there is nothing to take away");
        if matches!((&shelf.place, &reader), (Place::Folder(_), _) | (_, Body::Memory(_))) {
            assert!(read(&reader, ByteRange::whole(len as u64)).await.unwrap() == bytes, "who reads it may read on");
        }
        assert!(shelf.blobs.release(key).await.unwrap());
        assert!(whole(&shelf, key, len).await == bytes);
        assert_eq!(held(&shelf).await, []);
        assert!(!shelf.blobs.release(key).await.unwrap());
        assert!(shelf.blobs.delete(key).await.unwrap());
        assert_eq!(shelf.count().await, 0);
    }
}

async fn what_is_not_there_is_not_held(shelf: Shelf) {
    let key = BlobKey::Original(BlobId::random());
    assert!(!shelf.blobs.hold(key, then()).await.unwrap());
    assert!(!shelf.blobs.release(key).await.unwrap());
    assert_eq!(shelf.blobs.drop_held(Duration::ZERO, SystemTime::now()).await.unwrap(), Dropped::default());
    assert_eq!(held(&shelf).await, []);
}

async fn a_reader_and_a_holder_leave_nothing_in_memory(shelf: Shelf) {
    let len = 100 * KIB;
    for _ in 0..100 {
        let key = shelf.keep(&pattern(len)).await;
        let (blobs, holder) = (shelf.blobs.clone(), shelf.blobs.clone());
        let reading = tokio::spawn(async move {
            match blobs.open(key, len as u64).await {
                Err(Error::Missing(_)) | Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        });
        let holding = tokio::spawn(async move { holder.hold(key, then()).await.unwrap() });
        reading.await.unwrap();
        assert!(holding.await.unwrap());
        assert!(is_missing(&shelf, key, len).await);
    }
}

async fn a_hold_that_is_given_up_goes_on(shelf: Shelf) {
    for _ in 0..20 {
        let key = shelf.keep(b"taken away").await;
        whole(&shelf, key, 10).await;
        assert!(shelf.blobs.hold(key, then()).now_or_never().is_none(), "it waits for the store");
        let gone = async {
            while !is_missing(&shelf, key, 10).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it should have gone");
    }
    assert_eq!(held(&shelf).await.len(), 20);
}

async fn a_release_never_overwrites(shelf: Shelf) {
    let key = shelf.keep(b"held").await;
    shelf.blobs.hold(key, then()).await.unwrap();
    shelf.put(&key.path(), b"another").await;
    assert!(!shelf.blobs.release(key).await.unwrap());
    assert_eq!(shelf.blobs.stat(key).await.unwrap(), Some(7));
    assert_eq!(held(&shelf).await, [Listed { key, len: key.stored_len(4), modified_ms: 1_234_567_890_123 }]);
    shelf.blobs.delete(key).await.unwrap();
    assert!(shelf.blobs.release(key).await.unwrap());
    assert_eq!(whole(&shelf, key, 4).await, b"held");
}

async fn what_is_held_goes_by_age(shelf: Shelf) {
    let (older, younger, kept) = (shelf.keep(b"older").await, shelf.keep(b"younger").await, shelf.keep(b"kept").await);
    // Taken away in the other order than they were published in.
    shelf.blobs.hold(younger, then() + 2 * MS).await.unwrap();
    shelf.blobs.hold(older, then()).await.unwrap();
    let drop_at = async |age, now| shelf.blobs.drop_held(age, now).await.unwrap();
    for (age, now) in
        [(DAY, then()), (DAY, then() + DAY), (Duration::ZERO, then() - DAY), (Duration::MAX, then() + DAY)]
    {
        assert_eq!(drop_at(age, now).await, Dropped::default(), "{age:?}");
    }
    assert_eq!(held(&shelf).await.len(), 2);
    assert_eq!(drop_at(DAY, then() + DAY + MS).await, Dropped { count: 1, bytes: older.stored_len(5) });
    assert!(!shelf.blobs.release(older).await.unwrap());
    assert_eq!(drop_at(DAY, then() + DAY + 2 * MS).await, Dropped::default());
    assert_eq!(held(&shelf).await.iter().map(|listed| listed.key).collect::<Vec<_>>(), [younger]);
    assert_eq!(drop_at(Duration::ZERO, then() + 3 * MS).await, Dropped { count: 1, bytes: younger.stored_len(7) });
    assert_eq!(shelf.count().await, 1);
    assert_eq!(whole(&shelf, kept, 4).await, b"kept");
}

async fn strangers_among_the_held_are_left_alone(shelf: Shelf) {
    let id = "00112233445566778899aabbccddeeff";
    let names = match shelf.place {
        Place::Folder(_) => {
            ["note".to_owned(), format!("others-{id}"), format!("originals-{id}.bak"), format!("{id}/x")]
        }
        Place::Memory(_) => {
            ["note".to_owned(), format!("others-{id}/5"), format!("originals-{id}/+5"), format!("originals-{id}")]
        }
    };
    for name in &names {
        shelf.put(&format!("holding/{name}"), b"?").await;
    }
    assert_eq!(held(&shelf).await, []);
    let far = SystemTime::now() + 1_000 * DAY;
    assert_eq!(shelf.blobs.drop_held(Duration::ZERO, far).await.unwrap(), Dropped::default());
    assert!(!shelf.blobs.release(BlobKey::Original(id.parse().unwrap())).await.unwrap());
    assert_eq!(shelf.count().await, names.len());
}

/// Where a held blob lies.
fn held_path(shelf: &Shelf, key: BlobKey, held_ms: i64) -> String {
    let (kind, id) = (key.path().split_once('/').unwrap().0.to_owned(), key.id());
    match shelf.place {
        Place::Folder(_) => format!("holding/{kind}-{id}"),
        Place::Memory(_) => format!("holding/{kind}-{id}/{held_ms}"),
    }
}

async fn a_hold_that_was_cut_short_is_repeated(shelf: Shelf) {
    let (dated, doubled) = (shelf.keep(b"dated").await, shelf.keep(b"doubled").await);
    // Killed before the name was changed.
    if let Place::Folder(root) = &shelf.place {
        std::fs::File::open(root.path().join(dated.path())).unwrap().set_modified(then() - 9 * DAY).unwrap();
    }
    // Killed, or left by a loss of power, with the new name made and the old one still there.
    shelf.put(&held_path(&shelf, doubled, 5), b"doubled").await;
    for key in [dated, doubled] {
        assert!(shelf.blobs.hold(key, then()).await.unwrap());
        assert!(is_missing(&shelf, key, 7).await);
    }
    let at_then = held(&shelf).await.iter().filter(|listed| listed.modified_ms == 1_234_567_890_123).count();
    assert_eq!(at_then, 2);
    // What an earlier attempt left is old, and takes nothing with it when it goes.
    shelf.blobs.drop_held(DAY, then() + DAY).await.unwrap();
    assert_eq!(held(&shelf).await.len(), 2);
    for (key, bytes) in [(dated, "dated"), (doubled, "doubled")] {
        assert!(shelf.blobs.release(key).await.unwrap());
        assert_eq!(whole(&shelf, key, bytes.len()).await, bytes.as_bytes());
    }
    assert_eq!((held(&shelf).await, shelf.count().await), (Vec::new(), 2));
}

async fn a_release_that_was_cut_short_loses_nothing(shelf: Shelf) {
    let key = shelf.keep(b"brought back").await;
    shelf.put(&held_path(&shelf, key, 5), b"brought back").await;
    assert!(!shelf.blobs.release(key).await.unwrap(), "it is back already");
    assert_eq!(shelf.blobs.drop_held(DAY, SystemTime::now() + 2 * DAY).await.unwrap().count, 1);
    assert_eq!(whole(&shelf, key, 12).await, b"brought back");
    // With copies of several attempts, all go when it is back.
    shelf.put(&held_path(&shelf, key, 5), b"brought back").await;
    shelf.blobs.hold(key, then()).await.unwrap();
    assert!(shelf.blobs.release(key).await.unwrap());
    assert_eq!((held(&shelf).await, shelf.count().await), (Vec::new(), 1));
}

async fn nothing_is_lost_while_many_publish_and_hold(shelf: Shelf) {
    let shelf = Arc::new(shelf);
    let (ended, mut ends) = tokio::sync::watch::channel(false);
    let (looker, dropper) = (shelf.blobs.clone(), shelf.blobs.clone());
    let looking = tokio::spawn(async move {
        while !*ends.borrow_and_update() {
            looker.list(Kind::Original).try_for_each(|_| async { Ok(()) }).await.unwrap();
            dropper.drop_held(DAY, then() + DAY).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let published = stream::iter(0..200_usize).map(|n| {
        let shelf = Arc::clone(&shelf);
        tokio::spawn(async move {
            let key = shelf.keep(&pattern(n * 997)).await;
            let held = n % 2 == 1;
            if held {
                // Two at once: one of them finds it gone.
                let both = tokio::join!(shelf.blobs.hold(key, then()), shelf.blobs.hold(key, then()));
                assert!(both.0.unwrap() | both.1.unwrap());
            }
            (key, n * 997, held)
        })
    });
    let published: Vec<_> = published.buffer_unordered(16).try_collect().await.unwrap();
    ended.send(true).unwrap();
    looking.await.unwrap();
    let listed: BTreeMap<_, _> = held(&shelf).await.into_iter().map(|listed| (listed.key, listed.len)).collect();
    assert_eq!((listed.len(), shelf.count().await), (100, 200));
    for (key, len, held) in published {
        assert_eq!(listed.get(&key).copied(), held.then_some(key.stored_len(len as u64)));
        if held {
            assert!(is_missing(&shelf, key, len).await);
            assert!(shelf.blobs.release(key).await.unwrap());
        }
        assert!(whole(&shelf, key, len).await == pattern(len));
    }
}

#[tokio::test]
async fn a_store_of_the_earlier_layout_gets_its_holding_folder() {
    let shelf = Shelf::disk().await;
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    let key = shelf.keep(b"from before").await;
    std::fs::remove_dir(root.path().join("holding")).unwrap();
    assert!(shelf.blobs.hold(key, then()).await.is_err(), "it is no wonder, but nor is it as if there were no blob");
    assert_eq!(whole(&shelf, key, 11).await, b"from before");

    let blobs = Blobs::disk(root.path(), BlobsConfig::default()).await.unwrap();
    assert!(blobs.hold(key, then()).await.unwrap());
    assert!(blobs.release(key).await.unwrap());
    assert_eq!(whole(&shelf, key, 11).await, b"from before");
}
