//! Uploads: parts that may come twice, and uploads whose time is over.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun, Refusal,
    uploads::{NewChunked, NewUpload, UploadPart},
};

use super::{
    chunk_samples::{chunk, end, gather, new_chunked},
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, person, random_key},
};

fn new_upload(site: &Site) -> NewUpload {
    NewUpload {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "botdoc".to_owned(),
        folder_id: site.root.id,
        name: "film.mp4".to_owned(),
        declared_bytes: Some(5_000_000_000),
        detail: "{}".to_owned(),
        created_by: site.user.id,
        expires_at: NOW + 100,
    }
}

fn part(number: i64, size: u64) -> UploadPart {
    UploadPart { number, blob_key: format!("part-{number}"), size, md5: [7; 16] }
}

#[test]
fn an_upload_reads_back_as_it_was_begun() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = new_upload(&site);
        let upload = site.catalog.add_upload(&wish, NOW).await.unwrap();
        assert_eq!((upload.tenant_id, upload.folder_id, upload.asset_id), (site.tenant.id, site.root.id, None));
        assert_eq!((upload.realm.as_str(), upload.name.as_str(), upload.detail.as_str()), ("botdoc", "film.mp4", "{}"));
        assert_eq!((upload.declared_bytes, upload.received_bytes), (Some(5_000_000_000), 0));
        assert_eq!((upload.created_by, upload.created_at, upload.expires_at), (site.user.id, NOW, NOW + 100));
        assert_eq!(site.catalog.upload(&wish.key).await.unwrap(), Some(upload));
        assert_eq!(site.catalog.upload("nobody").await.unwrap(), None);
        assert_fails!(site.catalog.add_upload(&wish, NOW).await, Error::Taken(Noun::Upload));
        let open_ended = NewUpload { declared_bytes: None, ..new_upload(&site) };
        assert_eq!(site.catalog.add_upload(&open_ended, NOW).await.unwrap().declared_bytes, None);
    });
}

#[test]
fn of_those_who_complete_an_upload_one_does_and_not_too_late() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = site.catalog.add_upload(&new_upload(&site), NOW).await.unwrap();
        let assets: Vec<_> = (0..8).map(|number| site.new_asset(site.root.id, &format!("{number}"))).collect();
        let stamp = at(NOW + 99);
        let outcomes =
            join_all(assets.iter().map(|asset| site.catalog.complete_upload(upload.id, asset, &stamp))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            assert_fails!(outcome, Error::Missing(Noun::Upload));
        }
        assert_eq!(site.catalog.count_folder_assets(site.tenant.id, site.root.id).await.unwrap(), 1);
        let late = site.catalog.add_upload(&new_upload(&site), NOW).await.unwrap();
        let asset = site.new_asset(site.root.id, "late");
        assert_fails!(
            site.catalog.complete_upload(late.id, &asset, &at(NOW + 100)).await,
            Error::Missing(Noun::Upload)
        );
    });
}

#[test]
fn an_upload_needs_a_living_folder_of_its_tenant_and_a_size_that_can_be_counted() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let trashed = ours.folder(ours.root.id, "gone").await;
        ours.trash_folder(trashed.id).await.unwrap();
        for folder_id in [theirs.root.id, 9_999, trashed.id] {
            let wish = NewUpload { folder_id, ..new_upload(&ours) };
            assert_fails!(ours.catalog.add_upload(&wish, NOW).await, Error::Missing(Noun::Folder));
        }
        let wish = NewUpload { declared_bytes: Some(u64::MAX), ..new_upload(&ours) };
        assert_fails!(ours.catalog.add_upload(&wish, NOW).await, Error::Refused(Refusal::TooManyBytes));
    });
}

#[test]
fn a_part_counts_once_however_often_it_comes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = site.catalog.add_upload(&new_upload(&site), NOW).await.unwrap();
        let (second, first) = (part(2, 20), part(1, 10));
        assert!(site.catalog.add_upload_part(upload.id, &second).await.unwrap());
        assert!(!site.catalog.add_upload_part(upload.id, &second).await.unwrap());
        // Other bytes under a number that is taken change nothing either.
        assert!(!site.catalog.add_upload_part(upload.id, &part(2, 99)).await.unwrap());
        assert!(site.catalog.add_upload_part(upload.id, &first).await.unwrap());
        assert_eq!(site.catalog.upload_parts(upload.id, 0).await.unwrap(), [first, second]);
        assert_eq!(site.catalog.upload(&upload.key).await.unwrap().unwrap().received_bytes, 30);
        let huge = site.catalog.add_upload_part(upload.id, &part(3, u64::MAX)).await;
        assert_fails!(huge, Error::Refused(Refusal::TooManyBytes));
    });
}

#[test]
fn parts_that_come_all_at_once_count_once_each() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let upload = site.catalog.add_upload(&new_upload(&site), NOW).await.unwrap();
        let sends = (0..40).map(|send| {
            let catalog = site.catalog.clone();
            tokio::spawn(async move { catalog.add_upload_part(upload.id, &part(send % 10, 7)).await.unwrap() })
        });
        let added = join_all(sends).await.into_iter().filter(|added| *added.as_ref().unwrap()).count();
        assert_eq!(added, 10);
        assert_eq!(site.catalog.upload(&upload.key).await.unwrap().unwrap().received_bytes, 70);
    });
}

#[test]
fn expired_uploads_are_found_at_their_millisecond_and_deleted_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let late = site.catalog.add_upload(&new_upload(&site), NOW).await.unwrap();
        let early = NewUpload { expires_at: NOW + 50, ..new_upload(&site) };
        let early = site.catalog.add_upload(&early, NOW).await.unwrap();
        let expired = async |at| -> Vec<i64> {
            let uploads = site.catalog.expired_uploads(at, 9).await.unwrap();
            uploads.into_iter().map(|upload| upload.id).collect()
        };
        assert!(expired(NOW + 49).await.is_empty());
        assert_eq!(expired(NOW + 50).await, [early.id]);
        assert_eq!(expired(NOW + 100).await, [early.id, late.id]);
        assert_eq!(site.catalog.expired_uploads(NOW + 100, 1).await.unwrap(), std::slice::from_ref(&early));

        site.catalog.add_upload_part(early.id, &part(1, 1)).await.unwrap();
        assert!(site.catalog.delete_upload(early.id).await.unwrap());
        assert!(!site.catalog.delete_upload(early.id).await.unwrap());
        assert_eq!(site.catalog.upload(&early.key).await.unwrap(), None);
        assert_eq!(site.catalog.upload_parts(early.id, 0).await.unwrap(), []);
        assert_eq!(expired(NOW + 100).await, [late.id]);
        let too_late = site.catalog.add_upload_part(early.id, &part(2, 1)).await;
        assert_fails!(too_late, Error::Missing(Noun::Upload));
    });
}

#[test]
fn uploads_alike_are_those_of_one_person_to_one_place_under_one_name() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let ben = catalog.add_user(id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
        let folder = site.folder(site.root.id, "f").await;
        let plain = || new_chunked(&site, folder.id, "a", 3);
        let wishes = [
            NewChunked { realm: "flextype".to_owned(), ..plain() },
            NewChunked { folder_id: site.root.id, ..plain() },
            NewChunked { name: "A".to_owned(), ..plain() },
            NewChunked { parts: 4, ..plain() },
            NewChunked { created_by: ben.id, ..plain() },
        ];
        for wish in &wishes {
            catalog.begin_chunked(wish, &chunk(1), &at(NOW)).await.unwrap();
        }
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.insert(0, catalog.begin_chunked(&plain(), &chunk(1), &at(NOW)).await.unwrap().id);
        }
        let alike = async |limit| {
            let (who, what) = ((id, "botdoc", site.user.id), (folder.id, "a", 3));
            catalog.chunked_alike(who, what, limit).await.unwrap()
        };
        let found: Vec<_> = alike(9).await.iter().map(|upload| upload.id).collect();
        assert_eq!(found, ids);
        let latest = alike(1).await.remove(0);
        assert_eq!(latest.id, ids[0]);
        gather(&site, &latest).await;
        end(&site, &latest).await.unwrap();
        let done: Vec<_> = alike(9).await.iter().map(|upload| upload.done).collect();
        assert_eq!(done, [true, false, false]);
    });
}
