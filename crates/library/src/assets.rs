//! Assets: finding, renaming, moving, and putting in the trash.

use std::sync::Arc;

use store::assets::AssetChange;

use crate::{Actor, Asset, AssetState, Fault, Folder, Library, Noun, Right, Scan, names, slugs};

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

    /// The text of one field of every file directly inside a folder, in one read for a whole listing.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn folder_field(&self, actor: &Actor, folder: &Folder, path: &str) -> Result<Vec<(i64, String)>, Fault> {
        actor.expect(Right::Read, folder)?;
        Ok(self.inner.catalog.folder_field(folder.id, path).await?)
    }

    /// Renames a file, moves it, or both; what is `None` stays.
    ///
    /// # Errors
    /// `NotFound` when it or the new folder is gone, `Invalid` for a name that can not be one.
    pub async fn change_asset(
        &self,
        actor: &Actor,
        asset_id: i64,
        name: Option<&str>,
        folder_id: Option<i64>,
    ) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        if let Some(folder_id) = folder_id {
            self.expect_in_folder(actor, folder_id, Right::Create).await?;
        }
        let name = name.map(names::check).transpose()?;
        let same_name = name.as_ref().is_none_or(|name| *name == asset.name);
        if same_name && folder_id.is_none_or(|id| id == asset.folder.id) {
            // Nothing changes, so neither does the slug, which might not be had again.
            return Ok(asset);
        }
        let change = AssetChange {
            slug: slugs::of_file(name.as_deref().unwrap_or(&asset.name)),
            name: name.map(|name| (name.clone(), names::sort_key(&name))),
            folder_id,
        };
        let changed = self.inner.catalog.change_asset(asset.tenant_id, asset_id, &change, self.now_ms()).await;
        self.inner.cards.void(asset_id);
        changed?;
        self.expect_asset(actor, asset_id, Right::Read).await
    }

    /// Puts a file in the trash.
    ///
    /// # Errors
    /// `NotFound` when it is there already.
    pub async fn trash_asset(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Delete).await?;
        let done = self.inner.catalog.trash_asset(asset.tenant_id, asset_id, self.now_ms()).await;
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
        actor.expect(right, &asset.folder).map_err(|fault| match fault {
            Fault::NotFound(_) => Fault::NotFound(Noun::Asset),
            fault => fault,
        })?;
        Ok(asset)
    }

    /// Whether the scan lets a file's bytes out.
    pub(crate) fn expect_safe(asset: &Asset) -> Result<(), Fault> {
        match asset.scan {
            Scan::Infected => Err(Fault::Quarantined),
            Scan::Queued | Scan::Clean | Scan::Unscanned => Ok(()),
        }
    }
}
