//! Every route that wants a token, and callers who should not get through it: nobody, a wrong token, one that is over, one whose key was
//! taken back, another customer's, a key without the right, a key for another folder.

use std::sync::atomic::Ordering;

use library::Rights;
use serde_json::Value;

use super::{
    Agent,
    agent::{ask, refused},
};
use crate::support::{Ask, Server, on_each_engine, organizations::system, pictures, routes_of};

/// Where the URL is the credential, or keys are shown for a token, or nothing of anybody's is given.
const WITHOUT_TOKEN: &[(&str, &str)] = &[
    ("GET", "/1/oauth2/token"),
    ("POST", "/1/oauth2/token"),
    ("PUT", "/1/oauth2/token"),
    ("GET", "/oauth2/token"),
    ("POST", "/oauth2/token"),
    ("PUT", "/oauth2/token"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("PUT", "/up/{key}"),
    ("POST", "/up/{key}"),
    ("GET", "/d/{code}/{format}"),
    ("GET", "/p/{signature}/{code}/{form}/{name}"),
    ("GET", "/1/dictionary/fileSelector/{lang}"),
    ("GET", "/json/{code}"),
    ("POST", "/embed"),
    ("GET", "/images/{name}"),
    ("GET", "/info/{part}/{name}"),
    ("GET", "/skiss/{part}/{name}"),
    ("GET", "/thumb/{part}/{name}"),
    ("GET", "/poster/{part}/{name}"),
];

/// For how long an access token is good, in milliseconds.
const TOKEN_MS: i64 = 7_200_000;

/// A request to a route that wants a token.
struct Knock {
    method: &'static str,
    route: &'static str,
    /// With `{file}` and `{folder}` for ours.
    target: &'static str,
    body: &'static str,
    /// What another customer gets: their own, where no id leads to anything here.
    foreign: u16,
}

const fn get(route: &'static str, target: &'static str, foreign: u16) -> Knock {
    Knock { method: "GET", route, target, body: "", foreign }
}

const fn post(route: &'static str, target: &'static str, body: &'static str, foreign: u16) -> Knock {
    Knock { method: "POST", route, target, body, foreign }
}

const KNOCKS: &[Knock] = &[
    get("/1/file/latest", "/1/file/latest?fields=all", 200),
    get("/1/file/{id}", "/1/file/{file}", 404),
    post("/1/file", "/1/file", r#"{"filename":"a.txt","filesize":1,"toFolder":{folder}}"#, 403),
    get("/1/file/{id}/folder", "/1/file/{file}/folder", 404),
    get("/1/file/{id}/checkpermissions", "/1/file/{file}/checkpermissions", 404),
    get("/1/file/{id}/usage", "/1/file/{file}/usage", 404),
    post("/1/file/{id}/usage", "/1/file/{file}/usage", r#"{"contact":"x"}"#, 404),
    post("/1/file/multiple/usage", "/1/file/multiple/usage", r#"{"id":[{file}]}"#, 200),
    get("/1/file/{id}/license", "/1/file/{file}/license", 404),
    get("/1/file/{id}/aialttext", "/1/file/{file}/aialttext", 404),
    get("/1/file/{id}/download", "/1/file/{file}/download", 404),
    get("/1/file/{id}/download/{format}", "/1/file/{file}/download/0", 404),
    get("/1/folder", "/1/folder", 200),
    get("/1/folder/{id}", "/1/folder/{folder}", 404),
    get("/1/folder/{id}/children", "/1/folder/{folder}/children", 404),
    get("/1/folder/{id}/file", "/1/folder/{folder}/file", 404),
    get("/1/foldertree", "/1/foldertree?fields=all", 200),
    post("/1/search/file", "/1/search/file", r#"{"searchTerm":"our"}"#, 200),
    get("/1/format", "/1/format", 200),
    get("/1/mark", "/1/mark", 200),
    get("/1/user/me", "/1/user/me", 200),
    get("/1/me", "/1/me", 200),
    get("/1/player/theme", "/1/player/theme", 200),
];

impl Knock {
    fn ask(&self, server: &Server, file: &Value, folder: i64) -> Ask {
        let named = |text: &str| text.replace("{file}", &file.to_string()).replace("{folder}", &folder.to_string());
        let request = ask(server, self.method, &named(self.target));
        if self.method == "POST" { request.body("application/json", named(self.body)) } else { request }
    }
}

/// All that an owner may ask, of a customer made for it; each alone is answered with success.
pub async fn owners_requests(server: &Server) -> Vec<Ask> {
    let agent = Agent::new(server).await;
    let folder = agent.folder(agent.root, "our folder").await;
    let file = agent.upload(folder, "our file.png", &pictures::png(32, 20)).await["id"].clone();
    let bearer = format!("Bearer {}", agent.token);
    KNOCKS.iter().map(|knock| knock.ask(server, &file, folder).header("Authorization", &bearer)).collect()
}

#[test]
fn every_route_that_wants_a_token_has_a_knock() {
    let (wanting, without): (Vec<_>, Vec<_>) =
        routes_of("/mediaflow").into_iter().partition(|(.., right)| right.is_some());
    let told = |routes: Vec<mediary::DialectRoute>| -> Vec<(String, &'static str)> {
        routes.into_iter().map(|(_, method, path, _)| (method.to_string(), path)).collect()
    };
    let knocks: Vec<_> = KNOCKS.iter().map(|knock| (knock.method.to_owned(), knock.route)).collect();
    assert_eq!(knocks, told(wanting));
    let exceptions: Vec<_> = WITHOUT_TOKEN.iter().map(|(method, path)| ((*method).to_owned(), *path)).collect();
    assert_eq!(told(without), exceptions);
}

#[test]
fn nobody_gets_in() {
    on_each_engine(async |server| {
        let mut agent = Agent::new(server).await;
        let over = agent.token.clone();
        server.clock.fetch_add(TOKEN_MS, Ordering::SeqCst);
        agent.token = agent.new_token().await;
        let taken_back = taken_back(&agent).await;
        let folder = agent.folder(agent.root, "our folder").await;
        let file = agent.upload(folder, "our file.txt", b"ours").await["id"].clone();
        let foreign = Agent::new(server).await;
        let powerless = Agent::with(server, agent.organization.clone(), Rights::NONE, None).await;
        let elsewhere = agent.folder(agent.root, "elsewhere").await;
        let confined = Agent::with(server, agent.organization.clone(), Rights::ALL, Some(elsewhere)).await;
        for knock in KNOCKS {
            let request = |server: &Server| knock.ask(server, &file, folder);
            let owner = request(server).header("Authorization", format!("Bearer {}", agent.token)).send().await;
            assert_eq!(owner.status, 200, "{owner}");
            refused(request(server).send().await, 401);
            for token in ["nonsense", &over, &taken_back, &agent.keys.refresh_token, &agent.organization.token] {
                refused(request(server).header("Authorization", format!("Bearer {token}")).send().await, 401);
            }
            for (stranger, name) in [(&foreign, "foreign"), (&powerless, "powerless"), (&confined, "confined")] {
                let answer = request(server).header("Authorization", format!("Bearer {}", stranger.token)).send().await;
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(!text.contains("our ") && !text.contains("\"ours\""), "{name}: {answer}");
                if name == "foreign" {
                    assert_eq!(answer.status, knock.foreign, "{answer}");
                } else if knock.target.contains('{') || knock.route == "/1/file" {
                    assert_eq!(answer.status, 403, "{name}: {answer}");
                }
            }
        }
        assert_eq!(agent.list("/1/file/latest").await.len(), 1, "a stranger changed something");
        let usages: Vec<Value> = agent.list(&format!("/1/file/{file}/usage")).await;
        assert_eq!(usages.len(), 2, "those of the owner alone");
    });
}

/// The access token of keys that were taken back after it was given out.
async fn taken_back(agent: &Agent<'_>) -> String {
    let (server, organization) = (agent.server, agent.organization.clone());
    let known = server.library.tokens(&system(), organization.id).await.unwrap();
    let other = Agent::with(server, organization.clone(), Rights::ALL, None).await;
    other.ask("GET", "/1/me").send().await.expect(200);
    for token in server.library.tokens(&system(), organization.id).await.unwrap() {
        if token.kind == "refresh" && known.iter().all(|before| before.id != token.id) {
            server.library.revoke_token(&system(), organization.id, token.id).await.unwrap();
        }
    }
    other.token
}
