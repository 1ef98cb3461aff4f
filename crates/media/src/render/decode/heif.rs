//! HEIC and kin to pixels, by the system's libheif. More than eight bits a sample are rounded to eight.

use super::{
    super::{
        Engine, Source,
        raster::{Layout, Raster},
    },
    check_size,
};
use crate::{
    RenderError,
    probe::heif::{self, Aperture},
};

/// Decodes the main image. The library leaves it as it is stored: it is cut to its aperture here, and turned later as all others are.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>) -> Result<Raster, RenderError> {
    let Engine { outfit, buffers, .. } = engine;
    let library = outfit.libheif.as_ref().map_err(|_| RenderError::Unsupported)?;
    let header = heif::read(source.input).ok_or_else(damaged)?;
    let Aperture { left, top, width, height } = header.aperture;
    check_size(source, width, height)?;
    // What is cut off costs as much as what is seen.
    source.limits.check_pixels(header.coded.0, header.coded.1)?;
    let decoded = library.decode(source.input, header.coded, source.limits)?;
    if (decoded.width, decoded.height) != header.coded {
        return Err(RenderError::Corrupt("two sizes are stated".to_owned()));
    }
    let layout = if decoded.alpha { Layout::Rgba } else { Layout::Rgb };
    let mut raster = buffers.blank(width, height, layout);
    let (skipped, row_bytes) = (left as usize * layout.bytes(), width as usize * layout.bytes());
    let rows = decoded.rows().ok_or_else(damaged)?.skip(top as usize);
    for (into, row) in raster.pixels.chunks_exact_mut(row_bytes).zip(rows) {
        into.copy_from_slice(row.get(skipped..skipped + row_bytes).ok_or_else(damaged)?);
    }
    if decoded.premultiplied {
        divide(&mut raster.pixels);
    }
    Ok(raster)
}

/// Takes opacity out of the colours.
fn divide(pixels: &mut [u8]) {
    for [red, green, blue, alpha] in pixels.as_chunks_mut::<4>().0 {
        for part in [red, green, blue] {
            // What can not be seen has no colour.
            let whole = (u32::from(*part) * 255 + u32::from(*alpha) / 2).checked_div(u32::from(*alpha)).unwrap_or(0);
            *part = whole.min(255) as u8;
        }
    }
}

fn damaged() -> RenderError {
    RenderError::Corrupt("cannot be decoded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_what_they_were_before_they_were_multiplied() {
        let mut pixels = [128, 64, 0, 128, 9, 9, 9, 0, 200, 1, 0, 100, 1, 2, 3, 255];
        divide(&mut pixels);
        assert_eq!(pixels, [255, 128, 0, 128, 0, 0, 0, 0, 255, 3, 0, 100, 1, 2, 3, 255]);
    }
}
