//! The shape of the tree: depth, cycles, paths and spaces after a move.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Refusal,
    folders::{Folder, FolderKind, MAX_DEPTH, NewFolder},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

/// A chain of `count` folders below `parent`, topmost first.
async fn chain(site: &Site, parent: &Folder, count: usize) -> Vec<Folder> {
    let mut made = Vec::new();
    let mut parent_id = parent.id;
    for _ in 0..count {
        let folder = site.folder(parent_id, "d").await;
        parent_id = folder.id;
        made.push(folder);
    }
    made
}

fn depth(folder: &Folder) -> usize {
    folder.path.split('/').filter(|id| !id.is_empty()).count()
}

#[test]
fn a_tree_is_sixty_four_deep_and_no_deeper() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folders = chain(&site, &site.root, MAX_DEPTH - 1).await;
        let deepest = folders.last().unwrap();
        assert_eq!((MAX_DEPTH, depth(deepest)), (64, 64));
        assert_fails!(site.try_folder(deepest.id, "x").await, Error::Refused(Refusal::TooDeep));
        site.asset(deepest.id, "a file may lie there").await;
    });
}

#[test]
fn a_move_counts_the_deepest_folder_below() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let long = chain(&site, &site.root, 60).await;
        let short = chain(&site, &site.root, 4).await;
        // 61 deep and 4 more: one too many. Only the three lower ones: just right.
        let refused = site.move_folder(&short[0], long[59].id).await;
        assert_fails!(refused, Error::Refused(Refusal::TooDeep));
        assert_eq!(site.look(short[0].id).await, short[0]);
        assert_eq!(site.look(short[3].id).await, short[3]);
        site.move_folder(&short[1], long[59].id).await.unwrap();
        assert_eq!(depth(&site.look(short[3].id).await), 64);
        // What was refused held its slug all the while.
        assert_eq!(site.folder(site.root.id, "d").await.slug, "d-3");
    });
}

#[test]
fn a_trashed_folder_counts_too_for_it_may_come_back() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let long = chain(&site, &site.root, 61).await;
        let short = chain(&site, &site.root, 3).await;
        site.trash_folder(short[1].id).await.unwrap();
        assert_fails!(site.move_folder(&short[0], long[60].id).await, Error::Refused(Refusal::TooDeep));
        site.move_folder(&short[0], long[59].id).await.unwrap();
        let trashed = site.look(short[2].id).await;
        assert_eq!(trashed.path, format!("{}{}/{}/{}/", long[59].path, short[0].id, short[1].id, short[2].id));
        assert_eq!(trashed.trashed_root, Some(short[1].id));
    });
}

#[test]
fn a_folder_never_comes_to_lie_inside_itself() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folders = chain(&site, &site.root, 3).await;
        for inside in &folders {
            let refused = site.move_folder(&folders[0], inside.id).await;
            assert_fails!(refused, Error::Refused(Refusal::IntoItself));
        }
        assert_eq!(site.look(folders[0].id).await, folders[0]);
    });
}

#[test]
fn a_move_rebases_the_paths_of_the_whole_subtree_and_of_nothing_else() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        // Enough folders that one's id is the beginning of another's: 7 and 70 …
        let mut all = Vec::new();
        for _ in 0..30 {
            let top = site.folder(site.root.id, "top").await;
            all.push((top.clone(), site.folder(top.id, "below").await));
        }
        let twins = |(top, _): &&(Folder, Folder)| {
            all.iter().any(|(other, _)| other.id != top.id && other.id.to_string().starts_with(&top.id.to_string()))
        };
        let (moved, below) = all.iter().find(twins).expect("two ids of which one begins the other");
        let target = site.folder(site.root.id, "target").await;
        let after = site.move_folder(moved, target.id).await.unwrap();
        assert_eq!((after.parent_id, &after.path), (Some(target.id), &format!("{}{}/", target.path, moved.id)));
        let below_after = site.look(below.id).await;
        assert_eq!(below_after.path, format!("{}{}/", after.path, below.id));
        assert_eq!(below_after.parent_id, Some(moved.id));
        for (top, below) in all.iter().filter(|(top, _)| top.id != moved.id) {
            assert_eq!((&site.look(top.id).await, &site.look(below.id).await), (top, below));
        }
        let tree = site.catalog.folder_tree(&after, 99).await.unwrap();
        assert_eq!(tree, [after, below_after]);
    });
}

#[test]
fn a_tree_holds_only_what_lies_below_and_lives() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut tops = Vec::new();
        for _ in 0..30 {
            tops.push(site.folder(site.root.id, "top").await);
        }
        for top in &tops {
            assert_eq!(site.catalog.folder_tree(top, 99).await.unwrap(), std::slice::from_ref(top));
        }
        let below = site.folder(tops[0].id, "below").await;
        site.trash_folder(tops[1].id).await.unwrap();
        let tree = site.catalog.folder_tree(&site.root, 99).await.unwrap();
        assert_eq!(tree.len(), 31);
        assert!(!tree.contains(&tops[1]));
        let place = |folder: &Folder| tree.iter().position(|other| other.id == folder.id).unwrap();
        assert!(place(&site.root) < place(&tops[0]) && place(&tops[0]) < place(&below), "parents before children");
        assert_eq!(site.catalog.folder_tree(&site.root, 5).await.unwrap().len(), 5);
    });
}

#[test]
fn what_lies_in_a_space_knows_it_also_after_a_move() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (one, two) = (site.space("one").await, site.space("two").await);
        assert_eq!((one.space_id, one.space()), (None, Some(one.id)));
        let folders = chain(&site, &one, 2).await;
        let spaces = async || [site.look(folders[0].id).await.space_id, site.look(folders[1].id).await.space_id];
        assert_eq!(spaces().await, [Some(one.id); 2]);
        site.move_folder(&folders[0], two.id).await.unwrap();
        assert_eq!(spaces().await, [Some(two.id); 2]);
        site.move_folder(&folders[0], site.root.id).await.unwrap();
        assert_eq!(spaces().await, [None; 2]);
    });
}

#[test]
fn a_space_that_moves_keeps_what_lies_in_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let target = site.space("target").await;
        let outer = site.folder(site.root.id, "outer").await;
        let space = NewFolder { kind: FolderKind::Space, ..site.new_folder(outer.id, "space") };
        let space = site.catalog.add_folder(&space, &at(NOW)).await.unwrap();
        let inner = site.folder(space.id, "inner").await;
        let beside = site.folder(outer.id, "beside").await;
        for (moved, parent_id) in [(&space, site.root.id), (&space, outer.id), (&outer, target.id)] {
            site.move_folder(moved, parent_id).await.unwrap();
            assert_eq!(site.look(space.id).await.space_id, None);
            assert_eq!(site.look(inner.id).await.space_id, Some(space.id));
        }
        assert_eq!(site.look(outer.id).await.space_id, Some(target.id));
        assert_eq!(site.look(beside.id).await.space_id, Some(target.id));
    });
}
