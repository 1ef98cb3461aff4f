//! Mail servers that refuse, for now or for good, and servers that die before they have sent what they promised.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use library::DispatchState::{self, Failed, Sent, Waiting};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    super::{Account, account::target_of},
    world::{
        at, dispatches, in_world, mail_to, mediary, on_its_own, send, wait_for_end_but, wait_for_failures, with_world,
    },
};
use crate::support::{Ask, NOW_MS, Server};

const LATER: &str = "later@testmail.test";
const NEVER: &str = "never@testmail.test";
const NOW: [&str; 2] = ["one@testmail.test", "two@testmail.test"];
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Whom something went to, how it ended, how often it was tried and why it failed last.
async fn ends(account: &Account<'_>) -> BTreeMap<String, (DispatchState, i64, String)> {
    let all = dispatches(account).await.into_iter();
    all.map(|one| (one.recipient, (one.state, one.attempts, one.last_error.unwrap_or_default()))).collect()
}

/// What `mediary sent` tells, as the operator sees it.
fn told(account: &Account<'_>, more: &[&str]) -> Vec<Value> {
    let tenant = account.organization.id.to_string();
    let said = mediary(account.server, &[&["sent", "--tenant", &tenant], more].concat());
    said.as_array().unwrap().clone()
}

#[test]
fn one_recipient_who_is_refused_for_now_is_tried_again_and_keeps_nobody_waiting() {
    in_world(async |server, smtp| {
        smtp.refuse(LATER, "451 try later").await;
        let account = Account::new(server).await;
        let link = super::a_link(&account, "paper.txt").await;
        send(&account, &link, &[NOW[0], LATER, NOW[1]]).await;
        assert_eq!(wait_for_failures(server, 1, 1).await, [NOW_MS + 10_000]);
        wait_for_end_but(&account, 1).await;
        let mails = smtp.mails().await;
        assert_eq!(mails.len(), 2);
        for address in NOW {
            mail_to(&mails, address);
        }
        let words = "the mail server: 451 try later";
        assert_eq!(ends(&account).await[LATER], (Waiting, 1, words.to_owned()));
        assert_eq!(told(&account, &["--failed"]), [] as [Value; 0]);

        smtp.accept(LATER).await;
        at(server, NOW_MS + 9_999).await;
        assert_eq!(smtp.mails().await.len(), 2);
        at(server, NOW_MS + 10_000).await;
        wait_for_end_but(&account, 0).await;
        at(server, NOW_MS + HOUR_MS).await;
        let mails = smtp.mails().await;
        assert_eq!((mails.len(), mails[2].to.join(",").as_str()), (3, LATER));
        assert_eq!(ends(&account).await[LATER], (Sent, 2, String::new()));
    });
}

#[test]
fn who_is_refused_for_good_is_given_up_at_once_and_told_of() {
    in_world(async |server, smtp| {
        smtp.refuse(NEVER, "550 no such user").await;
        let account = Account::new(server).await;
        let link = super::a_link(&account, "paper.txt").await;
        send(&account, &link, &[NOW[0], NEVER, NOW[1]]).await;
        let all = wait_for_end_but(&account, 0).await;
        let words = "the mail server: 550 no such user";
        assert_eq!(ends(&account).await[NEVER], (Failed, 1, words.to_owned()));
        at(server, NOW_MS + HOUR_MS).await;
        assert_eq!(smtp.mails().await.len(), 2);

        let id = all.iter().find(|one| one.recipient == NEVER).unwrap().id;
        let failed = json!({
            "id": id, "dialect": "mediapocket", "to": NEVER, "state": "failed", "attempts": 1, "error": words, "at_ms": NOW_MS,
        });
        assert_eq!(told(&account, &["--failed"]), std::slice::from_ref(&failed));
        let whole = told(&account, &[]);
        assert_eq!(whole.len(), 3);
        assert!(whole.contains(&failed));
        for one in whole.iter().filter(|one| one["to"] != NEVER) {
            assert_eq!((&one["state"], &one["error"]), (&json!("sent"), &Value::Null));
        }
        // What was sent is not told, nor is the link.
        let key = target_of(&link).rsplit('/').next().unwrap().to_owned();
        assert!(!json!(whole).to_string().contains(&key));
    });
}

#[test]
fn who_is_refused_for_hours_is_given_up_after_the_last_try() {
    in_world(async |server, smtp| {
        smtp.refuse(LATER, "451 try later").await;
        let account = Account::new(server).await;
        let link = super::a_link(&account, "paper.txt").await;
        send(&account, &link, &[LATER, NOW[0]]).await;
        let mut now_ms = NOW_MS;
        for attempts in 1..12 {
            now_ms += 10_000 << (attempts - 1).min(9);
            assert_eq!(wait_for_failures(server, 1, attempts).await, [now_ms]);
            assert_eq!(told(&account, &["--failed"]), [] as [Value; 0]);
            at(server, now_ms).await;
        }
        wait_for_end_but(&account, 0).await;
        assert_eq!(ends(&account).await[LATER], (Failed, 12, "the mail server: 451 try later".to_owned()));
        smtp.accept(LATER).await;
        at(server, now_ms + 10 * HOUR_MS).await;
        assert_eq!(smtp.mails().await.len(), 1);
        let failed = told(&account, &["--failed"]);
        assert_eq!((failed.len(), &failed[0]["to"], &failed[0]["attempts"]), (1, &json!(LATER), &json!(12)));
    });
}

/// `mediary serve` in a process of its own, whose mail server never says a word; killed when it is dropped.
struct Victim {
    child: Child,
    address: std::net::SocketAddr,
}

impl Victim {
    async fn start(server: &Server, silent: &TcpListener) -> Self {
        let mut command: Command = server.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("MEDIARY_LOG__ACCESS", "off").env("MEDIARY_PUBLIC_URL", format!("http://{}", server.address));
        command.env("MEDIARY_SMTP__URL", format!("smtp://{}", silent.local_addr().unwrap()));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("a server that starts says where it listens").unwrap();
            if let Some(address) = address_in(&line) {
                break address;
            }
        };
        // It may go on talking.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The address in a line of its log.
fn address_in(line: &str) -> Option<std::net::SocketAddr> {
    let (_, behind) = line.split_once("127.0.0.1:")?;
    let port: String = behind.chars().take_while(char::is_ascii_digit).collect();
    format!("127.0.0.1:{port}").parse().ok().filter(|address: &std::net::SocketAddr| address.port() > 0)
}

#[test]
fn what_was_promised_is_sent_by_the_next_server_when_one_is_killed() {
    with_world(on_its_own, async |server, smtp| {
        let account = Account::new(server).await;
        let asset = account.asset("paper.txt", b"the paper").await;
        let link = account.link(&asset, ("2123-11-28", 5)).await;
        // This server's clock stands still: what is queued by the other one's is not yet due here.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut victim = Victim::start(server, &silent).await;
        let body = json!({ "recipients": NOW, "shareable_link_ids": [link["id"]] });
        let ask = Ask::new(victim.address, "POST", "/mediapocket/api/v2/shareable_links/share");
        let answer = ask.header("X-API-KEY", &account.key).json(&body).send().await.expect(200);
        assert_eq!(answer.json(), json!({ "message": "Shareable links sent" }));
        victim.kill();
        assert!(dispatches(&account).await.iter().all(|one| one.state == Waiting));
        assert!(smtp.mails().await.is_empty());

        // Whatever the dead one had taken up is free again after a time.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        at(server, i64::try_from(now).unwrap() + HOUR_MS).await;
        smtp.wait_for(2).await;
        let mails = smtp.mails().await;
        for address in NOW {
            let mail = mail_to(&mails, address);
            assert!(mail.text.as_ref().unwrap().contains(link["url"].as_str().unwrap()), "{:?}", mail.text);
        }
        assert!(wait_for_end_but(&account, 0).await.iter().all(|one| one.state == Sent));
    });
}
