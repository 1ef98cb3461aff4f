//! Taking bytes in: first to staging, where their sums and nature are taken, then under their key, then the rows.

mod announced;
mod chunks;
mod gate;
mod nature;
mod redrawing;

use std::sync::Arc;

pub use announced::Announcement;
pub use chunks::{ChunkOutcome, ChunkProgress, ChunkWish, Which};
pub(crate) use gate::{Gate, extension_of};
pub(crate) use nature::Nature;
use nature::{Sight, is_text, nature_of, probe_of};

use content::{ByteStream, MediaType};
use media::Plan;
use store::{
    assets::{NewAsset, NewBlob, NewVersion, Terms},
    blobs::{BlobKey, Kind, StageError, Staged},
    paths::Missing,
};

use crate::{
    Actor, Asset, Fault, Invalid, Library, Noun, Right, TenantKey, chance, fetches, fields, names, quotas::Sent, slugs,
};

/// Bytes that have arrived and belong to nobody yet. Dropped, they leave nothing behind.
#[derive(Debug)]
pub struct Received {
    staged: Staged,
}

impl Received {
    /// How many bytes arrived.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.staged.len
    }

    /// What they are by themselves.
    ///
    /// # Errors
    /// When they can not be read.
    pub fn look(&self) -> impl Future<Output = Result<Look, Fault>> + Send + use<> {
        let sight = Sight::of(&self.staged);
        let (probe, sniffed, is_text) = (probe_of(&sight), media::sniff(sight.head()), is_text(sight.head()));
        async move {
            let probe = probe.await?;
            let pixels = probe.as_ref().map(|probe| (probe.width, probe.height));
            Ok(Look { media_type: probe.map(|probe| probe.media_type).or(sniffed), pixels, is_text })
        }
    }

    /// Whether none did.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file to add.
#[derive(Debug)]
pub struct Upload {
    /// Its bytes.
    pub received: Received,
    /// Its display name.
    pub name: String,
    /// What the sender says it is; the bytes are believed first.
    pub declared_type: Option<MediaType>,
    /// Free metadata to begin with: path and text.
    pub fields: Vec<(String, String)>,
    /// A title, where it has one from the start.
    pub title: Option<String>,
    /// When it ends, and how often it may be downloaded until then.
    pub terms: Terms,
}

/// What a dialect wants done to what it takes in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ingest {
    /// JPEG, PNG, WebP and AVIF images, moving or not, are scaled down until neither side is longer, in pixels; of an SVG the stated
    /// size is.
    pub max_side_px: Option<u32>,
    /// How JPEG, PNG and GIF images are drawn anew before they are kept. What can not be drawn is refused.
    pub redrawn: Option<Plan>,
}

/// What bytes are by themselves, as far as their beginning tells.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Their type, where they tell it.
    pub media_type: Option<MediaType>,
    /// Width and height in pixels as displayed, of an image.
    pub pixels: Option<(u32, u32)>,
    /// Whether they could be text: there is nothing in them but characters.
    pub is_text: bool,
}

impl Library {
    /// Takes bytes in from somebody who has not said yet who they are, at most so many.
    ///
    /// # Errors
    /// `TooLarge` as soon as they are; `Interrupted` when they stop coming.
    pub async fn receive_from_anybody(&self, max_bytes: u64, body: ByteStream) -> Result<Received, Fault> {
        let max_bytes = max_bytes.min(self.inner.limits.max_upload_bytes);
        let seal = self.sealing_of_anybody().await?;
        self.take_in(seal, body, (max_bytes, u64::MAX)).await
    }

    /// Takes a file's bytes in, if the actor may add files to the folder, or to any where the folder is not known yet.
    ///
    /// # Errors
    /// `TooLarge` as soon as they are, `Quota` as soon as they are more than the tenant may keep; `Interrupted` when they stop coming.
    pub async fn receive(&self, actor: &Actor, folder_id: Option<i64>, body: ByteStream) -> Result<Received, Fault> {
        self.receive_for(actor, folder_id, body, Sent::File).await
    }

    /// The same for what may become a version of a file that is there.
    ///
    /// # Errors
    /// As for [`Self::receive`].
    pub async fn receive_version(&self, actor: &Actor, folder_id: i64, body: ByteStream) -> Result<Received, Fault> {
        self.receive_for(actor, Some(folder_id), body, Sent::Bytes).await
    }

    async fn receive_for(
        &self,
        actor: &Actor,
        folder_id: Option<i64>,
        body: ByteStream,
        sent: Sent,
    ) -> Result<Received, Fault> {
        let tenant_id = match folder_id {
            Some(folder_id) => Some(self.expect_in_folder(actor, folder_id, Right::Create).await?.tenant_id),
            None => {
                actor.expect_somewhere(Right::Create)?;
                actor.tenant_id().ok()
            }
        };
        let (seal, room) = match tenant_id {
            Some(tenant_id) => (self.sealing(tenant_id).await?, self.room(actor, tenant_id, sent).await?),
            None => (self.sealing_of_anybody().await?, u64::MAX),
        };
        self.take_in(seal, body, (self.inner.limits.max_upload_bytes, room)).await
    }

    /// At most so many bytes, and no more than there is room for.
    async fn take_in(
        &self,
        seal: Option<TenantKey>,
        body: ByteStream,
        (max_bytes, room): (u64, u64),
    ) -> Result<Received, Fault> {
        let staged = self.inner.blobs.stage(Kind::Original, seal.as_ref(), body, max_bytes.min(room)).await;
        match staged {
            Ok(staged) => Ok(Received { staged }),
            Err(StageError::TooLarge { .. }) if room < max_bytes => Err(Fault::Quota),
            Err(error) => Err(stage_fault(error)),
        }
    }

    /// Takes in what is fetched from elsewhere.
    pub(crate) async fn receive_fetched(&self, tenant_id: i64, body: ByteStream) -> Result<Received, fetches::Attempt> {
        let max_bytes = self.inner.limits.max_upload_bytes;
        let seal = self.sealing(tenant_id).await.map_err(|fault| fetches::Attempt::later(&fault))?;
        let room = self.room_left(tenant_id, Sent::Bytes).await.map_err(|fault| fetches::Attempt::of_fault(&fault))?;
        match self.inner.blobs.stage(Kind::Original, seal.as_ref(), body, max_bytes.min(room)).await {
            Ok(staged) => Ok(Received { staged }),
            Err(StageError::TooLarge { .. }) if room < max_bytes => Err(fetches::Attempt::of_fault(&Fault::Quota)),
            Err(error) => Err(fetches::Attempt::of_stage(error)),
        }
    }

    /// Adds files to a folder, all or nothing, in this order. When it returns they survive anything.
    ///
    /// # Errors
    /// `Invalid` for a name that can not be one or for no files at all, `NotFound` when the folder is gone; `Unsupported` for files that it
    /// does not take; `Quota` for what is more than the tenant may keep.
    pub async fn add_assets(
        &self,
        actor: &Actor,
        folder_id: i64,
        uploads: Vec<Upload>,
        ingest: Ingest,
    ) -> Result<Vec<Asset>, Fault> {
        let folder = self.expect_in_folder(actor, folder_id, Right::Create).await?;
        if uploads.is_empty() {
            return Err(Fault::Invalid(Invalid::Empty));
        }
        for upload in &uploads {
            expect_texts(upload)?;
        }
        let (library, tenant_id) = (self.clone(), folder.tenant_id);
        let gate = self.gate(actor, (tenant_id, folder_id)).await?;
        let (created_by, stamp) = (self.author(actor, tenant_id).await?, actor.stamp(self.now_ms()));
        // On a task of its own: a caller who goes away after the last byte does not leave bytes without rows.
        let added = tokio::spawn(async move {
            let mut assets = Vec::with_capacity(uploads.len());
            let outcome =
                library.publish_all((tenant_id, folder_id, created_by), uploads, (&gate, ingest), &mut assets).await;
            let (outcome, certain) = match outcome {
                Ok(()) => {
                    let added = library.inner.catalog.add_assets(&assets, &stamp).await;
                    let certain = added.as_ref().map_or_else(store::Error::is_certain, |_| true);
                    (added.map_err(Fault::from), certain)
                }
                Err(fault) => (Err(fault), true),
            };
            let unneeded = assets.iter().enumerate().filter(|(at, _)| match &outcome {
                Ok(added) => !added[*at].kept_blob,
                // What may have a row after all stays; garbage collection looks again.
                Err(_) => certain,
            });
            for (_, asset) in unneeded {
                library.discard(asset.version.blob.key).await;
            }
            if assets.iter().any(|asset| !asset.version.jobs.is_empty()) {
                library.wake();
            }
            outcome
        });
        let added = added.await.map_err(Fault::internal)??;
        let mut assets = Vec::with_capacity(added.len());
        for added in added {
            let asset = self.inner.catalog.asset(added.asset_id).await?;
            assets.push(asset.ok_or(Fault::NotFound(Noun::Asset))?);
        }
        Ok(assets)
    }

    /// Gives a file new bytes: a version more. Id, links, limit and count stay.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Unsupported` for what its folder does not take; `Quota`.
    pub async fn replace_asset(&self, actor: &Actor, asset_id: i64, upload: Upload) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        let (library, tenant_id, name) = (self.clone(), asset.tenant_id, asset.name.clone());
        let gate = self.gate(actor, (tenant_id, asset.folder.id)).await?;
        let (created_by, stamp) = (self.author(actor, tenant_id).await?, actor.stamp(self.now_ms()));
        // On a task of its own, as for new files.
        let replaced = tokio::spawn(async move {
            let Upload { received, declared_type, .. } = upload;
            let version = library
                .publish(received, (&name, declared_type), (tenant_id, created_by), (&gate, Ingest::default()))
                .await?;
            let outcome = library.inner.catalog.add_version(tenant_id, asset_id, &version, &stamp).await;
            if !outcome.as_ref().map_or_else(|error| !error.is_certain(), |kept| *kept) {
                library.discard(version.blob.key).await;
            }
            library.inner.cards.void(asset_id);
            library.wake();
            outcome.map_err(Fault::from)
        });
        replaced.await.map_err(Fault::internal)??;
        self.expect_asset(actor, asset_id, Right::Update).await
    }

    async fn publish_all(
        &self,
        (tenant_id, folder_id, created_by): (i64, i64, i64),
        uploads: Vec<Upload>,
        through: (&Gate, Ingest),
        into: &mut Vec<NewAsset>,
    ) -> Result<(), Fault> {
        for upload in uploads {
            let name = names::check(&upload.name)?;
            let version =
                self.publish(upload.received, (&name, upload.declared_type), (tenant_id, created_by), through).await?;
            into.push(NewAsset {
                tenant_id,
                folder_id,
                key: chance::key_20(),
                name_key: names::sort_key(&name),
                slug: slugs::of_file(&name),
                name,
                missing: Missing::default(),
                text_key: fields::text_key(upload.title.as_ref(), None, &[]),
                title: upload.title,
                terms: upload.terms,
                version,
                fields: upload.fields,
            });
        }
        Ok(())
    }

    /// Makes bytes durable under their key, if they are let in, and tells what they are.
    pub(crate) async fn publish(
        &self,
        received: Received,
        (name, declared_type): (&str, Option<MediaType>),
        (tenant_id, created_by): (i64, i64),
        (gate, ingest): (&Gate, Ingest),
    ) -> Result<NewVersion, Fault> {
        let mut staged = received.staged;
        let sight = Sight::of(&staged);
        let probe = probe_of(&sight).await?;
        let mut nature = nature_of(&sight, probe, name, declared_type.clone());
        drop(sight);
        gate.expect(name, declared_type.as_ref(), &nature)?;
        let (mut details, seal) = (None, self.sealing(tenant_id).await?);
        let seal = seal.as_ref();
        if let Some(smaller) =
            self.scaled_down((staged.file(), staged.body()), seal, nature.probe.as_ref(), ingest).await?
        {
            // What the camera wrote down goes with the original.
            (staged, details) = smaller;
            nature.probe = probe_of(&Sight::of(&staged)).await?;
        }
        if let Some(redrawn) = self.redrawn((staged.file(), staged.body()), seal, nature.probe.as_ref(), ingest).await?
        {
            (staged, details) = redrawn;
            nature.probe = probe_of(&Sight::of(&staged)).await?;
            nature.media_type = nature.probe.as_ref().map_or(nature.media_type, |probe| probe.media_type.clone());
        }
        let pixels = nature.probe.as_ref().map(|probe| (probe.width, probe.height));
        if let Some(details) = &mut details {
            details.pixels = pixels;
        }
        let (size, digest) = (staged.len, staged.digest);
        let staged = self.sealed_with(seal, staged).await?;
        let key = self.inner.blobs.publish(staged).await.map_err(store_fault)?;
        let shown = nature.probe.as_ref();
        Ok(NewVersion {
            blob: NewBlob { key, size, digest },
            pixels,
            orientation: shown.map_or(1, |probe| probe.orientation),
            animated: shown.is_some_and(|probe| probe.animated),
            scan: self.first_scan(),
            jobs: self.first_jobs(&nature.media_type),
            media_type: nature.media_type,
            created_by,
            details,
        })
    }

    /// Removes bytes that got no row. Left lying they would only cost space, so a failure is told and passed over.
    pub(crate) async fn discard(&self, key: BlobKey) {
        if let Err(error) = self.inner.blobs.delete(key).await {
            tracing::warn!(%error, ?key, "bytes without a row stay behind");
        }
    }
}

/// PostgreSQL keeps no NUL, and one answer serves both engines.
pub(crate) fn expect_texts(upload: &Upload) -> Result<(), Fault> {
    let texts = upload.fields.iter().flat_map(|(path, value)| [path, value]).chain(&upload.title);
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Fault::Invalid(Invalid::Other("text can not hold a NUL")));
    }
    Ok(())
}

pub(crate) fn stage_fault(error: StageError) -> Fault {
    match error {
        StageError::TooLarge { max } => Fault::TooLarge { max_bytes: max },
        StageError::Interrupted(_) => Fault::Interrupted,
        StageError::Full => Fault::Unavailable("store"),
        StageError::Store(error) => store_fault(error),
    }
}

/// What the store does not do for us now, it may do later: a full or missing disk is no mistake of the request's.
pub(crate) fn store_fault(error: store::blobs::Error) -> Fault {
    tracing::error!(error = &error as &(dyn std::error::Error + 'static), "the store is out of order");
    Fault::Unavailable("store")
}
