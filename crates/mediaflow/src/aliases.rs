//! Singular and plural: `/1/files/5/downloads/0` is `/1/file/5/download/0`. Routed once, under the singular.

use axum::{
    Router,
    extract::Request,
    http::{Uri, uri::PathAndQuery},
};
use tower::util::MapRequestLayer;

/// Each with what it stands for.
const PLURALS: &[(&str, &str)] = &[
    ("files", "file"),
    ("folders", "folder"),
    ("formats", "format"),
    ("usages", "usage"),
    ("downloads", "download"),
    ("marks", "mark"),
    ("users", "user"),
    ("themes", "theme"),
    ("licenses", "license"),
];

/// The router behind this translation.
pub(crate) fn resolved(router: Router) -> Router {
    let resolve = |mut request: Request| {
        if let Some(path) = singular(request.uri().path()) {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            let mut parts = request.uri().clone().into_parts();
            if let Ok(resolved) = PathAndQuery::try_from(format!("{path}{query}")) {
                parts.path_and_query = Some(resolved);
                if let Ok(uri) = Uri::from_parts(parts) {
                    *request.uri_mut() = uri;
                }
            }
        }
        request
    };
    // Around the router, not in it: routes are chosen by what comes out.
    Router::new().fallback_service(tower::Layer::layer(&MapRequestLayer::new(resolve), router))
}

/// The path with its nouns in the singular; none when they are already, or it is not the API's.
fn singular(path: &str) -> Option<String> {
    let api = path.strip_prefix("/1/")?;
    let known = |segment: &str| PLURALS.iter().find(|(plural, _)| *plural == segment).map(|(_, singular)| *singular);
    if !api.split('/').any(|segment| known(segment).is_some()) {
        return None;
    }
    let segments: Vec<&str> = api.split('/').map(|segment| known(segment).unwrap_or(segment)).collect();
    Some(format!("/1/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_singular_and_the_rest_stays() {
        for (path, expected) in [
            ("/1/files/5/downloads/0", Some("/1/file/5/download/0")),
            ("/1/folders", Some("/1/folder")),
            ("/1/files/multiple/usages", Some("/1/file/multiple/usage")),
            ("/1/folder/7/files/", Some("/1/folder/7/file/")),
            ("/1/file/5", None),
            ("/info/files/files.jpg", None),
        ] {
            assert_eq!(singular(path).as_deref(), expected, "{path}");
        }
    }
}
