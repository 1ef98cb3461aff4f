//! Dispatches: what goes out to people and machines elsewhere, and what became of it. Each is sent by a job that was queued in
//! the transaction which made it; it may be sent twice, and says by its id that it is the same.

use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    assets::words,
    catalog::Columns,
    jobs::{self, Work},
    records::{self, NewRecord, Record},
};

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parcel {
    /// Electronic mail.
    Mail {
        /// To whom.
        to: String,
        /// Where answers are to go, if not to the sender.
        reply_to: Option<String>,
        /// Its subject, on one line.
        subject: String,
        /// What it says.
        text: String,
        /// The same for those who see pages.
        html: String,
    },
    /// A POST to an address that somebody named.
    Call {
        /// Where to; it goes outside only.
        url: String,
        /// What the body is.
        content_type: String,
        /// More headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// A text message, by the operator's own service.
    Text {
        /// The telephone number.
        to: String,
        /// What it says.
        text: String,
    },
}

impl Parcel {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Mail { .. } => "mail",
            Self::Call { .. } => "call",
            Self::Text { .. } => "text",
        }
    }

    /// The address: of a person, a URL, a telephone number.
    #[must_use]
    pub fn recipient(&self) -> &str {
        match self {
            Self::Mail { to, .. } | Self::Text { to, .. } => to,
            Self::Call { url, .. } => url,
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DispatchState {
    /// It is to be sent, perhaps once more.
    Waiting,
    /// The other side took it.
    Sent,
    /// It was given up.
    Failed,
}
words!(DispatchState, "dispatch state", Waiting = "waiting", Sent = "sent", Failed = "failed");

/// A dispatch to add.
#[derive(Debug, Clone)]
pub struct NewDispatch {
    /// Whose.
    pub tenant_id: i64,
    /// Which dialect's.
    pub realm: String,
    /// The record that it tells of.
    pub record_id: Option<i64>,
    /// What is sent.
    pub parcel: Parcel,
}

/// A dispatch, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Which dialect's.
    pub realm: String,
    /// The record that it tells of.
    pub record_id: Option<i64>,
    /// Where it goes.
    pub recipient: String,
    /// What is sent; nothing once that is over.
    pub parcel: Option<Parcel>,
    /// How far it is.
    pub state: DispatchState,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was sent or given up.
    pub finished_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, realm, record_id, recipient, body, state, attempts, last_error, created_at, finished_at"
    };
}

const INSERT: &str = "insert into dispatches (tenant_id, realm, record_id, kind, recipient, body, state, created_at) \
     values ($1, $2, $3, $4, $5, $6, 'waiting', $7) returning id";
const FIND: &str = concat!("select ", columns!(), " from dispatches where id = $1");
const BY_RECORD: &str =
    concat!("select ", columns!(), " from dispatches where record_id = $1 and id > $2 order by id limit $3");
const BY_TENANT: &str =
    concat!("select ", columns!(), " from dispatches where tenant_id = $1 and id > $2 order by id limit $3");
/// What was sent is nobody's business any more once it is over: it may hold codes and links.
const TRIED: &str = "update dispatches set attempts = attempts + $5, state = $2, last_error = $3, finished_at = $4, \
     body = case when $2 = 'waiting' then body else '' end where id = $1 and state = 'waiting' returning id";
const FORGET: &str = "delete from dispatches where finished_at is not null and finished_at < $1";

impl Catalog {
    /// Adds records, each with what is to be sent about it, all or nothing; gives the records in that order.
    ///
    /// # Errors
    /// As for [`Self::add_record`].
    pub async fn add_dispatched_records(
        &self,
        records: &[(NewRecord, Vec<NewDispatch>)],
        now_ms: i64,
    ) -> Result<Vec<Record>> {
        let mut tx = self.begin().await?;
        let mut added = Vec::with_capacity(records.len());
        for (record, dispatches) in records {
            let record = records::insert(tx.conn(), record, now_ms).await?;
            for dispatch in dispatches {
                let dispatch = NewDispatch { record_id: Some(record.id), ..dispatch.clone() };
                insert(tx.conn(), &dispatch, now_ms).await?;
            }
            added.push(record);
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Adds dispatches, all or nothing; gives their ids in that order.
    ///
    /// # Errors
    /// `Missing` when there is no such record or tenant.
    pub async fn add_dispatches(&self, dispatches: &[NewDispatch], now_ms: i64) -> Result<Vec<i64>> {
        let mut tx = self.begin().await?;
        let mut added = Vec::with_capacity(dispatches.len());
        for dispatch in dispatches {
            added.push(insert(tx.conn(), dispatch, now_ms).await?);
        }
        tx.commit().await?;
        Ok(added)
    }

    /// One dispatch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn dispatch(&self, id: i64) -> Result<Option<Dispatch>> {
        sqlx::query(FIND).bind(id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// What was sent about a record after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn record_dispatches(&self, record_id: i64, after: i64, limit: i64) -> Result<Vec<Dispatch>> {
        let query = sqlx::query(BY_RECORD).bind(record_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// What a tenant sent after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn dispatches(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<Dispatch>> {
        let query = sqlx::query(BY_TENANT).bind(tenant_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Notes what became of an attempt; false when it was over already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_dispatch(&self, id: i64, state: DispatchState, error: Option<&str>, now_ms: i64) -> Result<bool> {
        self.note(id, (state, 1), error, now_ms).await
    }

    /// Notes that there will be no further attempt; false when it was over already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn give_up_dispatch(&self, id: i64, error: Option<&str>, now_ms: i64) -> Result<bool> {
        self.note(id, (DispatchState::Failed, 0), error, now_ms).await
    }

    async fn note(
        &self,
        id: i64,
        (state, attempts): (DispatchState, i64),
        error: Option<&str>,
        now_ms: i64,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let finished_at = (state != DispatchState::Waiting).then_some(now_ms);
        let query = sqlx::query(TRIED).bind(id).bind(state.as_str()).bind(error).bind(finished_at).bind(attempts);
        let done = query.fetch_optional(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.is_some())
    }

    /// Forgets what was over before `before_ms`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_dispatches(&self, before_ms: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(FORGET).bind(before_ms).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

async fn insert(conn: &mut AnyConnection, dispatch: &NewDispatch, now_ms: i64) -> Result<i64> {
    let query = sqlx::query(INSERT).bind(dispatch.tenant_id).bind(&dispatch.realm).bind(dispatch.record_id);
    let body = serde_json::to_string(&dispatch.parcel).expect("a parcel is plain data");
    let query = query.bind(dispatch.parcel.kind()).bind(dispatch.parcel.recipient()).bind(body).bind(now_ms);
    let row = query.fetch_one(&mut *conn).await;
    let id = row.map_err(|error| Error::of_row(error, Noun::Record, Noun::Record))?.int("id")?;
    jobs::insert(conn, Some(dispatch.tenant_id), &Work::Dispatch { dispatch_id: id }, now_ms).await?;
    Ok(id)
}

fn read(row: &AnyRow) -> Result<Dispatch> {
    let body = row.text("body")?;
    Ok(Dispatch {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        realm: row.text("realm")?,
        record_id: row.int_or_null("record_id")?,
        recipient: row.text("recipient")?,
        parcel: match body.as_str() {
            "" => None,
            body => Some(serde_json::from_str(body).map_err(|error| Error::Corrupt(format!("dispatch: {error}")))?),
        },
        state: DispatchState::parse(&row.text("state")?)?,
        attempts: row.int("attempts")?,
        last_error: row.text_or_null("last_error")?,
        created_at: row.int("created_at")?,
        finished_at: row.int_or_null("finished_at")?,
    })
}
