//! What `verify` asks of names, tallies and the tree: whatever is wrong is found, and what can be put right is.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    assets::RemovalWish,
    audit::Action,
    verify::{
        BrokenFolder, Child,
        FolderFault::{self, Path, Space, Trash},
        Nameless, StrayName, WrongTally,
    },
};

use super::{
    chunk_samples::begin,
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
    soundness::assert_sound,
    verify::{assert_clean, spoil},
};

#[test]
fn names_that_nobody_has_are_found_and_freed() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (folder, other) = (site.folder(site.root.id, "f").await, site.folder(site.root.id, "g").await);
        let (file, gone) = (site.asset(folder.id, "a").await, site.asset(folder.id, "b").await);
        site.trash_asset(gone).await.unwrap();
        site.trash_folder(other.id).await.unwrap();
        assert_clean(&site.catalog).await;
        let (root, inside) = (site.root.id, folder.id);
        let rows = format!(
            "insert into names (folder_id, slug, child_folder_id, asset_id) values \
             ({inside}, 'b', null, {gone}), ({inside}, 'other', null, {file}), ({root}, 'elsewhere', null, {file}), \
             ({root}, 'g', {other}, null), ({root}, 'x', 9999, null), ({root}, 'y', null, null), ({root}, 'z', null, 9999)",
            other = other.id
        );
        spoil(database, rows).await;
        let expected =
            [(root, "elsewhere"), (root, "g"), (root, "x"), (root, "y"), (root, "z"), (inside, "b"), (inside, "other")];
        let expected = expected.map(|(folder_id, slug)| StrayName { folder_id, slug: slug.to_owned() });
        let (mut after, mut told) = ((0, String::new()), Vec::new());
        while let Some(name) = site.catalog.stray_names((after.0, &after.1), 1).await.unwrap().pop() {
            after = (name.folder_id, name.slug.clone());
            told.push(name);
        }
        assert_eq!(told, expected);
        assert!(!site.catalog.drop_name(inside, "a").await.unwrap(), "a name that somebody has stays");
        assert!(!site.catalog.drop_name(root, "f").await.unwrap());
        assert!(!site.catalog.drop_name(root, "nothing").await.unwrap());
        for name in told {
            assert!(site.catalog.drop_name(name.folder_id, &name.slug).await.unwrap());
        }
        assert_clean(&site.catalog).await;
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_has_no_name_is_found_and_gets_its_own_or_the_next() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.tenant.id;
        let (folder, taken) = (site.folder(site.root.id, "f").await, site.folder(site.root.id, "v1.2").await);
        let inside = site.folder(folder.id, "f").await;
        let (file, twin) = (site.asset(folder.id, "cat.png").await, site.asset(folder.id, "cat.png").await);
        let gone = site.asset(folder.id, "gone").await;
        site.trash_asset(gone).await.unwrap();
        spoil(database, "delete from names".to_owned()).await;
        // Somebody came meanwhile and got the same slugs.
        let (root_twin, new) = (site.folder(site.root.id, "v1.2").await, site.asset(folder.id, "cat.png").await);
        assert_eq!((root_twin.slug.as_str(), site.slug_of(new).await.as_str()), ("v1.2", "cat.png"));

        let nameless =
            |child, folder_id, slug: &str| Nameless { tenant_id: id, folder_id, child, slug: slug.to_owned() };
        let files =
            [nameless(Child::Asset(file), folder.id, "cat.png"), nameless(Child::Asset(twin), folder.id, "cat-2.png")];
        assert_eq!(site.catalog.nameless_assets(0, 9).await.unwrap(), files);
        assert_eq!(site.catalog.nameless_assets(file, 9).await.unwrap(), files[1..]);
        let folders = [
            nameless(Child::Folder(folder.id), site.root.id, "f"),
            nameless(Child::Folder(taken.id), site.root.id, "v1.2"),
            nameless(Child::Folder(inside.id), folder.id, "f"),
        ];
        assert_eq!(site.catalog.nameless_folders(0, 9).await.unwrap(), folders);
        assert_eq!(site.catalog.nameless_folders(folder.id, 1).await.unwrap(), folders[1..2]);

        let mut claimed = Vec::new();
        for nameless in files.iter().chain(&folders) {
            claimed.push(site.catalog.claim_name(id, nameless.child, &at(NOW + 2)).await.unwrap().unwrap());
            assert_eq!(site.catalog.claim_name(id, nameless.child, &at(NOW)).await.unwrap(), None);
        }
        assert_eq!(claimed, ["cat-3.png", "cat-2.png", "f", "v1.2-2", "f"]);
        assert_eq!((site.slug_of(file).await, site.look(taken.id).await.slug), (claimed.remove(0), claimed.remove(2)));
        for (child, noun) in [(Child::Asset(gone), Noun::Asset), (Child::Folder(site.root.id), Noun::Folder)] {
            let refused = site.catalog.claim_name(id, child, &at(NOW)).await;
            assert!(matches!(refused, Err(Error::Missing(missing)) if missing == noun), "{refused:?}");
        }
        let theirs = site.catalog.claim_name(id + 1, Child::Asset(file), &at(NOW)).await;
        assert_fails!(theirs, Error::Missing(Noun::Asset));
        let audit = site.catalog.audit(id, 0, 99).await.unwrap();
        assert_eq!(audit.iter().filter(|line| line.action == Action::Update).count(), 5);
        assert_clean(&site.catalog).await;
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn wrong_tallies_are_found_and_counted_anew() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (id, folder) = (site.tenant.id, site.folder(site.root.id, "f").await);
        let (one, two) = (site.asset(site.root.id, "a").await, site.asset(folder.id, "b").await);
        let bytes = async |id| site.view(id).await.version.unwrap().blob.size.cast_signed();
        let (one, two) = (bytes(one).await, bytes(two).await);
        let empty = site.folder(site.root.id, "g").await;
        // One that is on its way, and what is left of one that is gone.
        begin(&site, folder.id, "way", 2).await;
        let gone = site.asset(folder.id, "gone").await;
        let wish = RemovalWish { hidden: false, shred_at: NOW };
        site.catalog.remove_asset(id, gone, wish, &at(NOW)).await.unwrap();
        let rows = format!(
            "update tallies set live = 7 where folder_id = {}; delete from tallies where folder_id = {}; \
             insert into tallies (tenant_id, folder_id, bucket, live, bytes, bare) values ({id}, {empty}, 3, -1, -5, 0), \
             ({id}, {empty}, 4, 0, 0, 0), ({id}, {empty}, 5, 0, 0, 2); update tenant_tallies set live = 9, bare = 0; \
             insert into tenant_tallies (tenant_id, bucket, live) values ({id}, 8, 1)",
            site.root.id,
            folder.id,
            empty = empty.id
        );
        spoil(database, rows).await;
        let wrong = |folder_id, bucket, kept, counted| WrongTally { tenant_id: id, folder_id, bucket, kept, counted };
        let expected = [
            wrong(Some(site.root.id), 0, (7, one, 0), (1, one, 0)),
            wrong(Some(folder.id), 0, (0, 0, 0), (1, two, 2)),
            wrong(Some(empty.id), 3, (-1, -5, 0), (0, 0, 0)),
            wrong(Some(empty.id), 5, (0, 0, 2), (0, 0, 0)),
        ];
        assert_eq!(site.catalog.wrong_tallies(9).await.unwrap(), expected);
        assert_eq!(site.catalog.wrong_tallies(2).await.unwrap(), expected[..2]);
        let of_tenant = [wrong(None, 0, (9, 0, 0), (2, 0, 2)), wrong(None, 8, (1, 0, 0), (0, 0, 0))];
        assert_eq!(site.catalog.wrong_tenant_tallies(9).await.unwrap(), of_tenant);
        for wrong in expected.iter().chain(&of_tenant) {
            site.catalog.recount(wrong).await.unwrap();
        }
        let nowhere = wrong(Some(9_999), 0, (0, 0, 0), (0, 0, 0));
        assert_fails!(site.catalog.recount(&nowhere).await, Error::Missing(Noun::Folder));
        assert_clean(&site.catalog).await;
        assert_sound(&mut database.connect().await).await;
    });
}

/// A folder, and what is wrong with it.
type Faulty = (i64, &'static [FolderFault]);

#[test]
fn folders_that_do_not_fit_are_found() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let space = site.space("space").await;
        let top = site.folder(space.id, "top").await;
        let below = site.folder(top.id, "below").await;
        let living = site.folder(site.root.id, "living").await;
        let gone = site.folder(site.root.id, "gone").await;
        let child = site.folder(gone.id, "child").await;
        site.trash_folder(gone.id).await.unwrap();
        let (space, top, below, living, gone, child) = (space.id, top.id, below.id, living.id, gone.id, child.id);
        let cases: [(String, &[Faulty]); 11] = [
            (format!("update folders set path = '/1/' where id = {below}"), &[(below, &[Path])]),
            (format!("update folders set parent_id = {living} where id = {below}"), &[(below, &[Path, Space])]),
            (format!("update folders set space_id = null where id = {top}"), &[(top, &[Space]), (below, &[Space])]),
            (format!("update folders set space_id = {space} where id = {space}"), &[(space, &[Space])]),
            (format!("update folders set deleted_at = 1 where id = {below}"), &[(below, &[Trash])]),
            (
                format!("update folders set trashed_root = null where id = {gone}"),
                &[(gone, &[Trash]), (child, &[Trash])],
            ),
            (format!("update folders set trashed_root = null where id = {child}"), &[(child, &[Trash])]),
            (format!("update folders set deleted_at = null where id = {gone}"), &[(gone, &[Trash])]),
            (format!("update folders set trashed_root = {living} where id = {child}"), &[(child, &[Trash])]),
            (format!("update folders set purged_at = 1 where id = {gone}"), &[(child, &[Trash])]),
            (format!("update folders set purged_at = 1 where id = {below}"), &[(below, &[Trash])]),
        ];
        for (wrong, expected) in cases {
            spoil(database, "create table kept as select * from folders".to_owned()).await;
            spoil(database, wrong.clone()).await;
            let expected: Vec<_> = expected
                .iter()
                .map(|(id, faults)| BrokenFolder { id: *id, tenant_id: site.tenant.id, faults: faults.to_vec() })
                .collect();
            assert_eq!(site.catalog.broken_folders(0, 9).await.unwrap(), expected, "{wrong}");
            assert_eq!(site.catalog.broken_folders(expected[0].id, 9).await.unwrap(), expected[1..], "{wrong}");
            let columns = ["parent_id", "space_id", "path", "deleted_at", "trashed_root", "purged_at"];
            let back =
                columns.map(|column| format!("{column} = (select {column} from kept where kept.id = folders.id)"));
            spoil(database, format!("update folders set {}; drop table kept", back.join(", "))).await;
        }
        let other = Site::new(&database.catalog).await;
        spoil(database, format!("update folders set tenant_id = {} where id = {living}", other.tenant.id)).await;
        let faults = vec![FolderFault::Tenant];
        let expected = BrokenFolder { id: living, tenant_id: other.tenant.id, faults };
        assert_eq!(site.catalog.broken_folders(0, 9).await.unwrap(), [expected]);
    });
}

#[test]
fn counting_anew_loses_no_change_that_comes_meanwhile() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        for _ in 0..60 {
            let changes = (0..4).map(|number| {
                let site = site.clone();
                tokio::spawn(async move {
                    let id = site.asset(site.root.id, "a").await;
                    if number == 0 {
                        site.trash_asset(id).await.unwrap();
                    }
                })
            });
            let recounts = [Some(site.root.id), None].map(|folder_id| {
                let (beside, tenant_id, nothing) = (beside.clone(), site.tenant.id, (0, 0, 0));
                tokio::spawn(async move {
                    let any = WrongTally { tenant_id, folder_id, bucket: 0, kept: nothing, counted: nothing };
                    beside.recount(&any).await.unwrap();
                })
            });
            join_all(changes.chain(recounts)).await.into_iter().for_each(Result::unwrap);
            assert_clean(&site.catalog).await;
        }
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}
