//! Tallies: how many living assets each folder has, by runs of 1024 ids, for exact counts and page starts without a scan.

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use crate::{Catalog, Result, catalog::Columns};

const ADD: &str = "insert into tallies (tenant_id, folder_id, bucket, live) values ($1, $2, $3, $4) \
     on conflict (tenant_id, folder_id, bucket) do update set live = tallies.live + $4";
const FOLDER: &str =
    "select cast(coalesce(sum(live), 0) as bigint) as live from tallies where tenant_id = $1 and folder_id = $2";
const TENANT: &str = "select cast(coalesce(sum(t.live), 0) as bigint) as live from tallies t \
     join folders f on f.id = t.folder_id where t.tenant_id = $1 and f.trashed_root is null";

/// What one transaction changes, gathered so that each row is touched once and all writers touch them in one order.
#[derive(Default)]
pub(crate) struct Counts(BTreeMap<(i64, i64, i64), i64>);

impl Counts {
    /// Notes an asset that comes to live in a folder (`1`) or does no longer (`-1`).
    pub(crate) fn note(&mut self, tenant_id: i64, folder_id: i64, asset_id: i64, by: i64) {
        *self.0.entry((tenant_id, folder_id, asset_id >> 10)).or_default() += by;
    }

    /// Counts what was noted, in the transaction that makes it so. Last before the commit: these are the rows that
    /// writers to one folder share.
    pub(crate) async fn store(self, conn: &mut AnyConnection) -> Result<()> {
        for ((tenant_id, folder_id, bucket), by) in self.0 {
            let query = sqlx::query(ADD).bind(tenant_id).bind(folder_id).bind(bucket).bind(by);
            query.execute(&mut *conn).await?;
        }
        Ok(())
    }
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
