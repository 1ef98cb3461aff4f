//! What no client should send. Each is refused in the framework's words, none with a 500, and afterwards nothing is stored.

mod anything;
mod bodies;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{Answer, forms::Form, on_each_engine, routes_of};

/// Panics unless nothing has come of what was sent: no row, and not a byte.
#[track_caller]
fn nothing_is_kept(listed: &Value, stored: &[PathBuf], after: &str) {
    assert_eq!((&listed["count"], stored), (&json!(0), &[][..]), "after {after}");
}

async fn expect_nothing(agent: &Agent<'_>, after: &str) {
    let listed = agent.get("/v1/media/").await;
    nothing_is_kept(&listed, &agent.server.stored_files(), after);
}

/// Sends a form, which must be refused with these words and leave nothing behind.
async fn refused(agent: &Agent<'_>, form: Form, expected: Value) {
    for path in ["/v1/media/", "/v1/media"] {
        let answer = form.put_in(agent.ask("POST", path)).send().await.expect(400);
        assert_eq!(answer.json(), expected, "{answer}");
        expect_nothing(agent, &expected.to_string()).await;
    }
}

fn no_such(id: &str) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}

#[test]
fn files_that_are_none() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let request = agent.request.to_string();
        let form = || Form::new().text("request", &request);
        let (no_file, no_text) =
            ("No file was submitted.", "The submitted data was not a file. Check the encoding type on the form.");
        refused(&agent, form(), json!({ "file": [no_file] })).await;
        refused(&agent, form().file("other", "a.txt", "", b"bytes"), json!({ "file": [no_file] })).await;
        refused(&agent, form().text("file", "bytes"), json!({ "file": [no_text] })).await;
        refused(&agent, form().file("file", "a.txt", "", b""), json!({ "file": ["The submitted file is empty."] }))
            .await;
        // As a browser sends a field for a file in which nothing was chosen.
        refused(&agent, form().file("file", "", "application/octet-stream", b""), json!({ "file": [no_file] })).await;
        let required = "This field is required.";
        refused(&agent, Form::new(), json!({ "file": [no_file], "request": [required] })).await;
        for body in [json!({ "request": agent.request }), json!({ "request": request, "name": "a.txt" })] {
            let answer = agent.ask("POST", "/v1/media/").json(&body).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "file": [no_file] }), "{body}");
        }
        let body = json!({ "request": agent.request, "file": "bytes" });
        let answer = agent.ask("POST", "/v1/media/").json(&body).send().await.expect(400);
        assert_eq!(answer.json(), json!({ "file": [no_text] }));
        let ask = agent
            .ask("POST", "/v1/media/")
            .body("application/x-www-form-urlencoded", format!("request={request}&file=x"));
        assert_eq!(ask.send().await.expect(400).json(), json!({ "file": [no_text] }));
        expect_nothing(&agent, "all of them").await;
    });
}

#[test]
fn requests_that_are_none() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let stranger = Agent::new(server).await;
        let theirs = stranger.request.to_string();
        let file = || Form::new().file("file", "a.txt", "text/plain", b"bytes");
        refused(&agent, file(), json!({ "request": ["This field is required."] })).await;
        for id in ["999999", "0", "-1", theirs.as_str(), "99999999999999999999", "9223372036854775807"] {
            refused(&agent, file().text("request", id), json!({ "request": [no_such(id)] })).await;
        }
        for text in ["x", "1.5", "{container_id}", "1;2", "0x1"] {
            let words = "Incorrect type. Expected pk value, received str.";
            refused(&agent, file().text("request", text), json!({ "request": [words] })).await;
        }
        refused(&agent, file().text("request", ""), json!({ "request": ["This field may not be null."] })).await;
        // The last one of a name counts, as in any form.
        let twice = file().text("request", agent.request.to_string()).text("request", &theirs);
        refused(&agent, twice, json!({ "request": [no_such(&theirs)] })).await;
        assert_eq!(stranger.get("/v1/media/").await["count"], 0);
    });
}

#[test]
fn numbers_of_chunks_that_can_not_be() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let form = |current: &str, total: &str| {
            agent.form("a.txt", b"bytes").text("current_chunk", current).text("total_chunks", total)
        };
        let at_least = "Ensure this value is greater than or equal to 1.";
        let at_most = |most: u32| format!("Ensure this value is less than or equal to {most}.");
        let no_number = "A valid integer is required.";
        for (current, total, expected) in [
            ("0", "1", json!({ "current_chunk": [at_least] })),
            ("-1", "3", json!({ "current_chunk": [at_least] })),
            ("2", "1", json!({ "current_chunk": [at_most(1)] })),
            ("4", "3", json!({ "current_chunk": [at_most(3)] })),
            ("99999999999999999999", "3", json!({ "current_chunk": [at_most(3)] })),
            ("x", "1", json!({ "current_chunk": [no_number] })),
            ("1.5", "2", json!({ "current_chunk": [no_number] })),
            ("1", "0", json!({ "total_chunks": [at_least] })),
            ("1", "-1", json!({ "total_chunks": [at_least] })),
            ("1", "10001", json!({ "total_chunks": [at_most(10_000)] })),
            ("1", "99999999999999999999", json!({ "total_chunks": [at_most(10_000)] })),
            ("1", "x", json!({ "total_chunks": [no_number] })),
        ] {
            refused(&agent, form(current, total), expected).await;
        }
        let both = form("0", "x").text("id", "x");
        let answer = both.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(400).json();
        let told = json!({ "total_chunks": [no_number], "current_chunk": [at_least], "id": [no_number] });
        assert_eq!(answer, told);
        let id = form("1", "2").text("id", "999999");
        refused(&agent, id, json!({ "id": [no_such("999999")] })).await;
        // Without an id there is nothing yet that it could be the second of.
        refused(&agent, form("2", "2"), json!({ "current_chunk": ["Chunk 1 is expected."] })).await;
    });
}

#[test]
fn names_that_can_not_be() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let no_name = "This can not be the name of a file.";
        for (name, words) in [
            ("a/b.txt".to_owned(), no_name),
            ("/etc/passwd".to_owned(), no_name),
            ("..\\a.txt".to_owned(), no_name),
            ("..".to_owned(), no_name),
            (".".to_owned(), no_name),
            ("a\nb.txt".to_owned(), no_name),
            ("\u{202e}gpj.exe".to_owned(), no_name),
            ("\u{e9}".repeat(128), no_name),
            ("a\0b.txt".to_owned(), "Null characters are not allowed."),
            ("x".repeat(256), "Ensure this field has no more than 255 characters."),
        ] {
            refused(&agent, agent.form("a.txt", b"bytes").text("name", &name), json!({ "name": [words] })).await;
            // In chunks the name is looked at before anything is begun.
            let halved = agent.form("a.txt", b"bytes").text("name", &name).text("total_chunks", "2");
            refused(&agent, halved, json!({ "name": [words] })).await;
        }
        for file_name in ["  ", "..", "a\0b.txt", &"x".repeat(256)] {
            refused(&agent, agent.form(file_name, b"bytes"), json!({ "name": [no_name] })).await;
        }
        let long = "x".repeat(256);
        for field in ["tag", "content_type"] {
            let words = "Ensure this field has no more than 255 characters.";
            refused(&agent, agent.form("a.txt", b"bytes").text(field, &long), json!({ field: [words] })).await;
        }
    });
}

#[test]
fn names_that_are_put_right() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        // A name of nothing but blanks is none, so the file's own counts; of that only what stands behind the last slash.
        for (file_name, name, expected) in [
            ("a.txt", Some("   "), "a.txt"),
            ("a.txt", Some(""), "a.txt"),
            ("C:\\curl\\image.png", None, "image.png"),
            ("../../etc/passwd", None, "passwd"),
            ("a.txt", Some("  b.txt "), "b.txt"),
        ] {
            let form = agent.form(file_name, b"bytes");
            let form = if let Some(name) = name { form.text("name", name) } else { form };
            let media = form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json();
            assert_eq!(media["name"], expected, "{file_name:?} {name:?}");
        }
        let longest = "x".repeat(255);
        assert_eq!(agent.media(&longest, b"bytes").await["name"], longest);
    });
}

#[test]
fn ids_that_are_none() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let media = agent.media("a.txt", b"bytes").await;
        let id = &media["id"];
        for bad in [
            "0",
            "-1",
            "x",
            "999999",
            "1.5",
            "4294967296",
            "9223372036854775807",
            "99999999999999999999999999",
            "%00",
            "%FF",
            "1%2F2",
            &format!("+{id}"),
            &format!("%2B{id}"),
            &format!("{id}x"),
            &format!("{id}%20"),
            &format!("{id}_0"),
            "%D9%A1",
        ] {
            for (_, method, path, right) in routes_of("/botdoc") {
                if right.is_none() || !path.contains("{id}") {
                    continue;
                }
                let ask = agent.ask(method.as_str(), &path.replace("{id}", bad));
                let ask = if path == "/v1/media/{id}" && method != "GET" && method != "DELETE" {
                    agent.form("a.txt", b"bytes").put_in(ask)
                } else {
                    ask
                };
                not_found(ask.send().await);
            }
        }
        // What begins with zeros names the same thing, or nothing; never another.
        let answer = agent.ask("GET", &format!("/v1/media/000{id}/")).send().await;
        assert!(answer.status == 404 || answer.json() == media, "{answer}");
        assert_eq!(agent.get(&format!("/v1/media/{id}/")).await, media);
    });
}

#[track_caller]
fn not_found(answer: Answer) {
    let answer = answer.expect(404);
    assert_eq!(answer.json(), json!({ "detail": "Not found." }), "{answer}");
}

#[test]
fn paths_and_methods() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for target in [
            "/",
            "",
            "/media/",
            "/media",
            "/v1",
            "/v1/",
            "/v2/media/",
            "/v1/medias/",
            "/V1/media/",
            "//v1/media/",
            "/v1//media/",
            "/v1/media/1/download/x",
            "/auth/get_token/",
            "/v1/get_token/",
            "/v1/module_container/",
            "/request/",
            "/v1/media/1/download//",
        ] {
            for method in ["GET", "POST", "DELETE"] {
                not_found(agent.ask(method, target).send().await);
                // Without a token as well: nobody learns anything by it.
                not_found(ask(server, method, target).send().await);
            }
        }
        let routes = routes_of("/botdoc");
        for (_, _, path, right) in &routes {
            if right.is_none() && path.starts_with("/s/") {
                continue;
            }
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"] {
                if routes.iter().any(|(_, known, other, _)| path == other && known.as_str() == method) {
                    continue;
                }
                for target in [path.replace("{id}", "1"), format!("{}/", path.replace("{id}", "1"))] {
                    let answer = agent.ask(method, &target).send().await.expect(405);
                    assert_eq!(answer.json(), json!({ "detail": format!("Method \"{method}\" not allowed.") }));
                    let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
                    allowed.retain(|method| !["HEAD", "OPTIONS"].contains(method));
                    allowed.sort_unstable();
                    let of_path = routes.iter().filter(|(_, _, other, _)| path == other);
                    let mut expected: Vec<&str> = of_path.map(|(_, known, ..)| known.as_str()).collect();
                    expected.sort_unstable();
                    assert_eq!(allowed, expected, "{answer}");
                }
            }
        }
    });
}

/// PostgreSQL takes no text with a NUL, not even to look for it.
#[test]
fn a_nul_in_a_link_finds_nothing() {
    on_each_engine(async |server| {
        for (method, rest) in [
            ("GET", ""),
            ("POST", "/code"),
            ("POST", "/enter"),
            ("GET", "/media/1/a.txt"),
            ("POST", "/upload"),
            ("POST", "/done"),
            ("POST", "/reply"),
        ] {
            for code in ["%00", "nothing%00", "nothing"] {
                ask(server, method, &format!("/s/{code}{rest}")).send().await.expect(404);
            }
        }
    });
}
