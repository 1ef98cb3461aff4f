//! What ends by itself: files whose time is over, and files in which a virus was found.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    assets::{Asset, AssetState, Expired, NewAsset, RemovalWish, Scan, Terms},
    audit::Action,
    uploads::NewChunked,
};

use super::{
    chunk_samples::{chunk, end, gather, new_chunked},
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, slug},
    soundness::assert_sound,
};

async fn ends_at(site: &Site, folder_id: i64, when: i64) -> i64 {
    let id = site.asset(folder_id, "a").await;
    site.catalog.limit_asset(site.tenant.id, id, None, Some(NOW + when), &at(NOW)).await.unwrap();
    id
}

#[test]
fn files_are_over_at_their_millisecond_longest_first() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let late = ends_at(&site, site.root.id, 30).await;
        let early = ends_at(&site, site.root.id, 10).await;
        let their = ends_at(&theirs, theirs.root.id, 20).await;
        site.asset(site.root.id, "for ever").await;
        let over = async |when, limit| {
            let expired = site.catalog.expired_assets(NOW + when, limit).await.unwrap();
            expired.into_iter().map(|one| (one.tenant_id, one.id)).collect::<Vec<_>>()
        };
        assert_eq!(over(9, 9).await, []);
        assert_eq!(over(10, 9).await, [(site.tenant.id, early)]);
        let all = [(site.tenant.id, early), (theirs.tenant.id, their), (site.tenant.id, late)];
        assert_eq!(over(30, 9).await, all);
        assert_eq!(over(30, 2).await, all[..2]);
        site.trash_asset(early).await.unwrap();
        assert_eq!(over(30, 9).await, all[1..]);
    });
}

#[test]
fn what_is_over_in_the_trash_of_its_folder_is_no_work_until_the_folder_comes_back() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        for _ in 0..3 {
            ends_at(&site, folder.id, 1).await;
        }
        let living = ends_at(&site, site.root.id, 2).await;
        site.trash_folder(folder.id).await.unwrap();
        // They can not be trashed, and would stand before all others for ever.
        let expected = Expired { tenant_id: site.tenant.id, id: living, for_good: false };
        assert_eq!(site.catalog.expired_assets(NOW + 2, 2).await.unwrap(), [expected]);
        site.catalog.restore_folder(site.tenant.id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(site.catalog.expired_assets(NOW + 2, 9).await.unwrap().len(), 4);
    });
}

#[test]
fn what_is_over_for_good_says_so_until_its_bytes_are_gone() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let mut expected = Vec::new();
        for (number, for_good) in [(1, true), (2, false), (3, true)] {
            let terms = Terms { download_limit: None, expires_at: Some(NOW + number), ends_for_good: for_good };
            let wish = NewAsset { terms, ..site.new_asset(site.root.id, "a") };
            let asset_id = catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
            expected.push(Expired { tenant_id: id, id: asset_id, for_good });
        }
        // One on its way has no bytes that could go, until they are there.
        let terms = Terms { download_limit: None, expires_at: Some(NOW + 4), ends_for_good: true };
        let wish = NewChunked { terms, ..new_chunked(&site, site.root.id, "b", 2) };
        let upload = catalog.begin_chunked(&wish, &chunk(1), &at(NOW)).await.unwrap();
        let over = async || catalog.expired_assets(NOW + 9, 9).await.unwrap();
        assert_eq!(over().await, expected);
        gather(&site, &upload).await;
        end(&site, &upload).await.unwrap();
        expected.push(Expired { tenant_id: id, id: upload.asset_id, for_good: true });
        assert_eq!(over().await, expected);
        // Another time is another time, and no other end.
        catalog.limit_asset(id, expected[0].id, None, Some(NOW + 8), &at(NOW)).await.unwrap();
        expected.rotate_left(1);
        assert_eq!(over().await, expected);
        for one in expected {
            let wish = RemovalWish { hidden: false, shred_at: NOW };
            catalog.remove_asset(id, one.id, wish, &at(NOW + 9)).await.unwrap();
        }
        assert_eq!(over().await, []);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_over_for_good_ends_in_the_trash_too() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let mut assets = Vec::new();
        for (folder_id, end) in [(site.root.id, 1), (folder.id, 2), (folder.id, 3)] {
            let terms = Terms { download_limit: None, expires_at: Some(NOW + end), ends_for_good: true };
            let wish = NewAsset { terms, ..site.new_asset(folder_id, "a") };
            assets.push(catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id);
        }
        site.trash_asset(assets[0]).await.unwrap();
        site.trash_asset(assets[1]).await.unwrap();
        site.trash_folder(folder.id).await.unwrap();
        let expired = catalog.expired_assets(NOW + 3, 9).await.unwrap();
        let expected: Vec<_> =
            assets.iter().map(|id| Expired { tenant_id: site.tenant.id, id: *id, for_good: true }).collect();
        assert_eq!(expired, expected);
        let (over, asked_for) =
            (RemovalWish { hidden: false, shred_at: NOW }, RemovalWish { hidden: true, shred_at: NOW });
        for (asset_id, deleted_at) in [(assets[0], Some(NOW)), (assets[1], Some(NOW)), (assets[2], None)] {
            // Somebody who asks for it does not see it.
            assert_fails!(
                catalog.remove_asset(id, asset_id, asked_for, &at(NOW + 9)).await,
                Error::Missing(Noun::Asset)
            );
            catalog.remove_asset(id, asset_id, over, &at(NOW + 9)).await.unwrap();
            let asset = site.view(asset_id).await;
            assert_eq!((asset.state, asset.version, asset.deleted_at), (AssetState::Removed, None, deleted_at));
            assert_fails!(catalog.remove_asset(id, asset_id, over, &at(NOW + 9)).await, Error::Missing(Noun::Asset));
            assert_sound(&mut database.connect().await).await;
        }
        assert_eq!(catalog.expired_assets(NOW + 3, 9).await.unwrap(), []);
        catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(catalog.listed_assets_in(id, folder.id, 0, 9).await.unwrap().len(), 1);
        assert_fails!(
            site.catalog.restore_asset(id, assets[0], &slug("a"), &at(NOW)).await,
            Error::Missing(Noun::Asset)
        );
        // Of a purged folder, nothing is left to remove.
        let wish = NewAsset {
            terms: Terms { download_limit: None, expires_at: Some(NOW), ends_for_good: true },
            ..site.new_asset(folder.id, "late")
        };
        let late = catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
        site.trash_folder(folder.id).await.unwrap();
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.expired_assets(NOW + 3, 9).await.unwrap(), []);
        assert_fails!(catalog.remove_asset(id, late, over, &at(NOW + 9)).await, Error::Missing(Noun::Asset));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_verdict_is_kept_and_what_is_infected_goes_in_the_trash_at_once() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let id = site.asset(site.root.id, "a").await;
        let before = site.view(id).await;
        let verdict = async |id, scan, when| site.catalog.set_scan(site.tenant.id, id, scan, &at(NOW + when)).await;
        for scan in [Scan::Queued, Scan::Clean, Scan::Unscanned] {
            verdict(id, scan, 1).await.unwrap();
            assert_eq!(site.view(id).await, Asset { scan, ..before.clone() });
        }
        verdict(id, Scan::Infected, 2).await.unwrap();
        let asset = site.view(id).await;
        assert_eq!((asset.scan, asset.deleted_at), (Scan::Infected, Some(NOW + 2)));
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 0);
        // A second verdict changes nothing but itself.
        verdict(id, Scan::Infected, 3).await.unwrap();
        assert_eq!(site.view(id).await, asset);
        // Nobody had put it there.
        verdict(id, Scan::Clean, 4).await.unwrap();
        assert_eq!(site.view(id).await.deleted_at, None);

        let their = theirs.asset(theirs.root.id, "a").await;
        assert_fails!(verdict(their, Scan::Infected, 1).await, Error::Missing(Noun::Asset));
        assert_fails!(verdict(9_999, Scan::Infected, 1).await, Error::Missing(Noun::Asset));
        assert!(theirs.view(their).await.lives());
        let audit = site.catalog.audit(site.tenant.id, 0, 99).await.unwrap();
        let count = |action| audit.iter().filter(|line| line.action == action).count();
        assert_eq!((count(Action::Scan), count(Action::Trash)), (6, 1));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_found_infected_in_the_trash_of_its_folder_does_not_come_back_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let id = site.asset(folder.id, "a").await;
        site.trash_folder(folder.id).await.unwrap();
        site.catalog.set_scan(site.tenant.id, id, Scan::Infected, &at(NOW)).await.unwrap();
        site.catalog.restore_folder(site.tenant.id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert!(!site.view(id).await.lives());
        assert_eq!(site.catalog.folder_assets(folder.id, &START, 9).await.unwrap(), []);
        let restored = site.catalog.restore_asset(site.tenant.id, id, &slug("a"), &at(NOW)).await;
        assert_fails!(restored, Error::Refused(Refusal::Infected));
        assert_sound(&mut database.connect().await).await;
    });
}
