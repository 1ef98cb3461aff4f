//! An HTTP/1.1 client over a bare socket: what it sends is exactly what was written, and it shows all that comes back.

use std::{net::SocketAddr, path::PathBuf};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

/// Where a request goes.
#[derive(Debug, Clone)]
pub enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A request.
#[derive(Debug, Clone)]
#[must_use]
pub struct Ask {
    pub place: Place,
    pub method: String,
    pub target: Vec<u8>,
    /// Without those that follow from the place and the body.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    asked: String,
}

impl Ask {
    pub fn new(to: SocketAddr, method: &str, target: &str) -> Self {
        Self::at(Place::Tcp(to), method, target.as_bytes())
    }

    pub fn at(place: Place, method: &str, target: &[u8]) -> Self {
        Self { place, method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: None }
    }

    /// Adds a header, even one that is there already.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds the header that the API's documentation prefers for tokens.
    pub fn token(self, token: &str) -> Self {
        self.header("Auth-token", token)
    }

    /// Gives it a body, and the header that tells its length.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", content_type)
    }

    /// Adds to the end of its target.
    pub fn with_query(mut self, more: &str) -> Self {
        self.target.extend(more.bytes());
        self
    }

    /// What is asked for: a path and perhaps a query.
    pub fn target(&self) -> String {
        String::from_utf8(self.target.clone()).unwrap()
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// The bytes of the request, as they go over the wire. It asks for the connection to be closed.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_with("Connection: close\r\n")
    }

    /// The same for a connection that others may follow on.
    pub fn bytes_to_stay(&self) -> Vec<u8> {
        self.bytes_with("")
    }

    fn bytes_with(&self, last: &str) -> Vec<u8> {
        let named = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut bytes = [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        if !named("host") {
            let host = match &self.place {
                Place::Tcp(address) => address.to_string(),
                Place::Unix(_) => "localhost".to_owned(),
            };
            bytes.extend(format!("Host: {host}\r\n").bytes());
        }
        if let Some(body) = self.body.as_ref().filter(|_| !named("content-length") && !named("transfer-encoding")) {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend([last.as_bytes(), b"\r\n"].concat());
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Sends it and reads to the end of the connection.
    pub async fn send(self) -> Answer {
        let received = self.exchange().await;
        self.read(&received)
    }

    /// The same where the server may hang up without a word.
    pub async fn send_for_any_end(self) -> Option<Answer> {
        let received = self.exchange().await;
        (!received.is_empty()).then(|| self.read(&received))
    }

    /// Where it goes, over TCP.
    pub fn address(&self) -> SocketAddr {
        match &self.place {
            Place::Tcp(address) => *address,
            Place::Unix(path) => panic!("{} is no address", path.display()),
        }
    }

    /// The answer to it, as it came over the wire.
    pub fn read(&self, received: &[u8]) -> Answer {
        // What is asked in an endless line is not told whole.
        let target = String::from_utf8_lossy(&self.target[..self.target.len().min(300)]).into_owned();
        Answer::parse(received, self.method == "HEAD", format!("{} {target}", self.method))
    }

    async fn exchange(&self) -> Vec<u8> {
        let sent = self.bytes();
        match &self.place {
            Place::Tcp(address) => exchange(TcpStream::connect(address).await.unwrap(), &sent).await,
            Place::Unix(path) => exchange(UnixStream::connect(path).await.unwrap(), &sent).await,
        }
    }
}

/// Sends bytes, and no more: all that comes back. For requests that may have no end; what is whole may go without an answer.
pub async fn exchange_and_close(mut stream: TcpStream, sent: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    stream.write_all(sent).await.ok();
    stream.shutdown().await.ok();
    stream.read_to_end(&mut received).await.ok();
    received
}

/// Sends bytes and returns all that comes back. Who is refused early may not get to send everything, and reads all the same.
pub async fn exchange(stream: impl AsyncRead + AsyncWrite, sent: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut received = Vec::new();
    let read = async {
        // A connection that is reset after its answer has been read is over like any other.
        reader.read_to_end(&mut received).await.ok();
    };
    let write = async {
        writer.write_all(sent).await.ok();
        writer.flush().await.ok();
    };
    futures_util::future::join(read, write).await;
    received
}

impl Answer {
    /// Reads an answer, whose body must have the length that it is said to have.
    pub fn parse(bytes: &[u8], to_head: bool, asked: String) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{asked}: no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        let mut answer = Self { status, headers: headers.collect(), body: bytes[end + 4..].to_vec(), asked };
        let without_body = to_head || status == 204 || status == 304;
        if without_body {
            assert!(answer.body.is_empty(), "{answer} has a body");
        } else if answer.header("transfer-encoding") == "chunked" {
            answer.body = unchunked(&answer.body);
        } else {
            let length = answer.body.len().to_string();
            assert_eq!(answer.header("content-length"), length, "{answer} is cut short");
        }
        answer
    }

    /// A header, which is there at most once; empty when it is not.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = found.next().unwrap_or_default();
        assert!(found.next().is_none(), "{name} is there twice");
        first
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// Panics unless it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Panics unless it refuses with this status, in words that every client of the API finds.
    #[track_caller]
    pub fn refused(self, status: u16) -> Self {
        let answer = self.expect(status);
        let body = answer.json();
        for key in ["error", "message"] {
            assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{answer} lacks {key}");
        }
        answer
    }

    /// Panics unless it refuses as wrong or not found, in words.
    #[track_caller]
    pub fn refused_as_bad(self) -> Self {
        let status = self.status;
        assert!([400, 404].contains(&status), "{self}");
        self.refused(status)
    }

    /// The sentence of a refusal.
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.body[..self.body.len().min(600)];
        write!(f, "{} -> {} {:?} {:?}", self.asked, self.status, self.headers, String::from_utf8_lossy(shown))
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|two| two == b"\r\n").expect("a chunk begins with its length");
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        bytes = &bytes[line + 2..];
        if length == 0 {
            assert_eq!(bytes, b"\r\n", "the last chunk ends the answer");
            return body;
        }
        body.extend_from_slice(&bytes[..length]);
        bytes = bytes[length..].strip_prefix(b"\r\n").expect("a chunk ends with a line break");
    }
}
