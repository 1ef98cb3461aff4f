//! Fetches: files that somebody named the address of, and what became of them. Each is fetched by a job that was queued in the
//! transaction which made it.

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    assets::words,
    catalog::Columns,
    jobs::{self, Work},
};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchState {
    /// It is to be fetched, perhaps once more.
    Waiting,
    /// Its bytes are a version.
    Done,
    /// It was given up.
    Failed,
}
words!(FetchState, "fetch state", Waiting = "waiting", Done = "done", Failed = "failed");

/// A fetch to add.
#[derive(Debug, Clone)]
pub struct NewFetch {
    /// Whose.
    pub tenant_id: i64,
    /// For which asset.
    pub asset_id: i64,
    /// From where.
    pub url: String,
    /// What the file is to be called.
    pub file_name: String,
    /// Who wants it.
    pub created_by: i64,
}

/// A fetch, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// For which asset.
    pub asset_id: i64,
    /// From where; empty once it is over.
    pub url: String,
    /// What the file is called.
    pub file_name: String,
    /// How far it is.
    pub state: FetchState,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// The version that came of it.
    pub version_id: Option<i64>,
    /// Who wanted it.
    pub created_by: i64,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was over.
    pub finished_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, asset_id, url, file_name, state, attempts, last_error, version_id, created_by, created_at, finished_at"
    };
}

const INSERT: &str = concat!(
    "insert into fetches (tenant_id, asset_id, url, file_name, state, created_by, created_at) \
     select $1, a.id, $3, $4, 'waiting', $5, $6 from assets a where a.tenant_id = $1 and a.id = $2 returning ",
    columns!()
);
const FIND: &str = concat!("select ", columns!(), " from fetches where id = $1");
const BY_ASSET: &str = concat!("select ", columns!(), " from fetches where asset_id = $1 order by id desc limit $2");
const NOTE: &str = "update fetches set attempts = attempts + $5, state = $2, last_error = $3, finished_at = $4, version_id = $6, \
     url = case when $2 = 'waiting' then url else '' end where id = $1 and state = 'waiting' returning id";

/// What an attempt came to.
#[derive(Debug, Clone, Copy)]
pub struct FetchOutcome<'a> {
    /// How far it is now.
    pub state: FetchState,
    /// Whether something was tried.
    pub tried: bool,
    /// Why it failed.
    pub error: Option<&'a str>,
    /// The version that came of it.
    pub version_id: Option<i64>,
}

impl Catalog {
    /// Adds a fetch.
    ///
    /// # Errors
    /// `Missing` when the tenant has no such asset.
    pub async fn add_fetch(&self, new: &NewFetch, now_ms: i64) -> Result<Fetch> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(INSERT).bind(new.tenant_id).bind(new.asset_id).bind(&new.url).bind(&new.file_name);
        let row = query.bind(new.created_by).bind(now_ms).fetch_optional(tx.conn()).await;
        let row = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Asset))?;
        let fetch = read(&row.ok_or(Error::Missing(Noun::Asset))?)?;
        jobs::insert(tx.conn(), Some(new.tenant_id), &Work::Fetch { fetch_id: fetch.id }, now_ms).await?;
        tx.commit().await?;
        Ok(fetch)
    }

    /// One fetch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fetch(&self, id: i64) -> Result<Option<Fetch>> {
        sqlx::query(FIND).bind(id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// The fetches for an asset, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset_fetches(&self, asset_id: i64, limit: i64) -> Result<Vec<Fetch>> {
        let rows = sqlx::query(BY_ASSET).bind(asset_id).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read).collect()
    }

    /// Notes what became of an attempt; false when it was over already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_fetch(&self, id: i64, outcome: FetchOutcome<'_>, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let finished_at = (outcome.state != FetchState::Waiting).then_some(now_ms);
        let query = sqlx::query(NOTE).bind(id).bind(outcome.state.as_str()).bind(outcome.error).bind(finished_at);
        let query = query.bind(i64::from(outcome.tried)).bind(outcome.version_id);
        let done = query.fetch_optional(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.is_some())
    }
}

fn read(row: &AnyRow) -> Result<Fetch> {
    Ok(Fetch {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        asset_id: row.int("asset_id")?,
        url: row.text("url")?,
        file_name: row.text("file_name")?,
        state: FetchState::parse(&row.text("state")?)?,
        attempts: row.int("attempts")?,
        last_error: row.text_or_null("last_error")?,
        version_id: row.int_or_null("version_id")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        finished_at: row.int_or_null("finished_at")?,
    })
}
