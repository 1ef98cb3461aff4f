//! What no client should send. Each is refused in the API's form, none with a 500, and afterwards everything is as it was.

mod bodies;

use std::collections::BTreeMap;

use proptest::{prelude::*, strategy::ValueTree, string::string_regex, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{
    model::{escaped, tree},
    site::{ACCESS, FILES, FOLDERS, Site, refused},
};
use crate::support::{Answer, Server, on_each_engine, on_one_engine_with, routes_of};

const FILE: &str = "shelf/a.txt";

/// A method, a path, and a right body but for tokens.
type Change = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What changes something.
const CHANGES: &[Change] = &[
    ("PUT", "/api/media/files", &[("id", FILE), ("new_id", "new.txt")]),
    ("PUT", "/api/media/files/copy", &[("id", FILE), ("new_id", "new.txt")]),
    ("DELETE", "/api/media/files", &[("id", FILE)]),
    ("PATCH", "/api/media/files/meta", &[("id", FILE), ("field", "title"), ("value", "New")]),
    ("POST", "/api/media/files/meta", &[("id", FILE), ("field", "note"), ("value", "new")]),
    ("DELETE", "/api/media/files/meta", &[("id", FILE), ("field", "title")]),
    ("POST", "/api/media/folders", &[("id", "new")]),
    ("PUT", "/api/media/folders", &[("id", "shelf"), ("new_id", "new")]),
    ("PUT", "/api/media/folders/copy", &[("id", "shelf"), ("new_id", "new")]),
    ("DELETE", "/api/media/folders", &[("id", "shelf")]),
];

/// A site with something in it, in which nothing must change.
async fn with_site(server: &Server, case: &impl AsyncFn(&Site<'_>)) {
    let site = Site::with_tokens(server).await;
    site.put_file(FILE, b"bytes").await;
    site.set_meta(FILE, &json!({ "title": "A" })).await;
    site.put_folder("shelf/inner").await;
    let before = tree(&site).await;
    case(&site).await;
    unchanged(&site, &before, "all of it").await;
    server.ask("GET", "/healthz").send().await.expect(200);
}

async fn unchanged(site: &Site<'_>, before: &BTreeMap<String, Value>, by: &str) {
    assert_eq!(tree(site).await, *before, "changed by {by}");
}

fn refused_as_bad(answer: Answer) {
    let status = answer.status;
    assert!([400, 404].contains(&status), "{answer}");
    refused(answer, status);
}

/// A body that is right, with these fields in place of its own or further ones.
fn body_of(path: &str, fields: &[(&str, &str)], other: &[(&str, &Value)]) -> Value {
    let token = if path.starts_with("/api/media/folders") { FOLDERS } else { FILES };
    let mut body = json!({ "token": token, "access_token": ACCESS });
    for (name, value) in fields {
        body[name] = json!(value);
    }
    for (name, value) in other {
        body[name] = (*value).clone();
    }
    body
}

/// Ids of nothing that can be.
fn no_ids() -> Vec<String> {
    let fixed = [
        "",
        "/",
        "//",
        " ",
        ".",
        "..",
        "./shelf",
        "../shelf",
        "shelf/.",
        "shelf/..",
        "shelf/../shelf",
        "/../../etc",
        "..\\shelf",
        "shelf\\a.txt",
        ".meta",
        ".meta/shelf",
        "shelf/.meta",
        "shelf/.meta/a.txt",
        "shelf/\0",
        "a\0b.txt",
        "shelf/a\nb.txt",
        "\u{202e}gpj.exe",
    ];
    fixed.map(str::to_owned).into_iter().chain([format!("shelf/{}", "x".repeat(300)), "ä".repeat(150)]).collect()
}

/// Ids that can be, of nothing that is there.
const ABSENT: &[&str] =
    &["none.txt", "/etc/passwd", "shelf/none.txt", "shelf/a.txt/b.txt", "shelf/a.txt.txt", "\u{1f642}"];

#[test]
fn ids_that_are_none() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            let before = tree(site).await;
            for id in no_ids() {
                for (method, path, fields) in CHANGES {
                    for name in
                        ["id", "new_id"].into_iter().filter(|name| fields.iter().any(|(known, _)| known == name))
                    {
                        let body = body_of(path, fields, &[(name, &json!(id))]);
                        refused_as_bad(site.ask(method, path).json(&body).send().await);
                    }
                }
                // The top is no such id where something is only looked at, or laid in it.
                if !id.trim_matches('/').is_empty() {
                    for kind in ["files", "folders"] {
                        for options in ["", "&options[collection]=true", "&collection=1"] {
                            let target = format!("/api/media/{kind}?id={}{options}", escaped(&id));
                            refused_as_bad(site.get(&target).await);
                        }
                    }
                    refused_as_bad(site.upload(&id, "b.txt", b"bytes").await);
                }
                unchanged(site, &before, &format!("{id:?}")).await;
            }
        })
        .await;
    });
}

#[test]
fn ids_of_nothing() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            for id in ABSENT {
                for (method, path, fields) in CHANGES.iter().filter(|change| change.0 != "POST" || change.2.len() > 1) {
                    let body = body_of(path, fields, &[("id", &json!(id))]);
                    refused(site.ask(method, path).json(&body).send().await, 404);
                }
                for kind in ["files", "folders"] {
                    for options in ["", "&options[collection]=true"] {
                        refused(site.get(&format!("/api/media/{kind}?id={}{options}", escaped(id))).await, 404);
                    }
                }
            }
            // What is there, but not of that kind.
            for (path, id) in [("/api/media/folders", FILE), ("/api/media/files", "shelf")] {
                for (method, way) in [("PUT", ""), ("PUT", "/copy"), ("DELETE", "")] {
                    let body = json!({ "id": id, "new_id": "new" });
                    refused(site.call(method, &format!("{path}{way}"), body).await, 404);
                }
            }
            for id in ["%FF", "shelf/%FF.txt", "%C3%28", "%00", "%", "%zz", "shelf%2Fnone.txt"] {
                refused_as_bad(site.get(&format!("/api/media/files?id={id}")).await);
            }
        })
        .await;
    });
}

#[test]
fn a_hundred_folders_in_each_other_are_refused_or_there() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let deep = ["d"; 100].join("/");
        refused_as_bad(site.get(&format!("/api/media/folders?id={deep}")).await);
        refused_as_bad(site.call("DELETE", "/api/media/folders", json!({ "id": deep })).await);
        let before = tree(&site).await;
        let answer = site.call("POST", "/api/media/folders", json!({ "id": deep })).await;
        if answer.status == 200 {
            site.get(&format!("/api/media/folders?id={deep}")).await.expect(200);
            site.call("DELETE", "/api/media/folders", json!({ "id": "d" })).await.expect(204);
        } else {
            refused_as_bad(answer);
        }
        unchanged(&site, &before, "a deep folder").await;
    });
}

#[test]
fn values_of_another_type_and_those_that_are_missing() {
    on_each_engine(async |server| {
        with_site(server, &async |site: &Site<'_>| {
            let others = [
                json!(5),
                json!(-1.5),
                json!(true),
                json!(false),
                json!([]),
                json!(["a"]),
                json!({}),
                json!({ "a": "b" }),
                Value::Null,
            ];
            for (method, path, fields) in CHANGES {
                let names = fields.iter().map(|(name, _)| *name).chain(["token", "access_token"]);
                for name in names {
                    // A number is a value like any other.
                    for other in
                        others.iter().filter(|other| name != "value" || !(other.is_number() || other.is_boolean()))
                    {
                        let body = body_of(path, fields, &[(name, other)]);
                        refused(site.ask(method, path).json(&body).send().await, 400);
                    }
                    let mut body = body_of(path, fields, &[]);
                    body.as_object_mut().unwrap().remove(name);
                    refused(site.ask(method, path).json(&body).send().await, 400);
                }
            }
            for kind in ["files", "folders"] {
                let token = if kind == "files" { FILES } else { FOLDERS };
                for query in [
                    String::new(),
                    "id=shelf".to_owned(),
                    format!("token={token}"),
                    format!("id[]=shelf&token={token}"),
                    format!("id[a][b]=shelf&token={token}"),
                    format!("id=shelf&id[]=shelf&token={token}"),
                    format!("id=shelf&token[]={token}"),
                    format!("id=shelf&token={token}&token[x]=y"),
                    format!("ID=shelf&TOKEN={token}"),
                ] {
                    refused(site.ask("GET", &format!("/api/media/{kind}?{query}")).send().await, 400);
                }
            }
        })
        .await;
    });
}

#[test]
fn methods_and_routes() {
    on_one_engine_with(
        |_| {},
        async |server| {
            with_site(server, &async |site: &Site<'_>| {
                for (method, path, status) in [
                    ("PATCH", "/api/media/files", 405),
                    ("GET", "/api/media/files/copy", 405),
                    ("POST", "/api/media/files/copy", 405),
                    ("DELETE", "/api/media/files/copy", 405),
                    ("GET", "/api/media/files/meta", 405),
                    ("PUT", "/api/media/files/meta", 405),
                    ("PATCH", "/api/media/folders", 405),
                    ("POST", "/api/media/folders/copy", 405),
                    ("BREW", "/api/media/folders", 405),
                    ("GET", "/api/media", 404),
                    ("GET", "/api/media/none", 404),
                    ("GET", "/api/media/folders/meta", 404),
                    ("GET", "/API/media/files", 404),
                    ("GET", "/", 404),
                    ("GET", "//api/media/files", 404),
                ] {
                    let body = body_of(path, &[("id", FILE), ("new_id", "new.txt")], &[]);
                    let answer = site.ask(method, path).json(&body).send().await;
                    assert!(status == 404 || !answer.header("allow").is_empty(), "{answer}");
                    refused(answer, status);
                }
            })
            .await;
        },
    );
}

/// Any query and any body to any route is answered in the API's form.
#[test]
fn nothing_is_answered_with_a_mistake_of_ours() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let site = Site::with_tokens(server).await;
            site.put_file(FILE, b"bytes").await;
            let routes: Vec<_> =
                routes_of("/flextype").into_iter().filter(|(_, _, path, _)| path.starts_with("/api")).collect();
            let id = r"(a|shelf|shelf/a\.txt|/|[a-c./%\\ ]{0,6})";
            let option = r"&options(\[(where|0|key|operator|value|sort_by|direction|limit|offset|return|group_by|random|collection)?\]){0,4}=[a-z0-9<>/-]{0,7}";
            let body = format!(
                r#"\{{"id":"{id}","(new_id|folder|field|pad)":"{id}","(value|new_id)":("[a-z.]{{0,5}}"|-?[0-9]{{1,20}}|\[\]|\{{\}}|null),"token":"TOKEN","access_token":"{ACCESS}"\}}?"#
            );
            let options = string_regex(&format!("({option}){{0,5}}")).unwrap();
            let strategy = (0..routes.len(), id, options, string_regex(&body).unwrap());
            let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
            for _ in 0..600 {
                let (route, id, options, body) = strategy.new_tree(&mut runner).unwrap().current();
                let (_, method, path, _) = &routes[route];
                let token = if path.contains("folders") { FOLDERS } else { FILES };
                let query =
                    format!("id={}{}&token={token}", escaped(&id), options.replace('<', "%3C").replace('>', "%3E"));
                let request = site.ask(method.as_str(), &format!("{path}?{query}"));
                let answer = request.body("application/json", body.replace("TOKEN", token)).send().await;
                assert!(answer.status < 500, "{answer}\n{body}");
                if answer.status >= 400 {
                    let status = answer.status;
                    refused(answer, status);
                }
            }
        },
    );
}
