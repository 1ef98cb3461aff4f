//! Quotas: how much each tenant keeps, and how much it may. What lies in the trash is kept until it is purged, and so is each version
//! of a file; equal bytes count as often as they are kept, for nobody can tell beforehand whether they are stored once.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Refusal, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
};

/// The most that a tenant may keep; none: as much as there is room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Files.
    pub max_files: Option<u64>,
    /// Bytes.
    pub max_bytes: Option<u64>,
}

/// What a tenant keeps, and what it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaUse {
    /// The most that it may keep.
    pub quota: Quota,
    /// How many files it keeps.
    pub files: u64,
    /// How many bytes all their versions have.
    pub bytes: u64,
}

/// A tenant's use that is not what a recount gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongUse {
    /// Whose.
    pub tenant_id: i64,
    /// Files and bytes, as kept.
    pub kept: (i64, i64),
    /// The same, as counted.
    pub counted: (i64, i64),
}

/// By how much more a tenant keeps, or less.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Growth {
    pub(crate) files: i64,
    pub(crate) bytes: i64,
}

const BEGIN: &str =
    "insert into tenant_use (tenant_id, files, bytes) values ($1, 0, 0) on conflict (tenant_id) do nothing";
/// Test and count are one statement, on one row. What becomes less may do so whatever the quota is by now.
const GROW: &str = "update tenant_use set files = files + $2, bytes = bytes + $3 where tenant_id = $1 \
     and ($2 <= 0 or max_files is null or files + $2 <= max_files) \
     and ($3 <= 0 or max_bytes is null or bytes + $3 <= max_bytes)";
/// `cross join` has SQLite begin with the folders.
const TOO_MUCH: &str = "select u.tenant_id from tenant_use u \
     where u.tenant_id = $1 and (u.max_files is not null or u.max_bytes is not null) and exists (select 1 from \
     (select sum(t.live) as files, sum(t.bytes) as bytes from folders f cross join tallies t where f.tenant_id = $1 \
     and f.path >= $2 and f.path < $3 and f.trashed_root is null and t.tenant_id = f.tenant_id and t.folder_id = f.id) c \
     where u.files + c.files > u.max_files or u.bytes + c.bytes > u.max_bytes)";
const USE: &str = "select files, bytes, max_files, max_bytes from tenant_use where tenant_id = $1";
const SET: &str = "update tenant_use set max_files = $2, max_bytes = $3 where tenant_id = $1";
const WRONG: &str = "select tenant_id, cast(sum(kept_files) as bigint) as kept_files, cast(sum(kept_bytes) as bigint) as kept_bytes, \
     cast(sum(files) as bigint) as files, cast(sum(bytes) as bigint) as bytes \
     from (select tenant_id, files as kept_files, bytes as kept_bytes, 0 as files, 0 as bytes from tenant_use \
     union all select a.tenant_id, 0, 0, count(*), 0 from assets a where a.state = 'ready' group by a.tenant_id \
     union all select b.tenant_id, 0, 0, 0, sum(b.size) from versions v join blobs b on b.id = v.blob_id \
     group by b.tenant_id) both_sides group by tenant_id \
     having sum(kept_files) <> sum(files) or sum(kept_bytes) <> sum(bytes) order by tenant_id limit 1000";
/// Takes the row: whoever changed what it counts has added that by now, and whoever is changing it adds that after us. The recount is a
/// statement of its own, so that it sees the one and not the other.
const TAKE: &str = "update tenant_use set files = files where tenant_id = $1";
const RECOUNT: &str = "update tenant_use set files = (select count(*) from assets a where a.tenant_id = $1 and a.state = 'ready'), \
     bytes = (select cast(coalesce(sum(b.size), 0) as bigint) from blobs b cross join versions v \
     where b.tenant_id = $1 and v.blob_id = b.id) where tenant_id = $1";

impl Catalog {
    /// What a tenant keeps, and what it may; `None` for no tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn quota_use(&self, tenant_id: i64) -> Result<Option<QuotaUse>> {
        sqlx::query(USE).bind(tenant_id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Sets how much a tenant may keep from now on. What it keeps already stays, also where that is more.
    ///
    /// # Errors
    /// `Missing` for no tenant.
    pub async fn set_quota(&self, tenant_id: i64, quota: Quota, stamp: &Stamp) -> Result<()> {
        let most = |max: Option<u64>| max.map(|max| i64::try_from(max).unwrap_or(i64::MAX));
        let mut tx = self.begin().await?;
        catch_up(tx.conn(), tenant_id).await?;
        let query = sqlx::query(SET).bind(tenant_id).bind(most(quota.max_files)).bind(most(quota.max_bytes));
        query.execute(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Tenant, tenant_id)).await?;
        tx.commit().await
    }

    /// Tenants whose use is wrong, at most a thousand. Reads all files.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wrong_uses(&self) -> Result<Vec<WrongUse>> {
        let rows = sqlx::query(WRONG).fetch_all(self.read()).await?;
        let wrong = |row: &AnyRow| {
            Ok(WrongUse {
                tenant_id: row.int("tenant_id")?,
                kept: (row.int("kept_files")?, row.int("kept_bytes")?),
                counted: (row.int("files")?, row.int("bytes")?),
            })
        };
        rows.iter().map(wrong).collect()
    }

    /// Counts anew what a tenant keeps.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn recount_use(&self, tenant_id: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        for statement in [TAKE, RECOUNT] {
            sqlx::query(statement).bind(tenant_id).execute(tx.conn()).await?;
        }
        tx.commit().await
    }
}

/// A new tenant keeps nothing, and may keep what it likes.
pub(crate) async fn begin(conn: &mut AnyConnection, tenant_id: i64) -> Result<()> {
    make(conn, tenant_id).await.map(|_| ())
}

/// Makes a tenant's row; false if it is there.
async fn make(conn: &mut AnyConnection, tenant_id: i64) -> Result<bool> {
    let made = sqlx::query(BEGIN).bind(tenant_id).execute(conn).await;
    Ok(made.map_err(|error| Error::of_row(error, Noun::Tenant, Noun::Tenant))?.rows_affected() == 1)
}

/// Makes the row of a tenant that a node of an earlier version founded while others were updated, and counts what it keeps; false if it is
/// there.
async fn catch_up(conn: &mut AnyConnection, tenant_id: i64) -> Result<bool> {
    let made = make(&mut *conn, tenant_id).await?;
    if made {
        sqlx::query(RECOUNT).bind(tenant_id).execute(conn).await?;
    }
    Ok(made)
}

/// Counts what a tenant keeps more, or less, in the transaction that makes it so; refused where it would be more than it may.
pub(crate) async fn grow(conn: &mut AnyConnection, tenant_id: i64, by: Growth) -> Result<()> {
    if (by.files, by.bytes) == (0, 0) {
        return Ok(());
    }
    let done = sqlx::query(GROW).bind(tenant_id).bind(by.files).bind(by.bytes).execute(&mut *conn).await?;
    // Where there was no row, it has been counted with what this transaction did.
    if done.rows_affected() == 1 || catch_up(conn, tenant_id).await? {
        return Ok(());
    }
    Err(Error::Refused(Refusal::OverQuota))
}

/// Refused where what the folders hold from one path up to another would not fit in once more.
pub(crate) async fn expect_room_for_copy(
    conn: &mut AnyConnection,
    tenant_id: i64,
    (from, to): (&str, &str),
) -> Result<()> {
    let query = sqlx::query(TOO_MUCH).bind(tenant_id).bind(from.to_owned()).bind(to.to_owned());
    if query.fetch_optional(conn).await?.is_some() { Err(Error::Refused(Refusal::OverQuota)) } else { Ok(()) }
}

fn read(row: &AnyRow) -> Result<QuotaUse> {
    let most = |max: Option<i64>| max.and_then(|max| u64::try_from(max).ok());
    let quota =
        Quota { max_files: most(row.int_or_null("max_files")?), max_bytes: most(row.int_or_null("max_bytes")?) };
    Ok(QuotaUse { quota, files: row.count("files")?, bytes: row.count("bytes")? })
}
