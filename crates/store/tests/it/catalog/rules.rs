//! Access rules: set on folders and files, and found by climbing.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun,
    folders::FolderKind,
    rules::{Access, Allow, Condition, Governing, Rule, Ruled, Test},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

fn rule(allow: Allow) -> Rule {
    Rule { name: None, enabled: true, stop: false, types: vec![Access::Read], spaces: vec![], allow }
}

/// One rule of each kind, with every property used.
fn all_kinds() -> Vec<Rule> {
    let condition = |test, value: &str| Condition { property: "Plan \"A\"".to_owned(), test, value: value.to_owned() };
    let people = [(Test::Equals, "Größe"), (Test::NotEquals, ""), (Test::Contains, "%_\\")];
    let people = people.map(|(test, value)| condition(test, value)).into();
    let mut rules: Vec<_> =
        [Allow::All, Allow::LoggedIn, Allow::Tokens(vec![3, 1]), Allow::People(people)].map(rule).into();
    rules[1].types = vec![Access::Read, Access::Create, Access::Update, Access::Delete];
    (rules[2].enabled, rules[2].stop, rules[2].spaces) = (false, true, vec![7, 9]);
    rules[3].name = Some("Für alle \u{1F98A}".to_owned());
    rules
}

async fn set(site: &Site, ruled: Ruled, rules: Option<&[Rule]>) -> store::Result<()> {
    site.catalog.set_rules(site.tenant.id, ruled, rules, &at(NOW + 4)).await
}

async fn governing(site: &Site, folder_id: i64) -> Option<Governing> {
    site.catalog.governing_rules(site.tenant.id, folder_id).await.unwrap()
}

#[test]
fn rules_read_back_as_they_were_set() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let file = site.asset(folder.id, "a").await;
        let (rules, other) = (all_kinds(), vec![rule(Allow::All)]);
        set(&site, Ruled::Folder(folder.id), Some(&rules)).await.unwrap();
        set(&site, Ruled::Asset(file), Some(&other)).await.unwrap();
        let (folder, asset) = (site.look(folder.id).await, site.view(file).await);
        assert_eq!((folder.rules.as_ref(), folder.updated_at), (Some(&rules), NOW + 4));
        assert_eq!((asset.rules.as_ref(), asset.updated_at), (Some(&other), NOW + 4));
        assert_eq!(asset.folder, folder);
        // No rules and an empty list of rules are two things: nobody is let in by the second.
        for none in [Some(&[][..]), None] {
            set(&site, Ruled::Folder(folder.id), none).await.unwrap();
            set(&site, Ruled::Asset(file), none).await.unwrap();
            let expected = none.map(<[Rule]>::to_vec);
            assert_eq!((site.look(folder.id).await.rules, site.view(file).await.rules), (expected.clone(), expected));
        }
    });
}

#[test]
fn equal_rules_are_one_text() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        for _ in 0..2 {
            let folder = site.folder(site.root.id, "f").await;
            set(&site, Ruled::Folder(folder.id), Some(&all_kinds())).await.unwrap();
        }
        let texts = "select count(distinct access_rules) from folders";
        assert_eq!(database.number(texts).await, 1);
    });
}

#[test]
fn the_nearest_rules_above_hold() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let space = site.space("space").await;
        let outer = site.folder(space.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        let beside = site.folder(site.root.id, "beside").await;
        assert_eq!(governing(&site, inner.id).await, None);
        let told = |folder: &store::folders::Folder, rules: &[Rule]| {
            Some(Governing {
                folder_id: folder.id,
                kind: folder.kind,
                name: folder.name.clone(),
                rules: rules.to_vec(),
            })
        };
        let (of_root, of_space, of_inner) = (vec![rule(Allow::LoggedIn)], vec![rule(Allow::All)], vec![]);
        set(&site, Ruled::Folder(site.root.id), Some(&of_root)).await.unwrap();
        assert_eq!(governing(&site, inner.id).await, told(&site.root, &of_root));
        set(&site, Ruled::Folder(space.id), Some(&of_space)).await.unwrap();
        set(&site, Ruled::Folder(inner.id), Some(&of_inner)).await.unwrap();
        for (folder, expected) in [
            (&site.root, told(&site.root, &of_root)),
            (&beside, told(&site.root, &of_root)),
            (&space, told(&space, &of_space)),
            (&outer, told(&space, &of_space)),
            (&inner, told(&inner, &of_inner)),
        ] {
            assert_eq!(governing(&site, folder.id).await, expected, "{}", folder.name);
        }
        assert_eq!(space.kind, FolderKind::Space);
        // Rules follow the place.
        set(&site, Ruled::Folder(inner.id), None).await.unwrap();
        site.move_folder(&inner, beside.id).await.unwrap();
        assert_eq!(governing(&site, inner.id).await, told(&site.root, &of_root));
        // Of a trashed folder too: its owner still looks into it.
        site.trash_folder(outer.id).await.unwrap();
        assert_eq!(governing(&site, outer.id).await, told(&space, &of_space));
    });
}

#[test]
fn rules_are_found_from_the_bottom_of_the_deepest_tree() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        set(&site, Ruled::Folder(site.root.id), Some(&[])).await.unwrap();
        let mut folder = site.root.clone();
        for _ in 1..store::folders::MAX_DEPTH {
            folder = site.folder(folder.id, "f").await;
        }
        assert_eq!(governing(&site, folder.id).await.unwrap().folder_id, site.root.id);
    });
}

#[test]
fn rules_stay_in_their_tenant() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let their = theirs.asset(theirs.root.id, "a").await;
        assert_fails!(set(&ours, Ruled::Folder(theirs.root.id), Some(&[])).await, Error::Missing(Noun::Folder));
        assert_fails!(set(&ours, Ruled::Asset(their), Some(&[])).await, Error::Missing(Noun::Asset));
        assert_fails!(set(&ours, Ruled::Folder(9_999), None).await, Error::Missing(Noun::Folder));
        assert_fails!(set(&ours, Ruled::Asset(9_999), None).await, Error::Missing(Noun::Asset));
        set(&theirs, Ruled::Folder(theirs.root.id), Some(&[])).await.unwrap();
        assert_eq!(governing(&ours, theirs.root.id).await, None);
        assert_eq!(governing(&ours, 9_999).await, None);
        // What is in the trash may be ruled: it is ruled when it comes back.
        theirs.trash_asset(their).await.unwrap();
        set(&theirs, Ruled::Asset(their), Some(&[])).await.unwrap();
    });
}
