//! HEIC and kin to pixels, by the system's libheif.

use super::super::{Base, Engine, Source, Work};
use crate::RenderError;

/// Decodes the main image.
pub(super) fn decode(_engine: &mut Engine, _source: &Source<'_>, _works: &[&Work<'_>]) -> Result<Base, RenderError> {
    Err(RenderError::Unsupported)
}
