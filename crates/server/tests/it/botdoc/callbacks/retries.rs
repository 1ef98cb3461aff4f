//! A receiver that does not listen is told again, after ever longer pauses, and is given up at last.

use axum::{Router, response::Redirect, routing::post};
use library::DispatchState::{Failed, Sent, Waiting};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    super::{
        agent::Agent,
        notifications::transfer::{
            Transfer, World, at, dispatches, in_world, wait_for_end, wait_for_failures, with_world,
        },
    },
    assert_signed,
};
use crate::support::NOW_MS;

fn impatient(settings: &mut mediary::Settings, _: &World) {
    settings.outbound.timeout_ms = 500;
}

#[test]
fn a_receiver_is_told_until_it_listens() {
    with_world(impatient, async |server, world| {
        let agent = Agent::new(server).await;
        let hook = format!("http://{}/hook", world.door.address);
        Transfer::new(&agent, json!({ "callback_url": hook })).await;
        // Nobody is there.
        assert_eq!(wait_for_failures(server, 1, 1).await, [NOW_MS + 10_000]);
        world.door.open(world.listener.address).await;
        world.listener.answer(&[500]);
        world.listener.hang();
        world.listener.answer(&[404]);
        let mut now_ms = NOW_MS;
        for (attempts, pause_ms, why) in [
            (1, 10_000, "cannot connect"),
            (2, 20_000, "answered 500"),
            (3, 40_000, "no answer within 500ms"),
            (4, 80_000, "answered 404"),
        ] {
            assert_eq!(wait_for_failures(server, 1, attempts).await, [now_ms + pause_ms]);
            let dispatch = &dispatches(server, agent.organization.id).await[0];
            assert_eq!((dispatch.state, dispatch.attempts), (Waiting, attempts));
            assert!(dispatch.last_error.as_ref().unwrap().contains(why), "{dispatch:?}");
            let count = world.listener.requests().len();
            now_ms += pause_ms;
            at(server, now_ms - 1).await;
            assert_eq!(world.listener.requests().len(), count, "before its time");
            at(server, now_ms).await;
        }
        let end = &wait_for_end(server, agent.organization.id).await[0];
        assert_eq!((end.state, end.attempts, end.finished_at), (Sent, 5, Some(now_ms)));
        at(server, now_ms + 1_000_000).await;
        let calls = world.listener.requests();
        assert_eq!(calls.len(), 4);
        for call in &calls {
            assert_eq!(call.body, calls[0].body);
            assert_signed(call, &agent.keys.callback_secret).await;
        }
    });
}

#[test]
fn a_receiver_that_never_listens_is_given_up() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        world.listener.answer(&[503; 12]);
        Transfer::new(&agent, json!({ "callback_url": world.listener.url("/hook") })).await;
        let mut now_ms = NOW_MS;
        for attempts in 1..12 {
            now_ms += 10_000 << (attempts - 1).min(9);
            assert_eq!(wait_for_failures(server, 1, attempts).await, [now_ms]);
            at(server, now_ms).await;
        }
        let end = &wait_for_end(server, agent.organization.id).await[0];
        assert_eq!((end.state, end.last_error.as_deref()), (Failed, Some("answered 503")));
        at(server, now_ms + 10_000_000).await;
        assert_eq!(world.listener.requests().len(), 12);
        assert_eq!(wait_for_failures(server, 0, 12).await, Vec::<i64>::new());
    });
}

/// A server that sends every POST elsewhere with this status; its URL.
async fn redirecting(status: u16, to: String) -> String {
    let answer = post(async move || match status {
        307 => Redirect::temporary(&to),
        _ => Redirect::permanent(&to),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/old", listener.local_addr().unwrap());
    let router = Router::new().route("/old", answer);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[test]
fn a_receiver_that_has_moved_is_found_if_it_wants_the_body() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        for (count, status) in [(1, 307), (2, 308)] {
            let hook = redirecting(status, world.listener.url("/new")).await;
            Transfer::new(&agent, json!({ "callback_url": hook })).await;
            let calls = world.listener.wait_for(count).await;
            let call = &calls[count - 1];
            assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/new"));
            assert_signed(call, &agent.keys.callback_secret).await;
        }
        server.settle().await;

        world.listener.redirect_to(&world.listener.url("/other"));
        Transfer::new(&agent, json!({ "callback_url": world.listener.url("/moved") })).await;
        wait_for_failures(server, 1, 1).await;
        let calls = world.listener.requests();
        assert_eq!(calls.iter().map(|call| call.target.as_str()).collect::<Vec<_>>(), ["/new", "/new", "/moved"]);
        let last = dispatches(server, agent.organization.id).await.pop().unwrap();
        assert_eq!(last.last_error.as_deref(), Some("answered 302"));
    });
}
