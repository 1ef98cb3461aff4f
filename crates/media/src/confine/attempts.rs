//! What a decoder that is taken over would try: each attempt is made for real, and tells whether it succeeded. It knows nothing
//! of what is meant to stop it.

#![expect(unsafe_code, reason = "forking and the like have no safe form, and are what is to be tried")]

use std::{
    fs::{self, File},
    io,
    net::{TcpListener, UdpSocket},
    os::unix::net::UnixDatagram,
    process::Command,
};

use rustix::{
    mm::{MapFlags, ProtFlags, mmap_anonymous, munmap},
    process::{Pid, Resource, Rlimit, getppid, setrlimit, test_kill_process},
};

/// One thing that a confined process can not do; true when it could.
type Attempt = (&'static str, fn() -> bool);

/// All of them. The place of each is its bit in [`attempt_everything`].
pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("read a file", || File::open("/proc/self/status").is_ok()),
    ("list a folder", || fs::read_dir("/").is_ok()),
    ("write a file", || {
        let name = std::env::temp_dir().join(format!("attempt-{}", std::process::id()));
        let done = File::create(&name).is_ok();
        drop(fs::remove_file(name));
        done
    }),
    ("open a TCP socket", || TcpListener::bind(("127.0.0.1", 0)).is_ok()),
    ("open a UDP socket", || UdpSocket::bind(("127.0.0.1", 0)).is_ok()),
    ("open a Unix socket", || UnixDatagram::unbound().is_ok()),
    ("fork", fork),
    ("start a program", || Command::new("/bin/true").status().is_ok()),
    ("become another program", become_another),
    ("fork by the newest call", fork_by_newest_call),
    ("change its own limits", || setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_ok()),
    ("start a thread", || std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())),
    ("signal its parent", || getppid().is_some_and(|parent: Pid| test_kill_process(parent).is_ok())),
    ("make memory executable", executable_memory),
];

/// Tries everything; the bits of what succeeded.
pub(crate) fn attempt_everything() -> u32 {
    ATTEMPTS.iter().enumerate().filter(|(_, (_, attempt))| attempt()).fold(0, |could, (at, _)| could | 1 << at)
}

/// The names of what succeeded.
pub(crate) fn named(could: u32) -> Vec<&'static str> {
    ATTEMPTS.iter().enumerate().filter(|(at, _)| could & 1 << at != 0).map(|(_, (name, _))| *name).collect()
}

fn fork() -> bool {
    // SAFETY: the child does nothing but end, by the call that runs no destructors; the parent waits for it.
    unsafe {
        match libc::fork() {
            -1 => false,
            0 => libc::_exit(0),
            child => {
                libc::waitpid(child, std::ptr::null_mut(), 0);
                true
            }
        }
    }
}

/// Of a program that is not there: who may try is told so.
fn become_another() -> bool {
    // SAFETY: the path ends with a zero, and so do the lists, which are empty.
    unsafe { libc::execve(c"/nowhere/at/all".as_ptr(), [std::ptr::null()].as_ptr(), [std::ptr::null()].as_ptr()) };
    io::Error::last_os_error().raw_os_error() == Some(libc::ENOENT)
}

/// Without arguments, which who may try is told. Nothing but ENOSYS makes the C library take the older call.
fn fork_by_newest_call() -> bool {
    // SAFETY: no arguments, no process.
    unsafe { libc::syscall(libc::SYS_clone3, std::ptr::null::<libc::c_void>(), 0) };
    io::Error::last_os_error().raw_os_error() != Some(libc::ENOSYS)
}

fn executable_memory() -> bool {
    const LEN: usize = 4096;
    // SAFETY: a new mapping that nothing else uses, taken away again at once.
    unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            LEN,
            ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC,
            MapFlags::PRIVATE,
        )
        .is_ok_and(|memory| munmap(memory, LEN).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_confinement_every_attempt_succeeds() {
        assert_eq!(named(!attempt_everything()), Vec::<&str>::new(), "an attempt that always fails proves nothing");
    }
}
