//! A server on port 0, and a client that shows every byte.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, response::Response};
use http::{HeaderMap, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use wire::{
    AccessLog, Cors, Drained, Limits, LogBuffer, Manners, Mount, Mounts, Refusal, ServeConfig, Traffic, refuse_plainly,
};

pub static CORS: Cors = Cors {
    allow_headers: "Auth-token, Content-Type",
    allow_methods: "GET, POST",
    expose_headers: "X-Total",
    options: None,
    tells_always: false,
};

pub const MAX_BODY_BYTES: u64 = 1_000_000;

/// A mount of these routes that is reached without prefix or host.
pub fn mount(router: Router) -> Mount {
    Mount {
        name: "main",
        prefix: "",
        hosts: vec![],
        router,
        cors: &CORS,
        max_body_bytes: MAX_BODY_BYTES,
        refuse: refuse_in_dialect,
    }
}

/// Says 400 where others say 413, as a dialect may.
fn refuse_in_dialect(refusal: Refusal) -> Response {
    match refusal {
        Refusal::BodyTooLarge { limit_bytes } => {
            let mut response = Response::new(format!("at most {limit_bytes}").into());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
        Refusal::HeadTooLarge | Refusal::Throttled { .. } | Refusal::Panicked => refuse_plainly(refusal),
    }
}

pub struct Server {
    pub address: SocketAddr,
    /// What it counts.
    pub traffic: Traffic,
    buffer: LogBuffer,
    log: AccessLog,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Drained>,
}

impl Server {
    /// Serves one router at `/`.
    pub async fn of(router: Router) -> Self {
        Self::start(Mounts::new(vec![mount(router)], "main", None).unwrap(), ServeConfig::default()).await
    }

    pub async fn start(mounts: Mounts, config: ServeConfig) -> Self {
        let traffic = mounts.traffic().clone();
        let buffer = LogBuffer::default();
        let log = AccessLog::new(buffer.clone()).unwrap();
        let manners = Arc::new(Manners::new(mounts, log.clone(), Limits::default(), Arc::new(|| 0)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(wire::serve(listener, manners, config, async {
            stopped.await.ok();
        }));
        Self { address, traffic, buffer, log, stop, task }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and returns all that comes back until the server closes: end the last request with `Connection: close`.
    pub async fn exchange(&self, sent: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    /// One request, given by its first line and further lines, without a body.
    pub async fn ask(&self, lines: &str) -> Answer {
        let lines = lines.trim().replace('\n', "\r\n");
        let host = if lines.to_ascii_lowercase().contains("\r\nhost:") { "" } else { "\r\nHost: test" };
        let sent = format!("{lines}{host}\r\nConnection: close\r\n\r\n");
        Answer::parse(&self.exchange(sent.as_bytes()).await)
    }

    /// Stops, waits for all connections to end, and returns the log.
    pub async fn stop(self) -> (Drained, Vec<serde_json::Value>) {
        self.stop.send(()).unwrap();
        let drained = self.task.await.unwrap();
        self.log.flush();
        (drained, self.buffer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    /// A header, which is there at most once; empty when it is not.
    pub fn header(&self, name: &str) -> &str {
        assert!(self.headers.get_all(name).iter().count() <= 1, "{name} is there twice");
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
