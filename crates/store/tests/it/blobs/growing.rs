//! Blobs that come in pieces: however they are grown, by whom and how often, they are the same bytes as those of a whole.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use content::{ByteRange, Digest};
use proptest::{
    prelude::any,
    test_runner::{Config, TestRunner},
};
use seal::TenantKey;
use store::blobs::{BlobKey, Blobs, Error, RunningSums};

use super::{
    KIB, MIB,
    shelf::{Place, Shelf, pattern},
};

every_store! {
    pieces_that_grow_in_order_are_the_whole
    growing_twice_at_the_same_time_does_no_harm
    a_piece_that_is_missing_or_has_another_length_is_told
    a_blob_that_lacks_bytes_does_not_end
    another_node_goes_on_where_one_stopped
}

/// What a blob with these sums is sealed with, where it is.
fn sealed<'a>(shelf: &'a Shelf, sums: &RunningSums) -> Option<(&'a TenantKey, [u8; 32])> {
    shelf.seal().map(|key| (key, sums.clone().finish().sha256))
}

/// The pieces that bytes are cut into, each kept on its own.
struct Pieces {
    key: BlobKey,
    pieces: Vec<(BlobKey, u64)>,
}

async fn cut(shelf: &Shelf, bytes: &[u8], lens: &[usize]) -> Pieces {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for len in lens {
        let (piece, after) = rest.split_at((*len).min(rest.len()));
        pieces.push((shelf.keep(piece).await, piece.len() as u64));
        rest = after;
    }
    assert_eq!(rest, b"");
    Pieces { key: shelf.new_key(), pieces }
}

impl Pieces {
    fn len(&self) -> u64 {
        self.pieces.iter().map(|(_, len)| len).sum()
    }

    async fn grow(&self, blobs: &Blobs, mut sums: RunningSums, from: usize) -> RunningSums {
        for piece in &self.pieces[from..] {
            sums = blobs.grow(self.key, *piece, sums).await.unwrap();
        }
        sums
    }

    /// The blob ends and is those bytes; staged at once, they have the same sums.
    async fn ends_as(&self, shelf: &Shelf, sums: RunningSums, bytes: &[u8]) {
        assert_eq!((sums.len(), sums.is_empty()), (bytes.len() as u64, bytes.is_empty()));
        shelf.blobs.end_growth(self.key, sealed(shelf, &sums), &self.pieces, self.len()).await.unwrap();
        self.is(shelf, sums.finish(), bytes).await;
    }

    async fn is(&self, shelf: &Shelf, digest: Digest, bytes: &[u8]) {
        assert_eq!(digest, shelf.stage(bytes, 3).await.digest);
        assert_eq!(shelf.blobs.digest(self.key, self.len()).await.unwrap(), digest);
        assert!(shelf.read(self.key, bytes.len(), ByteRange::whole(self.len())).await.unwrap() == bytes);
        assert_eq!(shelf.blobs.stat(self.key).await.unwrap(), Some(self.key.stored_len(self.len())));
    }
}

async fn pieces_that_grow_in_order_are_the_whole(shelf: Shelf) {
    for lens in [
        &[0][..],
        &[1, 1],
        &[0, 7, 0],
        &[600 * KIB, 1, 64 * KIB, 64 * KIB - 1, 0],
        &[MIB, MIB - 1, MIB + 1],
        &[9 * MIB, 5, 9 * MIB + 3],
    ] {
        let bytes = pattern(lens.iter().sum());
        let pieces = cut(&shelf, &bytes, lens).await;
        assert_eq!(shelf.blobs.stat(pieces.key).await.unwrap(), None);
        let sums = pieces.grow(&shelf.blobs, RunningSums::default(), 0).await;
        if !shelf.blobs.keeps_pieces(pieces.key) {
            // It is all there: nobody needs them any more.
            for (piece, _) in &pieces.pieces {
                assert!(shelf.blobs.delete(*piece).await.unwrap());
            }
        }
        pieces.ends_as(&shelf, sums.clone(), &bytes).await;
        // A second end changes nothing.
        pieces.ends_as(&shelf, sums, &bytes).await;
    }
}

async fn growing_twice_at_the_same_time_does_no_harm(shelf: Shelf) {
    let lens = [3 * MIB, 10, 2 * MIB + 1];
    let bytes = pattern(lens.iter().sum());
    for _ in 0..4 {
        let pieces = cut(&shelf, &bytes, &lens).await;
        let mut sums = RunningSums::default();
        for piece in &pieces.pieces {
            let grow = || shelf.blobs.grow(pieces.key, *piece, sums.clone());
            let (one, two, three) = tokio::try_join!(grow(), grow(), grow()).unwrap();
            assert_eq!((one.save(), two.save()), (two.save(), three.save()));
            sums = one;
        }
        // One is slow and grows it once more while others end it.
        let end = || shelf.blobs.end_growth(pieces.key, sealed(&shelf, &sums), &pieces.pieces, pieces.len());
        let late = async { Ok(pieces.grow(&shelf.blobs, RunningSums::default(), 0).await) };
        let ((), (), again) = tokio::try_join!(end(), end(), late).unwrap();
        assert_eq!(again.save(), sums.save());
        pieces.is(&shelf, sums.finish(), &bytes).await;
    }
}

async fn a_piece_that_is_missing_or_has_another_length_is_told(shelf: Shelf) {
    let piece = shelf.keep(b"ten bytes!").await;
    let (key, nowhere) = (shelf.new_key(), shelf.new_key());
    let missing = shelf.blobs.grow(key, (nowhere, 10), RunningSums::default()).await;
    assert!(matches!(missing, Err(Error::Missing(told)) if told == nowhere));
    for len in [9, 11, 9 * MIB as u64] {
        match shelf.blobs.grow(key, (piece, len), RunningSums::default()).await {
            Err(Error::Length { key, expected, found }) => {
                assert_eq!((key, expected, found), (piece, key.stored_len(len), key.stored_len(10)));
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn a_blob_that_lacks_bytes_does_not_end(shelf: Shelf) {
    let bytes = pattern(700 * KIB);
    let pieces = cut(&shelf, &bytes, &[300 * KIB, 400 * KIB]).await;
    let [first, second] = pieces.pieces[..] else { panic!("there are two") };
    if !shelf.blobs.keeps_pieces(pieces.key) {
        let never = shelf.blobs.end_growth(pieces.key, None, &[], pieces.len()).await;
        assert!(matches!(never, Err(Error::Missing(told)) if told == pieces.key), "{never:?}");
    }
    let sums = shelf.blobs.grow(pieces.key, first, RunningSums::default()).await.unwrap();
    match shelf.blobs.end_growth(pieces.key, sealed(&shelf, &sums), &[first], pieces.len()).await {
        Err(Error::Length { key, expected, found }) => {
            assert_eq!((key, expected, found), (pieces.key, 700 * KIB as u64, 300 * KIB as u64));
        }
        other => panic!("{other:?}"),
    }
    if shelf.blobs.keeps_pieces(pieces.key) {
        shelf.blobs.delete(second.0).await.unwrap();
        let gone = shelf.blobs.end_growth(pieces.key, sealed(&shelf, &sums), &pieces.pieces, pieces.len()).await;
        assert!(matches!(gone, Err(Error::Missing(told)) if told == second.0), "{gone:?}");
        assert_eq!(shelf.blobs.stat(pieces.key).await.unwrap(), None);
        return;
    }
    // What came so far stays, and it can go on.
    let sums = shelf.blobs.grow(pieces.key, second, sums).await.unwrap();
    pieces.ends_as(&shelf, sums, &bytes).await;
}

async fn another_node_goes_on_where_one_stopped(shelf: Shelf) {
    let lens = [100 * KIB, 2 * MIB, 3, 50 * KIB];
    let bytes = pattern(lens.iter().sum());
    let pieces = cut(&shelf, &bytes, &lens).await;
    let mut state = RunningSums::default().save();
    for piece in &pieces.pieces {
        let other = shelf.another().await;
        // The first try is lost on its way to the database.
        for _ in 0..2 {
            other.grow(pieces.key, *piece, RunningSums::resume(&state).unwrap()).await.unwrap();
        }
        let sums = other.grow(pieces.key, *piece, RunningSums::resume(&state).unwrap()).await.unwrap();
        state = sums.save();
    }
    pieces.ends_as(&shelf, RunningSums::resume(&state).unwrap(), &bytes).await;
}

#[tokio::test]
async fn in_a_folder_what_was_left_behind_the_end_is_cut_off() {
    let shelf = Shelf::disk().await;
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    let bytes = pattern(200 * KIB);
    let pieces = cut(&shelf, &bytes, &[150 * KIB, 50 * KIB]).await;
    let sums = pieces.grow(&shelf.blobs, RunningSums::default(), 0).await;
    let path = root.path().join(pieces.key.path());
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"junk", 300 * KIB as u64).unwrap();
    pieces.ends_as(&shelf, sums, &bytes).await;
    let file = std::fs::metadata(&path).unwrap();
    assert_eq!((file.len(), file.permissions().mode() & 0o777), (200 * KIB as u64, 0o600));
}

#[tokio::test]
async fn in_a_folder_bytes_that_were_torn_are_written_once_more() {
    let shelf = Shelf::disk().await;
    let Place::Folder(root) = &shelf.place else { panic!("it is on disk") };
    let bytes = pattern(3 * MIB);
    let pieces = cut(&shelf, &bytes, &[MIB, 2 * MIB]).await;
    let sums = shelf.blobs.grow(pieces.key, pieces.pieces[0], RunningSums::default()).await.unwrap();
    // As a loss of power leaves them that was faster than the note of them.
    let file = std::fs::OpenOptions::new().write(true).open(root.path().join(pieces.key.path())).unwrap();
    file.write_all_at(&[7; 5_000], MIB as u64 + 100).unwrap();
    let sums = pieces.grow(&shelf.blobs, sums, 1).await;
    pieces.ends_as(&shelf, sums, &bytes).await;
}

#[test]
fn any_pieces_are_the_whole() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let shelves = runtime.block_on(async { [Shelf::disk().await, Shelf::memory().await, Shelf::sealed_disk().await] });
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let lens = proptest::collection::vec((0_usize..3_000, any::<bool>()), 1..12);
    let outcome = TestRunner::new(config).run(&lens, |lens| {
        runtime.block_on(async {
            let sizes: Vec<usize> = lens.iter().map(|(len, _)| *len).collect();
            let bytes = pattern(sizes.iter().sum());
            for shelf in &shelves {
                let pieces = cut(shelf, &bytes, &sizes).await;
                let mut sums = RunningSums::default();
                for (piece, (_, is_kept)) in pieces.pieces.iter().zip(&lens) {
                    sums = shelf.blobs.grow(pieces.key, *piece, sums).await.unwrap();
                    if *is_kept {
                        sums = RunningSums::resume(&sums.save()).unwrap();
                    }
                }
                pieces.ends_as(shelf, sums, &bytes).await;
            }
        });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
