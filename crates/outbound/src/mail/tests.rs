#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use mail_parser::{MessageParser, MimeHeaders};

use super::*;
use crate::{Config, Outbound};

fn config(from: &str, outbox: &Path) -> Config {
    Config {
        smtp_url: None,
        from: from.to_owned(),
        outbox: outbox.to_owned(),
        allow_private: false,
        sms_webhook: None,
        timeout: Duration::from_secs(10),
    }
}

pub(super) fn mail() -> Mail {
    Mail {
        id: "m-1".to_owned(),
        to: "Zoë <zoe@example.org>".to_owned(),
        reply_to: Some("help@example.net".to_owned()),
        subject: "Grüße, und willkommen".to_owned(),
        text: "Hallo Zoë,\nein Link: https://example.com/a=b\n.\nEnde".to_owned(),
        html: "<p>Hallo Zoë</p>".to_owned(),
    }
}

fn composed(mail: &Mail) -> Result<String, Failure> {
    let composer = Composer::new("Mediary <no-reply@example.com>").unwrap();
    composer.compose(mail).map(|message| String::from_utf8(message.formatted()).unwrap())
}

#[tokio::test]
async fn without_a_mail_server_mails_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("var/outbox");
    let outbound = Outbound::new(config("Mediary <no-reply@example.com>", &outbox)).unwrap();
    assert!(!outbound.sends_mail());
    assert_eq!(outbound.check_mail().await, Ok(()));
    assert!(!outbox.exists());

    assert_eq!(outbound.send_mail(&mail()).await, Ok(()));
    let file = outbox.join("m-1.eml");
    assert_eq!(fs::metadata(&outbox).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let bytes = fs::read(&file).unwrap();
    assert!(bytes.is_ascii());
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.message_id(), Some("m-1@example.com"));
    assert_eq!(message.subject(), Some("Grüße, und willkommen"));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Mediary"), Some("no-reply@example.com")));
    let to = message.to().unwrap().first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("Zoë"), Some("zoe@example.org")));
    assert_eq!(message.reply_to().unwrap().first().unwrap().address(), Some("help@example.net"));
    assert!(message.date().is_some());
    assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
    assert_eq!(message.body_text(0).unwrap(), mail().text.replace('\n', "\r\n"));
    assert_eq!(message.body_html(0).unwrap(), mail().html);

    // The same mail again is the same file, and nothing is left beside it.
    assert_eq!(outbound.send_mail(&Mail { subject: "Again".to_owned(), ..mail() }).await, Ok(()));
    assert!(fs::read_to_string(&file).unwrap().contains("Subject: Again\r\n"));
    assert_eq!(fs::read_dir(&outbox).unwrap().count(), 1);
}

#[tokio::test]
async fn an_outbox_that_can_not_be_written_is_for_later() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("outbox"), "").unwrap();
    let outbound = Outbound::new(config("a@example.com", &folder.path().join("outbox"))).unwrap();
    let failure = outbound.send_mail(&mail()).await.unwrap_err();
    assert!(matches!(&failure, Failure::Later(why) if !why.contains(folder.path().to_str().unwrap())), "{failure:?}");
}

/// Ways of getting a second line into something that stands in a header.
const BREAKS: &[&str] =
    &["\r\n", "\n", "\r", "\r\n ", "\r\n\t", "\0", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];

#[test]
fn a_subject_can_not_become_a_header() {
    for line_break in BREAKS {
        let subject = format!("Hello{line_break}Bcc: evil@example.net{line_break}{line_break}Body");
        let text = composed(&Mail { subject, ..mail() }).unwrap();
        let message = MessageParser::default().parse(text.as_bytes()).unwrap();
        let subject = message.subject().unwrap();
        assert!(subject.starts_with("Hello ") && subject.contains("Bcc: evil@example.net"), "{subject:?}");
        assert!(message.bcc().is_none(), "{line_break:?}");
        assert_eq!(message.headers().len(), 8, "{text}");
        // Whatever reads lines: none begins with it.
        assert!(text.lines().all(|line| !line.starts_with("Bcc")), "{text}");
    }
}

#[test]
fn addresses_and_ids_with_line_breaks_are_refused() {
    for line_break in BREAKS {
        let evil = format!("{line_break}Bcc: evil@example.net");
        for mail in [
            Mail { to: format!("a@example.org{evil}"), ..mail() },
            Mail { to: format!("A{evil} <a@example.org>"), ..mail() },
            Mail { to: format!("A <a@example.org{evil}>"), ..mail() },
            Mail { reply_to: Some(format!("a@example.org{evil}")), ..mail() },
            Mail { reply_to: Some(format!("A{evil} <a@example.org>")), ..mail() },
            Mail { id: format!("m{evil}"), ..mail() },
        ] {
            assert!(matches!(composed(&mail), Err(Failure::Refused(_))), "{line_break:?} {}", mail.to);
        }
        assert!(Composer::new(&format!("A{evil} <a@example.org>")).is_err());
    }
}

#[test]
fn names_are_names_and_nothing_else() {
    for name in
        ["\"", "\\", "a\"b", "a, b@example.net", "a: b;", "(a)", "=?utf-8?q?a=0D=0ABcc:_evil@example.net?=", "ü\"ü"]
    {
        let text = composed(&Mail { to: format!("{name} <a@example.org>"), ..mail() }).unwrap();
        let message = MessageParser::default().parse(text.as_bytes()).unwrap();
        assert_eq!(message.to().unwrap().iter().count(), 1, "{text}");
        assert_eq!(message.to().unwrap().first().unwrap().address(), Some("a@example.org"), "{text}");
        assert!(message.bcc().is_none(), "{text}");
    }
}

#[test]
fn ids_are_file_names() {
    for id in [
        "",
        ".",
        "..",
        ".hidden",
        "-x",
        "_x",
        "a/b",
        "../a",
        "a\\b",
        "a b",
        "a@b",
        "<a>",
        "é",
        &"x".repeat(MAX_ID_BYTES + 1),
    ] {
        assert!(matches!(composed(&Mail { id: id.to_owned(), ..mail() }), Err(Failure::Refused(_))), "{id:?}");
    }
    for id in ["1", "a.b-c_D9", &"x".repeat(MAX_ID_BYTES)] {
        assert!(composed(&Mail { id: id.to_owned(), ..mail() }).is_ok(), "{id:?}");
    }
}

#[test]
fn sizes_have_limits() {
    let long = composed(&Mail { subject: "é".repeat(500), ..mail() }).unwrap();
    let message = MessageParser::default().parse(long.as_bytes()).unwrap();
    assert_eq!(message.subject().unwrap().chars().count(), MAX_SUBJECT);
    assert!(long.lines().all(|line| line.len() <= 998));
    let long = "x".repeat(MAX_BODY_BYTES / 2);
    assert!(
        composed(&Mail { text: long.clone(), html: long.clone(), ..mail() })
            .unwrap()
            .lines()
            .all(|line| line.len() <= 998)
    );
    assert!(matches!(composed(&Mail { text: long.clone() + "x", html: long, ..mail() }), Err(Failure::Refused(_))));
}

#[test]
fn settings_that_can_not_work_are_named() {
    let folder = Path::new("outbox");
    for (config, reason) in [
        (config("", folder), "the sender of mails is not a mail address"),
        (config("a@b.example\r\nx: y", folder), "the sender of mails holds control characters"),
        (
            Config { smtp_url: Some("mail.example".to_owned()), ..config("a@b.example", folder) },
            "the URL of the mail server is not usable",
        ),
        (
            Config { sms_webhook: Some("x".to_owned()), ..config("a@b.example", folder) },
            "the webhook for text messages: ",
        ),
        (Config { sms_webhook: Some("ftp://x".to_owned()), ..config("a@b.example", folder) }, "neither http nor https"),
        (Config { timeout: Duration::ZERO, ..config("a@b.example", folder) }, "zero"),
    ] {
        let error = Outbound::new(config).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // TLS has what it needs.
    let secure = Config { smtp_url: Some("smtps://u:p@mail.example".to_owned()), ..config("a@b.example", folder) };
    assert!(Outbound::new(secure).unwrap().sends_mail());
}
