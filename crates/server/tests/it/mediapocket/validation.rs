//! What the validation library says of parameters, at the wire: contract section 1.3 to the letter. Nothing comes of what it refuses.

mod anything;
mod bodies;
mod bounds;

use serde_json::{Value, json};

use super::{Account, account::ask};
use crate::support::{Answer, on_each_engine};

const LINKS: &str = "/api/v2/shareable_links";
const SHARE: &str = "/api/v2/shareable_links/share";
const ASSETS: &str = "/api/v2/assets";
const PROJECTS: &str = "/api/v2/projects";

/// Sends a body as it is written.
async fn send(account: &Account<'_>, target: &str, body: impl Into<Vec<u8>>) -> Answer {
    let ask = ask(account.server, "POST", target).header("X-API-KEY", &account.key);
    ask.body("application/json", body).send().await
}

/// Panics unless an answer is this refusal, and nothing beside it.
#[track_caller]
fn says(answer: Answer, status: u16, words: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.json(), json!({ "error": words }), "{answer}");
}

/// Panics unless a route says this of each of these bodies.
async fn all_said(account: &Account<'_>, target: &str, said: &[(&str, &str)]) {
    for (body, words) in said {
        says(send(account, target, *body).await, 422, words);
    }
}

/// Panics when anything was made.
async fn nothing_is_made(account: &Account<'_>) {
    assert_eq!(account.get(PROJECTS).await, json!({ "projects": [] }));
    assert_eq!(account.get("/api/v2/collections").await, json!({ "collections": [] }));
}

#[test]
fn presence_comes_first_and_in_declared_order() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let all = "Missing parameter expiry_date\nMissing parameter limit\nMissing parameter payload";
        all_said(
            &account,
            LINKS,
            &[
                ("{}", all),
                ("", all),
                ("   ", all),
                (r#"{"payload":{"media_id":1,"filename":"f"},"expiry_date":"2023-11-28"}"#, "Missing parameter limit"),
                (r#"{"limit":"5"}"#, "Missing parameter expiry_date\nMissing parameter payload"),
                // What is wrong is not told while something is missing.
                (r#"{"payload":5,"expiry_date":5}"#, "Missing parameter limit"),
                // Names are told apart by their letters.
                (r#"{"Limit":5,"expiry_date":"x","payload":{"a":1}}"#, "Missing parameter limit"),
            ],
        )
        .await;
        all_said(
            &account,
            SHARE,
            &[("{}", "Missing parameter recipients"), (r#"{"message":5}"#, "Missing parameter recipients")],
        )
        .await;
        for target in [ASSETS, PROJECTS, "/api/v2/collections"] {
            all_said(&account, target, &[("{}", "Missing parameter title"), ("", "Missing parameter title")]).await;
        }
        // Without any body, and without its type.
        let bare = ask(server, "POST", LINKS).header("X-API-KEY", &account.key);
        says(bare.send().await, 422, all);
        nothing_is_made(&account).await;
    });
}

#[test]
fn what_is_missing_within_goes_by_its_bare_name() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let of_payload = |payload: &str| format!(r#"{{"expiry_date":"2023-11-28","limit":5,"payload":{payload}}}"#);
        for (payload, words) in [
            (r#"{"filename":"f"}"#, "Missing parameter media_id"),
            (r#"{"media_id":4}"#, "Missing parameter filename"),
            (r#"{"asset_id":"b5Iix0ul_b2bTnT23Jo-"}"#, "Missing parameter media_id\nMissing parameter filename"),
            (r#"{"media_id":"4","filename":"f"}"#, r#"Invalid parameter 'media_id' value "4": Must be a Integer"#),
            (r#"{"media_id":4.0,"filename":"f"}"#, "Invalid parameter 'media_id' value 4.0: Must be a Integer"),
            (r#"{"media_id":4,"filename":5}"#, "Invalid parameter 'filename' value 5: Must be a String"),
            (r#"{"media_id":4,"filename":" "}"#, "Invalid parameter 'filename' value nil: Must be a String"),
            (r#"{"media_id":null,"filename":"f"}"#, "Invalid parameter 'media_id' value nil: Must be a Integer"),
        ] {
            says(send(&account, LINKS, of_payload(payload)).await, 422, words);
        }
        let project = account.post(PROJECTS, &json!({ "title": "p" })).await.expect(200).json();
        let target = format!("/api/v2/projects/{}/assets", project["project"]["id"].as_str().unwrap());
        all_said(
            &account,
            &target,
            &[
                (r#"{"title":"t","url":{"file_url":"http://example.com/a"}}"#, "Missing parameter filename"),
                (r#"{"title":"t","url":{"filename":"a"}}"#, "Missing parameter file_url"),
                (r#"{"title":"t","url":{"x":1}}"#, "Missing parameter file_url\nMissing parameter filename"),
                (r#"{"title":"t","s3":{"s3_key":"a"}}"#, "Missing parameter filename"),
                (
                    r#"{"title":"t","url":"http://example.com/a"}"#,
                    r#"Invalid parameter 'url' value "http://example.com/a": Must be a Hash"#,
                ),
            ],
        )
        .await;
        assert_eq!(account.get(&target).await, json!({ "assets": [], "subprojects": [] }));
    });
}

#[test]
fn values_are_told_as_ruby_shows_them() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = |expiry_date: &str, limit: &str, payload: &str| {
            format!(r#"{{"payload":{payload},"limit":{limit},"expiry_date":{expiry_date}}}"#)
        };
        let (day, good) = (r#""2023-11-28""#, r#"{"media_id":4,"filename":"f"}"#);
        for (body, words) in [
            (link(day, r#""5""#, good), r#"Invalid parameter 'limit' value "5": Must be a Integer"#),
            (link(day, "5.0", good), "Invalid parameter 'limit' value 5.0: Must be a Integer"),
            (link(day, "1.5", good), "Invalid parameter 'limit' value 1.5: Must be a Integer"),
            (link(day, "true", good), "Invalid parameter 'limit' value true: Must be a Integer"),
            (link(day, "null", good), "Invalid parameter 'limit' value nil: Must be a Integer"),
            (link(day, "[1,2]", good), "Invalid parameter 'limit' value [1, 2]: Must be a Integer"),
            (link(day, r#"{"a":1}"#, good), r#"Invalid parameter 'limit' value {"a"=>1}: Must be a Integer"#),
            (link("20231128", "5", good), "Invalid parameter 'expiry_date' value 20231128: Must be a String"),
            (link(r#""""#, "5", good), "Invalid parameter 'expiry_date' value nil: Must be a String"),
            (link(r#""\t \u3000""#, "5", good), "Invalid parameter 'expiry_date' value nil: Must be a String"),
            (link("null", "5", good), "Invalid parameter 'expiry_date' value nil: Must be a String"),
            (link(day, "5", "[]"), "Invalid parameter 'payload' value nil: Must be a Hash"),
            (link(day, "5", "{}"), "Invalid parameter 'payload' value nil: Must be a Hash"),
            (link(day, "5", "[1]"), "Invalid parameter 'payload' value [1]: Must be a Hash"),
            (link(day, "5", r#""x""#), r#"Invalid parameter 'payload' value "x": Must be a Hash"#),
            // The first in declared order, not in the order of the body.
            (link("5", r#""5""#, "5"), "Invalid parameter 'expiry_date' value 5: Must be a String"),
            (
                link(day, r#""a\"b\\\n#{x}é""#, good),
                r#"Invalid parameter 'limit' value "a\"b\\\n\#{x}é": Must be a Integer"#,
            ),
        ] {
            says(send(&account, LINKS, body).await, 422, words);
        }
        all_said(
            &account,
            SHARE,
            &[
                (r#"{"recipients":[]}"#, "Invalid parameter 'recipients' value nil: Must be an array of any type"),
                (r#"{"recipients":null}"#, "Invalid parameter 'recipients' value nil: Must be an array of any type"),
                (
                    r#"{"recipients":"a@b.c"}"#,
                    r#"Invalid parameter 'recipients' value "a@b.c": Must be an array of any type"#,
                ),
                (r#"{"recipients":["a@b.c"],"message":5}"#, "Invalid parameter 'message' value 5: Must be a String"),
                (
                    r#"{"recipients":["a@b.c"],"message":null}"#,
                    "Invalid parameter 'message' value nil: Must be a String",
                ),
                (
                    r#"{"recipients":["a@b.c"],"shareable_link_ids":5}"#,
                    "Invalid parameter 'shareable_link_ids' value 5: Must be an array of any type",
                ),
                (
                    r#"{"recipients":["a@b.c"],"shareable_link_ids":null}"#,
                    "Invalid parameter 'shareable_link_ids' value nil: Must be an array of any type",
                ),
            ],
        )
        .await;
        // An empty box is no message.
        let empty = send(&account, SHARE, r#"{"recipients":["a@b.c"],"message":""}"#).await;
        says(empty, 400, "No shareable links found");
    });
}

#[test]
fn assets_and_projects_are_validated_alike() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        for target in [ASSETS, PROJECTS] {
            all_said(
                &account,
                target,
                &[
                    (r#"{"title":""}"#, "Invalid parameter 'title' value nil: Must be a String"),
                    (r#"{"title":["x"]}"#, r#"Invalid parameter 'title' value ["x"]: Must be a String"#),
                    (
                        r#"{"title":"t","tags":"x"}"#,
                        r#"Invalid parameter 'tags' value "x": Must be an array of String"#,
                    ),
                    (
                        r#"{"title":"t","tags":["x",1]}"#,
                        r#"Invalid parameter 'tags' value ["x", 1]: Must be an array of String"#,
                    ),
                    (r#"{"title":"t","category":5}"#, "Invalid parameter 'category' value 5: Must be a String"),
                    (
                        r#"{"title":"t","description":null}"#,
                        "Invalid parameter 'description' value nil: Must be a String",
                    ),
                    (r#"{"title":"t","external_id":7}"#, "Invalid parameter 'external_id' value 7: Must be a String"),
                ],
            )
            .await;
        }
        // Contract 1.2, letter by letter.
        let words = r#"Invalid parameter 'media_type' value "image": Must be one of: <code>article</code>."#;
        all_said(&account, ASSETS, &[(r#"{"title":"t","media_type":"image"}"#, words)]).await;
        nothing_is_made(&account).await;
    });
}

#[test]
fn what_is_not_declared_is_not_looked_at() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = json!({ "title": "t", "project_id": { "\n": [] }, "owner": null, "id": 5, "deleted": true });
        let asset = account.post(ASSETS, &body).await.expect(200).json()["asset"].clone();
        assert_eq!((&asset["project_id"], &asset["deleted"]), (&Value::Null, &json!(false)));
        assert_eq!(asset["id"].as_str().unwrap().len(), 20);
        let asset = account.asset("a.txt", b"bytes").await;
        let payload = json!({ "media_id": account.media_id(&asset).await, "filename": "f", "more": null });
        let body =
            json!({ "expiry_date": "2023-11-28", "limit": 5, "payload": payload, "recipients": 5, "key": "mine" });
        let link = account.post(LINKS, &body).await.expect(200).json();
        assert_eq!(link.as_object().unwrap().len(), 3, "{link}");
        assert!(!link["url"].as_str().unwrap().ends_with("mine"));
    });
}
