//! PNG to pixels: eight bits a sample, palettes expanded, the default image of an APNG.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{
    super::{Engine, Raster, Work, raster::Layout},
    check_size,
};
use crate::RenderError;

/// Memory for everything but the pixels: chunks of metadata, rows.
const SIDE_BYTES: usize = 64 * 1024 * 1024;

/// Decodes the image that stands in `IDAT`.
pub(super) fn decode(engine: &mut Engine, work: &Work<'_>, input: &[u8]) -> Result<Raster, RenderError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(input), Limits { bytes: SIDE_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(failed)?;
    check_size(work, reader.info().width, reader.info().height)?;
    let (color, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(RenderError::Unsupported);
    }
    let (width, height) = work.source;
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba | ColorType::GrayscaleAlpha => Layout::Rgba,
        ColorType::Indexed => return Err(RenderError::Unsupported),
    };
    let mut raster = engine.buffers.blank(width, height, layout);
    reader.next_frame(&mut raster.pixels).map_err(failed)?;
    if color == ColorType::GrayscaleAlpha {
        widen_gray_alpha(&mut raster.pixels);
    }
    Ok(raster)
}

/// Two bytes a pixel in the first half of the buffer become four in all of it; from the end, so that none is overwritten
/// before it is read.
fn widen_gray_alpha(pixels: &mut [u8]) {
    for pixel in (0..pixels.len() / 4).rev() {
        let (gray, alpha) = (pixels[2 * pixel], pixels[2 * pixel + 1]);
        pixels[4 * pixel..4 * pixel + 4].copy_from_slice(&[gray, gray, gray, alpha]);
    }
}

fn failed(error: DecodingError) -> RenderError {
    match error {
        DecodingError::LimitsExceeded => RenderError::TooLarge,
        other => RenderError::Corrupt(other.to_string()),
    }
}
