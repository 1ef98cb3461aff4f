//! Many who send the chunks of one file at once, in any order and more than once, while servers come and go.

use std::{net::SocketAddr, sync::Arc};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::Value;
use tokio::{net::TcpStream, sync::watch, task::JoinSet};

use super::{Sending, expect_clean};
use crate::{
    botdoc::Agent,
    support::{
        Answer, Server,
        client::{exchange, exchange_and_close},
        forms::Form,
        on_each_engine,
    },
};

const CLIENTS: usize = 50;
const PIECES: usize = 60;
/// How many send each of them.
const COPIES: usize = 5;

#[test]
fn fifty_who_send_chunks_at_once_make_one_file_while_the_server_is_started_anew() {
    on_each_engine(async |server| race(server, None).await);
}

#[test]
fn the_same_with_two_servers_on_one_library() {
    on_each_engine(async |server| {
        let (library, beside) = server.start_beside().await;
        race(server, Some(beside.address)).await;
        beside.stop().await;
        library.close().await;
    });
}

/// The server is started anew when a third of the chunks was taken, and when two thirds were. The one beside it, if there is one,
/// gets every other client.
async fn race(server: &mut Server, beside: Option<SocketAddr>) {
    let mut runner = TestRunner::new(ProptestConfig::default());
    let piece = prop::collection::vec(any::<u8>(), 1..40_000);
    let pieces = prop::collection::vec(piece, PIECES).new_tree(&mut runner).unwrap().current();
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let sending = Arc::new(Sending::of(&Agent::new(server).await, "race.bin", &pieces));
    let id = sending.begin(server.address).await;

    let numbers: Vec<usize> = (1..=PIECES).cycle().take(PIECES * COPIES).collect();
    let numbers = Just(numbers).prop_shuffle().new_tree(&mut runner).unwrap().current();
    let (tell, address) = watch::channel(server.address);
    // It stays where it is: whoever waits for another address of it fails.
    let (_, other) = watch::channel(beside.unwrap_or(server.address));
    let (taken, mut count) = watch::channel(0_usize);
    let taken = Arc::new(taken);
    let mut clients = JoinSet::new();
    for (at, numbers) in numbers.chunks(PIECES * COPIES / CLIENTS).enumerate() {
        let to = if at % 2 == 1 && beside.is_some() { other.clone() } else { address.clone() };
        clients.spawn(send_all((Arc::clone(&sending), id.clone()), numbers.to_vec(), to, Arc::clone(&taken)));
    }
    drop(address);
    for third in 1..=2 {
        count.wait_for(|count| *count >= third * PIECES * COPIES / 3).await.unwrap();
        server.restart().await;
        tell.send(server.address).ok();
    }
    drop(tell);
    clients.join_all().await;

    let media = sending.listed(server.address).await;
    assert_eq!(media.len(), 1, "{media:#?}");
    sending.expect_whole(server.address, &id).await;
    assert_eq!(server.stored_files().len(), 1, "{:?}", server.stored_files());
    expect_clean(server).await;
}

/// Sends chunks, each until it is taken. Now and then a connection breaks in the middle, and the server may go away at any moment.
async fn send_all(
    (sending, id): (Arc<Sending>, Value),
    numbers: Vec<usize>,
    mut address: watch::Receiver<SocketAddr>,
    taken: Arc<watch::Sender<usize>>,
) {
    for number in numbers {
        let form = sending.chunk_of(&id, number);
        if number % 3 == 0 {
            let to = *address.borrow();
            break_off(&sending, &form, to).await;
        }
        loop {
            let to = *address.borrow_and_update();
            if let Some(answer) = try_post(&sending, &form, to).await {
                assert_eq!(answer.expect(201).json()["id"], id);
                break;
            }
            address.changed().await.expect("a server that goes away for good has nothing left to do");
        }
        taken.send_modify(|taken| *taken += 1);
    }
}

/// Sends half of a chunk.
async fn break_off(sending: &Sending, form: &Form, to: SocketAddr) {
    let bytes = form.put_in(sending.ask(to, "POST", "/v1/media/")).bytes();
    if let Ok(stream) = TcpStream::connect(to).await {
        exchange_and_close(stream, &bytes[..bytes.len() / 2]).await;
    }
}

/// The answer, unless the server has gone away.
async fn try_post(sending: &Sending, form: &Form, to: SocketAddr) -> Option<Answer> {
    let ask = form.put_in(sending.ask(to, "POST", "/v1/media/"));
    let received = exchange(TcpStream::connect(to).await.ok()?, &ask.bytes()).await;
    (!received.is_empty()).then(|| ask.read(&received))
}
