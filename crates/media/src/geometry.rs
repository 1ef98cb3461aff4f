//! Sizes from sizes: whole-number arithmetic that rounds to nearest and cannot overflow. It knows no formats.

use crate::{
    Crop, Focus, Plan,
    plan::{MAX_SIDE, Resize},
};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub width: u32,
    pub height: u32,
}

/// The part of `source` to use, if not all, and the size it becomes. A size that does not change is not capped.
pub(crate) fn target(plan: &Plan, source: Size) -> (Option<Crop>, Size) {
    let whole = Crop { x: 0, y: 0, width: source.width, height: source.height };
    let chosen = plan.crop.and_then(|crop| inside(crop, source)).unwrap_or(whole);
    let (crop, size) = fitted(plan, chosen);
    ((crop != whole).then_some(crop), size)
}

/// What of the part lies inside.
fn inside(part: Crop, source: Size) -> Option<Crop> {
    let width = part.width.min(source.width.checked_sub(part.x)?);
    let height = part.height.min(source.height.checked_sub(part.y)?);
    (width > 0 && height > 0).then_some(Crop { width, height, ..part })
}

/// The part of the chosen one that is used, and the size it becomes.
fn fitted(plan: &Plan, chosen: Crop) -> (Crop, Size) {
    let (enlarge, source) = (plan.enlarge, Size { width: chosen.width, height: chosen.height });
    let by = |part: u32, whole: u32| scaled(source, part, whole, enlarge);
    let size = match plan.resize {
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
            return cover(plan, chosen, Size { width: width.max(1), height: height.max(1) });
        }
    };
    (chosen, size)
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

/// The part of the chosen one with the aspect ratio of `frame`, as near to the focus as it goes, and `frame` itself or, where
/// that would enlarge, the part's own size.
fn cover(plan: &Plan, chosen: Crop, frame: Size) -> (Crop, Size) {
    let Focus { x, y } = plan.focus;
    let part = if wider(Size { width: chosen.width, height: chosen.height }, frame) {
        let width = share(chosen.height, frame.width, frame.height).min(chosen.width);
        Crop { x: chosen.x + around(x, chosen.width, width), width, ..chosen }
    } else {
        let height = share(chosen.width, frame.height, frame.width).min(chosen.height);
        Crop { y: chosen.y + around(y, chosen.height, height), height, ..chosen }
    };
    let enlarges = frame.width > part.width || frame.height > part.height;
    (part, if enlarges && !plan.enlarge { Size { width: part.width, height: part.height } } else { frame })
}

/// Where a stretch of `len` begins whose middle is as near as can be to `focus` thousandths of `whole`.
fn around(focus: u16, whole: u32, len: u32) -> u32 {
    let centre = u64::from(whole) * u64::from(focus.min(1000)) * 2;
    let start = centre.saturating_sub(u64::from(len) * 1000) / 2000;
    u32::try_from(start).unwrap_or(u32::MAX).min(whole - len)
}
