//! Patience and its end, on a paused clock: connections in memory, so that nothing but time passes.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::post};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::Instant,
};

use super::*;
use crate::{AccessLog, BodyFault, Cors, Limits, Mount, Mounts, refuse_plainly};

static CORS: Cors =
    Cors { allow_headers: "", allow_methods: "", expose_headers: "", options: None, tells_always: false };

const CONFIG: ServeConfig = ServeConfig {
    head_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_secs(70),
    write_timeout: Duration::from_secs(40),
    drain_timeout: Duration::from_secs(5),
    max_connections: 1,
    max_streams: 1,
    max_header_list_bytes: 65_536,
};

/// Reads its body to the end; says when the client fell silent.
async fn swallow(request: Request) -> impl IntoResponse {
    let mut body = request.into_body().into_data_stream();
    let mut len = 0;
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => len += chunk.len(),
            Err(error) if BodyFault::within(&error) == Some(BodyFault::Silent) => return StatusCode::REQUEST_TIMEOUT,
            Err(_) => return StatusCode::BAD_REQUEST,
        }
    }
    if len == 0 { StatusCode::NO_CONTENT } else { StatusCode::OK }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    "at last"
}

async fn endless() -> Body {
    Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 1024]))))
}

/// The client's end of a connection with a buffer of 4 KiB.
fn connect() -> DuplexStream {
    let router = Router::new()
        .route("/swallow", post(swallow))
        .route("/slow", post(slow))
        .route("/endless", post(endless))
        .route("/ignore", post(|| async { StatusCode::OK }));
    let mount = Mount {
        name: "m",
        prefix: "",
        hosts: vec![],
        router,
        cors: &CORS,
        max_body_bytes: 1000,
        refuse: refuse_plainly,
    };
    let mounts = Mounts::new(vec![mount], "m", None).unwrap();
    let limits = Limits { body_silence: Duration::from_secs(20), ..Limits::default() };
    let manners = Arc::new(Manners::new(mounts, AccessLog::off(), limits, Arc::new(|| 0)));
    let (client, server) = duplex(4096);
    let graceful = GracefulShutdown::new();
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let serving = connection(server, peer, manners, &builder(&CONFIG), &CONFIG, graceful.watcher());
    tokio::spawn(async move {
        serving.await;
        drop(graceful);
    });
    client
}

/// What comes back until the connection ends, and after how many seconds it ends.
async fn ends(client: &mut DuplexStream, sent: &[u8]) -> (String, u64) {
    let began = Instant::now();
    client.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn silence_is_idling() {
    assert_eq!(ends(&mut connect(), b"").await, (String::new(), 70));
    assert_eq!(ends(&mut connect(), b"\r\n\r\n").await, (String::new(), 70));
}

#[tokio::test(start_paused = true)]
async fn a_head_must_come_in_time() {
    for begun in ["P", "POST /swallow HTT", "POST /swallow HTTP/1.1\r\nHost: x\r\n"] {
        assert_eq!(ends(&mut connect(), begun.as_bytes()).await, (String::new(), 10), "{begun}");
    }
    // Of HTTP/2 no heads are seen from here; what never becomes a request idles.
    let (answer, after) = ends(&mut connect(), b"PRI * HTTP/2.0\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(after, 70);
}

#[tokio::test(start_paused = true)]
async fn dripping_does_not_stretch_a_head() {
    let mut client = connect();
    let began = Instant::now();
    let mut head = b"GET / HTTP/1.1\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxx".iter();
    let cut = loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if client.write_all(&[*head.next().unwrap()]).await.is_err() {
            break began.elapsed();
        }
    };
    assert_eq!(cut.as_secs(), 12, "begun after 1 second, cut 10 later, noticed with the next byte");
}

#[tokio::test(start_paused = true)]
async fn a_connection_idles_from_its_last_answer_on() {
    let mut client = connect();
    let (answer, after) = ends(&mut client, b"POST /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("at last"), "{answer}");
    assert_eq!(after, 3600 + 70);
}

#[tokio::test(start_paused = true)]
async fn a_silent_upload_is_answered_and_cut() {
    let sent = b"POST /swallow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345";
    let (answer, after) = ends(&mut connect(), sent).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(after, 20, "the answer ends the connection for reading at once, lingering is for the client's sake");
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_is_not_a_silent_one() {
    let mut client = connect();
    client.write_all(b"POST /swallow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n").await.unwrap();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(15)).await;
        client.write_all(b"x").await.unwrap();
    }
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut() {
    let mut client = connect();
    client.write_all(b"POST /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut some = [0; 1024];
    client.read_exact(&mut some).await.unwrap();
    let began = Instant::now();
    // Nobody reads on; the server gives up and its end closes for writing too.
    while client.write_all(b"\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!((40..=42).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_sending_after_a_refusal_can_read_it() {
    let mut client = connect();
    client.write_all(b"POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
    // The server has said all and still takes what comes, for a while.
    let began = Instant::now();
    while client.write_all(&[b'x'; 100]).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(began.elapsed().as_secs(), 5);
}
