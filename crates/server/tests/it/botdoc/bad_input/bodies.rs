//! Bodies that are not what they say, that break off, and that are too large.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{Agent, expect_nothing};
use crate::support::{
    client::exchange_and_close,
    forms::{BOUNDARY, Form, content_type},
    on_each_engine, on_each_engine_with, routes_of,
};

/// Every path that takes a body by POST, with the account's request for what it names.
fn posts(agent: &Agent<'_>) -> Vec<String> {
    let path_of = |path: &str| path.replace("{id}", &agent.request.to_string());
    let routes = routes_of("/botdoc").into_iter().filter(|(_, method, path, _)| {
        // Who sends nothing but the request to send reads no body; pages answer in pages; a recipient is no request.
        *method == "POST"
            && path.starts_with("/v1/")
            && !path.ends_with("send_notification")
            && !path.ends_with("_item")
    });
    routes.map(|(_, _, path, _)| path_of(path)).collect()
}

#[track_caller]
fn detail(answer: &Value) -> &str {
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    answer["detail"].as_str().unwrap_or_else(|| panic!("{answer} has no detail"))
}

#[test]
fn json_that_is_none() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let deep = "[".repeat(100_000);
        for path in posts(&agent) {
            for body in
                ["{", "{\"email\":}", "{'a':1}", "[1,]", "x", "{\"a\":1}x", "\"", "\u{feff}{}", "{\"a\":\"\n\"}", &deep]
            {
                let answer = agent.ask("POST", &path).body("application/json", body).send().await.expect(400).json();
                assert!(detail(&answer).starts_with("JSON parse error - "), "{path}: {answer}");
            }
            let broken = agent.ask("POST", &path).body("application/json", b"{\"a\":\"\xff\"}");
            let answer = broken.send().await.expect(400).json();
            assert!(detail(&answer).starts_with("JSON parse error - 'utf-8' codec can't decode"), "{path}: {answer}");
            for (body, kind) in [("[]", "list"), ("5", "int"), ("\"x\"", "str"), ("true", "bool")] {
                let answer = agent.ask("POST", &path).body("application/json", body).send().await.expect(400).json();
                let words = format!("Invalid data. Expected a dictionary, but got {kind}.");
                assert_eq!(answer, json!({ "non_field_errors": [words] }), "{path}");
            }
            let answer = agent.ask("POST", &path).body("application/json", "null").send().await.expect(400).json();
            assert_eq!(answer, json!({ "non_field_errors": ["No data provided"] }), "{path}");
        }
        expect_nothing(&agent, "JSON that is none").await;
        assert_eq!(agent.get("/v1/request/").await["count"], 1);
    });
}

#[test]
fn types_that_nobody_reads() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for path in posts(&agent) {
            for media_type in ["text/plain", "application/xml", "image/png", "text/plain;charset=utf-8", "nonsense"] {
                let answer = agent.ask("POST", &path).body(media_type, "bytes").send().await.expect(415).json();
                assert_eq!(detail(&answer), format!("Unsupported media type \"{media_type}\" in request."), "{path}");
            }
        }
        expect_nothing(&agent, "types that nobody reads").await;
    });
}

#[test]
fn forms_that_are_none() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let whole = agent.form("a.txt", b"bytes").bytes();
        let end = whole.len() - format!("--{BOUNDARY}--\r\n").len();
        let text = |text: &str| text.as_bytes().to_vec();
        let no_head = format!("--{BOUNDARY}\r\nno head at all");
        let with = |media_type: &str, body: Vec<u8>| agent.ask("POST", "/v1/media/").body(media_type, body);
        for (media_type, body) in [
            ("multipart/form-data", whole.clone()),
            ("multipart/form-data; boundary=", whole.clone()),
            ("multipart/form-data; boundary=other", whole.clone()),
            (&content_type(), text("nonsense")),
            (&content_type(), text(&no_head)),
            (&content_type(), text(&format!("--{BOUNDARY}"))),
            // Cut off: in the last part, before the last boundary, within it.
            (&content_type(), whole[..end - 4].to_vec()),
            (&content_type(), whole[..end].to_vec()),
            (&content_type(), whole[..end + 20].to_vec()),
            // In the middle of the file.
            (&content_type(), whole[..whole.windows(5).position(|five| five == b"bytes").unwrap() + 3].to_vec()),
        ] {
            let answer = with(media_type, body).send().await.expect(400).json();
            assert!(detail(&answer).starts_with("Multipart form parse error - "), "{answer}");
            expect_nothing(&agent, &answer.to_string()).await;
        }
        let many = (0..1_001).fold(Form::new(), |form, number| form.text(&format!("field{number}"), "x"));
        let answer = many.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(400).json();
        assert!(detail(&answer).contains("1000"), "{answer}");
        expect_nothing(&agent, "a thousand fields").await;
    });
}

#[test]
fn connections_that_break_off() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let ask = agent.form("a.txt", &[b'x'; 100_000]).put_in(agent.ask("POST", "/v1/media/"));
        let bytes = ask.bytes();
        for sent in [bytes.len() / 2, bytes.len() - 200, bytes.len() - 3] {
            let stream = TcpStream::connect(ask.address()).await.unwrap();
            let received = exchange_and_close(stream, &bytes[..sent]).await;
            // Who has gone may hear nothing; who still listens is told what was wrong.
            if !received.is_empty() {
                let answer = ask.read(&received).expect(400).json();
                assert!(detail(&answer).starts_with("Multipart form parse error - "), "{answer}");
            }
            expect_nothing(&agent, &format!("{sent} of {} bytes", bytes.len())).await;
        }
    });
}

#[test]
fn bodies_that_are_too_large() {
    const MAX_BYTES: usize = 1_000;
    let set = |settings: &mut mediary::Settings| settings.limits.max_upload_bytes = MAX_BYTES as u64;
    on_each_engine_with(set, async |server| {
        let agent = Agent::new(server).await;
        // More than the file may have; more than any form with such a file has, announced and not.
        for size in [MAX_BYTES + 1, 20_000, 3_000_000] {
            let form = agent.form("a.txt", &vec![b'x'; size]);
            let whole = form.put_in(agent.ask("POST", "/v1/media/"));
            let body = form.bytes();
            let chunked = [format!("{:x}\r\n", body.len()).into_bytes(), body, b"\r\n0\r\n\r\n".to_vec()].concat();
            let ask = agent.ask("POST", "/v1/media/").header("Transfer-Encoding", "chunked");
            for ask in [whole, ask.body(&content_type(), chunked)] {
                let answer = ask.send().await.expect(400);
                let told = answer.json();
                assert_eq!(told.as_object().unwrap().len(), 1, "{answer}");
                assert!(told["file"][0].as_str().is_some_and(|words| words.contains("large")), "{answer}");
                expect_nothing(&agent, &format!("{size} bytes")).await;
            }
        }
        // A chunk is held to it as well, and so is what the chunks make together.
        let form = agent.form("a.txt", &[b'x'; MAX_BYTES + 1]).text("total_chunks", "2");
        let told = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(400).json();
        assert!(told["file"].is_array(), "{told}");
        expect_nothing(&agent, "a large chunk").await;
        agent.media("a.txt", &[b'x'; MAX_BYTES]).await;
    });
}
