//! Following a link: it gives what is there and nothing else, counts itself and the asset, both or neither, and who came by it
//! is known for a while.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    assets::{RemovalWish, Scan},
    downloads::Download,
    links::{Link, NewLink, NewVisit, VisitOutcome},
};

use super::{
    engines::{NOW, on_each_engine},
    links::{new_link, visit},
    samples::{Site, assert_fails, at, slug},
    soundness::assert_sound,
    verify::spoil,
};

/// A body of 100 bytes that a link leads to.
const fn body(assets: &[i64]) -> Download<'_> {
    Download {
        assets,
        caller: "ticket",
        address: Some("192.0.2.7"),
        tag: "etag",
        size: 100,
        resumed_bytes: None,
        now_ms: NOW,
        begun_after_ms: NOW - 1_000,
        adds_up: true,
    }
}

async fn link_to(site: &Site, asset_id: i64, use_limit: Option<i64>) -> Link {
    let wish = NewLink { use_limit, ..new_link(site, asset_id).await };
    site.catalog.add_link(&wish, &at(NOW)).await.unwrap()
}

async fn limited(site: &Site, limit: i64) -> i64 {
    let id = site.asset(site.root.id, "a").await;
    site.catalog.limit_asset(site.tenant.id, id, Some(limit), None, &at(NOW)).await.unwrap();
    id
}

/// Uses of a link and downloads of an asset that were counted.
async fn counts(site: &Site, link: &Link, asset_id: i64) -> (i64, i64) {
    let link = site.catalog.link(&link.key).await.unwrap().unwrap();
    (link.use_count, site.view(asset_id).await.download_count)
}

#[test]
fn a_link_gives_what_lives_and_nothing_else() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let asset_id = site.asset(folder.id, "a").await;
        let link = link_to(&site, asset_id, None).await;
        let works = async || catalog.spend_link(&link.key, None, &visit(NOW)).await.unwrap().is_some();
        assert!(works().await);
        site.trash_asset(asset_id).await.unwrap();
        assert!(!works().await, "in the trash");
        catalog.restore_asset(id, asset_id, &slug("a"), &at(NOW)).await.unwrap();
        assert!(works().await);
        site.trash_folder(folder.id).await.unwrap();
        assert!(!works().await, "its folder is in the trash");
        catalog.restore_folder(id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert!(works().await);
        // What is infected goes in the trash; by hand it comes out of there.
        catalog.set_scan(id, asset_id, Scan::Infected, &at(NOW)).await.unwrap();
        assert!(!works().await, "infected");
        spoil(database, format!("update assets set deleted_at = null where id = {asset_id}")).await;
        assert!(!works().await, "infected, wherever it lies");
        spoil(database, format!("update assets set deleted_at = 1 where id = {asset_id}")).await;
        for scan in [Scan::Queued, Scan::Clean, Scan::Unscanned] {
            catalog.set_scan(id, asset_id, scan, &at(NOW)).await.unwrap();
        }
        // Nobody had put it there, so it is back.
        assert!(works().await);
        site.trash_folder(folder.id).await.unwrap();
        catalog.purge_folder(id, folder.id, &at(NOW)).await.unwrap();
        assert!(!works().await, "its folder is purged");
        assert_eq!(catalog.link(&link.key).await.unwrap().unwrap().use_count, 4);
        while catalog.purge_some_of_folder(id, folder.id, 9, NOW).await.unwrap() {}
        assert_eq!(catalog.link(&link.key).await.unwrap(), None);
        assert_eq!(database.number("select count(*) from link_visits").await, 0);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_link_ends_with_its_asset_at_the_millisecond() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let asset_id = site.asset(site.root.id, "a").await;
        let link = link_to(&site, asset_id, None).await;
        catalog.limit_asset(id, asset_id, None, Some(NOW + 10), &at(NOW)).await.unwrap();
        let spend = async |now| catalog.spend_link(&link.key, None, &visit(now)).await.unwrap();
        assert_eq!(spend(NOW + 9).await.unwrap().use_count, 1);
        assert_eq!(spend(NOW + 10).await, None);
        // It is whichever ends first that counts.
        let wish = NewLink { expires_at: Some(NOW + 5), ..new_link(&site, asset_id).await };
        let short = catalog.add_link(&wish, &at(NOW)).await.unwrap();
        assert!(catalog.spend_link(&short.key, None, &visit(NOW + 4)).await.unwrap().is_some());
        assert_eq!(catalog.spend_link(&short.key, None, &visit(NOW + 5)).await.unwrap(), None);
        catalog.limit_asset(id, asset_id, None, None, &at(NOW)).await.unwrap();
        assert_eq!(spend(NOW + 10).await.unwrap().use_count, 2);
        // Where bytes are gone for good, so is the way to them.
        let wish = RemovalWish { hidden: false, shred_at: NOW };
        catalog.remove_asset(id, asset_id, wish, &at(NOW)).await.unwrap();
        assert_eq!(spend(NOW).await, None);
        assert_eq!(catalog.link(&link.key).await.unwrap(), None);
    });
}

#[test]
fn a_use_and_a_download_are_counted_both_or_neither() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        // The asset allows less, then the link does.
        for (uses, downloads) in [(3, 1), (1, 3)] {
            let asset_id = limited(&site, downloads).await;
            let (link, assets) = (link_to(&site, asset_id, Some(uses)).await, [asset_id]);
            let spend = async || catalog.spend_link(&link.key, Some(&body(&assets)), &visit(NOW)).await.unwrap();
            assert_eq!(spend().await.unwrap().use_count, 1);
            for _ in 0..2 {
                assert_eq!(spend().await, None);
                assert_eq!(counts(&site, &link, asset_id).await, (1, 1));
            }
            assert_eq!(catalog.logged_downloads(&assets).await.unwrap().len(), 1);
            assert_eq!(catalog.visits(link.id, 0, 9).await.unwrap().len(), 1);
            assert!(catalog.resume_download(&body(&assets), 100).await.unwrap());
            assert!(!catalog.resume_download(&body(&assets), 1).await.unwrap());
        }
        // Two that both allow one more, and then both do not.
        let asset_id = limited(&site, 2).await;
        let (link, assets) = (link_to(&site, asset_id, Some(2)).await, [asset_id]);
        for expected in [Some(1), Some(2), None] {
            let spent = catalog.spend_link(&link.key, Some(&body(&assets)), &visit(NOW)).await.unwrap();
            assert_eq!(spent.map(|link| link.use_count), expected);
        }
        assert_eq!(counts(&site, &link, asset_id).await, (2, 2));
        assert_eq!(catalog.spend_link("nobody", Some(&body(&assets)), &visit(NOW)).await.unwrap(), None);
        assert_eq!(counts(&site, &link, asset_id).await, (2, 2));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn of_two_hundred_at_once_so_many_get_it_as_the_asset_allows() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let asset_id = limited(&site, 50).await;
        let link = link_to(&site, asset_id, Some(100)).await;
        let uses = (0..200).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            let key = link.key.clone();
            tokio::spawn(async move {
                let assets = [asset_id];
                catalog.spend_link(&key, Some(&body(&assets)), &visit(NOW)).await.unwrap().is_some()
            })
        });
        let spent = join_all(uses).await.into_iter().filter(|spent| *spent.as_ref().unwrap()).count();
        assert_eq!(spent, 50);
        assert_eq!(counts(&site, &link, asset_id).await, (50, 50));
        assert_eq!(site.catalog.visits(link.id, 0, 999).await.unwrap().len(), 50);
        assert_eq!(site.catalog.logged_downloads(&[asset_id]).await.unwrap().len(), 50);
        assert_eq!(database.number("select free_bytes from downloads").await, 50 * 100);
        beside.close().await;
    });
}

#[test]
fn links_and_callers_that_share_an_asset_never_get_more_than_it_allows() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = limited(&site, 40).await;
        let links = [link_to(&site, asset_id, Some(15)).await, link_to(&site, asset_id, None).await];
        let uses = (0..120).map(|number| {
            let (catalog, key) = (site.catalog.clone(), links[number % 2].key.clone());
            tokio::spawn(async move {
                let assets = [asset_id];
                match number % 3 {
                    0 => catalog.spend_download(&body(&assets)).await.unwrap(),
                    _ => catalog.spend_link(&key, Some(&body(&assets)), &visit(NOW)).await.unwrap().is_some(),
                }
            })
        });
        let spent = join_all(uses).await.into_iter().filter(|spent| *spent.as_ref().unwrap()).count();
        assert_eq!((spent, site.view(asset_id).await.download_count), (40, 40));
        let narrow = site.catalog.link(&links[0].key).await.unwrap().unwrap();
        assert!(narrow.use_count <= 15, "{}", narrow.use_count);
        for link in &links {
            let uses = site.catalog.link(&link.key).await.unwrap().unwrap().use_count;
            assert_eq!(site.catalog.visits(link.id, 0, 999).await.unwrap().len() as i64, uses);
        }
    });
}

#[test]
fn a_link_that_is_followed_while_its_asset_ends_gives_it_or_does_not() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        for round in 0..25 {
            let asset_id = limited(&site, 100).await;
            let link = link_to(&site, asset_id, None).await;
            let followers = (0..8).map(|number| {
                let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
                let link = link.clone();
                tokio::spawn(async move {
                    let assets = [asset_id];
                    if number % 4 == 3 {
                        let noted = catalog.add_visit(link.id, &visit(NOW), VisitOutcome::Looked).await;
                        return assert!(matches!(noted, Ok(()) | Err(Error::Missing(Noun::Link))), "{noted:?}");
                    }
                    catalog.spend_link(&link.key, Some(&body(&assets)), &visit(NOW)).await.unwrap();
                })
            });
            let ender = async {
                if round % 2 == 0 {
                    site.trash_asset(asset_id).await.unwrap();
                    site.catalog.purge_asset(site.tenant.id, asset_id, &at(NOW)).await.unwrap();
                } else {
                    let wish = RemovalWish { hidden: true, shred_at: NOW };
                    site.catalog.remove_asset(site.tenant.id, asset_id, wish, &at(NOW)).await.unwrap();
                }
            };
            let (followers, ()) = tokio::join!(join_all(followers), ender);
            followers.into_iter().for_each(Result::unwrap);
            assert_eq!(site.catalog.link(&link.key).await.unwrap(), None);
        }
        assert_eq!(database.number("select count(*) from link_visits").await, 0);
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}

#[test]
fn who_came_by_a_link_is_known_with_what_they_got() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let asset_id = site.asset(site.root.id, "a").await;
        let (link, other) = (link_to(&site, asset_id, Some(1)).await, link_to(&site, asset_id, None).await);
        let plain = NewVisit { address: None, user_agent: None, made_at: NOW + 1 };
        catalog.add_visit(link.id, &plain, VisitOutcome::Looked).await.unwrap();
        assert!(catalog.spend_link(&link.key, None, &visit(NOW + 2)).await.unwrap().is_some());
        // Whoever is not counted is noted by the caller, who knows why.
        assert!(catalog.spend_link(&link.key, None, &visit(NOW + 3)).await.unwrap().is_none());
        catalog.add_visit(link.id, &visit(NOW + 3), VisitOutcome::Refused).await.unwrap();
        catalog.add_visit(other.id, &visit(NOW + 4), VisitOutcome::Looked).await.unwrap();
        let visits = catalog.visits(link.id, 0, 9).await.unwrap();
        let told: Vec<_> = visits.iter().map(|visit| (visit.made_at - NOW, visit.outcome)).collect();
        assert_eq!(told, [(1, VisitOutcome::Looked), (2, VisitOutcome::Followed), (3, VisitOutcome::Refused)]);
        assert_eq!((visits[0].address.as_deref(), visits[0].user_agent.as_deref()), (None, None));
        assert_eq!((visits[1].address.as_deref(), visits[1].user_agent.as_deref()), (Some("192.0.2.7"), Some("curl")));
        assert!(visits.iter().all(|visit| visit.link_id == link.id));
        assert_eq!(catalog.visits(link.id, visits[0].id, 1).await.unwrap(), visits[1..2]);
        assert_eq!(catalog.link(&link.key).await.unwrap().unwrap().use_count, 1);
        let nobody = catalog.add_visit(9_999, &visit(NOW), VisitOutcome::Looked).await;
        assert_fails!(nobody, Error::Missing(Noun::Link));
    });
}

#[test]
fn who_came_long_ago_is_forgotten() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let asset_id = site.asset(site.root.id, "a").await;
        let link = link_to(&site, asset_id, None).await;
        for now in 0..4 {
            assert!(catalog.spend_link(&link.key, None, &visit(NOW + now)).await.unwrap().is_some());
        }
        assert_eq!(catalog.forget_visits(NOW).await.unwrap(), 0);
        assert_eq!(catalog.forget_visits(NOW + 2).await.unwrap(), 2);
        let left = catalog.visits(link.id, 0, 9).await.unwrap();
        assert_eq!(left.iter().map(|visit| visit.made_at).collect::<Vec<_>>(), [NOW + 2, NOW + 3]);
        assert_eq!(catalog.link(&link.key).await.unwrap().unwrap().use_count, 4, "uses stay counted");
    });
}
