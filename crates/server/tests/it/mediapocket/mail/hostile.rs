//! What somebody writes stays what they wrote: it adds no header, no recipient, no second mail and no markup.

use library::{NewPerson, Rights};
use serde_json::{Value, json};

use super::{
    super::Account,
    world::{in_world, mail_to, share_links},
};
use crate::support::{Organization, organizations::system, smtp::Mail};

/// Texts that want to be more than a text on a line.
const HOSTILE: &[&str] = &[
    "a\r\nBcc: thief@evil.example",
    "a\nBcc: thief@evil.example",
    "a\rBcc: thief@evil.example",
    "a%0d%0aBcc: thief@evil.example",
    "a\u{2028}Bcc: thief@evil.example",
    "a\u{2029}Bcc: thief@evil.example",
    "a\u{85}Bcc: thief@evil.example",
    "a\u{b}Bcc: thief@evil.example",
    "a\u{c}Bcc: thief@evil.example",
    "=?utf-8?q?a=0D=0ABcc:_thief@evil.example?=",
    "=?utf-8?B?YQ0KQmNjOiB0aGllZkBldmlsLmV4YW1wbGU=?=",
    "a\r\n\r\n<b>another body</b>",
    "a\r\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<thief@evil.example>\r\nDATA\r\n\r\nb",
    "a\n.\nRCPT TO:<thief@evil.example>\n",
    "\u{202e}moc.elpmaxe@eoz",
    "Zoë\" <thief@evil.example>, \"",
    "a, thief@evil.example",
    "{{7*7}}<b><!--<img src=x onerror=alert(1)>\"'&amp;",
    "{{7*7}}</p><!--<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;",
];

const HEADERS: [&str; 8] = ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"];

#[track_caller]
fn assert_is_one_harmless_mail_to(mail: &Mail, address: &str) {
    let mut names: Vec<_> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, HEADERS);
    assert_eq!((mail.to.as_slice(), mail.header("To")), ([address.to_owned()].as_slice(), address));
    let html = mail.html.as_ref().unwrap();
    for forbidden in ["<b>", "<img", "<script", "<!--", ">49<"] {
        assert!(!html.contains(forbidden), "{forbidden} is in {html}");
    }
    let text = mail.text.as_ref().unwrap();
    assert_eq!(text.lines().nth(1), Some(""), "a name makes no lines: {text}");
}

#[test]
fn nothing_that_is_written_gets_out_of_its_place() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let asset = account.asset("paper.txt", b"the paper").await;
        let media_id = account.media_id(&asset).await;
        for (number, text) in HOSTILE.iter().enumerate() {
            let payload = json!({ "asset_id": asset["id"], "filename": text, "media_id": media_id });
            let link = json!({ "expiry_date": "2023-11-28", "limit": 5, "payload": payload });
            let link = account.post("/api/v2/shareable_links", &link).await.expect(200).json();
            let to = format!("to-{number}@testmail.test");
            let body = json!({ "message": text, "recipients": [to], "shareable_link_ids": [link["id"]] });
            share_links(&account, &body).await.expect(200);
        }
        server.settle().await;
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), HOSTILE.len());
        for number in 0..HOSTILE.len() {
            let address = format!("to-{number}@testmail.test");
            let mail = mail_to(&mails, &address);
            assert_is_one_harmless_mail_to(mail, &address);
            let text = mail.text.as_ref().unwrap();
            let url = text.lines().position(|line| line.starts_with("https://")).unwrap();
            assert_eq!(text.lines().nth(url - 2), Some(""), "a file's name makes no lines: {text}");
        }
        let dotted = mail_to(&mails, "to-12@testmail.test").text.as_ref().unwrap();
        assert!(dotted.contains("a\n.\nMAIL FROM:<x@evil.example>\n"), "{dotted}");
    });
}

#[test]
fn whoever_shares_may_be_called_what_they_like() {
    in_world(async |server, smtp| {
        let organization = server.organization("Acme").await;
        let mut count = 0;
        for (number, name) in HOSTILE.iter().enumerate() {
            let person = NewPerson {
                email: format!("from-{number}@testmail.test"),
                full_name: (*name).to_owned(),
                role: "editor".to_owned(),
                password: None,
            };
            // Some are no names to the library.
            let Ok(user) = server.library.add_user(&system(), organization.id, person).await else { continue };
            let organization = Organization { user_id: user.id, ..organization.clone() };
            let account = Account::with(server, organization, Rights::ALL, None).await;
            let link = super::a_link(&account, "paper.txt").await;
            let to = format!("to-{number}@testmail.test");
            let body = json!({ "recipients": [to], "shareable_link_ids": [link["id"]] });
            share_links(&account, &body).await.expect(200);
            count += 1;
            let mails = smtp.wait_for(count).await;
            let mail = mail_to(&mails, &to);
            assert_is_one_harmless_mail_to(mail, &to);
            assert_eq!(mail.header("Reply-To"), format!("from-{number}@testmail.test"));
            assert!(mail.header("Subject").ends_with(" shares a file with you"), "{}", mail.header("Subject"));
        }
        assert_eq!(count, 6);
    });
}

#[test]
fn a_nul_is_refused_wherever_it_stands() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = super::a_link(&account, "paper.txt").await;
        let with = |recipient: &str, message: &str, id: Value| json!({ "message": message, "recipients": [recipient], "shareable_link_ids": [id] });
        for body in [
            with("zoe@testmail.test\0", "a", link["id"].clone()),
            with("zoe@testmail.test", "a\0b", link["id"].clone()),
            with("zoe@testmail.test", "a", json!("1\0")),
        ] {
            let answer = share_links(&account, &body).await;
            super::assert_refused(&account, answer, (400, "Invalid JSON")).await;
        }
        assert!(smtp.mails().await.is_empty());
    });
}
