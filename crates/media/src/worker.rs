//! The loop of a worker process: hello, then one job after another until the channel closes. It knows no plans beyond those it
//! is handed, opens nothing and keeps nothing of an image. With arguments the program is a door instead: it gives up what it can and
//! becomes another program.

use std::{
    convert::Infallible,
    env,
    ffi::OsString,
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::FileExt,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use crate::{
    Engine, Limits, Made, RenderError, Resolved, channel,
    confine::{self, Bounds},
    protocol::{MAX_MESSAGE_BYTES, MadeOne, Malformed, Request, Response},
};

/// A buffer larger than this is not kept for the next image.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Why a worker ends before its channel is closed.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("reading or writing failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("it is not confined, it could: {0:?}")]
    Unconfined(Vec<&'static str>),
}

/// The first argument by which the program becomes another one, confined: `confined MEMORY_BYTES CPU_S PROGRAM ARGUMENT…`.
pub(crate) const CONFINED: &str = "confined";

/// The only argument by which it tries what a confined program must not be able to do, and says what it could, one a line.
pub(crate) const ATTEMPTS: &str = "attempts";

/// What it says last then.
pub(crate) const TRIED: &str = "tried everything";

/// How it ends when it did not become the other program. The programs that it becomes end otherwise.
pub(crate) const NOT_BECOME: u8 = 125;

/// The whole of the worker program. Without arguments: requests and responses on standard input, which is a socket; complaints on
/// standard error. Succeeds when the renderer closes the channel; anything unexpected ends it as a failure.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let done = match arguments.next() {
        None => confine::close_inherited().map_err(Ended::Io).and_then(|()| serve(io::stdin().as_fd())),
        Some(mode) if mode == CONFINED => {
            let Err(error) = become_confined(arguments);
            eprintln!("the program can not be confined or started: {error}");
            return ExitCode::from(NOT_BECOME);
        }
        Some(mode) if mode == ATTEMPTS => {
            confine::named(confine::attempt_everything()).iter().for_each(|name| println!("{name}"));
            println!("{TRIED}");
            Ok(())
        }
        Some(_) => Err(Ended::Malformed(Malformed)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("render worker ends: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes what the arguments say; returns only when it can not.
fn become_confined(mut arguments: impl Iterator<Item = OsString>) -> io::Result<Infallible> {
    let missing = || io::Error::other("arguments are missing");
    let mut number = || arguments.next()?.to_str()?.parse().ok();
    let bounds = number().zip(number()).map(|(memory_bytes, cpu_s)| Bounds { memory_bytes, cpu_s });
    let bounds = bounds.ok_or_else(missing)?;
    let program = PathBuf::from(arguments.next().ok_or_else(missing)?);
    confine::close_inherited()?;
    confine::become_program(&program, arguments, &bounds)
}

fn serve(socket: BorrowedFd<'_>) -> Result<(), Ended> {
    let mut buffer = [0; MAX_MESSAGE_BYTES];
    let (len, results) = channel::receive(socket, &mut buffer)?;
    let Request::Hello { limits, outfitted } = Request::decode(&buffer[..len])? else { return Err(Malformed.into()) };
    let results = File::from(results.ok_or(Malformed)?);
    let mut engine = if outfitted { Engine::outfitted_for_one_thread() } else { Engine::default() };
    let lacks = engine.lacks().filter(|_| outfitted).map(str::to_owned);
    let confinement = confine::confine(&limits)?;
    let could = confine::attempt_everything();
    if could != 0 {
        return Err(Ended::Unconfined(confine::named(could)));
    }
    channel::send(socket, &Response::Ready { landlock: confinement.landlock, lacks }.encode(), None)?;

    let mut image = Vec::new();
    loop {
        let (len, descriptor) = channel::receive(socket, &mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        let response = match Request::decode(&buffer[..len])? {
            Request::Hello { .. } => return Err(Malformed.into()),
            Request::Prove { job } => Response::Proved { job, could: confine::attempt_everything() },
            Request::Make { job, cpu_s, len, describe, plans } => {
                let source = File::from(descriptor.ok_or(Malformed)?);
                read_image(&source, len, &limits, &mut image)?;
                drop(source);
                allow_cpu_time(cpu_s)?;
                let made = make(&mut engine, &image, &plans, describe, &limits);
                match made.and_then(|made| laid_down(&made, &limits).map(|renditions| (made, renditions))) {
                    Ok((made, renditions)) => {
                        write_all(&results, &made)?;
                        Response::Made { job, renditions, details: made.details }
                    }
                    Err(error) => Response::Refused { job, error },
                }
            }
        };
        channel::send(socket, &response.encode(), None)?;
        // One huge picture does not cost its memory for ever.
        if image.capacity() > KEPT_BYTES {
            image = Vec::new();
        }
    }
}

/// Makes what is asked. A decoder that panics has met an image that it can not read, and leaves nothing behind: what it had kept
/// goes with it.
fn make(
    engine: &mut Engine,
    image: &[u8],
    plans: &[Resolved],
    describe: bool,
    limits: &Limits,
) -> Result<Made, RenderError> {
    let attempt = AssertUnwindSafe(|| engine.make(image, plans, describe, limits));
    catch_unwind(attempt).unwrap_or_else(|_| {
        engine.forget();
        Err(RenderError::Corrupt("the decoder gave up".to_owned()))
    })
}

/// Fills `image` with the first `len` bytes of the source. A shorter one is what it is.
fn read_image(source: &File, len: u64, limits: &Limits, image: &mut Vec<u8>) -> Result<(), Ended> {
    if len > limits.max_input_bytes {
        return Err(Malformed.into());
    }
    image.resize(usize::try_from(len).map_err(|_| Malformed)?, 0);
    let mut have = 0;
    while have < image.len() {
        match source.read_at(&mut image[have..], have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    image.truncate(have);
    Ok(())
}

/// Where the results will lie. Together they are held to the limit too, which is that of the memory for them.
fn laid_down(made: &Made, limits: &Limits) -> Result<Vec<MadeOne>, RenderError> {
    let ones = made.renditions.iter().map(|one| MadeOne { len: one.bytes.len() as u64, animated: one.animated });
    let ones: Vec<MadeOne> = ones.collect();
    let total = ones.iter().map(|one| one.len).sum::<u64>();
    if total > limits.max_output_bytes { Err(RenderError::TooLarge) } else { Ok(ones) }
}

fn write_all(results: &File, made: &Made) -> io::Result<()> {
    let mut at = 0;
    for one in &made.renditions {
        results.write_all_at(&one.bytes, at)?;
        at += one.bytes.len() as u64;
    }
    Ok(())
}

/// From now on the process may use so many more seconds of CPU time; then the kernel ends it, even where the server that
/// keeps the deadline is gone.
fn allow_cpu_time(seconds: u32) -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    let maximum = getrlimit(Resource::Cpu).maximum;
    // One more, because the used time is cut to whole seconds.
    let allowed = used + u64::from(seconds) + 1;
    let current = maximum.map_or(allowed, |maximum| maximum.min(allowed));
    setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Write as _;

    use super::*;

    #[test]
    fn an_image_is_no_longer_than_allowed_and_may_be_shorter_than_said() {
        let limits = Limits { max_input_bytes: 6, ..Limits::default() };
        let mut source = tempfile::tempfile().unwrap();
        source.write_all(b"abcde").unwrap();
        let mut image = vec![9; 9];
        assert!(read_image(&source, 7, &limits, &mut image).is_err());
        read_image(&source, 4, &limits, &mut image).unwrap();
        assert_eq!(image, b"abcd");
        read_image(&source, 6, &limits, &mut image).unwrap();
        assert_eq!(image, b"abcde");
    }
}
