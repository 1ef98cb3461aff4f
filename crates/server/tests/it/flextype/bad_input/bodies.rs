//! Bodies that no client should send: of another type than they are said to be, broken, too deep, too large, or with files that are
//! not taken.

use serde_json::{Value, json};

use super::{CHANGES, FILE, body_of, refused_as_bad, with_site};
use crate::{
    flextype::{
        model::data,
        site::{ACCESS, FILES, Site, refused},
    },
    support::{
        forms::{BOUNDARY, Form, content_type},
        on_each_engine,
    },
};

#[test]
fn what_stands_where_it_is_not_read() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            for (method, path, fields) in CHANGES {
                let body = body_of(path, fields, &[]);
                let pairs: Vec<String> = body
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
                    .collect();
                let query = pairs.join("&");
                let target = format!("{path}?{query}");
                refused(site.ask(method, &target).send().await, 400);
                refused(site.ask(method, &target).json(&json!({})).send().await, 400);
                let token = body["token"].as_str().unwrap();
                let by_header = site.ask(method, path).header("Authorization", format!("Bearer {token}"));
                refused(by_header.json(&json!({ "id": "shelf" })).send().await, 400);
                for media_type in ["text/plain", "application/octet-stream", "application/jsonx", "json", ""] {
                    refused(site.ask(method, path).body(media_type, body.to_string()).send().await, 400);
                }
                // A form is read as JSON, and JSON as a form.
                refused(site.ask(method, path).body("application/json", query).send().await, 400);
                let urlencoded = site.ask(method, path).body("application/x-www-form-urlencoded", body.to_string());
                refused(urlencoded.send().await, 400);
                if *method != "POST" {
                    let form = pairs.iter().fold(Form::new(), |form, pair| {
                        let (name, value) = pair.split_once('=').unwrap();
                        form.text(name, value)
                    });
                    refused(form.put_in(site.ask(method, path)).send().await, 400);
                }
            }
            let get = site.ask("GET", "/api/media/files").json(&json!({ "id": FILE, "token": FILES }));
            refused(get.send().await, 400);
        })
        .await;
    });
}

/// Bodies that are broken, by what they are said to be.
fn broken_bodies() -> Vec<(String, Vec<u8>)> {
    let mut bodies = Vec::new();
    let nested = "[".repeat(2_000);
    for json in ["", "{", "[]", "\"x\"", "5", "null", "{\"id\":}", "\u{fffd}", &nested, &format!("{{\"id\":{nested}")] {
        bodies.push(("application/json".to_owned(), json.as_bytes().to_vec()));
    }
    bodies.push(("application/json; charset=utf-8".to_owned(), b"{\"id\":\"\xff\"}".to_vec()));
    let entities: String =
        (1..9).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
    let bomb = format!("<!DOCTYPE r [<!ENTITY e0 \"ha\">{entities}]><r><id>&e8;</id><token>{FILES}</token></r>");
    let outside = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r><id>&x;</id></r>";
    let deep = "<a>".repeat(2_000);
    for xml in ["", "<r>", "<r><id>shelf</id></q>", "no", &bomb, outside, &deep, "<r xmlns:x=\"x\"><x:id/><y:id/></r>"]
    {
        bodies.push(("application/xml".to_owned(), xml.as_bytes().to_vec()));
        bodies.push(("text/xml".to_owned(), xml.as_bytes().to_vec()));
    }
    let brackets = format!("id{}=x", "[a]".repeat(2_000));
    for form in ["", "&&=&", "%%%=[[", "id", "=x", &brackets, "token=x&&&"] {
        bodies.push(("application/x-www-form-urlencoded".to_owned(), form.as_bytes().to_vec()));
    }
    let whole = Form::new().text("id", "shelf").text("token", FILES).bytes();
    bodies.push((content_type(), whole[..whole.len() / 2].to_vec()));
    bodies.push((content_type(), Vec::new()));
    bodies.push((content_type(), format!("--{BOUNDARY}\r\n\r\n\r\n--{BOUNDARY}--\r\n").into_bytes()));
    bodies.push(("multipart/form-data".to_owned(), whole));
    bodies
}

#[test]
fn bodies_that_are_broken_too_deep_or_too_large() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            let ways = CHANGES.iter().map(|(method, path, _)| (*method, *path));
            for (method, path) in ways.chain([("POST", "/api/media/files")]) {
                for (media_type, body) in broken_bodies() {
                    refused(site.ask(method, path).body(&media_type, body).send().await, 400);
                }
            }
            let long = Value::String("x".repeat(1_100_000));
            for (method, path, fields) in CHANGES {
                refused(site.ask(method, path).json(&body_of(path, fields, &[("pad", &long)])).send().await, 400);
            }
            for brackets in ["[a]", "[]", "[", "%5Ba%5D"] {
                let target = format!("/api/media/files?id={FILE}&options{}=1", brackets.repeat(2_000));
                let answer = site.get(&target).await;
                if answer.status != 200 {
                    refused_as_bad(answer);
                }
            }
        })
        .await;
    });
}

/// A form with both tokens, for `shelf`.
fn form() -> Form {
    Form::new().text("folder", "shelf").text("token", FILES).text("access_token", ACCESS)
}

#[test]
fn uploads_that_are_refused() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            for name in
                ["a.exe", "a.webp", "a.pe", "a.g", "a", "a.", "a.txt.exe", "a.php", "a.html", ".htaccess", ".txt.", ""]
            {
                refused(site.upload("shelf", name, b"bytes").await, 400);
            }
            // A folder that is not there is not made for nothing.
            refused(site.upload("brand/new", "a.exe", b"bytes").await, 400);
            let send = async |form: Form| form.put_in(site.ask("POST", "/api/media/files")).send().await;
            refused(send(form()).await, 400);
            refused(send(form().text("file", "bytes")).await, 400);
            refused(send(form().file("other", "b.txt", "", b"bytes")).await, 400);
            let several = |name: &str| form().file(name, "b.txt", "", b"b").file(name, "c.txt", "", b"c");
            refused_as_bad(send(several("file[]")).await);
            // Of several under one name, PHP keeps the last.
            assert_eq!(data(&send(several("file")).await)["filename"], "c.txt");
            site.call("DELETE", "/api/media/files", json!({ "id": "shelf/c.txt" })).await.expect(204);
            for missing in ["folder", "token", "access_token"] {
                let fields = [("folder", "shelf"), ("token", FILES), ("access_token", ACCESS)];
                let fields = fields.into_iter().filter(|(name, _)| *name != missing);
                let form = fields.fold(Form::new(), |form, (name, value)| form.text(name, value));
                refused(send(form.file("file", "b.txt", "", b"bytes")).await, 400);
            }
            refused(send(form().text("folder[]", "shelf").file("file", "b.txt", "", b"bytes")).await, 400);
            let cut = form().file("file", "b.txt", "", b"bytes").bytes();
            let cut = site.ask("POST", "/api/media/files").body(&content_type(), &cut[..cut.len() - 20]);
            refused(cut.send().await, 400);
        })
        .await;
    });
}

#[test]
fn files_that_are_too_large() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            let bytes = vec![b'x'; 8_000_001];
            refused(site.upload("shelf", "large.txt", &bytes).await, 400);
            refused(site.upload("new", "large.txt", &bytes).await, 400);
            let file = data(&site.upload("shelf", "large.txt", &bytes[1..]).await.expect(200));
            assert_eq!(file["filesize"], 8_000_000);
            site.call("DELETE", "/api/media/files", json!({ "id": "shelf/large.txt" })).await.expect(204);
        })
        .await;
    });
}
