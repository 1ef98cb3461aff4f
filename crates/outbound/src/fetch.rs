//! Fetching: a GET of one file from an address that a user named, and the body as it comes. Knows nothing of where the bytes go.

mod download;
mod head;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use bytes::Bytes;
use content::ByteStream;
use reqwest::{
    Method, Url,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue},
};

use crate::{
    Failure,
    failure::within,
    guard::Guard,
    http::{Http, NamedBy, Request},
};
use download::Download;
use head::Head;

/// How long to wait before asking again for a file that broke off, each time in a row without a byte. Behind the last it is given up.
pub(crate) const PAUSES: &[Duration] = &[
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How often a file is asked for again in all. Bytes in between begin the row anew, and a server that gives one at a time is not to be
/// asked for ever.
const MAX_RESUMPTIONS: usize = 20;

/// A file to fetch from an address that a user named. It has no `Debug`, because addresses hold secrets.
#[derive(Clone)]
pub struct Fetch {
    /// Where from: http or https, at most 4096 bytes, without user name and password.
    pub url: String,
    /// How many bytes the file may have.
    pub max_bytes: u64,
    /// How long all of it may take, from the question to the last byte: redirects, resumptions, and the time that the reader of the body
    /// takes.
    pub timeout: Duration,
    /// How long a wait for the next byte may last before the connection is given up, and how long each hop may take to say its head. The
    /// time between two reads of the body does not count.
    pub idle: Duration,
}

/// A file that has begun to come.
pub struct Fetched {
    /// What the server says that it is, as it says it but without parameters. It is somebody's word: not checked, not even its form.
    pub media_type: Option<String>,
    /// The bytes. Dropping it ends the exchange.
    ///
    /// Where they break off or stop coming, the rest is asked for again and follows without a seam, if the server names the version of the
    /// file (a strong `ETag`, or a `Last-Modified` of a minute before) and that is still the same; otherwise the stream ends in an error, and
    /// what came of the file so far is worth nothing.
    ///
    /// An error holds a [`Failure`], found by [`Failure::within`]. It is of the kind `FileTooLarge` if there were more than `max_bytes`, of
    /// the kind `TimedOut` if `timeout` was over, and `Other` for all else.
    ///
    /// The end is the end of the file, with one exception: a server that announces no length and does not send in chunks (HTTP/1.0) says
    /// the end by closing the connection, which looks the same when it breaks down half-way.
    pub body: ByteStream,
}

/// What a fetch may use up.
#[derive(Clone, Copy)]
struct Limits {
    max_bytes: u64,
    timeout: Duration,
    idle: Duration,
    begun: Instant,
}

impl Limits {
    /// How much time there is left.
    fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.begun.elapsed())
    }

    fn check_len(&self, len: Option<u64>) -> Result<(), Failure> {
        match len {
            Some(len) if len > self.max_bytes => Err(too_large(self.max_bytes)),
            _ => Ok(()),
        }
    }
}

/// Asks for the file. `pauses` are those before each resumption in a row.
pub(crate) async fn begin(
    http: &Http,
    guard: Guard,
    fetch: Fetch,
    pauses: &'static [Duration],
) -> Result<Fetched, Failure> {
    let Fetch { url, max_bytes, timeout, idle } = fetch;
    let limits = Limits { max_bytes, timeout, idle, begun: Instant::now() };
    let request = request(guard.read(&url)?);
    let answer = within(timeout, http.exchange(request.clone(), NamedBy::User, idle)).await?;
    let head = Head::of_whole(&answer)?;
    limits.check_len(head.len)?;
    let media_type = head.media_type.clone();
    let download = Download::new(http.clone(), request, limits, pauses, head, answer);
    Ok(Fetched { media_type, body: download.into_stream() })
}

fn request(url: Url) -> Request {
    let mut headers = HeaderMap::new();
    // Ranges and lengths are those of the file only where nothing is packed on the way.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Request { method: Method::GET, url, headers, body: Bytes::new() }
}

fn too_large(max_bytes: u64) -> Failure {
    Failure::Refused(format!("the file is larger than {max_bytes} bytes"))
}
