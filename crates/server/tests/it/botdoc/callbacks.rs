//! Callbacks: what an account's own machine is told, signed, in order, until it has heard it; and never a machine that is not
//! outside.

mod guard;
mod retries;

use library::DispatchState;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    agent::{Agent, ask},
    notifications::transfer::{END, NOW, Transfer, dispatches, id_of, in_world, open, path_of, upload},
};
use crate::support::{NOW_MS, listener::Received, programs::python};

/// HMAC-SHA-256 as RFC 2104 defines it, in hexadecimal.
fn hmac(key: &str, text: &str) -> String {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key.as_bytes());
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    let sum = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Panics unless a call carries the signature that its receiver works out, here and by Python.
async fn assert_signed(call: &Received, secret: &str) {
    const PROGRAM: &str = "import hashlib, hmac, sys\n\
        secret, header, body = sys.argv[1:]\n\
        said = dict(part.split('=', 1) for part in header.split(','))\n\
        sum = hmac.new(secret.encode(), f\"{said['t']}.{body}\".encode(), hashlib.sha256).hexdigest()\n\
        print(hmac.compare_digest(sum, said['v1']))";
    let (header, body) = (call.header("x-mediary-signature").to_owned(), String::from_utf8(call.body.clone()).unwrap());
    let at = NOW_MS / 1_000;
    assert_eq!(header, format!("t={at},v1={}", hmac(secret, &format!("{at}.{body}"))));
    let secret = secret.to_owned();
    let said = tokio::task::spawn_blocking(move || python(PROGRAM, &[&secret, &header, &body])).await.unwrap();
    assert_eq!(said, "True\n");
}

#[test]
fn a_receiver_is_told_everything() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let hook = world.listener.url("/hook?from=mediary");
        let transfer = Transfer::new(&agent, json!({ "callback_url": hook, "display_chat": true })).await;
        let feature = transfer
            .feature(json!({ "type": "pull", "message": "Your passport", "allowed_file_extensions": ["PDF"],
                "max_files": 2, "max_file_size": 1_000 }))
            .await;
        let recipient = transfer.recipient("Zoë", "Ring").await;
        transfer.item(recipient, "link", "").await;
        let sent = transfer.send().await.remove(0);
        let link = sent["link"].as_str().unwrap();
        for _ in 0..2 {
            open(server, link).await.expect(200);
        }
        let form = "application/x-www-form-urlencoded";
        let reply = ask(server, "POST", &format!("{}/reply", path_of(link))).body(form, "body=Gr%C3%BC%C3%9Fe");
        reply.send().await.expect(303);
        let taken = upload(server, link, feature, ("pass.pdf", b"%PDF-1.4")).await;
        assert_eq!(taken, json!({ "received": ["pass.pdf"], "errors": [] }));
        for _ in 0..2 {
            let done = ask(server, "POST", &format!("{}/done", path_of(link))).body(form, format!("feature={feature}"));
            done.send().await.expect(303);
        }
        server.settle().await;

        let calls = world.listener.requests();
        let replies =
            agent.get(&format!("/v1/module_container/messagereply/?recipient__container={}", transfer.id)).await;
        let reply_id = id_of(&replies["results"][0]);
        let expected = [
            ("container", transfer.container.clone()),
            ("contact_notification_send", sent.clone()),
            ("session_opened", sent.clone()),
            (
                "message_reply",
                json!({ "id": reply_id, "recipient": recipient, "body": "Grüße", "created": NOW, "updated": NOW }),
            ),
            ("feature", told_feature(&transfer, feature)),
        ];
        let identifier = &transfer.container["identifier"];
        assert_eq!(identifier.as_str().unwrap().len(), 32);
        assert_eq!(calls.len(), expected.len(), "{calls:?}");
        for (call, (about, value)) in calls.iter().zip(expected) {
            assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/hook?from=mediary"));
            assert_eq!(call.header("content-type"), "application/json");
            assert_eq!(call.json(), json!({ "type": about, about: value, "callback_identifier": identifier }));
            assert_signed(call, &agent.keys.callback_secret).await;
        }
        let all = dispatches(server, agent.organization.id).await;
        assert!(all.iter().all(|dispatch| dispatch.state == DispatchState::Sent), "{all:?}");
    });
}

/// A feature that is complete, as the contract's section 4.2 has it.
fn told_feature(transfer: &Transfer<'_>, id: i64) -> Value {
    json!({
        "id": id,
        "container": transfer.id,
        "created": NOW,
        "updated": NOW,
        "feature_attr": "pull",
        "title": "",
        "description": "Your passport",
        "state": "complete",
        "expiration": END,
        "custom_label_pending": null,
        "pull": {
            "id": id,
            "container": transfer.id,
            "allowed_extensions": { "pdf": true },
            "title": "",
            "description": "Your passport",
            "state": "complete",
            "expiration": END,
            "custom_label_pending": null,
            "custom_label_complete": null,
            "custom_label_expired": null,
            "created": NOW,
            "updated": NOW,
            "file_size_limit": 1_000,
            "max_files": 2,
            "recipient_permissions": [],
        },
    })
}

#[test]
fn who_does_not_want_to_be_told_is_not() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        for container in [json!({}), json!({ "callback_url": "" })] {
            let transfer = Transfer::new(&agent, container).await;
            transfer.to("link", "").await;
            open(server, &transfer.link().await).await.expect(200);
        }
        server.settle().await;
        assert_eq!(dispatches(server, agent.organization.id).await, []);
        assert!(world.listener.requests().is_empty());
    });
}

#[test]
fn tenants_sign_with_secrets_of_their_own() {
    in_world(async |server, world| {
        let one = Agent::new(server).await;
        let other = Agent::with(server, server.organization("Other").await, library::Rights::ALL, None).await;
        let again = Agent::with(server, one.organization.clone(), library::Rights::ALL, None).await;
        assert_eq!(one.keys.callback_secret, again.keys.callback_secret);
        assert_ne!(one.keys.callback_secret, other.keys.callback_secret);
        Transfer::new(&other, json!({ "callback_url": world.listener.url("/") })).await;
        let calls = world.listener.wait_for(1).await;
        assert_signed(&calls[0], &other.keys.callback_secret).await;
    });
}

/// A request of 2018 with somebody to send it to.
async fn request(agent: &Agent<'_>, callback_url: &str) -> i64 {
    let contact = json!({ "contact_method": [{ "interface_class": "link", "value": "" }] });
    id_of(&agent.create("/v1/request/", &json!({ "callback_url": callback_url, "contact": [contact] })).await)
}

#[test]
fn the_api_of_2018_names_the_request_in_the_query() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        for (number, (path, target)) in [
            ("/hook", "/hook?id="),
            ("/hook?", "/hook?&id="),
            ("/hook?order=7&x=%20", "/hook?order=7&x=%20&id="),
            ("/hook?id=5", "/hook?id=5&id="),
            ("/hook?order=7#part", "/hook?order=7&id="),
            ("", "/?id="),
        ]
        .iter()
        .enumerate()
        {
            let id = request(&agent, &world.listener.url(path)).await;
            let sent = agent.ask("POST", &format!("/v1/request/{id}/send_notification/")).header("Content-Length", "0");
            let sent = sent.send().await.expect(200).json();
            let call = world.listener.wait_for(number + 1).await.remove(number);
            assert_eq!(call.target, format!("{target}{id}"));
            assert_eq!(call.json()["contact_notification_send"], sent[0]);
            assert_signed(&call, &agent.keys.callback_secret).await;
        }
    });
}
