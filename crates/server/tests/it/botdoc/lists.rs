//! Lists of medias: pages and their links, what belongs into them and what does not, and that all who may see it see the same.

use library::Rights;
use serde_json::{Value, json};

use super::Agent;
use crate::support::{Server, forms::Form, on_each_engine};

/// Puts so many medias into the account's request; their ids, newest first.
async fn with_medias(agent: &Agent<'_>, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 1..=count {
        ids.push(agent.media(&format!("{number}.txt"), number.to_string().as_bytes()).await["id"].as_i64().unwrap());
    }
    ids.reverse();
    ids
}

fn base(server: &Server) -> String {
    format!("http://{}/botdoc", server.address)
}

fn ids(listed: &Value) -> Vec<i64> {
    listed["results"].as_array().unwrap().iter().map(|media| media["id"].as_i64().unwrap()).collect()
}

/// A page without its results, whose ids are told beside it.
async fn page(agent: &Agent<'_>, query: &str) -> (Vec<i64>, Value) {
    let mut listed = agent.get(&format!("/v1/media/{query}")).await;
    let ids = ids(&listed);
    listed.as_object_mut().unwrap().shift_remove("results");
    (ids, listed)
}

/// What an envelope says beside its results. Links are queries.
fn envelope(server: &Server, links: [Option<&str>; 2], pages: u64, count: u64) -> Value {
    let link = |query: Option<&str>| query.map(|query| format!("{}/v1/media/{query}", base(server)));
    let [previous, next] = links.map(link);
    json!({ "links": { "previous": previous, "next": next }, "total_pages": pages, "count": count })
}

#[test]
fn twenty_five_medias_by_pages() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let all = with_medias(&agent, 25).await;
        for (query, range, links, pages) in [
            ("", 0..10, [None, Some("?page=2")], 3),
            ("?page=1", 0..10, [None, Some("?page=2")], 3),
            ("?page=", 0..10, [None, Some("?page=2")], 3),
            ("?page=2", 10..20, [Some(""), Some("?page=3")], 3),
            ("?page=3", 20..25, [Some("?page=2"), None], 3),
            ("?page=last", 20..25, [Some("?page=2"), None], 3),
            ("?page=%202%20", 10..20, [Some(""), Some("?page=3")], 3),
            ("?page_size=7&page=2", 7..14, [Some("?page_size=7"), Some("?page=3&page_size=7")], 4),
            ("?page=last&page_size=7", 21..25, [Some("?page=3&page_size=7"), None], 4),
            ("?page_size=25", 0..25, [None, None], 1),
            ("?page_size=1&page=25", 24..25, [Some("?page=24&page_size=1"), None], 25),
            ("?page_size=100", 0..25, [None, None], 1),
            ("?page_size=1000", 0..25, [None, None], 1),
            // What is no size falls back to ten, and stays in the links.
            ("?page_size=0", 0..10, [None, Some("?page=2&page_size=0")], 3),
            ("?page_size=-1", 0..10, [None, Some("?page=2&page_size=-1")], 3),
            ("?page_size=x&page=2", 10..20, [Some("?page_size=x"), Some("?page=3&page_size=x")], 3),
            ("?page_size=", 0..10, [None, Some("?page=2&page_size=")], 3),
            ("?page_size=2.5", 0..10, [None, Some("?page=2&page_size=2.5")], 3),
        ] {
            let expected = (all[range].to_vec(), envelope(server, links, pages, 25));
            assert_eq!(page(&agent, query).await, expected, "{query}");
        }
        for number in ["4", "0", "-1", "x", "1.5", "99999999999999999999", "9223372036854775807", "first", "LAST"] {
            let answer = agent.ask("GET", &format!("/v1/media/?page={number}")).send().await.expect(404);
            assert_eq!(answer.json(), json!({ "detail": "Invalid page." }), "{number}");
        }
        agent.ask("GET", "/v1/media/?page=2&page_size=25").send().await.expect(404);
    });
}

#[test]
fn links_lead_from_page_to_page_with_all_filters_in_order() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let all = with_medias(&agent, 12).await;
        let request = agent.request;
        let (_, told) = page(&agent, &format!("?request={request}&page_size=5&page=2&another=%C3%A4+b")).await;
        let kept = format!("another=%C3%A4+b&PAGEpage_size=5&request={request}");
        let link = |page: &str| format!("?{}", kept.replace("PAGE", page));
        assert_eq!(told, envelope(server, [Some(&link("")), Some(&link("page=3&"))], 3, 12));
        // All of it, by nothing but the links, forwards and back.
        let mut target = format!("/v1/media/?page_size=5&request={request}");
        let (mut forwards, mut last) = (Vec::new(), Value::Null);
        for _ in 0..3 {
            last = agent.get(&target).await;
            forwards.extend(ids(&last));
            let next = last["links"]["next"].as_str().unwrap_or_default();
            target = next.strip_prefix(&base(server)).unwrap_or_default().to_owned();
        }
        assert_eq!((forwards, target.as_str()), (all.clone(), ""));
        let mut backwards = ids(&last);
        while let Some(previous) = last["links"]["previous"].as_str() {
            last = agent.get(previous.strip_prefix(&base(server)).unwrap()).await;
            backwards = [ids(&last), backwards].concat();
        }
        assert_eq!(backwards, all);
    });
}

#[test]
fn an_empty_list_has_one_page() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for target in ["/v1/media/", "/v1/media", "/v1/media/?page=1", "/v1/media/?page=last", "/v1/auth/media/"] {
            let answer = agent.ask("GET", target).send().await.expect(200);
            let expected = r#"{"links":{"previous":null,"next":null},"total_pages":1,"count":0,"results":[]}"#;
            answer.json();
            assert_eq!(String::from_utf8(answer.body).unwrap(), expected, "{target}");
        }
        agent.ask("GET", "/v1/media/?page=2").send().await.expect(404);
    });
}

#[test]
fn no_page_is_larger_than_a_hundred() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let organization = &agent.organization;
        let form = (0..103).fold(Form::new(), |form, number| {
            form.file(&format!("files[{number}]"), &format!("{number}.txt"), "text/plain", b"bytes")
        });
        let upload = server.fliplet("POST", &format!("/v1/media/files?{}", organization.app()));
        form.put_in(upload.token(&organization.token)).send().await.expect(201);
        for (size, listed, pages) in
            [("100", 100, 2), ("101", 100, 2), ("1000", 100, 2), ("99999999999999999999", 100, 2)]
        {
            let (ids, told) = page(&agent, &format!("?page_size={size}")).await;
            let next = format!("?page=2&page_size={size}");
            assert_eq!((ids.len(), told), (listed, envelope(server, [None, Some(&next)], pages, 103)), "{size}");
            let (ids, _) = page(&agent, &next).await;
            assert_eq!(ids.len(), 3, "{size}");
        }
    });
}

#[test]
fn the_medias_of_one_request() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let mine = with_medias(&agent, 2).await;
        let other = agent.create("/v1/request/", &json!({})).await["id"].as_i64().unwrap();
        let form = Form::new().file("file", "other.txt", "", b"bytes").text("request", other.to_string());
        let theirs =
            form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json()["id"].as_i64().unwrap();
        let empty = agent.create("/v1/module_container/container/", &json!({ "page_type": "p2" })).await;
        for (query, expected) in [
            (String::new(), [vec![theirs], mine.clone()].concat()),
            (format!("?request={}", agent.request), mine.clone()),
            (format!("?request=%20{}", agent.request), mine),
            (format!("?request={other}"), vec![theirs]),
            (format!("?request={}&request={other}", agent.request), vec![theirs]),
            (format!("?request={}", empty["id"]), vec![]),
            ("?request=".to_owned(), ids(&agent.get("/v1/media/").await)),
        ] {
            let (listed, told) = page(&agent, &query).await;
            assert_eq!((listed.len() as u64, listed), (told["count"].as_u64().unwrap(), expected), "{query}");
        }
        let stranger = Agent::new(server).await;
        stranger.media("strange.txt", b"bytes").await;
        let words = "Select a valid choice. That choice is not one of the available choices.";
        for request in ["999999", "0", "-1", "x", "1.5", "99999999999999999999", &stranger.request.to_string()] {
            let answer = agent.ask("GET", &format!("/v1/media/?request={request}")).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "request": [words] }), "{request}");
        }
    });
}

/// A library with something of everything, told newest first.
async fn mixed(agent: &Agent<'_>) -> Vec<(i64, &'static str)> {
    let server = agent.server;
    let organization = &agent.organization;
    let id = |media: &Value| media["id"].as_i64().unwrap();
    let lasting = id(&agent.media("lasting.txt", b"lasting").await);
    let container = agent.create("/v1/module_container/container/", &json!({ "page_type": "p2" })).await;
    let form = Form::new().file("file", "ending.txt", "", b"ending").text("request", container["id"].to_string());
    let ending = id(&form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201).json());
    let deleted = id(&agent.media("deleted.txt", b"deleted").await);
    agent.ask("DELETE", &format!("/v1/media/{deleted}/")).send().await.expect(204);
    // The container's end passes; what is put there later has a later one.
    server.clock.fetch_add(72 * 60 * 60 * 1_000, std::sync::atomic::Ordering::SeqCst);
    let renewed = agent.new_token().await;
    let ask = |method: &str, target: &str| {
        super::agent::ask(server, method, target).header("Authorization", format!("JWT {renewed}"))
    };
    let form = agent.form("uploading.txt", b"begin").text("total_chunks", "2");
    let uploading = id(&form.put_in(ask("POST", "/v1/media/")).send().await.expect(201).json());
    let foreign = id(&server.upload(&organization.token, &organization.app(), "fliplet.txt", b"fliplet").await);
    let trashed = server.upload(&organization.token, &organization.app(), "trashed.txt", b"trashed").await;
    let trash = server.fliplet("DELETE", &format!("/v1/media/files/{}", trashed["id"]));
    trash.token(&organization.token).send().await.expect(200);
    vec![(foreign, "available"), (uploading, "uploading"), (ending, "removed"), (lasting, "available")]
}

#[test]
fn a_mix_is_counted_and_told_exactly() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        let expected = mixed(&agent).await;
        agent.token = agent.new_token().await;
        // By the clock alone, and once more when what is over has been cleaned up.
        for round in ["as it is", "tended"] {
            let listed = agent.get("/v1/media/").await;
            let told: Vec<(i64, &str)> = listed["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|media| (media["id"].as_i64().unwrap(), media["state"].as_str().unwrap()))
                .collect();
            assert_eq!((told, &listed["count"]), (expected.clone(), &json!(4)), "{round}");
            for (number, (id, state)) in (1..).zip(&expected) {
                let one = agent.get(&format!("/v1/media/?page_size=1&page={number}")).await;
                assert_eq!((ids(&one), &one["count"], &one["total_pages"]), (vec![*id], &json!(4), &json!(4)));
                assert_eq!(one["results"][0], agent.get(&format!("/v1/media/{id}/")).await, "{round}");
                if *state != "available" {
                    agent.download(&one["results"][0]).await.expect(404);
                }
                assert_eq!(one["results"][0]["removed_at"].is_null(), *state != "removed", "{round}");
            }
            agent.ask("GET", "/v1/media/?page_size=1&page=5").send().await.expect(404);
            server.tend().await;
        }
        // Last of all: what has no limit is counted some time after it was downloaded.
        for (id, _) in expected.iter().filter(|(_, state)| *state == "available") {
            agent.download(&json!({ "id": id })).await.expect(200);
        }
    });
}

#[test]
fn what_fliplet_took_and_what_is_on_its_way_have_all_keys() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        mixed(&agent).await;
        agent.token = agent.new_token().await;
        let listed = agent.get("/v1/media/").await;
        let [mut foreign, mut uploading] = [0, 1].map(|at| listed["results"][at].clone());
        for media in [&mut foreign, &mut uploading] {
            let file = media["file"].take();
            let hash = file.as_str().unwrap().strip_suffix(".txt").unwrap();
            assert!(hash.len() == 32 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{file}");
            media["file"] = json!("<hash>.txt");
            let link = media["download_link_data_collection"].take();
            let path = format!("/v1/module_container_pushpull/mediadatacollection/{}/download/", media["id"]);
            assert_eq!(link.as_str().unwrap(), format!("{}{path}", base(server)));
        }
        let time = "2023-11-17T22:13:20.000000Z";
        let media = |media: &Value, own: Value| {
            let mut expected = json!({
                "id": media["id"], "name": "fliplet.txt", "content_type": "text/plain", "bytes": 7, "extension": "txt",
                "file": "<hash>.txt", "total_chunks": 1, "metadata": { "remote_addr": null }, "created": time,
                "updated": time, "current_chunk": 1, "file_checksum": crate::support::programs::md5(b"fliplet"),
                "removed_at": null, "removed_requested_from": null, "media_download": [], "times_downloaded": 0,
                "state": "available", "download_link_data_collection": null, "max_allowed_times_downloaded": null,
                "tag": null, "request": agent.organization.app_id,
            });
            expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            expected.to_string()
        };
        assert_eq!(foreign.to_string(), media(&foreign, json!({})));
        let own = json!({
            // By its name, until its content tells.
            "name": "uploading.txt", "content_type": "text/plain", "bytes": 5,
            "total_chunks": 2, "metadata": { "remote_addr": "127.0.0.1" },
            "file_checksum": null, "state": "uploading", "max_allowed_times_downloaded": 6, "request": agent.request,
        });
        assert_eq!(uploading.to_string(), media(&uploading, own));
    });
}

#[test]
fn a_key_that_may_change_and_not_manage_sees_the_same() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        mixed(&agent).await;
        with_medias_of_now(&mut agent, 9).await;
        let other = Agent::with(server, agent.organization.clone(), Rights::CHANGE, None).await;
        let reader = Agent::with(server, agent.organization.clone(), Rights::READ, None).await;
        let request = format!("?request={}", agent.request);
        for query in ["", "?page=2", "?page=last", "?page=2&page_size=5", "?page_size=100", "?page=3", &request] {
            let target = format!("/v1/media/{query}");
            let seen = agent.ask("GET", &target).send().await;
            for restricted in [&other, &reader] {
                let answer = restricted.ask("GET", &target).send().await;
                assert_eq!((answer.status, answer.json()), (seen.status, seen.json()), "{query}");
            }
        }
    });
}

/// The same where the account's token is over.
async fn with_medias_of_now(agent: &mut Agent<'_>, count: usize) {
    agent.token = agent.new_token().await;
    with_medias(agent, count).await;
}
