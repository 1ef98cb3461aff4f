//! Cutting out and resizing, in one pass. It knows nothing of formats; orientation only as a mapping of the part to use.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions,
    images::{Image, ImageRef},
};

use super::{Engine, Orientation, Raster, Work};
use crate::{Crop, RenderError};

/// A part of the source in stored pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Region {
    /// The part of the stored pixels that a crop of the displayed ones means; everything when there is none. `Unsupported`
    /// when it reaches outside, which no resolution against this source gives.
    pub fn of(crop: Option<Crop>, orientation: Orientation, stored: (u32, u32)) -> Result<Self, RenderError> {
        let Some(crop) = crop else { return Ok(Self { x: 0, y: 0, width: stored.0, height: stored.1 }) };
        let (x, y) = orientation.swapped((crop.x, crop.y));
        let (width, height) = orientation.swapped((crop.width, crop.height));
        let place = |offset: u32, len: u32, whole: u32, mirrored: bool| {
            let rest = whole.checked_sub(offset)?.checked_sub(len)?;
            Some(if mirrored { rest } else { offset })
        };
        let x = place(x, width, stored.0, orientation.mirror_x).ok_or(RenderError::Unsupported)?;
        let y = place(y, height, stored.1, orientation.mirror_y).ok_or(RenderError::Unsupported)?;
        Ok(Self { x, y, width, height })
    }
}

/// Scales the wanted part to the wanted size. Opacity weighs the colours, so hidden ones do not bleed in.
pub(super) fn step(engine: &mut Engine, work: &Work<'_>, raster: Raster) -> Result<Raster, RenderError> {
    let (width, height) = work.target;
    let whole = (work.region.width, work.region.height) == work.source;
    if whole && (raster.width, raster.height) == work.target {
        return Ok(raster);
    }
    // The decoder may have scaled already.
    let x_ratio = f64::from(raster.width) / f64::from(work.source.0);
    let y_ratio = f64::from(raster.height) / f64::from(work.source.1);
    let reduces = work.region.width >= width && work.region.height >= height;
    let filter = if reduces { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let left = f64::from(work.region.x) * x_ratio;
    let top = f64::from(work.region.y) * y_ratio;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        left,
        top,
        // Rounding must not carry the far edge over the image's.
        (f64::from(work.region.width) * x_ratio).min(f64::from(raster.width) - left),
        (f64::from(work.region.height) * y_ratio).min(f64::from(raster.height) - top),
    );
    let mut scaled = engine.buffers.blank(width, height, raster.layout);
    let kind = raster.layout.pixel_type();
    let source = ImageRef::new(raster.width, raster.height, &raster.pixels, kind).map_err(cannot_scale)?;
    let mut target = Image::from_slice_u8(width, height, &mut scaled.pixels, kind).map_err(cannot_scale)?;
    engine.resizer.resize(&source, &mut target, &options).map_err(cannot_scale)?;
    engine.buffers.give_back(raster.pixels);
    Ok(scaled)
}

fn cannot_scale(error: impl std::fmt::Display) -> RenderError {
    RenderError::Corrupt(format!("cannot be scaled: {error}"))
}
