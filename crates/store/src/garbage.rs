//! Bytes that nothing points at any more. A blob dies in the transaction that takes its last version away; its row goes
//! in another one, which looks again; its bytes go after that, by way of a holding area. A dead blob is never revived.

use std::str::FromStr;

use sqlx::AnyConnection;

use crate::{
    Catalog, Error, Noun, Refusal, Result,
    assets::NewBlob,
    blobs::{BlobId, BlobKey},
    catalog::{Columns, settle},
    encryption, renditions,
};

/// A blob that is dead, or that nothing points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadBlob {
    /// The row's id.
    pub id: i64,
    /// How many bytes it has.
    pub size: u64,
    /// When it died, in milliseconds since 1970.
    pub dead_at: i64,
    /// Whether its bytes are a secret that is over: they never lie in the holding area.
    pub shred: bool,
}

const ADD: &str = "insert into blobs (tenant_id, blob_key, size, sha256, md5, crc32, created_at) \
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, sha256) where dead_at is null do nothing \
     returning id, (select sealed from tenants where id = $1) as sealed";
/// Takes the row too: whoever is about to let the blob die waits until the version that is about to use it is there.
const TAKE_LIVE: &str =
    "update blobs set size = size where tenant_id = $1 and sha256 = $2 and dead_at is null returning id";
const TAKE: &str = "update blobs set size = size where id = $1";
/// What is not sealed and its tenant's are is not to lie about as that any longer than it must.
const DIE: &str = "update blobs set dead_at = $2, shred = case when length(blob_key) = 32 \
     and (select t.sealed from tenants t where t.id = blobs.tenant_id) = 1 then 1 else shred end where id = $1 and dead_at is null \
     and not exists (select 1 from versions v where v.blob_id = $1)";
const DEAD: &str = "select id, size, dead_at, shred from blobs \
     where dead_at is not null and dead_at <= $1 and (dead_at, id) > ($2, $3) order by dead_at, id limit $4";
const DELETE: &str = "delete from blobs where id = $1 and dead_at is not null and dead_at <= $2 \
     and not exists (select 1 from versions v where v.blob_id = $1) returning blob_key";
const KNOWN_ORIGINAL: &str = "select 1 as one from blobs where blob_key = $1";
const KNOWN_PART: &str = "select 1 as one from upload_parts where blob_key = $1 limit 1";
const KNOWN_GROWING: &str = "select 1 as one from uploads where grown_key = $1 limit 1";
const KNOWN_RENDITION: &str = "select 1 as one from renditions where blob_key = $1";

/// A blob may die between our finding that there is a live one and our taking it; it does not die twice.
const MAX_TRIES: u32 = 16;

impl Catalog {
    /// Blobs that died at `until_ms` or before, behind `(dead_at, id)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn dead_blobs(&self, until_ms: i64, after: (i64, i64), limit: i64) -> Result<Vec<DeadBlob>> {
        let query = sqlx::query(DEAD).bind(until_ms).bind(after.0).bind(after.1).bind(limit);
        let rows = query.fetch_all(self.read()).await?;
        let read = |row: &sqlx::any::AnyRow| -> Result<DeadBlob> {
            Ok(DeadBlob {
                id: row.int("id")?,
                size: row.count("size")?,
                dead_at: row.int("dead_at")?,
                shred: row.flag("shred")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Deletes the row of a blob that died at `until_ms` or before, and those of its renditions, if nothing points at it.
    /// Returns the keys of the bytes, which nobody finds any more; none when it is wanted or gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_dead_blob(&self, id: i64, until_ms: i64) -> Result<Vec<BlobKey>> {
        settle(|| self.try_delete_dead_blob(id, until_ms)).await
    }

    async fn try_delete_dead_blob(&self, id: i64, until_ms: i64) -> Result<Vec<BlobKey>> {
        let mut tx = self.begin().await?;
        sqlx::query(TAKE).bind(id).execute(tx.conn()).await?;
        // One that is recorded between the two statements has the second refused, and this begins anew.
        let renditions = renditions::remove_of_blob(tx.conn(), id).await?;
        let Some(row) = sqlx::query(DELETE).bind(id).bind(until_ms).fetch_optional(tx.conn()).await? else {
            return Ok(Vec::new());
        };
        let mut keys = vec![BlobKey::Original(blob_id(&row.text("blob_key")?)?)];
        keys.extend(renditions.into_iter().map(|(key, _)| key));
        tx.commit().await?;
        Ok(keys)
    }

    /// Whether any row says that these bytes are somebody's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn knows_blob(&self, key: BlobKey) -> Result<bool> {
        // In the order in which bytes go from the one to the other: what does so meanwhile is seen in one of them.
        let statements: &[&'static str] = match key {
            BlobKey::Original(_) => &[KNOWN_GROWING, KNOWN_PART, KNOWN_ORIGINAL],
            BlobKey::Rendition(_) => &[KNOWN_RENDITION],
        };
        for statement in statements {
            let row = sqlx::query(*statement).bind(key.id().to_string()).fetch_optional(self.read()).await?;
            if row.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Records bytes, or finds that the tenant has equal ones; tells whether the new ones are needed.
pub(crate) async fn add(conn: &mut AnyConnection, tenant_id: i64, blob: &NewBlob, now_ms: i64) -> Result<(i64, bool)> {
    let size = i64::try_from(blob.size).map_err(|_| Error::Refused(Refusal::TooManyBytes))?;
    for _ in 0..MAX_TRIES {
        let query = sqlx::query(ADD).bind(tenant_id).bind(blob.key.id().to_string()).bind(size);
        let query = query.bind(blob.digest.sha256.to_vec()).bind(blob.digest.md5.to_vec());
        let query = query.bind(i64::from(blob.digest.crc32)).bind(now_ms);
        let row = query.fetch_optional(&mut *conn).await;
        if let Some(row) = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Tenant))? {
            let id = row.int("id")?;
            encryption::notice(conn, tenant_id, row.flag("sealed")?, blob.key, now_ms).await?;
            return Ok((id, true));
        }
        let query = sqlx::query(TAKE_LIVE).bind(tenant_id).bind(blob.digest.sha256.to_vec());
        if let Some(row) = query.fetch_optional(&mut *conn).await? {
            return Ok((row.int("id")?, false));
        }
    }
    Err(Error::Missing(Noun::Asset))
}

/// Lets blobs die that have no version any more. Two statements each: the second sees what was committed before the
/// first took the row.
pub(crate) async fn bury(conn: &mut AnyConnection, mut blob_ids: Vec<i64>, now_ms: i64) -> Result<()> {
    blob_ids.sort_unstable();
    blob_ids.dedup();
    for id in blob_ids {
        sqlx::query(TAKE).bind(id).execute(&mut *conn).await?;
        sqlx::query(DIE).bind(id).bind(now_ms).execute(&mut *conn).await?;
    }
    Ok(())
}

fn blob_id(text: &str) -> Result<BlobId> {
    BlobId::from_str(text).map_err(|_| Error::Corrupt(format!("blob key {text:?}")))
}
