//! Assets: made before their bytes, read, changed, moved and ended; by their key and by their integer id alike.

mod external;
mod history;
mod placeholders;
mod trash;

use serde_json::{Value, json};

use super::{Account, account::ask};
use crate::support::{Answer, on_each_engine};

pub const ASSETS: &str = "/api/v2/assets";
const NOW: &str = "2023-11-14T22:13:20.000Z";

/// What a PUT of JSON is answered with.
pub async fn put(account: &Account<'_>, target: &str, body: &Value) -> Answer {
    ask(account.server, "PUT", target).header("X-API-KEY", &account.key).json(body).send().await
}

/// What a request without a body is answered with.
pub async fn call(account: &Account<'_>, method: &str, target: &str) -> Answer {
    account.ask(method, target).send().await
}

/// Makes an asset; its object.
pub async fn make(account: &Account<'_>, body: &Value) -> Value {
    account.post(ASSETS, body).await.expect(200).json()["asset"].clone()
}

/// Makes a project; its id.
pub async fn project(account: &Account<'_>, title: &str) -> String {
    let made = account.post("/api/v2/projects", &json!({ "title": title })).await.expect(200).json();
    made["project"]["id"].as_str().unwrap().to_owned()
}

/// The path of an asset.
pub fn path(asset: &Value) -> String {
    format!("{ASSETS}/{}", asset["id"].as_str().unwrap())
}

/// Panics unless an answer is this refusal, and nothing beside it.
#[track_caller]
pub fn says(answer: Answer, status: u16, words: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.json(), json!({ "error": words }), "{answer}");
}

#[test]
fn an_asset_is_made_read_and_changed() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = json!({
            "title": " Sample asset ", "description": "Of a kind", "category": "Sample ÄRGER", "tags": ["b", "a", "b", " ", " c "],
            "external_id": "ext/1",
        });
        let made = account.post(ASSETS, &body).await.expect(200);
        let id = made.json()["asset"]["id"].as_str().unwrap().to_owned();
        assert!(id.len() == 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{id}");
        // Contract 1.2: these keys, in this order.
        let expected = json!({ "asset": {
            "id": id, "external_id": "ext/1", "parent_id": null, "project_id": null, "owner": "somebody@example.com",
            "title": "Sample asset", "description": "Of a kind", "category": "sample ärger", "tags": ["a", "b", "c"], "ai_tags": [],
            "status": "open", "media_type": "placeholder", "original_filename": null, "drop_folder_id": null, "md5_sum": null,
            "created_date": NOW, "modification_date": NOW, "deleted": false,
        }});
        assert_eq!(String::from_utf8_lossy(&made.body), expected.to_string());
        let target = format!("{ASSETS}/{id}");
        assert_eq!(account.get(&target).await, expected);
        // What is not sent stays.
        server.clock.fetch_add(1_500, std::sync::atomic::Ordering::SeqCst);
        let changed =
            put(&account, &target, &json!({ "title": "Another", "id": "x", "owner": "x" })).await.expect(200).json();
        let mut want = expected["asset"].clone();
        want["title"] = json!("Another");
        want["modification_date"] = json!("2023-11-14T22:13:21.500Z");
        assert_eq!(changed["asset"], want);
        for (sent, key, kept) in [
            (json!({ "category": "OTHER" }), "category", json!("other")),
            (json!({ "description": "" }), "description", Value::Null),
            (json!({ "tags": ["z"] }), "tags", json!(["z"])),
            (json!({ "external_id": "" }), "external_id", Value::Null),
            (json!({ "category": "" }), "category", Value::Null),
            (json!({ "external_id": "2" }), "external_id", json!("2")),
        ] {
            want[key] = kept;
            assert_eq!(put(&account, &target, &sent).await.expect(200).json()["asset"], want, "{sent}");
        }
        put(&account, &target, &json!({})).await.expect(200);
        assert_eq!(account.get(&target).await["asset"], want);
        let mail =
            make(&account, &json!({ "title": "t", "description": "", "category": " ", "external_id": "" })).await;
        assert_eq!(
            (&mail["description"], &mail["category"], &mail["external_id"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    });
}

#[test]
fn a_refused_change_changes_nothing() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        make(&account, &json!({ "title": "Other", "external_id": "taken" })).await;
        let body = json!({ "title": "One", "description": "d", "category": "c", "tags": ["t"], "external_id": "mine" });
        let target = path(&make(&account, &body).await);
        let before = account.get(&target).await;
        let long = "x".repeat(256);
        let new =
            json!({ "title": "new", "description": "new", "category": "new", "tags": ["new"], "external_id": "new" });
        for (key, value, status, words) in [
            ("title", json!(long), 400, "Title is too long (maximum is 255 characters)"),
            ("title", json!(""), 422, "Invalid parameter 'title' value nil: Must be a String"),
            ("external_id", json!("taken"), 400, "External id has already been taken"),
            ("external_id", json!(long), 400, "External id is too long (maximum is 255 characters)"),
            ("tags", json!([1]), 422, "Invalid parameter 'tags' value [1]: Must be an array of String"),
            ("tags", json!(["é".repeat(200)]), 400, ""),
            ("description", json!("x".repeat(70_000)), 400, ""),
            ("category", json!("x".repeat(70_000)), 400, ""),
        ] {
            let mut body = new.clone();
            body[key] = value;
            let answer = put(&account, &target, &body).await.expect(status);
            if !words.is_empty() {
                says(answer, status, words);
            }
            assert_eq!(account.get(&target).await, before, "{key}");
        }
        assert_eq!(put(&account, &target, &new).await.expect(200).json()["asset"]["external_id"], "new");
        // What was its id is free again.
        make(&account, &json!({ "title": "t", "external_id": "mine" })).await;
    });
}

#[test]
fn titles_have_255_characters_at_most() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for title in ["x".repeat(255), "ä".repeat(255), "💩".repeat(255), "..".to_owned(), "a/b\\c:*?\"<>|".to_owned()]
        {
            assert_eq!(make(&account, &json!({ "title": title })).await["title"], title.as_str());
        }
        for title in ["x".repeat(256), "ä".repeat(256), "💩".repeat(300)] {
            let answer = account.post(ASSETS, &json!({ "title": title })).await;
            says(answer, 400, "Title is too long (maximum is 255 characters)");
        }
    });
}

#[test]
fn an_asset_goes_by_its_key_and_by_its_integer_id() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let to = project(&account, "p").await;
        let file = server.upload(&account.organization.token, &account.organization.here(), "a.txt", b"bytes").await;
        let (id, asset) =
            (file["id"].to_string(), account.get(&format!("{ASSETS}/{}", file["id"])).await["asset"].clone());
        let key = asset["id"].as_str().unwrap().to_owned();
        assert_eq!(
            (key.len(), &asset["original_filename"], &asset["media_type"]),
            (20, &json!("a.txt"), &json!("document"))
        );
        assert_eq!((&asset["title"], &asset["md5_sum"]), (&json!("a"), &json!("4b3a6218bb3e3a7303e8a171a60fcf92")));
        let media = account.media_id(&asset).await;
        account.post(&format!("{ASSETS}/{key}/comments"), &json!({ "comment": "c" })).await.expect(200);
        for rest in
            ["", "/attachments", "/collections", "/history", "/history/999", "/file_metadata", "/media", "/comments"]
        {
            let by = async |name: &str| account.get(&format!("{ASSETS}/{name}{rest}")).await;
            assert_eq!(by(&key).await, by(&id).await, "{rest}");
        }
        let download = format!("media/{media}/download_url");
        assert_eq!(
            account.get(&format!("{ASSETS}/{key}/{download}")).await,
            account.get(&format!("{ASSETS}/{id}/{download}")).await
        );
        for name in [&key, &id] {
            let target = format!("{ASSETS}/{name}");
            assert_eq!(
                put(&account, &target, &json!({ "title": name })).await.expect(200).json()["asset"]["title"],
                json!(name)
            );
            account.post(&format!("{target}/comments"), &json!({ "comment": "c" })).await.expect(200);
            let moved = account.post(&format!("{target}/assign"), &json!({ "to_project_id": to })).await.expect(200);
            assert_eq!(moved.json()["asset"]["project_id"], json!(to));
            says(call(&account, "GET", &format!("{target}/article")).await, 404, "article not found");
            call(&account, "POST", &format!("{target}/trash_bin")).await.expect(200);
            call(&account, "POST", &format!("{target}/restore")).await.expect(200);
            // In bodies too: links, collections, attachments.
            for written in [json!(name), name.parse::<i64>().map_or(json!(name), |number| json!(number))] {
                let payload = json!({ "asset_id": written, "media_id": media, "filename": "f" });
                let link = json!({ "expiry_date": "2023-11-28", "limit": 1, "payload": payload });
                account.post("/api/v2/shareable_links", &link).await.expect(200);
                let collection = account.post("/api/v2/collections", &json!({ "title": "c" })).await.expect(200).json();
                let collected = format!("/api/v2/collections/{}/assets", collection["collection"]["id"]);
                account.post(&collected, &json!({ "asset_ids": [written] })).await.expect(200);
                assert_eq!(account.get(&collected).await["assets"][0]["id"], json!(key));
                call(&account, "DELETE", &format!("{collected}/{name}")).await.expect(200);
                assert_eq!(account.get(&collected).await, json!({ "assets": [] }));
            }
            let attached = make(&account, &json!({ "title": "t", "parent_id": name })).await;
            assert_eq!(attached["parent_id"], json!(key));
        }
        call(&account, "DELETE", &format!("{ASSETS}/{id}")).await.expect(200);
        for name in [&key, &id] {
            says(call(&account, "GET", &format!("{ASSETS}/{name}")).await, 404, "asset not found");
        }
    });
}

#[test]
fn an_asset_is_assigned_to_a_project_and_to_none() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let (one, theirs) = (project(&account, "one").await, project(&stranger, "theirs").await);
        let asset = make(&account, &json!({ "title": "t" })).await;
        let assign = format!("{}/assign", path(&asset));
        for to in [json!(one), json!(one.parse::<i64>().unwrap())] {
            let moved = account.post(&assign, &json!({ "to_project_id": to })).await.expect(200).json();
            assert_eq!(moved["asset"]["project_id"], json!(one));
        }
        let within = account.get(&format!("/api/v2/projects/{one}/assets")).await;
        assert_eq!(within["assets"][0]["id"], asset["id"]);
        let nowhere = [
            json!(theirs),
            json!("999999"),
            json!("x"),
            json!(""),
            json!(0),
            json!(-1),
            json!(1.5),
            json!({}),
            json!([]),
        ];
        for to in nowhere.into_iter().chain([json!(account.organization.app_id), json!(true)]) {
            says(account.post(&assign, &json!({ "to_project_id": to })).await, 404, "project not found");
        }
        says(account.post(&assign, &json!({})).await, 422, "Missing parameter to_project_id");
        assert_eq!(account.get(&path(&asset)).await["asset"]["project_id"], json!(one));
        let moved = account.post(&assign, &json!({ "to_project_id": null })).await.expect(200).json();
        assert_eq!(moved["asset"]["project_id"], Value::Null);
        assert_eq!(account.get(&format!("/api/v2/projects/{one}/assets")).await["assets"], json!([]));
    });
}
