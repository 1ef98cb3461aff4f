//! The world that links are sent into, what becomes of what is sent, and time that passes between.

use std::{cell::Cell, net::SocketAddr, sync::atomic::Ordering};

use library::{Dispatch, DispatchState, Fault, JobRunner, JobState, NewPerson, Work};
use mediary::Settings;
use serde_json::{Value, json};

use super::super::Account;
use crate::support::{
    Answer, Server,
    browser::Browser,
    engines::{on_each_database, share},
    organizations::system,
    smtp::{Mail, Smtp},
    until,
};

/// Where the world reaches a server, as it is told.
pub const PUBLIC: &str = "https://files.example.com";
pub const FROM: &str = "Acme's files <files@example.org>";
/// The seed's recipients and its message.
pub const TO: [&str; 2] = ["test1@testmail.test", "test2@testmail.test"];
pub const MESSAGE: &str = "This is an optional test message";

/// Runs a case on each engine beside a mail server of its own.
pub fn with_world(set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server, &Smtp)) {
    let _shared = share();
    on_each_database(async |_, url| run(url, &set, &case).await);
}

/// The same with nothing else set.
pub fn in_world(case: impl AsyncFn(&mut Server, &Smtp)) {
    with_world(|_| (), case);
}

/// Has a server listen where the world is told that it does.
pub fn on_its_own(settings: &mut Settings) {
    settings.listen = free_address();
    settings.public_url = format!("http://{}", settings.listen);
}

/// Runs a case on the first engine with somebody in front of a browser, who reaches the server by its public URL.
pub fn in_browser(case: impl AsyncFn(&mut Server, &Smtp, &Browser)) {
    let _shared = share();
    let is_done = Cell::new(false);
    on_each_database(async |_, url| {
        if !is_done.replace(true) {
            let case = async |server: &mut Server, smtp: &Smtp| case(server, smtp, &Browser::start().await).await;
            run(url, &on_its_own, &case).await;
        }
    });
}

async fn run(url: &str, set: &impl Fn(&mut Settings), case: &impl AsyncFn(&mut Server, &Smtp)) {
    let smtp = Smtp::start().await;
    let settings = |settings: &mut Settings| {
        settings.smtp.url = smtp.url();
        settings.smtp.from = FROM.to_owned();
        settings.public_url = PUBLIC.to_owned();
        set(settings);
    };
    let mut server = Server::start(url, &settings).await;
    case(&mut server, &smtp).await;
    server.stop().await;
    server.library.close().await;
}

/// An address of this machine on which nobody listens.
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A link to a new file, which lasts for two weeks and is good for five.
pub async fn a_link(account: &Account<'_>, name: &str) -> Value {
    let asset = account.asset(name, name.as_bytes()).await;
    account.link(&asset, ("2023-11-28", 5)).await
}

pub async fn share_links(account: &Account<'_>, body: &Value) -> Answer {
    account.post("/api/v2/shareable_links/share", body).await
}

/// Shares a link with people, in the seed's words.
pub async fn send(account: &Account<'_>, link: &Value, to: &[&str]) {
    let body = json!({ "message": MESSAGE, "recipients": to, "shareable_link_ids": [link["id"]] });
    let answer = share_links(account, &body).await.expect(200);
    assert_eq!(answer.json(), json!({ "message": "Shareable links sent" }));
}

/// Panics unless an answer refuses with this status and this sentence, and nothing is queued.
pub async fn assert_refused(account: &Account<'_>, answer: Answer, (status, words): (u16, &str)) {
    assert_eq!(answer.expect(status).json(), json!({ "error": words }));
    assert_eq!(dispatches(account).await, []);
}

/// The mail to an address among several.
pub fn mail_to<'a>(mails: &'a [Mail], address: &str) -> &'a Mail {
    let mut found = mails.iter().filter(|mail| mail.to == [address]);
    let first = found.next().unwrap_or_else(|| panic!("no mail to {address} alone"));
    assert!(found.next().is_none(), "{address} got two mails");
    first
}

/// Whatever an account has sent, oldest first.
pub async fn dispatches(account: &Account<'_>) -> Vec<Dispatch> {
    account.server.library.dispatches(&system(), account.organization.id, 0).await.unwrap()
}

/// Waits until nothing is left to send but so many.
pub async fn wait_for_end_but(account: &Account<'_>, left: usize) -> Vec<Dispatch> {
    let look = async || {
        let all = dispatches(account).await;
        (all.iter().filter(|one| one.state == DispatchState::Waiting).count() == left).then_some(all)
    };
    until("dispatches to end", look).await
}

/// Waits until so many dispatches have failed for the time being, each of them so often: when the next attempts are due.
pub async fn wait_for_failures(server: &Server, count: usize, attempts: i64) -> Vec<i64> {
    let look = async || {
        let jobs = server.library.jobs(&system(), JobState::Waiting, 0, 1_000).await.unwrap();
        let failed =
            jobs.into_iter().filter(|job| matches!(job.work, Work::Dispatch { .. }) && job.attempts == attempts);
        let due: Vec<_> = failed.map(|job| job.run_at).collect();
        (due.len() == count).then_some(due)
    };
    until("dispatches to fail", look).await
}

/// Moves the clock and runs what is due by then, unless the server's own runner is at it already.
pub async fn at(server: &Server, now_ms: i64) {
    server.clock.store(now_ms, Ordering::SeqCst);
    JobRunner::new(server.library.clone()).run_due().await.unwrap();
}

/// How often a link was followed.
pub async fn uses(account: &Account<'_>, link: &Value) -> i64 {
    let links = account.server.library.links(&system(), account.organization.id, 0).await.unwrap();
    links.iter().find(|known| link["id"] == known.id).unwrap().use_count
}

/// As after `mediary init`: what the command line makes belongs to this user.
pub async fn add_service_user(account: &Account<'_>) {
    let service = NewPerson {
        email: "service@mediary.invalid".to_owned(),
        full_name: "Service".to_owned(),
        role: "service".to_owned(),
        password: None,
    };
    match account.server.library.add_user(&system(), account.organization.id, service).await {
        Ok(_) | Err(Fault::Conflict(_)) => {}
        Err(fault) => panic!("{fault}"),
    }
}

/// `mediary` beside the server, run to its end, which must be good: what it prints.
pub fn mediary(server: &Server, arguments: &[&str]) -> Value {
    let output = server.command(arguments).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}
