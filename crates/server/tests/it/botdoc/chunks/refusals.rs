//! Chunks that came before, that do not fit, and that belong to something else.

use serde_json::{Value, json};

use super::{Sending, refused, told};
use crate::{
    botdoc::Agent,
    support::{Server, forms::Form, on_each_engine},
};

const PIECES: [&[u8]; 4] = [b"first", b"second", b"third", b"fourth"];
const OTHER_BYTES: &str = "This chunk was sent before with other content.";

/// Four chunks of which two have come.
async fn half(server: &Server) -> (Sending, Value) {
    let sending = Sending::of(&Agent::new(server).await, "story.bin", &PIECES);
    let id = sending.begin(server.address).await;
    sending.post(server.address, &sending.chunk(2)).await.expect(201);
    (sending, id)
}

#[test]
fn a_chunk_that_came_before_changes_nothing() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        let before = sending.media(server.address, &id).await;
        let files = server.stored_files();
        for form in [sending.chunk(1), sending.chunk(2), sending.chunk_of(&id, 1), sending.chunk_of(&id, 2)] {
            assert_eq!(sending.post(server.address, &form).await.expect(201).json(), before);
        }
        for form in [sending.chunk_of(&id, 1), sending.chunk_of(&id, 2)] {
            let target = format!("/v1/media/{id}/");
            assert_eq!(
                form.put_in(sending.ask(server.address, "PUT", &target)).send().await.expect(200).json(),
                before
            );
        }
        assert_eq!(sending.listed(server.address).await, [before]);
        assert_eq!(server.stored_files(), files);
    });
}

#[test]
fn whoever_begins_again_from_the_start_gets_to_the_end() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        sending.post(server.address, &sending.chunk(3)).await.expect(201);
        for (number, state) in [(1, "uploading"), (2, "uploading"), (3, "uploading"), (4, "available")] {
            let media = sending.post(server.address, &sending.chunk(number)).await.expect(201).json();
            assert_eq!((&media["id"], &media["state"]), (&id, &json!(state)), "chunk {number}");
        }
        sending.expect_whole(server.address, &id).await;
        assert_eq!(sending.listed(server.address).await.len(), 1);
    });
}

#[test]
fn of_two_files_of_one_name_a_chunk_without_an_id_may_be_either() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        let at = server.address;
        let other = Sending { pieces: [b"a", b"b", b"c", b"d"].map(|piece| piece.to_vec()).into(), ..sending.clone() };
        let other_id = other.begin(at).await;
        // Only one of them waits for each of these.
        other.post(at, &other.chunk(2)).await.expect(201);
        let words = "Several medias of this name are on their way: say which by its id.";
        for one in [&sending, &other] {
            refused(one.post(at, &one.chunk(3)).await, "id", words);
        }
        sending.post(at, &sending.chunk_of(&id, 3)).await.expect(201);
        sending.post(at, &sending.chunk(4)).await.expect(201);
        other.post(at, &other.chunk(3)).await.expect(201);
        other.post(at, &other.chunk(4)).await.expect(201);
        sending.expect_whole(at, &id).await;
        other.expect_whole(at, &other_id).await;
    });
}

#[test]
fn other_bytes_another_total_and_leaps_are_refused() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        let before = sending.media(server.address, &id).await;
        let files = server.stored_files();
        let at = server.address;
        let with_id = |form: Form| form.text("id", id.to_string());
        refused(sending.post(at, &sending.chunk_with(2, b"Second")).await, "file", OTHER_BYTES);
        for number in [1, 2] {
            let form = with_id(sending.chunk_with(number, b"other"));
            refused(sending.post(at, &form).await, "file", OTHER_BYTES);
            let put = form.put_in(sending.ask(at, "PATCH", &format!("/v1/media/{id}/")));
            refused(put.send().await, "file", OTHER_BYTES);
        }
        refused(sending.post(at, &sending.chunk(4)).await, "current_chunk", "Chunk 3 is expected.");
        let longer = Sending { pieces: vec![b"x".to_vec(); 5], ..sending.clone() };
        let words = "This media was announced with 4 chunks.";
        refused(sending.post(at, &with_id(longer.chunk(3))).await, "total_chunks", words);
        // By its name it is another file, of which nothing came yet.
        refused(sending.post(at, &longer.chunk(3)).await, "current_chunk", "Chunk 1 is expected.");
        let said = |number: &str, total: &str| {
            let form = Form::new().file("file", "story.bin", "", b"x").text("request", sending.request.to_string());
            form.text("current_chunk", number).text("total_chunks", total)
        };
        for (number, total, field, words) in [
            ("5", "4", "current_chunk", "Ensure this value is less than or equal to 4."),
            ("2", "1", "current_chunk", "Ensure this value is less than or equal to 1."),
            ("0", "4", "current_chunk", "Ensure this value is greater than or equal to 1."),
            ("-1", "4", "current_chunk", "Ensure this value is greater than or equal to 1."),
            ("1", "0", "total_chunks", "Ensure this value is greater than or equal to 1."),
            ("1", "10001", "total_chunks", "Ensure this value is less than or equal to 10000."),
            ("one", "4", "current_chunk", "A valid integer is required."),
            ("1", "1.5", "total_chunks", "A valid integer is required."),
        ] {
            refused(sending.post(at, &said(number, total)).await, field, words);
        }
        let empty = sending.chunk_with(3, b"");
        refused(sending.post(at, &empty).await, "file", "The submitted file is empty.");
        assert_eq!(sending.listed(at).await, [before]);
        assert_eq!(server.stored_files(), files, "nothing is left of what was refused");
    });
}

#[test]
fn a_first_chunk_is_the_one_that_came_or_begins_another_file() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        let at = server.address;
        let again = sending.post(at, &sending.chunk(1)).await.expect(201).json();
        assert_eq!(again["id"], id);
        let other = sending.post(at, &sending.chunk_with(1, b"First")).await.expect(201).json();
        assert_ne!(other["id"], id);
        assert_eq!(other["current_chunk"], 1);
        // Of two under way nobody can tell which one is meant, so it is a third.
        let third = sending.post(at, &sending.chunk(1)).await.expect(201).json();
        assert!(third["id"] != id && third["id"] != other["id"], "{third}");
        assert_eq!(sending.listed(at).await.len(), 3);
        // Another total, name or request is another file as well.
        let longer = Sending { pieces: vec![PIECES[0].to_vec(); 5], ..sending.clone() };
        let elsewhere = Sending { request: new_request(&sending, server).await, ..sending.clone() };
        for other in [longer, sending.named("other.bin"), elsewhere] {
            assert_eq!(other.post(at, &other.chunk(1)).await.expect(201).json()["current_chunk"], 1);
            refused(other.post(at, &other.chunk(3)).await, "current_chunk", "Chunk 2 is expected.");
        }
    });
}

async fn new_request(sending: &Sending, server: &Server) -> i64 {
    let ask = sending.ask(server.address, "POST", "/v1/request/").json(&json!({}));
    ask.send().await.expect(201).json()["id"].as_i64().unwrap()
}

#[test]
fn two_files_of_one_name_are_told_apart_by_their_ids() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let one = Sending::of(&agent, "story.bin", &PIECES);
        let other = Sending::of(&agent, "story.bin", &[b"A", b"B", b"C", b"D"]);
        let at = server.address;
        let (first, second) = (one.begin(at).await, other.begin(at).await);
        for number in [4, 2, 3] {
            one.post(at, &one.chunk_of(&first, number)).await.expect(201);
            other.post(at, &other.chunk_of(&second, number)).await.expect(201);
        }
        one.expect_whole(at, &first).await;
        other.expect_whole(at, &second).await;
        assert_eq!(one.listed(at).await.len(), 2);
    });
}

#[test]
fn a_last_chunk_whose_answer_was_lost_is_answered_again() {
    on_each_engine(async |server| {
        let (sending, id) = half(server).await;
        let at = server.address;
        sending.post(at, &sending.chunk(3)).await.expect(201);
        let done = sending.post(at, &sending.chunk(4)).await.expect(201).json();
        assert_eq!(told(&done), sending.expected(at, &id, &[1, 2, 3, 4]));
        assert_eq!(sending.post(at, &sending.chunk(4)).await.expect(201).json(), done);
        for number in 1..=4 {
            assert_eq!(sending.post(at, &sending.chunk_of(&id, number)).await.expect(201).json(), done);
            let other = sending.chunk_with(number, b"other").text("id", id.to_string());
            refused(sending.post(at, &other).await, "file", OTHER_BYTES);
        }
        // Without an id it may be the middle of anything.
        refused(sending.post(at, &sending.chunk(3)).await, "current_chunk", "Chunk 1 is expected.");
        assert_eq!(sending.listed(at).await, [done]);
        // What begins with the same bytes now is a new file.
        let next = sending.begin(at).await;
        assert_ne!(next, id);
        assert_eq!(server.stored_files().len(), 2);
    });
}

#[test]
fn chunks_of_what_is_not_waiting_for_any_are_refused() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let at = server.address;
        let sending = Sending::of(&agent, "story.bin", &PIECES);
        let begun = sending.begin(at).await;
        let single = agent.media("single.bin", b"single").await["id"].clone();
        let theirs = Sending::of(&Agent::new(server).await, "theirs.bin", &PIECES);
        let their_id = theirs.begin(at).await;
        let before = server.stored_files();
        for id in [&single, &their_id, &json!(999_999)] {
            let words = format!("Invalid pk \"{id}\" - object does not exist.");
            refused(sending.post(at, &sending.chunk_of(id, 2)).await, "id", &words);
        }
        let put = async |id: &Value| {
            let form = sending.chunk(2);
            form.put_in(sending.ask(at, "PUT", &format!("/v1/media/{id}/"))).send().await
        };
        refused(put(&single).await, "current_chunk", "This media is not waiting for chunks.");
        for id in [&their_id, &json!(999_999)] {
            assert_eq!(put(id).await.expect(404).json(), json!({ "detail": "Not found." }));
        }
        // It is looked for in the request that is named.
        let elsewhere = Sending { request: new_request(&sending, server).await, ..sending.clone() };
        let words = format!("Invalid pk \"{begun}\" - object does not exist.");
        refused(elsewhere.post(at, &elsewhere.chunk_of(&begun, 2)).await, "id", &words);
        assert_eq!(server.stored_files(), before);
    });
}
