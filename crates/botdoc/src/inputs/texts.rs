//! Texts, and those that have to be addresses.

use crate::bodies::Json;

use super::{Input, Need, addresses, digits::trim};
use serde_json::Value;

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub(super) need: Need,
    max_length: Option<usize>,
}

impl Text {
    pub(crate) const fn of(need: Need) -> Self {
        Self { need, max_length: None }
    }

    pub(crate) const fn required() -> Self {
        Self::of(Need::REQUIRED)
    }

    pub(crate) const fn optional() -> Self {
        Self::of(Need::OPTIONAL)
    }

    /// It may be empty, which it also is when there is nothing but space.
    pub(crate) const fn or_blank(self) -> Self {
        Self { need: self.need.or_blank(), ..self }
    }

    /// It may be null.
    pub(crate) const fn or_null(self) -> Self {
        Self { need: self.need.or_null(), ..self }
    }

    /// Most characters.
    pub(crate) const fn max(self, characters: usize) -> Self {
        Self { max_length: Some(characters), ..self }
    }

    /// The text that a value is, or all that is wrong with it; `fits` with a fault of its own is asked last.
    pub(super) fn check(self, value: &Json, fits: Option<Form>) -> Result<String, Vec<String>> {
        let one = |words: &str| Err(vec![words.to_owned()]);
        let (text, half) = match value {
            Json::Text(text) => (text.text.clone(), text.half),
            Json::Int(_) | Json::Float(_) => (value.str(), None),
            _ => return one(fits.map_or("Not a valid string.", |(_, words)| words)),
        };
        let text = trim(&text).to_owned();
        if text.is_empty() {
            return if self.need.takes_blank { Ok(text) } else { one("This field may not be blank.") };
        }
        let mut wrong = Vec::new();
        if let Some(max) = self.max_length.filter(|max| text.chars().count() > *max) {
            wrong.push(format!("Ensure this field has no more than {max} characters."));
        }
        if text.contains('\0') {
            wrong.push("Null characters are not allowed.".to_owned());
        }
        if let Some(half) = half {
            wrong.push(format!("Surrogate characters are not allowed: U+{half:X}."));
        }
        if let Some((fits, words)) = fits
            && !fits(&text)
        {
            wrong.push(words.to_owned());
        }
        if wrong.is_empty() { Ok(text) } else { Err(wrong) }
    }
}

/// A form that a text has to have, and what is said where it has not.
type Form = (fn(&str) -> bool, &'static str);

impl Input<'_> {
    /// A text. Numbers are texts too.
    pub(crate) fn text(&mut self, name: &'static str, rule: Text) -> Option<String> {
        self.formed(name, rule, None)
    }

    /// The absolute URL of a web or FTP server.
    pub(crate) fn url(&mut self, name: &'static str, rule: Text) -> Option<String> {
        self.formed(name, rule, Some((addresses::is_url, "Enter a valid URL.")))
    }

    /// A mail address.
    pub(crate) fn email(&mut self, name: &'static str, rule: Text) -> Option<String> {
        self.formed(name, rule, Some((addresses::is_email, "Enter a valid email address.")))
    }

    fn formed(&mut self, name: &'static str, rule: Text, form: Option<Form>) -> Option<String> {
        let value = self.value(name, rule.need)?;
        match rule.check(value, form) {
            Ok(text) => Some(text),
            Err(wrong) => {
                self.refuse_with(name, Value::from(wrong));
                None
            }
        }
    }
}
