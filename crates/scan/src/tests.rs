//! Questions to scanners: scripted ones for each way to go wrong, and real ones.

#![expect(clippy::unwrap_used, reason = "tests")]

mod bodies;
mod clamd;
mod icap;
mod real;

use std::{io, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;

/// Long enough never to be reached.
const PATIENCE: Duration = Duration::from_secs(20);

fn scanner(url: &str) -> Scanner {
    limited(url, PATIENCE, PATIENCE)
}

fn limited(url: &str, timeout: Duration, idle: Duration) -> Scanner {
    Scanner::new(Config { url: url.to_owned(), timeout, idle, max_bytes: 64 << 20 }).unwrap()
}

fn body(bytes: &[u8]) -> ByteStream {
    chunks(vec![Ok(Bytes::copy_from_slice(bytes))])
}

fn chunks(chunks: Vec<io::Result<Bytes>>) -> ByteStream {
    // As what reads files: nobody may ask it again after its end.
    let next = async |mut left: std::vec::IntoIter<_>| left.next().map(|chunk| (chunk, left));
    stream::unfold(chunks.into_iter(), next).boxed()
}

async fn scan(scanner: &Scanner, bytes: &[u8]) -> Result<Verdict, Failure> {
    scanner.scan(body(bytes), bytes.len() as u64).await
}

fn infected(signature: &str) -> Result<Verdict, Failure> {
    Ok(Verdict::Infected { signature: signature.to_owned() })
}

/// The test file that every scanner takes for a virus, put together here so that no scanner takes this file for one.
fn eicar() -> Vec<u8> {
    [&br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STAND"[..], b"ARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat()
}

/// Serves one connection after the other as `script` says and gives where.
async fn serve<Served: Future + Send + 'static>(
    script: impl Fn(TcpStream) -> Served + Send + 'static,
) -> (String, JoinHandle<()>)
where
    Served::Output: Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            script(stream).await;
        }
    });
    (address, serving)
}

/// Resets a connection instead of closing it.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

/// Reads so many bytes and forgets them.
async fn swallow(stream: &mut TcpStream, bytes: usize) {
    stream.read_exact(&mut vec![0; bytes]).await.unwrap();
}

/// What a script is told or tells.
type Noted<T> = Arc<std::sync::Mutex<T>>;
