//! Bytes of an image to bytes of its renditions, in this process and on this thread. It knows no plan that is not resolved,
//! and no worker.

mod animate;
mod colour;
mod decode;
mod encode;
mod flatten;
mod legal;
mod libavif;
mod libheif;
mod libwebp;
mod look;
mod numbers;
mod orient;
mod outfit;
mod raster;
mod scale;
mod sharpen;
mod tags;

use std::sync::Arc;

use bytes::Bytes;
use content::MediaType;
use fast_image_resize::Resizer;

use self::{
    colour::{Conversion, Conversions},
    legal::Legal,
    orient::Orientation,
    outfit::Outfit,
    raster::{Buffers, Raster},
    scale::{Base, Region},
    tags::Tags,
};
use crate::{Details, Limits, PROBE_HEAD_BYTES, Probe, RenderError, Resolved, SourceFormat, plan::MAX_SIDE, sniff};

/// A finished rendition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The encoded image.
    pub bytes: Bytes,
    /// What the bytes are.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it moves: the plan wanted all frames, and the source has several and is within the limits.
    pub animated: bool,
}

/// What came of one image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// One for each plan, in their order.
    pub renditions: Vec<Rendered>,
    /// What the image tells about itself, where that was asked for.
    pub details: Option<Details>,
}

/// Renders with memory and codecs that are kept from one image to the next.
#[derive(Default)]
pub struct Engine {
    jpeg_decoder: Option<turbojpeg::Decompressor>,
    resizer: Resizer,
    buffers: Buffers,
    conversions: Conversions,
    outfit: Outfit,
}

/// The image at hand.
struct Source<'a> {
    input: &'a [u8],
    format: SourceFormat,
    orientation: Orientation,
    /// Width and height as stored, before orientation; of a drawing, those that it is shown at.
    size: (u32, u32),
    /// What has pages, of which this is the first.
    document: Option<decode::Document>,
    tags: Tags<'a>,
    /// How its colours become sRGB; `None` when they are already.
    conversion: Option<Arc<Conversion>>,
    /// Pixels of all renditions that want to move, for each frame.
    moving_pixels: u64,
    limits: &'a Limits,
}

/// One image that is to come out. Sizes are of the pixels as stored, before orientation.
struct Work<'a> {
    source: &'a Source<'a>,
    resolved: &'a Resolved,
    /// The part of the source to use.
    region: Region,
    /// Width and height to scale that part to.
    target: (u32, u32),
}

/// So many pixels of a drawing or page are drawn for a part of it at most; what is larger than that itself is drawn as large as it is.
const MAX_DRAWN_PIXELS: u64 = 32_000_000;

/// One thing done to the pixels.
type Step = fn(&mut Engine, &Work<'_>, Raster) -> Result<Raster, RenderError>;

/// From the scaled pixels to those that are encoded. All of it comes after scaling, when there is less to do.
const STEPS: &[Step] = &[colour::step, orient::step, sharpen::step, flatten::step];

/// Renders one image. Blocks for as long as it takes, and decodes bytes that users sent: in a server, use
/// [`crate::Renderer`], which does the same in a process of its own.
///
/// # Errors
/// `Unsupported` when it is no image of the known formats, a 12-bit JPEG, or `resolved` comes from no plan; `Corrupt` when
/// decoding fails; `TooLarge` when a limit is exceeded, told before any pixel memory is allocated. A JPEG that ends early
/// renders with what is there, and so does an animation.
pub fn render(input: &[u8], resolved: &Resolved, limits: &Limits) -> Result<Rendered, RenderError> {
    Engine::default().render(input, resolved, limits)
}

impl Engine {
    /// With the system's fonts and libraries, which are loaded now: nothing is opened later.
    #[must_use]
    pub fn outfitted() -> Self {
        Self { outfit: Outfit::load(), ..Self::default() }
    }

    /// The same for a process that will not be able to start a thread.
    pub(crate) fn outfitted_for_one_thread() -> Self {
        Self { outfit: Outfit::load_for_one_thread(), ..Self::default() }
    }

    /// What it could not be outfitted with, in words.
    pub(crate) fn lacks(&self) -> Option<&str> {
        self.outfit.libheif.as_ref().err().map(String::as_str)
    }

    /// Lets go of all that it has kept of images, codecs included.
    pub(crate) fn forget(&mut self) {
        *self = Self { outfit: std::mem::take(&mut self.outfit), ..Self::default() };
    }

    /// The same as [`render`], with what this engine has kept.
    ///
    /// # Errors
    /// Those of [`render`].
    pub fn render(&mut self, input: &[u8], resolved: &Resolved, limits: &Limits) -> Result<Rendered, RenderError> {
        let mut made = self.make(input, std::slice::from_ref(resolved), false, limits)?;
        Ok(made.renditions.remove(0))
    }

    /// Several renditions of one image, which is decoded once. All or none.
    ///
    /// # Errors
    /// Those of [`render`].
    pub fn render_many(
        &mut self,
        input: &[u8],
        plans: &[Resolved],
        limits: &Limits,
    ) -> Result<Vec<Rendered>, RenderError> {
        Ok(self.make(input, plans, false, limits)?.renditions)
    }

    /// Several renditions of one image, and if wanted what it tells about itself, from one decoding.
    ///
    /// # Errors
    /// Those of [`render`].
    pub fn make(
        &mut self,
        input: &[u8],
        plans: &[Resolved],
        describe: bool,
        limits: &Limits,
    ) -> Result<Made, RenderError> {
        let (probe, mut source) = Source::open(&self.outfit, &mut self.conversions, input, limits)?;
        let moving = plans.iter().filter(|plan| plan.animated);
        source.moving_pixels = moving.map(|plan| u64::from(plan.width) * u64::from(plan.height)).sum();
        let look = describe.then(|| look::plan(&probe));
        let mut works = Vec::with_capacity(plans.len() + 1);
        for resolved in plans.iter().chain(&look) {
            works.push(Work::new(&source, resolved)?);
        }
        let mut outcomes: Vec<Option<Outcome>> = works.iter().map(|_| None).collect();
        animate::draw(self, &source, &works, &mut outcomes)?;
        self.draw_stills(&source, &works, &mut outcomes, look.is_some())?;
        self.buffers.forget_large(&mut self.resizer);

        let mut outcomes = outcomes.into_iter().flatten();
        let mut made = Made::default();
        for resolved in plans {
            let Some(Outcome::Encoded { bytes, animated }) = outcomes.next() else {
                return Err(RenderError::Unsupported);
            };
            limits.check_output(bytes.len())?;
            made.renditions.push(Rendered {
                bytes,
                media_type: resolved.media_type(animated),
                width: resolved.width,
                height: resolved.height,
                animated,
            });
        }
        if let Some(Outcome::Seen(details)) = outcomes.next() {
            made.details = Some(Details { pixels: (probe.width, probe.height), pages: source.pages(), ..*details });
        }
        Ok(made)
    }

    /// All that does not move. The largest come first: what is at most half as large is drawn from one of those.
    fn draw_stills(
        &mut self,
        source: &Source<'_>,
        works: &[Work<'_>],
        outcomes: &mut [Option<Outcome>],
        last_is_look: bool,
    ) -> Result<(), RenderError> {
        let mut order: Vec<usize> = (0..works.len()).filter(|at| outcomes[*at].is_none()).collect();
        if order.is_empty() {
            return Ok(());
        }
        order.sort_by_key(|at| std::cmp::Reverse(u64::from(works[*at].target.0) * u64::from(works[*at].target.1)));
        let needed: Vec<&Work<'_>> = order.iter().map(|at| &works[*at]).collect();
        let mut bases = vec![decode::decode(self, source, &needed)?];
        let legal = Legal::of(&source.tags);
        for (turn, at) in order.iter().enumerate() {
            let work = &works[*at];
            let base = bases.iter().rposition(|base| work.may_use(base)).unwrap_or(0);
            let is_last = turn + 1 == order.len();
            let scaled = if is_last && work.keeps(&bases[base]) {
                bases.swap_remove(base).raster
            } else {
                scale::scaled(self, work, &bases[base])?
            };
            if !is_last && work.is_whole() {
                bases.push(work.base(self.buffers.copy(&scaled)));
            }
            let raster = STEPS.iter().try_fold(scaled, |raster, step| step(self, work, raster))?;
            let outcome = if last_is_look && *at + 1 == works.len() {
                Outcome::Seen(Box::new(look::details(&raster, &source.tags)))
            } else {
                Outcome::Encoded { bytes: encode::encode(&raster, work.resolved, &legal)?, animated: false }
            };
            outcomes[*at] = Some(outcome);
            self.buffers.give_back(raster.pixels);
        }
        for base in bases {
            self.buffers.give_back(base.raster.pixels);
        }
        Ok(())
    }
}

/// What came of one work.
enum Outcome {
    Encoded { bytes: Bytes, animated: bool },
    Seen(Box<Details>),
}

impl<'a> Source<'a> {
    fn open(
        outfit: &Outfit,
        conversions: &mut Conversions,
        input: &'a [u8],
        limits: &'a Limits,
    ) -> Result<(Probe, Self), RenderError> {
        limits.check_input(input.len())?;
        let document = decode::document(input)?;
        let probe = match &document {
            Some(document) => document.probe()?,
            None => decode::measure(outfit, input).ok_or_else(|| unreadable(input))?,
        };
        let format = SourceFormat::from_media_type(&probe.media_type).ok_or(RenderError::Unsupported)?;
        if !format.is_drawing() {
            limits.check_pixels(probe.width, probe.height)?;
        }
        let tags = Tags::read(format, input);
        let conversion = tags.colour().and_then(|colour| conversions.to_srgb(colour));
        let orientation = Orientation::from_exif(probe.orientation);
        let size = probe.stored_size();
        Ok((probe, Self { input, format, orientation, size, document, tags, conversion, moving_pixels: 0, limits }))
    }

    /// How many pages there are, where there are pages.
    fn pages(&self) -> Option<u32> {
        self.document.as_ref().map(decode::Document::pages)
    }

    /// How large a drawing is to be for all of these: as the largest needs it, in the shape of the whole.
    fn size_to_draw(&self, works: &[&Work<'_>]) -> (u32, u32) {
        let ratio = |part: u32, target: u32| f64::from(target) / f64::from(part);
        let needed = works
            .iter()
            .map(|work| (ratio(work.region.width, work.target.0), ratio(work.region.height, work.target.1)));
        let (across, down) =
            needed.fold((0.0, 0.0), |most: (f64, f64), needed| (most.0.max(needed.0), most.1.max(needed.1)));
        let (width, height) = (f64::from(self.size.0) * across, f64::from(self.size.1) * down);
        // A small part of a drawing is not worth all the pixels of the whole: little of it made large would be drawn for half a minute.
        let targets = works.iter().map(|work| u64::from(work.target.0) * u64::from(work.target.1));
        let most = targets.max().unwrap_or_default().max(MAX_DRAWN_PIXELS).min(self.limits.max_pixels);
        let too_many = (width * height / most as f64).max(1.0).sqrt();
        let side = |side: f64| (side / too_many).round().clamp(1.0, f64::from(MAX_SIDE)) as u32;
        (side(width), side(height))
    }

    /// What was drawn of all of it.
    fn drawn(&self, raster: Raster) -> Base {
        let ratio = |drawn: u32, size: u32| f64::from(drawn) / f64::from(size);
        let (across, down) = (ratio(raster.width, self.size.0), ratio(raster.height, self.size.1));
        Base { raster, across, down }
    }
}

impl<'a> Work<'a> {
    fn new(source: &'a Source<'a>, resolved: &'a Resolved) -> Result<Self, RenderError> {
        if !resolved.is_sound() {
            return Err(RenderError::Unsupported);
        }
        source.limits.check_pixels(resolved.width, resolved.height)?;
        let region = Region::of(resolved.crop, source.orientation, source.size)?;
        let target = source.orientation.swapped((resolved.width, resolved.height));
        Ok(Self { source, resolved, region, target })
    }

    /// Whether all of the source is used.
    fn is_whole(&self) -> bool {
        (self.region.width, self.region.height) == self.source.size
    }

    /// Whether the part that is used has, at this scale, half as much again as the target along both sides: what is lost by
    /// decoding at that scale, or less carefully, is lost by making it smaller anyway.
    fn has_ample(&self, scale: f64) -> bool {
        let ample = |part: u32, target: u32| f64::from(part) * scale >= f64::from(target) * 1.5;
        ample(self.region.width, self.target.0) && ample(self.region.height, self.target.1)
    }

    /// Whether it can be drawn from these pixels of the whole source as well as from all of them: with two for each of its own
    /// along both sides, nobody sees a difference.
    fn may_use(&self, Base { raster, .. }: &Base) -> bool {
        self.is_whole() && raster.width >= 2 * self.target.0 && raster.height >= 2 * self.target.1
    }

    /// Whether these very pixels are what scaling would give.
    fn keeps(&self, Base { raster, .. }: &Base) -> bool {
        self.is_whole() && (raster.width, raster.height) == self.target
    }

    /// What was scaled for this, as something to draw others from.
    fn base(&self, scaled: Raster) -> Base {
        let ratio = |target: u32, source: u32| f64::from(target) / f64::from(source);
        let (across, down) = (ratio(self.target.0, self.source.size.0), ratio(self.target.1, self.source.size.1));
        Base { raster: scaled, across, down }
    }
}

/// Bytes that claim to be an image of ours are damaged; others are not ours.
fn unreadable(input: &[u8]) -> RenderError {
    match sniff(&input[..input.len().min(PROBE_HEAD_BYTES)]).and_then(|found| SourceFormat::from_media_type(&found)) {
        Some(_) => RenderError::Corrupt("no readable header".to_owned()),
        None => RenderError::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crop, Format};

    /// How large a drawing of 300 × 150 is drawn for a part of it in some size.
    fn drawn_for(crop: Option<Crop>, (width, height): (u32, u32)) -> (u32, u32) {
        let drawing = br#"<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150"/>"#;
        let (limits, mut engine) = (Limits::default(), Engine::default());
        let opened = Source::open(&engine.outfit, &mut engine.conversions, drawing, &limits);
        let (_, source) = opened.expect("a drawing");
        let resolved = Resolved { crop, ..Resolved::of_size(width, height, Format::Png) };
        let work = Work::new(&source, &resolved).expect("sound");
        source.size_to_draw(&[&work])
    }

    #[test]
    fn a_drawing_is_as_large_as_its_parts_are_worth() {
        let part = |width, height| Some(Crop { x: 10, y: 10, width, height });
        assert_eq!(drawn_for(None, (600, 300)), (600, 300));
        assert_eq!(drawn_for(part(100, 50), (600, 300)), (1_800, 900));
        // Of very little, made large, no more is drawn than of all that can be seen at once.
        let (width, height) = drawn_for(part(2, 2), (3_000, 3_000));
        assert!((31_000_000..=33_000_000).contains(&(u64::from(width) * u64::from(height))), "{width} x {height}");
        // What is wanted whole is drawn whole.
        assert_eq!(drawn_for(None, (14_000, 7_000)), (14_000, 7_000));
    }
}
