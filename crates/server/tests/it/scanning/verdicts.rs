//! Verdicts belong to bytes: whoever has them, whichever version has them, and whatever is known of them another day.

use std::time::{SystemTime, UNIX_EPOCH};

use library::{JobState, Scan, Work};
use serde_json::json;

use super::{
    Five, after, at,
    quarantine::{list, release, rescan},
    scan_of, with_clamd,
};
use crate::{
    mediapocket::{
        account::{ask, target_of},
        links::{FAR, expect_gone, fetch, follow, path_of},
        mail::world::mediary,
    },
    support::{Organization, Server, clamd::eicar, on_each_engine, organizations::system, until},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn upload(server: &Server, to: &Organization, name: &str, bytes: &[u8]) -> i64 {
    let id = server.upload(&to.token, &to.here(), name, bytes).await["id"].as_i64().unwrap();
    server.settle().await;
    id
}

async fn status(server: &Server, of: &Organization, id: i64) -> Scan {
    let held = server.library.quarantined(&system(), of.id, 0).await.unwrap();
    if held.iter().any(|held| held.asset.id == id) { Scan::Infected } else { scan_of(server, id).await }
}

#[test]
fn equal_bytes_share_a_verdict_whoever_has_them() {
    with_clamd(async |server, clamd| {
        let (ours, theirs) = (server.organization("Ours").await, server.organization("Theirs").await);
        for (scans, name, bytes, scan) in
            [(1, "fine.txt", b"fine".to_vec(), Scan::Clean), (2, "virus.txt", eicar(), Scan::Infected)]
        {
            for organization in [&ours, &theirs, &ours] {
                let id = upload(server, organization, name, &bytes).await;
                assert_eq!(status(server, organization, id).await, scan);
            }
            assert_eq!(clamd.scans(), scans, "{name}");
        }
        // What one lets out stays in with the other.
        let id = server.library.quarantined(&system(), theirs.id, 0).await.unwrap()[0].asset.id;
        release(server, theirs.id, id);
        assert_eq!(list(server, theirs.id).len(), 0);
        assert_eq!(list(server, ours.id).len(), 2);
    });
}

#[test]
fn what_is_too_large_for_memory_is_scanned_too() {
    with_clamd(async |server, _| {
        let ours = server.organization("Ours").await;
        // Larger files are read from the disk, piece by piece; and these end in the middle of a piece.
        for len in [(8 << 20) - 1, (8 << 20) + 1, 9_000_000] {
            let id = upload(server, &ours, "large.txt", &vec![b'.'; len]).await;
            assert_eq!(status(server, &ours, id).await, Scan::Clean, "{len}");
        }
    });
}

#[test]
fn what_was_found_before_is_known_while_nobody_looks() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.upload(&[("a.txt", &eicar())]).await;
        five.hold(clamd).await;
        let again = five.upload(&[("b.txt", &eicar())]).await[0];
        until("the verdict", async || (five.status(again).await == "infected").then_some(())).await;
    });
}

#[test]
fn what_signatures_of_ones_own_find_is_found_by_a_rescan() {
    with_clamd(async |server, clamd| {
        let (ours, theirs) = (server.organization("Ours").await, server.organization("Theirs").await);
        let files = [
            (&ours, upload(server, &ours, "a.txt", b"harmless until today").await),
            (&theirs, upload(server, &theirs, "b.txt", b"harmless until today").await),
        ];
        let other = upload(server, &ours, "other.txt", b"harmless").await;
        clamd.learn("Today-Test", b"harmless until today").await;
        // Nobody looks by itself: the scanner's version is the same.
        at(server, after(DAY_MS)).await;
        server.settle().await;
        for (organization, id) in files {
            assert_eq!(status(server, organization, id).await, Scan::Clean);
        }
        assert_eq!(mediary(server, &["quarantine", "rescan"]), json!({ "queued": true }));
        // Another process has a clock of its own.
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        at(server, i64::try_from(now_ms).unwrap()).await;
        server.settle().await;
        for (organization, id) in files {
            assert_eq!(status(server, organization, id).await, Scan::Infected);
            let listed = list(server, organization.id);
            assert_eq!((&listed[0]["id"], &listed[0]["found"]), (&json!(id), &json!("Today-Test.UNOFFICIAL")));
        }
        assert_eq!(scan_of(server, other).await, Scan::Clean);
    });
}

#[test]
fn what_new_signatures_find_is_found_each_day() {
    with_clamd(async |server, clamd| {
        let ours = server.organization("Ours").await;
        let id = upload(server, &ours, "a.txt", b"harmless until today").await;
        let trashed = upload(server, &ours, "b.txt", b"harmless until today").await;
        let delete = server.fliplet("DELETE", &format!("/v1/media/files/{trashed}")).token(&ours.token);
        delete.send().await.expect(200);
        clamd.learn("Today-Test", b"harmless until today").await;
        clamd.update(9).await;
        at(server, after(DAY_MS - 1)).await;
        server.settle().await;
        assert_eq!(scan_of(server, id).await, Scan::Clean);
        at(server, after(DAY_MS)).await;
        server.settle().await;
        for id in [id, trashed] {
            assert_eq!(status(server, &ours, id).await, Scan::Infected);
        }
        let scans = clamd.scans();
        // And what they have looked at once is not looked at again.
        at(server, after(2 * DAY_MS)).await;
        server.settle().await;
        assert_eq!(clamd.scans(), scans);
    });
}

#[test]
fn an_old_version_that_is_infected_is_not_given_though_the_new_one_is_clean() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.site.upload("web", "paper.txt", b"harmless until today").await.expect(200);
        server.settle().await;
        let id = five.fliplet(&format!("?folderId={}", five.web)).await["files"][0]["id"].as_i64().unwrap();
        let asset = five.pocket.get(&format!("/api/v2/assets/{id}")).await["asset"].clone();
        let link = five.pocket.link(&asset, (FAR, 100)).await;
        let media = five.pocket.get(&format!("/api/v2/assets/{id}/media")).await["media"][0].clone();
        five.site.upload("web", "paper.txt", b"the new one").await.expect(200);
        server.settle().await;
        let presigned = || server.ask("GET", path_of(media["url"].as_str().unwrap())).send();
        assert_eq!(fetch(server, &link).await.expect(200).body, b"harmless until today");
        presigned().await.expect(200);
        clamd.learn("Today-Test", b"harmless until today").await;
        rescan(server).await;
        expect_gone(&follow(server, &link).await, "infected");
        ask(server, "HEAD", &target_of(&link)).send().await.expect(404);
        presigned().await.expect(404);
        let whole = five.site.ask("GET", "/project/uploads/web/paper.txt").send().await.expect(200);
        assert_eq!((whole.body.as_slice(), five.status(id).await), (&b"the new one"[..], json!("clean")));
    });
}

#[test]
fn an_old_version_that_nobody_looked_at_is_not_given_until_somebody_has() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.hold(clamd).await;
        let mut links = Vec::new();
        let mut ids = Vec::new();
        for (name, bytes) in [("virus.txt", eicar()), ("fine.txt", b"fine".to_vec())] {
            five.site.upload("web", name, &bytes).await.expect(200);
            let listing = five.fliplet(&format!("?folderId={}", five.web)).await;
            let files = listing["files"].as_array().unwrap();
            let id = files.iter().find(|file| file["name"] == name).unwrap()["id"].as_i64().unwrap();
            let asset = five.pocket.get(&format!("/api/v2/assets/{id}")).await["asset"].clone();
            links.push(five.pocket.link(&asset, (FAR, 100)).await);
            ids.push(id);
            five.site.upload("web", name, format!("new {name}").as_bytes()).await.expect(200);
        }
        for link in &links {
            expect_gone(&follow(server, link).await, "queued");
        }
        five.let_go(clamd, &ids).await;
        for id in ids {
            assert_eq!(five.status(id).await, "clean");
        }
        expect_gone(&follow(server, &links[0]).await, "infected");
        assert_eq!(fetch(server, &links[1]).await.expect(200).body, b"fine");
    });
}

#[test]
fn a_copy_of_what_is_queued_is_looked_at_too() {
    with_clamd(async |server, clamd| {
        let five = Five::new(server).await;
        five.hold(clamd).await;
        let id = five.upload(&[("virus.txt", &eicar())]).await[0];
        let body = json!({ "id": "web/virus.txt", "new_id": "web/copy.txt" });
        five.site.call("PUT", "/api/media/files/copy", body).await.expect(200);
        five.let_go(clamd, &[id]).await;
        assert_eq!(list(server, five.tenant()).len(), 2);
        for name in ["virus.txt", "copy.txt"] {
            five.site.ask("GET", &format!("/project/uploads/web/{name}")).send().await.expect(404);
        }
    });
}

#[test]
fn without_a_scanner_nothing_is_queued_and_nothing_is_said() {
    on_each_engine(async |server| {
        let ours = server.organization("Ours").await;
        let id = upload(server, &ours, "virus.txt", &eicar()).await;
        let file = server.fliplet("GET", &format!("/v1/media/files/{id}")).token(&ours.token).send().await.expect(200);
        assert_eq!(file.json()["metadata"].get("av"), None);
        assert_eq!(scan_of(server, id).await, Scan::Unscanned);
        for state in [JobState::Waiting, JobState::Running, JobState::Done, JobState::Failed] {
            let jobs = server.library.jobs(&system(), state, 0, 1_000).await.unwrap();
            assert!(!jobs.iter().any(|job| matches!(job.work, Work::Scan { .. })), "{jobs:?}");
        }
    });
}
