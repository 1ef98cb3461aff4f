//! The end of an asset's bytes while its row stays: what goes with them, what is told of them, and that bytes which others
//! have stay.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun, Result,
    assets::{AssetChange, AssetCopy, AssetState, Description, NewAsset, Removal, RemovalWish, Scan},
    audit::{Action, Stamp},
    blobs::BlobKey,
    jobs::{JobState, Work},
    links::NewLink,
    paths::Missing,
    rules::Ruled,
    search::NameSearch,
};

use super::{
    chunk_samples::begin,
    engines::{Database, NOW, on_each_engine},
    samples::{Site, assert_fails, at, random_key, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

const SEEN: RemovalWish = RemovalWish { hidden: false, shred_at: NOW + 9 };
const HIDDEN: RemovalWish = RemovalWish { hidden: true, ..SEEN };

async fn remove(site: &Site, id: i64, wish: RemovalWish) -> Result<()> {
    let stamp = Stamp { address: Some("192.0.2.7".to_owned()), ..at(NOW + 5) };
    site.catalog.remove_asset(site.tenant.id, id, wish, &stamp).await
}

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

/// The blobs that are to be shredded.
async fn doomed(site: &Site) -> Vec<i64> {
    let mut blobs = Vec::new();
    for job in site.catalog.jobs(JobState::Waiting, 0, 99).await.unwrap() {
        let Work::ShredBlob { blob_id, blob_key } = job.work else { continue };
        assert_eq!((job.tenant_id, job.run_at), (Some(site.tenant.id), NOW + 9));
        let blob = site.catalog.blob_row(blob_id).await.unwrap().unwrap();
        assert_eq!((blob.key.id().to_string(), blob.dead_at), (blob_key, Some(NOW + 5)));
        blobs.push(blob_id);
    }
    blobs
}

async fn blob_of(site: &Site, id: i64) -> (i64, BlobKey) {
    let blob = site.view(id).await.version.unwrap().blob;
    (blob.id, blob.key)
}

fn new_link(site: &Site, asset_id: i64, version_id: i64) -> NewLink {
    NewLink {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "mediapocket".to_owned(),
        asset_id,
        version_id,
        plan_key: None,
        file_name: "a".to_owned(),
        use_limit: None,
        created_by: site.user.id,
        expires_at: None,
        password_hash: None,
        private: None,
    }
}

#[test]
fn its_bytes_go_for_good_and_its_row_tells_what_there_was() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let (asset_id, other) = (site.asset(site.root.id, "a.jpg").await, site.asset(site.root.id, "b.jpg").await);
        let (earlier, _) = blob_of(&site, asset_id).await;
        catalog.add_version(id, asset_id, &site.new_version(77), &at(NOW)).await.unwrap();
        let version = site.view(asset_id).await.version.unwrap();
        let link = new_link(&site, asset_id, version.id);
        catalog.add_link(&link, &at(NOW)).await.unwrap();
        catalog.change_tags(asset_id, &["red".to_owned()], &[]).await.unwrap();
        remove(&site, asset_id, SEEN).await.unwrap();

        let asset = site.view(asset_id).await;
        assert_eq!((asset.state, asset.version, asset.deleted_at), (AssetState::Removed, None, None));
        assert_eq!((asset.name.as_str(), asset.updated_at), ("a.jpg", NOW + 5));
        let told = Removal {
            asset_id,
            removed_at: NOW + 5,
            address: Some("192.0.2.7".to_owned()),
            media_type: version.media_type,
            size: version.blob.size,
            md5: version.blob.digest.md5,
        };
        assert_eq!(catalog.removals(&[other, asset_id, 9_999]).await.unwrap(), [told]);
        assert_eq!(catalog.link(&link.key).await.unwrap(), None);
        assert_eq!(catalog.tags(asset_id).await.unwrap(), ["red"]);
        // Another takes its name.
        let next = site.asset(site.root.id, "a.jpg").await;
        assert_eq!(site.slug_of(next).await, "a.jpg");
        assert_eq!(catalog.count_folder_rows(id, site.root.id).await.unwrap(), 3);
        assert_eq!(catalog.count_folder_assets(id, site.root.id).await.unwrap(), 2);
        assert_eq!(catalog.latest_assets(id, content::Family::Image, i64::MAX, 9).await.unwrap().len(), 2);
        let search =
            NameSearch { tenant_id: id, term: "a.jpg", under: None, trashed: false, before: i64::MAX, limit: 9 };
        assert_eq!(catalog.search_assets(&search).await.unwrap().found.len(), 1);
        let lines = catalog.audit(id, 0, 99).await.unwrap();
        let line = lines.iter().find(|line| line.action == Action::Purge).unwrap();
        assert_eq!((line.noun, line.noun_id, line.stamp.now_ms), (Noun::Asset, asset_id, NOW + 5));

        // All its versions went, and their bytes may go a little later.
        assert_eq!(doomed(&site).await, [earlier, version.blob.id]);
        assert_eq!(catalog.claim_job("one", NOW + 8, NOW + 99).await.unwrap(), None);
        let dead = catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap();
        assert!(dead.len() == 2 && dead.iter().all(|blob| blob.shred));
        for blob_id in doomed(&site).await {
            assert_eq!(catalog.delete_dead_blob(blob_id, NOW + 4).await.unwrap(), []);
            assert_eq!(catalog.delete_dead_blob(blob_id, NOW + 9).await.unwrap().len(), 1);
        }
        assert!(!catalog.knows_blob(version.blob.key).await.unwrap());
        assert_right(database).await;
    });
}

#[test]
fn what_is_removed_and_hidden_is_neither_in_lists_nor_in_the_trash() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let asset_id = site.asset(site.root.id, "a").await;
        remove(&site, asset_id, HIDDEN).await.unwrap();
        let asset = site.view(asset_id).await;
        assert_eq!((asset.state, asset.deleted_at), (AssetState::Removed, Some(NOW + 5)));
        assert_eq!(catalog.removals(&[asset_id]).await.unwrap().len(), 1);
        assert_eq!(catalog.listed_assets(id, i64::MAX, 9).await.unwrap(), []);
        assert_eq!(catalog.listed_assets_in(id, site.root.id, 0, 9).await.unwrap(), []);
        assert_eq!(catalog.count_folder_rows(id, site.root.id).await.unwrap(), 0);
        assert_eq!(catalog.count_tenant_rows(id).await.unwrap(), 0);
        assert_eq!(catalog.deleted_assets(id, (i64::MAX, 0), 9).await.unwrap(), []);
        for (term, trashed) in [("a", true), ("a", false), ("", true)] {
            let search = NameSearch { tenant_id: id, term, under: None, trashed, before: i64::MAX, limit: 9 };
            assert_eq!(catalog.search_assets(&search).await.unwrap().found, [], "{search:?}");
        }
        assert_right(database).await;
        // It may go with all that is left of it.
        catalog.purge_asset(id, asset_id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.removals(&[asset_id]).await.unwrap(), []);
        assert_right(database).await;
    });
}

#[test]
fn bytes_that_another_version_has_stay() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let wish = NewAsset { version: site.new_version(5), ..site.new_asset(site.root.id, "a") };
            ids.push(site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id);
        }
        let equal = NewAsset { version: theirs.new_version(5), ..theirs.new_asset(theirs.root.id, "a") };
        theirs.catalog.add_assets(&[equal], &at(NOW)).await.unwrap();
        let (blob_id, key) = blob_of(&site, ids[0]).await;
        // One has them in the trash, one as a version that was replaced.
        site.trash_asset(ids[1]).await.unwrap();
        site.catalog.add_version(site.tenant.id, ids[2], &site.new_version(6), &at(NOW)).await.unwrap();
        remove(&site, ids[0], SEEN).await.unwrap();
        assert_eq!((doomed(&site).await, site.catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap()), (vec![], vec![]));
        site.catalog.purge_asset(site.tenant.id, ids[1], &at(NOW)).await.unwrap();
        assert_eq!(doomed(&site).await, Vec::<i64>::new());
        let (new_blob, _) = blob_of(&site, ids[2]).await;
        remove(&site, ids[2], HIDDEN).await.unwrap();
        assert_eq!(doomed(&site).await, [blob_id, new_blob]);
        let other = site.asset(site.root.id, "other").await;
        site.trash_asset(other).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, other, &at(NOW)).await.unwrap();
        let dead = site.catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap();
        let shred: Vec<i64> = dead.iter().filter(|blob| blob.shred).map(|blob| blob.id).collect();
        assert_eq!((dead.len(), shred), (3, doomed(&site).await), "what the trash lets go of is no secret");
        // Equal bytes that come now are other bytes.
        let wish = NewAsset { version: site.new_version(5), ..site.new_asset(site.root.id, "a") };
        let added = site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0];
        assert!(added.kept_blob);
        assert_eq!(site.catalog.delete_dead_blob(blob_id, NOW + 9).await.unwrap(), [key]);
        assert_ne!(blob_of(&site, added.asset_id).await.1, key);
        assert_right(database).await;
    });
}

#[test]
fn what_has_no_bytes_or_is_in_the_trash_or_is_anothers_is_not_removed() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = site.folder(site.root.id, "f").await;
        let shut = site.asset(folder.id, "a").await;
        site.trash_folder(folder.id).await.unwrap();
        let trashed = site.asset(site.root.id, "a").await;
        site.trash_asset(trashed).await.unwrap();
        let uploading = begin(&site, site.root.id, "a", 2).await.asset_id;
        let removed = site.asset(site.root.id, "a").await;
        remove(&site, removed, SEEN).await.unwrap();
        let their = theirs.asset(theirs.root.id, "a").await;
        let jobs = doomed(&site).await;
        for id in [uploading, removed, their, 9_999] {
            for wish in [SEEN, HIDDEN] {
                assert_fails!(remove(&site, id, wish).await, Error::Missing(Noun::Asset));
            }
        }
        // Only what ends by its time does so in the trash too.
        for id in [shut, trashed] {
            assert_fails!(remove(&site, id, HIDDEN).await, Error::Missing(Noun::Asset));
        }
        assert_eq!(doomed(&site).await, jobs);
        assert!(theirs.view(their).await.version.is_some());
        assert_right(database).await;
    });
}

#[test]
fn nothing_is_done_to_what_has_no_bytes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let mut bare = vec![begin(&site, site.root.id, "a", 2).await.asset_id];
        for wish in [SEEN, HIDDEN] {
            bare.push(site.asset(site.root.id, "a").await);
            remove(&site, *bare.last().unwrap(), wish).await.unwrap();
        }
        let rename = AssetChange {
            seen: None,
            name: Some(("b".to_owned(), "b".to_owned())),
            folder_id: None,
            missing: Missing::default(),
            slug: slug("b"),
            fields: Vec::new(),
        };
        let copy = AssetCopy {
            folder_id: folder.id,
            missing: Missing::default(),
            name: None,
            slug: slug("c"),
            key_prefix: random_key()[..10].to_owned(),
            created_by: site.user.id,
        };
        let lines = database.number("select count(*) from audit").await;
        for asset_id in bare {
            let before = site.view(asset_id).await;
            let outcomes = [
                catalog.restore_asset(id, asset_id, &slug("a"), &at(NOW)).await,
                site.move_asset(asset_id, folder.id, "a").await,
                catalog.change_asset(id, asset_id, &rename, &at(NOW)).await,
                site.trash_asset(asset_id).await,
                catalog.add_version(id, asset_id, &site.new_version(1), &at(NOW)).await.map(drop),
                catalog.limit_asset(id, asset_id, Some(1), None, &at(NOW)).await,
                catalog.describe_asset(id, asset_id, &Description::default(), &at(NOW)).await,
                catalog.set_rules(id, Ruled::Asset(asset_id), Some(&[]), &at(NOW)).await,
                catalog.copy_asset(id, asset_id, &copy, &at(NOW)).await.map(drop),
            ];
            for (number, outcome) in outcomes.into_iter().enumerate() {
                assert!(matches!(outcome, Err(Error::Missing(Noun::Asset))), "{number}: {outcome:?}");
            }
            assert_eq!(site.view(asset_id).await, before);
            assert_eq!(database.number("select count(*) from audit").await, lines);
        }
        assert_right(database).await;
    });
}

#[test]
fn what_is_found_infected_after_its_bytes_are_gone_stays_where_it_is() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let uploading = begin(&site, site.root.id, "a", 2).await.asset_id;
        let removed = site.asset(site.root.id, "a").await;
        remove(&site, removed, SEEN).await.unwrap();
        for id in [uploading, removed] {
            site.catalog.set_scan(site.tenant.id, id, Scan::Infected, &at(NOW)).await.unwrap();
            assert!(site.view(id).await.lives());
        }
        assert_right(database).await;
    });
}

#[test]
fn what_is_left_goes_with_its_folder_and_takes_no_name_along() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        for wish in [SEEN, HIDDEN] {
            let gone = site.asset(folder.id, "a").await;
            remove(&site, gone, wish).await.unwrap();
        }
        let next = site.asset(folder.id, "a").await;
        begin(&site, folder.id, "a", 2).await;
        site.trash_folder(folder.id).await.unwrap();
        assert_eq!(catalog.count_tenant_rows(id).await.unwrap(), 0);
        assert_eq!(catalog.count_folder_rows(id, folder.id).await.unwrap(), 3);
        assert_right(database).await;
        catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!((catalog.count_tenant_rows(id).await.unwrap(), site.slug_of(next).await), (3, "a".to_owned()));
        site.trash_folder(folder.id).await.unwrap();
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        while catalog.purge_some_of_folder(id, folder.id, 1, NOW).await.unwrap() {
            assert_right(database).await;
        }
        assert_eq!(database.number("select count(*) from assets").await, 0);
        assert_eq!(database.number("select count(*) from removals").await, 0);
    });
}

#[test]
fn many_removals_are_told_of_at_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes: Vec<_> = (0..70).map(|_| site.new_asset(site.root.id, "a")).collect();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        let ids: Vec<i64> = added.iter().map(|added| added.asset_id).collect();
        for id in ids.iter().step_by(2) {
            remove(&site, *id, SEEN).await.unwrap();
        }
        let mut told = site.catalog.removals(&ids).await.unwrap();
        told.sort_unstable_by_key(|removal| removal.asset_id);
        let expected: Vec<i64> = ids.iter().step_by(2).copied().collect();
        assert_eq!(told.iter().map(|removal| removal.asset_id).collect::<Vec<_>>(), expected);
        assert_eq!(site.catalog.removals(&[]).await.unwrap(), []);
    });
}

#[test]
fn of_those_who_remove_trash_and_send_the_same_bytes_at_once_each_gets_what_is_theirs() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = site.through(&database.open_again().await);
        for round in 0..30 {
            let wish = NewAsset { version: site.new_version(round), ..site.new_asset(site.root.id, "a") };
            let id = site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
            let removers = [(&site, SEEN), (&beside, HIDDEN), (&site, HIDDEN), (&beside, SEEN)].map(|(site, wish)| {
                let site = site.clone();
                tokio::spawn(async move { remove(&site, id, wish).await })
            });
            let (other, trasher) = (beside.clone(), beside.clone());
            let sender = tokio::spawn(async move {
                let wish = NewAsset { version: other.new_version(round), ..other.new_asset(other.root.id, "a") };
                other.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id
            });
            let trashed = tokio::spawn(async move { trasher.trash_asset(id).await });
            let mut done = 0;
            for outcome in join_all(removers).await {
                match outcome.unwrap() {
                    Ok(()) => done += 1,
                    Err(Error::Missing(Noun::Asset)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            // In the trash or not: what ends by its time does so once.
            assert_eq!(done, 1);
            assert!(matches!(trashed.await.unwrap(), Ok(()) | Err(Error::Missing(Noun::Asset))));
            let sent = sender.await.unwrap();
            assert!(site.view(sent).await.version.is_some());
            assert_right(database).await;
        }
        // Those that others have are not among those that are to go.
        for blob_id in doomed(&site).await {
            assert_eq!(site.catalog.delete_dead_blob(blob_id, NOW + 9).await.unwrap().len(), 1);
        }
        assert_right(database).await;
        beside.catalog.close().await;
    });
}
