//! The page behind a link, as a person sees it: in a real browser, on a large screen and a small one, with scripts and without.

mod codes;
mod confined;
mod hostile;
mod uploads;

use std::{fs, path::Path};

use serde_json::json;

use super::{
    agent::Agent,
    notifications::transfer::{Transfer, World, at, in_browser, in_world, open},
};
use crate::support::{NOW_MS, Server, browser::Page};

/// How long a container lasts.
const END_MS: i64 = NOW_MS + 72 * 60 * 60 * 1_000;

/// The link in the last of so many mails.
async fn mailed_link(world: &World, count: usize) -> String {
    let mails = world.smtp.wait_for(count).await;
    let text = mails[count - 1].text.as_ref().unwrap();
    let link = text.lines().find(|line| line.starts_with("http"));
    link.unwrap_or_else(|| panic!("no link in {text}")).to_owned()
}

/// Pictures for people to look at, beside what cargo builds: how a page looks on a desk and in a hand.
async fn photograph(page: &Page, name: &str) {
    for (device, width, height) in [("phone", 375, 667), ("desk", 1280, 800)] {
        page.set_viewport(width, height).await;
        page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("botdoc-{name}-{device}.png"))).await;
    }
}

/// Panics unless the page asked only the server that it came from, and complained of nothing.
async fn assert_keeps_to_itself(page: &Page, server: &Server) {
    let base = format!("http://{}/botdoc/s/", server.address);
    for url in page.requests().await {
        assert!(url.starts_with(&base) || url.starts_with("data:image/svg+xml,"), "{url}");
    }
    assert_eq!(page.console_errors().await, Vec::<String>::new());
}

fn words(answer: &crate::support::Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

#[test]
fn a_person_reads_and_fetches_until_the_limit() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        let id = transfer.file("Größe (1) & more.bin", &bytes).await;
        transfer.file("second.txt", b"the second").await;
        transfer.feature(json!({ "type": "push", "message": "Both files are yours." })).await;
        transfer.letter("Your papers", "Dear Zoë,\n\nhere they are.\nBye").await;
        transfer.item(transfer.recipient("Zoë", "Ring").await, "email", "zoe@example.com").await;
        let link = transfer.link().await;
        assert_eq!(mailed_link(world, 1).await, link);
        assert_eq!(browser.open(&link).await, Some(200));
        assert_eq!(browser.text("h1").await, "Your papers");
        for text in
            ["From Somebody", "Open until 17 November 2023", "Dear Zoë, here they are. Bye", "Both files are yours."]
        {
            browser.wait_for_text(text).await;
        }
        photograph(browser, "push").await;

        let folder = tempfile::tempdir().unwrap();
        browser.downloads_to(folder.path()).await;
        let row = "li:has-text('Größe')";
        for left in (1..=6).rev() {
            let shown = browser.text(row).await;
            assert!(shown.contains(&format!("300 kB · {left} of 6 downloads left")), "{shown}");
            browser.click(&format!("{row} >> a.button")).await;
            let path = browser.wait_for_download().await;
            assert_eq!(path.file_name().unwrap(), "Größe (1) & more.bin");
            assert!(fs::read(&path).unwrap() == bytes, "download {left}");
            fs::remove_file(path).unwrap();
            assert_eq!(browser.open(&link).await, Some(200));
        }
        assert!(browser.text(row).await.contains("No downloads left"));
        assert_eq!(browser.count(&format!("{row} >> a")).await, 0);
        assert_eq!(browser.count("li:has-text('second.txt') >> a").await, 1);
        assert_keeps_to_itself(browser, server).await;
        photograph(browser, "spent").await;
        assert_eq!(browser.open(&format!("{link}/media/{id}/x")).await, Some(403));
        browser.wait_for_text("This file was downloaded as often as it may be").await;
        photograph(browser, "refused").await;
        assert_eq!(agent.get(&format!("/v1/media/{id}/")).await["times_downloaded"], 6);
    });
}

#[test]
fn a_link_ends_when_its_time_is_over() {
    in_browser(async |server, _, browser| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let id = transfer.file("paper.txt", b"the paper").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        at(server, END_MS - 1).await;
        assert_eq!(browser.open(&link).await, Some(200));
        browser.wait_for_text("paper.txt").await;
        at(server, END_MS).await;
        assert_eq!(browser.open(&link).await, Some(410));
        assert_eq!(browser.text("h1").await, "This link has expired");
        browser.wait_for_text("It worked until 17 November 2023 at 22:13 UTC").await;
        photograph(browser, "expired").await;
        for path in [format!("{link}/media/{id}/paper.txt"), format!("{link}/code")] {
            let method = if path.ends_with("code") { "POST" } else { "GET" };
            let target = super::notifications::transfer::path_of(&path).to_owned();
            super::agent::ask(server, method, &target).send().await.expect(410);
        }
    });
}

#[test]
fn a_link_that_nobody_made_leads_nowhere() {
    in_browser(async |server, _, browser| {
        Agent::new(server).await;
        let base = format!("http://{}/botdoc/s", server.address);
        for code in ["0123456789abcdef", "x", "%00", "..%2f..%2fetc%2fpasswd", "%3Cscript%3E", "'"] {
            assert_eq!(browser.open(&format!("{base}/{code}")).await, Some(404), "{code}");
            assert_eq!(browser.text("h1").await, "This link does not work", "{code}");
        }
        photograph(browser, "gone").await;
    });
}

#[test]
fn a_link_rests_while_what_it_leads_to_is_in_the_trash() {
    in_world(async |server, _| {
        let organization = server.organization("Acme").await;
        let (here, token) = (json!({ "organizationId": organization.id }), organization.token.clone());
        let folder = server.folder(&token, "Sent", here).await;
        let agent = Agent::with(server, organization, library::Rights::ALL, Some(folder)).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let id = transfer.file("paper.txt", b"the paper").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        let file = format!("{link}/media/{id}/paper.txt");
        open(server, &file).await.expect(200);
        // A container is nobody else's to delete; what it lies in is.
        let path = format!("/v1/media/folders/{}", transfer.id);
        server.fliplet("DELETE", &path).token(&token).send().await.expect(404);
        let path = format!("/v1/media/folders/{folder}");
        server.fliplet("DELETE", &path).token(&token).send().await.expect(200);
        for link in [&link, &file] {
            let answer = open(server, link).await.expect(404);
            assert!(words(&answer).contains("This link does not work"), "{answer}");
        }
        let path = format!("/v1/media/folders/{folder}/restore");
        server.fliplet("POST", &path).token(&token).send().await.expect(200);
        for link in [&link, &file] {
            open(server, link).await.expect(200);
        }
    });
}

#[test]
fn a_person_replies() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let hook = json!({ "display_chat": true, "callback_url": world.listener.url("/") });
        let transfer = Transfer::new(&agent, hook).await;
        let message = json!({ "container": transfer.id, "title": "A question", "body": "When do you come?" });
        agent.create("/v1/module_container/message/", &message).await;
        let recipient = transfer.recipient("Zoë", "Ring").await;
        transfer.item(recipient, "link", "").await;
        browser.open(&transfer.link().await).await;
        browser.wait_for_text("A question When do you come?").await;
        for (count, text) in [(1, "Tomorrow.\n\nOr so."), (2, "Größe <b>€</b>")] {
            browser.fill("textarea", text).await;
            browser.click("text=Send the message").await;
            browser.wait_for(&format!(".replies li:nth-child({count})")).await;
        }
        browser.wait_for_text("Tomorrow. Or so.").await;
        browser.wait_for_text("Größe <b>€</b>").await;
        photograph(browser, "replies").await;
        let path = format!("/v1/module_container/messagereply/?recipient__container={}", transfer.id);
        let replies = agent.get(&path).await;
        assert_eq!(replies["count"], 2);
        assert_eq!(replies["results"][0]["body"], "Größe <b>€</b>");
        assert_eq!(replies["results"][1]["recipient"], recipient);
        server.settle().await;
        let told: Vec<_> = world.listener.requests().iter().map(|call| call.json()["type"].clone()).collect();
        let types = ["container", "contact_notification_send", "session_opened", "message_reply", "message_reply"];
        assert_eq!(told, types);
        assert_keeps_to_itself(browser, server).await;
    });
}
