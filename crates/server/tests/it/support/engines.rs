//! Runs a case against a server on every engine that `MEDIARY_TEST_ENGINES` names (`sqlite` when it is not set), each time
//! in a data folder and a database of its own. An engine that is named and out of reach fails; none is skipped in silence.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{
        RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::FutureExt;
use mediary::Settings;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use super::Server;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
pub struct Database {
    /// As the `database.url` setting says it: empty for the file in the data folder.
    pub url: String,
    server: Option<(String, String)>,
}

/// What measures time runs while nothing else does: all other cases hold this for reading.
static QUIET: RwLock<()> = RwLock::new(());

/// Runs `case` on each named engine, one after another.
pub fn on_each_engine(case: impl AsyncFn(&mut Server)) {
    on_each_engine_with(|_| {}, case);
}

/// The same with other settings.
pub fn on_each_engine_with(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server)) {
    let _shared = QUIET.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for engine in named_engines() {
        run(engine, &set, &case);
    }
}

/// Runs `case` on the first engine that is named, for what no engine has a part in.
pub fn on_one_engine_with(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server)) {
    let _shared = QUIET.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    run(named_engines()[0], &set, &case);
}

/// Runs `case` on the first engine that is named, while no other case runs.
pub fn in_quiet_with(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server)) {
    let _alone = QUIET.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    run(named_engines()[0], &set, &case);
}

/// The same on each named engine, one after another.
pub fn in_quiet_on_each_engine_with(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server)) {
    let _alone = QUIET.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    for engine in named_engines() {
        run(engine, &set, &case);
    }
}

/// Gives `case` a database on each named engine, one after another, for servers that it starts by itself. It says with
/// [`share`] when those who measure time have to wait.
pub fn on_each_database(case: impl AsyncFn(Engine, &str)) {
    for engine in named_engines() {
        run_on_database(engine, async |url| case(engine, url).await);
    }
}

/// Gives `case` another database on each named engine, one after another, within a case that has one already.
pub async fn beside(case: impl AsyncFn(Engine, &str)) {
    for engine in named_engines() {
        let database = Database::make(engine).await;
        let outcome = AssertUnwindSafe(case(engine, &database.url)).catch_unwind().await;
        database.drop_it().await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }
}

/// The same on the first engine that is named, for what no engine has a part in.
pub fn on_one_database(case: impl AsyncFn(&str)) {
    run_on_database(named_engines()[0], case);
}

/// While this is held, nothing measures time.
pub struct Shared(#[expect(dead_code, reason = "it is only held")] RwLockReadGuard<'static, ()>);

pub fn share() -> Shared {
    Shared(QUIET.read().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn run(engine: Engine, set: &impl Fn(&mut Settings), case: &impl AsyncFn(&mut Server)) {
    run_on_database(engine, async |url| {
        let mut server = Server::start(url, set).await;
        let outcome = AssertUnwindSafe(case(&mut server)).catch_unwind().await;
        server.end().await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

fn run_on_database(engine: Engine, case: impl AsyncFn(&str)) {
    // A panic tells in whose server it was; the case itself runs on its own thread.
    let name = server_thread();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).thread_name(name).enable_all().build().unwrap();
    runtime.block_on(async {
        eprintln!("on {engine:?}");
        let database = Database::make(engine).await;
        let outcome = AssertUnwindSafe(case(&database.url)).catch_unwind().await;
        database.drop_it().await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

/// What the threads are called on which this case's server works.
pub fn server_thread() -> String {
    format!("server of {}", std::thread::current().name().unwrap_or("a case"))
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
        match engine {
            Engine::Sqlite => Self { url: String::new(), server: None },
            Engine::Postgres => {
                let server = std::env::var("MEDIARY_TEST_POSTGRES_URL")
                    .expect("MEDIARY_TEST_ENGINES names postgres, so MEDIARY_TEST_POSTGRES_URL must say where it is");
                let name = new_name();
                on_server(&server, format!("create database {name}")).await;
                Self { url: with_database(&server, &name), server: Some((server, name)) }
            }
        }
    }

    async fn drop_it(self) {
        if let Some((server, name)) = self.server {
            on_server(&server, format!("drop database {name} with (force)")).await;
        }
    }
}

fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("mediary_wire_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// `postgres://user@host:5432/main?x=y` becomes `postgres://user@host:5432/NAME?x=y`.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(address, options)| (address, Some(options)));
    let server = address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    options.map_or_else(|| format!("{server}/{name}"), |options| format!("{server}/{name}?{options}"))
}

async fn on_server(url: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(url).await.expect("MEDIARY_TEST_POSTGRES_URL is out of reach");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}
