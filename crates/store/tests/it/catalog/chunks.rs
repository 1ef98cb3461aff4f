//! Uploads in chunks, from the first chunk to the asset's bytes, or to nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    assets::{AssetState, NewBlob, NewVersion, Scan, Terms},
    audit::Action,
    jobs::{JobState, NewJob, Work},
    search::NameSearch,
    uploads::{Chunk, Chunked, Folded, NewChunked, NewUpload, UploadPart},
};

use super::{
    chunk_samples::{ROOM, add, begin, chunk, end, folded, gather, grown, key_of, look, new_chunked},
    engines::{Database, NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, random_key, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

/// How many rows and how many assets with bytes a folder has.
async fn counts(site: &Site, folder_id: i64) -> (u64, u64) {
    let rows = site.catalog.count_folder_rows(site.tenant.id, folder_id).await.unwrap();
    (rows, site.catalog.count_folder_assets(site.tenant.id, folder_id).await.unwrap())
}

#[test]
fn an_upload_and_its_asset_read_back_as_they_were_begun() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let wish = NewChunked {
            title: Some("Film".to_owned()),
            text_key: Some("film".to_owned()),
            terms: Terms { download_limit: Some(3), expires_at: Some(NOW + 50), ends_for_good: true },
            fields: vec![("a.b".to_owned(), "c".to_owned())],
            ..new_chunked(&site, site.root.id, "Film.mp4", 3)
        };
        let part = chunk(2);
        let upload = catalog.begin_chunked(&wish, &part, &at(NOW)).await.unwrap();
        let expected = Chunked {
            id: upload.id,
            tenant_id: id,
            asset_id: upload.asset_id,
            folder_id: site.root.id,
            name: "Film.mp4".to_owned(),
            parts: 3,
            received_bytes: 10,
            folded: Folded::default(),
            grown_key: wish.grown_key,
            detail: "video/mp4".to_owned(),
            created_by: site.user.id,
            done: false,
            expires_at: NOW + 100,
        };
        assert_eq!(upload, expected);
        assert_eq!(look(&site, &upload).await, Some(expected));
        assert_eq!(catalog.upload_part(upload.id, 2).await.unwrap().as_ref(), Some(&part));
        assert_eq!(catalog.upload_part(upload.id, 1).await.unwrap(), None);
        assert_eq!(catalog.count_upload_parts(upload.id, 0).await.unwrap(), 1);

        let asset = site.view(upload.asset_id).await;
        assert_eq!((asset.state, asset.version.as_ref(), asset.slug.as_str()), (AssetState::Uploading, None, ""));
        assert_eq!(
            (asset.key, asset.name, asset.title),
            (wish.asset_key.clone(), wish.name.clone(), wish.title.clone())
        );
        assert_eq!((asset.download_limit, asset.expires_at), (Some(3), Some(NOW + 50)));
        assert_eq!(catalog.fields(asset.id).await.unwrap()[0].value, "c");
        for key in [wish.grown_key, key_of(&part)] {
            assert!(catalog.knows_blob(key).await.unwrap());
        }
        // Nobody sees it but those who ask for all that has a row.
        assert_eq!(counts(&site, site.root.id).await, (1, 0));
        assert_eq!(catalog.folder_assets(site.root.id, &START, 9).await.unwrap(), []);
        let search =
            NameSearch { tenant_id: id, term: "film", under: None, trashed: false, before: i64::MAX, limit: 9 };
        assert_eq!(catalog.search_assets(&search).await.unwrap().found, []);
        assert_eq!(catalog.described_assets(id, "film", i64::MAX, 9).await.unwrap(), []);
        assert_eq!(catalog.expired_assets(NOW + 50, 9).await.unwrap(), []);
        let line = catalog.audit(id, 0, 9).await.unwrap().pop().unwrap();
        assert_eq!((line.action, line.noun, line.noun_id), (Action::Create, Noun::Asset, asset.id));

        for (again, noun) in [
            (NewChunked { asset_key: random_key(), ..wish.clone() }, Noun::Upload),
            (NewChunked { key: random_key(), ..wish.clone() }, Noun::Asset),
        ] {
            let outcome = catalog.begin_chunked(&again, &chunk(1), &at(NOW)).await;
            assert!(matches!(outcome, Err(Error::Taken(taken)) if taken == noun), "{outcome:?}");
        }
        assert_eq!(counts(&site, site.root.id).await, (1, 0));
        assert_right(database).await;
    });
}

#[test]
fn an_upload_in_chunks_needs_a_living_folder_of_its_tenant() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let gone = site.folder(site.root.id, "gone").await;
        site.trash_folder(gone.id).await.unwrap();
        for folder_id in [theirs.root.id, gone.id, 9_999] {
            let wish = new_chunked(&site, folder_id, "a", 2);
            assert_fails!(site.catalog.begin_chunked(&wish, &chunk(1), &at(NOW)).await, Error::Missing(Noun::Folder));
        }
        assert_eq!(database.number("select count(*) from assets").await, 0);
        assert_eq!(database.number("select count(*) from uploads").await, 0);
    });
}

#[test]
fn a_chunk_counts_once_and_other_bytes_do_not_take_its_place() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = begin(&site, site.root.id, "a", 4).await;
        let add = async |part: &UploadPart, until| site.catalog.add_chunk(&upload, part, (60, until)).await;
        let first = chunk(3);
        assert_eq!(add(&first, NOW + 150).await.unwrap(), Chunk::Added);
        // Its bytes are under another key, and nobody asks for those.
        assert_eq!(add(&chunk(3), NOW + 170).await.unwrap(), Chunk::Same);
        let others = [UploadPart { size: 11, ..chunk(3) }, UploadPart { md5: [9; 16], ..chunk(3) }];
        for other in &others {
            assert_eq!(add(other, NOW + 170).await.unwrap(), Chunk::Other);
        }
        assert_eq!(site.catalog.upload_part(upload.id, 3).await.unwrap(), Some(first));
        let now = look(&site, &upload).await.unwrap();
        assert_eq!((now.received_bytes, now.expires_at), (20, NOW + 150));

        for size in [41, u64::MAX] {
            let large = UploadPart { size, ..chunk(2) };
            assert_fails!(add(&large, NOW + 180).await, Error::Refused(Refusal::TooManyBytes));
        }
        assert_eq!(look(&site, &upload).await, Some(now));
        assert_eq!(add(&UploadPart { size: 40, ..chunk(2) }, NOW + 190).await.unwrap(), Chunk::Added);
        assert_eq!(look(&site, &upload).await.unwrap().received_bytes, 60);
        assert_eq!(site.catalog.count_upload_parts(upload.id, 0).await.unwrap(), 3);
        let nowhere = Chunked { id: 9_999, ..upload.clone() };
        assert_fails!(site.catalog.add_chunk(&nowhere, &chunk(2), ROOM).await, Error::Missing(Noun::Upload));
        assert_right(database).await;
    });
}

#[test]
fn who_folds_what_was_folded_meanwhile_is_told_so() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = begin(&site, site.root.id, "a", 4).await;
        for number in 2..=4 {
            add(&site, &upload, number).await.unwrap();
        }
        let fold =
            async |was, now, forget| site.catalog.fold_chunks(upload.id, was, &folded(now), forget).await.unwrap();
        let keys = async || {
            let parts = site.catalog.upload_parts(upload.id, 0).await.unwrap();
            parts.iter().map(|part| !part.blob_key.is_empty()).collect::<Vec<_>>()
        };
        assert!(fold(0, 1, false).await);
        assert_eq!(keys().await, [true; 4], "the pieces stay");
        assert!(!fold(0, 1, true).await);
        assert!(!fold(2, 3, true).await);
        assert_eq!(keys().await, [true; 4], "who loses forgets nothing");
        assert!(fold(1, 3, true).await);
        assert_eq!(keys().await, [true, false, false, true]);
        assert_eq!(look(&site, &upload).await.unwrap().folded, folded(3));
        // A chunk in the piece is still known by its sum.
        assert_eq!(add(&site, &upload, 2).await.unwrap(), Chunk::Same);
        assert_eq!(end(&site, &upload).await.unwrap(), None, "one is missing");
        assert_eq!(site.view(upload.asset_id).await.state, AssetState::Uploading);
        assert!(!site.catalog.fold_chunks(9_999, 0, &folded(1), true).await.unwrap());
        assert_right(database).await;
    });
}

#[test]
fn with_its_end_the_asset_has_its_bytes_and_the_upload_stays_for_a_while() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        site.asset(site.root.id, "film.mp4").await;
        let upload = begin(&site, site.root.id, "film.mp4", 3).await;
        gather(&site, &upload).await;
        let version = NewVersion { jobs: vec![NewJob::Preview], scan: Scan::Queued, ..grown(&site, &upload) };
        let done = catalog.end_chunked(&upload, (&version, &slug("film.mp4")), NOW + 200, &at(NOW + 7)).await;
        assert_eq!(done.unwrap(), Some(true));

        let asset = site.view(upload.asset_id).await;
        assert_eq!((asset.state, asset.scan, asset.slug.as_str()), (AssetState::Ready, Scan::Queued, "film-2.mp4"));
        assert_eq!((asset.created_at, asset.updated_at), (NOW, NOW + 7));
        let shown = asset.version.as_ref().unwrap();
        assert_eq!((shown.number, shown.blob.key, shown.blob.size), (1, upload.grown_key, version.blob.size));
        assert_eq!(catalog.latest_assets(id, content::Family::Image, i64::MAX, 9).await.unwrap().len(), 2);
        assert_eq!(counts(&site, site.root.id).await, (2, 2));
        let waiting = catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
        assert_eq!(waiting.last().unwrap().work, Work::Preview { asset_id: asset.id });
        let line = catalog.audit(id, 0, 99).await.unwrap().pop().unwrap();
        assert_eq!((line.action, line.noun, line.noun_id), (Action::Update, Noun::Asset, asset.id));

        let kept = look(&site, &upload).await.unwrap();
        assert_eq!((kept.done, kept.expires_at, &kept.folded.sums), (true, NOW + 200, &Vec::new()));
        assert_eq!(end(&site, &upload).await.unwrap(), None, "a second end changes nothing");
        assert!(!catalog.fold_chunks(upload.id, 3, &folded(4), true).await.unwrap());
        assert_eq!(add(&site, &upload, 3).await.unwrap(), Chunk::Same);
        assert_eq!(catalog.add_chunk(&upload, &UploadPart { size: 1, ..chunk(3) }, ROOM).await.unwrap(), Chunk::Other);
        assert_fails!(add(&site, &upload, 4).await, Error::Missing(Noun::Upload));
        assert!(catalog.knows_blob(upload.grown_key).await.unwrap());
        let parts = catalog.upload_parts(upload.id, 0).await.unwrap();
        assert!(parts.len() == 3 && parts.iter().all(|part| part.blob_key.is_empty()));
        // What is done says no longer where it has grown.
        let now = look(&site, &upload).await.unwrap();
        assert_ne!(now.grown_key, upload.grown_key);
        assert_eq!(Chunked { grown_key: kept.grown_key, ..now }, kept);
        assert_fails!(catalog.abandon_chunked(id, asset.id, &at(NOW)).await, Error::Missing(Noun::Asset));
        assert_right(database).await;

        assert_eq!(catalog.expired_uploads(NOW + 199, 9).await.unwrap(), []);
        assert_eq!(catalog.forget_chunked(id, upload.id, NOW + 199).await.unwrap(), []);
        assert!(look(&site, &upload).await.is_some());
        let over = catalog.expired_uploads(NOW + 200, 9).await.unwrap();
        assert_eq!(over.iter().map(|upload| upload.id).collect::<Vec<_>>(), [upload.id]);
        assert_eq!(catalog.forget_chunked(id, upload.id, NOW + 200).await.unwrap(), []);
        assert_eq!(look(&site, &upload).await, None);
        assert_eq!(site.view(asset.id).await, asset, "the asset stays");
        assert_right(database).await;
    });
}

#[test]
fn bytes_that_are_there_already_are_not_kept_twice() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let held = site.view(site.asset(site.root.id, "a").await).await.version.unwrap().blob;
        let upload = begin(&site, site.root.id, "b", 2).await;
        gather(&site, &upload).await;
        let blob = NewBlob { key: upload.grown_key, size: held.size, digest: held.digest };
        let version = NewVersion { blob, ..site.new_version(0) };
        let done = site.catalog.end_chunked(&upload, (&version, &slug("b")), NOW, &at(NOW)).await;
        assert_eq!(done.unwrap(), Some(false));
        assert_eq!(site.view(upload.asset_id).await.version.unwrap().blob, held);
        assert!(!site.catalog.knows_blob(upload.grown_key).await.unwrap());
        assert_right(database).await;
    });
}

#[test]
fn an_end_in_a_folder_that_is_gone_changes_nothing() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let upload = begin(&site, folder.id, "a", 2).await;
        gather(&site, &upload).await;
        let before = look(&site, &upload).await;
        site.trash_folder(folder.id).await.unwrap();
        let lines = database.number("select count(*) from audit").await;
        assert_fails!(end(&site, &upload).await, Error::Missing(Noun::Asset));
        assert_eq!(look(&site, &upload).await, before);
        assert_eq!(site.view(upload.asset_id).await.state, AssetState::Uploading);
        assert_eq!(database.number("select count(*) from blobs").await, 0);
        assert_eq!(database.number("select count(*) from audit").await, lines);
        assert_right(database).await;

        catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(end(&site, &upload).await.unwrap(), Some(true));
        let other = begin(&site, folder.id, "b", 2).await;
        gather(&site, &other).await;
        site.trash_folder(folder.id).await.unwrap();
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        assert_fails!(end(&site, &other).await, Error::Missing(Noun::Asset));
        while catalog.purge_some_of_folder(id, folder.id, 1, NOW).await.unwrap() {
            assert_right(database).await;
        }
        assert_eq!(end(&site, &other).await.unwrap(), None, "the upload went with its asset");
        assert_eq!(catalog.asset(other.asset_id).await.unwrap(), None);
        assert_eq!(database.number("select count(*) from upload_parts").await, 0);
    });
}

#[test]
fn what_is_abandoned_leaves_nothing_but_its_keys() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let upload = begin(&site, folder.id, "a", 4).await;
        let parts = [chunk(2), chunk(3)];
        for part in &parts {
            catalog.add_chunk(&upload, part, ROOM).await.unwrap();
        }
        assert!(catalog.fold_chunks(upload.id, 0, &folded(1), true).await.unwrap());
        let foreign = catalog.abandon_chunked(theirs.tenant.id, upload.asset_id, &at(NOW)).await;
        assert_fails!(foreign, Error::Missing(Noun::Asset));
        assert!(look(&site, &upload).await.is_some());
        // In the trash of its folder too.
        site.trash_folder(folder.id).await.unwrap();
        let keys = catalog.abandon_chunked(id, upload.asset_id, &at(NOW)).await.unwrap();
        assert_eq!(keys, [key_of(&parts[0]), key_of(&parts[1]), upload.grown_key]);
        for key in keys {
            assert!(!catalog.knows_blob(key).await.unwrap());
        }
        assert_eq!((catalog.asset(upload.asset_id).await.unwrap(), look(&site, &upload).await), (None, None));
        assert_eq!(counts(&site, folder.id).await, (0, 0));
        let line = catalog.audit(id, 0, 99).await.unwrap().pop().unwrap();
        assert_eq!((line.action, line.noun, line.noun_id), (Action::Purge, Noun::Asset, upload.asset_id));
        assert_right(database).await;
        let ready = site.asset(site.root.id, "b").await;
        for asset_id in [upload.asset_id, ready, 9_999] {
            assert_fails!(catalog.abandon_chunked(id, asset_id, &at(NOW)).await, Error::Missing(Noun::Asset));
        }
        assert_fails!(add(&site, &upload, 4).await, Error::Missing(Noun::Upload));
        assert_eq!(end(&site, &upload).await.unwrap(), None);
        assert_right(database).await;
    });
}

#[test]
fn what_is_forgotten_when_its_time_is_over_leaves_nothing_but_its_keys() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let upload = begin(&site, site.root.id, "a", 3).await;
        let second = chunk(2);
        catalog.add_chunk(&upload, &second, (u64::MAX, NOW + 150)).await.unwrap();
        let first = catalog.upload_part(upload.id, 1).await.unwrap().unwrap();
        // It goes on, so its time does.
        for now in [NOW + 100, NOW + 149] {
            assert_eq!(catalog.expired_uploads(now, 9).await.unwrap(), []);
            assert_eq!(catalog.forget_chunked(id, upload.id, now).await.unwrap(), []);
        }
        assert!(look(&site, &upload).await.is_some());
        let over = catalog.expired_uploads(NOW + 150, 9).await.unwrap();
        assert_eq!((over[0].id, over[0].asset_id), (upload.id, Some(upload.asset_id)));
        let keys = catalog.forget_chunked(id, upload.id, NOW + 150).await.unwrap();
        assert_eq!(keys, [key_of(&first), key_of(&second), upload.grown_key]);
        assert_eq!((catalog.asset(upload.asset_id).await.unwrap(), look(&site, &upload).await), (None, None));
        assert_eq!(counts(&site, site.root.id).await, (0, 0));
        let line = catalog.audit(id, 0, 99).await.unwrap().pop().unwrap();
        assert_eq!((line.action, line.noun, line.noun_id), (Action::Purge, Noun::Asset, upload.asset_id));
        assert_eq!(line.stamp, at(NOW + 150));
        assert_eq!(catalog.forget_chunked(id, upload.id, NOW + 150).await.unwrap(), []);
        assert_right(database).await;

        let announced = NewUpload {
            tenant_id: id,
            key: random_key(),
            realm: "fliplet".to_owned(),
            folder_id: site.root.id,
            name: "a".to_owned(),
            declared_bytes: None,
            detail: String::new(),
            created_by: site.user.id,
            expires_at: NOW,
        };
        let announced = catalog.add_upload(&announced, NOW).await.unwrap();
        assert_eq!(catalog.forget_chunked(id, announced.id, NOW - 1).await.unwrap(), []);
        assert!(catalog.upload(&announced.key).await.unwrap().is_some());
        assert_eq!(catalog.forget_chunked(id, announced.id, NOW).await.unwrap(), []);
        assert_eq!(catalog.upload(&announced.key).await.unwrap(), None);
    });
}
