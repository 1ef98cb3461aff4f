//! Searching, and asking about many files at once. Contract 1.1 and 8.

use std::sync::atomic::Ordering;

use fliplet::TokenKind;
use serde_json::{Value, json};

use crate::support::{
    Ask, Organization, Server,
    json::normal,
    on_each_engine,
    organizations::system,
    views::{Top, folder, in_folder, text, with},
};

/// An organization with things to find, each a second younger than the one before.
struct Shelf<'a> {
    server: &'a Server,
    organization: Organization,
}

impl<'a> Shelf<'a> {
    async fn new(server: &'a Server) -> Self {
        Self { server, organization: server.organization("Acme").await }
    }

    async fn folder(&self, name: &str, context: Value) -> i64 {
        self.server.clock.fetch_add(1_000, Ordering::SeqCst);
        self.server.folder(&self.organization.token, name, context).await
    }

    async fn file(&self, context: &str, name: &str) -> i64 {
        self.server.clock.fetch_add(1_000, Ordering::SeqCst);
        let file = self.server.upload(&self.organization.token, context, name, name.as_bytes()).await;
        file["id"].as_i64().unwrap()
    }

    fn ask(&self, method: &str, target: &str) -> Ask {
        self.server.fliplet(method, &format!("/v1/media/{target}")).token(&self.organization.token)
    }

    /// The names that a search finds, in their order; by query and by body it is the same.
    async fn found(&self, query: Value) -> Vec<String> {
        self.found_by(&self.organization.token, query).await
    }

    async fn found_by(&self, token: &str, query: Value) -> Vec<String> {
        let names = |hits: Value| -> Vec<String> {
            hits.as_array().unwrap().iter().map(|hit| hit["name"].as_str().unwrap().to_owned()).collect()
        };
        let ask = |method, target: &str| self.server.fliplet(method, &format!("/v1/media/search{target}")).token(token);
        let by_body = ask("POST", "").json(&query).send().await.expect(200).json();
        let pairs = query.as_object().unwrap().iter().map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{key}={}", text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>())
        });
        let target = format!("?{}", pairs.collect::<Vec<_>>().join("&"));
        let by_query = ask("GET", &target).send().await.expect(200).json();
        assert_eq!(by_query, by_body, "{query}");
        names(by_query)
    }
}

#[test]
fn hits_are_whole_and_tell_where_they_lie() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        let outer = shelf.folder("Outer", json!({ "organizationId": shelf.organization.id })).await;
        shelf.folder("Inner Find", json!({ "parentId": outer })).await;
        let of_app = shelf.folder("Find", json!({ "appId": shelf.organization.app_id })).await;
        shelf.file(&format!("folderId={outer}"), "find-1.txt").await;
        shelf.file(&format!("folderId={of_app}"), "find-2.txt").await;
        shelf.file(&shelf.organization.here(), "find-3.txt").await;
        let organization = json!({ "id": "<id>", "name": "Acme" });
        let app = json!({ "id": "<id>", "name": "First app" });
        let hit = |view: Value, kind: &str, app: Value, parent: Value| {
            with(view, json!({ "type": kind, "app": app, "organization": organization, "parentFolder": parent }))
        };
        let holder = |name: &str, app: Value| {
            json!({
                "id": "<id>",
                "name": name,
                "appId": app,
                "organizationId": "<id>",
                "parentId": null,
                "parentFolder": null,
            })
        };
        let in_outer = holder("Outer", Value::Null);
        let inner = with(folder("Inner Find", Top::Organization), json!({ "parentId": "<id>" }));
        let second = in_folder(text("find-2.txt", Top::App), "Find", false);
        let first = in_folder(text("find-1.txt", Top::Organization), "Outer", false);
        let expected = json!([
            hit(folder("Find", Top::App), "folder", app.clone(), Value::Null),
            hit(inner, "folder", Value::Null, in_outer.clone()),
            hit(text("find-3.txt", Top::Organization), "file", Value::Null, Value::Null),
            hit(second, "file", app, holder("Find", json!("<id>"))),
            hit(first, "file", Value::Null, in_outer),
        ]);
        let told = shelf.ask("GET", "search?name=find").send().await.expect(200).json();
        assert_eq!(normal(&told), expected);
        assert_eq!(told[0]["app"]["id"], shelf.organization.app_id);
        let told = shelf.ask("GET", "search/?name=find&cdn=false").send().await.expect(200).json();
        assert!(told[2]["url"].as_str().unwrap().ends_with("/v1/media/files/3/contents/find-3.txt"), "{told}");
    });
}

#[test]
fn a_term_is_any_part_of_a_name_in_any_case_and_nothing_else() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        for name in ["100% sure.txt", "100 percent.txt", "a_b.txt", "axb.txt", "Größe.txt", "日本語.txt", "O'Neil.txt"]
        {
            shelf.file(&shelf.organization.here(), name).await;
        }
        for (term, expected) in [
            ("100%", &["100% sure.txt"][..]),
            ("_b", &["a_b.txt"]),
            ("A_B.TXT", &["a_b.txt"]),
            ("größE", &["Größe.txt"]),
            ("本", &["日本語.txt"]),
            ("日本語.t", &["日本語.txt"]),
            ("o'n", &["O'Neil.txt"]),
            ("\"", &[]),
            ("sure OR percent", &[]),
            ("\\", &[]),
            (" per ", &["100 percent.txt"]),
            ("*", &[]),
            ("b.txt", &["axb.txt", "a_b.txt"]),
        ] {
            assert_eq!(shelf.found(json!({ "name": term })).await, expected, "{term}");
        }
    });
}

#[test]
fn an_id_is_found_beside_a_name() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        let outer = shelf.folder("Outer", json!({ "appId": shelf.organization.app_id })).await;
        let (id, user) = (shelf.organization.id, shelf.organization.user_id);
        let other = server.library.found_space(&system(), id, "Other", user).await.unwrap().id;
        let here = shelf.organization.here();
        let file = shelf.file(&format!("folderId={outer}"), "plain.txt").await;
        shelf.file(&here, &format!("report {file}.txt")).await;
        let term = file.to_string();
        let report = format!("report {file}.txt");
        for (query, expected) in [
            (json!({ "name": term, "id": term }), vec!["plain.txt", &report]),
            (json!({ "name": term, "id": file }), vec!["plain.txt", &report]),
            (json!({ "id": file }), vec!["plain.txt"]),
            (json!({ "name": "nothing", "id": file }), vec!["plain.txt"]),
            (json!({ "name": term }), vec![&report]),
            (json!({ "name": "report", "id": 999 }), vec![&report]),
            // What reads as a number and is no id is a name only.
            (json!({ "name": "1.5", "id": "1.5" }), vec![]),
            (json!({ "name": "plain", "id": "" }), vec!["plain.txt"]),
            // Of one that lies elsewhere nothing is told.
            (json!({ "id": file, "appId": shelf.organization.app_id }), vec!["plain.txt"]),
            (json!({ "id": file, "deletedOnly": true }), vec![]),
            (json!({ "id": outer }), vec!["Outer"]),
            // The tops of apps and organizations are no folders.
            (json!({ "id": other, "name": "Other" }), vec![]),
        ] {
            assert_eq!(shelf.found(query.clone()).await, expected, "{query}");
        }
        assert!(shelf.found(json!({ "id": file, "name": "plain", "appId": other })).await.is_empty());
    });
}

#[test]
fn only_what_lies_below_the_place_asked_for_and_in_the_state_asked_for() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        let (id, app) = (shelf.organization.id, shelf.organization.app_id);
        let outer = shelf.folder("Outer", json!({ "appId": app })).await;
        let inner = shelf.folder("Inner", json!({ "parentId": outer })).await;
        let gone = shelf.folder("Gone", json!({ "parentId": outer })).await;
        for (context, name) in [
            (shelf.organization.here(), "top.txt"),
            (shelf.organization.app(), "app.txt"),
            (format!("folderId={outer}"), "outer.txt"),
            (format!("folderId={inner}"), "inner.txt"),
            (format!("folderId={gone}"), "gone.txt"),
        ] {
            shelf.file(&context, name).await;
        }
        let old = shelf.file(&format!("folderId={inner}"), "old.txt").await;
        for target in [format!("files/{old}"), format!("folders/{gone}")] {
            shelf.ask("DELETE", &target).send().await.expect(200);
        }
        let live = ["inner.txt", "outer.txt", "app.txt", "top.txt"];
        for (place, expected) in [
            (json!({}), &live[..]),
            (json!({ "organizationId": id }), &live),
            (json!({ "appId": app }), &live[..3]),
            (json!({ "folderId": outer }), &live[..2]),
            (json!({ "folderId": inner, "appId": 999 }), &live[..1]),
            (json!({ "folderId": gone }), &[]),
            (json!({ "deletedOnly": true }), &["old.txt", "gone.txt"]),
            (json!({ "deletedOnly": "true", "folderId": inner }), &["old.txt"]),
            (json!({ "deletedOnly": true, "folderId": gone }), &["gone.txt"]),
            (json!({ "deletedOnly": false, "folderId": inner }), &live[..1]),
        ] {
            assert_eq!(shelf.found(with(place.clone(), json!({ "name": ".txt" }))).await, expected, "{place}");
        }
        // Without a name it is all of them, and no folders.
        assert_eq!(shelf.found(json!({})).await, live);
        assert_eq!(shelf.found(json!({ "name": "GONE", "deletedOnly": true })).await, ["Gone", "gone.txt"]);
    });
}

#[test]
fn pages_follow_each_other_and_the_number_of_all_is_told_where_it_is_known() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        for number in 1..=7 {
            shelf.file(&shelf.organization.here(), &format!("file-{number}.txt")).await;
        }
        let pages = |name: &'static str| {
            let shelf = &shelf;
            async move {
                let mut pages = Vec::new();
                for page in 1..=4 {
                    pages.push(shelf.found(json!({ "name": name, "page": page, "limit": 3 })).await.join(" "));
                }
                pages
            }
        };
        let expected = ["file-7.txt file-6.txt file-5.txt", "file-4.txt file-3.txt file-2.txt", "file-1.txt", ""];
        assert_eq!(pages("file").await, expected);
        assert_eq!(pages("").await, expected);
        let total = async |query: &str| {
            let answer = shelf.ask("GET", &format!("search?{query}")).send().await.expect(200);
            answer.header("x-total-count").to_owned()
        };
        for (query, expected) in
            [("", "7"), ("page=3&limit=3", "7"), ("page=9", "7"), ("name=file", ""), ("deletedOnly=1", "")]
        {
            assert_eq!(total(query).await, expected, "{query}");
        }
        shelf.ask("DELETE", "files/4").send().await.expect(200);
        assert_eq!(total("").await, "6");
    });
}

#[test]
fn each_finds_only_what_they_may_see() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        let (app, other) = (shelf.organization.app_id, server.organization("Other").await);
        let (_, token) = server.new_token(&shelf.organization, TokenKind::App).await;
        let closed = shelf.folder("closed find", json!({ "appId": app })).await;
        let secret = shelf.file(&format!("folderId={closed}"), "find-secret.txt").await;
        let mine = shelf.file(&shelf.organization.app(), "find-mine.txt").await;
        let outside = shelf.file(&shelf.organization.here(), "find-outside.txt").await;
        let rules = json!({ "accessRules": [{ "type": ["read"], "allow": "loggedIn" }] });
        shelf.ask("PUT", &format!("folders/{closed}/accessRules")).json(&rules).send().await.expect(200);
        let query = json!({ "name": "find" });
        let all = ["closed find", "find-outside.txt", "find-mine.txt", "find-secret.txt"];
        assert_eq!(shelf.found(query.clone()).await, all);
        assert_eq!(shelf.found_by(&token, query.clone()).await, ["find-mine.txt"]);
        assert!(shelf.found_by(&other.token, query).await.is_empty());
        let ask = |token: &str, method: &str, target: &str| {
            server.fliplet(method, &format!("/v1/media/{target}")).token(token)
        };
        for (token, status) in [(&token, 401), (&other.token, 404)] {
            for id in [secret, outside] {
                assert!(shelf.found_by(token, json!({ "id": id })).await.is_empty(), "{id}");
            }
            for place in [format!("folderId={closed}"), shelf.organization.here()] {
                ask(token, "GET", &format!("search?name=find&{place}")).send().await.refused(status);
            }
        }
        // Who may not see all of them is not told how many there are.
        let answer = ask(&token, "GET", "search").send().await.expect(200);
        assert_eq!(answer.header("x-total-count"), "");
        let asked = json!({ "files": [secret, outside, mine], "attributes": ["name"] });
        let told =
            async |token: &str| ask(token, "POST", "files/aggregate").json(&asked).send().await.expect(200).json();
        assert_eq!(told(&token).await, json!({ "files": [{ "id": mine, "name": "find-mine.txt" }] }));
        assert_eq!(told(&other.token).await, json!({ "files": [] }));
    });
}

#[test]
fn an_aggregate_tells_of_files_in_the_order_asked_for() {
    on_each_engine(async |server| {
        let shelf = Shelf::new(server).await;
        let (here, app) = (shelf.organization.here(), shelf.organization.app());
        let ids = [shelf.file(&here, "a.txt").await, shelf.file(&app, "b.txt").await, shelf.file(&here, "c.txt").await];
        let [a, b, c] = ids;
        let told = async |body: Value| shelf.ask("POST", "files/aggregate").json(&body).send().await.expect(200).json();
        let views = [text("a.txt", Top::Organization), text("b.txt", Top::App), text("c.txt", Top::Organization)];
        let [a_view, b_view, c_view] = views;
        let all = told(json!({ "files": [c, a.to_string(), 999, b, c] })).await;
        assert_eq!(normal(&all), json!({ "files": [c_view, a_view, b_view] }));
        for body in [
            json!({ "files": [b, a], "attributes": ["name", "metadata", "createdAt", "nothing"] }),
            json!({ "files": [b, a], "fields": ["name", "metadata", "createdAt"] }),
        ] {
            let short = |name: &str| {
                let metadata = json!({ "size": "<bytes>", "checksum": "<hash>" });
                json!({ "id": "<id>", "name": name, "metadata": metadata, "createdAt": "<time>" })
            };
            assert_eq!(normal(&told(body).await), json!({ "files": [short("b.txt"), short("a.txt")] }));
        }
        assert_eq!(told(json!({ "files": [] })).await, json!({ "files": [] }));
        let link = shelf.ask("POST", "files/aggregate?cdn=false").json(&json!({ "files": [a], "fields": ["url"] }));
        let link = normal(&link.send().await.expect(200).json());
        assert_eq!(link["files"][0], json!({ "id": "<id>", "url": "<base>/v1/media/files/<id>/contents/a.txt" }));
    });
}
