//! The parameters of a request, checked as apipie-rails checks them, in its words, its order and with its strictness. It does not know
//! what a parameter is for, nor what an answer looks like.

mod inspect;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use inspect::inspect;

/// One parameter that an endpoint declares. A table of them is in the order of the documentation, which is that of the messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    /// Bare, also within an object.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_required: bool,
    is_lenient: bool,
}

impl Param {
    /// A blank text, or where a list is wanted an empty one, counts as if it had not been sent; a handler has to see it so too. apipie's own `allow_blank` would let all that is
    /// blank pass, null as well, which stays wrong here.
    pub(crate) const fn lenient_blank(self) -> Self {
        Self { is_lenient: true, ..self }
    }

    /// What was sent under the name, be it null.
    fn sent_in<'a>(&self, sent: &'a Map<String, Value>) -> Option<&'a Value> {
        let says_nothing = |value: &Value| match (self.kind, value) {
            (Kind::Array, value) => value.as_array().is_some_and(Vec::is_empty),
            (_, value) => value.as_str().is_some_and(is_blank_text),
        };
        sent.get(self.name).filter(|value| !(self.is_lenient && says_nothing(value)))
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        // apipie refuses these before it takes note of the value, and then shows none.
        if is_blank(value) {
            return Err(self.invalid(&Value::Null));
        }
        let fits = match (self.kind, value) {
            (Kind::Hash(within), Value::Object(sent)) => return check_within(within, sent),
            (Kind::Integer, Value::Number(number)) => number.is_i64() || number.is_u64() || is_beyond_64_bits(number),
            (Kind::OneOf(words), Value::String(text)) => words.contains(&text.as_str()),
            (Kind::ArrayOfStrings, Value::Array(items)) => items.iter().all(Value::is_string),
            // Its check for an array lets an object pass as well, against its own words. Nobody can have meant that.
            (Kind::String, Value::String(_)) | (Kind::Array, Value::Array(_)) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.invalid(value)) }
    }

    fn invalid(&self, value: &Value) -> String {
        format!("Invalid parameter '{}' value {}: {}", self.name, inspect(value), self.kind.rule())
    }
}

/// What a value has to be. Nothing is converted: `"5"` and `5.0` are no integers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    String,
    /// Of any size, so a handler has to expect one that no `i64` holds.
    Integer,
    /// An object that may hold more than is declared here.
    Hash(&'static [Param]),
    /// Of anything, so a handler has to expect anything in it.
    Array,
    ArrayOfStrings,
    /// A text out of a list.
    OneOf(&'static [&'static str]),
}

impl Kind {
    /// The rule in apipie's words, as in its messages and under "Validations" in its documentation.
    pub(crate) fn rule(self) -> String {
        match self {
            Self::String => "Must be a String".to_owned(),
            Self::Integer => "Must be a Integer".to_owned(),
            Self::Hash(_) => "Must be a Hash".to_owned(),
            Self::Array => "Must be an array of any type".to_owned(),
            Self::ArrayOfStrings => "Must be an array of String".to_owned(),
            // It escapes the words for HTML, but not the value before them. None of ours has anything to escape.
            Self::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("<code>{word}</code>")).collect();
                format!("Must be one of: {}.", words.join(", "))
            }
        }
    }
}

/// Has to be sent, and not blank.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, is_required: true, is_lenient: false }
}

/// May be left out, but what is sent has to be right, and not blank.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Param {
    Param { is_required: false, ..required(name, kind) }
}

/// An object with the parameters within it. An optional one is `optional(name, Kind::Hash(…))`.
pub(crate) const fn required_hash(name: &'static str, within: &'static [Param]) -> Param {
    required(name, Kind::Hash(within))
}

/// Checks what was sent against a table. What the table does not name is not looked at.
///
/// # Errors
/// What to tell the client: everything that is missing, a line for each, or else the first value that is wrong.
pub(crate) fn check(params: &[Param], sent: &Map<String, Value>) -> Result<(), String> {
    check_presence(params, sent)?;
    check_values(params, sent)
}

/// Whether Ruby on Rails calls a text blank.
pub(crate) fn is_blank_text(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// An object is looked into when its turn comes among the values. In there apipie judges the values that it finds before it tells what
/// it has not found.
fn check_within(params: &[Param], sent: &Map<String, Value>) -> Result<(), String> {
    check_values(params, sent)?;
    check_presence(params, sent)
}

fn check_presence(params: &[Param], sent: &Map<String, Value>) -> Result<(), String> {
    let is_missing = |param: &&Param| param.is_required && param.sent_in(sent).is_none();
    let missing: Vec<String> =
        params.iter().filter(is_missing).map(|param| format!("Missing parameter {}", param.name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
}

fn check_values(params: &[Param], sent: &Map<String, Value>) -> Result<(), String> {
    params.iter().try_for_each(|param| param.sent_in(sent).map_or(Ok(()), |value| param.check(value)))
}

/// Rails' `blank?`: a number never is, not even zero.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => is_blank_text(text),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Whether a number may have been written as an integer for which `serde_json` has no other place than a float.
fn is_beyond_64_bits(number: &serde_json::Number) -> bool {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    number.as_f64().is_some_and(|float| float >= 2.0 * TWO_TO_63 || float <= -TWO_TO_63)
}
