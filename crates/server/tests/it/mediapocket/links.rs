//! Share links: their ends, their bodies, their headers. Seed, contract section 3.

mod made;
mod names;
mod places;

use std::sync::atomic::Ordering;

use library::{Actor, Origin, Scan};
use serde_json::{Value, json};

use super::{
    Account,
    account::{ask, target_of},
};
use crate::support::{Answer, NOW_MS, Server, on_each_engine, organizations::system};

/// The body of every link that does not work, byte for byte.
pub const GONE: &[u8] = br#"{"error":"Link not found or has expired"}"#;
/// A day that no test lives to see.
pub const FAR: &str = "2033-05-18";

/// Follows a link.
pub async fn follow(server: &Server, link: &Value) -> Answer {
    ask(server, "GET", &target_of(link)).send().await
}

/// What follows the host in a URL.
pub fn path_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("{url} is not absolute"));
    &rest[rest.find('/').unwrap()..]
}

/// Follows a link to the bytes: what a browser gets.
pub async fn fetch(server: &Server, link: &Value) -> Answer {
    let redirect = follow(server, link).await.expect(302);
    server.ask("GET", path_of(redirect.header("location"))).send().await
}

/// Whoever holds the key, for what only the library tells.
pub async fn actor(account: &Account<'_>) -> Actor {
    account.server.library.authenticate(mediapocket::REALM, &account.key, Origin::default()).await.unwrap()
}

/// The integer id of an asset.
pub async fn id_of(account: &Account<'_>, asset: &Value) -> i64 {
    let key = asset["id"].as_str().unwrap();
    account.server.library.entry_by_key(&actor(account).await, key).await.unwrap().id
}

#[track_caller]
pub fn expect_gone(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 404, "{why}: {answer}");
    assert_eq!(answer.body, GONE, "{why}: {answer}");
    assert_eq!(answer.header("content-type"), "application/json", "{why}");
    for absent in ["location", "www-authenticate", "etag", "retry-after"] {
        assert_eq!(answer.header(absent), "", "{why}: {answer}");
    }
}

/// Asks for a link to an asset with a payload of one's own.
pub async fn create(account: &Account<'_>, payload: &Value) -> Answer {
    let body = json!({ "expiry_date": FAR, "limit": 5, "payload": payload });
    account.post("/api/v2/shareable_links", &body).await
}

#[test]
fn a_link_works_up_to_its_last_millisecond() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        for (expiry_date, last_ms) in [
            // NOW_MS is at 22:13:20 of this day.
            ("2023-11-14", 1_700_006_399_999),
            ("2023-11-15", 1_700_092_799_999),
            ("2024-02-28", 1_709_164_799_999),
            ("2024-02-29", 1_709_251_199_999),
            ("2023-12-31", 1_704_067_199_999),
            ("2023-11-14T22:13:20.001Z", NOW_MS),
            ("2023-11-14T23:00:00Z", 1_700_002_799_999),
            ("2023-11-15T01:00:00+02:00", 1_700_002_799_999),
            ("2023-11-14T23:00:00", 1_700_002_799_999),
            ("2023-11-14 23:00:00", 1_700_002_799_999),
        ] {
            server.clock.store(NOW_MS, Ordering::SeqCst);
            let link = account.link(&asset, (expiry_date, 10)).await;
            for now_ms in [NOW_MS, last_ms] {
                server.clock.store(now_ms, Ordering::SeqCst);
                follow(server, &link).await.expect(302);
                ask(server, "HEAD", &target_of(&link)).send().await.expect(302);
            }
            for now_ms in [last_ms + 1, last_ms + 2, last_ms + 1_000_000_000] {
                server.clock.store(now_ms, Ordering::SeqCst);
                expect_gone(&follow(server, &link).await, expiry_date);
                ask(server, "HEAD", &target_of(&link)).send().await.expect(404);
            }
        }
    });
}

#[test]
fn a_link_that_never_ends_is_a_day_that_never_comes() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        for expiry_date in ["9999-12-31", "9999-12-30", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"] {
            let link = account.link(&asset, (expiry_date, 10)).await;
            follow(server, &link).await.expect(302);
        }
    });
}

#[test]
fn a_link_may_be_born_dead() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let ends = ["2023-11-13", "1970-01-01", "0001-01-01", "2023-11-14T22:13:20Z", "2023-11-14T22:13:19.999Z"];
        for expiry_date in ends {
            let link = account.link(&asset, (expiry_date, 10)).await;
            assert_eq!(link["filename"], "test_file");
            expect_gone(&follow(server, &link).await, expiry_date);
        }
    });
}

/// Each of these for itself: a link, and what ends it.
async fn dead_links(account: &Account<'_>) -> Vec<(&'static str, Value)> {
    let (server, library, tenant_id) = (account.server, &account.server.library, account.organization.id);
    let system = system();
    let mut dead = Vec::new();
    let fresh = async |name: &str| {
        let asset = account.asset(name, name.as_bytes()).await;
        let link = account.link(&asset, (FAR, 1)).await;
        let id = id_of(account, &asset).await;
        (asset["id"].as_str().unwrap().to_owned(), id, link)
    };
    let (_, _, link) = fresh("used.txt").await;
    follow(server, &link).await.expect(302);
    dead.push(("used up", link));
    let (_, _, link) = fresh("revoked.txt").await;
    library.revoke_link(&system, tenant_id, link["id"].as_i64().unwrap()).await.unwrap();
    dead.push(("revoked", link));
    let (key, _, link) = fresh("trashed.txt").await;
    account.post(&format!("/api/v2/assets/{key}/trash_bin"), &json!({})).await.expect(200);
    dead.push(("trashed", link));
    let (key, _, link) = fresh("purged.txt").await;
    account.ask("DELETE", &format!("/api/v2/assets/{key}")).send().await.expect(200);
    dead.push(("purged", link));
    let (_, id, link) = fresh("over.txt").await;
    library.limit_asset(&system, id, None, Some(NOW_MS)).await.unwrap();
    dead.push(("asset expired", link));
    let (_, id, link) = fresh("spent.txt").await;
    library.limit_asset(&system, id, Some(0), None).await.unwrap();
    dead.push(("asset used up", link));
    let (_, id, link) = fresh("ill.txt").await;
    library.set_scan(&system, tenant_id, id, Scan::Infected).await.unwrap();
    dead.push(("infected", link));
    dead
}

#[test]
fn nobody_is_told_why_a_link_does_not_work() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let living = account.link(&asset, (FAR, 1)).await;
        let mut dead: Vec<(&str, String)> =
            dead_links(&account).await.into_iter().map(|(why, link)| (why, target_of(&link))).collect();
        dead.push(("expired", target_of(&account.link(&asset, ("2023-11-13", 1)).await)));
        let living = target_of(&living);
        let key = living.rsplit('/').next().unwrap();
        let long = "a".repeat(3_000);
        let spellings = [
            "faf0f631-c83c-4260-b1ae-b3bf7bfef01d",
            "invalid_key",
            "1",
            "share",
            "%00",
            "%FF",
            "..",
            "%2e%2e",
            "%2F",
            "a%2Fb",
            "null",
            "%20",
            "'",
            "%25",
            "%F0%9F%92%A9",
            &long,
        ];
        let upper = key.to_uppercase();
        let near = [
            format!("{key}a"),
            key[1..].to_owned(),
            format!("{key}%20"),
            format!("{key}%00"),
            upper,
            format!("{key}.json"),
        ];
        for spelling in spellings.iter().map(|text| (*text).to_owned()).chain(near) {
            dead.push(("unknown", format!("/api/v2/shareable_links/{spelling}")));
        }
        let mut heads = std::collections::HashSet::new();
        for (why, target) in &dead {
            let answer = ask(server, "GET", target).send().await;
            expect_gone(&answer, &format!("{why}: {}", &target[..target.len().min(99)]));
            let names = ["cache-control", "content-length", "content-security-policy", "referrer-policy", "vary"];
            heads.insert(names.map(|name| answer.header(name).to_owned()));
            ask(server, "HEAD", target).send().await.expect(404);
        }
        assert_eq!(heads.len(), 1, "{heads:?}");
        // It is there all the while.
        ask(server, "GET", &living).send().await.expect(302);
    });
}

#[test]
fn what_is_restored_is_given_again_with_what_was_left_of_it() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let path = format!("/api/v2/assets/{}", asset["id"].as_str().unwrap());
        let link = account.link(&asset, (FAR, 2)).await;
        let redirect = follow(server, &link).await.expect(302);
        let presigned = path_of(redirect.header("location")).to_owned();
        account.post(&format!("{path}/trash_bin"), &json!({})).await.expect(200);
        expect_gone(&follow(server, &link).await, "trashed");
        server.ask("GET", &presigned).send().await.expect(404);
        account.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        assert_eq!(server.ask("GET", &presigned).send().await.expect(200).body, b"bytes");
        follow(server, &link).await.expect(302);
        expect_gone(&follow(server, &link).await, "used up");
    });
}

#[test]
fn a_link_goes_in_the_trash_with_the_folder_and_comes_back_with_it() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let organization = &account.organization;
        let outer = server.folder(&organization.token, "Outer", json!({ "organizationId": organization.id })).await;
        let inner = server.folder(&organization.token, "Inner", json!({ "parentId": outer })).await;
        let file = server.upload(&organization.token, &format!("folderId={inner}"), "story.txt", b"bytes").await;
        let asset = account.get(&format!("/api/v2/assets/{}", file["id"])).await["asset"].clone();
        let link = account.link(&asset, (FAR, 5)).await;
        follow(server, &link).await.expect(302);
        for folder in [outer, inner] {
            let path = format!("/v1/media/folders/{folder}");
            server.fliplet("DELETE", &path).token(&organization.token).send().await.expect(200);
            expect_gone(&follow(server, &link).await, "folder trashed");
            server.library.restore_folder(&actor(&account).await, folder).await.unwrap();
            follow(server, &link).await.expect(302);
        }
    });
}

#[test]
fn a_look_tells_where_it_leads_and_is_never_counted() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let link = account.link(&asset, (FAR, 1)).await;
        let mut length = String::new();
        for _ in 0..10 {
            let look = ask(server, "HEAD", &target_of(&link)).send().await.expect(302);
            // Whoever looks is not counted, and is given nothing but another look.
            let location = look.header("location");
            let object = &location[location.find("/mediapocket/").unwrap()..];
            server.ask("HEAD", object).send().await.expect(200);
            server.ask("GET", object).send().await.expect(403);
            assert!(look.header("location").contains("&X-Amz-Signature="), "{look}");
            assert_eq!(look.header("content-type"), "text/html; charset=utf-8");
            look.header("content-length").clone_into(&mut length);
        }
        let given = follow(server, &link).await.expect(302);
        assert_eq!(given.header("content-length"), length);
        ask(server, "HEAD", &target_of(&link)).send().await.expect(404);
        expect_gone(&follow(server, &link).await, "used up");
        let owner = actor(&account).await;
        let id = id_of(&account, &asset).await;
        assert_eq!(server.library.asset_links(&owner, id).await.unwrap()[0].use_count, 1);
    });
}
