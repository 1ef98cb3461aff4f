//! Reading small JSON bodies. Whatever the content type says: Fliplet's own client wrappers set wrong ones.

use axum::body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::Refused;

/// More than any body of names and ids needs.
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// The object that a body holds.
pub(crate) async fn object(body: Body) -> Result<Map<String, Value>, Refused> {
    let bytes = Limited::new(body, MAX_JSON_BYTES).collect().await.map_err(|error| {
        let too_large = error.is::<LengthLimitError>();
        Refused::saying(if too_large {
            "The request body is too large"
        } else {
            "The request body did not arrive whole"
        })
    })?;
    let bytes = bytes.to_bytes();
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Refused::saying("The request body must be a JSON object")),
    }
}
