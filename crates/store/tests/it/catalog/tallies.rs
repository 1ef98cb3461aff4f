//! Tallies: exact after any sequence of changes, tried against a model.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use futures_util::future::join_all;
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Handle;

use super::{
    engines::{Database, Engine, NOW, on_each_engine},
    samples::{START, Site, at},
    soundness::assert_sound,
};

const FOLDERS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Step {
    Add { folder: usize, count: usize },
    Move { asset: usize, folder: usize },
    Trash { asset: usize },
    TrashFolder { folder: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let folder = 0..FOLDERS;
    prop_oneof![
        4 => (folder.clone(), 1_usize..4).prop_map(|(folder, count)| Step::Add { folder, count }),
        4 => (any::<usize>(), folder.clone()).prop_map(|(asset, folder)| Step::Move { asset, folder }),
        2 => any::<usize>().prop_map(|asset| Step::Trash { asset }),
        1 => (1..FOLDERS).prop_map(|folder| Step::TrashFolder { folder }),
    ]
}

/// What the database should hold.
#[derive(Default)]
struct Model {
    /// The folder of each asset that is not in the trash itself.
    assets: BTreeMap<i64, usize>,
    trashed: [bool; FOLDERS],
}

impl Model {
    fn pick(&self, number: usize) -> Option<i64> {
        let count = self.assets.len().max(1);
        self.assets.keys().nth(number % count).copied()
    }

    fn count(&self, folder: usize) -> u64 {
        self.assets.values().filter(|held| **held == folder).count() as u64
    }

    async fn take(&mut self, site: &Site, folders: &[i64; FOLDERS], step: Step) {
        match step {
            Step::Add { folder, count } => {
                let wishes: Vec<_> = (0..count).map(|_| site.new_asset(folders[folder], "a")).collect();
                let added = site.catalog.add_assets(&wishes, &at(NOW)).await;
                assert_eq!(added.is_ok(), !self.trashed[folder], "{added:?}");
                self.assets.extend(added.into_iter().flatten().map(|added| (added.asset_id, folder)));
            }
            Step::Move { asset, folder } => {
                let Some(id) = self.pick(asset) else { return };
                let moved = site.move_asset(id, folders[folder], "a").await;
                let possible = !self.trashed[self.assets[&id]] && !self.trashed[folder];
                assert_eq!(moved.is_ok(), possible, "{moved:?}");
                if possible {
                    self.assets.insert(id, folder);
                }
            }
            Step::Trash { asset } => {
                let Some(id) = self.pick(asset) else { return };
                let trashed = site.trash_asset(id).await;
                assert_eq!(trashed.is_ok(), !self.trashed[self.assets[&id]], "{trashed:?}");
                if trashed.is_ok() {
                    self.assets.remove(&id);
                }
            }
            Step::TrashFolder { folder } => {
                let trashed = site.trash_folder(folders[folder]).await;
                assert_eq!(trashed.is_ok(), !self.trashed[folder], "{trashed:?}");
                self.trashed[folder] = true;
            }
        }
    }

    async fn check(&self, site: &Site, folders: &[i64; FOLDERS]) {
        let id = site.tenant.id;
        let mut living = 0;
        for (folder, folder_id) in folders.iter().enumerate() {
            let count = site.catalog.count_folder_assets(id, *folder_id).await.unwrap();
            assert_eq!(count, self.count(folder), "folder {folder}");
            let listed = site.catalog.folder_assets(*folder_id, &START, 1_000).await.unwrap().len() as u64;
            assert_eq!(count, listed, "folder {folder} as listed");
            living += if self.trashed[folder] { 0 } else { count };
        }
        assert_eq!(site.catalog.count_tenant_assets(id).await.unwrap(), living);
    }
}

async fn play(database: &Database, steps: &[Step]) {
    let site = Site::new(&database.catalog).await;
    let mut folders = [site.root.id; FOLDERS];
    for folder in &mut folders[1..] {
        *folder = site.folder(site.root.id, "f").await.id;
    }
    let mut model = Model::default();
    for step in steps {
        model.take(&site, &folders, *step).await;
    }
    model.check(&site, &folders).await;
}

#[test]
fn tallies_are_exact_after_any_changes() {
    on_each_engine(async |database| {
        let config = Config { cases: 12, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
        let steps = proptest::collection::vec(step(), 1..40);
        let outcome = TestRunner::new(config).run(&steps, |steps| {
            tokio::task::block_in_place(|| Handle::current().block_on(play(database, &steps)));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
}

#[test]
fn tallies_add_up_across_runs_of_ids() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let target = site.folder(site.root.id, "target").await;
        let first = site.asset(site.root.id, "first").await;
        // The ids go on just below the end of the first run.
        let go_on = match database.engine {
            Engine::Sqlite => "update sqlite_sequence set seq = 1020 where name = 'assets'",
            Engine::Postgres => "select setval(pg_get_serial_sequence('assets', 'id'), 1020)",
        };
        sqlx::raw_sql(go_on).execute(&mut database.connect().await).await.unwrap();
        let wishes: Vec<_> = (0..8).map(|_| site.new_asset(site.root.id, "a")).collect();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        assert_eq!((added[0].asset_id, added[7].asset_id), (1021, 1028));
        assert_eq!(database.number("select count(*) from tallies where live > 0").await, 2);
        for id in [first, added[0].asset_id, added[7].asset_id] {
            site.move_asset(id, target.id, "a").await.unwrap();
        }
        site.trash_asset(added[7].asset_id).await.unwrap();
        let count = async |folder_id| site.catalog.count_folder_assets(site.tenant.id, folder_id).await.unwrap();
        assert_eq!((count(site.root.id).await, count(target.id).await), (6, 2));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn tallies_are_exact_after_parallel_changes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (left, right) = (site.folder(site.root.id, "l").await.id, site.folder(site.root.id, "r").await.id);
        let lives = (0..24).map(|number| {
            let site = site.clone();
            tokio::spawn(async move {
                let (from, to) = if number % 2 == 0 { (left, right) } else { (right, left) };
                let id = site.asset(from, &format!("{number}")).await;
                site.move_asset(id, to, &format!("{number}")).await.unwrap();
                if number % 3 == 0 {
                    site.trash_asset(id).await.unwrap();
                }
            })
        });
        for life in join_all(lives).await {
            life.unwrap();
        }
        let count = async |folder_id| site.catalog.count_folder_assets(site.tenant.id, folder_id).await.unwrap();
        assert_eq!((count(left).await, count(right).await), (8, 8));
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 16);
        assert_eq!(site.catalog.count_folder_assets(site.tenant.id + 1, left).await.unwrap(), 0);
    });
}
