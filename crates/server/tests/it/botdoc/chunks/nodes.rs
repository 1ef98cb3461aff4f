//! A file whose chunks go to several servers, to one that is started anew between them, and to one whose store can not add to
//! what is there.

use serde_json::Value;

use super::{Sending, expect_clean, refused, told};
use crate::{
    botdoc::Agent,
    support::{on_each_engine, on_each_engine_with},
};

const PIECES: [&[u8]; 5] = [b"one ", b"two ", b"three ", b"four ", b"five"];

#[test]
fn a_server_is_started_anew_between_any_two_chunks() {
    on_each_engine(async |server| {
        let ordered = Sending::of(&Agent::new(server).await, "ordered.bin", &PIECES);
        let shuffled = ordered.named("shuffled.bin");
        let (first, second) = (ordered.begin(server.address).await, shuffled.begin(server.address).await);
        for (number, any) in [(2, 4), (3, 2), (4, 5), (5, 3)] {
            server.restart().await;
            ordered.post(server.address, &ordered.chunk(number)).await.expect(201);
            shuffled.post(server.address, &shuffled.chunk_of(&second, any)).await.expect(201);
            // What came is still known.
            ordered.post(server.address, &ordered.chunk(number)).await.expect(201);
        }
        server.restart().await;
        ordered.expect_whole(server.address, &first).await;
        shuffled.expect_whole(server.address, &second).await;
        assert_eq!(server.stored_files().len(), 1);
        expect_clean(server).await;
    });
}

#[test]
fn chunks_go_to_two_servers_in_turn() {
    on_each_engine(async |server| {
        let ordered = Sending::of(&Agent::new(server).await, "ordered.bin", &PIECES);
        let shuffled = ordered.named("shuffled.bin");
        let (library, beside) = server.start_beside().await;
        let both = [server.address, beside.address];
        let (first, second) = (ordered.begin(both[0]).await, shuffled.begin(both[1]).await);
        for (turn, (number, any)) in [(2, 4), (3, 5), (4, 2), (5, 3)].into_iter().enumerate() {
            let (here, there) = (both[turn % 2], both[(turn + 1) % 2]);
            let media = ordered.post(here, &ordered.chunk(number)).await.expect(201).json();
            let numbers: Vec<usize> = (1..=number).collect();
            assert_eq!(told(&media), ordered.expected(here, &first, &numbers));
            assert_eq!(told(&ordered.media(there, &first).await), ordered.expected(there, &first, &numbers));
            shuffled.post(there, &shuffled.chunk_of(&second, any)).await.expect(201);
            shuffled.post(here, &shuffled.chunk_of(&second, any)).await.expect(201);
        }
        for at in both {
            assert!(ordered.download(at, &first).await.expect(200).body == ordered.whole());
            assert!(shuffled.download(at, &second).await.expect(200).body == shuffled.whole());
        }
        assert_eq!(server.stored_files().len(), 1);
        expect_clean(server).await;
        beside.stop().await;
        library.close().await;
    });
}

#[test]
fn a_store_of_objects_keeps_chunks_until_the_last() {
    on_each_engine_with(
        |settings| "memory:".clone_into(&mut settings.blobs.url),
        async |server| {
            let ordered = Sending::of(&Agent::new(server).await, "ordered.bin", &PIECES);
            let at = server.address;
            let (shuffled, given_up) = (ordered.named("shuffled.bin"), ordered.named("given up.bin"));
            let mut id = Value::Null;
            for number in 1..=5 {
                let media = ordered.post(at, &ordered.chunk(number)).await.expect(201).json();
                id = media["id"].clone();
                let numbers: Vec<usize> = (1..=number).collect();
                assert_eq!(told(&media), ordered.expected(at, &id, &numbers));
            }
            ordered.expect_whole(at, &id).await;
            let id = shuffled.begin(at).await;
            for number in [5, 3, 2, 2, 4] {
                shuffled.post(at, &shuffled.chunk_of(&id, number)).await.expect(201);
                shuffled.post(at, &shuffled.chunk_of(&id, number)).await.expect(201);
            }
            let other = shuffled.chunk_with(2, b"other").text("id", id.to_string());
            refused(shuffled.post(at, &other).await, "file", "This chunk was sent before with other content.");
            shuffled.expect_whole(at, &id).await;
            let id = given_up.begin(at).await;
            given_up.post(at, &given_up.chunk_of(&id, 3)).await.expect(201);
            given_up.ask(at, "DELETE", &format!("/v1/media/{id}/")).send().await.expect(204);
            given_up.ask(at, "GET", &format!("/v1/media/{id}/")).send().await.expect(404);
            expect_clean(server).await;
        },
    );
}
