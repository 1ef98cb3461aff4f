//! Whole numbers, and the numbers by which other things are named.

use crate::bodies::Json;

use super::{
    Input, Need,
    digits::{is_space, whole_number},
};

/// Longest text that is read as a number, in characters.
const MAX_TEXT_LENGTH: usize = 1000;

/// What a number may be. Without further word it is one that a database's `integer` holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Integer {
    need: Need,
    min: i64,
    max: i64,
    default: Option<i64>,
}

impl Integer {
    pub(crate) const fn of(need: Need) -> Self {
        Self { need, min: i32::MIN as i64, max: i32::MAX as i64, default: None }
    }

    pub(crate) const fn optional() -> Self {
        Self::of(Need::OPTIONAL)
    }

    pub(crate) const fn min(self, min: i64) -> Self {
        Self { min, ..self }
    }

    pub(crate) const fn max(self, max: i64) -> Self {
        Self { max, ..self }
    }

    /// What it is where nothing is said.
    pub(crate) const fn default(self, default: i64) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// By what another thing is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its number. One too large for 64 bits is the largest or smallest, which nothing has.
    pub(crate) id: i64,
    /// How it was written.
    said: String,
}

impl Input<'_> {
    /// A whole number.
    pub(crate) fn integer(&mut self, name: &'static str, rule: Integer) -> Option<i64> {
        let Some(value) = self.value(name, rule.need) else {
            let is_null = matches!(self.last(name), Some(Json::Null));
            return rule.default.filter(|_| !self.is_partial && !is_null);
        };
        if value.as_text().is_some_and(|text| text.chars().count() > MAX_TEXT_LENGTH) {
            self.refuse(name, "String value too large.");
            return None;
        }
        let Some(number) = whole_number(without_zero_fraction(&value.str())) else {
            self.refuse(name, "A valid integer is required.");
            return None;
        };
        if number > rule.max.into() {
            self.refuse(name, format!("Ensure this value is less than or equal to {}.", rule.max));
            return None;
        }
        if number < rule.min.into() {
            self.refuse(name, format!("Ensure this value is greater than or equal to {}.", rule.min));
            return None;
        }
        i64::try_from(number).ok()
    }

    /// The number of another thing. Whether there is such a thing is for the handler to say, by [`Self::no_such`].
    pub(crate) fn key(&mut self, name: &'static str, need: Need) -> Option<Key> {
        let value = self.value(name, need)?;
        // An empty text is null here, in JSON as well.
        let value = if value.as_text() == Some("") { self.given(name, Some(&Json::Null), need)? } else { value };
        let number = match value {
            Json::Int(_) | Json::Text(_) => whole_number(&value.str()),
            // Python cuts the fraction off.
            Json::Float(number) if number.is_finite() => Some(cut_off(*number)),
            _ => None,
        };
        match number {
            Some(number) => Some(Key { id: saturated(number), said: value.str() }),
            None => {
                self.refuse(name, format!("Incorrect type. Expected pk value, received {}.", value.type_name()));
                None
            }
        }
    }

    /// Says of a field that what it names is not there.
    pub(crate) fn no_such(&mut self, name: &'static str, key: &Key) {
        self.refuse(name, format!("Invalid pk \"{}\" - object does not exist.", key.said));
    }
}

/// Without a point and zeros at the end: `1.0` is a whole number.
fn without_zero_fraction(text: &str) -> &str {
    text.trim_end_matches(is_space).trim_end_matches('0').strip_suffix('.').unwrap_or(text)
}

pub(crate) fn saturated(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

#[expect(clippy::cast_possible_truncation, reason = "that is what it is for; what is too large becomes the largest")]
const fn cut_off(number: f64) -> i128 {
    number as i128
}
