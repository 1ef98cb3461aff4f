//! Which system calls a worker may make. It knows why for each and nothing of images.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// Calls that are let through whatever their arguments.
pub(super) const HARMLESS: &[i64] = &[
    // The channel, the image and the results, which are open already.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    // Memory, as long as it can not be executed: see below for the rest.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    // The runtime's locks, clocks, random seeds, and its way out.
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigreturn,
    // A process that crashes ends by this: the runtime catches the fault, puts the handling back to what the system does, and faults
    // again. Were that refused, it would fault for ever.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What the filters could not be made or put in force for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfiltered {
    #[error("the filter of system calls can not be made: {0}")]
    Made(#[from] BackendError),
    #[error("the filter of system calls can not be put in force: {0}")]
    InForce(#[from] seccompiler::Error),
}

/// Refuses all but a few system calls from here on. What is refused answers `EPERM` and not with the end of the process, so that
/// the worker can prove that it is confined.
pub(super) fn leave_few() -> Result<(), Unfiltered> {
    unknown_newest_clone()?;
    let harmless = HARMLESS.iter().chain(&[libc::SYS_clone3]);
    let mut allowed: BTreeMap<i64, Vec<SeccompRule>> = harmless.map(|call| (*call, Vec::new())).collect();
    let not_executable = argument(2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0)?;
    allowed.insert(libc::SYS_mmap, vec![not_executable.clone()]);
    allowed.insert(libc::SYS_mprotect, vec![not_executable]);
    // Each job's time is bounded by its worker: of this process and of its time only.
    let own_time = [(0, 0), (1, u64::from(libc::RLIMIT_CPU))];
    let own_time =
        own_time.map(|(at, value)| SeccompCondition::new(at, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, value));
    let own_time = own_time.into_iter().collect::<Result<Vec<_>, _>>()?;
    allowed.insert(libc::SYS_prlimit64, vec![SeccompRule::new(own_time)?]);
    in_force(allowed, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
}

/// Answers clone3 as a kernel would that has none. A filter of its own, because one has one answer. The C library takes ENOSYS as
/// "try the older call", whose arguments, unlike those of clone3, a filter can see. The filter after this must let clone3 through, so
/// that this answer stands; and must come after, because it takes away the means to put more in force.
pub(super) fn unknown_newest_clone() -> Result<(), Unfiltered> {
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    in_force(unknown, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))
}

/// A rule for one argument, as a whole word.
fn argument(at: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(at, SeccompCmpArgLen::Qword, is, value)?])
}

pub(super) fn in_force(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matching: SeccompAction,
) -> Result<(), Unfiltered> {
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    let program = BpfProgram::try_from(SeccompFilter::new(rules, otherwise, matching, machine)?)?;
    Ok(apply_filter(&program)?)
}
