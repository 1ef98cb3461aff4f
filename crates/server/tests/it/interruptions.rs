//! Clients that go away in the middle of an upload, at every kind of place: neither a byte in the store nor a row stays
//! behind, also not where the server notices late.

use std::net::SocketAddr;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{
    Answer, Server,
    client::{exchange, exchange_and_close},
    forms::{BOUNDARY, Form, content_type},
    on_each_engine,
};

/// How a client goes away.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It sends no more but listens on.
    Half,
    /// It closes in order.
    Close,
    /// It is gone, with what had not arrived yet.
    Reset,
}

/// Sends the beginning of a request and goes away; what it still hears.
async fn go_away(address: SocketAddr, sent: &[u8], end: End) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    if matches!(end, End::Half) {
        return exchange_and_close(stream, sent).await;
    }
    stream.write_all(sent).await.unwrap();
    if matches!(end, End::Reset) {
        stream.set_zero_linger().unwrap();
    }
    Vec::new()
}

/// A request of two files, and the places in it at which it is worth to break off.
fn upload(server: &Server, token: &str, context: &str) -> (Vec<u8>, Vec<usize>) {
    let ask = server.fliplet("POST", &format!("/v1/media/files?{context}")).token(token);
    let form = Form::new().text("name[0]", "first.bin").file("files[0]", "a", "image/png", &[7; 300_000]);
    let request = form.file("files[1]", "second.bin", "", &[9; 100_000]).put_in(ask).bytes();
    let at = |words: &str| {
        let found = request.windows(words.len()).position(|part| part == words.as_bytes());
        found.unwrap_or_else(|| panic!("no {words} in the request"))
    };
    let (head, second) = (at("\r\n\r\n") + 4, at("second.bin"));
    let end = request.len();
    let closing = end - BOUNDARY.len() - 8;
    let cuts = [
        1,
        head / 2,
        head - 1,
        head,
        head + 10,
        at("first.bin"),
        at("files[0]"),
        at("image/png") + 9,
        at("image/png") + 13,
        at("image/png") + 14,
        at("image/png") + 150_000,
        second - 100,
        second,
        second + 100,
        second + 50_000,
        closing,
        closing + 2,
        closing + 10,
        end - 4,
    ];
    (request, cuts.to_vec())
}

#[test]
fn nothing_stays_behind() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (token, context) = (&organization.token, organization.here());
        let (request, cuts) = upload(server, token, &context);
        let (address, request) = (server.address, &request);
        let ends = cuts.iter().flat_map(|cut| [End::Half, End::Close, End::Reset].map(|end| (*cut, end)));
        let at_once = ends.map(async |(cut, end)| (cut, end, go_away(address, &request[..cut], end).await));
        for (cut, end, heard) in futures_util::future::join_all(at_once).await {
            // Whoever still listens is told, unless there was no request yet.
            if !heard.is_empty() {
                Answer::parse(&heard, false, format!("{end:?} after {cut} of {} bytes", request.len())).refused(400);
            }
        }
        // When it has stopped, every request is over.
        server.stop().await;
        assert_eq!(server.stored_files(), [""; 0].map(std::path::PathBuf::from));
        server.restart().await;
        assert!(server.listed(token, &context).await.is_empty());
        // The same request, whole, is a good one.
        let heard = exchange(TcpStream::connect(server.address).await.unwrap(), request).await;
        Answer::parse(&heard, false, "the whole".to_owned()).expect(201);
        assert_eq!(server.listed(token, &context).await, ["first.bin", "second.bin"]);
    });
}

#[test]
fn a_client_that_leaves_after_its_last_byte_has_uploaded() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (token, context) = (&organization.token, organization.here());
        let (request, _) = upload(server, token, &context);
        go_away(server.address, &request, End::Close).await;
        server.stop().await;
        let stored = server.stored_files().len();
        server.restart().await;
        // All or nothing, as far as it had been read: never bytes without rows, nor rows without bytes.
        let listed = server.listed(token, &context).await;
        assert!(listed.is_empty() || listed == ["first.bin", "second.bin"], "{listed:?}");
        assert_eq!(stored, listed.len());
    });
}

#[test]
fn chunks_that_end_badly() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let ask = || {
            let ask = server.fliplet("POST", &format!("/v1/media/files?{}", organization.here()));
            ask.token(&organization.token).header("Transfer-Encoding", "chunked")
        };
        let form = Form::new().file("files[0]", "a.bin", "", &[7; 50_000]).bytes();
        let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        let half = chunk(&form[..30_000]);
        // Within the file, whatever is wrong: it is not taken.
        for bad in ["zz\r\n", "-5\r\n", "ffffffffffffffffff\r\n", "5", "0\r\n\r\n", "\r\n\r\n"] {
            let body = [&half[..], bad.as_bytes()].concat();
            let sent = ask().body(&content_type(), body).bytes();
            let heard = match bad {
                "5" => go_away(server.address, &sent, End::Half).await,
                _ => exchange(TcpStream::connect(server.address).await.unwrap(), &sent).await,
            };
            if !heard.is_empty() {
                Answer::parse(&heard, false, format!("a file of chunks that ends with {bad:?}")).refused(400);
            }
        }
        assert!(server.listed(&organization.token, &organization.here()).await.is_empty());
        assert!(server.stored_files().is_empty());
        let whole =
            [chunk(&form[..1]), chunk(&form[1..30_001]), chunk(&form[30_001..]), b"0\r\n\r\n".to_vec()].concat();
        ask().body(&content_type(), whole).send().await.expect(201);
        assert_eq!(server.listed(&organization.token, &organization.here()).await, ["a.bin"]);
        assert_eq!(server.stored_files().len(), 1);
    });
}
