//! The first page of a PDF to pixels.

use super::super::{Base, Source, Work};
use crate::{Probe, RenderError};

/// The size of the first page, and how many pages there are.
pub(super) fn measure(_input: &[u8]) -> Option<(Probe, u32)> {
    None
}

/// Draws the first page.
pub(super) fn decode(_source: &Source<'_>, _works: &[&Work<'_>]) -> Result<Base, RenderError> {
    Err(RenderError::Unsupported)
}
