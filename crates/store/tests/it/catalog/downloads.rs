//! Counting downloads: a limit is a limit, and what was counted may be taken up again.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::downloads::Download;

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at},
};

const HOUR_MS: i64 = 3_600_000;

/// A whole body of 100 bytes, taken by Ann.
const fn whole(assets: &[i64]) -> Download<'_> {
    Download {
        assets,
        caller: "ann",
        address: Some("192.0.2.7"),
        tag: "etag",
        size: 100,
        resumed_bytes: None,
        now_ms: NOW,
        begun_after_ms: NOW - HOUR_MS,
        adds_up: false,
    }
}

/// The last so many bytes of it.
const fn rest(assets: &[i64], bytes: u64) -> Download<'_> {
    Download { resumed_bytes: Some(bytes), ..whole(assets) }
}

async fn limited(site: &Site, limit: i64) -> i64 {
    let id = site.asset(site.root.id, "a").await;
    site.catalog.limit_asset(site.tenant.id, id, Some(limit), None, &at(NOW)).await.unwrap();
    id
}

async fn count(site: &Site, id: i64) -> i64 {
    site.view(id).await.download_count
}

#[test]
fn two_hundred_parallel_downloads_of_a_limit_of_five_give_five() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let id = limited(&site, 5).await;
        let spends = (0..200).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            tokio::spawn(async move {
                let (caller, assets) = (format!("caller {}", number % 50), [id]);
                // Half of them claim to go on with something; nothing was begun that they could go on with.
                let resumed_bytes = (number % 4 < 2).then_some(101);
                let download = Download { caller: &caller, resumed_bytes, ..whole(&assets) };
                catalog.spend_download(&download).await.unwrap()
            })
        });
        let spent = join_all(spends).await.into_iter().filter(|spent| *spent.as_ref().unwrap()).count();
        assert_eq!((spent, count(&site, id).await), (5, 5));
        beside.close().await;
    });
}

#[test]
fn limit_and_end_are_set_and_taken_away_and_hold_at_their_millisecond() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let id = limited(&site, 0).await;
        let (assets, catalog) = ([id], &site.catalog);
        assert!(!catalog.spend_download(&whole(&assets)).await.unwrap());
        catalog.limit_asset(site.tenant.id, id, None, Some(NOW + 1), &at(NOW + 7)).await.unwrap();
        let asset = site.view(id).await;
        assert_eq!((asset.download_limit, asset.expires_at, asset.updated_at), (None, Some(NOW + 1), NOW + 7));
        assert!(catalog.spend_download(&whole(&assets)).await.unwrap());
        assert!(!catalog.spend_download(&Download { now_ms: NOW + 1, ..whole(&assets) }).await.unwrap());
        catalog.limit_asset(site.tenant.id, id, None, None, &at(NOW)).await.unwrap();
        assert!(catalog.spend_download(&Download { now_ms: NOW + 1, ..whole(&assets) }).await.unwrap());
        assert_eq!(count(&site, id).await, 2);

        let other = catalog.limit_asset(theirs.tenant.id, id, Some(1), None, &at(NOW)).await;
        assert!(matches!(other, Err(store::Error::Missing(store::Noun::Asset))), "{other:?}");
        site.trash_asset(id).await.unwrap();
        assert!(!catalog.spend_download(&whole(&assets)).await.unwrap());
        assert!(!catalog.spend_download(&whole(&[9_999])).await.unwrap());
    });
}

#[test]
fn a_body_of_several_files_counts_all_of_them_or_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (roomy, narrow) = (limited(&site, 9).await, limited(&site, 1).await);
        let both = [narrow, roomy];
        assert!(site.catalog.spend_download(&whole(&both)).await.unwrap());
        assert!(!site.catalog.spend_download(&whole(&both)).await.unwrap());
        assert_eq!((count(&site, roomy).await, count(&site, narrow).await), (1, 1));
        // A body that holds more files than the one that was counted does not go on with it.
        let more = [narrow, roomy, limited(&site, 9).await];
        assert!(!site.catalog.spend_download(&rest(&more, 1)).await.unwrap());
        assert!(site.catalog.spend_download(&rest(&both, 100)).await.unwrap());
        assert!(!site.catalog.spend_download(&rest(&both, 1)).await.unwrap());
        assert_eq!((count(&site, roomy).await, count(&site, narrow).await), (1, 1));
        assert!(site.catalog.spend_download(&whole(&[])).await.unwrap());
    });
}

#[test]
fn many_files_in_opposite_order_are_all_counted() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (a, b) = (limited(&site, 100).await, limited(&site, 100).await);
        let spends = (0..20).map(|number| {
            let (catalog, assets) = (site.catalog.clone(), if number % 2 == 0 { [a, b] } else { [b, a] });
            tokio::spawn(async move { catalog.spend_download(&whole(&assets)).await.unwrap() })
        });
        assert!(join_all(spends).await.into_iter().all(Result::unwrap));
        assert_eq!((count(&site, a).await, count(&site, b).await), (20, 20));
    });
}

#[test]
fn only_what_was_counted_is_taken_up_again_by_the_same_caller_for_the_same_bytes_in_time() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = limited(&site, 1).await;
        let assets = [id];
        let catalog = &site.catalog;
        assert!(catalog.spend_download(&whole(&assets)).await.unwrap());
        let good = rest(&assets, 10);
        assert!(catalog.spend_download(&good).await.unwrap());
        let others = [
            Download { caller: "ben", ..good.clone() },
            Download { tag: "other", ..good.clone() },
            Download { begun_after_ms: NOW, ..good.clone() },
            Download { resumed_bytes: None, ..good.clone() },
            Download { resumed_bytes: Some(91), ..good.clone() },
            Download { resumed_bytes: Some(u64::MAX), ..good.clone() },
        ];
        for other in others {
            assert!(!catalog.spend_download(&other).await.unwrap(), "{other:?}");
        }
        assert!(catalog.spend_download(&Download { begun_after_ms: NOW - 1, ..good.clone() }).await.unwrap());
        assert!(catalog.spend_download(&rest(&assets, 80)).await.unwrap(), "80 of 100 bytes are left");
        assert!(!catalog.spend_download(&rest(&assets, 1)).await.unwrap(), "all free bytes are spent");
        assert_eq!(count(&site, id).await, 1);

        // Where the limit allows one more, the same request counts, and what it does not take is free.
        catalog.limit_asset(site.tenant.id, id, Some(2), None, &at(NOW)).await.unwrap();
        assert!(catalog.spend_download(&rest(&assets, 1)).await.unwrap());
        assert_eq!(count(&site, id).await, 2);
        assert!(!catalog.spend_download(&rest(&assets, 100)).await.unwrap());
        assert!(catalog.spend_download(&rest(&assets, 99)).await.unwrap());
        assert!(!catalog.spend_download(&rest(&assets, 1)).await.unwrap());
        // One that takes more than there is leaves nothing.
        catalog.limit_asset(site.tenant.id, id, Some(3), None, &at(NOW)).await.unwrap();
        assert!(catalog.spend_download(&rest(&assets, u64::MAX)).await.unwrap());
        assert!(!catalog.spend_download(&rest(&assets, 1)).await.unwrap());
        assert_eq!(count(&site, id).await, 3);
    });
}

#[test]
fn free_bytes_are_given_once_however_many_ask_at_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = limited(&site, 1).await;
        assert!(site.catalog.spend_download(&whole(&[id])).await.unwrap());
        let resumes = (0..40).map(|_| {
            let catalog = site.catalog.clone();
            tokio::spawn(async move { catalog.spend_download(&rest(&[id], 10)).await.unwrap() })
        });
        let free = join_all(resumes).await.into_iter().filter(|free| *free.as_ref().unwrap()).count();
        assert_eq!((free, count(&site, id).await), (10, 1));
    });
}

#[test]
fn old_downloads_are_forgotten() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (old, new) = (limited(&site, 1).await, limited(&site, 1).await);
        assert!(site.catalog.spend_download(&whole(&[old])).await.unwrap());
        assert!(site.catalog.spend_download(&Download { now_ms: NOW + 1, ..whole(&[new]) }).await.unwrap());
        assert_eq!(site.catalog.forget_downloads(NOW - 1).await.unwrap(), 0);
        assert_eq!(site.catalog.forget_downloads(NOW).await.unwrap(), 1);
        assert!(!site.catalog.spend_download(&rest(&[old], 1)).await.unwrap());
        assert!(site.catalog.spend_download(&rest(&[new], 1)).await.unwrap());
    });
}

#[test]
fn downloads_that_were_counted_elsewhere_are_added() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (a, b) = (site.asset(site.root.id, "a").await, site.asset(site.root.id, "b").await);
        let before = site.view(a).await;
        let adds = (0..20).map(|number| {
            let (catalog, forth) = (site.catalog.clone(), number % 2 == 0);
            let downloads = if forth { [(a, 2), (b, 1), (9_999, 7)] } else { [(9_999, 7), (b, 1), (a, 2)] };
            tokio::spawn(async move { catalog.add_downloads(&downloads).await.unwrap() })
        });
        join_all(adds).await.into_iter().for_each(Result::unwrap);
        site.catalog.add_downloads(&[]).await.unwrap();
        assert_eq!((count(&site, a).await, count(&site, b).await), (40, 20));
        assert_eq!(site.view(a).await.updated_at, before.updated_at, "to be read is no change");
    });
}

#[test]
fn each_counted_download_is_logged_with_its_time_and_address() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes: Vec<_> = (0..40).map(|_| site.new_asset(site.root.id, "a")).collect();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        let ids: Vec<i64> = added.iter().map(|added| added.asset_id).collect();
        let (first, last) = (ids[0], ids[39]);
        for id in [first, last] {
            site.catalog.limit_asset(site.tenant.id, id, Some(2), None, &at(NOW)).await.unwrap();
        }
        let spend = async |assets: &[i64], address, now| {
            let download = Download { address, now_ms: NOW + now, ..whole(assets) };
            site.catalog.spend_download(&download).await.unwrap()
        };
        assert!(spend(&[last], Some("192.0.2.7"), 1).await);
        assert!(spend(&[first], None, 2).await);
        assert!(spend(&[last, first], Some("2001:db8::1"), 3).await);
        // Neither is counted: one goes on, the other is one too many.
        assert!(site.catalog.spend_download(&rest(&[last], 50)).await.unwrap());
        assert!(!spend(&[last], Some("192.0.2.8"), 4).await);
        let logged = site.catalog.logged_downloads(&ids).await.unwrap();
        let told: Vec<_> =
            logged.iter().map(|line| (line.asset_id, line.made_at - NOW, line.address.as_deref())).collect();
        let both = Some("2001:db8::1");
        assert_eq!(told, [(last, 1, Some("192.0.2.7")), (first, 2, None), (first, 3, both), (last, 3, both)]);
        assert!(logged.is_sorted_by_key(|line| line.id));
        assert_eq!(site.catalog.logged_downloads(&[ids[1]]).await.unwrap(), []);
        // It outlives what may be taken up again, and goes with its asset.
        site.catalog.forget_downloads(NOW + 9).await.unwrap();
        assert_eq!(site.catalog.logged_downloads(&[first]).await.unwrap().len(), 2);
        site.trash_asset(first).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, first, &at(NOW)).await.unwrap();
        assert_eq!(database.number("select count(*) from download_log").await, 2);
    });
}
