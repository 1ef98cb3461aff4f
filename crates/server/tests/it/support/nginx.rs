//! Debian's nginx over a folder of files, on a socket in a folder of its own: the peer that ranges are compared with.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStderr, Command, Stdio},
};

use tempfile::TempDir;

use super::{Ask, client::Place};

/// A running nginx.
pub struct Nginx {
    /// What it serves.
    pub files: PathBuf,
    socket: PathBuf,
    process: Child,
    /// Open as long as it runs: what it says goes there, and it is not much.
    _words: BufReader<ChildStderr>,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one that serves everything as `media_type`.
    pub fn start(media_type: &str) -> Self {
        // Not beside what cargo builds: the path of a socket has little room.
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (files, socket) = (at("files"), at("socket"));
        fs::create_dir(&files).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", at(kind).display()))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {}; error_log stderr notice; events {{}} \
             http {{ access_log off; etag on; types {{}} default_type {media_type}; {temporary} \
             server {{ listen unix:{}; root {}; }} }}",
            at("pid").display(),
            socket.display(),
            files.display()
        );
        fs::write(at("conf"), config).unwrap();
        // It must not outlive the tests, even if they are killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", &program(), "-e", "stderr", "-p"]).arg(folder.path());
        command.arg("-c").arg(at("conf")).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // Its socket is open before it chooses how to wait for events, which it tells.
        let mut words = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("event method") {
            assert_ne!(words.read_line(&mut said).unwrap(), 0, "nginx does not start: {said}");
        }
        Self { files, socket, process, _words: words, _folder: folder }
    }

    /// A request for the file of this name.
    pub fn get(&self, name: &str) -> Ask {
        Ask::at(Place::Unix(self.socket.clone()), "GET", format!("/{name}").as_bytes())
    }
}

/// Servers lie in folders that a plain user's PATH leaves out.
fn program() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]);
    let found = folders.map(|folder| format!("{folder}/nginx")).find(|path| fs::exists(path).unwrap_or_default());
    found.expect("nginx is missing; install Debian's nginx-light")
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
