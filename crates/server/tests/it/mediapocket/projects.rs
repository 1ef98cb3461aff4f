//! Projects and what lies in them: folders to every other dialect.

use serde_json::{Value, json};

use super::{
    Account,
    assets::{call, make, path, project, put, says},
};
use crate::support::on_each_engine;

const PROJECTS: &str = "/api/v2/projects";
const NOW: &str = "2023-11-14T22:13:20.000Z";

fn of(id: &str, rest: &str) -> String {
    format!("{PROJECTS}/{id}{rest}")
}

#[test]
fn a_project_is_made_read_and_changed() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = json!({
            "title": "A project", "description": "Of ours", "category": "Sample", "tags": ["b", "a"], "external_id": "P 1",
        });
        let made = account.post(PROJECTS, &body).await.expect(200);
        let id = made.json()["project"]["id"].as_str().unwrap().to_owned();
        // Contract 1.2: these keys, in this order.
        let mut want = json!({ "project": {
            "id": id, "external_id": "P 1", "project_id": null, "owner": "somebody@example.com", "title": "A project",
            "description": "Of ours", "category": "sample", "tags": ["a", "b"], "media_type": "project", "isPublic": false,
            "thumbnail_asset_id": null, "created_date": NOW, "modification_date": NOW, "deleted": false,
            "original_title": "A project",
        }});
        assert_eq!(String::from_utf8_lossy(&made.body), want.to_string());
        assert_eq!(account.get(&of(&id, "")).await, want);
        let listed = server.listed(&account.organization.token, &account.organization.here()).await;
        assert_eq!(listed, ["A project"]);
        for (sent, key, kept) in [
            (json!({ "category": "OTHER" }), "category", json!("other")),
            (json!({ "description": "" }), "description", Value::Null),
            (json!({ "tags": ["z"] }), "tags", json!(["z"])),
            (json!({ "external_id": "" }), "external_id", Value::Null),
            (json!({ "external_id": "P 2" }), "external_id", json!("P 2")),
        ] {
            want["project"][key] = kept;
            assert_eq!(put(&account, &of(&id, ""), &sent).await.expect(200).json(), want, "{sent}");
        }
        put(&account, &of(&id, ""), &json!({ "title": "Another" })).await.expect(200);
        let seen = account.get(&of(&id, "")).await["project"].clone();
        assert_eq!(
            (&seen["title"], &seen["original_title"], &seen["external_id"]),
            (&json!("Another"), &json!("Another"), &json!("P 2"))
        );
        let listed = server.listed(&account.organization.token, &account.organization.here()).await;
        assert_eq!(listed, ["Another"]);
    });
}

#[test]
fn titles_that_no_folder_can_have_are_kept_all_the_same() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for title in
            ["a/b", "..", "\\", "\u{202e}x", "ä".repeat(255).as_str(), "💩".repeat(255).as_str(), "a\nb", "CON", "x"]
        {
            let made = account.post(PROJECTS, &json!({ "title": title })).await.expect(200).json();
            assert_eq!(made["project"]["title"], title);
            let id = made["project"]["id"].as_str().unwrap();
            assert_eq!(account.get(&of(id, "")).await["project"]["title"], title);
            let changed = put(&account, &of(id, ""), &json!({ "title": "../x" })).await.expect(200).json();
            assert_eq!(changed["project"]["title"], "../x");
        }
        for title in ["x".repeat(256), "💩".repeat(256)] {
            let answer = account.post(PROJECTS, &json!({ "title": title })).await;
            says(answer, 400, "Title is too long (maximum is 255 characters)");
        }
        // Two of one name are two.
        let (one, two) = (project(&account, "twice").await, project(&account, "twice").await);
        assert_ne!(one, two);
    });
}

#[test]
fn a_refused_change_changes_nothing() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        account.post(PROJECTS, &json!({ "title": "Other", "external_id": "taken" })).await.expect(200);
        let id = project(&account, "One").await;
        put(&account, &of(&id, ""), &json!({ "category": "c", "external_id": "mine" })).await.expect(200);
        let before = account.get(&of(&id, "")).await;
        let new =
            json!({ "title": "new", "description": "new", "category": "new", "tags": ["new"], "external_id": "new" });
        for (key, value, words) in [
            ("title", json!("x".repeat(256)), "Title is too long (maximum is 255 characters)"),
            ("external_id", json!("taken"), "External id has already been taken"),
            ("description", json!("x".repeat(70_000)), ""),
            ("category", json!("x".repeat(70_000)), ""),
            ("tags", json!(["x".repeat(70_000)]), ""),
        ] {
            let mut body = new.clone();
            body[key] = value;
            let answer = put(&account, &of(&id, ""), &body).await.expect(400);
            if !words.is_empty() {
                says(answer, 400, words);
            }
            assert_eq!(account.get(&of(&id, "")).await, before, "{key}");
        }
        // Nor is anything of a project left that could not be made.
        for (key, value) in [("description", json!("x".repeat(70_000))), ("external_id", json!("taken"))] {
            let mut body = new.clone();
            body[key] = value;
            account.post(PROJECTS, &body).await.expect(400);
            account.post(&of(&id, "/projects"), &body).await.expect(400);
        }
        assert_eq!(account.get(PROJECTS).await["projects"].as_array().unwrap().len(), 2);
        let listed = server.listed(&account.organization.token, &account.organization.here()).await;
        assert_eq!(listed, ["One", "Other"]);
        // Not even the external id was used up.
        put(&account, &of(&id, ""), &json!({ "external_id": "new" })).await.expect(200);
        assert_eq!(account.get(&of(&id, "/assets")).await, json!({ "assets": [], "subprojects": [] }));
    });
}

#[test]
fn projects_lie_in_projects() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [] }));
        let outer = project(&account, "b outer").await;
        let nested = account.post(&of(&outer, "/projects"), &json!({ "title": "inner" })).await.expect(200).json();
        let inner = nested["project"]["id"].as_str().unwrap().to_owned();
        assert_eq!(nested["project"]["project_id"], json!(outer));
        let first = project(&account, "a first").await;
        // Ids as texts, each behind the one that holds it.
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [first, outer, inner] }));
        let asset =
            account.post(&of(&outer, "/assets"), &json!({ "title": "t" })).await.expect(200).json()["asset"].clone();
        assert_eq!(asset["project_id"], json!(outer));
        let file = server.upload(&account.organization.token, &format!("folderId={outer}"), "a.txt", b"bytes").await;
        let file = account.get(&format!("/api/v2/assets/{}", file["id"])).await["asset"].clone();
        let content = account.get(&of(&outer, "/assets")).await;
        assert_eq!(content, json!({ "assets": [asset, file], "subprojects": [nested["project"]] }));
        assert_eq!(account.get(&of(&inner, "/assets")).await, json!({ "assets": [], "subprojects": [] }));
        // What other dialects make is here too, but for apps and the top itself.
        let token = &account.organization.token;
        let theirs = server.folder(token, "c theirs", json!({ "organizationId": account.organization.id })).await;
        assert_eq!(account.get(&of(&theirs.to_string(), "")).await["project"]["title"], "c theirs");
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [first, outer, inner, theirs.to_string()] }));
        let top = server.library.top_of_tenant(account.organization.id).await.unwrap();
        for hidden in [account.organization.app_id, top] {
            for (method, rest) in [("GET", ""), ("DELETE", ""), ("GET", "/assets"), ("GET", "/comments")] {
                says(call(&account, method, &of(&hidden.to_string(), rest)).await, 404, "project not found");
            }
            for rest in ["/assets", "/projects"] {
                let answer = account.post(&of(&hidden.to_string(), rest), &json!({ "title": "t" })).await;
                says(answer, 404, "project not found");
            }
        }
    });
}

#[test]
fn a_project_is_assigned_to_another_and_not_to_itself() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let theirs = project(&stranger, "theirs").await;
        let (a, b) = (project(&account, "a").await, project(&account, "b").await);
        let assign =
            async |id: &str, to: Value| account.post(&of(id, "/assign"), &json!({ "to_project_id": to })).await;
        let moved = assign(&b, json!(a)).await.expect(200).json();
        assert_eq!(moved["project"]["project_id"], json!(a));
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [a, b] }));
        let inner = account.post(&of(&b, "/projects"), &json!({ "title": "c" })).await.expect(200).json();
        let c = inner["project"]["id"].as_str().unwrap().to_owned();
        for (id, into) in [(&a, &a), (&a, &b), (&a, &c), (&b, &c)] {
            says(assign(id, json!(into)).await, 400, "Project can't be assigned to itself");
        }
        for nowhere in
            [json!(theirs), json!("0"), json!("x"), json!(""), json!(account.organization.app_id), json!([1])]
        {
            says(assign(&b, nowhere).await, 404, "project not found");
        }
        says(assign(&theirs, json!(a)).await, 404, "project not found");
        says(account.post(&of(&b, "/assign"), &json!({})).await, 422, "Missing parameter to_project_id");
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [a, b, c] }));
        let top = assign(&b, Value::Null).await.expect(200).json();
        assert_eq!(top["project"]["project_id"], Value::Null);
        assert_eq!(account.get(&of(&c, "")).await["project"]["project_id"], json!(b));
    });
}

#[test]
fn a_project_that_is_deleted_takes_along_what_is_in_it() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let outer = project(&account, "outer").await;
        let nested = account.post(&of(&outer, "/projects"), &json!({ "title": "inner" })).await.expect(200).json();
        let inner = nested["project"]["id"].as_str().unwrap().to_owned();
        let asset =
            account.post(&of(&inner, "/assets"), &json!({ "title": "t" })).await.expect(200).json()["asset"].clone();
        let file = server.upload(&account.organization.token, &format!("folderId={inner}"), "a.txt", b"bytes").await;
        let stays = make(&account, &json!({ "title": "stays" })).await;
        assert_eq!(call(&account, "DELETE", &of(&outer, "")).await.expect(200).json(), json!({ "ok": "ok" }));
        assert_eq!(account.get(PROJECTS).await, json!({ "projects": [] }));
        for id in [&outer, &inner] {
            for (method, rest) in [("GET", ""), ("DELETE", ""), ("GET", "/assets"), ("GET", "/comments")] {
                says(call(&account, method, &of(id, rest)).await, 404, "project not found");
            }
            says(account.post(&of(id, "/assets"), &json!({ "title": "t" })).await, 404, "project not found");
            says(put(&account, &of(id, ""), &json!({ "title": "t" })).await, 404, "project not found");
        }
        for target in [path(&asset), format!("/api/v2/assets/{}", file["id"])] {
            let answer = call(&account, "GET", &target).await;
            assert!(answer.status == 404 || answer.json()["asset"]["deleted"] == true, "{answer}");
            let media = call(&account, "POST", &format!("{target}/restore")).await;
            assert!([400, 404].contains(&media.status), "{media}");
        }
        assert_eq!(account.get(&path(&stays)).await["asset"], stays);
        // Its external id is taken as long as it can come back.
        let named = json!({ "title": "t", "external_id": "e" });
        let id = account.post(PROJECTS, &named).await.expect(200).json()["project"]["id"].as_str().unwrap().to_owned();
        call(&account, "DELETE", &of(&id, "")).await.expect(200);
        says(account.post(PROJECTS, &named).await, 400, "External id has already been taken");
        let token = &account.organization.token;
        server.fliplet("DELETE", &format!("/v1/media/deleted/folders/{id}")).token(token).send().await.expect(200);
        server.settle().await;
        account.post(PROJECTS, &named).await.expect(200);
    });
}

#[test]
fn an_asset_made_in_a_project_with_a_file_that_can_not_be_fetched_is_not_made() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let id = project(&account, "p").await;
        let target = of(&id, "/assets");
        for url in [
            "x",
            "ftp://example.com/a",
            "file:///etc/passwd",
            "http://",
            "http://127.0.0.1/a",
            "http://u:p@example.com/a",
        ] {
            let body = json!({ "title": "t", "external_id": "e", "url": { "file_url": url, "filename": "a.txt" } });
            let answer = account.post(&target, &body).await;
            assert!(answer.status == 400 || url.contains("127.0.0.1"), "{answer}");
            answer.json();
        }
        for name in ["a/b", "..", "x\u{202e}gpj.exe", &"x".repeat(300)] {
            let body = json!({ "title": "t", "external_id": "f", "url": { "file_url": "http://example.com/a", "filename": name } });
            says(account.post(&target, &body).await, 400, "Filename is invalid");
        }
        let body = json!({ "title": "t", "external_id": "f", "s3": { "s3_key": "a", "filename": "b" } });
        says(account.post(&target, &body).await, 400, "s3 uploads are not supported");
        // Not even the external id was used up.
        account.post(&target, &json!({ "title": "t", "external_id": "f" })).await.expect(200);
    });
}
