//! Where links are: under the public URL, the mount, a host name of their own or the root; and who follows them.

use mediary::Settings;
use serde_json::{Value, json};

use super::{FAR, expect_gone, follow, path_of};
use crate::{
    mediapocket::{
        Account,
        account::{ask, target_of},
    },
    support::{Answer, Server, on_each_engine, on_each_engine_with},
};

/// Makes a link by a request to this path and host.
async fn link_at(account: &Account<'_>, prefix: &str, host: Option<&str>) -> Value {
    let asset = account.asset("story.txt", b"bytes").await;
    let media_id = account.media_id(&asset).await;
    let payload = json!({ "asset_id": asset["id"], "filename": "test_file", "media_id": media_id });
    let body = json!({ "expiry_date": FAR, "limit": 5, "payload": payload });
    let ask = account.server.ask("POST", &format!("{prefix}/api/v2/shareable_links"));
    let ask = ask.header("X-API-KEY", &account.key).json(&body);
    let ask = if let Some(host) = host { ask.header("Host", host) } else { ask };
    ask.send().await.expect(200).json()
}

/// Asks for a URL as somebody does who resolves its host to this server, or whose proxy takes `stripped` off its path.
async fn get(server: &Server, url: &str, stripped: &str) -> Answer {
    let path = path_of(url).strip_prefix(stripped).unwrap();
    let host = url.split("://").nth(1).unwrap().split('/').next().unwrap();
    server.ask("GET", path).header("Host", host).send().await
}

/// The link begins so, and so does what it leads to, which works.
async fn expect_at(server: &Server, link: &Value, base: &str, stripped: &str) {
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{base}/api/v2/shareable_links/")), "{url}, not {base}");
    let given = get(server, url, stripped).await.expect(302);
    let location = given.header("location");
    assert!(location.starts_with(&format!("{base}/s3/mediapocket-")), "{location}, not {base}");
    let fetched = get(server, location, stripped).await.expect(200);
    assert_eq!(fetched.body, b"bytes");
    assert_eq!(fetched.header("content-disposition"), "attachment; filename=test_file.txt");
    // Behind a proxy that names this server by its own address.
    let path = path_of(location).strip_prefix(stripped).unwrap();
    let status = server.ask("GET", path).send().await.status;
    // Another host than that of the request may have other things at this path.
    let expected: &[u16] = if base.starts_with("https") { &[200] } else { &[200, 403, 404] };
    assert!(expected.contains(&status), "{status} at {base}");
}

#[test]
fn links_are_under_the_mount_of_the_host_that_is_asked() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let own = format!("http://{}/mediapocket", server.address);
        expect_at(server, &link_at(&account, "/mediapocket", None).await, &own, "").await;
        for host in ["files.example.com", "files.example.com:8080", "[::1]:80"] {
            let link = link_at(&account, "/mediapocket", Some(host)).await;
            expect_at(server, &link, &format!("http://{host}/mediapocket"), "").await;
        }
        for host in ["mediapocket.localhost", "mediapocket.localhost:8080"] {
            expect_at(server, &link_at(&account, "", Some(host)).await, &format!("http://{host}"), "").await;
        }
    });
}

#[test]
fn links_are_under_the_public_url() {
    for (public_url, stripped) in [
        ("https://files.example.com", ""),
        ("https://files.example.com/", ""),
        ("https://files.example.com:8443", ""),
        ("https://files.example.com/library/media", "/library/media"),
    ] {
        on_each_engine_with(
            |settings| public_url.clone_into(&mut settings.public_url),
            async |server| {
                let account = Account::new(server).await;
                let base = format!("{}/mediapocket", public_url.trim_end_matches('/'));
                for host in [None, Some("files.example.com"), Some("evil.example")] {
                    expect_at(server, &link_at(&account, "/mediapocket", host).await, &base, stripped).await;
                }
            },
        );
    }
}

#[test]
fn links_are_at_the_root_when_this_is_the_servers_dialect() {
    let set = |settings: &mut Settings| settings.default_dialect = "mediapocket".to_owned();
    on_each_engine_with(set, async |server| {
        let account = Account::new(server).await;
        let link = link_at(&account, "", None).await;
        expect_at(server, &link, &format!("http://{}", server.address), "").await;
        // Under the mount it goes on working.
        let mounted = link_at(&account, "/mediapocket", None).await;
        expect_at(server, &mounted, &format!("http://{}/mediapocket", server.address), "").await;
        ask(server, "GET", &target_of(&link)).send().await.expect(302);
    });
}

#[test]
fn nobody_needs_a_key_to_follow_a_link_and_no_key_hinders() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let link = account.link(&account.asset("story.txt", b"bytes").await, (FAR, 100)).await;
        for key in ["", "wrong", "aaaaa.0123456789", &account.key, "ü", "a b"] {
            let given = ask(server, "GET", &target_of(&link)).header("X-API-KEY", key).send().await.expect(302);
            let path = path_of(given.header("location"));
            server.ask("GET", path).header("X-API-KEY", key).send().await.expect(200);
        }
        // As the seed's table has it, and with a slash too many.
        ask(server, "GET", &target_of(&link)).header("Content-Type", "application/json").send().await.expect(302);
        ask(server, "GET", &format!("{}/", target_of(&link))).send().await.expect(302);
        ask(server, "GET", &format!("{}?a=b", target_of(&link))).send().await.expect(302);
    });
}

#[test]
fn links_are_for_holders_of_a_key_where_the_operator_wants_that() {
    on_each_engine_with(
        |settings| settings.mediapocket.require_key = true,
        async |server| {
            let account = Account::new(server).await;
            let link = account.link(&account.asset("story.txt", b"bytes").await, (FAR, 1)).await;
            let unknown = "/api/v2/shareable_links/faf0f631-c83c-4260-b1ae-b3bf7bfef01d";
            for method in ["GET", "HEAD"] {
                for key in [None, Some(""), Some("wrong")] {
                    for target in [&target_of(&link), unknown] {
                        let ask = ask(server, method, target);
                        let ask = if let Some(key) = key { ask.header("X-API-KEY", key) } else { ask };
                        let refused = ask.send().await.expect(401);
                        assert_eq!(refused.header("www-authenticate"), "");
                        if method == "GET" {
                            assert_eq!(refused.json(), json!({ "error": "Unauthorized" }));
                        }
                    }
                }
            }
            let given = account.ask("GET", &target_of(&link)).send().await.expect(302);
            // What it leads to is a browser's to fetch.
            server.ask("GET", path_of(given.header("location"))).send().await.expect(200);
            expect_gone(&account.ask("GET", &target_of(&link)).send().await, "used up");
        },
    );
}

#[test]
fn neither_keys_nor_signatures_are_in_the_access_log() {
    on_each_engine(async |server| {
        let (secrets, shown) = {
            let account = Account::new(server).await;
            let link = account.link(&account.asset("story.txt", b"bytes").await, (FAR, 2)).await;
            let given = follow(server, &link).await.expect(302);
            let location = given.header("location").to_owned();
            server.ask("GET", path_of(&location)).send().await.expect(200);
            let target = target_of(&link);
            let key = target.rsplit('/').next().unwrap().to_owned();
            ask(server, "HEAD", &target).send().await.expect(302);
            ask(server, "GET", &format!("{target}/?key={key}")).send().await.expect(302);
            ask(server, "GET", &target).header("Referer", link["url"].as_str().unwrap()).send().await.expect(404);
            let double = format!("/mediapocket//api/v2/shareable_links/{key}");
            server.ask("GET", &double).send().await;
            server.ask("GET", &format!("/api/v2/shareable_links/{key}")).send().await;
            server.ask("GET", &target).header("Host", "mediapocket.localhost").send().await.expect(404);
            let signature = location.rsplit_once("X-Amz-Signature=").unwrap().1.to_owned();
            ([key, signature, account.key.clone()], "shareable_links")
        };
        server.stop().await;
        let log = server.access_log();
        assert!(log.contains(shown) && log.contains("/s3/mediapocket-"), "{log}");
        for secret in secrets {
            assert!(!log.contains(&secret), "{secret} in {log}");
        }
    });
}
