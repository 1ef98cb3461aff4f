//! What every answer has, whoever gives it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    routing::{get, post},
};
use futures_util::StreamExt;
use tokio::{io::AsyncWriteExt, sync::Notify};
use wire::{BodyFault, RequestOrigin, Traffic};

use crate::support::{MAX_BODY_BYTES, Server};

async fn fail() -> &'static str {
    panic!("on purpose")
}

async fn origin(origin: RequestOrigin) -> String {
    format!("{} {}", origin.address, origin.request_id)
}

async fn measure(request: Request) -> String {
    let mut body = request.into_body().into_data_stream();
    let mut len = 0;
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => len += chunk.len(),
            Err(error) => return format!("{:?}", BodyFault::within(&error)),
        }
    }
    len.to_string()
}

fn router() -> Router {
    Router::new()
        .route("/ok", get(async || "ok").post(async |body: Bytes| body.len().to_string()))
        .route("/origin", get(origin))
        .route("/fail", get(fail))
        .route("/measure", post(measure))
}

#[tokio::test]
async fn scripts_of_any_origin_can_read_every_answer() {
    let server = Server::of(router()).await;
    for (request, status) in [
        ("GET /ok HTTP/1.1\nOrigin: null", 200),
        ("GET /nowhere HTTP/1.1", 404),
        ("DELETE /ok HTTP/1.1", 405),
        ("GET /fail HTTP/1.1", 500),
        ("POST /ok HTTP/1.1\nContent-Length: 1000001", 400),
        ("OPTIONS /ok HTTP/1.1\nOrigin: null\nAccess-Control-Request-Method: POST", 204),
    ] {
        let answer = server.ask(request).await;
        assert_eq!(answer.status, status, "{request}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{request}");
        assert_eq!(answer.header("access-control-expose-headers"), "X-Total", "{request}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{request}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{request}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_before_any_handler() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let router = Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        "handler"
    });
    let server = Server::of(router).await;
    let preflight = "OPTIONS /any HTTP/1.1\nOrigin: https://a.example\nAccess-Control-Request-Method: PUT";
    let answer = server.ask(preflight).await;
    assert_eq!((answer.status, answer.text(), calls.load(Ordering::Relaxed)), (204, "", 0));
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST");
    assert_eq!(answer.header("access-control-allow-headers"), "Auth-token, Content-Type");
    assert_eq!(answer.header("access-control-max-age"), "86400");
    // Without its question it is an OPTIONS like any other.
    assert_eq!(server.ask("OPTIONS /any HTTP/1.1\nOrigin: https://a.example").await.text(), "handler");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn requests_have_an_origin_and_an_id() {
    let server = Server::of(router()).await;
    let answer = server.ask("GET /origin HTTP/1.1\nX-Request-Id: from-a.proxy_1").await;
    assert_eq!(answer.text(), "127.0.0.1 from-a.proxy_1");
    assert_eq!(answer.header("x-request-id"), "from-a.proxy_1");
    let answer = server.ask("GET /origin HTTP/1.1\nX-Request-Id: a\"b").await;
    assert_eq!(answer.text(), format!("127.0.0.1 {}", answer.header("x-request-id")));
    assert_eq!(answer.header("x-request-id").len(), 16);
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_connection_lives_on() {
    let server = Server::of(router()).await;
    let both = b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = String::from_utf8(server.exchange(both).await).unwrap();
    assert!(answers.starts_with("HTTP/1.1 500 "), "{answers}");
    assert!(answers.contains("{\"error\":\"internal error\"}HTTP/1.1 200 OK\r\n"), "{answers}");
    assert!(answers.ends_with("\r\n\r\nok"), "{answers}");
    assert!(!answers.contains("on purpose"), "{answers}");
    let (_, log) = server.stop().await;
    assert_eq!(log.iter().map(|line| line["status"].as_u64().unwrap()).collect::<Vec<_>>(), [500, 200]);
}

#[tokio::test]
async fn bodies_end_at_the_limit_of_their_mount() {
    let server = Server::of(router()).await;
    let answer = server.ask(&format!("POST /measure HTTP/1.1\nContent-Length: {}", MAX_BODY_BYTES + 1)).await;
    assert_eq!((answer.status, answer.text()), (400, "at most 1000000"));

    let send = async |len: u64| {
        let mut sent =
            b"POST /measure HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".to_vec();
        sent.extend_from_slice(format!("{len:x}\r\n").as_bytes());
        sent.resize(sent.len() + usize::try_from(len).unwrap(), b'x');
        sent.extend_from_slice(b"\r\n0\r\n\r\n");
        crate::support::Answer::parse(&server.exchange(&sent).await).text().to_owned()
    };
    assert_eq!(send(MAX_BODY_BYTES).await, "1000000");
    assert_eq!(send(MAX_BODY_BYTES + 1).await, "Some(TooLarge { limit_bytes: 1000000 })");
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = Server::of(router()).await;
    let many: String = (0..99).map(|i| format!("\nX-{i}: y")).collect();
    assert_eq!(server.ask(&format!("GET /ok HTTP/1.1{many}")).await.status, 431);
    let long = format!("GET /ok HTTP/1.1\nX: {}", "y".repeat(33_000));
    let answer = server.ask(&long).await;
    assert_eq!((answer.status, answer.text()), (431, "{\"error\":\"the request header is too large\"}"));
    let target = format!("GET /ok?{} HTTP/1.1", "y".repeat(33_000));
    assert_eq!(server.ask(&target).await.status, 431);
    assert_eq!(server.ask(&format!("GET /ok?{} HTTP/1.1", "y".repeat(30_000))).await.status, 200);
}

#[tokio::test]
async fn each_request_is_a_line_without_secrets() {
    let server = Server::of(router()).await;
    server.ask("GET /ok?size=640>?&auth_token=s3cret HTTP/1.1").await;
    server.ask("HEAD /ok?%74oken=s3cret HTTP/1.1\nX-Request-Id: mine").await;
    server.ask("POST /ok HTTP/1.1\nContent-Length: 1000001").await;
    let (_, mut log) = server.stop().await;
    assert!(log.iter_mut().all(|line| line["duration_us"].take().is_u64()));
    assert_eq!(log[0]["request_id"].take().as_str().map(str::len), Some(16));
    assert_eq!(log[2]["request_id"].take().as_str().map(str::len), Some(16));
    let line = |id: Option<&str>, method: &str, path: &str, status: u16, bytes: u64| {
        serde_json::json!({
            "time": "1970-01-01T00:00:00.000Z", "request_id": id, "peer": "127.0.0.1", "mount": "main", "method": method,
            "path": path, "status": status, "bytes": bytes, "duration_us": null,
        })
    };
    let expected = [
        line(None, "GET", "/ok?size=640%3E?&auth_token=***", 200, 2),
        line(Some("mine"), "HEAD", "/ok?%74oken=***", 200, 0),
        line(None, "POST", "/ok", 400, 15),
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn who_leaves_early_is_logged_as_gone() {
    let arrived = Arc::new(Notify::new());
    let told = Arc::clone(&arrived);
    let router = Router::new().route(
        "/wait",
        get(async move || {
            told.notify_one();
            std::future::pending::<&str>().await
        }),
    );
    let server = Server::of(router).await;
    let traffic = server.traffic.clone();
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    arrived.notified().await;
    assert_eq!(counted(&traffic), ["mediary_http_connections 1", "mediary_http_requests_under_way 1"]);
    drop(stream);
    let (drained, log) = server.stop().await;
    assert_eq!(drained.aborted, 0);
    assert_eq!((log[0]["status"].as_u64(), log[0]["aborted"].as_bool()), (Some(499), Some(true)));
    let left = "mediary_http_requests_total{dialect=\"main\",method=\"GET\",status=\"left\"} 1";
    assert_eq!(counted(&traffic), [left]);
}

/// What a watcher reads who knows the text format: the samples that are not zero, without histograms.
fn counted(traffic: &Traffic) -> Vec<String> {
    let families = traffic.collectors().iter().flat_map(|collector| collector.collect()).collect::<Vec<_>>();
    let text = prometheus::TextEncoder::new().encode_to_string(&families).unwrap();
    let is_told = |line: &&str| !line.starts_with('#') && !line.ends_with(" 0") && !line.contains("seconds_");
    let mut lines: Vec<String> = text.lines().filter(is_told).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn what_goes_over_the_wire_is_counted() {
    let busy = || async { (http::StatusCode::SERVICE_UNAVAILABLE, "busy") };
    let throttled = || async { (http::StatusCode::TOO_MANY_REQUESTS, "later") };
    let server = Server::of(router().route("/busy", get(busy)).route("/throttled", get(throttled))).await;
    let traffic = server.traffic.clone();
    assert_eq!(counted(&traffic), Vec::<String>::new());
    for line in ["GET /ok", "HEAD /ok", "GET /fail", "GET /busy", "GET /throttled", "BREW /ok", "GET /nowhere"] {
        server.ask(&format!("{line} HTTP/1.1")).await;
    }
    server.exchange(b"POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345").await;
    let (_, log) = server.stop().await;
    let sent: u64 = log.iter().map(|line| line["bytes"].as_u64().unwrap()).sum();
    let requests = |method: &str, status: &str, count: u64| {
        format!("mediary_http_requests_total{{dialect=\"main\",method=\"{method}\",status=\"{status}\"}} {count}")
    };
    let of_main = |name: &str, count: u64| format!("mediary_http_{name}_total{{dialect=\"main\"}} {count}");
    let mut expected = vec![
        requests("GET", "2xx", 1),
        requests("GET", "4xx", 2),
        requests("GET", "5xx", 2),
        requests("HEAD", "2xx", 1),
        requests("POST", "2xx", 1),
        requests("other", "4xx", 1),
        of_main("received_bytes", 5),
        of_main("sent_bytes", sent),
        of_main("throttled", 1),
        of_main("unavailable", 1),
        "mediary_http_panics_total 1".to_owned(),
    ];
    expected.sort();
    // Nothing is under way any more, and no connection open.
    assert_eq!(counted(&traffic), expected);
}
