//! What is SQLite's own: many readers, one writer, and the group commit of its writers.
//!
//! Writers take turns on one connection (a fair lock). The first opens a transaction, each after it works inside a savepoint,
//! and a committer that queues behind those already waiting makes the whole group durable with one sync. Nobody waits
//! for company: with no other writer in the queue a group is one write.

use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use sqlx::{AnyConnection, Connection};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

use super::{Catalog, Columns, EngineWords, NameIndex, Writer, migrate, pool_options, schema::SchemaWords};
use crate::{Error, Noun, error::Result};

const WORDS: EngineWords = EngineWords {
    identity: "integer primary key autoincrement",
    bytes: "blob",
    key: "text collate binary",
    name_search: include_str!("../../migrations/name_search_sqlite.sql"),
};
/// Tables of the index of names are not among them: triggers keep those.
pub(super) const SCHEMA: SchemaWords = SchemaWords {
    engine: "sqlite",
    snapshot: "begin",
    tables: "select cast(m.name as text) as name from sqlite_master m join pragma_table_list t on t.name = m.name \
         where m.type = 'table' and t.schema = 'main' and t.type = 'table' and m.name not like 'sqlite!_%' escape '!' \
         order by m.rowid",
    columns: "select cast(name as text) as name, lower(type) as type, cast(pk as bigint) as place \
         from pragma_table_info($1) order by cid",
    sequences: "select cast(name as text) as name, cast(seq as bigint) as last from sqlite_sequence order by name",
    set_sequence: &[
        "insert into sqlite_sequence (name, seq) select $1, $2 where not exists \
         (select 1 from sqlite_sequence where name = $1)",
        "update sqlite_sequence set seq = $2 where name = $1",
    ],
    references: None,
    let_references_wait: "pragma defer_foreign_keys = on",
};
const READERS: u32 = 8;

/// Another process (the command line beside a running server) may hold the file for a moment: wait, never fail.
const COMMON: &str = "pragma busy_timeout = 60000; pragma foreign_keys = on; pragma cache_size = -16384; \
     pragma mmap_size = 268435456; pragma temp_store = memory; pragma synchronous = full;";
const READER: &str = "pragma query_only = on;";

/// The name of a tenant in the index, as `name_search_sqlite.sql` writes it, and what narrows names down to it.
macro_rules! of_tenant {
    () => {
        "'tenant : \"' || char(19968 + ($1 >> 24 & 4095), 19968 + ($1 >> 12 & 4095), 19968 + ($1 & 4095)) || '\" AND '"
    };
}
/// Left out where at least every eighth of the next ids is the tenant's: looking up each name there takes longer than
/// passing over those of others.
macro_rules! of_tenant_if_rare {
    () => {
        concat!(
            "(select case when 8 * sum(live) >= 1024 * count(*) then '' else ",
            of_tenant!(),
            " end from (select live from tenant_tallies where tenant_id = $1 and bucket <= $2 / 1024 \
             order by bucket desc limit 16))"
        )
    };
}
/// A term of which each part is common, but not the whole, is looked for in all names that have the parts: they end
/// after 1024 runs of ids in which the tenant has any.
const ASSET_NAMES: &str = concat!(
    "with reach as materialized (select coalesce((select bucket * 1024 from tenant_tallies \
     where tenant_id = $1 and bucket <= $2 / 1024 order by bucket desc limit 1 offset 1024), 0) as id), \
     near as materialized (select n.rowid as id from asset_names n where n.asset_names match ",
    of_tenant_if_rare!(),
    " || $7 and n.rowid < $2 and n.rowid >= (select id from reach) order by n.rowid desc limit $8) \
     select id, 1 as is_hit from (select a.id from near cross join assets a cross join folders f \
     where a.id = near.id and a.tenant_id = $1 and a.state = 'ready' and f.id = a.folder_id and f.path >= $3 \
     and f.path < $4 and f.purged_at is null and (a.deleted_at is not null or f.trashed_root is not null) = ($5 = 1) \
     order by a.id desc limit $6) h \
     union all select case when count(*) < $8 then (select id from reach) else min(id) end, 0 from near"
);
const FOLDER_NAMES: &str = concat!(
    "with near as materialized (select n.rowid as id from folder_names n where n.folder_names match ",
    of_tenant!(),
    " || $7 and n.rowid < $2 order by n.rowid desc limit $8) \
     select id, 1 as is_hit from (select f.id from near cross join folders f where f.id = near.id and f.tenant_id = $1 \
     and f.kind in ('plain', 'inbox') and f.path > $3 and f.path < $4 and f.purged_at is null \
     and (f.trashed_root is not null) = ($5 = 1) order by f.id desc limit $6) h \
     union all select case when count(*) < $8 then 0 else min(id) end, 0 from near"
);

/// How the index of names keeps itself in order: not at all while somebody writes, which would now and then have to wait for it for a
/// good while; by [`Catalog::tend_names`] behind that. Only if nobody does that, some hundred writes later, it does so all the same.
const LEAVE_ORDER: &str = "insert into asset_names (asset_names, rank) \
     select k, v from (select 'automerge' as k, 0 as v union all select 'crisismerge', 200) \
     where (select v from asset_names_config where k = 'automerge') is not 0";
/// A step of that: at most so many pages.
const MAKE_ORDER: &str = "insert into asset_names (asset_names, rank) values ('merge', 32)";
const CHANGES: &str = "select total_changes() as changes";

/// Does a step of what keeps the index of names in order, if there is one to do.
pub(super) async fn tend_names(conn: &mut AnyConnection) -> Result<bool> {
    let before = sqlx::query(CHANGES).fetch_one(&mut *conn).await?.int("changes")?;
    sqlx::query(MAKE_ORDER).execute(&mut *conn).await?;
    let after = sqlx::query(CHANGES).fetch_one(conn).await?.int("changes")?;
    // As FTS5 has it: a step that found nothing to do changes its own row at most.
    Ok(after - before >= 2)
}

/// The index knows three characters in a row, of whatever kind.
pub(super) fn name_index(noun: Noun, term: &str) -> Option<NameIndex> {
    let step = if noun == Noun::Folder { FOLDER_NAMES } else { ASSET_NAMES };
    term.chars().nth(2)?;
    Some(NameIndex::InOrder { step, wanted: format!("name : \"{}\"", term.replace('"', "\"\"")) })
}

pub(super) async fn open(path: &str, last: i64) -> Result<Catalog> {
    // For the server alone, whatever the folder is like; what SQLite puts beside it gets the same mode. What fails here fails below.
    drop(std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path));
    let url = format!("sqlite:{}?mode=rwc", encode(path));
    let mut conn = AnyConnection::connect(&url).await?;
    sqlx::raw_sql(COMMON).execute(&mut conn).await?;
    sqlx::raw_sql("pragma journal_mode = wal;").execute(&mut conn).await?;
    // As a write from the start: of several that open a new file at once, one makes the schema and the others find it.
    let mut tx = conn.begin_with("begin immediate").await?;
    migrate(&mut tx, &WORDS, last).await?;
    sqlx::raw_sql(LEAVE_ORDER).execute(&mut *tx).await?;
    tx.commit().await?;
    let readers = pool_options(READERS).after_connect(|conn, _| {
        Box::pin(async move {
            sqlx::raw_sql(COMMON).execute(&mut *conn).await?;
            sqlx::raw_sql(READER).execute(&mut *conn).await?;
            Ok(())
        })
    });
    let readers = readers.connect(&url).await?;
    Ok(Catalog { readers, writer: Writer::Sqlite(Queue::new(conn)) })
}

/// Escapes what a path may hold and a URL may not.
fn encode(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

/// The queue of writers.
#[derive(Clone)]
pub(super) struct Queue {
    seat: Arc<Mutex<Seat>>,
    committer: Arc<Notify>,
}

/// The one connection that writes, and how far its transaction is.
struct Seat {
    conn: AnyConnection,
    /// A transaction is open.
    open: bool,
    /// What is undone if the writer fails whose turn it is: set while a turn lasts, still set if the turn was dropped half-way.
    working: Option<Undo>,
    /// Writers that have done their work and wait for it to be durable.
    waiting: Vec<oneshot::Sender<Result<(), String>>>,
}

/// How the work of one writer is undone.
#[derive(Clone, Copy)]
enum Undo {
    /// With the transaction: it is the first, so there is nothing else in it. A savepoint would keep the old state of every page that
    /// it changes, for nothing.
    Transaction,
    /// Back to the savepoint.
    Savepoint,
}

/// One writer's turn.
pub(crate) struct Turn {
    seat: OwnedMutexGuard<Seat>,
    committer: Arc<Notify>,
}

impl Queue {
    fn new(conn: AnyConnection) -> Self {
        let seat = Arc::new(Mutex::new(Seat { conn, open: false, working: None, waiting: Vec::new() }));
        let committer = Arc::new(Notify::new());
        tokio::spawn(commit_groups(Arc::downgrade(&seat), Arc::clone(&committer)));
        Self { seat, committer }
    }

    pub(super) async fn turn(&self) -> Result<Turn> {
        let (seat, committer) = (Arc::clone(&self.seat), Arc::clone(&self.committer));
        // On a task of its own, so that a caller who goes away cannot leave the connection between two states.
        let turn = tokio::spawn(async move {
            let mut turn = Turn { seat: seat.lock_owned().await, committer };
            if let Err(error) = turn.seat.undo_abandoned().await {
                // After a full disk or an I/O error SQLite undoes the whole transaction by itself: this turn begins anew.
                turn.seat.give_up_group(&error).await;
            }
            if turn.seat.open {
                turn.seat.run("savepoint turn").await?;
                turn.seat.working = Some(Undo::Savepoint);
            } else {
                turn.seat.run("begin immediate").await?;
                turn.seat.open = true;
                turn.seat.working = Some(Undo::Transaction);
            }
            Ok(turn)
        });
        turn.await.map_err(|error| Error::Commit(error.to_string()))?
    }

    pub(super) async fn close(&self) {
        let mut seat = self.seat.lock().await;
        seat.end_group().await;
    }
}

impl Turn {
    pub(super) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.seat.conn
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        let (done, durable) = oneshot::channel();
        // As above: once asked for, a commit goes through whether or not somebody still waits for it.
        tokio::spawn(async move {
            let released = match self.seat.working {
                Some(Undo::Savepoint) => self.seat.run("release turn").await,
                Some(Undo::Transaction) | None => Ok(()),
            };
            match released {
                Ok(()) => {
                    self.seat.working = None;
                    self.seat.waiting.push(done);
                }
                Err(error) => drop(done.send(Err(error.to_string()))),
            }
        });
        match durable.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::Commit(error)),
            Err(_) => Err(Error::Commit("the writer stopped".to_owned())),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Wakes the committer, which waits for the lock that is let go of right after this.
        self.committer.notify_one();
    }
}

impl Seat {
    async fn run(&mut self, statement: &'static str) -> Result<()> {
        sqlx::query(statement).execute(&mut self.conn).await?;
        Ok(())
    }

    async fn undo_abandoned(&mut self) -> Result<()> {
        match self.working {
            Some(Undo::Savepoint) => {
                self.run("rollback to turn").await?;
                self.run("release turn").await?;
            }
            Some(Undo::Transaction) => {
                self.run("rollback").await?;
                self.open = false;
            }
            None => {}
        }
        self.working = None;
        Ok(())
    }

    /// Commits what is open and tells those who wait.
    async fn end_group(&mut self) {
        if !self.open {
            return;
        }
        let mut outcome = self.undo_abandoned().await;
        if outcome.is_ok() && self.open {
            outcome = self.run("commit").await;
        }
        match outcome {
            Ok(()) => self.dismiss(&Ok(())),
            Err(error) => self.give_up_group(&error).await,
        }
    }

    /// Tells those who wait that nothing of the group is durable; the connection must not stay inside the broken
    /// transaction.
    async fn give_up_group(&mut self, error: &Error) {
        drop(self.run("rollback").await);
        self.dismiss(&Err(error.to_string()));
    }

    fn dismiss(&mut self, outcome: &Result<(), String>) {
        self.open = false;
        self.working = None;
        for writer in self.waiting.drain(..) {
            drop(writer.send(outcome.clone()));
        }
    }
}

async fn commit_groups(seat: std::sync::Weak<Mutex<Seat>>, committer: Arc<Notify>) {
    loop {
        // A library that was dropped without a close has nobody left to notify: look now and then whether it is gone.
        let woken = tokio::time::timeout(std::time::Duration::from_secs(5), committer.notified()).await;
        let Some(seat) = seat.upgrade() else { return };
        if woken.is_ok() {
            seat.lock().await.end_group().await;
        }
    }
}
