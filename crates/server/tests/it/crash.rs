//! What was acknowledged survives. Eight clients work at random on a server that is killed a hundred times, while garbage
//! is collected beside it; after that everything they were told is so, and nothing else is left.

mod choice;
mod chores;
mod client;
pub mod dice;
mod ledger;
pub mod process;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use library::{Clock, JobRunner, JobState, Library, Origin, Right, Work};
use serde_json::Value;
use sqlx::{AnyConnection, Connection, Row};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use self::{
    chores::Chores,
    client::Client,
    dice::Dice,
    process::{Place, Victim},
};
use crate::support::{
    Organization,
    clamd::Clamd,
    engines::{Engine, on_each_database, share},
};

const ROUNDS: u64 = 100;
const CLIENTS: u64 = 8;
/// After so many rounds everything is looked at.
const LOOK_EVERY: u64 = 20;
/// A server dies after fewer acknowledgements than this, at some moment of the next milliseconds, or when they do not come.
/// By the clock alone, a slow machine would kill it before it has done anything.
const MOST_DEEDS: u64 = 50;
const LAST_BREATH_MS: u64 = 25;
const LONGEST_LIFE: Duration = Duration::from_secs(3);
const LONGEST_DEATH: Duration = Duration::from_secs(60);
/// Garbage collection may be killed too, on its own.
const COLLECTOR_LIFE_MS: u64 = 120;
/// Longer than any upload takes, shorter than the trial: what a killed server left is collected beside a later one.
const STAGING_AGE_MS: u64 = 10_000;
const TWO_DAYS_MS: i64 = 2 * 24 * 60 * 60 * 1_000;
const TWO_HOURS_MS: i64 = 2 * 60 * 60 * 1_000;
/// So long all that is left may take.
const LONGEST_END: Duration = Duration::from_secs(120);

#[test]
fn what_was_acknowledged_survives_a_hundred_kills() {
    let seed = dice::seed();
    on_each_database(async |engine, url| {
        let mut trial = Trial::begin(engine, url, seed).await;
        for round in 1..=ROUNDS {
            let _shared = share();
            trial.round().await;
            if round % LOOK_EVERY == 0 {
                trial.look().await;
            }
        }
        trial.end().await;
    });
}

struct Trial {
    engine: Engine,
    place: Place,
    dice: Dice,
    clients: Vec<Client>,
    chores: Chores,
    clamd: Clamd,
    /// Of each kind, the jobs that were under way when their server died, and those that waited.
    cut_off: BTreeMap<String, BTreeSet<i64>>,
    waiting: BTreeMap<String, BTreeSet<i64>>,
    collections: u64,
    cut_off_collections: u64,
    _folder: TempDir,
}

impl Trial {
    /// Founds a library, with a folder for each client.
    async fn begin(engine: Engine, url: &str, seed: u64) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let clamd = Clamd::start().await;
        let (data, url) = (folder.path().join("data"), url.to_owned());
        let mut place = Place { data, url, token: String::new(), scanner: clamd.url() };
        let library = mediary::open(&place.settings()).await.unwrap();
        let organization = Organization::found(&library, "Acme").await;
        place.token = organization.token;
        let actor = library.authenticate(fliplet::REALM, &place.token, Origin::default()).await.unwrap();
        let root = library.root_folder(&actor, organization.id, Right::Read).await.unwrap();
        let mut clients = Vec::new();
        for index in 0..CLIENTS {
            let name = format!("Client {index}");
            let top = library.create_folder(&actor, root.id, &name).await.unwrap();
            clients.push(Client::new(index, seed, &place.token, top.id, &name));
        }
        let chores = Chores::new(&library, seed, organization.id).await;
        library.close().await;
        Self {
            engine,
            place,
            dice: Dice::new(seed),
            clients,
            chores,
            clamd,
            cut_off: BTreeMap::new(),
            waiting: BTreeMap::new(),
            collections: 0,
            cut_off_collections: 0,
            _folder: folder,
        }
    }

    /// A server's life and death.
    async fn round(&mut self) {
        let (place, dice) = (&self.place, &mut self.dice);
        let server = place.serve().await;
        let deeds = dice.roll(MOST_DEEDS);
        let (last_breath, latest) = (dice.roll(LAST_BREATH_MS), Instant::now() + LONGEST_LIFE);
        let collecting = dice.happens(50).then(|| dice.roll(deeds + 1));
        let collector_life = dice.happens(50).then(|| Duration::from_millis(dice.roll(COLLECTOR_LIFE_MS)));
        let work = join_all(self.clients.iter_mut().map(|client| client.work(&server)));
        let kill = async {
            server.has_acknowledged(deeds, latest).await;
            sleep(Duration::from_millis(last_breath)).await;
            server.kill().await;
        };
        let collect = async {
            server.has_acknowledged(collecting?, latest).await;
            Some(collect(place, collector_life).await)
        };
        let (_, (), (), collected) = tokio::join!(work, self.chores.work(&server), kill, collect);
        self.collections += u64::from(collected == Some(true));
        self.cut_off_collections += u64::from(collected == Some(false));
        self.wait_for_the_dead().await;
        self.look_at_jobs().await;
    }

    /// What was under way, and what was to come.
    async fn look_at_jobs(&mut self) {
        let url = match self.place.url.as_str() {
            "" => format!("sqlite:{}", self.place.data.join("library.db").display()),
            url => url.to_owned(),
        };
        let mut conn = AnyConnection::connect(&url).await.unwrap();
        const JOBS: &str = "select id, kind, state from jobs where state in ('waiting', 'running')";
        for row in sqlx::query(JOBS).fetch_all(&mut conn).await.unwrap() {
            let (id, kind, state): (i64, String, String) = (row.get("id"), row.get("kind"), row.get("state"));
            let of_kind = if state == "running" { &mut self.cut_off } else { &mut self.waiting };
            of_kind.entry(kind).or_default().insert(id);
        }
        conn.close().await.unwrap();
    }

    /// What PostgreSQL was asked to do before the server died, it may still be doing.
    async fn wait_for_the_dead(&self) {
        const OTHERS: &str = "select count(*) from pg_stat_activity where datname = current_database() \
             and backend_type = 'client backend' and pid <> pg_backend_pid()";
        if self.engine == Engine::Postgres {
            let mut conn = AnyConnection::connect(&self.place.url).await.unwrap();
            let latest = Instant::now() + LONGEST_DEATH;
            while sqlx::query_scalar::<_, i64>(OTHERS).fetch_one(&mut conn).await.unwrap() > 0 {
                assert!(Instant::now() < latest, "somebody else uses this database");
                sleep(Duration::from_millis(5)).await;
            }
            conn.close().await.unwrap();
        }
    }

    /// Everything that was acknowledged is so, and rows and bytes agree.
    async fn look(&mut self) {
        let server = self.place.serve().await;
        self.look_at(&server).await;
        assert!(server.stop().await.success());
        // Bytes without a row may lie about only until they are collected.
        self.verify(STAGING_AGE_MS * 100).await;
        self.place.run("gc", 0).await;
        self.verify(0).await;
    }

    async fn look_at(&mut self, server: &Victim) {
        join_all(self.clients.iter_mut().map(|client| client.check(server))).await;
    }

    async fn verify(&self, staging_age_ms: u64) -> Value {
        let verified = self.place.run("verify", staging_age_ms).await;
        assert_eq!(verified["problems"], 0, "{verified}");
        verified
    }

    /// The day after, nothing is left of what was half done.
    async fn end(mut self) {
        let mut settings = self.place.settings();
        (settings.limits.garbage_age_ms, settings.limits.holding_age_ms) = (0, 0);
        let system = crate::support::organizations::system();
        let library = mediary::open(&settings).await.unwrap();
        let (clock, hand) = Clock::held(library.now_ms() + TWO_DAYS_MS);
        library.close().await;
        let library = mediary::open_with_clock(&settings, clock).await.unwrap();
        finish_jobs(&library, &hand).await;
        // What died by this clock is put away and dropped by this clock, one after the other: that of `gc` is behind it.
        for _ in 0..2 {
            hand.fetch_add(1, Ordering::SeqCst);
            library.queue(&system, &Work::Tend).await.unwrap();
            finish_jobs(&library, &hand).await;
        }
        let sealed = library.encryption(&system, self.chores.tenant_id()).await.unwrap();
        assert!(self.chores.sealed().is_none_or(|on| on == sealed.encryption.on), "{sealed:?}");
        library.verify(&system, false, |problem| panic!("{problem:?}")).await.unwrap();
        library.close().await;
        self.place.run("gc", 0).await;
        let verified = self.verify(0).await;
        let blobs = self.place.data.join("blobs");
        assert_eq!(count_files(&blobs.join("staging")), 0, "staged bytes are left");
        assert_eq!(count_files(&blobs.join("holding")), 0, "held bytes are left");
        let server = self.place.serve().await;
        self.look_at(&server).await;
        self.chores.check(&server).await;
        assert!(server.stop().await.success());
        self.tell(&verified);
    }

    /// That much has happened is part of the promise: nothing is lost where nothing is done.
    fn tell(&self, verified: &Value) {
        let sum = |count: fn(&Client) -> u64| self.clients.iter().map(count).sum::<u64>();
        let (done, cut_off) = (sum(|c| c.tally.done), sum(|c| c.tally.cut_off_and_done));
        let undone = sum(|c| c.tally.cut_off_and_not_done);
        eprintln!(
            "{done} acknowledged; {cut_off} cut off and done, {undone} cut off and not done; \
             {} collections, {} cut off; {verified}",
            self.collections, self.cut_off_collections
        );
        let numbers = |jobs: &BTreeMap<String, BTreeSet<i64>>| -> Vec<(String, usize)> {
            jobs.iter().map(|(kind, ids)| (kind.clone(), ids.len())).collect()
        };
        eprintln!(
            "{} chores; jobs that were cut off: {:?}; that waited: {:?}; {} scans",
            self.chores.done(),
            numbers(&self.cut_off),
            numbers(&self.waiting),
            self.clamd.scans()
        );
        for kind in library::JOB_KINDS {
            assert!(
                self.cut_off.contains_key(*kind) || self.waiting.contains_key(*kind),
                "no server died before a {kind}"
            );
        }
        assert!(done >= 1_000 && undone > 0 && self.collections > 0, "too little has happened");
    }
}

/// Runs all jobs that are left, those too which are put back for a time: none ends badly.
async fn finish_jobs(library: &Library, hand: &AtomicI64) {
    let system = crate::support::organizations::system();
    let (runner, latest) = (JobRunner::new(library.clone()), Instant::now() + LONGEST_END);
    loop {
        runner.run_due().await.unwrap();
        let waiting = library.jobs(&system, JobState::Waiting, 0, 100).await.unwrap();
        if waiting.is_empty() {
            break;
        }
        assert!(Instant::now() < latest, "left: {waiting:?}");
        if waiting.iter().all(|job| job.run_at > library.now_ms()) {
            hand.fetch_add(TWO_HOURS_MS, Ordering::SeqCst);
        }
    }
    for state in [JobState::Running, JobState::Failed] {
        let left = library.jobs(&system, state, 0, 100).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Collects garbage; false when it was killed in the middle of it.
async fn collect(place: &Place, life: Option<Duration>) -> bool {
    let mut collector = place.mediary("gc", STAGING_AGE_MS).spawn().unwrap();
    if let Some(life) = life
        && timeout(life, collector.wait()).await.is_err()
    {
        collector.kill().await.unwrap();
        return false;
    }
    let output = collector.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

fn count_files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}
