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
    if work.source.orientation.is_upright() {
        return Ok(raster);
    }
    let (width, height) = work.source.orientation.swapped((raster.width, raster.height));
    let mut turned = engine.buffers.blank(width, height, raster.layout);
    match raster.layout {
        Layout::Gray => turn::<1>(&raster, &mut turned, work.source.orientation),
        Layout::Rgb => turn::<3>(&raster, &mut turned, work.source.orientation),
        Layout::Rgba | Layout::Cmyk => turn::<4>(&raster, &mut turned, work.source.orientation),
    }
    engine.buffers.give_back(raster.pixels);
    Ok(turned)
}

/// Copies every pixel of `N` bytes to its place.
fn turn<const N: usize>(stored: &Raster, displayed: &mut Raster, orientation: Orientation) {
    let (source, _) = stored.pixels.as_chunks::<N>();
    let (target, _) = displayed.pixels.as_chunks_mut::<N>();
    if orientation.swap {
        transpose(source, target, orientation, (stored.width as usize, stored.height as usize));
    } else {
        mirror(source, target, orientation, stored.width as usize);
    }
}

/// Row by row, each as it is or from its end.
fn mirror<P: Copy>(source: &[P], target: &mut [P], orientation: Orientation, width: usize) {
    let last = source.len() / width - 1;
    for (y, row) in target.chunks_exact_mut(width).enumerate() {
        let line = if orientation.mirror_y { last - y } else { y };
        row.copy_from_slice(&source[line * width..][..width]);
        if orientation.mirror_x {
            row.reverse();
        }
    }
}

/// Rows become columns, a square after the other: along a whole column of a large image each pixel is in another page of memory.
fn transpose<P: Copy>(source: &[P], target: &mut [P], orientation: Orientation, stored: (usize, usize)) {
    // Of 16 to 128 tried, the one that is best for small and large images, whichever side is mirrored.
    const SQUARE: usize = 16;
    let (stored_width, stored_height) = stored;
    let (width, height) = (stored_height, stored_width);
    for left in (0..width).step_by(SQUARE) {
        let columns = left..width.min(left + SQUARE);
        for top in (0..height).step_by(SQUARE) {
            for y in top..height.min(top + SQUARE) {
                let column = if orientation.mirror_x { stored_width - 1 - y } else { y };
                let row = &mut target[y * width..][columns.clone()];
                for (x, pixel) in columns.clone().zip(row) {
                    let line = if orientation.mirror_y { stored_height - 1 - x } else { x };
                    *pixel = source[line * stored_width + column];
                }
            }
        }
    }
}
