//! Features: files that are offered or asked for, in both generations, and the files that come of them.

use serde_json::{Value, json};

use super::{CONTAINERS, NOW, THEN, creates, new_container, page_of, with_link};
use crate::{
    botdoc::{Agent, agent::ask},
    support::{forms::Form, on_each_engine, pictures, programs::md5},
};

const FEATURES: &str = "/v1/module_container_pushpull/pushpullfeature/";
const PULLS: &str = "/v1/module_container_pull/pull/";
const PUSHES: &str = "/v1/module_container_push/push/";
const PUSH_FILES: &str = "/v1/module_container_push/pushfile/";

#[test]
fn features_of_the_second_generation() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        // `created` stands beside what the contract lists.
        let expected = |way: &'static str, message: &'static str| {
            move |answer: &Value| {
                json!({
                    "id": answer["id"], "message": message, "receiver_message": null, "requester_privatenotes": null,
                    "type": way, "is_draft": false, "is_expired": false, "complete": false, "container": container,
                    "created": NOW, "updated": NOW, "allowed_file_extensions": [], "max_file_size": null, "max_files": null,
                })
            }
        };
        for id in [json!(container), json!(container.to_string())] {
            for way in ["push", "pull"] {
                let fields = json!({ "type": way, "container": id, "message": "Hello you" });
                creates(&agent, FEATURES, &fields, expected(way, "Hello you")).await;
            }
            let fields = json!({ "type": "pull", "container": id });
            creates(&agent, FEATURES, &fields, expected("pull", "")).await;
        }
        let fields = json!({ "type": "pull", "container": container, "allowed_file_extensions": ["pdf", ".PNG"] });
        let answer = agent.create(FEATURES, &fields).await;
        assert_eq!(answer["allowed_file_extensions"], json!(["pdf", "png"]));
        for (body, expected) in [
            (json!({}), json!({ "type": ["This field is required."], "container": ["This field is required."] })),
            (
                json!({ "type": "shove", "container": "x" }),
                json!({
                    "type": ["\"shove\" is not a valid choice."],
                    "container": ["Incorrect type. Expected pk value, received str."],
                }),
            ),
            (
                json!({ "type": "pull", "container": "999999" }),
                json!({ "container": ["Invalid pk \"999999\" - object does not exist."] }),
            ),
            (
                json!({ "type": "pull", "container": container, "allowed_file_extensions": "pdf" }),
                json!({ "allowed_file_extensions": ["Expected a list of items but got type \"str\"."] }),
            ),
        ] {
            let answer = agent.ask("POST", FEATURES).json(&body).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{body}");
        }
    });
}

/// A pull or push as contract 4.2 has it.
fn offer(answer: &Value, container: i64, title: &str, description: &str) -> Value {
    json!({
        "id": answer["id"], "container": container, "allowed_extensions": {}, "title": title, "description": description,
        "state": "pending", "expiration": THEN, "custom_label_pending": null, "custom_label_complete": null,
        "custom_label_expired": null, "created": NOW, "updated": NOW, "file_size_limit": null, "max_files": null,
        "recipient_permissions": [],
    })
}

#[test]
fn pulls_and_what_comes_of_them() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        let title = ("Papers", "All of them please");
        for id in [json!(container), json!(container.to_string())] {
            let fields = json!({ "container": id, "title": title.0, "description": title.1 });
            creates(&agent, PULLS, &fields, |answer| offer(answer, container, title.0, title.1)).await;
        }
        let [pull, other] = [0, 1].map(|_| json!({ "container": container }));
        let pull = agent.create(PULLS, &pull).await["id"].clone();
        let other = agent.create(PULLS, &other).await["id"].clone();
        let files = |pull: &Value| format!("{PULLS}{pull}/pull_file/");
        assert_eq!(agent.get(&files(&pull)).await, json!([]));
        with_link(&agent, container).await;
        let target = format!("{CONTAINERS}{container}/send_notification/");
        let sent = agent.ask("GET", &target).send().await.expect(200).json();
        // What the account puts there itself did not come for the pull.
        let form = Form::new().file("file", "own.txt", "", b"own").text("request", container.to_string());
        form.put_in(agent.ask("POST", "/v1/media/")).send().await.expect(201);
        let sent_files = [("first.png", pictures::png(8, 8)), ("second.txt", b"second".to_vec())];
        for (name, bytes) in &sent_files {
            let form = Form::new().text("feature", pull.to_string()).file("file", name, "", bytes);
            let ask = ask(server, "POST", &format!("{}/upload", page_of(&sent[0]["link"])));
            let answer = form.put_in(ask.header("Accept", "application/json")).send().await.expect(200).json();
            assert_eq!(answer, json!({ "received": [name], "errors": [] }));
        }
        let listed = agent.get(&files(&pull)).await;
        let file = |at: usize, name: &str, media_type: &str, extension: &str| {
            let id = &listed[at]["id"];
            let url = format!("http://{}/botdoc/v1/media/{id}/download/", server.address);
            // `name` stands beside what the contract lists.
            json!({ "id": id, "name": name, "content_type": media_type, "extension": extension, "download_url": url })
        };
        let expected = [file(0, "first.png", "image/png", "png"), file(1, "second.txt", "text/plain", "txt")];
        assert_eq!(listed.to_string(), json!(expected).to_string());
        assert_eq!(agent.get(&files(&other)).await, json!([]));
        // A client fetches each by its URL, with the token.
        for (at, (_, bytes)) in sent_files.iter().enumerate() {
            let url = listed[at]["download_url"].as_str().unwrap();
            let target = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
            server.ask("GET", target).send().await.expect(401);
            let ask = server.ask("GET", target).header("Authorization", format!("JWT {}", agent.token));
            assert_eq!(ask.send().await.expect(200).body, *bytes);
        }
    });
}

#[test]
fn pushes_and_their_files() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        for id in [json!(container), json!(container.to_string())] {
            let fields = json!({ "container": id, "title": "Papers", "description": "", "max_file_downloads": 3 });
            creates(&agent, PUSHES, &fields, |answer| {
                let mut push = offer(answer, container, "Papers", "");
                push["max_file_downloads"] = json!(3);
                push
            })
            .await;
        }
        let push = agent.create(PUSHES, &json!({ "container": container })).await;
        assert_eq!(push["max_file_downloads"], Value::Null);
        for (place, id) in [("push", push["id"].to_string()), ("container", container.to_string())] {
            // The fields of the one client that was ever seen to send this.
            let form = Form::new().file("file", "image.png", "image/png", b"bytes").text("total_chunks", "1");
            let form = form.text("name", "other.png").text("type", "image/png").text(place, id);
            let media = form.put_in(agent.ask("POST", PUSH_FILES)).send().await.expect(201).json();
            assert_eq!(media, agent.get(&format!("/v1/media/{}/", media["id"])).await);
            assert_eq!((&media["request"], &media["name"]), (&json!(container), &json!("other.png")));
            assert_eq!(media["file_checksum"], md5(b"bytes"));
        }
        // With a container beside it as well, a push that is none is told.
        let form =
            Form::new().file("file", "image.png", "image/png", b"bytes").text("container", container.to_string());
        let answer = form.text("push", "x").put_in(agent.ask("POST", PUSH_FILES)).send().await.expect(400);
        assert_eq!(answer.json(), json!({ "push": ["Incorrect type. Expected pk value, received str."] }));
        let stranger = Agent::new(server).await;
        let in_theirs = new_container(&stranger).await;
        let theirs = stranger.create(PUSHES, &json!({ "container": in_theirs })).await["id"].to_string();
        for (field, id, expected) in [
            ("push", "999999", json!({ "push": ["Invalid pk \"999999\" - object does not exist."] })),
            ("push", &theirs, json!({ "push": [format!("Invalid pk \"{theirs}\" - object does not exist.")] })),
            ("push", "x", json!({ "push": ["Incorrect type. Expected pk value, received str."] })),
            ("container", "999999", json!({ "container": ["Invalid pk \"999999\" - object does not exist."] })),
            ("other", "1", json!({ "container": ["This field is required."] })),
        ] {
            let form = Form::new().file("file", "image.png", "image/png", b"bytes").text(field, id);
            let answer = form.put_in(agent.ask("POST", PUSH_FILES)).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{field}={id}");
        }
        assert_eq!(agent.get("/v1/media/").await["count"], 2);
    });
}
