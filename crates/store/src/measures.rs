//! What a watcher of a server asks of its rows, each time from an index and bounded: a scrape costs the same whatever there is.

use sqlx::any::AnyRow;

use crate::{Catalog, Result, catalog::Columns, jobs::JobState};

/// No more than so many are counted: where there are as many, somebody has been told long before.
pub const MOST_COUNTED: i64 = 10_000;

/// Jobs of a kind, as far as they are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    /// Which kind.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// When the one that may run first could do so, in milliseconds since 1970.
    pub oldest_run_at: i64,
}

const JOBS: &str = "select kind, cast(count(*) as bigint) as count, min(run_at) as oldest from \
     (select kind, run_at from jobs where state = $1 order by run_at, id limit $2) some_jobs group by kind order by kind";
const DUE: &str = "select kind, cast(count(*) as bigint) as count, min(run_at) as oldest from \
     (select kind, run_at from jobs where run_at <= $1 and state = 'waiting' order by run_at, id limit $2) due_jobs \
     group by kind order by kind";
const INFECTED: &str = "select cast(count(*) as bigint) as count from \
     (select id from assets where scan = 'infected' limit $1) some_assets";
const UNCHAINED: &str = "select cast(count(*) as bigint) as count from \
     (select id from audit where place is null order by id limit $1) some_lines";

impl Catalog {
    /// Jobs in a state, by kind; at most [`MOST_COUNTED`] together.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_jobs(&self, state: JobState) -> Result<Vec<JobCount>> {
        let query = sqlx::query(JOBS).bind(state.as_str()).bind(MOST_COUNTED);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Jobs that could run at `now_ms` and do not yet, by kind; of more than [`MOST_COUNTED`] those that wait longest.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_due_jobs(&self, now_ms: i64) -> Result<Vec<JobCount>> {
        let query = sqlx::query(DUE).bind(now_ms).bind(MOST_COUNTED);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// How many files of all tenants are infected, wherever they lie; at most [`MOST_COUNTED`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_infected(&self) -> Result<u64> {
        sqlx::query(INFECTED).bind(MOST_COUNTED).fetch_one(self.read()).await?.count("count")
    }

    /// How many lines of the audit have no place in the chain yet; at most [`MOST_COUNTED`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_unchained_audit(&self) -> Result<u64> {
        sqlx::query(UNCHAINED).bind(MOST_COUNTED).fetch_one(self.read()).await?.count("count")
    }
}

fn read(row: &AnyRow) -> Result<JobCount> {
    Ok(JobCount { kind: row.text("kind")?, count: row.count("count")?, oldest_run_at: row.int("oldest")? })
}
