//! Who asks too much is told when to come back, in each dialect's words; guessing comes to a crawl; and nobody else notices.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::{StreamExt, stream};
use library::NewPerson;
use mediary::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    mediaflow::Agent,
    support::{
        Answer, Ask,
        engines::{in_quiet_with, on_each_engine_with, on_one_engine_with},
        organizations::system,
    },
};

const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "editor@example.com";
const MINUTE_MS: i64 = 60_000;
const GUESSES: usize = 10_000;

/// As if a proxy that is believed had it from there.
fn from(ask: Ask, address: &str) -> Ask {
    ask.header("X-Forwarded-For", address)
}

fn behind_a_proxy(settings: &mut Settings) {
    settings.trusted_proxies = vec!["127.0.0.1".to_owned()];
}

fn sign_in(agent: &Agent<'_>, address: &str, email: &str, password: &str) -> Ask {
    let (id, secret) = (&agent.keys.client_id, &agent.keys.client_secret);
    let form = format!(
        "grant_type=password&client_id={id}&client_secret={secret}&username={email}&password={}",
        password.replace(' ', "+")
    );
    let ask = agent.server.ask("POST", "/mediaflow/1/oauth2/token");
    from(ask.body("application/x-www-form-urlencoded", form), address)
}

async fn add_editor(agent: &Agent<'_>) {
    let person = NewPerson {
        email: EMAIL.to_owned(),
        full_name: "Editor".to_owned(),
        role: "editor".to_owned(),
        password: Some(PASSWORD.to_owned()),
    };
    agent.server.library.add_user(&system(), agent.organization.id, person).await.unwrap();
}

/// Panics unless it says when to come back; that.
#[track_caller]
fn retry_after(answer: Answer) -> u64 {
    let answer = answer.expect(429);
    answer.header("retry-after").parse().unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn ten_thousand_wrong_passwords_come_to_a_crawl_and_slow_nobody_else() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.guesses_per_address = 10;
        settings.throttle.guesses_per_account = 60;
    };
    in_quiet_with(set, async |server| {
        let agent = Agent::new(server).await;
        add_editor(&agent).await;
        let right = async || {
            let began = Instant::now();
            sign_in(&agent, "198.51.100.7", EMAIL, PASSWORD).send().await.expect(200);
            began.elapsed()
        };
        let alone = (right().await + right().await + right().await) / 3;
        let attack = stream::iter(0..GUESSES)
            .map(|number| sign_in(&agent, "203.0.113.66", EMAIL, &format!("guess {number}")).send())
            .buffer_unordered(32)
            .fold((0, 0), async |(looked_at, refused), answer| match answer.status {
                400 => (looked_at + 1, refused),
                _ => {
                    assert_eq!(retry_after(answer), 6);
                    (looked_at, refused + 1)
                }
            });
        let attacked = std::cell::Cell::new(true);
        let others = async {
            let mut times = Vec::new();
            while attacked.get() {
                times.push(right().await);
            }
            times
        };
        let (outcome, times) = tokio::join!(
            async {
                let outcome = attack.await;
                attacked.set(false);
                outcome
            },
            others
        );
        assert_eq!(outcome, (10, GUESSES - 10));
        assert!(times.len() >= 3, "{times:?}");
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
        eprintln!("alone {alone:?}, beside {GUESSES} guesses {mean:?}, of {}", times.len());
        assert!(mean < alone * 10 + Duration::from_secs(1), "{mean:?} beside, {alone:?} alone");
        // Six seconds for one more.
        server.clock.fetch_add(6_000, Ordering::SeqCst);
        let mut more = Vec::new();
        for _ in 0..3 {
            more.push(sign_in(&agent, "203.0.113.66", EMAIL, "again").send().await.status);
        }
        assert_eq!(more, [400, 429, 429]);
    });
}

#[test]
fn guesses_at_one_account_from_everywhere_are_limited_too() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.guesses_per_address = 3;
        settings.throttle.guesses_per_account = 5;
    };
    on_one_engine_with(set, async |server| {
        let agent = Agent::new(server).await;
        add_editor(&agent).await;
        let mut seen = Vec::new();
        for number in 0..7 {
            let ask = sign_in(&agent, &format!("203.0.113.{number}"), EMAIL, "wrong");
            seen.push(ask.send().await.status);
        }
        assert_eq!(seen, [400, 400, 400, 400, 400, 429, 429]);
        // Nobody has the password while the account is guessed at, and everybody else signs in.
        assert_eq!(retry_after(sign_in(&agent, "198.51.100.1", EMAIL, PASSWORD).send().await), 12);
        assert_eq!(sign_in(&agent, "198.51.100.1", "other@example.com", "wrong").send().await.status, 400);
        server.clock.fetch_add(MINUTE_MS, Ordering::SeqCst);
        for _ in 0..20 {
            sign_in(&agent, "198.51.100.2", EMAIL, PASSWORD).send().await.expect(200);
        }
    });
}

#[test]
fn wrong_secrets_where_tokens_are_given_out_count_as_guesses() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.guesses_per_address = 2;
    };
    on_each_engine_with(set, async |server| {
        let agent = Agent::new(server).await;
        let flow = |address| {
            let target =
                "/mediaflow/1/oauth2/token?grant_type=refresh_token&client_id=a&client_secret=b&refresh_token=c";
            from(server.ask("GET", target), address)
        };
        let bot = |address| {
            let ask = server.ask("POST", "/botdoc/v1/auth/get_token/");
            from(ask.json(&json!({ "email": "a@example.com", "api_key": "wrong" })), address)
        };
        flow("203.0.113.1").send().await.expect(401);
        bot("203.0.113.1").send().await.expect(400);
        let refused = flow("203.0.113.1").send().await;
        assert_eq!(refused.json(), json!({ "status": 429, "error": "Too Many Requests" }));
        assert_eq!(retry_after(refused), 30);
        let refused = bot("203.0.113.1").send().await;
        assert_eq!(refused.json(), json!({ "detail": "Request was throttled. Expected available in 30 seconds." }));
        assert_eq!(retry_after(refused), 30);
        bot("203.0.113.2").send().await.expect(400);
        // Right ones never do.
        for _ in 0..5 {
            from(server.ask("GET", &format!("/mediaflow/1/oauth2/token?{}", agent.grant())), "203.0.113.3")
                .send()
                .await
                .expect(200);
        }
    });
}

#[test]
fn keys_that_there_are_not_are_soon_not_looked_for() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.wrong_keys_per_address = 4;
    };
    on_each_engine_with(set, async |server| {
        let organization = server.organization("Acme").await;
        let list = |address, token: &str| {
            from(server.fliplet("GET", &format!("/v1/media?{}", organization.here())).token(token), address)
        };
        for number in 0..4 {
            list("203.0.113.1", &format!("eu--{number}")).send().await.expect(401);
        }
        let refused = list("203.0.113.1", "eu--5").send().await;
        let words = json!({ "error": "too many requests", "message": "Too many requests, try again later" });
        assert_eq!(refused.json(), words);
        assert_eq!(retry_after(refused), 15);
        // Others come in, and after a while whoever had a wrong one does.
        list("203.0.113.2", &organization.token).send().await.expect(200);
        list("203.0.113.1", &organization.token).send().await.expect(200);
        server.clock.fetch_add(15_000, Ordering::SeqCst);
        list("203.0.113.1", "eu--5").send().await.expect(401);
    });
}

#[test]
fn an_address_that_asks_too_much_is_told_so_in_each_dialect() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.requests_per_address = 3;
    };
    on_one_engine_with(set, async |server| {
        let later = "Request was throttled. Expected available in 20 seconds.";
        let cases: [(&str, Value); 5] = [
            (
                "/fliplet/v1/user",
                json!({ "error": "too many requests", "message": "Too many requests, try again later" }),
            ),
            ("/mediaflow/1/file/latest", json!({ "status": 429, "error": "Too Many Requests" })),
            ("/botdoc/v1/module_container/container/", json!({ "detail": later })),
            ("/mediapocket/api/v1/assets", json!({ "error": "Too many requests" })),
            ("/flextype/api/v1/files?token=a&id=b", json!(null)),
        ];
        for (number, (target, words)) in cases.into_iter().enumerate() {
            let address = format!("203.0.113.{number}");
            let ask = || from(server.ask("GET", target), &address).send();
            for _ in 0..3 {
                let answer = ask().await;
                assert!(answer.status < 429, "{answer}");
            }
            let refused = ask().await;
            if words.is_null() {
                assert!(refused.body.windows(17).any(|part| part == b"Too Many Requests"), "{refused}");
            } else {
                assert_eq!(refused.json(), words, "{refused}");
            }
            assert_eq!(retry_after(refused), 20);
        }
        // Who says so by themselves is not believed to be somebody else: the last hop is what the proxy saw.
        let forged = server.ask("GET", "/fliplet/v1/user").header("X-Forwarded-For", "198.51.100.1, 203.0.113.0");
        retry_after(forged.send().await);
        server.ask("GET", "/fliplet/v1/user").send().await.expect(401);
        server.clock.fetch_add(20_000, Ordering::SeqCst);
        from(server.ask("GET", "/fliplet/v1/user"), "203.0.113.0").send().await.expect(401);
    });
}

#[test]
fn a_key_that_asks_too_much_is_told_so_wherever_it_asks_from() {
    let set = |settings: &mut Settings| {
        behind_a_proxy(settings);
        settings.throttle.requests_per_key = 6;
    };
    on_one_engine_with(set, async |server| {
        let (one, other) = (server.organization("One").await, server.organization("Other").await);
        let user = |address: &str, token: &str| from(server.fliplet("GET", "/v1/user").token(token), address).send();
        for number in 0..6 {
            user(&format!("203.0.113.{number}"), &one.token).await.expect(200);
        }
        assert_eq!(retry_after(user("203.0.113.9", &one.token).await), 10);
        user("203.0.113.9", &other.token).await.expect(200);
        // Sessions are their key's, which was used once to get one.
        let agent = Agent::new(server).await;
        for _ in 0..5 {
            agent.ask("GET", "/1/file/latest").send().await.expect(200);
        }
        assert_eq!(retry_after(agent.ask("GET", "/1/file/latest").send().await), 10);
    });
}
