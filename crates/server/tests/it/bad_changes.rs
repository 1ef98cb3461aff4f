//! Changes that can not be made: of names, places and flags, into the trash, out of it and to an end; and questions that
//! can not be asked. Each gets a 4xx in the API's own words, and nothing is changed by it.

use serde_json::{Value, json};

use crate::support::{Scene, on_each_engine, on_one_engine_with, views::sentence};

/// Runs a case, after which everything must be as it was.
fn on_each_scene(case: impl AsyncFn(&Scene<'_>)) {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let before = scene.seen().await;
        case(&scene).await;
        assert_eq!(scene.seen().await, before);
        server.ask("GET", "/healthz").send().await.expect(200);
    });
}

/// The same on one engine, for what no engine has a part in.
fn on_one_scene(case: impl AsyncFn(&Scene<'_>)) {
    on_one_engine_with(
        |_| {},
        async |server| {
            let scene = Scene::new(server).await;
            let before = scene.seen().await;
            case(&scene).await;
            assert_eq!(scene.seen().await, before);
        },
    );
}

/// What is no id, in JSON.
fn no_ids() -> Vec<Value> {
    let texts = ["abc", "0", "-1", "1.5", "1e3", "0x10", "4294967296", "99999999999999999999999999", "1;2", "٣", "1\0"];
    let others = [json!(true), json!([]), json!([1]), json!({}), json!(1.5), json!(-1), json!(0), json!(1e99)];
    others.into_iter().chain([json!(4_294_967_296_u64), json!(u64::MAX)]).chain(texts.map(Value::from)).collect()
}

#[test]
fn values_of_a_wrong_type() {
    on_one_scene(async |scene| {
        let targets = [format!("files/{}", scene.file), format!("folders/{}", scene.outer)];
        for target in &targets {
            for key in ["appId", "organizationId", "parentId", "mediaFolderId", "folderId"] {
                for wrong in no_ids() {
                    // What else the body asks for is not done either.
                    let answer = scene.put(target, &json!({ "name": "New.txt", key: wrong })).await.refused(400);
                    assert!(answer.message().starts_with(key), "{answer}");
                }
            }
            for wrong in [json!(1), json!(true), json!(["x"]), json!({})] {
                let answer = scene.put(target, &json!({ "name": wrong, "parentId": scene.inner })).await;
                assert_eq!(answer.refused(400).message(), "name must be text");
            }
        }
        for wrong in [json!("yes"), json!(2), json!(-1), json!([]), json!({ "a": true }), json!("tru")] {
            let body = json!({ "name": "New.txt", "isOrganizationMedia": wrong });
            let answer = scene.put(&targets[0], &body).await.refused(400);
            assert_eq!(answer.message(), "isOrganizationMedia must be true or false");
        }
    });
}

#[test]
fn names_that_can_be_none() {
    on_each_scene(async |scene| {
        let (long, wide) = ("x".repeat(300), "é".repeat(128));
        let names =
            ["", " \t", ".", "..", "a/b", "a\\b", "a\0b", "\0", "a\nb", "\u{202e}gpj.exe", "\u{feff}", &long, &wide];
        for target in [format!("files/{}", scene.file), format!("folders/{}", scene.outer)] {
            for name in names {
                let answer = scene.put(&target, &json!({ "name": name, "appId": scene.other_app })).await;
                assert_eq!(answer.refused(400).json(), sentence("File with invalid name detected."), "{name:?}");
            }
        }
    });
}

#[test]
fn places_that_are_not_there() {
    on_each_scene(async |scene| {
        let [foreign_app, foreign_folder, foreign_file] = scene.foreign;
        let top = scene.organization.id;
        let (folder, organization) = ("Media folder not found", "Organization not found");
        for target in [format!("files/{}", scene.file), format!("folders/{}", scene.outer)] {
            for (body, message) in [
                (json!({ "parentId": 999_999 }), folder),
                (json!({ "mediaFolderId": u32::MAX }), folder),
                (json!({ "parentId": foreign_folder }), folder),
                (json!({ "parentId": scene.old }), folder),
                (json!({ "parentId": scene.old_inner }), folder),
                // The top of an app is no folder, and a folder is no app.
                (json!({ "parentId": scene.organization.app_id }), folder),
                (json!({ "appId": scene.inner, "parentId": null }), folder),
                (json!({ "appId": foreign_app, "parentId": null }), folder),
                (json!({ "appId": 999_999, "parentId": null }), folder),
                (json!({ "appId": null, "parentId": null, "organizationId": top + 1000 }), organization),
                (json!({ "organizationId": 1 }), organization),
            ] {
                let mut body = body;
                body["name"] = json!("New.txt");
                let answer = scene.put(&target, &body).await.refused(404);
                assert_eq!(answer.message(), message, "{body}");
            }
        }
        for id in [999_999, scene.gone, scene.old_file, foreign_file, i64::from(u32::MAX)] {
            let answer = scene.put(&format!("files/{id}"), &json!({ "name": "New.txt" })).await.refused(404);
            assert_eq!(answer.message(), "File not found");
        }
        for id in [999_999, scene.old, scene.old_inner, foreign_folder, scene.organization.app_id] {
            let answer = scene.put(&format!("folders/{id}"), &json!({ "name": "New" })).await.refused(404);
            assert_eq!(answer.message(), folder);
        }
    });
}

#[test]
fn a_folder_does_not_go_into_itself_nor_too_deep() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let mut deepest = scene.other_app;
        let mut context = json!({ "appId": deepest });
        // The root and the app are two of 64.
        for _ in 0..62 {
            deepest = server.folder(&scene.organization.token, "Deeper", context).await;
            context = json!({ "parentId": deepest });
        }
        let before = scene.seen().await;
        let outer = format!("folders/{}", scene.outer);
        for (into, words) in [
            (scene.outer, "A folder can not be moved into itself"),
            (scene.inner, "A folder can not be moved into itself"),
            (deepest, "Folders can not be nested any deeper"),
        ] {
            let refused = scene.put(&outer, &json!({ "parentId": into })).await.refused(400);
            assert_eq!(refused.json(), sentence(words));
        }
        let ask = scene.ask("POST", "folders").json(&json!({ "name": "New", "parentId": deepest }));
        assert_eq!(ask.send().await.refused(400).json(), sentence("Folders can not be nested any deeper"));
        assert_eq!(scene.seen().await, before);
    });
}

#[test]
fn ways_of_the_trash_that_lead_nowhere() {
    on_each_scene(async |scene| {
        let [foreign_app, foreign_folder, foreign_file] = scene.foreign;
        let (app, in_the_trash) = (scene.organization.app_id, "The parent folder is in the trash. Restore it first.");
        let (no_file, no_folder) = ("File not found", "Media folder not found");
        let mut cases = Vec::new();
        for id in [scene.file, foreign_file, 999_999] {
            cases.push(("POST", format!("files/{id}/restore"), 404, no_file));
            cases.push(("DELETE", format!("deleted/files/{id}"), 404, no_file));
        }
        for id in [scene.outer, scene.inner, foreign_folder, app, foreign_app, 999_999] {
            cases.push(("POST", format!("folders/{id}/restore"), 404, no_folder));
            cases.push(("DELETE", format!("deleted/folders/{id}"), 404, no_folder));
        }
        for id in [foreign_file, 999_999, scene.gone, scene.old_file] {
            cases.push(("DELETE", format!("files/{id}"), 404, no_file));
        }
        for id in [foreign_folder, app, foreign_app, 999_999, scene.old, scene.old_inner] {
            cases.push(("DELETE", format!("folders/{id}"), 404, no_folder));
        }
        cases.push(("POST", format!("files/{}/restore", scene.old_file), 400, in_the_trash));
        cases.push(("POST", format!("folders/{}/restore", scene.old_inner), 400, in_the_trash));
        for (method, target, status, message) in cases {
            let answer = scene.ask(method, &target).send().await.refused(status);
            assert_eq!(answer.message(), message, "{method} {target}");
        }
    });
}

#[test]
fn searches_and_aggregates_that_make_no_sense() {
    on_one_scene(async |scene| {
        for (key, wrong) in [
            ("name", json!(true)),
            ("name", json!(["x"])),
            ("name", json!({})),
            ("name", json!("x".repeat(300))),
            ("name", json!("a\0b")),
            ("deletedOnly", json!("maybe")),
            ("deletedOnly", json!(2)),
            ("limit", json!(0)),
            ("limit", json!(1001)),
            ("limit", json!("all")),
            ("page", json!(0)),
            ("page", json!(-1)),
            ("page", json!("x")),
            ("page", json!(4_294_967_296_u64)),
        ] {
            let answer = scene.ask("POST", "search").json(&json!({ key: wrong })).send().await.refused(400);
            assert!(answer.message().starts_with(key), "{answer}");
        }
        for key in ["id", "appId", "organizationId", "folderId"] {
            for wrong in no_ids() {
                let answer = scene.ask("POST", "search").json(&json!({ "name": "x", key: wrong })).send().await;
                assert!(answer.refused(400).message().starts_with(key), "{wrong}");
            }
        }
        for query in ["name=%00", "id=x", "limit=0", "page=x", "deletedOnly=maybe", "folderId=-1", "appId=4294967296"] {
            scene.ask("GET", &format!("search?{query}")).send().await.refused(400);
        }
        for query in ["folderId=999999", "appId=999999", &format!("organizationId={}", scene.organization.id + 1000)] {
            scene.ask("GET", &format!("search?name=x&{query}")).send().await.refused(404);
        }
        // Far behind the last page of a search there is none.
        scene.ask("GET", "search?name=x&page=4000000&limit=1000").send().await.refused(400);
        for wrong in no_ids() {
            let files = if wrong.is_array() { json!([wrong]) } else { wrong };
            scene.ask("POST", "files/aggregate").json(&json!({ "files": files })).send().await.refused(400);
            scene.ask("POST", "files/aggregate").json(&json!({ "files": [1, files] })).send().await.refused(400);
        }
        let many: Vec<_> = (1..=1001).collect();
        let names = vec!["name".to_owned(); 3].into_iter().chain((0..101).map(|name| name.to_string()));
        for body in [
            json!({}),
            json!({ "files": null }),
            json!({ "files": many }),
            json!({ "files": [1], "attributes": names.collect::<Vec<_>>() }),
            json!({ "files": [1], "attributes": [1] }),
            json!({ "files": [1], "fields": { "name": true } }),
        ] {
            scene.ask("POST", "files/aggregate").json(&body).send().await.refused(400);
        }
    });
}
