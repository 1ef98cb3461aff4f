//! The path of a file, as the samples show it: `apps/<id>/google-services-15-994-614-3787.json`. Its ten digits are the
//! file's id, scattered so that they look as arbitrary as Fliplet's; so a path needs no column and stays true after a
//! rename or a move. It is a name, not a secret: what it gives is checked like everything else.

use library::Asset;

const TEN_DIGITS: u64 = 10_000_000_000;
/// Odd and not divisible by 5, so that multiplying by it modulo 10^10 can be undone.
const SCATTER: u64 = 6_180_339_887;
const GATHER: u64 = inverse(SCATTER);

/// The file's path, without a leading slash.
pub(crate) fn of_asset(asset: &Asset) -> String {
    format!("{}{}", owner(asset), file_name(asset.id, &asset.name, ""))
}

/// The path of the file's thumbnail, which is a JPEG whatever the file is.
pub(crate) fn of_thumbnail(asset: &Asset) -> String {
    let (stem, _) = split(&asset.name);
    format!("{}{}", owner(asset), file_name(asset.id, &format!("{stem}.jpg"), "-t"))
}

/// The id that the last segment of a path stands for, and whether it means the thumbnail.
pub(crate) fn parse(segment: &str) -> Option<(u32, bool)> {
    let (stem, _) = split(segment);
    let (stem, thumbnail) = stem.strip_suffix("-t").map_or((stem, false), |stem| (stem, true));
    let mut groups = stem.rsplitn(4, '-');
    let (last, middle, first) = (groups.next()?, groups.next()?, groups.next()?);
    if (first.len(), middle.len(), last.len()) != (3, 3, 4) {
        return None;
    }
    let digits = [first, middle, last].concat();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let id = u32::try_from(multiply(digits.parse().ok()?, GATHER)).ok()?;
    (id > 0).then_some((id, thumbnail))
}

fn owner(asset: &Asset) -> String {
    match asset.folder.space() {
        Some(app) => format!("apps/{app}/"),
        None => format!("organizations/{}/", asset.tenant_id),
    }
}

fn file_name(id: i64, name: &str, suffix: &str) -> String {
    let (stem, extension) = split(name);
    let digits = format!("{:010}", multiply(id.unsigned_abs() % TEN_DIGITS, SCATTER));
    let mut path = plain(stem);
    if !path.is_empty() {
        path.push('-');
    }
    path.push_str(&format!("{}-{}-{}{suffix}", &digits[..3], &digits[3..6], &digits[6..]));
    let extension = plain(extension);
    if !extension.is_empty() {
        path.push('.');
        path.push_str(&extension);
    }
    path
}

/// Letters and digits with their case; everything else becomes single hyphens.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

const fn multiply(left: u64, right: u64) -> u64 {
    ((left as u128 * right as u128) % TEN_DIGITS as u128) as u64
}

/// `x` with `number * x = 1` modulo 10^10: `number` to the order of the group less one, which is a divisor of 5 * 10^8.
const fn inverse(number: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, number, 500_000_000 - 1);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn looks_like_the_samples() {
        let name = file_name(5, "google-services (15).json", "");
        assert!(name.starts_with("google-services-15-") && name.ends_with(".json"), "{name}");
        assert_eq!(parse(&name), Some((5, false)));
        assert_eq!(parse(&file_name(5, "foo.jpg", "-t")), Some((5, true)));
        assert_eq!(file_name(7, "日本語", "").len(), "ddd-ddd-dddd".len());
        for other in ["foo.jpg", "foo-t.jpg", "a-123-456-789.jpg", "a-12x-456-7890.jpg", "", "-", "000-000-0000.png"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in 1..=u32::MAX, name in ".{0,40}") {
            prop_assert_eq!(parse(&file_name(i64::from(id), &name, "")), Some((id, false)));
            prop_assert_eq!(parse(&file_name(i64::from(id), &name, "-t")), Some((id, true)));
        }

        #[test]
        fn any_segment_is_read_or_not(segment in ".*") {
            parse(&segment);
        }
    }
}
