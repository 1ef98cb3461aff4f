//! Tokens: found by their secret, spent call by call.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Error, Noun, tokens::NewToken};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

/// A token whose secret is known by `seed`.
pub fn new_token(site: &Site, seed: u8) -> NewToken {
    NewToken {
        tenant_id: site.tenant.id,
        user_id: site.user.id,
        realm: "fliplet".to_owned(),
        kind: "app".to_owned(),
        name: format!("key {seed}"),
        secret_hash: [seed; 32],
        rights: 5,
        folder_id: None,
        call_limit: None,
        expires_at: None,
    }
}

#[test]
fn a_token_is_found_by_realm_and_secret() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "a").await;
        let wish = NewToken {
            folder_id: Some(folder.id),
            call_limit: Some(7),
            expires_at: Some(NOW + 9),
            ..new_token(&site, 1)
        };
        let token = site.catalog.add_token(&wish, &at(NOW)).await.unwrap();
        assert_eq!((token.tenant_id, token.user_id, token.rights), (site.tenant.id, site.user.id, 5));
        assert_eq!((token.folder_id, token.call_limit, token.call_count), (Some(folder.id), Some(7), 0));
        assert_eq!((token.created_at, token.expires_at, token.revoked_at), (NOW, Some(NOW + 9), None));
        assert_eq!((token.realm.as_str(), token.kind.as_str(), token.name.as_str()), ("fliplet", "app", "key 1"));
        assert_eq!(site.catalog.token("fliplet", &[1; 32]).await.unwrap(), Some(token));
        assert_eq!(site.catalog.token("botdoc", &[1; 32]).await.unwrap(), None);
        assert_eq!(site.catalog.token("fliplet", &[2; 32]).await.unwrap(), None);
    });
}

#[test]
fn a_secret_is_taken_once_per_realm() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        site.catalog.add_token(&new_token(&site, 1), &at(NOW)).await.unwrap();
        assert_fails!(site.catalog.add_token(&new_token(&site, 1), &at(NOW)).await, Error::Taken(Noun::Token));
        let elsewhere = NewToken { realm: "botdoc".to_owned(), ..new_token(&site, 1) };
        site.catalog.add_token(&elsewhere, &at(NOW)).await.unwrap();
    });
}

#[test]
fn a_token_is_never_for_another_tenants_user_or_folder() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let wish = NewToken { user_id: theirs.user.id, ..new_token(&ours, 1) };
        assert_fails!(ours.catalog.add_token(&wish, &at(NOW)).await, Error::Missing(Noun::User));
        let wish = NewToken { folder_id: Some(theirs.root.id), ..new_token(&ours, 1) };
        assert_fails!(ours.catalog.add_token(&wish, &at(NOW)).await, Error::Missing(Noun::Folder));
        assert_eq!(ours.catalog.tokens(ours.tenant.id, 0, 10).await.unwrap(), []);
    });
}

#[test]
fn tokens_are_listed_and_revoked_by_tenant() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut made = Vec::new();
        for seed in 1..=3 {
            made.push(ours.catalog.add_token(&new_token(&ours, seed), &at(NOW)).await.unwrap());
        }
        let id = ours.tenant.id;
        assert_eq!(ours.catalog.tokens(id, 0, 2).await.unwrap(), made[..2]);
        assert_eq!(ours.catalog.tokens(id, made[1].id, 2).await.unwrap(), made[2..]);
        assert_eq!(ours.catalog.tokens(theirs.tenant.id, 0, 10).await.unwrap(), []);

        assert!(!ours.catalog.revoke_token(theirs.tenant.id, made[0].id, &at(NOW + 1)).await.unwrap());
        assert!(ours.catalog.revoke_token(id, made[0].id, &at(NOW + 1)).await.unwrap());
        assert!(!ours.catalog.revoke_token(id, made[0].id, &at(NOW + 2)).await.unwrap());
        let revoked = ours.catalog.token("fliplet", &[1; 32]).await.unwrap().unwrap();
        assert_eq!(revoked.revoked_at, Some(NOW + 1));
        assert!(!ours.catalog.spend_token_call(made[0].id, NOW + 3).await.unwrap());
        assert!(ours.catalog.spend_token_call(made[1].id, NOW + 3).await.unwrap());
    });
}

#[test]
fn fifty_parallel_calls_on_a_limit_of_twenty_give_twenty() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = NewToken { call_limit: Some(20), ..new_token(&site, 1) };
        let token = site.catalog.add_token(&wish, &at(NOW)).await.unwrap();
        let calls = (0..50).map(|_| {
            let catalog = site.catalog.clone();
            tokio::spawn(async move { catalog.spend_token_call(token.id, NOW).await.unwrap() })
        });
        let spent = join_all(calls).await.into_iter().filter(|spent| *spent.as_ref().unwrap()).count();
        assert_eq!(spent, 20);
        let token = site.catalog.token("fliplet", &[1; 32]).await.unwrap().unwrap();
        assert_eq!(token.call_count, 20);
    });
}

#[test]
fn a_token_ends_at_its_millisecond() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = NewToken { expires_at: Some(NOW + 10), ..new_token(&site, 1) };
        let token = site.catalog.add_token(&wish, &at(NOW)).await.unwrap();
        assert!(site.catalog.spend_token_call(token.id, NOW + 9).await.unwrap());
        assert!(!site.catalog.spend_token_call(token.id, NOW + 10).await.unwrap());
        assert!(!site.catalog.spend_token_call(token.id + 1, NOW).await.unwrap());
    });
}
