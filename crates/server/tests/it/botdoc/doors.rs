//! Every route that wants a token, and callers who should not get through it: nobody, a wrong token, one that is over, one whose key
//! was taken back, another customer's, a key without rights, a key for another folder.

use std::sync::atomic::Ordering;

use library::Rights;
use serde_json::json;

use super::{Agent, agent::ask};
use crate::support::{Answer, Ask, Server, forms::Form, on_each_engine_with, organizations::system, routes_of};

/// Where the link is the credential, or a key is shown for a token.
const WITHOUT_TOKEN: &[(&str, &str)] = &[
    ("POST", "/v1/auth/get_token"),
    ("POST", "/v1/auth/token_refresh"),
    ("POST", "/v1/auth/token_verify"),
    ("GET", "/s/{code}"),
    ("POST", "/s/{code}/code"),
    ("POST", "/s/{code}/enter"),
    ("GET", "/s/{code}/media/{id}/{name}"),
    ("POST", "/s/{code}/upload"),
    ("POST", "/s/{code}/done"),
    ("POST", "/s/{code}/reply"),
];

/// A request that its owner is answered with success.
struct Knock {
    method: &'static str,
    route: &'static str,
    /// Without a slash at its end, with names in braces for what is ours.
    target: &'static str,
    body: Sends,
    /// What strangers are answered with.
    strangers: Strangers,
}

enum Sends {
    Nothing,
    Json(&'static str),
    /// A form with a file and this field, whose value is our container's number.
    File(&'static str),
}

enum Strangers {
    /// What the path names is not there for another customer, and not for those without the right.
    NotThere,
    /// The same of what a field of this name says.
    NotThereIn(&'static str),
    /// A list in which nothing of ours is.
    Empty,
    /// Nothing is named: another customer makes something of its own, and so does a key for another folder. One without rights makes none.
    TheirOwn,
}

use Sends::{File, Json, Nothing};
use Strangers::{Empty, NotThere, NotThereIn, TheirOwn};

const fn get(route: &'static str, target: &'static str, strangers: Strangers) -> Knock {
    Knock { method: "GET", route, target, body: Nothing, strangers }
}

const fn post(route: &'static str, target: &'static str, body: Sends, strangers: Strangers) -> Knock {
    Knock { method: "POST", route, target, body, strangers }
}

const CONTAINER: &str = "/v1/module_container/container";
const CHUNK: Sends = File("request");
const MESSAGE: Sends = Json(r#"{"container":{container},"body":"x"}"#);
const OFFER: Sends = Json(r#"{"container":{container},"title":"x"}"#);

/// In the order of the route table.
const KNOCKS: &[Knock] = &[
    get("/v1/media", "/v1/media", Empty),
    post("/v1/media", "/v1/media", CHUNK, NotThereIn("request")),
    get("/v1/media/{id}", "/v1/media/{media}", NotThere),
    Knock { method: "PUT", route: "/v1/media/{id}", target: "/v1/media/{halved}", body: CHUNK, strangers: NotThere },
    Knock {
        method: "PATCH",
        route: "/v1/media/{id}",
        target: "/v1/media/{other_halved}",
        body: CHUNK,
        strangers: NotThere,
    },
    Knock {
        method: "DELETE",
        route: "/v1/media/{id}",
        target: "/v1/media/{doomed}",
        body: Nothing,
        strangers: NotThere,
    },
    get("/v1/media/{id}/download", "/v1/media/{media}/download", NotThere),
    get(
        "/v1/module_container_pushpull/media/{id}/download",
        "/v1/module_container_pushpull/media/{media}/download",
        NotThere,
    ),
    get(
        "/v1/module_container_pushpull/mediadatacollection/{id}/download",
        "/v1/module_container_pushpull/mediadatacollection/{media}/download",
        NotThere,
    ),
    get(CONTAINER, CONTAINER, Empty),
    post(CONTAINER, CONTAINER, Json(r#"{"page_type":"p2"}"#), TheirOwn),
    get("/v1/module_container/container/{id}", "/v1/module_container/container/{container}", NotThere),
    post(
        "/v1/module_container/container/{id}/recipient",
        "/v1/module_container/container/{container}/recipient",
        Nothing,
        NotThere,
    ),
    get("/v1/module_container/recipient/{id}", "/v1/module_container/recipient/{recipient}", NotThere),
    post(
        "/v1/module_container/recipient/{id}/recipient_item",
        "/v1/module_container/recipient/{recipient}/recipient_item",
        Json(r#"{"interface_class":"link","value":1}"#),
        NotThere,
    ),
    get("/v1/module_container/recipientitem/{id}", "/v1/module_container/recipientitem/{item}", NotThere),
    post(
        "/v1/module_container/container/{id}/email",
        "/v1/module_container/container/{container}/email",
        Json(r#"{"subject":"x","body":"x"}"#),
        NotThere,
    ),
    post(
        "/v1/module_container/container/{id}/auth_code",
        "/v1/module_container/container/{closed}/auth_code",
        Json(r#"{"send_as":"email","to":"x@example.com"}"#),
        NotThere,
    ),
    post(
        "/v1/module_container/authcode",
        "/v1/module_container/authcode",
        Json(r#"{"container":{closed},"send_as":"email","to":"x@example.com"}"#),
        NotThereIn("container"),
    ),
    get(
        "/v1/module_container/container/{id}/send_notification",
        "/v1/module_container/container/{container}/send_notification",
        NotThere,
    ),
    post(
        "/v1/module_container/container/{id}/send_notification",
        "/v1/module_container/container/{container}/send_notification",
        Nothing,
        NotThere,
    ),
    post("/v1/module_container/message", "/v1/module_container/message", MESSAGE, NotThereIn("container")),
    get("/v1/module_container/messagereply", "/v1/module_container/messagereply", Empty),
    post(
        "/v1/module_container_pushpull/pushpullfeature",
        "/v1/module_container_pushpull/pushpullfeature",
        Json(r#"{"container":{container},"type":"pull"}"#),
        NotThereIn("container"),
    ),
    post("/v1/module_container_pull/pull", "/v1/module_container_pull/pull", OFFER, NotThereIn("container")),
    get("/v1/module_container_pull/pull/{id}/pull_file", "/v1/module_container_pull/pull/{pull}/pull_file", NotThere),
    post("/v1/module_container_push/push", "/v1/module_container_push/push", OFFER, NotThereIn("container")),
    post(
        "/v1/module_container_push/pushfile",
        "/v1/module_container_push/pushfile",
        File("container"),
        NotThereIn("container"),
    ),
    get("/v1/request", "/v1/request", Empty),
    post("/v1/request", "/v1/request", Json(r#"{"message":"x"}"#), TheirOwn),
    get("/v1/request/{id}", "/v1/request/{container}", NotThere),
    post("/v1/request/{id}/send_notification", "/v1/request/{container}/send_notification", Nothing, NotThere),
    get("/v1/auth/request", "/v1/auth/request", Empty),
    post("/v1/auth/request", "/v1/auth/request", Json("{}"), TheirOwn),
    get("/v1/auth/media", "/v1/auth/media", Empty),
    post("/v1/auth/media", "/v1/auth/media", CHUNK, NotThereIn("request")),
    get("/v1/auth/media/{id}", "/v1/auth/media/{media}", NotThere),
];

/// What is ours says so.
const OURS: &str = "This is ours";

#[test]
fn every_route_that_wants_a_token_has_a_knock() {
    let (wanting, without): (Vec<_>, Vec<_>) =
        routes_of("/botdoc").into_iter().partition(|(.., right)| right.is_some());
    let told = |routes: Vec<mediary::DialectRoute>| -> Vec<(String, &'static str)> {
        routes.into_iter().map(|(_, method, path, _)| (method.to_string(), path)).collect()
    };
    let knocks: Vec<_> = KNOCKS.iter().map(|knock| (knock.method.to_owned(), knock.route)).collect();
    assert_eq!(knocks, told(wanting));
    let exceptions: Vec<_> = WITHOUT_TOKEN.iter().map(|(method, path)| ((*method).to_owned(), *path)).collect();
    assert_eq!(told(without), exceptions);
}

/// What a target or a body names in braces.
type Names = Vec<(&'static str, String)>;

/// Something of everything; each thing says that it is ours where it can.
async fn ours(agent: &Agent<'_>) -> Names {
    let number = |value: &serde_json::Value| value["id"].to_string();
    let container = |chat: bool| json!({ "page_type": "pushpull", "display_chat": chat });
    let id = number(&agent.create(CONTAINER, &container(true)).await);
    let closed = number(&agent.create(CONTAINER, &container(false)).await);
    let about = format!("{CONTAINER}/{id}");
    let recipient = number(&agent.create(&format!("{about}/recipient"), &json!({ "first_name": OURS })).await);
    let items = format!("/v1/module_container/recipient/{recipient}/recipient_item");
    let item = number(&agent.create(&items, &json!({ "interface_class": "link", "value": OURS })).await);
    let pull = json!({ "container": id, "title": OURS });
    let pull = number(&agent.create("/v1/module_container_pull/pull", &pull).await);
    agent.create("/v1/request", &json!({ "message": OURS })).await;
    let sent = agent.ask("POST", &format!("{about}/send_notification")).send().await.expect(200).json();
    let link = sent[0]["link"].as_str().unwrap();
    let reply = ask(agent.server, "POST", &format!("{}/reply", &link[link.find("/s/").unwrap()..]));
    reply.json(&json!({ "body": OURS })).send().await.expect(303);
    let media = async |name: &str, total: &str| {
        let form = Form::new().file("file", name, "text/plain", OURS.as_bytes());
        let form = form.text("request", &id).text("total_chunks", total).text("tag", OURS);
        number(&form.put_in(agent.ask("POST", "/v1/media")).send().await.expect(201).json())
    };
    vec![
        ("{media}", media("ours.txt", "1").await),
        ("{doomed}", media("doomed.txt", "1").await),
        ("{halved}", media("halved.txt", "2").await),
        ("{other_halved}", media("other halved.txt", "2").await),
        ("{container}", id),
        ("{closed}", closed),
        ("{recipient}", recipient),
        ("{item}", item),
        ("{pull}", pull),
    ]
}

impl Knock {
    fn named(text: &str, names: &Names) -> String {
        names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    fn ask(&self, server: &Server, names: &Names) -> Ask {
        let ask = ask(server, self.method, &Self::named(self.target, names));
        match self.body {
            Nothing => ask,
            Json(text) => ask.body("application/json", Self::named(text, names)),
            File(field) => {
                let form = Form::new().file("file", "new.txt", "text/plain", b"new");
                let form = form.text(field, Self::named("{container}", names));
                // A whole one, or the second half of one that waits for it.
                let (number, total) = if self.method == "POST" { ("1", "1") } else { ("2", "2") };
                form.text("current_chunk", number).text("total_chunks", total).put_in(ask)
            }
        }
    }

    async fn send(&self, server: &Server, names: &Names, token: &str) -> Answer {
        self.ask(server, names).header("Authorization", format!("JWT {token}")).send().await
    }
}

/// All that an owner may ask, of an account made for it; each alone is answered with success.
pub async fn owners_requests(server: &Server) -> Vec<Ask> {
    let agent = Agent::new(server).await;
    let names = ours(&agent).await;
    KNOCKS
        .iter()
        .map(|knock| knock.ask(server, &names).header("Authorization", format!("JWT {}", agent.token)))
        .collect()
}

#[track_caller]
fn turned_away(name: &str, knock: &Knock, answer: Answer, status: u16) {
    let route = (name, knock.method, knock.route);
    assert_eq!(answer.status, status, "{route:?}: {answer}");
    assert!(!String::from_utf8_lossy(&answer.body).contains(OURS), "{route:?}: {answer}");
    answer.json();
}

#[test]
fn nobody_gets_in() {
    let set = |settings: &mut mediary::Settings| settings.public_url = "https://media.example".to_owned();
    on_each_engine_with(set, async |server| {
        let mut agent = Agent::new(server).await;
        let over = agent.token.clone();
        server.clock.fetch_add(9 * 60 * 60 * 1_000, Ordering::SeqCst);
        agent.token = agent.new_token().await;
        let taken_back = taken_back(&agent).await;
        let names = ours(&agent).await;
        let before = seen(&agent, &names).await;
        let foreign = Agent::new(server).await;
        let powerless = Agent::with(server, agent.organization.clone(), Rights::NONE, None).await;
        let here = json!({ "organizationId": agent.organization.id });
        let elsewhere = server.folder(&agent.organization.token, "elsewhere", here).await;
        let confined = Agent::with(server, agent.organization.clone(), Rights::ALL, Some(elsewhere)).await;
        for knock in KNOCKS {
            turned_away("nobody", knock, knock.ask(server, &names).send().await, 401);
            for (name, token) in
                [("nonsense", "nonsense"), ("over", &over), ("taken back", &taken_back), ("a key", &agent.keys.api_key)]
            {
                turned_away(name, knock, knock.send(server, &names, token).await, 401);
            }
            let by_foreign = knock.send(server, &names, &foreign.token).await;
            let by_powerless = knock.send(server, &names, &powerless.token).await;
            let by_confined = knock.send(server, &names, &confined.token).await;
            if !matches!(knock.strangers, Empty) {
                turned_away("powerless", knock, by_powerless, 403);
            } else {
                assert_eq!(by_powerless.json()["count"], 0, "{by_powerless}");
                turned_away("powerless", knock, by_powerless, 200);
            }
            match knock.strangers {
                NotThere => {
                    turned_away("foreign", knock, by_foreign, 404);
                    turned_away("confined", knock, by_confined, 403);
                }
                NotThereIn(field) => {
                    let told = by_foreign.json();
                    assert!(told[field][0].as_str().unwrap().ends_with("object does not exist."), "{told}");
                    turned_away("foreign", knock, by_foreign, 400);
                    turned_away("confined", knock, by_confined, 403);
                }
                Empty => {
                    // What strangers made themselves is theirs to see.
                    for (name, answer) in [("foreign", by_foreign), ("confined", by_confined)] {
                        let listed = answer.json();
                        assert_eq!(listed["count"], listed["results"].as_array().unwrap().len(), "{name}: {listed}");
                        turned_away(name, knock, answer, 200);
                    }
                }
                TheirOwn => {
                    turned_away("foreign", knock, by_foreign, 201);
                    turned_away("confined", knock, by_confined, 201);
                }
            }
        }
        assert_eq!(seen(&agent, &names).await, before, "a stranger changed something");
        // The knocks are right ones: in this order each does something.
        for knock in KNOCKS {
            let answer = knock.send(server, &names, &agent.token).await;
            assert!([200, 201, 204].contains(&answer.status), "{} {}: {answer}", knock.method, knock.route);
        }
        assert_ne!(seen(&agent, &names).await, before);
    });
}

/// All that a stranger could have changed. A key of the same customer may make containers of its own, and these are not among it.
async fn seen(agent: &Agent<'_>, names: &Names) -> Vec<serde_json::Value> {
    let mut seen = Vec::new();
    for target in [
        "/v1/media/",
        "/v1/module_container/messagereply/",
        "/v1/request/{container}/",
        "/v1/request/{closed}/",
        "/v1/module_container/container/{container}/",
        "/v1/module_container/recipientitem/{item}/",
        "/v1/module_container_pull/pull/{pull}/pull_file/",
    ] {
        seen.push(agent.get(&Knock::named(target, names)).await);
    }
    seen
}

/// The token of a key that was taken back after it was given out.
async fn taken_back(agent: &Agent<'_>) -> String {
    let (server, organization) = (agent.server, agent.organization.clone());
    let known = server.library.tokens(&system(), organization.id).await.unwrap();
    let other = Agent::with(server, organization.clone(), Rights::ALL, None).await;
    other.get("/v1/media/").await;
    let tokens = server.library.tokens(&system(), organization.id).await.unwrap();
    let new = tokens.iter().find(|token| known.iter().all(|before| before.id != token.id));
    server.library.revoke_token(&system(), organization.id, new.unwrap().id).await.unwrap();
    other.token
}
