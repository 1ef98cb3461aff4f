//! Messages to recipients, and what they write back on their page.

use serde_json::{Value, json};

use super::{CONTAINERS, NOW, creates, new_container, page_of, with_link};
use crate::{
    botdoc::{Agent, agent::ask},
    support::on_each_engine,
};

const MESSAGES: &str = "/v1/module_container/message/";
const REPLIES: &str = "/v1/module_container/messagereply/";

#[test]
fn messages_in_each_form() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let container = new_container(&agent).await;
        for id in [json!(container), json!(container.to_string())] {
            for (fields, title) in [
                (json!({ "container": id, "body": "Hello you", "title": "A word" }), "A word"),
                (json!({ "container": id, "body": "Hello you" }), ""),
            ] {
                creates(&agent, MESSAGES, &fields, |answer| {
                    json!({
                        "id": answer["id"], "container": container, "title": title, "body": "Hello you", "created": NOW,
                        "updated": NOW,
                    })
                })
                .await;
            }
        }
        let required = "This field is required.";
        for (body, expected) in [
            (json!({}), json!({ "container": [required], "body": [required] })),
            (json!({ "container": container, "body": "" }), json!({ "body": ["This field may not be blank."] })),
            (
                json!({ "container": 999_999, "body": "x" }),
                json!({ "container": ["Invalid pk \"999999\" - object does not exist."] }),
            ),
        ] {
            let answer = agent.ask("POST", MESSAGES).json(&body).send().await.expect(400);
            assert_eq!(answer.json(), expected, "{body}");
        }
    });
}

/// A container whose page takes replies, with somebody who wrote so many; the container and the recipient.
async fn with_replies(agent: &Agent<'_>, bodies: &[&str]) -> (i64, i64) {
    let container = agent.create(CONTAINERS, &json!({ "page_type": "p2", "display_chat": true })).await;
    let container = container["id"].as_i64().unwrap();
    let (recipient, _) = with_link(agent, container).await;
    let target = format!("{CONTAINERS}{container}/send_notification/");
    let sent = agent.ask("POST", &target).send().await.expect(200).json();
    for body in bodies {
        let ask = ask(agent.server, "POST", &format!("{}/reply", page_of(&sent[0]["link"])));
        let form = format!("body={}", body.replace(' ', "+"));
        ask.body("application/x-www-form-urlencoded", form).send().await.expect(303);
    }
    (container, recipient)
}

#[test]
fn replies_are_listed_by_container() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let (container, recipient) = with_replies(&agent, &["first word", "second word"]).await;
        let (other, other_recipient) = with_replies(&agent, &["elsewhere"]).await;
        let (silent, _) = with_replies(&agent, &[]).await;
        let listed = agent.get(&format!("{REPLIES}?recipient__container={container}")).await;
        let reply = |at: usize, body: &str| {
            let id = &listed["results"][at]["id"];
            json!({ "id": id, "recipient": recipient, "body": body, "created": NOW, "updated": NOW })
        };
        let expected = json!({
            "links": { "previous": null, "next": null }, "total_pages": 1, "count": 2,
            "results": [reply(0, "second word"), reply(1, "first word")],
        });
        assert_eq!(listed.to_string(), expected.to_string());
        let bodies = async |query: &str| -> (Value, Vec<String>) {
            let listed = agent.get(&format!("{REPLIES}{query}")).await;
            let results = listed["results"].as_array().unwrap();
            (listed["count"].clone(), results.iter().map(|one| one["body"].as_str().unwrap().to_owned()).collect())
        };
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let of_other = bodies(&format!("?recipient__container={other}")).await;
        assert_eq!(of_other, (json!(1), owned(&["elsewhere"])));
        assert_ne!(recipient, other_recipient);
        assert_eq!(bodies(&format!("?recipient__container={silent}")).await, (json!(0), vec![]));
        assert_eq!(bodies("").await, (json!(3), owned(&["elsewhere", "second word", "first word"])));
        assert_eq!(bodies("?page_size=2&page=2").await, (json!(3), owned(&["first word"])));
        let stranger = Agent::new(server).await;
        let (theirs, _) = with_replies(&stranger, &["strange"]).await;
        let words = "Select a valid choice. That choice is not one of the available choices.";
        for id in ["999999", "x", &theirs.to_string(), &agent.organization.app_id.to_string()] {
            let answer = agent.ask("GET", &format!("{REPLIES}?recipient__container={id}")).send().await.expect(400);
            assert_eq!(answer.json(), json!({ "recipient__container": [words] }), "{id}");
        }
        assert_eq!(bodies("").await.0, 3);
    });
}
