//! A fetch that is under way when its asset, its server or its owner's patience ends.

use serde_json::json;

use super::{
    SECRET, add_media, at, bytes_of, free, latest, media_path, placeholder, post_media,
    site::{Site, Step, file},
    wait_for_end, wait_for_failures,
};
use crate::{
    mediapocket::Account,
    support::{Server, on_each_engine_with, organizations::system, until},
};

/// A job that is cut off is taken up again by another behind this.
const CLAIM_MS: i64 = 10 * 60 * 1_000;

/// One whose bytes wait until they are let go.
async fn waiting_site() -> Site {
    let whole = file(b"0123456789", "");
    let (begin, end) = whole.split_at(whole.len() - 5);
    Site::start([vec![Step::Say(begin.to_vec()), Step::Wait, Step::Say(end.to_vec())]]).await
}

/// Waits until no fetch is queued or under way.
async fn wait_for_idle(server: &Server) {
    until("no fetch to be left", async || {
        for state in [library::JobState::Waiting, library::JobState::Running, library::JobState::Waiting] {
            let jobs = server.library.jobs(&system(), state, 0, 1_000).await.unwrap();
            if jobs.iter().any(|job| matches!(job.work, library::Work::Fetch { .. })) {
                return None;
            }
        }
        Some(())
    })
    .await;
}

#[test]
fn an_asset_that_is_deleted_meanwhile_gets_no_bytes() {
    let set = |settings: &mut mediary::Settings| {
        free(settings);
        settings.limits.garbage_age_ms = 0;
        settings.limits.holding_age_ms = 0;
    };
    on_each_engine_with(set, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = waiting_site().await;
        post_media(&account, &asset, &site.url("/"), "x.bin").await.expect(200);
        site.wait_for(1).await;
        account.ask("DELETE", &format!("/api/v2/assets/{}", asset["id"].as_str().unwrap())).send().await.expect(200);
        site.go_on();
        wait_for_idle(server).await;
        account.ask("GET", &media_path(&asset)).send().await.expect(404);
        assert_eq!(site.seen().len(), 1);
        server.settle().await;
        server.tend().await;
        assert!(server.stored_files().is_empty(), "{:?}", server.stored_files());
    });
}

#[test]
fn an_asset_that_is_in_the_trash_meanwhile_gets_its_bytes_when_it_is_back() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let path = format!("/api/v2/assets/{}", asset["id"].as_str().unwrap());
        let site = waiting_site().await;
        post_media(&account, &asset, &site.url("/"), "x.bin").await.expect(200);
        site.wait_for(1).await;
        account.post(&format!("{path}/trash_bin"), &json!({})).await.expect(200);
        site.go_on();
        let again_ms = wait_for_failures(server, 1).await;
        let fetch = latest(&account, &asset).await;
        assert_eq!((&fetch["state"], &fetch["error"]), (&json!("waiting"), &json!("the entry is not there")));
        assert_eq!(account.get(&media_path(&asset)).await["media"], json!([]));
        account.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        at(server, again_ms).await;
        let fetch = wait_for_end(&account, &asset).await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("done"), &json!(2)));
        assert_eq!(bytes_of(&account, &asset, &fetch).await, b"0123456789");
    });
}

#[test]
fn an_asset_in_the_trash_has_nothing_fetched() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = Site::of(b"bytes").await;
        account
            .post(&format!("/api/v2/assets/{}/trash_bin", asset["id"].as_str().unwrap()), &json!({}))
            .await
            .expect(200);
        let refused = post_media(&account, &asset, &site.url("/"), "x.bin").await.expect(404).json();
        assert_eq!(refused, json!({ "error": "asset not found" }));
        let unknown = json!({ "id": "aaaaaaaaaaaaaaaaaaaa" });
        let refused = post_media(&account, &unknown, &site.url("/"), "x.bin").await.expect(404).json();
        assert_eq!(refused, json!({ "error": "asset not found" }));
        wait_for_idle(server).await;
        assert!(site.seen().is_empty());
    });
}

#[test]
fn a_fetch_that_is_cut_off_by_a_restart_is_taken_up_again() {
    on_each_engine_with(free, async |server: &mut Server| {
        let (organization, key, asset, site) = {
            let account = Account::new(server).await;
            let asset = placeholder(&account).await;
            let site = waiting_site().await;
            post_media(&account, &asset, &site.url("/"), "x.bin").await.expect(200);
            site.wait_for(1).await;
            (account.organization.clone(), account.key.clone(), asset, site)
        };
        server.restart().await;
        {
            let account = Account { server, organization: organization.clone(), key: key.clone() };
            assert_eq!(latest(&account, &asset).await["state"], "waiting");
        }
        site.go_on();
        let now_ms = crate::support::NOW_MS + CLAIM_MS + 1;
        at(server, now_ms).await;
        let account = Account { server, organization, key };
        let fetch = wait_for_end(&account, &asset).await;
        assert_eq!(fetch["state"], "done", "{fetch}");
        assert_eq!(bytes_of(&account, &asset, &fetch).await, b"0123456789");
        assert_eq!(account.get(&media_path(&asset)).await["media"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn many_fetches_at_once_all_come_to_an_end() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let slow = waiting_site().await;
        let quick = Site::of(b"quick").await;
        for at in 0..3 {
            post_media(&account, &asset, &slow.url("/"), &format!("slow {at}.bin")).await.expect(200);
        }
        slow.wait_for(3).await;
        for at in 0..20 {
            post_media(&account, &asset, &quick.url("/"), &format!("quick {at}.bin")).await.expect(200);
        }
        quick.wait_for(20).await;
        slow.go_on();
        wait_for_idle(server).await;
        let told = account.get(&media_path(&asset)).await;
        let fetches = told["fetches"].as_array().unwrap();
        assert!(fetches.iter().all(|fetch| fetch["state"] == "done" && fetch["attempts"] == 1), "{told}");
        assert_eq!((fetches.len(), told["media"].as_array().unwrap().len()), (23, 23));
    });
}

#[test]
fn an_address_is_never_in_the_access_log() {
    on_each_engine_with(free, async |server: &mut Server| {
        {
            let account = Account::new(server).await;
            let asset = placeholder(&account).await;
            let site = Site::of(b"bytes").await;
            add_media(&account, &asset, &site.url(&format!("/{SECRET}?{SECRET}")), "x.bin").await;
            post_media(&account, &asset, &format!("ftp://8.8.8.8/{SECRET}"), "x.bin").await.expect(400);
        }
        server.stop().await;
        let log = server.access_log();
        assert!(log.contains("/media") && !log.contains(SECRET), "{log}");
    });
}

#[test]
fn whoever_names_slow_addresses_does_not_keep_others_waiting() {
    on_each_engine_with(free, async |server| {
        let (slow, quick) = (Account::new(server).await, Account::new(server).await);
        let silent = Site::start([vec![Step::Wait]]).await;
        for _ in 0..20 {
            let asset = placeholder(&slow).await;
            post_media(&slow, &asset, &silent.url("/never"), "never.bin").await.expect(200);
        }
        silent.wait_for(4).await;
        let site = Site::start([vec![Step::Say(file(b"bytes", ""))]]).await;
        let asset = placeholder(&quick).await;
        let fetch = add_media(&quick, &asset, &site.url("/a"), "a.txt").await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("done"), &json!(1)));
        // That is the share of one account.
        assert_eq!(silent.seen().len(), 4);
    });
}
