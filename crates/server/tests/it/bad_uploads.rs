//! Uploads that are wrong: forms that are broken, too much, or not forms at all; names that can be none; files that are too
//! large. Each gets a 400 in the API's own words, and leaves neither a row nor a byte.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::support::{
    Answer, Ask, Organization, Server,
    forms::{BOUNDARY, Form, content_type},
    on_each_engine_with, on_one_engine_with,
    organizations::system,
};

const MEGABYTE: usize = 1024 * 1024;

/// A server on each engine that takes files of one megabyte, and an organization in which nothing must come to be.
fn with_organization(case: impl AsyncFn(&Server, &Organization)) {
    on_each_engine_with(take_a_megabyte, async |server| on(server, &case).await);
}

/// The same for what is refused before any engine has a part in it.
fn with_organization_once(case: impl AsyncFn(&Server, &Organization)) {
    on_one_engine_with(take_a_megabyte, async |server| on(server, &case).await);
}

fn take_a_megabyte(settings: &mut mediary::Settings) {
    settings.limits.max_upload_bytes = MEGABYTE as u64;
    settings.limits.garbage_age_ms = 0;
    settings.limits.holding_age_ms = 0;
}

async fn on(server: &Server, case: &impl AsyncFn(&Server, &Organization)) {
    let organization = server.organization("Acme").await;
    case(server, &organization).await;
    assert!(server.listed(&organization.token, &organization.here()).await.is_empty());
    assert_eq!(server.stored_files(), [""; 0].map(std::path::PathBuf::from));
}

fn post(server: &Server, organization: &Organization) -> Ask {
    server.fliplet("POST", &format!("/v1/media/files?{}", organization.here())).token(&organization.token)
}

fn a_file() -> Form {
    Form::new().file("files[0]", "a.txt", "text/plain", b"bytes")
}

/// Panics unless it is refused with this sentence, under both keys.
#[track_caller]
fn assert_sentence(answer: Answer, sentence: &str) {
    assert_eq!(answer.refused(400).json(), json!({ "error": sentence, "message": sentence }));
}

#[test]
fn forms_that_are_cut_short() {
    with_organization_once(async |server, organization| {
        let form = Form::new().text("name[0]", "a.txt").file("files[0]", "b.txt", "text/plain", &[7; 3000]);
        let whole = form.file("files[1]", "c.txt", "", b"second").bytes();
        let closing = BOUNDARY.len() + 6;
        // Framed as what they are: the request is whole, the form in it is not.
        for cut in (0..whole.len() - closing).step_by(97).chain(whole.len() - closing..whole.len() - 3) {
            post(server, organization).body(&content_type(), &whole[..cut]).send().await.refused(400);
        }
    });
}

#[test]
fn forms_that_are_none() {
    with_organization_once(async |server, organization| {
        let bytes = a_file().bytes();
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=other",
            &format!("multipart/form-data; boundary={}", "x".repeat(300)),
            &format!("multipart/mixed; boundary={BOUNDARY}"),
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain",
            "nonsense",
        ] {
            let answer = post(server, organization).body(content_type, &bytes[..]).send().await;
            assert_eq!(answer.status, 400, "{content_type}: {answer}");
            answer.refused(400);
        }
        post(server, organization).send().await.refused(400);
        for part in ["", "nonsense\r\n", "Content-Type: text/plain\r\n", ": \r\n", "\r\n"] {
            let ask = Form::new().part(part, b"bytes").put_in(post(server, organization));
            ask.send().await.refused(400);
        }
        let head = format!("Content-Disposition: form-data; name=\"f\"; filename=\"{}\"\r\n", "x".repeat(20_000));
        Form::new().part(head, b"bytes").put_in(post(server, organization)).send().await.refused(400);
    });
}

#[test]
fn forms_without_a_file() {
    with_organization_once(async |server, organization| {
        let none = Form::new();
        let texts = Form::new().text("name[0]", "a.txt").text("files[0]", "no file name, no file");
        // What a browser sends for a field that was left empty.
        let empty = Form::new().file("files[0]", "", "application/octet-stream", b"");
        for form in [none, texts, empty] {
            let answer = form.put_in(post(server, organization)).send().await;
            assert_sentence(answer, "No files were uploaded");
        }
    });
}

#[test]
fn forms_that_are_too_much() {
    with_organization_once(async |server, organization| {
        let many = |count: usize, form: fn(Form, usize) -> Form| (0..count).fold(Form::new(), form);
        let files = many(2000, |form, at| form.file(&format!("files[{at}]"), "a.txt", "", b"bytes"));
        let texts = many(2000, |form, at| form.text(&format!("t[{at}]"), "x")).file("files[0]", "a.txt", "", b"bytes");
        let long = a_file().text("note", "x".repeat(100_000));
        let all_together = many(100, |form, at| form.text(&format!("t[{at}]"), "x".repeat(60_000)));
        for form in [files, texts, long, all_together] {
            form.put_in(post(server, organization)).send().await.refused(400);
        }
    });
}

#[test]
fn names_that_can_be_none() {
    with_organization(async |server, organization| {
        let (long, wide) = ("x".repeat(256), "é".repeat(128));
        let mirrored = ["\u{202e}gpj.exe", "a\u{2066}b", "\u{feff}a"];
        let with_controls = ["a\0b", "a\nb", "a\u{7f}b", "\u{1}"];
        let with_folders = ["a/b", "a\\b", "/etc/passwd", "..", "."];
        let names = with_controls.iter().chain(&mirrored).chain(&with_folders).copied().chain([&long[..], &wide]);
        for name in names {
            let sentence = "File with invalid name detected.";
            let named = a_file().text("name[0]", name);
            let answer = named.put_in(post(server, organization)).send().await;
            assert_sentence(answer, sentence);
            let named = a_file().text("name", name);
            assert_sentence(named.put_in(post(server, organization)).send().await, sentence);
            // The whole form is refused for one of its files.
            let among_others = a_file().file("files[1]", "b.txt", "", b"second").text("name[1]", name);
            let among_others = among_others.file("files[2]", "c.txt", "", b"third");
            assert_sentence(among_others.put_in(post(server, organization)).send().await, sentence);
        }
        for name in ["..", ".", "a\u{202e}b", "a\0b", &long] {
            let form = Form::new().file("files[0]", name, "", b"bytes");
            form.put_in(post(server, organization)).send().await.refused(400);
        }
        let form = Form::new().file("files[0]", "", "", b"bytes of a file without a name");
        assert_sentence(form.put_in(post(server, organization)).send().await, "Filename is required");
    });
}

#[test]
fn names_that_are_made_fit() {
    with_organization(async |server, organization| {
        let longest = "x".repeat(255);
        for (part, field, kept) in [
            ("C:\\Users\\me\\a.txt", None, "a.txt"),
            ("../../etc/passwd", None, "passwd"),
            ("a.txt", Some("  trimmed.txt "), "trimmed.txt"),
            // An empty name says nothing; the part's own counts.
            ("a.txt", Some(" "), "a.txt"),
            (&longest, None, &longest),
            ("a.txt", Some("日本語 …(1).txt"), "日本語 …(1).txt"),
            ("b%22c.txt", None, "b\"c.txt"),
        ] {
            let form = Form::new().file("files[0]", part, "", b"bytes");
            let form = field.into_iter().fold(form, |form, field| form.text("name[0]", field));
            let answer = form.put_in(post(server, organization)).send().await.expect(201).json();
            let file = &answer["files"][0];
            assert_eq!(file["name"], kept, "{part} {field:?}");
            delete_for_good(server, organization, file["id"].as_i64().unwrap()).await;
        }
        // Bytes that are no UTF-8 are read as ISO 8859-1.
        let form = a_file().text("name[0]", b"K\xe4se.txt");
        let answer = form.put_in(post(server, organization)).send().await.expect(201).json();
        assert_eq!(answer["files"][0]["name"], "Käse.txt");
        delete_for_good(server, organization, answer["files"][0]["id"].as_i64().unwrap()).await;
    });
}

/// Ends a file, and its bytes with it, so that the store is as it was.
async fn delete_for_good(server: &Server, organization: &Organization, id: i64) {
    for target in [format!("/v1/media/files/{id}"), format!("/v1/media/deleted/files/{id}")] {
        server.fliplet("DELETE", &target).token(&organization.token).send().await.expect(200);
    }
    // What is dead is held, and what was held before this moment ends.
    for _ in 0..2 {
        server.clock.fetch_add(1, Ordering::SeqCst);
        server.library.collect(&system(), false).await.unwrap();
    }
}

#[test]
fn texts_that_can_not_be_kept() {
    with_organization(async |server, organization| {
        for checksum in ["a\0b", "\u{202e}", "a b", &"x".repeat(129)] {
            let form = a_file().text("checksum", checksum);
            form.put_in(post(server, organization)).send().await.refused(400);
        }
        for (name, value) in [("appId", "\0"), ("folderId", "1\0"), ("organizationId", "\u{202e}1")] {
            let ask = server.fliplet("POST", "/v1/media/files").token(&organization.token);
            a_file().text(name, value).put_in(ask).send().await.refused(400);
        }
    });
}

#[test]
fn files_that_are_too_large() {
    with_organization_once(async |server, organization| {
        let sentence = "Your current plan is limited to 1Mb of uploaded files.";
        let of = |bytes: usize| Form::new().file("files[0]", "a.bin", "", &vec![7; bytes]);
        for bytes in [MEGABYTE + 1, 20 * MEGABYTE] {
            assert_sentence(of(bytes).put_in(post(server, organization)).send().await, sentence);
        }
        // One that fits does not stay when the next does not.
        let two =
            Form::new().file("files[0]", "a.bin", "", &[7; 1000]).file("files[1]", "b.bin", "", &vec![7; 2 * MEGABYTE]);
        assert_sentence(two.put_in(post(server, organization)).send().await, sentence);
        // What is announced as more than any request may have is not even waited for.
        let ask = post(server, organization).header("Content-Length", "99999999999").body(&content_type(), *b"--");
        assert_eq!(
            ask.send().await.refused(400).message(),
            "Your current plan is limited to 1000Mb of uploaded files."
        );
        // As much as is allowed is allowed, also in chunks and of a length that nobody told.
        let form = of(MEGABYTE);
        let bytes = form.bytes();
        let chunks =
            bytes.chunks(100_000).map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        let chunked = chunks.chain([b"0\r\n\r\n".to_vec()]).collect::<Vec<_>>().concat();
        let ask = post(server, organization).header("Transfer-Encoding", "chunked").body(&content_type(), chunked);
        for ask in [form.put_in(post(server, organization)), ask] {
            let file = ask.send().await.expect(201).json()["files"][0].take();
            assert_eq!(file["metadata"]["size"], MEGABYTE);
            delete_for_good(server, organization, file["id"].as_i64().unwrap()).await;
        }
    });
}

#[test]
fn fonts_belong_to_apps() {
    with_organization_once(async |server, organization| {
        let form = Form::new().file("files[0]", "a.ttf", "font/ttf", b"\0\x01\0\0\0");
        let sentence = "Font files can only be uploaded to apps. Please upload them to an app folder instead.";
        assert_sentence(form.put_in(post(server, organization)).send().await, sentence);
    });
}
