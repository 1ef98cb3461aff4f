//! What somebody writes stays what they wrote: it adds no header, no recipient, no second mail and no markup.

use serde_json::{Value, json};

use super::{
    super::agent::Agent,
    mail_to,
    transfer::{Transfer, in_world},
};
use crate::support::smtp::Mail;

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
    "a\r\n\r\n<b>another body</b>",
    "a\r\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<thief@evil.example>\r\nDATA\r\n\r\nb",
    "a\n.\nRCPT TO:<thief@evil.example>\n",
    "\u{202e}moc.elpmaxe@eoz",
    "Zoë\" <thief@evil.example>, \"",
    "a, thief@evil.example",
];

const HEADERS: [&str; 8] = ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"];

#[track_caller]
fn assert_is_one_mail_to(mail: &Mail, address: &str) {
    let mut names: Vec<_> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, HEADERS);
    assert_eq!((mail.to.as_slice(), mail.header("To")), ([address.to_owned()].as_slice(), address));
    // Greeting, lead, message, link: a name makes no lines.
    let text = mail.text.as_ref().unwrap();
    assert_eq!(text.lines().nth(1), Some(""), "{text}");
}

#[test]
fn nothing_gets_out_of_its_place() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        for (number, text) in HOSTILE.iter().enumerate() {
            let transfer = Transfer::new(&agent, json!({})).await;
            let recipient = transfer.recipient(text, text).await;
            transfer.item(recipient, "email", &format!("to-{number}@example.com")).await;
            transfer.letter(text, text).await;
            transfer.send().await;
        }
        server.settle().await;
        let mails = world.smtp.mails().await;
        assert_eq!(mails.len(), HOSTILE.len());
        for number in 0..HOSTILE.len() {
            let address = format!("to-{number}@example.com");
            assert_is_one_mail_to(mail_to(&mails, &address), &address);
        }
        assert_eq!(mail_to(&mails, "to-0@example.com").header("Subject"), "a  Bcc: thief@evil.example");
        let dotted = mail_to(&mails, "to-11@example.com").text.as_ref().unwrap();
        assert!(dotted.contains("a\n.\nMAIL FROM:<x@evil.example>\n"), "{dotted}");
    });
}

#[test]
fn addresses_are_one_address() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient("Zoë", "").await;
        let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
        for address in [
            "",
            "zoe",
            "a@example.com, b@example.com",
            "a@example.com;b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com\nb@example.com",
            "Zoë <zoe@example.com>",
            "<zoe@example.com>",
            "zoe@exa mple.com",
            "zoe@example.com%0aBcc:b@example.com",
            "\"a b\"@example.com",
        ] {
            let item = json!({ "interface_class": "email", "value": address });
            let answer = agent.ask("POST", &path).json(&item).send().await.expect(400);
            assert!(answer.json()["value"].is_array(), "{answer}");
        }
        // Django takes these; no mail server shall be led by them to a machine of the operator's network.
        for address in ["zoe@[127.0.0.1]", "\"ab\"@example.com"] {
            transfer.item(recipient, "email", address).await;
        }
        transfer.item(recipient, "email", "zoe@example.com").await;
        transfer.send().await;
        server.settle().await;
        let became: Vec<_> =
            super::dispatches(server, agent.organization.id).await.iter().map(|dispatch| dispatch.state).collect();
        assert_eq!(
            became,
            [library::DispatchState::Failed, library::DispatchState::Failed, library::DispatchState::Sent]
        );
        assert_eq!(world.smtp.mails().await.len(), 1);
    });
}

#[test]
fn markup_is_shown_and_not_obeyed() {
    const MARKUP: &str = "\"></p><img src=x onerror=alert(1)><script>alert(2)</script>'&amp;<!--{{7*7}}";
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient(MARKUP, "").await;
        transfer.item(recipient, "email", "zoe@example.com").await;
        transfer.letter(MARKUP, MARKUP).await;
        transfer.send().await;
        let mails = world.smtp.wait_for(1).await;
        assert_eq!(mails[0].header("Subject"), MARKUP);
        let (text, html) = (mails[0].text.as_ref().unwrap(), mails[0].html.as_ref().unwrap());
        assert!(text.contains(&format!("Hello {MARKUP},")) && text.contains(&format!("\n\n{MARKUP}\n\n")), "{text}");
        for forbidden in ["<img", "<script", "<!--", "&amp;amp;;", ">49<"] {
            assert!(!html.contains(forbidden), "{forbidden} is in {html}");
        }
        assert_eq!(html.matches("onerror=alert(1)&#62;").count(), 2, "{html}");
    });
}

#[test]
fn long_texts_arrive_whole_and_longer_ones_are_refused() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let recipient = transfer.recipient(&"Z".repeat(255), "").await;
        transfer.item(recipient, "email", "zoe@example.com").await;
        let (subject, body) = ("ü".repeat(10_000), "€".repeat(10_000));
        transfer.letter(&subject, &body).await;
        for field in ["subject", "body"] {
            let email = json!({ field: "x".repeat(10_001) });
            let answer = agent.ask("POST", &transfer.path("email/")).json(&email).send().await.expect(400);
            assert_eq!(answer.json(), json!({ field: ["Ensure this field has no more than 10000 characters."] }));
        }
        assert_ne!(transfer.send().await, Vec::<Value>::new());
        let mails = world.smtp.wait_for(1).await;
        assert_is_one_mail_to(&mails[0], "zoe@example.com");
        // On this one line nobody reads more.
        assert_eq!(mails[0].header("Subject"), "ü".repeat(200));
        assert!(mails[0].text.as_ref().unwrap().contains(&format!("\n\n{body}\n\n")));
        assert!(mails[0].html.as_ref().unwrap().contains(&body));
        // No line is longer than mail allows.
        let longest = mails[0].raw.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert!(longest <= Some(999), "{longest:?}");
    });
}
