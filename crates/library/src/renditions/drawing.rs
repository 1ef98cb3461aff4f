//! Making renditions: one flight each, one turn for each image, from the original or from a larger rendition of it.

use std::sync::{Arc, atomic::Ordering};

use bytes::{Bytes, BytesMut};
use content::{Body, ByteRange};
use futures_util::TryStreamExt;
use media::{Format, Made, RenderError, Rendered, Resolved, Source, Videos};
use store::{
    blobs::{BlobKey, Error as BlobError, Kind, Staged},
    renditions::{BaseWish, Rendition},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{KEEPING_UNITS, Kept, idle::Used};
use crate::{
    Fault, Library, Version,
    uploads::{stage_fault, store_fault},
};

/// A rendition of lower quality is no base for others.
const BASE_QUALITY: u8 = 80;
/// With so many pixels for each of its own, along both sides, nobody sees that it was not drawn from the original.
const BASE_FACTOR: u32 = 2;
/// What shows through a JPEG unless something else is asked for.
const WHITE: [u8; 3] = [255; 3];
/// What a unit of what is being made durable stands for.
const KEEPING_UNIT_BYTES: usize = 64 * 1024;
/// No image that is worth drawing is larger, in bytes.
const MAX_IMAGE_BYTES: u64 = 256 * 1024 * 1024;

impl Library {
    /// The rendition, from memory, from the catalog, or made now by one flight.
    pub(super) async fn rendition(&self, version: &Version, resolved: &Resolved) -> Result<Arc<Kept>, Fault> {
        let key = (version.blob.id, resolved.key().into_boxed_str());
        if let Some(kept) = self.inner.renditions.made.get(&key).await {
            return Ok(kept);
        }
        // When the caller whose flight it is goes away, the next of those who wait takes it over; with nobody left to wait
        // the work is dropped, and the worker is free.
        let make = self.find_or_make(version, resolved);
        let made =
            tokio::time::timeout(self.inner.limits.max_render_wait, self.inner.renditions.made.try_get_with(key, make));
        made.await.map_err(|_| Fault::Busy)?.map_err(|fault: Arc<Fault>| Fault::clone(&fault))
    }

    async fn find_or_make(&self, version: &Version, resolved: &Resolved) -> Result<Arc<Kept>, Fault> {
        let plan_key = resolved.key();
        if let Some(kept) = self.known_rendition(version, &plan_key).await? {
            return Ok(kept);
        }
        let (turn, waited) = self.turn(version.blob.id).await;
        // Whoever had the turn before may have made it.
        if waited && let Some(kept) = self.known_rendition(version, &plan_key).await? {
            return Ok(kept);
        }
        let mut made = self.draw(version, std::slice::from_ref(resolved), false).await?;
        // Drawing is what takes turns; the disk need not be waited for by the next.
        drop(turn);
        let rendered = made.renditions.pop().ok_or(Fault::Unsupported)?;
        self.keep_behind(version, (plan_key, is_base(version, resolved)), rendered).await
    }

    /// The rendition that is on record under a plan's key.
    pub(crate) async fn known_rendition(&self, version: &Version, plan_key: &str) -> Result<Option<Arc<Kept>>, Fault> {
        let rendition = self.inner.catalog.rendition(version.blob.id, plan_key).await?;
        Ok(rendition.map(|rendition| Arc::new(Kept::new(rendition, Used::unknown(), None))))
    }

    /// Hands out what was drawn, and makes it durable behind that: a rendition that a loss of power takes is drawn again, so nobody
    /// need wait for the disk. There is an end to how much may be on its way there. `plan` is the plan's key, and whether others may be drawn
    /// from what it gave.
    pub(crate) async fn keep_behind(
        &self,
        version: &Version,
        plan: (String, bool),
        rendered: Rendered,
    ) -> Result<Arc<Kept>, Fault> {
        let units = u32::try_from(rendered.bytes.len().div_ceil(KEEPING_UNIT_BYTES)).unwrap_or(KEEPING_UNITS);
        let room = Arc::clone(&self.inner.renditions.keeping).acquire_many_owned(units.min(KEEPING_UNITS)).await;
        let room = room.expect("nobody closes it");
        let (staged, rendition) = self.staged_rendition(version, plan, rendered).await?;
        let kept = Arc::new(Kept::new(rendition, Used::at(self.now_ms()), Some(staged.body())));
        let (library, ours) = (self.clone(), Arc::clone(&kept));
        // On a task of its own: a caller who goes away leaves no bytes without a row.
        tokio::spawn(async move {
            let made = &library.inner.renditions.made;
            match library.record_rendition(staged, ours.rendition.clone()).await {
                Ok(recorded) if recorded == ours.rendition => drop(ours.unkept().take()),
                // Another node was faster.
                Ok(recorded) => made.insert(ours.name(), Arc::new(Kept::new(recorded, Used::unknown(), None))).await,
                Err(fault) => {
                    tracing::warn!(error = &fault as &dyn std::error::Error, "a rendition could not be kept");
                    made.invalidate(&ours.name()).await;
                }
            }
            drop(room);
        });
        Ok(kept)
    }

    /// The same, handed out when it is durable: for what is large.
    pub(crate) async fn keep_at_once(
        &self,
        version: &Version,
        plan: (String, bool),
        rendered: Rendered,
    ) -> Result<Arc<Kept>, Fault> {
        let (staged, rendition) = self.staged_rendition(version, plan, rendered).await?;
        let recorded = self.record_rendition(staged, rendition).await?;
        Ok(Arc::new(Kept::new(recorded, Used::at(self.now_ms()), None)))
    }

    /// Waits until all that was drawn is durable and all that is being evicted is gone, as a server does before it ends.
    pub async fn settle_renditions(&self) {
        let all = self.inner.renditions.keeping.acquire_many(KEEPING_UNITS).await;
        drop(all.expect("nobody closes it"));
    }

    /// The turn of an image, and whether it had to be waited for.
    pub(super) async fn turn(&self, blob_id: i64) -> (OwnedSemaphorePermit, bool) {
        let turns = &self.inner.renditions.turns;
        let turn = turns.get_with(blob_id, async { Arc::new(Semaphore::new(1)) }).await;
        match Arc::clone(&turn).try_acquire_owned() {
            Ok(turn) => (turn, false),
            Err(_) => (turn.acquire_owned().await.expect("nobody closes it"), true),
        }
    }

    /// Draws, from one decoding. Who calls has the image's turn. What can not be drawn is remembered.
    pub(super) async fn draw(&self, version: &Version, plans: &[Resolved], describe: bool) -> Result<Made, Fault> {
        let (blob_id, refused) = (version.blob.id, &self.inner.renditions.refused);
        let as_a_whole = (blob_id, None);
        let by_plan = (blob_id, Some(plans.iter().map(Resolved::key).collect::<Vec<_>>().join(" ").into_boxed_str()));
        if refused.contains_key(&as_a_whole) || refused.contains_key(&by_plan) {
            return Err(Fault::Unsupported);
        }
        if let ([plan], false) = (plans, describe)
            && let Some(made) = self.draw_from_base(version, plan).await?
        {
            return Ok(made);
        }
        let source = self.source_of(version).await?;
        let outcome = self.render(source, plans, describe).await;
        match &outcome {
            Err(RenderError::Unsupported | RenderError::Corrupt(_) | RenderError::Crashed) => {
                refused.insert(as_a_whole, ()).await;
            }
            // It may have been too much because of what was asked: then others can still have less.
            Err(RenderError::TooLarge | RenderError::TimedOut) if asks_for_more(version, plans) => {
                refused.insert(by_plan, ()).await;
            }
            Err(RenderError::TooLarge | RenderError::TimedOut) => refused.insert(as_a_whole, ()).await,
            Ok(_) | Err(RenderError::Busy | RenderError::Killed | RenderError::Unavailable(_)) => {}
        }
        outcome.map_err(render_fault)
    }

    /// Draws from a stored rendition of the image, if there is one that will do. That one's faults are not the image's.
    async fn draw_from_base(&self, version: &Version, plan: &Resolved) -> Result<Option<Made>, Fault> {
        let Some(wish) = base_wish(version, plan) else { return Ok(None) };
        let Some(base) = self.inner.catalog.base_rendition(&wish).await? else { return Ok(None) };
        let source = match self.try_source(base.key, base.size).await {
            Ok(source) => source,
            Err(error) => {
                tracing::info!(%error, "a rendition is drawn from the original: its base is gone");
                self.drop_base(&base).await?;
                return Ok(None);
            }
        };
        match self.render(source, std::slice::from_ref(plan), false).await {
            Ok(made) => Ok(Some(made)),
            Err(error @ (RenderError::Busy | RenderError::Killed | RenderError::Unavailable(_))) => {
                Err(render_fault(error))
            }
            Err(error) => {
                tracing::warn!(%error, base = %base.key, "a rendition is drawn from the original: its base can not be read");
                self.drop_base(&base).await?;
                Ok(None)
            }
        }
    }

    /// Removes a rendition that is of no use, so that nobody tries it again.
    async fn drop_base(&self, base: &Rendition) -> Result<(), Fault> {
        if self.inner.catalog.drop_rendition(base).await? {
            self.discard(base.key).await;
        }
        Ok(())
    }

    async fn render(&self, source: Source, plans: &[Resolved], describe: bool) -> Result<Made, RenderError> {
        self.inner.renditions.decodings.fetch_add(1, Ordering::Relaxed);
        self.inner.renderer.render_many(source, plans, describe).await
    }

    /// Where the bytes of what is to be drawn are, for a renderer: an image, or a film's poster, which is made now.
    async fn source_of(&self, version: &Version) -> Result<Source, Fault> {
        let (key, size) = (version.blob.key, version.blob.size);
        if Videos::reads(&version.media_type) {
            let facts = self.video_facts(version).await?;
            let source = self.film_of(version).await?;
            let poster = self.inner.videos.poster(source, &version.media_type, &facts).await;
            return poster.map(Source::from).map_err(render_fault);
        }
        if size > self.inner.renderer.max_input_bytes() {
            return Err(Fault::Unsupported);
        }
        Ok(self.try_source(key, size).await.map_err(store_fault)?.of_type(&version.media_type))
    }

    /// The bytes of a film, for a program that reads them in any order. In memory where no file holds them as they are; not a large one.
    pub(super) async fn film_of(&self, version: &Version) -> Result<Source, Fault> {
        let (key, size) = (version.blob.key, version.blob.size);
        match self.inner.blobs.file(key, size).await.map_err(store_fault)? {
            Some(file) => Ok(Source::file(file, size)),
            None if size > self.inner.renderer.max_input_bytes() => Err(Fault::Unsupported),
            None => self.try_source(key, size).await.map_err(store_fault),
        }
    }

    /// By its file where it lies in one: nobody copies it then.
    pub(super) async fn try_source(&self, key: BlobKey, len: u64) -> Result<Source, BlobError> {
        if let Some(file) = self.inner.blobs.file(key, len).await? {
            return Ok(Source::file(file, len));
        }
        let body = self.inner.blobs.open(key, len).await?;
        Ok(Source::from(collect(&body).await?))
    }

    /// Makes what was drawn durable, and records it; the first that is recorded stays.
    pub(super) async fn keep_rendition(
        &self,
        version: &Version,
        resolved: &Resolved,
        rendered: Rendered,
    ) -> Result<Rendition, Fault> {
        let plan = (resolved.key(), is_base(version, resolved));
        let (staged, rendition) = self.staged_rendition(version, plan, rendered).await?;
        self.record_rendition(staged, rendition).await
    }

    async fn staged_rendition(
        &self,
        version: &Version,
        (plan_key, base): (String, bool),
        rendered: Rendered,
    ) -> Result<(Staged, Rendition), Fault> {
        let size = rendered.bytes.len() as u64;
        let seal = self.sealing_of_blob(version.blob.id).await?;
        let staged = self.inner.blobs.stage_bytes(Kind::Rendition, seal.as_ref(), rendered.bytes).await;
        let staged = staged.map_err(stage_fault)?;
        let rendition = Rendition {
            blob_id: version.blob.id,
            plan_key,
            key: staged.key(),
            media_type: rendered.media_type,
            width: rendered.width,
            height: rendered.height,
            size,
            base,
        };
        Ok((staged, rendition))
    }

    /// The one that is on record afterwards, which another node may have made.
    async fn record_rendition(&self, staged: Staged, rendition: Rendition) -> Result<Rendition, Fault> {
        let key = self.inner.blobs.publish(staged).await.map_err(store_fault)?;
        let added = self.inner.catalog.add_rendition(&rendition, self.now_ms()).await;
        if let Err(error) = &added
            && error.is_certain()
        {
            self.discard(key).await;
        }
        if added? {
            self.inner.renditions.uses.note_growth();
            return Ok(rendition);
        }
        // Another node was faster: its bytes are the ones that the row names.
        self.discard(key).await;
        let first = self.inner.catalog.rendition(rendition.blob_id, &rendition.plan_key).await?;
        first.ok_or(Fault::Unavailable("store"))
    }
}

/// Whether the plans are more work than the image itself: larger than it, or moving.
fn asks_for_more(version: &Version, plans: &[Resolved]) -> bool {
    let larger =
        |plan: &Resolved| version.pixels.is_none_or(|(width, height)| plan.width > width || plan.height > height);
    plans.iter().any(|plan| plan.animated || larger(plan))
}

/// Whether others may be drawn from what this makes: all of the image, still, nothing added to it, and good enough.
fn is_base(version: &Version, resolved: &Resolved) -> bool {
    let good = match resolved.format {
        Format::Jpeg | Format::Webp => resolved.quality >= BASE_QUALITY,
        Format::Png => true,
        // It takes longer to read than it saves.
        Format::Gif | Format::Avif => false,
    };
    let plain = resolved.crop.is_none() && !resolved.sharpen && !resolved.animated;
    let bare = resolved.flatten.is_none_or(|colour| resolved.format == Format::Jpeg && colour == WHITE);
    let enlarged = version.pixels.is_none_or(|(width, height)| resolved.width > width || resolved.height > height);
    good && plain && bare && !enlarged
}

/// What this could be drawn from, if from anything but the original.
fn base_wish(version: &Version, resolved: &Resolved) -> Option<BaseWish> {
    let (width, height) = (resolved.width.checked_mul(BASE_FACTOR)?, resolved.height.checked_mul(BASE_FACTOR)?);
    let smaller = version.pixels.is_some_and(|pixels| width <= pixels.0 && height <= pixels.1);
    if !smaller || resolved.crop.is_some() || resolved.animated {
        return None;
    }
    // A JPEG's own are as opaque as it is; of all else a JPEG shows white where it was transparent.
    let opaque = version.media_type == content::MediaType::JPEG;
    let white = resolved.format == Format::Jpeg && resolved.flatten == Some(WHITE);
    Some(BaseWish { blob_id: version.blob.id, width, height, may_be_jpeg: opaque || white })
}

/// Reads an image whole, as a decoder needs it. The renderer's own limit keeps it bounded.
pub(crate) async fn read_whole(body: &Body) -> Result<Bytes, Fault> {
    if body.len() > MAX_IMAGE_BYTES {
        return Err(Fault::Unsupported);
    }
    collect(body).await.map_err(Fault::internal)
}

async fn collect(body: &Body) -> std::io::Result<Bytes> {
    if let Body::Memory(bytes) = body {
        return Ok(bytes.clone());
    }
    let len = body.len();
    let collected = BytesMut::with_capacity(usize::try_from(len).map_err(std::io::Error::other)?);
    let whole = body.read(ByteRange::whole(len)).try_fold(collected, |mut all, chunk| async move {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    whole.await.map(BytesMut::freeze)
}

pub(crate) fn render_fault(error: RenderError) -> Fault {
    match error {
        RenderError::Busy | RenderError::Killed => Fault::Busy,
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
