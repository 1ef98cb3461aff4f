//! What there is to tell of an asset beside itself: what happened to it, what its file says, what is attached, and what is written in it.

use serde_json::{Value, json};

use super::{ASSETS, NOW, call, make, path, put, says};
use crate::{
    mediapocket::{
        Account,
        fetching::{add_media, free, site::Site},
    },
    support::{on_each_engine, on_each_engine_with, pictures::png, programs::md5},
};

#[test]
fn what_happened_is_told_in_pages_the_latest_first() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = make(&account, &json!({ "title": "t" })).await;
        let target = format!("{}/history", path(&asset));
        for number in 0..60 {
            put(&account, &path(&asset), &json!({ "title": number.to_string() })).await.expect(200);
        }
        let mut seen: Vec<Value> = Vec::new();
        let mut page = account.get(&target).await;
        loop {
            let lines = page["history"].as_array().unwrap().clone();
            assert_eq!(page.as_object().unwrap().keys().collect::<Vec<_>>(), ["history", "cursor"]);
            assert!(lines.len() <= 50);
            for line in &lines {
                assert_eq!(line["created_at"], NOW);
                assert_eq!(line["user"]["email"], "somebody@example.com", "{line}");
            }
            seen.extend(lines);
            let Some(cursor) = page["cursor"].as_str().map(str::to_owned) else { break };
            assert!(seen.len() < 1_000, "there is no end");
            page = account.get(&format!("{target}/{cursor}")).await;
        }
        let ids: Vec<i64> = seen.iter().map(|line| line["id"].as_i64().unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
        assert_eq!(seen.last().unwrap()["action"], "created");
        assert!(seen.len() >= 61 && seen[..60].iter().all(|line| line["action"] == "updated"), "{}", seen.len());
        call(&account, "POST", &format!("{}/trash_bin", path(&asset))).await.expect(200);
        call(&account, "POST", &format!("{}/restore", path(&asset))).await.expect(200);
        let latest = account.get(&target).await;
        let actions = [&latest["history"][0]["action"], &latest["history"][1]["action"]];
        assert_eq!(actions, ["restored", "moved to trash bin"]);
        assert_eq!(account.get(&format!("{target}/1")).await, json!({ "history": [], "cursor": null }));
        for bad in ["x", "0", "-1", "1.5", "99999999999999999999"] {
            says(call(&account, "GET", &format!("{target}/{bad}")).await, 400, "Cursor is invalid");
        }
        // Of the others nothing is told.
        let other = make(&account, &json!({ "title": "t" })).await;
        let alone = account.get(&format!("{}/history", path(&other))).await;
        assert!(alone["history"].as_array().unwrap().iter().all(|line| !ids.contains(&line["id"].as_i64().unwrap())));
    });
}

#[test]
fn what_a_file_says_of_itself() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let bytes = png(64, 36);
        let asset = account.asset("a picture.png", &bytes).await;
        server.settle().await;
        let told = account.get(&format!("{}/file_metadata", path(&asset))).await;
        let told = &told["file_metadata"];
        assert_eq!((&told["width"], &told["height"], &told["size"]), (&json!(64), &json!(36), &json!(bytes.len())));
        assert_eq!((&told["filename"], &told["content_type"]), (&json!("a picture.png"), &json!("image/png")));
        assert_eq!(told["md5_sum"], json!(md5(&bytes)));
        let listed = account.get(&path(&asset)).await;
        assert_eq!((&listed["asset"]["media_type"], &listed["asset"]["md5_sum"]), (&json!("image"), &told["md5_sum"]));
        let empty = make(&account, &json!({ "title": "t" })).await;
        assert_eq!(account.get(&format!("{}/file_metadata", path(&empty))).await, json!({ "file_metadata": {} }));
    });
}

#[test]
fn an_article_is_text_that_is_written_here() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = make(&account, &json!({ "title": "An article: α/β", "media_type": "article" })).await;
        assert_eq!(asset["media_type"], "article");
        let target = format!("{}/article", path(&asset));
        assert_eq!(account.get(&target).await, json!({ "content": "" }));
        for text in ["# Grüße\n\n<script>alert(1)</script> 💩\r\n", "x", &"long ".repeat(100_000)] {
            let written = put(&account, &target, &json!({ "content": text })).await.expect(200).json();
            assert_eq!(written, json!({ "content": text }));
            assert_eq!(account.get(&target).await, json!({ "content": text }));
        }
        says(put(&account, &target, &json!({})).await, 422, "Missing parameter content");
        says(
            put(&account, &target, &json!({ "content": 5 })).await,
            422,
            "Invalid parameter 'content' value 5: Must be a String",
        );
        assert_eq!(account.get(&path(&asset)).await["asset"]["media_type"], "article");
        let none = make(&account, &json!({ "title": "t" })).await;
        says(call(&account, "GET", &format!("{}/article", path(&none))).await, 404, "article not found");
        says(
            put(&account, &format!("{}/article", path(&none)), &json!({ "content": "x" })).await,
            404,
            "article not found",
        );
        says(call(&account, "GET", &format!("{ASSETS}/b5Iix0ul_b2bTnT23Jo-/article")).await, 404, "asset not found");
    });
}

#[test]
fn what_is_attached_is_listed_with_what_it_is_attached_to() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let parent = account.asset("a.txt", b"bytes").await;
        let target = format!("{}/attachments", path(&parent));
        assert_eq!(account.get(&target).await, json!({ "attachments": [] }));
        let mut attached = Vec::new();
        for title in ["one", "two"] {
            let body = json!({ "title": title, "parent_id": parent["id"] });
            attached.push(make(&account, &body).await);
        }
        assert_eq!(attached[0]["parent_id"], parent["id"]);
        assert_eq!(account.get(&target).await, json!({ "attachments": attached }));
        let theirs = make(&stranger, &json!({ "title": "t" })).await;
        for nothing in [theirs["id"].clone(), json!("b5Iix0ul_b2bTnT23Jo-"), json!("x"), json!("0")] {
            let answer = account.post(ASSETS, &json!({ "title": "t", "parent_id": nothing })).await;
            says(answer, 400, "asset not found");
        }
        call(&account, "DELETE", &path(&attached[0])).await.expect(200);
        assert_eq!(account.get(&target).await, json!({ "attachments": [attached[1]] }));
        // What it was attached to goes, it stays.
        call(&account, "DELETE", &path(&parent)).await.expect(200);
        let left = account.get(&path(&attached[1])).await;
        assert_eq!(left["asset"]["parent_id"], Value::Null);
    });
}

#[test]
fn an_article_is_not_read_that_is_larger_than_one_can_write() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = make(&account, &json!({ "title": "An article", "media_type": "article" })).await;
        for (len, status) in [(1 << 20, 200), ((1 << 20) + 1, 400)] {
            let site = Site::of(&vec![b'a'; len]).await;
            assert_eq!(add_media(&account, &asset, &site.url("/a"), "a.md").await["state"], "done");
            let answer = call(&account, "GET", &format!("{}/article", path(&asset))).await.expect(status);
            if status == 400 {
                says(answer, 400, "Article is too large (maximum is 1048576 bytes)");
            }
        }
    });
}
