//! Doors: every route of Fliplet's API, tried by callers who should not get through (Mediaflow's are in `mediaflow/doors.rs`). The list of knocks below must name
//! every route, so a new route comes with its door; the list of exceptions may only shrink.

use fliplet::TokenKind;
use library::{Right, Rights};
use serde_json::{Value, json};

use crate::support::{
    Ask, NOW_MS, Organization, Server, forms::Form, on_each_engine, organizations::system, routes_of,
};

/// A request for a route that the right token is answered with success. Braces name one of [`Things`].
struct Knock {
    method: &'static str,
    route: &'static str,
    door: Door,
    target: &'static str,
    body: Body,
}

enum Body {
    None,
    Json(&'static str),
    Form,
}

/// What a door says to those with a working token who should not get through. Without one it is 401 everywhere.
#[derive(Clone, Copy)]
struct Door {
    /// To a key of the organization that has not the right, or that works elsewhere.
    denied: u16,
    /// To the key of another organization.
    foreign: u16,
}

const SHUT: Door = Door { denied: 401, foreign: 404 };
/// Clients take 403 for "no permission" where rules are managed.
const RULES: Door = Door { denied: 403, foreign: 404 };
// The exceptions: no id leads to anything here, so whoever has a key is told of their own.
const OWN: Door = Door { denied: 200, foreign: 200 };
const OWN_TOKENS: Door = Door { denied: 401, foreign: 200 };

const RENAME: Body = Body::Json(r#"{"name":"New.png"}"#);
const RULE: Body = Body::Json(r#"{"accessRules":[{"type":["read"],"allow":"all"}]}"#);

const KNOCKS: &[Knock] = &[
    get("/v1/media", SHUT, "/v1/media?folderId={folder}"),
    post("/v1/media/folders", "/v1/media/folders", Body::Json(r#"{"name":"New","parentId":{folder}}"#)),
    get("/v1/media/folders/{id}", SHUT, "/v1/media/folders/{folder}"),
    put("/v1/media/folders/{id}", SHUT, "/v1/media/folders/{folder}", RENAME),
    delete("/v1/media/folders/{id}", "/v1/media/folders/{folder}"),
    post("/v1/media/folders/{id}/restore", "/v1/media/folders/{trashed_folder}/restore", Body::None),
    post("/v1/media/files", "/v1/media/files?folderId={folder}", Body::Form),
    Knock {
        door: OWN,
        ..post("/v1/media/files/aggregate", "/v1/media/files/aggregate", Body::Json(r#"{"files":[{file}]}"#))
    },
    get("/v1/media/files/{id}", SHUT, "/v1/media/files/{file}"),
    put("/v1/media/files/{id}", SHUT, "/v1/media/files/{file}", RENAME),
    delete("/v1/media/files/{id}", "/v1/media/files/{file}"),
    post("/v1/media/files/{id}/restore", "/v1/media/files/{trashed_file}/restore", Body::None),
    get("/v1/media/files/{id}/contents", SHUT, "/v1/media/files/{file}/contents"),
    get("/v1/media/files/{id}/contents/{name}", SHUT, "/v1/media/files/{file}/contents/a.png"),
    get("/v1/media/files/{id}/thumb/{name}", SHUT, "/v1/media/files/{file}/thumb/preview.jpg"),
    get("/v1/media/files/{id}/pdf", SHUT, "/v1/media/files/{document}/pdf"),
    get("/v1/media/zip", SHUT, "/v1/media/zip?folderId={folder}&files={file}"),
    get("/v1/media/deleted", OWN, "/v1/media/deleted"),
    delete("/v1/media/deleted/files/{id}", "/v1/media/deleted/files/{trashed_file}"),
    delete("/v1/media/deleted/folders/{id}", "/v1/media/deleted/folders/{trashed_folder}"),
    get("/v1/media/search", SHUT, "/v1/media/search?name=our&folderId={folder}"),
    post("/v1/media/search", "/v1/media/search", Body::Json(r#"{"name":"our","folderId":{folder}}"#)),
    get("/v1/media/files/{id}/accessRules", RULES, "/v1/media/files/{file}/accessRules"),
    put("/v1/media/files/{id}/accessRules", RULES, "/v1/media/files/{file}/accessRules", RULE),
    get("/v1/media/folders/{id}/accessRules", RULES, "/v1/media/folders/{folder}/accessRules"),
    put("/v1/media/folders/{id}/accessRules", RULES, "/v1/media/folders/{folder}/accessRules", RULE),
    get("/v1/media/apps/{id}/accessRules", RULES, "/v1/media/apps/{app}/accessRules"),
    put("/v1/media/apps/{id}/accessRules", RULES, "/v1/media/apps/{app}/accessRules", RULE),
    get("/v1/media/organizations/{id}/accessRules", RULES, "/v1/media/organizations/{organization}/accessRules"),
    put("/v1/media/organizations/{id}/accessRules", RULES, "/v1/media/organizations/{organization}/accessRules", RULE),
    get("/v1/user", OWN, "/v1/user"),
    get("/v1/organizations", OWN, "/v1/organizations"),
    get("/v1/apps", OWN, "/v1/apps"),
    get("/v1/apps/{id}", SHUT, "/v1/apps/{app}"),
    get("/v1/tokens", OWN_TOKENS, "/v1/tokens"),
    get("/apps/{owner}/{file}", SHUT, "/apps/{app}/{cdn_name}"),
    get("/organizations/{owner}/{file}", SHUT, "/organizations/{organization}/{cdn_name}"),
];

const fn get(route: &'static str, door: Door, target: &'static str) -> Knock {
    Knock { method: "GET", route, door, target, body: Body::None }
}

const fn post(route: &'static str, target: &'static str, body: Body) -> Knock {
    Knock { method: "POST", route, door: SHUT, target, body }
}

const fn put(route: &'static str, door: Door, target: &'static str, body: Body) -> Knock {
    Knock { method: "PUT", route, door, target, body }
}

const fn delete(route: &'static str, target: &'static str) -> Knock {
    Knock { method: "DELETE", route, door: SHUT, target, body: Body::None }
}

#[test]
fn every_route_has_a_knock() {
    let routes: Vec<_> = routes_of("/fliplet")
        .into_iter()
        .map(|(prefix, method, path, _)| (method.to_string(), format!("{prefix}{path}")))
        .collect();
    let knocks: Vec<_> =
        KNOCKS.iter().map(|knock| (knock.method.to_owned(), format!("/fliplet{}", knock.route))).collect();
    assert_eq!(knocks, routes);
}

#[test]
fn every_route_answers_the_method_of_its_line() {
    on_each_engine(async |server: &mut Server| {
        for knock in KNOCKS {
            let things = Things::new(server).await;
            let answer = things.ask(server, knock).token(&things.organization.token).send().await;
            assert!((200..300).contains(&answer.status), "{answer}");
        }
    });
}

#[test]
fn nobody_gets_in() {
    on_each_engine(async |server: &mut Server| {
        let things = Things::new(server).await;
        let before = things.seen(server).await;
        for knock in KNOCKS {
            for stranger in things.strangers(server, knock).await {
                let ask = things.ask(server, knock);
                let ask = match &stranger.token {
                    Some(token) => ask.token(token),
                    None => ask,
                };
                let answer = ask.send().await;
                let name = stranger.name;
                assert_eq!(answer.status, stranger.status, "{name}: {answer}");
                match stranger.error {
                    Some(error) => assert_eq!(answer.refused(stranger.status).json()["error"], error, "{name}"),
                    // All that is ours is called so.
                    None => assert!(!answer.json().to_string().contains("our "), "{name}: {answer}"),
                }
            }
        }
        assert_eq!(things.seen(server).await, before, "a stranger changed something");
    });
}

/// All that an owner may ask, of an organization made for it; each alone is answered with success.
pub async fn owners_requests(server: &Server) -> Vec<Ask> {
    let things = Things::new(server).await;
    KNOCKS.iter().map(|knock| things.ask(server, knock).token(&things.organization.token)).collect()
}

/// What is asked for at each door: things of one organization.
struct Things {
    organization: Organization,
    /// Each with the name that a knock gives it.
    names: Vec<(&'static str, String)>,
    /// A folder in which none of them lies.
    elsewhere: i64,
}

/// A caller who should not get through, and the answer that keeps them out; without an error it tells of nothing here.
struct Stranger {
    name: &'static str,
    token: Option<String>,
    status: u16,
    error: Option<&'static str>,
}

impl Things {
    async fn new(server: &Server) -> Self {
        let organization = server.organization("Acme").await;
        let (id, token) = (organization.id, organization.token.clone());
        let app = server.library.found_space(&system(), id, "our app", organization.user_id).await.unwrap().id;
        let folder = async |name: &str| server.folder(&token, name, json!({ "organizationId": id })).await;
        let (ours, trashed_folder, elsewhere) =
            (folder("our folder").await, folder("our old folder").await, folder("Elsewhere").await);
        let picture = crate::support::pictures::png(32, 20);
        let upload = async |name: &str| server.upload(&token, &format!("folderId={ours}"), name, &picture).await;
        let (file, trashed_file) = (upload("our picture.png").await, upload("our old picture.png").await);
        let document = server.upload(&token, &format!("folderId={ours}"), "our paper.pdf", b"%PDF-1.7\n").await;
        for target in [format!("files/{}", trashed_file["id"]), format!("folders/{trashed_folder}")] {
            server.fliplet("DELETE", &format!("/v1/media/{target}")).token(&token).send().await.expect(200);
        }
        let names = vec![
            ("{organization}", id.to_string()),
            ("{app}", app.to_string()),
            ("{folder}", ours.to_string()),
            ("{file}", file["id"].to_string()),
            ("{document}", document["id"].to_string()),
            ("{trashed_folder}", trashed_folder.to_string()),
            ("{trashed_file}", trashed_file["id"].to_string()),
            ("{cdn_name}", file["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()),
        ];
        Self { organization, names, elsewhere }
    }

    fn ask(&self, server: &Server, knock: &Knock) -> Ask {
        let ask = server.fliplet(knock.method, &self.named(knock.target));
        match knock.body {
            Body::None => ask,
            Body::Json(body) => ask.body("application/json", self.named(body)),
            Body::Form => Form::new().file("files[0]", "b.txt", "text/plain", b"b").put_in(ask),
        }
    }

    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// All that one could have changed.
    async fn seen(&self, server: &Server) -> Vec<Value> {
        let mut seen = Vec::new();
        for target in [
            "/v1/media?organizationId={organization}",
            "/v1/media?appId={app}",
            "/v1/media?folderId={folder}",
            "/v1/media/deleted",
            "/v1/media/files/{file}/accessRules",
            "/v1/media/folders/{folder}/accessRules",
            "/v1/media/apps/{app}/accessRules",
            "/v1/media/organizations/{organization}/accessRules",
            "/v1/tokens",
        ] {
            let ask = server.fliplet("GET", &self.named(target)).token(&self.organization.token);
            seen.push(ask.send().await.expect(200).json());
        }
        // Strangers of ours come with tokens.
        seen.last_mut().unwrap()["tokens"].as_array_mut().unwrap().retain(|token| token["name"] != STRANGE);
        seen
    }

    async fn strangers(&self, server: &Server, knock: &Knock) -> Vec<Stranger> {
        let (organization, right) = (&self.organization, right_of(knock));
        let wish = |rights: Rights, folder_id, expires_at| library::TokenWish {
            rights,
            folder_id,
            expires_at,
            ..fliplet::token_wish(TokenKind::Organization, organization.id, organization.user_id, None, STRANGE)
        };
        let all_but = [Right::Read, Right::Create, Right::Update, Right::Delete]
            .into_iter()
            .filter(|other| *other != right)
            .fold(Rights::NONE, Rights::with);
        let make = async |wish| server.library.add_token(&system(), wish).await.unwrap();
        let without = make(wish(all_but, None, None)).await.1;
        let outside = make(wish(Rights::ALL, Some(self.elsewhere), None)).await.1;
        let expired = make(wish(Rights::ALL, None, Some(NOW_MS))).await.1;
        let (revoked, revoked_secret) = make(wish(Rights::ALL, None, None)).await;
        server.library.revoke_token(&system(), organization.id, revoked.id).await.unwrap();
        let other = server.organization("Others").await.token;
        let unknown = |name, token| Stranger { name, token, status: 401, error: Some("not authorised") };
        let told = |name, token, status, error| Stranger {
            name,
            token: Some(token),
            status,
            error: (status != 200).then_some(error),
        };
        let Door { denied, foreign } = knock.door;
        vec![
            unknown("no key", None),
            unknown("a wrong key", Some("eu--0000000000000000000000000000000000000000000".to_owned())),
            unknown("an expired key", Some(expired)),
            unknown("a revoked key", Some(revoked_secret)),
            told("a key without the right", without, denied, "file.access"),
            told("a key of another folder", outside, denied, "file.access"),
            told("another organization's key", other, foreign, "not found"),
        ]
    }
}

/// What the tokens of strangers are called.
const STRANGE: &str = "A stranger's";

fn right_of(knock: &Knock) -> Right {
    let routes = routes_of("/fliplet");
    let line = routes.iter().find(|(_, method, route, _)| *method == knock.method && *route == knock.route);
    line.unwrap().3.unwrap()
}
