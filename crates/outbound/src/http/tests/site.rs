//! Web servers of a few lines, for the tests beside this and those of `fetch`.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a site does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(String),
    /// Says so much and hangs up.
    Cut(String),
    /// Says so much, and then a byte every few milliseconds for ever.
    Drip(String),
    /// Says nothing and keeps the connection.
    Silence,
    /// Says 200 and goes on for ever.
    Endless,
}

/// A web server that remembers what it was asked.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Site {
    /// Answers request number `n`, from 0, with `reply(n)`.
    pub(crate) async fn start(at: &str, reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let reply = Arc::new(reply);
        let site = Self { address, seen: Arc::clone(&seen), connections: Arc::clone(&connections) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, Arc::clone(&seen), Arc::clone(&reply)));
            }
        });
        site
    }

    pub(crate) async fn answering(answers: &'static [&'static str]) -> Self {
        Self::start("127.0.0.1:0", move |n| Reply::Answer(answers[n.min(answers.len() - 1)].to_owned())).await
    }

    /// Does with each request what `replies` say in turn; the last goes on for ever.
    pub(crate) async fn replying(replies: Vec<Reply>) -> Self {
        Self::start("127.0.0.1:0", move |n| replies[n.min(replies.len() - 1)].clone()).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<String>>>,
    reply: Arc<impl Fn(usize) -> Reply>,
) -> io::Result<()> {
    loop {
        let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
        let n = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len() - 1
        };
        match reply(n) {
            Reply::Answer(text) => stream.write_all(text.as_bytes()).await?,
            Reply::Cut(text) => return stream.write_all(text.as_bytes()).await,
            Reply::Drip(text) => {
                stream.write_all(text.as_bytes()).await?;
                loop {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    stream.write_all(b"x").await?;
                }
            }
            Reply::Silence => std::future::pending().await,
            Reply::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                loop {
                    stream.write_all(b"4\r\nmore\r\n").await?;
                }
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

/// A server that speaks no protocol at all.
pub(crate) async fn babbling() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(b"hello\r\n\r\n").await?;
                // Waits for the other side, so that what is sent arrives.
                stream.read_to_end(&mut Vec::new()).await
            });
        }
    });
    address
}
