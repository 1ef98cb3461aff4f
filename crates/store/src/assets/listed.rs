//! All that has a row, whatever its state: for dialects that show what is on its way and what is gone as well.

use super::Asset;
use crate::{Catalog, Result, catalog::Columns};

/// Two runs that two indexes serve, merged: the ready, and those without bytes.
const LISTED: &str = "select id from (select id from (select a.id from assets a cross join folders f \
     where a.tenant_id = $1 and a.id < $2 and a.deleted_at is null and a.state = 'ready' \
     and f.id = a.folder_id and f.trashed_root is null order by a.id desc limit $3) r \
     union all select id from (select a.id from assets a cross join folders f \
     where a.tenant_id = $1 and a.id < $2 and a.deleted_at is null and a.state in ('uploading', 'removed') \
     and f.id = a.folder_id and f.trashed_root is null order by a.id desc limit $3) b) both_runs \
     order by id desc limit $3";
/// Costs by what the folder holds.
const IN_FOLDER: &str = "select a.id from assets a where a.folder_id = $1 and a.deleted_at is null \
     and a.state <> 'placeholder' order by a.id desc limit $2 offset $3";

impl Catalog {
    /// Assets of a tenant in living folders, with bytes or without, the newest first, before the id `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn listed_assets(&self, tenant_id: i64, before: i64, limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(LISTED).bind(tenant_id).bind(before).bind(limit);
        let rows = query.fetch_all(self.read()).await?;
        self.in_order(tenant_id, rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?).await
    }

    /// Assets directly in a folder, with bytes or without, the newest first, after the first `skip`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn listed_assets_in(&self, tenant_id: i64, folder_id: i64, skip: i64, limit: i64) -> Result<Vec<Asset>> {
        let query = sqlx::query(IN_FOLDER).bind(folder_id).bind(limit).bind(skip);
        let rows = query.fetch_all(self.read()).await?;
        self.in_order(tenant_id, rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?).await
    }

    async fn in_order(&self, tenant_id: i64, ids: Vec<i64>) -> Result<Vec<Asset>> {
        let mut found = self.assets_by_id(tenant_id, &ids).await?;
        // Between the two reads, they may have changed.
        found.retain(|asset| asset.deleted_at.is_none());
        found.sort_unstable_by_key(|asset| std::cmp::Reverse(asset.id));
        Ok(found)
    }
}
