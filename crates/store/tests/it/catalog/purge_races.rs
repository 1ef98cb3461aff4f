//! The end of things at the very moment at which somebody still does something with them.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Error, Noun, Refusal, Result, links::NewLink, tokens::NewToken};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, random_key, slug},
    soundness::assert_sound,
    tokens::new_token,
};

/// Takes a purged folder's rows away.
async fn remove_rows(site: &Site, folder_id: i64) {
    for step in 0.. {
        assert!(step < 100, "it does not end");
        if !site.catalog.purge_some_of_folder(site.tenant.id, folder_id, 2, NOW).await.unwrap() {
            return;
        }
    }
}

async fn trash_and_purge(site: &Site, folder_id: i64) -> Result<()> {
    site.trash_folder(folder_id).await.unwrap();
    site.catalog.purge_folder(site.tenant.id, folder_id, &at(NOW)).await
}

#[test]
fn a_link_made_while_its_asset_is_purged_goes_with_it_or_is_refused() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut made = 0;
        for _ in 0..60 {
            let id = site.asset(site.root.id, "a").await;
            let link = NewLink {
                tenant_id: site.tenant.id,
                key: random_key(),
                realm: "mediapocket".to_owned(),
                asset_id: id,
                version_id: site.view(id).await.version.unwrap().id,
                plan_key: None,
                file_name: "a".to_owned(),
                use_limit: None,
                created_by: site.user.id,
                expires_at: None,
                password_hash: None,
                private: None,
            };
            site.trash_asset(id).await.unwrap();
            let makers = (0..6).map(|_| {
                let (site, link) = (site.clone(), NewLink { key: random_key(), ..link.clone() });
                tokio::spawn(async move { site.catalog.add_link(&link, &at(NOW)).await })
            });
            let purger = async { site.catalog.purge_asset(site.tenant.id, id, &at(NOW)).await };
            let (makers, purged) = tokio::join!(join_all(makers), purger);
            purged.unwrap();
            for maker in makers {
                match maker.unwrap() {
                    Ok(_) => made += 1,
                    Err(error) => assert!(matches!(error, Error::Missing(_)), "{error:?}"),
                }
            }
        }
        eprintln!("{made} of 360 links were made before the end came");
        assert_eq!(database.number("select count(*) from links").await, 0);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_key_made_while_its_folder_is_purged_is_refused_or_keeps_it_or_goes_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut number = 0;
        for _ in 0..40 {
            let folder = site.folder(site.root.id, "f").await;
            number += 1;
            let token = NewToken { folder_id: Some(folder.id), ..new_token(&site, number) };
            let (maker, purger) = (site.clone(), site.clone());
            let (making, purging) = (
                tokio::spawn(async move { maker.catalog.add_token(&token, &at(NOW)).await }),
                tokio::spawn(async move { trash_and_purge(&purger, folder.id).await }),
            );
            match purging.await.unwrap() {
                Ok(()) => remove_rows(&site, folder.id).await,
                Err(Error::Refused(Refusal::InUse)) => assert!(making.await.unwrap().is_ok()),
                Err(error) => panic!("{error:?}"),
            }
        }
        let astray = "select count(*) from tokens t where not exists (select 1 from folders f where f.id = t.folder_id \
             and f.purged_at is null)";
        assert_eq!(database.number(astray).await, 0);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn a_file_that_comes_while_its_folder_is_purged_goes_with_it_or_is_refused() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut came = 0;
        for round in 0..25 {
            let folder = site.folder(site.root.id, "f").await;
            let trashed = site.asset(folder.id, "a").await;
            site.trash_asset(trashed).await.unwrap();
            let comers = (0..8).map(|number| {
                let site = if (number + round) % 2 == 0 { site.clone() } else { site.through(&beside) };
                tokio::spawn(async move {
                    match number {
                        0 => site.catalog.restore_asset(site.tenant.id, trashed, &slug("a"), &at(NOW)).await,
                        1 => site.catalog.purge_asset(site.tenant.id, trashed, &at(NOW)).await,
                        _ => site.try_asset(folder.id, "b").await.map(drop),
                    }
                })
            });
            let purger = async {
                trash_and_purge(&site, folder.id).await.unwrap();
                remove_rows(&site, folder.id).await;
            };
            let (comers, ()) = tokio::join!(join_all(comers), purger);
            for comer in comers {
                match comer.unwrap() {
                    Ok(()) => came += 1,
                    Err(Error::Missing(Noun::Folder | Noun::Asset) | Error::Refused(Refusal::ParentInTrash)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            assert_eq!(database.number("select count(*) from folders").await, 1);
            assert_eq!(database.number("select count(*) from assets").await, 0);
        }
        eprintln!("{came} of 200 came before the end");
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}

#[test]
fn of_many_that_restore_and_purge_one_asset_one_does() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        for _ in 0..15 {
            let id = site.asset(folder.id, "a").await;
            site.trash_asset(id).await.unwrap();
            let changes = (0..8).map(|number| {
                let site = site.clone();
                tokio::spawn(async move {
                    let stamp = at(NOW);
                    match number % 2 {
                        0 => site.catalog.restore_asset(site.tenant.id, id, &slug("a"), &stamp).await,
                        _ => site.catalog.purge_asset(site.tenant.id, id, &stamp).await,
                    }
                })
            });
            let outcomes: Vec<_> = join_all(changes).await.into_iter().map(|outcome| outcome.unwrap()).collect();
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
            assert_fails!(
                site.catalog.restore_asset(site.tenant.id, id, &slug("a"), &at(NOW)).await,
                Error::Missing(_)
            );
        }
        assert_sound(&mut database.connect().await).await;
    });
}
