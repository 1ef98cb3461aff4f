//! A media is downloaded as often as it may be and not once more: however many ask at once, of however many servers, and by which
//! API. Contract section 3.4; decisions, section 4.

mod copies;
pub mod ways;

use std::{collections::HashSet, net::SocketAddr};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Agent;
use crate::support::{Answer, Ask, on_each_engine, on_each_engine_with};

const ASKING: usize = 200;
const LIMIT: usize = 6;
const USED_UP: &str = "This media has been downloaded the maximum number of times allowed.";

/// Where a media's bytes are.
const PATHS: [&str; 3] = ["media", "module_container_pushpull/media", "module_container_pushpull/mediadatacollection"];

#[track_caller]
fn expect_used_up(answer: Answer) {
    assert_eq!(answer.expect(403).json(), json!({ "detail": USED_UP }));
}

fn download(agent: &Agent<'_>, media: &Value, method: &str) -> Ask {
    agent.ask(method, &format!("/v1/media/{}/download/", media["id"]))
}

async fn count(agent: &Agent<'_>, media: &Value) -> usize {
    let media = agent.get(&format!("/v1/media/{}/", media["id"])).await;
    let count = media["media_download"].as_array().unwrap().len();
    assert_eq!(media["times_downloaded"], count);
    count
}

#[test]
fn of_two_hundred_who_ask_at_once_six_get_it() {
    on_each_engine(async |server| ask_at_once(&Agent::new(server).await, &[server.address]).await);
}

#[test]
fn of_two_hundred_who_ask_two_servers_at_once_six_get_it() {
    on_each_engine(async |server| {
        let (library, beside) = server.start_beside().await;
        ask_at_once(&Agent::new(server).await, &[server.address, beside.address]).await;
        beside.stop().await;
        library.close().await;
    });
}

async fn ask_at_once(agent: &Agent<'_>, servers: &[SocketAddr]) {
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let media = agent.media("large.bin", &bytes).await;
    let asks = (0..ASKING).map(|at| {
        let target = format!("/botdoc/v1/{}/{}/download/", PATHS[at % PATHS.len()], media["id"]);
        let ask = Ask::new(servers[at % servers.len()], "GET", &target);
        ask.header("Authorization", format!("JWT {}", agent.token)).send()
    });
    let (given, kept): (Vec<Answer>, Vec<Answer>) =
        join_all(asks).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((given.len(), kept.len()), (LIMIT, ASKING - LIMIT));
    assert!(given.iter().all(|answer| answer.body == bytes));
    kept.into_iter().for_each(expect_used_up);
    expect_written_down(agent, &media).await;
}

/// Each download is told, with its time and where it went.
async fn expect_written_down(agent: &Agent<'_>, media: &Value) {
    let told = agent.get(&format!("/v1/media/{}/", media["id"])).await;
    assert_eq!((&told["times_downloaded"], &told["max_allowed_times_downloaded"]), (&json!(LIMIT), &json!(LIMIT)));
    assert_eq!(told["state"], "available");
    let downloads = told["media_download"].as_array().unwrap();
    assert_eq!(downloads.len(), LIMIT);
    let ids: HashSet<i64> = downloads.iter().map(|one| one["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), LIMIT);
    for one in downloads {
        let expected = json!({
            "id": one["id"],
            "media": media["id"],
            "created": "2023-11-14T22:13:20.000000Z",
            "metadata": { "remote_addr": "127.0.0.1" },
        });
        assert_eq!(*one, expected);
    }
    let list = agent.get("/v1/media/").await;
    assert_eq!(list["results"][0], told);
}

#[test]
fn what_gives_no_bytes_is_free() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let media = agent.media("story.bin", b"0123456789").await;
        let head = download(&agent, &media, "HEAD").send().await.expect(200);
        assert_eq!(head.header("content-length"), "10");
        let tag = head.header("etag").to_owned();
        let free = async || {
            for path in PATHS {
                agent.ask("HEAD", &format!("/v1/{path}/{}/download/", media["id"])).send().await.expect(200);
            }
            let get = || download(&agent, &media, "GET");
            get().header("If-None-Match", &tag).send().await.expect(304);
            get().header("If-None-Match", &tag).header("Range", "bytes=0-").send().await.expect(304);
            get().header("If-Match", "\"other\"").send().await.expect(412);
            get().header("Range", "bytes=10-").send().await.expect(416);
        };
        free().await;
        assert_eq!(count(&agent, &media).await, 0);
        for _ in 0..LIMIT {
            download(&agent, &media, "GET").header("If-None-Match", "\"other\"").send().await.expect(200);
        }
        expect_used_up(download(&agent, &media, "GET").send().await);
        free().await;
        assert_eq!(count(&agent, &media).await, LIMIT);
    });
}

#[test]
fn a_download_that_goes_on_counts_once_and_a_range_from_the_beginning_is_no_way_round() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 2,
        async |server| {
            let agent = Agent::new(server).await;
            let media = agent.media("story.bin", b"0123456789").await;
            let range = async |range: &str| download(&agent, &media, "GET").header("Range", range).send().await;
            download(&agent, &media, "GET").send().await.expect(200);
            assert_eq!(range("bytes=4-").await.expect(206).body, b"456789");
            assert_eq!(range("bytes=6-").await.expect(206).body, b"6789");
            assert_eq!(count(&agent, &media).await, 1);
            // As many bytes as it has went out for nothing: this one is another download.
            assert_eq!(range("bytes=0-").await.expect(206).body, b"0123456789");
            assert_eq!(count(&agent, &media).await, 2);
            expect_used_up(range("bytes=0-").await);
            expect_used_up(range("bytes=0-0").await);
            expect_used_up(download(&agent, &media, "GET").send().await);
            assert_eq!(range("bytes=9-").await.expect(206).body, b"9");
            assert_eq!(count(&agent, &media).await, 2);
        },
    );
}

#[test]
fn a_range_that_begins_in_the_middle_counts_for_who_has_not_begun() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 1,
        async |server| {
            let agent = Agent::new(server).await;
            let media = agent.media("story.bin", b"0123456789").await;
            let range = || download(&agent, &media, "GET").header("Range", "bytes=1-").send();
            assert_eq!(range().await.expect(206).body, b"123456789");
            assert_eq!(count(&agent, &media).await, 1);
            expect_used_up(download(&agent, &media, "GET").send().await);
        },
    );
}

#[test]
fn headers_that_real_clients_send_are_not_minded() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let media = agent.media("story.bin", b"0123456789").await;
        for path in PATHS {
            let ask = agent.ask("GET", &format!("/v1/{path}/{}/download/", media["id"]));
            let ask = ask.header("Accept", "application/json").header("Content-Type", "application/json");
            let answer = ask.send().await.expect(200);
            assert_eq!(answer.body, b"0123456789");
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            assert_eq!(answer.header("content-disposition"), "attachment; filename=\"story.bin\"");
            // Without the slash at the end as well.
            agent.ask("GET", &format!("/v1/{path}/{}/download", media["id"])).send().await.expect(200);
        }
        assert_eq!(count(&agent, &media).await, LIMIT);
    });
}
