//! What `verify` asks: nothing of a sound library is suspected, and bytes that nothing wants or that are missing are found.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use sqlx::AssertSqlSafe;
use store::{
    Catalog,
    assets::NewAsset,
    blobs::{BlobId, BlobKey},
    renditions::Rendition,
    uploads::{NewUpload, UploadPart},
    verify::{
        AssetFault::{self, DeadBytes, NoVersion},
        BrokenAsset,
    },
};

use super::{
    engines::{Database, NOW, on_each_engine},
    samples::{Site, at, random_key},
    soundness::assert_sound,
};

/// Fails when `verify` would complain of anything but bytes.
pub async fn assert_clean(catalog: &Catalog) {
    assert_eq!(catalog.stray_names((0, ""), 9).await.unwrap(), []);
    assert_eq!(catalog.nameless_assets(0, 9).await.unwrap(), []);
    assert_eq!(catalog.nameless_folders(0, 9).await.unwrap(), []);
    assert_eq!(catalog.wrong_tallies(9).await.unwrap(), []);
    assert_eq!(catalog.wrong_tenant_tallies(9).await.unwrap(), []);
    assert_eq!(catalog.wrong_uses().await.unwrap(), []);
    assert_eq!(catalog.wrong_rendition_sums().await.unwrap(), []);
    assert_eq!(catalog.broken_folders(0, 9).await.unwrap(), []);
    assert_eq!(catalog.broken_assets(0, 9).await.unwrap(), []);
    let blobs = catalog.blob_rows(0, i64::MAX).await.unwrap();
    assert!(blobs.iter().all(|blob| (blob.versions == 0) == blob.dead_at.is_some()), "{blobs:?}");
}

/// Does what no code of ours does.
pub async fn spoil(database: &Database, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connect().await).await.unwrap();
}

#[test]
fn every_blob_is_shown_with_what_wants_it() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut ids = Vec::new();
        for site in [&site, &theirs, &site, &site] {
            ids.push(site.asset(site.root.id, "a").await);
        }
        let same = NewAsset { version: site.new_version(0), ..site.new_asset(site.root.id, "a") };
        let again = NewAsset { key: random_key(), ..same.clone() };
        ids.push(site.catalog.add_assets(&[same, again], &at(NOW)).await.unwrap()[0].asset_id);
        let mut expected = Vec::new();
        for id in ids {
            expected.push(site.view(id).await);
        }
        let dead = expected[2].id;
        site.trash_asset(dead).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, dead, &at(NOW + 3)).await.unwrap();
        for page in [1, 2, 9] {
            let (mut after, mut told) = (0, Vec::new());
            loop {
                let rows = site.catalog.blob_rows(after, page).await.unwrap();
                let Some(last) = rows.last() else { break };
                after = last.id;
                told.extend(rows);
            }
            for (asset, row) in expected.iter().zip(&told) {
                let blob = &asset.version.as_ref().unwrap().blob;
                assert_eq!((row.id, row.tenant_id, row.key), (blob.id, asset.tenant_id, blob.key));
                assert_eq!((row.size, row.digest), (blob.size, blob.digest));
                assert_eq!(site.catalog.blob_row(row.id).await.unwrap().as_ref(), Some(row));
            }
            assert_eq!(told.iter().map(|row| row.versions).collect::<Vec<_>>(), [1, 1, 0, 1, 2]);
            assert_eq!(told.iter().filter_map(|row| row.dead_at).collect::<Vec<_>>(), [NOW + 3]);
        }
        assert_eq!(site.catalog.blob_row(9_999).await.unwrap(), None);
    });
}

#[test]
fn every_rendition_and_part_is_shown_and_a_rendition_is_forgotten_if_it_is_still_that_one() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut renditions = Vec::new();
        for _ in 0..2 {
            let blob_id = site.view(site.asset(site.root.id, "a").await).await.version.unwrap().blob.id;
            for plan in ["w640", "a:b", "W640", "é"] {
                let rendition = Rendition {
                    blob_id,
                    plan_key: plan.to_owned(),
                    key: BlobKey::Rendition(BlobId::random()),
                    media_type: content::MediaType::JPEG,
                    width: 3,
                    height: 2,
                    size: 1,
                    base: false,
                };
                site.catalog.add_rendition(&rendition, NOW).await.unwrap();
                renditions.push(rendition);
            }
        }
        let (mut after, mut told) = ((0, String::new()), Vec::new());
        while let Some(row) = site.catalog.rendition_rows((after.0, &after.1), 1).await.unwrap().pop() {
            after = (row.blob_id, row.plan_key.clone());
            told.push(row);
        }
        assert_eq!((told.len(), renditions.iter().all(|rendition| told.contains(rendition))), (8, true));
        assert_eq!(site.catalog.rendition_rows((0, ""), 99).await.unwrap(), told);
        let other = Rendition { key: BlobKey::Rendition(BlobId::random()), ..renditions[0].clone() };
        assert!(!site.catalog.drop_rendition(&other).await.unwrap());
        assert!(site.catalog.drop_rendition(&renditions[0]).await.unwrap());
        assert!(!site.catalog.drop_rendition(&renditions[0]).await.unwrap());
        assert_eq!(site.catalog.rendition_rows((0, ""), 99).await.unwrap().len(), 7);

        let upload = NewUpload {
            tenant_id: site.tenant.id,
            key: random_key(),
            realm: "botdoc".to_owned(),
            folder_id: site.root.id,
            name: "f".to_owned(),
            declared_bytes: None,
            detail: String::new(),
            created_by: site.user.id,
            expires_at: NOW,
        };
        let upload = site.catalog.add_upload(&upload, NOW).await.unwrap();
        for number in [2, 1, 3] {
            let part = UploadPart { number, blob_key: BlobId::random().to_string(), size: 7, md5: [9; 16] };
            site.catalog.add_upload_part(upload.id, &part).await.unwrap();
        }
        let parts = site.catalog.upload_part_rows((0, 0), 9).await.unwrap();
        assert!(parts.iter().all(|row| row.upload_id == upload.id));
        let told: Vec<_> = parts.iter().map(|row| row.part.clone()).collect();
        assert_eq!(told, site.catalog.upload_parts(upload.id, 0).await.unwrap());
        assert_eq!(site.catalog.upload_part_rows((upload.id, 1), 1).await.unwrap(), parts[1..2]);
    });
}

#[test]
fn files_without_their_bytes_are_found_and_bytes_without_a_file_die() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(site.asset(site.root.id, "a").await);
        }
        let their = theirs.asset(theirs.root.id, "a").await;
        let blob = |asset: &store::assets::Asset| asset.version.as_ref().unwrap().blob.id;
        let (lost, unwanted) = (site.view(ids[0]).await, site.view(ids[1]).await);
        // A version before the current one may have dead bytes too.
        site.catalog.add_version(site.tenant.id, ids[2], &site.new_version(1), &at(NOW)).await.unwrap();
        let dead = site.catalog.blob_rows(0, 9).await.unwrap()[2].id;
        let rows = format!(
            "update assets set version_number = 2 where id = {}; update blobs set dead_at = 1 where id = {dead}; \
             delete from versions where asset_id = {}; update versions set blob_id = {} where asset_id = {}",
            ids[0],
            ids[1],
            blob(&site.view(their).await),
            ids[3],
        );
        spoil(database, rows).await;
        let broken = |id, fault| BrokenAsset { id, tenant_id: site.tenant.id, faults: vec![fault] };
        let expected = [
            broken(ids[0], NoVersion),
            broken(ids[1], NoVersion),
            broken(ids[2], DeadBytes),
            broken(ids[3], AssetFault::Tenant),
        ];
        assert_eq!(site.catalog.broken_assets(0, 9).await.unwrap(), expected);
        assert_eq!(site.catalog.broken_assets(ids[0], 2).await.unwrap(), expected[1..3]);

        for id in [blob(&lost), blob(&unwanted)] {
            site.catalog.bury_blob(id, NOW + 5).await.unwrap();
        }
        let row = async |id| site.catalog.blob_row(id).await.unwrap().unwrap();
        assert_eq!(row(blob(&lost)).await.dead_at, None, "a version has it");
        assert_eq!(row(blob(&unwanted)).await.dead_at, Some(NOW + 5));
    });
}

#[test]
fn a_library_at_work_raises_no_false_alarm() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let space = site.space("space").await;
        let workers = (0..4).map(|_| {
            let site = site.clone();
            tokio::spawn(async move {
                for _ in 0..8 {
                    let folder = site.folder(space.id, "f").await;
                    let (file, gone) = (site.asset(folder.id, "a").await, site.asset(space.id, "a").await);
                    site.catalog.add_version(site.tenant.id, file, &site.new_version(3), &at(NOW)).await.unwrap();
                    site.move_asset(gone, folder.id, "b").await.unwrap();
                    site.trash_asset(gone).await.unwrap();
                    site.trash_folder(folder.id).await.unwrap();
                    site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW)).await.unwrap();
                    while site.catalog.purge_some_of_folder(site.tenant.id, folder.id, 1, NOW).await.unwrap() {}
                }
            })
        });
        let work = tokio::spawn(join_all(workers));
        let mut looks = 0;
        while !work.is_finished() || looks == 0 {
            assert_clean(&beside).await;
            looks += 1;
        }
        work.await.unwrap().into_iter().for_each(Result::unwrap);
        eprintln!("{looks} looks");
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}
