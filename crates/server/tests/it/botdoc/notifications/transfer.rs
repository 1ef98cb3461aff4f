//! A transfer in the making, the world outside that it is sent to, and time that passes between.

use std::{cell::Cell, net::SocketAddr, sync::atomic::Ordering};

use library::{Dispatch, JobRunner, JobState, Work};
use mediary::Settings;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::super::agent::{Agent, ask};
use crate::support::{
    Answer, Server,
    browser::Browser,
    engines::{on_each_database, share},
    forms::Form,
    listener::Listener,
    organizations::system,
    smtp::Smtp,
    until,
};

/// Where the world reaches a server, as it is told.
pub const PUBLIC: &str = "https://files.example.com";
pub const FROM: &str = "Acme's files <files@example.org>";
/// The moment at which every case begins, and the end of what is made then, as the API writes them.
pub const NOW: &str = "2023-11-14T22:13:20.000000Z";
pub const END: &str = "2023-11-17T22:13:20.000000Z";

/// What is outside.
pub struct World {
    pub smtp: Smtp,
    pub listener: Listener,
    pub door: Door,
}

/// An address behind which there is nothing until it is opened.
pub struct Door {
    pub address: SocketAddr,
    forwarding: Cell<Option<JoinHandle<()>>>,
}

impl Door {
    fn shut() -> Self {
        Self { address: free_address(), forwarding: Cell::default() }
    }

    /// From now on, who connects reaches what is at `behind`.
    pub async fn open(&self, behind: SocketAddr) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.forwarding.set(Some(tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(behind).await.unwrap();
                    copy_bidirectional(&mut near, &mut far).await.ok();
                });
            }
        })));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(forwarding) = self.forwarding.take() {
            forwarding.abort();
        }
    }
}

/// An address of this machine on which nobody listens.
fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs a case on each engine beside a world of its own.
pub fn with_world(set: impl Fn(&mut Settings, &World), case: impl AsyncFn(&mut Server, &World)) {
    let _shared = share();
    on_each_database(async |_, url| run(url, &set, &case).await);
}

/// The same with nothing else set.
pub fn in_world(case: impl AsyncFn(&mut Server, &World)) {
    with_world(|_, _| (), case);
}

/// Runs a case on the first engine beside a world of its own and a person in front of a browser, who reaches the server by its
/// public URL.
pub fn in_browser(case: impl AsyncFn(&mut Server, &World, &Browser)) {
    let _shared = share();
    let is_done = Cell::new(false);
    let set = |settings: &mut Settings, _: &World| {
        settings.listen = free_address();
        settings.public_url = format!("http://{}", settings.listen);
    };
    on_each_database(async |_, url| {
        if !is_done.replace(true) {
            let case = async |server: &mut Server, world: &World| {
                let browser = Browser::start().await;
                case(server, world, &browser).await;
            };
            run(url, &set, &case).await;
        }
    });
}

async fn run(url: &str, set: &impl Fn(&mut Settings, &World), case: &impl AsyncFn(&mut Server, &World)) {
    let world = World { smtp: Smtp::start().await, listener: Listener::start().await, door: Door::shut() };
    let settings = |settings: &mut Settings| {
        settings.smtp.url = world.smtp.url();
        settings.smtp.from = FROM.to_owned();
        settings.public_url = PUBLIC.to_owned();
        settings.outbound.allow_private = true;
        set(settings, &world);
    };
    let mut server = Server::start(url, &settings).await;
    case(&mut server, &world).await;
    server.stop().await;
    server.library.close().await;
}

/// A container that is filled step by step.
pub struct Transfer<'a> {
    agent: &'a Agent<'a>,
    pub id: i64,
    /// As its creation was answered.
    pub container: Value,
}

impl<'a> Transfer<'a> {
    pub async fn new(agent: &'a Agent<'a>, mut container: Value) -> Self {
        container["page_type"] = json!("pushpull");
        let container = agent.create("/v1/module_container/container/", &container).await;
        Self { agent, id: id_of(&container), container }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/v1/module_container/container/{}/{rest}", self.id)
    }

    pub async fn recipient(&self, first_name: &str, last_name: &str) -> i64 {
        let names = json!({ "first_name": first_name, "last_name": last_name });
        id_of(&self.agent.create(&self.path("recipient/"), &names).await)
    }

    /// A way to reach a recipient.
    pub async fn item(&self, recipient: i64, class: &str, value: &str) -> i64 {
        let path = format!("/v1/module_container/recipient/{recipient}/recipient_item/");
        id_of(&self.agent.create(&path, &json!({ "interface_class": class, "value": value })).await)
    }

    /// A recipient without a name and with one way to be reached.
    pub async fn to(&self, class: &str, value: &str) -> i64 {
        self.item(self.recipient("", "").await, class, value).await
    }

    pub async fn letter(&self, subject: &str, body: &str) {
        self.agent.create(&self.path("email/"), &json!({ "subject": subject, "body": body })).await;
    }

    pub async fn feature(&self, mut feature: Value) -> i64 {
        feature["container"] = json!(self.id);
        id_of(&self.agent.create("/v1/module_container_pushpull/pushpullfeature/", &feature).await)
    }

    pub async fn file(&self, name: &str, bytes: &[u8]) -> i64 {
        let form =
            Form::new().file("file", name, "application/octet-stream", bytes).text("request", self.id.to_string());
        id_of(&form.put_in(self.agent.ask("POST", "/v1/media/")).send().await.expect(201).json())
    }

    /// Sends it: what is answered for each way.
    pub async fn send(&self) -> Vec<Value> {
        let answer =
            self.agent.ask("POST", &self.path("send_notification/")).header("Content-Length", "0").send().await;
        answer.expect(200).json().as_array().unwrap().clone()
    }

    /// Sends it: the link of the way that was added last.
    pub async fn link(&self) -> String {
        self.send().await.last().unwrap()["link"].as_str().unwrap().to_owned()
    }
}

pub fn id_of(object: &Value) -> i64 {
    object["id"].as_i64().unwrap_or_else(|| panic!("{object} has no id"))
}

/// What follows the mount in a link.
pub fn path_of(link: &str) -> &str {
    let (_, path) = link.split_once("/botdoc").unwrap_or_else(|| panic!("{link} is not the dialect's"));
    path
}

/// Opens a link, without a browser.
pub async fn open(server: &Server, link: &str) -> Answer {
    ask(server, "GET", path_of(link)).send().await
}

/// Uploads a file by a link's page, as its script does.
pub async fn upload(server: &Server, link: &str, feature: i64, (name, bytes): (&str, &[u8])) -> Value {
    let form = Form::new().text("feature", feature.to_string()).file("file", name, "", bytes);
    let ask = ask(server, "POST", &format!("{}/upload", path_of(link))).header("Accept", "application/json");
    form.put_in(ask).send().await.expect(200).json()
}

/// Whatever a tenant has sent, oldest first.
pub async fn dispatches(server: &Server, tenant_id: i64) -> Vec<Dispatch> {
    server.library.dispatches(&system(), tenant_id, 0).await.unwrap()
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

/// Waits until nothing is left to send.
pub async fn wait_for_end(server: &Server, tenant_id: i64) -> Vec<Dispatch> {
    let look = async || {
        let all = dispatches(server, tenant_id).await;
        all.iter().all(|dispatch| dispatch.state != library::DispatchState::Waiting).then_some(all)
    };
    until("dispatches to end", look).await
}

/// Moves the clock and runs what is due by then, unless the server's own runner is at it already.
pub async fn at(server: &Server, now_ms: i64) {
    server.clock.store(now_ms, Ordering::SeqCst);
    JobRunner::new(server.library.clone()).run_due().await.unwrap();
}
