//! Where a page of the latest begins: what the tallies say is what counting one by one says.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::{AnyConnection, AssertSqlSafe};
use store::search::NameSearch;

use super::{
    engines::{Database, on_each_engine},
    fill::fill_assets,
    samples::{Site, at, slug},
    soundness::assert_sound,
};

/// Counts one by one, and compares: the starts of pages, the count, and the page behind a start.
async fn compare(database: &Database, site: &Site) {
    let id = site.tenant.id;
    let living = format!(
        "select a.id from assets a join folders f on f.id = a.folder_id where a.tenant_id = {id} \
         and a.state = 'ready' and a.deleted_at is null and f.trashed_root is null order by a.id desc"
    );
    let mut conn: AnyConnection = database.connect().await;
    let ids: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(living)).fetch_all(&mut conn).await.unwrap();
    let start = async |skip: usize| site.catalog.asset_page_start(id, skip as u64).await.unwrap();
    assert_eq!(start(0).await, Some(i64::MAX));
    for skip in (1..=ids.len()).filter(|skip| skip % 37 == 1 || *skip < 30 || skip + 30 > ids.len()) {
        assert_eq!(start(skip).await, Some(ids[skip - 1]), "behind {skip} of {}", ids.len());
    }
    for skip in [ids.len() + 1, ids.len() + 5_000] {
        assert_eq!(start(skip).await, None, "behind {skip} of {}", ids.len());
    }
    assert_eq!(site.catalog.asset_page_start(id, u64::MAX).await.unwrap(), None);
    assert_eq!(site.catalog.count_tenant_assets(id).await.unwrap(), ids.len() as u64);
    if let Some(before) = start(ids.len() / 2).await {
        let search = NameSearch { tenant_id: id, term: "", under: None, trashed: false, before, limit: 5 };
        let page = site.catalog.search_assets(&search).await.unwrap().found;
        let expected: Vec<_> = ids.iter().skip(ids.len() / 2).take(5).copied().collect();
        assert_eq!(page.iter().map(|asset| asset.id).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn pages_begin_where_counting_says_whatever_goes_into_the_trash_and_comes_back() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (id, now) = (site.tenant.id, at(1));
        compare(database, &site).await;
        let top = site.folder(site.root.id, "top").await;
        let (one, two) = (site.folder(top.id, "one").await, site.folder(top.id, "two").await);
        let mut conn = database.connect().await;
        // Runs of ids that are one folder's, that several share, and that are hardly anybody's.
        fill_assets(&mut conn, (id, one.id), 10_000, 700, 3, "a").await;
        fill_assets(&mut conn, (id, two.id), 10_001, 700, 3, "b").await;
        fill_assets(&mut conn, (theirs.tenant.id, theirs.root.id), 10_002, 700, 3, "c").await;
        fill_assets(&mut conn, (id, one.id), 50_000, 1_100, 1, "d").await;
        fill_assets(&mut conn, (id, site.root.id), 60_000, 300, 1_777, "e").await;
        fill_assets(&mut conn, (id, two.id), 60_001, 300, 1_777, "f").await;
        for site in [&site, &theirs] {
            compare(database, site).await;
        }
        site.trash_folder(two.id).await.unwrap();
        compare(database, &site).await;
        for asset_id in [10_000, 50_000, 50_500, 60_000 + 299 * 1_777] {
            site.trash_asset(asset_id).await.unwrap();
        }
        compare(database, &site).await;
        site.trash_folder(top.id).await.unwrap();
        compare(database, &site).await;
        site.catalog.restore_folder(id, top.id, &slug("top"), &now).await.unwrap();
        site.catalog.restore_asset(id, 50_500, &slug("d"), &now).await.unwrap();
        site.move_asset(50_000 + 1_000, site.root.id, "moved").await.unwrap();
        compare(database, &site).await;
        site.catalog.restore_folder(id, two.id, &slug("two"), &now).await.unwrap();
        compare(database, &site).await;
        site.trash_folder(one.id).await.unwrap();
        site.catalog.purge_folder(id, one.id, &now).await.unwrap();
        compare(database, &site).await;
        while site.catalog.purge_some_of_folder(id, one.id, 400, 1).await.unwrap() {
            compare(database, &site).await;
        }
        compare(database, &theirs).await;
    });
}

#[test]
fn pages_of_few_begin_where_counting_says() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "folder").await;
        for place in [site.root.id, folder.id, folder.id, site.root.id] {
            let id = site.asset(place, "a").await;
            compare(database, &site).await;
            site.trash_asset(id).await.unwrap();
            compare(database, &site).await;
            site.catalog.restore_asset(site.tenant.id, id, &slug("a"), &at(1)).await.unwrap();
        }
        site.trash_folder(folder.id).await.unwrap();
        compare(database, &site).await;
        assert_sound(&mut database.connect().await).await;
    });
}
