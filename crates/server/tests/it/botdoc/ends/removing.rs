//! What is left of a media whose time is over, and what goes with it.

use serde_json::{Value, json};

use super::{
    RETENTION_MS, expect_clean, expect_not_found, listed, new_container, no_files, often, one, put_in, set_clock, shred,
};
use crate::{
    botdoc::{Agent, together::others::Others},
    support::{on_each_engine_with, pictures},
};

const END: &str = "2023-11-17T22:13:20.000000Z";

#[test]
fn the_row_stays_and_tells_what_there_was() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let request = new_container(&agent).await;
        let media = put_in(&agent, &request, "story.txt", b"Once upon a time").await.expect(201).json();
        agent.download(&media).await.expect(200);
        let before = one(&agent, &media).await;
        set_clock(server, RETENTION_MS);
        agent.token = agent.new_token().await;
        let check = async |agent: &Agent<'_>| {
            let told = one(agent, &media).await;
            let mut expected = before.clone();
            expected["state"] = json!("removed");
            expected["removed_at"] = json!(END);
            // When the row was written is no promise.
            expected["updated"] = told["updated"].clone();
            assert_eq!(told, expected);
            assert_eq!(listed(agent, &media).await, [expected.clone(), expected]);
        };
        check(&agent).await;
        server.tend().await;
        check(&agent).await;
        shred(server).await;
        check(&agent).await;
        assert_eq!(before["removed_requested_from"], Value::Null);
        expect_not_found(agent.download(&media).await);
        expect_not_found(agent.ask("DELETE", &format!("/v1/media/{}/", media["id"])).send().await);
        check(&agent).await;
        expect_clean(server).await;
    });
}

#[test]
fn bytes_and_previews_go_that_nothing_else_has_and_no_others() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let (shared, also_shared, own) = (pictures::jpeg(900, 600), pictures::jpeg(800, 600), pictures::jpeg(700, 600));
        let lasting = agent.media("lasting.jpg", &shared).await;
        let token = &agent.organization.token;
        let elsewhere = server.upload(token, &agent.organization.here(), "elsewhere.jpg", &also_shared).await;
        server.settle().await;
        let thumbnail = async |id: &Value| {
            others.fliplet("GET", &format!("files/{id}/thumb/preview.jpg")).send().await.expect(200);
        };
        thumbnail(&lasting["id"]).await;
        thumbnail(&elsewhere["id"]).await;
        server.settle().await;
        let kept = server.stored_files();
        let request = new_container(&agent).await;
        for (name, bytes) in [("a.jpg", &shared), ("b.jpg", &also_shared), ("c.jpg", &own), ("d.jpg", &own)] {
            let media = put_in(&agent, &request, name, bytes).await.expect(201).json();
            server.settle().await;
            thumbnail(&media["id"]).await;
        }
        server.settle().await;
        let more = server.stored_files().len() - kept.len();
        assert!(more >= 2, "{more} files are more: the bytes of two, and previews of them");
        set_clock(server, RETENTION_MS);
        server.tend().await;
        shred(server).await;
        assert_eq!(server.stored_files(), kept);
        agent.token = agent.new_token().await;
        assert!(agent.download(&lasting).await.expect(200).body == shared);
        let contents = format!("files/{}/contents", elsewhere["id"]);
        assert!(others.fliplet("GET", &contents).send().await.expect(200).body == also_shared);
        thumbnail(&lasting["id"]).await;
        expect_clean(server).await;
    });
}

#[test]
fn what_lies_in_the_trash_of_others_ends_all_the_same() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let request = new_container(&agent).await;
        let media = put_in(&agent, &request, "story.txt", b"Once upon a time").await.expect(201).json();
        let kept = put_in(&agent, &request, "other.txt", b"And they lived happily").await.expect(201).json();
        others.fliplet("DELETE", &format!("files/{}", media["id"])).send().await.expect(200);
        server.tend().await;
        shred(server).await;
        assert_eq!(server.stored_files().len(), 2, "its time is not over");
        set_clock(server, RETENTION_MS);
        server.tend().await;
        shred(server).await;
        assert_eq!(server.stored_files(), no_files());
        agent.token = agent.new_token().await;
        assert_eq!(one(&agent, &kept).await["state"], "removed");
        expect_not_found(agent.ask("GET", &format!("/v1/media/{}/", media["id"])).send().await);
        expect_clean(server).await;
    });
}

#[test]
fn bytes_go_after_a_server_was_started_anew_that_ended_before_they_went() {
    on_each_engine_with(often, async |server| {
        let request = {
            let agent = Agent::new(server).await;
            let request = new_container(&agent).await;
            put_in(&agent, &request, "story.txt", b"Once upon a time").await.expect(201);
            request
        };
        set_clock(server, RETENTION_MS);
        server.tend().await;
        assert_eq!(server.stored_files().len(), 1, "they wait for those who may have read the row of {request}");
        server.restart().await;
        assert_eq!(server.stored_files().len(), 1);
        shred(server).await;
        assert_eq!(server.stored_files(), no_files());
        expect_clean(server).await;
    });
}

#[test]
fn equal_bytes_that_come_before_the_old_ones_went_stay() {
    on_each_engine_with(often, async |server| {
        let mut agent = Agent::new(server).await;
        let request = new_container(&agent).await;
        put_in(&agent, &request, "old.txt", b"Once upon a time").await.expect(201);
        set_clock(server, RETENTION_MS);
        agent.token = agent.new_token().await;
        server.tend().await;
        let media = agent.media("new.txt", b"Once upon a time").await;
        shred(server).await;
        assert_eq!(server.stored_files().len(), 1);
        assert_eq!(agent.download(&media).await.expect(200).body, b"Once upon a time");
        expect_clean(server).await;
    });
}
