//! Any form and any JSON to every route that takes one: never a mistake of ours, and always JSON.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;

use super::Agent;
use crate::support::{forms::Form, on_one_engine_with, routes_of};

/// What is known somewhere.
const NAMES: &str = "(email|api_key|token|file|request|name|current_chunk|total_chunks|content_type|id|tag|page_type|callback_url|\
display_chat|requester|first_name|last_name|interface_class|value|subject|body|container|send_as|to|title|description|type|message|\
allowed_file_extensions|max_file_size|max_files|file_size_limit|max_file_downloads|push|is_draft|contact|contact_method|tfa_send_to|\
contact\\[0\\]first_name|contact\\[0\\]contact_method\\[0\\]value|contact\\[1\\]|long_message|[a-z\\[\\]0-9]{0,8})";
const TEXTS: &str =
    "(p2|pushpull|push|pull|email|link|sms|true|null|a@example\\.com|OWN|-?[0-9]{1,25}|[a-z/.%+ \\\\]{0,9}|\\PC{0,6})";

/// Values as JSON has them, whole or not.
fn json_body() -> impl Strategy<Value = String> {
    let value = format!(
        r#"("{TEXTS}"|-?[0-9]{{1,25}}(\.[0-9]{{1,3}})?(e[0-9]{{1,3}})?|OWN|true|null|\[\]|\[\{{\}}\]|\{{"a":\[1,"x"\]\}}|\["x",1\])"#
    );
    let body = format!(r#"\{{("{NAMES}":{value},){{0,5}}"{NAMES}":{value}\}}?"#);
    prop_oneof![9 => proptest::string::string_regex(&body).unwrap(), 1 => "\\PC{0,20}"]
}

#[test]
fn nothing_is_answered_with_a_mistake_of_ours() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let agent = Agent::new(server).await;
            let container = agent.create("/v1/module_container/container/", &json!({ "page_type": "p2" })).await;
            let own = container["id"].to_string();
            let recipients = format!("/v1/module_container/container/{own}/recipient/");
            let recipient = agent.create(&recipients, &json!({})).await["id"].to_string();
            let posts: Vec<&str> = routes_of("/botdoc")
                .into_iter()
                .filter(|(_, method, path, _)| *method == "POST" && path.starts_with("/v1/"))
                .map(|(_, _, path, _)| path)
                .collect();
            let fields = prop::collection::vec((NAMES, TEXTS, 0..6_usize), 0..8);
            let strategy = (0..posts.len(), 0..4_usize, fields, json_body(), "[a-zA-Z0-9%._+-]{0,12}");
            let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
            for round in 0..800 {
                let (route, kind, fields, body, segment) = strategy.new_tree(&mut runner).unwrap().current();
                let id = match round % 3 {
                    0 => own.clone(),
                    1 => recipient.clone(),
                    _ => segment,
                };
                let ask = agent.ask("POST", &posts[route].replace("{id}", &id));
                let fields = fields.iter().map(|(name, text, place)| (name.as_str(), text.replace("OWN", &own), place));
                let ask = match kind {
                    0 => ask.body("application/json", body.replace("OWN", &own)),
                    1 => {
                        let pairs: Vec<String> = fields.map(|(name, text, _)| format!("{name}={text}")).collect();
                        ask.body("application/x-www-form-urlencoded", pairs.join("&"))
                    }
                    _ => {
                        let form = fields.fold(Form::new(), |form, (name, text, place)| match place {
                            0 => form.file(name, &text.replace(['"', '\r', '\n'], ""), "", b"bytes"),
                            1 => form.file("file", "a.txt", "", text.as_bytes()),
                            _ => form.text(name, text),
                        });
                        form.put_in(ask)
                    }
                };
                let answer = ask.send().await;
                assert!(answer.status < 500 && ![301, 302, 303, 307, 308].contains(&answer.status), "{answer}\n{body}");
                answer.json();
            }
            server.ask("GET", "/healthz").send().await.expect(200);
            agent.get("/v1/media/?page_size=100").await;
            agent.get("/v1/request/?page_size=100").await;
        },
    );
}
