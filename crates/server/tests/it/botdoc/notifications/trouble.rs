//! Servers that are not told enough, that are down and that refuse; and links whose sender is gone.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use library::DispatchState::{self, Failed, Sent, Waiting};
use serde_json::{Value, json};

use super::{
    super::agent::Agent,
    transfer::{Transfer, World, at, dispatches, in_world, open, wait_for_end, wait_for_failures, with_world},
};
use crate::support::{NOW_MS, Server, organizations::system, until};

#[test]
fn without_a_public_url_no_mail_is_sent_and_nothing_is_half_done() {
    with_world(
        |settings, _| settings.public_url = String::new(),
        async |server, world| {
            let agent = Agent::new(server).await;
            let transfer = Transfer::new(&agent, json!({ "callback_url": world.listener.url("/hook") })).await;
            world.listener.wait_for(1).await;
            let link = transfer.to("link", "").await;
            let link_path = format!("/v1/module_container/recipientitem/{link}/");
            let first = transfer.send().await;
            let base = format!("http://{}/botdoc/s/", server.address);
            assert!(first[0]["link"].as_str().unwrap().starts_with(&base), "{first:?}");
            world.listener.wait_for(2).await;
            server.settle().await;
            let before = dispatches(server, agent.organization.id).await;

            transfer.to("email", "zoe@example.com").await;
            let words = "Mail can not be sent: this server was not told its public_url.";
            for method in ["GET", "POST"] {
                let answer = agent.ask(method, &transfer.path("send_notification/")).send().await.expect(400);
                assert_eq!(answer.json(), json!({ "non_field_errors": [words] }));
            }
            server.settle().await;
            assert_eq!(dispatches(server, agent.organization.id).await, before);
            assert_eq!(agent.get(&link_path).await["link"], first[0]["link"]);
            assert_eq!(world.listener.requests().len(), 2);
            let rule = json!({ "send_as": "email", "to": "zoe@example.com" });
            let answer = agent.ask("POST", &transfer.path("auth_code/")).json(&rule).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "non_field_errors": [words] }));
            open(server, first[0]["link"].as_str().unwrap()).await.expect(200);
            assert!(world.smtp.mails().await.is_empty());
        },
    );
}

#[test]
fn the_host_of_a_request_is_in_no_mail() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        transfer.to("email", "zoe@example.com").await;
        let ask = agent.ask("POST", &transfer.path("send_notification/")).header("Content-Length", "0");
        let ask = ask.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
        ask.send().await.expect(200);
        let mails = world.smtp.wait_for(1).await;
        assert!(!String::from_utf8_lossy(&mails[0].raw).contains("evil"));
        assert!(!mails[0].html.as_ref().unwrap().contains("evil"));
    });
}

/// Whom something went to, how it ended, how often it was tried and why it failed last.
async fn ends(server: &Server, tenant_id: i64) -> BTreeMap<String, (DispatchState, i64, Option<String>)> {
    let one =
        |dispatch: library::Dispatch| (dispatch.recipient, (dispatch.state, dispatch.attempts, dispatch.last_error));
    dispatches(server, tenant_id).await.into_iter().map(one).collect()
}

#[test]
fn one_refused_recipient_is_no_reason_for_the_others() {
    in_world(async |server, world| {
        world.smtp.refuse("later@example.com", "451 try later").await;
        world.smtp.refuse("never@example.com", "550 no such user").await;
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        for address in ["later@example.com", "never@example.com", "now@example.com"] {
            transfer.to("email", address).await;
        }
        transfer.send().await;
        assert_eq!(wait_for_failures(server, 1, 1).await, [NOW_MS + 10_000]);
        assert_eq!(world.smtp.wait_for(1).await[0].to, ["now@example.com"]);
        let text = |text: &str| Some(text.to_owned());
        let tenant_id = agent.organization.id;
        assert_eq!(
            wait_for_two_ends(server, tenant_id).await,
            BTreeMap::from([
                ("later@example.com".to_owned(), (Waiting, 1, text("the mail server: 451 try later"))),
                ("never@example.com".to_owned(), (Failed, 1, text("the mail server: 550 no such user"))),
                ("now@example.com".to_owned(), (Sent, 1, None)),
            ])
        );
        world.smtp.accept("later@example.com").await;
        at(server, NOW_MS + 9_999).await;
        assert_eq!(world.smtp.mails().await.len(), 1);
        at(server, NOW_MS + 10_000).await;
        wait_for_end(server, tenant_id).await;
        at(server, NOW_MS + 100_000).await;
        let mails = world.smtp.mails().await;
        let to: Vec<_> = mails.iter().map(|mail| mail.to.join(",")).collect();
        assert_eq!(to, ["now@example.com", "later@example.com"]);
        assert_eq!(ends(server, tenant_id).await["later@example.com"], (Sent, 2, None));
    });
}

/// What became of all, once only one is left to try.
async fn wait_for_two_ends(server: &Server, tenant_id: i64) -> BTreeMap<String, (DispatchState, i64, Option<String>)> {
    let look = async || {
        let ends = ends(server, tenant_id).await;
        let over = ends.values().filter(|(state, ..)| *state != Waiting).count();
        (over == 2).then_some(ends)
    };
    until("all but one to end", look).await
}

fn behind_the_door(settings: &mut mediary::Settings, world: &World) {
    settings.smtp.url = format!("smtp://{}", world.door.address);
}

#[test]
fn a_mail_waits_for_a_server_that_is_down() {
    with_world(behind_the_door, async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        transfer.to("email", "zoe@example.com").await;
        // It is told and is no reason to send nobody here: no request needs it.
        let ready = server.ask("GET", "/readyz").send().await.expect(200).json();
        assert_eq!(ready, json!({ "status": "ready", "troubles": ["mail"] }));
        // Who asks is not made to wait for it, and nothing else suffers.
        let link = transfer.link().await;
        open(server, &link).await.expect(200);
        assert_eq!(wait_for_failures(server, 1, 1).await, [NOW_MS + 10_000]);
        at(server, NOW_MS + 10_000).await;
        assert_eq!(wait_for_failures(server, 1, 2).await, [NOW_MS + 30_000]);

        let smtp: SocketAddr = world.smtp.url().strip_prefix("smtp://").unwrap().parse().unwrap();
        world.door.open(smtp).await;
        let ready = server.ask("GET", "/readyz").send().await.expect(200).json();
        assert_eq!(ready, json!({ "status": "ready", "troubles": [] }));
        at(server, NOW_MS + 30_000).await;
        let mails = world.smtp.wait_for(1).await;
        assert!(mails[0].text.as_ref().unwrap().contains(&link));
        assert_eq!(wait_for_end(server, agent.organization.id).await[0].state, Sent);
        assert_eq!(world.smtp.mails().await.len(), 1);
    });
}

#[test]
fn without_a_mail_server_mails_are_files() {
    with_world(
        |settings, _| settings.smtp.url = String::new(),
        async |server, _| {
            let agent = Agent::new(server).await;
            let transfer = Transfer::new(&agent, json!({})).await;
            transfer.letter("Your papers", "Here they are.").await;
            transfer.to("email", "zoe@example.com").await;
            let link = transfer.link().await;
            server.settle().await;
            let dispatch = &dispatches(server, agent.organization.id).await[0];
            assert_eq!(dispatch.state, Sent);
            let folder = server.store_folder().with_file_name("outbox");
            let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(files, [format!("dispatch-{}-{NOW_MS}.eml", dispatch.id).as_str()]);
            let mail = fs::read_to_string(folder.join(&files[0])).unwrap();
            for part in ["To: zoe@example.com\r\n", "Subject: Your papers\r\n", link.rsplit('/').next().unwrap()] {
                assert!(mail.contains(part), "{part} is not in {mail}");
            }
            server.ask("GET", "/readyz").send().await.expect(200);
        },
    );
}

#[test]
fn sending_again_gives_other_links_and_the_old_ones_stay() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        transfer.to("email", "zoe@example.com").await;
        let (first, second) = (transfer.link().await, transfer.link().await);
        assert_ne!(first, second);
        let mails = world.smtp.wait_for(2).await;
        // Several are sent at a time, so the second may be there first.
        for link in [&first, &second] {
            let with_it = mails.iter().filter(|mail| mail.text.as_ref().unwrap().contains(link.as_str()));
            assert_eq!(with_it.count(), 1);
            open(server, link).await.expect(200);
        }
    });
}

#[test]
fn links_die_with_their_sender() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({ "display_chat": true })).await;
        let file = transfer.file("paper.txt", b"the paper").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let paths = [link.clone(), format!("{link}/media/{file}/paper.txt")];
        for path in &paths {
            open(server, path).await.expect(200);
        }
        let organization = &agent.organization;
        server.library.disable_user(&system(), organization.id, organization.user_id).await.unwrap();
        for path in &paths {
            let answer = open(server, path).await.expect(404);
            let page = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(page.contains("This link does not work"), "{answer}");
        }
        // What nobody has a link to any more nobody gets a new one for.
        let answer = agent.ask("POST", &transfer.path("send_notification/")).send().await.expect(401);
        assert!(matches!(answer.json()["detail"], Value::String(_)), "{answer}");
    });
}
