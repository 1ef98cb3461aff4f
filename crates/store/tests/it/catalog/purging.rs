//! The end of a folder: nobody sees it from the moment on at which it is purged, and its rows go in steps.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    folders::Folder,
    jobs::{JobState, Work},
    records::NewRecord,
    rules::Ruled,
    tokens::NewToken,
    uploads::{NewUpload, UploadPart},
};

use super::{
    engines::{Database, NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, random_key, slug},
    soundness::assert_sound,
    tokens::new_token,
};

async fn purge(site: &Site, folder: &Folder) -> store::Result<()> {
    site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW + 5)).await
}

/// Takes the rows away, and tells in how many steps.
async fn remove_rows(database: &Database, site: &Site, folder: &Folder, limit: i64) -> usize {
    let mut steps = 0;
    while site.catalog.purge_some_of_folder(site.tenant.id, folder.id, limit, NOW + 5).await.unwrap() {
        steps += 1;
        assert!(steps < 100, "it does not end");
        assert_sound(&mut database.connect().await).await;
    }
    steps
}

/// A folder with folders, and files in each, of which some are in the trash by themselves.
async fn bushy(site: &Site) -> (Folder, Vec<Folder>, Vec<i64>) {
    let top = site.folder(site.root.id, "top").await;
    let gone = site.folder(top.id, "gone").await;
    let kept = site.folder(top.id, "kept").await;
    let folders = vec![site.folder(gone.id, "deep").await, site.folder(kept.id, "deep").await, gone, kept];
    let mut files = Vec::new();
    for folder in folders.iter().chain([&top]) {
        files.extend([site.asset(folder.id, "a").await, site.asset(folder.id, "a").await]);
        site.trash_asset(files[files.len() - 1]).await.unwrap();
    }
    site.trash_folder(folders[2].id).await.unwrap();
    (top, folders, files)
}

#[test]
fn a_purged_folder_is_gone_for_everybody_at_once_and_for_good_in_steps() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (id, beside) = (site.tenant.id, site.asset(site.root.id, "beside").await);
        let (top, folders, files) = bushy(&site).await;
        site.trash_folder(top.id).await.unwrap();
        purge(&site, &top).await.unwrap();

        for folder in folders.iter().chain([&top]) {
            assert_eq!(site.catalog.folder(id, folder.id).await.unwrap(), None);
            assert_eq!(site.catalog.folder_of_anybody(folder.id).await.unwrap(), None);
            assert_fails!(site.trash_folder(folder.id).await, Error::Missing(Noun::Folder));
            let restored = site.catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await;
            assert_fails!(restored, Error::Missing(Noun::Folder));
            assert_fails!(purge(&site, folder).await, Error::Missing(Noun::Folder));
            assert_fails!(site.try_asset(folder.id, "a").await, Error::Missing(Noun::Folder));
            assert_fails!(site.try_folder(folder.id, "a").await, Error::Missing(Noun::Folder));
            let ruled = site.catalog.set_rules(id, Ruled::Folder(folder.id), None, &at(NOW)).await;
            assert_fails!(ruled, Error::Missing(Noun::Folder));
            let token = NewToken { folder_id: Some(folder.id), ..new_token(&site, 1) };
            assert_fails!(site.catalog.add_token(&token, &at(NOW)).await, Error::Missing(Noun::Folder));
        }
        for file in &files {
            assert_eq!(site.catalog.asset(*file).await.unwrap(), None);
            let restored = site.catalog.restore_asset(id, *file, &slug("a"), &at(NOW)).await;
            assert_fails!(restored, Error::Missing(Noun::Asset));
            assert_fails!(site.catalog.purge_asset(id, *file, &at(NOW)).await, Error::Missing(Noun::Asset));
        }
        assert_eq!(site.catalog.deleted_folders(id, (i64::MAX, i64::MAX), 9).await.unwrap(), []);
        assert_eq!(site.catalog.deleted_assets(id, (i64::MAX, i64::MAX), 9).await.unwrap(), []);
        assert_eq!(site.catalog.count_tenant_assets(id).await.unwrap(), 1);
        let jobs = site.catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
        let work: Vec<_> = jobs.into_iter().map(|job| job.work).collect();
        assert_eq!(work, [Work::PurgeFolder { tenant_id: id, folder_id: top.id }]);

        assert_eq!(remove_rows(database, &site, &top, 3).await, 4 + 2, "ten files and five folders, three at a time");
        assert_eq!(database.number("select count(*) from folders").await, 1);
        assert_eq!(database.number("select count(*) from assets").await, 1);
        assert_eq!(database.number("select count(*) from names").await, 1);
        assert_eq!(database.number("select count(*) from blobs where dead_at is not null").await, 10);
        assert!(site.view(beside).await.lives());
        assert!(!site.catalog.purge_some_of_folder(id, top.id, 9, NOW).await.unwrap());
    });
}

#[test]
fn every_row_about_a_folder_goes_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let inner = site.folder(folder.id, "inner").await;
        site.folder(folder.id, "inner").await;
        let upload = NewUpload {
            tenant_id: site.tenant.id,
            key: random_key(),
            realm: "botdoc".to_owned(),
            folder_id: inner.id,
            name: "film.mp4".to_owned(),
            declared_bytes: None,
            detail: String::new(),
            created_by: site.user.id,
            expires_at: NOW,
        };
        let upload = site.catalog.add_upload(&upload, NOW).await.unwrap();
        let part = UploadPart { number: 1, blob_key: random_key(), size: 1, md5: [0; 16] };
        site.catalog.add_upload_part(upload.id, &part).await.unwrap();
        let record = NewRecord {
            tenant_id: site.tenant.id,
            realm: "botdoc".to_owned(),
            kind: "container".to_owned(),
            parent_id: None,
            folder_id: Some(inner.id),
            asset_id: None,
            body: String::new(),
            lookup: None,
        };
        site.catalog.add_record(&record, NOW).await.unwrap();
        let token = NewToken { folder_id: Some(inner.id), ..new_token(&site, 1) };
        let token = site.catalog.add_token(&token, &at(NOW)).await.unwrap();
        site.trash_folder(folder.id).await.unwrap();
        assert_fails!(purge(&site, &folder).await, Error::Refused(Refusal::InUse));
        assert!(!site.look(folder.id).await.lives(), "a refusal changes nothing");
        site.catalog.revoke_token(site.tenant.id, token.id, &at(NOW)).await.unwrap();
        purge(&site, &folder).await.unwrap();
        remove_rows(database, &site, &folder, 1).await;
        let left = "select (select count(*) from uploads) + (select count(*) from upload_parts) \
             + (select count(*) from records) + (select count(*) from tokens) + (select count(*) from names) \
             + (select count(*) from name_counters) + (select count(*) from tallies)";
        assert_eq!(database.number(left).await, 0);
        assert_eq!(database.number("select count(*) from folders").await, 1);
    });
}

#[test]
fn only_a_key_that_still_opens_something_keeps_a_folder() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (folder, beside) = (site.folder(site.root.id, "f").await, site.folder(site.root.id, "g").await);
        for (number, folder_id, expires_at) in [
            (1, Some(folder.id), Some(NOW + 5)),
            (2, Some(beside.id), None),
            (3, Some(site.root.id), None),
            (4, None, None),
        ] {
            let token = NewToken { folder_id, expires_at, ..new_token(&site, number) };
            site.catalog.add_token(&token, &at(NOW)).await.unwrap();
        }
        site.trash_folder(folder.id).await.unwrap();
        let early = site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW + 4)).await;
        assert_fails!(early, Error::Refused(Refusal::InUse));
        assert_fails!(theirs.catalog.purge_folder(theirs.tenant.id, folder.id, &at(NOW + 5)).await, Error::Missing(_));
        purge(&site, &folder).await.unwrap();
        assert_eq!(remove_rows(database, &site, &folder, 9).await, 1);
        assert_eq!(site.catalog.tokens(site.tenant.id, 0, 9).await.unwrap().len(), 3);
    });
}

#[test]
fn a_folder_that_went_along_can_end_before_the_one_that_took_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let outer = site.folder(site.root.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        let deep = site.folder(inner.id, "deep").await;
        let living = site.folder(site.root.id, "living").await;
        site.asset(deep.id, "a").await;
        for kept in [&living, &site.root] {
            assert_fails!(purge(&site, kept).await, Error::Missing(Noun::Folder));
        }
        site.trash_folder(outer.id).await.unwrap();
        purge(&site, &inner).await.unwrap();
        assert_sound(&mut database.connect().await).await;
        // The outer one comes back without it, and its slug is free there.
        site.catalog.restore_folder(site.tenant.id, outer.id, &slug("outer"), &at(NOW)).await.unwrap();
        assert_eq!(site.catalog.child_folders(outer.id, &START, 9).await.unwrap(), []);
        assert_eq!(site.folder(outer.id, "inner").await.slug, "inner");
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 0);
        site.move_folder(&outer, living.id).await.unwrap();
        assert_sound(&mut database.connect().await).await;
        assert_eq!(remove_rows(database, &site, &inner, 1).await, 3);
        assert_eq!(database.number("select count(*) from assets").await, 0);
    });
}

#[test]
fn the_end_of_an_outer_folder_takes_what_is_left_of_an_inner_one() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let outer = site.folder(site.root.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        for folder in [&inner, &outer] {
            site.asset(folder.id, "a").await;
            site.trash_folder(folder.id).await.unwrap();
            purge(&site, folder).await.unwrap();
        }
        remove_rows(database, &site, &outer, 1).await;
        assert_eq!(remove_rows(database, &site, &inner, 1).await, 0);
        assert_eq!(database.number("select count(*) from folders").await, 1);
    });
}
