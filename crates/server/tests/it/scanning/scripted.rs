//! A scanner that speaks clamd's language and does as it is told, however wrong that is.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::support::lines;

/// What it does when it is to look at a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Finds what has the word "virus" in it, and nothing else.
    Judges,
    /// Waits until it is told something else.
    Waits,
    /// Says this once it has all.
    Says(&'static str),
    /// Hangs up in the middle.
    Resets,
    /// Hangs up whatever it is asked.
    IsAway,
}

/// A running one; connections that are open when it is dropped break off.
pub struct Scripted {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    seen: watch::Receiver<Vec<Vec<u8>>>,
    accepting: JoinHandle<()>,
}

impl Scripted {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, told) = watch::channel(Mode::Judges);
        let (see, seen) = watch::channel(Vec::new());
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and their connections with them.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, told.clone(), see.clone()));
            }
        });
        Self { address, mode, seen, accepting }
    }

    pub fn url(&self) -> String {
        format!("clamd://{}", self.address)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many streams it was to look at.
    pub fn scans(&self) -> usize {
        self.seen.borrow().len()
    }

    /// Waits until there were so many.
    pub async fn wait_for(&self, count: usize) {
        lines::wait_for(&mut self.seen.clone(), count, "scanner").await;
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One command, one answer. Whoever has heard enough hangs up.
async fn serve(stream: TcpStream, told: watch::Receiver<Mode>, see: watch::Sender<Vec<Vec<u8>>>) {
    answer(stream, told, see).await.ok();
}

async fn answer(
    stream: TcpStream,
    mut told: watch::Receiver<Mode>,
    see: watch::Sender<Vec<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    if *told.borrow() == Mode::IsAway {
        return Ok(());
    }
    let mut command = Vec::new();
    while !command.ends_with(&[0]) {
        command.push(stream.read_u8().await?);
    }
    match &command[..] {
        b"zPING\0" => return stream.write_all(b"PONG\0").await,
        b"zVERSION\0" => return stream.write_all(b"ClamAV 1.4.6/7/Sun Nov 29 07:15:48 2026\0").await,
        _ => {}
    }
    if *told.borrow() == Mode::Resets {
        // What it was sent and did not read makes of this a reset.
        return Ok(());
    }
    let body = read_body(&mut stream).await?;
    let finds = body.windows(5).any(|part| part == b"virus");
    see.send_modify(|seen| seen.push(body));
    let mode = *told.wait_for(|mode| *mode != Mode::Waits).await.map_err(std::io::Error::other)?;
    let words = match mode {
        Mode::Says(words) => words,
        Mode::Judges if finds => "stream: Word-Test FOUND\0",
        Mode::Judges => "stream: OK\0",
        Mode::Waits | Mode::Resets | Mode::IsAway => return Ok(()),
    };
    stream.write_all(words.as_bytes()).await?;
    stream.shutdown().await
}

async fn read_body(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let len = stream.read_u32().await?;
        if len == 0 {
            return Ok(body);
        }
        let mut chunk = vec![0; len.try_into().map_err(std::io::Error::other)?];
        stream.read_exact(&mut chunk).await?;
        body.extend(chunk);
    }
}
