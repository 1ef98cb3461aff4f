//! What only sealed blobs promise: no plain byte is ever written, what was altered is told and never given out, and only who has the key reads.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use content::ByteRange;
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt as _;
use proptest::{
    prelude::any,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use seal::TenantKey;
use store::blobs::{BlobKey, Blobs, BlobsConfig, Error, Keyring, Kind, RunningSums};

use super::{
    KIB, MIB,
    shelf::{OneKey, Place, Shelf, chunked, files_below, pattern, read},
};

/// What no sealed file has in it but by a chance of one in 2^128.
const SECRET: &[u8; 16] = b"a secret of ours";

fn secrets(len: usize) -> Vec<u8> {
    SECRET.iter().copied().cycle().take(len).collect()
}

fn holds_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}

/// All that lies there, whatever it is called.
async fn all_bytes(shelf: &Shelf) -> Vec<Vec<u8>> {
    match &shelf.place {
        Place::Folder(root) => files_below(root.path()).iter().map(|path| std::fs::read(path).unwrap()).collect(),
        Place::Memory(store) => {
            use object_store::ObjectStore as _;
            let all: Vec<_> = store.list(None).try_collect().await.unwrap();
            let mut bytes = Vec::new();
            for object in all {
                bytes.push(store.get(&object.location).await.unwrap().bytes().await.unwrap().to_vec());
            }
            bytes
        }
    }
}

every_sealed_store! {
    no_plain_byte_is_ever_written
    a_key_tells_that_it_is_sealed
    what_was_altered_is_told_and_never_given_out
    who_has_no_key_reads_nothing
}

async fn no_plain_byte_is_ever_written(shelf: Shelf) {
    for len in [20, 100 * KIB, 9 * MIB] {
        let bytes = secrets(len);
        assert!(holds_secret(&bytes));
        for kind in Kind::ALL {
            let staged = shelf.blobs.stage(kind, shelf.seal(), chunked(&bytes, 1), len as u64).await.unwrap();
            assert!(!all_bytes(&shelf).await.iter().any(|bytes| holds_secret(bytes)), "staged");
            let key = shelf.blobs.publish(staged).await.unwrap();
            assert!(shelf.read(key, len, ByteRange::whole(len as u64)).await.unwrap() == bytes);
            let stored = all_bytes(&shelf).await;
            assert!(!stored.iter().any(|bytes| holds_secret(bytes)), "published");
            assert!(stored.iter().all(|bytes| bytes.starts_with(b"age-encryption.org/v1\n-> mediary-tenant ")));
        }
    }
    let (one, two) = (shelf.keep(&secrets(5_000)).await, shelf.keep(&secrets(70_000)).await);
    let (key, pieces) = (shelf.new_key(), [(one, 5_000), (two, 70_000)]);
    let mut sums = RunningSums::default();
    for piece in pieces {
        sums = shelf.blobs.grow(key, piece, sums).await.unwrap();
    }
    let seal = shelf.seal().map(|seal| (seal, sums.clone().finish().sha256));
    shelf.blobs.end_growth(key, seal, &pieces, sums.len()).await.unwrap();
    assert!(!all_bytes(&shelf).await.iter().any(|bytes| holds_secret(bytes)), "grown");
}

async fn a_key_tells_that_it_is_sealed(shelf: Shelf) {
    let staged = shelf.stage(b"some", 1).await;
    assert_eq!(staged.sealed_with(), Some(7));
    let key = shelf.blobs.publish(staged).await.unwrap();
    assert!(key.is_sealed() && key.path().ends_with(".age"), "{key}");
    assert_eq!(key.id().to_string().parse(), Ok(key.id()));
    // Beside what is not.
    let staged = shelf.blobs.stage_bytes(Kind::Original, None, "some".into()).await.unwrap();
    assert_eq!(staged.sealed_with(), None);
    let plain = shelf.blobs.publish(staged).await.unwrap();
    assert!(!plain.is_sealed());
    for key in [key, plain] {
        assert_eq!(shelf.read(key, 4, ByteRange::whole(4)).await.unwrap(), b"some");
        assert_eq!(shelf.blobs.digest(key, 4).await.unwrap().crc32, 0xF6CE_DC4E, "{key}");
    }
}

/// What a store gives of a blob, by memory and past it.
async fn given(shelf: &Shelf, key: BlobKey, len: usize) -> Vec<Result<Vec<u8>, String>> {
    let mut given = Vec::new();
    for hot_max_blob_bytes in [0, 8 << 20] {
        let keys = shelf.seal().map(|key| Arc::new(OneKey(key.clone())) as Arc<dyn Keyring>);
        let config = BlobsConfig { hot_max_blob_bytes, keys, ..BlobsConfig::default() };
        let blobs = match &shelf.place {
            Place::Folder(root) => Blobs::disk(root.path(), config).await.unwrap(),
            Place::Memory(store) => Blobs::objects(Arc::clone(store) as Arc<_>, config),
        };
        given.push(match blobs.open(key, len as u64).await {
            Ok(body) => read(&body, ByteRange::whole(len as u64)).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        });
        let summed = blobs.digest(key, len as u64).await;
        given.push(summed.map(|digest| digest.md5.to_vec()).map_err(|error| error.to_string()));
    }
    given
}

async fn what_was_altered_is_told_and_never_given_out(shelf: Shelf) {
    let bytes = pattern(130 * KIB);
    let key = shelf.keep(&bytes).await;
    let stored = all_bytes(&shelf).await.remove(0);
    let sound = given(&shelf, key, bytes.len()).await;
    assert!(sound.iter().all(Result::is_ok), "{sound:?}");
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let (runtime, len) = (tokio::runtime::Handle::current(), stored.len());
    let shelf = Arc::new(shelf);
    let altered = (any::<Index>(), 0_u8..8, any::<Option<Index>>());
    let tried = tokio::task::spawn_blocking(move || {
        TestRunner::new(config).run(&altered, |(at, bit, cut)| {
            let mut altered = stored.clone();
            match cut {
                Some(cut) => altered.truncate(cut.index(len)),
                None => altered[at.index(len)] ^= 1 << bit,
            }
            let outcomes = runtime.block_on(async {
                shelf.put(&key.path(), &altered).await;
                given(&shelf, key, bytes.len()).await
            });
            for outcome in outcomes {
                let told = outcome.expect_err("nothing is given out");
                assert!(told.contains("blob"), "{told}");
            }
            Ok(())
        })
    });
    tried.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}

async fn who_has_no_key_reads_nothing(shelf: Shelf) {
    let key = shelf.keep(b"ten bytes!").await;
    let keys = [None, Some(TenantKey::generate(8)), Some(TenantKey::generate(7))];
    for other in keys {
        let id = other.as_ref().map(TenantKey::id);
        let keys = other.map(|key| Arc::new(OneKey(key)) as Arc<dyn Keyring>);
        let config = BlobsConfig { keys, ..BlobsConfig::default() };
        let blobs = match &shelf.place {
            Place::Folder(root) => Blobs::disk(root.path(), config).await.unwrap(),
            Place::Memory(store) => Blobs::objects(Arc::clone(store) as Arc<_>, config),
        };
        let outcome = blobs.open(key, 10).await;
        match id {
            Some(7) => {
                assert!(matches!(outcome, Err(Error::Sealed { source: seal::Error::WrongKey, .. })), "{outcome:?}")
            }
            _ => assert!(matches!(outcome, Err(Error::NoKey { id: 7, .. })), "{outcome:?}"),
        }
    }
}
