#![expect(clippy::unwrap_used, reason = "tests")]

pub(crate) mod site;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use reqwest::dns::{Addrs, Name, Resolving};
use tokio::net::TcpListener;

use super::*;
use crate::{Call, Config, Outbound, TextMessage, failure::within, guard::resolver::Lookup};
use site::{Reply, Site, babbling};

/// What the names of these tests lead to outside; [`StandIn`] puts a listener in its place.
const PUBLIC: &str = "93.184.216.34";

/// The guarded resolver as it is, with the listener of a test in the place of the public address: that which connects is told
/// otherwise, that which checks is not.
struct StandIn {
    checked: GuardedResolver,
    site: SocketAddr,
}

impl Resolve for StandIn {
    fn resolve(&self, name: Name) -> Resolving {
        let (checked, site) = (self.checked.resolve(name), self.site);
        Box::pin(async move {
            let public: IpAddr = PUBLIC.parse()?;
            let put = move |address: SocketAddr| if address.ip() == public { site } else { address };
            let addresses: Addrs = Box::new(checked.await?.map(put));
            Ok(addresses)
        })
    }
}

/// Clients for which `outside.example` is public and leads to `site`, `inside.example` leads here, and `changing.example` does what
/// its name says.
pub(crate) fn guarded(site: &Site) -> Http {
    let guard = Guard { allow_private: false };
    let changes = AtomicUsize::new(0);
    let lookup: Lookup = Arc::new(move |name| {
        let found = match name.as_str() {
            "outside.example" => vec![PUBLIC],
            "inside.example" => vec!["127.0.0.1"],
            "both.example" => vec![PUBLIC, "127.0.0.1"],
            "changing.example" if changes.fetch_add(1, Ordering::SeqCst) == 0 => vec![PUBLIC],
            "changing.example" => vec!["127.0.0.1"],
            _ => vec![],
        };
        Box::pin(async move { Ok(found.into_iter().map(|ip| ip.parse().unwrap()).collect()) })
    });
    Http::with_resolver(guard, Arc::new(StandIn { checked: GuardedResolver { guard, lookup }, site: site.address }))
        .unwrap()
}

async fn post(http: &Http, url: &str) -> Result<(), Failure> {
    let request = Request {
        method: Method::POST,
        url: url.parse().unwrap(),
        headers: headers(&[], "text/plain").unwrap(),
        body: bytes::Bytes::from_static(b"hello"),
    };
    judge(within(Duration::from_secs(10), http.exchange(request, NamedBy::User, Duration::from_secs(10))).await?).await
}

pub(crate) fn outbound(timeout_ms: u64, sms_webhook: Option<String>, allow_private: bool) -> Outbound {
    let config = Config {
        smtp_url: None,
        from: "mediary@example.com".to_owned(),
        outbox: PathBuf::new(),
        allow_private,
        sms_webhook,
        timeout: Duration::from_millis(timeout_ms),
    };
    Outbound::new(config).unwrap()
}

fn call(url: String) -> Call {
    let headers = vec![("X-Signature".to_owned(), "abc".to_owned()), ("user-agent".to_owned(), "Hooks/1".to_owned())];
    Call { url, headers, content_type: "application/json".to_owned(), body: b"{\"a\":1}".to_vec() }
}

fn refused_as(result: Result<(), Failure>, reason: &str) {
    match result {
        Err(Failure::Refused(why)) => assert!(why.contains(reason), "{why}"),
        other => panic!("{other:?}, not {reason}"),
    }
}

fn later_as(result: Result<(), Failure>, reason: &str) {
    match result {
        Err(Failure::Later(why)) => assert!(why.contains(reason), "{why}"),
        other => panic!("{other:?}, not {reason}"),
    }
}

#[tokio::test]
async fn a_call_is_sent_as_it_is_and_may_be_sent_again() {
    let site = Site::answering(&["HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 204 Yes\r\n\r\n"]).await;
    let outbound = outbound(10_000, None, true);
    later_as(outbound.post(&call(site.url("/hook?key=secret"))).await, "answered 500");
    assert_eq!(outbound.post(&call(site.url("/hook?key=secret"))).await, Ok(()));
    let seen = site.seen();
    assert_eq!(seen.len(), 2);
    for expected in [
        "POST /hook?key=secret HTTP/1.1\r\n",
        "content-type: application/json\r\n",
        "x-signature: abc\r\n",
        "user-agent: Hooks/1\r\n",
    ] {
        assert!(seen[1].contains(expected), "{}", seen[1]);
    }
    assert!(seen[1].ends_with("\r\n\r\n{\"a\":1}"));
    // No connection is used twice.
    assert_eq!(site.connections(), 2);
}

#[tokio::test]
async fn a_private_address_is_refused_before_anything_is_sent() {
    let site = Site::answering(&["HTTP/1.1 200 OK\r\n\r\n"]).await;
    let outbound = outbound(10_000, None, false);
    refused_as(outbound.check_address(&site.url("/")), "loopback");
    refused_as(outbound.post(&call(site.url("/"))).await, "loopback");
    refused_as(outbound.post(&call(format!("http://localhost:{}/", site.address.port()))).await, "local name");
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn headers_are_checked() {
    let outbound = outbound(10_000, None, true);
    for (name, value) in [
        ("Host", "internal"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("X-A", "b\r\nX-C: d"),
        ("X-A", "b\nc"),
        ("X-A\r\nX-B", "c"),
        ("X A", "b"),
        ("", "b"),
    ] {
        let mut call = call("http://127.0.0.1:1/".to_owned());
        call.headers = vec![(name.to_owned(), value.to_owned())];
        refused_as(outbound.post(&call).await, "header");
    }
    let mut call = call("http://127.0.0.1:1/".to_owned());
    call.content_type = "text/plain\r\nx: y".to_owned();
    refused_as(outbound.post(&call).await, "content type");
}

#[tokio::test]
async fn a_redirect_is_followed_with_its_body() {
    const MOVED: &str = "HTTP/1.1 307 There\r\nLocation: /there?a=b\r\nContent-Length: 0\r\n\r\n";
    let site = Site::answering(&[MOVED, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    assert_eq!(outbound(10_000, None, true).post(&call(site.url("/here"))).await, Ok(()));
    let seen = site.seen();
    assert!(seen[1].starts_with("POST /there?a=b "), "{}", seen[1]);
    assert!(seen[1].contains("x-signature: abc\r\n") && seen[1].ends_with("{\"a\":1}"), "{}", seen[1]);
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let site = Site::answering(&["HTTP/1.1 308 On\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]).await;
    later_as(outbound(10_000, None, true).post(&call(site.url("/"))).await, "redirected more than 3 times");
    assert_eq!(site.seen().len(), MAX_REDIRECTS + 1);
    let site = Site::answering(&["HTTP/1.1 302 On\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]).await;
    later_as(outbound(10_000, None, true).post(&call(site.url("/"))).await, "answered 302");
    assert_eq!(site.seen().len(), 1);
}

#[tokio::test]
async fn each_hop_passes_the_guard() {
    let four = Site::answering(&["HTTP/1.1 200 OK\r\n\r\n"]).await;
    let six = Site::start("[::1]:0", |_| Reply::Answer("HTTP/1.1 200 OK\r\n\r\n".to_owned())).await;
    let (four_port, six_port) = (four.address.port(), six.address.port());
    for (location, reason) in [
        (format!("http://127.0.0.1:{four_port}/"), "loopback"),
        (format!("//2130706433:{four_port}/"), "loopback"),
        (format!("http://[::1]:{six_port}/"), "loopback"),
        (format!("http://[::ffff:127.0.0.1]:{four_port}/"), "IPv4-mapped"),
        (format!("http://localhost:{four_port}/"), "local name"),
        (format!("http://inside.example:{four_port}/"), "loopback"),
        (format!("http://both.example:{four_port}/"), "loopback"),
        (format!("http://user@outside.example:{four_port}/"), "user name"),
        ("http://outside.example:25/".to_owned(), "port"),
        ("file:///etc/passwd".to_owned(), "only http"),
    ] {
        // The first hop is public and answers, so that what is refused is the second.
        let moved = format!("HTTP/1.1 307 There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let outside = Site::start("127.0.0.1:0", move |_| Reply::Answer(moved.clone())).await;
        refused_as(post(&guarded(&outside), "http://outside.example/hook").await, reason);
        assert_eq!(outside.seen().len(), 1, "{location}");
    }
    assert_eq!((four.connections(), six.connections()), (0, 0));
    // They are there: the operator's call gets through.
    let request = Request {
        method: Method::GET,
        url: six.url("/").parse().unwrap(),
        headers: HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    assert!(guarded(&four).exchange(request, NamedBy::Operator, Duration::from_secs(10)).await.is_ok());
    assert_eq!(six.connections(), 1);
}

#[tokio::test]
async fn a_name_that_changes_gets_nowhere() {
    let site = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let http = guarded(&site);
    assert_eq!(post(&http, "http://changing.example/").await, Ok(()));
    refused_as(post(&http, "http://changing.example/").await, "loopback");
    refused_as(post(&http, "http://both.example/").await, "loopback");
    refused_as(post(&http, "http://inside.example/").await, "loopback");
    later_as(post(&http, "http://nowhere.example/").await, "no address");
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let site = Site::start("127.0.0.1:0", |_| Reply::Silence).await;
    later_as(outbound(100, None, true).post(&call(site.url("/"))).await, "no answer within 100ms");
    assert_eq!(site.seen().len(), 1);
}

#[tokio::test]
async fn who_never_stops_is_not_heard_out() {
    let site = Site::start("127.0.0.1:0", |_| Reply::Endless).await;
    let begun = Instant::now();
    assert_eq!(outbound(10_000, None, true).post(&call(site.url("/"))).await, Ok(()));
    // The head alone is the answer where the body does not come.
    let slow = Site::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]).await;
    assert_eq!(outbound(10_000, None, true).post(&call(slow.url("/"))).await, Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let outbound = outbound(10_000, None, true);
    let garbled = babbling().await;
    for (url, reason) in [
        (format!("http://127.0.0.1:{port}/hunter2?hunter2"), "cannot connect to 127.0.0.1: connection refused"),
        (format!("http://{garbled}/hunter2?hunter2"), "the exchange with 127.0.0.1 broke off: "),
        // No TLS there.
        (format!("https://{garbled}/hunter2?hunter2"), "cannot connect to 127.0.0.1: "),
    ] {
        let result = outbound.post(&call(url)).await;
        assert!(!result.as_ref().unwrap_err().to_string().contains("hunter2"), "{result:?}");
        later_as(result, reason);
    }
}

#[tokio::test]
async fn a_text_message_goes_to_the_operators_webhook() {
    let site = Site::answering(&[
        "HTTP/1.1 202 Taken\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
    // Private, with a password, and guarded settings all the same.
    let webhook = site.url("/sms").replace("http://", "http://user:word@");
    let outbound = outbound(10_000, Some(webhook), false);
    assert!(outbound.can_text());
    let text = TextMessage {
        id: "7".to_owned(),
        to: "+44 20 7946 0000".to_owned(),
        text: "Your code is \"123\".\n".to_owned(),
    };
    assert_eq!(outbound.send_text(&text).await, Ok(()));
    later_as(outbound.send_text(&text).await, "answered 429");
    let seen = site.seen();
    assert!(
        seen[0].starts_with("POST /sms HTTP/1.1\r\n") && seen[0].contains("authorization: Basic dXNlcjp3b3Jk\r\n"),
        "{}",
        seen[0]
    );
    assert!(seen[0].ends_with(r#"{"id":"7","to":"+44 20 7946 0000","text":"Your code is \"123\".\n"}"#), "{}", seen[0]);
    for to in ["", " ", "1\r\n2"] {
        refused_as(outbound.send_text(&TextMessage { to: to.to_owned(), ..text.clone() }).await, "telephone number");
    }
}

#[tokio::test]
async fn without_a_webhook_there_are_no_text_messages() {
    let outbound = outbound(10_000, None, true);
    assert!(!outbound.can_text());
    let text = TextMessage { id: "7".to_owned(), to: "1".to_owned(), text: "x".to_owned() };
    refused_as(outbound.send_text(&text).await, "not set up");
}
