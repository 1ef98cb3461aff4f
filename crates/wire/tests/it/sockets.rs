//! Targets that hyper alone refuses, pipelining, HTTP/2, draining.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::RawQuery,
    routing::{get, post},
};
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};
use wire::{Mounts, ServeConfig};

use crate::support::{Answer, Server, mount};

fn router() -> Router {
    Router::new()
        .route("/x", get(async |RawQuery(query): RawQuery| format!("<{}>", query.unwrap_or_default())))
        .route("/x/{name}", get(async |axum::extract::Path(name): axum::extract::Path<String>| name))
        .route("/echo", post(async |body: Bytes| body))
}

#[tokio::test]
async fn raw_targets_arrive_as_they_were_meant() {
    let server = Server::of(router()).await;
    assert_eq!(server.ask("GET /x?size=640>? HTTP/1.1").await.text(), "<size=640%3E?>");
    assert_eq!(server.ask("GET /x?size=`\"<^!|{} HTTP/1.1").await.text(), "<size=%60%22%3C^!|{}>");
    assert_eq!(server.ask("GET /x/Käse<`>\".jpg HTTP/1.1").await.text(), "Käse<`>\".jpg");
    let latin = b"GET /x?\xe4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(Answer::parse(&server.exchange(latin).await).text(), "<%E4>");
}

#[tokio::test]
async fn pipelined_requests_keep_their_bodies() {
    let server = Server::of(router()).await;
    let lookalike = "GET /x?> HTTP/1.1\r\n\r\n";
    let sent = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{lookalike}\
         GET /x?1> HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{len:x};e=\">\"\r\n{lookalike}\r\n0\r\nT: <>\r\n\r\n\
         GET /x?2> HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        len = lookalike.len(),
    );
    let answers = String::from_utf8(server.exchange(sent.as_bytes()).await).unwrap();
    let bodies: Vec<&str> =
        answers.split("HTTP/1.1 200 OK\r\n").skip(1).map(|one| one.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies, [lookalike, "<1%3E>", lookalike, "<2%3E>"]);
}

#[tokio::test]
async fn speaks_http_2_with_prior_knowledge() {
    let server = Server::of(router()).await;
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let driving = tokio::spawn(connection);
    let uri = format!("http://{}/x?size=1%3E", server.address);
    let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "<size=1%3E>");
    drop(sender);
    driving.await.unwrap().unwrap();
    let (drained, log) = server.stop().await;
    assert_eq!((drained.aborted, log.len()), (0, 1));
}

#[tokio::test]
async fn a_refused_upload_reads_why() {
    let server = Server::of(router()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n").await.unwrap();
    // As an old client does: sends all, then reads.
    stream.write_all(&vec![b'x'; 20_000_000]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(Answer::parse(&answer).text(), "at most 1000000");
}

#[tokio::test]
async fn nonsense_is_answered_and_cut() {
    let server = Server::of(router()).await;
    for nonsense in ["\u{1}\u{2}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "A: B\r\n\r\n"] {
        let answer = server.exchange(nonsense.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{nonsense:?}: {}", String::from_utf8_lossy(&answer));
    }
}

/// A route that tells when it was reached and answers when told so.
fn gated() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&reached), Arc::clone(&go));
    let handler = async move || {
        tell.notify_one();
        wait.notified().await;
        "done"
    };
    (Router::new().route("/gated", get(handler)), reached, go)
}

#[tokio::test]
async fn draining_answers_what_was_asked_and_takes_nothing_more() {
    let (router, reached, go) = gated();
    let server = Server::of(router).await;
    let address = server.address;
    let mut idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    reached.notified().await;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "an idle connection is closed at once");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    go.notify_one();
    let mut answer = Vec::new();
    busy.read_to_end(&mut answer).await.unwrap();
    assert_eq!(Answer::parse(&answer).text(), "done");
    let (drained, log) = stopping.await.unwrap();
    assert_eq!((drained.aborted, log.len()), (0, 1));
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let (router, reached, _go) = gated();
    let config = ServeConfig { drain_timeout: Duration::from_millis(1), ..ServeConfig::default() };
    let server = Server::start(Mounts::new(vec![mount(router)], "main", None).unwrap(), config).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    reached.notified().await;
    let (drained, log) = server.stop().await;
    assert_eq!(drained.aborted, 1);
    assert_eq!(log[0]["status"], 499);
}

#[tokio::test]
async fn connections_are_counted() {
    let config = ServeConfig { max_connections: 1, ..ServeConfig::default() };
    let server = Server::start(Mounts::new(vec![mount(router())], "main", None).unwrap(), config).await;
    let ask = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(ask).await.unwrap();
    first.read_exact(&mut [0; 1]).await.unwrap();
    // The second is not served before the first is gone.
    let mut second = server.connect().await;
    second.write_all(ask).await.unwrap();
    let mut byte = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(20), second.read_exact(&mut byte)).await;
    assert!(early.is_err());
    drop(first);
    second.read_exact(&mut byte).await.unwrap();
}

#[tokio::test]
async fn the_server_keeps_connections_alive() {
    let server = Server::of(router()).await;
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let request = Request::get("/x?a").header("host", "a").body(Empty::<Bytes>::new()).unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        assert_eq!(body.collect().await.map_err(|_| ()).unwrap().to_bytes(), "<a>");
    }
}
