//! Tokens: every way to get one, every way to show one, and what is refused.

use std::sync::atomic::Ordering;

use library::{NewPerson, Rights};
use serde_json::json;

use super::{
    Agent,
    agent::{ask, refused},
};
use crate::support::{Answer, Server, on_each_engine, on_one_engine_with, organizations::system};

const PASSWORD: &str = "correct horse battery staple";
const BACK: &str = "https://client.example/back?a=b";

async fn person(agent: &Agent<'_>, role: &str) -> String {
    let person = NewPerson {
        email: format!("{role}@example.com"),
        full_name: role.to_owned(),
        role: role.to_owned(),
        password: Some(PASSWORD.to_owned()),
    };
    agent.server.library.add_user(&system(), agent.organization.id, person).await.unwrap().email
}

fn token_of(answer: Answer) -> String {
    answer.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

async fn works(server: &Server, token: &str) {
    let target = format!("/1/file/latest?access_token={token}");
    assert_eq!(ask(server, "GET", &target).send().await.expect(200).json(), json!([]));
}

#[test]
fn keys_come_in_every_form() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let form = "application/x-www-form-urlencoded";
        let basic = STANDARD.encode(format!("{}:{}", agent.keys.client_id, agent.keys.client_secret));
        let grant = agent.grant();
        let refresh = format!("grant_type=refresh_token&refresh_token={}", agent.keys.refresh_token);
        let id = &agent.keys.client_id;
        for (name, request) in [
            ("query", ask(server, "GET", &format!("/1/oauth2/token?{grant}"))),
            ("query, by POST and without a body", ask(server, "POST", &format!("/1/oauth2/token?{grant}"))),
            ("query, by PUT", ask(server, "PUT", &format!("/1/oauth2/token?{grant}&username=x"))),
            ("form", ask(server, "POST", "/1/oauth2/token").body(form, grant.clone())),
            ("form, without /1", ask(server, "POST", "/oauth2/token").body(form, grant.clone())),
            (
                "basic, with the id in the form too",
                ask(server, "POST", "/1/oauth2/token")
                    .header("Authorization", format!("Basic {basic}"))
                    .body(form, format!("{refresh}&client_id={id}&redirect_uri=x")),
            ),
        ] {
            let answer = request.send().await;
            assert_eq!(answer.header("transfer-encoding"), "", "{name}: {answer}");
            works(server, &token_of(answer)).await;
        }
    });
}

#[test]
fn tokens_are_shown_in_every_form() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let token = &agent.token;
        let target = "/1/users/me?fields=activeModules";
        for request in [
            ask(server, "GET", &format!("{target}&access_token={token}")),
            ask(server, "GET", target).header("Authorization", format!("Bearer {token}")),
            ask(server, "GET", target).header("Authorization", format!(" {token}")),
            ask(server, "GET", &format!("{target}&access_token={token}&tok=1&jsondata=object"))
                .header("Authorization", format!("Bearer {token}"))
                .header("X-Api-Version", "1.0"),
        ] {
            let answer = request.send().await.expect(200).json();
            assert_eq!(answer, json!([{ "customerId": agent.organization.id, "activeModules": [] }]));
        }
    });
}

#[test]
fn keys_that_are_not_right_are_refused() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let other = Agent::new(server).await;
        let with = |name: &str, value: &str| {
            let pairs = agent.grant();
            let pairs = pairs.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
            pairs.chain([format!("{name}={value}").as_str()]).collect::<Vec<_>>().join("&")
        };
        for (query, status, error) in [
            (with("client_id", "wrong"), 401, "invalid_client"),
            (with("client_secret", ""), 401, "invalid_client"),
            (with("client_id", &other.keys.client_id), 401, "invalid_client"),
            (with("refresh_token", "wrong"), 400, "invalid_grant"),
            // Another customer's.
            (with("refresh_token", &other.keys.refresh_token), 400, "invalid_grant"),
            (with("refresh_token", &agent.organization.token), 400, "invalid_grant"),
            (with("grant_type", "client_credentials"), 400, "unsupported_grant_type"),
            (with("grant_type", "password"), 400, "invalid_request"),
            (with("grant_type", "authorization_code"), 400, "invalid_request"),
            (String::new(), 401, "invalid_client"),
        ] {
            let answer = ask(server, "GET", &format!("/1/oauth2/token?{query}")).send().await;
            assert_eq!(refused(answer, status), error, "{query}");
        }
    });
}

#[test]
fn tokens_that_are_not_right_are_refused() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let other = Agent::new(server).await;
        let target = "/1/file/latest";
        assert_eq!(refused(ask(server, "GET", target).send().await, 401), "Missing access token");
        let (head, rest) = agent.token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let of_other = other.token.split('.').nth(1).unwrap();
        for token in [
            "nonsense".to_owned(),
            format!("{head}.{claims}."),
            format!("{head}.{of_other}.{signature}"),
            format!("{head}.{claims}.{}A", &signature[..42]),
            // `{"alg":"none"}`
            format!("eyJhbGciOiJub25lIn0.{claims}."),
            agent.keys.refresh_token.clone(),
            agent.organization.token.clone(),
        ] {
            let answer = ask(server, "GET", target).header("Authorization", format!("Bearer {token}")).send().await;
            if answer.status == 200 {
                // Of the last character of a signature, some bits say nothing.
                assert_eq!(&token[..token.len() - 1], &agent.token[..agent.token.len() - 1]);
                continue;
            }
            refused(answer, 401);
        }
        server.clock.fetch_add(7_200_000, Ordering::SeqCst);
        let old = agent.ask("GET", target).send().await;
        assert_eq!(refused(old, 401), "The access token has expired");
        works(server, &agent.new_token().await).await;
    });
}

#[test]
fn a_token_dies_with_its_key() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        works(server, &agent.token).await;
        let tokens = server.library.tokens(&system(), agent.organization.id).await.unwrap();
        let refresh = tokens.iter().find(|token| token.kind == "refresh").unwrap();
        server.library.revoke_token(&system(), agent.organization.id, refresh.id).await.unwrap();
        refused(agent.ask("GET", "/1/file/latest").send().await, 401);
        let answer = ask(server, "GET", &format!("/1/oauth2/token?{}", agent.grant())).send().await;
        assert_eq!(refused(answer, 400), "invalid_grant");
    });
}

#[test]
fn people_sign_in_with_their_passwords_and_may_what_their_role_may() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let grant = |email: &str, password: &str| {
            let (id, secret) = (&agent.keys.client_id, &agent.keys.client_secret);
            let password = password.replace(' ', "+");
            format!(
                "/1/oauth2/token?grant_type=password&client_id={id}&client_secret={secret}&username={email}&password={password}"
            )
        };
        for (role, status) in [("viewer", 403), ("editor", 200)] {
            let email = person(&agent, role).await;
            let token = token_of(ask(server, "GET", &grant(&email.to_uppercase(), PASSWORD)).send().await);
            works(server, &token).await;
            let body = json!({ "filename": "a.txt", "filesize": 1, "toFolder": agent.root });
            let ask = ask(server, "POST", "/1/file").header("Authorization", format!("Bearer {token}"));
            ask.json(&body).send().await.expect(status);
        }
        for (email, password) in [("viewer@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", "")] {
            let answer = ask(server, "GET", &grant(email, password)).send().await;
            assert_eq!(refused(answer, 400), "invalid_grant");
        }
        // A key that may less than a person's role lets them do no more than that.
        let reader = Agent::with(server, agent.organization.clone(), Rights::READ, None).await;
        let (id, secret) = (&reader.keys.client_id, &reader.keys.client_secret);
        let target = format!(
            "/1/oauth2/token?grant_type=password&client_id={id}&client_secret={secret}&username=editor@example.com&password={}",
            PASSWORD.replace(' ', "+")
        );
        let token = token_of(ask(server, "GET", &target).send().await);
        let body = json!({ "filename": "a.txt", "filesize": 1, "toFolder": agent.root });
        let ask = ask(server, "POST", "/1/file").header("Authorization", format!("Bearer {token}"));
        refused(ask.json(&body).send().await, 403);
    });
}

#[test]
fn people_sign_in_on_a_page_for_their_client() {
    let set = |settings: &mut mediary::Settings| settings.mediaflow.redirect_uris = vec![BACK.to_owned()];
    on_one_engine_with(set, async |server| {
        let agent = Agent::new(server).await;
        let email = person(&agent, "editor").await;
        let (id, secret) = (agent.keys.client_id.clone(), agent.keys.client_secret.clone());
        let back = "https%3A%2F%2Fclient.example%2Fback%3Fa%3Db";
        let request = format!("response_type=code&client_id={id}&redirect_uri={back}&state=s%22%3E%3Cb");
        let page = ask(server, "GET", &format!("/authorize?{request}")).send().await.expect(200);
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        let text = String::from_utf8(page.body).unwrap();
        assert!(text.contains(&format!("value=\"{id}\"")) && text.contains("s&quot;&gt;&lt;b"), "{text}");
        let form = |password: &str| format!("{request}&username={email}&password={}", password.replace(' ', "+"));
        let send = async |body: String| {
            ask(server, "POST", "/authorize").body("application/x-www-form-urlencoded", body).send().await
        };
        assert!(send(form("wrong")).await.expect(401).body.starts_with(b"<!DOCTYPE html>"));
        let answer = send(form(PASSWORD)).await.expect(303);
        let to = answer.header("location");
        let code = to.strip_prefix(&format!("{BACK}&code=")).and_then(|rest| rest.split_once("&state=s%22%3E%3Cb"));
        let (code, "") = code.unwrap_or_else(|| panic!("{to}")) else { panic!("{to}") };
        let redeem = async |redirect: &str| {
            let query = format!(
                "grant_type=authorization_code&code={code}&client_id={id}&client_secret={secret}&redirect_uri={redirect}"
            );
            ask(server, "GET", &format!("/1/oauth2/token?{query}")).send().await
        };
        assert_eq!(refused(redeem("https%3A%2F%2Fevil.example").await, 400), "invalid_grant");
        works(server, &token_of(redeem(back).await)).await;
        assert_eq!(refused(redeem(back).await, 400), "invalid_grant", "a code works once");
        // Nobody is sent on to where an operator did not say.
        for query in [
            format!("response_type=code&client_id={id}&redirect_uri=https%3A%2F%2Fevil.example"),
            format!("response_type=code&client_id={id}"),
            format!("response_type=token&client_id={id}&redirect_uri={back}"),
        ] {
            refused(ask(server, "GET", &format!("/authorize?{query}")).send().await, 400);
        }
    });
}
