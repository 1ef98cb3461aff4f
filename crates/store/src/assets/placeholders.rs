//! Placeholders: entries that wait for their first bytes. They hold no slug and are in no count, so that only those who ask for
//! them meet them.

use super::{Asset, AssetState, NewVersion};
use crate::{
    Catalog, Error, Noun, Result,
    assets::change::expect_living_folder,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    names::Slug,
};

/// A placeholder to add.
#[derive(Debug, Clone)]
pub struct NewPlaceholder {
    /// Whose.
    pub tenant_id: i64,
    /// Where.
    pub folder_id: i64,
    /// See [`Asset::key`].
    pub key: String,
    /// Its name until it has bytes.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// Who makes it.
    pub created_by: i64,
}

/// Bytes for an asset that may have none yet, and what it becomes by its first.
#[derive(Debug, Clone)]
pub struct Filling {
    /// The bytes.
    pub version: NewVersion,
    /// Its display name, if these are its first.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// The slug wished for.
    pub slug: Slug,
}

/// What became of new bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// The version that they are.
    pub version_id: i64,
    /// False when the tenant had equal bytes already: the new ones are not needed.
    pub kept_blob: bool,
}

const ADD: &str = "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, version_number, \
     created_by, created_at, updated_at) values ($1, $2, $3, '', $4, $5, 'placeholder', 'unscanned', 0, $6, $7, $7) \
     returning id";
const BY_KEY: &str = "select id from assets where asset_key = $1 and tenant_id = $2";
/// Two runs that two indexes serve, merged.
const ENTRIES: &str = "select id from (select id from (select a.id from assets a where a.folder_id = $1 \
     and a.deleted_at is null and a.state = 'ready' and a.id > $2 order by a.id limit $3) r \
     union all select id from (select a.id from assets a where a.folder_id = $1 and a.deleted_at is null \
     and a.state = 'placeholder' and a.id > $2 order by a.id limit $3) p) both_runs order by id limit $3";

impl Catalog {
    /// Adds a placeholder; gives its id.
    ///
    /// # Errors
    /// `Missing` when the folder is not there or in the trash, `Taken` when the key exists.
    pub async fn add_placeholder(&self, new: &NewPlaceholder, stamp: &Stamp) -> Result<i64> {
        settle(|| async {
            let mut tx = self.begin().await?;
            expect_living_folder(tx.conn(), new.tenant_id, new.folder_id).await?;
            let query = sqlx::query(ADD).bind(new.tenant_id).bind(new.folder_id).bind(&new.key).bind(&new.name);
            let query = query.bind(&new.name_key).bind(new.created_by).bind(stamp.now_ms);
            let row = query.fetch_one(tx.conn()).await;
            let id = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Folder))?.int("id")?;
            audit::note(tx.conn(), new.tenant_id, stamp, Action::Create, (Noun::Asset, id)).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// The id of the tenant's asset with this key, whatever its state.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset_by_key(&self, tenant_id: i64, key: &str) -> Result<Option<i64>> {
        let row = sqlx::query(BY_KEY).bind(key).bind(tenant_id).fetch_optional(self.read()).await?;
        row.map(|row| row.int("id")).transpose()
    }

    /// The assets directly in a folder that have bytes or wait for them, oldest first, after the id `after`. Costs by what the
    /// folder holds.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_entries(&self, tenant_id: i64, folder_id: i64, after: i64, limit: i64) -> Result<Vec<Asset>> {
        let rows = sqlx::query(ENTRIES).bind(folder_id).bind(after).bind(limit).fetch_all(self.read()).await?;
        let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>>>()?;
        let mut found = self.assets_by_id(tenant_id, &ids).await?;
        found.retain(|asset| {
            asset.deleted_at.is_none() && matches!(asset.state, AssetState::Ready | AssetState::Placeholder)
        });
        found.sort_unstable_by_key(|asset| asset.id);
        Ok(found)
    }
}
