//! Bytes as clients get them.

use std::{io, sync::Arc};

use axum::{Router, extract::State, routing::get};
use bytes::Bytes;
use content::{Body, ByteRange, ByteStream, Content, MediaType, ReadBytes};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method};
use http_body::Body as _;
use wire::{Asked, Cache, Disposition, Manner, deliver};

use crate::support::Server;

const MANNER: Manner<'_> =
    Manner { disposition: Disposition::Inline, cache: Cache::Private { max_age_s: 60 }, vary: Some("Accept") };

fn content(body: Body) -> Content {
    Content {
        body,
        media_type: MediaType::PNG,
        name: "Käse.png".to_owned(),
        tag: "t1".to_owned(),
        modified_ms: 784_111_777_000,
        sha256: Some([7; 32]),
        harmless: false,
    }
}

fn memory(bytes: &'static [u8]) -> Body {
    Body::Memory(Bytes::from_static(bytes))
}

/// Gives chunks of three bytes, and fails at byte `fails_at`.
struct Alphabet {
    fails_at: u64,
    /// Ends early instead of failing.
    quietly: bool,
}

impl ReadBytes for Alphabet {
    fn read(&self, range: ByteRange) -> ByteStream {
        let (fails_at, quietly) = (self.fails_at, self.quietly);
        stream::iter((range.start..range.end).step_by(3))
            .map(move |start| {
                if start >= fails_at {
                    return Err(io::Error::other("the disk is gone"));
                }
                let end = (start + 3).min(range.end);
                Ok((start..end).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect::<Bytes>())
            })
            // What is there already is sent before the next is asked for.
            .then(async |chunk| {
                tokio::task::yield_now().await;
                chunk
            })
            .take_while(move |chunk| std::future::ready(!quietly || chunk.is_ok()))
            .boxed()
    }
}

fn stored(len: u64, fails_at: u64, quietly: bool) -> Body {
    Body::Stored { len, source: Arc::new(Alphabet { fails_at, quietly }) }
}

async fn serve(content: Content) -> Server {
    let handler = async |asked: Asked, State(content): State<Content>| deliver(&asked, content, &MANNER);
    Server::of(Router::new().route("/x", get(handler)).with_state(content)).await
}

#[tokio::test]
async fn the_whole_has_every_header() {
    for body in [memory(b"abcdefghij"), stored(10, 99, false)] {
        let server = serve(content(body)).await;
        for method in ["GET", "HEAD"] {
            let mut answer = server.ask(&format!("{method} /x HTTP/1.1")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.text(), if method == "GET" { "abcdefghij" } else { "" });
            for passing in ["date", "x-request-id", "connection"] {
                answer.headers.remove(passing);
            }
            let mut lines: Vec<_> =
                answer.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            lines.sort();
            let expected = [
                "accept-ranges: bytes",
                "access-control-allow-origin: *",
                "access-control-expose-headers: X-Total",
                "cache-control: private, max-age=60",
                "content-disposition: inline; filename=\"K_se.png\"; filename*=UTF-8''K%C3%A4se.png",
                "content-length: 10",
                "content-type: image/png",
                "cross-origin-resource-policy: cross-origin",
                "etag: \"t1\"",
                "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
                "repr-digest: sha-256=:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=:",
                "vary: Accept",
                "x-content-type-options: nosniff",
            ];
            assert_eq!(lines, expected, "{method}");
        }
    }
}

#[tokio::test]
async fn one_range_is_partial() {
    for body in [memory(b"abcdefghij"), stored(10, 99, false)] {
        let server = serve(content(body)).await;
        for (range, part, place) in [
            ("bytes=2-5", "cdef", "bytes 2-5/10"),
            ("bytes=0-", "abcdefghij", "bytes 0-9/10"),
            ("bytes=-3", "hij", "bytes 7-9/10"),
            ("bytes=9-99", "j", "bytes 9-9/10"),
            ("bytes=0-1,99-", "ab", "bytes 0-1/10"),
            ("bytes=0-3,2-5", "abcdef", "bytes 0-5/10"),
        ] {
            let answer = server.ask(&format!("GET /x HTTP/1.1\nRange: {range}")).await;
            assert_eq!((answer.status, answer.text(), answer.header("content-range")), (206, part, place), "{range}");
            assert_eq!(answer.header("content-length"), part.len().to_string());
            assert_eq!(answer.header("content-type"), "image/png");
            assert_eq!(answer.header("etag"), "\"t1\"");
        }
        let head = server.ask("HEAD /x HTTP/1.1\nRange: bytes=2-5").await;
        assert_eq!((head.status, head.header("content-length")), (200, "10"));
    }
}

#[tokio::test]
async fn several_ranges_are_multipart_to_the_byte() {
    for body in [memory(b"abcdefghij"), stored(10, 99, false)] {
        let server = serve(content(body)).await;
        let answer = server.ask("GET /x HTTP/1.1\nRange: bytes=5-8, 0-0,-1").await;
        assert_eq!(answer.status, 206);
        let boundary =
            answer.header("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
        assert_eq!(boundary.len(), 32);
        let expected = "\r\n--B\r\nContent-Type: image/png\r\nContent-Range: bytes 5-8/10\r\n\r\nfghi\
                        \r\n--B\r\nContent-Type: image/png\r\nContent-Range: bytes 0-0/10\r\n\r\na\
                        \r\n--B\r\nContent-Type: image/png\r\nContent-Range: bytes 9-9/10\r\n\r\nj\
                        \r\n--B--\r\n";
        assert_eq!(answer.text().replace(&boundary, "B"), expected);
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(answer.header("content-range"), "");
        let again = server.ask("GET /x HTTP/1.1\nRange: bytes=5-8, 0-0,-1").await;
        assert_ne!(again.header("content-type"), answer.header("content-type"), "nobody can know it beforehand");
    }
}

#[tokio::test]
async fn what_cannot_be_given_says_so() {
    let server = serve(content(memory(b"abcdefghij"))).await;
    let answer = server.ask("GET /x HTTP/1.1\nRange: bytes=10-").await;
    assert_eq!((answer.status, answer.text(), answer.header("content-range")), (416, "", "bytes */10"));
    assert_eq!((answer.header("content-type"), answer.header("content-length")), ("", "0"));
    let answer = server.ask("GET /x HTTP/1.1\nIf-None-Match: \"t1\"").await;
    assert_eq!((answer.status, answer.text(), answer.header("etag")), (304, "", "\"t1\""));
    assert_eq!(answer.header("cache-control"), "private, max-age=60");
    assert_eq!((answer.header("content-type"), answer.header("content-length")), ("", ""));
    let answer = server.ask("GET /x HTTP/1.1\nIf-Match: \"t2\"").await;
    assert_eq!((answer.status, answer.text(), answer.header("content-length")), (412, "", "0"));

    for body in [memory(b""), stored(0, 0, false)] {
        let server = serve(content(body)).await;
        let answer = server.ask("GET /x HTTP/1.1").await;
        assert_eq!((answer.status, answer.text(), answer.header("content-length")), (200, "", "0"));
        for range in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            let answer = server.ask(&format!("GET /x HTTP/1.1\nRange: {range}")).await;
            assert_eq!((answer.status, answer.header("content-range")), (416, "bytes */0"), "{range}");
        }
        assert_eq!(server.ask("GET /x HTTP/1.1\nRange: lines=0-").await.status, 200);
    }
}

#[tokio::test]
async fn a_source_that_fails_breaks_the_connection() {
    for quietly in [false, true] {
        let server = serve(content(stored(100, 30, quietly))).await;
        for range in ["bytes=0-", "bytes=0-9,20-90"] {
            let answer = server.ask(&format!("GET /x HTTP/1.1\nRange: {range}")).await;
            let promised: usize = answer.header("content-length").parse().unwrap();
            assert!(answer.body.len() < promised, "{range}: {} of {promised}", answer.body.len());
            assert!(!answer.body.contains(&0), "nothing is padded");
        }
        // What does not touch the bad place is fine.
        assert_eq!(server.ask("GET /x HTTP/1.1\nRange: bytes=27-29").await.text(), "bcd");
        assert_eq!(server.ask("GET /x HTTP/1.1\nRange: bytes=0-28").await.body.len(), 29);
        let (_, log) = server.stop().await;
        assert_eq!(log[3]["bytes"], 29, "ten chunks, the last of two bytes");
        let aborted: Vec<bool> = log.iter().map(|line| line["aborted"].as_bool().unwrap_or_default()).collect();
        assert_eq!(aborted, [true, true, false, false]);
    }
}

#[test]
fn memory_goes_out_as_it_lies() {
    let bytes = Bytes::from(vec![1; 100]);
    let headers = HeaderMap::from_iter([(http::header::RANGE, http::HeaderValue::from_static("bytes=10-19"))]);
    let asked = Asked::of(&Method::GET, &headers);
    let mut body = deliver(&asked, content(Body::Memory(bytes.clone())), &MANNER).into_body();
    assert_eq!(body.size_hint().exact(), Some(10));
    let waker = futures_util::task::noop_waker_ref();
    let frame = std::pin::Pin::new(&mut body).poll_frame(&mut std::task::Context::from_waker(waker));
    let std::task::Poll::Ready(Some(Ok(frame))) = frame else { panic!("{frame:?}") };
    assert_eq!(frame.data_ref().unwrap().as_ptr(), bytes[10..].as_ptr());
    assert!(body.is_end_stream());
}

#[test]
fn only_what_is_safe_is_shown_and_nothing_can_run() {
    const SANDBOX: &str = "sandbox; default-src 'none'";
    const SVG: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
    let answer = |media_type: &str, disposition| {
        let content = Content { media_type: MediaType::parse(media_type).unwrap(), ..content(memory(b"x")) };
        let manner = Manner { disposition, cache: Cache::NoStore, vary: None };
        deliver(&Asked::default(), content, &manner)
    };
    for (media_type, kind, policy, content_type) in [
        ("image/png", "inline", "", "image/png"),
        ("image/avif", "inline", "", "image/avif"),
        ("image/svg+xml", "attachment", SVG, "image/svg+xml"),
        ("video/mp4", "inline", "", "video/mp4"),
        ("audio/ogg", "inline", "", "audio/ogg"),
        ("text/plain", "inline", SANDBOX, "text/plain; charset=utf-8"),
        ("text/html", "attachment", SANDBOX, "text/html; charset=utf-8"),
        ("application/xhtml+xml", "attachment", SANDBOX, "application/xhtml+xml"),
        ("application/javascript", "attachment", SANDBOX, "application/javascript"),
        ("font/woff2", "attachment", SANDBOX, "font/woff2"),
        (
            "application/pdf",
            "inline",
            "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
            "application/pdf",
        ),
    ] {
        let response = answer(media_type, Disposition::Inline);
        let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert!(header("content-disposition").starts_with(&format!("{kind}; filename=")), "{media_type}");
        assert_eq!(header("content-security-policy"), policy, "{media_type}");
        assert_eq!(header("content-type"), content_type);
        assert_eq!(header("x-content-type-options"), "nosniff");
        let saved = answer(media_type, Disposition::Attachment);
        assert!(saved.headers()["content-disposition"].to_str().unwrap().starts_with("attachment;"));
    }
    // Somebody looked it through.
    let harmless = Content { media_type: MediaType::SVG, harmless: true, ..content(memory(b"<svg/>")) };
    for (disposition, kind) in [(Disposition::Inline, "inline;"), (Disposition::Attachment, "attachment;")] {
        let manner = Manner { disposition, cache: Cache::NoStore, vary: None };
        let response = deliver(&Asked::default(), harmless.clone(), &manner);
        assert!(response.headers()["content-disposition"].to_str().unwrap().starts_with(kind));
        assert_eq!(response.headers()["content-security-policy"], SVG);
    }
}

#[test]
fn caches_are_told_who_may_keep_what() {
    for (cache, expected) in [
        (Cache::NoStore, "no-store"),
        (Cache::Private { max_age_s: 0 }, "private, no-cache"),
        (Cache::Private { max_age_s: 5 }, "private, max-age=5"),
        (Cache::Public { max_age_s: 0 }, "public, no-cache"),
        (Cache::Public { max_age_s: 31_536_000 }, "public, max-age=31536000"),
    ] {
        let manner = Manner { disposition: Disposition::Inline, cache, vary: None };
        let response = deliver(&Asked::default(), content(memory(b"x")), &manner);
        assert_eq!(response.headers()["cache-control"], expected);
        assert!(!response.headers().contains_key("vary"));
    }
}
