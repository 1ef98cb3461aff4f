//! WebP to pixels: lossy or lossless, the first frame where there are several.

use super::{
    super::{Engine, Raster, Work, libwebp, raster::Layout},
    check_size,
};
use crate::RenderError;

/// Decodes the image or first frame.
pub(super) fn decode(engine: &mut Engine, work: &Work<'_>, input: &[u8]) -> Result<Raster, RenderError> {
    let features = libwebp::features(input).ok_or_else(|| RenderError::Corrupt("no readable header".to_owned()))?;
    check_size(work, features.width, features.height)?;
    let layout = if features.alpha || features.animated { Layout::Rgba } else { Layout::Rgb };
    let mut raster = engine.buffers.blank(features.width, features.height, layout);
    let decoded = match (features.animated, layout) {
        (true, _) => libwebp::decode_first_frame(input, &mut raster.pixels),
        (false, Layout::Rgba) => libwebp::decode_rgba(input, raster.width, &mut raster.pixels),
        (false, _) => libwebp::decode_rgb(input, raster.width, &mut raster.pixels),
    };
    if decoded { Ok(raster) } else { Err(RenderError::Corrupt("cannot be decoded".to_owned())) }
}
