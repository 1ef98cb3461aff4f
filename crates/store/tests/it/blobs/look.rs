//! What lies in a store and whether it is whole: lists, lengths and sums.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use content::ByteRange;
use futures_util::{StreamExt as _, TryStreamExt as _};
use store::blobs::{BlobId, BlobKey, Error, Found, Kind, Listed};

use super::{
    KIB, MIB,
    shelf::{Place, Shelf, pattern},
    sums::{SUMS, digest},
};

every_store! {
    what_lies_there_is_listed
    thousands_are_listed_and_strangers_told_apart
    a_length_is_told
    sums_are_those_that_were_taken
    sums_are_of_the_store_and_not_of_memory
    sums_of_what_is_not_so_are_refused
    bytes_in_a_file_are_handed_out_as_one_that_can_only_be_read
}

/// The blobs of a kind and what else lies there, each once.
async fn lies_in(shelf: &Shelf, kind: Kind) -> (BTreeMap<BlobKey, Listed>, Vec<String>) {
    let (mut blobs, mut strays) = (BTreeMap::new(), Vec::new());
    let mut found = shelf.blobs.list(kind);
    while let Some(found) = found.try_next().await.unwrap() {
        match found {
            Found::Blob(listed) => assert_eq!(blobs.insert(listed.key, listed), None, "{listed:?} is listed twice"),
            Found::Stray(path) => strays.push(path),
        }
    }
    strays.sort();
    (blobs, strays)
}

/// The bytes of a file, which must not let itself be written.
fn read_only(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert!(file.write_all(b"x").is_err() && file.set_len(0).is_err());
    bytes
}

async fn bytes_in_a_file_are_handed_out_as_one_that_can_only_be_read(shelf: Shelf) {
    let lies_in_files = matches!(shelf.place, Place::Folder(_)) && shelf.seal().is_none();
    for len in [1, 3 * MIB] {
        let bytes = pattern(len);
        let staged = shelf.stage(&bytes, 1).await;
        let file = staged.file().await.unwrap();
        assert_eq!(file.is_some(), lies_in_files);
        assert!(file.is_none_or(|file| read_only(file) == bytes));
        let key = shelf.blobs.publish(staged).await.unwrap();
        for _ in 0..2 {
            let file = shelf.blobs.file(key, len as u64).await.unwrap();
            assert_eq!(file.is_some(), lies_in_files);
            assert!(file.is_none_or(|file| read_only(file) == bytes));
        }
        if lies_in_files {
            let wrong = shelf.blobs.file(key, len as u64 + 1).await;
            assert!(matches!(wrong, Err(Error::Length { .. })), "{wrong:?}");
            shelf.blobs.delete(key).await.unwrap();
            assert!(matches!(shelf.blobs.file(key, len as u64).await, Err(Error::Missing(_))));
        }
    }
}

async fn what_lies_there_is_listed(shelf: Shelf) {
    for kind in Kind::ALL {
        assert_eq!(lies_in(&shelf, kind).await, (BTreeMap::new(), Vec::new()));
    }
    let now_ms = || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    // The clock that files are dated by runs some milliseconds late.
    let before_ms = now_ms() - 1_000;
    let (original, held) = (shelf.keep(b"some").await, shelf.keep(b"held").await);
    let staged = shelf.blobs.stage_bytes(Kind::Rendition, shelf.seal(), "a rendition".into()).await.unwrap();
    let rendition = shelf.blobs.publish(staged).await.unwrap();
    shelf.blobs.hold(held, SystemTime::now()).await.unwrap();
    for (kind, key, len) in [(Kind::Original, original, 4), (Kind::Rendition, rendition, 11)] {
        let (blobs, strays) = lies_in(&shelf, kind).await;
        let listed: Vec<&Listed> = blobs.values().collect();
        assert!(matches!(listed[..], [blob] if (blob.key, blob.len) == (key, key.stored_len(len))), "{listed:?}");
        assert!((before_ms..=now_ms() + 1_000).contains(&listed[0].modified_ms), "{listed:?}");
        assert!(strays.is_empty(), "{strays:?}");
    }
}

async fn thousands_are_listed_and_strangers_told_apart(shelf: Shelf) {
    let mut expected = BTreeMap::new();
    for n in 0..3_000_u64 {
        // Half of them in one folder, which is more than is read in one go.
        let id = if n % 2 == 0 { BlobId::random() } else { format!("7f{n:030x}").parse().unwrap() };
        shelf.put(&BlobKey::Original(id).path(), &[b'x'; 9][..usize::try_from(n % 10).unwrap()]).await;
        expected.insert(BlobKey::Original(id), n % 10);
    }
    let (id, upper) = ("00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF");
    let strangers = [
        "originals/Thumbs.db".to_owned(),
        "originals/00/.hidden".to_owned(),
        format!("originals/00/{upper}"),
        format!("originals/00/{id}.bak"),
        format!("originals/7f/{id}"),
        format!("originals/{id}"),
    ];
    let elsewhere = [format!("renditions/00/{id}"), "originals2/00/x".to_owned(), "else".to_owned()];
    for path in strangers.iter().chain(&elsewhere) {
        shelf.put(path, b"?").await;
    }
    let (blobs, strays) = lies_in(&shelf, Kind::Original).await;
    let found: BTreeMap<_, _> = blobs.values().map(|listed| (listed.key, listed.len)).collect();
    assert!(found == expected, "{} of {}", found.len(), expected.len());
    let mut told = strangers.to_vec();
    told.sort();
    assert_eq!(strays, told);
    assert_eq!(lies_in(&shelf, Kind::Rendition).await.0.len(), 1);
}

#[tokio::test]
async fn what_is_no_plain_file_is_a_stranger() {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};

    let shelf = Shelf::disk().await;
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    let kept = shelf.keep(b"kept").await;
    let [link, folder] = [(); 2].map(|()| BlobKey::Original(BlobId::random()).path());
    symlink(root.path().join(kept.path()), root.path().join(&link)).unwrap();
    shelf.put(&format!("{folder}/inside"), b"?").await;
    shelf.put("originals/lost+found/inside", b"?").await;
    shelf.put("originals/+f/inside", b"?").await;
    std::fs::write(root.path().join("originals/0a").join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    let (blobs, strays) = lies_in(&shelf, Kind::Original).await;
    assert_eq!(blobs.into_keys().collect::<Vec<_>>(), [kept]);
    let mut told = ["originals/+f", "originals/lost+found", "originals/0a/\u{fffd}", &link, &folder].map(str::to_owned);
    told.sort();
    assert_eq!(strays, told);
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told_and_hides_no_other() {
    let shelf = Shelf::disk().await;
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    for shard in ["00", "42", "ff"] {
        shelf.put(&format!("originals/{shard}/{}", shard.repeat(16)), b"blob").await;
    }
    std::fs::remove_dir_all(root.path().join("originals/42")).unwrap();
    let found: Vec<_> = shelf.blobs.list(Kind::Original).collect().await;
    let errors: Vec<_> = found.iter().filter_map(|found| found.as_ref().err()).collect();
    assert!(matches!(errors[..], [Error::Disk(error)] if error.to_string().contains("originals/42")), "{errors:?}");
    assert_eq!(found.len(), 3);
}

async fn a_length_is_told(shelf: Shelf) {
    for len in [0, 1, 5 * KIB, 9 * MIB] {
        let key = shelf.keep(&pattern(len)).await;
        assert_eq!(shelf.blobs.stat(key).await.unwrap(), Some(key.stored_len(len as u64)));
        shelf.blobs.delete(key).await.unwrap();
        assert_eq!(shelf.blobs.stat(key).await.unwrap(), None);
    }
}

async fn sums_are_those_that_were_taken(shelf: Shelf) {
    for (len, sha256, md5, crc32) in SUMS {
        let key = shelf.keep(&pattern(len)).await;
        assert_eq!(shelf.blobs.digest(key, len as u64).await.unwrap(), digest(sha256, md5, crc32), "{len}");
        assert_eq!(shelf.blobs.hot(key), None, "{len}");
    }
}

async fn sums_are_of_the_store_and_not_of_memory(shelf: Shelf) {
    for len in [100, 200 * KIB, 3 * MIB] {
        let mut bytes = pattern(len);
        let key = shelf.keep(&bytes).await;
        let sound = shelf.blobs.digest(key, len as u64).await.unwrap();
        shelf.read(key, len, ByteRange::whole(len as u64)).await.unwrap();
        assert!(shelf.blobs.hot(key).is_some());
        bytes[len / 2] ^= 1;
        shelf.put(&key.path(), &bytes).await;
        match shelf.blobs.digest(key, len as u64).await {
            Ok(other) => assert_ne!(other, sound, "{len}"),
            // What is not sealed is not even as long.
            Err(error) => assert!(key.is_sealed() && matches!(error, Error::Length { .. }), "{error:?}"),
        }
    }
}

async fn sums_of_what_is_not_so_are_refused(shelf: Shelf) {
    for (len, told) in [(10, 11), (11, 10), (9 * MIB, 9 * MIB - 1), (10, 9 * MIB), (9 * MIB, 10)] {
        let key = shelf.keep(&pattern(len)).await;
        let lens = (key.stored_len(told as u64), key.stored_len(len as u64));
        match shelf.blobs.digest(key, told as u64).await {
            Err(Error::Length { expected, found, .. }) => assert_eq!((expected, found), lens),
            other => panic!("{other:?}"),
        }
        shelf.blobs.delete(key).await.unwrap();
        for len in [len, told] {
            let refused = shelf.blobs.digest(key, len as u64).await;
            assert!(matches!(refused, Err(Error::Missing(missing)) if missing == key));
        }
    }
}
