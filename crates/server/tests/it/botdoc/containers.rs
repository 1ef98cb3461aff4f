//! Containers and all that belongs to one, each endpoint's whole answer: keys, types and values as the contract has them.

mod offers;
mod replies;

use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{Ask, forms::Form, on_each_engine, on_each_engine_with};

const CONTAINERS: &str = "/v1/module_container/container/";
/// The moment at which every case begins, and 72 hours later.
const NOW: &str = "2023-11-14T22:13:20.000000Z";
const THEN: &str = "2023-11-17T22:13:20.000000Z";

fn set_public_url(settings: &mut mediary::Settings) {
    settings.public_url = "https://media.example".to_owned();
}

/// The fields of an object in each kind of body; a form has texts alone.
fn in_each_kind(ask: impl Fn() -> Ask, fields: &Value) -> [Ask; 3] {
    let fields_of_form: Vec<(&String, String)> = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let pairs: Vec<String> = fields_of_form
        .iter()
        .map(|(name, text)| format!("{name}={}", text.replace('@', "%40").replace(' ', "+")))
        .collect();
    let form = fields_of_form.iter().fold(Form::new(), |form, (name, text)| form.text(name, text));
    let urlencoded = ask().body("application/x-www-form-urlencoded", pairs.join("&"));
    [ask().json(fields), urlencoded, form.put_in(ask())]
}

/// Sends the same in each kind of body, at the path with and without its slash; each answer must be `expected` once its id is told.
async fn creates(agent: &Agent<'_>, path: &str, fields: &Value, expected: impl Fn(&Value) -> Value) {
    for path in [path, path.trim_end_matches('/')] {
        for ask in in_each_kind(|| agent.ask("POST", path), fields) {
            let answer = ask.send().await.expect(201).json();
            assert!(answer["id"].is_u64(), "{answer}");
            assert_eq!(answer.to_string(), expected(&answer).to_string(), "{path}");
        }
    }
}

async fn new_container(agent: &Agent<'_>) -> i64 {
    agent.create(CONTAINERS, &json!({ "page_type": "pushpull" })).await["id"].as_i64().unwrap()
}

async fn new_recipient(agent: &Agent<'_>, container: i64) -> i64 {
    let body = json!({ "first_name": "Jane", "last_name": "Doe" });
    agent.create(&format!("{CONTAINERS}{container}/recipient/"), &body).await["id"].as_i64().unwrap()
}

/// A container with a recipient who is reached by a link; all three ids.
async fn with_link(agent: &Agent<'_>, container: i64) -> (i64, i64) {
    let recipient = new_recipient(agent, container).await;
    let item = json!({ "interface_class": "link", "value": 5 });
    let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
    (recipient, agent.create(&path, &item).await["id"].as_i64().unwrap())
}

/// What follows the mount in a link for a recipient.
fn page_of(link: &Value) -> String {
    let link = link.as_str().unwrap();
    link[link.find("/s/").unwrap()..].to_owned()
}

fn is_hex(value: &Value, digits: usize) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

#[test]
fn containers_of_both_generations() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let user = agent.organization.user_id;
        for page_type in ["pushpull", "p2"] {
            let fields = json!({ "page_type": page_type, "callback_url": "", "display_chat": true, "unknown": "x" });
            let expected = |answer: &Value| {
                assert!(is_hex(&answer["identifier"], 32), "{answer}");
                json!({
                    "id": answer["id"], "identifier": answer["identifier"], "page_type": page_type, "callback_url": "",
                    "display_chat": true, "requester": user, "expiration": THEN, "created": NOW, "updated": NOW,
                })
            };
            creates(&agent, CONTAINERS, &fields, expected).await;
        }
        // What two clients send besides, and the least that is needed.
        let full = json!({ "page_type": "p2", "requester": 77, "callback_url": null, "display_chat": false });
        let answer = agent.create(CONTAINERS, &full).await;
        assert_eq!((&answer["requester"], &answer["callback_url"]), (&json!(77), &json!("")));
        let least = agent.create(CONTAINERS, &json!({ "page_type": "pushpull" })).await;
        assert_eq!((&least["display_chat"], &least["requester"]), (&json!(false), &json!(user)));
        assert_eq!(agent.get(&format!("{CONTAINERS}{}", least["id"])).await, least);
        let listed = agent.get(CONTAINERS).await;
        // Newest first; the request that the account began with is none.
        assert_eq!((&listed["count"], &listed["total_pages"]), (&json!(14), &json!(2)));
        assert_eq!((&listed["results"][0], &listed["results"][1]), (&least, &answer));
        let next = format!("http://{}/botdoc{CONTAINERS}?page=2", server.address);
        assert_eq!(listed["links"], json!({ "previous": null, "next": next }));
    });
}

#[test]
fn what_no_container_can_be_is_told() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for (body, expected) in [
            (json!({}), json!({ "page_type": ["This field is required."] })),
            (json!({ "page_type": null }), json!({ "page_type": ["This field may not be null."] })),
            (json!({ "page_type": "request" }), json!({ "page_type": ["\"request\" is not a valid choice."] })),
            (json!({ "page_type": ["p2"] }), json!({ "page_type": ["\"['p2']\" is not a valid choice."] })),
            (
                json!({ "page_type": "p2", "callback_url": "nonsense", "display_chat": "maybe", "requester": "x" }),
                json!({
                    "callback_url": ["Enter a valid URL."],
                    "display_chat": ["Must be a valid boolean."],
                    "requester": ["A valid integer is required."],
                }),
            ),
            (json!([]), json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] })),
        ] {
            let answer = agent.ask("POST", CONTAINERS).json(&body).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{body}");
        }
        assert_eq!(agent.get(CONTAINERS).await["count"], 0);
    });
}

#[test]
fn recipients_and_the_container_that_each_is_of() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        let path = format!("{CONTAINERS}{container}/recipient/");
        let recipient = |first: &'static str, last: Value| {
            move |answer: &Value| {
                json!({
                    "id": answer["id"], "container": container, "active": true, "first_name": first, "last_name": last,
                    "created": NOW, "updated": NOW,
                })
            }
        };
        let fields = json!({ "first_name": "Jane", "last_name": "Doe" });
        creates(&agent, &path, &fields, recipient("Jane", json!("Doe"))).await;
        creates(&agent, &path, &json!({ "unknown": "x" }), recipient("", Value::Null)).await;
        let answer = agent.ask("POST", &path).send().await.expect(201).json();
        assert_eq!(answer.to_string(), recipient("", Value::Null)(&answer).to_string());
        for slash in ["", "/"] {
            let found = agent.get(&format!("/v1/module_container/recipient/{}{slash}", answer["id"])).await;
            assert_eq!(found, answer);
        }
        // The container of a recipient is found by it, among others.
        let other = new_container(&agent).await;
        let theirs = new_recipient(&agent, other).await;
        for (recipient, container) in [(answer["id"].as_i64().unwrap(), container), (theirs, other)] {
            let listed = agent.get(&format!("{CONTAINERS}?recipient={recipient}")).await;
            assert_eq!((&listed["results"][0]["id"], &listed["count"]), (&json!(container), &json!(1)));
            assert_eq!(listed["links"], json!({ "previous": null, "next": null }));
        }
        let stranger = Agent::new(server).await;
        let words = "Select a valid choice. That choice is not one of the available choices.";
        let in_theirs = new_container(&stranger).await;
        let strange = new_recipient(&stranger, in_theirs).await.to_string();
        for recipient in ["999999", "x", strange.as_str()] {
            let answer = agent.ask("GET", &format!("{CONTAINERS}?recipient={recipient}")).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "recipient": [words] }), "{recipient}");
        }
    });
}

#[test]
fn ways_of_reaching_a_recipient() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        let recipient = new_recipient(&agent, container).await;
        let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
        for (class, value, shown) in [
            ("email", json!("jane@example.com"), "jane@example.com"),
            ("link", json!("anything"), "anything"),
            ("link", json!(5), "5"),
        ] {
            let fields = json!({ "interface_class": class, "value": value });
            creates(&agent, &path, &fields, |answer| {
                json!({
                    "id": answer["id"], "recipient": recipient, "value": shown, "interface_class": class, "created": NOW,
                    "updated": NOW, "link": null,
                })
            })
            .await;
        }
        for (body, expected) in [
            (
                json!({}),
                json!({ "interface_class": ["This field is required."], "value": ["This field is required."] }),
            ),
            (
                json!({ "interface_class": "fax", "value": "1" }),
                json!({ "interface_class": ["\"fax\" is not a valid choice."] }),
            ),
            (
                json!({ "interface_class": "email", "value": "nobody" }),
                json!({ "value": ["Enter a valid email address."] }),
            ),
        ] {
            let answer = agent.ask("POST", &path).json(&body).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{body}");
        }
    });
}

#[test]
fn a_link_is_filled_in_when_something_was_sent() {
    on_each_engine_with(set_public_url, async |server| {
        let agent = Agent::new(server).await;
        for method in ["GET", "POST"] {
            let container = new_container(&agent).await;
            let path = format!("{CONTAINERS}{container}/send_notification/");
            let nobody = agent.ask(method, &path).send().await.expect(200);
            assert_eq!(nobody.json(), json!([]), "{method}");
            let (_, item) = with_link(&agent, container).await;
            let item_path = format!("/v1/module_container/recipientitem/{item}/");
            let mut before = agent.get(&item_path).await;
            assert!(before["link"].is_null());
            // A real client's POST has a length of 0 and says that its nothing is JSON.
            let ask = agent.ask(method, &path).header("Content-Type", "application/json");
            let ask = if method == "POST" { ask.header("Content-Length", "0") } else { ask };
            let sent = ask.send().await.expect(200).json();
            let link = &sent[0]["link"];
            let expected = json!([{
                "id": sent[0]["id"], "recipient_item": item, "state": "send", "contact_first_name": "Jane",
                "contact_last_name": "Doe", "contact_method_value": "5", "contact_method_interface_class": "link",
                "created": NOW, "updated": NOW, "was_sent": false, "removed": false, "link": link,
            }]);
            assert_eq!(sent.to_string(), expected.to_string());
            let code = link.as_str().unwrap().strip_prefix("https://media.example/botdoc/s/").unwrap();
            assert!(
                code.len() >= 8 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{code}"
            );
            before["link"] = link.clone();
            assert_eq!(agent.get(&item_path).await, before);
            ask_page(&agent, link).await;
        }
    });
}

async fn ask_page(agent: &Agent<'_>, link: &Value) {
    let page = ask(agent.server, "GET", &page_of(link)).send().await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"), "{page}");
}

#[test]
fn what_mails_say() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        let path = format!("{CONTAINERS}{container}/email/");
        for (fields, subject, body) in [
            (json!({ "subject": "For you", "body": "Some files" }), "For you", "Some files"),
            (json!({ "unknown": "x" }), "", ""),
        ] {
            creates(&agent, &path, &fields, |answer| {
                json!({
                    "id": answer["id"], "container": container, "subject": subject, "body": body, "created": NOW,
                    "updated": NOW,
                })
            })
            .await;
        }
    });
}

#[test]
fn codes_are_asked_for_in_both_forms() {
    on_each_engine_with(set_public_url, async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        let expected = |answer: &Value| {
            json!({
                "id": answer["id"], "container": container, "send_as": "email", "to": "jane@example.com", "created": NOW,
                "updated": NOW,
            })
        };
        let fields = json!({ "send_as": "email", "to": "jane@example.com" });
        creates(&agent, &format!("{CONTAINERS}{container}/auth_code/"), &fields, expected).await;
        for id in [json!(container), json!(container.to_string())] {
            let fields = json!({ "container": id, "send_as": "email", "to": "jane@example.com" });
            creates(&agent, "/v1/module_container/authcode/", &fields, expected).await;
        }
        // From then on the page asks for it.
        with_link(&agent, container).await;
        let path = format!("{CONTAINERS}{container}/send_notification/");
        let sent = agent.ask("POST", &path).send().await.expect(200).json();
        let page = ask(server, "GET", &page_of(&sent[0]["link"])).send().await.expect(200);
        assert!(String::from_utf8_lossy(&page.body).contains("j***@example.com"), "{page}");
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let stranger = Agent::new(server).await;
        let theirs = new_container(&stranger).await;
        let recipient = new_recipient(&stranger, theirs).await;
        // A folder of Fliplet's is no container, and one kind of record is not another.
        let folder = agent.organization.app_id;
        let container = new_container(&agent).await;
        let own = new_recipient(&agent, container).await;
        for (method, target) in [
            ("GET", format!("{CONTAINERS}{theirs}/")),
            ("GET", format!("{CONTAINERS}{folder}/")),
            ("GET", format!("{CONTAINERS}999999/")),
            ("POST", format!("{CONTAINERS}{theirs}/recipient/")),
            ("POST", format!("{CONTAINERS}{theirs}/email/")),
            ("POST", format!("{CONTAINERS}{theirs}/send_notification/")),
            ("GET", format!("{CONTAINERS}{theirs}/send_notification/")),
            ("GET", format!("/v1/module_container/recipient/{recipient}/")),
            ("POST", format!("/v1/module_container/recipient/{recipient}/recipient_item/")),
            ("GET", format!("/v1/module_container/recipientitem/{own}/")),
            ("GET", format!("/v1/module_container_pull/pull/{own}/pull_file/")),
            ("GET", format!("/v1/request/{theirs}/")),
        ] {
            let answer = agent.ask(method, &target).send().await.expect(404);
            assert_eq!(answer.json(), json!({ "detail": "Not found." }), "{method} {target}");
        }
    });
}
