//! Small bodies, read whole: names, ids, forms. It does not know what they hold.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// More than any body of names and ids needs.
const MAX_BYTES: usize = 1024 * 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It is longer than such bodies are.
    #[error("the request body is too large")]
    TooLarge,
    /// It ended before its end.
    #[error("the request body did not arrive whole")]
    Interrupted,
}

/// All of a body of a megabyte at most.
///
/// # Errors
/// [`BadBody`].
pub async fn read_small_body(body: Body) -> Result<Bytes, BadBody> {
    let read = Limited::new(body, MAX_BYTES).collect().await;
    let read =
        read.map_err(|error| if error.is::<LengthLimitError>() { BadBody::TooLarge } else { BadBody::Interrupted });
    Ok(read?.to_bytes())
}
