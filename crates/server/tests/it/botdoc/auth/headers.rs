//! What stands in `Authorization`, right and wrong, and tokens that nobody here has written.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{REFRESH, VERIFY, all_say, claims, key_of, refresh, unauthorized};
use crate::{
    botdoc::{Agent, agent::ask},
    mediaflow,
    support::{Answer, Server, on_each_engine},
};

const NOT_PROVIDED: &str = "Authentication credentials were not provided.";
const UNDECODABLE: &str = "Error decoding signature.";

/// Asks with this header.
async fn with(server: &Server, header: &str) -> Answer {
    ask(server, "GET", "/v1/media/").header("Authorization", header).send().await
}

/// HMAC-SHA256 as RFC 2104 has it: a token is forged without the code that checks it.
fn hmac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let padded = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::digest([padded(0x36), text.as_bytes().to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).into()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with these claims that the server's own key signs.
async fn signed(server: &Server, head: &Value, claims: &Value) -> String {
    let key = server.library.keys_for("botdoc").await.unwrap()[0];
    let text = format!("{}.{}", encoded(head), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac(&key, &text));
    format!("{text}.{signature}")
}

#[test]
fn headers_are_read_as_the_framework_reads_them() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let token = &agent.token;
        for scheme in ["JWT", "jwt", "Jwt", "jWt"] {
            with(server, &format!("{scheme} {token}")).await.expect(200);
            with(server, &format!("{scheme}   {token}")).await.expect(200);
        }
        unauthorized(ask(server, "GET", "/v1/media/").send().await, NOT_PROVIDED);
        for header in [
            String::new(),
            format!("Bearer {token}"),
            format!("Token {token}"),
            format!("Basic {token}"),
            format!("JWT{token}"),
            format!("JWT:{token}"),
            token.clone(),
        ] {
            unauthorized(with(server, &header).await, NOT_PROVIDED);
        }
        let none = "Invalid Authorization header. No credentials provided.";
        let spaces = "Invalid Authorization header. Credentials string should not contain spaces.";
        for (header, words) in [
            ("JWT".to_owned(), none),
            ("JWT ".to_owned(), none),
            ("jwt".to_owned(), none),
            (format!("JWT {token} x"), spaces),
            (format!("JWT x {token}"), spaces),
            ("JWT a b c".to_owned(), spaces),
        ] {
            unauthorized(with(server, &header).await, words);
        }
    });
}

#[test]
fn tokens_that_nobody_wrote_here_are_not_believed() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let other = mediaflow::Agent::new(server).await;
        let parts: Vec<&str> = agent.token.split('.').collect();
        let (head, body, signature) = (parts[0], parts[1], parts[2]);
        let none = encoded(&json!({ "typ": "JWT", "alg": "none" }));
        let mut promoted = claims(&agent.token);
        promoted["user_id"] = json!(agent.organization.user_id + 1);
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        let other_head = json!({ "typ": "JWT", "alg": "HS512" });
        for token in [
            "nonsense".to_owned(),
            "a.b.c".to_owned(),
            "..".to_owned(),
            format!("{head}.{body}"),
            format!("{head}.{body}."),
            format!("{head}.{body}.{}", &signature[..42]),
            format!("{head}.{body}.{first}{}", &signature[1..]),
            format!("{head}.{}.{signature}", encoded(&promoted)),
            format!("{none}.{body}."),
            format!("{none}.{body}.{signature}"),
            signed(server, &other_head, &claims(&agent.token)).await,
            signed(server, &json!({ "typ": "JWT", "alg": "HS256" }), &json!({ "user_id": 1 })).await,
            other.token.clone(),
            agent.keys.api_key.clone(),
            agent.organization.token.clone(),
        ] {
            unauthorized(with(server, &format!("JWT {token}")).await, UNDECODABLE);
            for path in [REFRESH, VERIFY] {
                let answer = ask(server, "POST", path).json(&json!({ "token": token })).send().await.expect(400);
                assert_eq!(answer.json(), json!({ "non_field_errors": [UNDECODABLE] }), "{token}");
            }
        }
        // Nor are ours believed elsewhere.
        let elsewhere = server.ask("GET", "/mediaflow/1/me").header("Authorization", format!("Bearer {}", agent.token));
        elsewhere.send().await.expect(401);
    });
}

/// What our own key signs is believed only as far as it fits: these could come from another node or an older version.
#[test]
fn claims_that_lead_to_nobody() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let stranger = Agent::new(server).await;
        let head = json!({ "typ": "JWT", "alg": "HS256" });
        let own = claims(&agent.token);
        let changed = |key: &str, value: Value| {
            let mut claims = own.clone();
            claims[key] = value;
            claims
        };
        // The forged ones are right ones but for what is changed.
        with(server, &format!("JWT {}", signed(server, &head, &own).await)).await.expect(200);
        for claims in [
            changed("user_id", json!(999_999)),
            changed("user_id", json!(stranger.organization.user_id)),
            changed("key_id", json!("00000000-0000-8000-8000-0000000fffff")),
            changed("key_id", json!(format!("00000000-0000-8000-8000-{:012x}", key_of(&stranger.token)))),
        ] {
            let token = signed(server, &head, &claims).await;
            unauthorized(with(server, &format!("JWT {token}")).await, "Invalid signature.");
            for path in [REFRESH, VERIFY] {
                let words = r#"{"non_field_errors":["User doesn't exist."]}"#;
                all_say(server, path, &[("token", &token)], 400, words).await;
            }
        }
        let mut without = own.clone();
        without.as_object_mut().unwrap().shift_remove("orig_iat");
        let token = signed(server, &head, &without).await;
        with(server, &format!("JWT {token}")).await.expect(200);
        let answer = refresh(&agent, &token).await.expect(400);
        assert_eq!(answer.json(), json!({ "non_field_errors": ["orig_iat field is required."] }));
    });
}
