//! Limits that hold, however many come at once: by one server, by two, and together with the limit of what is linked to.

mod limited;

use std::net::SocketAddr;

use futures_util::future::join_all;
use library::VisitOutcome;
use serde_json::Value;

use super::{
    Account,
    account::{ask, target_of},
    links::{FAR, actor, expect_gone, id_of},
};
use crate::support::{Answer, Ask, on_each_engine, organizations::system};

/// So many ask for one link at once.
const ASKING: usize = 500;
const RUNS: usize = 10;
const LIMITS: [usize; 3] = [1, 5, 100];

#[test]
fn of_five_hundred_who_ask_at_once_as_many_are_sent_on_as_may_be() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        for _ in 0..RUNS {
            for limit in LIMITS {
                ask_at_once(&account, &asset, limit, &[server.address]).await;
            }
        }
    });
}

#[test]
fn of_five_hundred_who_ask_two_servers_at_once_as_many_are_sent_on_as_may_be() {
    on_each_engine(async |server| {
        let (library, beside) = server.start_beside().await;
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        for _ in 0..RUNS {
            for limit in LIMITS {
                ask_at_once(&account, &asset, limit, &[server.address, beside.address]).await;
            }
        }
        beside.stop().await;
        library.close().await;
    });
}

async fn ask_at_once(account: &Account<'_>, asset: &Value, limit: usize, servers: &[SocketAddr]) {
    let link = account.link(asset, (FAR, limit.try_into().unwrap())).await;
    let target = format!("/mediapocket{}", target_of(&link));
    let asks = (0..ASKING).map(|at| Ask::new(servers[at % servers.len()], "GET", &target).send());
    let (given, kept): (Vec<Answer>, Vec<Answer>) =
        join_all(asks).await.into_iter().partition(|answer| answer.status == 302);
    assert_eq!((given.len(), kept.len()), (limit, ASKING - limit));
    given.iter().for_each(|answer| assert!(answer.header("location").contains("X-Amz-Signature"), "{answer}"));
    kept.iter().for_each(|answer| expect_gone(answer, "used up"));
    expect_written_down(account, &link, limit, ASKING - limit).await;
}

/// Everybody who came is known, and what they got.
async fn expect_written_down(account: &Account<'_>, link: &Value, followed: usize, refused: usize) {
    let library = &account.server.library;
    let link_id = link["id"].as_i64().unwrap();
    let visits = library.link_visits(&system(), (account.organization.id, link_id), 0).await.unwrap();
    let count = |outcome: VisitOutcome| visits.iter().filter(|visit| visit.outcome == outcome).count();
    assert_eq!((count(VisitOutcome::Followed), count(VisitOutcome::Refused)), (followed, refused));
    assert!(visits.iter().all(|visit| visit.address.as_deref() == Some("127.0.0.1")));
    let links = library.links(&system(), account.organization.id, link_id - 1).await.unwrap();
    assert_eq!(links[0].use_count, i64::try_from(followed).unwrap());
}

#[test]
fn looks_and_ranges_change_nothing_about_the_count() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let link = account.link(&asset, (FAR, 20)).await;
        let target = format!("/mediapocket{}", target_of(&link));
        let ranges = ["bytes=0-", "bytes=2-", "bytes=-1", "bytes=9-", "bytes=0-0,2-3", "nonsense"];
        let asks = (0..300).map(|at| match at % 3 {
            0 => Ask::new(server.address, "HEAD", &target).send(),
            1 => Ask::new(server.address, "GET", &target).send(),
            _ => Ask::new(server.address, "GET", &target).header("Range", ranges[at % ranges.len()]).send(),
        });
        let mut given = 0;
        for (at, answer) in join_all(asks).await.iter().enumerate() {
            if at % 3 == 0 {
                assert!([302, 404].contains(&answer.status), "{answer}");
            } else if answer.status == 302 {
                given += 1;
                assert_eq!((answer.header("content-range"), answer.header("accept-ranges")), ("", ""));
            } else {
                expect_gone(answer, "used up");
            }
        }
        assert_eq!(given, 20);
        let id = id_of(&account, &asset).await;
        assert_eq!(server.library.asset_links(&actor(&account).await, id).await.unwrap()[0].use_count, 20);
        ask(server, "HEAD", &target_of(&link)).send().await.expect(404);
    });
}

#[test]
fn what_is_told_of_visitors_is_bounded_and_plain() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("story.txt", b"bytes").await;
        let link = account.link(&asset, (FAR, 5)).await;
        let target = target_of(&link);
        let come = async |method: &str, agent: &[u8]| {
            ask(server, method, &target).header("User-Agent", agent).send().await.expect(302)
        };
        come("GET", b"Mozilla/5.0 (X11)").await;
        come("GET", "x".repeat(1_000).as_bytes()).await;
        come("GET", b"a\tb").await;
        come("GET", b"\xff\xfe").await;
        come("HEAD", b"Looker/1").await;
        let visits = server
            .library
            .link_visits(&system(), (account.organization.id, link["id"].as_i64().unwrap()), 0)
            .await
            .unwrap();
        let long = "x".repeat(200);
        let told: Vec<_> = visits.iter().map(|visit| (visit.user_agent.as_deref(), visit.outcome)).collect();
        assert_eq!(
            told,
            [
                (Some("Mozilla/5.0 (X11)"), VisitOutcome::Followed),
                (Some(long.as_str()), VisitOutcome::Followed),
                // What is no text is not told.
                (told[2].0, VisitOutcome::Followed),
                (None, VisitOutcome::Followed),
                (Some("Looker/1"), VisitOutcome::Looked),
            ]
        );
        assert!(visits.iter().all(|visit| !visit.user_agent.iter().any(|text| text.chars().any(char::is_control))));
    });
}
