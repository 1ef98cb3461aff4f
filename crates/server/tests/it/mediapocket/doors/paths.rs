//! What holds for every path: browsers of other origins ask first, slashes at the end make no difference, HEAD answers where GET does,
//! and what is not there is not there in JSON.

use serde_json::json;

use super::{KNOCKS, Knock, OURS, ours};
use crate::{
    mediapocket::{Account, account::ask},
    support::{Answer, on_each_engine, routes_of},
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
fn a_page_of_another_origin_may_send_the_key() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for (_, method, path, _) in routes_of("/mediapocket") {
            let ask =
                ask(server, "OPTIONS", &path.replace(['{', '}', '*'], "")).header("Origin", "https://app.example");
            let ask = ask.header("Access-Control-Request-Method", method.as_str());
            let ask = ask.header("Access-Control-Request-Headers", "content-type,x-api-key");
            let answer = ask.send().await.expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer}");
            lists(&answer, "access-control-allow-headers", &["x-api-key", "content-type"]);
            lists(&answer, "access-control-allow-methods", &[method.as_str()]);
            assert!(answer.body.is_empty(), "{answer}");
        }
        let from = |ask: crate::support::Ask| ask.header("Origin", "https://app.example");
        for (ask, status) in [
            (account.ask("GET", "/api/v2/projects"), 200),
            (account.ask("GET", "/api/v2/assets/999999"), 404),
            (account.ask("GET", "/nowhere"), 404),
            (account.ask("PATCH", "/api/v2/projects"), 404),
            (account.ask("POST", "/api/v2/projects"), 422),
            (ask(server, "GET", "/api/v2/projects"), 401),
            (ask(server, "GET", "/api/v2/shareable_links/x"), 404),
            (ask(server, "GET", "/s3/mediapocket-1/x/1"), 403),
        ] {
            let answer = from(ask).send().await;
            // What S3 says of a URL without a signature is another's test.
            assert!(answer.status == status || answer.header("content-type") == "application/xml", "{answer}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer}");
            lists(&answer, "access-control-expose-headers", &["Content-Disposition", "Content-Length"]);
        }
    });
}

#[test]
fn a_slash_at_the_end_and_head_make_no_difference() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let names = ours(&account).await;
        for knock in KNOCKS.iter().filter(|knock| knock.method == "GET") {
            let target = Knock::named(knock.target, &names);
            let plain = account.ask("GET", &target).send().await.expect(200);
            let slash = account.ask("GET", &format!("{target}/")).send().await.expect(200);
            assert_eq!(slash.json(), plain.json(), "{target}");
            for target in [target.clone(), format!("{target}/")] {
                let head = account.ask("HEAD", &target).send().await.expect(200);
                for header in ["content-type", "content-length"] {
                    assert_eq!(head.header(header), plain.header(header), "{target}: {header}");
                }
                ask(server, "HEAD", &target).send().await.expect(401);
            }
        }
        for target in ["/api/v2/assets", "/api/v2/projects", "/api/v2/collections"] {
            let made = account.post(&format!("{target}/"), &json!({ "title": OURS })).await.expect(200).json();
            assert_eq!(made.as_object().unwrap().len(), 1, "{made}");
        }
        let share = account.post("/api/v2/shareable_links/share/", &json!({})).await.expect(422);
        assert_eq!(share.json(), json!({ "error": "Missing parameter recipients" }));
    });
}

#[test]
fn what_is_not_there_is_not_there_in_json() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("a.txt", b"bytes").await["id"].as_str().unwrap().to_owned();
        let of_asset = |rest: &str| format!("/api/v2/assets/{asset}/{rest}");
        let mut targets: Vec<String> = [
            "/",
            "",
            "/api",
            "/api/v2",
            "/api/v1/assets",
            "/api/v2/Assets",
            "/API/v2/assets",
            "//api/v2/assets",
            "/api//v2/assets",
            "/api/v2/asset",
            "/api/v2/shareable_links.json",
            "/api/v2/projects.json",
            // Contract 1.2: admin, and publishing channels, whose shapes nobody knows.
            "/api/v2/publishing_channels",
            "/api/v2/publishing_channels/youtube",
            "/api/v2/admin/publishing_channels",
            "/api/v2/allowed_domains",
            "/api/v2/field_groups",
            "/api/v2/user_groups",
            "/api/v2/user_roles",
        ]
        .map(str::to_owned)
        .to_vec();
        targets.extend(
            ["dag_actions", "dag_action_runs", "dag_actions/1", "nothing", "media/1", "media/1/"].map(of_asset),
        );
        for target in &targets {
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"] {
                let words = json!({ "error": "Not found" });
                assert_eq!(account.ask(method, target).send().await.expect(404).json(), words, "{method} {target}");
                // Without a key as well: nobody learns anything by it.
                assert_eq!(ask(server, method, target).send().await.expect(404).json(), words, "{method} {target}");
            }
        }
        let routes = routes_of("/mediapocket");
        for (_, _, path, _) in routes.iter().filter(|(_, _, path, _)| path.starts_with("/api/")) {
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"] {
                let is_known =
                    |wanted: &str| routes.iter().any(|(_, known, other, _)| other == path && known.as_str() == wanted);
                // `share` is a link's key for GET.
                if is_known(method) || path.ends_with("/share") {
                    continue;
                }
                let target = path.replace(['{', '}'], "");
                let answer = account.ask(method, &target).send().await.expect(404);
                assert_eq!(answer.json(), json!({ "error": "Not found" }), "{answer}");
            }
        }
    });
}

#[test]
fn ids_that_nothing_has() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        account.asset("a.txt", b"bytes").await;
        for bad in [
            "0",
            "-1",
            "x",
            "999999",
            "1.5",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999",
            "b5Iix0ul_b2bTnT23Jo-",
            "%00",
            "%FF",
            "1%2F2",
            "%2B1",
            "1%20",
            "1_0",
            "%D9%A1",
            "..",
            "%2e%2e",
            "'%20or%201=1",
            "%F0%9F%92%A9",
            "null",
            "[]",
            "{}",
        ] {
            for knock in KNOCKS.iter().filter(|knock| knock.route.contains('{')) {
                let mut target = knock.route.to_owned();
                for name in ["{id}", "{comment}", "{media}", "{cursor}", "{asset}", "{key}"] {
                    target = target.replace(name, bad);
                }
                let ask = ask(server, knock.method, &target).header("X-API-KEY", &account.key);
                let body = knock.body.replace("{user}", "1");
                let ask = if body.is_empty() { ask } else { ask.body("application/json", body) };
                let answer = ask.send().await.expect(404);
                assert!(answer.json()["error"].as_str().unwrap().to_lowercase().ends_with("not found"), "{answer}");
            }
        }
    });
}

#[test]
fn the_name_of_the_header_is_written_as_one_likes() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for name in ["X-API-KEY", "x-api-key", "X-Api-Key"] {
            ask(server, "GET", "/api/v2/user").header(name, &account.key).send().await.expect(200);
        }
        // Nowhere else.
        for (name, value) in [
            ("Authorization", format!("Bearer {}", account.key)),
            ("Auth-token", account.key.clone()),
            ("Cookie", format!("X-API-KEY={}", account.key)),
        ] {
            let answer = ask(server, "GET", "/api/v2/user").header(name, value).send().await.expect(401);
            assert_eq!(answer.json(), json!({ "error": "Unauthorized" }));
            assert_eq!(answer.header("www-authenticate"), "");
        }
        for query in ["x-api-key", "X-API-KEY", "api_key"] {
            let target = format!("/api/v2/user?{query}={}", account.key);
            ask(server, "GET", &target).send().await.expect(401);
        }
        for odd in [&b"\xff\xfe"[..], b"a\tb", &[b'x'; 4_000]] {
            ask(server, "GET", "/api/v2/user").header("X-API-KEY", odd).send().await.expect(401);
        }
    });
}
