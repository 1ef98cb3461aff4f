//! What the mails and the page say, and that what people write stays text in them.

use super::*;
use crate::shares::{MAX_LINKS, MAX_MESSAGE};

fn link(name: &str) -> SharedLink {
    let url = format!("https://m.example/{}?a=1&b=2", name.len());
    SharedLink { name: name.to_owned(), url, expires_ms: None, use_limit: None, has_password: false }
}

fn view(sender: &str, message: &str, links: Vec<SharedLink>) -> MailView {
    MailView { sender: sender.to_owned(), can_answer: true, message: message.to_owned(), links }
}

#[test]
fn a_mail_reads_well_as_plain_text() {
    let bounded = SharedLink { expires_ms: Some(1_701_216_000_000), use_limit: Some(5), ..link("paper.pdf") };
    let text = mail_text(&view("Zoë Ring", "Dear Max,\r\n\r\n\r\nhere it is.\nBye\n", vec![bounded]));
    let expected = "Zoë Ring shares a file with you.\n\nDear Max,\n\nhere it is.\nBye\n\npaper.pdf\nhttps://m.example/9?a=1&b=2\n\
                    The link works until the end of 28 November 2023 (UTC), for 5 downloads in all.\n\n\
                    Whoever has the link can use it: please do not pass it on. An answer to this mail goes to Zoë Ring.";
    assert_eq!(text.trim_end(), expected);
    let mut two = view("Zoë Ring", "", vec![link("a"), link("bc")]);
    two.can_answer = false;
    let expected = "Zoë Ring shares 2 files with you.\n\na\nhttps://m.example/1?a=1&b=2\n\nbc\nhttps://m.example/2?a=1&b=2\n\n\
                    Whoever has the links can use them: please do not pass them on.";
    assert_eq!(mail_text(&two).trim_end(), expected);
}

#[test]
fn what_bounds_a_link_is_said() {
    let terms = |expires_ms, use_limit, has_password| {
        SharedLink { expires_ms, use_limit, has_password, ..link("a") }.terms().unwrap_or_default()
    };
    assert_eq!(terms(None, None, false), "");
    assert_eq!(terms(None, Some(1), false), "The link works for one download.");
    assert_eq!(terms(Some(1_701_216_000_000), None, false), "The link works until the end of 28 November 2023 (UTC).");
    assert_eq!(terms(Some(1_701_216_060_000), None, false), "The link works until 29 November 2023, 00:01 UTC.");
    assert_eq!(terms(None, Some(2), true), "The link works for 2 downloads in all. It asks for a password.");
    assert_eq!(terms(None, None, true), "It asks for a password.");
    for at_ms in [i64::MIN, -1, 0, 1, i64::MAX] {
        assert!(terms(Some(at_ms), None, false).starts_with("The link works until "));
    }
}

#[test]
fn what_people_write_stays_text() {
    let view = view("<b>Eve</b>", "one\n\n<script>two</script>", vec![link("a&b.jpg"), link("\"><img src=x>")]);
    let html = mail_html(&view);
    for forbidden in ["<script", "<b>", "<img"] {
        assert!(!html.contains(forbidden), "{forbidden} is in {html}");
    }
    assert!(html.contains("https://m.example/7?a=1&#38;b=2") && html.contains("a&#38;b.jpg"), "{html}");
    let text = mail_text(&view);
    assert!(text.contains("<script>two</script>") && text.contains("https://m.example/7?a=1&b=2"), "{text}");
    assert!(text.contains("\na&b.jpg\n"), "{text}");
}

#[test]
fn a_name_adds_no_lines_and_turns_nothing() {
    for sign in ["\r\n", "\n", "\r", "\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}", "\0", "\t"] {
        let name = format!("a{sign}https://evil.example{sign}");
        let view = view(&name, "", vec![link(&name)]);
        assert_eq!(mail_text(&view).lines().count(), 6, "{sign:?}");
        assert!(view.lead().chars().all(|c| !c.is_control()), "{sign:?}");
    }
    let turned = view("\u{202e}moc.elpmaxe", "", vec![link("invoice\u{202e}fdp.exe")]);
    for text in [mail_text(&turned), mail_html(&turned), turned.lead()] {
        assert!(!text.contains('\u{202e}') && text.contains('\u{fffd}'), "{text}");
    }
    assert_eq!(link(" \n ").shown_name(), "file");
}

#[test]
fn the_largest_mail_is_one_that_can_be_sent() {
    let links = (0..MAX_LINKS).map(|_| SharedLink {
        url: format!("https://{}/{}", "m".repeat(200), "k".repeat(60)),
        use_limit: Some(i64::MAX),
        expires_ms: Some(1_701_216_000_000),
        has_password: true,
        ..link(&"\"".repeat(255))
    });
    let links: Vec<SharedLink> = links.collect();
    for message in ["\"\n\n", "€", "\""] {
        let view = view(&"\"".repeat(255), &message.repeat(MAX_MESSAGE / message.chars().count()), Vec::new());
        let view = MailView {
            links: links
                .iter()
                .map(|one| SharedLink { name: one.name.clone(), url: one.url.clone(), ..*one })
                .collect(),
            ..view
        };
        let size = mail_text(&view).len() + mail_html(&view).len();
        assert!(size < 1024 * 1024, "{size}");
    }
}

#[test]
fn the_page_asks_once_and_again() {
    assert!(!password_page("/x", false).contains("role=\"alert\""));
    assert!(password_page("/x", true).contains("role=\"alert\""));
    assert!(password_page("\"><script>", false).contains("&#34;&#62;&#60;script&#62;"));
    let page = password_page("/x", true);
    for forbidden in ["<script", "http://m", "https://", " style=", " on"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}
