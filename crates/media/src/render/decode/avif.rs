//! AVIF to pixels: still or the frames of a sequence. More than eight bits a sample are rounded to eight.

use super::{
    super::{Base, Engine, Source, Work, libavif::AvifDecoder, raster::Layout},
    Budget, Frame, Frames, check_size, shown_ms,
};
use crate::RenderError;

/// Decodes the image, or the first of a sequence.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>, works: &[&Work<'_>]) -> Result<Base, RenderError> {
    let mut decoder = open(source)?;
    decoder.decode_next().ok_or_else(damaged)?;
    let layout = if decoder.alpha { Layout::Rgba } else { Layout::Rgb };
    let mut raster = engine.buffers.blank(decoder.width, decoder.height, layout);
    let coarse = works.iter().all(|work| work.has_ample(1.0));
    if decoder.pixels(decoder.alpha, coarse, &mut raster.pixels) { Ok(Base::full(raster)) } else { Err(damaged()) }
}

/// The frames, where there are several within the limits.
pub(super) fn frames<'a>(source: &'a Source<'_>) -> Result<Option<Box<dyn Frames + 'a>>, RenderError> {
    let decoder = open(source)?;
    let mut budget = Budget::of(source);
    if (0..decoder.frames).any(|_| !budget.take(0, 0)) || budget.several().is_none() {
        return Ok(None);
    }
    let (width, height) = source.size;
    Ok(Some(Box::new(AvifFrames {
        decoder,
        left: budget.frames(),
        canvas: vec![0; width as usize * height as usize * 4],
    })))
}

/// Where decoding is.
struct AvifFrames<'a> {
    decoder: AvifDecoder<'a>,
    left: u32,
    canvas: Vec<u8>,
}

impl Frames for AvifFrames<'_> {
    fn loops(&self) -> u32 {
        self.decoder.loops
    }

    fn next(&mut self) -> Result<Option<Frame<'_>>, RenderError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let delay_ms = self.decoder.decode_next().ok_or_else(damaged)?;
        if !self.decoder.pixels(true, false, &mut self.canvas) {
            return Err(damaged());
        }
        Ok(Some(Frame { canvas: &self.canvas, delay_ms: shown_ms(delay_ms) }))
    }
}

fn open<'a>(source: &Source<'a>) -> Result<AvifDecoder<'a>, RenderError> {
    let decoder = AvifDecoder::open(source.input, source.limits).ok_or_else(damaged)?;
    check_size(source, decoder.width, decoder.height)?;
    Ok(decoder)
}

fn damaged() -> RenderError {
    RenderError::Corrupt("cannot be decoded".to_owned())
}
