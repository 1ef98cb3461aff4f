#![expect(clippy::unwrap_used, reason = "tests")]

mod hostile;
mod resuming;

use std::{io, sync::LazyLock};

use futures_util::StreamExt as _;

use super::*;
use crate::{
    Outbound,
    guard::tests::REFUSED,
    http::tests::{
        guarded, outbound,
        site::{Reply, Site},
    },
};

/// So short that giving up takes no time.
const SHORT_PAUSES: &[Duration] = &[Duration::from_millis(1); 5];

const PATIENT: Duration = Duration::from_secs(10);

/// What takes this machine a millisecond fits in, unless it is very busy: see [`in_time`].
const IMPATIENT: Duration = Duration::from_millis(80);

/// What came of a file: its bytes, and what they ended with.
struct Came {
    media_type: Option<String>,
    bytes: String,
    end: io::Result<()>,
}

impl Came {
    async fn of(fetched: Fetched) -> Self {
        let Fetched { media_type, mut body } = fetched;
        let (mut bytes, mut end) = (Vec::new(), Ok(()));
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(error) => end = Err(error),
            }
        }
        Self { media_type, bytes: String::from_utf8(bytes).unwrap(), end }
    }

    /// The bytes of a file that came whole.
    fn whole(self) -> String {
        self.end.unwrap();
        self.bytes
    }

    /// How a file ended that did not come whole.
    #[track_caller]
    fn broken(self) -> (String, io::ErrorKind, Failure) {
        let error = self.end.unwrap_err();
        let failure = Failure::within(&error).unwrap().clone();
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        (self.bytes, error.kind(), failure)
    }

    /// What came of it, and that it ended for a reason for another time.
    #[track_caller]
    fn broken_later(self, reason: &str) -> String {
        let (bytes, kind, failure) = self.broken();
        assert_eq!(kind, io::ErrorKind::Other);
        assert!(matches!(&failure, Failure::Later(why) if why.contains(reason)), "{failure:?}, not {reason}");
        bytes
    }
}

fn file(url: String) -> Fetch {
    Fetch { url, max_bytes: 1000, timeout: PATIENT, idle: PATIENT }
}

/// Clients that may go anywhere. One for all tests: making one reads the certificates of the system.
static FREE: LazyLock<Http> = LazyLock::new(|| Http::new(ANYWHERE).unwrap());

const ANYWHERE: Guard = Guard { allow_private: true };

/// Fetches from anywhere.
async fn fetch(fetch: Fetch) -> Result<Came, Failure> {
    Ok(Came::of(begin(&FREE, ANYWHERE, fetch, SHORT_PAUSES).await?).await)
}

/// The same through guarded clients for which some names lead to `site`.
async fn fetch_guarded(http: &Http, url: &str) -> Result<Came, Failure> {
    let guard = Guard { allow_private: false };
    Ok(Came::of(begin(http, guard, file(url.to_owned()), SHORT_PAUSES).await?).await)
}

/// What a fetch from a site with these answers comes to.
async fn answered(answers: &'static [&'static str]) -> Result<Came, Failure> {
    fetch(file(Site::answering(answers).await.url("/hunter2?hunter2"))).await
}

/// Fetches from a site with these replies, and from another such if the head did not come in time: it has a limit too, which is not what
/// is tried here.
async fn in_time(replies: &[Reply], limits: impl Fn(Fetch) -> Fetch, pauses: &'static [Duration]) -> (Fetched, Site) {
    for _ in 0..20 {
        let site = Site::replying(replies.to_vec()).await;
        match begin(&FREE, ANYWHERE, limits(file(site.url("/"))), pauses).await {
            Ok(fetched) => return (fetched, site),
            Err(failure) => assert_eq!(failure, Failure::Later("no answer within 80ms".to_owned())),
        }
    }
    panic!("never in time");
}

fn idle(fetch: Fetch) -> Fetch {
    Fetch { idle: IMPATIENT, ..fetch }
}

fn timed(fetch: Fetch) -> Fetch {
    Fetch { timeout: IMPATIENT, ..fetch }
}

fn cut(text: &str) -> Reply {
    Reply::Cut(text.to_owned())
}

fn says(text: &str) -> Reply {
    Reply::Answer(text.to_owned())
}

async fn refusal(outbound: &Outbound, url: &str) -> String {
    match outbound.fetch(file(url.to_owned())).await {
        Err(Failure::Refused(why)) => why,
        Err(Failure::Later(why)) => panic!("{url} is for later: {why}"),
        Ok(_) => panic!("{url} was fetched"),
    }
}

#[tokio::test]
async fn a_file_comes_as_it_is() {
    let site =
        Site::answering(&["HTTP/1.1 200 OK\r\nContent-Type: Image/PNG; x=y\r\nContent-Length: 5\r\n\r\nhello"]).await;
    let fetched = outbound(10_000, None, true).fetch(file(site.url("/a?key=secret#b"))).await.ok().unwrap();
    assert_eq!(fetched.media_type.as_deref(), Some("Image/PNG"));
    assert_eq!(Came::of(fetched).await.whole(), "hello");
    let asked = &site.seen()[0];
    assert!(asked.starts_with("GET /a?key=secret HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");
    for absent in ["range", "referer", "cookie", "authorization", "content-length", "#b"] {
        assert!(!asked.contains(absent), "{absent}: {asked}");
    }
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn every_framing_ends() {
    for (reply, expected) in [
        (says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ""),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello"), "hello"),
        // What is too much is not read.
        (says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world"), "hello"),
        (
            says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX: y\r\n\r\n"),
            "hello",
        ),
        (
            says(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9999\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ),
            "hello",
        ),
        (cut("HTTP/1.0 200 OK\r\n\r\nhello"), "hello"),
        (cut("HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nConnection: close\r\n\r\nhello"), "hello"),
    ] {
        let site = Site::replying(vec![reply]).await;
        let came = fetch(file(site.url("/"))).await.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!((came.media_type.as_deref(), came.bytes.as_str()), (None, expected));
        came.end.unwrap();
        assert_eq!(site.seen().len(), 1);
    }
}

#[tokio::test]
async fn only_200_is_a_file() {
    for (status, for_good) in [
        (201, false),
        (202, false),
        (203, false),
        (204, false),
        (205, false),
        (206, false),
        (300, false),
        (304, false),
        (400, true),
        (401, true),
        (403, true),
        (404, true),
        (408, false),
        (410, true),
        (416, true),
        (425, false),
        (429, false),
        (451, true),
        (500, false),
        (503, false),
        (599, false),
    ] {
        let answer = format!("HTTP/1.1 {status} Well\r\nContent-Range: bytes 0-1/2\r\nContent-Length: 2\r\n\r\nno");
        let failure = fetch(file(Site::replying(vec![Reply::Answer(answer)]).await.url("/"))).await.err().unwrap();
        let why = format!("answered {status}");
        assert_eq!(failure, if for_good { Failure::Refused(why) } else { Failure::Later(why) });
    }
}

#[tokio::test]
async fn redirects_are_followed_and_come_to_an_end() {
    let there = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]).await;
    let moved = |status: u16, location: &str| {
        Reply::Answer(format!("HTTP/1.1 {status} On\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
    };
    for statuses in [[301, 302], [303, 307], [308, 301]] {
        let replies = vec![moved(statuses[0], "b"), moved(statuses[1], "/c"), moved(302, &there.url("/file"))];
        let here = Site::replying(replies).await;
        let came = fetch(file(here.url("/x/a?hunter2"))).await.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(came.whole(), "hello");
        let asked: Vec<_> = here.seen().iter().map(|asked| asked.lines().next().unwrap().to_owned()).collect();
        assert_eq!(asked, ["GET /x/a?hunter2 HTTP/1.1", "GET /x/b HTTP/1.1", "GET /c HTTP/1.1"]);
        let last = there.seen().pop().unwrap();
        assert!(last.starts_with("GET /file HTTP/1.1\r\n") && !last.contains("hunter2"), "{last}");
    }
    let round = Site::replying(vec![moved(302, "/hunter2")]).await;
    let failure = fetch(file(round.url("/"))).await.err().unwrap();
    assert_eq!(failure, Failure::Later("redirected more than 3 times".to_owned()));
    assert_eq!(round.seen().len(), 4);
}

#[tokio::test]
async fn a_private_address_is_refused_before_anything_is_sent() {
    let site = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let outbound = outbound(10_000, None, false);
    for (address, reason) in REFUSED {
        let why = refusal(&outbound, address).await;
        assert!(why.contains(reason), "{address}: {why}");
    }
    let why = refusal(&outbound, &site.url("/")).await;
    assert!(why.contains("loopback"), "{why}");
    for name in ["inside.example", "both.example"] {
        match fetch_guarded(&guarded(&site), &format!("http://{name}/")).await {
            Err(Failure::Refused(why)) => assert!(why.contains("loopback"), "{name}: {why}"),
            _ => panic!("{name} was called"),
        }
    }
    assert_eq!(site.connections(), 0);
    // It is there.
    assert!(fetch_guarded(&guarded(&site), "http://outside.example/").await.is_ok());
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn each_hop_passes_the_guard() {
    let inside = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let port = inside.address.port();
    let mut hops: Vec<(String, &str)> = vec![
        (format!("http://127.0.0.1:{port}/"), "loopback"),
        (format!("//0x7f.1:{port}/"), "loopback"),
        (format!("http://localhost:{port}/"), "local name"),
        (format!("http://inside.example:{port}/"), "loopback"),
        (format!("http://both.example:{port}/"), "loopback"),
    ];
    // Of the table all that is an address and that a header can say.
    let said = |address: &str| !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_graphic());
    let table = REFUSED.iter().filter(|(address, why)| *why != "not an address" && said(address));
    // Without a host they are relative to the site that redirects.
    let table = table.filter(|(address, _)| !address.starts_with("http:1") && !address.starts_with("http:/1"));
    hops.extend(table.map(|(address, why)| ((*address).to_owned(), *why)));
    assert!(hops.len() > 100);
    // The first hop is public and answers, so that what is refused is the second.
    let moved = |(n, (location, _)): (usize, &(String, &str))| {
        let status = [301, 302, 303, 307, 308][n % 5];
        Reply::Answer(format!("HTTP/1.1 {status} There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
    };
    let outside = Site::replying(hops.iter().enumerate().map(moved).collect()).await;
    let http = guarded(&outside);
    for (n, (location, reason)) in hops.iter().enumerate() {
        match fetch_guarded(&http, "http://outside.example/").await {
            Err(Failure::Refused(why)) => assert!(why.contains(reason), "{location}: {why}"),
            Err(Failure::Later(why)) => panic!("{location} is for later: {why}"),
            Ok(_) => panic!("{location} was fetched"),
        }
        assert_eq!(outside.seen().len(), n + 1, "{location}");
    }
    assert_eq!(inside.connections(), 0);
}
