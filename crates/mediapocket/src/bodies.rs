//! What a call sends: a JSON object, as the documentation has it, or the fields of a form, as the framework takes them too. Contract
//! section 1.3.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde_json::{Map, Value};
use wire::{BadBody, read_small_body};

use crate::{
    MediaPocket,
    error::Refused,
    params::{self, Param},
};

/// No list or object lies deeper than this in a call; `serde_json` stops at 128.
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a call, not yet checked.
pub(crate) struct Sent(Map<String, Value>);

impl FromRequest<MediaPocket> for Sent {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &MediaPocket) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        read(&parts.headers, body).await.map(Self)
    }
}

impl Sent {
    /// The parameters, once they are as the table says.
    ///
    /// # Errors
    /// 422 in the validation library's words.
    pub(crate) fn checked(self, table: &[Param]) -> Result<Params, Refused> {
        params::check(table, &self.0).map_err(Refused::invalid)?;
        Ok(Params(self.0))
    }
}

/// Parameters that are as their table says.
pub(crate) struct Params(Map<String, Value>);

impl Params {
    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Any value.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The parameters within an object.
    pub(crate) fn within(&self, name: &str) -> Self {
        Self(self.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default())
    }

    /// What is in a list.
    pub(crate) fn list(&self, name: &str) -> &[Value] {
        self.0.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The texts in a list; anything else in it is passed over.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, Refused> {
    let bytes = read_small_body(body).await.map_err(|bad| match bad {
        BadBody::TooLarge => Refused::too_large(),
        BadBody::Interrupted => Refused::bad_json(),
    })?;
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.trim_start().to_ascii_lowercase().starts_with(FORM) {
        let sent = form(&bytes);
        let has_nul = sent.iter().any(|(name, value)| name.contains('\0') || holds_nul(value));
        return if has_nul { Err(Refused::bad_json()) } else { Ok(sent) };
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        // PostgreSQL keeps no NUL, and one answer serves both engines.
        Ok(value) if holds_nul(&value) => Err(Refused::bad_json()),
        Ok(Value::Object(sent)) => Ok(sent),
        // Anything else has no parameters in it.
        Ok(_) => Ok(Map::new()),
        Err(_) => Err(Refused::bad_json()),
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `a=1&b[]=2&c[d]=3`, as the framework reads it: all texts, one level deep.
fn form(bytes: &[u8]) -> Map<String, Value> {
    let mut sent = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        let value = Value::String(value.into_owned());
        match name.split_once('[').map(|(outer, inner)| (outer, inner.trim_end_matches(']'))) {
            None => drop(sent.insert(name.into_owned(), value)),
            Some((outer, "")) => match sent.entry(outer).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(value),
                other => *other = Value::Array(vec![value]),
            },
            Some((outer, inner)) => match sent.entry(outer).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(fields) => drop(fields.insert(inner.to_owned(), value)),
                other => *other = Value::Object([(inner.to_owned(), value)].into_iter().collect()),
            },
        }
    }
    sent
}
