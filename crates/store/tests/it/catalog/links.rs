//! Links: to one version of an asset, until a time, so many times.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Error, Noun, links::NewLink};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, random_key},
};

async fn new_link(site: &Site, asset_id: i64) -> NewLink {
    NewLink {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "mediapocket".to_owned(),
        asset_id,
        version_id: site.view(asset_id).await.version.unwrap().id,
        plan_key: None,
        file_name: "cat.jpg".to_owned(),
        use_limit: None,
        created_by: site.user.id,
        expires_at: None,
    }
}

#[test]
fn a_link_reads_back_as_it_was_made() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = site.asset(site.root.id, "cat.jpg").await;
        let wish = NewLink {
            plan_key: Some("w640".to_owned()),
            use_limit: Some(3),
            expires_at: Some(NOW + 5),
            ..new_link(&site, asset_id).await
        };
        let link = site.catalog.add_link(&wish, &at(NOW)).await.unwrap();
        assert_eq!((link.tenant_id, link.asset_id, link.version_id), (site.tenant.id, asset_id, wish.version_id));
        assert_eq!((link.realm.as_str(), link.file_name.as_str()), ("mediapocket", "cat.jpg"));
        assert_eq!((link.plan_key.as_deref(), link.use_limit, link.use_count), (Some("w640"), Some(3), 0));
        assert_eq!((link.created_by, link.created_at), (site.user.id, NOW));
        assert_eq!((link.expires_at, link.revoked_at), (Some(NOW + 5), None));
        assert_eq!(site.catalog.link(&wish.key).await.unwrap(), Some(link));
        assert_eq!(site.catalog.link("nobody").await.unwrap(), None);
        assert_fails!(site.catalog.add_link(&wish, &at(NOW)).await, Error::Taken(Noun::Link));
    });
}

#[test]
fn a_link_needs_an_asset_of_the_tenant_and_a_version_of_the_asset() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (asset_id, other_id) = (ours.asset(ours.root.id, "a").await, ours.asset(ours.root.id, "b").await);
        let wish = new_link(&ours, asset_id).await;
        let foreign = NewLink { tenant_id: theirs.tenant.id, ..wish.clone() };
        assert_fails!(ours.catalog.add_link(&foreign, &at(NOW)).await, Error::Missing(Noun::Asset));
        let mixed = NewLink { asset_id: other_id, ..wish.clone() };
        assert_fails!(ours.catalog.add_link(&mixed, &at(NOW)).await, Error::Missing(Noun::Asset));
        let nothing = NewLink { version_id: 9_999, ..wish };
        assert_fails!(ours.catalog.add_link(&nothing, &at(NOW)).await, Error::Missing(Noun::Asset));
    });
}

#[test]
fn links_are_listed_and_revoked_by_tenant() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (asset_id, other_id) = (ours.asset(ours.root.id, "a").await, ours.asset(ours.root.id, "b").await);
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(ours.catalog.add_link(&new_link(&ours, asset_id).await, &at(NOW)).await.unwrap());
        }
        ours.catalog.add_link(&new_link(&ours, other_id).await, &at(NOW)).await.unwrap();
        let id = ours.tenant.id;
        assert_eq!(ours.catalog.asset_links(id, asset_id, 0, 2).await.unwrap(), made[..2]);
        assert_eq!(ours.catalog.asset_links(id, asset_id, made[1].id, 9).await.unwrap(), made[2..]);
        assert_eq!(ours.catalog.asset_links(theirs.tenant.id, asset_id, 0, 9).await.unwrap(), []);

        assert!(!ours.catalog.revoke_link(theirs.tenant.id, made[0].id, &at(NOW + 1)).await.unwrap());
        assert!(ours.catalog.revoke_link(id, made[0].id, &at(NOW + 1)).await.unwrap());
        assert!(!ours.catalog.revoke_link(id, made[0].id, &at(NOW + 2)).await.unwrap());
        assert_eq!(ours.catalog.spend_link(&made[0].key, NOW + 3).await.unwrap(), None);
        assert_eq!(ours.catalog.link(&made[0].key).await.unwrap().unwrap().revoked_at, Some(NOW + 1));
        assert_eq!(ours.catalog.spend_link(&made[1].key, NOW + 3).await.unwrap().unwrap().use_count, 1);
    });
}

#[test]
fn two_hundred_parallel_uses_of_a_limit_of_five_give_five() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = site.asset(site.root.id, "a").await;
        let wish = NewLink { use_limit: Some(5), ..new_link(&site, asset_id).await };
        let link = site.catalog.add_link(&wish, &at(NOW)).await.unwrap();
        // Half of them through a second catalog, as two nodes would.
        let beside = database.open_again().await;
        let uses = (0..200).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            let key = link.key.clone();
            tokio::spawn(async move { catalog.spend_link(&key, NOW).await.unwrap().is_some() })
        });
        let spent = join_all(uses).await.into_iter().filter(|spent| *spent.as_ref().unwrap()).count();
        assert_eq!(spent, 5);
        assert_eq!(site.catalog.link(&link.key).await.unwrap().unwrap().use_count, 5);
        beside.close().await;
    });
}

#[test]
fn a_link_ends_at_its_millisecond() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = site.asset(site.root.id, "a").await;
        let wish = NewLink { expires_at: Some(NOW + 10), ..new_link(&site, asset_id).await };
        let link = site.catalog.add_link(&wish, &at(NOW)).await.unwrap();
        assert_eq!(site.catalog.spend_link(&link.key, NOW + 9).await.unwrap().unwrap().use_count, 1);
        assert_eq!(site.catalog.spend_link(&link.key, NOW + 10).await.unwrap(), None);
        assert_eq!(site.catalog.spend_link("nobody", NOW).await.unwrap(), None);
    });
}
