//! Files are fetched from outside only: an address of this machine or its neighbours is refused when it is named, and again when it is
//! called.

use serde_json::{Value, json};

use super::{
    SECRET, expect_nothing_told, free, media_path, placeholder, post_media,
    site::{Site, status},
    wait_for_end, wait_for_failures,
};
use crate::{
    mediapocket::Account,
    support::{
        Server,
        engines::{on_each_database, share},
        on_each_engine,
    },
};

/// After the table of `outbound`'s guard. None of these is outside; some are no addresses at all.
const REFUSED: &[&str] = &[
    "ftp://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8:25/_HELO",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ws://8.8.8.8/",
    "unix:///run/docker.sock",
    "s3://bucket/key",
    "8.8.8.8",
    "//8.8.8.8/",
    "test",
    "http://",
    "http://exa mple.com/",
    "http://[::1/",
    "http://8.8.8.8:99999/",
    "http://256.256.256.256/",
    "http://./",
    "http://user@8.8.8.8/",
    "http://user:password@8.8.8.8/",
    "http://:password@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://8.8.8.8:80@10.0.0.1/",
    "http://8.8.8.8:0/",
    "http://8.8.8.8:25/",
    "https://example.com:25/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://localhost./",
    "http://localhost../",
    "http://a.b.LocalHost/",
    "http://loc%61lhost/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://printer.local/",
    "http://printer.local./",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://internal/",
    "http://0.0.0.0/",
    "http://10.0.0.0/",
    "http://10.255.255.255/",
    "http://100.64.0.0/",
    "http://100.100.100.200/",
    "http://100.127.255.255/",
    "http://127.0.0.1/",
    "http://127.255.255.255/",
    "http://168.63.129.16/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.16.0.0/",
    "http://172.31.255.255/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://192.168.255.255/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://0/",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://12\u{ad}7.0.0.1/",
    "http://1\t27.0.0.1/",
    "  http://127.0.0.1/  ",
    "http:127.0.0.1",
    "http:\\\\127.0.0.1\\",
    "http:///127.0.0.1/",
    "http://127.0.0.1\\@8.8.8.8/",
    "http://127.0.0.1#@8.8.8.8/",
    "http://127.0.0.1?@8.8.8.8/",
    "http://2852039166/",
    "http://0xA9.254.0251.0376/",
    "http://192.168.257/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]:8080/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::8.8.8.8]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2a00:1450::5efe:10.0.0.1]/",
];

#[test]
fn an_address_that_is_not_outside_is_no_valid_url() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = Site::of(b"inside").await;
        let long = format!("http://8.8.8.8/{}", "a".repeat(5_000));
        let own = [site.url("/"), format!("http://localhost:{}/", site.address.port()), long];
        let project = account.post("/api/v2/projects", &json!({ "title": "Trip" })).await.expect(200).json();
        let project = format!("/api/v2/projects/{}/assets", project["project"]["id"].as_str().unwrap());
        for address in REFUSED.iter().copied().chain(own.iter().map(String::as_str)) {
            let refused = post_media(&account, &asset, address, "x.txt").await;
            assert_eq!(refused.status, 400, "{address:?}: {refused}");
            assert_eq!(refused.json(), json!({ "error": "not a valid HTTP URL" }), "{address:?}");
            let url = json!({ "file_url": address, "filename": "x.txt" });
            let refused = account.post(&project, &json!({ "title": "New", "url": url })).await;
            assert_eq!(refused.expect(400).json(), json!({ "error": "not a valid HTTP URL" }), "{address:?}");
        }
        assert_eq!(account.get(&media_path(&asset)).await, json!({ "media": [], "fetches": [] }));
        assert_eq!(account.get(&project).await["assets"], json!([]));
        server.settle().await;
        assert!(site.seen().is_empty());
        // Blank is no text for the framework.
        for blank in ["", "  "] {
            let refused = post_media(&account, &asset, blank, "x.txt").await.expect(422).json();
            assert_eq!(refused, json!({ "error": "Invalid parameter 'file_url' value nil: Must be a String" }));
        }
        let refused = post_media(&account, &asset, "http://8.8.8.8/\0", "x.txt").await;
        assert_eq!(refused.status, 400, "{refused}");
    });
}

/// What was taken while the operator allowed it is not called once that is over: the address is looked at before each call.
#[test]
fn an_address_is_checked_again_before_each_attempt() {
    let _shared = share();
    on_each_database(async |_, url| {
        // SQLite's file outlives the first server's data folder.
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("library.db").display());
        let url = if url.is_empty() { &file } else { url };
        let site = Site::start([status(503)]).await;
        let port = site.address.port();
        let hosts = ["127.0.0.1", "localhost", "a.localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"];
        let mut first = Server::start(url, &free).await;
        let (key, organization, assets) = {
            let account = Account::new(&first).await;
            let mut assets: Vec<Value> = Vec::new();
            for host in hosts {
                let asset = placeholder(&account).await;
                post_media(&account, &asset, &format!("http://{host}:{port}/{SECRET}"), "x.txt").await.expect(200);
                wait_for_failures(&first, 1).await;
                assets.push(asset);
            }
            (account.key.clone(), account.organization.clone(), assets)
        };
        crate::support::until("all to have failed once", async || {
            let waiting = first
                .library
                .jobs(&crate::support::organizations::system(), library::JobState::Waiting, 0, 100)
                .await
                .unwrap();
            let fetches =
                waiting.iter().filter(|job| matches!(job.work, library::Work::Fetch { .. }) && job.attempts == 1);
            (fetches.count() == hosts.len()).then_some(())
        })
        .await;
        let called = site.seen().len();
        assert!(called >= 4, "{called}");
        first.stop().await;
        first.library.close().await;

        let mut second = Server::start(url, &|_| ()).await;
        {
            let account = Account { server: &second, organization, key };
            second.clock.fetch_add(10_000, std::sync::atomic::Ordering::SeqCst);
            for asset in &assets {
                let fetch = wait_for_end(&account, asset).await;
                assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("failed"), &json!(2)), "{fetch}");
                let error = fetch["error"].as_str().unwrap();
                assert!(error.starts_with("the address is not public"), "{error}");
                expect_nothing_told(&account, asset).await;
            }
        }
        assert_eq!(site.seen().len(), called);
        second.stop().await;
        second.library.close().await;
    });
}
