//! What is made before anybody asks: the renditions that a dialect shows right after an upload, and what an image tells about
//! itself, all from one decoding.

use futures_util::{StreamExt, stream};
use media::{Made, Plan, Resize, Resolution, Resolved, Videos, Wanted};

use store::assets::Picture;

use super::probe_of;
use crate::{Actor, Fault, ImageDetails, Library, Noun, Version, image_details::of_image};

/// The small rendition that lists show: fits a square of this many pixels.
const PREVIEW_SIDE_PX: u32 = 320;
/// A film's picture, from which others are drawn.
const POSTER: Plan = Plan {
    resize: Resize::Within { width: POSTER_SIDE_PX, height: POSTER_SIDE_PX },
    format: Wanted::As(media::Format::Jpeg),
    ..Plan::ORIGINAL
};
const POSTER_SIDE_PX: u32 = 1920;
/// Files are read this many at a time.
const PAGE: i64 = 500;

/// What warming came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Warmed {
    /// Images that were looked at.
    pub images: u64,
    /// Renditions that were made; the others were there.
    pub made: u64,
    /// Images that can not be drawn.
    pub undrawable: u64,
    /// Images of which renditions could not be made now.
    pub failed: u64,
    /// Whether it ended because there is no more room for renditions.
    pub full: bool,
}

impl Library {
    /// The plan of the small rendition that lists show.
    #[must_use]
    pub const fn preview_plan() -> Plan {
        Plan {
            resize: Resize::Within { width: PREVIEW_SIDE_PX, height: PREVIEW_SIDE_PX },
            sharpen: true,
            format: Wanted::As(media::Format::Jpeg),
            ..Plan::ORIGINAL
        }
    }

    /// Makes what is missing of the renditions that a file is shown by, and of what it tells about itself, from one decoding.
    /// Tells how many renditions it made.
    ///
    /// # Errors
    /// `NotFound`, `Quarantined`; `Unsupported` when there is nothing to draw.
    pub(crate) async fn make_previews(&self, actor: &Actor, asset_id: i64) -> Result<u64, Fault> {
        let asset = self.measured(actor, asset_id).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        if version.pixels.is_none() {
            // A sound: there is nothing to see.
            self.note_picture(version.blob.id, Picture::None).await?;
            return Ok(0);
        }
        let wanted = self.previews_of(version)?;
        let (_turn, _) = self.turn(version.blob.id).await;
        let there = self.inner.catalog.renditions_of_blob(version.blob.id).await?;
        let missing = |resolved: &Resolved| there.iter().all(|rendition| rendition.plan_key != resolved.key());
        let plans: Vec<Resolved> = wanted.into_iter().filter(missing).collect();
        let known = self.inner.catalog.image_details(version.blob.id).await?.unwrap_or_default();
        let describe = known.thumbhash.is_empty();
        if plans.is_empty() && !describe {
            self.note_picture(version.blob.id, Picture::Drawn).await?;
            return Ok(0);
        }
        let made = self.draw(version, &plans, describe).await?;
        let (library, version) = (self.clone(), version.clone());
        // On a task of its own: once it is drawn, a caller who goes away leaves no bytes without a row.
        let kept = tokio::spawn(async move { library.keep_previews(&version, &plans, made, known).await });
        kept.await.map_err(Fault::internal)?
    }

    /// What the previews come to for an image, each once.
    fn previews_of(&self, version: &Version) -> Result<Vec<Resolved>, Fault> {
        let probe = probe_of(version).ok_or(Fault::Unsupported)?;
        let mut wanted: Vec<Resolved> = Vec::new();
        // Of what takes a program to look into, a picture is kept that smaller ones are drawn from.
        let poster = Videos::reads(&version.media_type).then_some(&POSTER);
        for plan in self.inner.previews.iter().chain(poster) {
            if let Resolution::Render(resolved) = plan.resolve(&probe)
                && !wanted.contains(&resolved)
            {
                wanted.push(resolved);
            }
        }
        Ok(wanted)
    }

    /// What was `known` of the file before is not taken from a poster.
    async fn keep_previews(
        &self,
        version: &Version,
        plans: &[Resolved],
        made: Made,
        known: ImageDetails,
    ) -> Result<u64, Fault> {
        let mut count = 0;
        for (resolved, rendered) in plans.iter().zip(made.renditions) {
            self.keep_rendition(version, resolved, rendered).await?;
            count += 1;
        }
        if let Some(details) = made.details {
            let seen = of_image(details);
            let pixels = version.pixels.or(seen.pixels);
            let details = ImageDetails { pixels, duration_ms: known.duration_ms, ..seen };
            self.keep_details(version.blob.id, &details).await?;
        }
        self.note_picture(version.blob.id, Picture::Drawn).await?;
        Ok(count)
    }

    /// Notes how far the picture of some bytes is; whoever has their file in memory looks again.
    async fn note_picture(&self, blob_id: i64, picture: Picture) -> Result<(), Fault> {
        for asset_id in self.inner.catalog.set_picture(blob_id, picture).await? {
            self.inner.cards.void(asset_id);
        }
        Ok(())
    }

    /// Notes that there will be no picture of a file, so that nobody waits for it.
    pub(crate) async fn give_up_picture(&self, asset_id: i64) -> Result<(), Fault> {
        match self.inner.catalog.asset(asset_id).await?.and_then(|asset| asset.version) {
            Some(version) => self.note_picture(version.blob.id, Picture::None).await,
            None => Ok(()),
        }
    }

    /// Makes what is missing of the renditions that files are shown by, of all tenants or of one, some files at a time. What
    /// fails is told and passed over; begun anew, it goes on with what is missing. It ends when there is no more room.
    ///
    /// # Errors
    /// `Denied` for all but the command line; when files can not be listed.
    pub async fn warm_renditions(
        &self,
        actor: &Actor,
        tenant_id: Option<i64>,
        at_once: usize,
        mut on_failure: impl FnMut(i64, &Fault),
    ) -> Result<Warmed, Fault> {
        actor.expect_system()?;
        let tenants = match tenant_id {
            Some(id) => vec![id],
            None => self.inner.catalog.tenants(i64::MAX).await?.iter().map(|tenant| tenant.id).collect(),
        };
        let mut warmed = Warmed::default();
        for tenant_id in tenants {
            let mut after = 0;
            while !warmed.full {
                let page = self.inner.catalog.image_assets(tenant_id, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = *last;
                self.warm_some(actor, &page, at_once, &mut warmed, &mut on_failure).await?;
            }
        }
        Ok(warmed)
    }

    async fn warm_some(
        &self,
        actor: &Actor,
        page: &[i64],
        at_once: usize,
        warmed: &mut Warmed,
        on_failure: &mut impl FnMut(i64, &Fault),
    ) -> Result<(), Fault> {
        let make = |id: i64| async move { (id, self.make_previews(actor, id).await) };
        let mut outcomes = stream::iter(page.iter().copied().map(make)).buffer_unordered(at_once.max(1));
        while let Some((id, outcome)) = outcomes.next().await {
            warmed.images += 1;
            match outcome {
                Ok(made) => warmed.made += made,
                // Gone meanwhile.
                Err(Fault::NotFound(_)) => {}
                Err(Fault::Unsupported | Fault::Quarantined) => warmed.undrawable += 1,
                Err(fault) => {
                    warmed.failed += 1;
                    on_failure(id, &fault);
                }
            }
        }
        let max_bytes = self.inner.limits.max_renditions_bytes;
        // More would only push out what was made before.
        warmed.full = max_bytes > 0 && self.inner.catalog.rendition_sum().await?.bytes >= max_bytes;
        Ok(())
    }
}
