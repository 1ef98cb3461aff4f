//! The audit's chain: what is edited, removed or cut off shows.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Catalog, audit::hash_of};

use super::{
    engines::{Database, NOW, on_each_engine},
    samples::{Site, at},
};

/// Whether each line follows from the one before, up to the end that is written down: how many, or at which place it does not.
async fn check(catalog: &Catalog) -> Result<i64, i64> {
    let ends = catalog.audit_ends().await.unwrap().unwrap();
    let (mut place, mut hash) = (ends.before_place, ends.before_hash);
    for line in catalog.chained_audit(place, 9_999).await.unwrap() {
        let next = hash_of(&hash, line.tenant_id, &line.line);
        if line.place != place + 1 || line.hash != next {
            return Err(place + 1);
        }
        (place, hash) = (line.place, next);
    }
    if (place, hash) == (ends.place, ends.hash) { Ok(place - ends.before_place) } else { Err(place + 1) }
}

async fn chained(database: &Database) -> Site {
    let site = Site::new(&database.catalog).await;
    for number in 0..9 {
        site.asset(site.root.id, &format!("{number}.txt")).await;
    }
    while site.catalog.chain_audit(4).await.unwrap() > 0 {}
    site
}

async fn spoil(database: &Database, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&mut database.connect().await).await.unwrap();
}

#[test]
fn each_line_follows_from_the_one_before_and_what_was_changed_shows() {
    for (sql, broken) in [
        ("update audit set noun_id = noun_id + 1 where place = 3", 3),
        ("update audit set address = '192.0.2.9' where place = 4", 4),
        ("update audit set made_at = made_at - 1 where place = 5", 5),
        ("update audit set tenant_id = 99 where place = 6", 6),
        ("delete from audit where place = 7", 7),
        ("delete from audit where place = 1", 1),
        ("delete from audit where place >= 9", 9),
        ("update audit set hash = (select a.hash from audit a where a.place = 2) where place = 8", 8),
    ] {
        on_each_engine(async |database| {
            let site = chained(database).await;
            let lines = check(&site.catalog).await.unwrap();
            assert!(lines >= 10, "{lines}");
            spoil(database, sql).await;
            assert_eq!(check(&site.catalog).await, Err(broken), "{sql}");
        });
    }
}

#[test]
fn many_who_chain_at_once_make_one_chain() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let writers = (0..40).map(|number| {
            let site = site.clone();
            tokio::spawn(async move {
                site.asset(site.root.id, &format!("{number}.txt")).await;
                site.catalog.chain_audit(3).await.unwrap();
            })
        });
        join_all(writers).await.into_iter().for_each(|done| done.unwrap());
        while site.catalog.chain_audit(100).await.unwrap() > 0 {}
        assert_eq!(check(&site.catalog).await.unwrap(), database.number("select count(*) from audit").await);
    });
}

#[test]
fn what_is_too_old_goes_and_the_rest_holds() {
    on_each_engine(async |database| {
        let site = chained(database).await;
        let all = check(&site.catalog).await.unwrap();
        assert_eq!(site.catalog.drop_old_audit(NOW, 999).await.unwrap(), 0);
        spoil(database, "update audit set made_at = made_at + 0 where place = 1").await;
        let folder = site.new_folder(site.root.id, "later");
        site.catalog.add_folder(&folder, &at(NOW + 50)).await.unwrap();
        site.catalog.chain_audit(9).await.unwrap();
        assert_eq!(site.catalog.drop_old_audit(NOW + 50, 3).await.unwrap(), 3);
        while site.catalog.drop_old_audit(NOW + 50, 3).await.unwrap() > 0 {}
        let ends = site.catalog.audit_ends().await.unwrap().unwrap();
        assert_eq!((ends.before_place, check(&site.catalog).await), (all, Ok(1)));
        site.asset(site.root.id, "more.txt").await;
        site.catalog.chain_audit(9).await.unwrap();
        assert_eq!(check(&site.catalog).await, Ok(2));
    });
}
