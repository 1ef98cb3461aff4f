//! A code by mail before a link opens: six digits, ten minutes, five tries, for the browser that entered it.

use serde_json::json;

use super::{
    super::{
        agent::{Agent, ask},
        notifications::transfer::{Transfer, World, at, in_browser, in_world, open, path_of},
    },
    assert_keeps_to_itself, photograph, words,
};
use crate::support::{Answer, NOW_MS, Server, browser::Page};

const MINUTE_MS: i64 = 60 * 1_000;

/// The code in the last of so many mails.
async fn mailed_code(world: &World, count: usize) -> String {
    let mails = world.smtp.wait_for(count).await;
    let mail = &mails[count - 1];
    assert_eq!((mail.to.join(",").as_str(), mail.header("Subject")), ("boss@example.com", "Your code"));
    let code = mail.text.as_ref().unwrap().lines().find_map(|line| line.strip_prefix("    ")).unwrap().to_owned();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    assert!(mail.html.as_ref().unwrap().contains(&code));
    code
}

/// Six digits that are not the code.
fn other_than(code: &str) -> String {
    let first = if code.starts_with('9') { '0' } else { '9' };
    format!("{first}{}", &code[1..])
}

async fn enter(page: &Page, code: &str) {
    page.fill("#code", code).await;
    page.click("text=Continue").await;
}

/// A container with a secret in it that wants a code; its link.
async fn guarded(agent: &Agent<'_>, hook: &str) -> String {
    let transfer = Transfer::new(agent, json!({ "callback_url": hook, "display_chat": true })).await;
    let rule =
        agent.create(&transfer.path("auth_code/"), &json!({ "send_as": "email", "to": "boss@example.com" })).await;
    assert_eq!((&rule["container"], &rule["to"]), (&json!(transfer.id), &json!("boss@example.com")));
    transfer.letter("The secret subject", "The secret body").await;
    transfer.file("secret.txt", b"the secret").await;
    transfer.feature(json!({ "type": "pull", "message": "The secret wish" })).await;
    transfer.feature(json!({ "type": "push" })).await;
    transfer.recipient("Zoë", "Ring").await;
    transfer.to("link", "").await;
    transfer.link().await
}

#[test]
fn a_code_lets_one_browser_in() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let link = guarded(&agent, "").await;
        assert_eq!(browser.open(&link).await, Some(200));
        assert_eq!(browser.text("h1").await, "Confirm that it is you");
        browser.wait_for_text("We send a code to b***@example.com").await;
        photograph(browser, "code").await;
        assert!(world.smtp.mails().await.is_empty());
        browser.click("text=Send me the code").await;
        browser.wait_for_text("We have sent a code to b***@example.com. It is valid for ten minutes.").await;
        let code = mailed_code(world, 1).await;
        enter(browser, &other_than(&code)).await;
        browser.wait_for_text("This is not the code that we sent.").await;
        photograph(browser, "wrong-code").await;
        // As people type it.
        enter(browser, &format!("{} {}", &code[..3], &code[3..])).await;
        browser.wait_for_text("The secret body").await;
        assert_eq!(browser.url().await, link);
        browser.open(&link).await;
        assert_eq!(browser.text("h1").await, "The secret subject");

        let other = browser.new_private_page().await;
        other.open(&link).await;
        assert_eq!(other.text("h1").await, "Confirm that it is you");
        // The code has let somebody in and is used up.
        enter(&other, &code).await;
        other.wait_for_text("This is not the code that we sent.").await;
        other.click("text=Send me the code").await;
        other.wait_for_text("We have sent a code").await;
        enter(&other, &mailed_code(world, 2).await).await;
        other.wait_for_text("The secret body").await;
        // Twelve hours later it is asked for again.
        at(server, NOW_MS + 12 * 60 * MINUTE_MS).await;
        browser.open(&link).await;
        assert_eq!(browser.text("h1").await, "Confirm that it is you");
        assert_keeps_to_itself(browser, server).await;
    });
}

#[test]
fn codes_age_and_can_not_be_guessed() {
    in_browser(async |server, world, browser| {
        let agent = Agent::new(server).await;
        let link = guarded(&agent, "").await;
        browser.open(&link).await;
        browser.click("text=Send me the code").await;
        browser.wait_for_text("We have sent a code").await;
        let old = mailed_code(world, 1).await;
        at(server, NOW_MS + 10 * MINUTE_MS).await;
        enter(browser, &old).await;
        browser.wait_for_text("This code is older than ten minutes. Please ask for a new one.").await;
        photograph(browser, "old-code").await;

        browser.click("text=Send me the code").await;
        browser.wait_for_text("We have sent a code").await;
        let code = mailed_code(world, 2).await;
        for _ in 0..4 {
            enter(browser, &other_than(&code)).await;
            browser.wait_for_text("This is not the code that we sent.").await;
            browser.open(&link).await;
        }
        enter(browser, &other_than(&code)).await;
        browser.wait_for_text("Too many attempts. That code can not be used any more").await;
        photograph(browser, "void-code").await;
        let form = format!("code={code}");
        let answer = post(server, &link, "enter", &form).await.expect(200);
        assert!(words(&answer).contains("Too many attempts.") && answer.header("set-cookie").is_empty(), "{answer}");
        // Another one starts anew.
        browser.click("text=Send me").await;
        browser.wait_for_text("We have sent a code").await;
        enter(browser, &mailed_code(world, 3).await).await;
        browser.wait_for_text("The secret body").await;
    });
}

async fn post(server: &Server, link: &str, what: &str, form: &str) -> Answer {
    let ask = ask(server, "POST", &format!("{}/{what}", path_of(link)));
    ask.body("application/x-www-form-urlencoded", form).send().await
}

#[test]
fn without_the_code_nothing_is_told_or_done() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let link = guarded(&agent, &world.listener.url("/")).await;
        let media = agent.get("/v1/media/").await["results"][0]["id"].clone();
        let cookie = "mediary_visit=9999999999999.00000000000000000000000000000000000000000000000000000000000000";
        for cookie in ["", cookie, "mediary_visit=.", "mediary_visit=9999999999999."] {
            for (method, rest, status) in [
                ("GET", String::new(), 200),
                ("GET", format!("/media/{media}/secret.txt"), 403),
                ("POST", "/reply".to_owned(), 403),
                ("POST", "/done".to_owned(), 403),
                ("POST", "/upload".to_owned(), 403),
            ] {
                let target = format!("{}{rest}", path_of(&link));
                let mut ask = ask(server, method, &target).header("Cookie", cookie);
                if method == "POST" {
                    ask = ask.body("application/x-www-form-urlencoded", "body=x&feature=1");
                }
                let answer = ask.send().await.expect(status);
                let page = words(&answer);
                assert!(page.contains("Confirm that it is you") && !page.contains("secret"), "{answer}");
            }
        }
        assert_eq!(agent.get("/v1/module_container/messagereply/").await["count"], 0);
        server.settle().await;
        let told: Vec<_> = world.listener.requests().iter().map(|call| call.json()["type"].clone()).collect();
        assert_eq!(told.iter().filter(|about| *about == "session_opened").count(), 0, "{told:?}");
    });
}

#[test]
fn a_code_opens_its_own_link_only_and_few_are_sent() {
    in_world(async |server, world| {
        let agent = Agent::new(server).await;
        let (link, other) = (guarded(&agent, "").await, guarded(&agent, "").await);
        for count in 1..=5 {
            post(server, &link, "code", "").await.expect(303);
            mailed_code(world, count).await;
        }
        let answer = post(server, &link, "code", "").await.expect(200);
        assert!(words(&answer).contains("No other code can be sent at the moment"), "{answer}");
        let code = mailed_code(world, 5).await;
        let answer = post(server, &other, "enter", &format!("code={code}")).await.expect(200);
        assert!(words(&answer).contains("This is not the code that we sent."), "{answer}");
        let answer = post(server, &link, "enter", &format!("code={code}")).await.expect(303);
        let cookie = answer.header("set-cookie").to_owned();
        for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", &format!("; Path=/botdoc{};", path_of(&link))] {
            assert!(cookie.contains(part), "{part} is not in {cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let with = async |link: &str| ask(server, "GET", path_of(link)).header("Cookie", cookie).send().await;
        assert!(words(&with(&link).await).contains("The secret body"));
        let answer = with(&other).await.expect(200);
        assert!(!words(&answer).contains("secret"), "{answer}");
        assert!(!words(&open(server, &link).await).contains("secret"));
        // An hour later there are codes again.
        at(server, NOW_MS + 60 * MINUTE_MS).await;
        post(server, &link, "code", "").await.expect(303);
        mailed_code(world, 6).await;
    });
}
