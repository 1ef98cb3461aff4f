//! Images that are kept otherwise than they came: drawn anew, or made smaller.

use std::fs::File;

use content::{Body, MediaType};
use media::{Format, Plan, Probe, Resize, Resolution, Resolved, Source, Wanted};
use store::blobs::{Kind, Staged};

use super::{Ingest, stage_fault, store_fault};
use crate::{
    Fault, Library, TenantKey,
    image_details::{ImageDetails, of_image},
    renditions::{read_whole, render_fault},
};

/// No larger SVG is written anew, in bytes.
const MAX_DRAWING_BYTES: u64 = 16 * 1024 * 1024;

impl Library {
    /// The image drawn anew, if it is one that is to be.
    pub(super) async fn redrawn(
        &self,
        (file, body): (impl Future<Output = Result<Option<File>, store::blobs::Error>> + Send, Body),
        seal: Option<&TenantKey>,
        probe: Option<&Probe>,
        ingest: Ingest,
    ) -> Result<Option<(Staged, Option<ImageDetails>)>, Fault> {
        const DRAWN: &[MediaType] = &[MediaType::JPEG, MediaType::PNG, MediaType::APNG, MediaType::GIF];
        let (Some(plan), Some(probe)) = (ingest.redrawn, probe) else { return Ok(None) };
        if !DRAWN.contains(&probe.media_type) {
            return Ok(None);
        }
        let Resolution::Render(resolved) = plan.resolve(probe) else { return Ok(None) };
        self.original_drawn((file, &body), seal, resolved).await
    }

    /// The image made smaller, if it is one that is to be and can be. What can not be decoded stays as it came.
    pub(super) async fn scaled_down(
        &self,
        (file, body): (impl Future<Output = Result<Option<File>, store::blobs::Error>> + Send, Body),
        seal: Option<&TenantKey>,
        probe: Option<&Probe>,
        ingest: Ingest,
    ) -> Result<Option<(Staged, Option<ImageDetails>)>, Fault> {
        let (Some(max_side), Some(probe)) = (ingest.max_side_px, probe) else { return Ok(None) };
        const SCALABLE: &[MediaType] =
            &[MediaType::JPEG, MediaType::PNG, MediaType::APNG, MediaType::WEBP, MediaType::AVIF];
        if probe.width.max(probe.height) <= max_side {
            return Ok(None);
        }
        if probe.media_type == MediaType::SVG {
            return Ok(self.drawing_within(&body, seal, max_side).await?.map(|smaller| (smaller, None)));
        }
        if !SCALABLE.contains(&probe.media_type) {
            return Ok(None);
        }
        let resize = Resize::Within { width: max_side, height: max_side };
        // It stays what it is, which nothing else does for an AVIF: to write one takes its time.
        let format = if probe.media_type == MediaType::AVIF { Wanted::As(Format::Avif) } else { Wanted::Kept };
        let plan = Plan { resize, format, ..Plan::ORIGINAL };
        let Resolution::Render(resolved) = plan.resolve(probe) else { return Ok(None) };
        if probe.animated && !resolved.animated {
            // Better large than still.
            return Ok(None);
        }
        match self.original_drawn((file, &body), seal, resolved).await {
            Err(Fault::Unsupported) => Ok(None),
            made => made,
        }
    }

    /// An image drawn as told, staged. Not one that has too many frames to keep moving: better large than still.
    async fn original_drawn(
        &self,
        (file, body): (impl Future<Output = Result<Option<File>, store::blobs::Error>> + Send, &Body),
        seal: Option<&TenantKey>,
        resolved: Resolved,
    ) -> Result<Option<(Staged, Option<ImageDetails>)>, Fault> {
        let source = match file.await.map_err(store_fault)? {
            Some(file) => Source::file(file, body.len()),
            None => Source::from(read_whole(body).await?),
        };
        let made = self.inner.renderer.render_many(source, &[resolved], true).await;
        let mut made = made.map_err(render_fault)?;
        let Some(rendered) = made.renditions.pop() else { return Err(Fault::Unsupported) };
        if resolved.animated && !rendered.animated {
            return Ok(None);
        }
        let staged = self.inner.blobs.stage_bytes(Kind::Original, seal, rendered.bytes).await.map_err(stage_fault)?;
        Ok(Some((staged, made.details.map(of_image))))
    }

    /// An SVG that states a smaller size, what it shows unchanged. A large one stays as it is.
    async fn drawing_within(
        &self,
        body: &Body,
        seal: Option<&TenantKey>,
        max_side: u32,
    ) -> Result<Option<Staged>, Fault> {
        if body.len() > MAX_DRAWING_BYTES {
            return Ok(None);
        }
        let Some(smaller) = media::svg_within(&read_whole(body).await?, max_side) else { return Ok(None) };
        let staged = self.inner.blobs.stage_bytes(Kind::Original, seal, smaller.into()).await;
        staged.map(Some).map_err(stage_fault)
    }
}
