//! The order of listings and their paging behind a key.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::folders::FolderKind;

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, at},
};

/// Names as a user gives them; several fold to the same key, and no two collations agree on all of them.
const NAMES: [&str; 14] = [
    "zebra",
    "Apple",
    "apple",
    "APPLE",
    "éclair",
    "Ångström",
    "_hidden",
    "10",
    "9",
    "-x",
    "中文",
    "🦊 fox",
    "a b",
    "a-b",
];

fn in_order() -> Vec<(String, usize)> {
    let mut names: Vec<_> = NAMES.iter().enumerate().map(|(age, name)| (name.to_lowercase(), age)).collect();
    names.sort();
    names
}

#[test]
fn folders_are_listed_by_the_bytes_of_the_folded_name_page_by_page() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut ids = Vec::new();
        for name in NAMES {
            ids.push(site.folder(site.root.id, name).await.id);
        }
        let expected: Vec<_> = in_order().into_iter().map(|(_, age)| ids[age]).collect();
        for page in [1, 2, 5, 14, 100] {
            let (mut after, mut listed) = (START, Vec::new());
            loop {
                let folders = site.catalog.child_folders(site.root.id, &after, page).await.unwrap();
                let Some(last) = folders.last() else { break };
                after = (last.name.to_lowercase(), last.id);
                listed.extend(folders.iter().map(|folder| folder.id));
            }
            assert_eq!(listed, expected, "in pages of {page}");
        }
    });
}

#[test]
fn assets_are_listed_by_the_bytes_of_the_folded_name_page_by_page() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes: Vec<_> = NAMES.iter().map(|name| site.new_asset(site.root.id, name)).collect();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        let expected: Vec<_> = in_order().into_iter().map(|(_, age)| added[age].asset_id).collect();
        for page in [1, 3, 14, 100] {
            let (mut after, mut listed) = (START, Vec::new());
            loop {
                let assets = site.catalog.folder_assets(site.root.id, &after, page).await.unwrap();
                let Some(last) = assets.last() else { break };
                after = (last.name.to_lowercase(), last.id);
                listed.extend(assets.iter().map(|asset| asset.id));
            }
            assert_eq!(listed, expected, "in pages of {page}");
        }
    });
}

#[test]
fn a_listing_of_a_trashed_folder_shows_what_went_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let top = site.folder(site.root.id, "top").await;
        let (earlier, with_it) = (site.folder(top.id, "earlier").await, site.folder(top.id, "with it").await);
        let (old, new) = (site.asset(top.id, "old").await, site.asset(top.id, "new").await);
        site.trash_folder(earlier.id).await.unwrap();
        site.trash_asset(old).await.unwrap();
        site.trash_folder(top.id).await.unwrap();
        let folders = site.catalog.child_folders(top.id, &START, 9).await.unwrap();
        assert_eq!(folders.iter().map(|folder| folder.id).collect::<Vec<_>>(), [with_it.id]);
        let assets = site.catalog.folder_assets(top.id, &START, 9).await.unwrap();
        assert_eq!(assets.iter().map(|asset| asset.id).collect::<Vec<_>>(), [new]);
        assert_eq!(site.catalog.child_folders(site.root.id, &START, 9).await.unwrap(), []);
    });
}

#[test]
fn living_folders_of_one_kind_are_listed_behind_an_id() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let other = Site::new(&database.catalog).await;
        let mut spaces = Vec::new();
        for name in ["c", "b", "a", "d"] {
            spaces.push(site.space(name).await);
        }
        site.folder(site.root.id, "plain").await;
        other.space("theirs").await;
        site.trash_folder(spaces[1].id).await.unwrap();
        spaces.remove(1);
        let list = async |after, limit| {
            site.catalog.folders_of_kind(site.tenant.id, FolderKind::Space, after, limit).await.unwrap()
        };
        assert_eq!(list(0, 9).await, spaces);
        assert_eq!(list(0, 2).await, spaces[..2]);
        assert_eq!(list(spaces[1].id, 9).await, spaces[2..]);
        assert_eq!(site.catalog.folders_of_kind(site.tenant.id, FolderKind::Inbox, 0, 9).await.unwrap(), []);
    });
}
