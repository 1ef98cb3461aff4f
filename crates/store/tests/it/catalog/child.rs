//! Runs one ignored test of this very binary as a process of its own, for what only a second process can show.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Stdio};

/// The database that a child works on.
const URL: &str = "MEDIARY_TEST_CHILD_URL";
const MARK: &str = "child says: ";

/// The ignored test `name`, about to run on the database at `url`, its standard output piped.
pub fn command(name: &str, url: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(URL, url).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// In the child: the database to work on; none when somebody ran the ignored tests by hand.
pub fn url() -> Option<String> {
    std::env::var(URL).ok()
}

/// In the child: tells the parent something. It must hold no line break.
pub fn say(words: &str) {
    // The test runner writes its own words before ours, without a line break.
    println!("\n{MARK}{words}");
}

/// In the parent: what a whole line of the child's output says, if it is for us.
pub fn heard(line: &str) -> Option<&str> {
    line.strip_suffix('\n')?.strip_prefix(MARK)
}
