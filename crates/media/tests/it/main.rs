//! The crate as its callers see it: what images are, what plans come to, pixels in and out, and worker processes that
//! misbehave.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hostile;
mod pictures;
mod pixels;
mod planning;
mod probing;
mod sniffing;
mod workers;
