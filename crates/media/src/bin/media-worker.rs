//! The process in which images are decoded. Everything it does is in `media::worker`.

use std::{
    ffi::{c_int, c_void},
    process::ExitCode,
};

fn main() -> ExitCode {
    media::worker::main()
}

/// Stands in for the function of libde265 by which libheif has it start threads, which a worker can not: an image would wait for
/// them for ever. None is started and all is said to be well, so that it is decoded by the thread that asks. A library that is loaded
/// finds what the program exports before its own; `build.rs` has it exported.
#[expect(unsafe_code, reason = "the name must be the one that a C library looks for, and no other has it here")]
#[unsafe(no_mangle)]
extern "C" fn de265_start_worker_threads(_decoder: *mut c_void, _threads: c_int) -> c_int {
    0
}
