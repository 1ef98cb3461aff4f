//! Botdoc's API v1 over the library: files sent in chunks, downloads that are counted, and a page for people without an account.
//! A route table and four translations (`auth`, `url`, `views`, `error`) with thin handlers. The seed is Botdoc's page "Managing
//! your medias"; quirks are in this crate's README.

mod assets;
mod auth;
mod bodies;
mod callbacks;
mod codes;
mod containers;
mod deposits;
mod envelope;
mod error;
mod features;
#[doc(hidden)]
pub mod fuzzing;
mod guests;
mod inputs;
mod kept;
mod keys;
mod messages;
mod notifications;
mod offers;
mod recipients;
mod requests;
mod templates;
mod tokens;
mod uploads;
mod url;
mod views;
mod visits;

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
pub use keys::{Keys, KeysWish, REALM, add_keys, found_request};

/// Browsers call the API from pages of other origins, with `Authorization`; contract section 2.
pub const CORS: Cors = Cors {
    allow_headers: "Authorization, Content-Type, Accept, X-Requested-With",
    allow_methods: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    expose_headers: "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, X-Request-Id",
    options: Some(StatusCode::OK),
    tells_always: true,
};

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// For how long a token works, in seconds.
    pub token_s: i64,
    /// For how long after it was first given out a token may be renewed, in seconds.
    pub token_refresh_s: i64,
    /// For how long a container and what is put in it last, in milliseconds; 0: for good.
    pub retention_ms: i64,
    /// How often a file may be downloaded.
    pub max_downloads: i64,
    /// The root of this dialect as the world sees it, without a trailing slash; mail is not sent without it.
    pub public_base: Option<String>,
}

/// What handlers work with.
#[derive(Clone)]
pub struct Botdoc {
    pub(crate) library: Library,
    pub(crate) config: Arc<Config>,
}

impl FromRef<Botdoc> for Library {
    fn from_ref(botdoc: &Botdoc) -> Self {
        botdoc.library.clone()
    }
}

const fn route(
    method: Method,
    path: &'static str,
    right: Option<Right>,
    source: &'static str,
    handler: fn() -> axum::routing::MethodRouter<Botdoc>,
) -> Route<Botdoc, Option<Right>> {
    Route { method, path, right, source, handler }
}

const READ: Option<Right> = Some(Right::Read);
const CREATE: Option<Right> = Some(Right::Create);

/// The whole surface. Where there is no right, the body or the path is the credential.
pub const ROUTES: &[Route<Botdoc, Option<Right>>] = &[
    route(Method::POST, "/v1/auth/get_token", None, "contract 1.1", || post(tokens::get_token)),
    route(Method::POST, "/v1/auth/token_refresh", None, "contract 1.1", || post(tokens::refresh)),
    route(Method::POST, "/v1/auth/token_verify", None, "contract 1.1", || post(tokens::verify)),
    route(Method::GET, "/v1/media", READ, "Getting your medias", || get(assets::list)),
    route(Method::POST, "/v1/media", CREATE, "Create a media", || post(uploads::create)),
    route(Method::GET, "/v1/media/{id}", READ, "Getting a specific media", || get(assets::one)),
    route(Method::PUT, "/v1/media/{id}", CREATE, "contract 3.2", || put(uploads::put_chunk)),
    route(Method::PATCH, "/v1/media/{id}", CREATE, "contract 3.2", || patch(uploads::put_chunk)),
    route(Method::DELETE, "/v1/media/{id}", Some(Right::Delete), "Delete a media", || delete(assets::remove)),
    route(Method::GET, "/v1/media/{id}/download", READ, "Download a media", || get(assets::download)),
    route(Method::GET, "/v1/module_container_pushpull/media/{id}/download", READ, "contract 1.2", || {
        get(assets::download)
    }),
    route(Method::GET, "/v1/module_container_pushpull/mediadatacollection/{id}/download", READ, "contract 1.2", || {
        get(assets::download)
    }),
    route(Method::GET, CONTAINERS, READ, "contract 1.3", || get(containers::list)),
    route(Method::POST, CONTAINERS, CREATE, "contract 1.3", || post(containers::create)),
    route(Method::GET, "/v1/module_container/container/{id}", READ, "contract 1.3", || get(containers::one)),
    route(Method::POST, "/v1/module_container/container/{id}/recipient", CREATE, "contract 1.3", || {
        post(recipients::create)
    }),
    route(Method::GET, "/v1/module_container/recipient/{id}", READ, "contract 1.3", || get(recipients::one)),
    route(Method::POST, "/v1/module_container/recipient/{id}/recipient_item", CREATE, "contract 1.3", || {
        post(recipients::create_item)
    }),
    route(Method::GET, "/v1/module_container/recipientitem/{id}", READ, "contract 1.3", || get(recipients::item)),
    route(Method::POST, "/v1/module_container/container/{id}/email", CREATE, "contract 1.3", || {
        post(notifications::set_email)
    }),
    route(Method::POST, "/v1/module_container/container/{id}/auth_code", CREATE, "contract 1.3", || {
        post(codes::require_in)
    }),
    route(Method::POST, "/v1/module_container/authcode", CREATE, "contract 1.3", || post(codes::require)),
    route(Method::GET, SEND, CREATE, "contract 1.3", || get(notifications::send)),
    route(Method::POST, SEND, CREATE, "contract 1.3", || post(notifications::send)),
    route(Method::POST, "/v1/module_container/message", CREATE, "contract 1.3", || post(messages::create)),
    route(Method::GET, "/v1/module_container/messagereply", READ, "contract 1.3", || get(messages::replies)),
    route(Method::POST, "/v1/module_container_pushpull/pushpullfeature", CREATE, "contract 1.3", || {
        post(features::create)
    }),
    route(Method::POST, "/v1/module_container_pull/pull", CREATE, "contract 1.3", || post(offers::create_pull)),
    route(Method::GET, "/v1/module_container_pull/pull/{id}/pull_file", READ, "contract 1.3", || {
        get(offers::pulled_files)
    }),
    route(Method::POST, "/v1/module_container_push/push", CREATE, "contract 1.3", || post(offers::create_push)),
    route(Method::POST, "/v1/module_container_push/pushfile", CREATE, "contract 1.3", || post(uploads::push_file)),
    route(Method::GET, "/v1/request", READ, "contract 1.4", || get(requests::list)),
    route(Method::POST, "/v1/request", CREATE, "contract 1.4", || post(requests::create)),
    route(Method::GET, "/v1/request/{id}", READ, "contract 1.4", || get(requests::one)),
    route(Method::POST, "/v1/request/{id}/send_notification", CREATE, "contract 1.4", || post(notifications::send)),
    route(Method::GET, "/v1/auth/request", READ, "contract 1.4", || get(requests::list)),
    route(Method::POST, "/v1/auth/request", CREATE, "contract 1.4", || post(requests::create)),
    route(Method::GET, "/v1/auth/media", READ, "contract 1.4", || get(assets::list)),
    route(Method::POST, "/v1/auth/media", CREATE, "contract 1.4", || post(uploads::create)),
    route(Method::GET, "/v1/auth/media/{id}", READ, "contract 1.4", || get(assets::one)),
    route(Method::GET, "/s/{code}", None, "contract 4", || get(guests::show)),
    route(Method::POST, "/s/{code}/code", None, "contract 4", || post(codes::send)),
    route(Method::POST, "/s/{code}/enter", None, "contract 4", || post(codes::enter)),
    route(Method::GET, "/s/{code}/media/{id}/{name}", None, "contract 4", || get(guests::download)),
    route(Method::POST, "/s/{code}/upload", None, "contract 4", || post(guests::upload)),
    route(Method::POST, "/s/{code}/done", None, "contract 4", || post(guests::done)),
    route(Method::POST, "/s/{code}/reply", None, "contract 4", || post(guests::reply)),
];

const CONTAINERS: &str = "/v1/module_container/container";
const SEND: &str = "/v1/module_container/container/{id}/send_notification";

/// The dialect's router.
pub fn router(library: Library, config: Config) -> Router {
    let state = Botdoc { library, config: Arc::new(config) };
    wire::router(ROUTES, error::no_such_path, error::no_such_method).with_state(state)
}
