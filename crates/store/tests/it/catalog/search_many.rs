//! Searches among so many rows that no look at all of them would do: each call looks at some, and says where to go on.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::search::NameSearch;

use super::{
    engines::{NOW, on_each_engine},
    fill::{FIRST_FILLED, fill_assets, fill_folders},
    samples::{Site, at},
    search::{EVERYTHING, asset_pages, everything, folder_pages, naive},
};

#[test]
fn a_search_among_very_many_ends_soon_and_goes_on_where_it_ended() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut conn = database.connect().await;
        let (shelf, heap) = (site.folder(site.root.id, "shelf").await, site.folder(site.root.id, "heap").await);
        let id = site.tenant.id;
        // From the oldest on: few of a rare name, many of a common one, and then those that go into the trash.
        fill_assets(&mut conn, (id, shelf.id), FIRST_FILLED, 30, 1, "needle").await;
        fill_assets(&mut conn, (id, shelf.id), 2 * FIRST_FILLED, 23_000, 2, "straw").await;
        fill_assets(&mut conn, (theirs.tenant.id, theirs.root.id), 2 * FIRST_FILLED + 1, 3_000, 2, "straw").await;
        fill_assets(&mut conn, (id, heap.id), 3 * FIRST_FILLED, 21_000, 1, "straw").await;
        sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();
        site.trash_folder(heap.id).await.unwrap();
        let gone = "update assets set deleted_at = 1 where id >= 2000000 and id < 2003000 and id % 4 = 0";
        sqlx::raw_sql(gone).execute(&mut conn).await.unwrap();

        let (assets, _) = everything(&mut conn, id).await;
        for term in ["", "st", "straw", "straw-1", "-12", "needle", "ne", "nothing", "no", "w-2299"] {
            for (under, trashed) in [(None, false), (None, true), (Some(&shelf), false), (Some(&shelf), true)] {
                let under = under.map(|folder| folder.path.as_str());
                let search = NameSearch { tenant_id: id, term, under, trashed, limit: 500, ..EVERYTHING };
                let expected = naive(&assets, &search, |asset, top| asset.path.starts_with(top));
                let (found, looks) = asset_pages(&site, &search).await;
                assert!(found == expected, "{search:?}: {} instead of {}", found.len(), expected.len());
                // Each look is at some twenty thousand rows, or ends with a full page.
                let most = expected.len() / 500 + 4;
                assert!(looks <= most, "{search:?}: {looks} looks for {} hits", expected.len());
            }
        }

        // The newest lie in the trash: what a first look passes over is bounded, and the second finds the living.
        let latest = NameSearch { tenant_id: id, limit: 20, ..EVERYTHING };
        let hits = site.catalog.search_assets(&latest).await.unwrap();
        assert_eq!((hits.found.len(), hits.next.is_some()), (0, true));
        let hits = site.catalog.search_assets(&NameSearch { before: hits.next.unwrap(), ..latest }).await.unwrap();
        assert_eq!((hits.found.len(), hits.found[0].id), (20, 2_045_998));
    });
}

#[test]
fn very_many_folders_are_searched_likewise() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let named = site.folder(site.root.id, "named").await;
        let inside = site.folder(named.id, "inside box-1").await;
        fill_folders(&mut conn, &site, FIRST_FILLED, 1_500, false).await;
        fill_folders(&mut conn, &site, 2 * FIRST_FILLED, 21_000, true).await;
        fill_folders(&mut conn, &site, 3 * FIRST_FILLED, 200, false).await;
        let (_, folders) = everything(&mut conn, site.tenant.id).await;
        for term in ["", "bo", "box", "box-1", "named", "nothing", "no"] {
            for (under, trashed) in [(None, false), (None, true), (Some(&site.root), false), (Some(&named), false)] {
                let under = under.map(|folder| folder.path.as_str());
                let search = NameSearch { tenant_id: site.tenant.id, term, under, trashed, limit: 500, ..EVERYTHING };
                let expected =
                    naive(&folders, &search, |folder, top| folder.path.starts_with(top) && folder.path != top);
                let (found, looks) = folder_pages(&site, &search).await;
                assert!(found == expected, "{search:?}: {} instead of {}", found.len(), expected.len());
                assert!(looks <= expected.len() / 500 + 4, "{search:?}: {looks} looks for {} hits", expected.len());
            }
        }
        let search = NameSearch { tenant_id: site.tenant.id, term: "box-1", under: Some(&named.path), ..EVERYTHING };
        assert_eq!(folder_pages(&site, &search).await.0, [inside.id]);
    });
}

#[test]
fn names_are_found_before_their_index_is_put_in_order_and_after() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        // Each by a commit of its own, and more than it takes until the index puts itself in order.
        let mut ids = Vec::new();
        for number in 0..260 {
            ids.push(site.asset(site.root.id, &format!("needle {number}.txt")).await);
        }
        for id in ids.iter().step_by(3) {
            site.trash_asset(*id).await.unwrap();
            site.catalog.purge_asset(site.tenant.id, *id, &at(NOW)).await.unwrap();
        }
        let search = NameSearch { tenant_id: site.tenant.id, term: "needle", limit: 500, ..EVERYTHING };
        let found = asset_pages(&site, &search).await.0;
        assert_eq!(found.len(), 260 - 87);
        let mut steps = 0;
        while database.catalog.tend_names().await.unwrap() {
            steps += 1;
            assert!(steps < 1_000, "it does not end");
        }
        assert_eq!(asset_pages(&site, &search).await.0, found);
    });
}
