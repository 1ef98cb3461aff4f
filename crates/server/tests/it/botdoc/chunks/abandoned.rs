//! Files that never become whole: deleted on their way, or given up by whoever sent them.

use std::sync::atomic::Ordering;

use library::Work;
use serde_json::{Value, json};

use super::{Sending, expect_clean, refused};
use crate::{
    botdoc::Agent,
    support::{NOW_MS, Server, on_each_engine, organizations::system},
};

const PIECES: [&[u8]; 4] = [b"first", b"second", b"third", b"fourth"];
/// `limits.staging_age_ms`, as it comes.
const AGE_MS: i64 = 24 * 60 * 60 * 1_000;

#[test]
fn deleting_a_file_on_its_way_frees_its_bytes_at_once() {
    on_each_engine(async |server| {
        let sending = Sending::of(&Agent::new(server).await, "story.bin", &PIECES);
        let at = server.address;
        let id = sending.begin(at).await;
        // Some chunks are in one piece by now, and some wait.
        for number in [2, 4] {
            sending.post(at, &sending.chunk_of(&id, number)).await.expect(201);
        }
        assert_eq!(server.stored_files().len(), 2);
        let delete = || sending.ask(at, "DELETE", &format!("/v1/media/{id}/"));
        assert_eq!(delete().send().await.expect(204).body, b"");
        assert_eq!(server.stored_files(), [""; 0].map(std::path::PathBuf::from));
        expect_gone(server, &sending, &id).await;
        assert_eq!(delete().send().await.expect(404).json(), json!({ "detail": "Not found." }));
        let words = format!("Invalid pk \"{id}\" - object does not exist.");
        refused(sending.post(at, &sending.chunk_of(&id, 3)).await, "id", &words);
        refused(sending.post(at, &sending.chunk(3)).await, "current_chunk", "Chunk 1 is expected.");
        assert_ne!(sending.begin(at).await, id);
        expect_clean(server).await;
    });
}

#[test]
fn chunks_of_a_whole_file_that_was_deleted_are_not_waited_for() {
    on_each_engine(async |server| {
        let sending = Sending::of(&Agent::new(server).await, "story.bin", &PIECES);
        let at = server.address;
        let id = sending.begin(at).await;
        for number in 2..=4 {
            sending.post(at, &sending.chunk(number)).await.expect(201);
        }
        sending.ask(at, "DELETE", &format!("/v1/media/{id}/")).send().await.expect(204);
        let words = format!("Invalid pk \"{id}\" - object does not exist.");
        refused(sending.post(at, &sending.chunk_of(&id, 4)).await, "id", &words);
        refused(sending.post(at, &sending.chunk(4)).await, "current_chunk", "Chunk 1 is expected.");
    });
}

#[test]
fn a_file_that_nobody_goes_on_with_is_swept() {
    on_each_engine(async |server| {
        let sending = Sending::of(&Agent::new(server).await, "story.bin", &PIECES);
        let at = server.address;
        let id = sending.begin(at).await;
        let set = |ms: i64| server.clock.store(NOW_MS + ms, Ordering::SeqCst);
        // It counts from the last chunk that came.
        set(1_000);
        sending.post(at, &sending.chunk_of(&id, 3)).await.expect(201);
        set(AGE_MS + 999);
        sweep(server).await;
        let sending = sending.with_new_token(at).await;
        assert_eq!(sending.media(at, &id).await["current_chunk"], 2);
        assert_eq!(server.stored_files().len(), 2);
        set(AGE_MS + 1_000);
        sweep(server).await;
        expect_gone(server, &sending, &id).await;
        assert_eq!(server.stored_files(), [""; 0].map(std::path::PathBuf::from));
        let words = format!("Invalid pk \"{id}\" - object does not exist.");
        refused(sending.post(at, &sending.chunk_of(&id, 2)).await, "id", &words);
        expect_clean(server).await;
    });
}

#[test]
fn a_file_that_came_whole_is_not_swept() {
    on_each_engine(async |server| {
        let sending = Sending::of(&Agent::new(server).await, "story.bin", &PIECES);
        let at = server.address;
        let id = sending.begin(at).await;
        for number in 2..=4 {
            sending.post(at, &sending.chunk(number)).await.expect(201);
        }
        server.clock.store(NOW_MS + 2 * AGE_MS, Ordering::SeqCst);
        sweep(server).await;
        let sending = sending.with_new_token(at).await;
        // How it came is forgotten; in how many chunks is still told.
        let media = sending.media(at, &id).await;
        assert_eq!((&media["state"], &media["total_chunks"]), (&json!("available"), &json!(4)));
        assert_eq!(media["current_chunk"], 4);
        assert!(sending.download(at, &id).await.expect(200).body == sending.whole());
        let words = format!("Invalid pk \"{id}\" - object does not exist.");
        refused(sending.post(at, &sending.chunk_of(&id, 4)).await, "id", &words);
        expect_clean(server).await;
    });
}

/// Nobody sees anything of it.
async fn expect_gone(server: &Server, sending: &Sending, id: &Value) {
    let at = server.address;
    for target in [format!("/v1/media/{id}/"), format!("/v1/media/{id}/download/")] {
        let answer = sending.ask(at, "GET", &target).send().await.expect(404);
        assert_eq!(answer.json(), json!({ "detail": "Not found." }));
    }
    assert!(sending.listed(at).await.is_empty());
}

async fn sweep(server: &Server) {
    server.library.queue(&system(), &Work::SweepStaging).await.unwrap();
    server.settle().await;
}
