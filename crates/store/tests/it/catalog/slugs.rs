//! Slugs: one name space for the living folders and files of a parent.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use futures_util::future::join_all;
use store::folders::FolderChange;

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at, slug},
};

fn numbered(count: usize) -> BTreeSet<String> {
    (1..=count).map(|number| if number == 1 { "image.png".to_owned() } else { format!("image-{number}.png") }).collect()
}

#[test]
fn two_hundred_files_of_one_name_are_numbered_before_the_extension() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes: Vec<_> = (0..200).map(|_| site.new_asset(site.root.id, "image.png")).collect();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        for (number, added) in added.iter().enumerate() {
            let expected = if number == 0 { "image.png".to_owned() } else { format!("image-{}.png", number + 1) };
            assert_eq!(site.slug_of(added.asset_id).await, expected);
        }
    });
}

#[test]
fn all_who_want_one_name_at_once_get_distinct_slugs() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let claims = (0..60).map(|number| {
            let site = if number % 2 == 0 { site.clone() } else { site.through(&beside) };
            tokio::spawn(async move { site.asset(site.root.id, "image.png").await })
        });
        let mut slugs = BTreeSet::new();
        for asset_id in join_all(claims).await {
            slugs.insert(site.slug_of(asset_id.unwrap()).await);
        }
        assert_eq!(slugs, numbered(60));
        beside.close().await;
    });
}

#[test]
fn folders_and_files_share_one_name_space() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let root = site.root.id;
        let folder = site.folder(root, "cats").await;
        assert_eq!(folder.slug, "cats");
        let file = site.asset(root, "cats").await;
        assert_eq!(site.slug_of(file).await, "cats-2");
        assert_eq!(site.folder(root, "cats").await.slug, "cats-3");
        assert_eq!(site.slug_of(site.asset(folder.id, "cats").await).await, "cats");
    });
}

#[test]
fn a_number_that_somebody_chose_is_skipped() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let root = site.root.id;
        for name in ["a-2.png", "a-3.png", "a.png"] {
            site.asset(root, name).await;
        }
        assert_eq!(site.slug_of(site.asset(root, "a.png").await).await, "a-4.png");
        assert_eq!(site.slug_of(site.asset(root, "a-2.png").await).await, "a-2-2.png");
    });
}

#[test]
fn trash_and_moves_free_a_slug() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let root = site.root.id;
        let away = site.folder(root, "away").await;
        let trashed = site.asset(root, "cat.png").await;
        site.trash_asset(trashed).await.unwrap();
        assert_eq!(site.slug_of(trashed).await, "cat.png", "the trash remembers how it was called");
        let moved = site.asset(root, "cat.png").await;
        assert_eq!(site.slug_of(moved).await, "cat.png");
        site.move_asset(moved, away.id, "cat.png").await.unwrap();
        let third = site.asset(root, "cat.png").await;
        assert_eq!(site.slug_of(third).await, "cat.png");
        site.move_asset(third, away.id, "cat.png").await.unwrap();
        assert_eq!(site.slug_of(third).await, "cat-2.png");

        let dogs = site.folder(root, "dogs").await;
        site.trash_folder(dogs.id).await.unwrap();
        let dogs = site.folder(root, "dogs").await;
        assert_eq!(dogs.slug, "dogs");
        site.move_folder(&dogs, away.id).await.unwrap();
        assert_eq!(site.folder(root, "dogs").await.slug, "dogs");
    });
}

#[test]
fn a_rename_takes_the_new_slug_and_frees_the_old_one() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let root = site.root.id;
        site.asset(root, "taken").await;
        let folder = site.folder(root, "old").await;
        let name = Some(("Taken".to_owned(), "taken".to_owned()));
        let change = FolderChange {
            seen: None,
            name,
            parent_id: None,
            missing: store::paths::Missing::default(),
            slug: slug("taken"),
        };
        let renamed = site.catalog.change_folder(site.tenant.id, folder.id, &change, &at(NOW + 1)).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.slug.as_str()), ("Taken", "taken-2"));
        assert_eq!((renamed.path.clone(), renamed.updated_at), (folder.path, NOW + 1));
        assert_eq!(site.slug_of(site.asset(root, "old").await).await, "old");
    });
}

#[test]
fn keeping_ones_own_slug_is_no_conflict() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "cat.png").await;
        site.move_asset(id, site.root.id, "cat.png").await.unwrap();
        assert_eq!(site.slug_of(id).await, "cat.png");
    });
}
