//! The open database: one concrete `Catalog` over SQLite or PostgreSQL, and the transactions of its writers.
//! Every statement is one text for both engines; what cannot be lies in `catalog/sqlite.rs` and `catalog/postgres.rs`.

mod name_index;
mod postgres;
mod row;
mod schema;
mod sqlite;

use std::sync::Once;

use sqlx::{
    Any, AnyConnection, AnyPool,
    any::AnyPoolOptions,
    migrate::{Migration, MigrationType, Migrator},
};

pub(crate) use name_index::{NameIndex, Step, took_too_long};
pub(crate) use row::{Columns, SLOTS, slot_list, slots, text_slots};
pub use schema::ColumnKind;
pub(crate) use schema::{Column, Table};

use crate::{Error, Refusal, error::Result};

static DRIVERS: Once = Once::new();

/// Every migration ever released, in order. One is never edited after its release.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "library", include_str!("../migrations/0001_library.sql")),
    (2, "care", include_str!("../migrations/0002_care.sql")),
    (3, "renditions", include_str!("../migrations/0003_renditions.sql")),
    (4, "sources", include_str!("../migrations/0004_sources.sql")),
    (5, "capabilities", include_str!("../migrations/0005_capabilities.sql")),
    (6, "paths", include_str!("../migrations/0006_paths.sql")),
    (7, "transfers", include_str!("../migrations/0007_transfers.sql")),
    (8, "sharing", include_str!("../migrations/0008_sharing.sql")),
    (9, "scanning", include_str!("../migrations/0009_scanning.sql")),
    (10, "encryption", include_str!("../migrations/0010_encryption.sql")),
    (11, "audit_chain", include_str!("../migrations/0011_audit_chain.sql")),
    (12, "quotas", include_str!("../migrations/0012_quotas.sql")),
    (13, "privacy", include_str!("../migrations/0013_privacy.sql")),
];

/// Each deadlock lets one write through, and each costs the server a second to notice.
const MAX_MEETINGS: u32 = 10;

/// The database of a library. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    readers: AnyPool,
    writer: Writer,
}

#[derive(Clone)]
enum Writer {
    Sqlite(sqlite::Queue),
    Postgres(AnyPool),
}

/// Connections to the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// How many are open.
    pub open: u64,
    /// How many of them are at work.
    pub busy: u64,
}

/// A transaction that writes. Dropped before [`Tx::commit`], it leaves no trace.
pub(crate) enum Tx {
    Sqlite(sqlite::Turn),
    Postgres(sqlx::Transaction<'static, Any>),
}

impl Catalog {
    /// Opens `sqlite:PATH` or `postgres://…`, makes the file if needed, and brings the schema up to date.
    ///
    /// # Errors
    /// When the database is out of reach, is of neither kind, or holds a schema newer than this version knows.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_at(url, i64::MAX).await
    }

    /// The same, brought no further than to schema `last`: for rows of that schema, which the later migrations then find.
    ///
    /// # Errors
    /// As for [`Self::open`]; a database that is further already is refused.
    pub async fn open_at(url: &str, last: i64) -> Result<Self> {
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite::open(path.trim_start_matches("//"), last).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return postgres::open(url, last).await;
        }
        Err(Error::Refused(Refusal::DatabaseUrl))
    }

    /// The newest schema that this version knows.
    #[must_use]
    pub fn newest_schema() -> i64 {
        MIGRATIONS.last().map_or(0, |(version, ..)| *version)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Waits for what is under way and lets go of the database.
    pub async fn close(&self) {
        if let Writer::Sqlite(queue) = &self.writer {
            queue.close().await;
        }
        self.readers.close().await;
    }

    /// Does a step of what keeps the index of names in order; false when there was nothing to do. On PostgreSQL that is the
    /// server's own business.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tend_names(&self) -> Result<bool> {
        let Writer::Sqlite(_) = &self.writer else { return Ok(false) };
        let mut tx = self.begin().await?;
        let more = sqlite::tend_names(tx.conn()).await?;
        tx.commit().await?;
        Ok(more)
    }

    /// The connections that are pooled: on SQLite those that read, for one writes; on PostgreSQL all.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        let open = u64::from(self.readers.size());
        let idle = u64::try_from(self.readers.num_idle()).unwrap_or(u64::MAX);
        PoolUse { open, busy: open.saturating_sub(idle) }
    }

    /// The pool for reads outside a transaction.
    pub(crate) fn read(&self) -> &AnyPool {
        &self.readers
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match &self.writer {
            Writer::Sqlite(queue) => Tx::Sqlite(queue.turn().await?),
            Writer::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

impl Tx {
    /// The connection to run statements on.
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        match self {
            Self::Sqlite(turn) => turn.conn(),
            Self::Postgres(tx) => &mut *tx,
        }
    }

    /// Makes the transaction durable; returns once it is.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(turn) => turn.commit().await,
            Self::Postgres(tx) => Ok(tx.commit().await?),
        }
    }
}

/// Runs a write that takes several rows, and again when it met another: one that took them in the other order, so that
/// the engine ended this one for the other to go on, or one that came to point at what this one deletes.
pub(crate) async fn settle<T, F>(mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 0..MAX_MEETINGS {
        match attempt().await {
            Err(Error::Database(error)) if postgres::met_another(&error) => {}
            outcome => return outcome,
        }
    }
    attempt().await
}

/// The engine's own words for three kinds of column, and its own search of names.
struct EngineWords {
    identity: &'static str,
    bytes: &'static str,
    /// Text that sorts by its bytes, whatever the database's collation.
    key: &'static str,
    name_search: &'static str,
}

/// Brings the schema up to date, or to `last`.
async fn migrate(conn: &mut AnyConnection, words: &EngineWords, last: i64) -> Result<()> {
    let known = MIGRATIONS.iter().filter(|(version, ..)| *version <= last);
    let migrations = known.map(|(version, name, text)| {
        let text = text.replace("{id}", words.identity).replace("{bytes}", words.bytes).replace("{key}", words.key);
        let text = text.replace("{name_search}", words.name_search);
        // Our own compiled-in text with four constants put in: nothing of a user's gets there.
        let sql = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(text));
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator { migrations: migrations.collect::<Vec<_>>().into(), ..Migrator::DEFAULT };
    migrator.run_direct(None, conn, false).await?;
    Ok(())
}

fn pool_options(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(std::time::Duration::from_secs(30))
}
