//! Mediaflow's API over the library: a route table and four translations (`auth`, `url`, `views`, `error`) with thin handlers.
//! The seed is Mediaflow's page "Hur arbetar jag med Mediaflows API?"; quirks are in this crate's README.

mod account;
mod aliases;
mod assets;
mod auth;
mod authorize;
mod bodies;
mod dictionary;
mod downloads;
mod embeds;
mod error;
mod folders;
mod forms;
mod icons;
mod keys;
mod previews;
mod reports;
mod rights;
mod searches;
mod segments;
mod sessions;
mod types;
mod uploads;
pub mod url;
mod views;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    http::{Method, StatusCode},
    routing::{get, post, put},
};
use library::{Library, Plan, Right};
use wire::{Cors, Route};

pub use auth::REALM;
pub use error::refuse;
pub use forms::Format;
pub use keys::{Keys, KeysWish, add_keys};

/// The largest file: a strict client counts its bytes in 32 bits.
pub(crate) const MAX_FILE_BYTES: u64 = u32::MAX as u64;
/// The largest request: the file, and a little for the form around it.
pub const MAX_BODY_BYTES: u64 = MAX_FILE_BYTES + 1024 * 1024;

/// What Mediaflow's clients send from other origins.
pub const CORS: Cors = Cors {
    allow_headers: "Authorization, Content-Type, Range, If-Range, If-Match, If-None-Match, X-Api-Version, X-Requested-With",
    allow_methods: "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    expose_headers: "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, Retry-After, X-Request-Id",
    options: Some(StatusCode::NO_CONTENT),
    tells_always: false,
};

/// What clients show right after an upload.
pub const PREVIEWS: &[Plan] = &[previews::SMALL.plan(), previews::MEDIUM.plan()];

/// What an operator may set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The sizes in which files are offered beside the original and a free crop.
    pub formats: Vec<Format>,
    /// Where people may be sent on to after they signed in, each as a client spells it.
    pub redirect_uris: Vec<String>,
}

/// What handlers work with.
#[derive(Clone)]
pub struct Mediaflow {
    library: Library,
    config: Arc<Config>,
}

impl FromRef<Mediaflow> for Library {
    fn from_ref(mediaflow: &Mediaflow) -> Self {
        mediaflow.library.clone()
    }
}

impl FromRef<Mediaflow> for Arc<Config> {
    fn from_ref(mediaflow: &Mediaflow) -> Self {
        Arc::clone(&mediaflow.config)
    }
}

const fn route(
    method: Method,
    path: &'static str,
    right: Option<Right>,
    source: &'static str,
    handler: fn() -> axum::routing::MethodRouter<Mediaflow>,
) -> Route<Mediaflow, Option<Right>> {
    Route { method, path, right, source, handler }
}

/// The whole surface. Nouns stand in the singular; the plural is the same (see `aliases`). Without a right: the URL or the body
/// is the credential, or there is nothing to hide.
pub const ROUTES: &[Route<Mediaflow, Option<Right>>] = &[
    route(Method::GET, "/1/oauth2/token", None, "Anrop för att få tillgång till API:t", || get(sessions::token)),
    route(Method::POST, "/1/oauth2/token", None, "Anrop för att få tillgång till API:t", || post(sessions::token)),
    route(Method::PUT, "/1/oauth2/token", None, "Anrop för att få tillgång till API:t", || put(sessions::token)),
    route(Method::GET, "/oauth2/token", None, "contract 2, form 3", || get(sessions::token)),
    route(Method::POST, "/oauth2/token", None, "contract 2, form 3", || post(sessions::token)),
    route(Method::PUT, "/oauth2/token", None, "contract 2, form 3", || put(sessions::token)),
    route(Method::GET, "/authorize", None, "contract 2, form 4", || get(authorize::show)),
    route(Method::POST, "/authorize", None, "contract 2, form 4", || post(authorize::sign_in)),
    route(Method::GET, "/1/file/latest", Some(Right::Read), "Dataanrop till API", || get(assets::latest)),
    route(Method::GET, "/1/file/{id}", Some(Right::Read), "contract 1a, 3", || get(assets::file)),
    route(Method::POST, "/1/file", Some(Right::Create), "Ladda upp en fil", || post(uploads::announce)),
    route(Method::PUT, "/up/{key}", None, "Ladda upp en fil", || put(uploads::receive)),
    route(Method::POST, "/up/{key}", None, "Ladda upp en fil", || post(uploads::receive)),
    route(Method::GET, "/1/file/{id}/folder", Some(Right::Read), "contract 1a, 6", || get(assets::folders)),
    route(Method::GET, "/1/file/{id}/checkpermissions", Some(Right::Read), "contract 1a, 7", || {
        get(rights::permissions)
    }),
    route(Method::GET, "/1/file/{id}/usage", Some(Right::Read), "contract 1a, 8", || get(reports::usages)),
    route(Method::POST, "/1/file/{id}/usage", Some(Right::Read), "contract 1a, 9", || post(reports::report)),
    route(Method::POST, "/1/file/multiple/usage", Some(Right::Read), "contract 1a, 10", || post(reports::report_all)),
    route(Method::GET, "/1/file/{id}/license", Some(Right::Read), "contract 1a, 11", || get(rights::license)),
    route(Method::GET, "/1/file/{id}/aialttext", Some(Right::Read), "contract 1a, 12", || get(rights::alt_text)),
    route(Method::GET, "/1/file/{id}/download", Some(Right::Read), "contract 1a, 13", || get(downloads::all)),
    route(Method::GET, "/1/file/{id}/download/{format}", Some(Right::Read), "contract 1a, 14", || get(downloads::one)),
    route(Method::GET, "/d/{code}/{format}", None, "contract 1a, 15", || get(downloads::fetch)),
    route(Method::GET, "/p/{signature}/{code}/{form}/{name}", None, "contract 1a, 15", || get(downloads::permanent)),
    route(Method::GET, "/1/folder", Some(Right::Read), "contract 1a, 16", || get(folders::tops)),
    route(Method::GET, "/1/folder/{id}", Some(Right::Read), "contract 1a, 17", || get(folders::folder)),
    route(Method::GET, "/1/folder/{id}/children", Some(Right::Read), "contract 1a, 18", || get(folders::children)),
    route(Method::GET, "/1/folder/{id}/file", Some(Right::Read), "contract 1a, 19", || get(folders::files)),
    route(Method::GET, "/1/foldertree", Some(Right::Read), "contract 1a, 20", || get(folders::tree)),
    route(Method::POST, "/1/search/file", Some(Right::Read), "contract 1a, 21", || post(searches::search)),
    route(Method::GET, "/1/format", Some(Right::Read), "contract 1a, 22", || get(account::formats)),
    route(Method::GET, "/1/mark", Some(Right::Read), "contract 1a, 23", || get(account::marks)),
    route(Method::GET, "/1/user/me", Some(Right::Read), "contract 1a, 24", || get(account::own_modules)),
    route(Method::GET, "/1/me", Some(Right::Read), "contract 1a, 25", || get(account::me)),
    route(Method::GET, "/1/player/theme", Some(Right::Read), "contract 1a, 26", || get(account::themes)),
    route(Method::GET, "/1/dictionary/fileSelector/{lang}", None, "contract 1a, 27", || get(dictionary::file_selector)),
    route(Method::GET, "/json/{code}", None, "contract 1a, 28", || get(embeds::media)),
    route(Method::POST, "/embed", None, "contract 1a, 29", || post(embeds::embed)),
    route(Method::GET, "/images/{name}", None, "the sample's icon", || get(icons::icon)),
    route(Method::GET, "/info/{part}/{name}", None, "the sample's smallPreview", || get(previews::preview)),
    route(Method::GET, "/skiss/{part}/{name}", None, "the sample's mediumPreview", || get(previews::preview)),
    route(Method::GET, "/thumb/{part}/{name}", None, "contract 1b, thumbPreview", || get(previews::preview)),
    route(Method::GET, "/poster/{part}/{name}", None, "contract 1b, poster", || get(previews::preview)),
];

/// The dialect's router.
pub fn router(library: Library, config: Config) -> Router {
    let state = Mediaflow { library, config: Arc::new(config) };
    aliases::resolved(wire::router(ROUTES, error::no_such_route, error::no_such_method).with_state(state))
}
