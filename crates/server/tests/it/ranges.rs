//! Ranges and conditions beside a real nginx that serves the same bytes: status, headers, bytes and the structure of
//! `multipart/byteranges` are the same, but for the differences that are listed here with their reasons.

use crate::support::{Answer, Ask, Organization, Server, nginx::Nginx, on_one_engine_with, pictures::jpeg};

/// Headers of a request. `{tag}` and `{modified}` stand for the server's own validators, `{length}` and `{last}` for what
/// follows from the bytes.
type Headers = &'static [(&'static str, &'static str)];

const ALIKE: &[Headers] = &[
    &[],
    &[("Range", "bytes=0-0")],
    &[("Range", "bytes=0-99")],
    &[("Range", "bytes=100-")],
    &[("Range", "bytes=0-")],
    &[("Range", "bytes=-1")],
    &[("Range", "bytes=-500")],
    &[("Range", "bytes=-99999999")],
    &[("Range", "bytes={last}-{last}")],
    &[("Range", "bytes={last}-{length}")],
    &[("Range", "bytes=500-99999999999")],
    &[("Range", "bytes={length}-")],
    &[("Range", "bytes=99999999-")],
    &[("Range", "bytes=-0")],
    &[("Range", "bytes=")],
    &[("Range", "octets=0-9")],
    &[("Range", "0-9")],
    &[("Range", "bytes= 0-9 , 20-29 ")],
    &[("Range", "bytes=0-9,20-29")],
    &[("Range", "bytes=0-0,-1")],
    &[("Range", "bytes=50-59,0-9,100-")],
    &[("Range", "bytes=0-9,99999999-")],
    &[("Range", "bytes=0-9,10-19")],
    &[("Range", "bytes=99999999-,88888888-")],
    &[("Range", "bytes=0-,0-")],
    &[("Range", "bytes=10-19"), ("If-Range", "{tag}")],
    &[("Range", "bytes=10-19"), ("If-Range", "\"other\"")],
    &[("Range", "bytes=10-19"), ("If-Range", "W/{tag}")],
    &[("Range", "bytes=10-19"), ("If-Range", "{modified}")],
    &[("Range", "bytes=10-19"), ("If-Range", "Sun, 06 Nov 1994 08:49:37 GMT")],
    &[("Range", "bytes=10-19"), ("If-Range", "Fri, 01 Jan 2100 00:00:00 GMT")],
    &[("If-None-Match", "{tag}")],
    &[("If-None-Match", "W/{tag}")],
    &[("If-None-Match", "\"a\", {tag} , \"b\"")],
    &[("If-None-Match", "*")],
    &[("If-None-Match", "\"other\"")],
    &[("If-None-Match", "{tag}"), ("Range", "bytes=0-9")],
    &[("If-None-Match", "\"other\""), ("Range", "bytes=0-9")],
    &[("If-Modified-Since", "{modified}")],
    &[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")],
    &[("If-Modified-Since", "yesterday")],
    &[("If-Match", "{tag}")],
    &[("If-Match", "*")],
    &[("If-Match", "\"other\"")],
    &[("If-Match", "W/{tag}")],
    &[("If-Match", "\"other\""), ("Range", "bytes=0-9")],
    &[("If-Unmodified-Since", "{modified}")],
    &[("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")],
    &[("If-Match", "{tag}"), ("If-None-Match", "{tag}")],
];

/// Where we do not do as nginx does: the request, our answer and its, and why.
const DIFFERENT: &[(Headers, &str, &str, &str)] = &[
    (&[("Range", "bytes=9-8")], "200", "416", MALFORMED),
    (&[("Range", "bytes=a-b")], "200", "416", MALFORMED),
    (&[("Range", "bytes=--5")], "200", "416", MALFORMED),
    (&[("Range", "bytes=0-9,5-14")], "206 bytes 0-14/", "206 multipart", OVERLAPPING),
    (&[("Range", "bytes=0-9,0-9")], "206 bytes 0-9/", "206 multipart", OVERLAPPING),
    (&[("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")], "304", "200", LATER),
];

const MALFORMED: &str = "a malformed range is ignored or refused, as the server likes (RFC 9110, 14.2)";
const OVERLAPPING: &str = "ranges that overlap are sent once (RFC 9110, 15.3.7.2)";
const LATER: &str = "nginx compares dates for being the same; the RFC asks for not being later";

/// How requests are put to one of the two servers, and what stands for their validators.
struct Peer<'a> {
    ask: Box<dyn Fn() -> Ask + 'a>,
    tag: String,
    modified: String,
    length: usize,
}

impl<'a> Peer<'a> {
    async fn meet(ask: impl Fn() -> Ask + 'a) -> Self {
        let whole = ask().send().await.expect(200);
        let header = |name: &str| whole.header(name).to_owned();
        Self { tag: header("etag"), modified: header("last-modified"), length: whole.body.len(), ask: Box::new(ask) }
    }

    async fn answer(&self, headers: Headers) -> Answer {
        let (length, last) = (self.length.to_string(), (self.length - 1).to_string());
        let mut ask = (self.ask)();
        for (name, value) in headers {
            let value = value.replace("{tag}", &self.tag).replace("{modified}", &self.modified);
            ask = ask.header(name, value.replace("{length}", &length).replace("{last}", &last));
        }
        ask.send().await
    }
}

/// What both servers must agree on, as text; bytes beside it. A refusal's own words are each server's.
fn essence(answer: &Answer) -> (String, Vec<u8>) {
    let media_type = answer.header("content-type");
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=");
    let mut told = match answer.status {
        206 if boundary.is_some() => "206 multipart".to_owned(),
        206 | 416 => format!("{} {}", answer.status, answer.header("content-range")),
        304 => format!("304 with a length of {:?}", answer.header("content-length")),
        status => format!("{status}{}", answer.header("content-range")),
    };
    if answer.status < 400 {
        let missing = ["etag", "last-modified"].into_iter().filter(|name| answer.header(name).is_empty());
        told.push_str(&format!(", without {:?}", missing.collect::<Vec<_>>()));
    }
    match boundary {
        Some(boundary) => (told, replaced(&answer.body, boundary.as_bytes())),
        None if answer.status < 300 => (format!("{told} as {media_type}"), answer.body.clone()),
        None => (told, Vec::new()),
    }
}

/// The bytes with another word in place of the boundary.
fn replaced(mut bytes: &[u8], boundary: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    while let Some(at) = bytes.windows(boundary.len()).position(|part| part == boundary) {
        found.extend([&bytes[..at], b"BOUNDARY"].concat());
        bytes = &bytes[at + boundary.len()..];
    }
    [found, bytes.to_owned()].concat()
}

#[test]
fn bytes_in_memory() {
    beside_nginx(|_| {}, jpeg(500, 375), "");
}

#[test]
fn a_rendition() {
    beside_nginx(|_| {}, jpeg(500, 375), "?size=300>?");
}

#[test]
fn bytes_on_the_disk() {
    // Nothing is kept in memory; the bytes behind the picture belong to it all the same.
    let bytes = [jpeg(500, 375), (0..400_000_u32).flat_map(u32::to_le_bytes).collect()].concat();
    beside_nginx(|settings| settings.blobs.hot_max_blob_bytes = 1000, bytes, "");
}

/// Puts every request of the tables to both.
fn beside_nginx(set: impl Fn(&mut mediary::Settings), source: Vec<u8>, query: &str) {
    on_one_engine_with(set, async |server: &mut Server| {
        let organization = server.organization("Acme").await;
        let Organization { token, .. } = &organization;
        let file = server.upload(token, &organization.here(), "a.jpg", &source).await;
        let target = format!("/v1/media/files/{}/contents/a.jpg{query}", file["id"]);
        let ours = Peer::meet(|| server.fliplet("GET", &target).token(token)).await;
        let nginx = Nginx::start("image/jpeg");
        let bytes = (ours.ask)().send().await.body;
        std::fs::write(nginx.files.join("a.jpg"), &bytes).unwrap();
        let theirs = Peer::meet(|| nginx.get("a.jpg")).await;
        let mut told = Vec::new();
        for headers in ALIKE {
            let answer = ours.answer(headers).await;
            // nginx says so only where it sends the whole.
            if answer.status < 300 && answer.header("accept-ranges") != "bytes" {
                told.push(format!("{headers:?}: ours does not say that it takes ranges"));
            }
            let (ours, theirs) = (essence(&answer), essence(&theirs.answer(headers).await));
            if ours.0 != theirs.0 {
                told.push(format!("{headers:?}\n  ours:   {}\n  theirs: {}", ours.0, theirs.0));
            } else if ours.1 != theirs.1 {
                told.push(format!("{headers:?}: other bytes, {} and {}", ours.1.len(), theirs.1.len()));
            }
        }
        for (headers, expected_ours, expected_theirs, why) in DIFFERENT {
            let (ours, theirs) = (essence(&ours.answer(headers).await), essence(&theirs.answer(headers).await));
            if !ours.0.starts_with(expected_ours) || !theirs.0.starts_with(expected_theirs) {
                told.push(format!("{headers:?} ({why})\n  ours:   {}\n  theirs: {}", ours.0, theirs.0));
            }
        }
        assert!(told.is_empty(), "{}", told.join("\n"));
    });
}
