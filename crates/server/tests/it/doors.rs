//! Doors: every route of every dialect, tried by callers who should not get through. The list of requests below must name
//! every route, so a new route comes with its door; the list of exceptions may only shrink.

use fliplet::TokenKind;
use library::{Right, Rights};
use serde_json::json;

use crate::support::{Ask, NOW_MS, Organization, Server, forms::Form, on_each_engine, organizations::system};

/// What is asked for at each door: things of one organization, outside its app.
struct Things {
    organization: Organization,
    folder: i64,
    file: i64,
    cdn_path: String,
}

/// A caller who should not get through, and the answer that keeps them out.
struct Stranger {
    name: &'static str,
    token: Option<String>,
    status: u16,
    error: &'static str,
}

type Knock = fn(&Server, &Things) -> Ask;

/// A valid request for each route: the same with the right token is answered with success.
const KNOCKS: &[(&str, &str, Knock)] = &[
    ("GET", "/fliplet/v1/media", |server, things| {
        server.fliplet("GET", &format!("/v1/media?folderId={}", things.folder))
    }),
    ("POST", "/fliplet/v1/media/folders", |server, things| {
        server.fliplet("POST", "/v1/media/folders").json(&json!({ "name": "New", "parentId": things.folder }))
    }),
    ("DELETE", "/fliplet/v1/media/folders/{id}", |server, things| {
        server.fliplet("DELETE", &format!("/v1/media/folders/{}", things.folder))
    }),
    ("POST", "/fliplet/v1/media/files", |server, things| {
        let ask = server.fliplet("POST", &format!("/v1/media/files?folderId={}", things.folder));
        Form::new().file("files[0]", "b.txt", "text/plain", b"b").put_in(ask)
    }),
    ("DELETE", "/fliplet/v1/media/files/{id}", |server, things| {
        server.fliplet("DELETE", &format!("/v1/media/files/{}", things.file))
    }),
    ("GET", "/fliplet/v1/media/files/{id}/contents", |server, things| {
        server.fliplet("GET", &format!("/v1/media/files/{}/contents", things.file))
    }),
    ("GET", "/fliplet/v1/media/files/{id}/contents/{name}", |server, things| {
        server.fliplet("GET", &format!("/v1/media/files/{}/contents/a.png", things.file))
    }),
    ("GET", "/fliplet/v1/media/files/{id}/thumb/{name}", |server, things| {
        server.fliplet("GET", &format!("/v1/media/files/{}/thumb/preview.jpg", things.file))
    }),
    ("GET", "/fliplet/v1/media/zip", |server, things| {
        server.fliplet("GET", &format!("/v1/media/zip?folderId={}&files={}", things.folder, things.file))
    }),
    ("GET", "/fliplet/apps/{owner}/{file}", |server, things| {
        server.fliplet("GET", &things.cdn_path.replace("organizations", "apps"))
    }),
    ("GET", "/fliplet/organizations/{owner}/{file}", |server, things| server.fliplet("GET", &things.cdn_path)),
];

#[test]
fn every_route_has_a_knock() {
    let routes: Vec<_> = mediary::dialect_routes()
        .into_iter()
        .map(|(prefix, method, path, _)| (method.to_string(), format!("{prefix}{path}")))
        .collect();
    let knocks: Vec<_> = KNOCKS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(knocks, routes);
}

#[test]
fn every_route_answers_the_method_of_its_line() {
    on_each_engine(async |server: &mut Server| {
        for (method, path, knock) in KNOCKS {
            let things = Things::new(server).await;
            let answer = knock(server, &things).token(&things.organization.token).send().await;
            assert!((200..300).contains(&answer.status), "{method} {path}: {answer}");
        }
    });
}

#[test]
fn nobody_gets_in() {
    on_each_engine(async |server: &mut Server| {
        let things = Things::new(server).await;
        let before = things.seen(server).await;
        for (method, path, knock) in KNOCKS {
            let right = right_of(method, path);
            for stranger in strangers(server, &things, right).await {
                let ask = knock(server, &things);
                let ask = match &stranger.token {
                    Some(token) => ask.token(token),
                    None => ask,
                };
                let answer = ask.send().await;
                let door = format!("{method} {path}, {}: {answer}", stranger.name);
                assert_eq!(answer.status, stranger.status, "{door}");
                assert_eq!(answer.json()["error"], stranger.error, "{door}");
            }
        }
        assert_eq!(things.seen(server).await, before, "a stranger changed something");
    });
}

impl Things {
    async fn new(server: &Server) -> Self {
        let organization = server.organization("Ours").await;
        let token = organization.token.clone();
        let folder = server.folder(&token, "Ours", json!({ "organizationId": organization.id })).await;
        let picture = crate::support::pictures::png(32, 20);
        let file = server.upload(&token, &format!("folderId={folder}"), "a.png", &picture).await;
        let url = file["url"].as_str().unwrap();
        let at = url.find("/organizations/").unwrap();
        Self { organization, folder, file: file["id"].as_i64().unwrap(), cdn_path: url[at..].to_owned() }
    }

    async fn seen(&self, server: &Server) -> Vec<String> {
        let token = &self.organization.token;
        let mut seen = server.listed(token, &self.organization.here()).await;
        seen.extend(server.listed(token, &format!("folderId={}", self.folder)).await);
        seen
    }
}

fn right_of(method: &str, path: &str) -> Right {
    let routes = mediary::dialect_routes();
    let line = routes.iter().find(|(prefix, known, route, _)| *known == method && format!("{prefix}{route}") == path);
    line.unwrap().3
}

async fn strangers(server: &Server, things: &Things, right: Right) -> Vec<Stranger> {
    let organization = &things.organization;
    let wish = |rights: Rights, folder_id, expires_at| library::TokenWish {
        rights,
        folder_id,
        expires_at,
        ..fliplet::token_wish(TokenKind::Organization, organization.id, organization.user_id, None, "A stranger's")
    };
    let all_but = [Right::Read, Right::Create, Right::Update, Right::Delete]
        .into_iter()
        .filter(|other| *other != right)
        .fold(Rights::NONE, Rights::with);
    let without = wish(all_but, None, None);
    let expired = wish(Rights::ALL, None, Some(NOW_MS));
    let outside = wish(Rights::ALL, Some(organization.app_id), None);
    let revoked = wish(Rights::ALL, None, None);
    let make = async |wish| server.library.add_token(&system(), wish).await.unwrap();
    let (revoked, revoked_secret) = make(revoked).await;
    server.library.revoke_token(&system(), organization.id, revoked.id).await.unwrap();
    let other = server.organization("Theirs").await;
    let unknown = |name, token| Stranger { name, token, status: 401, error: "not authorised" };
    let denied = |name, token| Stranger { name, token: Some(token), status: 401, error: "file.access" };
    vec![
        unknown("no key", None),
        unknown("a wrong key", Some("eu--0000000000000000000000000000000000000000000".to_owned())),
        unknown("an expired key", Some(make(expired).await.1)),
        unknown("a revoked key", Some(revoked_secret)),
        denied("a key without the right", make(without).await.1),
        denied("a key of another folder", make(outside).await.1),
        Stranger { name: "another tenant's key", token: Some(other.token), status: 404, error: "not found" },
    ]
}
