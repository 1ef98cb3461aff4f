//! Lists of all that has a row, with their counts and the starts of their pages: what any changes leave is what a model says.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    test_runner::{Config, TestRunner},
};
use sqlx::AssertSqlSafe;
use store::{
    Result,
    assets::{Asset, RemovalWish},
    uploads::Chunked,
};
use tokio::runtime::Handle;

use super::{
    chunk_samples::{begin, end, gather},
    engines::{Database, Engine, NOW, on_each_engine},
    placeholder_samples::{fill, try_placeholder},
    samples::{Site, at, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

const FOLDERS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Step {
    Add {
        folder: usize,
        count: usize,
    },
    Begin {
        folder: usize,
    },
    /// An entry comes that waits for its first bytes.
    Wait {
        folder: usize,
    },
    Fill(usize),
    End(usize),
    Abandon(usize),
    Remove {
        asset: usize,
        hidden: bool,
    },
    Trash(usize),
    Restore(usize),
    Move {
        asset: usize,
        folder: usize,
    },
    TrashFolder(usize),
    RestoreFolder(usize),
    /// The ids go on so much further.
    Skip(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let (one, folder) = (any::<usize>, || 0..FOLDERS);
    prop_oneof![
        6 => (folder(), 1_usize..4).prop_map(|(folder, count)| Step::Add { folder, count }),
        5 => folder().prop_map(|folder| Step::Begin { folder }),
        4 => folder().prop_map(|folder| Step::Wait { folder }),
        2 => one().prop_map(Step::Fill),
        3 => one().prop_map(Step::End),
        2 => one().prop_map(Step::Abandon),
        4 => (one(), any::<bool>()).prop_map(|(asset, hidden)| Step::Remove { asset, hidden }),
        2 => one().prop_map(Step::Trash),
        2 => one().prop_map(Step::Restore),
        3 => (one(), folder()).prop_map(|(asset, folder)| Step::Move { asset, folder }),
        1 => (1..FOLDERS).prop_map(Step::TrashFolder),
        1 => (1..FOLDERS).prop_map(Step::RestoreFolder),
        1 => (1_i64..2_000).prop_map(Step::Skip),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Uploading,
    Ready,
    Removed,
    Hidden,
    Trashed,
    /// In the trash without ever having had bytes.
    TrashedWaiting,
}

impl State {
    const fn is_seen(self) -> bool {
        matches!(self, Self::Uploading | Self::Ready | Self::Removed)
    }
}

/// What the database should hold.
#[derive(Default)]
struct Model {
    assets: BTreeMap<i64, (usize, State)>,
    uploads: BTreeMap<i64, Chunked>,
    shut: [bool; FOLDERS],
}

/// A site with some folders side by side.
struct Place<'a> {
    database: &'a Database,
    site: Site,
    folders: [i64; FOLDERS],
}

impl Model {
    fn pick(&self, number: usize) -> Option<(i64, usize, State)> {
        let count = self.assets.len().max(1);
        self.assets.iter().nth(number % count).map(|(id, (folder, state))| (*id, *folder, *state))
    }

    async fn take(&mut self, place: &Place<'_>, step: Step) {
        let (site, tenant_id) = (&place.site, place.site.tenant.id);
        match step {
            Step::Add { folder, count } => {
                let wishes: Vec<_> = (0..count).map(|_| site.new_asset(place.folders[folder], "a")).collect();
                let added = site.catalog.add_assets(&wishes, &at(NOW)).await;
                assert_eq!(added.is_ok(), !self.shut[folder], "{added:?}");
                let ids = added.into_iter().flatten().map(|added| added.asset_id);
                self.assets.extend(ids.map(|id| (id, (folder, State::Ready))));
            }
            Step::Begin { folder } if !self.shut[folder] => {
                let upload = begin(site, place.folders[folder], "a", 2).await;
                self.assets.insert(upload.asset_id, (folder, State::Uploading));
                self.uploads.insert(upload.asset_id, upload);
            }
            Step::Wait { folder } => {
                let id = try_placeholder(site, place.folders[folder], "a").await;
                assert_eq!(id.is_ok(), !self.shut[folder], "{id:?}");
                self.assets.extend(id.ok().map(|id| (id, (folder, State::Waiting))));
            }
            Step::TrashFolder(folder) => {
                let trashed = site.trash_folder(place.folders[folder]).await;
                assert_eq!(trashed.is_ok(), !self.shut[folder], "{trashed:?}");
                self.shut[folder] = true;
            }
            Step::RestoreFolder(folder) => {
                let folder_id = place.folders[folder];
                let restored = site.catalog.restore_folder(tenant_id, folder_id, &slug("f"), &at(NOW)).await;
                assert_eq!(restored.is_ok(), self.shut[folder], "{restored:?}");
                self.shut[folder] = false;
            }
            Step::Skip(count) => skip_ids(place.database, count).await,
            Step::Begin { .. } => {}
            Step::End(asset)
            | Step::Fill(asset)
            | Step::Abandon(asset)
            | Step::Remove { asset, .. }
            | Step::Trash(asset)
            | Step::Restore(asset)
            | Step::Move { asset, .. } => {
                let Some((id, folder, state)) = self.pick(asset) else { return };
                self.change(place, step, id, (folder, state)).await;
            }
        }
    }

    /// Changes one asset, which is possible or not by where and how it is.
    async fn change(&mut self, place: &Place<'_>, step: Step, id: i64, (folder, state): (usize, State)) {
        let (site, catalog, tenant_id) = (&place.site, &place.site.catalog, place.site.tenant.id);
        let lives = state == State::Ready && !self.shut[folder];
        let waits = state == State::Waiting && !self.shut[folder];
        let (outcome, possible, after): (Result<()>, bool, Option<(usize, State)>) = match step {
            Step::End(_) => {
                let Some(upload) = self.uploads.remove(&id) else { return };
                if self.shut[folder] {
                    self.uploads.insert(id, upload);
                    return;
                }
                gather(site, &upload).await;
                (end(site, &upload).await.map(drop), true, Some((folder, State::Ready)))
            }
            Step::Fill(_) => (fill(site, id, "a").await.map(drop), lives || waits, Some((folder, State::Ready))),
            Step::Abandon(_) => {
                let possible = self.uploads.remove(&id).is_some();
                (catalog.abandon_chunked(tenant_id, id, &at(NOW)).await.map(drop), possible, None)
            }
            Step::Remove { hidden, .. } => {
                let wish = RemovalWish { hidden, shred_at: NOW };
                // What ends by its time does so in the trash too, and is not seen there.
                let possible = lives || (!hidden && matches!(state, State::Ready | State::Trashed));
                let after = if hidden || state == State::Trashed { State::Hidden } else { State::Removed };
                (catalog.remove_asset(tenant_id, id, wish, &at(NOW)).await, possible, Some((folder, after)))
            }
            Step::Restore(_) => {
                let waited = state == State::TrashedWaiting;
                let possible = (state == State::Trashed || waited) && !self.shut[folder];
                let outcome = catalog.restore_asset(tenant_id, id, &slug("a"), &at(NOW)).await;
                (outcome, possible, Some((folder, if waited { State::Waiting } else { State::Ready })))
            }
            Step::Move { folder: to, .. } => {
                let outcome = site.move_asset(id, place.folders[to], "a").await;
                (outcome, (lives || waits) && !self.shut[to], Some((to, state)))
            }
            _ => {
                let after = if waits { State::TrashedWaiting } else { State::Trashed };
                (site.trash_asset(id).await, lives || waits, Some((folder, after)))
            }
        };
        assert_eq!(outcome.is_ok(), possible, "{step:?} of {state:?}: {outcome:?}");
        match after {
            Some(after) if possible => drop(self.assets.insert(id, after)),
            None if possible => drop(self.assets.remove(&id)),
            _ => {}
        }
    }

    /// Those that fit, the newest first.
    fn ids(&self, fits: impl Fn(usize, State) -> bool) -> Vec<i64> {
        let fitting = self.assets.iter().rev().filter(|(_, (folder, state))| fits(*folder, *state));
        fitting.map(|(id, _)| *id).collect()
    }

    async fn check(&self, place: &Place<'_>) {
        let (catalog, tenant_id) = (&place.site.catalog, place.site.tenant.id);
        let all = self.ids(|folder, state| state.is_seen() && !self.shut[folder]);
        assert_eq!(catalog.count_tenant_rows(tenant_id).await.unwrap(), all.len() as u64);
        assert_eq!(ids(&catalog.listed_assets(tenant_id, i64::MAX, 1_000).await.unwrap()), all);
        for skip in 0..all.len() + 3 {
            let start = catalog.row_page_start(tenant_id, skip as u64).await.unwrap();
            let expected = if skip == 0 { Some(i64::MAX) } else { all.get(skip - 1).copied() };
            assert_eq!(start, expected, "behind {skip} of {}", all.len());
            let Some(before) = start else { continue };
            let page = catalog.listed_assets(tenant_id, before, 4).await.unwrap();
            assert_eq!(ids(&page), all[skip..all.len().min(skip + 4)], "behind {skip} of {}", all.len());
        }
        let ready = self.ids(|folder, state| state == State::Ready && !self.shut[folder]);
        assert_eq!(catalog.count_tenant_assets(tenant_id).await.unwrap(), ready.len() as u64);
        for skip in 1..ready.len() + 2 {
            let start = catalog.asset_page_start(tenant_id, skip as u64).await.unwrap();
            assert_eq!(start, ready.get(skip - 1).copied(), "behind {skip} of {}", ready.len());
        }
        for (number, folder_id) in place.folders.iter().enumerate() {
            // Of a trashed folder those that went with it.
            let inside = self.ids(|folder, state| folder == number && state.is_seen());
            assert_eq!(catalog.count_folder_rows(tenant_id, *folder_id).await.unwrap(), inside.len() as u64);
            let entries = self.ids(|folder, state| folder == number && matches!(state, State::Ready | State::Waiting));
            let found = catalog.folder_entries(tenant_id, *folder_id, 0, 1_000).await.unwrap();
            assert_eq!(ids(&found).into_iter().rev().collect::<Vec<_>>(), entries);
            for skip in (0..=inside.len()).step_by(3) {
                let page = catalog.listed_assets_in(tenant_id, *folder_id, skip as i64, 5).await.unwrap();
                assert_eq!(ids(&page), inside[skip..inside.len().min(skip + 5)]);
            }
        }
    }
}

fn ids(assets: &[Asset]) -> Vec<i64> {
    assets.iter().map(|asset| asset.id).collect()
}

async fn skip_ids(database: &Database, count: i64) {
    let statement = match database.engine {
        Engine::Sqlite => format!("update sqlite_sequence set seq = seq + {count} where name = 'assets'"),
        Engine::Postgres => {
            let sequence = "pg_get_serial_sequence('assets', 'id')";
            format!("select setval({sequence}, nextval({sequence}) + {count})")
        }
    };
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut database.connect().await).await.unwrap();
}

async fn play(database: &Database, steps: &[Step]) {
    let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
    let mut folders = [site.root.id; FOLDERS];
    for folder in &mut folders[1..] {
        *folder = site.folder(site.root.id, "f").await.id;
    }
    let place = Place { database, site, folders };
    let mut model = Model::default();
    for (number, step) in steps.iter().enumerate() {
        model.take(&place, *step).await;
        if number % 5 == 0 {
            // Between ours lie another tenant's.
            theirs.asset(theirs.root.id, "a").await;
            begin(&theirs, theirs.root.id, "a", 2).await;
        }
        if number % 20 == 19 {
            model.check(&place).await;
        }
    }
    model.check(&place).await;
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

#[test]
fn lists_of_all_rows_are_exact_after_any_changes() {
    on_each_engine(async |database| {
        let config = Config { cases: 10, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
        let steps = proptest::collection::vec(step(), 30..90);
        let outcome = TestRunner::new(config).run(&steps, |steps| {
            tokio::task::block_in_place(|| Handle::current().block_on(play(database, &steps)));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
}

#[test]
fn lists_are_of_one_tenant() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (asset_id, their) = (site.asset(site.root.id, "a").await, theirs.asset(theirs.root.id, "a").await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        assert_eq!(ids(&catalog.listed_assets(id, i64::MAX, 9).await.unwrap()), [asset_id]);
        assert_eq!(catalog.listed_assets(id, asset_id, 9).await.unwrap(), []);
        assert_eq!(catalog.listed_assets_in(id, theirs.root.id, 0, 9).await.unwrap(), []);
        assert_eq!(ids(&catalog.listed_assets_in(theirs.tenant.id, theirs.root.id, 0, 9).await.unwrap()), [their]);
        assert_eq!(catalog.count_folder_rows(id, theirs.root.id).await.unwrap(), 0);
        for skip in [u64::MAX, 1 << 40, 2] {
            assert_eq!(catalog.row_page_start(id, skip).await.unwrap(), None);
        }
    });
}
