//! Opening a database: the first time, again, all at once, and when it cannot be.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{Catalog, Error, Refusal};

use super::{
    engines::{Engine, on_each_engine, on_sqlite},
    samples::{Site, assert_fails},
};

#[test]
fn what_was_written_is_there_when_opened_again() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        database.catalog.close().await;
        let again = database.open_again().await;
        again.check().await.unwrap();
        assert!(again.asset(id).await.unwrap().is_some());
        site.through(&again).asset(site.root.id, "b").await;
        again.close().await;
    });
}

#[test]
fn many_may_open_a_new_database_at_once() {
    on_each_engine(async |database| {
        // A new one, which nobody has brought up to date yet.
        let url = match database.engine {
            Engine::Sqlite => format!("sqlite:{}", database.folder().join("new.db").display()),
            Engine::Postgres => {
                let mut conn = database.connect().await;
                sqlx::raw_sql("drop schema public cascade; create schema public").execute(&mut conn).await.unwrap();
                database.url.clone()
            }
        };
        let opens = (0..6).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Catalog::open(&url).await.unwrap() })
        });
        let catalogs: Vec<_> = join_all(opens).await.into_iter().map(Result::unwrap).collect();
        for catalog in &catalogs {
            Site::new(catalog).await;
        }
        assert_eq!(catalogs[0].tenants(10).await.unwrap().len(), 6);
        join_all(catalogs.iter().map(Catalog::close)).await;
    });
}

#[test]
fn a_schema_from_the_future_is_refused() {
    on_each_engine(async |database| {
        let mut conn = database.connect().await;
        let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
             select 9999, 'newer', success, checksum, 0 from _sqlx_migrations where version = 1";
        sqlx::query(newer).execute(&mut conn).await.unwrap();
        assert_fails!(Catalog::open(&database.url).await, Error::Migration(_));
    });
}

#[test]
fn a_path_may_hold_what_a_url_may_not() {
    on_sqlite(async |database| {
        for name in ["a b.db", "50%.db", "what?.db", "c#.db", "ä中🦊.db", "%20.db", "x&mode=ro.db"] {
            let path = database.folder().join(name);
            let catalog = Catalog::open(&format!("sqlite:{}", path.display())).await.unwrap();
            Site::new(&catalog).await;
            catalog.close().await;
            assert!(path.is_file(), "{name}");
        }
    });
}

#[test]
fn what_cannot_be_opened_says_why() {
    on_sqlite(async |database| {
        for url in ["", "library.db", "mysql://x/y", "/tmp/x.db"] {
            assert_fails!(Catalog::open(url).await, Error::Refused(Refusal::DatabaseUrl));
        }
        // Nobody listens on port 1.
        let nobody = Catalog::open("postgres://mediary:x@127.0.0.1:1/mediary").await;
        assert_fails!(nobody, Error::Unavailable(_));
        let nowhere = database.folder().join("not/there/library.db");
        assert!(Catalog::open(&format!("sqlite:{}", nowhere.display())).await.is_err());
        let garbage = database.folder().join("garbage.db");
        std::fs::write(&garbage, [7; 8192]).unwrap();
        assert_fails!(Catalog::open(&format!("sqlite:{}", garbage.display())).await, Error::Database(_));
    });
}
