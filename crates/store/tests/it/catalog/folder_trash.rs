//! A folder's way into the trash and out of it, with all that lies below.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal, Result,
    folders::{Folder, FolderKind, NewFolder},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, slug},
    soundness::assert_sound,
};

const FOREVER: (i64, i64) = (i64::MAX, i64::MAX);

async fn restore(site: &Site, folder: &Folder) -> Result<Folder> {
    site.catalog.restore_folder(site.tenant.id, folder.id, &slug(&folder.name), &at(NOW + 9)).await
}

#[test]
fn a_folder_comes_back_with_all_that_went_with_it_and_without_what_was_gone_before() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let outer = site.folder(site.root.id, "outer").await;
        let (inner, with_it) = (site.folder(outer.id, "inner").await, site.folder(outer.id, "with it").await);
        let deep = site.folder(inner.id, "deep").await;
        let (old, new) = (site.asset(with_it.id, "old").await, site.asset(with_it.id, "new").await);
        site.trash_asset(old).await.unwrap();
        site.trash_folder(inner.id).await.unwrap();
        site.trash_folder(outer.id).await.unwrap();
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 0);

        let restored = restore(&site, &outer).await.unwrap();
        assert_eq!(restored, Folder { updated_at: NOW + 9, ..outer.clone() });
        assert_eq!(restored, site.look(outer.id).await);
        assert_eq!(site.look(with_it.id).await, with_it);
        for still in [&inner, &deep] {
            assert_eq!(site.look(still.id).await.trashed_root, Some(inner.id));
        }
        assert!(site.view(new).await.lives() && !site.view(old).await.lives());
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 1);
        assert_eq!(
            site.catalog.deleted_folders(site.tenant.id, FOREVER, 9).await.unwrap(),
            [site.look(inner.id).await]
        );

        restore(&site, &inner).await.unwrap();
        assert_eq!(site.look(deep.id).await, deep);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_holds_a_folder_has_to_come_back_first() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let outer = site.folder(site.root.id, "outer").await;
        let (inner, child) = (site.folder(outer.id, "inner").await, site.folder(outer.id, "child").await);
        let their = theirs.folder(theirs.root.id, "their").await;
        theirs.trash_folder(their.id).await.unwrap();
        assert_fails!(restore(&site, &outer).await, Error::Missing(Noun::Folder));
        assert_fails!(restore(&site, &site.root).await, Error::Missing(Noun::Folder));
        assert_fails!(restore(&site, &their).await, Error::Missing(Noun::Folder));
        for folder in [&inner, &outer] {
            site.trash_folder(folder.id).await.unwrap();
        }
        let before = [site.look(inner.id).await, site.look(child.id).await];
        // One went by itself and one along: neither comes back into a folder that is gone.
        for folder in [&inner, &child] {
            assert_fails!(restore(&site, folder).await, Error::Refused(Refusal::ParentInTrash));
        }
        assert_eq!([site.look(inner.id).await, site.look(child.id).await], before);
        for folder in [&outer, &inner] {
            restore(&site, folder).await.unwrap();
        }
        assert_fails!(restore(&site, &inner).await, Error::Missing(Noun::Folder));
        assert_eq!(theirs.look(their.id).await.deleted_at, Some(NOW));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_slug_that_was_taken_meanwhile_is_numbered() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let old = site.folder(site.root.id, "a").await;
        let inside = site.folder(old.id, "b").await;
        site.trash_folder(old.id).await.unwrap();
        let file = site.asset(site.root.id, "a").await;
        assert_eq!(site.slug_of(file).await, "a");
        assert_eq!(restore(&site, &old).await.unwrap().slug, "a-2");
        // What lies inside kept its name all the time.
        assert_eq!(site.look(inside.id).await.slug, "b");
        assert_eq!(site.folder(old.id, "b").await.slug, "b-2");
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_in_the_trash_moves_along_with_what_holds_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (one, two) = (site.space("one").await, site.space("two").await);
        let outer = site.folder(one.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        let deep = site.folder(inner.id, "deep").await;
        site.asset(deep.id, "a").await;
        site.trash_folder(inner.id).await.unwrap();
        let moved = site.move_folder(&outer, two.id).await.unwrap();
        let restored = restore(&site, &inner).await.unwrap();
        assert_eq!((restored.space_id, restored.path), (Some(two.id), format!("{}{}/", moved.path, inner.id)));
        assert_eq!(site.look(deep.id).await.space_id, Some(two.id));
        assert!(site.catalog.space_bytes(site.tenant.id, two.id).await.unwrap() > 0);
        assert_eq!(site.catalog.space_bytes(site.tenant.id, one.id).await.unwrap(), 0);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn deleted_folders_are_listed_latest_first_page_by_page() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut expected = Vec::new();
        for when in [3, 1, 4, 1, 5, 9, 2, 6] {
            let folder = site.folder(site.root.id, "f").await;
            site.folder(folder.id, "went along").await;
            site.catalog.trash_folder(site.tenant.id, folder.id, &at(NOW + when)).await.unwrap();
            expected.push((NOW + when, folder.id));
        }
        site.folder(site.root.id, "living").await;
        theirs.trash_folder(theirs.folder(theirs.root.id, "theirs").await.id).await.unwrap();
        let (_, purged) = expected.remove(2);
        site.catalog.purge_folder(site.tenant.id, purged, &at(NOW)).await.unwrap();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        for page in [1, 3, 100] {
            let (mut before, mut listed) = (FOREVER, Vec::new());
            loop {
                let folders = site.catalog.deleted_folders(site.tenant.id, before, page).await.unwrap();
                let Some(last) = folders.last() else { break };
                before = (last.deleted_at.unwrap(), last.id);
                listed.extend(folders.iter().map(|folder| (folder.deleted_at.unwrap(), folder.id)));
            }
            assert_eq!(listed, expected, "in pages of {page}");
        }
    });
}

#[test]
fn folders_are_found_by_id_whatever_became_of_them() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut folders = Vec::new();
        // More than one statement has places for.
        for _ in 0..40 {
            let inbox = NewFolder { kind: FolderKind::Inbox, ..site.new_folder(site.root.id, "f") };
            folders.push(site.catalog.add_folder(&inbox, &at(NOW)).await.unwrap());
        }
        site.trash_folder(folders[3].id).await.unwrap();
        folders[3] = site.look(folders[3].id).await;
        let mut ids: Vec<_> = folders.iter().map(|folder| folder.id).collect();
        ids.extend([theirs.root.id, 9_999]);
        let mut found = site.catalog.folders_by_id(site.tenant.id, &ids).await.unwrap();
        found.sort_by_key(|folder| folder.id);
        assert_eq!(found, folders);
        assert_eq!(site.catalog.folders_by_id(site.tenant.id, &[]).await.unwrap(), []);
        assert_eq!(site.catalog.folder_of_anybody(theirs.root.id).await.unwrap(), Some(theirs.root));
        assert_eq!(site.catalog.child_folders(site.root.id, &START, 99).await.unwrap().len(), 39);
    });
}
