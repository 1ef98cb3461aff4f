//! Folders: making, finding, trashing them.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    folders::{FolderKind, NewFolder},
    search::NameSearch,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at},
};

#[test]
fn a_folder_reads_back_as_it_was_made() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = NewFolder {
            public_read: true,
            kind: FolderKind::Inbox,
            expires_at: Some(NOW + 9),
            ..site.new_folder(site.root.id, "Ünï 中 Box")
        };
        let made = site.catalog.add_folder(&wish, &at(NOW + 7)).await.unwrap();
        assert_eq!(site.catalog.folder(site.tenant.id, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(
            (made.tenant_id, made.parent_id, made.kind),
            (site.tenant.id, Some(site.root.id), FolderKind::Inbox)
        );
        assert_eq!((made.name.as_str(), made.public_read), ("Ünï 中 Box", true));
        assert_eq!(made.path, format!("/{}/{}/", site.root.id, made.id));
        assert_eq!((made.created_by, made.created_at, made.updated_at), (site.user.id, NOW + 7, NOW + 7));
        assert_eq!((made.deleted_at, made.trashed_root, made.space_id), (None, None, None));
        assert_eq!((made.expires_at, site.root.expires_at), (Some(NOW + 9), None));
        let inside = site.asset(made.id, "a").await;
        assert_eq!(site.view(inside).await.folder, made);
        // It is a folder like any other to those who look for names.
        let term = "中 box";
        let search =
            NameSearch { tenant_id: made.tenant_id, term, under: None, trashed: false, before: i64::MAX, limit: 9 };
        assert_eq!(site.catalog.search_folders(&search).await.unwrap().found, std::slice::from_ref(&made));
        let under = Some(site.root.path.as_str());
        let found = site.catalog.search_folders(&NameSearch { term: "ox", under, ..search }).await.unwrap().found;
        assert_eq!(found, [made]);
    });
}

#[test]
fn other_tenants_folders_are_missing() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mine = ours.folder(ours.root.id, "mine").await;
        let their = theirs.folder(theirs.root.id, "their").await;
        assert_eq!(ours.catalog.folder(ours.tenant.id, their.id).await.unwrap(), None);
        assert_fails!(ours.try_folder(their.id, "x").await, Error::Missing(Noun::Folder));
        assert_fails!(ours.move_folder(&their, mine.id).await, Error::Missing(Noun::Folder));
        assert_fails!(ours.move_folder(&mine, their.id).await, Error::Missing(Noun::Folder));
        assert_fails!(ours.trash_folder(their.id).await, Error::Missing(Noun::Folder));
        assert_fails!(ours.try_asset(their.id, "x").await, Error::Missing(Noun::Folder));
        assert_eq!(theirs.look(their.id).await, their);
    });
}

#[test]
fn a_root_stays_as_it_is() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "a").await;
        assert_fails!(site.move_folder(&site.root, folder.id).await, Error::Refused(Refusal::Root));
        assert_fails!(site.trash_folder(site.root.id).await, Error::Refused(Refusal::Root));
        assert_eq!(site.look(site.root.id).await, site.root);
    });
}

#[test]
fn the_trash_takes_the_whole_subtree_and_an_inner_trash_stays_itself() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let outer = site.folder(site.root.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        let deep = site.folder(inner.id, "deep").await;
        let other = site.folder(outer.id, "other").await;
        let file = site.asset(deep.id, "file").await;
        let beside = site.folder(site.root.id, "beside").await;

        site.catalog.trash_folder(site.tenant.id, inner.id, &at(NOW + 1)).await.unwrap();
        assert!(!site.view(file).await.lives());
        site.catalog.trash_folder(site.tenant.id, outer.id, &at(NOW + 2)).await.unwrap();
        let marks = async |id| {
            let folder = site.look(id).await;
            (folder.deleted_at, folder.trashed_root)
        };
        assert_eq!(marks(inner.id).await, (Some(NOW + 1), Some(inner.id)));
        assert_eq!(marks(deep.id).await, (None, Some(inner.id)));
        assert_eq!(marks(outer.id).await, (Some(NOW + 2), Some(outer.id)));
        assert_eq!(marks(other.id).await, (None, Some(outer.id)));
        assert_eq!(marks(beside.id).await, (None, None));
        assert_eq!(site.look(outer.id).await.updated_at, NOW + 2);
    });
}

#[test]
fn what_lies_in_the_trash_is_missing_to_every_change() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let trashed = site.folder(site.root.id, "trashed").await;
        let below = site.folder(trashed.id, "below").await;
        let living = site.folder(site.root.id, "living").await;
        let file = site.asset(below.id, "file").await;
        let free = site.asset(living.id, "free").await;
        site.trash_folder(trashed.id).await.unwrap();
        for gone in [&trashed, &below] {
            assert_fails!(site.trash_folder(gone.id).await, Error::Missing(Noun::Folder));
            assert_fails!(site.move_folder(gone, living.id).await, Error::Missing(Noun::Folder));
            assert_fails!(site.move_folder(&living, gone.id).await, Error::Missing(Noun::Folder));
            assert_fails!(site.try_folder(gone.id, "x").await, Error::Missing(Noun::Folder));
            assert_fails!(site.try_asset(gone.id, "x").await, Error::Missing(Noun::Folder));
            assert_fails!(site.move_asset(free, gone.id, "x").await, Error::Missing(Noun::Folder));
        }
        assert_fails!(site.move_asset(file, living.id, "x").await, Error::Missing(Noun::Asset));
        assert_fails!(site.trash_asset(file).await, Error::Missing(Noun::Asset));
        // A refused change leaves nothing behind: the slug is still held where it was.
        assert_eq!(site.slug_of(free).await, "free");
        assert_eq!(site.slug_of(site.asset(living.id, "free").await).await, "free-2");
        assert_eq!(site.catalog.child_folders(trashed.id, &START, 9).await.unwrap().len(), 1);
    });
}
