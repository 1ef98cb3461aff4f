//! Assets: finding, renaming, moving, and putting in the trash.

use std::{collections::HashMap, sync::Arc};

use store::{assets::AssetChange, paths::Missing};

use crate::{Actor, Asset, AssetState, Fault, Folder, Invalid, Library, Noun, Right, Scan, names, slugs};

/// What lies directly inside a folder.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The folder.
    pub folder: Folder,
    /// The plain folders in it, by name.
    pub folders: Vec<Folder>,
    /// The files in it, by name.
    pub assets: Vec<Asset>,
}

impl Library {
    /// One living, ready file, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        self.expect_asset(actor, asset_id, Right::Read).await
    }

    /// One living, ready file that the actor may change, whether or not it may see it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_to_change(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        self.expect_asset(actor, asset_id, Right::Update).await
    }

    /// One ready file, living or in the trash, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_or_trashed(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        let asset = self.expect_any_asset(actor, asset_id, Right::Read).await?;
        let is_over = asset.lives() && self.is_over(&asset);
        match actor.is_anonymous() {
            true if is_over || !asset.lives() => Err(Fault::Unauthenticated),
            false if is_over => Err(Fault::NotFound(Noun::Asset)),
            _ => Ok(asset),
        }
    }

    /// Several files at once, as [`Self::asset`] gives them, in the order asked for and without those that are missing or
    /// not for the actor.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn assets_by_id(&self, actor: &Actor, ids: &[i64]) -> Result<Vec<Asset>, Fault> {
        let found = self.inner.catalog.assets_by_id(actor.tenant_id()?, ids).await?;
        let mut found: HashMap<i64, Asset> = found.into_iter().map(|asset| (asset.id, asset)).collect();
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(asset) = found.remove(id) else { continue };
            let there = asset.lives() && asset.state == AssetState::Ready && !self.is_over(&asset);
            if there && self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                seen.push(asset);
            }
        }
        Ok(seen)
    }

    /// The text of one field of several files, in one read: file id and text.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key. The caller has the files from a verb that checked the rights.
    pub async fn field_of_assets(
        &self,
        actor: &Actor,
        assets: &[Asset],
        path: &str,
    ) -> Result<Vec<(i64, String)>, Fault> {
        let ids: Vec<i64> = assets.iter().map(|asset| asset.id).collect();
        for asset in assets {
            if actor.token().is_some_and(|token| token.tenant_id != asset.tenant_id) {
                return Err(Fault::NotFound(Noun::Asset));
            }
        }
        Ok(self.inner.catalog.field_of_assets(&ids, path).await?)
    }

    /// The text of one field of every file directly inside a folder, in one read for a whole listing.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn folder_field(&self, actor: &Actor, folder: &Folder, path: &str) -> Result<Vec<(i64, String)>, Fault> {
        self.expect(actor, Right::Read, folder).await?;
        Ok(self.inner.catalog.folder_field(folder.id, path).await?)
    }

    /// Renames a file, moves it, or both; what is `None` stays.
    ///
    /// # Errors
    /// `NotFound` when it or the new folder is gone, `Invalid` for a name that can not be one, `Unsupported` for what the folder does not
    /// take.
    pub async fn change_asset(
        &self,
        actor: &Actor,
        asset_id: i64,
        name: Option<&str>,
        folder_id: Option<i64>,
    ) -> Result<Arc<Asset>, Fault> {
        self.change_asset_and_fields(actor, asset_id, name, folder_id, &[]).await
    }

    /// The same, and text fields set in the same change: path and text.
    ///
    /// # Errors
    /// As for [`Self::change_asset`].
    pub async fn change_asset_and_fields(
        &self,
        actor: &Actor,
        asset_id: i64,
        name: Option<&str>,
        folder_id: Option<i64>,
        fields: &[(&str, &str)],
    ) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        if fields.iter().any(|(path, text)| path.contains('\0') || text.contains('\0')) {
            return Err(Fault::Invalid(Invalid::Other("text can not hold a NUL")));
        }
        if let Some(folder_id) = folder_id {
            self.expect_in_folder(actor, folder_id, Right::Create).await?;
        }
        let name = name.map(names::check).transpose()?;
        let name = name.filter(|name| *name != asset.name);
        let folder_id = folder_id.filter(|id| *id != asset.folder.id);
        if name.is_none() && folder_id.is_none() && fields.is_empty() {
            return Ok(asset);
        }
        if folder_id.is_some() {
            // Where it was it is no longer, and other rules hold where it comes to.
            self.expect_with(actor, Right::Delete, &asset).await?;
        }
        let (folder_then, name_then) = (folder_id.unwrap_or(asset.folder.id), name.as_deref().unwrap_or(&asset.name));
        self.expect_taken(actor, &asset, folder_then, name_then).await?;
        let change = AssetChange {
            seen: None,
            missing: Missing::default(),
            slug: slugs::of_file(name.as_deref().unwrap_or(&asset.name)),
            name: name.map(|name| (name.clone(), names::sort_key(&name))),
            folder_id,
            fields: fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        };
        let stamp = actor.stamp(self.now_ms());
        let changed = self.inner.catalog.change_asset(asset.tenant_id, asset_id, &change, &stamp).await;
        self.inner.cards.void(asset_id);
        changed?;
        // As it is now, also for those who may not look at it, or no longer.
        self.card(asset_id).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// Puts a file in the trash.
    ///
    /// # Errors
    /// `NotFound` when it is there already.
    pub async fn trash_asset(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Delete).await?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.trash_asset(asset.tenant_id, asset_id, &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Takes a file out of the trash.
    ///
    /// # Errors
    /// `NotFound` when it is not there, `Invalid` while its folder is, `Expired`, `Quarantined`.
    pub async fn restore_asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_any_asset(actor, asset_id, Right::Delete).await?;
        let (slug, stamp) = (slugs::of_file(&asset.name), actor.stamp(self.now_ms()));
        let done = self.inner.catalog.restore_asset(asset.tenant_id, asset_id, &slug, &stamp).await;
        self.inner.cards.void(asset_id);
        done?;
        self.expect_asset(actor, asset_id, Right::Delete).await
    }

    /// Ends a file in the trash for good; it may have got there with its folder.
    ///
    /// # Errors
    /// `NotFound` when it is not in the trash.
    pub async fn purge_asset(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let asset = self.expect_any_asset(actor, asset_id, Right::Delete).await?;
        let done = self.inner.catalog.purge_asset(asset.tenant_id, asset_id, &actor.stamp(self.now_ms())).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Sets how often a file may be downloaded and the first moment at which it is over, in milliseconds since 1970;
    /// none: as often as one likes, never.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for a negative limit.
    pub async fn limit_asset(
        &self,
        actor: &Actor,
        asset_id: i64,
        download_limit: Option<i64>,
        expires_at: Option<i64>,
    ) -> Result<(), Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        if download_limit.is_some_and(i64::is_negative) {
            return Err(Fault::Invalid(Invalid::Other("a limit is not negative")));
        }
        let (tenant_id, stamp) = (asset.tenant_id, actor.stamp(self.now_ms()));
        let done = self.inner.catalog.limit_asset(tenant_id, asset_id, download_limit, expires_at, &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Notes what a scan found; what is infected goes in the trash at once and can not be read by anybody.
    ///
    /// # Errors
    /// `Denied` for all but the server itself.
    pub async fn set_scan(&self, actor: &Actor, tenant_id: i64, asset_id: i64, scan: Scan) -> Result<(), Fault> {
        actor.expect_system()?;
        let done = self.inner.catalog.set_scan(tenant_id, asset_id, scan, &actor.stamp(self.now_ms())).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// The living, ready file, if the actor may do this with it. What is over, trashed or another's does not exist.
    pub(crate) async fn expect_asset(&self, actor: &Actor, asset_id: i64, right: Right) -> Result<Arc<Asset>, Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
        let asset = self.card(asset_id).await?.ok_or_else(missing)?;
        // Missing before denied: what is in the trash is gone for those who might not see it anyway, too.
        if !asset.lives() || asset.state != AssetState::Ready || self.is_over(&asset) {
            return Err(missing());
        }
        self.expect_with(actor, right, &asset).await.map_err(as_of_asset)?;
        Ok(asset)
    }

    /// The ready file in whatever state it is, the trash included, if the actor may do this with it.
    pub(crate) async fn expect_any_asset(&self, actor: &Actor, asset_id: i64, right: Right) -> Result<Asset, Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
        let asset = self.inner.catalog.asset(asset_id).await?.filter(|asset| asset.state == AssetState::Ready);
        let asset = asset.ok_or_else(missing)?;
        self.expect_with(actor, right, &asset).await.map_err(as_of_asset)?;
        Ok(asset)
    }
}

/// Another tenant's folder is not there, and so neither is the file in it.
pub(crate) fn as_of_asset(fault: Fault) -> Fault {
    match fault {
        Fault::NotFound(_) => Fault::NotFound(Noun::Asset),
        fault => fault,
    }
}
