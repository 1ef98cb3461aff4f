//! Adding, renaming, moving and replacing assets, each in one transaction with all that must happen with it.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::{
    Added, AssetChange, AssetState, Filled, Filling, NewAsset, NewBlob, NewVersion, Picture, Taken, bytes_of,
    family_word, take,
};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    fields::{self, FieldSet},
    garbage, image_details,
    jobs::{self, NewJob},
    names::{self, Holder},
    paths::{self, Missing, Seen},
    tallies,
    tenants::take_tree,
    uploads,
};

const FOLDER_LIVES: &str = "select trashed_root from folders where tenant_id = $1 and id = $2";
const ADD_ASSET: &str = "insert into assets (tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, \
     version_number, created_by, created_at, updated_at, family, title, text_key, download_limit, expires_at, \
     ends_for_good) values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $10, $11, $12, $13, $14, $15, $16) \
     returning id";
const SET_SLUG: &str = "update assets set slug = $2 where id = $1";
const ADD_VERSION: &str = "insert into versions (asset_id, number, blob_id, media_type, width, height, orientation, \
     animated, created_by, created_at, picture) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id";
const NEXT_VERSION: &str = "update assets set version_number = version_number + 1, scan = $2, family = $3, \
     state = 'ready' where id = $1 returning version_number";
const LIMIT: &str = "update assets set download_limit = $2, expires_at = $3 where id = $1";
const RENAME: &str = "update assets set name = $2, name_key = $3 where id = $1";
const PLACE: &str = "update assets set folder_id = $2, slug = $3 where id = $1";

impl Catalog {
    /// Adds assets, all or nothing, in this order.
    ///
    /// # Errors
    /// `Missing` when a folder is not there or in the trash, `Taken` when a key exists; `Refused` over the tenant's quota.
    pub async fn add_assets(&self, assets: &[NewAsset], stamp: &Stamp) -> Result<Vec<Added>> {
        settle(|| self.try_add_assets(assets, None, stamp)).await
    }

    /// Adds the asset that an upload was announced for, and ends the upload: of two who send its bytes, one gets there.
    ///
    /// # Errors
    /// As for [`Self::add_assets`]; `Missing` when the upload is over.
    pub async fn complete_upload(&self, upload_id: i64, asset: &NewAsset, stamp: &Stamp) -> Result<Added> {
        let added = settle(|| self.try_add_assets(std::slice::from_ref(asset), Some(upload_id), stamp)).await?;
        added.first().copied().ok_or(Error::Missing(Noun::Upload))
    }

    /// What other writers may hold too (bytes, slugs, tallies) is taken in an order that is the same for all, so that
    /// two of them seldom wait for each other.
    async fn try_add_assets(&self, assets: &[NewAsset], upload_id: Option<i64>, stamp: &Stamp) -> Result<Vec<Added>> {
        let now_ms = stamp.now_ms;
        let mut tx = self.begin().await?;
        if let Some(upload_id) = upload_id {
            uploads::end(tx.conn(), upload_id, now_ms).await?;
        }
        let folders = folders_of(tx.conn(), assets, stamp).await?;
        let blobs = add_blobs(tx.conn(), assets, now_ms).await?;
        let mut added = Vec::with_capacity(assets.len());
        for ((asset, folder_id), (blob_id, kept_blob)) in assets.iter().zip(&folders).zip(blobs) {
            let asset_id = add(tx.conn(), asset, *folder_id, blob_id, now_ms).await?;
            added.push(Added { asset_id, kept_blob });
        }
        claim_slugs(tx.conn(), assets, &folders, &added).await?;
        let mut counts = tallies::Counts::default();
        for ((asset, folder_id), added) in assets.iter().zip(&folders).zip(&added) {
            let about = (Noun::Asset, added.asset_id);
            audit::note(tx.conn(), asset.tenant_id, stamp, Action::Create, about).await?;
            let bytes = size_of(&asset.version.blob)?;
            counts.add(asset.tenant_id, *folder_id, added.asset_id, bytes);
            counts.keep(asset.tenant_id, 1, bytes);
        }
        counts.store(tx.conn()).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Renames or moves an asset, or both.
    ///
    /// # Errors
    /// `Missing` when it or the new folder is not there or in the trash.
    pub async fn change_asset(&self, tenant_id: i64, id: i64, change: &AssetChange, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_change_asset(tenant_id, id, change, stamp)).await
    }

    async fn try_change_asset(&self, tenant_id: i64, id: i64, change: &AssetChange, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let new_folder = match change.folder_id {
            Some(from) => Some(folder_of(tx.conn(), tenant_id, from, &change.missing, stamp).await?),
            None => None,
        };
        let taken = take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
        let old_folder = taken.folder_id;
        Seen::expect(change.seen.as_ref(), (old_folder, &taken.slug), Noun::Asset)?;
        let folder = new_folder.unwrap_or(old_folder);
        if new_folder.is_none() {
            expect_living_folder(tx.conn(), tenant_id, folder).await?;
        }
        if !taken.ready {
            sqlx::query(PLACE).bind(id).bind(folder).bind("").execute(tx.conn()).await?;
        // Where neither changes, neither does the slug, which might not be had again.
        } else if change.name.is_some() || change.folder_id.is_some() {
            let (old, new) = ((old_folder, taken.slug.as_str()), (folder, &change.slug));
            let slug = names::exchange(tx.conn(), old, new, Holder::Asset(id)).await?;
            sqlx::query(PLACE).bind(id).bind(folder).bind(&slug).execute(tx.conn()).await?;
        }
        if let Some((name, name_key)) = &change.name {
            sqlx::query(RENAME).bind(id).bind(name).bind(name_key).execute(tx.conn()).await?;
        }
        fields::insert(tx.conn(), id, &change.fields).await?;
        if folder != old_folder && taken.ready {
            let bytes = bytes_of(tx.conn(), id).await?;
            let mut counts = tallies::Counts::default();
            counts.remove(tenant_id, old_folder, id, bytes);
            counts.add(tenant_id, folder, id, bytes);
            counts.store(tx.conn()).await?;
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, id)).await?;
        tx.commit().await
    }

    /// Gives an asset new bytes: a version more. Links keep the version that they were made for. Tells whether the new
    /// bytes are needed: not when the tenant had equal ones.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash; `Refused` over the tenant's quota.
    pub async fn add_version(&self, tenant_id: i64, id: i64, version: &NewVersion, stamp: &Stamp) -> Result<bool> {
        settle(|| self.try_add_version((tenant_id, id), version, (None, None), stamp))
            .await
            .map(|filled| filled.kept_blob)
    }

    /// The same, and what was said of the old bytes gives way to something else.
    ///
    /// # Errors
    /// As for [`Self::add_version`].
    pub async fn replace_asset(
        &self,
        tenant_id: i64,
        id: i64,
        (version, said): (&NewVersion, &FieldSet),
        stamp: &Stamp,
    ) -> Result<bool> {
        settle(|| self.try_add_version((tenant_id, id), version, (Some(said), None), stamp))
            .await
            .map(|filled| filled.kept_blob)
    }

    /// The same for an asset that may be a placeholder: by its first bytes it becomes a file of this name and slug.
    ///
    /// # Errors
    /// As for [`Self::add_version`].
    pub async fn fill_asset(&self, tenant_id: i64, id: i64, filling: &Filling, stamp: &Stamp) -> Result<Filled> {
        settle(|| self.try_add_version((tenant_id, id), &filling.version, (None, Some(filling)), stamp)).await
    }

    async fn try_add_version(
        &self,
        (tenant_id, id): (i64, i64),
        version: &NewVersion,
        (said, filling): (Option<&FieldSet>, Option<&Filling>),
        stamp: &Stamp,
    ) -> Result<Filled> {
        let mut tx = self.begin().await?;
        let Taken { folder_id, ready, .. } = take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
        let first = match (ready, filling) {
            (true, _) => None,
            (false, Some(filling)) => Some(filling),
            (false, None) => return Err(Error::Missing(Noun::Asset)),
        };
        let old_bytes = bytes_of(tx.conn(), id).await?;
        let (blob_id, kept_blob) = garbage::add(tx.conn(), tenant_id, &version.blob, stamp.now_ms).await?;
        let row = sqlx::query(NEXT_VERSION)
            .bind(id)
            .bind(version.scan.as_str())
            .bind(family_word(version.media_type.family()));
        let row = row.fetch_one(tx.conn()).await?;
        let number = row.int("version_number")?;
        let version_id = add_version(tx.conn(), id, number, blob_id, version, stamp.now_ms).await?;
        for job in &version.jobs {
            jobs::insert(tx.conn(), Some(tenant_id), &job.about(id), stamp.now_ms).await?;
        }
        if let Some(said) = said {
            fields::put(tx.conn(), id, said).await?;
        }
        let mut counts = tallies::Counts::default();
        let bytes = size_of(&version.blob)?;
        // The version that was current is kept, too.
        counts.keep(tenant_id, i64::from(first.is_some()), bytes);
        match first {
            None => counts.resize(tenant_id, folder_id, id, bytes - old_bytes),
            Some(Filling { name, name_key, slug, .. }) => {
                let slug = names::claim(tx.conn(), folder_id, slug, Holder::Asset(id)).await?;
                set_slug(tx.conn(), id, &slug).await?;
                sqlx::query(RENAME).bind(id).bind(name).bind(name_key).execute(tx.conn()).await?;
                counts.add(tenant_id, folder_id, id, bytes);
            }
        }
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, id)).await?;
        tx.commit().await?;
        Ok(Filled { version_id, kept_blob })
    }

    /// Sets how often an asset may be downloaded and when it ends; none: without limit, never.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash.
    pub async fn limit_asset(
        &self,
        tenant_id: i64,
        id: i64,
        download_limit: Option<i64>,
        expires_at: Option<i64>,
        stamp: &Stamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
        sqlx::query(LIMIT).bind(id).bind(download_limit).bind(expires_at).execute(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, id)).await?;
        tx.commit().await
    }
}

/// Adds the rows that are the new asset's alone. Its slug is yet to be claimed.
async fn add(conn: &mut AnyConnection, asset: &NewAsset, folder_id: i64, blob_id: i64, now_ms: i64) -> Result<i64> {
    let query = sqlx::query(ADD_ASSET).bind(asset.tenant_id).bind(folder_id).bind(&asset.key);
    let query = query.bind(asset.slug.plain()).bind(&asset.name).bind(&asset.name_key);
    let query = query
        .bind(AssetState::Ready.as_str())
        .bind(asset.version.scan.as_str())
        .bind(asset.version.created_by)
        .bind(now_ms)
        .bind(family_word(asset.version.media_type.family()))
        .bind(&asset.title)
        .bind(&asset.text_key)
        .bind(asset.terms.download_limit)
        .bind(asset.terms.expires_at)
        .bind(i64::from(asset.terms.ends_for_good));
    let row = query.fetch_one(&mut *conn).await;
    // The folder was there a moment ago, and users stay.
    let asset_id = row.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Folder))?.int("id")?;
    add_version(conn, asset_id, 1, blob_id, &asset.version, now_ms).await?;
    fields::insert(conn, asset_id, &asset.fields).await?;
    for job in &asset.version.jobs {
        jobs::insert(conn, Some(asset.tenant_id), &job.about(asset_id), now_ms).await?;
    }
    Ok(asset_id)
}

pub(crate) async fn add_version(
    conn: &mut AnyConnection,
    asset_id: i64,
    number: i64,
    blob_id: i64,
    version: &NewVersion,
    now_ms: i64,
) -> Result<i64> {
    let (width, height) = version.pixels.unzip();
    let query = sqlx::query(ADD_VERSION).bind(asset_id).bind(number).bind(blob_id).bind(version.media_type.as_str());
    let query = query.bind(width.map(i64::from)).bind(height.map(i64::from)).bind(i64::from(version.orientation));
    let query = query.bind(i64::from(version.animated)).bind(version.created_by).bind(now_ms);
    let picture = if version.jobs.contains(&NewJob::Preview) { Picture::Waiting } else { Picture::None };
    let query = query.bind(picture.as_str());
    let id = query.fetch_one(&mut *conn).await?.int("id")?;
    if let Some(details) = &version.details {
        image_details::set(conn, blob_id, details, now_ms).await?;
    }
    Ok(id)
}

/// Claims the slugs of new assets; of those that wish for the same one, the first gets it.
async fn claim_slugs(conn: &mut AnyConnection, assets: &[NewAsset], folders: &[i64], added: &[Added]) -> Result<()> {
    let wish = |place: &usize| (folders[*place], assets[*place].slug.plain());
    let mut places: Vec<usize> = (0..assets.len()).collect();
    places.sort_by_cached_key(wish);
    for place in places {
        let (asset, asset_id) = (&assets[place], added[place].asset_id);
        let slug = names::claim(conn, folders[place], &asset.slug, Holder::Asset(asset_id)).await?;
        if slug != asset.slug.plain() {
            set_slug(conn, asset_id, &slug).await?;
        }
    }
    Ok(())
}

pub(crate) async fn set_slug(conn: &mut AnyConnection, id: i64, slug: &str) -> Result<()> {
    sqlx::query(SET_SLUG).bind(id).bind(slug).execute(conn).await?;
    Ok(())
}

/// Records the bytes of each asset: the row's id, and whether the new bytes are needed.
async fn add_blobs(conn: &mut AnyConnection, assets: &[NewAsset], now_ms: i64) -> Result<Vec<(i64, bool)>> {
    let mut places: Vec<usize> = (0..assets.len()).collect();
    places.sort_by_key(|place| assets[*place].version.blob.digest.sha256);
    let mut blobs = vec![(0, false); assets.len()];
    for place in places {
        blobs[place] = garbage::add(conn, assets[place].tenant_id, &assets[place].version.blob, now_ms).await?;
    }
    Ok(blobs)
}

/// The folder of each new asset. Those that are there already are looked at once.
async fn folders_of(conn: &mut AnyConnection, assets: &[NewAsset], stamp: &Stamp) -> Result<Vec<i64>> {
    let mut known = BTreeSet::new();
    let mut folders = Vec::with_capacity(assets.len());
    for asset in assets {
        let (tenant_id, from) = (asset.tenant_id, asset.folder_id);
        if asset.missing.folders.is_empty() && known.contains(&(tenant_id, from)) {
            folders.push(from);
            continue;
        }
        folders.push(folder_of(conn, tenant_id, from, &asset.missing, stamp).await?);
        known.insert((tenant_id, from));
    }
    Ok(folders)
}

/// A living folder, or the one that lies behind it and those that are missing.
pub(super) async fn folder_of(
    conn: &mut AnyConnection,
    tenant_id: i64,
    from: i64,
    missing: &Missing,
    stamp: &Stamp,
) -> Result<i64> {
    if missing.folders.is_empty() {
        expect_living_folder(conn, tenant_id, from).await?;
        return Ok(from);
    }
    take_tree(conn, tenant_id).await?;
    paths::reach(conn, tenant_id, from, missing, stamp).await
}

pub(crate) async fn expect_living_folder(conn: &mut AnyConnection, tenant_id: i64, folder_id: i64) -> Result<()> {
    let row = sqlx::query(FOLDER_LIVES).bind(tenant_id).bind(folder_id).fetch_optional(conn).await?;
    match row.ok_or(Error::Missing(Noun::Folder))?.int_or_null("trashed_root")? {
        None => Ok(()),
        Some(_) => Err(Error::Missing(Noun::Folder)),
    }
}

pub(crate) fn size_of(blob: &NewBlob) -> Result<i64> {
    i64::try_from(blob.size).map_err(|_| Error::Refused(Refusal::TooManyBytes))
}
