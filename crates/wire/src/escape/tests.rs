//! Whole conversations, cut anywhere, come out as they went in but for their request lines.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;

use futures_util::task::noop_waker_ref;
use proptest::{collection::vec, prelude::*};

use super::*;

/// A socket that gives the pieces it was made of, never two at once.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Sends `input` through in pieces of the first sizes, read with buffers of the second.
fn pass(input: &[u8], cuts: &[usize], buffers: &[usize]) -> Vec<u8> {
    let mut pieces = VecDeque::new();
    let mut rest = input;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*cut).clamp(1, rest.len()));
        pieces.push_back(piece.to_vec());
        rest = after;
    }
    let mut io = EscapedIo::new(Pieces(pieces));
    let mut output = Vec::new();
    for size in buffers.iter().cycle() {
        let mut storage = vec![0; *size];
        let mut buf = ReadBuf::new(&mut storage);
        assert!(Pin::new(&mut io).poll_read(&mut Context::from_waker(noop_waker_ref()), &mut buf).is_ready());
        if buf.filled().is_empty() {
            break;
        }
        output.extend_from_slice(buf.filled());
    }
    output
}

fn whole(input: &[u8]) -> Vec<u8> {
    let whole = pass(input, &[usize::MAX], &[1 << 16]);
    assert_eq!(pass(input, &[1], &[1]), whole);
    assert_eq!(pass(input, &[7], &[3]), whole);
    whole
}

fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &b in bytes {
        match b {
            b'<' | b'>' | b'`' | b'"' => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            128.. => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            _ => out.push(b),
        }
    }
    out
}

const LOOKALIKE: &[u8] = b"GET /<not>?a request HTTP/1.1\r\nHost: <x>\r\n\r\n";

#[test]
fn escapes_the_request_line_and_nothing_else() {
    assert_eq!(
        whole(b"\r\n\nGET /foo.jpg?size=640>?&a=\"<`\xc3\xa4\xff HTTP/1.1\r\nHost: <\"x\">\r\n\r\nGET /`\n\n"),
        b"\r\n\nGET /foo.jpg?size=640%3E?&a=%22%3C%60%C3%A4%FF HTTP/1.1\r\nHost: <\"x\">\r\n\r\nGET /%60\n\n",
    );
    let plain = b"GET /{}|^\\#'%3E%~ HTTP/1.1\r\n\r\n";
    assert_eq!(whole(plain), plain);
}

#[test]
fn leaves_bodies_alone() {
    let length = format!("POST /%3C HTTP/1.1\r\ncontent-LENGTH: \t{} \r\n\r\n", LOOKALIKE.len());
    let chunk = format!("POST /a HTTP/1.1\r\nTransfer-Encoding:Chunked\r\n\r\n0{:X} ; e=<\"\r\n", LOOKALIKE.len());
    let bodies = [
        [length.as_bytes(), LOOKALIKE].concat(),
        [chunk.as_bytes(), LOOKALIKE, b"\r\n1\r\n>\r\n000;>\r\nTrailer: <x>\r\n<GET /> /> HTTP/1.1\r\n\r\n"].concat(),
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_vec(),
        // Nobody here speaks anything else, so the next is a request like any other.
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".to_vec(),
    ];
    for body in bodies {
        let input = [&body[..], b"GET /> HTTP/1.1\r\n\r\n", &body, b"\r\nGET /< HTTP/1.1\r\n\r\n"].concat();
        let output = [&body[..], b"GET /%3E HTTP/1.1\r\n\r\n", &body, b"\r\nGET /%3C HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(whole(&input), output);
    }
}

#[test]
fn stops_looking_where_it_is_not_certain() {
    let heads = [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"NONSENSE\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n",
    ];
    for head in heads {
        let input = [head, LOOKALIKE, LOOKALIKE].concat();
        assert_eq!(whole(&input), input, "{}", String::from_utf8_lossy(head));
    }
}

#[test]
fn copies_nothing_where_nothing_is_escaped() {
    let input = [b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n".as_slice(), &[b'<'; 100_000]].concat();
    let mut io = EscapedIo::new(Pieces(VecDeque::from([input.clone()])));
    let mut storage = vec![0; input.len()];
    let mut buf = ReadBuf::new(&mut storage);
    assert!(Pin::new(&mut io).poll_read(&mut Context::from_waker(noop_waker_ref()), &mut buf).is_ready());
    assert_eq!(buf.filled(), input);
    assert_eq!(io.pending.capacity(), 0);
    assert_eq!(io.phase(), Phase::Idle);
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Length(Vec<u8>),
    Chunked { chunks: Vec<(Vec<u8>, String)>, trailers: Vec<String> },
}

/// Bytes of which many look like the structure around them.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 1..40),
        Just(LOOKALIKE.to_vec()),
        "(\r\n|0|<|>|GET / |Content-Length: 5){1,9}".prop_map(String::into_bytes),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let chunk = (data(), "(;[a-z<>\"=]{0,9})?");
    prop_oneof![
        Just(Body::None),
        data().prop_map(Body::Length),
        (vec(chunk, 0..4), vec("[a-z<>]{1,6}: [<>a-z]{0,80}", 0..3))
            .prop_map(|(chunks, trailers)| Body::Chunked { chunks, trailers }),
    ]
}

fn request() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let header = prop_oneof!["x-[a-z<>]{1,70}: [ -~]{0,90}", "(cookie|user-agent|te): [<>\"a-z]{0,9}"];
    let target =
        vec(prop_oneof![Just(b'>'), Just(b'<'), Just(b'?'), 0x21..=0xff_u8].prop_filter("DEL", |b| *b != 127), 0..50);
    ("(GET|POST|P|DELETE|X-LONG)", target, vec(header, 0..4), body(), any::<bool>()).prop_map(
        |(method, target, headers, body, bare)| {
            let newline = if bare { "\n" } else { "\r\n" };
            let mut rest = format!(" HTTP/1.1{newline}");
            for header in headers {
                rest.push_str(&format!("{header}{newline}"));
            }
            let mut rest = rest.into_bytes();
            match body {
                Body::None => rest.extend_from_slice(newline.as_bytes()),
                Body::Length(bytes) => {
                    rest.extend_from_slice(format!("Content-Length: {}{newline}{newline}", bytes.len()).as_bytes());
                    rest.extend_from_slice(&bytes);
                }
                Body::Chunked { chunks, trailers } => {
                    rest.extend_from_slice(format!("transfer-encoding: chunked{newline}{newline}").as_bytes());
                    for (bytes, extension) in chunks {
                        rest.extend_from_slice(format!("{:x}{extension}\r\n", bytes.len()).as_bytes());
                        rest.extend_from_slice(&[&bytes[..], b"\r\n"].concat());
                    }
                    let trailers: String = trailers.iter().map(|line| format!("{line}\r\n")).collect();
                    rest.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
                }
            }
            let with = |target: &[u8]| [method.as_bytes(), b" /", target, &rest].concat();
            (with(&target), with(&escaped(&target)))
        },
    )
}

proptest! {
    #[test]
    fn conversations_keep_their_framing(
        requests in vec(request(), 1..5),
        cuts in vec(1_usize..200, 1..5),
        buffers in vec(1_usize..200, 1..5),
    ) {
        let input: Vec<u8> = requests.iter().flat_map(|(sent, _)| sent.clone()).collect();
        let expected: Vec<u8> = requests.iter().flat_map(|(_, expected)| expected.clone()).collect();
        prop_assert_eq!(pass(&input, &cuts, &buffers), expected);
    }

    /// Whatever comes, only escapes are added, and cuts do not matter.
    #[test]
    fn anything_passes(
        input in prop_oneof![
            vec(any::<u8>(), 0..200),
            "(GET|POST|PRI| |/|<|\r\n|\n|Content-Length: 3|Transfer-Encoding: chunked|Upgrade:x|0|a|;|:){0,40}".prop_map(String::into_bytes),
        ],
        cuts in vec(1_usize..20, 1..4),
        buffers in vec(1_usize..20, 1..4),
    ) {
        let output = pass(&input, &[usize::MAX], &[1 << 16]);
        prop_assert_eq!(pass(&input, &cuts, &buffers), output.clone());
        prop_assert_eq!(escaped(&output), escaped(&input));
    }
}

#[test]
fn the_reference_escapes() {
    assert_eq!(String::from_utf8(escaped(b"a<>`\"\xff")).unwrap(), "a%3C%3E%60%22%FF");
}
