//! The size grammar of `contents` (`640>?`, `large`, `320!320` …), `format` and `quality`, as a `Plan`.
//! It knows what is asked for, not the image that it is asked of.

use library::{Accepts, Format, Plan, Resize, Wanted};

use super::{BadParameter, present};

/// Longer sides are taken as this, in pixels: uploads are no larger either.
pub const MAX_SIDE: u32 = 3840;

/// The named sizes: the shortest side gets this many pixels.
const PRESETS: &[(&str, u32)] =
    &[("small", 640), ("medium", 960), ("large", 1366), ("xlarge", 1980), ("xxlarge", 2560), ("xxxlarge", MAX_SIDE)];

/// Makes a size of a width and a height.
type OfSides = fn(u32, u32) -> Resize;

/// What stands between two sides (or after `WxH`), and what it makes of them. Nothing here enlarges, except `!` by its
/// nature; `<` asks for enlarging only, so that nothing is left of it.
const OPERATORS: &[(char, OfSides)] = &[
    ('>', |width, height| Resize::Within { width, height }),
    ('x', |width, height| Resize::Within { width, height }),
    ('^', |width, height| Resize::AtLeast { width, height }),
    ('!', |width, height| Resize::Exact { width, height }),
    ('<', |_, _| Resize::Original),
];

/// Characters that some clients escape twice, and the space that a form's decoder may have left as `+`.
const LEFT_OVER: &[(&str, &str)] =
    &[("%3e", ">"), ("%3c", "<"), ("%5e", "^"), ("%21", "!"), ("%3f", "?"), ("%20", " "), ("+", " "), ("%25", "%")];

const MAX_SIZE_BYTES: usize = 64;

const BAD_SIZE: BadParameter = BadParameter {
    name: "size",
    accepted: "must be one of small, medium, large, xlarge, xxlarge, xxxlarge, or in pixels like 640>?, ?>480, 640>480, \
               640x480, 640^480, 640!480, 640<480 or 640, or a share like 50%",
};
const BAD_FORMAT: BadParameter = BadParameter { name: "format", accepted: "must be jpg or webp" };
const BAD_QUALITY: BadParameter = BadParameter { name: "quality", accepted: "must be a whole number from 1 to 100" };
const QUALITY_ALONE: BadParameter =
    BadParameter { name: "quality", accepted: "can only be given together with format" };

/// The plan that `size`, `format` and `quality` ask for, each already percent-decoded; `None` when none of them is there.
/// A `format` without a size gets the size of [`default_plan`].
///
/// # Errors
/// When one of them cannot be read, or `quality` comes without `format`.
pub fn parse_plan(
    size: Option<&str>,
    format: Option<&str>,
    quality: Option<&str>,
) -> Result<Option<Plan>, BadParameter> {
    let size = size.and_then(present).map(parse_size).transpose()?;
    let format = format.and_then(present).map(parse_format).transpose()?;
    let quality = quality.and_then(present).map(parse_quality).transpose()?;
    if quality.is_some() && format.is_none() {
        return Err(QUALITY_ALONE);
    }
    if size.is_none() && format.is_none() {
        return Ok(None);
    }
    let format = format.unwrap_or(Wanted::Kept);
    Ok(Some(Plan { resize: size.unwrap_or(default_plan().resize), format, quality, ..default_plan() }))
}

/// The plan of a request that asks for none: the seed says `xlarge`. Whoever delivers decides where it applies: the
/// original bytes where nothing needs shrinking, and always for what a re-encoding would flatten (GIF, APNG, SVG).
#[must_use]
pub fn default_plan() -> Plan {
    Plan { resize: Resize::ShortSide(1980), ..Plan::ORIGINAL }
}

/// What a percent-decoded `size` means; sides over [`MAX_SIDE`] are taken as that, shares over 100 % as 100 %.
///
/// # Errors
/// When it is none of the forms, or a side is 0.
pub fn parse_size(text: &str) -> Result<Resize, BadParameter> {
    let text = cleaned(text).ok_or(BAD_SIZE)?;
    if let Some((_, side)) = PRESETS.iter().find(|(name, _)| *name == text) {
        return Ok(Resize::ShortSide(*side));
    }
    let (first, rest) = read_side(&text).ok_or(BAD_SIZE)?;
    let mut rest = rest.chars();
    match (first, rest.next()) {
        (Side::Pixels(side), None) => {
            return Ok(Resize::Within { width: side.min(MAX_SIDE), height: side.min(MAX_SIDE) });
        }
        (Side::Pixels(share), Some('%')) if rest.as_str().is_empty() => {
            return Ok(Resize::Percent(u16::try_from(share.min(100)).expect("a share is at most 100")));
        }
        (_, Some(operator)) => {
            let (second, rest) = read_side(rest.as_str()).ok_or(BAD_SIZE)?;
            combine(first, operator, second, rest)
        }
        (Side::Automatic, None) => None,
    }
    .ok_or(BAD_SIZE)
}

/// One side of a size.
#[derive(Clone, Copy)]
enum Side {
    /// `?`: follows from the other.
    Automatic,
    /// At least 1; not yet capped.
    Pixels(u32),
}

/// Two sides with an operator between them; `WxH` may carry another operator at its end, as the oldest clients write it.
fn combine(first: Side, operator: char, second: Side, rest: &str) -> Option<Resize> {
    let mut rest = rest.chars();
    let operator = match rest.next() {
        None => operator,
        Some(last) if operator == 'x' && last != 'x' && rest.as_str().is_empty() => last,
        Some(_) => return None,
    };
    let (_, resize) = OPERATORS.iter().find(|(known, _)| *known == operator)?;
    match (first, second) {
        (Side::Pixels(width), Side::Pixels(height)) => Some(resize(width.min(MAX_SIDE), height.min(MAX_SIDE))),
        (Side::Pixels(width), Side::Automatic) if operator == '>' => Some(Resize::Width(width.min(MAX_SIDE))),
        (Side::Automatic, Side::Pixels(height)) if operator == '>' => Some(Resize::Height(height.min(MAX_SIDE))),
        _ => None,
    }
}

/// Lower case, without what is left of escapes; `None` when it is too long to be a size.
fn cleaned(text: &str) -> Option<String> {
    if text.len() > MAX_SIZE_BYTES {
        return None;
    }
    let mut text = text.trim().to_ascii_lowercase();
    // Most sizes hold nothing of the kind, and each is parsed for every answer.
    if text.contains(['%', '+']) {
        for (escaped, plain) in LEFT_OVER {
            text = text.replace(escaped, plain);
        }
        text = text.trim().to_owned();
    }
    Some(text)
}

/// The side at the head of `text`, and what follows, both without the spaces around them.
fn read_side(text: &str) -> Option<(Side, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('?') {
        return Some((Side::Automatic, rest.trim()));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = read_number(&text[..digits])?;
    Some((Side::Pixels(number), text[digits..].trim()))
}

/// A positive number, or the largest there is when it is larger.
fn read_number(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.bytes().fold(0_u32, |sum, byte| sum.saturating_mul(10).saturating_add(u32::from(byte - b'0')));
    (number > 0).then_some(number)
}

/// `auto` is ours: what the caller's `Accept` says is not known here yet.
fn parse_format(text: &str) -> Result<Wanted, BadParameter> {
    match text {
        "jpg" => Ok(Wanted::As(Format::Jpeg)),
        "webp" => Ok(Wanted::As(Format::Webp)),
        "auto" => Ok(Wanted::Auto(Accepts::default())),
        _ => Err(BAD_FORMAT),
    }
}

fn parse_quality(text: &str) -> Result<u8, BadParameter> {
    read_number(text).and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= 100).ok_or(BAD_QUALITY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn within(width: u32, height: u32) -> Resize {
        Resize::Within { width, height }
    }

    #[test]
    fn every_form_has_its_meaning() {
        let at_least = |width, height| Resize::AtLeast { width, height };
        let exact = |width, height| Resize::Exact { width, height };
        let cases = [
            ("small", Resize::ShortSide(640)),
            ("medium", Resize::ShortSide(960)),
            ("large", Resize::ShortSide(1366)),
            ("xlarge", Resize::ShortSide(1980)),
            ("xxlarge", Resize::ShortSide(2560)),
            ("xxxlarge", Resize::ShortSide(3840)),
            ("Large", Resize::ShortSide(1366)),
            ("640>?", Resize::Width(640)),
            ("320>?", Resize::Width(320)),
            ("?>240", Resize::Height(240)),
            ("320>240", within(320, 240)),
            ("320x240>", within(320, 240)),
            ("80x80>", within(80, 80)),
            ("320x240", within(320, 240)),
            ("320X240", within(320, 240)),
            ("320", within(320, 320)),
            ("640^480", at_least(640, 480)),
            ("640x480^", at_least(640, 480)),
            ("320!320", exact(320, 320)),
            ("320x240!", exact(320, 240)),
            ("320<240", Resize::Original),
            ("320x240<", Resize::Original),
            ("50%", Resize::Percent(50)),
            ("1%", Resize::Percent(1)),
            ("200%", Resize::Percent(100)),
            // What escaping leaves behind.
            ("640%3E?", Resize::Width(640)),
            ("640%3e%3F", Resize::Width(640)),
            ("640%5E480", at_least(640, 480)),
            ("320%21320", exact(320, 320)),
            ("50%25", Resize::Percent(50)),
            (" 640 > ? ", Resize::Width(640)),
            ("+640+>+480+", within(640, 480)),
            // Sides are capped, however long they are.
            ("3840>?", Resize::Width(3840)),
            ("3841>?", Resize::Width(3840)),
            ("1!99999999999999999999999999", exact(1, 3840)),
            ("4294967296", within(3840, 3840)),
            ("?>18446744073709551617", Resize::Height(3840)),
            ("007>?", Resize::Width(7)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases = [
            "",
            " ",
            "tiny",
            "xxxxlarge",
            "lar ge",
            "0",
            "0>?",
            "?>0",
            "0x0",
            "320x0",
            "-1",
            "-640>?",
            "640>-480",
            "?",
            "?>?",
            "?x240",
            "320x?",
            "320^?",
            "?!240",
            "320!?",
            ">",
            ">?",
            "640>",
            "640x",
            "x480",
            "640>480>",
            "640>480!",
            "640x480xx",
            "640x480x",
            "640x480!!",
            "640>>480",
            "64 0",
            "640.5",
            "6e2",
            "0x10",
            "640>1x10",
            "%",
            "0%",
            "-5%",
            "50%%",
            "50%>?",
            "?%",
            "640*480",
            "640×480",
            "٦٤٠",
            "640>480;rm",
            "640\0",
            "large,small",
            "null!",
            "1!1\n2",
        ];
        for text in cases {
            assert_eq!(parse_size(text), Err(BAD_SIZE), "{text:?}");
        }
        assert_eq!(parse_size(&"9".repeat(1000)), Err(BAD_SIZE));
        let told = BAD_SIZE.to_string();
        assert!(told.starts_with("size must be one of small, ") && told.contains("640>?"), "{told}");
    }

    #[test]
    fn format_and_quality() {
        let plan = |resize, format, quality| Ok(Some(Plan { resize, format, quality, ..Plan::ORIGINAL }));
        let default = Resize::ShortSide(1980);
        let cases = [
            ((None, None, None), Ok(None)),
            ((Some(""), Some("null"), Some("undefined")), Ok(None)),
            ((Some("640>?"), None, None), plan(Resize::Width(640), Wanted::Kept, None)),
            ((None, Some("webp"), None), plan(default, Wanted::As(Format::Webp), None)),
            ((Some("320"), Some("jpg"), Some("1")), plan(within(320, 320), Wanted::As(Format::Jpeg), Some(1))),
            ((None, Some("jpg"), Some("100")), plan(default, Wanted::As(Format::Jpeg), Some(100))),
            ((None, Some("auto"), Some("70")), plan(default, Wanted::Auto(Accepts::default()), Some(70))),
            ((None, Some("jpeg"), None), Err(BAD_FORMAT)),
            ((None, Some("png"), None), Err(BAD_FORMAT)),
            ((None, Some("JPG"), None), Err(BAD_FORMAT)),
            ((None, None, Some("80")), Err(QUALITY_ALONE)),
            ((Some("640>?"), None, Some("80")), Err(QUALITY_ALONE)),
            ((None, Some("jpg"), Some("0")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("101")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("356")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("-1")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("80.0")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("+80")), Err(BAD_QUALITY)),
            ((None, Some("jpg"), Some("high")), Err(BAD_QUALITY)),
            ((Some("tiny"), Some("jpg"), Some("80")), Err(BAD_SIZE)),
        ];
        for ((size, format, quality), expected) in cases {
            assert_eq!(parse_plan(size, format, quality), expected, "{size:?} {format:?} {quality:?}");
        }
    }

    fn sides(resize: Resize) -> Vec<u32> {
        match resize {
            Resize::Original => vec![],
            Resize::ShortSide(side) | Resize::Width(side) | Resize::Height(side) => vec![side],
            Resize::Within { width, height }
            | Resize::AtLeast { width, height }
            | Resize::Exact { width, height }
            | Resize::Cover { width, height } => vec![width, height],
            Resize::Percent(share) => vec![u32::from(share)],
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_within_bounds(text in prop_oneof![".*", "[?0-9]{0,12}[x<>^!% +?]{0,2}[?0-9]{0,12}[<>^!%]?"]) {
            if let Ok(resize) = parse_size(&text) {
                prop_assert!(sides(resize).iter().all(|side| (1..=MAX_SIDE).contains(side)), "{:?} {:?}", text, resize);
            }
        }

        #[test]
        fn any_two_sides_are_read(width in 1..=MAX_SIDE, height in 1..=MAX_SIDE) {
            let exact = Resize::Exact { width, height };
            prop_assert_eq!(parse_size(&format!("{width}>{height}")), Ok(within(width, height)));
            prop_assert_eq!(parse_size(&format!("{width}!{height}")), Ok(exact));
            prop_assert_eq!(parse_size(&format!("{width}x{height}!")), Ok(exact));
            prop_assert_eq!(parse_size(&format!("{width}>?")), Ok(Resize::Width(width)));
        }
    }
}
