//! Requests: the API of 2018, which real clients still use, and its paths that a tutorial prints under `/v1/auth/`.

use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{forms::Form, on_each_engine, on_each_engine_with};

const REQUESTS: &str = "/v1/request/";
/// The moment at which every case begins, and 72 hours later.
const NOW: &str = "2023-11-14T22:13:20.000000Z";
const THEN: &str = "2023-11-17T22:13:20.000000Z";

fn set_public_url(settings: &mut mediary::Settings) {
    settings.public_url = "https://media.example".to_owned();
}

/// A request that says nothing, and what this one says instead, whole and in its order.
fn request(agent: &Agent<'_>, answer: &Value, own: &Value) -> String {
    let identifier = answer["identifier"].as_str().unwrap();
    assert!(
        identifier.len() == 32 && identifier.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "{answer}"
    );
    assert!(answer["id"].is_u64(), "{answer}");
    let mut expected = json!({
        "id": answer["id"], "identifier": identifier, "message": null, "type": "push", "is_draft": false,
        "requester_privatenotes": null, "short_message": null, "long_message_subject": null, "long_message": null,
        "callback_url": "", "tfa_send_to": null, "tfa_send_to_value": null, "email_template_slug": null, "contact": [],
        "requester": agent.organization.user_id, "contact_notification_send": [], "receiver_message": null,
        "complete": false, "callback_status": null, "callback_tries": 0, "tfa_times_sent": 0, "media": [],
        "expiration": THEN, "created": NOW, "updated": NOW,
    });
    expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    expected.to_string()
}

#[test]
fn nothing_that_is_known_is_enough() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for path in ["/v1/request/", "/v1/request", "/v1/auth/request/", "/v1/auth/request"] {
            let post = || agent.ask("POST", path);
            for ask in [
                post(),
                post().header("Content-Length", "0").header("Content-Type", "application/json"),
                post().json(&json!({})),
                post().json(&json!({ "name": "Spring", "nested": { "a": [1, null] }, "id": 5 })),
                post().body("application/x-www-form-urlencoded", "name=Spring&other=%00&request=x"),
                Form::new().text("name", "Spring").file("document", "a.txt", "", b"bytes").put_in(post()),
            ] {
                let answer = ask.send().await.expect(201).json();
                assert_eq!(answer.to_string(), request(&agent, &answer, &json!({})), "{path}");
                assert_eq!(agent.get(&format!("{REQUESTS}{}/", answer["id"])).await, answer);
            }
        }
        assert_eq!(agent.get(REQUESTS).await["count"], 25);
    });
}

/// All that is known, with the ways of reaching somebody under this name.
fn everything(methods: &str) -> Value {
    json!({
        "message": "Hello you", "type": "pull", "is_draft": true, "requester_privatenotes": "private",
        "short_message": "short", "long_message_subject": "subject", "long_message": "long", "tfa_send_to": "email",
        "tfa_send_to_value": "code@example.com", "email_template_slug": "slug", "is_sending": true,
        "contact": [
            {
                "first_name": "Jane", "last_name": "Doe",
                methods: [
                    { "interface_class": "email", "value": "jane@example.com" },
                    { "interface_class": "link", "value": 5 },
                ],
            },
            { "last_name": null },
        ],
    })
}

#[test]
fn all_that_is_known_is_given_back() {
    // A code by mail is promised by those alone who know what links in mail begin with.
    on_each_engine_with(set_public_url, async |server| {
        let agent = Agent::new(server).await;
        for methods in ["contact_method", "contactmethod"] {
            let said = everything(methods);
            let answer = agent.create(REQUESTS, &said).await;
            let mut echo = said.clone();
            echo.as_object_mut().unwrap().shift_remove("is_sending");
            echo["contact"] = json!([
                {
                    "first_name": "Jane", "last_name": "Doe",
                    "contact_method": [
                        { "interface_class": "email", "value": "jane@example.com" },
                        { "interface_class": "link", "value": "5" },
                    ],
                },
                { "first_name": "", "last_name": null, "contact_method": [] },
            ]);
            assert_eq!(answer.to_string(), request(&agent, &answer, &echo), "{methods}");
            assert_eq!(agent.get(&format!("{REQUESTS}{}", answer["id"])).await, answer);
        }
        // The same contact as a form writes it, and the spelling of 2018.
        let form = Form::new().text("requestor_privatenotes", "private").text("is_draft", "true");
        let form = form.text("contact[0]first_name", "Jane").text("contact[0]contact_method[0]value", "x");
        let form = form.text("contact[0]contact_method[0]interface_class", "link");
        let answer = form.put_in(agent.ask("POST", REQUESTS)).send().await.expect(201).json();
        let own = json!({
            "requester_privatenotes": "private", "is_draft": true,
            "contact": [{
                "first_name": "Jane", "last_name": null,
                "contact_method": [{ "interface_class": "link", "value": "x" }],
            }],
        });
        assert_eq!(answer.to_string(), request(&agent, &answer, &own));
    });
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for (body, expected) in [
            (json!({ "type": "shove" }), json!({ "type": ["\"shove\" is not a valid choice."] })),
            (json!({ "is_draft": "maybe" }), json!({ "is_draft": ["Must be a valid boolean."] })),
            (json!({ "message": ["x"] }), json!({ "message": ["Not a valid string."] })),
            (json!({ "callback_url": "nonsense" }), json!({ "callback_url": ["Enter a valid URL."] })),
            (
                json!({ "contact": "Jane" }),
                json!({ "contact": { "non_field_errors": ["Expected a list of items but got type \"str\"."] } }),
            ),
            (
                json!({ "contact": [{}, "Jane"] }),
                json!({
                    "contact": [
                        {},
                        { "non_field_errors": ["Invalid data. Expected a dictionary, but got str."] },
                    ],
                }),
            ),
            (
                json!({ "contact": [{ "contactmethod": [{ "interface_class": "email", "value": "jane" }] }] }),
                json!({ "contact": [{ "contactmethod": [{ "value": ["Enter a valid email address."] }] }] }),
            ),
        ] {
            let answer = agent.ask("POST", REQUESTS).json(&body).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{body}");
        }
        assert_eq!(agent.get(REQUESTS).await["count"], 1, "the one that the account began with");
    });
}

#[test]
fn requests_are_listed_newest_first_with_their_medias() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        agent.create("/v1/module_container/container/", &json!({ "page_type": "p2" })).await;
        let mut made = vec![agent.get(&format!("{REQUESTS}{}/", agent.request)).await];
        for number in 1..=3 {
            made.push(agent.create(REQUESTS, &json!({ "message": number.to_string() })).await);
        }
        made.reverse();
        let stranger = Agent::new(server).await;
        stranger.create(REQUESTS, &json!({ "message": "strange" })).await;
        let base = format!("http://{}/botdoc", server.address);
        for path in [REQUESTS, "/v1/auth/request/"] {
            let listed = agent.get(&format!("{path}?page_size=3")).await;
            let next = format!("{base}{path}?page=2&page_size=3");
            let expected = json!({
                "links": { "previous": null, "next": next }, "total_pages": 2, "count": 4, "results": made[..3],
            });
            assert_eq!(listed.to_string(), expected.to_string());
            let listed = agent.get(&format!("{path}?page_size=3&page=2")).await;
            assert_eq!(listed["results"], json!(made[3..]));
        }
        let answer = agent.ask("GET", &format!("{REQUESTS}?page=3&page_size=3")).send().await.expect(404);
        assert_eq!(answer.json(), json!({ "detail": "Invalid page." }));
        // The one that the account began with never ends.
        assert_eq!(made[3]["expiration"], Value::Null);
        let first = agent.media("first.txt", b"first").await;
        let second = agent.media("second.txt", b"second").await;
        let mut with_medias = made[3].clone();
        with_medias["media"] = json!([second, first]);
        let mut told = agent.get(&format!("{REQUESTS}{}/", agent.request)).await;
        // That something lies there is no change of the request's own; whether its folder says so is nobody's promise.
        told["updated"] = with_medias["updated"].clone();
        assert_eq!(told, with_medias);
    });
}

#[test]
fn notifications_of_a_request() {
    on_each_engine_with(set_public_url, async |server| {
        let agent = Agent::new(server).await;
        let contact = json!([{ "first_name": "Jane", "contactmethod": [{ "interface_class": "link", "value": "x" }] }]);
        let body = json!({ "message": "Please look", "long_message_subject": "subject", "contact": contact });
        let made = agent.create(REQUESTS, &body).await;
        for path in [
            format!("{REQUESTS}{}/send_notification/", made["id"]),
            format!("{REQUESTS}{}/send_notification", made["id"]),
        ] {
            // "empty body, JSON content type"
            let ask = agent.ask("POST", &path).header("Content-Type", "application/json").header("Content-Length", "0");
            let sent = ask.send().await.expect(200).json();
            let one = &sent[0];
            let expected = json!([{
                "id": one["id"], "recipient_item": one["recipient_item"], "state": "send", "contact_first_name": "Jane",
                "contact_last_name": null, "contact_method_value": "x", "contact_method_interface_class": "link",
                "created": NOW, "updated": NOW, "was_sent": false, "removed": false, "link": one["link"],
            }]);
            assert_eq!(sent.to_string(), expected.to_string());
            let code = one["link"].as_str().unwrap().strip_prefix("https://media.example/botdoc").unwrap();
            let page = ask_page(server, code).await;
            assert!(page.contains("Please look"), "{page}");
        }
        let told = agent.get(&format!("{REQUESTS}{}/", made["id"])).await;
        let notices = told["contact_notification_send"].as_array().unwrap();
        assert_eq!(notices.len(), 2);
        assert!(notices.iter().all(|notice| notice["contact_first_name"] == "Jane"), "{told}");
        // One without contacts reaches nobody, and says so.
        let nobody = agent.create(REQUESTS, &json!({})).await;
        let target = format!("{REQUESTS}{}/send_notification/", nobody["id"]);
        assert_eq!(agent.ask("POST", &target).send().await.expect(200).json(), json!([]));
        agent.ask("GET", &target).send().await.expect(405);
    });
}

async fn ask_page(server: &crate::support::Server, path: &str) -> String {
    String::from_utf8(ask(server, "GET", path).send().await.expect(200).body).unwrap()
}

#[test]
fn medias_under_the_printed_slips() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let form = agent.form("image.png", b"bytes");
        let made = form.put_in(agent.ask("POST", "/v1/auth/media/")).send().await.expect(201).json();
        let id = &made["id"];
        for target in [format!("/v1/auth/media/{id}"), format!("/v1/auth/media/{id}/"), format!("/v1/media/{id}/")] {
            assert_eq!(agent.get(&target).await, made, "{target}");
        }
        for path in ["/v1/auth/media", "/v1/auth/media/", "/v1/media/"] {
            assert_eq!(agent.get(path).await["results"], json!([made]), "{path}");
        }
    });
}
