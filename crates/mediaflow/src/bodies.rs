//! Reading small bodies: JSON objects, and forms.

use axum::{body::Body, http::StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use wire::Query;

use crate::error::Refused;

/// More than any body of names and ids needs.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The object that a body holds, whatever its content type says.
pub(crate) async fn object(body: Body) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(&bytes(body).await?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Refused::bad("The request body must be a JSON object")),
    }
}

/// The pairs that a form holds; what is none has none.
pub(crate) async fn form(body: Body) -> Result<Query, Refused> {
    Ok(Query::parse(&String::from_utf8_lossy(&bytes(body).await?)))
}

async fn bytes(body: Body) -> Result<axum::body::Bytes, Refused> {
    let bytes = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large");
        }
        Refused::bad("The request body did not arrive whole")
    })?;
    Ok(bytes.to_bytes())
}
