//! What a program can not do that the worker confines and becomes, tried with small programs that are no part of ours.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::workers::WORKER;

pub const MEMORY_BYTES: &str = "4000000000";

/// Runs a program as videos are read.
pub fn confined(program: impl AsRef<Path>, arguments: &[&str], input: Stdio) -> Output {
    with(&[MEMORY_BYTES, "60"], program, arguments, input)
}

fn with(bounds: &[&str], program: impl AsRef<Path>, arguments: &[&str], input: Stdio) -> Output {
    let mut command = Command::new(WORKER);
    command.arg("confined").args(bounds).arg(program.as_ref()).args(arguments).stdin(input);
    command.env("SECRET", "hidden").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `sh` says to a script; it must not succeed.
fn refused(script: &str) -> String {
    let output = confined("/bin/sh", &["-c", script], Stdio::null());
    assert!(!output.status.success(), "{script}: {output:?}");
    assert_eq!(text(&output.stdout), "", "{script}");
    text(&output.stderr)
}

#[test]
fn of_all_that_a_worker_tries_only_threads_remain() {
    let output = confined(WORKER, &["attempts"], Stdio::null());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "start a thread\ntried everything\n");
}

#[test]
fn it_reads_its_input_and_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let (input, other) = (folder.path().join("input"), folder.path().join("other"));
    fs::write(&input, "the input").unwrap();
    fs::write(&other, "a secret").unwrap();
    let open = || Stdio::from(File::open(&input).unwrap());
    for address in ["-", "/proc/self/fd/0", "/dev/fd/0"] {
        let output = confined("/bin/cat", &[address], open());
        assert_eq!(text(&output.stdout), "the input", "{address}: {output:?}");
    }
    let secrets = ["/etc/passwd", "/proc/self/environ", "/proc/self/maps", "/proc/1/status", "/dev/zero"];
    for secret in secrets.into_iter().chain([other.to_str().unwrap()]) {
        let output = confined("/bin/cat", &[secret], open());
        assert!(!output.status.success() && output.stdout.is_empty(), "{secret}: {output:?}");
        assert!(text(&output.stderr).contains("Permission denied"), "{secret}: {output:?}");
    }
    let output = confined("/bin/ls", &[folder.path().to_str().unwrap()], open());
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn an_input_without_a_name_is_read_too() {
    use rustix::fs::{MemfdFlags, memfd_create};
    let mut memory = File::from(memfd_create("input", MemfdFlags::CLOEXEC).unwrap());
    memory.write_all(b"in memory").unwrap();
    let output = confined("/bin/cat", &["/proc/self/fd/0"], memory.into());
    assert_eq!(text(&output.stdout), "in memory", "{output:?}");
}

#[test]
fn it_writes_nothing_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "as it was").unwrap();
    let name = file.to_str().unwrap();
    for script in ["echo x >", "echo x >>", ": >"] {
        refused(&format!("{script} {name}"));
        refused(&format!("{script} {name}-new"));
    }
    assert_eq!(fs::read(&file).unwrap(), b"as it was");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let forked = refused("(echo forked)");
    assert!(forked.contains("fork"), "{forked}");
    // By becoming it: neither another program nor, where that could be loaded, itself once more.
    refused("exec /bin/echo became");
    refused("exec /bin/sh -c 'echo became'");
    refused("exec /lib64/ld-linux-x86-64.so.2 /bin/echo became");
    refused("kill -0 1");
    refused("ulimit -n 4000 && echo raised");
}

#[test]
fn it_has_no_network() {
    // Internet, its sixth version, Unix; streams and packets. Perl has the calls built in.
    let script =
        "for $family (2, 10, 1) { for $kind (1, 2) { print socket($s, $family, $kind, 0) ? 'a socket' : 'none'; } }";
    let sockets = |output: Output| text(&output.stdout);
    let unconfined = Command::new("/usr/bin/perl").args(["-e", script]).output().unwrap();
    assert!(sockets(unconfined).contains("a socket"), "the attempt is one");
    let output = confined("/usr/bin/perl", &["-e", script], Stdio::null());
    assert_eq!(text(&output.stdout), "none".repeat(6), "{output:?}");
}

#[test]
fn it_has_no_environment_and_no_descriptors_that_were_left_open() {
    use std::os::fd::AsRawFd;
    let left = File::open("/etc/passwd").unwrap();
    rustix::io::fcntl_setfd(&left, rustix::io::FdFlags::empty()).unwrap();
    let script = format!("echo \"<$SECRET>\"; cat <&{0}; read line <&{0} && echo \"$line\"", left.as_raw_fd());
    let output = confined("/bin/sh", &["-c", &script], Stdio::null());
    assert_eq!(text(&output.stdout), "<>\n", "{output:?}");
}

#[test]
fn the_kernel_agrees_that_it_is_confined() {
    let mut command = Command::new(WORKER);
    command.args(["confined", MEMORY_BYTES, "60", "/bin/cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"x").unwrap();
    let mut answer = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut answer).unwrap();
    // It answered, so it is the program and nothing else any more.
    let of = |what: &str| fs::read_to_string(format!("/proc/{}/{what}", child.id())).unwrap();
    let (status, limits) = (of("status"), of("limits"));
    let field = |name: &str| {
        let line = status.lines().find(|line| line.split(':').next() == Some(name)).unwrap_or_default();
        line.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(
        (field("Seccomp").as_str(), field("Seccomp_filters").as_str(), field("NoNewPrivs").as_str()),
        ("2", "2", "1")
    );
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&field(set), 16), Ok(0), "{set}");
    }
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max address space"), MEMORY_BYTES);
    assert_eq!(limit("Max cpu time"), "60");
    assert_eq!((limit("Max file size").as_str(), limit("Max core file size").as_str()), ("0", "0"));
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn memory_and_processor_time_are_bounded() {
    let output = with(&["100000000", "60"], "/bin/sh", &["-c", "x=x; while :; do x=$x$x; done"], Stdio::null());
    assert!(!output.status.success(), "{output:?}");
    let output = with(&[MEMORY_BYTES, "1"], "/bin/sh", &["-c", "while :; do :; done"], Stdio::null());
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(rustix::process::Signal::XCPU.as_raw()), "{output:?}");
}

#[test]
fn what_can_not_be_started_or_bounded_is_told() {
    let failed = |output: Output| {
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        assert!(text(&output.stderr).starts_with("the program can not be confined or started: "), "{output:?}");
    };
    failed(confined("/nonexistent", &[], Stdio::null()));
    failed(confined("/etc/passwd", &[], Stdio::null()));
    failed(with(&[], "", &[], Stdio::null()));
    failed(with(&["many", "60"], "/bin/cat", &[], Stdio::null()));
    let other = Command::new(WORKER).arg("--help").stdin(Stdio::null()).output().unwrap();
    assert_eq!(other.status.code(), Some(1), "no other mode");
}
