//! Any JSON and any form to every route that takes one, on any path: never a mistake of ours, and always an error in words.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;

use crate::{
    mediapocket::{Account, account::ask},
    support::{on_one_engine_with, routes_of},
};

/// What is known somewhere.
const NAMES: &str = "(expiry_date|limit|payload|media_id|filename|asset_id|recipients|message|shareable_link_ids|title|description|\
category|external_id|tags|media_type|url|file_url|s3|s3_key|to_project_id|parent_id|comment|content|name|asset_ids|user_ids|password|\
payload\\[media_id\\]|tags\\[\\]|url\\[file_url\\]|[a-z\\[\\]0-9]{0,8})";
const TEXTS: &str = "(ASSET|PROJECT|2023-11-28|article|image|a@example\\.com|http://example\\.com/a|s3://x/y|-?[0-9]{1,25}|[a-z/.%+ ]{0,9}|\
[^\"\\\\\\x00-\\x1f]{0,6}|\\\\u[0-9a-f]{4}|\\\\ud83d\\\\ude00)";

/// Values as JSON has them, whole or not.
fn json_body() -> impl Strategy<Value = String> {
    let value = format!(
        r#"("{TEXTS}"|-?[0-9]{{1,25}}(\.[0-9]{{1,3}})?(e[0-9]{{1,3}})?|true|null|\[\]|\{{\}}|\["{TEXTS}",1\]|\["{TEXTS}"\]|\{{"{NAMES}":"{TEXTS}","{NAMES}":[0-9]{{1,4}}\}})"#
    );
    let body = format!(r#"\{{("{NAMES}":{value},){{0,5}}"{NAMES}":{value}\}}?"#);
    prop_oneof![9 => proptest::string::string_regex(&body).unwrap(), 1 => "\\PC{0,20}"]
}

#[test]
fn nothing_is_answered_with_a_mistake_of_ours() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let account = Account::new(server).await;
            let routes: Vec<_> = routes_of("/mediapocket").into_iter().filter(|(.., right)| right.is_some()).collect();
            let own = || async {
                let asset = account.asset("a.txt", b"bytes").await["id"].as_str().unwrap().to_owned();
                let project = account.post("/api/v2/projects", &json!({ "title": "p" })).await.expect(200).json();
                (asset, project["project"]["id"].as_str().unwrap().to_owned())
            };
            let mut ours = own().await;
            let fields = prop::collection::vec((NAMES, TEXTS), 0..6);
            let strategy = (0..routes.len(), any::<bool>(), fields, json_body(), "[a-zA-Z0-9%._+-]{0,12}");
            let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
            for round in 0..1_000 {
                if round % 100 == 99 {
                    // Deleted by now, very likely.
                    ours = own().await;
                }
                let (route, is_form, fields, body, segment) = strategy.new_tree(&mut runner).unwrap().current();
                let (_, method, path, _) = &routes[route];
                let filled = |text: &str| text.replace("ASSET", &ours.0).replace("PROJECT", &ours.1);
                let id = match round % 4 {
                    0 => segment.as_str(),
                    1 => "1",
                    _ if path.contains("projects") => &ours.1,
                    _ => &ours.0,
                };
                let mut target = path.replace("{id}", id);
                for name in ["{comment}", "{media}", "{cursor}", "{asset}", "{key}"] {
                    target = target.replace(name, if round % 2 == 0 { "1" } else { &segment });
                }
                let ask = ask(server, method.as_str(), &target).header("X-API-KEY", &account.key);
                let ask = if is_form {
                    let pairs: Vec<String> =
                        fields.iter().map(|(name, text)| format!("{name}={}", filled(text))).collect();
                    ask.body("application/x-www-form-urlencoded", pairs.join("&"))
                } else {
                    ask.body("application/json", filled(&body))
                };
                let answer = ask.send().await;
                // Its own key may be taken back on the way.
                assert!(answer.status < 500 && answer.status / 100 != 3, "{method} {target}: {answer}\n{body}");
                let said = answer.json();
                assert_eq!(answer.status == 200, said["error"].is_null(), "{method} {target}: {answer}");
                if answer.status == 401 {
                    break;
                }
            }
            server.ask("GET", "/healthz").send().await.expect(200);
        },
    );
}
