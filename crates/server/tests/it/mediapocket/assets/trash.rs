//! The trash bin: a fortnight to the millisecond, and back at any time before.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{call, make, path, project, says};
use crate::{
    mediapocket::Account,
    support::{NOW_MS, on_each_engine},
};

const FORTNIGHT_MS: i64 = 14 * 24 * 60 * 60 * 1_000;

#[test]
fn what_is_in_the_trash_bin_goes_after_a_fortnight() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let file = account.asset("a.txt", b"bytes").await;
        let media = account.media_id(&file).await;
        let link = account.link(&file, ("2024-12-31", 5)).await;
        let entry = make(&account, &json!({ "title": "t", "external_id": "e" })).await;
        let restored = make(&account, &json!({ "title": "restored" })).await;
        for asset in [&file, &entry, &restored] {
            let trashed = call(&account, "POST", &format!("{}/trash_bin", path(asset))).await.expect(200).json();
            assert_eq!((&trashed["asset"]["id"], &trashed["asset"]["deleted"]), (&asset["id"], &json!(true)));
            let again = call(&account, "POST", &format!("{}/trash_bin", path(asset))).await;
            says(again, 400, "Asset is in the trash bin already");
        }
        // It is still told of, and of no use: no bytes, no links, no changes.
        says(
            call(&account, "GET", &format!("{}/media/{media}/download_url", path(&file))).await,
            404,
            "media not found",
        );
        let dead = super::ask(server, "GET", &crate::mediapocket::account::target_of(&link)).send().await;
        says(dead, 404, "Link not found or has expired");
        says(super::put(&account, &path(&file), &json!({ "title": "x" })).await, 404, "asset not found");
        server.clock.store(NOW_MS + FORTNIGHT_MS - 1, Ordering::SeqCst);
        server.tend().await;
        for asset in [&file, &entry, &restored] {
            assert_eq!(account.get(&path(asset)).await["asset"]["deleted"], true);
        }
        let back = call(&account, "POST", &format!("{}/restore", path(&restored))).await.expect(200).json();
        assert_eq!(back["asset"]["deleted"], false);
        says(
            call(&account, "POST", &format!("{}/restore", path(&restored))).await,
            400,
            "Asset is not in the trash bin",
        );
        server.clock.store(NOW_MS + FORTNIGHT_MS, Ordering::SeqCst);
        server.tend().await;
        for asset in [&file, &entry] {
            for (method, rest) in
                [("GET", ""), ("POST", "/restore"), ("POST", "/trash_bin"), ("DELETE", ""), ("GET", "/media")]
            {
                says(call(&account, method, &format!("{}{rest}", path(asset))).await, 404, "asset not found");
            }
        }
        assert_eq!(account.get(&path(&restored)).await["asset"]["deleted"], false);
        // What names it is free again.
        make(&account, &json!({ "title": "t", "external_id": "e" })).await;
        // Who was restored begins anew.
        call(&account, "POST", &format!("{}/trash_bin", path(&restored))).await.expect(200);
        server.clock.fetch_add(FORTNIGHT_MS - 1, Ordering::SeqCst);
        server.tend().await;
        account.get(&path(&restored)).await;
        server.clock.fetch_add(1, Ordering::SeqCst);
        server.tend().await;
        says(call(&account, "GET", &path(&restored)).await, 404, "asset not found");
    });
}

#[test]
fn what_is_in_the_trash_bin_is_missing_elsewhere() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let id = project(&account, "p").await;
        let within = format!("/api/v2/projects/{id}/assets");
        let asset = account.post(&within, &json!({ "title": "t" })).await.expect(200).json()["asset"].clone();
        let file = server.upload(&account.organization.token, &format!("folderId={id}"), "a.txt", b"bytes").await;
        let file_target = format!("/api/v2/assets/{}", file["id"]);
        let collection = account.post("/api/v2/collections", &json!({ "title": "c" })).await.expect(200).json();
        let collected = format!("/api/v2/collections/{}/assets", collection["collection"]["id"]);
        account.post(&collected, &json!({ "asset_ids": [asset["id"], file["id"]] })).await.expect(200);
        for target in [path(&asset), file_target.clone()] {
            call(&account, "POST", &format!("{target}/trash_bin")).await.expect(200);
        }
        assert_eq!(account.get(&within).await["assets"], json!([]));
        assert_eq!(account.get(&collected).await["assets"], json!([]));
        assert_eq!(server.listed(&account.organization.token, &format!("folderId={id}")).await, Vec::<String>::new());
        // Fliplet shows what it has of it, and brings it back.
        let restore = format!("/v1/media/files/{}/restore", file["id"]);
        server.fliplet("POST", &restore).token(&account.organization.token).send().await.expect(200);
        assert_eq!(account.get(&file_target).await["asset"]["deleted"], false);
        // And what it puts in its trash is in the trash bin here.
        let trash = server.fliplet("DELETE", &format!("/v1/media/files/{}", file["id"]));
        trash.token(&account.organization.token).send().await.expect(200);
        assert_eq!(account.get(&file_target).await["asset"]["deleted"], true);
        call(&account, "POST", &format!("{file_target}/restore")).await.expect(200);
        assert_eq!(server.listed(&account.organization.token, &format!("folderId={id}")).await, ["a.txt"]);
    });
}

#[test]
fn what_is_deleted_is_gone_for_good() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let (file, entry) = (account.asset("a.txt", b"bytes").await, make(&account, &json!({ "title": "t" })).await);
        let trashed = make(&account, &json!({ "title": "t" })).await;
        call(&account, "POST", &format!("{}/trash_bin", path(&trashed))).await.expect(200);
        for asset in [&file, &entry, &trashed] {
            let answer = call(&account, "DELETE", &path(asset)).await.expect(200);
            assert_eq!(answer.json(), json!({ "ok": "ok" }));
            for method in ["GET", "DELETE"] {
                says(call(&account, method, &path(asset)).await, 404, "asset not found");
            }
        }
        let token = &account.organization.token;
        let deleted = server.fliplet("GET", "/v1/media/deleted").token(token).send().await.expect(200).json();
        assert_eq!(deleted["files"], Value::Array(Vec::new()));
    });
}
