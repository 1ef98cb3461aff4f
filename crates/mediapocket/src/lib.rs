//! MediaPocket's API v2 over the library: share links that keep their word, and the assets, projects and collections that they lead
//! to. A route table and four translations (`auth`, `url`, `views`, `error`) with thin handlers. The seed is MediaPocket's page on
//! shareable links; quirks are in this crate's README.

mod articles;
mod assets;
mod auth;
mod bodies;
mod collections;
mod comments;
mod details;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod links;
mod media;
mod objects;
mod params;
mod presigned;
mod projects;
mod shares;
mod signing;
mod templates;
mod url;
mod users;
mod views;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    http::{Method, StatusCode},
    routing::{MethodRouter, delete, get, post, put},
};
use library::{Library, Right};
use wire::{Cors, Route};

pub use error::refuse;
pub use keys::{REALM, api_key_wish};

/// A call has a small JSON body; files are fetched from where they lie. Twice what is read of one, so that of a body that does not say
/// how long it is the reader, and not the server around it, finds that it is too long.
pub const MAX_BODY_BYTES: u64 = 2 * 1024 * 1024;

/// Browser clients of other origins send the key in a header of its own; contract section 2.
pub const CORS: Cors = Cors {
    allow_headers: "x-api-key, content-type, accept",
    allow_methods: "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    expose_headers: "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, X-Request-Id",
    options: Some(StatusCode::OK),
    tells_always: true,
};

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// For how long an asset lies in the trash bin, in milliseconds.
    pub trash_ms: i64,
    /// Whether links are followed by holders of a key only.
    pub require_key: bool,
    /// For how long what a link leads to can be fetched, in seconds.
    pub presigned_s: u32,
    /// What presigned URLs are signed with; none: by keys of the library's own.
    pub signing: Option<SigningKeys>,
    /// The most addresses that one mail goes to.
    pub max_recipients: usize,
    /// The root of this dialect as the world sees it, without a trailing slash; mail is not sent without it.
    pub public_base: Option<String>,
}

/// A pair of keys as S3 has them. It has no `Debug`: one of them is a secret.
#[derive(Clone)]
pub struct SigningKeys {
    /// Which pair it is.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKeys({})", self.access_key_id)
    }
}

/// What handlers work with.
#[derive(Clone)]
pub struct MediaPocket {
    pub(crate) library: Library,
    pub(crate) config: Arc<Config>,
}

impl FromRef<MediaPocket> for Library {
    fn from_ref(pocket: &MediaPocket) -> Self {
        pocket.library.clone()
    }
}

const fn route(
    method: Method,
    path: &'static str,
    right: Option<Right>,
    source: &'static str,
    handler: fn() -> MethodRouter<MediaPocket>,
) -> Route<MediaPocket, Option<Right>> {
    Route { method, path, right, source, handler }
}

const READ: Option<Right> = Some(Right::Read);
const CREATE: Option<Right> = Some(Right::Create);
const UPDATE: Option<Right> = Some(Right::Update);
const DELETE: Option<Right> = Some(Right::Delete);

const LINKS: &str = "/api/v2/shareable_links";
const LINK: &str = "/api/v2/shareable_links/{key}";
const ASSETS: &str = "/api/v2/assets";
const ASSET: &str = "/api/v2/assets/{id}";
const MEDIA: &str = "/api/v2/assets/{id}/media";
const ARTICLE: &str = "/api/v2/assets/{id}/article";
const ASSET_COMMENTS: &str = "/api/v2/assets/{id}/comments";
const ASSET_COMMENT: &str = "/api/v2/assets/{id}/comments/{comment}";
const PROJECTS: &str = "/api/v2/projects";
const PROJECT: &str = "/api/v2/projects/{id}";
const PROJECT_COMMENTS: &str = "/api/v2/projects/{id}/comments";
const PROJECT_COMMENT: &str = "/api/v2/projects/{id}/comments/{comment}";
const COLLECTIONS: &str = "/api/v2/collections";
const COLLECTION: &str = "/api/v2/collections/{id}";
const COLLECTED: &str = "/api/v2/collections/{id}/assets";
const LET_IN: &str = "/api/v2/collections/{id}/users";
const API_KEYS: &str = "/api/v2/user/api_keys";
const ONE_API_KEY: &str = "/api/v2/user/api_keys/{key}";
const OBJECT: &str = "/s3/{bucket}/{*key}";

/// The whole surface. Where there is no right, the URL is the credential.
pub const ROUTES: &[Route<MediaPocket, Option<Right>>] = &[
    route(Method::GET, LINK, None, "Get shareable link", || get(links::follow)),
    route(Method::POST, "/api/v2/shareable_links/{key}/open", None, "decisions 5", || post(links::open)),
    route(Method::POST, LINKS, READ, "Create shareable link", || post(links::create)),
    route(Method::POST, "/api/v2/shareable_links/share", CREATE, "Send shareable links by email", || {
        post(shares::share)
    }),
    route(Method::GET, OBJECT, None, "contract 3", || get(objects::fetch)),
    route(Method::POST, ASSETS, CREATE, "contract 1.2", || post(assets::create)),
    route(Method::GET, ASSET, READ, "contract 1.2", || get(assets::one)),
    route(Method::PUT, ASSET, UPDATE, "contract 1.2", || put(assets::update)),
    route(Method::DELETE, ASSET, DELETE, "contract 1.2", || delete(assets::remove)),
    route(Method::POST, "/api/v2/assets/{id}/trash_bin", DELETE, "contract 1.2", || post(assets::trash)),
    route(Method::POST, "/api/v2/assets/{id}/restore", DELETE, "contract 1.2", || post(assets::restore)),
    route(Method::POST, "/api/v2/assets/{id}/assign", UPDATE, "contract 1.2", || post(assets::assign)),
    route(Method::GET, "/api/v2/assets/{id}/attachments", READ, "contract 1.2", || get(assets::attachments)),
    route(Method::GET, "/api/v2/assets/{id}/collections", READ, "contract 1.2", || get(collections::of_asset)),
    route(Method::GET, "/api/v2/assets/{id}/history", READ, "contract 1.2", || get(assets::history)),
    route(Method::GET, "/api/v2/assets/{id}/history/{cursor}", READ, "contract 1.2", || get(assets::history)),
    route(Method::GET, "/api/v2/assets/{id}/file_metadata", READ, "contract 1.2", || get(media::metadata)),
    route(Method::POST, MEDIA, UPDATE, "contract 1.2", || post(media::add)),
    route(Method::GET, MEDIA, READ, "contract 1.2", || get(media::list)),
    route(Method::GET, "/api/v2/assets/{id}/media/{media}/download_url", READ, "contract 1.2", || {
        get(media::download_url)
    }),
    route(Method::GET, ARTICLE, READ, "contract 1.2", || get(articles::read)),
    route(Method::PUT, ARTICLE, UPDATE, "contract 1.2", || put(articles::write)),
    route(Method::GET, ASSET_COMMENTS, READ, "contract 1.2", || get(comments::list_of_asset)),
    route(Method::POST, ASSET_COMMENTS, CREATE, "contract 1.2", || post(comments::create_on_asset)),
    route(Method::GET, ASSET_COMMENT, READ, "contract 1.2", || get(comments::one_of_asset)),
    route(Method::POST, ASSET_COMMENT, UPDATE, "contract 1.2", || post(comments::update_of_asset)),
    route(Method::DELETE, ASSET_COMMENT, DELETE, "contract 1.2", || delete(comments::remove_of_asset)),
    route(Method::GET, PROJECTS, READ, "contract 1.2", || get(projects::list)),
    route(Method::POST, PROJECTS, CREATE, "contract 1.2", || post(projects::create)),
    route(Method::GET, PROJECT, READ, "contract 1.2", || get(projects::one)),
    route(Method::PUT, PROJECT, UPDATE, "contract 1.2", || put(projects::update)),
    route(Method::DELETE, PROJECT, DELETE, "contract 1.2", || delete(projects::remove)),
    route(Method::POST, "/api/v2/projects/{id}/projects", CREATE, "contract 1.2", || post(projects::create_within)),
    route(Method::GET, "/api/v2/projects/{id}/assets", READ, "contract 1.2", || get(projects::content)),
    route(Method::POST, "/api/v2/projects/{id}/assets", CREATE, "contract 1.2", || post(projects::create_asset)),
    route(Method::POST, "/api/v2/projects/{id}/assign", UPDATE, "contract 1.2", || post(projects::assign)),
    route(Method::GET, PROJECT_COMMENTS, READ, "contract 1.2", || get(comments::list_of_project)),
    route(Method::POST, PROJECT_COMMENTS, CREATE, "contract 1.2", || post(comments::create_on_project)),
    route(Method::GET, PROJECT_COMMENT, READ, "contract 1.2", || get(comments::one_of_project)),
    route(Method::POST, PROJECT_COMMENT, UPDATE, "contract 1.2", || post(comments::update_of_project)),
    route(Method::DELETE, PROJECT_COMMENT, DELETE, "contract 1.2", || delete(comments::remove_of_project)),
    route(Method::GET, COLLECTIONS, READ, "contract 1.2", || get(collections::list)),
    route(Method::POST, COLLECTIONS, CREATE, "contract 1.2", || post(collections::create)),
    route(Method::GET, COLLECTION, READ, "contract 1.2", || get(collections::one)),
    route(Method::PUT, COLLECTION, UPDATE, "contract 1.2", || put(collections::update)),
    route(Method::DELETE, COLLECTION, UPDATE, "contract 1.2", || delete(collections::remove)),
    route(Method::GET, COLLECTED, READ, "contract 1.2", || get(collections::content)),
    route(Method::POST, COLLECTED, UPDATE, "contract 1.2", || post(collections::put_in)),
    route(Method::DELETE, "/api/v2/collections/{id}/assets/{asset}", UPDATE, "contract 1.2", || {
        delete(collections::take_out)
    }),
    route(Method::POST, "/api/v2/collections/{id}/public", UPDATE, "contract 1.2", || post(collections::publish)),
    route(Method::POST, "/api/v2/collections/{id}/private", UPDATE, "contract 1.2", || post(collections::hide)),
    route(Method::GET, "/api/v2/collections/{id}/all_users", READ, "contract 1.2", || get(collections::all_users)),
    route(Method::GET, LET_IN, READ, "contract 1.2", || get(collections::users)),
    route(Method::POST, LET_IN, UPDATE, "contract 1.2", || post(collections::let_in)),
    route(Method::GET, "/api/v2/users", READ, "contract 1.2", || get(users::list)),
    route(Method::GET, "/api/v2/user", READ, "contract 1.2", || get(users::own)),
    route(Method::GET, API_KEYS, READ, "contract 1.2", || get(keys::list)),
    route(Method::POST, API_KEYS, READ, "contract 1.2", || post(keys::create)),
    route(Method::POST, ONE_API_KEY, READ, "contract 1.2", || post(keys::revoke)),
];

/// The dialect's router.
pub fn router(library: Library, config: Config) -> Router {
    let state = MediaPocket { library, config: Arc::new(config) };
    wire::router(ROUTES, error::no_such_path, error::no_such_method).with_state(state)
}
