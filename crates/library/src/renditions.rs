//! Delivering a file's bytes: as they are, or by a plan. A rendition is made once, by one flight however many ask.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use content::{Body, ByteRange, Content};
use futures_util::TryStreamExt;
use media::{Plan, Probe, RenderError, Rendered, Resolution, Resolved};
use moka::future::Cache;
use store::{
    blobs::{BlobKey, Kind},
    renditions::Rendition,
};

use crate::{
    Actor, Asset, Delivery, Fault, Library, Limits, Noun, Right, Version,
    downloads::Toll,
    names,
    uploads::{stage_fault, store_fault},
};

/// For how long an image that could not be drawn is not tried again.
const REFUSAL_AGE: Duration = Duration::from_secs(10 * 60);

/// Renditions by blob and plan. What it holds never changes; only the bytes behind it may be evicted.
pub(crate) struct Memory {
    made: Cache<(i64, Box<str>), Arc<Rendition>>,
    /// Images that could not be drawn: each try may have cost seconds of a worker.
    refused: Cache<i64, ()>,
    /// One turn for each image, so that many sizes of a slow one do not keep every worker from all the others.
    turns: Cache<i64, Arc<tokio::sync::Semaphore>>,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            made: Cache::new(limits.max_cards),
            refused: Cache::builder().max_capacity(limits.max_cards).time_to_live(REFUSAL_AGE).build(),
            turns: Cache::builder().max_capacity(limits.max_cards).time_to_idle(REFUSAL_AGE).build(),
        }
    }
}

impl Library {
    /// A file's bytes; by the plan where there is one and the file can be drawn, else as they are.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Quarantined`; `Busy` when too much is being drawn.
    pub async fn contents(&self, actor: &Actor, asset_id: i64, plan: Option<&Plan>) -> Result<Delivery, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let content = match plan {
            None => self.original(&asset, version).await?,
            Some(plan) => match self.drawn(&asset, version, plan).await {
                // What cannot be drawn is sent as it is, with its own type: a viewer may know better than we do.
                Err(Fault::Unsupported) => self.original(&asset, version).await?,
                outcome => outcome?,
            },
        };
        let toll = Toll::of([&*asset], &content);
        Ok(Delivery { content, toll })
    }

    /// A file by a plan, such as the small JPEG that lists show, which is not counted; `Unsupported` for files that can not
    /// be drawn. Those without a key get none of a limited file.
    ///
    /// # Errors
    /// As for [`Self::contents`].
    pub async fn thumbnail(&self, actor: &Actor, asset_id: i64, plan: &Plan) -> Result<Content, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        Self::expect_unlimited(actor, &asset)?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        self.drawn(&asset, version, plan).await
    }

    /// The file whose bytes the actor may have and the scan lets out.
    async fn safe_asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        Self::expect_safe(actor, &asset)?;
        Ok(asset)
    }

    /// A limited file has no public preview and no static path.
    fn expect_unlimited(actor: &Actor, asset: &Asset) -> Result<(), Fault> {
        if actor.is_anonymous() && asset.download_limit.is_some() { Err(Fault::Unauthenticated) } else { Ok(()) }
    }

    /// A file's bytes under a path that needs no key: as [`Self::contents`], but not for limited files.
    ///
    /// # Errors
    /// As for [`Self::contents`].
    pub async fn public_contents(&self, actor: &Actor, asset_id: i64, plan: Option<&Plan>) -> Result<Delivery, Fault> {
        Self::expect_unlimited(actor, &*self.safe_asset(actor, asset_id).await?)?;
        self.contents(actor, asset_id, plan).await
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
        self.inner.blobs.open(key, size).await.map_err(store_fault)
    }

    /// The rendition, from memory, from the catalog, or made now by one flight.
    async fn rendition(&self, version: &Version, resolved: &Resolved) -> Result<Arc<Rendition>, Fault> {
        let key = (version.blob.id, resolved.key().into_boxed_str());
        if let Some(rendition) = self.inner.renditions.made.get(&key).await {
            return Ok(rendition);
        }
        // When the caller whose flight it is goes away, the next of those who wait takes it over; with nobody left to wait
        // the work is dropped, and the worker is free.
        let make = async { self.find_or_make(version, resolved).await.map(Arc::new) };
        let made =
            tokio::time::timeout(self.inner.limits.max_render_wait, self.inner.renditions.made.try_get_with(key, make));
        made.await.map_err(|_| Fault::Busy)?.map_err(|fault: Arc<Fault>| Fault::clone(&fault))
    }

    async fn find_or_make(&self, version: &Version, resolved: &Resolved) -> Result<Rendition, Fault> {
        let plan_key = resolved.key();
        if let Some(rendition) = self.inner.catalog.rendition(version.blob.id, &plan_key).await? {
            return Ok(rendition);
        }
        let rendered = self.draw(version, resolved).await?;
        let (library, blob_id, now_ms) = (self.clone(), version.blob.id, self.now_ms());
        // On a task of its own: once it is drawn, a caller who goes away leaves no bytes without a row.
        let kept = tokio::spawn(async move { library.keep_rendition(blob_id, plan_key, rendered, now_ms).await });
        kept.await.map_err(Fault::internal)?
    }

    /// Draws, one rendition of an image at a time; what can not be drawn is remembered.
    async fn draw(&self, version: &Version, resolved: &Resolved) -> Result<Rendered, Fault> {
        let (blob_id, memory) = (version.blob.id, &self.inner.renditions);
        let turn = memory.turns.get_with(blob_id, async { Arc::new(tokio::sync::Semaphore::new(1)) }).await;
        let _turn = turn.acquire().await.expect("nobody closes it");
        if memory.refused.contains_key(&blob_id) {
            return Err(Fault::Unsupported);
        }
        let input = read_whole(&self.open(version.blob.key, version.blob.size).await?).await?;
        let mut outcome = self.inner.renderer.render(input.clone(), resolved).await;
        if matches!(outcome, Err(RenderError::Crashed)) {
            // A worker may have died of something else: the image is only to blame if the next one dies too.
            outcome = self.inner.renderer.render(input, resolved).await;
        }
        let outcome = outcome.map_err(render_fault);
        if matches!(outcome, Err(Fault::Unsupported)) {
            memory.refused.insert(blob_id, ()).await;
        }
        outcome
    }

    async fn keep_rendition(
        &self,
        blob_id: i64,
        plan_key: String,
        rendered: Rendered,
        now_ms: i64,
    ) -> Result<Rendition, Fault> {
        let size = rendered.bytes.len() as u64;
        let staged = self.inner.blobs.stage_bytes(Kind::Rendition, rendered.bytes).await.map_err(stage_fault)?;
        let key = self.inner.blobs.publish(staged).await.map_err(store_fault)?;
        let rendition = Rendition {
            blob_id,
            plan_key,
            key,
            media_type: rendered.media_type,
            width: rendered.width,
            height: rendered.height,
            size,
        };
        if self.inner.catalog.add_rendition(&rendition, now_ms).await? {
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
