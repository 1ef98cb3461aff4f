//! What ends by itself: files whose time is over, and files in which a virus was found.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    assets::{Asset, Scan},
    audit::Action,
};

use super::{
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
        let over = async |when, limit| site.catalog.expired_assets(NOW + when, limit).await.unwrap();
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
        assert_eq!(site.catalog.expired_assets(NOW + 2, 2).await.unwrap(), [(site.tenant.id, living)]);
        site.catalog.restore_folder(site.tenant.id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(site.catalog.expired_assets(NOW + 2, 9).await.unwrap().len(), 4);
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
        verdict(id, Scan::Clean, 4).await.unwrap();
        assert_eq!(site.view(id).await.deleted_at, Some(NOW + 2));
        site.catalog.restore_asset(site.tenant.id, id, &slug("a"), &at(NOW)).await.unwrap();

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
