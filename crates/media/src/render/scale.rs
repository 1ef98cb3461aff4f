//! Cutting out and resizing, in one pass. It knows nothing of formats; orientation only as a mapping of the part to use.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions,
    images::{Image, ImageRef},
};

use super::{
    Engine, Orientation, Raster, Work,
    raster::{Layout, View},
};
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

/// The whole source, at some scale.
#[derive(Debug)]
pub(super) struct Base {
    pub raster: Raster,
    /// Columns for each of the source's. Not what the widths come to: a decoder that halves an odd number of columns makes one
    /// of the last and of nothing.
    pub across: f64,
    /// Rows for each of the source's.
    pub down: f64,
}

impl Base {
    /// As large as the source.
    pub const fn full(raster: Raster) -> Self {
        Self { raster, across: 1.0, down: 1.0 }
    }
}

/// The wanted part of a source in the wanted size. Opacity weighs the colours, so hidden ones do not bleed in.
pub(super) fn scaled(engine: &mut Engine, work: &Work<'_>, base: &Base) -> Result<Raster, RenderError> {
    part_scaled(engine, work, base.raster.view(), (base.across, base.down))
}

/// The same of pixels that are as large as the source.
pub(super) fn scaled_from_full(engine: &mut Engine, work: &Work<'_>, pixels: View<'_>) -> Result<Raster, RenderError> {
    part_scaled(engine, work, pixels, (1.0, 1.0))
}

fn part_scaled(
    engine: &mut Engine,
    work: &Work<'_>,
    pixels: View<'_>,
    (across, down): (f64, f64),
) -> Result<Raster, RenderError> {
    let (width, height) = work.target;
    let region = work.region;
    let reduces = region.width >= width && region.height >= height;
    let filter = if reduces { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let left = f64::from(region.x) * across;
    let top = f64::from(region.y) * down;
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(pixels.layout == Layout::Rgba).crop(
            left,
            top,
            // Rounding must not carry the far edge over the image's.
            (f64::from(region.width) * across).min(f64::from(pixels.width) - left),
            (f64::from(region.height) * down).min(f64::from(pixels.height) - top),
        );
    let mut scaled = engine.buffers.blank(width, height, pixels.layout);
    let kind = pixels.layout.pixel_type();
    let source = ImageRef::new(pixels.width, pixels.height, pixels.pixels, kind).map_err(cannot_scale)?;
    let mut target = Image::from_slice_u8(width, height, &mut scaled.pixels, kind).map_err(cannot_scale)?;
    engine.resizer.resize(&source, &mut target, &options).map_err(cannot_scale)?;
    Ok(scaled)
}

fn cannot_scale(error: impl std::fmt::Display) -> RenderError {
    RenderError::Corrupt(format!("cannot be scaled: {error}"))
}
