//! Jobs: rows written in the transaction of their cause. Claimed by one worker for a while, may run twice, retried with
//! growing pauses, visible until they are done and long after they failed.

use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Catalog, Error, Noun, Result, assets::words, catalog::Columns};

/// Work that a change asks for, before the change has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewJob {
    /// Have the bytes scanned.
    Scan,
    /// Make the renditions that an image is shown by, and read what it tells about itself.
    Preview,
}

/// Work to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Make the renditions that an image is shown by, and read what it tells about itself.
    Preview {
        /// Of which asset.
        asset_id: i64,
    },
    /// Have the bytes of an asset scanned.
    Scan {
        /// Of which asset.
        asset_id: i64,
    },
    /// Queue scans of what was not looked at, or by other signatures, behind this asset.
    Rescan {
        /// Where the last one left off.
        after: i64,
    },
    /// Remove what interrupted uploads left behind.
    SweepStaging,
    /// Remove the rows of a folder that was purged, and of all that lies in it.
    PurgeFolder {
        /// Whose.
        tenant_id: i64,
        /// Which.
        folder_id: i64,
    },
    /// Remove a blob that died and is not to lie about, for good.
    ShredBlob {
        /// Which.
        blob_id: i64,
        /// Where its bytes are: the row may be gone before they are.
        blob_key: String,
    },
    /// Seal a tenant's files, or open them, whatever they are to be, behind this blob.
    Convert {
        /// Whose.
        tenant_id: i64,
        /// Where the last one left off.
        after: i64,
    },
    /// Send what is to go out.
    Dispatch {
        /// Which dispatch.
        dispatch_id: i64,
    },
    /// Fetch a file from the address that somebody named.
    Fetch {
        /// Which fetch.
        fetch_id: i64,
    },
    /// Put in the trash what has expired, purge what has lain there for long enough, and collect what nothing wants, and
    /// evict renditions.
    Tend,
}

impl NewJob {
    pub(crate) const fn about(self, asset_id: i64) -> Work {
        match self {
            Self::Preview => Work::Preview { asset_id },
            Self::Scan => Work::Scan { asset_id },
        }
    }
}

/// Every kind of work, by the word that listings and metrics use.
pub const KINDS: &[&str] = &[
    "preview",
    "scan",
    "rescan",
    "sweep_staging",
    "purge_folder",
    "shred_blob",
    "convert",
    "dispatch",
    "fetch",
    "tend",
];

impl Work {
    /// The word that listings and metrics use.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Preview { .. } => "preview",
            Self::Scan { .. } => "scan",
            Self::Rescan { .. } => "rescan",
            Self::SweepStaging => "sweep_staging",
            Self::PurgeFolder { .. } => "purge_folder",
            Self::ShredBlob { .. } => "shred_blob",
            Self::Convert { .. } => "convert",
            Self::Dispatch { .. } => "dispatch",
            Self::Fetch { .. } => "fetch",
            Self::Tend => "tend",
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// For its time, or for a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It is done.
    Done,
    /// It failed for the last time.
    Failed,
}
words!(JobState, "job state", Waiting = "waiting", Running = "running", Done = "done", Failed = "failed");

/// A job, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// Whose, if anybody's.
    pub tenant_id: Option<i64>,
    /// What to do.
    pub work: Work,
    /// How far it is.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: i64,
    /// When it may run, in milliseconds since 1970.
    pub run_at: i64,
    /// Why it failed last.
    pub last_error: Option<String>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, payload, state, attempts, run_at, last_error"
    };
}

const INSERT: &str = "insert into jobs (tenant_id, kind, payload, state, run_at, created_at) \
     values ($1, $2, $3, 'waiting', $4, $4) returning id";
/// Whether anything is due in a lane, and taking the next of it: those of one lane do not wait for those of another. The outer
/// condition is checked again after waiting for another claimer's row lock: one of them gets nothing.
macro_rules! lane {
    ($kinds:literal) => {
        (
            concat!("select 1 as one from jobs where state = 'waiting' and run_at <= $1 and ", $kinds, " limit 1"),
            concat!(
                "update jobs set state = 'running', attempts = attempts + 1, claimed_by = $1, claimed_until = $3 \
                 where id = (select id from jobs where state = 'waiting' and run_at <= $2 and ",
                $kinds,
                " order by run_at, id limit 1) and state = 'waiting' returning ",
                columns!()
            ),
        )
    };
}

const WORK: (&str, &str) = lane!("kind not in ('dispatch', 'fetch', 'scan')");
const DISPATCHES: (&str, &str) = lane!("kind = 'dispatch'");
/// No tenant holds more than its share of them: whoever names slow addresses is not to keep others waiting.
const FETCHES: (&str, &str) = lane!(
    "kind = 'fetch' and (select count(*) from jobs r where r.state = 'running' and r.kind = 'fetch' \
     and r.tenant_id = jobs.tenant_id) < 4"
);
const SCANS: (&str, &str) = lane!("kind = 'scan'");
const LATEST: &str = "select state, created_at from jobs where kind = $1 order by id desc limit 1";
const FINISH: &str =
    "update jobs set state = 'done', finished_at = $3, claimed_by = null where id = $1 and claimed_by = $2";
const RETRY: &str = "update jobs set state = 'waiting', run_at = $3, last_error = $4, claimed_by = null \
     where id = $1 and claimed_by = $2";
const FAIL: &str = "update jobs set state = 'failed', finished_at = $3, last_error = $4, claimed_by = null \
     where id = $1 and claimed_by = $2";
/// What took its workers down too often is given up: it would take the next one down as well.
const RECLAIM: &str = "update jobs set claimed_by = null, last_error = 'the worker went away', \
     state = case when attempts < $2 then 'waiting' else 'failed' end, \
     finished_at = case when attempts < $2 then null else $1 end \
     where state = 'running' and claimed_until < $1";
const FORGET: &str = "delete from jobs where state = 'done' and finished_at < $1";
const LIST: &str = concat!("select ", columns!(), " from jobs where state = $1 and id > $2 order by id limit $3");

impl Catalog {
    /// Queues work that no change asked for.
    ///
    /// # Errors
    /// `Missing` when there is no such tenant.
    pub async fn add_job(&self, tenant_id: Option<i64>, work: &Work, run_at_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        insert(tx.conn(), tenant_id, work, run_at_ms).await?;
        tx.commit().await
    }

    /// Queues work that is due every so often, unless it was queued less than `every_ms` ago or is not done yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_recurring_job(&self, work: &Work, now_ms: i64, every_ms: i64) -> Result<()> {
        let latest = sqlx::query(LATEST).bind(work.kind()).fetch_optional(self.read()).await?;
        if let Some(latest) = latest {
            let state = JobState::parse(&latest.text("state")?)?;
            let under_way = matches!(state, JobState::Waiting | JobState::Running);
            if under_way || latest.int("created_at")? > now_ms - every_ms {
                return Ok(());
            }
        }
        let mut tx = self.begin().await?;
        insert(tx.conn(), None, work, now_ms).await?;
        tx.commit().await
    }

    /// Takes the next job that is due and needs nobody elsewhere, for `worker`, until `until_ms`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_job(&self, worker: &str, now_ms: i64, until_ms: i64) -> Result<Option<Job>> {
        self.claim(WORK, worker, (now_ms, until_ms)).await
    }

    /// Takes the next that is due and sends something out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_dispatch(&self, worker: &str, now_ms: i64, until_ms: i64) -> Result<Option<Job>> {
        self.claim(DISPATCHES, worker, (now_ms, until_ms)).await
    }

    /// Takes the next that is due and fetches something.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_fetch(&self, worker: &str, now_ms: i64, until_ms: i64) -> Result<Option<Job>> {
        self.claim(FETCHES, worker, (now_ms, until_ms)).await
    }

    /// Takes the next that is due and has something scanned.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_scan(&self, worker: &str, now_ms: i64, until_ms: i64) -> Result<Option<Job>> {
        self.claim(SCANS, worker, (now_ms, until_ms)).await
    }

    async fn claim(
        &self,
        (waiting, claim): (&'static str, &'static str),
        worker: &str,
        (now_ms, until_ms): (i64, i64),
    ) -> Result<Option<Job>> {
        // A look without the writers' lock first: an idle queue costs the uploads nothing.
        while sqlx::query(waiting).bind(now_ms).fetch_optional(self.read()).await?.is_some() {
            let mut tx = self.begin().await?;
            let query = sqlx::query(claim).bind(worker).bind(now_ms).bind(until_ms);
            let job = query.fetch_optional(tx.conn()).await?.as_ref().map(read).transpose()?;
            tx.commit().await?;
            if job.is_some() {
                return Ok(job);
            }
            // Somebody else took the one that was next; there may be others.
        }
        Ok(None)
    }

    /// Marks a job done, if `worker` still has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_job(&self, id: i64, worker: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(FINISH).bind(id).bind(worker).bind(now_ms).execute(tx.conn()).await?;
        tx.commit().await
    }

    /// Puts a job back until `again_ms`, or for good when that is `None`, if `worker` still has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fail_job(&self, id: i64, worker: &str, error: &str, again_ms: Option<i64>, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let (statement, at) = again_ms.map_or((FAIL, now_ms), |at| (RETRY, at));
        sqlx::query(statement).bind(id).bind(worker).bind(at).bind(error).execute(tx.conn()).await?;
        tx.commit().await
    }

    /// Puts back what workers took and never brought back; forgets what was done before `forget_before_ms`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tend_jobs(&self, now_ms: i64, max_attempts: i64, forget_before_ms: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let back = sqlx::query(RECLAIM).bind(now_ms).bind(max_attempts).execute(tx.conn()).await?;
        sqlx::query(FORGET).bind(forget_before_ms).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(back.rows_affected())
    }

    /// Jobs in one state after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn jobs(&self, state: JobState, after: i64, limit: i64) -> Result<Vec<Job>> {
        let query = sqlx::query(LIST).bind(state.as_str()).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    tenant_id: Option<i64>,
    work: &Work,
    run_at_ms: i64,
) -> Result<i64> {
    let payload = serde_json::to_string(work).expect("work is plain data");
    let query = sqlx::query(INSERT).bind(tenant_id).bind(work.kind()).bind(payload).bind(run_at_ms);
    query.fetch_one(conn).await.map_err(|error| Error::of_row(error, Noun::Job, Noun::Tenant))?.int("id")
}

fn read(row: &AnyRow) -> Result<Job> {
    let payload = row.text("payload")?;
    Ok(Job {
        id: row.int("id")?,
        tenant_id: row.int_or_null("tenant_id")?,
        work: serde_json::from_str(&payload).map_err(|error| Error::Corrupt(format!("job payload: {error}")))?,
        state: JobState::parse(&row.text("state")?)?,
        attempts: row.int("attempts")?,
        run_at: row.int("run_at")?,
        last_error: row.text_or_null("last_error")?,
    })
}
