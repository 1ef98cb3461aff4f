//! What watchers of a server ask: is it alive, is it ready, which version is it, and what answers where.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use library::Library;
use serde_json::json;

/// `/healthz`: the process answers.
pub(crate) fn health() -> Router {
    alone(get(|| async { Json(json!({ "status": "ok" })) }))
}

/// `/readyz`: every part that requests need is in order; 503 and their names if not. What may come later is named, and no reason to
/// send requests elsewhere.
pub(crate) fn readiness(library: Library) -> Router {
    alone(get(ready)).with_state(library)
}

/// `/version`.
pub(crate) fn version() -> Router {
    alone(get(|| async { Json(json!({ "name": "mediary", "version": env!("CARGO_PKG_VERSION") })) }))
}

/// `/`: what answers where.
pub(crate) fn front(mounts: Vec<(&'static str, &'static str)>) -> Router {
    let dialects: serde_json::Map<_, _> =
        mounts.into_iter().map(|(name, prefix)| (name.to_owned(), json!(prefix))).collect();
    let page = Json(json!({ "name": "mediary", "version": env!("CARGO_PKG_VERSION"), "dialects": dialects }));
    alone(get(move || async move { page }))
}

/// One page, and nothing else.
fn alone<S: Clone + Send + Sync + 'static>(page: MethodRouter<S>) -> Router<S> {
    Router::new().route("/", page).method_not_allowed_fallback(no_such_method).fallback(nothing)
}

/// There is nothing here.
pub(crate) fn nowhere() -> Router {
    Router::new().fallback(nothing)
}

async fn nothing() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" })))
}

async fn no_such_method() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, Json(json!({ "error": "method not allowed" })))
}

async fn ready(State(library): State<Library>) -> impl IntoResponse {
    let (mut troubles, delays) = (library.troubles().await, library.delays().await);
    let status = if troubles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if troubles.is_empty() { "ready" } else { "not ready" };
    troubles.extend(delays);
    (status, Json(json!({ "status": word, "troubles": troubles })))
}
