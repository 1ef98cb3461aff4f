//! How an image looks at a glance, and what its EXIF block tells. It knows pixels and tags, no format.

use super::{
    Raster,
    raster::Layout,
    tags::{Tags, text},
};
use crate::{
    Details, Format, Probe, Resolved,
    probe::tiff::{Directory, Tag, Tiff},
};

/// A thumbhash is made of at most so many pixels a side.
const MAX_SIDE: u32 = 100;

/// A longer text from EXIF is cut.
const MAX_TEXT_BYTES: usize = 200;

/// Pixels whose channels are equal in so many upper bits count as one colour.
const COLOUR_BITS: u32 = 4;

const MAKE: Tag = 0x010F;
const MODEL: Tag = 0x0110;
const DATE_TIME: Tag = 0x0132;
const DATE_TIME_ORIGINAL: Tag = 0x9003;
const DATE_TIME_DIGITIZED: Tag = 0x9004;
const OFFSET_TIME: Tag = 0x9010;
const OFFSET_TIME_ORIGINAL: Tag = 0x9011;
const OFFSET_TIME_DIGITIZED: Tag = 0x9012;
const GPS_LATITUDE: Tag = 2;
const GPS_LONGITUDE: Tag = 4;

/// The small image that details are read from: upright, in sRGB, all of it.
pub(super) fn plan(probe: &Probe) -> Resolved {
    let longest = probe.width.max(probe.height).max(MAX_SIDE);
    let side = |side: u32| (u64::from(side) * u64::from(MAX_SIDE)).div_ceil(u64::from(longest)).max(1) as u32;
    Resolved {
        crop: None,
        width: side(probe.width).min(MAX_SIDE),
        height: side(probe.height).min(MAX_SIDE),
        // It is never encoded; this format keeps grey and opacity.
        format: Format::Png,
        quality: 0,
        sharpen: false,
        flatten: None,
        animated: false,
    }
}

/// What there is to tell.
pub(super) fn details(raster: &Raster, tags: &Tags<'_>) -> Details {
    let pixels = in_four_channels(raster);
    let tiff = tags.exif.as_deref().and_then(Tiff::read);
    let place = tiff.and_then(|tiff| place(tiff.gps()?));
    Details {
        // Those of the source are told elsewhere.
        pixels: (raster.width, raster.height),
        pages: None,
        thumbhash: thumbhash::rgba_to_thumb_hash(raster.width as usize, raster.height as usize, pixels.as_flattened()),
        dominant: dominant(&pixels),
        camera: tiff.and_then(camera),
        taken_at: tiff.and_then(taken_at),
        latitude_e7: place.map(|(latitude, _)| latitude),
        longitude_e7: place.map(|(_, longitude)| longitude),
    }
}

fn in_four_channels(raster: &Raster) -> Vec<[u8; 4]> {
    match raster.layout {
        Layout::Gray => raster.pixels.iter().map(|&gray| [gray, gray, gray, 255]).collect(),
        Layout::Rgb => raster.pixels.as_chunks().0.iter().map(|&[red, green, blue]| [red, green, blue, 255]).collect(),
        Layout::Rgba | Layout::Cmyk => raster.pixels.as_chunks().0.to_vec(),
    }
}

/// The average of the most frequent colours that are alike: the average of all would be one that no pixel has. White where
/// nothing is opaque.
fn dominant(pixels: &[[u8; 4]]) -> [u8; 3] {
    let mut bins = vec![[0_u64; 4]; 1 << (3 * COLOUR_BITS)];
    for &[red, green, blue, alpha] in pixels {
        let place =
            [red, green, blue].iter().fold(0, |at, part| at << COLOUR_BITS | usize::from(part >> (8 - COLOUR_BITS)));
        let weight = u64::from(alpha);
        let [reds, greens, blues, weights] = &mut bins[place];
        *reds += u64::from(red) * weight;
        *greens += u64::from(green) * weight;
        *blues += u64::from(blue) * weight;
        *weights += weight;
    }
    match bins.iter().max_by_key(|[.., weights]| *weights) {
        Some(&[reds, greens, blues, weights]) if weights > 0 => {
            [reds, greens, blues].map(|sum| ((sum + weights / 2) / weights) as u8)
        }
        _ => [255; 3],
    }
}

/// Maker and model. Many models begin with the maker's name.
fn camera(tiff: Tiff<'_>) -> Option<String> {
    let directory = tiff.main()?;
    let read = |tag| text(directory.field(tag)?.text()?, MAX_TEXT_BYTES);
    match (read(MAKE), read(MODEL)) {
        (Some(make), Some(model)) => {
            let first_word = |name: &str| name.split_whitespace().next().map(str::to_lowercase);
            if first_word(&make) == first_word(&model) {
                Some(model)
            } else {
                text(format!("{make} {model}").as_bytes(), MAX_TEXT_BYTES)
            }
        }
        (make, model) => model.or(make),
    }
}

/// The time of the picture itself, else that of its scan, else that of the file.
fn taken_at(tiff: Tiff<'_>) -> Option<String> {
    let (main, exif) = (tiff.main(), tiff.exif());
    let candidates = [
        (exif, DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL),
        (exif, DATE_TIME_DIGITIZED, OFFSET_TIME_DIGITIZED),
        (main, DATE_TIME, OFFSET_TIME),
    ];
    candidates.into_iter().find_map(|(directory, time, offset)| {
        let mut taken_at = date_time(directory?.field(time)?.text()?)?;
        if let Some(offset) = exif.and_then(|exif| offset_from_utc(exif.field(offset)?.text()?)) {
            taken_at.push_str(offset);
        }
        Some(taken_at)
    })
}

/// `2024:05:01 12:00:00` as ISO 8601, if there was such a day.
fn date_time(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.trim_end_matches(['\0', ' ']);
    let (date, time) = text.split_once(' ')?;
    let numbers = |text: &str, lens: [usize; 3]| {
        let mut parts = text.split(':');
        let numbers = lens.map(|len| {
            let part =
                parts.next().filter(|part| part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit()))?;
            part.parse::<u32>().ok()
        });
        parts.next().is_none().then_some(numbers)
    };
    let [Some(year), Some(month), Some(day)] = numbers(date, [4, 2, 2])? else { return None };
    let [Some(hour), Some(minute), Some(second)] = numbers(time, [2, 2, 2])? else { return None };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let exists = year > 0 && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    exists.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// `+02:00`, as it stands there.
fn offset_from_utc(text: &[u8]) -> Option<&str> {
    let text = str::from_utf8(text).ok()?.trim_end_matches(['\0', ' ']);
    let [b'+' | b'-', hour @ .., b':', minute_tens, minute] = text.as_bytes() else { return None };
    let digits = hour.len() == 2 && hour.iter().chain([minute_tens, minute]).all(u8::is_ascii_digit);
    // From 12 hours behind to 14 ahead.
    (digits && text[1..3].parse().is_ok_and(|hour: u8| hour <= 14) && *minute_tens < b'6').then_some(text)
}

/// Latitude and longitude in ten-millionths of a degree, if both are stated with their halves of the globe.
fn place(gps: Directory<'_>) -> Option<(i32, i32)> {
    let degrees = |tag: Tag, halves: [u8; 2], limit: f64| {
        // The half is stated in the field before.
        let half = *gps.field(tag - 1)?.text()?.first()?;
        let sign = [1.0, -1.0][halves.iter().position(|known| *known == half.to_ascii_uppercase())?];
        let [degrees, minutes, seconds] = gps.field(tag)?.fractions()?;
        let value = degrees? + minutes? / 60.0 + seconds? / 3600.0;
        (value <= limit).then(|| (sign * value * 1e7).round() as i32)
    };
    Some((degrees(GPS_LATITUDE, *b"NS", 90.0)?, degrees(GPS_LONGITUDE, *b"EW", 180.0)?))
}
