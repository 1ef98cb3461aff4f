//! Mediaflow's queries into what is asked: fields, pages, kinds of files, forms of downloads. Pure.

mod fields;
mod forms;

pub use fields::{Fields, parse_fields};
pub use forms::{Cut, parse_cut, plan_of};

use content::Family;
use library::Latest;

/// A parameter that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    name: &'static str,
    why: &'static str,
}

impl BadParameter {
    pub(crate) const fn new(name: &'static str, why: &'static str) -> Self {
        Self { name, why }
    }
}

impl std::fmt::Display for BadParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Invalid parameter {}: {}", self.name, self.why)
    }
}

/// How many files a page of the latest has, unless `per_page` says otherwise; and at most.
const PER_PAGE: usize = 50;
/// No page has more files.
pub const MAX_PER_PAGE: usize = 1_000;

/// A page: how many to pass over, and how many there are on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 0, though clients count from 1.
    pub number: u64,
    /// At most [`MAX_PER_PAGE`].
    pub size: usize,
}

/// The page that is asked for; none where neither parameter is there. What is no number, or is below 1, counts as the nearest
/// that is. Contract section 6.
#[must_use]
pub fn parse_page(page: Option<&str>, per_page: Option<&str>) -> Option<Page> {
    if page.is_none() && per_page.is_none() {
        return None;
    }
    let size = per_page.map_or(PER_PAGE as u64, |text| number(text).unwrap_or(PER_PAGE as u64));
    let size = usize::try_from(size).unwrap_or(MAX_PER_PAGE).clamp(1, MAX_PER_PAGE);
    let number = page.and_then(number).unwrap_or(1).max(1) - 1;
    Some(Page { number, size })
}

/// Digits, however many; with a minus or something else it is 1 at best.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    text.starts_with('-').then_some(1)
}

/// Which files are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kinds {
    /// None: all. An empty list: such as there are not.
    pub families: Option<Vec<Family>>,
    /// Only those that are finished.
    pub processed: bool,
}

impl Kinds {
    /// `type` and `processed`: a list of kinds in any case, among which `any` stands for all.
    #[must_use]
    pub fn parse(kind: Option<&str>, processed: Option<&str>) -> Self {
        let processed = processed.is_some_and(is_true);
        let names: Vec<&str> = kind.into_iter().flat_map(|kind| kind.split(',')).map(str::trim).collect();
        let all = |name: &&str| name.is_empty() || ["any", "all"].iter().any(|all| name.eq_ignore_ascii_case(all));
        if names.iter().any(all) || names.is_empty() {
            return Self { families: None, processed };
        }
        let known = [
            ("image", Family::Image),
            ("video", Family::Video),
            ("sound", Family::Audio),
            ("audio", Family::Audio),
            ("file", Family::Other),
            ("document", Family::Other),
        ];
        let mut families = Vec::new();
        for name in names {
            let found = known.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)).map(|(_, family)| *family);
            families.extend(found.filter(|family| !families.contains(family)));
        }
        Self { families: Some(families), processed }
    }

    /// Whether a file of a family is among them.
    #[must_use]
    pub fn take(&self, family: Family) -> bool {
        let family = if family == Family::Font { Family::Other } else { family };
        self.families.as_ref().is_none_or(|families| families.contains(&family))
    }

    /// The question for a page of the latest; none where nothing can be found.
    #[must_use]
    pub fn latest(&self, page: Page) -> Option<Latest> {
        if self.families.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        Some(Latest {
            families: self.families.clone().unwrap_or_default(),
            settled: self.processed,
            page: page.number,
            limit: page.size,
        })
    }
}

/// The page of the latest where none is named.
#[must_use]
pub const fn first_page() -> Page {
    Page { number: 0, size: PER_PAGE }
}

/// `true`, `1`, `yes`, in any case.
#[must_use]
pub fn is_true(text: &str) -> bool {
    ["true", "1", "yes", "on"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Whether descriptions are to be in English: `en`, `en_GB`. Swedish is what the API speaks by itself.
#[must_use]
pub fn is_english(locale: Option<&str>) -> bool {
    locale.is_some_and(|locale| locale.get(..2).is_some_and(|language| language.eq_ignore_ascii_case("en")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_clamped() {
        for (page, per_page, expected) in [
            (None, None, None),
            (Some("1"), Some("4"), Some((0, 4))),
            (Some("3"), None, Some((2, 50))),
            (None, Some("10"), Some((0, 10))),
            (Some("0"), Some("0"), Some((0, 1))),
            (Some("-7"), Some("-7"), Some((0, 1))),
            (Some("x"), Some("x"), Some((0, 50))),
            (Some("99999999999999999999999"), Some("99999999999999999999999"), Some((u64::MAX - 1, 1_000))),
            (Some(""), Some(" 2 "), Some((0, 2))),
        ] {
            let found = parse_page(page, per_page).map(|page| (page.number, page.size));
            assert_eq!(found, expected, "{page:?} {per_page:?}");
        }
    }

    #[test]
    fn kinds_are_read_in_any_case_and_what_is_unknown_is_nothing() {
        let families = |kind| Kinds::parse(kind, None).families;
        assert_eq!(families(None), None);
        assert_eq!(families(Some("any")), None);
        assert_eq!(families(Some("Image")), Some(vec![Family::Image]));
        assert_eq!(families(Some("video, SOUND,video")), Some(vec![Family::Video, Family::Audio]));
        assert_eq!(families(Some("image,any")), None);
        assert_eq!(families(Some("nonsense")), Some(Vec::new()));
        assert!(Kinds::parse(Some("nonsense"), None).latest(first_page()).is_none());
        assert!(Kinds::parse(Some("file"), None).take(Family::Font));
        assert!(Kinds::parse(None, Some("TRUE")).processed && !Kinds::parse(None, Some("false")).processed);
    }
}
