//! The end of a media: by its time, three days after its container was made, or because somebody deletes it. Its bytes go for good, and
//! nothing else does. Contract section 3.4; decisions, sections 2 and 3.

mod deleting;
mod removing;

use std::{path::PathBuf, sync::atomic::Ordering};

use serde_json::{Value, json};

use super::{
    Agent,
    limits::ways::{Scene, WAYS, Way},
    together::others::{Others, not_in_flextype, refused_by_flow},
};
use crate::support::{Answer, NOW_MS, Server, forms::Form, on_each_engine_with, organizations::system, pictures};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const RETENTION_MS: i64 = 72 * HOUR_MS;

/// More often than all ways together are tried.
fn often(settings: &mut mediary::Settings) {
    settings.botdoc.max_downloads = 1_000;
}

fn set_clock(server: &Server, ms: i64) {
    server.clock.store(NOW_MS + ms, Ordering::SeqCst);
}

#[track_caller]
fn expect_not_found(answer: Answer) {
    assert_eq!(answer.expect(404).json(), json!({ "detail": "Not found." }));
}

/// A file in a request or container; the media.
async fn put_in(agent: &Agent<'_>, request: &Value, name: &str, bytes: &[u8]) -> Answer {
    let form = Form::new().file("file", name, "application/octet-stream", bytes).text("request", request.to_string());
    form.put_in(agent.ask("POST", "/v1/media/")).send().await
}

async fn new_container(agent: &Agent<'_>) -> Value {
    agent.create("/v1/module_container/container/", &json!({ "page_type": "p2" })).await["id"].clone()
}

async fn one(agent: &Agent<'_>, media: &Value) -> Value {
    agent.get(&format!("/v1/media/{}/", media["id"])).await
}

/// The media in the account's list, and in its request's.
async fn listed(agent: &Agent<'_>, media: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for filter in ["", &format!("&request={}", media["request"])] {
        let list = agent.get(&format!("/v1/media/?page_size=100{filter}")).await;
        found.extend(list["results"].as_array().unwrap().iter().filter(|other| other["id"] == media["id"]).cloned());
    }
    found
}

/// Lets the bytes of what was removed go: when no server can know it from memory any more.
async fn shred(server: &Server) {
    server.clock.fetch_add(server.max_memory_age_ms(), Ordering::SeqCst);
    server.settle().await;
}

fn no_files() -> Vec<PathBuf> {
    Vec::new()
}

async fn expect_clean(server: &Server) {
    server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
}

#[test]
fn a_media_is_served_until_three_days_after_its_container_was_made_and_not_then() {
    on_each_engine_with(often, async |server| {
        let mut scene = Scene::new(server).await;
        // The container's time counts, not the media's.
        set_clock(server, HOUR_MS);
        let bytes = pictures::jpeg(1_000, 800);
        let media = scene.media(&bytes).await;
        server.settle().await;
        set_clock(server, RETENTION_MS - 1);
        scene.renew().await;
        for way in WAYS {
            scene.fetch(&media, way).await.expect(200);
        }
        let code = scene.others.flow.one(&format!("/1/file/{}/downloads/0", media["id"])).await["downloadURL"].clone();
        assert_eq!(one(&scene.agent, &media).await["state"], "available");
        set_clock(server, RETENTION_MS);
        expect_over(&scene, &media).await;
        refused_by_flow(scene.others.flow.fetch(&code).await, 404);
        // Before and after it is tended.
        server.tend().await;
        expect_over(&scene, &media).await;
        shred(server).await;
        expect_over(&scene, &media).await;
        assert_eq!(server.stored_files(), no_files());
        expect_clean(server).await;
    });
}

/// Nobody gets anything of it, by any way.
async fn expect_over(scene: &Scene<'_>, media: &Value) {
    let (agent, others, id) = (&scene.agent, &scene.others, &media["id"]);
    for way in [Way::Botdoc(0), Way::Botdoc(1), Way::Botdoc(2)] {
        expect_not_found(scene.fetch(media, way).await);
    }
    for way in [Way::Contents, Way::Small, Way::Package] {
        scene.fetch(media, way).await.refused(404);
    }
    refused_by_flow(others.flow.ask("GET", &format!("/1/file/{id}")).send().await, 404);
    refused_by_flow(others.flow.ask("GET", &format!("/1/file/{id}/downloads/0")).send().await, 404);
    assert_eq!(others.flow.list("/1/file/latest?fields=any").await, [Value::Null; 0]);
    not_in_flextype(&others.flextype_file(&scene.path()).await);
    assert_eq!(others.listed(&scene.request).await, [""; 0]);
    others.fliplet("GET", &format!("files/{id}")).send().await.refused(404);
    others.fliplet("GET", &format!("files/{id}/thumb/preview.jpg")).send().await.refused(404);
    // The link itself is over.
    let answer = scene.fetch(media, Way::Link).await.expect(410);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let told = one(agent, media).await;
    assert_eq!(told["state"], "removed");
    assert_eq!(listed(agent, media).await, [told.clone(), told]);
}

#[test]
fn what_is_sent_to_a_request_that_is_over_is_refused() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let request = new_container(&agent).await;
        set_clock(server, RETENTION_MS - 1);
        agent.token = agent.new_token().await;
        let chunk = |number: &str| {
            let form = Form::new().file("file", "story.bin", "", b"bytes").text("request", request.to_string());
            form.text("current_chunk", number).text("total_chunks", "3")
        };
        let begun = chunk("1").put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json()["id"].clone();
        put_in(&agent, &request, "a.bin", b"in time").await.expect(201);
        set_clock(server, RETENTION_MS);
        let files = server.stored_files();
        let over = |answer: Answer, field: &str| {
            assert_eq!(answer.expect(400).json(), json!({ field: ["This request has expired."] }));
        };
        over(put_in(&agent, &request, "a.bin", b"too late").await, "request");
        over(chunk("2").put_in(agent.ask("POST", "/v1/media/")).send().await, "request");
        over(chunk("2").text("id", begun.to_string()).put_in(agent.ask("POST", "/v1/media/")).send().await, "request");
        let put = || agent.ask("PUT", &format!("/v1/media/{begun}/"));
        over(chunk("2").put_in(put()).send().await, "request");
        // Also where the request is not named.
        let bare =
            Form::new().file("file", "story.bin", "", b"bytes").text("current_chunk", "2").text("total_chunks", "3");
        over(bare.put_in(put()).send().await, "request");
        let push = Form::new().file("file", "a.bin", "", b"bytes").text("container", request.to_string());
        over(push.put_in(agent.ask("POST", "/v1/module_container_push/pushfile/")).send().await, "container");
        assert_eq!(server.stored_files(), files);
    });
}

#[test]
fn the_first_request_never_ends_and_in_a_plain_folder_the_time_counts_from_the_upload() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let context = json!({ "organizationId": agent.organization.id });
        let folder = json!(server.folder(&others.organization.token, "Folder", context).await);
        let lasting = agent.media("lasting.bin", b"lasting").await;
        set_clock(server, HOUR_MS);
        let plain = put_in(&agent, &folder, "plain.bin", b"plain").await.expect(201).json();
        let download = async |agent: &Agent<'_>, media: &Value| agent.download(media).await.status;
        for (ms, status) in [(RETENTION_MS + HOUR_MS - 1, 200), (RETENTION_MS + HOUR_MS, 404)] {
            set_clock(server, ms);
            agent.token = agent.new_token().await;
            assert_eq!(download(&agent, &plain).await, status);
        }
        set_clock(server, 1_000 * RETENTION_MS);
        agent.token = agent.new_token().await;
        server.tend().await;
        assert_eq!(agent.download(&lasting).await.expect(200).body, b"lasting");
        assert_eq!(one(&agent, &lasting).await["state"], "available");
    });
}

#[test]
fn without_a_retention_nothing_ends() {
    let set = |settings: &mut mediary::Settings| settings.botdoc.retention_ms = 0;
    on_each_engine_with(set, async |server| {
        let mut agent = Agent::new(server).await;
        let request = new_container(&agent).await;
        let media = put_in(&agent, &request, "lasting.bin", b"lasting").await.expect(201).json();
        set_clock(server, 1_000 * RETENTION_MS);
        agent.token = agent.new_token().await;
        server.tend().await;
        assert_eq!(agent.download(&media).await.expect(200).body, b"lasting");
        put_in(&agent, &request, "more.bin", b"more").await.expect(201);
        assert_eq!(one(&agent, &media).await["state"], "available");
    });
}
