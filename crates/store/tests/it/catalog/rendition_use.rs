//! Renditions in use and idle ones: what is noted, what goes first, and a sum that is exact whatever happens.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::MediaType;
use futures_util::future::join_all;
use store::{
    Error, Noun,
    blobs::{BlobId, BlobKey},
    renditions::{BaseWish, Rendition, RenditionSum},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
    soundness::assert_sound,
    verify::spoil,
};

const HOUR: i64 = 60 * 60 * 1_000;

fn rendition(blob_id: i64, plan_key: &str, size: u64) -> Rendition {
    Rendition {
        blob_id,
        plan_key: plan_key.to_owned(),
        key: BlobKey::Rendition(BlobId::random()),
        media_type: MediaType::JPEG,
        width: 640,
        height: 480,
        size,
        base: false,
    }
}

async fn some_blob(site: &Site) -> i64 {
    let asset_id = site.asset(site.root.id, "a.jpg").await;
    site.view(asset_id).await.version.unwrap().blob.id
}

/// Renditions of one blob each, recorded one millisecond after another.
async fn renditions(site: &Site, count: i64) -> Vec<Rendition> {
    let mut made = Vec::new();
    for number in 0..count {
        let rendition = rendition(some_blob(site).await, "p", 10);
        assert!(site.catalog.add_rendition(&rendition, NOW + number).await.unwrap());
        made.push(rendition);
    }
    made
}

#[test]
fn those_go_first_that_lay_idle_longest_and_none_that_was_used_meanwhile() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, made) = (&site.catalog, renditions(&site, 40).await);
        let idle = async |until_ms| {
            let (mut all, mut last) = (Vec::new(), None);
            while let Some(next) = catalog.idle_renditions(until_ms, last.as_ref(), 1).await.unwrap().pop() {
                all.push(next.rendition.clone());
                last = Some(next);
            }
            let at_once = catalog.idle_renditions(until_ms, None, 99).await.unwrap();
            assert_eq!(at_once.into_iter().map(|idle| idle.rendition).collect::<Vec<_>>(), all);
            all
        };
        assert_eq!(idle(NOW + 2).await, made[..3]);
        // A use within the hour is not written down; later ones are, many at once.
        let used: Vec<_> = made[..36].iter().map(|rendition| rendition.key).collect();
        catalog.use_renditions(&used, NOW + HOUR - 1).await.unwrap();
        assert_eq!(idle(NOW + 100).await, made);
        catalog.use_renditions(&used, NOW + HOUR + 35).await.unwrap();
        assert_eq!(idle(NOW + HOUR).await, made[36..]);
        assert_eq!(catalog.remove_renditions(&made, NOW + HOUR).await.unwrap().len(), 4);
        assert_eq!(catalog.remove_renditions(&made, NOW + HOUR).await.unwrap(), []);
        assert_eq!(catalog.rendition_sum().await.unwrap(), RenditionSum { count: 36, bytes: 360 });
        // Nor is another that took the place of the one that was to go.
        let gone = catalog.remove_renditions(&made[..1], i64::MAX).await.unwrap();
        assert_eq!(gone, made[..1]);
        let next = rendition(made[0].blob_id, "p", 7);
        assert!(catalog.add_rendition(&next, NOW).await.unwrap());
        assert_eq!(catalog.remove_renditions(&made[..1], i64::MAX).await.unwrap(), []);
        assert_eq!(catalog.rendition(next.blob_id, "p").await.unwrap(), Some(next));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn renditions_are_dropped_by_asset_tenant_and_all() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let catalog = &site.catalog;
        let asset_id = site.asset(site.root.id, "a.jpg").await;
        let first = site.view(asset_id).await.version.unwrap().blob.id;
        let unused = some_blob(&site).await;
        catalog.add_version(site.tenant.id, asset_id, &site.new_version(1), &at(NOW)).await.unwrap();
        let second = site.view(asset_id).await.version.unwrap().blob.id;
        let their = some_blob(&theirs).await;
        for blob_id in [first, second, their] {
            for plan in ["b", "a"] {
                catalog.add_rendition(&rendition(blob_id, plan, 5), NOW).await.unwrap();
            }
        }
        let blobs = async |tenant, after| catalog.rendered_blobs(tenant, after, 9).await.unwrap();
        let mut all = vec![first, second, their];
        all.sort_unstable();
        assert_eq!(blobs(None, 0).await, all);
        assert_eq!(blobs(None, all[0]).await, all[1..]);
        assert_eq!(blobs(Some(site.tenant.id), 0).await, [first, second]);
        assert_eq!(blobs(Some(site.tenant.id), first).await, [second]);
        assert_eq!(catalog.rendered_blobs_of_asset(asset_id).await.unwrap(), [first, second]);
        assert_fails!(catalog.rendered_blobs_of_asset(99_999).await, Error::Missing(Noun::Asset));
        let of_first = catalog.renditions_of_blob(first).await.unwrap();
        assert_eq!(of_first.iter().map(|rendition| rendition.plan_key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let mut removed = catalog.remove_renditions_of_blob(first).await.unwrap();
        removed.sort_unstable();
        let mut expected: Vec<_> = of_first.iter().map(|rendition| (rendition.key, 5)).collect();
        expected.sort_unstable();
        assert_eq!(removed, expected);
        for blob_id in [first, unused] {
            assert_eq!(catalog.remove_renditions_of_blob(blob_id).await.unwrap(), []);
        }
        assert_eq!(catalog.rendition_sum().await.unwrap(), RenditionSum { count: 4, bytes: 20 });
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_base_is_the_narrowest_that_is_large_enough_and_shows_through_where_it_must() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, blob_id) = (&site.catalog, some_blob(&site).await);
        let add = async |plan: &str, width, height, base, media_type| {
            let wish = Rendition { width, height, base, media_type, ..rendition(blob_id, plan, 1) };
            assert!(catalog.add_rendition(&wish, NOW).await.unwrap());
        };
        add("small", 640, 480, true, MediaType::JPEG).await;
        add("large", 1280, 960, true, MediaType::JPEG).await;
        add("clear", 1300, 975, true, MediaType::WEBP).await;
        add("cut", 700, 700, false, MediaType::PNG).await;
        let base = async |width, height, may_be_jpeg| {
            let wish = BaseWish { blob_id, width, height, may_be_jpeg };
            catalog.base_rendition(&wish).await.unwrap().map(|rendition| rendition.plan_key)
        };
        assert_eq!(base(640, 480, true).await.as_deref(), Some("small"));
        assert_eq!(base(640, 481, true).await.as_deref(), Some("large"));
        assert_eq!(base(641, 10, true).await.as_deref(), Some("large"));
        assert_eq!(base(10, 10, false).await.as_deref(), Some("clear"));
        assert_eq!(base(1301, 10, true).await, None);
        let other = BaseWish { blob_id: blob_id + 1, width: 1, height: 1, may_be_jpeg: true };
        assert_eq!(catalog.base_rendition(&other).await.unwrap(), None);
    });
}

#[test]
fn the_sum_is_exact_after_parallel_changes_and_deaths() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let lives = (0..24).map(|number: i64| {
            let (site, other) = (site.clone(), site.through(&beside));
            tokio::spawn(async move {
                let asset_id = site.asset(site.root.id, "a.jpg").await;
                let blob_id = site.view(asset_id).await.version.unwrap().blob.id;
                let (one, two) = (rendition(blob_id, "one", 1), rendition(blob_id, "two", 100));
                let same = rendition(blob_id, "one", 1);
                let added = tokio::join!(
                    site.catalog.add_rendition(&one, NOW),
                    other.catalog.add_rendition(&same, NOW),
                    other.catalog.add_rendition(&two, NOW)
                );
                assert!(added.0.unwrap() != added.1.unwrap() && added.2.unwrap());
                match number % 3 {
                    0 => {}
                    1 => {
                        let both = [two.clone(), two];
                        let gone = tokio::join!(
                            site.catalog.remove_renditions(&both, NOW),
                            other.catalog.remove_renditions(&both, NOW)
                        );
                        assert_eq!(gone.0.unwrap().len() + gone.1.unwrap().len(), 1);
                    }
                    _ => {
                        site.trash_asset(asset_id).await.unwrap();
                        site.catalog.purge_asset(site.tenant.id, asset_id, &at(NOW)).await.unwrap();
                        // A blob dies while somebody still records what was drawn of it.
                        let late = rendition(blob_id, "late", 7);
                        let (keys, late) = tokio::join!(
                            site.catalog.delete_dead_blob(blob_id, NOW),
                            other.catalog.add_rendition(&late, NOW)
                        );
                        match late {
                            Ok(added) => assert_eq!((added, keys.unwrap().len()), (true, 4)),
                            Err(Error::Missing(Noun::Asset)) => assert_eq!(keys.unwrap().len(), 3),
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                }
            })
        });
        for life in join_all(lives).await {
            life.unwrap();
        }
        assert_eq!(site.catalog.rendition_sum().await.unwrap(), RenditionSum { count: 24, bytes: 8 * 101 + 8 });
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}

#[test]
fn a_sum_that_is_wrong_is_found_and_counted_anew() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, made) = (&site.catalog, renditions(&site, 3).await);
        assert_eq!(catalog.wrong_rendition_sums().await.unwrap(), []);
        let (lost, wrong) = (made[0].blob_id % 16, made[1].blob_id % 16);
        let spoilt = format!(
            "delete from rendition_tallies where slot = {lost}; \
             update rendition_tallies set bytes = bytes + 1 where slot = {wrong}"
        );
        spoil(database, spoilt).await;
        let mut found = catalog.wrong_rendition_sums().await.unwrap();
        found.sort_unstable_by_key(|sum| sum.slot != lost);
        let told: Vec<_> = found.iter().map(|sum| (sum.slot, sum.kept, sum.counted)).collect();
        assert_eq!(told, [(lost, (0, 0), (1, 10)), (wrong, (1, 11), (1, 10))]);
        for sum in found {
            catalog.recount_renditions(sum.slot).await.unwrap();
        }
        assert_eq!(catalog.wrong_rendition_sums().await.unwrap(), []);
        assert_eq!(catalog.rendition_sum().await.unwrap(), RenditionSum { count: 3, bytes: 30 });
    });
}

#[test]
fn living_images_are_listed_page_by_page() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = site.folder(site.root.id, "f").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(site.asset(site.root.id, "a.jpg").await);
        }
        let mut text = site.new_asset(site.root.id, "t.txt");
        text.version.pixels = None;
        text.version.media_type = MediaType::of("text/plain");
        site.catalog.add_assets(&[text], &at(NOW)).await.unwrap();
        let (gone, shut) = (site.asset(site.root.id, "b.jpg").await, site.asset(folder.id, "c.jpg").await);
        theirs.asset(theirs.root.id, "d.jpg").await;
        site.trash_asset(gone).await.unwrap();
        let list = async |after, limit| site.catalog.image_assets(site.tenant.id, after, limit).await.unwrap();
        assert_eq!(list(0, 9).await, [ids[0], ids[1], ids[2], shut]);
        site.trash_folder(folder.id).await.unwrap();
        assert_eq!(list(0, 9).await, ids);
        assert_eq!((list(0, 2).await, list(ids[1], 2).await), (ids[..2].to_vec(), ids[2..].to_vec()));
    });
}
