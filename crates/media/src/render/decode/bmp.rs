//! BMP to pixels, by the field's own decoder.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageError, codecs::bmp::BmpDecoder};

use super::{
    super::{Engine, Raster, Source, raster::Layout},
    check_size,
};
use crate::RenderError;

/// Decodes the image.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>) -> Result<Raster, RenderError> {
    let decoder = BmpDecoder::new(Cursor::new(source.input)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    check_size(source, width, height)?;
    let layout = match decoder.color_type() {
        ColorType::L8 => Layout::Gray,
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        _ => return Err(RenderError::Unsupported),
    };
    let mut raster = engine.buffers.blank(width, height, layout);
    decoder.read_image(&mut raster.pixels).map_err(failed)?;
    Ok(raster)
}

fn failed(error: ImageError) -> RenderError {
    match error {
        ImageError::Limits(_) => RenderError::TooLarge,
        ImageError::Unsupported(_) => RenderError::Unsupported,
        other => RenderError::Corrupt(other.to_string()),
    }
}
