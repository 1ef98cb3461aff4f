//! Removing a file's bytes for good and at once, where the trash is no place for them; and what is left to tell of it.

use store::{
    assets::{Removal, RemovalWish},
    blobs::BlobKey,
};

use crate::{Actor, Asset, AssetState, Fault, Library, Noun, Right};

impl Library {
    /// Removes a file for good: its bytes go at once, its row is seen by nobody any more. One that is on its way is given up.
    ///
    /// # Errors
    /// `NotFound` when it is not there, or has been removed; `Denied`.
    pub async fn remove_asset(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let asset = self.listed_asset(actor, asset_id).await?;
        self.expect_with(actor, Right::Delete, &asset).await?;
        match asset.state {
            AssetState::Uploading => self.abandon_chunked(actor, asset.tenant_id, asset_id).await,
            AssetState::Ready => {
                let (wish, stamp) = (self.removal_wish(true), actor.stamp(self.now_ms()));
                let done = self.inner.catalog.remove_asset(asset.tenant_id, asset_id, wish, &stamp).await;
                self.inner.cards.void(asset_id);
                self.inner.jobs.notify_one();
                Ok(done?)
            }
            AssetState::Removed | AssetState::Placeholder => Err(Fault::NotFound(Noun::Asset)),
        }
    }

    /// What is left of files whose bytes are gone.
    ///
    /// # Errors
    /// `NotFound` for another tenant's files. The caller has them from a verb that checked the rights.
    pub async fn removals(&self, actor: &Actor, assets: &[Asset]) -> Result<Vec<Removal>, Fault> {
        let own = Self::ids_of_own(actor, assets)?;
        let gone = |id: &i64| assets.iter().any(|asset| asset.id == *id && asset.state == AssetState::Removed);
        let ids: Vec<i64> = own.into_iter().filter(gone).collect();
        Ok(self.inner.catalog.removals(&ids).await?)
    }

    pub(crate) fn removal_wish(&self, hidden: bool) -> RemovalWish {
        // Other nodes may know the file from memory for so long.
        RemovalWish { hidden, shred_at: self.now_ms() + self.inner.limits.max_memory_age_ms }
    }

    /// Removes the bytes of a blob that died, past the holding area: nobody is to bring them back.
    /// A second try finds no row, and the bytes by their key.
    pub(crate) async fn shred_blob(&self, blob_id: i64, blob_key: &str) -> Result<(), Fault> {
        let mut keys = self.inner.catalog.delete_dead_blob(blob_id, self.now_ms()).await?;
        if let Ok(id) = blob_key.parse() {
            let key = BlobKey::Original(id);
            if !keys.contains(&key) && !self.inner.catalog.knows_blob(key).await? {
                keys.push(key);
            }
        }
        for key in keys {
            self.inner.blobs.delete(key).await.map_err(crate::uploads::store_fault)?;
        }
        Ok(())
    }
}
