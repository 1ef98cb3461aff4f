//! Backups: what comes back is what was there, on either engine, whatever tables there are; what is damaged is told before anything is
//! done; and what goes away meanwhile is not in it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use object_store::memory::InMemory;
use sqlx::AssertSqlSafe;
use store::{
    Catalog, TenantKey,
    assets::{NewAsset, NewBlob},
    backups::{Error, Manifest, OnStep, Restored, Shelf, Step, restore},
    blobs::{BlobKey, Blobs, BlobsConfig, Kind},
};
use tempfile::TempDir;

use super::{
    chunk_samples::{begin, gather},
    engines::{Engine, NOW, beside, on_each_engine},
    plans_walk::call_every_method,
    samples::{Site, at},
    soundness::assert_sound,
    verify::assert_clean,
};

fn silent() -> OnStep {
    Arc::new(|_| ())
}

fn memory() -> Blobs {
    Blobs::objects(Arc::new(InMemory::new()), BlobsConfig::default())
}

async fn back_up(folder: &Path, catalog: &Catalog, blobs: &Blobs) -> Manifest {
    Shelf::at(folder).add((catalog, blobs), None, || NOW, &silent()).await.unwrap().manifest
}

async fn bring_back(folder: &Path, manifest: &Manifest, catalog: &Catalog, blobs: &Blobs) -> Result<Restored, Error> {
    restore(&Shelf::at(folder), manifest.clone(), (catalog, blobs), NOW, &silent()).await
}

/// Every row of a backup by its table, and what goes with the tables; read past the code that wrote it.
fn rows(folder: &Path, manifest: &Manifest) -> BTreeMap<String, BTreeSet<String>> {
    let file = std::fs::File::open(folder.join("catalogs").join(format!("{}.jsonl.gz", manifest.name))).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let (mut tables, mut table) = (BTreeMap::<_, BTreeSet<_>>::new(), String::new());
    for line in text.lines().filter(|line| !line.starts_with("{\"begin\"")) {
        if line.starts_with("{\"table\"") {
            line.clone_into(&mut table);
        }
        assert!(tables.entry(table.clone()).or_default().insert(line.to_owned()), "{line}");
    }
    tables
}

/// Bytes in the store, and a file that has them.
async fn file(site: &Site, blobs: &Blobs, seal: Option<&TenantKey>, name: &str, bytes: Vec<u8>) -> (i64, BlobKey) {
    let staged = blobs.stage_bytes(Kind::Original, seal, Bytes::from(bytes)).await.unwrap();
    let blob = NewBlob { key: staged.key(), size: staged.len, digest: staged.digest };
    let key = blobs.publish(staged).await.unwrap();
    let version = store::assets::NewVersion { blob, ..site.new_version(0) };
    let asset = NewAsset { version, ..site.new_asset(site.root.id, name) };
    (site.catalog.add_assets(&[asset], &at(NOW)).await.unwrap()[0].asset_id, key)
}

#[test]
fn every_row_of_every_table_comes_back_on_either_engine() {
    on_each_engine(async |database| {
        call_every_method(&database.url).await;
        let mut conn = database.connect().await;
        // A table of a migration that is still to come.
        let bytes = if database.engine == Engine::Sqlite { "blob" } else { "bytea" };
        let novelty = |bytes| format!("create table novelties (id bigint primary key, note text, digits {bytes})");
        sqlx::raw_sql(AssertSqlSafe(novelty(bytes))).execute(&mut conn).await.unwrap();
        let values = "insert into novelties values (7, 'süß \"quoted\" \\ \n', null), (-1, null, $1), (0, '', $2)";
        sqlx::query(values).bind(vec![0_u8, 255, 10]).bind(Vec::<u8>::new()).execute(&mut conn).await.unwrap();
        // What is under way does not come back as it is; of that another case tells.
        for statement in ["delete from upload_parts", "update uploads set part_count = 0"] {
            sqlx::query(statement).execute(&mut conn).await.unwrap();
        }
        let (folder, blobs) = (TempDir::new().unwrap(), memory());
        let made = back_up(folder.path(), &database.catalog, &blobs).await;
        assert_eq!((made.rows["novelties"], made.schema), (3, Catalog::newest_schema()));
        assert!(made.rows["assets"] > 20_000 && made.blobs > 0 && made.unreadable.len() as u64 == made.blobs);
        for left_out in ["renditions", "rendition_tallies", "asset_names", "asset_names_data", "_sqlx_migrations"] {
            assert!(!made.rows.contains_key(left_out), "{left_out}");
        }
        let written = rows(folder.path(), &made);
        beside(async |other| {
            let bytes = if other.engine == Engine::Sqlite { "blob" } else { "bytea" };
            sqlx::raw_sql(AssertSqlSafe(novelty(bytes))).execute(&mut other.connect().await).await.unwrap();
            bring_back(folder.path(), &made, &other.catalog, &memory()).await.unwrap();
            let second = TempDir::new().unwrap();
            let again = back_up(second.path(), &other.catalog, &memory()).await;
            let found = rows(second.path(), &again);
            for (table, lines) in &written {
                let differing: Vec<_> = lines.symmetric_difference(&found[table]).take(4).collect();
                assert!(differing.is_empty(), "{table}: {differing:#?}");
            }
            assert_eq!(again.rows, made.rows);
            // Ids go on behind all that were ever given out, and references hold.
            let last = database.number("select max(id) from audit").await;
            let tenant_id = database.number("select min(id) from tenants").await;
            other.catalog.add_user(tenant_id, &super::samples::person("new@acme.test"), &at(NOW)).await.unwrap();
            assert!(other.number("select max(id) from audit").await > last);
            let orphan = "insert into tags (asset_id, tag) values (999999999, 'x')";
            assert!(sqlx::query(orphan).execute(&mut other.connect().await).await.is_err());
        })
        .await;
    });
}

#[test]
fn uploads_under_way_end_with_the_backup() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        begin(&site, site.root.id, "first", 3).await;
        let gathered = begin(&site, site.root.id, "all but the end", 3).await;
        gather(&site, &gathered).await;
        site.asset(site.root.id, "whole").await;
        let folder = TempDir::new().unwrap();
        let made = back_up(folder.path(), &database.catalog, &memory()).await;
        beside(async |other| {
            bring_back(folder.path(), &made, &other.catalog, &memory()).await.unwrap();
            assert_eq!(other.number("select count(*) from uploads").await, 0);
            assert_eq!(other.number("select count(*) from assets").await, 1);
            assert_sound(&mut other.connect().await).await;
            assert_clean(&other.catalog).await;
        })
        .await;
    });
}

#[test]
fn blobs_come_back_as_they_were_from_any_store_to_any_other() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let key = TenantKey::generate(7);
        let place = TempDir::new().unwrap();
        let folder = |name: &str| place.path().join(name);
        let disk = Blobs::disk(&folder("from"), BlobsConfig::default()).await.unwrap();
        for (round, from) in [disk, memory()].into_iter().enumerate() {
            let mut files = Vec::new();
            for (seal, len) in [(None, 1), (None, 3), (None, 9 << 20), (Some(&key), 5), (Some(&key), 9 << 20)] {
                let bytes: Vec<u8> =
                    (0..len).map(|at| (at * 31 + at / 977 + round * 2 + usize::from(seal.is_some())) as u8).collect();
                let (id, key) = file(&site, &from, seal, &format!("{len}"), bytes).await;
                files.push((id, key, from.stat(key).await.unwrap()));
            }
            let shelf = folder(&format!("shelf-{round}"));
            // Those of the round before are not in this store any more.
            let made = back_up(&shelf, &database.catalog, &from).await;
            assert_eq!(made.unreadable.len(), 5 * round);
            let disk = Blobs::disk(&folder(&format!("to-{round}")), BlobsConfig::default()).await.unwrap();
            for to in [disk, memory()] {
                let copied = AtomicU64::new(0);
                // What an earlier attempt brought is no hindrance, and not copied again.
                for _attempt in 0..2 {
                    beside(async |other| {
                        let restored = bring_back(&shelf, &made, &other.catalog, &to).await.unwrap();
                        assert_eq!(restored.missing.len(), 5 * round);
                        copied.fetch_add(restored.copied, Ordering::Relaxed);
                        for (_, key, len) in &files {
                            assert_eq!(to.stat(*key).await.unwrap(), *len);
                        }
                        let again = bring_back(&shelf, &made, &other.catalog, &to).await;
                        assert!(matches!(again, Err(Error::NotEmpty(_))), "{again:?}");
                    })
                    .await;
                }
                assert_eq!(copied.load(Ordering::Relaxed), 5);
            }
        }
    });
}

#[test]
fn what_is_damaged_or_not_empty_is_refused_before_anything_is_done() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let place = TempDir::new().unwrap();
        let from = Blobs::disk(&place.path().join("blobs"), BlobsConfig::default()).await.unwrap();
        let (_, key) = file(&site, &from, None, "a", b"bytes".to_vec()).await;
        let folder = place.path().join("shelf");
        let made = back_up(&folder, &database.catalog, &from).await;
        let rows = folder.join("catalogs").join(format!("{}.jsonl.gz", made.name));
        let manifest = folder.join("catalogs").join(format!("{}.json", made.name));
        let (whole, text) = (std::fs::read(&rows).unwrap(), std::fs::read_to_string(&manifest).unwrap());
        beside(async |other| {
            let to = memory();
            let mut flipped = whole.clone();
            flipped[whole.len() / 2] ^= 1;
            for spoilt in [&flipped[..], &whole[..whole.len() - 1], &[]] {
                std::fs::write(&rows, spoilt).unwrap();
                let refused = bring_back(&folder, &made, &other.catalog, &to).await;
                assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
            }
            std::fs::remove_file(&rows).unwrap();
            let refused = bring_back(&folder, &made, &other.catalog, &to).await;
            assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
            std::fs::write(&rows, &whole).unwrap();
            let blob = folder.join("blobs").join(key.path());
            std::fs::write(&blob, b"bytez").unwrap();
            let refused = bring_back(&folder, &made, &other.catalog, &to).await;
            assert!(matches!(refused, Err(Error::LostBlob(_))), "{refused:?}");
            std::fs::write(&blob, b"bytes").unwrap();
            assert_eq!(to.stat(key).await.unwrap(), None);
            assert_eq!(other.number("select count(*) from tenants").await, 0);
            let foreign = to.stage_bytes(Kind::Original, None, Bytes::from_static(b"other")).await.unwrap();
            let foreign = to.publish(foreign).await.unwrap();
            let refused = bring_back(&folder, &made, &other.catalog, &to).await;
            assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
            to.delete(foreign).await.unwrap();
            bring_back(&folder, &made, &other.catalog, &to).await.unwrap();
            assert_eq!(other.number("select count(*) from assets").await, 1);
        })
        .await;
        let shelf = Shelf::at(&folder);
        for (found, replacement) in [("\"format\": 1", "\"format\": 2"), ("\"schema\"", "\"skema\""), ("}", "")] {
            std::fs::write(&manifest, text.replace(found, replacement)).unwrap();
            let refused = shelf.catalog(None).await;
            assert!(matches!(refused, Err(Error::Damaged { .. } | Error::Later(..))), "{refused:?}");
        }
        assert!(matches!(Shelf::at(place.path()).catalog(None).await, Err(Error::NoBackup)));
    });
}

/// Does something on another thread the first time that rows were read and no blob was copied yet, and waits for it.
fn once_rows_are_read(work: impl AsyncFnOnce() + Send + 'static) -> OnStep {
    let work = Mutex::new(Some(work));
    Arc::new(move |step| {
        if let Step::Blobs { .. } = step
            && let Some(work) = work.lock().unwrap().take()
        {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work());
                });
            });
        }
    })
}

#[test]
fn a_blob_that_goes_meanwhile_is_in_no_catalog() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let place = TempDir::new().unwrap();
        let from = Blobs::disk(&place.path().join("blobs"), BlobsConfig::default()).await.unwrap();
        let (doomed, doomed_key) = file(&site, &from, None, "doomed", b"secret".to_vec()).await;
        let (_, key) = file(&site, &from, None, "kept", b"kept".to_vec()).await;
        let (url, store, tenant_id) = (database.url.clone(), from.clone(), site.tenant.id);
        let on_step = once_rows_are_read(async move || {
            let catalog = Catalog::open(&url).await.unwrap();
            catalog.trash_asset(tenant_id, doomed, &at(NOW)).await.unwrap();
            catalog.purge_asset(tenant_id, doomed, &at(NOW)).await.unwrap();
            store.delete(doomed_key).await.unwrap();
            catalog.close().await;
        });
        let folder = place.path().join("shelf");
        let shelf = Shelf::at(&folder);
        let made = shelf.add((&database.catalog, &from), None, || NOW, &on_step).await.unwrap();
        assert_eq!((made.attempts, made.copied, made.manifest.blobs), (2, 1, 1));
        assert!(made.manifest.unreadable.is_empty(), "{:?}", made.manifest);
        assert!(
            folder.join("blobs").join(key.path()).exists() && !folder.join("blobs").join(doomed_key.path()).exists()
        );
        // What is gone although its row says that it is there is told, and the rest is kept all the same.
        from.delete(key).await.unwrap();
        std::fs::remove_file(folder.join("blobs").join(key.path())).unwrap();
        let made = shelf.add((&database.catalog, &from), None, || NOW, &silent()).await.unwrap();
        assert_eq!((made.attempts, made.manifest.unreadable), (1, vec![key.path()]));
    });
}

#[test]
fn the_next_one_copies_what_is_new_and_what_nobody_names_can_be_dropped() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let place = TempDir::new().unwrap();
        let from = Blobs::disk(&place.path().join("blobs"), BlobsConfig::default()).await.unwrap();
        let (first, _) = file(&site, &from, None, "first", b"first".to_vec()).await;
        let folder = place.path().join("shelf");
        let (shelf, pair) = (Shelf::at(&folder), (&database.catalog, &from));
        let stored = || -> Vec<_> {
            let root = folder.join("blobs/originals");
            let shards = std::fs::read_dir(root).unwrap().map(|shard| shard.unwrap().path());
            shards.flat_map(|shard| std::fs::read_dir(shard).unwrap()).map(|blob| blob.unwrap().file_name()).collect()
        };
        let made = shelf.add(pair, None, || NOW, &silent()).await.unwrap();
        assert_eq!((made.copied, made.copied_bytes), (1, 5));
        file(&site, &from, None, "second", b"second".to_vec()).await;
        // The same moment: a name of its own all the same. And what one that was cut off left behind is cleared away.
        let catalogs = folder.join("catalogs");
        for left in ["rows.part", "20200101T000000.000Z.jsonl.gz", "20200101T000000.000Z.json.part"] {
            std::fs::write(catalogs.join(left), b"half").unwrap();
        }
        std::fs::write(folder.join("blobs/staging").join("half"), b"half").unwrap();
        let again = shelf.add(pair, None, || NOW, &silent()).await.unwrap();
        assert_eq!((again.copied, again.manifest.blobs), (1, 2));
        assert_ne!(again.manifest.name, made.manifest.name);
        assert_eq!(std::fs::read_dir(&catalogs).unwrap().count(), 4);
        assert_eq!(std::fs::read_dir(folder.join("blobs/staging")).unwrap().count(), 0);
        site.trash_asset(first).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, first, &at(NOW)).await.unwrap();
        let third = shelf.add(pair, Some(2), || NOW + 1_000, &silent()).await.unwrap();
        assert_eq!((third.manifest.blobs, third.dropped.catalogs, third.dropped.blobs), (1, 1, 0));
        assert_eq!(stored().len(), 2, "the second still names the first file");
        let dropped = shelf.keep(1).await.unwrap();
        assert_eq!((dropped.catalogs, dropped.blobs, dropped.bytes), (1, 1, 5));
        assert_eq!(stored().len(), 1);
        assert_eq!(shelf.catalogs().await.unwrap(), [third.manifest]);
    });
}

#[test]
fn two_at_once_in_one_folder_do_not_meet() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let place = TempDir::new().unwrap();
        let from = Blobs::disk(&place.path().join("blobs"), BlobsConfig::default()).await.unwrap();
        file(&site, &from, None, "a", b"a".to_vec()).await;
        let folder = place.path().join("shelf");
        let (url, beside, refused) = (database.url.clone(), folder.clone(), Arc::new(AtomicBool::new(false)));
        let (noted, store) = (Arc::clone(&refused), from.clone());
        let on_step = once_rows_are_read(async move || {
            let catalog = Catalog::open(&url).await.unwrap();
            let second = Shelf::at(&beside).add((&catalog, &store), None, || NOW, &silent()).await;
            noted.store(matches!(second, Err(Error::InUse)), Ordering::Relaxed);
            assert!(matches!(Shelf::at(&beside).keep(1).await, Err(Error::InUse)));
            catalog.close().await;
        });
        Shelf::at(&folder).add((&database.catalog, &from), None, || NOW, &on_step).await.unwrap();
        assert!(refused.load(Ordering::Relaxed));
    });
}
