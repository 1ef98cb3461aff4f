//! Things in the trash that have an end of their own there.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun,
    assets::{RemovalWish, Scan},
    paths::Seen,
};

use super::{
    engines::{NOW, on_each_engine},
    placeholder_samples::placeholder,
    samples::{Site, assert_fails, at, slug},
    soundness::assert_sound,
};

async fn trash_until(site: &Site, id: i64, purge_at: i64) {
    site.catalog.trash_asset_at(site.tenant.id, id, (None, Some(purge_at)), &at(NOW)).await.unwrap();
}

/// Which are to be purged by then, and whose they are.
async fn due(site: &Site, now: i64) -> Vec<(i64, i64)> {
    site.catalog.assets_to_purge(now, 9).await.unwrap()
}

#[test]
fn what_lies_in_the_trash_until_a_time_is_due_at_its_millisecond() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (a, b) = (site.asset(site.root.id, "a").await, placeholder(&site, site.root.id, "b").await);
        let (their, without) = (theirs.asset(theirs.root.id, "a").await, site.asset(site.root.id, "c").await);
        trash_until(&site, a, NOW + 20).await;
        trash_until(&site, b, NOW + 10).await;
        trash_until(&theirs, their, NOW + 15).await;
        site.trash_asset(without).await.unwrap();
        assert_eq!((site.view(a).await.purge_at, site.view(without).await.purge_at), (Some(NOW + 20), None));
        let (id, their_id) = (site.tenant.id, theirs.tenant.id);
        for (now, expected) in [
            (9, vec![]),
            (10, vec![(id, b)]),
            (15, vec![(id, b), (their_id, their)]),
            (19, vec![(id, b), (their_id, their)]),
            (20, vec![(id, b), (their_id, their), (id, a)]),
            (9_999, vec![(id, b), (their_id, their), (id, a)]),
        ] {
            assert_eq!(due(&site, NOW + now).await, expected, "after {now} ms");
        }
        assert_eq!(site.catalog.assets_to_purge(NOW + 20, 2).await.unwrap(), [(id, b), (their_id, their)]);
        for (tenant_id, asset_id) in due(&site, NOW + 20).await {
            site.catalog.purge_asset(tenant_id, asset_id, &at(NOW + 20)).await.unwrap();
        }
        assert_eq!(due(&site, NOW + 20).await, []);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn an_end_in_the_trash_is_over_with_the_trash() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        for asset_id in [site.asset(site.root.id, "a").await, placeholder(&site, site.root.id, "b").await] {
            trash_until(&site, asset_id, NOW + 5).await;
            catalog.restore_asset(id, asset_id, &slug("a"), &at(NOW)).await.unwrap();
            assert_eq!((site.view(asset_id).await.purge_at, due(&site, NOW + 5).await), (None, vec![]));
            // The next time it lies there for as long as all the rest.
            site.trash_asset(asset_id).await.unwrap();
            assert_eq!(due(&site, i64::MAX).await, []);
            catalog.restore_asset(id, asset_id, &slug("a"), &at(NOW)).await.unwrap();
            // Already there, it does not get another end.
            trash_until(&site, asset_id, NOW + 5).await;
            let again = catalog.trash_asset_at(id, asset_id, (None, Some(NOW + 9)), &at(NOW)).await;
            assert_fails!(again, Error::Missing(Noun::Asset));
            assert_eq!(due(&site, NOW + 5).await, [(id, asset_id)]);
            catalog.set_scan(id, asset_id, Scan::Clean, &at(NOW)).await.unwrap();
            assert_eq!(site.view(asset_id).await.purge_at, Some(NOW + 5));
            catalog.purge_asset(id, asset_id, &at(NOW)).await.unwrap();
        }
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn an_end_in_the_trash_holds_in_a_folder_that_is_there_too_until_that_is_purged() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let (a, b) = (site.asset(folder.id, "a").await, site.asset(folder.id, "b").await);
        trash_until(&site, a, NOW + 5).await;
        trash_until(&site, b, NOW + 6).await;
        site.trash_folder(folder.id).await.unwrap();
        assert_eq!(due(&site, NOW + 5).await, [(id, a)]);
        catalog.purge_asset(id, a, &at(NOW + 5)).await.unwrap();
        catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(due(&site, NOW + 6).await, [(id, b)]);
        site.trash_folder(folder.id).await.unwrap();
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        assert_eq!(due(&site, NOW + 6).await, [], "it goes with its folder");
        while catalog.purge_some_of_folder(id, folder.id, 9, NOW).await.unwrap() {}
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_has_no_end_of_its_own_there_is_old_by_its_age() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let old = async |until, limit| catalog.old_trash(id, until, limit).await.unwrap();
        let mut trashed = Vec::new();
        for now in [3, 1, 2] {
            trashed.push(match now {
                1 => placeholder(&site, site.root.id, "a").await,
                2 => site.asset(folder.id, "a").await,
                _ => site.asset(site.root.id, "a").await,
            });
            catalog.trash_asset(id, *trashed.last().unwrap(), &at(NOW + now)).await.unwrap();
        }
        trash_until(&site, site.asset(site.root.id, "b").await, NOW + 9_999).await;
        theirs.trash_asset(theirs.asset(theirs.root.id, "a").await).await.unwrap();
        // What is gone for good and hidden has no other end.
        let wish = RemovalWish { hidden: true, shred_at: NOW };
        catalog.remove_asset(id, site.asset(site.root.id, "c").await, wish, &at(NOW)).await.unwrap();
        assert_eq!(old(NOW, 9).await, [0; 0]);
        assert_eq!(old(NOW + 2, 9).await, trashed[1..]);
        assert_eq!(old(NOW + 3, 9).await, [trashed[1], trashed[2], trashed[0]]);
        assert_eq!(old(NOW + 3, 1).await, trashed[1..2]);
        site.trash_folder(folder.id).await.unwrap();
        assert_eq!(old(NOW + 3, 9).await.len(), 3);
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        assert_eq!(old(NOW + 3, 9).await, [trashed[1], trashed[0]]);
    });
}

#[test]
fn what_is_not_where_it_was_seen_is_not_trashed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let asset_id = site.asset(site.root.id, "a").await;
        let seen = |slug: &str| Seen { folder_id: site.root.id, slug: slug.to_owned() };
        let elsewhere = catalog.trash_asset_at(id, asset_id, (Some(&seen("b")), Some(NOW)), &at(NOW)).await;
        assert_fails!(elsewhere, Error::Missing(Noun::Asset));
        assert_eq!((site.view(asset_id).await.deleted_at, site.view(asset_id).await.purge_at), (None, None));
        catalog.trash_asset_at(id, asset_id, (Some(&seen("a")), Some(NOW)), &at(NOW)).await.unwrap();
        assert_eq!(due(&site, NOW).await, [(id, asset_id)]);
    });
}
