//! Tokens: four carriers and their order, what each kind opens, what becomes of one that is taken back; and that none is
//! ever written into the access log. Contract, section 2.

use std::sync::atomic::Ordering;

use base64::{Engine, engine::general_purpose::STANDARD};
use fliplet::TokenKind;
use serde_json::json;

use crate::support::{Ask, NOW_MS, Organization, Server, forms::Form, on_each_engine, organizations::system};

/// One way to carry a token.
type Carrier = fn(Ask, &str) -> Ask;

const HEADER: Carrier = |ask, token| ask.header("Auth-token", token);
const BASE64: Carrier = |ask, token| ask.header("Authorization", format!("Bearer {}", STANDARD.encode(token)));
const RAW: Carrier = |ask, token| ask.header("authorization", format!("bearer {token}"));
const COOKIE: Carrier = |ask, token| ask.header("Cookie", format!("theme=dark; auth_token={token}; lang=en"));

/// Panics unless this is the contract's answer to a token that nobody has.
#[track_caller]
fn assert_not_authorised(answer: crate::support::Answer) {
    let answer = answer.refused(401);
    let message = "The auth_token provided doesn't belong to any user.";
    assert_eq!(answer.json(), json!({ "error": "not authorised", "message": message }));
}

/// Panics unless this is the contract's answer to a token that may not, in these words.
#[track_caller]
fn assert_denied(answer: crate::support::Answer, message: &str) {
    let answer = answer.refused(401);
    assert_eq!(answer.json(), json!({ "error": "file.access", "message": message }));
}

const NO_ACCESS: &str = "You do not have permission to access this file";
const NO_CREATING: &str = "You do not have permission to create files here";

fn list(server: &Server, organization: &Organization) -> Ask {
    server.fliplet("GET", &format!("/v1/media?{}", organization.here()))
}

fn upload(server: &Server, context: &str) -> Ask {
    let ask = server.fliplet("POST", &format!("/v1/media/files?{context}"));
    Form::new().file("files[0]", "a.txt", "text/plain", b"bytes").put_in(ask)
}

#[test]
fn four_carriers() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        for carrier in [HEADER, BASE64, RAW, COOKIE] {
            carrier(list(server, &organization), token).send().await.expect(200);
        }
        for carrier in [HEADER, BASE64, RAW] {
            carrier(upload(server, &organization.here()), token).send().await.expect(201);
        }
        let context = organization.here();
        let escaped = token.replace('-', "%2D");
        for query in [format!("{context}&auth_token={token}"), format!("auth_token={escaped}&{context}")] {
            server.fliplet("GET", &format!("/v1/media?{query}")).send().await.expect(200);
            upload(server, &query).send().await.expect(201);
        }
    });
}

#[test]
fn the_first_carrier_decides() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (right, wrong, context) = (&organization.token, "eu--wrong", organization.here());
        let carriers: [Carrier; 2] = [HEADER, BASE64];
        let with_query = |token: &str| server.fliplet("GET", &format!("/v1/media?{context}&auth_token={token}"));
        // In their order, each before all that follow: a right one is enough, and a wrong one is not passed over.
        let all = |tokens: [&str; 4]| {
            let ask =
                carriers.iter().zip(tokens).fold(with_query(tokens[2]), |ask, (carrier, token)| carrier(ask, token));
            COOKIE(ask, tokens[3])
        };
        all([right, wrong, wrong, wrong]).send().await.expect(200);
        assert_not_authorised(all([wrong, right, right, right]).send().await);
        BASE64(COOKIE(with_query(wrong), wrong), right).send().await.expect(200);
        assert_not_authorised(BASE64(COOKIE(with_query(right), right), wrong).send().await);
        COOKIE(with_query(right), wrong).send().await.expect(200);
        assert_not_authorised(COOKIE(with_query(wrong), right).send().await);
        // The API's own core sends header and bearer together.
        BASE64(HEADER(upload(server, &context), right), right).send().await.expect(201);
        // Another scheme is no carrier.
        let basic = |ask: Ask| ask.header("Authorization", "Basic dXNlcjpwYXNz");
        COOKIE(basic(list(server, &organization)), right).send().await.expect(200);
        assert_not_authorised(basic(list(server, &organization)).send().await);
    });
}

#[test]
fn a_cookie_only_reads() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        let file = server.upload(token, &organization.here(), "a.txt", b"bytes").await["id"].clone();
        let folder = server.folder(token, "Folder", json!({ "appId": organization.app_id })).await;
        for (method, target) in [
            ("GET", format!("/v1/media?{}", organization.here())),
            ("GET", format!("/v1/media/files/{file}/contents")),
            ("HEAD", format!("/v1/media/files/{file}/contents")),
            // A package is a bare page navigation in the file manager.
            ("GET", format!("/v1/media/zip?files={file}")),
            ("GET", "/v1/user".to_owned()),
            ("GET", format!("/v1/media/folders/{folder}/accessRules")),
        ] {
            COOKIE(server.fliplet(method, &target), token).send().await.expect(200);
        }
        assert_not_authorised(COOKIE(upload(server, &organization.here()), token).send().await);
        for (method, target) in [
            ("POST", "/v1/media/folders".to_owned()),
            ("DELETE", format!("/v1/media/files/{file}")),
            ("DELETE", format!("/v1/media/folders/{folder}")),
            ("PUT", format!("/v1/media/files/{file}")),
            ("PUT", format!("/v1/media/folders/{folder}")),
            ("PUT", format!("/v1/media/folders/{folder}/accessRules")),
            ("POST", format!("/v1/media/folders/{folder}/restore")),
            ("DELETE", format!("/v1/media/deleted/files/{file}")),
            ("POST", "/v1/media/search".to_owned()),
        ] {
            let body = json!({ "name": "New", "appId": organization.app_id, "accessRules": null });
            let ask = server.fliplet(method, &target).json(&body);
            assert_not_authorised(COOKIE(ask, token).send().await);
        }
        assert_eq!(server.listed(token, &organization.app()).await, ["Folder"]);
        assert_eq!(server.listed(token, &organization.here()).await, ["a.txt"]);
    });
}

#[test]
fn a_token_that_is_none_opens_nothing() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        let file = server.upload(token, &organization.here(), "a.png", b"bytes").await["id"].clone();
        let contents = || server.fliplet("GET", &format!("/v1/media/files/{file}/contents/a.png"));
        assert_not_authorised(list(server, &organization).send().await);
        assert_not_authorised(contents().send().await);
        let (cut, longer, upper) = (&token[..token.len() - 1], format!("{token}x"), token.to_uppercase());
        let long = "x".repeat(20_000);
        for wrong in ["", "eu--", "null", "undefined", cut, &longer, &upper, &long, "%00", "eu--\u{e9}"] {
            for ask in [list(server, &organization), contents()] {
                assert_not_authorised(HEADER(ask, wrong).send().await);
            }
            assert_not_authorised(BASE64(contents(), wrong).send().await);
        }
        assert_not_authorised(contents().header("Authorization", "Bearer").send().await);
        assert_not_authorised(contents().header("Auth-token", b"eu--\xff\xfe").send().await);
    });
}

#[test]
fn an_app_token_opens_its_app_only() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (_, app_token) = server.new_token(&organization, TokenKind::App).await;
        let studio = &organization.token;
        let (id, app) = (organization.id, organization.app_id);
        let inside = server.folder(&app_token, "Inside", json!({ "appId": app })).await;
        server.upload(&app_token, &format!("folderId={inside}"), "in.txt", b"in").await;
        assert_eq!(server.listed(&app_token, &format!("folderId={inside}")).await, ["in.txt"]);
        // Without a context it means its own app.
        assert_eq!(server.listed(&app_token, "").await, ["Inside"]);
        let outside = server.folder(studio, "Outside", json!({ "organizationId": id })).await;
        let file = server.upload(studio, &format!("folderId={outside}"), "out.txt", b"out").await["id"].clone();
        let other = server.library.found_space(&system(), id, "Other app", organization.user_id).await.unwrap().id;
        for context in [organization.here(), format!("folderId={outside}"), format!("appId={other}")] {
            let ask = server.fliplet("GET", &format!("/v1/media?{context}")).token(&app_token);
            assert_denied(ask.send().await, NO_ACCESS);
            assert_denied(upload(server, &context).token(&app_token).send().await, NO_CREATING);
            server.fliplet("GET", &format!("/v1/media/zip?{context}")).token(&app_token).send().await.refused(401);
        }
        for (method, target) in [
            ("GET", format!("/v1/media/files/{file}/contents")),
            ("DELETE", format!("/v1/media/files/{file}")),
            ("DELETE", format!("/v1/media/folders/{outside}")),
        ] {
            assert_denied(server.fliplet(method, &target).token(&app_token).send().await, NO_ACCESS);
        }
        let ask = server.fliplet("POST", "/v1/media/folders").token(&app_token);
        assert_denied(ask.json(&json!({ "name": "New", "organizationId": id })).send().await, NO_CREATING);
        // What it may not see is left out of a package, and a package of nothing is none.
        let ask = server.fliplet("GET", &format!("/v1/media/zip?files={file}")).token(&app_token);
        ask.send().await.refused(404);
        assert_eq!(server.listed(studio, &format!("folderId={outside}")).await, ["out.txt"]);
    });
}

/// Who may set rules is told so by 403, which clients read as "no permission".
#[test]
fn who_does_not_manage_does_not_see_what_managers_see() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (id, app) = (organization.id, organization.app_id);
        let file = server.upload(&organization.token, &organization.app(), "a.txt", b"bytes").await["id"].clone();
        let rules = json!({ "accessRules": [{ "type": ["read"], "allow": "all" }] });
        let target = format!("/v1/media/files/{file}/accessRules");
        server.fliplet("PUT", &target).token(&organization.token).json(&rules).send().await.expect(200);
        for kind in [TokenKind::App, TokenKind::Organization, TokenKind::Session] {
            let (_, token) = server.new_token(&organization, kind).await;
            let ask = |method: &str, target: &str| server.fliplet(method, target).token(&token);
            for target in [format!("apps/{app}"), format!("files/{file}"), format!("organizations/{id}")] {
                let target = format!("/v1/media/{target}/accessRules");
                for ask in [ask("GET", &target), ask("PUT", &target).json(&rules), ask("PUT", &target).json(&json!(1))]
                {
                    let message = "You do not have permission to manage access rules";
                    let told = ask.send().await.refused(403).json();
                    assert_eq!(told, json!({ "error": "file.access", "message": message }));
                }
            }
            assert_denied(ask("GET", "/v1/tokens").send().await, NO_ACCESS);
            let told = ask("GET", &format!("/v1/media/files/{file}")).send().await.expect(200).json();
            assert_eq!(told["accessRules"], json!(null));
            let told = ask("GET", "/v1/user").send().await.expect(200).json();
            assert_eq!(told["user"]["type"], json!(kind.as_str()));
            let told = ask("GET", &format!("/v1/apps/{app}")).send().await.expect(200).json();
            assert_eq!(told["app"]["appUser"]["appRoleId"], 3);
        }
    });
}

#[test]
fn an_organization_token_opens_the_organization() {
    on_each_engine(async |server| {
        let (organization, other) = (server.organization("Acme").await, server.organization("Other").await);
        let (_, token) = server.new_token(&organization, TokenKind::Organization).await;
        for context in [organization.here(), organization.app()] {
            let file = server.upload(&token, &context, "a.txt", b"bytes").await["id"].clone();
            assert_eq!(server.listed(&token, &context).await, ["a.txt"]);
            server.fliplet("DELETE", &format!("/v1/media/files/{file}")).token(&token).send().await.expect(200);
        }
        server.fliplet("GET", &format!("/v1/media?{}", other.here())).token(&token).send().await.refused(404);
    });
}

#[test]
fn a_token_that_is_taken_back_opens_nothing_more() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (id, token) = server.new_token(&organization, TokenKind::Organization).await;
        let file = server.upload(&token, &organization.here(), "a.txt", b"bytes").await["id"].clone();
        let contents = |token: &str| server.fliplet("GET", &format!("/v1/media/files/{file}/contents")).token(token);
        contents(&token).send().await.expect(200);
        server.library.revoke_token(&system(), organization.id, id).await.unwrap();
        assert_not_authorised(contents(&token).send().await);
        assert_not_authorised(upload(server, &organization.here()).token(&token).send().await);
        contents(&organization.token).send().await.expect(200);
        // With a person go their tokens.
        server.library.disable_user(&system(), organization.id, organization.user_id).await.unwrap();
        assert_not_authorised(contents(&organization.token).send().await);
    });
}

#[test]
fn a_token_that_is_taken_back_elsewhere_is_refused_in_time() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (id, token) = server.new_token(&organization, TokenKind::Organization).await;
        list(server, &organization).token(&token).send().await.expect(200);
        // As the command line does, beside the running server.
        let elsewhere = server.open_again().await;
        elsewhere.revoke_token(&system(), organization.id, id).await.unwrap();
        elsewhere.close().await;
        server.clock.store(NOW_MS + server.max_memory_age_ms() - 1, Ordering::SeqCst);
        list(server, &organization).token(&token).send().await.expect(200);
        server.clock.store(NOW_MS + server.max_memory_age_ms(), Ordering::SeqCst);
        assert_not_authorised(list(server, &organization).token(&token).send().await);
    });
}

#[test]
fn no_token_is_ever_logged() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = organization.token.clone();
        for carrier in [HEADER, BASE64, RAW, COOKIE] {
            carrier(list(server, &organization), &token).send().await.expect(200);
        }
        let escaped = token.replace('-', "%2D");
        let queries = [
            format!("auth_token={token}"),
            format!("size=640>?&auth_token={token}"),
            format!("auth_token={escaped}"),
            format!("auth%5Ftoken={token}"),
            format!("Auth_Token={token}&auth_token={token}"),
            format!("size=small?auth_token={token}"),
            format!("size=small;auth_token={token}"),
            format!("auth_token[]={token}"),
        ];
        for query in &queries {
            server.fliplet("GET", &format!("/v1/media?{query}")).send().await;
            server.fliplet("GET", &format!("/v1/media/files/1/contents/a.jpg?{query}")).send().await;
        }
        server.stop().await;
        let log = server.access_log();
        assert_eq!(log.lines().count(), 4 + 2 * queries.len(), "{log}");
        assert!(log.contains("auth_token=***"), "{log}");
        let secret = token.strip_prefix("eu--").unwrap();
        for told in [secret.to_owned(), STANDARD.encode(&token), escaped] {
            assert!(!log.contains(&told), "{told} in {log}");
        }
    });
}
