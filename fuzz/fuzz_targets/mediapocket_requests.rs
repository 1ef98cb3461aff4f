//! MediaPocket's bodies and queries: whatever comes is read or refused, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8], &str)| {
    let (content_type, body, query) = input;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread");
    runtime.block_on(mediapocket::fuzzing::read_request(content_type, body, query));
});
