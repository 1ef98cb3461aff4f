//! Runs a case on every engine that `MEDIARY_TEST_ENGINES` names (`sqlite` when it is not set), each time in a database
//! of its own. An engine that is named and out of reach fails the case; none is skipped in silence.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::FutureExt;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use store::Catalog;
use tempfile::TempDir;

/// The moment at which every case begins.
pub const NOW: i64 = 1_700_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database with the schema in it.
pub struct Database {
    pub engine: Engine,
    pub url: String,
    pub catalog: Catalog,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server { url: String, name: String },
}

/// Runs `case` on each named engine, one after another.
pub fn on_each_engine(case: impl AsyncFn(&Database)) {
    for engine in named_engines() {
        on_engine(engine, &case);
    }
}

/// Runs `case` on SQLite, for what only SQLite has; nothing when SQLite is not named.
pub fn on_sqlite(case: impl AsyncFn(&Database)) {
    if is_named(Engine::Sqlite) {
        on_engine(Engine::Sqlite, case);
    }
}

/// Gives `case` another database on each named engine, one after another.
pub async fn beside(case: impl AsyncFn(&Database)) {
    for engine in named_engines() {
        let database = Database::make(engine).await;
        let outcome = AssertUnwindSafe(case(&database)).catch_unwind().await;
        database.drop_it().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Whether cases are to run on this engine.
pub fn is_named(engine: Engine) -> bool {
    named_engines().contains(&engine)
}

fn on_engine(engine: Engine, case: impl AsyncFn(&Database)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        eprintln!("on {engine:?}");
        let database = Database::make(engine).await;
        let outcome = AssertUnwindSafe(case(&database)).catch_unwind().await;
        database.drop_it().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

fn named_engines() -> Vec<Engine> {
    let named = std::env::var("MEDIARY_TEST_ENGINES").unwrap_or_else(|_| "sqlite".to_owned());
    let engine = |word: &str| match word.trim() {
        "sqlite" => Engine::Sqlite,
        "postgres" => Engine::Postgres,
        other => panic!("MEDIARY_TEST_ENGINES names {other:?}, which is no engine"),
    };
    named.split(',').map(engine).collect()
}

impl Database {
    async fn make(engine: Engine) -> Self {
        let (url, place) = match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                (format!("sqlite:{}", folder.path().join("library.db").display()), Place::Folder(folder))
            }
            Engine::Postgres => {
                let server = std::env::var("MEDIARY_TEST_POSTGRES_URL")
                    .expect("MEDIARY_TEST_ENGINES names postgres, so MEDIARY_TEST_POSTGRES_URL must say where it is");
                let name = new_name();
                // No case pulls the plug on the server, and none should wait a second for it to notice a deadlock.
                let settings = ["synchronous_commit = off", "deadlock_timeout = '20ms'"];
                let set = settings.map(|setting| format!("alter database {name} set {setting}"));
                on_server(&server, std::iter::once(format!("create database {name}")).chain(set)).await;
                (with_database(&server, &name), Place::Server { url: server, name })
            }
        };
        let catalog = Catalog::open(&url).await.unwrap();
        Self { engine, url, catalog, place }
    }

    /// The same database, opened once more, as a second process would.
    pub async fn open_again(&self) -> Catalog {
        Catalog::open(&self.url).await.unwrap()
    }

    /// A bare connection to the database, beside the catalog.
    pub async fn connect(&self) -> AnyConnection {
        AnyConnection::connect(&self.url).await.unwrap()
    }

    /// The first column of one row of whole numbers, read beside the catalog.
    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.unwrap()
    }

    async fn drop_it(self) {
        self.catalog.close().await;
        if let Place::Server { url, name } = &self.place {
            on_server(url, [format!("drop database {name} with (force)")]).await;
        }
    }

    /// The folder that holds the file of an SQLite database.
    pub fn folder(&self) -> &std::path::Path {
        match &self.place {
            Place::Folder(folder) => folder.path(),
            Place::Server { .. } => panic!("only SQLite lies in a folder"),
        }
    }
}

fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("mediary_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// `postgres://user@host:5432/main?x=y` becomes `postgres://user@host:5432/NAME?x=y`.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(address, options)| (address, Some(options)));
    let server = address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    options.map_or_else(|| format!("{server}/{name}"), |options| format!("{server}/{name}?{options}"))
}

async fn on_server(url: &str, statements: impl IntoIterator<Item = String>) {
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(url).await.expect("MEDIARY_TEST_POSTGRES_URL is out of reach");
    for sql in statements {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    }
    conn.close().await.unwrap();
}
