//! The processes of a trial: the server that is killed, which is this very binary once more, and `mediary` beside it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use library::{Fault, Library, Origin, Upload, Work};
use mediary::Settings;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex, oneshot},
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::dice::Filling;
use crate::{
    encryption::MASTER,
    support::{organizations::system, server::settings_in},
};

/// Where a library is.
#[derive(Debug, Clone)]
pub struct Place {
    pub data: PathBuf,
    /// As the `database.url` setting says it.
    pub url: String,
    /// A key, for what is done in the server without going over the wire.
    pub token: String,
    /// As the `scanner.url` setting says it: empty for none.
    pub scanner: String,
}

/// A server in a process of its own.
pub struct Victim {
    pub address: SocketAddr,
    child: Mutex<Child>,
    orders: Mutex<Option<ChildStdin>>,
    waiting: Waiting,
    numbers: AtomicU64,
    acknowledged: AtomicU64,
}

/// Who waits for which order; nobody any more once the server is dead.
type Waiting = Arc<std::sync::Mutex<Option<HashMap<u64, oneshot::Sender<String>>>>>;

const DATA: &str = "MEDIARY_TEST_CHILD_DATA";
const URL: &str = "MEDIARY_TEST_CHILD_URL";
const TOKEN: &str = "MEDIARY_TEST_CHILD_TOKEN";
const SCANNER: &str = "MEDIARY_TEST_CHILD_SCANNER";
/// The test runner writes its own words between ours.
const MARK: &str = "child says: ";

impl Place {
    /// The settings of whoever serves it, and of all others.
    pub fn settings(&self) -> Settings {
        let mut settings = settings_in(&self.data, &self.url);
        settings.log.access = "off".to_owned();
        MASTER.clone_into(&mut settings.encryption.master.key);
        settings.scanner.url.clone_from(&self.scanner);
        settings.outbound.allow_private = true;
        settings
    }

    pub async fn serve(&self) -> Victim {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["crash::process::serve_until_killed", "--exact", "--ignored", "--nocapture"]);
        command.env(DATA, &self.data).env(URL, &self.url).env(TOKEN, &self.token).env(SCANNER, &self.scanner);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (orders, mut said) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let address = loop {
            let line = next_words(&mut said).await.expect("a server that starts says where it listens");
            if let Some(address) = line.strip_prefix("listening ") {
                break address.parse().unwrap();
            }
        };
        let waiting: Waiting = Arc::new(std::sync::Mutex::new(Some(HashMap::new())));
        tokio::spawn(hand_out(said, Arc::clone(&waiting)));
        let (child, orders) = (Mutex::new(child), Mutex::new(orders));
        Victim { address, child, orders, waiting, numbers: AtomicU64::new(0), acknowledged: AtomicU64::new(0) }
    }

    /// `mediary` on this library. Of what nothing points at, all goes at once, but for what is younger than `staging_age_ms`
    /// and may be on its way to a row.
    pub fn mediary(&self, verb: &str, staging_age_ms: u64) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediary"));
        command.arg(verb).arg("--data").arg(&self.data).env_remove("DATABASE_URL");
        if !self.url.is_empty() {
            command.args(["--database", &self.url]);
        }
        command.env("MEDIARY_LIMITS__STAGING_AGE_MS", staging_age_ms.to_string());
        command.env("MEDIARY_ENCRYPTION__MASTER__KEY", MASTER);
        command.env("MEDIARY_LIMITS__GARBAGE_AGE_MS", "0").env("MEDIARY_LIMITS__HOLDING_AGE_MS", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs it to its end, which must be good; the JSON that it says last.
    pub async fn run(&self, verb: &str, staging_age_ms: u64) -> Value {
        let output = self.mediary(verb, staging_age_ms).output().await.unwrap();
        let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{verb}: {}\n{said}\n{complaints}", output.status);
        let last = if verb == "gc" { &*said } else { said.lines().last().unwrap() };
        serde_json::from_str(last).unwrap()
    }
}

impl Victim {
    /// Gives a file other bytes, which no route of this API does. None when nobody says that it is done.
    pub async fn replace(&self, file: i64, filling: Filling) -> Option<()> {
        self.order(&format!("replace {file} {} {}", filling.seed, filling.len)).await
    }

    /// Has something done that no route does. None when nobody says that it is done.
    pub async fn order(&self, order: &str) -> Option<()> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap().as_mut()?.insert(number, tell);
        let line = format!("{number} {order}\n");
        self.orders.lock().await.as_mut()?.write_all(line.as_bytes()).await.ok()?;
        let outcome = told.await.ok()?;
        assert_eq!(outcome, "done", "{order}");
        Some(())
    }

    /// Counts what a client was told to be done.
    pub fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns when so much is done, or at the latest moment.
    pub async fn has_acknowledged(&self, count: u64, latest: Instant) {
        while self.acknowledged.load(Ordering::Relaxed) < count && Instant::now() < latest {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// SIGKILL; returns when the process is gone.
    pub async fn kill(&self) {
        self.child.lock().await.kill().await.unwrap();
    }

    /// Lets it end in order.
    pub async fn stop(self) -> ExitStatus {
        self.orders.lock().await.take();
        self.child.lock().await.wait().await.unwrap()
    }
}

/// What the child says next that is for us. A line without its end is nothing: the child died of it.
async fn next_words(said: &mut BufReader<ChildStdout>) -> Option<String> {
    loop {
        let mut line = String::new();
        if said.read_line(&mut line).await.unwrap() == 0 {
            return None;
        }
        if let Some(words) = line.strip_suffix('\n').and_then(|line| line.strip_prefix(MARK)) {
            return Some(words.to_owned());
        }
    }
}

async fn hand_out(mut said: BufReader<ChildStdout>, waiting: Waiting) {
    while let Some(words) = next_words(&mut said).await {
        let (number, outcome) = words.split_once(' ').unwrap();
        let number = number.parse().unwrap();
        let waits = waiting.lock().unwrap().as_mut().and_then(|waiting| waiting.remove(&number));
        waits.unwrap().send(outcome.to_owned()).ok();
    }
    *waiting.lock().unwrap() = None;
}

/// In the child: tells the parent something.
fn say(words: &str) {
    println!("\n{MARK}{words}");
}

#[test]
#[ignore = "the server that the trial kills"]
fn serve_until_killed() {
    let (Ok(data), Ok(url), Ok(token)) = (std::env::var(DATA), std::env::var(URL), std::env::var(TOKEN)) else {
        return;
    };
    let scanner = std::env::var(SCANNER).unwrap_or_default();
    let settings = Place { data: data.into(), url, token: token.clone(), scanner }.settings();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let library = mediary::open(&settings).await.unwrap();
        let running = mediary::start(&library, &settings).await.unwrap();
        say(&format!("listening {}", running.address));
        // They end when the parent wants it, and when it is gone.
        while let Some(order) = spawn_blocking(next_order).await.unwrap() {
            let (library, token) = (library.clone(), token.clone());
            tokio::spawn(async move { obey(&library, &token, order.trim_end()).await });
        }
        running.stop().await;
        library.close().await;
    });
}

fn next_order() -> Option<String> {
    let mut order = String::new();
    (std::io::stdin().read_line(&mut order).unwrap() > 0).then_some(order)
}

/// A number, and `replace FILE SEED LEN`, `seal TENANT ON` or `queue KIND`.
async fn obey(library: &Library, token: &str, order: &str) {
    let words: Vec<&str> = order.split(' ').collect();
    let queue = async |work| library.queue(&system(), &work).await;
    let outcome = match words[1..] {
        ["replace", file, seed, len] => {
            let filling = Filling { seed: seed.parse().unwrap(), len: len.parse().unwrap() };
            replace(library, token, file.parse().unwrap(), filling).await
        }
        ["seal", tenant, on] => {
            let sealed = library.set_encryption(&system(), tenant.parse().unwrap(), on.parse().unwrap()).await;
            sealed.map(drop)
        }
        ["queue", "tend"] => queue(Work::Tend).await,
        ["queue", "sweep_staging"] => queue(Work::SweepStaging).await,
        ["queue", "rescan"] => queue(Work::Rescan { after: 0 }).await,
        _ => panic!("{order:?}"),
    };
    let outcome = outcome.map_or_else(|fault| fault.to_string(), |()| "done".to_owned());
    say(&format!("{} {outcome}", words[0]));
}

async fn replace(library: &Library, token: &str, file: i64, filling: Filling) -> Result<(), Fault> {
    let pieces: Vec<_> = filling.bytes().chunks(16_384).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let actor = library.authenticate(fliplet::REALM, token, Origin::default()).await?;
    let received = library.receive(&actor, None, Box::pin(stream::iter(pieces))).await?;
    let upload = Upload {
        received,
        name: String::new(),
        declared_type: None,
        fields: Vec::new(),
        title: None,
        terms: library::Terms::default(),
    };
    library.replace_asset(&actor, file, upload).await.map(drop)
}
