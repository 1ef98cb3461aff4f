//! Callbacks go outside only: an address of this machine or its neighbours is refused when it is named, and again when it is called.

use library::DispatchState::{Failed, Sent};
use serde_json::{Value, json};

use super::{
    super::{
        agent::Agent,
        notifications::transfer::{Transfer, dispatches, with_world},
    },
    request,
};
use crate::support::{
    Server,
    addresses::NOT_OUTSIDE,
    engines::{on_each_database, share},
    listener::Listener,
};

/// Next door. Nobody is called there: a request of 2018 calls nobody until it is sent.
const TAKEN: &[&str] = &[
    "http://8.8.8.8/",
    "https://9.255.255.255:8443/hook?x=y#z",
    "http://128.0.0.0/",
    "http://172.32.0.0/",
    "http://[2001:4860:4860::8888]/",
    "https://example.com/",
    "https://localhost.example.com/",
];

#[test]
fn an_address_that_is_not_outside_is_refused() {
    with_world(
        |settings, _| settings.outbound.allow_private = false,
        async |server, world| {
            let agent = Agent::new(server).await;
            let before = (count(&agent, "module_container/container").await, count(&agent, "request").await);
            let own = [world.listener.url("/hook"), format!("http://localhost:{}/hook", world.listener.address.port())];
            for address in NOT_OUTSIDE.iter().copied().chain(own.iter().map(String::as_str)) {
                for path in ["/v1/module_container/container/", "/v1/request/"] {
                    let body = json!({ "page_type": "pushpull", "callback_url": address });
                    let answer = agent.ask("POST", path).json(&body).send().await;
                    assert_eq!(answer.status, 400, "{address:?}: {answer}");
                    let (json, words) = (answer.json(), answer.json()["callback_url"][0].clone());
                    assert_eq!(json, json!({ "callback_url": [words] }), "{address:?}");
                    let known = ["Enter a valid URL.", "This server does not call this address."];
                    assert!(known.contains(&words.as_str().unwrap()), "{address:?}: {words}");
                }
            }
            let after = (count(&agent, "module_container/container").await, count(&agent, "request").await);
            assert_eq!(after, before);
            for address in TAKEN {
                agent.create("/v1/request/", &json!({ "callback_url": address })).await;
            }
            server.settle().await;
            assert_eq!(dispatches(server, agent.organization.id).await, []);
            assert!(world.listener.requests().is_empty());
        },
    );
}

async fn count(agent: &Agent<'_>, what: &str) -> Value {
    agent.get(&format!("/v1/{what}/")).await["count"].clone()
}

/// What was taken while the operator allowed it is not called once that is over: the address is looked at before each call.
#[test]
fn an_address_is_checked_again_before_it_is_called() {
    let _shared = share();
    on_each_database(async |_, url| {
        // SQLite's file outlives the first server's data folder.
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("library.db").display());
        let url = if url.is_empty() { &file } else { url };
        let listener = Listener::start().await;
        let port = listener.address.port();
        let mut first = Server::start(url, &|settings| settings.outbound.allow_private = true).await;
        let agent = Agent::new(&first).await;
        let mut ids = Vec::new();
        for host in ["127.0.0.1", "localhost", "a.localhost", "[::ffff:127.0.0.1]", "a.internal", "0.0.0.0"] {
            ids.push(request(&agent, &format!("http://{host}:{port}/hook")).await);
        }
        Transfer::new(&agent, json!({ "callback_url": listener.url("/hook") })).await;
        first.settle().await;
        assert_eq!(dispatches(&first, agent.organization.id).await[0].state, Sent);
        assert_eq!(listener.requests().len(), 1);
        let (token, tenant_id) = (agent.token.clone(), agent.organization.id);
        first.stop().await;
        first.library.close().await;

        let mut second = Server::start(url, &|_| ()).await;
        for id in &ids {
            let path = format!("/v1/request/{id}/send_notification/");
            let ask = super::ask(&second, "POST", &path).header("Authorization", format!("JWT {token}"));
            ask.header("Content-Length", "0").send().await.expect(200);
        }
        second.settle().await;
        let all = dispatches(&second, tenant_id).await;
        assert_eq!(all.len(), 1 + ids.len());
        for dispatch in &all[1..] {
            assert_eq!((dispatch.state, dispatch.attempts), (Failed, 1), "{dispatch:?}");
            assert!(dispatch.last_error.as_ref().unwrap().starts_with("the address is not public"), "{dispatch:?}");
        }
        assert_eq!(listener.requests().len(), 1);
        second.stop().await;
        second.library.close().await;
    });
}
