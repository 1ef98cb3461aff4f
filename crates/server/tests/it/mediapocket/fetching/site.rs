//! A web server at the bare socket, which says byte for byte what it was told to, however wrong that is.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::support::lines;

/// What an answer is made of, in order; the connection ends behind the last.
#[derive(Debug, Clone)]
pub enum Step {
    Say(Vec<u8>),
    /// Says them one by one, with a short pause behind each.
    Trickle(Vec<u8>),
    /// Zeros, as long as anybody listens.
    Endlessly,
    /// Nothing, until [`Site::go_on`].
    Wait,
}

pub type Reply = Vec<Step>;

/// A running site; connections that are open when it is dropped break off.
pub struct Site {
    pub address: SocketAddr,
    seen: watch::Receiver<Vec<String>>,
    going: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What its connections have in common.
struct Told {
    replies: Mutex<VecDeque<Reply>>,
    seen: watch::Sender<Vec<String>>,
    going: watch::Receiver<bool>,
}

impl Site {
    /// One that gives these answers, the last of them again and again.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (see, seen) = watch::channel(Vec::new());
        let (going, told_to_go) = watch::channel(false);
        let told = Arc::new(Told { replies: Mutex::new(replies.into_iter().collect()), seen: see, going: told_to_go });
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and their connections with them.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&told)));
            }
        });
        Self { address, seen, going, accepting }
    }

    /// One that gives a file.
    pub async fn of(bytes: &[u8]) -> Self {
        Self::start([vec![Step::Say(file(bytes, ""))]]).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.borrow().clone()
    }

    /// Waits until there were so many.
    pub async fn wait_for(&self, count: usize) -> Vec<String> {
        lines::wait_for(&mut self.seen.clone(), count, "site").await
    }

    /// Those who were told to wait go on.
    pub fn go_on(&self) {
        self.going.send_replace(true);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An answer with a whole file; `headers` are lines that end in CRLF.
pub fn file(bytes: &[u8], headers: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", bytes.len());
    [head.as_bytes(), bytes].concat()
}

/// An answer without a body.
pub fn status(status: u16) -> Reply {
    vec![Step::Say(format!("HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n").into_bytes())]
}

pub fn redirect(location: &str) -> Reply {
    vec![Step::Say(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").into_bytes())]
}

async fn serve(mut stream: TcpStream, told: Arc<Told>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            // Who only looks whether somebody listens has not asked anything.
            Err(_) => return,
        }
    }
    let reply = {
        let mut replies = told.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    };
    told.seen.send_modify(|seen| seen.push(String::from_utf8(head).unwrap()));
    for step in reply.unwrap_or_default() {
        // Whoever has heard enough hangs up.
        if say(&mut stream, step, &told).await.is_err() {
            return;
        }
    }
    stream.shutdown().await.ok();
}

async fn say(stream: &mut TcpStream, step: Step, told: &Told) -> std::io::Result<()> {
    match step {
        Step::Say(bytes) => stream.write_all(&bytes).await,
        Step::Trickle(bytes) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        }
        Step::Endlessly => loop {
            stream.write_all(&[0; 64 * 1024]).await?;
        },
        Step::Wait => {
            told.going.clone().wait_for(|going| *going).await.ok();
            Ok(())
        }
    }
}
