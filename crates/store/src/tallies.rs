//! Tallies: how many living assets each folder has, by runs of 1024 ids, for exact counts and page starts without a scan.

use sqlx::AnyConnection;

use crate::{Catalog, Result, catalog::Columns};

const ADD: &str = "insert into tallies (tenant_id, folder_id, bucket, live) values ($1, $2, $3, $4) \
     on conflict (tenant_id, folder_id, bucket) do update set live = tallies.live + $4";
const FOLDER: &str =
    "select cast(coalesce(sum(live), 0) as bigint) as live from tallies where tenant_id = $1 and folder_id = $2";
const TENANT: &str = "select cast(coalesce(sum(t.live), 0) as bigint) as live from tallies t \
     join folders f on f.id = t.folder_id where t.tenant_id = $1 and f.trashed_root is null";

/// Counts an asset in (`1`) or out (`-1`), in the transaction that makes it so. Last before the commit: it is the row
/// that writers to one folder share.
pub(crate) async fn count(
    conn: &mut AnyConnection,
    tenant_id: i64,
    folder_id: i64,
    asset_id: i64,
    by: i64,
) -> Result<()> {
    let query = sqlx::query(ADD).bind(tenant_id).bind(folder_id).bind(asset_id >> 10).bind(by);
    query.execute(conn).await?;
    Ok(())
}

impl Catalog {
    /// How many living assets a folder has, not counting those of folders inside it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_folder_assets(&self, tenant_id: i64, folder_id: i64) -> Result<u64> {
        sqlx::query(FOLDER).bind(tenant_id).bind(folder_id).fetch_one(self.read()).await?.count("live")
    }

    /// How many assets of a tenant live in living folders.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_tenant_assets(&self, tenant_id: i64) -> Result<u64> {
        sqlx::query(TENANT).bind(tenant_id).fetch_one(self.read()).await?.count("live")
    }
}
