//! Tallies against a recount.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    catalog::{Columns, settle},
};

/// A tally that is not what a recount gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongTally {
    /// Whose.
    pub tenant_id: i64,
    /// Of which folder; none: of the tenant, whose bytes are not kept.
    pub folder_id: Option<i64>,
    /// Of which 1024 ids.
    pub bucket: i64,
    /// How many living files, how many bytes, and how many files without any, as kept.
    pub kept: (i64, i64, i64),
    /// The same, as counted.
    pub counted: (i64, i64, i64),
}

/// Both sides in one heap, for no engine joins them in full as fast.
const FOLDERS: &str = "select tenant_id, folder_id, bucket, cast(sum(kept_live) as bigint) as kept_live, \
     cast(sum(kept_bytes) as bigint) as kept_bytes, cast(sum(kept_bare) as bigint) as kept_bare, \
     cast(sum(live) as bigint) as live, cast(sum(bytes) as bigint) as bytes, cast(sum(bare) as bigint) as bare \
     from (select tenant_id, folder_id, bucket, live as kept_live, bytes as kept_bytes, bare as kept_bare, 0 as live, \
     0 as bytes, 0 as bare from tallies \
     union all select a.tenant_id, a.folder_id, a.id / 1024, 0, 0, 0, case when a.state = 'ready' then 1 else 0 end, \
     coalesce(b.size, 0), case when a.state in ('uploading', 'removed') then 1 else 0 end from assets a \
     left join versions v on v.asset_id = a.id and v.number = a.version_number and a.state = 'ready' \
     left join blobs b on b.id = v.blob_id \
     where a.deleted_at is null) both_sides group by tenant_id, folder_id, bucket \
     having sum(kept_live) <> sum(live) or sum(kept_bytes) <> sum(bytes) or sum(kept_bare) <> sum(bare) \
     order by 1, 2, 3 limit $1";
const TENANTS: &str = "select tenant_id, cast(null as bigint) as folder_id, bucket, \
     cast(sum(kept_live) as bigint) as kept_live, cast(0 as bigint) as kept_bytes, \
     cast(sum(kept_bare) as bigint) as kept_bare, cast(sum(live) as bigint) as live, cast(0 as bigint) as bytes, \
     cast(sum(bare) as bigint) as bare from (select tenant_id, bucket, live as kept_live, bare as kept_bare, 0 as live, \
     0 as bare from tenant_tallies union all select a.tenant_id, a.id / 1024, 0, 0, \
     case when a.state = 'ready' then 1 else 0 end, case when a.state in ('uploading', 'removed') then 1 else 0 end from assets a \
     where a.deleted_at is null) both_sides group by tenant_id, bucket \
     having sum(kept_live) <> sum(live) or sum(kept_bare) <> sum(bare) order by 1, 3 limit $1";
/// Takes the row, made for that if need be: whoever changed what it counts has added that by now, and whoever is changing
/// it adds that after us. The recount is a statement of its own, so that it sees the one and not the other.
const TAKE_FOLDER: &str = "insert into tallies (tenant_id, folder_id, bucket, live, bytes) values ($1, $2, $3, 0, 0) \
     on conflict (tenant_id, folder_id, bucket) do update set live = tallies.live";
const TAKE_TENANT: &str = "insert into tenant_tallies (tenant_id, bucket, live) values ($1, $2, 0) \
     on conflict (tenant_id, bucket) do update set live = tenant_tallies.live";
const RECOUNT_FOLDER: &str = "update tallies set live = (select count(*) from assets a where a.tenant_id = $1 \
     and a.folder_id = $2 and a.id >= $3 * 1024 and a.id < ($3 + 1) * 1024 and a.deleted_at is null \
     and a.state = 'ready'), bytes = (select cast(coalesce(sum(b.size), 0) as bigint) from assets a \
     join versions v on v.asset_id = a.id and v.number = a.version_number join blobs b on b.id = v.blob_id \
     where a.tenant_id = $1 and a.folder_id = $2 and a.id >= $3 * 1024 and a.id < ($3 + 1) * 1024 \
     and a.deleted_at is null and a.state = 'ready'), bare = (select count(*) from assets a where a.tenant_id = $1 \
     and a.folder_id = $2 and a.id >= $3 * 1024 and a.id < ($3 + 1) * 1024 and a.deleted_at is null \
     and a.state in ('uploading', 'removed')) where tenant_id = $1 and folder_id = $2 and bucket = $3";
const RECOUNT_TENANT: &str = "update tenant_tallies set live = (select count(*) from assets a where a.tenant_id = $1 \
     and a.id >= $2 * 1024 and a.id < ($2 + 1) * 1024 and a.deleted_at is null and a.state = 'ready'), \
     bare = (select count(*) from assets a where a.tenant_id = $1 \
     and a.id >= $2 * 1024 and a.id < ($2 + 1) * 1024 and a.deleted_at is null and a.state in ('uploading', 'removed')) \
     where tenant_id = $1 and bucket = $2";

impl Catalog {
    /// At most so many tallies of folders that are wrong; there are others when it gives as many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wrong_tallies(&self, limit: i64) -> Result<Vec<WrongTally>> {
        sqlx::query(FOLDERS).bind(limit).fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The same of tenants.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn wrong_tenant_tallies(&self, limit: i64) -> Result<Vec<WrongTally>> {
        sqlx::query(TENANTS).bind(limit).fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Counts anew what a tally counts.
    ///
    /// # Errors
    /// `Missing` when the folder is gone, and its tallies with it.
    pub async fn recount(&self, wrong: &WrongTally) -> Result<()> {
        settle(|| self.try_recount(wrong)).await
    }

    async fn try_recount(&self, wrong: &WrongTally) -> Result<()> {
        let mut tx = self.begin().await?;
        match wrong.folder_id {
            Some(folder_id) => recount_folder(tx.conn(), wrong, folder_id).await?,
            None => {
                for statement in [TAKE_TENANT, RECOUNT_TENANT] {
                    let query = sqlx::query(statement).bind(wrong.tenant_id).bind(wrong.bucket);
                    query.execute(tx.conn()).await?;
                }
            }
        }
        tx.commit().await
    }
}

async fn recount_folder(conn: &mut AnyConnection, wrong: &WrongTally, folder_id: i64) -> Result<()> {
    for statement in [TAKE_FOLDER, RECOUNT_FOLDER] {
        let query = sqlx::query(statement).bind(wrong.tenant_id).bind(folder_id).bind(wrong.bucket);
        let done = query.execute(&mut *conn).await;
        done.map_err(|error| Error::of_row(error, Noun::Folder, Noun::Folder))?;
    }
    Ok(())
}

fn read(row: &AnyRow) -> Result<WrongTally> {
    Ok(WrongTally {
        tenant_id: row.int("tenant_id")?,
        folder_id: row.int_or_null("folder_id")?,
        bucket: row.int("bucket")?,
        kept: (row.int("kept_live")?, row.int("kept_bytes")?, row.int("kept_bare")?),
        counted: (row.int("live")?, row.int("bytes")?, row.int("bare")?),
    })
}
