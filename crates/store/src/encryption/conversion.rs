//! What is sealed and what is not, and exchanging the one for the other: other bytes under another name, for the same row.

use std::str::FromStr;

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Result,
    blobs::{BlobId, BlobKey},
    catalog::Columns,
    jobs::{self, Work},
    renditions::Rendition,
};

/// How far a tenant's files are sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Files' bytes that are sealed.
    pub sealed: u64,
    /// How many bytes those are, before they are.
    pub sealed_bytes: u64,
    /// Files' bytes that are not.
    pub plain: u64,
    /// How many bytes those are.
    pub plain_bytes: u64,
    /// Renditions that are sealed.
    pub sealed_renditions: u64,
    /// Renditions that are not.
    pub plain_renditions: u64,
}

/// A blob that is not as its tenant's are to be, or of which a rendition is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToConvert {
    /// Its row.
    pub id: i64,
    /// Where its bytes are.
    pub key: BlobKey,
    /// How many.
    pub size: u64,
    /// Their sum.
    pub sha256: [u8; 32],
}

/// Other bytes for a blob.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// Whose.
    pub tenant_id: i64,
    /// Which row.
    pub blob_id: i64,
    /// What it names now.
    pub old: BlobKey,
    /// What it is to name.
    pub new: BlobKey,
    /// When the old bytes go for good, in milliseconds since 1970.
    pub shred_at: i64,
}

/// An id is 32 digits, and longer where the bytes are sealed.
macro_rules! is_sealed {
    ($column:literal) => {
        concat!("case when length(", $column, ") > 32 then 1 else 0 end")
    };
}

const BLOBS: &str = concat!(
    "select count(*) as count, cast(coalesce(sum(b.size), 0) as bigint) as bytes, ",
    is_sealed!("b.blob_key"),
    " as sealed from blobs b where b.tenant_id = $1 and b.dead_at is null group by 3"
);
const RENDITIONS: &str = concat!(
    "select count(*) as count, ",
    is_sealed!("r.blob_key"),
    " as sealed from renditions r join blobs b on b.id = r.blob_id where b.tenant_id = $1 and b.dead_at is null group by 2"
);
const TO_CONVERT: &str = concat!(
    "select b.id, b.blob_key, b.size, b.sha256 from blobs b where b.tenant_id = $1 and b.id > $2 and b.dead_at is null and (",
    is_sealed!("b.blob_key"),
    " <> $3 or exists (select 1 from renditions r where r.blob_id = b.id and ",
    is_sealed!("r.blob_key"),
    " <> $3)) order by b.id limit $4"
);
const TENANTS: &str = concat!(
    "select t.id from tenants t where t.sealed_at > 0 and exists (select 1 from blobs b where b.tenant_id = t.id \
     and b.dead_at is null and (",
    is_sealed!("b.blob_key"),
    " <> t.sealed or exists (select 1 from renditions r where r.blob_id = b.id and ",
    is_sealed!("r.blob_key"),
    " <> t.sealed))) and not exists (select 1 from jobs j where j.kind = 'convert' and j.tenant_id = t.id \
     and j.state = 'waiting')"
);
const SEALED_ONE: &str = "select b.id, b.blob_key, b.size, b.sha256 from blobs b \
     where b.tenant_id = $1 and length(b.blob_key) > 32 and b.dead_at is null order by b.id limit 1";
const EXCHANGE: &str = "update blobs set blob_key = $3 where id = $1 and blob_key = $2 and dead_at is null \
     and (select t.sealed from tenants t where t.id = blobs.tenant_id) = $4";
const BURY_OLD: &str = "insert into blobs (tenant_id, blob_key, size, sha256, md5, crc32, created_at, dead_at, shred) \
     select tenant_id, $2, size, sha256, md5, crc32, created_at, $3, 1 from blobs where id = $1 returning id";
const ASSETS: &str = "select asset_id from versions where blob_id = $1";
const SHRED_DEAD: &str =
    "update blobs set shred = 1 where tenant_id = $1 and dead_at is not null and shred = 0 and length(blob_key) = 32";
const ADD_JOB: &str = "insert into jobs (tenant_id, kind, payload, state, run_at, created_at) \
     select $1, 'convert', $2, 'waiting', $3, $3 \
     where not exists (select 1 from jobs where kind = 'convert' and state = 'waiting' and tenant_id = $1)";
const DROP_JOBS: &str = "delete from jobs where kind = 'convert' and state = 'waiting' and tenant_id = $1";
const EXCHANGE_RENDITION: &str =
    "update renditions set blob_key = $4 where blob_id = $1 and plan_key = $2 and blob_key = $3";

impl Catalog {
    /// How far a tenant's files are sealed. Costs by how many there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sealed(&self, tenant_id: i64) -> Result<Sealed> {
        let mut sum = Sealed::default();
        for row in sqlx::query(BLOBS).bind(tenant_id).fetch_all(self.read()).await? {
            let (count, bytes) = (row.count("count")?, row.count("bytes")?);
            if row.flag("sealed")? {
                (sum.sealed, sum.sealed_bytes) = (count, bytes);
            } else {
                (sum.plain, sum.plain_bytes) = (count, bytes);
            }
        }
        for row in sqlx::query(RENDITIONS).bind(tenant_id).fetch_all(self.read()).await? {
            let count = row.count("count")?;
            if row.flag("sealed")? {
                sum.sealed_renditions = count;
            } else {
                sum.plain_renditions = count;
            }
        }
        Ok(sum)
    }

    /// Blobs of a tenant behind `after` that are not yet sealed, or still are, as they or their renditions are to be.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn blobs_to_convert(
        &self,
        tenant_id: i64,
        sealed: bool,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ToConvert>> {
        let query = sqlx::query(TO_CONVERT).bind(tenant_id).bind(after).bind(i64::from(sealed)).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Tenants some of whose files are not as they are to be, and for whom no job waits that converts them. One may be under way: or its
    /// server is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tenants_to_convert(&self) -> Result<Vec<i64>> {
        sqlx::query(TENANTS).fetch_all(self.read()).await?.iter().map(|row| row.int("id")).collect()
    }

    /// Has a tenant's files converted behind a blob, unless that is to happen already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn queue_conversion(&self, tenant_id: i64, after: i64, run_at_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        queue(tx.conn(), tenant_id, after, run_at_ms).await?;
        tx.commit().await
    }

    /// A sealed blob of a tenant, where there is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sealed_blob(&self, tenant_id: i64) -> Result<Option<ToConvert>> {
        sqlx::query(SEALED_ONE).bind(tenant_id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// What died as it was is not to lie about as that any longer than it must.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn shred_dead_blobs(&self, tenant_id: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(SHRED_DEAD).bind(tenant_id).execute(tx.conn()).await?;
        tx.commit().await
    }

    /// Lets a row name other bytes, which are the same when they are opened. The old ones go for good, by a job. Which files' bytes
    /// they are; `None`, and nothing is changed, where the row names others or is gone, or the tenant's are to be otherwise by now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn exchange_blob(&self, exchange: &Exchange, now_ms: i64) -> Result<Option<Vec<i64>>> {
        let (old, new) = (exchange.old.id().to_string(), exchange.new.id().to_string());
        let mut tx = self.begin().await?;
        let query = sqlx::query(EXCHANGE).bind(exchange.blob_id).bind(&old).bind(&new);
        let done = query.bind(i64::from(exchange.new.is_sealed())).execute(tx.conn()).await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let buried = sqlx::query(BURY_OLD).bind(exchange.blob_id).bind(&old).bind(now_ms).fetch_one(tx.conn()).await?;
        let work = Work::ShredBlob { blob_id: buried.int("id")?, blob_key: old };
        jobs::insert(tx.conn(), Some(exchange.tenant_id), &work, exchange.shred_at).await?;
        let rows = sqlx::query(ASSETS).bind(exchange.blob_id).fetch_all(tx.conn()).await?;
        tx.commit().await?;
        rows.iter().map(|row| row.int("asset_id")).collect::<Result<_>>().map(Some)
    }

    /// The same for a rendition, whose old bytes are nobody's from then on. False where the row names others or is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn exchange_rendition(&self, rendition: &Rendition, new: BlobKey) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(EXCHANGE_RENDITION).bind(rendition.blob_id).bind(&rendition.plan_key);
        let query = query.bind(rendition.key.id().to_string()).bind(new.id().to_string());
        let done = query.execute(tx.conn()).await?.rows_affected() == 1;
        tx.commit().await?;
        Ok(done)
    }
}

fn read(row: &AnyRow) -> Result<ToConvert> {
    let key = row.text("blob_key")?;
    let id = BlobId::from_str(&key).map_err(|_| Error::Corrupt(format!("blob key {key:?}")))?;
    let (size, sha256) = (row.count("size")?, row.array("sha256")?);
    Ok(ToConvert { id: row.int("id")?, key: BlobKey::Original(id), size, sha256 })
}

/// Sees to it that a blob which came in otherwise than its tenant's are to be is converted: it was on its way when that was said.
pub(crate) async fn notice(
    conn: &mut AnyConnection,
    tenant_id: i64,
    is_to_be: bool,
    key: BlobKey,
    now_ms: i64,
) -> Result<()> {
    if is_to_be != key.is_sealed() {
        queue(conn, tenant_id, 0, now_ms).await?;
    }
    Ok(())
}

/// Begins a pass over all of a tenant's files, in the place of any that was to go on.
pub(crate) async fn begin(conn: &mut AnyConnection, tenant_id: i64, now_ms: i64) -> Result<()> {
    sqlx::query(DROP_JOBS).bind(tenant_id).execute(&mut *conn).await?;
    queue(conn, tenant_id, 0, now_ms).await
}

/// Queues a pass behind a blob, unless one waits already.
async fn queue(conn: &mut AnyConnection, tenant_id: i64, after: i64, run_at_ms: i64) -> Result<()> {
    let payload = serde_json::to_string(&Work::Convert { tenant_id, after }).expect("work is plain data");
    sqlx::query(ADD_JOB).bind(tenant_id).bind(payload).bind(run_at_ms).execute(conn).await?;
    Ok(())
}
