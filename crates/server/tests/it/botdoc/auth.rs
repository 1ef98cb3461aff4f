//! Tokens: how they are got, renewed and checked, in every kind of body that real clients send, and how long they live.

mod browsers;
mod headers;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use library::NewPerson;
use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{Answer, Ask, NOW_MS, Server, forms::Form, on_each_engine, organizations::system, routes_of};

const NOW_S: i64 = NOW_MS / 1_000;
const HOUR_S: i64 = 60 * 60;
const GET: &str = "/v1/auth/get_token";
const REFRESH: &str = "/v1/auth/token_refresh";
const VERIFY: &str = "/v1/auth/token_verify";

/// The same fields in each kind of body.
fn in_each_kind(ask: impl Fn() -> Ask, fields: &[(&str, &str)]) -> [Ask; 3] {
    let object: Value = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40"))).collect();
    let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
    let urlencoded = ask().body("application/x-www-form-urlencoded", pairs.join("&"));
    [ask().json(&object), urlencoded, form.put_in(ask())]
}

/// The answers to the same fields in each kind of body, at the path with and without a slash at its end.
async fn in_each_way(server: &Server, path: &str, fields: &[(&str, &str)]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for path in [path.to_owned(), format!("{path}/")] {
        for ask in in_each_kind(|| ask(server, "POST", &path), fields) {
            answers.push(ask.send().await);
        }
    }
    answers
}

/// Panics unless each way is answered with these very bytes.
async fn all_say(server: &Server, path: &str, fields: &[(&str, &str)], status: u16, expected: &str) {
    for answer in in_each_way(server, path, fields).await {
        let answer = answer.expect(status);
        answer.json();
        assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{answer}");
    }
}

/// A part of a token as it was written.
fn part(token: &str, index: usize) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!((parts.len(), parts[2].len()), (3, 43), "{token}");
    String::from_utf8(URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
}

fn claims(token: &str) -> Value {
    serde_json::from_str(&part(token, 1)).unwrap()
}

/// The number of the key that a token was given out for.
fn key_of(token: &str) -> i64 {
    let claims = claims(token);
    i64::from_str_radix(claims["key_id"].as_str().unwrap().rsplit('-').next().unwrap(), 16).unwrap()
}

async fn refresh(agent: &Agent<'_>, token: &str) -> Answer {
    ask(agent.server, "POST", REFRESH).json(&json!({ "token": token })).send().await
}

/// Panics unless this is what a token is answered with where something is asked for.
#[track_caller]
fn unauthorized(answer: Answer, words: &str) {
    let answer = answer.expect(401);
    assert_eq!(answer.header("www-authenticate"), "JWT realm=\"api\"", "{answer}");
    assert_eq!(answer.json(), json!({ "detail": words }), "{answer}");
}

#[test]
fn a_token_is_got_renewed_and_checked_in_every_kind_of_body() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let user = agent.organization.user_id;
        let key_id = format!("00000000-0000-8000-8000-{:012x}", key_of(&agent.token));
        let claims_until = |exp: i64| {
            format!(
                r#"{{"user_id":{user},"username":"somebody@example.com","exp":{exp},"email":"somebody@example.com","orig_iat":{NOW_S},"two_factor_authentication_authorized":false,"subscription":null,"key_id":"{key_id}"}}"#
            )
        };
        let fields = [("api_key", agent.keys.api_key.as_str()), ("email", agent.keys.email.as_str())];
        for answer in in_each_way(server, GET, &fields).await {
            let answer = answer.expect(200).json();
            assert_eq!(answer.as_object().unwrap().len(), 1);
            let token = answer["token"].as_str().unwrap();
            assert_eq!(part(token, 0), r#"{"typ":"JWT","alg":"HS256"}"#);
            assert_eq!(part(token, 1), claims_until(NOW_S + 8 * HOUR_S));
        }
        let kept = [("token", agent.token.as_str())];
        all_say(server, VERIFY, &kept, 200, &json!({ "token": agent.token }).to_string()).await;
        server.clock.fetch_add(HOUR_S * 1_000, std::sync::atomic::Ordering::SeqCst);
        for answer in in_each_way(server, REFRESH, &kept).await {
            let answer = answer.expect(200).json();
            assert_eq!(answer.as_object().unwrap().len(), 1);
            let token = answer["token"].as_str().unwrap();
            assert_eq!(part(token, 1), claims_until(NOW_S + 9 * HOUR_S));
            let ask = ask(server, "GET", "/v1/media/").header("Authorization", format!("JWT {token}"));
            ask.send().await.expect(200);
        }
        // The old one works on.
        agent.get("/v1/media/").await;
    });
}

#[test]
fn a_token_ends_after_eight_hours_everywhere() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let to = |seconds: i64| server.clock.store((NOW_S + seconds) * 1_000, std::sync::atomic::Ordering::SeqCst);
        to(8 * HOUR_S - 1);
        agent.get("/v1/media/").await;
        refresh(&agent, &agent.token).await.expect(200);
        to(8 * HOUR_S);
        for (_, method, path, right) in routes_of("/botdoc") {
            if right.is_some() {
                let target = path.replace("{id}", "1");
                unauthorized(agent.ask(method.as_str(), &target).send().await, "Signature has expired.");
            }
        }
        let fields = [("token", agent.token.as_str())];
        for path in [REFRESH, VERIFY] {
            all_say(server, path, &fields, 400, r#"{"non_field_errors":["Signature has expired."]}"#).await;
        }
    });
}

#[test]
fn a_token_is_renewed_for_seven_days() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let to = |seconds: i64| server.clock.store((NOW_S + seconds) * 1_000, std::sync::atomic::Ordering::SeqCst);
        let mut token = agent.token.clone();
        // Seven hours are shorter than a token's life, and seven days are a multiple of them.
        for hours in (7..=7 * 24).step_by(7) {
            to(hours * HOUR_S);
            let answer = refresh(&agent, &token).await.expect(200).json();
            token = answer["token"].as_str().unwrap().to_owned();
            let claims = claims(&token);
            assert_eq!((&claims["orig_iat"], &claims["exp"]), (&json!(NOW_S), &json!(NOW_S + (hours + 8) * HOUR_S)));
        }
        to(7 * 24 * HOUR_S + 1);
        let refused = r#"{"non_field_errors":["Refresh has expired."]}"#;
        all_say(server, REFRESH, &[("token", &token)], 400, refused).await;
        // It still works until its end.
        all_say(server, VERIFY, &[("token", &token)], 200, &json!({ "token": token }).to_string()).await;
        let with = |token: &str| ask(server, "GET", "/v1/media/").header("Authorization", format!("JWT {token}"));
        with(&token).send().await.expect(200);
        to((7 * 24 + 8) * HOUR_S);
        unauthorized(with(&token).send().await, "Signature has expired.");
    });
}

#[test]
fn what_is_missing_or_no_text_is_told_by_its_name() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let required = "This field is required.";
        let both = json!({ "email": [required], "api_key": [required] }).to_string();
        all_say(server, GET, &[("other", "x")], 400, &both).await;
        let email = json!({ "email": [required] }).to_string();
        all_say(server, GET, &[("api_key", &agent.keys.api_key)], 400, &email).await;
        let blank = json!({ "api_key": ["This field may not be blank."] }).to_string();
        all_say(server, GET, &[("email", &agent.keys.email), ("api_key", "")], 400, &blank).await;
        for path in [REFRESH, VERIFY] {
            all_say(server, path, &[("other", "x")], 400, &json!({ "token": [required] }).to_string()).await;
            let blank = json!({ "token": ["This field may not be blank."] }).to_string();
            all_say(server, path, &[("token", " ")], 400, &blank).await;
            for (body, expected) in [
                (json!({ "token": null }), json!({ "token": ["This field may not be null."] })),
                (json!({ "token": ["x"] }), json!({ "token": ["Not a valid string."] })),
                (json!({ "token": true }), json!({ "token": ["Not a valid string."] })),
                (json!(["x"]), json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] })),
            ] {
                assert_eq!(ask(server, "POST", path).json(&body).send().await.expect(400).json(), expected, "{body}");
            }
            // Nothing at all is a body without fields.
            let answer = ask(server, "POST", path).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "token": [required] }));
        }
        let answer = ask(server, "POST", GET).body("application/json", "").send().await.expect(400);
        assert_eq!(String::from_utf8_lossy(&answer.body), both);
    });
}

#[test]
fn a_key_works_with_the_address_of_its_own_user_alone() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let person = NewPerson {
            email: "other@example.com".to_owned(),
            full_name: "Somebody else".to_owned(),
            role: "admin".to_owned(),
            password: None,
        };
        server.library.add_user(&system(), agent.organization.id, person).await.unwrap();
        let key = agent.keys.api_key.as_str();
        let none = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
        let other_key = format!("{}0", &key[..39]);
        let other_key = if other_key == key { format!("{}1", &key[..39]) } else { other_key };
        for (email, api_key) in [
            ("other@example.com", key),
            ("nobody@example.com", key),
            ("somebody", key),
            (agent.keys.email.as_str(), &key[..39]),
            (&agent.keys.email, &other_key),
            (&agent.keys.email, &agent.keys.callback_secret),
            (&agent.keys.email, &agent.organization.token),
            (key, &agent.keys.email),
        ] {
            all_say(server, GET, &[("email", email), ("api_key", api_key)], 400, none).await;
        }
        // How an address is written does not matter, and a header that means nothing here is not looked at.
        let body = json!({ "email": " Somebody@EXAMPLE.com ", "api_key": key });
        let ask = ask(server, "POST", GET).header("Authorization", "JWT nonsense").json(&body);
        let token = ask.send().await.expect(200).json()["token"].as_str().unwrap().to_owned();
        assert_eq!(claims(&token)["email"], "somebody@example.com");
    });
}

#[test]
fn a_key_that_was_taken_back_takes_its_tokens_with_it() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let other = Agent::with(server, agent.organization.clone(), library::Rights::ALL, None).await;
        server.library.revoke_token(&system(), agent.organization.id, key_of(&agent.token)).await.unwrap();
        unauthorized(agent.ask("GET", "/v1/media/").send().await, "Invalid signature.");
        refused_for_good(&agent, r#"{"non_field_errors":["User doesn't exist."]}"#).await;
        // Another key of the same user is another key.
        other.get("/v1/media/").await;
        other.new_token().await;
    });
}

#[test]
fn a_user_who_was_shut_out_is_told_so() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        server.library.disable_user(&system(), agent.organization.id, agent.organization.user_id).await.unwrap();
        let kept = json!({ "token": agent.token });
        for path in [REFRESH, VERIFY] {
            ask(server, "POST", path).json(&kept).send().await.expect(400);
        }
        let fields = [("email", agent.keys.email.as_str()), ("api_key", &agent.keys.api_key)];
        in_each_way(server, GET, &fields).await.into_iter().for_each(|answer| drop(answer.expect(400)));
        unauthorized(agent.ask("GET", "/v1/media/").send().await, "User account is disabled.");
    });
}

/// Neither the token is believed nor the key.
async fn refused_for_good(agent: &Agent<'_>, words: &str) {
    for path in [REFRESH, VERIFY] {
        all_say(agent.server, path, &[("token", &agent.token)], 400, words).await;
    }
    let fields = [("email", agent.keys.email.as_str()), ("api_key", &agent.keys.api_key)];
    let none = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
    all_say(agent.server, GET, &fields, 400, none).await;
}
