//! Delivering a file's bytes: as they are, or by a plan. A rendition is made once, by one flight however many ask.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use content::{Body, ByteRange, Content};
use futures_util::TryStreamExt;
use media::{Plan, Probe, RenderError, Resolution, Resolved};
use moka::future::Cache;
use store::{
    blobs::{BlobKey, Kind},
    renditions::Rendition,
};

use crate::{Actor, Asset, Fault, Library, Limits, Noun, Right, Version, names};

/// Renditions by blob and plan. What it holds never changes; only the bytes behind it may be evicted.
pub(crate) struct Memory {
    made: Cache<(i64, Box<str>), Arc<Rendition>>,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { made: Cache::new(limits.max_cards) }
    }
}

impl Library {
    /// A file's bytes; by the plan where there is one and the file can be drawn, else as they are.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Quarantined`; `Busy` when too much is being drawn.
    pub async fn contents(&self, actor: &Actor, asset_id: i64, plan: Option<&Plan>) -> Result<Content, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let Some(plan) = plan else { return self.original(&asset, version).await };
        match self.drawn(&asset, version, plan).await {
            // What cannot be drawn is sent as it is, with its own type: a viewer may know better than we do.
            Err(Fault::Unsupported) => self.original(&asset, version).await,
            outcome => outcome,
        }
    }

    /// A file by a plan, such as the small JPEG that lists show; `Unsupported` for files that can not be drawn.
    ///
    /// # Errors
    /// As for [`Self::contents`].
    pub async fn thumbnail(&self, actor: &Actor, asset_id: i64, plan: &Plan) -> Result<Content, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        self.drawn(&asset, version, plan).await
    }

    /// The file whose bytes the actor may have and the scan lets out.
    async fn safe_asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        Self::expect_safe(&asset)?;
        Ok(asset)
    }

    async fn drawn(&self, asset: &Asset, version: &Version, plan: &Plan) -> Result<Content, Fault> {
        match plan.resolve(&probe_of(version).ok_or(Fault::Unsupported)?) {
            Resolution::Unchanged => self.original(asset, version).await,
            Resolution::Render(resolved) => {
                let rendition = self.rendition(version, &resolved).await?;
                self.rendered(asset, version, &rendition, &resolved).await
            }
        }
    }

    async fn original(&self, asset: &Asset, version: &Version) -> Result<Content, Fault> {
        Ok(Content {
            body: self.open(version.blob.key, version.blob.size).await?,
            media_type: version.media_type.clone(),
            name: asset.name.clone(),
            tag: hex::encode(&version.blob.digest.sha256[..16]),
            modified_ms: version.created_at,
            sha256: Some(version.blob.digest.sha256),
        })
    }

    async fn rendered(
        &self,
        asset: &Asset,
        version: &Version,
        rendition: &Rendition,
        resolved: &Resolved,
    ) -> Result<Content, Fault> {
        let name = if rendition.media_type == version.media_type {
            asset.name.clone()
        } else {
            names::with_extension(&asset.name, resolved.format.extension())
        };
        let mut tag = hex::encode(&version.blob.digest.sha256[..16]);
        tag.extend(["-", &rendition.plan_key]);
        Ok(Content {
            body: self.open(rendition.key, rendition.size).await?,
            media_type: rendition.media_type.clone(),
            name,
            tag,
            modified_ms: version.created_at,
            sha256: None,
        })
    }

    pub(crate) async fn open(&self, key: BlobKey, size: u64) -> Result<Body, Fault> {
        if let Some(bytes) = self.inner.blobs.hot(key) {
            return Ok(Body::Memory(bytes));
        }
        self.inner.blobs.open(key, size).await.map_err(|error| {
            tracing::error!(%error, ?key, "bytes of a row can not be read");
            Fault::Unavailable("store")
        })
    }

    /// The rendition, from memory, from the catalog, or made now by one flight.
    async fn rendition(&self, version: &Version, resolved: &Resolved) -> Result<Arc<Rendition>, Fault> {
        let key = (version.blob.id, resolved.key().into_boxed_str());
        if let Some(rendition) = self.inner.renditions.made.get(&key).await {
            return Ok(rendition);
        }
        let (library, version, resolved) = (self.clone(), version.clone(), *resolved);
        // On a task of its own, so that a caller who goes away does not waste what others wait for.
        let make = async move {
            let flight = tokio::spawn(async move { library.find_or_make(&version, &resolved).await });
            flight.await.map_err(Fault::internal)?.map(Arc::new)
        };
        self.inner.renditions.made.try_get_with(key, make).await.map_err(|fault: Arc<Fault>| Fault::clone(&fault))
    }

    async fn find_or_make(&self, version: &Version, resolved: &Resolved) -> Result<Rendition, Fault> {
        let plan_key = resolved.key();
        if let Some(rendition) = self.inner.catalog.rendition(version.blob.id, &plan_key).await? {
            return Ok(rendition);
        }
        let input = read_whole(&self.open(version.blob.key, version.blob.size).await?).await?;
        let rendered = self.inner.renderer.render(input, resolved).await.map_err(render_fault)?;
        let size = rendered.bytes.len() as u64;
        let staged = self.inner.blobs.stage_bytes(Kind::Rendition, rendered.bytes).await.map_err(Fault::internal)?;
        let key = self.inner.blobs.publish(staged).await.map_err(Fault::internal)?;
        let rendition = Rendition {
            blob_id: version.blob.id,
            plan_key,
            key,
            media_type: rendered.media_type,
            width: rendered.width,
            height: rendered.height,
            size,
        };
        if self.inner.catalog.add_rendition(&rendition, self.now_ms()).await? {
            return Ok(rendition);
        }
        // Another node was faster: its bytes are the ones that the row names.
        self.discard(key).await;
        let first = self.inner.catalog.rendition(rendition.blob_id, &rendition.plan_key).await?;
        first.ok_or(Fault::NotFound(Noun::Rendition))
    }
}

/// What the plan needs to know of the source, from its row.
fn probe_of(version: &Version) -> Option<Probe> {
    let (width, height) = version.pixels?;
    Some(Probe {
        media_type: version.media_type.clone(),
        width,
        height,
        orientation: version.orientation,
        animated: version.animated,
    })
}

/// Reads an image whole, as a decoder needs it. The renderer's own limit keeps it bounded.
pub(crate) async fn read_whole(body: &Body) -> Result<Bytes, Fault> {
    if let Body::Memory(bytes) = body {
        return Ok(bytes.clone());
    }
    let len = body.len();
    if len > MAX_IMAGE_BYTES {
        return Err(Fault::Unsupported);
    }
    let collected = BytesMut::with_capacity(usize::try_from(len).map_err(|_| Fault::Unsupported)?);
    let whole = body.read(ByteRange::whole(len)).try_fold(collected, |mut all, chunk| async move {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    whole.await.map(BytesMut::freeze).map_err(Fault::internal)
}

/// No image that is worth drawing is larger, in bytes.
const MAX_IMAGE_BYTES: u64 = 256 * 1024 * 1024;

fn render_fault(error: RenderError) -> Fault {
    match error {
        RenderError::Busy => Fault::Busy,
        RenderError::Unavailable(why) => {
            tracing::error!(%why, "the renderer is out of order");
            Fault::Unavailable("renderer")
        }
        error @ (RenderError::Unsupported
        | RenderError::Corrupt(_)
        | RenderError::TooLarge
        | RenderError::TimedOut
        | RenderError::Crashed) => {
            tracing::info!(%error, "an image is sent as it is");
            Fault::Unsupported
        }
    }
}
