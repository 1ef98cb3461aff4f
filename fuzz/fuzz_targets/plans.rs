//! Any plan for any source: what it comes to is sound, within the source unless it may be larger, and its key is a name.
#![no_main]

use content::MediaType;
use libfuzzer_sys::{arbitrary::{Result, Unstructured}, fuzz_target};
use media::{Accepts, Crop, Focus, Format, MAX_SIDE, Plan, Probe, Resize, Resolution, Wanted};

/// One of each kind that plans tell apart, and one that is no image.
const TYPES: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/apng",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/heic",
    "image/tiff",
    "image/bmp",
    "image/svg+xml",
    "application/pdf",
    "text/plain",
];

fuzz_target!(|bytes: &[u8]| {
    if let Ok((plan, source)) = read(&mut Unstructured::new(bytes)) {
        check(&plan, &source);
    }
});

fn check(plan: &Plan, source: &Probe) {
    let Resolution::Render(resolved) = plan.resolve(source) else { return };
    assert!((1..=MAX_SIDE).contains(&resolved.width) && (1..=MAX_SIDE).contains(&resolved.height));
    if !plan.enlarge && !matches!(plan.resize, Resize::Exact { .. }) {
        assert!(resolved.width <= source.width && resolved.height <= source.height);
    }
    if let Some(crop) = resolved.crop {
        assert!(crop.width > 0 && u64::from(crop.x) + u64::from(crop.width) <= u64::from(source.width));
        assert!(crop.height > 0 && u64::from(crop.y) + u64::from(crop.height) <= u64::from(source.height));
    }
    assert!(resolved.key().len() < 120 && resolved.key().ends_with(resolved.format.extension()));
    assert_eq!(plan.resolve(source), plan.resolve(source));
}

fn read(from: &mut Unstructured<'_>) -> Result<(Plan, Probe)> {
    let media_type = MediaType::of(from.choose(&TYPES)?);
    let (width, height) = (from.arbitrary::<u32>()?.max(1), from.arbitrary::<u32>()?.max(1));
    let source = Probe { media_type, width, height, orientation: 1, animated: from.arbitrary()? };
    let (width, height) = from.arbitrary()?;
    let resize = match from.int_in_range(0..=8)? {
        0 => Resize::Original,
        1 => Resize::ShortSide(width),
        2 => Resize::Within { width, height },
        3 => Resize::AtLeast { width, height },
        4 => Resize::Width(width),
        5 => Resize::Height(height),
        6 => Resize::Exact { width, height },
        7 => Resize::Cover { width, height },
        _ => Resize::Percent(from.arbitrary()?),
    };
    let crop = from.arbitrary::<Option<(u32, u32, u32, u32)>>()?;
    let (x, y) = from.arbitrary()?;
    let format = match from.int_in_range(0..=2)? {
        0 => Wanted::Kept,
        1 => Wanted::Auto(Accepts { webp: from.arbitrary()? }),
        _ => Wanted::As(*from.choose(&Format::ALL)?),
    };
    let plan = Plan {
        crop: crop.map(|(x, y, width, height)| Crop { x, y, width, height }),
        resize,
        focus: Focus { x, y },
        enlarge: from.arbitrary()?,
        sharpen: from.arbitrary()?,
        flatten: from.arbitrary()?,
        format,
        quality: from.arbitrary()?,
        still: from.arbitrary()?,
    };
    Ok((plan, source))
}
