//! Whom, what and how much: recipients, ids and messages as clients send them, right and wrong.

use library::Rights;
use serde_json::{Value, json};

use super::{
    super::{Account, account::ask},
    world::{
        MESSAGE, TO, a_link, assert_refused, dispatches, in_world, mail_to, send, share_links, wait_for_end_but,
        with_world,
    },
};

const NONE_FOUND: (u16, &str) = (400, "No shareable links found");

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("person-{number}@testmail.test")).collect()
}

#[test]
fn a_recipient_that_is_no_address_stops_all() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        for (recipient, shown) in [
            (json!("zoe"), "zoe"),
            (json!("zoe@"), "zoe@"),
            (json!("@testmail.test"), "@testmail.test"),
            (json!(""), ""),
            (json!("  "), "  "),
            (json!("zoe@exa mple.com"), "zoe@exa mple.com"),
            (json!("zoe@testmail.test, max@testmail.test"), "zoe@testmail.test, max@testmail.test"),
            (json!("zoe@testmail.test;max@testmail.test"), "zoe@testmail.test;max@testmail.test"),
            (json!("Zoë <zoe@testmail.test>"), "Zoë <zoe@testmail.test>"),
            (json!("<zoe@testmail.test>"), "<zoe@testmail.test>"),
            (json!("zoe@[127.0.0.1]"), "zoe@[127.0.0.1]"),
            (json!("zoe@127.0.0.1"), "zoe@127.0.0.1"),
            (json!("\"z oe\"@testmail.test"), "\"z oe\"@testmail.test"),
            (json!("zoe@testmail.test\r\nBcc: thief@evil.example"), "zoe@testmail.testBcc: thief@evil.example"),
            (json!("zoe@testmail.test%0aBcc:thief@evil.example"), "zoe@testmail.test%0aBcc:thief@evil.example"),
            (json!(5), "5"),
            (json!(1.5), "1.5"),
            (json!(true), "true"),
            (Value::Null, "null"),
            (json!({ "email": "zoe@testmail.test" }), r#"{"email":"zoe@testmail.test"}"#),
            (json!(["zoe@testmail.test"]), r#"["zoe@testmail.test"]"#),
        ] {
            let words = format!("Invalid recipient: {shown}");
            for recipients in [json!([TO[0], recipient, TO[1]]), json!([recipient]), json!([TO[0], recipient])] {
                let body = json!({ "recipients": recipients, "shareable_link_ids": [link["id"]] });
                assert_refused(&account, share_links(&account, &body).await, (400, &words)).await;
            }
        }
        // What is shown of it has an end.
        let body = json!({ "recipients": ["z".repeat(100_000)], "shareable_link_ids": [link["id"]] });
        let words = format!("Invalid recipient: {}", "z".repeat(200));
        assert_refused(&account, share_links(&account, &body).await, (400, &words)).await;
        server.settle().await;
        assert!(smtp.mails().await.is_empty());
    });
}

#[test]
fn recipients_are_a_list_with_something_in_it() {
    in_world(async |server, _| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        for (recipients, shown) in [
            (json!([]), "nil"),
            (Value::Null, "nil"),
            (json!("zoe@testmail.test"), "\"zoe@testmail.test\""),
            (json!({ "0": "zoe@testmail.test" }), "{\"0\"=>\"zoe@testmail.test\"}"),
            (json!(5), "5"),
        ] {
            let body = json!({ "recipients": recipients, "shareable_link_ids": [link["id"]] });
            let words = format!("Invalid parameter 'recipients' value {shown}: Must be an array of any type");
            assert_refused(&account, share_links(&account, &body).await, (422, &words)).await;
        }
        let answer = share_links(&account, &json!({ "shareable_link_ids": [link["id"]] })).await;
        assert_refused(&account, answer, (422, "Missing parameter recipients")).await;
    });
}

#[test]
fn who_is_named_twice_gets_one_mail() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        send(&account, &link, &[TO[0], " test1@testmail.test ", "TEST1@TestMail.Test", TO[1], TO[0]]).await;
        wait_for_end_but(&account, 0).await;
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), 2);
        for address in TO {
            mail_to(&mails, address);
        }
    });
}

#[test]
fn fifty_people_at_once_and_no_more() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        let body = |recipients: Vec<String>| json!({ "recipients": recipients, "shareable_link_ids": [link["id"]] });
        let words = "Too many recipients (maximum is 50)";
        for count in [51, 30_000] {
            let answer = share_links(&account, &body(numbered(count))).await;
            assert_refused(&account, answer, (400, words)).await;
        }
        // Who is named again does not count again.
        let fifty = [numbered(50), numbered(50)].concat();
        share_links(&account, &body(fifty)).await.expect(200);
        wait_for_end_but(&account, 0).await;
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), 50);
        for address in numbered(50) {
            mail_to(&mails, &address);
        }
    });
    with_world(
        |settings| settings.mediapocket.max_recipients = 1,
        async |server, _| {
            let account = Account::new(server).await;
            let link = a_link(&account, "paper.txt").await;
            let body = json!({ "recipients": TO, "shareable_link_ids": [link["id"]] });
            let words = "Too many recipients (maximum is 1)";
            assert_refused(&account, share_links(&account, &body).await, (400, words)).await;
            send(&account, &link, &[TO[0]]).await;
        },
    );
}

#[test]
fn links_that_there_are_not_are_left_out_and_without_any_nothing_is_sent() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        let id = link["id"].as_i64().unwrap();
        let other = server.organization("Other").await;
        let foreign = a_link(&Account::with(server, other, Rights::ALL, None).await, "foreign.txt").await["id"].clone();
        let asset = account.asset("dead.txt", b"dead").await;
        let over = account.link(&asset, ("2023-11-13", 5)).await["id"].clone();
        let used = account.link(&asset, ("2023-11-28", 1)).await;
        ask(server, "GET", &super::target_of(&used)).send().await.expect(302);
        let gone = a_link(&account, "gone.txt").await;
        let revoked = gone["id"].as_i64().unwrap();
        let system = crate::support::organizations::system();
        server.library.revoke_link(&system, account.organization.id, revoked).await.unwrap();

        let dead = json!([foreign, over, used["id"], revoked, 0, -1, i64::MAX, 1e30, 999, id as f64 + 0.5]);
        let texts = json!(["invalid_id", "", id.to_string(), link["url"], null, { "id": id }, [id], true]);
        for ids in [dead.clone(), texts.clone(), json!(["invalid_id"])] {
            let body = json!({ "message": MESSAGE, "recipients": TO, "shareable_link_ids": ids });
            assert_refused(&account, share_links(&account, &body).await, NONE_FOUND).await;
        }
        let body = json!({ "recipients": TO });
        assert_refused(&account, share_links(&account, &body).await, NONE_FOUND).await;
        // An empty list is as good as none: contract 4.
        let answer = share_links(&account, &json!({ "recipients": TO, "shareable_link_ids": [] })).await;
        assert_refused(&account, answer, NONE_FOUND).await;
        let answer = share_links(&account, &json!({ "recipients": TO, "shareable_link_ids": null })).await;
        let words = "Invalid parameter 'shareable_link_ids' value nil: Must be an array of any type";
        assert_refused(&account, answer, (422, words)).await;
        server.settle().await;
        assert!(smtp.mails().await.is_empty());

        let mixed = [dead.as_array().unwrap().as_slice(), texts.as_array().unwrap(), &[json!(id)]].concat();
        let body = json!({ "recipients": [TO[0]], "shareable_link_ids": mixed });
        share_links(&account, &body).await.expect(200);
        let mails = smtp.wait_for(1).await;
        let text = mails[0].text.as_ref().unwrap();
        assert_eq!((text.matches("http").count(), mails[0].header("Subject")), (1, "Somebody shares a file with you"));
        assert!(text.contains(link["url"].as_str().unwrap()), "{text}");
    });
}

#[test]
fn a_mail_holds_two_hundred_links_at_most() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let asset = account.asset("paper.txt", b"paper").await;
        let payload = json!({ "asset_id": asset["id"], "filename": "\"".repeat(255), "media_id": account.media_id(&asset).await });
        let body = json!({ "expiry_date": "2023-11-28", "limit": 5, "payload": payload });
        let mut ids = Vec::new();
        for _ in 0..201 {
            ids.push(account.post("/api/v2/shareable_links", &body).await.expect(200).json()["id"].clone());
        }
        let answer = share_links(&account, &json!({ "recipients": [TO[0]], "shareable_link_ids": ids })).await;
        assert_refused(&account, answer, (400, "Too many shareable links (maximum is 200)")).await;
        ids.pop();
        let ids = [ids.clone(), ids].concat();
        share_links(&account, &json!({ "recipients": [TO[0]], "shareable_link_ids": ids })).await.expect(200);
        let mails = smtp.wait_for(1).await;
        assert_eq!(mails[0].text.as_ref().unwrap().matches("/shareable_links/").count(), 200);
    });
}

#[test]
fn a_blank_message_is_none_and_a_long_one_has_an_end() {
    in_world(async |server, smtp| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        let body =
            |message: Value| json!({ "message": message, "recipients": [TO[0]], "shareable_link_ids": [link["id"]] });
        for message in [Value::Null, json!(5), json!(["x"]), json!({}), json!(false)] {
            let answer = share_links(&account, &body(message)).await.expect(422);
            let words = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(words.starts_with("Invalid parameter 'message' value "), "{words}");
        }
        let answer = share_links(&account, &body(json!("€".repeat(10_001)))).await;
        assert_refused(&account, answer, (400, "Message is too long (maximum is 10000 characters)")).await;

        for (count, message) in [(1, ""), (2, " \r\n\t "), (3, "\u{2003}")] {
            share_links(&account, &body(json!(message))).await.expect(200);
            let mails = smtp.wait_for(count).await;
            let text = mails[count - 1].text.as_ref().unwrap();
            assert!(text.starts_with("Somebody shares a file with you.\n\ntest_file\nhttps://"), "{text}");
            assert!(!mails[count - 1].html.as_ref().unwrap().contains("border-left"));
        }
        let longest = "€".repeat(10_000);
        share_links(&account, &body(json!(longest))).await.expect(200);
        let mails = smtp.wait_for(4).await;
        assert!(mails[3].text.as_ref().unwrap().contains(&format!("\n\n{longest}\n\n")));
        assert!(mails[3].html.as_ref().unwrap().contains(&longest));
        assert_eq!(dispatches(&account).await.len(), 4);
    });
}

#[test]
fn who_may_only_read_shares_nothing() {
    in_world(async |server, _| {
        let account = Account::new(server).await;
        let link = a_link(&account, "paper.txt").await;
        let body = json!({ "recipients": TO, "shareable_link_ids": [link["id"]] });
        let target = "/api/v2/shareable_links/share";
        for key in ["", "wrong", "abcde.0123456789"] {
            let answer = ask(server, "POST", target).header("X-API-KEY", key).json(&body).send().await;
            assert_refused(&account, answer, (401, "Unauthorized")).await;
        }
        let reader = Account::with(server, account.organization.clone(), Rights::READ, None).await;
        assert_refused(&account, share_links(&reader, &body).await, (403, "Forbidden")).await;
    });
}
