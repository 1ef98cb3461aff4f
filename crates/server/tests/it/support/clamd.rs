//! Debian's clamd, with signatures of our own, so that nothing is downloaded: it finds EICAR's test file and what it is taught.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{sleep, timeout},
};

use super::programs::{md5, succeed};

/// How long it may take to start, or to read its signatures again, on a machine that is busy otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// What it calls EICAR's test file.
pub const EICAR_NAME: &str = "Eicar-Test.UNOFFICIAL";

/// EICAR's test file, which every scanner takes for a virus: in two halves, so that none takes this file for one.
pub fn eicar() -> Vec<u8> {
    [&br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-"[..], b"ANTIVIRUS-TEST-FILE!$H+H*"].concat()
}

/// A clamd that runs, unless it was stopped.
pub struct Clamd {
    /// Every user may use it, for it does not stay root.
    folder: TempDir,
    process: Mutex<Option<Child>>,
}

impl Clamd {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("signatures")).unwrap();
        for path in [folder.path().to_owned(), folder.path().join("signatures")] {
            fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
        let clamd = Self { folder, process: Mutex::default() };
        // As root it wants to be told whom to become; as anybody else it may not be told.
        let is_root = fs::metadata(clamd.path("")).unwrap().uid() == 0;
        let base = clamd.folder.path().display();
        let conf = format!(
            "Foreground yes\nLocalSocket {base}/clamd.ctl\nDatabaseDirectory {base}/signatures\nTemporaryDirectory {base}\n\
             LogFile {base}/log\nLogClean yes\nStreamMaxLength 10M\n{}",
            if is_root { "User nobody\n" } else { "" }
        );
        fs::write(clamd.path("conf"), conf).unwrap();
        clamd.write_down("Eicar-Test", &eicar());
        clamd.start_again().await;
        clamd
    }

    /// As the setting says where it is.
    pub fn url(&self) -> String {
        format!("clamd://{}", self.path("clamd.ctl").display())
    }

    /// Ends it: nothing listens any more.
    pub fn stop(&self) {
        let process = self.process.lock().unwrap().take();
        if let Some(mut process) = process {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it where it was, and waits until it answers.
    pub async fn start_again(&self) {
        let process = Command::new("clamd")
            .arg("-c")
            .arg(self.path("conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Servers lie in folders that a plain user's PATH leaves out.
            .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
            .spawn()
            .unwrap_or_else(|error| panic!("clamd does not start: {error}; scripts/install check brings it"));
        *self.process.lock().unwrap() = Some(process);
        self.wait_until("start", async || self.ask(b"zPING\0", &[]).await == "PONG").await;
    }

    /// Teaches it to find just these bytes. It does not tell by its version, for a signature of its operator's own has none.
    pub async fn learn(&self, name: &str, bytes: &[u8]) {
        self.write_down(name, bytes);
        self.reload().await;
        let found = format!("stream: {name}.UNOFFICIAL FOUND");
        self.wait_until("learn", async || self.ask(b"zINSTREAM\0", bytes).await == found).await;
    }

    /// Gives it the signatures of another day, which its version tells.
    pub async fn update(&self, version: u32) {
        let work = tempfile::tempdir().unwrap();
        let in_work = |name: &str, text: &str| fs::write(work.path().join(name), text).unwrap();
        in_work("daily.hdb", &format!("{}:9:Unused-Test\n", md5(&version.to_le_bytes())));
        // It leaves nothing out that an official one has.
        in_work("COPYING", "");
        in_work("daily.cfg", "");
        let mut sigtool = Command::new("sigtool");
        sigtool.current_dir(work.path()).env("SIGNDUSER", "test").arg("--build=daily.cud").arg("--unsigned");
        sigtool.arg(format!("--cvd-version={version}")).arg(format!("--datadir={}", work.path().display()));
        succeed(&mut sigtool, "clamav-daemon");
        fs::copy(work.path().join("daily.cud"), self.path("signatures/daily.cud")).unwrap();
        self.reload().await;
        let said = format!("/{version}/");
        self.wait_until("update", async || self.ask(b"zVERSION\0", &[]).await.contains(&said)).await;
    }

    /// How many streams it has looked at.
    pub fn scans(&self) -> usize {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("instream(")).count()
    }

    fn write_down(&self, name: &str, bytes: &[u8]) {
        let path = self.path("signatures/ours.hdb");
        let known = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{known}{}:{}:{name}\n", md5(bytes), bytes.len())).unwrap();
    }

    async fn reload(&self) {
        assert_eq!(self.ask(b"zRELOAD\0", &[]).await, "RELOADING");
    }

    async fn wait_until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let looking = async {
            while !is_so().await {
                let ended = self.process.lock().unwrap().as_mut().map(|process| process.try_wait().unwrap());
                assert!(matches!(ended, Some(None)), "clamd ended ({ended:?}); it wrote:\n{}", self.log());
                sleep(Duration::from_millis(20)).await;
            }
        };
        let done = timeout(LIMIT, looking).await;
        assert!(done.is_ok(), "clamd does not {what}; it wrote:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// What it replies to a command, with a body for what takes one; nothing when it is not there.
    async fn ask(&self, command: &[u8], body: &[u8]) -> String {
        let Ok(mut stream) = UnixStream::connect(self.path("clamd.ctl")).await else { return String::new() };
        let mut said = command.to_vec();
        if command == b"zINSTREAM\0" {
            said.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
            said.extend([body, &[0; 4]].concat());
        }
        let mut reply = Vec::new();
        stream.write_all(&said).await.ok();
        stream.read_to_end(&mut reply).await.ok();
        String::from_utf8_lossy(&reply).trim_end_matches('\0').to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}
