//! Files that a person sends: within what was asked for, and no more of them, however many try.

use std::{fs, path::PathBuf};

use futures_util::future::join_all;
use library::Quota;
use serde_json::{Value, json};

use super::{
    super::{
        agent::{Agent, ask},
        notifications::transfer::{Transfer, in_browser, in_world, open, path_of, upload},
    },
    assert_keeps_to_itself, photograph, words,
};
use crate::support::{browser::Page, forms::Form, organizations::system};

/// Files of a person, as names and sizes.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file of so many bytes.
    fn make(&self, name: &str, size: u64) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, vec![b'x'; 1]).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
        path
    }
}

fn pull() -> Value {
    json!({ "type": "pull", "message": "Your passport, please", "allowed_file_extensions": ["pdf", "TXT"],
        "max_file_size": 2_000, "max_files": 3 })
}

/// What came for a pull, oldest first.
async fn pulled(agent: &Agent<'_>, feature: i64) -> Vec<String> {
    let files = agent.get(&format!("/v1/module_container_pull/pull/{feature}/pull_file/")).await;
    files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

async fn send(page: &Page, paths: &[PathBuf]) {
    page.choose_files("input[type=file]", paths).await;
    page.click("[data-send]").await;
}

#[test]
fn files_are_sent_with_scripts() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({ "callback_url": world.listener.url("/") })).await;
        let feature = transfer.feature(pull()).await;
        transfer.to("link", "").await;
        browser.open(&transfer.link().await).await;
        browser.wait_for_text("PDF and TXT only, up to 2 kB each, at most 3 files.").await;
        photograph(browser, "pull").await;

        // What the page can tell by itself is told before anything is sent.
        let files = Files::new();
        let bad = [files.make("virus.exe", 10), files.make("large.pdf", 2_001), files.make("Größe.pdf", 2_000)];
        browser.choose_files("input[type=file]", &bad).await;
        for text in [
            "virus.exe 10 bytes · this kind of file is not accepted",
            "large.pdf 2 kB · too large, at most 2 kB are accepted",
        ] {
            browser.wait_for_text(text).await;
        }
        browser.wait_for_text("Größe.pdf 2 kB · ready to be sent").await;
        photograph(browser, "chosen").await;
        browser.click("[data-send]").await;
        browser.wait_for_text("1 file received").await;
        browser.wait_for_text("virus.exe: this kind of file is not accepted").await;
        browser.wait_for_text("large.pdf: too large, at most 2 kB are accepted").await;
        photograph(browser, "sent").await;
        assert_eq!(pulled(&agent, feature).await, ["Größe.pdf"]);

        // Two at once; the third finds no place.
        send(browser, &[files.make("a.txt", 1), files.make("b.txt", 2), files.make("c.txt", 3)]).await;
        browser.wait_for_text("2 files received").await;
        browser.wait_for_text("c.txt: no more files are accepted").await;
        browser.wait_for_text("The limit is reached: no more files are accepted here.").await;
        assert_eq!(browser.count("input[type=file]").await, 0);
        assert_eq!(pulled(&agent, feature).await, ["Größe.pdf", "a.txt", "b.txt"]);

        browser.click("text=That is everything").await;
        browser.wait_for_text("This is complete. Nothing more is needed from you, thank you.").await;
        assert_eq!(browser.count("form").await, 0);
        photograph(browser, "complete").await;
        server.settle().await;
        let last = world.listener.requests().pop().unwrap().json();
        assert_eq!((&last["type"], &last["feature"]["state"]), (&json!("feature"), &json!("complete")));
        assert_keeps_to_itself(browser, server).await;
    });
}

#[test]
fn a_long_upload_shows_how_far_it_is() {
    in_browser(async |server, _, browser| {
        const LARGE: u64 = 150_000_000;
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let feature = transfer.feature(json!({ "type": "pull" })).await;
        transfer.to("link", "").await;
        browser.open(&transfer.link().await).await;
        let files = Files::new();
        send(browser, &[files.make("long.bin", LARGE)]).await;
        browser.wait_for("progress").await;
        assert_eq!(browser.attribute("progress", "aria-label").await.as_deref(), Some("long.bin"));
        browser.wait_for_text("1 file received").await;
        browser.wait_for_text("long.bin 150 MB").await;
        assert_eq!(pulled(&agent, feature).await, ["long.bin"]);
        assert_keeps_to_itself(browser, server).await;
    });
}

#[test]
fn files_are_sent_without_scripts() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({ "callback_url": world.listener.url("/") })).await;
        let feature = transfer.feature(pull()).await;
        transfer.to("link", "").await;
        browser.set_javascript(false).await;
        browser.open(&transfer.link().await).await;
        let files = Files::new();
        send(browser, &[files.make("a.txt", 1), files.make("b.PDF", 2)]).await;
        browser.wait_for_text("2 files received").await;
        browser.wait_for_text("Sent by you a.txt 1 byte b.PDF 2 bytes").await;
        let bad = ["virus.exe", "large.pdf", "empty.txt", "c.txt", "d.txt"];
        let sizes = [10, 2_001, 0, 3, 4];
        send(browser, &bad.iter().zip(sizes).map(|(name, size)| files.make(name, size)).collect::<Vec<_>>()).await;
        for text in [
            "c.txt received",
            "virus.exe: this kind of file is not accepted",
            "large.pdf: this file is larger than 2 kB",
            "empty.txt: this file is empty",
            "d.txt: no more files are accepted",
            "The limit is reached: no more files are accepted here.",
        ] {
            browser.wait_for_text(text).await;
        }
        photograph(browser, "plain").await;
        assert_eq!(pulled(&agent, feature).await, ["a.txt", "b.PDF", "c.txt"]);
        browser.click("text=That is everything").await;
        browser.wait_for_text("This is complete.").await;
        server.settle().await;
        let last = world.listener.requests().pop().unwrap().json();
        assert_eq!((&last["type"], &last["feature"]["state"]), (&json!("feature"), &json!("complete")));
        assert_keeps_to_itself(browser, server).await;
    });
}

#[test]
fn of_many_at_the_same_time_as_many_are_taken_as_were_asked_for() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let feature = transfer.feature(json!({ "type": "pull", "max_files": 5 })).await;
        transfer.to("link", "").await;
        transfer.to("link", "").await;
        let links: Vec<_> = transfer.send().await.iter().map(|one| one["link"].as_str().unwrap().to_owned()).collect();
        let names: Vec<_> = (0..50).map(|number| format!("{number}.txt")).collect();
        let link_of = |number: usize| &links[number % 2];
        let uploads =
            names.iter().enumerate().map(|(number, name)| upload(server, link_of(number), feature, (name, b"x")));
        let (mut taken, mut refused) = (Vec::new(), 0);
        for (name, answer) in names.iter().zip(join_all(uploads).await) {
            if answer == json!({ "received": [name], "errors": [] }) {
                taken.push(name.clone());
            } else {
                let words = answer["errors"][0]["message"].clone();
                assert_eq!(answer, json!({ "received": [], "errors": [{ "name": name, "message": words }] }));
                let known = ["no more files are accepted", "this did not work, please try again later"];
                assert!(known.contains(&words.as_str().unwrap()), "{words}");
                refused += 1;
            }
        }
        assert_eq!((taken.len(), refused), (5, 45));
        let mut pulled = pulled(&agent, feature).await;
        pulled.sort();
        taken.sort();
        assert_eq!(pulled, taken);
    });
}

#[test]
fn what_is_complete_or_a_draft_takes_nothing() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let complete = transfer.feature(json!({ "type": "pull" })).await;
        let draft = transfer.feature(json!({ "type": "pull", "is_draft": true })).await;
        let push = transfer.feature(json!({ "type": "push" })).await;
        let other = Transfer::new(&agent, json!({})).await;
        let elsewhere = other.feature(json!({ "type": "pull" })).await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let done = ask(server, "POST", &format!("{}/done", path_of(&link)));
        done.body("application/x-www-form-urlencoded", format!("feature={complete}")).send().await.expect(303);
        let refusal = |words: &str| json!({ "received": [], "errors": [{ "name": "a.txt", "message": words }] });
        let answer = upload(server, &link, complete, ("a.txt", b"a")).await;
        assert_eq!(answer, refusal("no more files are accepted"));
        for feature in [draft, push, elsewhere, 0, -1, i64::MAX] {
            let answer = upload(server, &link, feature, ("a.txt", b"a")).await;
            assert_eq!(answer, refusal("files are not asked for here"), "{feature}");
        }
        // A file that comes before its form says what it is for, no file, half a form, no form.
        let upload = |form: &Form| form.put_in(ask(server, "POST", &format!("{}/upload", path_of(&link)))).send();
        let early = Form::new().file("file", "a.txt", "", b"a").text("feature", draft.to_string());
        let answer = upload(&early).await.expect(200);
        assert!(words(&answer).contains("a.txt: files are not asked for here"), "{answer}");
        let answer = upload(&Form::new().text("feature", complete.to_string())).await.expect(200);
        assert!(words(&answer).contains("No file was chosen"), "{answer}");
        ask(server, "POST", &format!("{}/upload", path_of(&link))).send().await.expect(400);
        for feature in [complete, draft, elsewhere] {
            assert_eq!(pulled(&agent, feature).await, Vec::<String>::new());
        }
        assert!(words(&open(server, &link).await).contains("This is complete."));
    });
}

#[test]
fn a_place_is_given_back_when_a_file_does_not_arrive() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let feature = transfer.feature(json!({ "type": "pull", "max_files": 1, "max_file_size": 3 })).await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        for (name, bytes) in [("a.txt", &b"four"[..]), ("a.txt", b"")] {
            let answer = upload(server, &link, feature, (name, bytes)).await;
            assert_eq!(answer["received"], json!([]), "{answer}");
        }
        let form = Form::new().text("feature", feature.to_string()).file("file", "a.txt", "", b"abc");
        let whole = form.put_in(ask(server, "POST", &format!("{}/upload", path_of(&link))));
        let cut = whole.bytes();
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        crate::support::client::exchange_and_close(stream, &cut[..cut.len() - 50]).await;
        let answer = upload(server, &link, feature, ("b.txt", b"abc")).await;
        assert_eq!(answer, json!({ "received": ["b.txt"], "errors": [] }));
        assert_eq!(pulled(&agent, feature).await, ["b.txt"]);
    });
}

#[test]
fn what_the_account_has_no_room_for_is_not_taken() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let feature = transfer.feature(json!({ "type": "pull", "max_files": 2 })).await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let quota = Quota { max_files: None, max_bytes: Some(3) };
        server.library.set_quota(&system(), agent.organization.id, quota).await.unwrap();
        let refusal = |name: &str| json!({ "received": [], "errors": [{ "name": name, "message": "there is no room for this file" }] });
        assert_eq!(upload(server, &link, feature, ("a.txt", b"four")).await, refusal("a.txt"));
        assert_eq!(upload(server, &link, feature, ("b.txt", b"abc")).await["received"], json!(["b.txt"]));
        assert_eq!(upload(server, &link, feature, ("c.txt", b"c")).await, refusal("c.txt"));
        assert_eq!(pulled(&agent, feature).await, ["b.txt"]);
        // What was refused took no place: there is one left.
        server.library.set_quota(&system(), agent.organization.id, Quota::default()).await.unwrap();
        assert_eq!(upload(server, &link, feature, ("c.txt", b"c")).await["received"], json!(["c.txt"]));
    });
}
