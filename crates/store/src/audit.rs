//! The audit: who changed what, when and from where. Each line is written in the transaction of its change.

mod chain;

use sqlx::{AnyConnection, any::AnyRow};

pub use chain::{ChainEnds, ChainedLine, hash_of};

use crate::{Catalog, Noun, Result, assets::words, catalog::Columns};

/// Who makes a change, when, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When, in milliseconds since 1970.
    pub now_ms: i64,
    /// The user that the change is put down to; none for the server itself and for somebody without a key.
    pub user_id: Option<i64>,
    /// The token that was used.
    pub token_id: Option<i64>,
    /// The address of the peer, if it came over a network.
    pub address: Option<String>,
    /// The id that the request's log line carries.
    pub request_id: Option<String>,
}

impl Stamp {
    /// A change that the server makes by itself.
    #[must_use]
    pub fn system(now_ms: i64) -> Self {
        Self { now_ms, ..Self::default() }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Bytes went out to somebody without a key: by a link, a signed URL, to a guest.
    Read,
    /// Something new.
    Create,
    /// Another name or place, other bytes, other limits.
    Update,
    /// Into the trash.
    Trash,
    /// Out of the trash.
    Restore,
    /// Gone for good.
    Purge,
    /// Other access rules.
    Rule,
    /// Another upload policy.
    Policy,
    /// A scan's verdict.
    Scan,
    /// Let out of quarantine.
    Release,
    /// A key taken back, a person shut out.
    Revoke,
}

words!(
    Action,
    "action",
    Read = "read",
    Create = "create",
    Update = "update",
    Trash = "trash",
    Restore = "restore",
    Purge = "purge",
    Rule = "rule",
    Policy = "policy",
    Scan = "scan",
    Release = "release",
    Revoke = "revoke",
);

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its id: later lines have higher ones.
    pub id: i64,
    /// What was done.
    pub action: Action,
    /// To what kind of thing.
    pub noun: Noun,
    /// To which.
    pub noun_id: i64,
    /// By whom, when and from where.
    pub stamp: Stamp,
}

const INSERT: &str = "insert into audit (tenant_id, made_at, action, noun, noun_id, user_id, token_id, address, request_id) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const LIST: &str = "select id, made_at, action, noun, noun_id, user_id, token_id, address, request_id from audit \
     where tenant_id = $1 and id > $2 order by id limit $3";

const ABOUT: &str = "select id, made_at, action, noun, noun_id, user_id, token_id, address, request_id from audit \
     where tenant_id = $1 and noun = $2 and noun_id = $3 and id < $4 order by id desc limit $5";

impl Catalog {
    /// The lines of a tenant's audit after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn audit(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<AuditLine>> {
        let query = sqlx::query(LIST).bind(tenant_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The lines about one thing before the id `before`, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn audit_of(
        &self,
        tenant_id: i64,
        (noun, noun_id): (Noun, i64),
        before: i64,
        limit: i64,
    ) -> Result<Vec<AuditLine>> {
        let query = sqlx::query(ABOUT).bind(tenant_id).bind(noun.as_str()).bind(noun_id).bind(before).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }
}

impl Catalog {
    /// Notes that somebody without a key read files: the tenant's, the asset's id, who.
    ///
    /// # Errors
    /// When the database refuses; then none is noted.
    pub async fn note_reads(&self, reads: &[(i64, i64, Stamp)]) -> Result<()> {
        let mut tx = self.begin().await?;
        for (tenant_id, asset_id, stamp) in reads {
            note(tx.conn(), *tenant_id, stamp, Action::Read, (Noun::Asset, *asset_id)).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Writes a line.
pub(crate) async fn note(
    conn: &mut AnyConnection,
    tenant_id: i64,
    stamp: &Stamp,
    action: Action,
    (noun, noun_id): (Noun, i64),
) -> Result<()> {
    let query = sqlx::query(INSERT).bind(tenant_id).bind(stamp.now_ms).bind(action.as_str()).bind(noun.as_str());
    let query = query.bind(noun_id).bind(stamp.user_id).bind(stamp.token_id).bind(&stamp.address);
    query.bind(&stamp.request_id).execute(conn).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<AuditLine> {
    Ok(AuditLine {
        id: row.int("id")?,
        action: Action::parse(&row.text("action")?)?,
        noun: Noun::parse(&row.text("noun")?)?,
        noun_id: row.int("noun_id")?,
        stamp: Stamp {
            now_ms: row.int("made_at")?,
            user_id: row.int_or_null("user_id")?,
            token_id: row.int_or_null("token_id")?,
            address: row.text_or_null("address")?,
            request_id: row.text_or_null("request_id")?,
        },
    })
}
