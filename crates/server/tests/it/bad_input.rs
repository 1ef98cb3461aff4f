//! What no client should send: ids, queries, bodies, methods, paths and heads that are wrong. Each gets a 4xx in the API's
//! own words, with `error` and `message`; none a 500.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, Organization, Server, forms::Form, on_each_engine, on_one_engine_with, routes_of};

/// No id is one of these. They are written as targets carry them.
const NO_IDS: &[&str] = &[
    "abc",
    "0",
    "-1",
    "%2B1",
    "1.5",
    "1e3",
    "0x10",
    "4294967296",
    "18446744073709551617",
    "99999999999999999999999999",
    "%00",
    "1%00",
    "%FF",
    "%C3%28",
    "1%2F2",
    "..",
    "1;2",
    "1'--",
    "%D9%A3",
    "%25",
    "%",
    "{id}",
    "*",
    "true",
];

/// Nothing, as JavaScript writes it: an id that is not there.
const NOTHINGS: &[&str] = &["", "null", "undefined"];

/// A server on each engine, and an organization in which nothing must come to be.
fn with_organization(case: impl AsyncFn(&Server, &Organization)) {
    on_each_engine(async |server| on(server, &case).await);
}

/// The same for what is refused before any engine has a part in it.
fn with_organization_once(case: impl AsyncFn(&Server, &Organization)) {
    on_one_engine_with(|_| {}, async |server| on(server, &case).await);
}

async fn on(server: &Server, case: &impl AsyncFn(&Server, &Organization)) {
    let organization = server.organization("Acme").await;
    case(server, &organization).await;
    // Whatever was sent, the server is well, and nothing has come to be.
    server.ask("GET", "/healthz").send().await.expect(200);
    assert!(server.listed(&organization.token, &organization.here()).await.is_empty());
    assert!(server.stored_files().is_empty());
}

#[test]
fn ids_that_are_none() {
    with_organization(async |server, organization| {
        let ask = |method: &str, target: &str| server.fliplet(method, target).token(&organization.token);
        let with_ids: Vec<_> =
            routes_of("/fliplet").into_iter().filter(|(_, _, path, _)| path.contains("{id}")).collect();
        for id in NO_IDS.iter().chain(NOTHINGS) {
            for (prefix, method, path, _) in &with_ids {
                // A body that is right does not help.
                let body = json!({ "name": "a.txt", "accessRules": null });
                let target = format!("{prefix}{}?size=640>?", path.replace("{id}", id).replace("{name}", "a.jpg"));
                let ask = server.ask(method.as_str(), &target).token(&organization.token);
                let answer = ask.json(&body).send().await;
                // An empty id makes another path of it, which may be there, for the same method or others.
                match (*id, answer.status) {
                    ("", 405) => answer.refused(405),
                    ("", 200) if *path == "/v1/apps/{id}" => answer,
                    _ => answer.refused_as_bad(),
                };
            }
        }
        for id in NO_IDS {
            for (method, target) in [
                ("GET", format!("/v1/media?organizationId={id}")),
                ("GET", format!("/v1/media?appId={id}")),
                ("GET", format!("/v1/media?folderId={id}")),
                ("GET", format!("/v1/media?folderId={id}&{}", organization.here())),
                ("GET", format!("/v1/media/zip?files={id}")),
                ("GET", format!("/v1/media/zip?files=1,{id}")),
                ("GET", format!("/v1/media/zip?folders={id}")),
                ("GET", format!("/v1/media/zip?folderId={id}&files=1")),
                ("GET", format!("/v1/media/search?name=x&folderId={id}")),
                ("GET", format!("/v1/media/search?name=x&id={id}")),
            ] {
                ask(method, &target).send().await.refused_as_bad();
            }
            let ask = ask("POST", &format!("/v1/media/files?folderId={id}"));
            Form::new().file("files[0]", "a.txt", "", b"bytes").put_in(ask).send().await.refused_as_bad();
        }
    });
}

#[test]
fn a_context_that_is_missing() {
    with_organization(async |server, organization| {
        let sentence = "appId or organizationId or folderId is required";
        let no_context = |answer: Answer| {
            assert_eq!(answer.refused(400).json(), json!({ "error": sentence, "message": sentence }));
        };
        let ask = |method: &str, target: &str| server.fliplet(method, target).token(&organization.token);
        for nothing in NOTHINGS {
            for query in ["", "?", &format!("?folderId={nothing}&appId={nothing}&organizationId={nothing}")] {
                no_context(ask("GET", &format!("/v1/media{query}")).send().await);
                no_context(ask("GET", &format!("/v1/media/zip{query}")).send().await);
                let form = Form::new().file("files[0]", "a.txt", "", b"bytes").text("appId", nothing);
                no_context(form.put_in(ask("POST", &format!("/v1/media/files{query}"))).send().await);
            }
            let body = json!({ "name": "Folder", "parentId": nothing, "organizationId": null });
            no_context(ask("POST", "/v1/media/folders").json(&body).send().await);
        }
    });
}

#[test]
fn lists_that_are_too_long() {
    with_organization_once(async |server, organization| {
        let ask = |target: String| server.fliplet("GET", &target).token(&organization.token);
        let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        ask(format!("/v1/media/zip?files={}", ids(1000))).send().await.refused(404);
        for name in ["files", "folders"] {
            ask(format!("/v1/media/zip?{name}={}", ids(1001))).send().await.refused(400);
        }
        let words = |count: usize| vec!["jpg"; count].join(",");
        ask(format!("/v1/media?{}&type={}", organization.here(), words(100))).send().await.expect(200);
        ask(format!("/v1/media?{}&type={}", organization.here(), words(101))).send().await.refused(400);
    });
}

#[test]
fn methods_that_a_path_does_not_take() {
    with_organization_once(async |server, organization| {
        let routes = routes_of("/fliplet");
        for (prefix, _, path, _) in &routes {
            let mut allowed: Vec<&str> = routes
                .iter()
                .filter(|(_, _, known, _)| known == path)
                .map(|(_, method, _, _)| method.as_str())
                .collect();
            if allowed.contains(&"GET") {
                allowed.push("HEAD");
            }
            allowed.sort_unstable();
            let target =
                format!("{prefix}{}", path.replace("{id}", "1").replace("{name}", "a").replace("{owner}", "1"));
            let target = target.replace("{file}", "a");
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
                if allowed.contains(&method) {
                    continue;
                }
                for slash in ["", "/"] {
                    let ask = server.ask(method, &format!("{target}{slash}")).token(&organization.token);
                    let answer = ask.send().await.expect(405);
                    let mut told: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
                    told.sort_unstable();
                    assert_eq!(told, allowed, "{method} {target}{slash}");
                    if method != "HEAD" {
                        answer.refused(405);
                    }
                }
            }
        }
    });
}

#[test]
fn paths_that_lead_nowhere() {
    with_organization(async |server, organization| {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v2/media",
            "/V1/MEDIA",
            "/v1/media/none",
            "/v1/media/files/1/none",
            "/v1/media/deleted/1",
            "/v1/media/apps/1",
            "/v1/media/users/1/accessRules",
            "/v1/apps/1/accessRules",
            "/v1/media/files/1/accessrules",
            "//v1/media",
            "/v1//media",
            "/v1/media//",
            "/v1/media/files/1/contents/a/b",
            "/v1/media/../media",
            "/v1/media/%2e%2e/x",
            "/v1/media/files/1/thumb",
            "/%00",
            "/%FF",
            "/v1%2Fmedia",
            "/apps/1",
            "/apps/1/2/3",
            "/apps/1/none.jpg",
            "/organizations/1/foo-618-033-988.jpg",
            "/apps/x/-000-000-0000",
            "/apps/%FF/%FF",
            "/v1/media/files/%FF/thumb/%FF",
        ] {
            for token in [None, Some(&organization.token)] {
                let ask = server.fliplet("GET", path);
                let answer = token.into_iter().fold(ask, |ask, token| ask.token(token)).send().await;
                assert!([400, 401, 404].contains(&answer.status), "{answer}");
                let status = answer.status;
                answer.refused(status);
            }
        }
    });
}

/// The last segment of `contents` is for people: whatever stands there, the bytes come.
#[test]
fn a_cosmetic_name_may_be_anything() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let organization = server.organization("Acme").await;
            let file = server.upload(&organization.token, &organization.here(), "a.txt", b"bytes").await["id"].clone();
            for name in [
                "a.txt",
                "%FF",
                "%00",
                "%2F..%2F",
                "..",
                "%F0%9F%98%80",
                "a b".replace(' ', "%20").as_str(),
                "%",
                "%zz",
            ] {
                let target = format!("/v1/media/files/{file}/contents/{name}");
                let answer = server.fliplet("GET", &target).token(&organization.token).send().await.expect(200);
                assert_eq!(answer.body, b"bytes", "{name}");
                assert_eq!(answer.header("content-disposition"), "inline; filename=\"a.txt\"");
            }
        },
    );
}

#[test]
fn heads_that_are_too_long() {
    with_organization_once(async |server, organization| {
        let list = || server.fliplet("GET", &format!("/v1/media?{}", organization.here())).token(&organization.token);
        let target = |bytes: usize| format!("/v1/media?{}&x={}", organization.here(), "x".repeat(bytes));
        server.fliplet("GET", &target(30_000)).token(&organization.token).send().await.expect(200);
        server.fliplet("GET", &target(40_000)).token(&organization.token).send().await.refused(431);
        list().header("X", "x".repeat(30_000)).send().await.expect(200);
        list().header("X", "x".repeat(40_000)).send().await.refused(431);
        let with_fields = |count: usize| (0..count).fold(list(), |ask, at| ask.header(&format!("X-{at}"), "x"));
        with_fields(90).send().await.expect(200);
        // What is beyond all reason is not even read to its end, and gets no words.
        for ask in [with_fields(5_000), list().header("X", "x".repeat(2_000_000))] {
            assert_cut_short(ask).await;
        }
        assert_cut_short(server.fliplet("GET", &target(2_000_000))).await;
    });
}

/// A refusal or nothing at all, but an end.
async fn assert_cut_short(ask: Ask) {
    if let Some(answer) = ask.send_for_any_end().await {
        assert!([400, 414, 431].contains(&answer.status), "{answer}");
    }
}

#[test]
fn what_is_wrong_with_values_that_clients_put_together() {
    with_organization(async |server, organization| {
        let ask = |query: &str| {
            let target = format!("/v1/media?{}{query}", organization.here());
            server.fliplet("GET", &target).token(&organization.token)
        };
        // Nothing here is understood, and nothing needs to be.
        for query in [
            "&",
            "&&=&",
            "&=",
            "&%",
            "&%zz=%zz",
            "&a=%FF",
            "&type=%00",
            "&type=%FF,,,",
            "&type=🙂",
            "&cdn=maybe",
            "&include[]=x&include[]=y",
            "&page=-1&limit=999999999999",
            "&sortBy=name'--",
            "&organizationId=999",
            "&;",
            "&x=\"<>`",
        ] {
            let listing = ask(query).send().await.expect(200).json();
            assert_eq!(listing, json!({ "folders": Value::Array(vec![]), "files": Value::Array(vec![]) }), "{query}");
        }
    });
}
