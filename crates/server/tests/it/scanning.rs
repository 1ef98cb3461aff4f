//! Scanning: with a real clamd, what is infected is out of reach by every way there is, and what nobody looked at is never called clean.

mod doors;
mod faults;
mod many;
mod quarantine;
mod rights;
mod scripted;
mod verdicts;

use std::sync::atomic::Ordering;

use library::{JobRunner, JobState, Rights, Scan, Work};
use mediary::Settings;
use serde_json::{Value, json};

use crate::{
    botdoc,
    flextype::site::Site,
    mediaflow,
    mediapocket::Account,
    support::{
        NOW_MS, Server,
        clamd::Clamd,
        engines::{on_each_database, share},
        forms::Form,
        organizations::system,
        until,
    },
};

/// Who uses one library through five APIs.
pub struct Five<'a> {
    pub server: &'a Server,
    /// Flextype, and the organization of all of them, which is Fliplet's.
    pub site: Site<'a>,
    pub flow: mediaflow::Agent<'a>,
    pub pocket: Account<'a>,
    pub botdoc: botdoc::Agent<'a>,
    /// A folder that Flextype made: what lies in it is for everybody.
    pub web: i64,
}

impl<'a> Five<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let site = Site::with_tokens(server).await;
        site.put_folder("web").await;
        let organization = &site.organization;
        let flow = mediaflow::Agent::with(server, organization.clone(), Rights::ALL, None).await;
        let pocket = Account::with(server, organization.clone(), Rights::ALL, None).await;
        let botdoc = botdoc::Agent::with(server, organization.clone(), Rights::ALL, None).await;
        let listing = server.fliplet("GET", &format!("/v1/media?{}", organization.here())).token(&organization.token);
        let listing = listing.send().await.expect(200).json();
        let folders = listing["folders"].as_array().unwrap();
        let web = folders.iter().find(|folder| folder["name"] == "web").unwrap()["id"].as_i64().unwrap();
        Self { server, site, flow, pocket, botdoc, web }
    }

    pub fn tenant(&self) -> i64 {
        self.site.organization.id
    }

    pub fn token(&self) -> &str {
        &self.site.organization.token
    }

    /// What Fliplet answers.
    pub async fn fliplet(&self, target: &str) -> Value {
        self.server.fliplet("GET", &format!("/v1/media/{target}")).token(self.token()).send().await.expect(200).json()
    }

    /// Uploads files into the folder that is for everybody, in one form; their ids.
    pub async fn upload(&self, files: &[(&str, &[u8])]) -> Vec<i64> {
        let mut form = Form::new();
        for (at, (name, bytes)) in files.iter().enumerate() {
            form = form.file(&format!("files[{at}]"), name, "", bytes);
        }
        let ask = self.server.fliplet("POST", &format!("/v1/media/files?folderId={}", self.web)).token(self.token());
        let answer = form.put_in(ask).send().await.expect(201).json();
        let files = answer["files"].as_array().unwrap();
        for file in files {
            assert_eq!(file["metadata"]["av"], json!({ "status": "queued" }), "{file}");
        }
        files.iter().map(|file| file["id"].as_i64().unwrap()).collect()
    }

    /// How a file's scan stands, as Fliplet says it; wherever the file is.
    pub async fn status(&self, id: i64) -> Value {
        let ask = self.server.fliplet("GET", &format!("/v1/media/files/{id}")).token(self.token()).send().await;
        let file = if ask.status == 200 { ask.json() } else { self.deleted(id).await };
        file["metadata"]["av"]["status"].clone()
    }

    /// A file in Fliplet's trash.
    pub async fn deleted(&self, id: i64) -> Value {
        let deleted = self.fliplet("deleted").await;
        let files = deleted["files"].as_array().unwrap();
        files.iter().find(|file| file["id"] == id).unwrap_or_else(|| panic!("{id} is not in {deleted}")).clone()
    }

    /// From now on nobody looks at what comes in. Nothing else waits for a scanner.
    pub async fn hold(&self, clamd: &Clamd) {
        self.settle().await;
        clamd.stop();
    }

    /// Somebody looks again: these files too, which came meanwhile.
    pub async fn let_go(&self, clamd: &Clamd, ids: &[i64]) {
        for id in ids {
            wait_for_failures(self.server, *id, 1).await;
        }
        clamd.start_again().await;
        at(self.server, self.server.clock.load(Ordering::SeqCst) + 10_000).await;
        self.settle().await;
    }

    /// Waits until nothing is queued any more.
    pub async fn settle(&self) {
        self.server.settle().await;
    }
}

/// How the library itself says that a file's scan stands.
pub async fn scan_of(server: &Server, id: i64) -> Scan {
    server.library.asset(&system(), id).await.unwrap().scan
}

/// Runs a case on each engine with a scanner at some place.
pub fn scanned_at(url: &str, set: impl Fn(&mut Settings), case: impl AsyncFn(&mut Server)) {
    let _shared = share();
    on_each_database(async |_, database| run(database, url, &set, &case).await);
}

/// Runs a case on each engine with a clamd of its own.
pub fn with_clamd(case: impl AsyncFn(&mut Server, &Clamd)) {
    let _shared = share();
    on_each_database(async |_, database| {
        let clamd = Clamd::start().await;
        run(database, &clamd.url(), &|_| (), &async |server: &mut Server| case(server, &clamd).await).await;
    });
}

pub async fn run(database: &str, url: &str, set: &impl Fn(&mut Settings), case: &impl AsyncFn(&mut Server)) {
    let settings = |settings: &mut Settings| {
        settings.scanner.url = url.to_owned();
        // Links of Botdoc's have to be known.
        settings.listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        settings.public_url = format!("http://{}", settings.listen);
        settings.outbound.allow_private = true;
        settings.botdoc.max_downloads = 1_000;
        set(settings);
    };
    let mut server = Server::start(database, &settings).await;
    case(&mut server).await;
    server.stop().await;
    server.library.close().await;
}

/// Waits until the scan of a file has failed so often for the time being: when the next attempt is due.
pub async fn wait_for_failures(server: &Server, id: i64, attempts: i64) -> i64 {
    until("a scan to fail", async || {
        let jobs = server.library.jobs(&system(), JobState::Waiting, 0, 1_000).await.unwrap();
        let failed = jobs.iter().find(|job| job.work == Work::Scan { asset_id: id } && job.attempts == attempts);
        failed.map(|job| job.run_at)
    })
    .await
}

/// Moves the clock and runs what is due by then, unless the server's own runner is at it already.
pub async fn at(server: &Server, now_ms: i64) {
    server.clock.store(now_ms, Ordering::SeqCst);
    JobRunner::new(server.library.clone()).run_due().await.unwrap();
}

/// What another process did is known here when memory is too old.
pub fn forget(server: &Server) {
    server.clock.fetch_add(server.max_memory_age_ms(), Ordering::SeqCst);
}

/// A moment so long after the first.
pub const fn after(ms: i64) -> i64 {
    NOW_MS + ms
}
