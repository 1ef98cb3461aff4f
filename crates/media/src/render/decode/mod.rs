//! Bytes to pixels, by format. Each decoder trusts only what it has checked against the limits.

mod gif;
mod jpeg;
mod png;
mod webp;

use super::{Engine, Raster, Work};
use crate::{Format, RenderError};

/// Decodes the first frame. The raster may be smaller than the source where the decoder scales, but never smaller than
/// what the target needs.
pub(super) fn decode(
    engine: &mut Engine,
    format: Format,
    work: &Work<'_>,
    input: &[u8],
) -> Result<Raster, RenderError> {
    match format {
        Format::Jpeg => jpeg::decode(engine, work, input),
        Format::Png => png::decode(engine, work, input),
        Format::Webp => webp::decode(engine, work, input),
        Format::Gif => gif::decode(engine, work, input),
    }
}

/// The decoder found another size than the header that the limits were checked on.
fn check_size(work: &Work<'_>, width: u32, height: u32) -> Result<(), RenderError> {
    if (width, height) == work.source { Ok(()) } else { Err(RenderError::Corrupt("two sizes are stated".to_owned())) }
}
