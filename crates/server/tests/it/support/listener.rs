//! An HTTP server that writes down what it is asked and answers as it was told to: what callbacks go to.

use std::{
    collections::VecDeque,
    io::{Error, ErrorKind},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::lines;

/// A running listener; connections that are open when it is dropped break off.
pub struct Listener {
    pub address: SocketAddr,
    received: watch::Receiver<Vec<Received>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    accepting: JoinHandle<()>,
}

/// A request that came whole.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub target: String,
    /// In order, their names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a request is answered with; 200 when nothing was told.
enum Reply {
    Status(u16),
    Redirect(String),
    Hang,
}

impl Listener {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (write_down, received) = watch::channel(Vec::new());
        let write_down = Arc::new(write_down);
        let replies = Arc::new(Mutex::new(VecDeque::new()));
        let queue = Arc::clone(&replies);
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and their connections with them.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&write_down), Arc::clone(&queue)));
            }
        });
        Self { address, received, replies, accepting }
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next requests are answered with these, behind what was told before.
    pub fn answer(&self, statuses: &[u16]) {
        self.replies.lock().unwrap().extend(statuses.iter().copied().map(Reply::Status));
    }

    /// The next request is sent elsewhere.
    pub fn redirect_to(&self, url: &str) {
        self.replies.lock().unwrap().push_back(Reply::Redirect(url.to_owned()));
    }

    /// The next request is never answered.
    pub fn hang(&self) {
        self.replies.lock().unwrap().push_back(Reply::Hang);
    }

    /// All that came so far, those that hang too.
    pub fn requests(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Waits until so many have come.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        lines::wait_for(&mut self.received.clone(), count, "listener").await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Received {
    /// A header, which is there at most once; empty when it is not.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = found.next().unwrap_or_default();
        assert!(found.next().is_none(), "{name} is there twice");
        first
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

/// One request, one answer.
async fn serve(stream: TcpStream, write_down: Arc<watch::Sender<Vec<Received>>>, replies: Arc<Mutex<VecDeque<Reply>>>) {
    let mut stream = BufReader::new(stream);
    let received = match read(&mut stream).await {
        Ok(received) => received,
        // Who only looks whether somebody listens has not asked anything.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return,
        Err(error) => return eprintln!("listener: {error}"),
    };
    // Before it is written down: who waits for it may tell of the next.
    let reply = replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200));
    write_down.send_modify(|list| list.push(received));
    let head = match reply {
        Reply::Status(status) => format!("{status} Told"),
        Reply::Redirect(url) => format!("302 Found\r\nLocation: {url}"),
        Reply::Hang => std::future::pending().await,
    };
    let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

async fn read(stream: &mut BufReader<TcpStream>) -> Result<Received, Error> {
    let first = line(stream).await?;
    let wrong = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
    let [method, target, _] = first.split(' ').collect::<Vec<_>>()[..] else { return Err(wrong(&first)) };
    let mut received = Received { method: method.to_owned(), target: target.to_owned(), headers: vec![], body: vec![] };
    loop {
        let header = line(stream).await?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(|| wrong(&header))?;
        received.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if received.header("expect").eq_ignore_ascii_case("100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    if received.header("transfer-encoding") == "chunked" {
        received.body = chunks(stream).await?;
    } else if let Ok(length) = received.header("content-length").parse() {
        received.body = bytes(stream, length).await?;
    }
    Ok(received)
}

async fn chunks(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(stream).await?, 16).map_err(Error::other)?;
        body.extend(bytes(stream, length).await?);
        line(stream).await?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// A line without its end.
async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, Error> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

async fn bytes(stream: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
