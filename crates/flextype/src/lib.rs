//! Flextype's media API over the library: a file is its path. A route table and four translations (`auth`, `url`, `views`, `error`)
//! with thin handlers. The seed is Flextype's pages "Media Files" and "Media Folders"; quirks are in this crate's README.

mod assets;
mod auth;
mod bodies;
mod collections;
mod contents;
mod error;
mod fields;
mod folders;
mod ids;
mod keys;
mod uploads;
pub mod url;
mod views;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    http::{Method, StatusCode},
    routing::{delete, get, patch, post, put},
};
use library::{Library, Right};
use wire::{Cors, Route};

pub use error::refuse;
pub use fields::set_meta;
pub use keys::{TokenKind, token_wish};

/// What every answer tells scripts of other origins; contract section 2.
pub const CORS: Cors = Cors {
    allow_headers: "X-Requested-With, Content-Type, Accept, Origin, Authorization",
    allow_methods: "GET, POST, PUT, DELETE, PATCH, OPTIONS",
    expose_headers: "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, X-Request-Id",
    options: Some(StatusCode::OK),
    tells_always: true,
};

/// What an operator may set. The names follow Flextype's own `settings.yaml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether clients get the reference server's answers where those differ harmlessly from the document's.
    pub strict: bool,
    /// What `dirname` and `full_id` begin with.
    pub root_path: String,
    /// Where files are served, as `url` says it: `project/uploads`.
    pub url_prefix: String,
    /// Whether the routes for files answer.
    pub files_enabled: bool,
    /// Whether the routes for folders answer.
    pub folders_enabled: bool,
    /// The extensions that files may have, in small letters.
    pub accept_file_types: Vec<String>,
    /// The largest file, in bytes.
    pub max_file_bytes: u64,
    /// Whether names are made fit for paths.
    pub safe_names: bool,
    /// The most pixels of an image along each side that is taken at all; 0: any.
    pub max_image_px: (u32, u32),
    /// The size in pixels that images are fitted into, never enlarged; 0: free.
    pub image_px: (u32, u32),
    /// The quality of JPEGs, 1 to 100.
    pub image_quality: u8,
    /// Hosts whose files are a tenant's, where there is more than one tenant: host name and tenant.
    pub sites: Vec<(String, i64)>,
}

impl Config {
    /// Where files are served: the reference server says `project/media` since the document was written.
    pub(crate) fn prefix(&self) -> &str {
        if self.strict { "project/media" } else { &self.url_prefix }
    }
}

/// What handlers work with.
#[derive(Clone)]
pub struct Flextype {
    pub(crate) library: Library,
    pub(crate) config: Arc<Config>,
}

impl FromRef<Flextype> for Library {
    fn from_ref(flextype: &Flextype) -> Self {
        flextype.library.clone()
    }
}

const fn route(
    method: Method,
    path: &'static str,
    right: Option<Right>,
    source: &'static str,
    handler: fn() -> axum::routing::MethodRouter<Flextype>,
) -> Route<Flextype, Option<Right>> {
    Route { method, path, right, source, handler }
}

/// The whole surface. A `POST` may mean another method (contract section 2), so handlers go by what the request says.
pub const ROUTES: &[Route<Flextype, Option<Right>>] = &[
    route(Method::GET, FILES, Some(Right::Read), "Fetch file", || get(assets::call)),
    route(Method::POST, FILES, Some(Right::Create), "Upload file", || post(assets::call)),
    route(Method::PUT, FILES, Some(Right::Update), "Move file", || put(assets::call)),
    route(Method::PATCH, FILES, Some(Right::Update), "contract 9, rows 8 and 9", || patch(assets::call)),
    route(Method::DELETE, FILES, Some(Right::Delete), "Delete file", || delete(assets::call)),
    route(Method::PUT, FILES_COPY, Some(Right::Create), "Copy File", || put(assets::call_copy)),
    route(Method::POST, FILES_META, Some(Right::Update), "Add File Meta", || post(fields::call)),
    route(Method::PATCH, FILES_META, Some(Right::Update), "Update File Meta", || patch(fields::call)),
    route(Method::DELETE, FILES_META, Some(Right::Update), "Delete File Meta", || delete(fields::call)),
    route(Method::GET, FOLDERS, Some(Right::Read), "Fetch Folder", || get(folders::call)),
    route(Method::POST, FOLDERS, Some(Right::Create), "Create folder", || post(folders::call)),
    route(Method::PUT, FOLDERS, Some(Right::Update), "Move folder", || put(folders::call)),
    route(Method::DELETE, FOLDERS, Some(Right::Delete), "Delete folder", || delete(folders::call)),
    route(Method::PUT, FOLDERS_COPY, Some(Right::Create), "Copy folder", || put(folders::call_copy)),
    route(Method::GET, "/api/entries", Some(Right::Read), "Fetch folders collection", || get(folders::call_entries)),
    route(Method::GET, "/project/uploads/{*path}", None, "the sample's url", || get(contents::file)),
    route(Method::GET, "/project/media/{*path}", None, "contract 9, row 2", || get(contents::file)),
];

pub(crate) const FILES: &str = "/api/media/files";
pub(crate) const FILES_COPY: &str = "/api/media/files/copy";
pub(crate) const FILES_META: &str = "/api/media/files/meta";
pub(crate) const FOLDERS: &str = "/api/media/folders";
pub(crate) const FOLDERS_COPY: &str = "/api/media/folders/copy";

/// The largest request: the largest file, and a little for the form around it.
#[must_use]
pub const fn max_body_bytes(config: &Config) -> u64 {
    config.max_file_bytes + 1024 * 1024
}

/// The dialect's router.
pub fn router(library: Library, config: Config) -> Router {
    let state = Flextype { library, config: Arc::new(config) };
    let router = wire::router(ROUTES, error::no_such_path, error::no_such_method);
    let own = format!("/{}/{{*path}}", state.config.url_prefix);
    let known = ROUTES.iter().any(|route| route.path == own);
    let router = if known { router } else { router.route(&own, get(contents::file)) };
    router.with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the settings come.
    pub(crate) fn config() -> Config {
        Config {
            strict: false,
            root_path: "/htdocs/flextype".to_owned(),
            url_prefix: "project/uploads".to_owned(),
            files_enabled: true,
            folders_enabled: true,
            accept_file_types: ["jpg", "jpeg", "png", "gif", "txt", "md"].map(str::to_owned).to_vec(),
            max_file_bytes: 8_000_000,
            safe_names: true,
            max_image_px: (0, 0),
            image_px: (1_600, 0),
            image_quality: 70,
            sites: Vec::new(),
        }
    }
}
