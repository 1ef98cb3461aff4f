//! Any changes in any order, one after another and all at once: afterwards everything hangs together, and what is kept as
//! a sum is what a recount gives.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    test_runner::{Config, TestRunner},
};
use sqlx::AnyConnection;
use store::{
    Error,
    assets::{RemovalWish, Scan},
    folders::{FolderKind, NewFolder},
    uploads::Chunked,
};
use tokio::runtime::Handle;

use super::{
    chunk_samples::{add, begin as begin_upload, chunk, end, folded, look, new_chunked},
    engines::{Database, NOW, on_each_engine},
    samples::{Site, at, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

/// Numbers stand for any folder or file that was ever made.
#[derive(Debug, Clone, Copy)]
enum Step {
    AddFolder { parent: usize, kind: FolderKind },
    MoveFolder { folder: usize, to: usize },
    TrashFolder(usize),
    RestoreFolder(usize),
    PurgeFolder(usize),
    RemoveRows { folder: usize, limit: i64 },
    Add { folder: usize, seed: u64 },
    MoveAsset { asset: usize, to: usize },
    Replace { asset: usize, seed: u64 },
    TrashAsset(usize),
    RestoreAsset(usize),
    PurgeAsset(usize),
    Infected(usize),
    Collect,
    Begin { folder: usize },
    AddChunk { upload: usize, number: i64 },
    Fold(usize),
    End(usize),
    Abandon(usize),
    Forget(usize),
    Remove { asset: usize, hidden: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let one = any::<usize>;
    let kind =
        prop_oneof![3 => proptest::strategy::Just(FolderKind::Plain), 1 => proptest::strategy::Just(FolderKind::Space)];
    prop_oneof![
        4 => (one(), kind).prop_map(|(parent, kind)| Step::AddFolder { parent, kind }),
        2 => (one(), one()).prop_map(|(folder, to)| Step::MoveFolder { folder, to }),
        2 => one().prop_map(Step::TrashFolder),
        2 => one().prop_map(Step::RestoreFolder),
        1 => one().prop_map(Step::PurgeFolder),
        2 => (one(), 1_i64..4).prop_map(|(folder, limit)| Step::RemoveRows { folder, limit }),
        8 => (one(), 0_u64..6).prop_map(|(folder, seed)| Step::Add { folder, seed }),
        3 => (one(), one()).prop_map(|(asset, to)| Step::MoveAsset { asset, to }),
        3 => (one(), 0_u64..6).prop_map(|(asset, seed)| Step::Replace { asset, seed }),
        3 => one().prop_map(Step::TrashAsset),
        2 => one().prop_map(Step::RestoreAsset),
        2 => one().prop_map(Step::PurgeAsset),
        1 => one().prop_map(Step::Infected),
        1 => proptest::strategy::Just(Step::Collect),
        6 => transfer(),
    ]
}

fn transfer() -> impl Strategy<Value = Step> {
    let one = any::<usize>;
    prop_oneof![
        3 => one().prop_map(|folder| Step::Begin { folder }),
        3 => (one(), 1_i64..4).prop_map(|(upload, number)| Step::AddChunk { upload, number }),
        4 => one().prop_map(Step::Fold),
        3 => one().prop_map(Step::End),
        1 => one().prop_map(Step::Abandon),
        1 => one().prop_map(Step::Forget),
        3 => (one(), any::<bool>()).prop_map(|(asset, hidden)| Step::Remove { asset, hidden }),
    ]
}

/// The ids that one player knows.
#[derive(Clone)]
struct Player {
    site: Site,
    folders: Vec<i64>,
    assets: Vec<i64>,
    uploads: Vec<Chunked>,
}

impl Player {
    fn folder(&self, number: usize) -> i64 {
        self.folders[number % self.folders.len()]
    }

    fn asset(&self, number: usize) -> i64 {
        self.assets[number % self.assets.len()]
    }

    fn upload(&self, number: usize) -> Chunked {
        self.uploads[number % self.uploads.len()].clone()
    }

    async fn take(&mut self, step: Step) {
        let outcome = self.try_take(step).await;
        assert!(matches!(outcome, Ok(()) | Err(Error::Missing(_) | Error::Refused(_))), "{step:?}: {outcome:?}");
    }

    async fn try_take(&mut self, step: Step) -> store::Result<()> {
        let site = self.site.clone();
        let (catalog, id, stamp) = (&site.catalog, site.tenant.id, at(NOW));
        match step {
            Step::AddFolder { parent, kind } => {
                let wish = NewFolder { kind, ..site.new_folder(self.folder(parent), "f") };
                self.folders.push(catalog.add_folder(&wish, &stamp).await?.id);
            }
            Step::MoveFolder { folder, to } => {
                let Some(folder) = catalog.folder(id, self.folder(folder)).await? else { return Ok(()) };
                site.move_folder(&folder, self.folder(to)).await?;
            }
            Step::TrashFolder(folder) => site.trash_folder(self.folder(folder)).await?,
            Step::RestoreFolder(folder) => {
                catalog.restore_folder(id, self.folder(folder), &slug("f"), &stamp).await?;
            }
            Step::PurgeFolder(folder) => catalog.purge_folder(id, self.folder(folder), &stamp).await?,
            Step::RemoveRows { folder, limit } => {
                catalog.purge_some_of_folder(id, self.folder(folder), limit, NOW).await?;
            }
            Step::Add { folder, seed } => {
                let mut wishes = [site.new_asset(self.folder(folder), "a"), site.new_asset(self.folder(folder), "b")];
                wishes[0].version = site.new_version(seed);
                let added = catalog.add_assets(&wishes, &stamp).await?;
                self.assets.extend(added.iter().map(|added| added.asset_id));
            }
            Step::MoveAsset { asset, to } => site.move_asset(self.asset(asset), self.folder(to), "a").await?,
            Step::Replace { asset, seed } => {
                catalog.add_version(id, self.asset(asset), &site.new_version(seed), &stamp).await?;
            }
            Step::TrashAsset(asset) => site.trash_asset(self.asset(asset)).await?,
            Step::RestoreAsset(asset) => catalog.restore_asset(id, self.asset(asset), &slug("a"), &stamp).await?,
            Step::PurgeAsset(asset) => catalog.purge_asset(id, self.asset(asset), &stamp).await?,
            Step::Infected(asset) => catalog.set_scan(id, self.asset(asset), Scan::Infected, &stamp).await?,
            Step::Collect => {
                for blob in catalog.dead_blobs(NOW, (0, 0), 9).await? {
                    catalog.delete_dead_blob(blob.id, NOW).await?;
                }
            }
            Step::Begin { .. }
            | Step::AddChunk { .. }
            | Step::Fold(_)
            | Step::End(_)
            | Step::Abandon(_)
            | Step::Forget(_)
            | Step::Remove { .. } => return self.try_transfer(&site, step).await,
        }
        Ok(())
    }

    async fn try_transfer(&mut self, site: &Site, step: Step) -> store::Result<()> {
        let (catalog, id, stamp) = (&site.catalog, site.tenant.id, at(NOW));
        match step {
            Step::Begin { folder } => {
                let wish = new_chunked(site, self.folder(folder), "a", 2);
                let upload = catalog.begin_chunked(&wish, &chunk(1), &stamp).await?;
                self.assets.push(upload.asset_id);
                self.uploads.push(upload);
            }
            Step::AddChunk { upload, number } => drop(add(site, &self.upload(upload), number).await?),
            Step::Fold(upload) => {
                let Some(upload) = look(site, &self.upload(upload)).await else { return Ok(()) };
                let was = upload.folded.parts;
                if catalog.upload_part(upload.id, was + 1).await?.is_some() && was < 2 {
                    catalog.fold_chunks(upload.id, was, &folded(was + 1), was == 0).await?;
                }
            }
            Step::End(upload) => drop(end(site, &self.upload(upload)).await?),
            Step::Abandon(upload) => {
                catalog.abandon_chunked(id, self.upload(upload).asset_id, &stamp).await?;
            }
            Step::Forget(upload) => drop(catalog.forget_chunked(id, self.upload(upload).id, NOW + 200).await?),
            Step::Remove { asset, hidden } => {
                let wish = RemovalWish { hidden, shred_at: NOW };
                catalog.remove_asset(id, self.asset(asset), wish, &stamp).await?;
            }
            other => panic!("{other:?} is no transfer"),
        }
        Ok(())
    }
}

async fn begin(database: &Database) -> Player {
    let site = Site::new(&database.catalog).await;
    let (space, plain) = (site.space("space").await, site.folder(site.root.id, "plain").await);
    let folders = vec![site.root.id, space.id, plain.id, site.folder(space.id, "inner").await.id];
    let mut assets = vec![site.asset(space.id, "a").await, site.asset(plain.id, "a").await];
    let uploads = vec![begin_upload(&site, space.id, "a", 2).await, begin_upload(&site, plain.id, "a", 2).await];
    assets.extend(uploads.iter().map(|upload| upload.asset_id));
    Player { site, folders, assets, uploads }
}

const LIVING: &str = "select count(*) from assets a join folders f on f.id = a.folder_id where a.tenant_id = $1 \
     and a.deleted_at is null and a.state = 'ready' and f.trashed_root is null";
const ROWS: &str = "select count(*) from assets a join folders f on f.id = a.folder_id where a.tenant_id = $1 \
     and a.deleted_at is null and f.trashed_root is null";
const SPACE: &str = "select cast(coalesce(sum(b.size), 0) as bigint) from assets a join folders f on f.id = a.folder_id \
     join versions v on v.asset_id = a.id and v.number = a.version_number join blobs b on b.id = v.blob_id \
     where f.tenant_id = $1 and (f.id = $2 or f.space_id = $2) and a.deleted_at is null and f.trashed_root is null";

async fn assert_recounted(conn: &mut AnyConnection, site: &Site) {
    assert_sound(&mut *conn).await;
    assert_clean(&site.catalog).await;
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let living: i64 = sqlx::query_scalar(LIVING).bind(id).fetch_one(&mut *conn).await.unwrap();
    assert_eq!(catalog.count_tenant_assets(id).await.unwrap(), living.unsigned_abs());
    let rows: i64 = sqlx::query_scalar(ROWS).bind(id).fetch_one(&mut *conn).await.unwrap();
    assert_eq!(catalog.count_tenant_rows(id).await.unwrap(), rows.unsigned_abs());
    let listed = catalog.listed_assets(id, i64::MAX, 10_000).await.unwrap();
    assert_eq!(listed.len() as i64, rows);
    for space in catalog.folders_of_kind(id, FolderKind::Space, 0, 99).await.unwrap() {
        let bytes: i64 = sqlx::query_scalar(SPACE).bind(id).bind(space.id).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(catalog.space_bytes(id, space.id).await.unwrap(), bytes.unsigned_abs(), "space {}", space.id);
    }
}

#[test]
fn everything_hangs_together_after_any_changes() {
    on_each_engine(async |database| {
        let config = Config { cases: 16, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
        let steps = proptest::collection::vec(step(), 20..100);
        let outcome = TestRunner::new(config).run(&steps, |steps| {
            let play = async {
                let mut player = begin(database).await;
                for step in steps {
                    player.take(step).await;
                }
                assert_recounted(&mut database.connect().await, &player.site).await;
            };
            tokio::task::block_in_place(|| Handle::current().block_on(play));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
}

#[test]
fn everything_hangs_together_after_any_changes_all_at_once() {
    on_each_engine(async |database| {
        let beside = database.open_again().await;
        let config = Config { cases: 8, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
        let lanes = proptest::collection::vec(proptest::collection::vec(step(), 15..40), 6);
        let outcome = TestRunner::new(config).run(&lanes, |lanes| {
            let play = async {
                let first = begin(database).await;
                let plays = lanes.into_iter().enumerate().map(|(number, steps)| {
                    let mut player = first.clone();
                    if number % 2 == 0 {
                        player.site = player.site.through(&beside);
                    }
                    tokio::spawn(async move {
                        for step in steps {
                            player.take(step).await;
                        }
                    })
                });
                join_all(plays).await.into_iter().for_each(Result::unwrap);
                assert_recounted(&mut database.connect().await, &first.site).await;
            };
            tokio::task::block_in_place(|| Handle::current().block_on(play));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
        beside.close().await;
    });
}
