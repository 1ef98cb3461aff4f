//! Bytes to pixels, by format. Each decoder trusts only what it has checked against the limits.

mod apng;
mod avif;
mod bmp;
mod canvas;
mod fax;
mod gif;
mod heif;
mod jpeg;
mod pdf;
mod png;
mod svg;
mod tiff;
mod webp;

use std::num::NonZeroU64;

pub(super) use self::pdf::Document;
use super::{Engine, Source, Work, outfit::Outfit, scale::Base};
use crate::{
    PROBE_HEAD_BYTES, Probe, RenderError, SourceFormat,
    probe::{self, probe},
    sniff,
};

/// Memory that a decoder may take for other things than pixels: metadata, rows.
const SIDE_BYTES: NonZeroU64 = NonZeroU64::new(64 * 1024 * 1024).expect("it is not zero");

/// Shorter delays than this are shown as [`USUAL_DELAY_MS`], as browsers do: too many files state 0 and mean nothing by it.
const SHORTEST_DELAY_MS: u32 = 11;

/// What browsers make of too short a delay.
const USUAL_DELAY_MS: u32 = 100;

/// Decodes the first frame. It may come smaller than the source where the decoder scales, but never smaller than what any of
/// the works needs. There is at least one.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>, works: &[&Work<'_>]) -> Result<Base, RenderError> {
    match source.format {
        SourceFormat::Jpeg => jpeg::decode(engine, source, works),
        SourceFormat::Png => png::decode(engine, source).map(Base::full),
        SourceFormat::Webp => webp::decode(engine, source, works).map(Base::full),
        SourceFormat::Gif => gif::decode(source).map(Base::full),
        SourceFormat::Avif => avif::decode(engine, source, works),
        SourceFormat::Heif => heif::decode(engine, source).map(Base::full),
        SourceFormat::Tiff => tiff::decode(engine, source).map(Base::full),
        SourceFormat::Bmp => bmp::decode(engine, source).map(Base::full),
        SourceFormat::Svg => svg::decode(&engine.outfit, source, works),
        SourceFormat::Pdf => pdf::decode(source, works),
    }
}

/// The document, if these bytes are one: it is read once, to be measured and to be drawn.
pub(super) fn document(input: &[u8]) -> Result<Option<Document>, RenderError> {
    if sniffed(input) == Some(SourceFormat::Pdf) { Document::open(input).map(Some) } else { Ok(None) }
}

/// What the whole file says of the image, where its head does not.
pub(super) fn measure(outfit: &Outfit, input: &[u8]) -> Option<Probe> {
    match (probe(input), sniffed(input)) {
        (Some(probe), _) => Some(probe),
        (None, Some(SourceFormat::Tiff)) => tiff::measure(input),
        (None, Some(SourceFormat::Svg)) => svg::measure(outfit, input),
        (None, Some(SourceFormat::Avif | SourceFormat::Heif)) => probe::whole_heif(input),
        (
            None,
            Some(
                SourceFormat::Jpeg
                | SourceFormat::Png
                | SourceFormat::Webp
                | SourceFormat::Gif
                | SourceFormat::Bmp
                | SourceFormat::Pdf,
            )
            | None,
        ) => None,
    }
}

fn sniffed(input: &[u8]) -> Option<SourceFormat> {
    SourceFormat::from_media_type(&sniff(&input[..input.len().min(PROBE_HEAD_BYTES)])?)
}

/// The decoder found another size than the header that the limits were checked on.
fn check_size(source: &Source<'_>, width: u32, height: u32) -> Result<(), RenderError> {
    if (width, height) == source.size { Ok(()) } else { Err(RenderError::Corrupt("two sizes are stated".to_owned())) }
}

/// The frames of an animation, each as the whole canvas looks while it is shown.
pub(super) trait Frames {
    /// How often it is played; 0 is for ever.
    fn loops(&self) -> u32;

    /// The next frame; `None` behind the last.
    fn next(&mut self) -> Result<Option<Frame<'_>>, RenderError>;
}

/// One frame.
pub(super) struct Frame<'a> {
    /// The whole canvas, four bytes a pixel with opacity, not premultiplied.
    pub canvas: &'a [u8],
    /// For how long it is shown.
    pub delay_ms: u32,
}

/// The frames, if there are several and no more than the limits allow. They are counted in the file's structure before any
/// is decoded, whatever its header says about their number.
pub(super) fn frames<'a>(source: &'a Source<'_>) -> Result<Option<Box<dyn Frames + 'a>>, RenderError> {
    match source.format {
        SourceFormat::Png => apng::frames(source),
        SourceFormat::Webp => webp::frames(source),
        SourceFormat::Gif => gif::frames(source),
        SourceFormat::Avif => avif::frames(source),
        SourceFormat::Jpeg
        | SourceFormat::Heif
        | SourceFormat::Tiff
        | SourceFormat::Bmp
        | SourceFormat::Svg
        | SourceFormat::Pdf => Ok(None),
    }
}

/// For how long a browser shows a frame that states this delay.
fn shown_ms(stated_ms: u32) -> u32 {
    if stated_ms < SHORTEST_DELAY_MS { USUAL_DELAY_MS } else { stated_ms }
}

/// Counts frames and their pixels against the limits.
struct Budget {
    canvas_pixels: u64,
    frames: u32,
    max_frames: u32,
    left_pixels: u64,
}

impl Budget {
    fn of(source: &Source<'_>) -> Self {
        let (width, height) = source.size;
        Self {
            // What is drawn of each frame may be more work than the frame.
            canvas_pixels: (u64::from(width) * u64::from(height)).max(source.moving_pixels),
            frames: 0,
            max_frames: source.limits.max_frames,
            left_pixels: source.limits.max_animation_pixels,
        }
    }

    /// One frame more of this size, which costs a canvas even if it is smaller; false when that is too much.
    fn take(&mut self, width: u32, height: u32) -> bool {
        let pixels = (u64::from(width) * u64::from(height)).max(self.canvas_pixels);
        let Some(left) = self.left_pixels.checked_sub(pixels) else { return false };
        self.left_pixels = left;
        self.frames += 1;
        self.frames <= self.max_frames
    }

    fn frames(&self) -> u32 {
        self.frames
    }

    /// How many there are, if that makes an animation.
    fn several(&self) -> Option<u32> {
        (self.frames > 1).then_some(self.frames)
    }
}
