//! The query of a list: which page of it, how large, of what. Pure; read as Django's paginator and filters read it.

use crate::inputs::{Errors, saturated, whole_number};

/// Size of a page where none is asked for.
const PAGE_SIZE: u64 = 10;
/// The largest page.
const MAX_PAGE_SIZE: u64 = 100;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: PageNumber,
    /// Entries on a page: 1 to 100.
    pub(crate) size: u64,
}

/// The number of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageNumber {
    /// From 1 on.
    Number(u64),
    /// Whichever is the last one.
    Last,
}

/// A page of a list whose length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turned {
    /// From 1 on.
    pub(crate) number: u64,
    /// Entries on a page.
    pub(crate) size: u64,
    /// Entries on all pages.
    pub(crate) count: u64,
}

/// There is no such page: a 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidPage;

impl InvalidPage {
    /// What is said under `detail`.
    pub(crate) const DETAIL: &str = "Invalid page.";
}

impl Page {
    /// Reads the query of a request, which may be empty. A size that is none is not minded.
    ///
    /// # Errors
    /// [`InvalidPage`] where the number is none.
    pub(crate) fn of(query: &str) -> Result<Self, InvalidPage> {
        let size = last(query, "page_size").and_then(|text| whole_number(&text)).filter(|size| *size > 0);
        let size =
            size.map_or(PAGE_SIZE, |size| u64::try_from(size).map_or(MAX_PAGE_SIZE, |size| size.min(MAX_PAGE_SIZE)));
        let number = match last(query, "page").as_deref() {
            None | Some("") => PageNumber::Number(1),
            Some("last") => PageNumber::Last,
            Some(text) => {
                let number = whole_number(text).filter(|number| *number > 0).ok_or(InvalidPage)?;
                // So large a list has no other pages either.
                PageNumber::Number(u64::try_from(number).unwrap_or(u64::MAX))
            }
        };
        Ok(Self { number, size })
    }

    /// Finds the page in a list of so many entries. An empty list has one page.
    ///
    /// # Errors
    /// [`InvalidPage`] where it is behind the last.
    pub(crate) fn turn(self, count: u64) -> Result<Turned, InvalidPage> {
        let turned = Turned { number: 1, size: self.size, count };
        let last = turned.total_pages();
        match self.number {
            PageNumber::Last => Ok(Turned { number: last, ..turned }),
            PageNumber::Number(number) if number <= last => Ok(Turned { number, ..turned }),
            PageNumber::Number(_) => Err(InvalidPage),
        }
    }
}

impl Turned {
    /// At least one.
    pub(crate) const fn total_pages(&self) -> u64 {
        let pages = self.count.div_ceil(self.size);
        if pages == 0 { 1 } else { pages }
    }

    /// How many entries stand before the page.
    pub(crate) const fn offset(&self) -> u64 {
        (self.number - 1) * self.size
    }
}

/// The number of the thing to which a list is narrowed; `None` where that is not asked for.
///
/// # Errors
/// Where it is no number. Where there is no such thing the same is said, by [`Errors::no_such_choice`].
pub(crate) fn filter(query: &str, name: &str) -> Result<Option<i64>, Errors> {
    match last(query, name).as_deref() {
        None | Some("") => Ok(None),
        Some(text) => match whole_number(text) {
            Some(number) => Ok(Some(saturated(number))),
            None => Err(Errors::no_such_choice(name)),
        },
    }
}

/// What came last under a name.
fn last(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(known, _)| known == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::envelope::{envelope, rendered};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// What the recorded list answers: thirteen entries of container 7, none of container 8, and no other container.
    fn answer(query: &str) -> (u64, String) {
        let refused = |errors: &Errors| (400, errors.to_json());
        let count = match filter(query, "request") {
            Ok(None | Some(7)) => 13,
            Ok(Some(8)) => 0,
            Ok(Some(_)) => return refused(&Errors::no_such_choice("request")),
            Err(errors) => return refused(&errors),
        };
        let Ok(turned) = Page::of(query).and_then(|page| page.turn(count)) else {
            return (404, rendered(&json!({"detail": InvalidPage::DETAIL})));
        };
        let ids =
            (1..=count).rev().skip(turned.offset() as usize).take(turned.size as usize).map(Value::from).collect();
        (200, rendered(&envelope("http://api.botdoc.example:8443/v1/rows/", query, &turned, ids)))
    }

    #[test]
    fn answers_lists_as_recorded() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../tests_data/lists.json")).unwrap();
        let of_rows = vectors.iter().filter(|vector| vector["path"] == "/v1/rows/");
        assert!(of_rows.clone().count() > 70);
        for vector in of_rows {
            // A byte is a character there.
            let query: Vec<u8> = vector["query"].as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
            let query = String::from_utf8(query).unwrap();
            let expected = (vector["status"].as_u64().unwrap(), vector["answer"].as_str().unwrap().to_owned());
            assert_eq!(answer(&query), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(query in "(page=|page_size=|request=|[0-9a-z%&=+_-]){0,20}", count in any::<u64>()) {
            answer(&query);
            if let Ok(turned) = Page::of(&query).and_then(|page| page.turn(count)) {
                prop_assert!(turned.offset() <= count);
            }
        }
    }
}
