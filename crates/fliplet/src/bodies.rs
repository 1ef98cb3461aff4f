//! Reading small JSON bodies. Whatever the content type says: Fliplet's own client wrappers set wrong ones.

use axum::body::Body;
use serde_json::{Map, Value};
use wire::read_small_body;

use crate::error::Refused;

/// The object that a body holds.
pub(crate) async fn object(body: Body) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&read_small_body(body).await?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Refused::saying("The request body must be a JSON object")),
    }
}
