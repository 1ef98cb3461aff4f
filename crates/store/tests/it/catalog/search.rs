//! Finding by a part of the name: what a search finds is what a look at every row finds, newest first and each once.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_oneof,
    sample::select,
    test_runner::{Config, TestRunner},
};
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use store::{
    assets::AssetChange,
    folders::FolderChange,
    search::{Hits, NameSearch},
};
use tokio::runtime::Handle;

use super::{
    engines::{Database, Engine, on_each_engine},
    samples::{Site, at, slug},
};

/// Parts of names: what the engines might take for more than itself, what folds, and what is long in bytes.
const PARTS: &[&str] = &[
    "a", "b", "ab", "aba", "%", "_", "\"", "'", "\\", "*", "-", " ", ".", "(", "AND", "or ", "not", "name:", "É", "é",
    "ß", "İ", "日本", "語", "🦊", "e\u{301}", "0", "00", "12", "一", "丁", "NEAR(", "^", "tenant",
];

pub const EVERYTHING: NameSearch<'static> =
    NameSearch { tenant_id: 0, term: "", under: None, trashed: false, before: i64::MAX, limit: 1_000 };

#[derive(Debug, Clone)]
enum Step {
    Add { folder: usize, name: String },
    AddFolder { folder: usize, name: String },
    Rename { asset: usize, name: String },
    RenameFolder { folder: usize, name: String },
    Move { asset: usize, folder: usize },
    MoveFolder { folder: usize, into: usize },
    Trash { asset: usize },
    Restore { asset: usize },
    Purge { asset: usize },
    TrashFolder { folder: usize },
    RestoreFolder { folder: usize },
    PurgeFolder { folder: usize, all: bool },
}

fn name() -> impl Strategy<Value = String> {
    vec(select(PARTS), 1..5).prop_map(|parts| parts.concat())
}

fn step() -> impl Strategy<Value = Step> {
    let some = any::<usize>;
    prop_oneof![
        12 => (some(), name()).prop_map(|(folder, name)| Step::Add { folder, name }),
        5 => (some(), name()).prop_map(|(folder, name)| Step::AddFolder { folder, name }),
        3 => (some(), name()).prop_map(|(asset, name)| Step::Rename { asset, name }),
        2 => (some(), name()).prop_map(|(folder, name)| Step::RenameFolder { folder, name }),
        2 => (some(), some()).prop_map(|(asset, folder)| Step::Move { asset, folder }),
        2 => (some(), some()).prop_map(|(folder, into)| Step::MoveFolder { folder, into }),
        3 => some().prop_map(|asset| Step::Trash { asset }),
        1 => some().prop_map(|asset| Step::Restore { asset }),
        1 => some().prop_map(|asset| Step::Purge { asset }),
        2 => some().prop_map(|folder| Step::TrashFolder { folder }),
        1 => some().prop_map(|folder| Step::RestoreFolder { folder }),
        1 => (some(), any::<bool>()).prop_map(|(folder, all)| Step::PurgeFolder { folder, all }),
    ]
}

/// What was made so far; the first folder is the root.
struct Made {
    folders: Vec<i64>,
    assets: Vec<i64>,
}

impl Made {
    fn folder(&self, number: usize) -> i64 {
        self.folders[number % self.folders.len()]
    }

    fn asset(&self, number: usize) -> i64 {
        self.assets.get(number % self.assets.len().max(1)).copied().unwrap_or_default()
    }

    /// Takes a step that may be impossible where things stand.
    async fn take(&mut self, site: &Site, step: &Step) {
        let (catalog, id, now) = (&site.catalog, site.tenant.id, at(1));
        let wish = slug("s");
        match step {
            Step::Add { folder, name } => self.assets.extend(site.try_asset(self.folder(*folder), name).await),
            Step::AddFolder { folder, name } => {
                let made = site.try_folder(self.folder(*folder), name).await;
                self.folders.extend(made.map(|folder| folder.id));
            }
            Step::Rename { asset, name } => {
                let change = AssetChange {
                    seen: None,
                    missing: store::paths::Missing::default(),
                    name: Some((name.clone(), name.to_lowercase())),
                    folder_id: None,
                    slug: wish,
                    fields: Vec::new(),
                };
                drop(catalog.change_asset(id, self.asset(*asset), &change, &now).await);
            }
            Step::RenameFolder { folder, name } => {
                let name = Some((name.clone(), name.to_lowercase()));
                let change = FolderChange {
                    seen: None,
                    name,
                    parent_id: None,
                    missing: store::paths::Missing::default(),
                    slug: wish,
                };
                drop(catalog.change_folder(id, self.folder(*folder), &change, &now).await);
            }
            Step::Move { asset, folder } => {
                drop(site.move_asset(self.asset(*asset), self.folder(*folder), "s").await);
            }
            Step::MoveFolder { folder, into } => {
                let change = FolderChange {
                    seen: None,
                    name: None,
                    parent_id: Some(self.folder(*into)),
                    missing: store::paths::Missing::default(),
                    slug: wish,
                };
                drop(catalog.change_folder(id, self.folder(*folder), &change, &now).await);
            }
            Step::Trash { asset } => drop(site.trash_asset(self.asset(*asset)).await),
            Step::Restore { asset } => drop(catalog.restore_asset(id, self.asset(*asset), &wish, &now).await),
            Step::Purge { asset } => drop(catalog.purge_asset(id, self.asset(*asset), &now).await),
            Step::TrashFolder { folder } => drop(site.trash_folder(self.folder(*folder)).await),
            Step::RestoreFolder { folder } => drop(catalog.restore_folder(id, self.folder(*folder), &wish, &now).await),
            Step::PurgeFolder { folder, all } => {
                let folder = self.folder(*folder);
                if catalog.purge_folder(id, folder, &now).await.is_ok() && *all {
                    while catalog.purge_some_of_folder(id, folder, 3, 1).await.unwrap() {}
                }
            }
        }
    }
}

/// What a search is to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    pub id: i64,
    pub name_key: String,
    pub path: String,
    pub trashed: bool,
}

/// All that there is of a tenant, newest first: files and folders.
pub async fn everything(conn: &mut AnyConnection, tenant_id: i64) -> (Vec<Thing>, Vec<Thing>) {
    let mut read = async |sql: &'static str| {
        let rows = sqlx::query(sql).bind(tenant_id).fetch_all(&mut *conn).await.unwrap();
        let thing = |row: &sqlx::any::AnyRow| Thing {
            id: row.get("id"),
            name_key: row.get("name_key"),
            path: row.get("path"),
            trashed: row.get::<i64, _>("trashed") > 0,
        };
        rows.iter().map(thing).collect::<Vec<_>>()
    };
    let assets = "select a.id, a.name_key, f.path, coalesce(a.deleted_at, f.trashed_root, 0) as trashed from assets a \
         join folders f on f.id = a.folder_id where a.tenant_id = $1 and f.purged_at is null order by a.id desc";
    let folders = "select id, name_key, path, coalesce(trashed_root, 0) as trashed from folders \
         where tenant_id = $1 and kind = 'plain' and purged_at is null order by id desc";
    (read(assets).await, read(folders).await)
}

/// The ids that a look at each thing finds; a folder does not lie in itself.
pub fn naive(things: &[Thing], search: &NameSearch<'_>, is_inside: impl Fn(&Thing, &str) -> bool) -> Vec<i64> {
    let fits = |thing: &&Thing| {
        thing.name_key.contains(search.term)
            && thing.trashed == search.trashed
            && search.under.is_none_or(|top| is_inside(thing, top))
    };
    things.iter().filter(fits).map(|thing| thing.id).collect()
}

/// All pages of a search, and how many there were.
async fn pages<T>(
    search: &NameSearch<'_>,
    look: impl AsyncFn(&NameSearch<'_>) -> Hits<T>,
    id: impl Fn(&T) -> i64,
) -> (Vec<i64>, usize) {
    let (mut search, mut found) = (search.clone(), Vec::new());
    for page in 1..10_000 {
        let hits = look(&search).await;
        assert!(i64::try_from(hits.found.len()).unwrap() <= search.limit);
        assert!(hits.found.iter().all(|hit| id(hit) < search.before));
        found.extend(hits.found.iter().map(&id));
        let Some(next) = hits.next else { return (found, page) };
        assert!(next < search.before, "it does not come on");
        search.before = next;
    }
    panic!("it does not end");
}

pub async fn asset_pages(site: &Site, search: &NameSearch<'_>) -> (Vec<i64>, usize) {
    let look = async |search: &NameSearch<'_>| site.catalog.search_assets(search).await.unwrap();
    pages(search, look, |asset| asset.id).await
}

pub async fn folder_pages(site: &Site, search: &NameSearch<'_>) -> (Vec<i64>, usize) {
    let look = async |search: &NameSearch<'_>| site.catalog.search_folders(search).await.unwrap();
    pages(search, look, |folder| folder.id).await
}

/// Compares searches for a term, everywhere and below one folder, in pages of several sizes.
async fn compare(database: &Database, sites: &[&Site], terms: &[String], top: usize) {
    for site in sites {
        let (assets, folders) = everything(&mut database.connect().await, site.tenant.id).await;
        let paths: Vec<_> = folders.iter().map(|folder| folder.path.clone()).chain([site.root.path.clone()]).collect();
        for (turn, term) in terms.iter().enumerate() {
            for under in [None, Some(paths[(top + turn) % paths.len()].as_str())] {
                for trashed in [false, true] {
                    let limit = [1, 3, 1_000][turn % 3];
                    let search = NameSearch { tenant_id: site.tenant.id, term, under, trashed, limit, ..EVERYTHING };
                    let expected = naive(&assets, &search, |asset, top| asset.path.starts_with(top));
                    assert_eq!(asset_pages(site, &search).await.0, expected, "{search:?} of {assets:#?}");
                    let expected =
                        naive(&folders, &search, |folder, top| folder.path.starts_with(top) && folder.path != top);
                    assert_eq!(folder_pages(site, &search).await.0, expected, "{search:?} of {folders:#?}");
                }
            }
        }
    }
}

#[test]
fn a_search_finds_what_a_look_at_every_row_finds_after_any_changes() {
    on_each_engine(async |database| {
        let cases = if database.engine == Engine::Sqlite { 10 } else { 6 };
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let play = (vec(step(), 10..70), vec(name(), 1..4), any::<usize>());
        let runtime = Handle::current();
        let outcome = tokio::task::block_in_place(|| {
            runner.run(&play, |(steps, terms, top)| {
                runtime.block_on(async {
                    let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
                    for site in [&ours, &theirs] {
                        let mut made = Made { folders: vec![site.root.id], assets: Vec::new() };
                        for step in &steps {
                            made.take(site, step).await;
                        }
                    }
                    let parts = PARTS.iter().map(|part| (*part).to_owned());
                    let terms: Vec<_> = terms.into_iter().chain(parts).map(|term| term.to_lowercase()).collect();
                    compare(database, &[&ours, &theirs], &terms, top % 1_000).await;
                });
                Ok(())
            })
        });
        outcome.unwrap();
    });
}

#[test]
fn every_character_of_a_term_stands_for_itself() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let names =
            ["100% wool", "100 wool", "a_b_c", "axbxc", "say \"hi\"", "say hi", "c:\\dir", "c:dir", "x*y*z", "xyz"];
        let mut ids = Vec::new();
        for name in names {
            ids.push(site.asset(site.root.id, name).await);
        }
        for (term, places) in [
            ("0% w", vec![0]),
            ("%", vec![0]),
            ("_b_", vec![2]),
            ("_", vec![2]),
            ("\"hi\"", vec![4]),
            ("\"", vec![4]),
            ("hi\"", vec![4]),
            (":\\d", vec![6]),
            ("\\", vec![6]),
            ("x*y*z", vec![8]),
            ("x*", vec![8]),
            ("hi\" or \"x", vec![]),
            ("name : \"xyz\"", vec![]),
            ("wool", vec![1, 0]),
            ("wool%", vec![]),
            ("100% wool and more", vec![]),
            ("xyz\0", vec![]),
            ("\0", vec![]),
        ] {
            let search = NameSearch { tenant_id: site.tenant.id, term, ..EVERYTHING };
            let expected: Vec<_> = places.into_iter().map(|place: usize| ids[place]).collect();
            assert_eq!(asset_pages(&site, &search).await.0, expected, "{term:?}");
        }
        for length in [3, 300, 2_048, 2_049, 60_000, 3_000_000] {
            let search = NameSearch { tenant_id: site.tenant.id, term: &"%".repeat(length), ..EVERYTHING };
            assert_eq!(site.catalog.search_assets(&search).await.unwrap(), Hits { found: Vec::new(), next: None });
            assert_eq!(site.catalog.search_folders(&search).await.unwrap(), Hits { found: Vec::new(), next: None });
        }
    });
}

#[test]
fn a_limit_of_nothing_or_of_everything_is_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let ids = [site.asset(site.root.id, "one").await, site.asset(site.root.id, "one").await];
        for (limit, count) in [(i64::MIN, 1), (-1, 1), (0, 1), (1, 1), (2, 2), (i64::MAX, 2)] {
            let search = NameSearch { tenant_id: site.tenant.id, term: "one", limit, ..EVERYTHING };
            assert_eq!(site.catalog.search_assets(&search).await.unwrap().found.len(), count);
        }
        for (before, expected) in
            [(i64::MIN, vec![]), (0, vec![]), (ids[1], vec![ids[0]]), (ids[1] + 1, vec![ids[1], ids[0]])]
        {
            for term in ["", "on", "one"] {
                let search = NameSearch { tenant_id: site.tenant.id, term, before, ..EVERYTHING };
                assert_eq!(asset_pages(&site, &search).await.0, expected, "{search:?}");
            }
        }
    });
}

#[test]
fn assets_without_bytes_and_folders_of_other_kinds_are_not_found() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let space = site.space("named space").await;
        let ids = [site.asset(space.id, "named").await, site.asset(space.id, "named").await];
        let plain = site.folder(space.id, "named folder").await;
        let uploading = format!("update assets set state = 'uploading' where id = {}", ids[1]);
        sqlx::raw_sql(AssertSqlSafe(uploading)).execute(&mut database.connect().await).await.unwrap();
        for term in ["", "na", "named"] {
            let search = NameSearch { tenant_id: site.tenant.id, term, ..EVERYTHING };
            assert_eq!(asset_pages(&site, &search).await.0, [ids[0]], "{term:?}");
            assert_eq!(folder_pages(&site, &search).await.0, [plain.id], "{term:?}");
        }
    });
}
