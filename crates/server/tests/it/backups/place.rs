//! A library somewhere, and the program at work on it.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use mediary::Settings;
use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::support::{Ask, Organization, server::settings_in};

const MASTER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// The longest that any of it takes.
const LONGEST: Duration = Duration::from_secs(120);

pub struct Place {
    settings: Settings,
    pub address: SocketAddr,
    master: &'static str,
}

impl Place {
    /// On a data folder and a database; its server listens where it is said, or where nobody else does.
    pub fn new(data: &Path, url: &str, address: Option<SocketAddr>) -> Self {
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { settings: settings_in(data, url), address: address.unwrap_or_else(free), master: MASTER }
    }

    pub fn without_master_key(self) -> Self {
        Self { master: "", ..self }
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask {
        Ask::new(self.address, method, target)
    }

    fn mediary(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediary"));
        command.args(arguments).arg("--data").arg(&self.settings.data).env_remove("DATABASE_URL");
        if !self.settings.database.url.is_empty() {
            command.args(["--database", &self.settings.database.url]);
        }
        command.env("MEDIARY_RENDERER__WORKER", &self.settings.renderer.worker);
        command.env("MEDIARY_ENCRYPTION__MASTER__KEY", self.master);
        // Bytes go as soon as they may, so that some go while they are to be copied.
        command.env("MEDIARY_LIMITS__GARBAGE_AGE_MS", "0").env("MEDIARY_LIMITS__MAX_MEMORY_AGE_MS", "0");
        command.env("MEDIARY_LOG__LEVEL", "warn").env("MEDIARY_LOG__ACCESS", "off").kill_on_drop(true);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Output {
        timeout(LONGEST, self.mediary(arguments).output()).await.expect("it ends").unwrap()
    }

    /// What a command prints, which must not fail.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Another tenant, beside the first.
    pub async fn second_tenant(&self) -> Organization {
        let library = mediary::open(&self.settings).await.unwrap();
        let organization = Organization::found(&library, "Other").await;
        library.close().await;
        organization
    }

    /// Runs a command and kills it after so long; what it said, if it ended before that.
    pub async fn run_killed(&self, arguments: &[&str], after: Duration) -> Option<Output> {
        let mut command = self.mediary(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        if timeout(after, child.wait()).await.is_err() {
            child.kill().await.unwrap();
            return None;
        }
        Some(child.wait_with_output().await.unwrap())
    }

    pub async fn serve(&self) -> Child {
        let server = self.mediary(&["serve", "--listen", &self.address.to_string()]).spawn().unwrap();
        let answers = async {
            while TcpStream::connect(self.address).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONGEST, answers).await.expect("the server listens");
        server
    }

    /// How many blobs lie in its folder.
    pub fn stored_blobs(&self) -> usize {
        let shards = std::fs::read_dir(self.settings.data.join("blobs/originals")).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
    }
}
