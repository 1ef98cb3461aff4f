//! Real programs beside the server: curl, unzip, md5sum, Python. One that is missing fails the test with the package that brings it.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use super::Answer;

/// Runs a program to its end.
pub fn run(command: &mut Command, package: &str) -> Output {
    let output = command.stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}; is Debian's {package} installed?"))
}

/// Runs a program that must succeed; what it prints.
pub fn succeed(command: &mut Command, package: &str) -> String {
    let output = run(command, package);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{}", said(&output.stdout), said(&output.stderr));
    said(&output.stdout)
}

/// Asks with curl as a person types it: the URL as it is written, whatever stands in it.
pub fn curl(arguments: &[&str], url: &str) -> Answer {
    let mut command = Command::new("curl");
    command.args(["--disable", "--globoff", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
    command.args(["--include", "--http1.1", "--header", "Expect:"]).args(arguments).arg(url);
    let output = run(&mut command, "curl");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Answer::parse(&output.stdout, arguments.contains(&"--head"), format!("curl {url}"))
}

/// Runs a Python program with arguments; what it prints.
pub fn python(program: &str, arguments: &[&str]) -> String {
    succeed(Command::new("python3").args(["-c", program]).args(arguments), "python3")
}

/// `unzip -t`: what it says of an archive that is whole.
pub fn unzip_test(archive: &Path) -> String {
    succeed(Command::new("unzip").arg("-t").arg(archive), "unzip")
}

/// The MD5 of some bytes, as the system's own program works it out.
pub fn md5(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let said = succeed(Command::new("md5sum").arg(file.path()), "coreutils");
    said.split(' ').next().unwrap().to_owned()
}
