//! Nothing goes out before `send_notification` says so; then each person gets one mail of their own, whole and harmless, in spite of
//! servers that are down or refuse.

pub mod transfer;

mod hostile;
mod trouble;

use library::DispatchState;
use serde_json::{Value, json};

use super::agent::Agent;
use crate::support::{NOW_MS, smtp::Mail};
use transfer::{FROM, NOW, PUBLIC, Transfer, dispatches, id_of, in_world, open, path_of, with_world};

/// The mail to an address among several.
fn mail_to<'a>(mails: &'a [Mail], address: &str) -> &'a Mail {
    let mut found = mails.iter().filter(|mail| mail.to == [address]);
    let first = found.next().unwrap_or_else(|| panic!("no mail to {address}"));
    assert!(found.next().is_none(), "{address} got two mails");
    first
}

/// A notification in the contract's shape; section 1.3.
fn notification(answer: &Value, item: i64, (first, last): (&str, &str), (class, value): (&str, &str)) -> Value {
    let (id, link) = (id_of(answer), answer["link"].as_str().unwrap());
    let code = link.strip_prefix(&format!("{PUBLIC}/botdoc/s/")).unwrap_or_else(|| panic!("{link} leads elsewhere"));
    assert!(code.len() >= 16 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code} may be guessed");
    json!({
        "id": id,
        "recipient_item": item,
        "state": "send",
        "contact_first_name": first,
        "contact_last_name": last,
        "contact_method_value": value,
        "contact_method_interface_class": class,
        "created": NOW,
        "updated": NOW,
        "was_sent": false,
        "removed": false,
        "link": link,
    })
}

#[test]
fn nothing_is_sent_until_it_is_said() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient("Zoë", "Ring").await;
        let item = transfer.item(recipient, "email", "zoe@example.com").await;
        transfer.letter("Your papers", "Here they are.").await;
        transfer.file("paper.txt", b"the paper").await;
        transfer.feature(json!({ "type": "push", "message": "Papers" })).await;
        let contact = json!({ "first_name": "Max", "contact_method": [{ "interface_class": "email", "value": "max@example.com" }] });
        let request = agent.create("/v1/request/", &json!({ "message": "Hello", "contact": [contact] })).await;
        server.settle().await;
        assert_eq!(dispatches(server, agent.organization.id).await, []);
        assert_eq!(request["contact_notification_send"], json!([]));
        let item_path = format!("/v1/module_container/recipientitem/{item}/");
        assert_eq!(agent.get(&item_path).await["link"], Value::Null);

        for (count, method, length) in [(1, "GET", None), (2, "POST", Some("0"))] {
            let mut ask = agent.ask(method, &transfer.path("send_notification/"));
            if let Some(length) = length {
                ask = ask.header("Content-Length", length);
            }
            let answer = ask.send().await.expect(200).json();
            let expected = notification(&answer[0], item, ("Zoë", "Ring"), ("email", "zoe@example.com"));
            assert_eq!(answer, json!([expected]), "{method}");
            assert_eq!(agent.get(&item_path).await["link"], expected["link"]);
            assert_eq!(world.smtp.wait_for(count).await.len(), count);
        }
        let path = format!("/v1/request/{}/send_notification/", request["id"]);
        let answer = agent.ask("POST", &path).body("application/json", "").send().await.expect(200).json();
        assert_eq!(answer[0]["contact_method_value"], "max@example.com");
        server.settle().await;
        let mails = world.smtp.mails().await;
        assert_eq!(
            mails.iter().map(|mail| mail.to.join(",")).collect::<Vec<_>>(),
            ["zoe@example.com", "zoe@example.com", "max@example.com"]
        );
        let of_request = agent.get(&format!("/v1/request/{}/", request["id"])).await;
        assert_eq!(of_request["contact_notification_send"], answer);
    });
}

#[test]
fn each_person_gets_one_mail_with_what_was_written_last() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let (zoe, max) = (transfer.recipient("Zoë", "Ring").await, transfer.recipient("Max", "").await);
        transfer.item(zoe, "email", "zoe@example.com").await;
        transfer.item(zoe, "email", "ring@example.com").await;
        transfer.item(max, "link", "").await;
        transfer.item(max, "email", "max@example.com").await;
        transfer.letter("An old subject", "An old body.").await;
        transfer.letter("Größe: 12 €", "Dear both,\r\n\r\nhere it is.\nBye").await;
        transfer.file("paper.txt", b"the paper").await;
        transfer.feature(json!({ "type": "push", "message": "Not in the mail" })).await;
        let answer = transfer.send().await;
        let links: Vec<_> = answer.iter().map(|one| one["link"].as_str().unwrap()).collect();
        assert_eq!(links.len(), 4);
        assert!((0..4).all(|one| !links[one + 1..].contains(&links[one])), "{links:?}");
        server.settle().await;
        let mails = world.smtp.mails().await;
        assert_eq!(mails.len(), 3);
        for (address, name, link) in [
            ("zoe@example.com", "Zoë Ring", links[0]),
            ("ring@example.com", "Zoë Ring", links[1]),
            ("max@example.com", "Max", links[3]),
        ] {
            let mail = mail_to(&mails, address);
            assert_eq!(mail.from, "files@example.org");
            assert_eq!((mail.header("From"), mail.header("To")), (FROM, address));
            assert_eq!((mail.header("Reply-To"), mail.header("Subject")), ("somebody@example.com", "Größe: 12 €"));
            let text = format!(
                "Hello {name},\n\nSomebody has sent you 1 file.\n\nDear both,\n\nhere it is.\nBye\n\n\
                 Open the file:\n{link}\n\nThe link works until 17 November 2023, 22:13 UTC.\n\
                 It is meant for you alone. Please do not pass it on.\n"
            );
            assert_eq!(mail.text.as_deref().map(str::trim_end), Some(text.trim_end()));
            let html = mail.html.as_deref().unwrap();
            for part in [format!("Hello {name},"), format!("href=\"{link}\""), "here it is.<br>Bye</p>".to_owned()] {
                assert!(html.contains(&part), "{part} is not in {html}");
            }
            for other in links.iter().filter(|other| **other != link) {
                assert!(!html.contains(path_of(other)), "{address} got somebody else's link");
            }
        }
        let ids: Vec<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
        assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    });
}

#[test]
fn without_words_of_its_own_a_mail_says_what_it_is_about() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let asking = Transfer::new(&agent, json!({})).await;
        asking.feature(json!({ "type": "pull", "message": "Your passport, please" })).await;
        asking.to("email", "a@example.com").await;
        asking.send().await;
        let sending = Transfer::new(&agent, json!({})).await;
        sending.file("a.txt", b"a").await;
        sending.file("b.txt", b"b").await;
        sending.to("email", "b@example.com").await;
        sending.send().await;
        server.settle().await;
        let mails = world.smtp.mails().await;
        for (address, subject, words) in [
            (
                "a@example.com",
                "Somebody asks you for files",
                "Hello,\n\nSomebody asks you to send files.\n\nYour passport, please\n",
            ),
            (
                "b@example.com",
                "Somebody sends you files",
                "Hello,\n\nSomebody has sent you 2 files.\n\nOpen the files:\n",
            ),
        ] {
            let mail = mail_to(&mails, address);
            assert_eq!(mail.header("Subject"), subject);
            assert!(mail.text.as_ref().unwrap().starts_with(words), "{:?}", mail.text);
        }
    });
}

#[test]
fn links_are_given_back_and_not_sent() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient("Zoë", "Ring").await;
        let item = transfer.item(recipient, "link", "7").await;
        let answer = transfer.send().await;
        assert_eq!(answer, [notification(&answer[0], item, ("Zoë", "Ring"), ("link", "7"))]);
        server.settle().await;
        assert_eq!(dispatches(server, agent.organization.id).await, []);
        assert!(world.smtp.mails().await.is_empty());
        open(server, answer[0]["link"].as_str().unwrap()).await.expect(200);
        // Nobody to send it to: nothing is wrong with that.
        assert_eq!(Transfer::new(&agent, json!({})).await.send().await, Vec::<Value>::new());
    });
}

#[test]
fn text_messages_are_refused_without_a_service() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient("Zoë", "").await;
        let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
        let item = json!({ "interface_class": "sms", "value": "+46 70 123 45 67" });
        let words = "Text messages can not be sent: this server has no service for them.";
        let answer = agent.ask("POST", &path).json(&item).send().await.expect(400);
        assert_eq!(answer.json(), json!({ "interface_class": [words] }));
        let contact = json!({ "contact": [{ "contact_method": [item] }] });
        let answer = agent.ask("POST", "/v1/request/").json(&contact).send().await.expect(400);
        assert!(answer.json().to_string().contains(words), "{answer}");
        assert_eq!(transfer.send().await, Vec::<Value>::new());
        server.settle().await;
        assert!(world.listener.requests().is_empty());
    });
}

#[test]
fn text_messages_are_handed_to_the_service() {
    with_world(
        |settings, world| settings.outbound.sms_webhook = world.listener.url("/texts?key=k"),
        async |server, world| {
            let agent = Agent::new(server).await;
            let transfer = Transfer::new(&agent, json!({})).await;
            transfer.letter("Your papers", "Not in a text message.").await;
            transfer.to("sms", "+46 70 123 45 67").await;
            let recipient = transfer.recipient("Zoë", "").await;
            let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
            for value in ["", "zoe", "1234", "+46 70\r\n123", "0701234567;0701234568"] {
                let item = json!({ "interface_class": "sms", "value": value });
                let answer = agent.ask("POST", &path).json(&item).send().await.expect(400);
                assert!(answer.json()["value"].is_array(), "{answer}");
            }
            let link = transfer.link().await;
            let requests = world.listener.wait_for(1).await;
            let dispatch = &dispatches(server, agent.organization.id).await[0];
            assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/texts?key=k"));
            let text = format!("Your papers: {link}");
            let body =
                json!({ "id": format!("dispatch-{}-{NOW_MS}", dispatch.id), "to": "+46 70 123 45 67", "text": text });
            assert_eq!(requests[0].json(), body);
            server.settle().await;
            assert_eq!(dispatches(server, agent.organization.id).await[0].state, DispatchState::Sent);
            assert!(world.smtp.mails().await.is_empty());
        },
    );
}
