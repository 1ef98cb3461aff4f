//! Links: to one version of an asset, until a time, so many times.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    links::{Link, NewLink, NewVisit},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, random_key},
};

pub async fn new_link(site: &Site, asset_id: i64) -> NewLink {
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
        password_hash: None,
        private: None,
    }
}

/// Somebody who comes by a link at this moment.
pub fn visit(now_ms: i64) -> NewVisit {
    NewVisit { address: Some("192.0.2.7".to_owned()), user_agent: Some("curl".to_owned()), made_at: now_ms }
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
        assert_eq!(link.password_hash, None);
        assert_eq!(site.catalog.link(&wish.key).await.unwrap(), Some(link));
        assert_eq!(site.catalog.link("nobody").await.unwrap(), None);
        assert_fails!(site.catalog.add_link(&wish, &at(NOW)).await, Error::Taken(Noun::Link));
    });
}

#[test]
fn what_has_to_be_known_beside_the_key_is_kept() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = site.asset(site.root.id, "a").await;
        let hash = Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned());
        let wish = NewLink { password_hash: hash.clone(), ..new_link(&site, asset_id).await };
        let link = site.catalog.add_link(&wish, &at(NOW)).await.unwrap();
        assert_eq!(link.password_hash, hash);
        assert_eq!(site.catalog.link(&wish.key).await.unwrap(), Some(link.clone()));
        assert_eq!(site.catalog.asset_links(site.tenant.id, asset_id, 0, 9).await.unwrap(), [link]);
        let spent = site.catalog.spend_link(&wish.key, None, &visit(NOW)).await.unwrap().unwrap();
        assert_eq!((spent.password_hash, spent.use_count), (hash, 1));
    });
}

#[test]
fn links_are_found_by_tenant_and_by_id() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut made = Vec::new();
        // Theirs lie between ours, and each of ours is to another asset.
        for number in 0..80 {
            let site = if number % 2 == 0 { &ours } else { &theirs };
            let asset_id = site.asset(site.root.id, "a").await;
            made.push(site.catalog.add_link(&new_link(site, asset_id).await, &at(NOW)).await.unwrap());
        }
        let (catalog, id) = (&ours.catalog, ours.tenant.id);
        let mine: Vec<_> = made.iter().filter(|link| link.tenant_id == id).cloned().collect();
        // What is taken back is listed too.
        catalog.revoke_link(id, mine[1].id, &at(NOW + 1)).await.unwrap();
        let mine: Vec<_> = mine
            .into_iter()
            .enumerate()
            .map(|(at, link)| Link { revoked_at: (at == 1).then_some(NOW + 1), ..link })
            .collect();
        assert_eq!(catalog.links(id, 0, 3).await.unwrap(), mine[..3]);
        assert_eq!(catalog.links(id, mine[2].id, 99).await.unwrap(), mine[3..]);
        assert_eq!(catalog.links(9_999, 0, 9).await.unwrap(), []);

        let mut asked: Vec<i64> = made.iter().rev().map(|link| link.id).collect();
        assert_eq!(catalog.links_by_id(id, &asked).await.unwrap(), mine);
        // In any order and as often as somebody likes.
        asked.extend([mine[4].id, 9_999, mine[4].id]);
        assert_eq!(catalog.links_by_id(id, &asked).await.unwrap(), mine);
        assert_eq!(catalog.links_by_id(id, &[made[1].id, mine[4].id]).await.unwrap(), mine[4..5]);
        assert_eq!(catalog.links_by_id(id, &[]).await.unwrap(), []);
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
        assert_eq!(ours.catalog.spend_link(&made[0].key, None, &visit(NOW + 3)).await.unwrap(), None);
        assert_eq!(ours.catalog.link(&made[0].key).await.unwrap().unwrap().revoked_at, Some(NOW + 1));
        assert_eq!(ours.catalog.spend_link(&made[1].key, None, &visit(NOW + 3)).await.unwrap().unwrap().use_count, 1);
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
            tokio::spawn(async move { catalog.spend_link(&key, None, &visit(NOW)).await.unwrap().is_some() })
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
        assert_eq!(site.catalog.spend_link(&link.key, None, &visit(NOW + 9)).await.unwrap().unwrap().use_count, 1);
        assert_eq!(site.catalog.spend_link(&link.key, None, &visit(NOW + 10)).await.unwrap(), None);
        assert_eq!(site.catalog.spend_link("nobody", None, &visit(NOW)).await.unwrap(), None);
    });
}
