//! Folders against those above them, and files against their versions.

use sqlx::any::AnyRow;

use crate::{Catalog, Result, catalog::Columns};

/// What is wrong with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFault {
    /// Its path is not its parent's and its own id.
    Path,
    /// It does not lie in the space that its parent gives it.
    Space,
    /// Its mark in the trash is neither its own nor its parent's, or it was left behind by a purge.
    Trash,
    /// Its parent is another tenant's.
    Tenant,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetFault {
    /// It is ready and has no version of its number, or that one's bytes have no row.
    NoVersion,
    /// A version of it has bytes that are dead.
    DeadBytes,
    /// Its folder or its bytes are another tenant's.
    Tenant,
}

/// A folder with all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFolder {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Never empty.
    pub faults: Vec<FolderFault>,
}

/// A file with all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenAsset {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Never empty.
    pub faults: Vec<AssetFault>,
}

/// What was purged may carry the mark of one that came back without it.
const FOLDERS: &str = "with looked (id, tenant_id, path, space, trash, tenant) as (select f.id, f.tenant_id, \
     case when f.path <> coalesce(p.path, '/') || cast(f.id as text) || '/' then 1 else 0 end, \
     case when f.space_id is distinct from case when f.kind = 'space' then null when p.kind = 'space' then p.id \
     else p.space_id end then 1 else 0 end, \
     case when f.purged_at is not null then case when f.trashed_root is null then 1 else 0 end \
     when p.purged_at is not null then 1 \
     when f.trashed_root is distinct from case when f.deleted_at is not null then f.id else p.trashed_root end then 1 \
     else 0 end, \
     case when p.tenant_id <> f.tenant_id then 1 else 0 end \
     from folders f left join folders p on p.id = f.parent_id where f.id > $1) \
     select id, tenant_id, cast(path as bigint) as path, cast(space as bigint) as space, \
     cast(trash as bigint) as trash, cast(tenant as bigint) as tenant \
     from looked where path + space + trash + tenant > 0 order by id limit $2";
const ASSETS: &str = "with looked (id, tenant_id, no_version, dead_bytes, tenant) as (select a.id, a.tenant_id, \
     case when a.state = 'ready' and not exists (select 1 from versions v join blobs b on b.id = v.blob_id \
     where v.asset_id = a.id and v.number = a.version_number) then 1 else 0 end, \
     case when exists (select 1 from versions v join blobs b on b.id = v.blob_id where v.asset_id = a.id \
     and b.dead_at is not null) then 1 else 0 end, \
     case when f.tenant_id <> a.tenant_id or exists (select 1 from versions v join blobs b on b.id = v.blob_id \
     where v.asset_id = a.id and b.tenant_id <> a.tenant_id) then 1 else 0 end \
     from assets a join folders f on f.id = a.folder_id where a.id > $1) \
     select id, tenant_id, cast(no_version as bigint) as no_version, cast(dead_bytes as bigint) as dead_bytes, \
     cast(tenant as bigint) as tenant from looked where no_version + dead_bytes + tenant > 0 order by id limit $2";

impl Catalog {
    /// Folders that do not fit in their tree, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn broken_folders(&self, after: i64, limit: i64) -> Result<Vec<BrokenFolder>> {
        use FolderFault::{Path, Space, Tenant, Trash};
        let known = [("path", Path), ("space", Space), ("trash", Trash), ("tenant", Tenant)];
        let rows = sqlx::query(FOLDERS).bind(after).bind(limit).fetch_all(self.read()).await?;
        let read = |row: &AnyRow| {
            Ok(BrokenFolder { id: row.int("id")?, tenant_id: row.int("tenant_id")?, faults: faults(row, &known)? })
        };
        rows.iter().map(read).collect()
    }

    /// Files without the bytes that they should have, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn broken_assets(&self, after: i64, limit: i64) -> Result<Vec<BrokenAsset>> {
        use AssetFault::{DeadBytes, NoVersion, Tenant};
        let known = [("no_version", NoVersion), ("dead_bytes", DeadBytes), ("tenant", Tenant)];
        let rows = sqlx::query(ASSETS).bind(after).bind(limit).fetch_all(self.read()).await?;
        let read = |row: &AnyRow| {
            Ok(BrokenAsset { id: row.int("id")?, tenant_id: row.int("tenant_id")?, faults: faults(row, &known)? })
        };
        rows.iter().map(read).collect()
    }
}

/// Those of the known faults whose column is set.
fn faults<F: Copy>(row: &AnyRow, known: &[(&str, F)]) -> Result<Vec<F>> {
    let mut found = Vec::new();
    for (column, fault) in known {
        if row.flag(column)? {
            found.push(*fault);
        }
    }
    Ok(found)
}
