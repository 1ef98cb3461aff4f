//! A server in this process: the real wiring, a data folder of its own, port 0, a clock that stands still.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use library::{Clock, Job, JobState, Library, Work};
use mediary::{Running, Settings};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::{Ask, lines::LIMIT, organizations::system};

/// The moment at which every case begins: 2023-11-14T22:13:20.000Z.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub library: Library,
    /// The hand of its clock, in milliseconds since 1970.
    pub clock: Arc<AtomicI64>,
    settings: Settings,
    running: Option<Running>,
    folder: TempDir,
}

impl Server {
    /// Starts one with the default settings as `set` changes them.
    pub async fn start(database_url: &str, set: &impl Fn(&mut Settings)) -> Self {
        // Beside what cargo builds: a real disk, where the system's folder for temporary files may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut settings = settings_in(&folder.path().join("data"), database_url);
        settings.log.access = folder.path().join("access.log").display().to_string();
        set(&mut settings);
        let (clock, hand) = Clock::held(NOW_MS);
        let library = mediary::open_with_clock(&settings, clock).await.unwrap();
        let running = mediary::start(&library, &settings).await.unwrap();
        Self { address: running.address, library, clock: hand, settings, running: Some(running), folder }
    }

    /// A request to Fliplet's API, given by its method and what follows the mount's prefix.
    pub fn fliplet(&self, method: &str, target: &str) -> Ask {
        self.ask(method, &format!("/fliplet{target}"))
    }

    /// A request, given by its method and target.
    pub fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.address, method, target)
    }

    /// Stops it: when this returns, every request is over.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Stops it and starts another on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        let running = mediary::start(&self.library, &self.settings).await.unwrap();
        self.address = running.address;
        self.running = Some(running);
    }

    /// The same library once more, as another process opens it.
    pub async fn open_again(&self) -> Library {
        mediary::open_with_clock(&self.settings, Clock::Held(Arc::clone(&self.clock))).await.unwrap()
    }

    /// Starts a second server on the same data, as another node: with a memory of its own.
    pub async fn start_beside(&self) -> (Library, Running) {
        let library = self.open_again().await;
        let running = mediary::start(&library, &self.settings).await.unwrap();
        (library, running)
    }

    /// For how long a server may go by what it remembers.
    pub fn max_memory_age_ms(&self) -> i64 {
        self.settings.limits.max_memory_age_ms
    }

    /// Does to the database what no code of ours does.
    pub async fn spoil(&self, sql: &str) {
        let url = match self.settings.database.url.as_str() {
            "" => format!("sqlite:{}", self.settings.data.join("library.db").display()),
            url => url.to_owned(),
        };
        let mut conn = AnyConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    /// `mediary` beside it, on the same data.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediary"));
        command.env_remove("DATABASE_URL").env("MEDIARY_RENDERER__WORKER", &self.settings.renderer.worker);
        command.args(arguments).arg("--data").arg(&self.settings.data);
        if !self.settings.database.url.is_empty() {
            command.args(["--database", &self.settings.database.url]);
        }
        command
    }

    /// Waits until nothing is left to do for it.
    pub async fn settle(&self) {
        until("all jobs to end", async || (!self.has_jobs(|_| true).await).then_some(())).await;
        self.library.settle_renditions().await;
    }

    /// Tends the library: what is over ends. The bytes are still there when this returns, and no job is under way: one that is cut off
    /// when a server ends is taken up again only after a time, and the clock stands still.
    pub async fn tend(&self) {
        self.library.queue(&system(), &Work::Tend).await.unwrap();
        let now_ms = self.clock.load(Ordering::SeqCst);
        let is_due = |job: &Job| job.run_at <= now_ms;
        until("what is due to end", async || (!self.has_jobs(is_due).await).then_some(())).await;
    }

    /// Whether jobs are under way or wait that are of some kind.
    async fn has_jobs(&self, is_meant: impl Fn(&Job) -> bool) -> bool {
        // What begins or is put back while one looks is seen all the same.
        for state in [JobState::Waiting, JobState::Running, JobState::Waiting] {
            let jobs = self.library.jobs(&system(), state, 0, 1_000).await.unwrap();
            if jobs.iter().any(|job| state == JobState::Running || is_meant(job)) {
                return true;
            }
        }
        false
    }

    /// A request for its numbers.
    pub fn watch(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.running.as_ref().unwrap().metrics_address.unwrap(), method, target)
    }

    /// What the access log holds. Whole once the server is stopped.
    pub fn access_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap()
    }

    /// All files of the store, staged ones too, as paths below its folder.
    pub fn stored_files(&self) -> Vec<PathBuf> {
        let root = self.settings.data.join("blobs");
        let mut found = Vec::new();
        walk(&root, &mut |path| found.push(path.strip_prefix(&root).unwrap().to_owned()));
        found.sort();
        found
    }

    /// Where the store lies.
    pub fn store_folder(&self) -> PathBuf {
        self.settings.data.join("blobs")
    }

    pub(super) async fn end(mut self) {
        self.stop().await;
        self.library.close().await;
    }
}

/// The settings of a server on a data folder and a database: port 0, everything else as it comes.
pub fn settings_in(data: &Path, database_url: &str) -> Settings {
    let mut settings = Settings::defaults_in(data).unwrap();
    settings.listen = "127.0.0.1:0".parse().unwrap();
    settings.database.url = database_url.to_owned();
    settings.renderer.worker = media_worker();
    // All tests come from one address, and the clock stands still: nothing would be made up for.
    settings.throttle.wrong_keys_per_address = 0;
    settings.throttle.guesses_per_address = 0;
    settings.throttle.guesses_per_account = 0;
    settings
}

fn walk(folder: &Path, seen: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, seen) } else { seen(&path) }
    }
}

/// The program that draws, which cargo puts two folders above the tests.
fn media_worker() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let worker = tests.ancestors().nth(2).unwrap().join("media-worker");
    assert!(worker.exists(), "{} is missing; build it: cargo build -p media", worker.display());
    worker
}

/// Looks again and again until there is something, for what only the outside brings about; panics when it takes too long.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, looking).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}
