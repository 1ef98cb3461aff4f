//! `mediary` under `strace`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use super::trace::Trace;

const CALLS: &str = "trace=openat,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,sendto,sendmsg";
/// A page of the database is shown whole.
const SHOWN_BYTES: &str = "8192";

/// A server that is watched.
pub struct Traced {
    pub address: SocketAddr,
    process: String,
    strace: Child,
    log: PathBuf,
}

impl Traced {
    /// Starts `mediary serve`, and strace before it.
    pub async fn serve(data: &Path, url: &str) -> Self {
        let log = data.with_extension("serve.strace");
        let mut command = command(&log, "serve", data, url);
        command.args(["--listen", "127.0.0.1:0"]).env("MEDIARY_LOG__ACCESS", "off").env("MEDIARY_LOG__LEVEL", "info");
        let mut strace = command.spawn().expect("strace; is Debian's strace installed?");
        let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
        let mut process = String::new();
        BufReader::new(strace.stdout.take().unwrap()).read_line(&mut process).await.unwrap();
        if process.is_empty() {
            panic!("strace can not trace here; is ptrace permitted on this machine?\n{}", rest_of(&mut said).await);
        }
        let address = loop {
            let Some(line) = said.next_line().await.unwrap() else { panic!("the server has ended before it served") };
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        tokio::spawn(async move { rest_of(&mut said).await });
        Self { address, process: process.trim().to_owned(), strace, log }
    }

    /// Lets it end in order; what it did.
    pub async fn stop(mut self) -> Trace {
        self.signal("TERM");
        assert!(self.strace.wait().await.unwrap().success());
        Trace::read(&self.log)
    }

    fn signal(&self, signal: &str) {
        // strace itself takes no signals while it has a program to run.
        let kill = format!("kill -{signal} {}", self.process);
        std::process::Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if self.strace.id().is_some() {
            self.signal("KILL");
        }
    }
}

/// Runs a verb of `mediary` to its good end; what it did.
pub async fn run(data: &Path, url: &str, verb: &str, argument: Option<&str>) -> Trace {
    let log = data.with_extension(format!("{verb}{}.strace", argument.unwrap_or_default()));
    let output = command(&log, verb, data, url).args(argument).env("MEDIARY_LIMITS__GARBAGE_AGE_MS", "0").output();
    let output = output.await.expect("strace; is Debian's strace installed?");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Trace::read(&log)
}

/// A shell that says which process it is, and then is `mediary`.
fn command(log: &Path, verb: &str, data: &Path, url: &str) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", SHOWN_BYTES, "-e", CALLS, "-e", "signal=none", "-o"]).arg(log);
    command
        .args(["sh", "-c", "echo $$; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mediary"), verb])
        .arg("--data")
        .arg(data);
    if !url.is_empty() {
        command.args(["--database", url]);
    }
    command.env_remove("DATABASE_URL");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn rest_of(said: &mut Lines<BufReader<ChildStderr>>) -> String {
    let mut rest = String::new();
    said.get_mut().read_to_string(&mut rest).await.ok();
    rest
}
