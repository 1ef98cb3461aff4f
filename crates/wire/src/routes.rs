//! Routes as data, and the router made from them: trailing slashes, HEAD, 404 and 405 come once, for every dialect.
//! It does not know what a right means; it only carries it, for the tests and documents that read the table.

use axum::{Router, handler::Handler, routing::MethodRouter};
use http::Method;

/// One line of a dialect's route table.
///
/// `S` is the state its handlers take, `R` the dialect's word for who may call.
pub struct Route<S: 'static, R: 'static> {
    /// The method. A route for `GET` answers `HEAD` too.
    pub method: Method,
    /// The path in axum's syntax, such as `/v1/media/files/{id}`, without a trailing slash (`/` itself excepted).
    /// A parameter that a slash follows may come empty (`/v1/media/files//`): an id that nothing has.
    pub path: &'static str,
    /// Who may call.
    pub right: R,
    /// Where the route comes from: a heading of the vendor's page or a section of our contract.
    pub source: &'static str,
    /// Makes the handler, as in `|| get(list_media)`. It must answer `method` and nothing else.
    pub handler: fn() -> MethodRouter<S>,
}

/// Makes the router of a whole table.
///
/// Every path is also there with a trailing slash. An unknown path is answered by `not_found`, a known path with another method by
/// `method_not_allowed`, to whose answer the `Allow` header is added.
///
/// # Panics
/// When the table is wrong: two lines with the same method and path, or a path that axum does not accept.
pub fn router<S, R, N, NT, M, MT>(routes: &[Route<S, R>], not_found: N, method_not_allowed: M) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    N: Handler<NT, S>,
    NT: 'static,
    M: Handler<MT, S>,
    MT: 'static,
{
    let mut router = Router::new();
    for route in routes {
        router = router.route(route.path, (route.handler)());
        if takes_trailing_slash(route.path) {
            router = router.route(&format!("{}/", route.path), (route.handler)());
        }
    }
    // Only now: it reaches the routes that are already there.
    router.method_not_allowed_fallback(method_not_allowed).fallback(not_found)
}

/// `/` has its slash already, and nothing can follow a wildcard.
fn takes_trailing_slash(path: &str) -> bool {
    !path.ends_with('/') && !path.rsplit('/').next().is_some_and(|last| last.starts_with("{*"))
}
