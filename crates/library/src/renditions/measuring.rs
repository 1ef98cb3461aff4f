//! What a file's head did not tell: the size of what is drawn, pages, and how long it plays. Found out once, by a worker or by the
//! programs that read videos, and kept with the bytes.

use std::sync::Arc;

use content::MediaType;
use media::{SourceFormat, VideoFacts, Videos};

use super::drawing::render_fault;
use crate::{Actor, Asset, Fault, ImageDetails, Library, Noun, Right, Version, image_details::of_image};

/// Whether there may be something to draw or to tell of files of this type.
pub(crate) fn tells_something(media_type: &MediaType) -> bool {
    SourceFormat::from_media_type(media_type).is_some() || Videos::reads(media_type)
}

impl Library {
    /// The file, its version measured if that is to be had.
    pub(super) async fn measured(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        self.expect_safe(actor, &asset)?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        if version.pixels.is_some() {
            return Ok(asset);
        }
        let details = match self.inner.catalog.image_details(version.blob.id).await? {
            Some(known) => known,
            None => self.measure(version).await?,
        };
        self.keep_details(version.blob.id, &details).await?;
        self.expect_asset(actor, asset_id, Right::Read).await
    }

    async fn measure(&self, version: &Version) -> Result<ImageDetails, Fault> {
        if Videos::reads(&version.media_type) {
            return Ok(of_video(&self.video_facts(version).await?));
        }
        if SourceFormat::from_media_type(&version.media_type).is_none() {
            return Err(Fault::Unsupported);
        }
        let (_turn, _) = self.turn(version.blob.id).await;
        let made = self.draw(version, &[], true).await?;
        made.details.map(of_image).ok_or(Fault::Unsupported)
    }

    pub(super) async fn video_facts(&self, version: &Version) -> Result<VideoFacts, Fault> {
        if !self.inner.videos.are_there() {
            return Err(Fault::Unsupported);
        }
        let source = self.film_of(version).await?;
        self.inner.videos.describe(source, &version.media_type).await.map_err(render_fault)
    }

    /// Keeps what a blob tells; whoever has its file in memory looks again.
    pub(super) async fn keep_details(&self, blob_id: i64, details: &ImageDetails) -> Result<(), Fault> {
        for asset_id in self.inner.catalog.set_image_details(blob_id, details, self.now_ms()).await? {
            self.inner.cards.void(asset_id);
        }
        Ok(())
    }
}

/// Nothing of how it looks: that is seen on its poster.
fn of_video(facts: &VideoFacts) -> ImageDetails {
    ImageDetails { pixels: facts.width.zip(facts.height), duration_ms: facts.duration_ms, ..ImageDetails::default() }
}
