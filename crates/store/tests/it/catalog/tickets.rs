//! Ways to bytes that are counted when they are given out: what each of them gives free, and taking up what broke off.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Error, Noun, downloads::Download};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

/// 100 bytes that go by one ticket.
const fn by_ticket(assets: &[i64]) -> Download<'_> {
    Download {
        assets,
        caller: "ticket",
        address: None,
        tag: "etag",
        size: 100,
        resumed_bytes: None,
        now_ms: NOW,
        begun_after_ms: NOW - 1_000,
        adds_up: true,
    }
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
fn bytes_are_free_as_often_as_they_were_counted_under_one_ticket() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let (id, other) = (limited(&site, 9).await, limited(&site, 9).await);
        let (assets, others) = ([id], [other]);
        for _ in 0..2 {
            assert!(catalog.spend_download(&by_ticket(&assets)).await.unwrap());
            assert!(catalog.spend_download(&Download { adds_up: false, ..by_ticket(&others) }).await.unwrap());
        }
        assert!(!catalog.resume_download(&by_ticket(&assets), 201).await.unwrap());
        for _ in 0..2 {
            assert!(catalog.resume_download(&by_ticket(&assets), 100).await.unwrap());
        }
        assert!(!catalog.resume_download(&by_ticket(&assets), 1).await.unwrap());
        // Whoever does not add up begins anew.
        assert!(!catalog.resume_download(&by_ticket(&others), 101).await.unwrap());
        assert!(catalog.resume_download(&by_ticket(&others), 100).await.unwrap());
        assert!(!catalog.resume_download(&by_ticket(&others), 1).await.unwrap());
        assert_eq!((count(&site, id).await, count(&site, other).await), (2, 2));
    });
}

#[test]
fn a_ticket_holds_for_its_bytes_and_its_time() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = limited(&site, 9).await;
        let assets = [id];
        assert!(site.catalog.spend_download(&by_ticket(&assets)).await.unwrap());
        let good = by_ticket(&assets);
        let others = [
            Download { caller: "another ticket", ..good.clone() },
            Download { tag: "other bytes", ..good.clone() },
            Download { begun_after_ms: NOW, ..good.clone() },
            Download { assets: &[9_999], ..good.clone() },
        ];
        for other in others {
            assert!(!site.catalog.resume_download(&other, 1).await.unwrap(), "{other:?}");
        }
        assert!(!site.catalog.resume_download(&good, u64::MAX).await.unwrap());
        assert!(site.catalog.resume_download(&Download { begun_after_ms: NOW - 1, ..good.clone() }, 60).await.unwrap());
        // Where they add up, the time is that of the last.
        let later = Download { now_ms: NOW + 500, begun_after_ms: NOW + 499, ..good };
        assert!(!site.catalog.resume_download(&later, 1).await.unwrap());
        assert!(site.catalog.spend_download(&later).await.unwrap());
        assert!(site.catalog.resume_download(&later, 140).await.unwrap());
        assert!(!site.catalog.resume_download(&later, 1).await.unwrap());
        assert_eq!(count(&site, id).await, 2);
    });
}

#[test]
fn a_download_that_was_counted_in_another_way_is_taken_up_as_if_it_were_ones_own() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let id = limited(&site, 9).await;
        let assets = [id];
        let own = Download { caller: "ann", adds_up: false, ..by_ticket(&assets) };
        assert!(!catalog.resume_download(&own, 1).await.unwrap());
        catalog.begin_download(&own).await.unwrap();
        assert_eq!((count(&site, id).await, catalog.logged_downloads(&assets).await.unwrap().len()), (0, 0));
        assert!(catalog.spend_download(&Download { resumed_bytes: Some(70), ..own.clone() }).await.unwrap());
        assert_eq!(count(&site, id).await, 0);
        // Begun once more, as much is free as the body has, and no more.
        catalog.begin_download(&own).await.unwrap();
        assert!(!catalog.resume_download(&own, 101).await.unwrap());
        assert!(catalog.resume_download(&own, 100).await.unwrap());
        // Nothing left: it counts.
        assert!(catalog.spend_download(&Download { resumed_bytes: Some(1), ..own.clone() }).await.unwrap());
        assert_eq!(count(&site, id).await, 1);
        let gone = catalog.begin_download(&Download { assets: &[9_999], ..own }).await;
        assert_fails!(gone, Error::Missing(Noun::Asset));
    });
}

#[test]
fn of_a_body_of_several_files_all_are_taken_up_or_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let (a, b) = (limited(&site, 9).await, limited(&site, 9).await);
        catalog.begin_download(&by_ticket(&[b, a])).await.unwrap();
        assert!(catalog.resume_download(&by_ticket(&[b]), 60).await.unwrap());
        assert!(!catalog.resume_download(&by_ticket(&[b, a]), 50).await.unwrap());
        assert!(catalog.resume_download(&by_ticket(&[a]), 100).await.unwrap(), "the refusal took none of it");
        assert!(catalog.resume_download(&by_ticket(&[b]), 40).await.unwrap());
        assert!(catalog.resume_download(&by_ticket(&[]), 1).await.unwrap());
    });
}

#[test]
fn a_ticket_is_good_for_its_bytes_however_many_come_with_it_at_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let id = limited(&site, 9).await;
        let takers = (0..60).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            tokio::spawn(async move {
                let assets = [id];
                // One of twenty is counted while the others take what these give.
                match number % 20 {
                    0 => (catalog.spend_download(&by_ticket(&assets)).await.unwrap(), 0),
                    _ => (true, u64::from(catalog.resume_download(&by_ticket(&assets), 30).await.unwrap())),
                }
            })
        });
        let taken: Vec<_> = join_all(takers).await.into_iter().map(Result::unwrap).collect();
        assert!(taken.iter().all(|(counted, _)| *counted));
        let free = 30 * taken.iter().map(|(_, free)| free).sum::<u64>();
        let left = u64::try_from(database.number("select free_bytes from downloads").await).unwrap();
        assert_eq!(free + left, 300);
        assert_eq!(count(&site, id).await, 3);
        beside.close().await;
    });
}
