//! Fliplet's media API over the library: a route table and four translations (`auth`, `url`, `views`, `error`) with thin
//! handlers. The seed is Fliplet's page "Media REST APIs"; quirks are in this crate's README.

mod access;
mod account;
mod assets;
mod auth;
mod bodies;
mod deleted;
mod error;
mod folders;
mod notes;
mod origins;
mod paths;
mod places;
pub mod rules;
mod searches;
mod segments;
mod uploads;
pub mod url;
mod viewer;
mod views;

use axum::{
    Router,
    http::Method,
    routing::{delete, get, post, put},
};
use library::{Library, Plan, Right, Rights, TokenWish};
use wire::{Cors, Route};

pub use auth::{REALM, TokenKind};
pub use error::refuse;

/// The largest file: what Fliplet's servers take ("1000mb").
pub(crate) const MAX_FILE_BYTES: u64 = 1_000 * 1024 * 1024;
/// The largest request: the file, and a little for the form around it.
pub const MAX_BODY_BYTES: u64 = MAX_FILE_BYTES + 1024 * 1024;

/// What Fliplet's clients send from other origins.
pub const CORS: Cors = Cors {
    allow_headers: "Auth-token, Authorization, Content-Type, Range, If-Range, If-Match, If-None-Match, X-Device-Platform, X-Device-Tracking, X-App-Locales",
    allow_methods: "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    expose_headers: "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, Repr-Digest, Retry-After, X-Request-Id, X-Total-Count",
    options: None,
    tells_always: false,
};

/// What clients show right after an upload: the `thumbnail`.
pub const PREVIEWS: &[Plan] = &[Library::preview_plan()];

/// The whole surface.
pub const ROUTES: &[Route<Library, Right>] = &[
    Route {
        method: Method::GET,
        path: "/v1/media",
        right: Right::Read,
        source: "Get the folders and files belonging to an app or organization or media folder",
        handler: || get(folders::list_media),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/folders",
        right: Right::Create,
        source: "Create a folder",
        handler: || post(folders::create_folder),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/folders/{id}",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(folders::get_folder),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/folders/{id}",
        right: Right::Update,
        source: "contract 1.1",
        handler: || put(folders::change_folder),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/media/folders/{id}",
        right: Right::Delete,
        source: "Delete a folder",
        handler: || delete(folders::delete_folder),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/folders/{id}/restore",
        right: Right::Delete,
        source: "contract 1.1",
        handler: || post(folders::restore_folder),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/files",
        right: Right::Create,
        source: "Upload one or more files",
        handler: || post(uploads::upload_files),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/files/aggregate",
        right: Right::Read,
        source: "contract 1.1",
        handler: || post(searches::aggregate_files),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(assets::get_file),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/files/{id}",
        right: Right::Update,
        source: "contract 1.1",
        handler: || put(assets::change_file),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/media/files/{id}",
        right: Right::Delete,
        source: "Delete a file",
        handler: || delete(assets::delete_file),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/files/{id}/restore",
        right: Right::Delete,
        source: "contract 1.1",
        handler: || post(assets::restore_file),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}/contents",
        right: Right::Read,
        source: "Stream the contents of a file",
        handler: || get(assets::file_contents),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}/contents/{name}",
        right: Right::Read,
        source: "Stream the contents of a file",
        handler: || get(assets::file_contents),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}/thumb/{name}",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(assets::file_thumbnail),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}/pdf",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(viewer::view_pdf),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/zip",
        right: Right::Read,
        source: "Download contents of a folder or a list of files as a ZIP package",
        handler: || get(assets::zip_package),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/deleted",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(deleted::list_deleted),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/media/deleted/files/{id}",
        right: Right::Delete,
        source: "contract 1.1",
        handler: || delete(deleted::purge_file),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/media/deleted/folders/{id}",
        right: Right::Delete,
        source: "contract 1.1",
        handler: || delete(deleted::purge_folder),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/search",
        right: Right::Read,
        source: "contract 8",
        handler: || get(searches::search_media),
    },
    Route {
        method: Method::POST,
        path: "/v1/media/search",
        right: Right::Read,
        source: "contract 8",
        handler: || post(searches::search_media),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/files/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || get(access::get_rules),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/files/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || put(access::put_rules),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/folders/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || get(access::get_rules),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/folders/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || put(access::put_rules),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/apps/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || get(access::get_rules),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/apps/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || put(access::put_rules),
    },
    Route {
        method: Method::GET,
        path: "/v1/media/organizations/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || get(access::get_rules),
    },
    Route {
        method: Method::PUT,
        path: "/v1/media/organizations/{id}/accessRules",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || put(access::put_rules),
    },
    Route {
        method: Method::GET,
        path: "/v1/user",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(account::get_user),
    },
    Route {
        method: Method::GET,
        path: "/v1/organizations",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(account::list_organizations),
    },
    Route {
        method: Method::GET,
        path: "/v1/apps",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(account::list_apps),
    },
    Route {
        method: Method::GET,
        path: "/v1/apps/{id}",
        right: Right::Read,
        source: "contract 1.1",
        handler: || get(account::get_app),
    },
    Route {
        method: Method::GET,
        path: "/v1/tokens",
        right: Right::Manage,
        source: "contract 1.1",
        handler: || get(account::list_tokens),
    },
    Route {
        method: Method::GET,
        path: "/apps/{owner}/{file}",
        right: Right::Read,
        source: "the samples' path, url and thumbnail",
        handler: || get(assets::cdn_file),
    },
    Route {
        method: Method::GET,
        path: "/organizations/{owner}/{file}",
        right: Right::Read,
        source: "contract 1.2, path",
        handler: || get(assets::cdn_file),
    },
];

/// The dialect's router.
pub fn router(library: Library) -> Router {
    wire::router(ROUTES, error::no_such_route, error::no_such_method).with_state(library)
}

/// What a token of a kind may do and where: for `init` and `mediary token`.
#[must_use]
pub fn token_wish(kind: TokenKind, tenant_id: i64, user_id: i64, app_id: Option<i64>, name: &str) -> TokenWish {
    TokenWish {
        tenant_id,
        user_id,
        realm: REALM.to_owned(),
        kind: kind.as_str().to_owned(),
        name: name.to_owned(),
        prefix: "eu--".to_owned(),
        rights: match kind {
            TokenKind::Studio => Rights::ALL,
            TokenKind::Organization | TokenKind::App => Rights::CHANGE,
            TokenKind::Session => Rights::CHANGE.with(Right::Personal),
        },
        folder_id: app_id,
        call_limit: None,
        secret: None,
        expires_at: None,
    }
}
