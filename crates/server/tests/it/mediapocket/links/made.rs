//! What a link is made for: an asset and one version of its bytes, and nothing else.

use std::sync::atomic::Ordering;

use library::Rights;
use serde_json::{Value, json};

use super::{FAR, create, expect_gone, fetch, follow};
use crate::{
    mediapocket::{
        Account,
        account::target_of,
        fetching::{add_media, site::Site},
    },
    support::{Answer, Server, on_each_engine, on_each_engine_with},
};

#[track_caller]
fn expect_error(answer: Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.json(), json!({ "error": words }));
}

#[test]
fn a_link_keeps_the_version_that_it_was_made_for() {
    on_each_engine_with(
        |settings| settings.outbound.allow_private = true,
        async |server| {
            let account = Account::new(server).await;
            let asset = account.asset("story.txt", b"the first").await;
            let old = account.link(&asset, (FAR, 5)).await;
            let site = Site::of(b"the second").await;
            add_media(&account, &asset, &site.url("/x"), "newer.md").await;
            let path = format!("/api/v2/assets/{}/media", asset["id"].as_str().unwrap());
            let media = account.get(&path).await["media"].clone();
            let ids: Vec<i64> = media.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect();
            assert_eq!(ids.len(), 2, "{media}");
            let mut links = vec![(old, "the first")];
            for (id, bytes) in [(ids[0], "the first"), (ids[1], "the second")] {
                let payload = json!({ "asset_id": asset["id"], "media_id": id, "filename": "any" });
                links.push((create(&account, &payload).await.expect(200).json(), bytes));
            }
            for (link, bytes) in &links {
                assert_eq!(fetch(server, link).await.expect(200).body, bytes.as_bytes());
            }
        },
    );
}

#[test]
fn the_asset_is_looked_up_before_the_media() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let other = account.asset("other.txt", b"others").await;
        let (media, others) = (account.media_id(&asset).await, account.media_id(&other).await);
        let no_asset = [
            json!("invalid_id"),
            json!(""),
            json!("b5Iix0ul_b2bTnT23Jo-"),
            json!(0),
            json!(-1),
            json!(987_654),
            json!("987654"),
            json!(1.5),
            json!(true),
            json!([1]),
            json!({ "a": 1 }),
            json!("'"),
            json!("99999999999999999999999"),
        ];
        for asset_id in no_asset {
            for media_id in [media, 987_654] {
                let payload = json!({ "asset_id": asset_id, "media_id": media_id, "filename": "x" });
                expect_error(create(&account, &payload).await, 400, "asset not found");
            }
        }
        for media_id in [others, 987_654, 0, -1, i64::MAX, i64::MIN] {
            let payload = json!({ "asset_id": asset["id"], "media_id": media_id, "filename": "x" });
            expect_error(create(&account, &payload).await, 400, "media not found");
        }
        expect_error(create(&account, &json!({ "media_id": 987_654, "filename": "x" })).await, 400, "asset not found");
    });
}

#[test]
fn an_asset_is_named_by_its_key_by_its_number_or_by_its_media_alone() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let file = server.upload(&account.organization.token, &account.organization.here(), "a.txt", b"bytes").await;
        let asset = account.get(&format!("/api/v2/assets/{}", file["id"])).await["asset"].clone();
        let media_id = account.media_id(&asset).await;
        let ids = [asset["id"].clone(), file["id"].clone(), json!(file["id"].to_string()), Value::Null];
        for asset_id in ids {
            let payload = json!({ "asset_id": asset_id, "media_id": media_id, "filename": "x" });
            let link = create(&account, &payload).await.expect(200).json();
            assert_eq!(fetch(server, &link).await.expect(200).body, b"bytes", "{asset_id}");
        }
        let link = create(&account, &json!({ "media_id": media_id, "filename": "x" })).await.expect(200).json();
        assert_eq!(fetch(server, &link).await.expect(200).body, b"bytes");
    });
}

#[test]
fn what_has_no_bytes_or_is_in_the_trash_or_is_anothers_gets_no_link() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let theirs = Account::with(server, server.organization("Theirs").await, Rights::ALL, None).await;
        let foreign = theirs.asset("foreign.txt", b"foreign").await;
        let foreign_media = theirs.media_id(&foreign).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let media_id = account.media_id(&asset).await;
        let made = account.post("/api/v2/assets", &json!({ "title": "To come" })).await.expect(200).json();
        let placeholder = made["asset"]["id"].clone();
        let payload =
            |asset_id: &Value, media_id: i64| json!({ "asset_id": asset_id, "media_id": media_id, "filename": "x" });
        expect_error(create(&account, &payload(&placeholder, media_id)).await, 400, "media not found");
        expect_error(create(&account, &payload(&foreign["id"], foreign_media)).await, 400, "asset not found");
        expect_error(create(&account, &payload(&asset["id"], foreign_media)).await, 400, "media not found");
        let alone = json!({ "media_id": foreign_media, "filename": "x" });
        expect_error(create(&account, &alone).await, 400, "asset not found");
        let path = format!("/api/v2/assets/{}/trash_bin", asset["id"].as_str().unwrap());
        account.post(&path, &json!({})).await.expect(200);
        expect_error(create(&account, &payload(&asset["id"], media_id)).await, 400, "asset not found");
        expect_error(create(&account, &json!({ "media_id": media_id, "filename": "x" })).await, 400, "asset not found");
    });
}

#[test]
fn limits_and_dates_that_are_none_are_refused() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let payload = json!({ "asset_id": asset["id"], "media_id": account.media_id(&asset).await, "filename": "x" });
        let post = async |expiry_date: Value, limit: Value| {
            let body = json!({ "expiry_date": expiry_date, "limit": limit, "payload": payload });
            account.post("/api/v2/shareable_links", &body).await
        };
        for limit in [json!(0), json!(-1), json!(i64::MIN)] {
            expect_error(post(json!(FAR), limit).await, 400, "Limit must be greater than 0");
        }
        for limit in [json!(2_147_483_648_i64), json!(i64::MAX), json!(u64::MAX)] {
            expect_error(post(json!(FAR), limit).await, 400, "Limit must be less than or equal to 2147483647");
        }
        for bad in [
            "soon",
            "2023-02-29",
            "2023-13-01",
            "28.11.2023",
            "20231128",
            "2023-11",
            "10000-01-01",
            "0",
            "2023-11-28T25:00:00Z",
        ] {
            expect_error(post(json!(bad), json!(5)).await, 400, "invalid date");
        }
        post(json!(FAR), json!(2_147_483_647)).await.expect(200);
    });
}

#[test]
fn two_links_to_one_thing_count_apart() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let (one, two) = (account.link(&asset, (FAR, 1)).await, account.link(&asset, (FAR, 2)).await);
        assert_ne!(one["id"], two["id"]);
        let keys = [target_of(&one), target_of(&two)].map(|target| target.rsplit('/').next().unwrap().to_owned());
        assert_ne!(keys[0], keys[1]);
        keys.iter().for_each(|key| expect_uuid_4(key));
        follow(server, &one).await.expect(302);
        expect_gone(&follow(server, &one).await, "used up");
        follow(server, &two).await.expect(302);
        follow(server, &two).await.expect(302);
        expect_gone(&follow(server, &two).await, "used up");
    });
}

fn expect_uuid_4(key: &str) {
    let parts: Vec<usize> = key.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{key}");
    assert!(key.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{key}");
    assert_eq!(key.as_bytes()[14], b'4', "{key}");
    assert!(b"89ab".contains(&key.as_bytes()[19]), "{key}");
}

/// An end far ahead survives a start anew and another node, like everything of a link.
#[test]
fn a_link_works_after_a_restart_and_on_another_node() {
    on_each_engine(async |server: &mut Server| {
        let (organization, link) = {
            let account = Account::new(server).await;
            let asset = account.asset("story.txt", b"bytes").await;
            (account.organization.clone(), account.link(&asset, (FAR, 3)).await)
        };
        assert!(organization.id > 0);
        follow(server, &link).await.expect(302);
        server.restart().await;
        follow(server, &link).await.expect(302);
        let (library, beside) = server.start_beside().await;
        let target = format!("/mediapocket{}", target_of(&link));
        crate::support::Ask::new(beside.address, "GET", &target).send().await.expect(302);
        expect_gone(&follow(server, &link).await, "used up");
        server.clock.fetch_add(1, Ordering::SeqCst);
        expect_gone(&crate::support::Ask::new(beside.address, "GET", &target).send().await, "used up");
        beside.stop().await;
        library.close().await;
    });
}
