//! Reading small bodies: JSON objects, and forms.

use axum::body::Body;
use serde_json::{Map, Value};
use wire::{Query, read_small_body};

use crate::error::Refused;

/// The object that a body holds, whatever its content type says.
pub(crate) async fn object(body: Body) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&read_small_body(body).await?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Refused::bad("The request body must be a JSON object")),
    }
}

/// The pairs that a form holds; what is none has none.
pub(crate) async fn form(body: Body) -> Result<Query, Refused> {
    Ok(Query::parse(&String::from_utf8_lossy(&read_small_body(body).await?)))
}
