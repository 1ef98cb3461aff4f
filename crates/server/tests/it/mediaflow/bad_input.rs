//! What makes no sense is refused in the API's form, or gives an empty list; never a 500.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;

use super::{
    Agent,
    agent::{ask, refused},
};
use crate::support::{on_each_engine, on_one_engine_with, routes_of};

#[test]
fn ids_and_methods_and_routes() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let foreign = Agent::new(server).await;
        let theirs = foreign.upload(foreign.root, "a.txt", b"a").await;
        for id in ["0", "-1", "x", "4294967296", "999999", "1.5", "%FF", "", &theirs["id"].to_string()] {
            for target in [
                format!("/1/file/{id}"),
                format!("/1/file/{id}/folders"),
                format!("/1/file/{id}/checkpermissions"),
                format!("/1/file/{id}/usage"),
                format!("/1/file/{id}/license"),
                format!("/1/file/{id}/aialttext"),
                format!("/1/file/{id}/downloads"),
                format!("/1/file/{id}/downloads/0"),
            ] {
                // An empty id is no file, or another route.
                let answer = agent.ask("GET", &target).send().await;
                assert!([404, 405].contains(&answer.status), "{answer}");
                refused(
                    answer.expect(if id.is_empty() && target == "/1/file/" { 405 } else { 404 }),
                    if id.is_empty() && target == "/1/file/" { 405 } else { 404 },
                );
            }
        }
        for id in ["0", "-1", "x", "999999", &foreign.root.to_string()] {
            for rest in ["", "/children", "/files"] {
                refused(agent.ask("GET", &format!("/1/folder/{id}{rest}")).send().await, 404);
            }
        }
        let file = agent.upload(agent.root, "a.txt", b"a").await["id"].clone();
        for format in ["7", "x", "-2", "-1"] {
            refused(agent.ask("GET", &format!("/1/file/{file}/downloads/{format}")).send().await, 404);
        }
        for (method, target, status) in [
            ("DELETE", "/1/file/1", 405),
            ("PUT", "/1/search/file", 405),
            ("GET", "/1/search/file", 405),
            ("POST", "/1/foldertree", 405),
            ("GET", "/1/nonsense", 404),
            ("GET", "/", 404),
            ("GET", "/2/file/1", 404),
        ] {
            refused(agent.ask(method, target).send().await, status);
        }
    });
}

#[test]
fn lists_are_empty_where_nothing_is_found() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        agent.upload(agent.root, "a.txt", b"a").await;
        for query in
            ["type=nonsense", "type=image", "page=7", "type=video&processed=true", "page=2&per_page=1&type=file"]
        {
            assert!(agent.list(&format!("/1/file/latest?{query}")).await.is_empty(), "{query}");
        }
        for query in [
            "",
            "page=-1&per_page=0",
            "page=x&per_page=x",
            "type=any",
            "type=",
            "processed=",
            "fields=",
            "fields=nonsense",
        ] {
            assert_eq!(agent.list(&format!("/1/file/latest?{query}")).await.len(), 1, "{query}");
        }
        refused(agent.ask("GET", "/1/file/latest?page=99999999999999999999&type=file").send().await, 400);
        for (body, status) in [
            ("", 400),
            ("[]", 400),
            ("{}", 400),
            (r#"{"searchTerm":7}"#, 400),
            (r#"{"searchTerm":"%_\\"}"#, 200),
            (r#"{"searchTerm":"a\u0000b"}"#, 200),
        ] {
            let answer = agent.ask("POST", "/1/search/file").body("application/json", body).send().await.expect(status);
            if status != 200 {
                refused(answer, status);
            }
        }
        let long = json!({ "searchTerm": "x".repeat(2_000) });
        refused(agent.ask("POST", "/1/search/file").json(&long).send().await, 400);
        for body in [json!({}), json!({ "id": "x" }), json!({ "id": [null] }), json!({ "id": vec![1; 2_000] })] {
            refused(agent.ask("POST", "/1/files/multiple/usages").json(&body).send().await, 400);
        }
    });
}

/// PostgreSQL takes no text with a NUL, not even to look for it.
#[test]
fn a_nul_finds_nothing() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        for method in ["PUT", "POST"] {
            let send = async |key: &str| ask(server, method, &format!("/up/{key}")).body("", b"a").send().await;
            let status = send("nothing").await.status;
            assert!((400..500).contains(&status), "{status}");
            for key in ["%00", "nothing%00"] {
                refused(send(key).await, status);
            }
        }
        let (id, secret) = (&agent.keys.client_id, &agent.keys.client_secret);
        let client = format!("client_id={id}&client_secret={secret}");
        for name in ["%00", "somebody@example.com%00"] {
            let target = format!("/1/oauth2/token?grant_type=password&{client}&username={name}&password=x");
            assert_eq!(refused(ask(server, "GET", &target).send().await, 400), "invalid_grant");
        }
        for pair in ["refresh_token=%00", "grant_type=authorization_code&code=%00&redirect_uri=%00"] {
            let target = format!("/1/oauth2/token?grant_type=refresh_token&{client}&{pair}");
            let answer = ask(server, "GET", &target).send().await;
            assert_eq!(answer.status, 400, "{answer}");
        }
    });
}

/// Any query and any body to any route is answered in the API's form.
#[test]
fn nothing_is_answered_with_a_mistake_of_ours() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let agent = Agent::new(server).await;
            let file = agent.upload(agent.root, "a.txt", b"a").await["id"].clone();
            let routes = routes_of("/mediaflow");
            let query = "(&?(page|per_page|type|fields|processed|locale|w|h|x1|y1|x2|y2|sw|sh|format|k|grant_type|code|check)=[a-z0-9,%.-]{0,9}){0,5}";
            let strategy = (
                0..routes.len(),
                query,
                "[a-zA-Z0-9%._-]{0,12}",
                r#"(\{("[a-z]{1,12}":("[a-z]{0,5}"|-?[0-9]{1,12}|\[\]|\{\}|null),?){0,4}\}?|.{0,20})"#,
            );
            let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
            for round in 0..600 {
                let (route, query, segment, body) = strategy.new_tree(&mut runner).unwrap().current();
                let (_, method, path, _) = &routes[route];
                let segment = if round % 3 == 0 { file.to_string() } else { segment };
                let path: Vec<&str> =
                    path.split('/').map(|part| if part.starts_with('{') { segment.as_str() } else { part }).collect();
                let request =
                    agent.ask(method.as_str(), &format!("{}?{query}", path.join("/"))).body("application/json", body);
                let answer = request.send().await;
                assert!(answer.status < 500, "{answer}");
                if answer.status >= 400 {
                    let status = answer.status;
                    refused(answer, status);
                }
            }
            let _ = ask(server, "GET", "/1/me").send().await.expect(401);
        },
    );
}
