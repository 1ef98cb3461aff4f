//! The loop of a worker process: hello, then one job after another until the pipe closes. It knows no plans beyond the one
//! it is handed, opens no file and keeps nothing of an image.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::AsFd,
    process::ExitCode,
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use crate::{
    Engine, Limits, Resolved,
    protocol::{self, Malformed, PREFIX_BYTES, Payload, Request, Response},
};

/// Address space that a worker needs whatever the image: its own code, stacks, tables.
const BASE_MEMORY_BYTES: u64 = 512 * 1024 * 1024;

/// Bytes a pixel that the hungriest decoder (progressive JPEG) and the steps after it hold at once, with room to spare.
const MEMORY_BYTES_PER_PIXEL: u64 = 20;

/// Descriptors a worker may hold: the three standard ones and a few for the runtime.
const MAX_DESCRIPTORS: u64 = 16;

/// Why a worker ends before its pipe is closed.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("reading or writing failed")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The whole of the worker program: requests on standard input, responses on standard output, complaints on standard
/// error. Succeeds when the input ends between two requests; anything unexpected ends it as a failure.
#[must_use]
pub fn main() -> ExitCode {
    // The standard streams buffer by lines; these are the bare pipes.
    let pipes = io::stdin().as_fd().try_clone_to_owned().and_then(|input| {
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Ok((File::from(input), File::from(output)))
    });
    let served = pipes.map_err(Ended::Io).and_then(|(mut input, mut output)| serve(&mut input, &mut output));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("render worker ends: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> Result<(), Ended> {
    let Some(Request::Hello { limits }) = next_request(input)? else { return Err(Malformed.into()) };
    restrict(&limits)?;
    output.write_all(&Response::Ready.encode())?;
    let mut engine = Engine::default();
    let mut image = Vec::new();
    while let Some(request) = next_request(input)? {
        match request {
            Request::Hello { .. } => return Err(Malformed.into()),
            Request::Ping { job } => output.write_all(&Response::Pong { job }.encode())?,
            Request::Render { job, cpu_s, resolved, input: Payload::Inline { len } } => {
                read_payload(input, len, &limits, &mut image)?;
                allow_cpu_time(cpu_s)?;
                answer(&mut engine, output, job, &image, &resolved, &limits)?;
            }
        }
    }
    Ok(())
}

/// The next request, or nothing when the input ends where one would begin.
fn next_request(input: &mut impl Read) -> Result<Option<Request>, Ended> {
    let mut prefix = [0; PREFIX_BYTES];
    let mut have = 0;
    while have < PREFIX_BYTES {
        match input.read(&mut prefix[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(Malformed.into()),
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut head = vec![0; protocol::head_len(prefix)?];
    input.read_exact(&mut head)?;
    Ok(Some(Request::decode(&head)?))
}

/// Fills `image` with the `len` bytes that follow. Memory grows with what arrives, not with what is announced.
fn read_payload(input: &mut impl Read, len: u64, limits: &Limits, image: &mut Vec<u8>) -> Result<(), Ended> {
    if len > limits.max_input_bytes {
        return Err(Malformed.into());
    }
    image.clear();
    let arrived = input.by_ref().take(len).read_to_end(image)?;
    if arrived as u64 == len { Ok(()) } else { Err(Malformed.into()) }
}

fn answer(
    engine: &mut Engine,
    output: &mut impl Write,
    job: u64,
    image: &[u8],
    resolved: &Resolved,
    limits: &Limits,
) -> Result<(), Ended> {
    match engine.render(image, resolved, limits) {
        Ok(rendered) => {
            let len = rendered.bytes.len() as u64;
            output.write_all(&Response::Rendered { job, output: Payload::Inline { len } }.encode())?;
            output.write_all(&rendered.bytes)?;
        }
        Err(error) => output.write_all(&Response::Refused { job, error }.encode())?,
    }
    Ok(())
}

/// Bounds what a decoder gone wrong can take: address space, descriptors, files, core dumps.
fn restrict(limits: &Limits) -> io::Result<()> {
    let memory = limits
        .max_pixels
        .saturating_mul(MEMORY_BYTES_PER_PIXEL)
        .saturating_add(limits.max_input_bytes.saturating_mul(2))
        .saturating_add(limits.max_output_bytes.saturating_mul(3))
        .saturating_add(BASE_MEMORY_BYTES);
    for (resource, most) in
        [(Resource::As, memory), (Resource::Nofile, MAX_DESCRIPTORS), (Resource::Fsize, 0), (Resource::Core, 0)]
    {
        let most = getrlimit(resource).maximum.map_or(most, |already| already.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
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
    use super::*;

    #[test]
    fn input_that_ends_inside_a_frame_is_malformed() {
        let frame = Request::Ping { job: 1 }.encode();
        assert!(matches!(next_request(&mut &frame[..0]), Ok(None)));
        assert!(matches!(next_request(&mut &frame[..2]), Err(Ended::Malformed(_))));
        assert!(matches!(next_request(&mut &frame[..6]), Err(Ended::Io(_))));
        assert!(matches!(next_request(&mut &frame[..]), Ok(Some(Request::Ping { job: 1 }))));
    }

    #[test]
    fn a_payload_is_no_longer_than_allowed_and_all_there() {
        let limits = Limits { max_input_bytes: 4, ..Limits::default() };
        let mut image = vec![9; 9];
        assert!(read_payload(&mut &b"abcde"[..], 5, &limits, &mut image).is_err());
        assert!(read_payload(&mut &b"abc"[..], 4, &limits, &mut image).is_err());
        assert!(read_payload(&mut &b"abcde"[..], 4, &limits, &mut image).is_ok());
        assert_eq!(image, b"abcd");
    }
}
