//! WebP to pixels: lossy or lossless, still or the frames of an animation.

use std::borrow::Cow;

use super::{
    super::{
        Engine, Raster, Source, Work,
        libwebp::{self, AnimationDecoder},
        raster::Layout,
    },
    Budget, Frame, Frames, check_size, shown_ms,
};
use crate::{RenderError, probe::webp::Chunks};

/// Decodes the image or first frame, in full: the library's own scaling takes as long as ours of all pixels, and shows.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>, works: &[&Work<'_>]) -> Result<Raster, RenderError> {
    let input = source.input;
    let features = libwebp::features(input).ok_or_else(|| RenderError::Corrupt("no readable header".to_owned()))?;
    check_size(source, features.width, features.height)?;
    if features.animated {
        let mut frames = WebpFrames::open(source)?;
        let (frame, _) = frames.decoder.next().ok_or_else(damaged)?;
        let mut raster = engine.buffers.blank(features.width, features.height, Layout::Rgba);
        raster.pixels.copy_from_slice(frame);
        return Ok(raster);
    }
    let layout = if features.alpha { Layout::Rgba } else { Layout::Rgb };
    let mut raster = engine.buffers.blank(features.width, features.height, layout);
    let coarse = works.iter().all(|work| work.has_ample(1.0));
    let decoded = libwebp::decode(input, raster.width, features.alpha, coarse, &mut raster.pixels);
    if decoded { Ok(raster) } else { Err(damaged()) }
}

/// The frames, where there are several within the limits.
pub(super) fn frames<'a>(source: &'a Source<'_>) -> Result<Option<Box<dyn Frames + 'a>>, RenderError> {
    let mut budget = Budget::of(source);
    // A frame is no larger than the canvas.
    if Chunks::of(source.input).any(|chunk| chunk.name == *b"ANMF" && !budget.take(0, 0)) {
        return Ok(None);
    }
    match budget.several() {
        Some(_) => Ok(Some(Box::new(WebpFrames::open(source)?))),
        None => Ok(None),
    }
}

/// Where decoding is.
struct WebpFrames<'a> {
    decoder: AnimationDecoder<'a>,
    /// When the last frame's time is over.
    end_ms: u32,
}

impl<'a> WebpFrames<'a> {
    fn open(source: &Source<'a>) -> Result<Self, RenderError> {
        let decoder = AnimationDecoder::open(whole_part(source.input)).ok_or_else(damaged)?;
        check_size(source, decoder.width, decoder.height)?;
        Ok(Self { decoder, end_ms: 0 })
    }
}

impl Frames for WebpFrames<'_> {
    fn loops(&self) -> u32 {
        self.decoder.loops
    }

    fn next(&mut self) -> Result<Option<Frame<'_>>, RenderError> {
        if self.decoder.is_at_end() {
            return Ok(None);
        }
        let (canvas, end_ms) = self.decoder.next().ok_or_else(damaged)?;
        let delay_ms = end_ms.saturating_sub(self.end_ms);
        self.end_ms = end_ms;
        Ok(Some(Frame { canvas, delay_ms: shown_ms(delay_ms) }))
    }
}

/// The file up to the last frame that is wholly there. The library takes none that is shorter than it states.
fn whole_part(input: &[u8]) -> Cow<'_, [u8]> {
    let stated = input.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |len| u64::from(u32::from_le_bytes(*len)) + 8);
    if stated <= input.len() as u64 {
        return Cow::Borrowed(input);
    }
    let whole = Chunks::of(input).filter(|chunk| chunk.body.is_some() && chunk.end <= input.len()).last();
    let Some(len) = whole.and_then(|chunk| u32::try_from(chunk.end - 8).ok()) else { return Cow::Borrowed(input) };
    let mut part = input[..len as usize + 8].to_vec();
    part[4..8].copy_from_slice(&len.to_le_bytes());
    Cow::Owned(part)
}

fn damaged() -> RenderError {
    RenderError::Corrupt("cannot be decoded".to_owned())
}
