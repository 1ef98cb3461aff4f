//! Users.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{Error, Noun};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, person},
    tokens::new_token,
};

#[test]
fn users_are_added_found_and_listed_by_tenant() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let id = ours.tenant.id;
        let ben = ours.catalog.add_user(id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
        let cid = ours.catalog.add_user(id, &person("cid@acme.test"), &at(NOW)).await.unwrap();
        assert_eq!(ours.catalog.user(id, ben.id).await.unwrap(), Some(ben.clone()));
        assert_eq!(ours.catalog.user(theirs.tenant.id, ben.id).await.unwrap(), None);
        assert_eq!(ours.catalog.users(id, 0, 10).await.unwrap(), [ours.user.clone(), ben.clone(), cid.clone()]);
        assert_eq!(ours.catalog.users(id, ours.user.id, 1).await.unwrap(), [ben]);
        assert_eq!(ours.catalog.users(id, cid.id, 10).await.unwrap(), []);
        assert_eq!(theirs.catalog.users(theirs.tenant.id, 0, 10).await.unwrap(), [theirs.user]);
    });
}

#[test]
fn users_are_found_by_their_ids() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let id = ours.tenant.id;
        let mut made = vec![ours.user.clone()];
        for number in 0..40 {
            made.push(ours.catalog.add_user(id, &person(&format!("{number}@acme.test")), &at(NOW)).await.unwrap());
        }
        ours.catalog.disable_user(id, made[3].id, &at(NOW + 1)).await.unwrap();
        made[3].disabled_at = Some(NOW + 1);
        let mut asked: Vec<i64> = made.iter().rev().map(|user| user.id).collect();
        asked.extend([9_999, theirs.user.id]);
        let mut found = ours.catalog.users_by_id(id, &asked).await.unwrap();
        found.sort_unstable_by_key(|user| user.id);
        assert_eq!(found, made);
        assert_eq!(ours.catalog.users_by_id(theirs.tenant.id, &asked).await.unwrap(), [theirs.user]);
        assert_eq!(ours.catalog.users_by_id(id, &[]).await.unwrap(), []);
    });
}

#[test]
fn an_address_is_taken_once_per_tenant() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let again = ours.catalog.add_user(ours.tenant.id, &person("admin@acme.test"), &at(NOW)).await;
        assert_fails!(again, Error::Taken(Noun::User));
        ours.catalog.add_user(ours.tenant.id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
        theirs.catalog.add_user(theirs.tenant.id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
        let nowhere = ours.catalog.add_user(9_999, &person("ben@acme.test"), &at(NOW)).await;
        assert_fails!(nowhere, Error::Missing(Noun::Tenant));
    });
}

#[test]
fn shutting_a_user_out_revokes_their_tokens_and_nobody_elses() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.tenant.id;
        let other = Site::new(&database.catalog).await;
        let ben = site.catalog.add_user(id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
        let mut wish = new_token(&site, 1);
        let kept = site.catalog.add_token(&wish, &at(NOW)).await.unwrap();
        (wish.user_id, wish.secret_hash) = (ben.id, [2; 32]);
        let bens = site.catalog.add_token(&wish, &at(NOW)).await.unwrap();

        assert!(!other.catalog.disable_user(other.tenant.id, ben.id, &at(NOW + 1)).await.unwrap());
        assert!(site.catalog.disable_user(id, ben.id, &at(NOW + 1)).await.unwrap());
        assert!(!site.catalog.disable_user(id, ben.id, &at(NOW + 2)).await.unwrap());

        let tokens = site.catalog.tokens(id, 0, 10).await.unwrap();
        let revoked: Vec<_> = tokens.iter().map(|token| (token.id, token.revoked_at)).collect();
        assert_eq!(revoked, [(kept.id, None), (bens.id, Some(NOW + 1))]);
        let ben = site.catalog.user(id, ben.id).await.unwrap().unwrap();
        assert_eq!(ben.disabled_at, Some(NOW + 1));
    });
}
