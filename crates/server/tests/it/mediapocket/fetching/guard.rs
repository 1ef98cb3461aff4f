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
        addresses::NOT_OUTSIDE,
        engines::{on_each_database, share},
        on_each_engine,
    },
};

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
        for address in NOT_OUTSIDE.iter().copied().chain(own.iter().map(String::as_str)) {
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
