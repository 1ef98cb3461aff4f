//! Route tables and mounts.

use axum::{
    Router,
    extract::Path,
    routing::{delete, get, post},
};
use http::Method;
use wire::{BadMounts, Base, Mount, Mounts, Route, ServeConfig};

use crate::support::{Server, mount};

#[derive(Clone)]
struct Library(&'static str);

enum Right {
    Read,
    Write,
}

const ROUTES: &[Route<Library, Right>] = &[
    Route { method: Method::GET, path: "/", right: Right::Read, source: "s", handler: || get(async || "root") },
    Route { method: Method::GET, path: "/v1/media", right: Right::Read, source: "s", handler: || get(list) },
    Route {
        method: Method::POST,
        path: "/v1/media",
        right: Right::Write,
        source: "s",
        handler: || post(async || "made"),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/media/{id}",
        right: Right::Write,
        source: "s",
        handler: || delete(async |Path(id): Path<String>| id),
    },
    Route {
        method: Method::GET,
        path: "/files/{*path}",
        right: Right::Read,
        source: "s",
        handler: || get(async |Path(path): Path<String>| path),
    },
];

async fn list(axum::extract::State(library): axum::extract::State<Library>, base: Base) -> String {
    format!("{} at {}", library.0, base.join("/x"))
}

fn dialect(name: &'static str) -> Router {
    wire::router(
        ROUTES,
        async || (http::StatusCode::NOT_FOUND, "our 404"),
        async || (http::StatusCode::METHOD_NOT_ALLOWED, "our 405"),
    )
    .with_state(Library(name))
}

#[test]
fn a_table_is_data() {
    let writes = ROUTES.iter().filter(|route| matches!(route.right, Right::Write)).count();
    assert_eq!(writes, 2);
}

#[tokio::test]
async fn every_path_has_its_slash_and_every_get_its_head() {
    let server = Server::of(dialect("a")).await;
    for (request, status, body) in [
        ("GET /v1/media HTTP/1.1", 200, "a at http://test/x"),
        ("GET /v1/media/ HTTP/1.1", 200, "a at http://test/x"),
        ("HEAD /v1/media/ HTTP/1.1", 200, ""),
        ("POST /v1/media/ HTTP/1.1", 200, "made"),
        ("DELETE /v1/media/7 HTTP/1.1", 200, "7"),
        ("DELETE /v1/media/7/ HTTP/1.1", 200, "7"),
        ("GET / HTTP/1.1", 200, "root"),
        ("GET /files/a/b/ HTTP/1.1", 200, "a/b/"),
        ("GET /nowhere HTTP/1.1", 404, "our 404"),
        ("HEAD /nowhere HTTP/1.1", 404, ""),
        ("PUT /v1/media/ HTTP/1.1", 405, "our 405"),
        ("GET /v1/media/7 HTTP/1.1", 405, "our 405"),
        ("DELETE /v1/media// HTTP/1.1", 200, ""),
        ("OPTIONS * HTTP/1.1", 404, "our 404"),
    ] {
        let answer = server.ask(request).await;
        assert_eq!((answer.status, answer.text()), (status, body), "{request}");
        if request.starts_with("HEAD /v1") {
            assert_eq!(answer.header("content-length"), "18");
        }
        let allow = match (status, request.starts_with("PUT")) {
            (405, true) => "GET,HEAD,POST",
            (405, false) => "DELETE",
            _ => "",
        };
        assert_eq!(answer.header("allow"), allow, "{request}");
    }
}

fn three(public_url: Option<&str>) -> Result<Mounts, BadMounts> {
    let at = |name, prefix, host: &str| Mount { name, prefix, hosts: vec![host.to_owned()], ..mount(dialect(name)) };
    let console = Mount { name: "console", hosts: vec![], ..mount(dialect("console")) };
    let mounts =
        vec![at("fliplet", "/fliplet", "Fliplet.localhost"), at("deep", "/fliplet/deep", "d.localhost"), console];
    Mounts::new(mounts, "console", public_url)
}

#[tokio::test]
async fn prefix_comes_before_host_and_host_before_the_default() {
    let server = Server::start(three(None).unwrap(), ServeConfig::default()).await;
    for (target, host, expected) in [
        ("/v1/media", "any:1", "console at http://any:1/x"),
        ("/fliplet/v1/media", "any:1", "fliplet at http://any:1/fliplet/x"),
        ("/fliplet/v1/media/", "d.localhost", "fliplet at http://d.localhost/fliplet/x"),
        ("/fliplet/deep/v1/media", "any", "deep at http://any/fliplet/deep/x"),
        ("/v1/media", "FLIPLET.localhost:8080", "fliplet at http://FLIPLET.localhost:8080/x"),
        ("/v1/media", "d.localhost.", "deep at http://d.localhost./x"),
        ("/v1/media", "fliplet.localhost.evil", "console at http://fliplet.localhost.evil/x"),
        ("/v1/media", "\"><script>", "console at http://localhost/x"),
        ("http://fliplet.localhost:9/v1/media", "any", "fliplet at http://fliplet.localhost:9/x"),
        ("/fliplet", "any", "root"),
        ("/fliplet/", "any", "root"),
        ("/fliplet?a=/v1/media", "any", "root"),
        ("/flipletx", "any", "our 404"),
        ("/fliplet/fliplet/v1/media", "any", "our 404"),
        ("/Fliplet/v1/media", "any", "our 404"),
    ] {
        let answer = server.ask(&format!("GET {target} HTTP/1.1\nHost: {host}")).await;
        assert_eq!(answer.text(), expected, "{target} at {host}");
    }
}

#[tokio::test]
async fn a_public_url_takes_the_place_of_the_host() {
    let server = Server::start(three(Some("https://media.example/m/")).unwrap(), ServeConfig::default()).await;
    for (target, host, expected) in [
        ("/v1/media", "any", "console at https://media.example/m/x"),
        ("/fliplet/v1/media", "any", "fliplet at https://media.example/m/fliplet/x"),
        ("/v1/media", "fliplet.localhost", "fliplet at https://media.example/m/fliplet/x"),
    ] {
        let answer = server.ask(&format!("GET {target} HTTP/1.1\nHost: {host}")).await;
        assert_eq!(answer.text(), expected, "{target} at {host}");
    }
}

#[test]
fn mounts_that_make_no_sense_are_refused() {
    let named = |name, prefix, hosts: &[&str]| Mount {
        name,
        prefix,
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ..mount(Router::new())
    };
    let error = |mounts, default, url| Mounts::new(mounts, default, url).unwrap_err();
    let one = || vec![named("a", "/a", &[])];
    assert_eq!(error(one(), "b", None), BadMounts::Default("b".to_owned()));
    assert_eq!(error(one(), "a", Some("media.example")), BadMounts::PublicUrl);
    for prefix in ["a", "/", "/a/", "//a", "/a b", "/a?"] {
        assert_eq!(error(vec![named("a", prefix, &[])], "a", None), BadMounts::Prefix("a"), "{prefix}");
    }
    let twice = |second| error(vec![named("a", "/a", &["h"]), second], "a", None);
    assert_eq!(twice(named("b", "/a", &[])), BadMounts::Twice("/a".to_owned()));
    assert_eq!(twice(named("b", "/b", &["H"])), BadMounts::Twice("h".to_owned()));
    assert_eq!(twice(named("a", "/b", &[])), BadMounts::Twice("mount a".to_owned()));
}
