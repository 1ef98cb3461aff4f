//! Bytes for an entry that waits for them, at the very moment at which somebody does something else with it.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Error, Noun, Refusal, assets::AssetState};

use super::{
    engines::{Database, NOW, on_each_engine},
    placeholder_samples::{fill, placeholder, try_placeholder},
    samples::{Site, at, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

#[test]
fn of_many_that_fill_one_placeholder_the_first_names_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        for _ in 0..10 {
            let id = placeholder(&site, site.root.id, "untitled").await;
            let fills = (0..6).map(|number| {
                let site = if number % 2 == 0 { site.clone() } else { site.through(&beside) };
                tokio::spawn(async move { fill(&site, id, &format!("{number}.jpg")).await.unwrap().version_id })
            });
            let mut filled: Vec<i64> = join_all(fills).await.into_iter().map(Result::unwrap).collect();
            filled.sort_unstable();
            let versions = site.catalog.versions(id, 99).await.unwrap();
            let numbers: Vec<_> = versions.iter().map(|version| version.number).collect();
            let mut kept: Vec<_> = versions.iter().map(|version| version.id).collect();
            kept.sort_unstable();
            assert_eq!((numbers, kept), ((1..=6).collect(), filled));
            let file = site.view(id).await;
            assert_eq!(file.version.unwrap().number, 6);
            assert!(file.slug.starts_with(file.name.trim_end_matches(".jpg")), "{} of {}", file.slug, file.name);
        }
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 10);
        assert_right(database).await;
        beside.close().await;
    });
}

#[test]
fn a_placeholder_that_is_filled_moved_and_trashed_at_once_is_one_thing_in_one_place() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let folders = [site.folder(site.root.id, "l").await.id, site.folder(site.root.id, "r").await.id];
        let mut ends = [0; 3];
        for round in 0..40 {
            let id = placeholder(&site, folders[0], "untitled").await;
            let changes = (0..6).map(|number| {
                let site = if (number + round) % 2 == 0 { site.clone() } else { site.through(&beside) };
                tokio::spawn(async move {
                    let outcome = match number {
                        0 | 1 => fill(&site, id, "a.jpg").await.map(drop),
                        2 | 3 => site.move_asset(id, folders[number - 2], "a.jpg").await,
                        4 => site.trash_asset(id).await,
                        _ => site.catalog.restore_asset(site.tenant.id, id, &slug("a.jpg"), &at(NOW)).await,
                    };
                    assert!(matches!(outcome, Ok(()) | Err(Error::Missing(Noun::Asset))), "{number}: {outcome:?}");
                })
            });
            join_all(changes).await.into_iter().for_each(Result::unwrap);
            let entry = site.view(id).await;
            assert_eq!(entry.version.is_some(), entry.state == AssetState::Ready);
            ends[0] += usize::from(entry.state == AssetState::Ready);
            ends[1] += usize::from(entry.deleted_at.is_some());
            ends[2] += usize::from(entry.folder.id == folders[1]);
        }
        eprintln!("of 40, {} were filled, {} are in the trash, {} were moved", ends[0], ends[1], ends[2]);
        assert_right(database).await;
        beside.close().await;
    });
}

#[test]
fn a_placeholder_that_is_filled_while_it_is_purged_leaves_nothing() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut filled = 0;
        for round in 0..40 {
            let id = placeholder(&site, site.root.id, "untitled").await;
            let filler = if round % 2 == 0 { site.clone() } else { site.through(&beside) };
            let fills = tokio::spawn(async move { fill(&filler, id, "a.jpg").await });
            site.trash_asset(id).await.unwrap();
            site.catalog.purge_asset(site.tenant.id, id, &at(NOW)).await.unwrap();
            match fills.await.unwrap() {
                Ok(_) => filled += 1,
                Err(Error::Missing(Noun::Asset)) => {}
                Err(error) => panic!("{error:?}"),
            }
            assert_eq!(site.catalog.asset(id).await.unwrap(), None);
        }
        eprintln!("{filled} of 40 were filled before the end came");
        assert_eq!(database.number("select count(*) from versions").await, 0);
        assert_eq!(database.number("select count(*) from names").await, 0);
        assert_eq!(database.number("select count(*) from blobs where dead_at is not null").await, filled);
        assert_right(database).await;
        beside.close().await;
    });
}

#[test]
fn what_is_filled_while_its_folder_is_trashed_and_purged_goes_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut came = 0;
        for round in 0..25 {
            let folder = site.folder(site.root.id, "f").await;
            let id = placeholder(&site, folder.id, "untitled").await;
            let comers = (0..4).map(|number| {
                let site = if (number + round) % 2 == 0 { site.clone() } else { site.through(&beside) };
                tokio::spawn(async move {
                    match number {
                        0 => try_placeholder(&site, folder.id, "b").await.map(drop),
                        1 => site.move_asset(id, site.root.id, "a.jpg").await,
                        _ => fill(&site, id, "a.jpg").await.map(drop),
                    }
                })
            });
            let purger = async {
                site.trash_folder(folder.id).await.unwrap();
                site.catalog.purge_folder(site.tenant.id, folder.id, &at(NOW)).await.unwrap();
                while site.catalog.purge_some_of_folder(site.tenant.id, folder.id, 2, NOW).await.unwrap() {}
            };
            let (comers, ()) = tokio::join!(join_all(comers), purger);
            for comer in comers {
                match comer.unwrap() {
                    Ok(()) => came += 1,
                    Err(Error::Missing(_) | Error::Refused(Refusal::ParentInTrash)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            // It was moved out in time, or it is gone.
            let left = site.catalog.asset(id).await.unwrap();
            assert!(left.is_none_or(|asset| asset.folder.id == site.root.id));
            assert_eq!(database.number("select count(*) from folders").await, 1);
        }
        eprintln!("{came} of 100 came before the end");
        assert_right(database).await;
        beside.close().await;
    });
}

#[test]
fn entries_at_work_raise_no_false_alarm() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let workers = (0..4).map(|_| {
            let site = site.clone();
            tokio::spawn(async move {
                for _ in 0..8 {
                    let folder = site.folder(site.root.id, "f").await;
                    let (one, two) =
                        (placeholder(&site, folder.id, "a").await, placeholder(&site, folder.id, "a").await);
                    fill(&site, one, "a").await.unwrap();
                    site.move_asset(two, site.root.id, "a").await.unwrap();
                    site.trash_asset(one).await.unwrap();
                    fill(&site, two, "a").await.unwrap();
                    site.catalog.restore_asset(site.tenant.id, one, &slug("a"), &at(NOW)).await.unwrap();
                    site.trash_folder(folder.id).await.unwrap();
                    site.catalog.purge_asset(site.tenant.id, one, &at(NOW)).await.unwrap();
                }
            })
        });
        let work = tokio::spawn(join_all(workers));
        let mut looks = 0;
        while !work.is_finished() || looks == 0 {
            assert_clean(&beside).await;
            looks += 1;
        }
        work.await.unwrap().into_iter().for_each(Result::unwrap);
        eprintln!("{looks} looks");
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}
