//! The ids, codes and names that stand in Mediaflow's paths.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use library::{Fault, Noun};
use wire::segment;

use crate::error::Refused;

/// The id in `/1/file/5` and `/1/folder/5`. What is no id is nothing's.
pub(crate) struct Id(pub(crate) i64);

impl<S: Sync> FromRequestParts<S> for Id {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let path = parts.uri.path();
        let noun = if segment(path, 1) == "folder" { Noun::Folder } else { Noun::Asset };
        let id = segment(path, 2).trim().parse::<u32>().ok().filter(|id| *id > 0);
        id.map(|id| Self(i64::from(id))).ok_or_else(|| Fault::NotFound(noun).into())
    }
}

/// The segments of a path, decoded.
pub(crate) struct Segments(String);

impl Segments {
    /// One of them, the first being 0.
    pub(crate) fn at(&self, place: usize) -> String {
        segment(&self.0, place)
    }
}

impl<S: Sync> FromRequestParts<S> for Segments {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.path().to_owned()))
    }
}
