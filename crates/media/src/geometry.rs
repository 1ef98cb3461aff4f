//! Sizes from sizes: whole-number arithmetic that rounds to nearest and cannot overflow. It knows no formats.

use crate::{
    Crop,
    plan::{MAX_SIDE, Resize},
};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub width: u32,
    pub height: u32,
}

/// The part of `source` to use, if not all, and the size it becomes. A size that does not change is not capped.
pub(crate) fn target(resize: Resize, enlarge: bool, source: Size) -> (Option<Crop>, Size) {
    let by = |part: u32, whole: u32| scaled(source, part, whole, enlarge);
    let size = match resize {
        Resize::Original => source,
        Resize::ShortSide(side) => by(side, source.width.min(source.height)),
        Resize::Width(side) => by(side, source.width),
        Resize::Height(side) => by(side, source.height),
        Resize::Percent(percent) => by(u32::from(percent), 100),
        Resize::Within { width, height } => {
            if wider(source, Size { width, height }) {
                by(width, source.width)
            } else {
                by(height, source.height)
            }
        }
        Resize::AtLeast { width, height } => {
            if wider(source, Size { width, height }) {
                by(height, source.height)
            } else {
                by(width, source.width)
            }
        }
        Resize::Exact { width, height } => Size { width: width.clamp(1, MAX_SIDE), height: height.clamp(1, MAX_SIDE) },
        Resize::Cover { width, height } => {
            return cover(source, Size { width: width.max(1), height: height.max(1) }, enlarge);
        }
    };
    (None, size)
}

/// `size` fitted into the largest allowed square.
pub(crate) fn capped(size: Size) -> Size {
    scaled(size, MAX_SIDE, size.width.max(size.height), false)
}

/// Whether `a` has the larger ratio of width to height.
fn wider(a: Size, b: Size) -> bool {
    u64::from(a.width) * u64::from(b.height) > u64::from(b.width) * u64::from(a.height)
}

/// `size` times `part / whole`, where `whole` is not zero.
fn scaled(size: Size, part: u32, whole: u32, enlarge: bool) -> Size {
    if part == whole || (part > whole && !enlarge) {
        return size;
    }
    let longest = size.width.max(size.height);
    let too_long = u128::from(longest) * u128::from(part) > u128::from(MAX_SIDE) * u128::from(whole);
    let (part, whole) = if part > whole && too_long { (MAX_SIDE, longest) } else { (part, whole) };
    Size { width: share(size.width, part, whole), height: share(size.height, part, whole) }
}

/// `side * part / whole` to the nearest, at least 1.
fn share(side: u32, part: u32, whole: u32) -> u32 {
    let (product, whole) = (u128::from(side) * u128::from(part), u128::from(whole));
    let rounded = (2 * product + whole) / (2 * whole);
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

/// The central part with the aspect ratio of `frame`, and `frame` itself or, where that would enlarge, the part's own size.
fn cover(source: Size, frame: Size, enlarge: bool) -> (Option<Crop>, Size) {
    let part = if wider(source, frame) {
        Size { width: share(source.height, frame.width, frame.height).min(source.width), height: source.height }
    } else {
        Size { width: source.width, height: share(source.width, frame.height, frame.width).min(source.height) }
    };
    let crop = (part != source).then(|| Crop {
        x: (source.width - part.width) / 2,
        y: (source.height - part.height) / 2,
        width: part.width,
        height: part.height,
    });
    let enlarges = frame.width > part.width || frame.height > part.height;
    (crop, if enlarges && !enlarge { part } else { frame })
}
