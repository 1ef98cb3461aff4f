//! Bodies that are no JSON, or no object, or too much of it; and forms, which the framework reads too.

use serde_json::json;

use super::{ASSETS, LINKS, PROJECTS, SHARE, nothing_is_made, says, send};
use crate::{
    mediapocket::{Account, account::ask},
    support::{on_each_engine, routes_of},
};

/// Every path that takes a body, with something in it that is not there.
fn takers() -> Vec<(String, String)> {
    let routes = routes_of("/mediapocket").into_iter().filter(|(_, method, path, right)| {
        let reads_none = ["/trash_bin", "/restore", "/public", "/private", "{key}"];
        right.is_some() && (*method == "POST" || *method == "PUT") && !reads_none.iter().any(|end| path.ends_with(end))
    });
    let target = |path: &str| path.replace("{id}", "1").replace("{comment}", "1");
    routes.map(|(_, method, path, _)| (method.to_string(), target(path))).collect()
}

#[test]
fn json_that_is_none() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let deep = "[".repeat(100_000);
        let nested = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500));
        let mut bodies: Vec<Vec<u8>> = [
            "{",
            "}",
            "{\"title\":}",
            "{'title':1}",
            "[1,]",
            "x",
            "{\"title\":\"t\"}x",
            "\"",
            "\u{feff}{}",
            "{\"title\":\"\n\"}",
            "{\"title\":\"\\ud800\"}",
            "{\"title\":\"\\udc00\\ud800\"}",
            "{\"\\ud800\":1}",
            "{\"title\":\"\\u0000\"}",
            "{\"a\\u0000\":1,\"title\":\"t\"}",
            "{\"tags\":[{\"x\":[\"\\u0000\"]}],\"title\":\"t\"}",
            "{\"title\":\"\\x\"}",
            "{\"title\":01}",
            "{\"title\":+1}",
            "{\"title\":.5}",
            "{\"title\":NaN}",
            "{\"title\":1e}",
            "{title:1}",
            "nul",
            "\0",
            &deep,
            &nested,
            &objects,
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
        bodies.extend([
            b"{\"title\":\"\xff\"}".to_vec(),
            b"\xff\xfe{\0}\0".to_vec(),
            b"{\"title\":\"\xed\xa0\x80\"}".to_vec(),
        ]);
        for (method, target) in takers() {
            for body in &bodies {
                let ask = ask(server, &method, &target).header("X-API-KEY", &account.key);
                says(ask.body("application/json", body.clone()).send().await, 400, "Invalid JSON");
            }
        }
        nothing_is_made(&account).await;
    });
}

#[test]
fn json_that_is_no_object_has_no_parameters() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let all = "Missing parameter expiry_date\nMissing parameter limit\nMissing parameter payload";
        for body in ["[]", "5", "\"x\"", "true", "null", "[{\"title\":\"t\",\"recipients\":[1]}]"] {
            for (target, words) in
                [(LINKS, all), (SHARE, "Missing parameter recipients"), (ASSETS, "Missing parameter title")]
            {
                says(send(&account, target, body).await, 422, words);
            }
        }
        nothing_is_made(&account).await;
    });
}

#[test]
fn a_body_has_a_megabyte_at_most() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = |spaces: usize| format!(r#"{{"title":"t"{}}}"#, " ".repeat(spaces)).into_bytes();
        let room = 1024 * 1024 - body(0).len();
        send(&account, ASSETS, body(room)).await.expect(200);
        for (method, target) in takers() {
            let target = target.as_str();
            for more in [1, 1_000_000] {
                let ask = || ask(server, &method, target).header("X-API-KEY", &account.key);
                let told = ask().body("application/json", body(room + more)).send().await;
                says(told, 400, "The request body is too large");
                // In chunks nobody says beforehand how much it is.
                let bytes = body(room + more);
                let chunks: Vec<u8> = bytes
                    .chunks(100_000)
                    .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
                    .chain(*b"0\r\n\r\n")
                    .collect();
                let chunked = ask().header("Transfer-Encoding", "chunked").body("application/json", chunks);
                says(chunked.send().await, 400, "The request body is too large");
            }
        }
        nothing_is_made(&account).await;
    });
}

#[test]
fn long_texts_are_kept_or_refused_in_words() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let text = "x".repeat(900_000);
        let many: Vec<String> = (0..50_000).map(|number| number.to_string()).collect();
        for body in [
            json!({ "title": text }),
            json!({ "title": "t", "description": text }),
            json!({ "title": "t", "category": text }),
            json!({ "title": "t", "tags": [text] }),
            json!({ "title": "t", "tags": many }),
            json!({ "title": "t", "external_id": text }),
        ] {
            for target in [ASSETS, PROJECTS, "/api/v2/collections"] {
                let answer = account.post(target, &body).await;
                let is_undeclared = target.ends_with("collections") && body.get("external_id").is_some();
                assert_eq!(answer.status, if is_undeclared { 200 } else { 400 }, "{answer}");
                assert!(
                    is_undeclared || answer.json()["error"].as_str().is_some_and(|words| words.len() < 200),
                    "{answer}"
                );
            }
        }
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [] }));
    });
}

#[test]
fn forms_are_read_too_and_hold_nothing_but_texts() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let form = async |target: &str, body: &str| {
            let ask = ask(server, "POST", target).header("X-API-KEY", &account.key);
            ask.body("application/x-www-form-urlencoded; charset=UTF-8", body).send().await
        };
        let made = form(ASSETS, "title=Gr%C3%BC%C3%9Fe+1&tags[]=b&tags%5B%5D=a&category=Sample").await.expect(200);
        let asset = &made.json()["asset"];
        assert_eq!((&asset["title"], &asset["tags"]), (&json!("Grüße 1"), &json!(["a", "b"])));
        assert_eq!(asset["category"], "sample");
        // No number comes in a form, so no link is made by one.
        let link = "expiry_date=2023-11-28&limit=5&payload[media_id]=4&payload[filename]=f";
        says(form(LINKS, link).await, 422, r#"Invalid parameter 'limit' value "5": Must be a Integer"#);
        says(
            form(SHARE, "recipients=a@b.c").await,
            422,
            r#"Invalid parameter 'recipients' value "a@b.c": Must be an array of any type"#,
        );
        says(form(SHARE, "recipients[]=a@b.c").await, 400, "No shareable links found");
        says(form(SHARE, "").await, 422, "Missing parameter recipients");
        for odd in
            ["title[a]=1", "title[]=1", "title[", "title[a][b]=1", "=&&=x&title[]]=1", "[a]=1", "%ff=%ff&title[a]=%ff"]
        {
            let answer = form(ASSETS, odd).await.expect(422);
            assert!(answer.json()["error"].as_str().unwrap().contains("title"), "{answer}");
        }
        for nul in ["title=a%00b", "title=a&x=%00", "title=a&x%00=1", "title=a&tags[]=%00"] {
            says(form(ASSETS, nul).await, 400, "Invalid JSON");
        }
        // Other types are taken for what they are: JSON or none.
        for content_type in ["text/plain", "", "application/vnd.api+json", "nonsense"] {
            let ask = || ask(server, "POST", ASSETS).header("X-API-KEY", &account.key);
            ask().body(content_type, r#"{"title":"t"}"#).send().await.expect(200);
            says(ask().body(content_type, "title=t").send().await, 400, "Invalid JSON");
        }
    });
}
