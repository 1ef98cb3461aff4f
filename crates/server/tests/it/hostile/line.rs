//! A connection that is kept from one request to the next, as long as the server keeps it, and what may come over it.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::bend::Attack;
use crate::support::{Answer, Ask, client::exchange_and_close};

/// Nobody waits longer for an answer.
const LIMIT: Duration = Duration::from_secs(10);

pub struct Line {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Line {
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// The answer; none where the server may hang up without one. What is wrong with how it came is said in words.
    pub async fn ask(&mut self, attack: &Attack) -> Result<Option<Answer>, String> {
        if !attack.is_sound() {
            return self.ask_apart(attack).await;
        }
        loop {
            let kept = self.stream.take();
            let was_kept = kept.is_some();
            let mut stream = match kept {
                Some(stream) => stream,
                None => TcpStream::connect(self.address).await.map_err(|error| format!("no connection: {error}"))?,
            };
            let sent = attack.bytes();
            let exchanged = timeout(LIMIT, exchange(&mut stream, &sent, attack.ask.method == "HEAD")).await;
            let (received, is_written) = exchanged.map_err(|_| "no answer comes".to_owned())?;
            if received.is_empty() && was_kept {
                // It was closed behind the last answer.
                continue;
            }
            let answer = read(&attack.ask, &received)?;
            if is_written && answer.header("connection") != "close" {
                self.stream = Some(stream);
            }
            return Ok(Some(answer));
        }
    }

    /// On a connection of its own, to whose end all is read: nobody knows where such a request ends.
    async fn ask_apart(&self, attack: &Attack) -> Result<Option<Answer>, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| format!("no connection: {error}"))?;
        let received = timeout(LIMIT, exchange_and_close(stream, &attack.bytes())).await;
        let received = received.map_err(|_| "the connection is not closed".to_owned())?;
        let Some(end) = whole_answer(&received, attack.ask.method == "HEAD") else {
            // To nothing that is a request.
            return Ok(None);
        };
        read(&attack.ask, &received[..end]).map(Some)
    }
}

/// Sends, and reads one answer, or what comes of it until the connection ends; and whether all could be sent.
async fn exchange(stream: &mut TcpStream, sent: &[u8], to_head: bool) -> (Vec<u8>, bool) {
    let (mut reader, mut writer) = stream.split();
    let mut is_written = false;
    let write = async {
        is_written = writer.write_all(sent).await.is_ok();
        // Whoever has sent all waits for the answer.
        std::future::pending::<()>().await;
    };
    let read = async {
        let (mut received, mut piece) = (Vec::new(), [0; 16_384]);
        while whole_answer(&received, to_head).is_none() {
            match reader.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => received.extend_from_slice(&piece[..read]),
            }
        }
        received
    };
    let received = tokio::select! { () = write => unreachable!("it waits for ever"), received = read => received };
    (received, is_written)
}

fn read(ask: &Ask, received: &[u8]) -> Result<Answer, String> {
    let received = without_interim(received);
    let text = || String::from_utf8_lossy(&received[..received.len().min(600)]).into_owned();
    if whole_answer(received, ask.method == "HEAD") != Some(received.len()) {
        return Err(format!("an answer is not whole, or more than one\n{}", text()));
    }
    let head = received.split(|byte| *byte == b'\n').take_while(|line| *line != b"\r").skip(1);
    for line in head {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let is_plain = line[..line.len() - 1].iter().all(|byte| (b' '..0x7f).contains(byte) || *byte == b'\t');
        if !is_plain || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
            return Err(format!("a header is not plain\n{}", text()));
        }
    }
    Ok(ask.read(received))
}

/// `100 Continue` is not yet an answer.
fn without_interim(mut received: &[u8]) -> &[u8] {
    while received.starts_with(b"HTTP/1.1 1") {
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { break };
        received = &received[end + 4..];
    }
    received
}

/// Where the first answer ends, by what it says itself.
fn whole_answer(received: &[u8], to_head: bool) -> Option<usize> {
    let rest = without_interim(received);
    let begin = received.len() - rest.len();
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap_or_default();
    if to_head || matches!(status, "204" | "304") {
        return Some(begin + end);
    }
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if header("transfer-encoding") == Some("chunked") {
        return chunked_end(&rest[end..]).map(|len| begin + end + len);
    }
    let len: usize = header("content-length")?.parse().ok()?;
    (rest.len() >= end + len).then_some(begin + end + len)
}

fn chunked_end(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = body.get(at..)?.windows(2).position(|two| two == b"\r\n")?;
        let len = usize::from_str_radix(std::str::from_utf8(&body[at..at + line]).ok()?, 16).ok()?;
        at += line + 2 + len + 2;
        if len == 0 {
            return (at <= body.len()).then_some(at);
        }
    }
}
