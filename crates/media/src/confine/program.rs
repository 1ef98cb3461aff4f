//! Becoming another program that may do little more than compute: it reads its own code, the libraries of the system and its
//! standard input, writes to the pipes it was given, and nothing else. It knows no video and no particular program.
//!
//! The same three layers as for a worker, each wider by what a program needs that loads itself: it opens files for reading
//! (`landlock` says which), maps code from them, and starts threads. Programs that do not do so much are no worse for it.

#![expect(unsafe_code, reason = "becoming another program with arguments of our own making has no safe form")]

use std::{
    convert::Infallible,
    ffi::{CString, OsString, c_char},
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::ffi::OsStringExt,
    },
    path::{Path, PathBuf},
    ptr,
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{give_up_rights, lower, program_syscalls};

/// Where programs of the system have their libraries. What is not there is passed over.
const LIBRARIES: &[&str] = &["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];

/// In which of their files each library is.
const INDEX_OF_LIBRARIES: &str = "/etc/ld.so.cache";

/// The programs that load a program's libraries; the kernel starts one in its place.
const LOADERS: &[&str] = &[
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// Descriptors a program may hold: the three standard ones, the input opened once more, one library at a time, and some.
const MAX_DESCRIPTORS: u64 = 32;

/// Memory for secrets, which a library of cryptography that comes along takes at its start, and complains about.
const MAX_LOCKED_BYTES: u64 = 64 * 1024;

/// What a program may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Address space; the libraries count too.
    pub memory_bytes: u64,
    /// Processor time of all its threads.
    pub cpu_s: u64,
}

/// Gives up everything but what `program` needs and becomes it. Its environment is empty, its input is readable as
/// `/proc/self/fd/0`. To be called while there is one thread.
///
/// # Errors
/// When something could not be given up (a kernel without `landlock` included: there is too much to read without it), or the
/// program can not be started. Either way the process is good for nothing but to say so.
pub(crate) fn become_program(
    program: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    bounds: &Bounds,
) -> io::Result<Infallible> {
    let text = |text: OsString| CString::new(text.into_vec()).map_err(io::Error::other);
    let path = text(program.as_os_str().to_owned())?;
    let arguments = arguments.into_iter().map(text).collect::<io::Result<Vec<_>>>()?;
    let all = [path.as_ptr()].into_iter().chain(arguments.iter().map(|argument| argument.as_ptr()));
    let list: Vec<*const c_char> = all.chain([ptr::null()]).collect();
    let environment: [*const c_char; 1] = [ptr::null()];

    bound(bounds)?;
    give_up_rights()?;
    if !leave_few_files(program, io::stdin().as_fd()).map_err(io::Error::other)? {
        return Err(io::Error::other("this kernel has no landlock"));
    }
    program_syscalls::leave_some(path.as_ptr().addr(), list.as_ptr().addr()).map_err(io::Error::other)?;
    // SAFETY: each text ends with a zero, each list with a null pointer, and all of them live until the call, which only
    // returns when it failed.
    unsafe { libc::execve(path.as_ptr(), list.as_ptr(), environment.as_ptr()) };
    Err(io::Error::last_os_error())
}

fn bound(bounds: &Bounds) -> io::Result<()> {
    let last_cpu_s = bounds.cpu_s.saturating_add(1);
    lower(&[
        (Resource::As, bounds.memory_bytes),
        (Resource::Cpu, last_cpu_s),
        (Resource::Nofile, MAX_DESCRIPTORS),
        // Pipes are no files.
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Memlock, MAX_LOCKED_BYTES),
    ])?;
    // The number of processes stays as it is, because the kernel counts those of the whole user. Of processor time the last second
    // ends the program by the signal that any killer uses; the one before it by a signal that tells why.
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = maximum.map_or(bounds.cpu_s, |maximum| maximum.min(bounds.cpu_s));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?;
    Ok(())
}

/// Handles every right that the kernel knows and grants reading here and there. False where the kernel has no `landlock`.
fn leave_few_files(program: &Path, input: BorrowedFd<'_>) -> Result<bool, RulesetError> {
    let newest = ABI::V6;
    let start = AccessFs::ReadFile | AccessFs::Execute;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules([program], start))?
        .add_rules(path_beneath_rules(LOADERS, start))?
        .add_rules(path_beneath_rules(LIBRARIES, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(own_libraries(program), AccessFs::ReadFile))?
        .add_rules(path_beneath_rules([INDEX_OF_LIBRARIES], AccessFs::ReadFile))?;
    if has_a_name() {
        rules = rules.add_rule(PathBeneath::new(input, AccessFs::ReadFile))?;
    }
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

/// For `/opt/it/bin/program` that is `/opt/it/lib`.
fn own_libraries(program: &Path) -> Option<PathBuf> {
    let file = fs::canonicalize(program).ok()?;
    let folder = file.parent()?;
    (folder.file_name()? == "bin").then(|| folder.with_file_name("lib"))
}

/// Whether the standard input is a file that lies somewhere. Memory and pipes do not: `landlock` takes no rule for those, and lets
/// anybody open them who holds them.
fn has_a_name() -> bool {
    let name = fs::read_link("/proc/self/fd/0").unwrap_or_default();
    name.is_absolute() && !name.as_os_str().as_encoded_bytes().starts_with(b"/memfd:")
}
