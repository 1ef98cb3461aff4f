//! Comments on assets and projects: everybody's to read, each one's own to change.

use library::{NewPerson, Rights};
use serde_json::{Value, json};

use super::{
    Account,
    assets::{call, make, path, project, says},
};
use crate::support::{Organization, Server, on_each_engine, organizations::system};

/// Somebody else of the same organization, with a key that runs nothing.
async fn colleague<'a>(server: &'a Server, of: &Account<'_>) -> Account<'a> {
    let person = NewPerson {
        email: "ann@example.com".to_owned(),
        full_name: "Ann de la Rue".to_owned(),
        role: "editor".to_owned(),
        password: None,
    };
    let user_id = server.library.add_user(&system(), of.organization.id, person).await.unwrap().id;
    let organization = Organization { user_id, ..of.organization.clone() };
    Account::with(server, organization, Rights::CHANGE, None).await
}

/// An asset with bytes, one without, and a project, as the path of their comments.
async fn subjects(account: &Account<'_>) -> [String; 3] {
    let (file, entry) = (account.asset("a.txt", b"bytes").await, make(account, &json!({ "title": "t" })).await);
    let project = project(account, "p").await;
    [path(&file), path(&entry), format!("/api/v2/projects/{project}")].map(|path| format!("{path}/comments"))
}

#[test]
fn comments_are_written_read_changed_and_taken_back() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let ann = colleague(server, &account).await;
        for target in subjects(&account).await {
            assert_eq!(account.get(&target).await, json!({ "comments": [] }));
            let made = ann.post(&target, &json!({ "comment": "Grüße 💩\n<b>" })).await.expect(200).json();
            let id = made["comment"]["id"].clone();
            assert!(id.is_i64(), "{made}");
            // Contract 1.2.
            let want = json!({ "comment": {
                "id": id, "message": "Grüße 💩\n<b>", "updated_at": "2023-11-14T22:13:20.000Z",
                "user": {
                    "id": ann.organization.user_id, "email": "ann@example.com", "first_name": "Ann", "last_name": "de la Rue",
                    "avatar_url": null,
                },
                "mentioned_users": [],
            }});
            assert_eq!(made.to_string(), want.to_string());
            let second = account.post(&target, &json!({ "comment": "second" })).await.expect(200).json();
            let one = format!("{target}/{id}");
            assert_eq!(account.get(&one).await, want);
            assert_eq!(account.get(&target).await, json!({ "comments": [want["comment"], second["comment"]] }));
            server.clock.fetch_add(1_500, std::sync::atomic::Ordering::SeqCst);
            let changed = ann.post(&one, &json!({ "comment": "other words" })).await.expect(200).json();
            assert_eq!((&changed["comment"]["message"], &changed["comment"]["id"]), (&json!("other words"), &id));
            assert_ne!(changed["comment"]["updated_at"], want["comment"]["updated_at"]);
            assert_eq!(account.get(&one).await, changed);
            for body in ["{}", r#"{"comment":null}"#, r#"{"comment":" "}"#, r#"{"comment":5}"#] {
                let body: Value = serde_json::from_str(body).unwrap();
                ann.post(&one, &body).await.expect(422);
                ann.post(&target, &body).await.expect(422);
            }
            says(ann.post(&target, &json!({})).await, 422, "Missing parameter comment");
            assert_eq!(account.get(&one).await, changed);
            assert_eq!(call(&ann, "DELETE", &one).await.expect(200).json(), json!({ "ok": "ok" }));
            for method in ["GET", "DELETE"] {
                says(call(&ann, method, &one).await, 404, "comment not found");
            }
            says(ann.post(&one, &json!({ "comment": "x" })).await, 404, "comment not found");
            assert_eq!(account.get(&target).await, json!({ "comments": [second["comment"]] }));
            server.clock.store(crate::support::NOW_MS, std::sync::atomic::Ordering::SeqCst);
        }
    });
}

#[test]
fn a_comment_is_its_authors() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let ann = colleague(server, &account).await;
        let stranger = Account::new(server).await;
        for target in subjects(&account).await {
            let made = account.post(&target, &json!({ "comment": "mine" })).await.expect(200).json();
            let one = format!("{target}/{}", made["comment"]["id"]);
            assert_eq!(ann.get(&one).await, made);
            says(ann.post(&one, &json!({ "comment": "x" })).await, 403, "Forbidden");
            says(call(&ann, "DELETE", &one).await, 403, "Forbidden");
            let what = if target.contains("projects") { "project not found" } else { "asset not found" };
            for at in [&target, &one] {
                says(call(&stranger, "GET", at).await, 404, what);
                says(stranger.post(at, &json!({ "comment": "x" })).await, 404, what);
            }
            says(call(&stranger, "DELETE", &one).await, 404, what);
            assert_eq!(account.get(&target).await, json!({ "comments": [made["comment"]] }));
            // Who runs the account keeps order.
            let anns = ann.post(&target, &json!({ "comment": "Ann's" })).await.expect(200).json();
            let anns = format!("{target}/{}", anns["comment"]["id"]);
            let changed = account.post(&anns, &json!({ "comment": "put right" })).await.expect(200).json();
            assert_eq!(changed["comment"]["user"]["email"], "ann@example.com");
            call(&account, "DELETE", &anns).await.expect(200);
        }
    });
}

#[test]
fn a_comment_is_found_where_it_was_written_and_nowhere_else() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let subjects = subjects(&account).await;
        for target in &subjects {
            let made = account.post(target, &json!({ "comment": "here" })).await.expect(200).json();
            for other in subjects.iter().filter(|other| *other != target) {
                let elsewhere = format!("{other}/{}", made["comment"]["id"]);
                for method in ["GET", "DELETE"] {
                    says(call(&account, method, &elsewhere).await, 404, "comment not found");
                }
                says(account.post(&elsewhere, &json!({ "comment": "x" })).await, 404, "comment not found");
            }
            account.get(&format!("{target}/{}", made["comment"]["id"])).await;
        }
        for (target, what) in [
            ("/api/v2/assets/b5Iix0ul_b2bTnT23Jo-/comments", "asset not found"),
            ("/api/v2/assets/x/comments", "asset not found"),
            ("/api/v2/projects/999999/comments", "project not found"),
        ] {
            says(call(&account, "GET", target).await, 404, what);
            says(account.post(target, &json!({ "comment": "x" })).await, 404, what);
        }
        // The external id and the category of an asset are no comments, though they are kept likewise.
        let asset = make(&account, &json!({ "title": "t", "category": "c", "external_id": "e" })).await;
        let target = format!("{}/comments", path(&asset));
        assert_eq!(account.get(&target).await, json!({ "comments": [] }));
        for id in 1..40 {
            says(call(&account, "DELETE", &format!("{target}/{id}")).await, 404, "comment not found");
        }
        assert_eq!(account.get(&path(&asset)).await["asset"], asset);
    });
}

#[test]
fn a_comment_that_is_too_long_is_not_kept() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for target in subjects(&account).await {
            let long = "x".repeat(60_000);
            account.post(&target, &json!({ "comment": long })).await.expect(200);
            let before = account.get(&target).await;
            account.post(&target, &json!({ "comment": "x".repeat(70_000) })).await.expect(400);
            let one = format!("{target}/{}", before["comments"][0]["id"]);
            account.post(&one, &json!({ "comment": "\u{1}".repeat(60_000) })).await.expect(400);
            assert_eq!(account.get(&target).await, before);
        }
    });
}
