//! Uploads in two steps: announced by somebody with a key, then sent to a URL that is its own credential.

use content::ByteStream;
use store::{
    assets::Terms,
    blobs::{Kind, StageError},
    uploads::NewUpload,
};

use super::{Ingest, Received, Upload, stage_fault};
use crate::{Actor, Asset, Fault, Invalid, Library, Noun, Right, chance, names, quotas::Sent};

/// An upload whose bytes are to come by themselves, to a URL that is its own credential.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// Where the file is to be.
    pub folder_id: i64,
    /// Its display name.
    pub name: String,
    /// Exactly so many bytes will come.
    pub bytes: u64,
    /// For how long they may be sent, in milliseconds.
    pub lasts_ms: i64,
}

impl Library {
    /// Announces an upload; gives the key that its URL is to carry.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Invalid` for a name that can not be one, `TooLarge`, `Quota`, `Unsupported`.
    pub async fn announce_upload(
        &self,
        actor: &Actor,
        realm: &str,
        announcement: &Announcement,
    ) -> Result<String, Fault> {
        let folder = self.expect_in_folder(actor, announcement.folder_id, Right::Create).await?;
        let max_bytes = self.inner.limits.max_upload_bytes;
        if announcement.bytes > max_bytes {
            return Err(Fault::TooLarge { max_bytes });
        }
        let gate = self.gate(actor, (folder.tenant_id, folder.id)).await?;
        gate.expect_name(&names::check(&announcement.name)?, None)?;
        self.expect_room_for(folder.tenant_id, announcement.bytes).await?;
        let (now_ms, token) = (self.now_ms(), actor.token().ok_or(Fault::Unauthenticated)?);
        let upload = NewUpload {
            tenant_id: folder.tenant_id,
            key: chance::secret(43),
            realm: realm.to_owned(),
            folder_id: folder.id,
            name: names::check(&announcement.name)?,
            declared_bytes: Some(announcement.bytes),
            detail: token.id.to_string(),
            created_by: self.author(actor, folder.tenant_id).await?,
            expires_at: now_ms + announcement.lasts_ms,
        };
        Ok(self.inner.catalog.add_upload(&upload, now_ms).await?.key)
    }

    /// Takes in the bytes of an announced upload, once; gives who announced it, and the file. What goes wrong on the way leaves
    /// the announcement as it was.
    ///
    /// # Errors
    /// `NotFound` for a key that nobody has or that was used, `Expired`; `Denied` when who announced it may no longer;
    /// `Invalid` when it is not as long as was announced; `Unsupported` for what the folder does not take; `Quota`.
    pub async fn receive_announced(
        &self,
        anybody: &Actor,
        realm: &str,
        key: &str,
        body: ByteStream,
    ) -> Result<(Actor, Asset), Fault> {
        // PostgreSQL takes no text with a NUL, not even to look for it.
        if key.contains('\0') {
            return Err(Fault::NotFound(Noun::Upload));
        }
        let found = self.inner.catalog.upload(key).await?.filter(|upload| upload.realm == realm);
        let upload = found.ok_or(Fault::NotFound(Noun::Upload))?;
        if upload.expires_at <= self.now_ms() {
            return Err(Fault::Expired);
        }
        let token_id = upload.detail.parse().map_err(|_| Fault::NotFound(Noun::Upload))?;
        let actor = self.act_by(realm, token_id, upload.created_by, anybody.origin().clone()).await;
        let actor = actor.map_err(|_| Fault::Denied)?;
        let folder = self.expect_in_folder(&actor, upload.folder_id, Right::Create).await?;
        let declared = upload.declared_bytes.unwrap_or(self.inner.limits.max_upload_bytes);
        // Others may have come since it was announced.
        self.expect_room_for(folder.tenant_id, declared).await?;
        let seal = self.sealing(folder.tenant_id).await?;
        let staged = self.inner.blobs.stage(Kind::Original, seal.as_ref(), body, declared).await;
        let staged = staged.map_err(|error| match error {
            StageError::TooLarge { .. } => Fault::Invalid(Invalid::Length),
            error => stage_fault(error),
        })?;
        if staged.len != declared {
            return Err(Fault::Invalid(Invalid::Length));
        }
        let asset_id = self.complete(&actor, folder.tenant_id, upload, Received { staged }).await?;
        let asset = self.inner.catalog.asset(asset_id).await?.ok_or(Fault::NotFound(Noun::Asset))?;
        Ok((actor, asset))
    }

    async fn expect_room_for(&self, tenant_id: i64, bytes: u64) -> Result<(), Fault> {
        if self.room_left(tenant_id, Sent::File).await? < bytes { Err(Fault::Quota) } else { Ok(()) }
    }

    async fn complete(
        &self,
        actor: &Actor,
        tenant_id: i64,
        upload: store::uploads::Upload,
        received: Received,
    ) -> Result<i64, Fault> {
        let gate = self.gate(actor, (tenant_id, upload.folder_id)).await?;
        let (library, created_by, stamp) = (self.clone(), upload.created_by, actor.stamp(self.now_ms()));
        // On a task of its own: a caller who goes away after the last byte does not leave bytes without rows.
        let added = tokio::spawn(async move {
            let one = Upload {
                received,
                name: upload.name,
                declared_type: None,
                fields: Vec::new(),
                title: None,
                terms: Terms::default(),
            };
            let mut assets = Vec::with_capacity(1);
            let (place, through) = ((tenant_id, upload.folder_id, created_by), (&gate, Ingest::default()));
            library.publish_all(place, vec![one], through, &mut assets).await?;
            let Some(asset) = assets.pop() else { return Err(Fault::Invalid(Invalid::Empty)) };
            let outcome = library.inner.catalog.complete_upload(upload.id, &asset, &stamp).await;
            if !outcome.as_ref().map_or_else(|error| !error.is_certain(), |added| added.kept_blob) {
                library.discard(asset.version.blob.key).await;
            }
            library.wake();
            outcome.map(|added| added.asset_id).map_err(Fault::from)
        });
        added.await.map_err(Fault::internal)?
    }
}
