//! Uploads in chunks, when all comes at once and from several nodes.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun, Refusal,
    assets::AssetState,
    blobs::BlobKey,
    uploads::{Chunk, UploadPart},
};

use super::{
    chunk_samples::{ROOM, add, begin, chunk, end, folded, gather, key_of, look},
    engines::{Database, NOW, on_each_engine},
    samples::{Site, at},
    soundness::assert_sound,
    verify::assert_clean,
};

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

#[test]
fn chunks_that_come_many_times_at_once_count_once_each() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = site.through(&database.open_again().await);
        for _ in 0..4 {
            let upload = begin(&site, site.root.id, "a", 6).await;
            let sends = (0..20).map(|send| {
                let (site, upload) = (if send % 2 == 0 { &site } else { &beside }.clone(), upload.clone());
                tokio::spawn(async move {
                    let mut outcomes = Vec::new();
                    for number in 0..6 {
                        outcomes.push(add(&site, &upload, (send + number) % 6 + 1).await.unwrap());
                    }
                    outcomes
                })
            });
            let outcomes: Vec<Chunk> = join_all(sends).await.into_iter().flat_map(Result::unwrap).collect();
            // The first was there from the beginning.
            assert_eq!(outcomes.iter().filter(|outcome| **outcome == Chunk::Added).count(), 5);
            assert!(!outcomes.contains(&Chunk::Other));
            assert_eq!(look(&site, &upload).await.unwrap().received_bytes, 60);
            assert_eq!(site.catalog.count_upload_parts(upload.id, 0).await.unwrap(), 6);
        }
        assert_right(database).await;
        beside.catalog.close().await;
    });
}

#[test]
fn of_different_bytes_that_come_at_once_one_is_kept_and_together_they_stay_within_the_limit() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = begin(&site, site.root.id, "a", 30).await;
        let sends = (0..20).map(|send| {
            let (site, upload) = (site.clone(), upload.clone());
            let part = UploadPart { md5: [send; 16], ..chunk(2) };
            tokio::spawn(async move { site.catalog.add_chunk(&upload, &part, ROOM).await.unwrap() })
        });
        let outcomes: Vec<Chunk> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
        let count = |what| outcomes.iter().filter(|outcome| **outcome == what).count();
        assert_eq!((count(Chunk::Added), count(Chunk::Other)), (1, 19));

        // Of twenty more there is room for three.
        let sends = (3..23).map(|number| {
            let (site, upload) = (site.clone(), upload.clone());
            tokio::spawn(async move { site.catalog.add_chunk(&upload, &chunk(number), (59, NOW + 100)).await })
        });
        let outcomes: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
        for outcome in &outcomes {
            let refused = matches!(outcome, Err(Error::Refused(Refusal::TooManyBytes)));
            assert!(refused || matches!(outcome, Ok(Chunk::Added)), "{outcome:?}");
        }
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
        assert_eq!(look(&site, &upload).await.unwrap().received_bytes, 50);
        assert_eq!(site.catalog.count_upload_parts(upload.id, 0).await.unwrap(), 5);
    });
}

#[test]
fn each_chunk_is_folded_once_however_many_fold_and_one_of_them_ends_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = site.through(&database.open_again().await);
        for _ in 0..4 {
            let upload = begin(&site, site.root.id, "a", 12).await;
            let work = (0..8).map(|node| {
                let (site, upload) = (if node % 2 == 0 { &site } else { &beside }.clone(), upload.clone());
                tokio::spawn(async move {
                    let (mut folds, mut ends) = (0, 0);
                    // Each brings some, and folds what is there.
                    for number in (0..12).filter(|number| number % 4 == node % 4) {
                        add(&site, &upload, number + 1).await.unwrap();
                        loop {
                            let now = look(&site, &upload).await.unwrap();
                            let was = now.folded.parts;
                            assert_eq!(now.folded.bytes, 10 * was.unsigned_abs());
                            if now.done {
                                break;
                            }
                            if was == now.parts {
                                ends += usize::from(end(&site, &upload).await.unwrap().is_some());
                                continue;
                            }
                            if site.catalog.upload_part(upload.id, was + 1).await.unwrap().is_none() {
                                break;
                            }
                            let next = folded(was + 1);
                            let fold = site.catalog.fold_chunks(upload.id, was, &next, true);
                            folds += usize::from(fold.await.unwrap());
                        }
                    }
                    (folds, ends)
                })
            });
            let done: Vec<_> = join_all(work).await.into_iter().map(Result::unwrap).collect();
            let (folds, ends): (Vec<_>, Vec<_>) = done.into_iter().unzip();
            assert_eq!((folds.iter().sum::<usize>(), ends.iter().sum::<usize>()), (12, 1));
            assert_eq!(site.view(upload.asset_id).await.state, AssetState::Ready);
        }
        assert_right(database).await;
        beside.catalog.close().await;
    });
}

#[test]
fn of_a_chunk_that_races_the_end_of_its_upload_the_key_is_told_or_its_sender_is() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = site.through(&database.open_again().await);
        for round in 0..60_i64 {
            let upload = begin(&site, site.root.id, "a", 12).await;
            let parts: Vec<_> = (2..=12).map(chunk).collect();
            let sends = parts.iter().map(|part| {
                let (site, upload, part) = (site.clone(), upload.clone(), part.clone());
                tokio::spawn(async move { site.catalog.add_chunk(&upload, &part, (u64::MAX, NOW)).await })
            });
            let sends: Vec<_> = sends.collect();
            let (other, asset_id, upload_id) = (beside.clone(), upload.asset_id, upload.id);
            let ended = tokio::spawn(async move {
                // Sooner or later.
                for _ in 0..round % 6 {
                    tokio::task::yield_now().await;
                }
                let (catalog, id) = (&other.catalog, other.tenant.id);
                if round % 2 == 0 {
                    catalog.abandon_chunked(id, asset_id, &at(NOW)).await.unwrap()
                } else {
                    catalog.forget_chunked(id, upload_id, NOW + 100).await.unwrap()
                }
            });
            let outcomes: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
            let keys: Vec<BlobKey> = ended.await.unwrap();
            for (part, outcome) in parts.iter().zip(outcomes) {
                match outcome {
                    Ok(Chunk::Added) => assert!(keys.contains(&key_of(part)), "nobody removes its bytes"),
                    Err(Error::Missing(Noun::Upload)) => assert!(!keys.contains(&key_of(part))),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((look(&site, &upload).await, site.catalog.asset(asset_id).await.unwrap()), (None, None));
        }
        assert_right(database).await;
        beside.catalog.close().await;
    });
}

#[test]
fn what_is_ended_abandoned_and_trashed_at_once_is_one_of_these() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = site.through(&database.open_again().await);
        let mut seen = [0; 3];
        for _ in 0..40 {
            let folder = site.folder(site.root.id, "f").await;
            let upload = begin(&site, folder.id, "a", 2).await;
            gather(&site, &upload).await;
            let ends = [&site, &beside].map(|site| {
                let (site, upload) = (site.clone(), upload.clone());
                tokio::spawn(async move { end(&site, &upload).await })
            });
            let (other, asset_id) = (beside.clone(), upload.asset_id);
            let given_up =
                tokio::spawn(async move { other.catalog.abandon_chunked(other.tenant.id, asset_id, &at(NOW)).await });
            let (other, folder_id) = (site.clone(), folder.id);
            let trashed = tokio::spawn(async move { other.trash_folder(folder_id).await });
            let ends: Vec<_> = join_all(ends).await.into_iter().map(Result::unwrap).collect();
            for end in &ends {
                assert!(matches!(end, Ok(_) | Err(Error::Missing(Noun::Asset))), "{end:?}");
            }
            let ended = ends.iter().filter(|end| matches!(end, Ok(Some(_)))).count();
            let given_up = match given_up.await.unwrap() {
                Ok(_) => 1,
                Err(Error::Missing(Noun::Asset)) => 0,
                Err(error) => panic!("{error:?}"),
            };
            trashed.await.unwrap().unwrap();
            assert!(ended + given_up <= 1);
            let state = site.catalog.asset(asset_id).await.unwrap().map(|asset| asset.state);
            let expected = match (ended, given_up) {
                (1, _) => Some(AssetState::Ready),
                (_, 1) => None,
                _ => Some(AssetState::Uploading),
            };
            assert_eq!(state, expected);
            seen[ended + 2 * given_up] += 1;
            site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW)).await.unwrap();
            while site.catalog.purge_some_of_folder(site.tenant.id, folder.id, 9, NOW).await.unwrap() {}
            assert_right(database).await;
        }
        eprintln!("neither, ended, given up: {seen:?}");
        beside.catalog.close().await;
    });
}
