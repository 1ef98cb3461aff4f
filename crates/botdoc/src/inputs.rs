//! Fields out of a body, checked as Django REST framework's serializers check them, in its words. It collects what is wrong with each
//! field, in the order in which the fields are asked for. It does not know what a field is for.

mod addresses;
mod digits;
mod errors;
mod lists;
mod numbers;
mod texts;
#[cfg(test)]
mod vectors;

use serde_json::Value;

use crate::bodies::{Data, FilePart, Json};
pub(crate) use digits::whole_number;
pub(crate) use errors::Errors;
pub(crate) use numbers::{Integer, Key, saturated};
pub(crate) use texts::Text;

const REQUIRED: &str = "This field is required.";
const NULL: &str = "This field may not be null.";

/// What a field may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    is_required: bool,
    takes_null: bool,
    takes_blank: bool,
}

impl Need {
    pub(crate) const REQUIRED: Self = Self { is_required: true, takes_null: false, takes_blank: false };
    pub(crate) const OPTIONAL: Self = Self { is_required: false, takes_null: false, takes_blank: false };

    /// It may be null, which then comes out as if it were not there.
    pub(crate) const fn or_null(self) -> Self {
        Self { takes_null: true, ..self }
    }

    /// It may be an empty text.
    pub(crate) const fn or_blank(self) -> Self {
        Self { takes_blank: true, ..self }
    }
}

/// The fields of one body, or of one object within it.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    fields: &'a [(String, Json)],
    /// Forms can neither leave a flag away nor say null.
    is_form: bool,
    is_partial: bool,
    /// The names in the order in which they were asked for.
    places: Vec<&'static str>,
    wrong: Vec<(&'static str, Value)>,
}

impl<'a> Input<'a> {
    /// The fields of a body.
    ///
    /// # Errors
    /// Where it is no object.
    pub(crate) fn new(data: &'a Data) -> Result<Self, Errors> {
        Self::of(data, false)
    }

    /// The same for a `PATCH`: nothing is required, and nothing has a default.
    ///
    /// # Errors
    /// Where it is no object.
    #[cfg_attr(not(test), expect(dead_code, reason = "no route takes a PATCH of fields yet"))]
    pub(crate) fn partial(data: &'a Data) -> Result<Self, Errors> {
        Self::of(data, true)
    }

    fn of(data: &'a Data, is_partial: bool) -> Result<Self, Errors> {
        match data {
            Data::Form(fields) => Ok(Self::over(fields, true, is_partial)),
            Data::Json(Json::Null) => Err(Errors::whole("No data provided")),
            Data::Json(value) => Self::within(value, is_partial).map_err(|words| Errors::whole(&words)),
        }
    }

    /// The fields of an object.
    ///
    /// # Errors
    /// What is said where it is none.
    fn within(value: &'a Json, is_partial: bool) -> Result<Self, String> {
        match value {
            Json::Object(fields) => Ok(Self::over(fields, false, is_partial)),
            Json::Form(fields) => Ok(Self::over(fields, true, is_partial)),
            other => Err(format!("Invalid data. Expected a dictionary, but got {}.", other.type_name())),
        }
    }

    const fn over(fields: &'a [(String, Json)], is_form: bool, is_partial: bool) -> Self {
        Self { fields, is_form, is_partial, places: Vec::new(), wrong: Vec::new() }
    }

    /// Whether there is a field of this name, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.last(name).is_some()
    }

    /// One of some words.
    pub(crate) fn choice(&mut self, name: &'static str, choices: &[&'static str], need: Need) -> Option<&'static str> {
        let value = self.value(name, need)?;
        if need.takes_blank && value.as_text() == Some("") {
            return Some("");
        }
        let said = value.str();
        let found = choices.iter().find(|choice| **choice == said).copied();
        if found.is_none() {
            self.refuse(name, format!("\"{said}\" is not a valid choice."));
        }
        found
    }

    /// A flag. A form that leaves it away says no, unless it may be null.
    pub(crate) fn flag(&mut self, name: &'static str, need: Need) -> Option<bool> {
        if self.is_form && !self.is_partial && !self.has(name) {
            self.place(name);
            return (!need.takes_null).then_some(false);
        }
        let value = self.value(name, need)?;
        let word = match value {
            Json::Bool(flag) => return Some(*flag),
            Json::Int(digits) => digits.clone(),
            Json::Float(number) if *number == 0.0 => return Some(false),
            Json::Float(number) if (*number - 1.0).abs() < f64::EPSILON => return Some(true),
            other => other.as_text().unwrap_or_default().to_lowercase(),
        };
        match word.as_str() {
            "t" | "y" | "yes" | "true" | "on" | "1" => Some(true),
            "f" | "n" | "no" | "false" | "off" | "0" => Some(false),
            "null" | "" if need.takes_null && value.as_text().is_some() => None,
            _ => {
                self.refuse(name, "Must be a valid boolean.");
                None
            }
        }
    }

    /// A file that is not empty.
    pub(crate) fn file(&mut self, name: &'static str, need: Need) -> Option<&'a FilePart> {
        self.place(name);
        if need.is_required && !self.is_partial && !self.has(name) {
            self.refuse(name, "No file was submitted.");
            return None;
        }
        match self.value(name, need)? {
            Json::File(file) if file.bytes == 0 => self.refuse(name, "The submitted file is empty."),
            Json::File(file) => return Some(file),
            _ => self.refuse(name, "The submitted data was not a file. Check the encoding type on the form."),
        }
        None
    }

    /// Gives a field its place among the errors without reading it.
    pub(crate) fn place(&mut self, name: &'static str) {
        if !self.places.contains(&name) {
            self.places.push(name);
        }
    }

    /// Finds fault with a field, beside what was found before.
    pub(crate) fn refuse(&mut self, name: &'static str, words: impl Into<String>) {
        self.refuse_with(name, Value::from(vec![words.into()]));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Where there was anything wrong.
    pub(crate) fn finish(self) -> Result<(), Errors> {
        let errors = self.errors();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What is wrong, by the places of the fields.
    fn errors(mut self) -> Errors {
        let places = &self.places;
        self.wrong.sort_by_key(|(name, _)| places.iter().position(|placed| placed == name));
        Errors::of(self.wrong)
    }

    fn refuse_with(&mut self, name: &'static str, found: Value) {
        self.place(name);
        let before = self.wrong.iter_mut().find(|(known, _)| *known == name);
        match (before, found) {
            (Some((_, Value::Array(before))), Value::Array(mut found)) => before.append(&mut found),
            (Some((_, before)), found) => *before = found,
            (None, found) => self.wrong.push((name, found)),
        }
    }

    /// What came last under a name.
    fn last(&self, name: &str) -> Option<&'a Json> {
        self.fields.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a field that holds one; what is missing or null is dealt with here.
    fn value(&mut self, name: &'static str, need: Need) -> Option<&'a Json> {
        let value = self.last(name);
        if !self.is_form || value.and_then(Json::as_text) != Some("") || need.takes_blank {
            return self.given(name, value, need);
        }
        // An empty text is how a form leaves away or says null.
        match (need.takes_null, need.is_required) {
            (true, _) => None,
            (false, false) => self.given(name, None, need),
            (false, true) => self.given(name, value, need),
        }
    }

    fn given(&mut self, name: &'static str, value: Option<&'a Json>, need: Need) -> Option<&'a Json> {
        self.place(name);
        match value {
            None if need.is_required && !self.is_partial => self.refuse(name, REQUIRED),
            Some(Json::Null) if !need.takes_null => self.refuse(name, NULL),
            None | Some(Json::Null) => {}
            Some(value) => return Some(value),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_stand_in_the_order_of_the_fields() {
        let data = Data::form([("request".to_owned(), "9".to_owned()), ("n".to_owned(), "x".to_owned())]);
        let answer = Input::new(&data).and_then(|mut input| {
            input.place("file");
            let key = input.key("request", Need::REQUIRED);
            input.integer("n", Integer::optional());
            input.refuse("file", "No file was submitted.");
            if let Some(key) = key {
                input.no_such("request", &key);
            }
            input.refuse("n", "More.");
            input.finish()
        });
        let expected = r#"{"file":["No file was submitted."],"request":["Invalid pk \"9\" - object does not exist."],"n":["A valid integer is required.","More."]}"#;
        assert_eq!(answer.err().map(|errors| errors.to_json()), Some(expected.to_owned()));
    }
}
