//! Pages of other origins: what a browser asks before it sends `Authorization`, and what it has to find in every answer.

use crate::{
    botdoc::{Agent, agent::ask},
    support::{Answer, on_each_engine},
};

/// Panics unless a list that a header carries has each of these.
#[track_caller]
fn lists(answer: &Answer, header: &str, words: &[&str]) {
    let list: Vec<String> = answer.header(header).split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    for word in words {
        assert!(list.contains(&word.to_ascii_lowercase()), "{header} lacks {word}: {answer}");
    }
}

#[test]
fn preflights_are_answered_without_a_token() {
    on_each_engine(async |server| {
        for (target, method) in [
            ("/v1/auth/get_token", "POST"),
            ("/v1/media/", "POST"),
            ("/v1/media/1/", "DELETE"),
            ("/v1/media/1/download/", "GET"),
            ("/v1/module_container/container/1/send_notification/", "POST"),
        ] {
            let ask = ask(server, "OPTIONS", target).header("Origin", "https://app.example");
            let ask = ask.header("Access-Control-Request-Method", method);
            let answer =
                ask.header("Access-Control-Request-Headers", "authorization,content-type").send().await.expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer}");
            lists(&answer, "access-control-allow-headers", &["Authorization", "Content-Type", "Accept"]);
            lists(&answer, "access-control-allow-methods", &["GET", "POST", "PUT", "PATCH", "DELETE"]);
            assert!(answer.body.is_empty(), "{answer}");
        }
    });
}

#[test]
fn every_answer_can_be_read_by_a_page_of_another_origin() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let media = agent.media("a.txt", b"bytes").await;
        let from = |ask: crate::support::Ask| ask.header("Origin", "https://app.example");
        let of = |target: &str| from(agent.ask("GET", target));
        for (ask, status) in [
            (of("/v1/media/"), 200),
            (of(&format!("/v1/media/{}/download/", media["id"])), 200),
            (of("/v1/media/999999/"), 404),
            (of("/media/"), 404),
            (from(agent.ask("PUT", "/v1/media/")), 405),
            (from(agent.ask("POST", "/v1/media/")), 400),
            (from(ask(server, "GET", "/v1/media/")), 401),
            (from(ask(server, "POST", "/v1/auth/get_token")), 400),
        ] {
            let answer = ask.send().await.expect(status);
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer}");
            lists(&answer, "access-control-expose-headers", &["Content-Disposition", "Content-Length"]);
        }
    });
}
