//! What answers where: every dialect under its prefix and on its hosts, the probes, and the front.

use axum::{Router, http::Method};
use library::{Library, Right};
use wire::{Cors, Mount, Mounts, refuse_plainly};

use crate::{Failure, Settings, probes};

/// The dialects that there are, by name.
pub(crate) const DIALECTS: &[&str] = &["fliplet", "mediaflow", "flextype", "botdoc", "mediapocket"];

const FRONT: &str = "front";

/// Probes are asked by machines of the operator's, not by pages of other origins.
static SAME_ORIGIN: Cors = Cors {
    allow_headers: "",
    allow_methods: "GET, HEAD",
    expose_headers: "X-Request-Id",
    options: None,
    tells_always: false,
};
static FLIPLET_CORS: Cors = fliplet::CORS;
static MEDIAFLOW_CORS: Cors = mediaflow::CORS;
static FLEXTYPE_CORS: Cors = flextype::CORS;
static BOTDOC_CORS: Cors = botdoc::CORS;
static MEDIAPOCKET_CORS: Cors = mediapocket::CORS;

/// A probe takes no body to speak of, in bytes.
const SMALL_BODY_BYTES: u64 = 64 * 1024;

/// A route of a dialect: its mount's prefix, method, path and right; none where the URL or body is the credential.
pub type DialectRoute = (&'static str, Method, &'static str, Option<Right>);

/// Every route of every dialect, for the tests that try every door.
#[must_use]
pub fn dialect_routes() -> Vec<DialectRoute> {
    let fliplet = fliplet::ROUTES.iter().map(|route| ("/fliplet", route.method.clone(), route.path, Some(route.right)));
    let mediaflow = mediaflow::ROUTES.iter().map(|route| ("/mediaflow", route.method.clone(), route.path, route.right));
    let flextype = flextype::ROUTES.iter().map(|route| ("/flextype", route.method.clone(), route.path, route.right));
    let botdoc = botdoc::ROUTES.iter().map(|route| ("/botdoc", route.method.clone(), route.path, route.right));
    let mediapocket =
        mediapocket::ROUTES.iter().map(|route| ("/mediapocket", route.method.clone(), route.path, route.right));
    fliplet.chain(mediaflow).chain(flextype).chain(botdoc).chain(mediapocket).collect()
}

/// What is for watchers, and no dialect.
pub(crate) fn plain(name: &'static str, prefix: &'static str, router: Router) -> Mount {
    Mount {
        name,
        prefix,
        hosts: Vec::new(),
        router,
        cors: &SAME_ORIGIN,
        max_body_bytes: SMALL_BODY_BYTES,
        refuse: refuse_plainly,
    }
}

/// Mounts everything.
///
/// # Errors
/// When two dialects claim one host, or the public URL is none.
pub fn mounts(library: &Library, settings: &Settings) -> Result<Mounts, Failure> {
    let flextype = settings.flextype_config()?;
    let dialects = vec![
        Mount {
            name: "fliplet",
            prefix: "/fliplet",
            hosts: settings.fliplet.hosts.clone(),
            router: fliplet::router(library.clone()),
            cors: &FLIPLET_CORS,
            max_body_bytes: fliplet::MAX_BODY_BYTES,
            refuse: fliplet::refuse,
        },
        Mount {
            name: "mediaflow",
            prefix: "/mediaflow",
            hosts: settings.mediaflow.hosts.clone(),
            router: mediaflow::router(library.clone(), settings.mediaflow_config()?),
            cors: &MEDIAFLOW_CORS,
            max_body_bytes: mediaflow::MAX_BODY_BYTES,
            refuse: mediaflow::refuse,
        },
        Mount {
            name: "flextype",
            prefix: "/flextype",
            hosts: settings.flextype.hosts.clone(),
            max_body_bytes: flextype::max_body_bytes(&flextype),
            router: flextype::router(library.clone(), flextype),
            cors: &FLEXTYPE_CORS,
            refuse: flextype::refuse,
        },
        Mount {
            name: "botdoc",
            prefix: "/botdoc",
            hosts: settings.botdoc.hosts.clone(),
            router: botdoc::router(library.clone(), settings.botdoc_config()?),
            cors: &BOTDOC_CORS,
            // The largest file, and a little for the form around it.
            max_body_bytes: settings.limits.max_upload_bytes.saturating_add(1024 * 1024),
            refuse: botdoc::refuse,
        },
        Mount {
            name: "mediapocket",
            prefix: "/mediapocket",
            hosts: settings.mediapocket.hosts.clone(),
            router: mediapocket::router(library.clone(), settings.mediapocket_config()?),
            cors: &MEDIAPOCKET_CORS,
            max_body_bytes: mediapocket::MAX_BODY_BYTES,
            refuse: mediapocket::refuse,
        },
    ];
    let listed = dialects.iter().map(|mount| (mount.name, mount.prefix)).collect();
    let mut all = dialects;
    all.push(plain("healthz", "/healthz", probes::health()));
    all.push(plain("readyz", "/readyz", probes::readiness(library.clone())));
    all.push(plain("version", "/version", probes::version()));
    all.push(plain(FRONT, "", probes::front(listed)));
    let default = if settings.default_dialect.is_empty() { FRONT } else { &settings.default_dialect };
    let public_url = Some(settings.public_url.as_str()).filter(|url| !url.is_empty());
    Ok(Mounts::new(all, default, public_url)?)
}
