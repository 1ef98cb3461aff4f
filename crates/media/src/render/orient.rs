//! Turning and mirroring pixels as EXIF says. It knows where a stored pixel is displayed and nothing else.

use super::{Engine, Raster, Work, raster::Layout};
use crate::RenderError;

/// How stored pixels become displayed ones: the pixel displayed at (x, y) is stored at (x, y), swapped where `swap` says
/// so, and then counted from the far edge where mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation {
    pub swap: bool,
    /// The stored column is counted from the right.
    pub mirror_x: bool,
    /// The stored row is counted from the bottom.
    pub mirror_y: bool,
}

impl Orientation {
    /// The meaning of an EXIF orientation; anything but 2 to 8 is upright.
    pub const fn from_exif(value: u8) -> Self {
        let (swap, mirror_x, mirror_y) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, false, true),
            7 => (true, true, true),
            8 => (true, true, false),
            _ => (false, false, false),
        };
        Self { swap, mirror_x, mirror_y }
    }

    /// A width and height of displayed pixels as one of stored pixels, or the other way round.
    pub const fn swapped<T: Copy>(self, (width, height): (T, T)) -> (T, T) {
        if self.swap { (height, width) } else { (width, height) }
    }

    const fn is_upright(self) -> bool {
        !self.swap && !self.mirror_x && !self.mirror_y
    }
}

/// Brings the pixels into their displayed order.
pub(super) fn step(engine: &mut Engine, work: &Work<'_>, raster: Raster) -> Result<Raster, RenderError> {
    if work.orientation.is_upright() {
        return Ok(raster);
    }
    let (width, height) = work.orientation.swapped((raster.width, raster.height));
    let mut turned = engine.buffers.blank(width, height, raster.layout);
    match raster.layout {
        Layout::Gray => turn::<1>(&raster, &mut turned, work.orientation),
        Layout::Rgb => turn::<3>(&raster, &mut turned, work.orientation),
        Layout::Rgba => turn::<4>(&raster, &mut turned, work.orientation),
    }
    engine.buffers.give_back(raster.pixels);
    Ok(turned)
}

/// Copies every pixel of `N` bytes to its place.
fn turn<const N: usize>(stored: &Raster, displayed: &mut Raster, orientation: Orientation) {
    let (stored_width, stored_height) = (stored.width as usize, stored.height as usize);
    let width = displayed.width as usize;
    let (source, _) = stored.pixels.as_chunks::<N>();
    let (target, _) = displayed.pixels.as_chunks_mut::<N>();
    for (y, row) in target.chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (mut column, mut line) = if orientation.swap { (y, x) } else { (x, y) };
            if orientation.mirror_x {
                column = stored_width - 1 - column;
            }
            if orientation.mirror_y {
                line = stored_height - 1 - line;
            }
            *pixel = source[line * stored_width + column];
        }
    }
}
