//! Links by mail: one mail for each person, with what was shared and nothing of the others; queued, so that whoever shares does not wait.

mod hostile;
mod lists;
mod trouble;
pub mod world;

use std::fs;

use library::{DispatchState, NewPerson, Rights};
use serde_json::{Value, json};

use super::{Account, account::target_of};
use crate::support::{NOW_MS, Organization, organizations::system, programs::curl, smtp::Mail};
use world::{
    FROM, MESSAGE, PUBLIC, TO, a_link, assert_refused, dispatches, in_world, mail_to, on_its_own, send, share_links,
    uses, wait_for_end_but, with_world,
};

/// The URL of a link as the world is told it.
fn public_url_of(link: &Value) -> String {
    format!("{PUBLIC}/mediapocket{}", target_of(link))
}

#[track_caller]
fn assert_shares(mail: &Mail, address: &str, (name, url): (&str, &str)) {
    assert_eq!((mail.from.as_str(), mail.header("From")), ("files@example.org", FROM));
    assert_eq!((mail.header("To"), mail.header("Reply-To")), (address, "somebody@example.com"));
    assert_eq!(mail.header("Subject"), "Somebody shares a file with you");
    let text = format!(
        "Somebody shares a file with you.\n\n{MESSAGE}\n\n{name}\n{url}\n\
         The link works until the end of 28 November 2023 (UTC), for 5 downloads in all.\n\n\
         Whoever has the link can use it: please do not pass it on. An answer to this mail goes to Somebody."
    );
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some(text.as_str()));
    let html = mail.html.as_deref().unwrap();
    for part in [MESSAGE, name, &format!("href=\"{url}\""), "Download</a>", "for 5 downloads in all."] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
}

#[test]
fn the_seeds_share_request_reaches_both_recipients() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        // As in the seed it is not the first.
        a_link(&account, "another.jpg").await;
        let link = a_link(&account, "paper.jpg").await;
        assert_eq!((&link["id"], &link["url"]), (&json!(2), &json!(public_url_of(&link))));
        let body = r#"{
  "message": "This is an optional test message",
  "recipients": [
    "test1@testmail.test",
    "test2@testmail.test"
  ],
  "shareable_link_ids": [
    2
  ]
}"#;
        let answer = account.ask("POST", "/api/v2/shareable_links/share").body("application/json", body);
        let answer = answer.send().await.expect(200);
        assert_eq!(answer.body, br#"{"message":"Shareable links sent"}"#);
        server.settle().await;
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), 2);
        for (address, other) in [(TO[0], TO[1]), (TO[1], TO[0])] {
            let mail = mail_to(&mails, address);
            assert_shares(mail, address, ("test_file", &public_url_of(&link)));
            assert!(!String::from_utf8_lossy(&mail.raw).contains(other), "{address} is told of {other}");
        }
        assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
        let sent = dispatches(&account).await;
        assert!(sent.iter().all(|one| one.state == DispatchState::Sent && one.attempts == 1 && one.parcel.is_none()));
        // Nobody has followed it.
        assert_eq!(uses(&account, &link).await, 0);
    });
}

#[test]
fn the_host_of_a_request_is_in_no_mail() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let asset = account.asset("paper.txt", b"the paper").await;
        let media_id = account.media_id(&asset).await;
        let payload = json!({ "asset_id": asset["id"], "filename": "paper", "media_id": media_id });
        let link = json!({ "expiry_date": "2023-11-28", "limit": 5, "payload": payload });
        let evil = async |target: &str, body: &Value| {
            let ask =
                account.ask("POST", target).header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
            ask.json(body).send().await.expect(200).json()
        };
        let link = evil("/api/v2/shareable_links", &link).await;
        let body = json!({ "recipients": [TO[0]], "shareable_link_ids": [link["id"]] });
        evil("/api/v2/shareable_links/share", &body).await;
        let mails = smtp.wait_for(1).await;
        let (text, html) = (mails[0].text.as_ref().unwrap(), mails[0].html.as_ref().unwrap());
        assert!(!text.contains("evil") && !html.contains("evil") && text.contains(&public_url_of(&link)), "{text}");
    });
}

#[test]
fn answers_go_to_whoever_shares_unless_that_is_nobody() {
    in_world(async |server, smtp| {
        let organization = server.organization("Acme").await;
        for (number, (email, name)) in
            [("service@mediary.invalid", "Service"), ("zoe@example.com", "Zoë \"Ö\" Ring, Acme")]
                .into_iter()
                .enumerate()
        {
            let person = NewPerson {
                email: email.to_owned(),
                full_name: name.to_owned(),
                role: "editor".to_owned(),
                password: None,
            };
            let user = server.library.add_user(&system(), organization.id, person).await.unwrap();
            let organization = Organization { user_id: user.id, ..organization.clone() };
            let account = Account::with(server, organization, Rights::ALL, None).await;
            let link = a_link(&account, "paper.txt").await;
            send(&account, &link, &[TO[number]]).await;
            let mails = smtp.wait_for(number + 1).await;
            let mail = mail_to(&mails, TO[number]);
            assert_eq!(mail.header("Subject"), format!("{name} shares a file with you"));
            let answered = mail.text.as_ref().unwrap().contains("An answer to this mail");
            if number == 0 {
                assert!(!String::from_utf8_lossy(&mail.raw).contains("invalid") && !answered);
                assert_eq!(mail.header("Reply-To"), "");
            } else {
                assert_eq!((mail.header("Reply-To"), answered), (email, true));
            }
        }
    });
}

#[test]
fn several_files_go_in_one_mail_and_sharing_does_not_touch_the_limit() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let (first, second) = (a_link(&account, "one.txt").await, a_link(&account, "two.txt").await);
        let asset = account.asset("three.txt", b"three").await;
        let last = account.link(&asset, ("2023-11-14", 1)).await;
        let ids = json!([last["id"], second["id"], first["id"], second["id"]]);
        for count in 1..=7 {
            let body = json!({ "recipients": [TO[0]], "shareable_link_ids": ids });
            share_links(&account, &body).await.expect(200);
            smtp.wait_for(count).await;
        }
        let mails = smtp.mails().await;
        assert_eq!(mails[0].header("Subject"), "Somebody shares 3 files with you");
        let text = mails[6].text.as_ref().unwrap();
        for link in [&first, &second, &last] {
            let url = public_url_of(link);
            assert_eq!((text.matches(&url).count(), uses(&account, link).await), (1, 0), "{text}");
            assert!(mails[6].html.as_ref().unwrap().contains(&format!("href=\"{url}\"")));
        }
        assert!(text.contains("until the end of 14 November 2023 (UTC), for one download."), "{text}");
        // All of them together have what one of them had.
        for status in [302, 302, 302, 302, 302, 404] {
            super::account::ask(server, "GET", &target_of(&first)).send().await.expect(status);
        }
    });
}

#[test]
fn the_link_in_the_mail_works_without_a_key() {
    with_world(on_its_own, async |server, smtp| {
        let account = Account::new(server).await;
        let asset = account.asset("Größe & more.txt", b"the paper").await;
        let link = account.link(&asset, ("2023-11-28", 1)).await;
        send(&account, &link, &[TO[0]]).await;
        let mails = smtp.wait_for(1).await;
        let url = mails[0].text.as_ref().unwrap().lines().find(|line| line.starts_with("http")).unwrap().to_owned();
        assert_eq!(link["url"], url);
        let answer = curl(&["--head"], &url).expect(302);
        assert!(answer.header("location").contains("X-Amz-Signature="), "{answer}");
        let answer = curl(&[], &url).expect(302);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let file = curl(&[], answer.header("location")).expect(200);
        assert_eq!(
            (file.body.as_slice(), file.header("content-type")),
            (b"the paper".as_slice(), "text/plain; charset=utf-8")
        );
        assert_eq!(file.header("content-disposition"), "attachment; filename=test_file.txt");
        let answer = curl(&[], &url).expect(404);
        assert_eq!(answer.json(), json!({ "error": "Link not found or has expired" }));
    });
}

#[test]
fn without_a_public_url_nothing_is_sent() {
    with_world(
        |settings| settings.public_url = String::new(),
        async |server, smtp| {
            let account = Account::new(server).await;
            let link = a_link(&account, "paper.txt").await;
            let body = json!({ "recipients": TO, "shareable_link_ids": [link["id"]] });
            let ask = account.ask("POST", "/api/v2/shareable_links/share").header("X-Forwarded-Host", "files.example");
            let answer = ask.json(&body).send().await;
            let words = "Mail can not be sent: this server was not told its public_url";
            assert_refused(&account, answer, (400, words)).await;
            server.settle().await;
            assert!(smtp.mails().await.is_empty());
            // The link itself works by the host that was asked.
            assert_eq!(link["url"], format!("http://{}/mediapocket{}", server.address, target_of(&link)));
        },
    );
}

#[test]
fn without_a_mail_server_mails_are_files() {
    with_world(
        |settings| settings.smtp.url = String::new(),
        async |server, _| {
            let account = Account::new(server).await;
            let link = a_link(&account, "paper.txt").await;
            send(&account, &link, &TO).await;
            let sent = wait_for_end_but(&account, 0).await;
            let folder = server.store_folder().with_file_name("outbox");
            for (dispatch, address) in sent.iter().zip(TO) {
                assert_eq!((dispatch.state, dispatch.recipient.as_str()), (DispatchState::Sent, address));
                let file = folder.join(format!("dispatch-{}-{NOW_MS}.eml", dispatch.id));
                let mail = fs::read_to_string(file).unwrap();
                for part in [&format!("To: {address}\r\n"), "Subject: Somebody shares a file with you\r\n", MESSAGE] {
                    assert!(mail.contains(part), "{part} is not in {mail}");
                }
            }
            assert_eq!((sent.len(), fs::read_dir(&folder).unwrap().count()), (2, 2));
        },
    );
}
