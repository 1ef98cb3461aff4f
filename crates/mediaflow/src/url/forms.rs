//! What is asked of a download: a part, a size, a format; and the text that a lasting URL says it by.

use library::{Crop, Format, Plan, Resize, Wanted};

use super::{BadParameter, is_true};

/// Nobody gets more than this by naming a size, in pixels.
const MAX_SIDE: u32 = 4_096;

/// What `x1`, `y1`, `x2`, `y2`, `sw`, `sh`, `w`, `h`, `stretch` and `format` ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cut {
    /// Left, top, right and bottom edge, in the coordinates of a picture so wide and high that was shown.
    pub part: Option<([u32; 4], (u32, u32))>,
    /// Width and height of the result; zero: follows from the other.
    pub size: Option<(u32, u32)>,
    /// Whether the result has exactly that size, whatever the part's proportions.
    pub stretch: bool,
    /// The format of the result.
    pub format: Option<Format>,
}

/// Reads the parameters, by name.
///
/// # Errors
/// When one of them is no number or makes no sense.
pub fn parse_cut<'a>(get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Cut, BadParameter> {
    let number = |name: &'static str| -> Result<Option<u32>, BadParameter> {
        let Some(text) = get(name).map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        // Browsers compute these, and fractions come out.
        let value: f64 = text.parse().map_err(|_| BadParameter::new(name, "not a number"))?;
        if !value.is_finite() || !(-0.5..=1_000_000.0).contains(&value) {
            return Err(BadParameter::new(name, "out of range"));
        }
        Ok(Some(value.round().max(0.0) as u32))
    };
    let edges = [number("x1")?, number("y1")?, number("x2")?, number("y2")?];
    let shown = (number("sw")?, number("sh")?);
    let part = match (edges, shown) {
        ([None, None, None, None], _) => None,
        ([Some(left), Some(top), Some(right), Some(bottom)], (Some(width), Some(height))) => {
            if right <= left || bottom <= top {
                return Err(BadParameter::new("x2", "the part has no area"));
            }
            if width == 0 || height == 0 || left >= width || top >= height {
                return Err(BadParameter::new("sw", "the part lies outside"));
            }
            Some(([left, top, right.min(width), bottom.min(height)], (width, height)))
        }
        _ => return Err(BadParameter::new("x1", "x1, y1, x2, y2, sw and sh belong together")),
    };
    let sides = (number("w")?.unwrap_or(0), number("h")?.unwrap_or(0));
    if sides.0 > MAX_SIDE || sides.1 > MAX_SIDE {
        return Err(BadParameter::new("w", "larger than 4096"));
    }
    let format = match get("format").map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(name) => Some(format_of(name).ok_or(BadParameter::new("format", "jpg, png, webp or gif"))?),
    };
    let size = (sides != (0, 0)).then_some(sides);
    Ok(Cut { part, size, stretch: get("stretch").is_some_and(is_true), format })
}

fn format_of(name: &str) -> Option<Format> {
    match name.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Some(Format::Jpeg),
        "png" => Some(Format::Png),
        "webp" => Some(Format::Webp),
        "gif" => Some(Format::Gif),
        _ => None,
    }
}

/// The plan for a source of that size; none where nothing is asked for.
#[must_use]
pub fn plan_of(cut: &Cut, source: Option<(u32, u32)>) -> Option<Plan> {
    if *cut == (Cut { stretch: cut.stretch, ..Cut::default() }) {
        return None;
    }
    let crop =
        cut.part.zip(source).map(|(([left, top, right, bottom], (shown_width, shown_height)), (width, height))| {
            let scaled = |at: u32, shown: u32, whole: u32| {
                let scaled = (u64::from(at) * u64::from(whole) + u64::from(shown) / 2) / u64::from(shown);
                u32::try_from(scaled).unwrap_or(whole).min(whole)
            };
            let (x, y) = (scaled(left, shown_width, width), scaled(top, shown_height, height));
            let (x, y) = (x.min(width.saturating_sub(1)), y.min(height.saturating_sub(1)));
            let (end, foot) = (scaled(right, shown_width, width), scaled(bottom, shown_height, height));
            Crop { x, y, width: end.saturating_sub(x).max(1), height: foot.saturating_sub(y).max(1) }
        });
    let resize = match (cut.size, cut.stretch) {
        (None, _) => Resize::Original,
        (Some((width, 0)), _) => Resize::Width(width),
        (Some((0, height)), _) => Resize::Height(height),
        (Some((width, height)), true) => Resize::Exact { width, height },
        (Some((width, height)), false) => Resize::Within { width, height },
    };
    Some(Plan {
        crop,
        resize,
        // Who names a size gets it.
        enlarge: cut.size.is_some(),
        sharpen: true,
        format: cut.format.map_or(Wanted::Kept, Wanted::As),
        ..Plan::ORIGINAL
    })
}

impl Cut {
    /// Letters, digits, `-` and `.`: `c10-20-300-200-640-480.w800-600.s.fjpg`; `o` where nothing is asked for.
    #[must_use]
    pub fn to_form(&self) -> String {
        let mut words = Vec::new();
        if let Some(([left, top, right, bottom], (width, height))) = self.part {
            words.push(format!("c{left}-{top}-{right}-{bottom}-{width}-{height}"));
        }
        if let Some((width, height)) = self.size {
            words.push(format!("w{width}-{height}"));
        }
        if self.stretch {
            words.push("s".to_owned());
        }
        if let Some(format) = self.format {
            words.push(format!("f{}", format.extension()));
        }
        if words.is_empty() { "o".to_owned() } else { words.join(".") }
    }

    /// Reads what [`Self::to_form`] wrote.
    #[must_use]
    pub fn from_form(form: &str) -> Option<Self> {
        let mut cut = Self::default();
        for word in form.split('.') {
            let numbers = || word[1..].split('-').map(|part| part.parse::<u32>().ok()).collect::<Option<Vec<_>>>();
            match word.as_bytes().first()? {
                b'o' if word == "o" => {}
                b's' if word == "s" => cut.stretch = true,
                b'c' => {
                    let [left, top, right, bottom, width, height] = numbers()?.try_into().ok()?;
                    (width > 0 && height > 0).then_some(())?;
                    cut.part = Some(([left, top, right, bottom], (width, height)));
                }
                b'w' => {
                    let [width, height] = numbers()?.try_into().ok()?;
                    cut.size = Some((width, height));
                }
                b'f' => cut.format = Some(format_of(&word[1..])?),
                _ => return None,
            }
        }
        Some(cut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(query: &str) -> Result<Cut, BadParameter> {
        let query = wire::Query::parse(query);
        parse_cut(|name| query.get(name))
    }

    #[test]
    fn parts_are_scaled_from_what_was_shown_to_what_there_is() {
        let cut = cut("x1=10&y1=20&x2=110&y2=70&sw=200&sh=100&w=50&h=25&format=png").expect("sound");
        let plan = plan_of(&cut, Some((2_000, 1_000))).expect("something");
        assert_eq!(plan.crop, Some(Crop { x: 100, y: 200, width: 1_000, height: 500 }));
        assert_eq!(plan.resize, Resize::Within { width: 50, height: 25 });
        assert_eq!(plan.format, Wanted::As(Format::Png));
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let resize = |query: &str| plan_of(&cut(query).expect("sound"), Some((100, 50))).map(|plan| plan.resize);
        assert_eq!(resize(""), None);
        assert_eq!(resize("stretch=1"), None);
        assert_eq!(resize("w=80"), Some(Resize::Width(80)));
        assert_eq!(resize("h=80&w=0"), Some(Resize::Height(80)));
        assert_eq!(resize("w=80&h=10&stretch=1"), Some(Resize::Exact { width: 80, height: 10 }));
        assert_eq!(resize("format=webp"), Some(Resize::Original));
        assert_eq!(resize("w=79.6&h=10.2"), Some(Resize::Within { width: 80, height: 10 }));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in [
            "x1=1",
            "x1=5&y1=5&x2=5&y2=9&sw=10&sh=10",
            "x1=0&y1=0&x2=5&y2=5&sw=0&sh=10",
            "w=x",
            "w=-3",
            "w=99999",
            "h=NaN",
            "format=exe",
            "x1=11&y1=0&x2=12&y2=5&sw=10&sh=10",
            "w=1e99",
        ] {
            assert!(cut(query).is_err(), "{query}");
        }
    }

    proptest! {
        #[test]
        fn forms_come_back(part: Option<([u32; 4], (u32, u32))>, size: Option<(u32, u32)>, stretch: bool, format in 0..5) {
            let part = part.map(|(edges, (width, height))| (edges, (width.max(1), height.max(1))));
            let format = [None, Some(Format::Jpeg), Some(Format::Png), Some(Format::Webp), Some(Format::Gif)][format as usize];
            let cut = Cut { part, size, stretch, format };
            prop_assert_eq!(Cut::from_form(&cut.to_form()), Some(cut));
        }

        #[test]
        fn any_query_is_read_and_any_plan_is_within_the_source(query in "[a-z0-9=&.-]{0,60}", form in ".{0,30}", size: (u16, u16)) {
            let source = (u32::from(size.0.max(1)), u32::from(size.1.max(1)));
            for cut in [cut(&query).ok(), Cut::from_form(&form)].into_iter().flatten() {
                if let Some(crop) = plan_of(&cut, Some(source)).and_then(|plan| plan.crop) {
                    prop_assert!(crop.x < source.0 && crop.y < source.1 && crop.width > 0 && crop.height > 0);
                }
            }
        }
    }
}
