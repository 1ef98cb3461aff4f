//! Adding, renaming, moving and trashing assets, each in one transaction with all that must happen with it.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::{Added, AssetChange, AssetState, NewAsset, NewBlob};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    catalog::{Columns, settle},
    fields, jobs,
    names::{self, Holder},
    tallies,
};

const FOLDER_LIVES: &str = "select trashed_root from folders where tenant_id = $1 and id = $2";
const ADD_BLOB: &str = "insert into blobs (tenant_id, blob_key, size, sha256, md5, crc32, created_at) \
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, sha256) where dead_at is null do nothing returning id";
const LIVE_BLOB: &str = "select id from blobs where tenant_id = $1 and sha256 = $2 and dead_at is null";
const ADD_ASSET: &str = "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, \
     version_number, created_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $10) \
     returning id";
const SET_SLUG: &str = "update assets set slug = $2 where id = $1";
const ADD_VERSION: &str = "insert into versions (asset_id, number, blob_id, media_type, width, height, orientation, \
     animated, created_by, created_at) values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// Takes the asset's row, so that changes to one asset happen one after another; the folder is as it is at that moment.
const TAKE: &str = "update assets set updated_at = $3 where tenant_id = $1 and id = $2 and deleted_at is null \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.trashed_root is null) \
     returning folder_id, slug";
const RENAME: &str = "update assets set name = $2, name_key = $3 where id = $1";
const PLACE: &str = "update assets set folder_id = $2, slug = $3 where id = $1";
const TRASH: &str = "update assets set deleted_at = $2 where id = $1";

impl Catalog {
    /// Adds assets, all or nothing, in this order.
    ///
    /// # Errors
    /// `Missing` when a folder is not there or in the trash, `Taken` when a key exists.
    pub async fn add_assets(&self, assets: &[NewAsset], now_ms: i64) -> Result<Vec<Added>> {
        settle(|| self.try_add_assets(assets, now_ms)).await
    }

    /// What other writers may hold too (bytes, slugs, tallies) is taken in an order that is the same for all, so that
    /// two of them seldom wait for each other.
    async fn try_add_assets(&self, assets: &[NewAsset], now_ms: i64) -> Result<Vec<Added>> {
        let mut tx = self.begin().await?;
        let folders: BTreeSet<_> = assets.iter().map(|asset| (asset.tenant_id, asset.folder_id)).collect();
        for (tenant_id, folder_id) in folders {
            expect_living_folder(tx.conn(), tenant_id, folder_id).await?;
        }
        let blobs = add_blobs(tx.conn(), assets, now_ms).await?;
        let mut added = Vec::with_capacity(assets.len());
        for (asset, (blob_id, kept_blob)) in assets.iter().zip(blobs) {
            let asset_id = add(tx.conn(), asset, blob_id, now_ms).await?;
            added.push(Added { asset_id, kept_blob });
        }
        claim_slugs(tx.conn(), assets, &added).await?;
        let mut counts = tallies::Counts::default();
        for (asset, added) in assets.iter().zip(&added) {
            counts.note(asset.tenant_id, asset.folder_id, added.asset_id, 1);
        }
        counts.store(tx.conn()).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Renames or moves an asset, or both.
    ///
    /// # Errors
    /// `Missing` when it or the new folder is not there or in the trash.
    pub async fn change_asset(&self, tenant_id: i64, id: i64, change: &AssetChange, now_ms: i64) -> Result<()> {
        settle(|| self.try_change_asset(tenant_id, id, change, now_ms)).await
    }

    async fn try_change_asset(&self, tenant_id: i64, id: i64, change: &AssetChange, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let (old_folder, old_slug) = take(tx.conn(), tenant_id, id, now_ms).await?;
        let folder = change.folder_id.unwrap_or(old_folder);
        expect_living_folder(tx.conn(), tenant_id, folder).await?;
        names::release(tx.conn(), old_folder, &old_slug).await?;
        let slug = names::claim(tx.conn(), folder, &change.slug, Holder::Asset(id)).await?;
        if let Some((name, name_key)) = &change.name {
            sqlx::query(RENAME).bind(id).bind(name).bind(name_key).execute(tx.conn()).await?;
        }
        sqlx::query(PLACE).bind(id).bind(folder).bind(&slug).execute(tx.conn()).await?;
        if folder != old_folder {
            let mut counts = tallies::Counts::default();
            counts.note(tenant_id, old_folder, id, -1);
            counts.note(tenant_id, folder, id, 1);
            counts.store(tx.conn()).await?;
        }
        tx.commit().await
    }

    /// Puts an asset in the trash. Its slug becomes free.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash already.
    pub async fn trash_asset(&self, tenant_id: i64, id: i64, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let (folder_id, slug) = take(tx.conn(), tenant_id, id, now_ms).await?;
        names::release(tx.conn(), folder_id, &slug).await?;
        sqlx::query(TRASH).bind(id).bind(now_ms).execute(tx.conn()).await?;
        let mut counts = tallies::Counts::default();
        counts.note(tenant_id, folder_id, id, -1);
        counts.store(tx.conn()).await?;
        tx.commit().await
    }
}

/// Adds the rows that are the new asset's alone. Its slug is yet to be claimed.
async fn add(conn: &mut AnyConnection, asset: &NewAsset, blob_id: i64, now_ms: i64) -> Result<i64> {
    let query = sqlx::query(ADD_ASSET).bind(asset.tenant_id).bind(asset.folder_id).bind(&asset.key);
    let query = query.bind(asset.slug.plain()).bind(&asset.name).bind(&asset.name_key);
    let query = query.bind(AssetState::Ready.as_str()).bind(asset.scan.as_str()).bind(asset.created_by).bind(now_ms);
    let row = query.fetch_one(&mut *conn).await;
    let asset_id = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::User))?.int("id")?;
    let (width, height) = asset.pixels.unzip();
    let query = sqlx::query(ADD_VERSION).bind(asset_id).bind(blob_id).bind(asset.media_type.as_str());
    let query = query.bind(width.map(i64::from)).bind(height.map(i64::from)).bind(i64::from(asset.orientation));
    let query = query.bind(i64::from(asset.animated)).bind(asset.created_by).bind(now_ms);
    query.execute(&mut *conn).await?;
    fields::insert(conn, asset_id, &asset.fields).await?;
    for job in &asset.jobs {
        jobs::insert(conn, Some(asset.tenant_id), &job.about(asset_id), now_ms).await?;
    }
    Ok(asset_id)
}

/// Claims the slugs of new assets; of those that wish for the same one, the first gets it.
async fn claim_slugs(conn: &mut AnyConnection, assets: &[NewAsset], added: &[Added]) -> Result<()> {
    let wish = |place: &usize| (assets[*place].folder_id, assets[*place].slug.plain());
    let mut places: Vec<usize> = (0..assets.len()).collect();
    places.sort_by_cached_key(wish);
    for place in places {
        let (asset, asset_id) = (&assets[place], added[place].asset_id);
        let slug = names::claim(conn, asset.folder_id, &asset.slug, Holder::Asset(asset_id)).await?;
        if slug != asset.slug.plain() {
            sqlx::query(SET_SLUG).bind(asset_id).bind(&slug).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Records the bytes of each asset: the row's id, and whether the new bytes are needed.
async fn add_blobs(conn: &mut AnyConnection, assets: &[NewAsset], now_ms: i64) -> Result<Vec<(i64, bool)>> {
    let mut places: Vec<usize> = (0..assets.len()).collect();
    places.sort_by_key(|place| assets[*place].blob.digest.sha256);
    let mut blobs = vec![(0, false); assets.len()];
    for place in places {
        blobs[place] = add_blob(conn, assets[place].tenant_id, &assets[place].blob, now_ms).await?;
    }
    Ok(blobs)
}

/// Records bytes, or finds that the tenant has equal ones; tells whether the new ones are needed.
async fn add_blob(conn: &mut AnyConnection, tenant_id: i64, blob: &NewBlob, now_ms: i64) -> Result<(i64, bool)> {
    let size = i64::try_from(blob.size).map_err(|_| Error::Refused(Refusal::TooManyBytes))?;
    let query = sqlx::query(ADD_BLOB).bind(tenant_id).bind(blob.key.id().to_string()).bind(size);
    let query = query.bind(blob.digest.sha256.to_vec()).bind(blob.digest.md5.to_vec());
    let query = query.bind(i64::from(blob.digest.crc32)).bind(now_ms);
    let row = query.fetch_optional(&mut *conn).await;
    if let Some(row) = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Tenant))? {
        return Ok((row.int("id")?, true));
    }
    let query = sqlx::query(LIVE_BLOB).bind(tenant_id).bind(blob.digest.sha256.to_vec());
    let row = query.fetch_optional(conn).await?.ok_or(Error::Missing(Noun::Asset))?;
    Ok((row.int("id")?, false))
}

async fn expect_living_folder(conn: &mut AnyConnection, tenant_id: i64, folder_id: i64) -> Result<()> {
    let row = sqlx::query(FOLDER_LIVES).bind(tenant_id).bind(folder_id).fetch_optional(conn).await?;
    match row.ok_or(Error::Missing(Noun::Folder))?.int_or_null("trashed_root")? {
        None => Ok(()),
        Some(_) => Err(Error::Missing(Noun::Folder)),
    }
}

async fn take(conn: &mut AnyConnection, tenant_id: i64, id: i64, now_ms: i64) -> Result<(i64, String)> {
    let row = sqlx::query(TAKE).bind(tenant_id).bind(id).bind(now_ms).fetch_optional(conn).await?;
    let row = row.ok_or(Error::Missing(Noun::Asset))?;
    Ok((row.int("folder_id")?, row.text("slug")?))
}
