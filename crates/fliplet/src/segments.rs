//! The ids and names that stand in Fliplet's paths, as extractors.

use axum::{extract::FromRequestParts, http::request::Parts};
use library::{Fault, Noun};
use wire::segment;

use crate::{error::Refused, rules::Target, url::parse_id};

/// The id of a file: `5` in `/v1/media/files/5/contents/foo.jpg`.
pub(crate) struct FileId(pub(crate) i64);

/// The id of a folder: `5` in `/v1/media/folders/5`.
pub(crate) struct FolderId(pub(crate) i64);

/// The id of an app: `5` in `/v1/apps/5`.
pub(crate) struct AppId(pub(crate) i64);

/// What rules are set on: `folders` and `5` in `/v1/media/folders/5/accessRules`.
pub(crate) struct RuledId(pub(crate) Target, pub(crate) i64);

/// The last segment of a path on the CDN: `foo-618-033-9887.jpg` in `/apps/2/foo-618-033-9887.jpg`.
pub(crate) struct CdnName(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for FileId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        id(parts.uri.path(), place(parts), Noun::Asset).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for FolderId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        id(parts.uri.path(), place(parts), Noun::Folder).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for AppId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        id(parts.uri.path(), 2, Noun::Folder).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for RuledId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        let path = parts.uri.path();
        let (kind, noun) = match segment(path, 2).as_str() {
            "files" => (Target::File, Noun::Asset),
            "folders" => (Target::Folder, Noun::Folder),
            "apps" => (Target::App, Noun::Folder),
            _ => (Target::Organization, Noun::Tenant),
        };
        id(path, 3, noun).map(|id| Self(kind, id))
    }
}

impl<S: Sync> FromRequestParts<S> for CdnName {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        Ok(Self(segment(parts.uri.path(), 2)))
    }
}

/// Where the id stands: third in `/v1/media/files/{id}`, fourth in `/v1/media/deleted/files/{id}`.
fn place(parts: &Parts) -> usize {
    if segment(parts.uri.path(), 2) == "deleted" { 4 } else { 3 }
}

/// The id at its place in a path.
fn id(path: &str, place: usize, noun: Noun) -> Result<i64, Refused> {
    let id = parse_id("id", &segment(path, place))?.ok_or(Fault::NotFound(noun))?;
    Ok(i64::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_third_and_what_follows_is_not_looked_at() {
        assert_eq!(id("/v1/media/files/5%20/contents/%FF%2Fa", 3, Noun::Asset).ok(), Some(5));
        assert_eq!(id("/v1/media/files/%FF", 3, Noun::Asset).ok(), None);
    }
}
