//! Another site: it serves files as their names say, and pages that load files from elsewhere.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

type Files = Arc<Mutex<HashMap<String, (&'static str, Vec<u8>)>>>;

/// A running site.
pub struct Stranger {
    address: SocketAddr,
    files: Files,
    serving: JoinHandle<()>,
}

impl Stranger {
    pub async fn start() -> Self {
        let files = Files::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/{name}", axum::routing::get(file)).with_state(Arc::clone(&files));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, files, serving }
    }

    /// Serves a file as its name says: the URL.
    pub fn serve(&self, name: &str, bytes: Vec<u8>) -> String {
        self.files.lock().unwrap().insert(name.to_owned(), (type_of(name), bytes));
        format!("http://{}/{name}", self.address)
    }

    /// Serves a page: the URL.
    pub fn show(&self, page: &str) -> String {
        let count = self.files.lock().unwrap().len();
        self.serve(&format!("shown-{count}.html"), page.as_bytes().to_vec())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn file(State(files): State<Files>, Path(name): Path<String>) -> Response {
    match files.lock().unwrap().get(&name) {
        Some((media_type, bytes)) => {
            let headers = [(header::CONTENT_TYPE, *media_type), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
            (headers, bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn type_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html",
        Some("xhtml") => "application/xhtml+xml",
        Some("xml") => "application/xml",
        Some("svg") => "image/svg+xml",
        Some("gif") => "image/gif",
        Some("jpg") => "image/jpeg",
        Some("js") => "text/javascript",
        Some("pdf") => "application/pdf",
        Some("mp4") => "video/mp4",
        Some("txt") => "text/plain",
        _ => "text/html",
    }
}

/// A page that loads each by every element that loads something.
pub fn element_page(urls: &[String]) -> String {
    let elements: String = urls
        .iter()
        .map(|url| url.replace('&', "&amp;"))
        .map(|url| {
            format!(
                "<iframe src=\"{url}\"></iframe><object data=\"{url}\"></object><embed src=\"{url}\"><img src=\"{url}\">\
                 <script src=\"{url}\"></script><link rel=\"stylesheet\" href=\"{url}\"><video src=\"{url}\"></video>"
            )
        })
        .collect();
    format!("<!DOCTYPE html><html><body>{elements}</body></html>")
}

/// A page that puts what it gets among its own elements, and says when all are there and have had their turn: what they load was asked for
/// before an image of its own that it waits for.
pub fn inlining_page(urls: &[String]) -> String {
    let list = serde_json::to_string(urls).unwrap();
    format!(
        "<!DOCTYPE html><html><body><script type=\"module\">for (const url of {list}) {{ const answer = await fetch(url); \
         const place = document.createElement('div'); document.body.append(place); place.innerHTML = await answer.text(); }} \
         await new Promise((turn) => {{ const last = new Image(); last.onerror = turn; last.src = '/last'; }}); \
         document.body.append('All are there.')</script></body></html>"
    )
}
