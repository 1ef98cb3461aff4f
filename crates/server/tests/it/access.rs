//! Access rules at the wire: who reads, adds, changes and deletes, with which key or none, by which rule, and from when on.
//! Contract 2; decisions 1 and 5.

mod changes;

use std::sync::atomic::Ordering;

use fliplet::TokenKind;
use library::{Access, Allow, NewPerson, Rule, Ruled};
use serde_json::{Value, json};

use crate::support::{
    Answer, Ask, NOW_MS, Organization, Server, on_each_engine, on_one_engine_with, organizations::system, pictures::png,
};

const NO_ACCESS: &str = "You do not have permission to access this file";
const NO_CREATING: &str = "You do not have permission to create files here";

/// A server, an organization on it, and the token of somebody in Studio.
struct Office<'a> {
    server: &'a Server,
    organization: Organization,
}

impl<'a> Office<'a> {
    async fn open(server: &'a Server) -> Self {
        let organization = server.organization("Acme").await;
        // Whom it belongs to what nobody in person adds; `init` makes one.
        let service = person("service@example.com", "Service", "service");
        server.library.add_user(&system(), organization.id, service).await.unwrap();
        Self { server, organization }
    }

    /// A request without a token.
    fn anybody(&self, method: &str, target: &str) -> Ask {
        self.server.fliplet(method, target)
    }

    fn studio(&self, method: &str, target: &str) -> Ask {
        self.anybody(method, target).token(&self.organization.token)
    }

    async fn rule(&self, target: &str, rules: Value) {
        let ask = self.studio("PUT", &format!("/v1/media/{target}/accessRules"));
        ask.json(&json!({ "accessRules": rules })).send().await.expect(200);
    }

    async fn folder(&self, name: &str, context: Value) -> i64 {
        self.server.folder(&self.organization.token, name, context).await
    }

    async fn upload(&self, context: &str, name: &str) -> Value {
        self.server.upload(&self.organization.token, context, name, &png(64, 48)).await
    }

    async fn app_token(&self) -> (i64, String) {
        self.server.new_token(&self.organization, TokenKind::App).await
    }

    /// The token of somebody who is signed in to the app.
    async fn session(&self, email: &str, name: &str, role: &str) -> String {
        let id = self.organization.id;
        let user = self.server.library.add_user(&system(), id, person(email, name, role)).await.unwrap();
        let wish = fliplet::token_wish(TokenKind::Session, id, user.id, Some(self.organization.app_id), "A session");
        self.server.library.add_token(&system(), wish).await.unwrap().1
    }

    /// The seven ways to a file's bytes or name that rules open to anybody.
    fn ways_to(&self, file: &Value) -> Vec<String> {
        let (id, folder) = (&file["id"], &file["mediaFolderId"]);
        let path = |key: &str| file[key].as_str().unwrap().split_once("/fliplet").unwrap().1.to_owned();
        vec![
            format!("/v1/media/files/{id}"),
            format!("/v1/media/files/{id}/contents"),
            format!("/v1/media/files/{id}/thumb/preview.jpg"),
            path("url"),
            path("thumbnail"),
            format!("/v1/media?folderId={folder}"),
            format!("/v1/media/zip?folderId={folder}"),
        ]
    }
}

fn person(email: &str, name: &str, role: &str) -> NewPerson {
    NewPerson { email: email.to_owned(), full_name: name.to_owned(), role: role.to_owned(), password: None }
}

fn everybody(types: &[&str]) -> Value {
    json!([{ "type": types, "allow": "all" }])
}

#[track_caller]
fn assert_not_authorised(answer: Answer) {
    let message = "The auth_token provided doesn't belong to any user.";
    assert_eq!(answer.refused(401).json(), json!({ "error": "not authorised", "message": message }));
}

#[track_caller]
fn assert_denied(answer: Answer, message: &str) {
    assert_eq!(answer.refused(401).json(), json!({ "error": "file.access", "message": message }));
}

#[test]
fn anybody_reads_what_a_rule_opens_from_then_on_and_until_it_goes() {
    on_each_engine(async |server| {
        let office = Office::open(server).await;
        let folder = office.folder("Press", json!({ "appId": office.organization.app_id })).await;
        let file = office.upload(&format!("folderId={folder}"), "logo.png").await;
        let app = format!("apps/{}", office.organization.app_id);
        for _ in 0..2 {
            for way in office.ways_to(&file) {
                assert_not_authorised(office.anybody("GET", &way).send().await);
            }
            office.rule(&app, everybody(&["read"])).await;
            for way in office.ways_to(&file) {
                for _ in 0..3 {
                    office.anybody("GET", &way).send().await.expect(200);
                }
                office.anybody("HEAD", &way).send().await.expect(200);
                // Rules open things to those without a token, not to those with a bad one.
                assert_not_authorised(office.anybody("GET", &way).token("eu--bad").send().await);
            }
            // Who may not set rules is not shown them.
            office.rule(&format!("files/{}", file["id"]), everybody(&["read"])).await;
            let told = office.anybody("GET", &office.ways_to(&file)[0]).send().await.expect(200).json();
            assert_eq!(told["accessRules"], Value::Null);
            office.rule(&format!("files/{}", file["id"]), Value::Null).await;
            // What is asked of a whole organization takes a token.
            for target in ["/v1/media/deleted", "/v1/media/search?name=logo", "/v1/user", "/v1/apps", "/v1/tokens"] {
                assert_not_authorised(office.anybody("GET", target).send().await);
            }
            office.rule(&app, Value::Null).await;
        }
    });
}

#[test]
fn the_nearest_rules_replace_those_above() {
    on_each_engine(async |server| {
        let office = Office::open(server).await;
        let (id, app) = (office.organization.id, office.organization.app_id);
        let outer = office.folder("Outer", json!({ "appId": app })).await;
        let inner = office.folder("Inner", json!({ "parentId": outer })).await;
        let here = |folder: i64| format!("folderId={folder}");
        let mut files = Vec::new();
        for context in [office.organization.here(), office.organization.app(), here(outer), here(inner)] {
            files.push(office.upload(&context, "a.png").await["id"].clone());
        }
        let (app_token, _) = office.app_token().await;
        let of_nobody = json!([{ "type": ["read"], "allow": { "tokens": [app_token] } }]);
        let opened = async || {
            let mut opened = Vec::new();
            for file in &files {
                let answer = office.anybody("GET", &format!("/v1/media/files/{file}/contents")).send().await;
                assert!([200, 401].contains(&answer.status), "{answer}");
                opened.push(answer.status == 200);
            }
            opened
        };
        let (top, app) = (format!("organizations/{id}"), format!("apps/{app}"));
        let (outer, inner) = (format!("folders/{outer}"), format!("folders/{inner}"));
        let last = format!("files/{}", files[3]);
        for (target, rules, expected) in [
            (&top, everybody(&["read"]), [true, true, true, true]),
            (&app, of_nobody.clone(), [true, false, false, false]),
            (&outer, everybody(&["read"]), [true, false, true, true]),
            (&inner, everybody(&["create", "update", "delete"]), [true, false, true, false]),
            (&last, everybody(&["read"]), [true, false, true, true]),
            (&outer, Value::Null, [true, false, false, true]),
            (&inner, Value::Null, [true, false, false, true]),
            (&last, json!([]), [true, false, false, false]),
            (&app, json!([]), [true, true, true, true]),
        ] {
            office.rule(target, rules.clone()).await;
            assert_eq!(opened().await, expected, "{target}: {rules}");
        }
    });
}

/// Rules, and whom they let read of: nobody in particular, the app's token, another app's token, the organization's token,
/// Ann and Ben, who are signed in to the app. Somebody in Studio always may.
#[test]
fn rules_and_whom_they_let_in() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let office = Office::open(server).await;
            let app = office.organization.app_id;
            let file = office.upload(&office.organization.app(), "a.png").await["id"].clone();
            let (of_app, app_token) = office.app_token().await;
            let (of_all, organization_token) = server.new_token(&office.organization, TokenKind::Organization).await;
            let ann = office.session("ann@example.com", "Ann Lee", "viewer").await;
            let ben = office.session("ben@acme.com", "Ben Ray", "editor").await;
            let callers = [None, Some(&app_token), Some(&organization_token), Some(&ann), Some(&ben)];
            let read = |allow: Value| json!({ "type": ["read"], "allow": allow });
            let user = |conditions: Value| json!([read(json!({ "user": conditions }))]);
            let but = |mut rule: Value, key: &str, value: Value| {
                rule[key] = value;
                rule
            };
            let anybody = || read(json!("all"));
            for (rules, expected) in [
                (Value::Null, "-aoxy"),
                (json!([anybody()]), "naoxy"),
                (json!([read(json!("loggedIn"))]), "---xy"),
                (json!([read(json!({ "tokens": [of_app] }))]), "-a---"),
                (json!([read(json!({ "tokens": [of_app, of_all] }))]), "-ao--"),
                (user(json!({ "Email": { "equals": "ann@example.com" } })), "---x-"),
                (user(json!({ "email": { "contains": "@acme." } })), "----y"),
                (user(json!({ "Name": { "contains": "e" }, "Role": { "notequals": "editor" } })), "---x-"),
                (user(json!({ "Role": { "equals": "admin" } })), "-----"),
                (user(json!({ "Department": { "notequals": "Sales" } })), "-----"),
                // The first that lets in is enough; stop ends it for whom it does not.
                (json!([read(json!({ "tokens": [of_app] })), read(json!("loggedIn"))]), "-a-xy"),
                (json!([but(read(json!({ "tokens": [of_app] })), "stop", json!(true)), anybody()]), "-a---"),
                (json!([but(anybody(), "enabled", json!(false)), read(json!({ "tokens": [of_all] }))]), "--o--"),
                (json!([but(but(anybody(), "enabled", json!(false)), "stop", json!(true)), anybody()]), "naoxy"),
                (json!([but(anybody(), "type", json!(["create"])), read(json!("loggedIn"))]), "---xy"),
                (
                    json!([but(but(read(json!("loggedIn")), "type", json!("create")), "stop", json!(true)), anybody()]),
                    "naoxy",
                ),
                (json!([but(anybody(), "appId", json!([app]))]), "-a-xy"),
                (json!([but(anybody(), "appId", json!([app + 1000]))]), "-----"),
            ] {
                office.rule(&format!("apps/{app}"), rules.clone()).await;
                let mut let_in = String::new();
                for (caller, letter) in callers.iter().zip("naoxy".chars()) {
                    let ask = office.anybody("GET", &format!("/v1/media/files/{file}/contents"));
                    let answer = caller.iter().fold(ask, |ask, token| ask.token(token)).send().await;
                    let_in.push(if answer.status == 200 { letter } else { '-' });
                    match (answer.status, caller) {
                        (200, _) => {}
                        (_, Some(_)) => assert_denied(answer, NO_ACCESS),
                        (_, None) => assert_not_authorised(answer),
                    }
                }
                assert_eq!(let_in, expected, "{rules}");
                office.studio("GET", &format!("/v1/media/files/{file}/contents")).send().await.expect(200);
            }
        },
    );
}

#[test]
fn what_moves_or_goes_is_held_by_the_rules_of_its_new_place_at_once() {
    on_each_engine(async |server| {
        let office = Office::open(server).await;
        let app = office.organization.app_id;
        let open = office.folder("Open", json!({ "appId": app })).await;
        let file = office.upload(&format!("folderId={open}"), "logo.png").await;
        office.rule(&format!("folders/{open}"), everybody(&["read"])).await;
        let ways: Vec<_> = office.ways_to(&file).into_iter().take(5).collect();
        let assert_all = async |status: u16| {
            for way in &ways {
                for _ in 0..2 {
                    let answer = office.anybody("GET", way).send().await;
                    assert_eq!(answer.status, status, "{answer}");
                }
            }
        };
        let target = format!("/v1/media/files/{}", file["id"]);
        for (method, target, body, status) in [
            ("GET", target.clone(), None, 200),
            ("PUT", target.clone(), Some(json!({ "appId": app, "mediaFolderId": null })), 401),
            ("PUT", target.clone(), Some(json!({ "mediaFolderId": open })), 200),
            ("DELETE", target.clone(), None, 401),
            ("POST", format!("{target}/restore"), None, 200),
            ("DELETE", format!("/v1/media/folders/{open}"), None, 401),
            ("POST", format!("/v1/media/folders/{open}/restore"), None, 200),
        ] {
            let ask = office.studio(method, &target);
            body.iter().fold(ask, |ask, body| ask.json(body)).send().await.expect(200);
            assert_all(status).await;
        }
        // Elsewhere, as the command line does it, it takes as long as a server may go by what it remembers.
        let elsewhere = server.open_again().await;
        let rule = Rule {
            name: None,
            enabled: true,
            stop: false,
            types: vec![Access::Delete],
            spaces: Vec::new(),
            allow: Allow::All,
        };
        elsewhere.set_rules(&system(), Ruled::Folder(open), Some(vec![rule])).await.unwrap();
        elsewhere.close().await;
        server.clock.store(NOW_MS + server.max_memory_age_ms(), Ordering::SeqCst);
        assert_all(401).await;
    });
}

#[test]
fn a_script_of_another_origin_can_read_every_refusal() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let office = Office::open(server).await;
            let (_, app_token) = office.app_token().await;
            let rules = format!("/v1/media/organizations/{}/accessRules", office.organization.id);
            let at = |method: &str, target: &str| office.anybody(method, target);
            for origin in ["null", "https://apps.fliplet.com"] {
                for (ask, status) in [
                    (at("GET", "/v1/user"), 401),
                    (at("GET", &rules).token(&app_token), 403),
                    (office.studio("GET", "/v1/media/files/999"), 404),
                    (office.studio("GET", "/v1/media"), 400),
                    (office.studio("DELETE", "/v1/media/deleted"), 405),
                    (at("GET", "/v1/nothing"), 404),
                ] {
                    let answer = ask.header("Origin", origin).send().await.refused(status);
                    assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer}");
                    assert!(answer.header("access-control-expose-headers").contains("X-Request-Id"), "{answer}");
                }
                let ask = at("OPTIONS", &rules).header("Origin", origin).header("Access-Control-Request-Method", "PUT");
                let answer = ask.header("Access-Control-Request-Headers", "auth-token").send().await.expect(204);
                assert!(answer.header("access-control-allow-methods").contains("PUT"), "{answer}");
                assert!(answer.header("access-control-allow-headers").contains("Auth-token"), "{answer}");
            }
        },
    );
}
