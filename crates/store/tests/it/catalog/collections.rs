//! Collections: assets across folders under one title, and who is let in to them.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    collections::{Collection, NewCollection},
};

use super::{
    engines::{NOW, on_each_engine},
    placeholder_samples::placeholder,
    samples::{Site, assert_fails, at, person},
    soundness::assert_sound,
};

pub fn new_collection(site: &Site, title: &str) -> NewCollection {
    NewCollection {
        tenant_id: site.tenant.id,
        title: title.to_owned(),
        description: None,
        body: String::new(),
        created_by: site.user.id,
    }
}

async fn collection(site: &Site, title: &str) -> Collection {
    site.catalog.add_collection(&new_collection(site, title), &at(NOW)).await.unwrap()
}

async fn put(site: &Site, id: i64, put: &[i64], take_out: &[i64]) {
    site.catalog.change_collection((site.tenant.id, id), (put, take_out), &at(NOW + 7)).await.unwrap();
}

async fn inside(site: &Site, id: i64) -> Vec<i64> {
    site.catalog.collected_assets(id, 0, 99).await.unwrap()
}

#[test]
fn a_collection_reads_back_as_it_was_made_and_described() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let wish = NewCollection {
            description: Some("of all sizes".to_owned()),
            body: "{\"ä\":1}".to_owned(),
            ..new_collection(&site, "Cats")
        };
        let made = catalog.add_collection(&wish, &at(NOW + 1)).await.unwrap();
        let expected = Collection {
            id: made.id,
            tenant_id: id,
            title: wish.title.clone(),
            description: wish.description.clone(),
            body: wish.body.clone(),
            is_public: false,
            created_by: site.user.id,
            created_at: NOW + 1,
            updated_at: NOW + 1,
        };
        assert_eq!(made, expected);
        assert_eq!(catalog.collection(id, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(catalog.collection(theirs.tenant.id, made.id).await.unwrap(), None);

        let changed = Collection { title: "Dogs".to_owned(), description: None, body: "{}".to_owned(), ..made.clone() };
        let foreign = Collection { tenant_id: theirs.tenant.id, ..changed.clone() };
        assert!(!catalog.describe_collection(&foreign, &at(NOW + 2)).await.unwrap());
        assert_eq!(catalog.collection(id, made.id).await.unwrap(), Some(made.clone()));
        assert!(catalog.describe_collection(&changed, &at(NOW + 2)).await.unwrap());
        let found = catalog.collection(id, made.id).await.unwrap();
        assert_eq!(found, Some(Collection { updated_at: NOW + 2, ..changed.clone() }));
        let nowhere = NewCollection { tenant_id: 9_999, ..wish };
        assert_fails!(catalog.add_collection(&nowhere, &at(NOW)).await, Error::Missing(Noun::Tenant));

        assert!(!catalog.delete_collection(theirs.tenant.id, made.id, &at(NOW)).await.unwrap());
        assert!(catalog.delete_collection(id, made.id, &at(NOW)).await.unwrap());
        assert!(!catalog.delete_collection(id, made.id, &at(NOW)).await.unwrap());
        assert!(!catalog.describe_collection(&changed, &at(NOW)).await.unwrap());
        assert_eq!(catalog.collection(id, made.id).await.unwrap(), None);
    });
}

#[test]
fn a_collection_is_shown_to_all_and_hidden_once() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let made = collection(&site, "a").await;
        assert!(!catalog.publish_collection(theirs.tenant.id, made.id, true, &at(NOW)).await.unwrap());
        for (public, changes) in [(false, false), (true, true), (true, false), (false, true)] {
            let done = catalog.publish_collection(id, made.id, public, &at(NOW + 3)).await.unwrap();
            assert_eq!((done, catalog.collection(id, made.id).await.unwrap().unwrap().is_public), (changes, public));
        }
        assert_eq!(catalog.collection(id, made.id).await.unwrap().unwrap().updated_at, NOW + 3);
        // What is said of it says nothing of who sees it.
        assert!(catalog.publish_collection(id, made.id, true, &at(NOW)).await.unwrap());
        assert!(catalog.describe_collection(&made, &at(NOW)).await.unwrap());
        assert!(catalog.collection(id, made.id).await.unwrap().unwrap().is_public);
    });
}

#[test]
fn collections_are_listed_by_tenant_and_by_what_is_in_them() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let (one, two) = (site.asset(site.root.id, "a").await, site.asset(site.root.id, "b").await);
        let mut made = Vec::new();
        for number in 0..4 {
            made.push(collection(&site, "a").await);
            collection(&theirs, "a").await;
            put(&site, made[number].id, &[if number % 2 == 0 { one } else { two }], &[]).await;
        }
        put(&site, made[3].id, &[one], &[]).await;
        let made: Vec<_> = made.into_iter().map(|made| Collection { updated_at: NOW + 7, ..made }).collect();
        assert_eq!(catalog.collections(id, 0, 2).await.unwrap(), made[..2]);
        assert_eq!(catalog.collections(id, made[1].id, 9).await.unwrap(), made[2..]);
        let of_one = [made[0].clone(), made[2].clone(), made[3].clone()];
        assert_eq!(catalog.collections_of_asset(id, one, 9).await.unwrap(), of_one);
        assert_eq!(catalog.collections_of_asset(id, one, 2).await.unwrap(), of_one[..2]);
        assert_eq!(catalog.collections_of_asset(theirs.tenant.id, one, 9).await.unwrap(), []);
        assert_eq!(catalog.collections_of_asset(id, 9_999, 9).await.unwrap(), []);
    });
}

#[test]
fn assets_are_put_in_and_taken_out() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let made = collection(&site, "a").await;
        let (a, b) = (site.asset(site.root.id, "a").await, site.asset(folder.id, "b").await);
        let waiting = placeholder(&site, folder.id, "c").await;
        let their = theirs.asset(theirs.root.id, "a").await;
        // In any order, twice, and what is another's or nobody's is passed over.
        put(&site, made.id, &[waiting, a, 9_999, a, their], &[]).await;
        assert_eq!(inside(&site, made.id).await, [a, waiting]);
        put(&site, made.id, &[b, a], &[waiting, 9_999]).await;
        assert_eq!(inside(&site, made.id).await, [a, b]);
        assert_eq!(catalog.collected_assets(made.id, 0, 1).await.unwrap(), [a]);
        assert_eq!(catalog.collected_assets(made.id, a, 9).await.unwrap(), [b]);
        assert_eq!(catalog.collection(id, made.id).await.unwrap().unwrap().updated_at, NOW + 7);
        for (tenant_id, collection_id) in [(theirs.tenant.id, made.id), (id, 9_999)] {
            let refused = catalog.change_collection((tenant_id, collection_id), (&[a], &[a, b]), &at(NOW)).await;
            assert_fails!(refused, Error::Missing(Noun::Collection));
        }
        assert_eq!(inside(&site, made.id).await, [a, b]);
        // What ends is in none any more, and a collection that ends leaves what was in it.
        site.trash_asset(a).await.unwrap();
        assert_eq!(inside(&site, made.id).await, [a, b]);
        catalog.purge_asset(id, a, &at(NOW)).await.unwrap();
        assert_eq!(inside(&site, made.id).await, [b]);
        catalog.delete_collection(id, made.id, &at(NOW)).await.unwrap();
        assert_eq!(database.number("select count(*) from collection_assets").await, 0);
        assert!(site.view(b).await.version.is_some());
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn people_are_let_in_and_shut_out() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let ben = catalog.add_user(id, &person("ben@acme.test"), &at(NOW)).await.unwrap().id;
        let eve = catalog.add_user(id, &person("eve@acme.test"), &at(NOW)).await.unwrap().id;
        let (one, two) = (collection(&site, "a").await.id, collection(&site, "b").await.id);
        let share = async |collection_id, let_in: &[i64], shut_out: &[i64]| {
            catalog.share_collection((id, collection_id), (let_in, shut_out), &at(NOW + 5)).await
        };
        share(one, &[eve, ben, eve], &[]).await.unwrap();
        share(two, &[ben], &[eve]).await.unwrap();
        assert_eq!(catalog.collection_users(one, 9).await.unwrap(), [ben, eve]);
        assert_eq!(catalog.collection_users(one, 1).await.unwrap(), [ben]);
        assert_eq!(catalog.collections_shared_with(ben).await.unwrap(), [one, two]);
        assert_eq!(catalog.collections_shared_with(eve).await.unwrap(), [one]);
        assert_eq!(catalog.collections_shared_with(site.user.id).await.unwrap(), [0; 0]);
        assert_eq!(catalog.collection(id, one).await.unwrap().unwrap().updated_at, NOW + 5);
        // All of it or nothing.
        assert_fails!(share(one, &[9_999], &[ben]).await, Error::Missing(Noun::User));
        assert_eq!(catalog.collection_users(one, 9).await.unwrap(), [ben, eve]);
        let foreign = catalog.share_collection((theirs.tenant.id, one), (&[], &[ben]), &at(NOW)).await;
        assert_fails!(foreign, Error::Missing(Noun::Collection));
        share(one, &[], &[ben, 9_999]).await.unwrap();
        assert_eq!(catalog.collection_users(one, 9).await.unwrap(), [eve]);
        catalog.delete_collection(id, one, &at(NOW)).await.unwrap();
        assert_eq!(catalog.collections_shared_with(eve).await.unwrap(), [0; 0]);
        assert_eq!(catalog.collections_shared_with(ben).await.unwrap(), [two]);
    });
}

#[test]
fn what_is_put_in_while_it_ends_is_in_none_afterwards() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        for _ in 0..15 {
            let ids = [site.asset(site.root.id, "a").await, site.asset(site.root.id, "b").await];
            let made = collection(&site, "a").await.id;
            site.trash_asset(ids[0]).await.unwrap();
            let putters = (0..6).map(|number| {
                let site = if number % 2 == 0 { site.clone() } else { site.through(&beside) };
                tokio::spawn(async move {
                    let turned = [ids[1], ids[0]];
                    let put: &[i64] = if number % 3 == 0 { &turned } else { &ids };
                    let outcome = site.catalog.change_collection((site.tenant.id, made), (put, &[]), &at(NOW)).await;
                    assert!(matches!(outcome, Ok(()) | Err(Error::Missing(_))), "{outcome:?}");
                })
            });
            let ender = async { site.catalog.purge_asset(site.tenant.id, ids[0], &at(NOW)).await };
            let (putters, ended) = tokio::join!(join_all(putters), ender);
            ended.unwrap();
            putters.into_iter().for_each(Result::unwrap);
            let left = inside(&site, made).await;
            assert!(left.is_empty() || left == ids[1..], "{left:?}");
            site.catalog.delete_collection(site.tenant.id, made, &at(NOW)).await.unwrap();
        }
        assert_sound(&mut database.connect().await).await;
        beside.close().await;
    });
}
