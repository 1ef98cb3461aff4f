//! GIF to pixels: the first frame, on its canvas.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{
    super::{Engine, Raster, Work, raster::Layout},
    check_size,
};
use crate::RenderError;

/// Decodes the first frame; what it leaves of the canvas is transparent.
pub(super) fn decode(engine: &mut Engine, work: &Work<'_>, input: &[u8]) -> Result<Raster, RenderError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    let frame_bytes = work.limits.max_pixels.saturating_mul(4).max(1);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(frame_bytes).expect("at least one")));
    let mut decoder = options.read_info(input).map_err(failed)?;
    check_size(work, u32::from(decoder.width()), u32::from(decoder.height()))?;
    let frame = decoder
        .read_next_frame()
        .map_err(failed)?
        .ok_or_else(|| RenderError::Corrupt("it holds no frame".to_owned()))?;

    let mut canvas = engine.buffers.blank(work.source.0, work.source.1, Layout::Rgba);
    let canvas_width = canvas.width as usize;
    let (left, top, frame_width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
    // What lies outside the canvas is not shown.
    let shown = frame_width.min(canvas_width.saturating_sub(left));
    if shown > 0 {
        let rows = frame.buffer.chunks_exact(frame_width * 4);
        for (target, row) in canvas.pixels.chunks_exact_mut(canvas_width * 4).skip(top).zip(rows) {
            target[left * 4..(left + shown) * 4].copy_from_slice(&row[..shown * 4]);
        }
    }
    Ok(canvas)
}

fn failed(error: DecodingError) -> RenderError {
    match error {
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => RenderError::TooLarge,
        other => RenderError::Corrupt(other.to_string()),
    }
}
