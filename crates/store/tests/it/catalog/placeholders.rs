//! Entries that wait for their first bytes: nobody meets them who does not ask for entries, and by their first bytes they become
//! files like all others.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::Family;
use store::{
    Error, Noun, Refusal,
    assets::{Asset, AssetCopy, AssetState, Description, Filling, Scan},
    fields::FieldSet,
    folders::FolderCopy,
    paths::{Missing, Named},
    search::NameSearch,
};

use super::{
    engines::{Database, NOW, on_each_engine},
    placeholder_samples::{fill, filling, new_placeholder, placeholder, try_placeholder},
    samples::{START, Site, assert_fails, at, random_key, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

fn ids(assets: &[Asset]) -> Vec<i64> {
    assets.iter().map(|asset| asset.id).collect()
}

async fn entries(site: &Site, folder_id: i64) -> Vec<i64> {
    ids(&site.catalog.folder_entries(site.tenant.id, folder_id, 0, 99).await.unwrap())
}

/// How many files, rows and bytes are counted: in the folder, in the folder with what has no bytes, and the same of the tenant.
async fn counted(site: &Site, folder_id: i64) -> [u64; 4] {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    [
        catalog.count_folder_assets(id, folder_id).await.unwrap(),
        catalog.count_folder_rows(id, folder_id).await.unwrap(),
        catalog.count_tenant_assets(id).await.unwrap(),
        catalog.count_tenant_rows(id).await.unwrap(),
    ]
}

/// Everything that others find of what is called or described by `word`, in the folder or in all of the tenant, living or not.
async fn seen(site: &Site, folder_id: i64, word: &str) -> Vec<i64> {
    let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
    let mut found = ids(&catalog.folder_assets(folder_id, &START, 99).await.unwrap());
    for family in [Family::Image, Family::Video, Family::Audio, Family::Other] {
        found.extend(ids(&catalog.latest_assets(tenant_id, family, i64::MAX, 99).await.unwrap()));
    }
    for trashed in [false, true] {
        for under in [None, Some(site.root.path.as_str())] {
            for term in [word, &word[..2], ""] {
                let search = NameSearch { tenant_id, term, under, trashed, before: i64::MAX, limit: 99 };
                found.extend(ids(&catalog.search_assets(&search).await.unwrap().found));
            }
        }
    }
    found.extend(ids(&catalog.described_assets(tenant_id, word, i64::MAX, 99).await.unwrap()));
    found.extend(ids(&catalog.listed_assets(tenant_id, i64::MAX, 99).await.unwrap()));
    found.extend(ids(&catalog.listed_assets_in(tenant_id, folder_id, 0, 99).await.unwrap()));
    found.extend(ids(&catalog.deleted_assets(tenant_id, (i64::MAX, 0), 99).await.unwrap()));
    found.extend(catalog.image_assets(tenant_id, 0, 99).await.unwrap());
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn a_placeholder_reads_back_as_it_was_made() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let wish = new_placeholder(&site, site.root.id, "Cat");
        let id = site.catalog.add_placeholder(&wish, &at(NOW + 3)).await.unwrap();
        let entry = site.view(id).await;
        assert_eq!((entry.state, entry.version.as_ref(), entry.slug.as_str()), (AssetState::Placeholder, None, ""));
        assert_eq!((&entry.key, entry.name.as_str(), entry.folder.id), (&wish.key, "Cat", site.root.id));
        assert_eq!((entry.scan, entry.created_by), (Scan::Unscanned, site.user.id));
        assert_eq!((entry.created_at, entry.updated_at), (NOW + 3, NOW + 3));
        assert_eq!((entry.deleted_at, entry.purge_at, entry.expires_at), (None, None, None));
        assert_eq!(site.catalog.asset_by_key(site.tenant.id, &wish.key).await.unwrap(), Some(id));
        assert_eq!(site.catalog.asset_by_key(theirs.tenant.id, &wish.key).await.unwrap(), None);
        assert_eq!(site.catalog.asset_by_key(site.tenant.id, "nobody").await.unwrap(), None);
        assert_fails!(site.catalog.add_placeholder(&wish, &at(NOW)).await, Error::Taken(Noun::Asset));

        assert_fails!(try_placeholder(&site, theirs.root.id, "a").await, Error::Missing(Noun::Folder));
        assert_fails!(try_placeholder(&site, 9_999, "a").await, Error::Missing(Noun::Folder));
        let folder = site.folder(site.root.id, "f").await;
        site.trash_folder(folder.id).await.unwrap();
        assert_fails!(try_placeholder(&site, folder.id, "a").await, Error::Missing(Noun::Folder));
        site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW)).await.unwrap();
        assert_fails!(try_placeholder(&site, folder.id, "a").await, Error::Missing(Noun::Folder));
        assert_right(database).await;
    });
}

#[test]
fn nobody_meets_a_placeholder_who_does_not_ask_for_entries() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let file = site.asset(folder.id, "needle").await;
        let before = (seen(&site, folder.id, "needle").await, counted(&site, folder.id).await);
        assert_eq!(before, (vec![file], [1, 1, 1, 1]));
        let entry = placeholder(&site, folder.id, "needle").await;
        let said =
            Description { title: Some("needle".to_owned()), text_key: Some("needle".to_owned()), ..Default::default() };
        catalog.describe_asset(id, entry, &said, &at(NOW)).await.unwrap();
        assert_eq!(site.view(entry).await.title.as_deref(), Some("needle"));
        assert_eq!((seen(&site, folder.id, "needle").await, counted(&site, folder.id).await), before);
        for skip in 1..3 {
            let start = catalog.row_page_start(id, skip).await.unwrap();
            assert_eq!(start, (skip == 1).then_some(file), "behind {skip}");
        }
        // Its name is nobody's.
        assert_eq!(catalog.follow(folder.id, &["needle"]).await.unwrap().named, Named::Asset(file));
        assert_eq!(catalog.follow(folder.id, &[""]).await.unwrap().slugs, 0);
        assert_eq!(entries(&site, folder.id).await, [file, entry]);
        assert_right(database).await;
        // Neither in the trash.
        site.trash_asset(entry).await.unwrap();
        assert_eq!((seen(&site, folder.id, "needle").await, counted(&site, folder.id).await), before);
        assert_eq!(entries(&site, folder.id).await, [file]);
        catalog.restore_asset(id, entry, &slug("needle"), &at(NOW)).await.unwrap();
        site.trash_folder(folder.id).await.unwrap();
        assert_eq!(seen(&site, folder.id, "needle").await, [file]);
        assert_eq!(counted(&site, folder.id).await, [1, 1, 0, 0]);
        assert_right(database).await;
    });
}

#[test]
fn descriptions_of_placeholders_take_no_place_of_others() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let said = Description { text_key: Some("red".to_owned()), ..Description::default() };
        let file = site.asset(site.root.id, "a").await;
        catalog.describe_asset(id, file, &said, &at(NOW)).await.unwrap();
        for _ in 0..3 {
            let entry = placeholder(&site, site.root.id, "a").await;
            catalog.describe_asset(id, entry, &said, &at(NOW)).await.unwrap();
        }
        assert_eq!(ids(&catalog.described_assets(id, "red", i64::MAX, 2).await.unwrap()), [file]);
    });
}

#[test]
fn a_placeholder_is_not_copied_and_gets_bytes_by_being_filled_only() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let (file, entry) = (site.asset(folder.id, "a").await, placeholder(&site, folder.id, "b").await);
        let copy = AssetCopy {
            folder_id: site.root.id,
            missing: Missing::default(),
            name: None,
            slug: slug("b"),
            key_prefix: random_key()[..10].to_owned(),
            created_by: site.user.id,
        };
        assert_fails!(catalog.copy_asset(id, entry, &copy, &at(NOW)).await, Error::Missing(Noun::Asset));
        let copy = FolderCopy {
            parent_id: site.root.id,
            missing: Missing::default(),
            name: None,
            slug: slug("copy"),
            created_by: site.user.id,
            max_folders: 9,
            swept_at_ms: NOW,
        };
        let hidden = catalog.begin_folder_copy(id, folder.id, &copy, &at(NOW)).await.unwrap();
        let new_key = || random_key()[..10].to_owned();
        catalog.fill_folder_copy(&hidden, site.user.id, new_key, &at(NOW)).await.unwrap();
        let shown = catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await.unwrap();
        assert_eq!((entries(&site, shown.id).await.len(), entries(&site, folder.id).await), (1, vec![file, entry]));

        let version = site.new_version(1);
        assert_fails!(catalog.add_version(id, entry, &version, &at(NOW)).await, Error::Missing(Noun::Asset));
        let replaced = catalog.replace_asset(id, entry, (&version, &FieldSet::default()), &at(NOW)).await;
        assert_fails!(replaced, Error::Missing(Noun::Asset));
        let wish = store::assets::RemovalWish { hidden: false, shred_at: NOW };
        assert_fails!(catalog.remove_asset(id, entry, wish, &at(NOW)).await, Error::Missing(Noun::Asset));
        assert_eq!(site.view(entry).await.state, AssetState::Placeholder);
        assert_eq!(catalog.versions(entry, 9).await.unwrap(), []);
        assert_right(database).await;
    });
}

#[test]
fn by_its_first_bytes_it_becomes_a_file_and_by_the_next_it_gets_a_version_more() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let taken = site.asset(site.root.id, "cat.jpg").await;
        let id = placeholder(&site, site.root.id, "Untitled").await;
        let wish = Filling { name: "Cat.jpg".to_owned(), name_key: "cat.jpg".to_owned(), ..filling(&site, "cat.jpg") };
        let filled = catalog.fill_asset(tenant_id, id, &wish, &at(NOW + 5)).await.unwrap();
        let file = site.view(id).await;
        let version = file.version.clone().unwrap();
        assert!(filled.kept_blob);
        assert_eq!((version.id, version.number, version.blob.key), (filled.version_id, 1, wish.version.blob.key));
        assert_eq!((file.state, file.name.as_str(), file.slug.as_str()), (AssetState::Ready, "Cat.jpg", "cat-2.jpg"));
        assert_eq!((file.created_at, file.updated_at), (NOW, NOW + 5));
        assert_eq!(catalog.follow(site.root.id, &["cat-2.jpg"]).await.unwrap().named, Named::Asset(id));
        assert_eq!(seen(&site, site.root.id, "cat").await, [taken, id]);
        assert_eq!(ids(&catalog.folder_assets(site.root.id, &START, 9).await.unwrap()), [taken, id]);
        assert_eq!(ids(&catalog.latest_assets(tenant_id, Family::Image, i64::MAX, 1).await.unwrap()), [id]);
        assert_eq!(counted(&site, site.root.id).await, [2, 2, 2, 2]);
        assert_right(database).await;

        let second = fill(&site, id, "dog.png").await.unwrap();
        let file = site.view(id).await;
        assert_eq!((file.name.as_str(), file.slug.as_str()), ("Cat.jpg", "cat-2.jpg"), "it keeps its name");
        assert_eq!(file.version.map(|version| (version.id, version.number)), Some((second.version_id, 2)));
        assert_eq!(counted(&site, site.root.id).await, [2, 2, 2, 2]);
        // Bytes that are there already are not needed, but are a version.
        let same = Filling { version: site.view(taken).await.version.map(|old| same_as(&site, &old)).unwrap(), ..wish };
        let third = catalog.fill_asset(tenant_id, id, &same, &at(NOW)).await.unwrap();
        assert!(!third.kept_blob);
        assert_eq!(
            site.view(id).await.version.map(|version| (version.id, version.number)),
            Some((third.version_id, 3))
        );
        // A file that never waited may be filled too.
        fill(&site, taken, "other").await.unwrap();
        let taken = site.view(taken).await;
        assert_eq!((taken.name.as_str(), taken.version.unwrap().number), ("cat.jpg", 2));
        assert_right(database).await;
    });
}

/// The bytes of a version, brought in once more.
fn same_as(site: &Site, version: &store::assets::Version) -> store::assets::NewVersion {
    let mut again = site.new_version(0);
    (again.blob.digest, again.blob.size) = (version.blob.digest, version.blob.size);
    again
}

#[test]
fn a_placeholder_is_moved_trashed_restored_and_purged_like_a_file() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let id = placeholder(&site, site.root.id, "a").await;
        site.move_asset(id, folder.id, "a").await.unwrap();
        assert_eq!((entries(&site, site.root.id).await, entries(&site, folder.id).await), (vec![], vec![id]));
        assert_eq!((site.slug_of(id).await.as_str(), site.view(id).await.state), ("", AssetState::Placeholder));
        assert_right(database).await;
        assert_fails!(catalog.trash_asset(theirs.tenant.id, id, &at(NOW)).await, Error::Missing(Noun::Asset));
        assert_fails!(fill(&theirs, id, "a").await, Error::Missing(Noun::Asset));
        catalog.trash_asset(tenant_id, id, &at(NOW + 4)).await.unwrap();
        assert_eq!(site.view(id).await.deleted_at, Some(NOW + 4));
        for refused in [fill(&site, id, "a").await.map(drop), site.move_asset(id, site.root.id, "a").await] {
            assert_fails!(refused, Error::Missing(Noun::Asset));
        }
        assert_fails!(site.trash_asset(id).await, Error::Missing(Noun::Asset));
        assert_right(database).await;
        site.trash_folder(folder.id).await.unwrap();
        let restored = catalog.restore_asset(tenant_id, id, &slug("a"), &at(NOW)).await;
        assert_fails!(restored, Error::Refused(Refusal::ParentInTrash));
        catalog.restore_folder(tenant_id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(entries(&site, folder.id).await, [0; 0], "it was put there by itself");
        catalog.restore_asset(tenant_id, id, &slug("a"), &at(NOW)).await.unwrap();
        assert_eq!((site.slug_of(id).await.as_str(), entries(&site, folder.id).await), ("", vec![id]));
        assert_eq!(counted(&site, folder.id).await, [0, 0, 0, 0]);
        assert_right(database).await;
        assert_fails!(catalog.purge_asset(tenant_id, id, &at(NOW)).await, Error::Missing(Noun::Asset));
        site.trash_asset(id).await.unwrap();
        catalog.purge_asset(tenant_id, id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.asset(id).await.unwrap(), None);
        assert_fails!(fill(&site, id, "a").await, Error::Missing(Noun::Asset));
        assert_right(database).await;
    });
}

#[test]
fn a_placeholder_goes_with_its_folder() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(placeholder(&site, folder.id, "a").await);
        }
        site.trash_asset(made[0]).await.unwrap();
        let file = site.asset(folder.id, "a").await;
        site.trash_folder(folder.id).await.unwrap();
        assert_fails!(fill(&site, made[1], "a").await, Error::Missing(Noun::Asset));
        catalog.restore_folder(tenant_id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(entries(&site, folder.id).await, [&made[1..], &[file]].concat());
        fill(&site, made[1], "b").await.unwrap();
        site.trash_folder(folder.id).await.unwrap();
        // One by itself, from a folder that is in the trash, and the rest with it.
        catalog.purge_asset(tenant_id, made[2], &at(NOW)).await.unwrap();
        assert_right(database).await;
        catalog.purge_folder(tenant_id, folder.id, &at(NOW)).await.unwrap();
        while catalog.purge_some_of_folder(tenant_id, folder.id, 1, NOW).await.unwrap() {}
        assert_eq!(database.number("select count(*) from assets").await, 0);
        assert_eq!(database.number("select count(*) from names").await, 0);
        assert_right(database).await;
    });
}

#[test]
fn entries_are_listed_behind_a_key_whether_or_not_they_have_bytes() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut made = Vec::new();
        for number in 0..12 {
            made.push(match number % 2 {
                0 => placeholder(&site, site.root.id, "a").await,
                _ => site.asset(site.root.id, "a").await,
            });
            placeholder(&theirs, theirs.root.id, "a").await;
        }
        fill(&site, made[4], "a").await.unwrap();
        for page in [1, 2, 5, 99] {
            let (mut after, mut listed) = (0, Vec::new());
            loop {
                let found = site.catalog.folder_entries(site.tenant.id, site.root.id, after, page).await.unwrap();
                let Some(last) = found.last() else { break };
                after = last.id;
                listed.extend(ids(&found));
            }
            assert_eq!(listed, made, "in pages of {page}");
        }
        assert_eq!(site.catalog.folder_entries(theirs.tenant.id, site.root.id, 0, 99).await.unwrap(), []);
    });
}
