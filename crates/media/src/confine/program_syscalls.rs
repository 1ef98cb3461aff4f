//! Which system calls a program may make that loads itself, reads one file and computes. It knows why for each and no program.
//! The list was measured with ffmpeg 5.1 on Debian 12, and what later C libraries use for the same is on it too.

use std::collections::BTreeMap;

use seccompiler::{BackendError, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::syscalls::{HARMLESS, Unfiltered, in_force, unknown_newest_clone};

/// Beyond what a worker may.
const HARMLESS_TOO: &[i64] = &[
    // What a file is that was opened. It can be asked of any path, too: a program can learn that a file is there, not what it holds.
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_fadvise64,
    // Some memory, by a limit of the process.
    libc::SYS_mlock,
    // The start of a program and of its threads.
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_membarrier,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    // Waiting, and how long it has been.
    libc::SYS_ppoll,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_getres,
    libc::SYS_getrusage,
    libc::SYS_times,
];

/// What only this machine has.
#[cfg(target_arch = "x86_64")]
const HARMLESS_HERE: &[i64] = &[libc::SYS_arch_prctl, libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const HARMLESS_HERE: &[i64] = &[];

/// Refuses all but some system calls from here on, with `EPERM`. Of becoming another program it leaves the one call whose path and
/// arguments lie at these addresses: later nothing lies there, and nobody who could tell where that was is left.
pub(super) fn leave_some(path: usize, arguments: usize) -> Result<(), Unfiltered> {
    unknown_newest_clone()?;
    let harmless = HARMLESS.iter().chain(HARMLESS_TOO).chain(HARMLESS_HERE).chain(&[libc::SYS_clone3]);
    let mut allowed: BTreeMap<i64, Vec<SeccompRule>> = harmless.map(|call| (*call, Vec::new())).collect();

    let executable = libc::PROT_EXEC as u64;
    let writable = libc::PROT_WRITE as u64;
    let nameless = libc::MAP_ANONYMOUS as u64;
    // Code comes from files and can not be written, neither at once nor one after the other.
    allowed.insert(
        libc::SYS_mmap,
        vec![
            rule([whole(2, SeccompCmpOp::MaskedEq(executable), 0)])?,
            rule([whole(2, SeccompCmpOp::MaskedEq(writable), 0), whole(3, SeccompCmpOp::MaskedEq(nameless), 0)])?,
        ],
    );
    allowed.insert(libc::SYS_mprotect, vec![rule([whole(2, SeccompCmpOp::MaskedEq(executable), 0)])?]);
    // For reading only.
    let changing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
    let reading = half(2, SeccompCmpOp::MaskedEq(u64::from(changing.cast_unsigned())), libc::O_RDONLY);
    allowed.insert(libc::SYS_openat, vec![rule([reading])?]);
    let asked = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL];
    let asked = asked.map(|command| rule([half(1, SeccompCmpOp::Eq, command)]));
    allowed.insert(libc::SYS_fcntl, asked.into_iter().collect::<Result<_, _>>()?);
    // Threads of its own, no processes.
    let thread = libc::CLONE_THREAD as u64;
    allowed.insert(libc::SYS_clone, vec![rule([whole(0, SeccompCmpOp::MaskedEq(thread), thread)])?]);
    // Its own limits, to read them.
    let own = whole(0, SeccompCmpOp::Eq, 0);
    allowed.insert(libc::SYS_prlimit64, vec![rule([own, whole(2, SeccompCmpOp::Eq, 0)])?]);
    let this = [whole(0, SeccompCmpOp::Eq, path as u64), whole(1, SeccompCmpOp::Eq, arguments as u64)];
    allowed.insert(libc::SYS_execve, vec![rule(this)?]);
    in_force(allowed, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
}

/// What must hold for an argument.
type Condition = Result<SeccompCondition, BackendError>;

/// For an argument that the kernel takes as a whole word.
fn whole(at: u8, is: SeccompCmpOp, value: u64) -> Condition {
    SeccompCondition::new(at, SeccompCmpArgLen::Qword, is, value)
}

/// For an argument of which the kernel looks at the lower half.
fn half(at: u8, is: SeccompCmpOp, value: i32) -> Condition {
    SeccompCondition::new(at, SeccompCmpArgLen::Dword, is, u64::from(value.cast_unsigned()))
}

/// All of the conditions together.
fn rule<const N: usize>(conditions: [Condition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into_iter().collect::<Result<_, _>>()?)
}
