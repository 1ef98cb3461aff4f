//! What is wrong with a body, as the answer says it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::envelope::rendered;

/// Faults by field, in the order of the fields: the body of a 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Errors(Map<String, Value>);

impl Errors {
    pub(super) fn of(wrong: Vec<(&'static str, Value)>) -> Self {
        Self(wrong.into_iter().map(|(name, found)| (name.to_owned(), found)).collect())
    }

    /// One fault of one field.
    pub(crate) fn one(name: &str, words: &str) -> Self {
        Self(Map::from_iter([(name.to_owned(), Value::from(vec![words]))]))
    }

    /// A fault of no field in particular.
    pub(crate) fn whole(words: &str) -> Self {
        Self::one("non_field_errors", words)
    }

    /// A list is asked for by something that is not there.
    pub(crate) fn no_such_choice(name: &str) -> Self {
        Self::one(name, "Select a valid choice. That choice is not one of the available choices.")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The body.
    pub(crate) fn to_json(&self) -> String {
        rendered(&Value::Object(self.0.clone()))
    }
}

impl IntoResponse for Errors {
    fn into_response(self) -> Response {
        let media_type = HeaderValue::from_static("application/json");
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, media_type)], self.to_json()).into_response()
    }
}
