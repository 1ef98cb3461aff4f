//! What a worker can not do, seen from outside; and what it makes of messages that no renderer sends.

use std::{
    fs::{self, File},
    io::{IoSlice, Read as _},
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use media::{Limits, Renderer, RendererConfig};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType,
    recv, sendmsg, shutdown, socketpair,
};

use crate::workers::WORKER;

/// A worker with nobody but the test to talk to.
struct Bare {
    child: Child,
    socket: OwnedFd,
    results: File,
}

impl Bare {
    fn start() -> Self {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let mut command = Command::new(WORKER);
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::piped()).env_clear();
        let child = command.spawn().unwrap();
        Self { child, socket: ours, results: tempfile::tempfile().unwrap() }
    }

    fn greeted() -> Self {
        Self::greeted_with(&hello())
    }

    /// With the system's fonts and libraries.
    fn outfitted() -> Self {
        let mut hello = hello();
        *hello.last_mut().unwrap() = 1;
        Self::greeted_with(&hello)
    }

    fn greeted_with(hello: &[u8]) -> Self {
        let bare = Self::start();
        bare.send(hello, Some(&bare.results));
        assert_eq!(bare.answer(), ready());
        bare
    }

    /// It may have ended before it reads this.
    fn send(&self, message: &[u8], file: Option<&File>) {
        let descriptor = file.map(AsFd::as_fd);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if let Some(descriptor) = &descriptor {
            assert!(control.push(SendAncillaryMessage::ScmRights(std::slice::from_ref(descriptor))));
        }
        let _ = sendmsg(&self.socket, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL);
    }

    /// Its next message; empty when it has closed the channel.
    fn answer(&self) -> Vec<u8> {
        let mut buffer = vec![0; 32 * 1024];
        let (len, _) = recv(&self.socket, &mut buffer[..], RecvFlags::empty()).unwrap_or((0, 0));
        buffer.truncate(len);
        buffer
    }

    fn end(mut self) -> (ExitStatus, String) {
        let _ = shutdown(&self.socket, Shutdown::Write);
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (self.child.wait().unwrap(), complaints)
    }
}

fn hello() -> Vec<u8> {
    let numbers = [1_000_000_u64, 100, 1_000_000].map(u64::to_le_bytes).concat();
    [&b"\0MdyW\x04\0"[..], &numbers, &10_u32.to_le_bytes(), &1_000_000_u64.to_le_bytes(), &[0]].concat()
}

fn ready() -> Vec<u8> {
    let landlock =
        u8::from(fs::read_to_string("/proc/kallsyms").is_ok_and(|all| all.contains("landlock_create_ruleset")));
    // It lacks nothing.
    [&b"\0MdyW\x04\0"[..], &[landlock, 0]].concat()
}

const PROVE: &[u8] = b"\x01\x07\0\0\0\0\0\0\0";

/// One plan, 8 by 8 as PNG, of an image of so many bytes.
fn make(len: u64) -> Vec<u8> {
    let head = b"\x02\x01\0\0\0\0\0\0\0\x05\0\0\0";
    let plan = b"\0\x08\0\0\0\x08\0\0\0\x01\0\0\0\0";
    [&head[..], &len.to_le_bytes(), b"\0\x01", plan].concat()
}

#[test]
fn a_worker_that_tries_everything_succeeds_with_nothing() {
    for bare in [Bare::greeted(), Bare::outfitted()] {
        bare.send(PROVE, None);
        assert_eq!(bare.answer(), [PROVE, &[0; 4]].concat(), "no bit of what it could do is set");
        assert!(bare.end().0.success());
    }
}

#[test]
fn the_kernel_agrees_that_it_is_confined() {
    for bare in [Bare::greeted(), Bare::outfitted()] {
        assert_confined(&bare);
    }
}

fn assert_confined(bare: &Bare) {
    let of = |what: &str| fs::read_to_string(format!("/proc/{}/{what}", bare.child.id())).unwrap();
    let status = of("status");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.split(':').next() == Some(name)).unwrap_or_default();
        line.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(field("Seccomp"), "2", "by a filter");
    assert_eq!(field("Seccomp_filters"), "2");
    assert_eq!(field("NoNewPrivs"), "1");
    assert_eq!(field("Threads"), "1");
    let limits = of("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    assert!(limit("Max address space") < 700 * 1024 * 1024, "small limits, little memory");
    assert_eq!(limit("Max file size"), 1_000_000);
    assert_eq!(limit("Max open files"), 16);
    assert_eq!(limit("Max core file size"), 0);
    let descriptors = fs::read_dir(format!("/proc/{}/fd", bare.child.id())).unwrap().count();
    assert_eq!(descriptors, 4, "channel, nothing, complaints, results");
    assert_eq!(of("environ"), "");
}

#[tokio::test]
async fn readiness_asks_for_the_proof() {
    let deadline = Duration::from_secs(60);
    let config = RendererConfig { worker: WORKER.into(), workers: 1, queue: 0, deadline, limits: Limits::default() };
    Renderer::new(config).check().await.unwrap();
}

#[test]
fn a_malformed_message_ends_the_worker() {
    let good = Bare::greeted();
    assert!(good.end().0.success(), "a channel that closes between two jobs is the end of work");
    let image = || Some(File::open("/dev/zero").unwrap());
    type Sent = (&'static str, Vec<u8>, Option<File>);
    let before: [Sent; 4] = [
        ("noise", b"GET / HTTP/1.1\r\n\r\n".to_vec(), None),
        ("no hello first", PROVE.to_vec(), None),
        ("another version", [b"\0MdyW\x05\0", &hello()[7..]].concat(), image()),
        ("no memory for results", hello(), None),
    ];
    let after: [Sent; 6] = [
        ("an unknown kind", vec![9], None),
        ("hello twice", hello(), image()),
        ("an image over the limit", make(101), image()),
        ("no image", make(100), None),
        ("something behind the end", [&make(100)[..], b"x"].concat(), image()),
        ("too long a message", vec![2; 20_000], None),
    ];
    let ended = |bare: Bare, (what, message, file): Sent| {
        bare.send(&message, file.as_ref());
        assert_eq!(bare.answer(), b"", "{what}");
        let (status, complaints) = bare.end();
        assert_eq!(status.code(), Some(1), "{what}");
        assert!(complaints.starts_with("render worker ends: "), "{what}: {complaints:?}");
    };
    for sent in before {
        ended(Bare::start(), sent);
    }
    for sent in after {
        ended(Bare::greeted(), sent);
    }
}

#[test]
fn no_image_is_a_refusal_and_not_malformed() {
    let bare = Bare::greeted();
    bare.send(&make(100), Some(&File::open("/dev/zero").unwrap()));
    assert_eq!(bare.answer(), b"\x03\x01\0\0\0\0\0\0\0\0");
    assert!(bare.end().0.success());
}
