//! What a worker gives up before it sees the first byte of an image: files, network, other processes, all but a few system
//! calls; and, in `program`, what it gives up before it becomes a program that decodes what we can not. It knows no images.
//!
//! Three layers that do not rest on each other. `landlock` takes away files, ports and other processes' sockets, where the
//! kernel has it. `seccomp` leaves the system calls that decoding needs, and no way to more memory that can be executed. Limits
//! of the process bound its memory, time, descriptors and what it writes.

mod attempts;
mod inherited;
mod program;
mod program_syscalls;
mod syscalls;

use std::io;

use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs},
};

pub(crate) use self::{
    attempts::{attempt_everything, named},
    inherited::close_inherited,
    program::{Bounds, become_program},
};
use crate::Limits;

/// Address space that a worker needs whatever the image: its own code, stacks, tables.
const BASE_MEMORY_BYTES: u64 = 512 * 1024 * 1024;

/// Bytes a pixel that the hungriest decoder (progressive JPEG) and the steps after it hold at once, with room to spare.
const MEMORY_BYTES_PER_PIXEL: u64 = 20;

/// Descriptors a worker may hold: the three standard ones, the results, the image, and a few for the runtime.
const MAX_DESCRIPTORS: u64 = 16;

/// Processor time that a worker may use in its whole life.
const MAX_CPU_S: u64 = 60 * 60;

/// What is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confinement {
    /// Whether the kernel has `landlock`; if not, the rest must do.
    pub landlock: bool,
}

/// Gives up everything but computing. There is no way back.
///
/// # Errors
/// When the kernel refuses a limit or the filter of system calls; nothing may be decoded then.
pub(crate) fn confine(limits: &Limits) -> io::Result<Confinement> {
    bound(limits)?;
    give_up_rights()?;
    let landlock = shut_off_files()?;
    syscalls::leave_few().map_err(io::Error::other)?;
    Ok(Confinement { landlock })
}

/// The most memory that a worker under these limits can have, in bytes.
pub(crate) fn max_memory_bytes(limits: &Limits) -> u64 {
    limits
        .max_pixels
        .saturating_mul(MEMORY_BYTES_PER_PIXEL)
        .saturating_add(limits.max_input_bytes.saturating_mul(2))
        .saturating_add(limits.max_output_bytes.saturating_mul(3))
        .saturating_add(BASE_MEMORY_BYTES)
}

/// Bounds what a decoder gone wrong can take: address space, descriptors, results, core dumps, processes.
fn bound(limits: &Limits) -> io::Result<()> {
    lower(&[
        (Resource::As, max_memory_bytes(limits)),
        (Resource::Nofile, MAX_DESCRIPTORS),
        // The shared memory for results is the only file there is.
        (Resource::Fsize, limits.max_output_bytes),
        // Each job has its own bound below this; one worker that went wrong ends by this even so.
        (Resource::Cpu, MAX_CPU_S),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
        (Resource::Memlock, 0),
    ])
}

/// Lowers limits for good. One that is lower already stays.
fn lower(limits: &[(Resource, u64)]) -> io::Result<()> {
    for (resource, most) in limits {
        let (resource, most) = (*resource, *most);
        let most = getrlimit(resource).maximum.map_or(most, |already| already.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// No capabilities, and no way to any, by no program that is started either.
fn give_up_rights() -> io::Result<()> {
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    set_no_new_privs(true)?;
    Ok(())
}

/// Handles every right that the kernel knows and grants none. False where the kernel has no `landlock`.
fn shut_off_files() -> io::Result<bool> {
    let newest = ABI::V6;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self())
        .map_err(io::Error::other)?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
