//! Names and messages that want to be more than text: on the page nothing of them runs, loads or leads anywhere.

use serde_json::json;

use super::{
    super::{
        agent::{Agent, ask},
        notifications::transfer::{Transfer, in_browser, in_world, open, path_of, upload},
    },
    assert_keeps_to_itself, photograph, words,
};

/// The canary is a request, a title and an element, whichever gets out first.
const SUBJECT: &str = "\"></h1><img src=canary onerror=fetch('canary')><script>document.title='canary'</script>";
const MARKUP: &str = "\"'></bdi><img src=canary onerror=\"fetch('canary')\"><script>document.title='canary'</script>\
    <svg onload=fetch('canary')><a href=javascript:fetch('canary')>x</a><iframe srcdoc='<canary>'></iframe>&lt;b&gt;";

#[test]
fn what_people_write_stays_text() {
    in_browser(async |server, _, browser| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({ "display_chat": true })).await;
        transfer.letter(SUBJECT, MARKUP).await;
        let name = "<img src=canary onerror=fetch('canary')>&quot;.txt";
        transfer.file(name, b"x").await;
        transfer.file("invoice\u{200f}fdp.exe", b"x").await;
        transfer.file("javascript:fetch('canary')", b"x").await;
        transfer.feature(json!({ "type": "push", "message": MARKUP })).await;
        let pull =
            json!({ "type": "pull", "message": MARKUP, "allowed_file_extensions": ["\"><img src=canary>", "html"] });
        let pull = transfer.feature(pull).await;
        agent
            .create(
                "/v1/module_container/message/",
                &json!({ "container": transfer.id, "title": MARKUP, "body": MARKUP }),
            )
            .await;
        transfer.item(transfer.recipient(MARKUP, MARKUP).await, "link", "").await;
        let link = transfer.link().await;
        let sent = "<img src=canary onerror=fetch('canary')>.html";
        assert_eq!(upload(server, &link, pull, (sent, b"x")).await["received"], json!([sent]));
        for name in ["invoice\u{202e}lmth.html", "a\tb.html"] {
            let answer = upload(server, &link, pull, (name, b"x")).await;
            assert_eq!(answer["errors"][0]["message"], "this name can not be used", "{answer}");
        }
        browser.open(&link).await;
        browser.fill("textarea", MARKUP).await;
        browser.click("text=Send the message").await;
        browser.wait_for(".replies li").await;
        assert_eq!(browser.text("h1").await, SUBJECT);
        assert_eq!(browser.text(".replies li p:last-child").await, MARKUP);
        for text in [name, sent, "javascript:fetch('canary')", "invoice\u{fffd}fdp.exe"] {
            browser.wait_for_text(text).await;
        }
        for (selector, count) in
            [("script", 1), ("img", 0), ("iframe", 0), ("[onerror]", 0), ("[onload]", 0), ("style", 1)]
        {
            assert_eq!(browser.count(selector).await, count, "{selector}");
        }
        photograph(browser, "hostile").await;
        assert_eq!(browser.count("a[href^='javascript:']").await, 0);
        assert_keeps_to_itself(browser, server).await;
        for url in browser.requests().await {
            assert!(!url.ends_with("canary"), "{url}");
        }
    });
}

#[test]
fn the_page_forbids_what_it_does_not_do() {
    in_world(async |server, _| {
        let agent = Agent::new(server).await;
        let transfer = Transfer::new(&agent, json!({})).await;
        let page = transfer.file("page.html", b"<script>fetch('canary')</script>").await;
        transfer.to("link", "").await;
        let link = transfer.link().await;
        for path in [link.clone(), format!("{link}x")] {
            let answer = open(server, &path).await;
            let policy = answer.header("content-security-policy").to_owned();
            for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
                assert!(policy.contains(part), "{part} is not in {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
        }
        // A page that somebody sent is a download and not a page.
        let answer = open(server, &format!("{link}/media/{page}/page.html")).await.expect(200);
        assert!(answer.header("content-disposition").starts_with("attachment;"), "{answer}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        for notice in ["1%3Cscript%3E", "-1", "99999999999999999999", "<b>"] {
            let target = format!("{}?received={notice}", path_of(&link));
            let answer = ask(server, "GET", &target).send().await.expect(200);
            assert!(!words(&answer).contains("class=\"notice good"), "{answer}");
        }
    });
}
