//! Files fetched from addresses that somebody named: whole or not at all, from outside only, and what became of them is told.

mod ends;
mod guard;
mod retries;
pub mod site;

use library::{JobRunner, JobState, Work};
use serde_json::{Value, json};

use super::{Account, links::path_of};
use crate::support::{Answer, Server, on_each_engine_with, organizations::system, programs, until};
use site::{Site, Step, file, redirect};

/// In every address: it is in no answer and no log.
pub const SECRET: &str = "hunter2";

pub fn free(settings: &mut mediary::Settings) {
    settings.outbound.allow_private = true;
}

pub fn media_path(asset: &Value) -> String {
    format!("/api/v2/assets/{}/media", asset["id"].as_str().unwrap())
}

/// Names an address to fetch from.
pub async fn post_media(account: &Account<'_>, asset: &Value, url: &str, name: &str) -> Answer {
    account.post(&media_path(asset), &json!({ "file_url": url, "filename": name })).await
}

/// The latest fetch of an asset.
pub async fn latest(account: &Account<'_>, asset: &Value) -> Value {
    account.get(&media_path(asset)).await["fetches"][0].clone()
}

/// Waits until the latest fetch is over.
pub async fn wait_for_end(account: &Account<'_>, asset: &Value) -> Value {
    until("a fetch to end", async || Some(latest(account, asset).await).filter(|fetch| fetch["state"] != "waiting"))
        .await
}

/// Has a file fetched, and waits until that is over: how it went.
pub async fn add_media(account: &Account<'_>, asset: &Value, url: &str, name: &str) -> Value {
    assert_eq!(post_media(account, asset, url, name).await.expect(200).json(), json!({ "ok": "ok" }));
    wait_for_end(account, asset).await
}

/// An asset that has no bytes yet.
pub async fn placeholder(account: &Account<'_>) -> Value {
    let made = account.post("/api/v2/assets", &json!({ "title": "To come" })).await.expect(200).json();
    made["asset"].clone()
}

/// The bytes of the media that a fetch brought, and what is told of them.
pub async fn bytes_of(account: &Account<'_>, asset: &Value, fetch: &Value) -> Vec<u8> {
    let told = account.get(&media_path(asset)).await;
    let media =
        told["media"].as_array().unwrap().iter().find(|media| media["id"] == fetch["media_id"]).unwrap().clone();
    let bytes = account.server.ask("GET", path_of(media["url"].as_str().unwrap())).send().await.expect(200).body;
    assert_eq!(media["size"], bytes.len());
    assert_eq!(media["md5_sum"], programs::md5(&bytes));
    assert_eq!(media["filename"], fetch["filename"]);
    bytes
}

/// Waits until a fetch has failed so often for the time being: when the next attempt is due.
pub async fn wait_for_failures(server: &Server, attempts: i64) -> i64 {
    until("a fetch to fail", async || {
        let jobs = server.library.jobs(&system(), JobState::Waiting, 0, 1_000).await.unwrap();
        let failed = jobs.iter().find(|job| matches!(job.work, Work::Fetch { .. }) && job.attempts == attempts);
        failed.map(|job| job.run_at)
    })
    .await
}

/// Moves the clock and runs what is due by then, unless the server's own runner is at it already.
pub async fn at(server: &Server, now_ms: i64) {
    server.clock.store(now_ms, std::sync::atomic::Ordering::SeqCst);
    JobRunner::new(server.library.clone()).run_due().await.unwrap();
}

/// Panics if what an asset's owner sees names the address.
pub async fn expect_nothing_told(account: &Account<'_>, asset: &Value) {
    let told = account.get(&media_path(asset)).await;
    assert!(!told.to_string().contains(SECRET), "{told}");
    let history = account.get(&format!("/api/v2/assets/{}/history", asset["id"].as_str().unwrap())).await;
    assert!(!history.to_string().contains(SECRET), "{history}");
}

#[test]
fn a_placeholder_becomes_the_file_that_was_fetched() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        assert_eq!(account.get(&media_path(&asset)).await, json!({ "media": [], "fetches": [] }));
        let bytes: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
        let site = Site::start([vec![Step::Say(file(&bytes, "Content-Type: application/x-thing; a=b\r\n"))]]).await;
        let url = site.url(&format!("/a%20b?key={SECRET}#part"));
        let fetch = add_media(&account, &asset, &url, "thing.bin").await;
        let media = account.get(&media_path(&asset)).await["media"][0]["id"].clone();
        let expected = json!({
            "id": fetch["id"], "filename": "thing.bin", "state": "done", "attempts": 1, "error": null, "media_id": media,
            "created_date": "2023-11-14T22:13:20.000Z",
        });
        assert_eq!(fetch, expected);
        assert!(bytes_of(&account, &asset, &fetch).await == bytes);
        let seen = site.seen();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with(&format!("GET /a%20b?key={SECRET} HTTP/1.1\r\n")), "{}", seen[0]);
        assert!(!seen[0].to_lowercase().contains("x-api-key"), "{}", seen[0]);
        let told = account.get(&format!("/api/v2/assets/{}", asset["id"].as_str().unwrap())).await["asset"].clone();
        assert_eq!((&told["original_filename"], &told["title"]), (&json!("thing.bin"), &json!("To come")));
        assert_eq!(told["md5_sum"], programs::md5(&bytes));
        expect_nothing_told(&account, &asset).await;
    });
}

#[test]
fn a_file_is_fetched_from_where_it_was_moved_to() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let there = Site::of(b"moved").await;
        let here = Site::start([redirect("/b"), redirect("c?x=y"), redirect(&there.url(&format!("/{SECRET}")))]).await;
        let fetch = add_media(&account, &asset, &here.url(&format!("/a?{SECRET}")), "a.txt").await;
        assert_eq!(fetch["state"], "done", "{fetch}");
        assert_eq!(bytes_of(&account, &asset, &fetch).await, b"moved");
        let asked: Vec<String> = here.seen().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
        assert_eq!(asked, [&format!("GET /a?{SECRET} HTTP/1.1"), "GET /b HTTP/1.1", "GET /c?x=y HTTP/1.1"]);
        // In circles it leads nowhere, which may end.
        let round = Site::start([redirect(&format!("/{SECRET}"))]).await;
        post_media(&account, &asset, &round.url("/"), "b.txt").await.expect(200);
        wait_for_failures(server, 1).await;
        let fetch = latest(&account, &asset).await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("waiting"), &json!(1)));
        assert_eq!(fetch["error"], "redirected more than 3 times");
        assert_eq!(round.seen().len(), 4);
        expect_nothing_told(&account, &asset).await;
    });
}

#[test]
fn a_file_that_comes_byte_by_byte_comes_whole() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let bytes: Vec<u8> = (0..200).collect();
        let site = Site::start([vec![Step::Trickle(file(&bytes, ""))]]).await;
        let fetch = add_media(&account, &asset, &site.url("/"), "slow.bin").await;
        assert_eq!(fetch["state"], "done", "{fetch}");
        assert_eq!(bytes_of(&account, &asset, &fetch).await, bytes);
    });
}

#[test]
fn a_file_that_never_ends_is_given_up_where_it_is_too_large() {
    let set = |settings: &mut mediary::Settings| {
        free(settings);
        settings.limits.max_upload_bytes = 100_000;
    };
    on_each_engine_with(set, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let chunk = |text: &str| Step::Say(text.as_bytes().to_vec());
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n";
        for reply in [
            vec![chunk("HTTP/1.1 200 OK\r\n\r\n"), Step::Endlessly],
            vec![chunk(chunked), Step::Endlessly],
            vec![chunk("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n"), Step::Wait],
            vec![chunk("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n"), Step::Wait],
        ] {
            let site = Site::start([reply]).await;
            let fetch = add_media(&account, &asset, &site.url("/"), "large.bin").await;
            assert_eq!(
                (&fetch["state"], &fetch["attempts"], &fetch["media_id"]),
                (&json!("failed"), &json!(1), &Value::Null)
            );
            let error = fetch["error"].as_str().unwrap();
            assert!(error.contains("larger than 100000 bytes"), "{error}");
            assert_eq!(site.seen().len(), 1);
        }
        // One that has just that size is taken.
        let site = Site::of(&[7; 100_000]).await;
        let fetch = add_media(&account, &asset, &site.url("/"), "full.bin").await;
        assert_eq!(bytes_of(&account, &asset, &fetch).await, [7; 100_000]);
        server.settle().await;
        assert_eq!(server.stored_files().len(), 1);
    });
}

#[test]
fn equal_bytes_are_two_media_and_lie_there_once() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = Site::of(b"the same").await;
        let mut ids = Vec::new();
        for name in ["one.txt", "two.txt"] {
            let fetch = add_media(&account, &asset, &site.url("/"), name).await;
            assert_eq!(bytes_of(&account, &asset, &fetch).await, b"the same");
            ids.push(fetch["media_id"].as_i64().unwrap());
        }
        assert_ne!(ids[0], ids[1]);
        let told = account.get(&media_path(&asset)).await;
        assert_eq!(told["media"].as_array().unwrap().len(), 2);
        assert_eq!(told["fetches"].as_array().unwrap().len(), 2);
        server.settle().await;
        assert_eq!(server.stored_files().len(), 1);
    });
}

#[test]
fn an_asset_is_made_in_a_project_with_the_file_to_fetch() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let project = account.post("/api/v2/projects", &json!({ "title": "Trip" })).await.expect(200).json();
        let path = format!("/api/v2/projects/{}/assets", project["project"]["id"].as_str().unwrap());
        let site = Site::of(b"bytes").await;
        let url = json!({ "file_url": site.url("/x"), "filename": "x.txt" });
        let made = account.post(&path, &json!({ "title": "New", "url": url })).await.expect(200).json();
        let asset = made["asset"].clone();
        let fetch = wait_for_end(&account, &asset).await;
        assert_eq!(bytes_of(&account, &asset, &fetch).await, b"bytes");
        // Nothing half-done stays behind.
        let bad = json!({ "file_url": "ftp://8.8.8.8/", "filename": "x.txt" });
        let refused = account.post(&path, &json!({ "title": "Bad", "url": bad })).await.expect(400).json();
        assert_eq!(refused, json!({ "error": "not a valid HTTP URL" }));
        let bad = json!({ "file_url": site.url("/"), "filename": "x".repeat(300) });
        let status = account.post(&path, &json!({ "title": "Bad", "url": bad })).await.status;
        assert!([200, 400].contains(&status));
        let listed = account.get(&path).await["assets"].as_array().unwrap().len();
        assert_eq!(listed, if status == 200 { 2 } else { 1 });
    });
}
