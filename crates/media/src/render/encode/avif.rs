//! Pixels to AVIF, by rav1e: on request only, because it takes a hundred times as long as the others.

use ravif::{Encoder, Img};
use rgb::FromSlice;

use super::{
    super::raster::{Layout, Raster},
    cannot_encode,
};
use crate::RenderError;

/// Of 1 to 10, where 10 is the quickest.
const SPEED: u8 = 9;

/// Encodes in grey, three or four channels; the EXIF block goes with it.
pub(super) fn still(raster: &Raster, quality: u8, exif: Option<Vec<u8>>) -> Result<Vec<u8>, RenderError> {
    let (width, height) = (raster.width as usize, raster.height as usize);
    let encoder = Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality.saturating_add(10).min(100)))
        .with_speed(SPEED)
        .with_num_threads(Some(1));
    let encoder = match exif {
        // How far behind this number the block begins: given with it, both are written in one piece.
        Some(exif) => encoder.with_exif([&[0; 4], exif.as_slice()].concat()),
        None => encoder,
    };
    let encoded = match raster.layout {
        Layout::Rgb => encoder.encode_rgb(Img::new(raster.pixels.as_rgb(), width, height)),
        Layout::Rgba => encoder.encode_rgba(Img::new(raster.pixels.as_rgba(), width, height)),
        Layout::Gray | Layout::Cmyk => return Err(RenderError::Unsupported),
    };
    Ok(encoded.map_err(cannot_encode)?.avif_file)
}
