//! Forms, from parts to parts.

use std::io;

use axum::{Router, body::Body, routing::post};
use bytes::Bytes;
use content::MediaType;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::HeaderMap;
use proptest::{collection::vec, prelude::*};
use tokio::io::AsyncWriteExt;
use wire::{BadMultipart, MAX_PARTS, MAX_TEXT_BYTES, Part, Parts};

use crate::support::{Answer, Server};

/// A part that was read to its end.
#[derive(Debug, Clone, PartialEq)]
enum Read {
    Text(String, String),
    File(String, String, Option<MediaType>, Vec<u8>),
}

async fn read_all(mut parts: Parts) -> Result<Vec<Read>, BadMultipart> {
    let mut all = Vec::new();
    while let Some(part) = parts.next().await? {
        all.push(match part {
            Part::Text { name, value } => Read::Text(name, value),
            Part::File { name, file_name, media_type, body } => {
                let bytes = body.try_fold(Vec::new(), async |mut bytes, chunk| {
                    bytes.extend_from_slice(&chunk);
                    Ok(bytes)
                });
                let bytes = bytes.await.map_err(|error| BadMultipart::within(&error).unwrap())?;
                Read::File(name, file_name, media_type, bytes)
            }
        });
    }
    Ok(all)
}

/// A form over a body in chunks of the given sizes.
fn parts(body: &[u8], sizes: &[usize]) -> Result<Parts, BadMultipart> {
    let mut chunks = Vec::new();
    let mut rest = Bytes::copy_from_slice(body);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        chunks.push(Ok::<_, io::Error>(rest.split_to((*size).clamp(1, rest.len()))));
    }
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("multipart/form-data; boundary=--------------B"),
    )]);
    Parts::new(&headers, Body::from_stream(stream::iter(chunks)))
}

async fn read(body: &str) -> Result<Vec<Read>, BadMultipart> {
    read_all(parts(body.as_bytes(), &[usize::MAX]).unwrap()).await
}

fn text(name: &str, value: &str) -> Read {
    Read::Text(name.to_owned(), value.to_owned())
}

fn file(name: &str, file_name: &str, bytes: &[u8]) -> Read {
    Read::File(name.to_owned(), file_name.to_owned(), None, bytes.to_vec())
}

const OPEN: &str = "----------------B\r\nContent-Disposition: form-data; name=f";
const CLOSE: &str = "\r\n----------------B--\r\n";

#[tokio::test]
async fn whatever_has_a_file_name_is_a_file() {
    let body = format!(
        "{OPEN}\r\n\r\nbefore\r\n{OPEN}; filename=a.png\r\nContent-Type: image/png\r\n\r\n\u{0}1\r\n\
         {OPEN}; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n\
         {OPEN}; filename=\"\"\r\n\r\nbytes all the same\r\n\
         {OPEN}; filename=empty\r\n\r\n\r\n\
         {OPEN}\r\nContent-Type: image/png\r\n\r\nafter{CLOSE}epilogue"
    );
    let expected = [
        text("f", "before"),
        Read::File("f".to_owned(), "a.png".to_owned(), Some(MediaType::PNG), b"\x001".to_vec()),
        file("f", "", b"bytes all the same"),
        file("f", "empty", b""),
        text("f", "after"),
    ];
    assert_eq!(read(&body).await.unwrap(), expected);
    assert_eq!(read("----------------B--").await.unwrap(), []);
}

#[tokio::test]
async fn what_is_not_read_is_skipped() {
    let body = format!("{OPEN}; filename=a\r\n\r\n{}\r\n{OPEN}\r\n\r\nt{CLOSE}", "x".repeat(1000));
    let mut parts = parts(body.as_bytes(), &[10]).unwrap();
    let Some(Part::File { body: mut first, .. }) = parts.next().await.unwrap() else { panic!() };
    assert!(!first.next().await.unwrap().unwrap().is_empty());
    let Some(Part::Text { value, .. }) = parts.next().await.unwrap() else { panic!() };
    assert_eq!(value, "t");
    assert!(first.next().await.unwrap().is_err(), "its time is over");
    assert!(parts.next().await.unwrap().is_none());
    assert!(parts.next().await.unwrap().is_none());
}

#[tokio::test]
async fn limits_hold() {
    let fits = "x".repeat(MAX_TEXT_BYTES);
    assert_eq!(read(&format!("{OPEN}\r\n\r\n{fits}{CLOSE}")).await, Ok(vec![text("f", &fits)]));
    assert_eq!(read(&format!("{OPEN}\r\n\r\n{fits}x{CLOSE}")).await, Err(BadMultipart::TextTooLong));
    let many = format!("{OPEN}\r\n\r\n{fits}\r\n").repeat(65);
    assert_eq!(read(&format!("{many}{OPEN}\r\n\r\n{CLOSE}")).await, Err(BadMultipart::TextTooLong));
    let parts = |count| format!("{}{}", format!("{OPEN}; filename=a\r\n\r\n\r\n").repeat(count), CLOSE.trim_start());
    assert_eq!(read(&parts(MAX_PARTS)).await.unwrap().len(), MAX_PARTS);
    assert_eq!(read(&parts(MAX_PARTS + 1)).await, Err(BadMultipart::TooManyParts));
}

#[tokio::test]
async fn what_is_malformed_stays_so() {
    for body in ["", "nothing", OPEN, &format!("{OPEN}\r\n\r\nno end"), &format!("{OPEN}; filename=a\r\n\r\nno end")] {
        assert_eq!(read(body).await, Err(BadMultipart::Malformed), "{body}");
    }
    let no_disposition = format!("----------------B\r\nX: y\r\n\r\n{CLOSE}");
    let mut parts = parts(no_disposition.as_bytes(), &[7]).unwrap();
    assert_eq!(parts.next().await.unwrap_err(), BadMultipart::Malformed);
    assert_eq!(parts.next().await.unwrap_err(), BadMultipart::Malformed);
}

fn form() -> impl Strategy<Value = (String, Vec<Read>)> {
    let name = "[a-zA-Z0-9 ;=\\[\\]é猫-]{0,12}";
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..200),
        "(\r\n|-|\r|\n|--------------B|----------------B|x){0,20}".prop_map(String::into_bytes),
    ];
    let part = prop_oneof![
        (name, "[^\0]{0,60}").prop_map(|(name, value)| Read::Text(name, value)),
        (name, "[a-z.é 猫]{1,20}", bytes).prop_map(|(name, file_name, bytes)| Read::File(name, file_name, None, bytes)),
    ];
    ("-{0,20}[A-Za-z0-9'()+_,./:=?-]{1,49}", vec(part, 0..6))
}

fn write(boundary: &str, form: &[Read]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in form {
        let (head, bytes) = match part {
            Read::Text(name, value) => (format!("name=\"{name}\""), value.as_bytes()),
            Read::File(name, file_name, _, bytes) => (format!("name=\"{name}\"; filename=\"{file_name}\""), &bytes[..]),
        };
        body.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

proptest! {
    #[test]
    fn forms_come_back_however_they_are_cut((boundary, form) in form(), sizes in vec(1_usize..60, 1..6)) {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let holds = |bytes: &[u8]| [b"\r\n", bytes, b"\r\n"].concat().windows(delimiter.len()).any(|at| at == delimiter);
        prop_assume!(!form.iter().any(|part| match part {
            Read::Text(_, value) => holds(value.as_bytes()),
            Read::File(_, _, _, bytes) => holds(bytes),
        }));
        let body = write(&boundary, &form);
        let mut chunks = Vec::new();
        let mut rest = Bytes::from(body);
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            chunks.push(Ok::<_, io::Error>(rest.split_to((*size).min(rest.len()))));
        }
        let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type.parse().unwrap())]);
        let parts = Parts::new(&headers, Body::from_stream(stream::iter(chunks))).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(read_all(parts)).unwrap(), form);
    }

    #[test]
    fn nothing_panics(body in "(----------------B|\r\n|--|Content-Disposition: form-data|; filename=a|:|x){0,30}", size in 1_usize..20) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read_all(parts(body.as_bytes(), &[size]).unwrap())).ok();
    }
}

fn router() -> Router {
    Router::new().route(
        "/upload",
        post(async |parts: Result<Parts, BadMultipart>| match parts {
            Ok(parts) => format!("{:?}", read_all(parts).await.map(|all| all.len())),
            Err(bad) => format!("{bad:?}"),
        })
        .put(async |_: Parts| "parts"),
    )
}

#[tokio::test]
async fn uploads_arrive_in_chunks_and_the_connection_serves_on() {
    let server = Server::of(router()).await;
    let form = format!("{OPEN}; filename=a\r\n\r\n12345{CLOSE}");
    let mut sent = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
        Content-Type: multipart/form-data; boundary=--------------B\r\n\r\n"
        .to_vec();
    for piece in form.as_bytes().chunks(7) {
        sent.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        sent.extend_from_slice(&[piece, b"\r\n"].concat());
    }
    // What follows the closing delimiter is nobody's, but has to be read.
    sent.extend_from_slice("8\r\nepilogue\r\n".repeat(100).as_bytes());
    sent.extend_from_slice(b"0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answers = String::from_utf8(server.exchange(&sent).await).unwrap();
    assert!(answers.contains("\r\n\r\nOk(1)HTTP/1.1 404 "), "{answers}");
}

#[tokio::test]
async fn who_cannot_be_read_is_told_why() {
    let server = Server::of(router()).await;
    assert_eq!(server.ask("POST /upload HTTP/1.1\nContent-Type: application/json").await.text(), "NotMultipart");
    assert_eq!(server.ask("POST /upload HTTP/1.1\nContent-Type: multipart/form-data").await.text(), "MissingBoundary");
    let plain = server.ask("PUT /upload HTTP/1.1").await;
    assert_eq!((plain.status, plain.text()), (415, "{\"error\":\"the request is not multipart/form-data\"}"));

    let head = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=--------------B\r\n";
    let mut large =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{OPEN}; filename=a\r\n\r\n", 2_000_000).into_bytes();
    large.resize(large.len() + 2_000_000, b'x');
    assert_eq!(Answer::parse(&server.exchange(&large).await).text(), "Err(TooLarge)");

    // Leaves for good while sending: half a connection would still be one that is answered.
    let mut stream = server.connect().await;
    let cut = format!("{head}Content-Length: 5000\r\n\r\n{OPEN}; filename=a\r\n\r\nhalf");
    stream.write_all(cut.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await.unwrap();
    if !answer.is_empty() {
        assert_eq!(Answer::parse(&answer).text(), "Err(Interrupted)");
    }
}
