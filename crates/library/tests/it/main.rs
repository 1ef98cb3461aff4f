//! The library on real parts: a database on each named engine, blobs on disk, renditions by the real worker.
#![expect(clippy::unwrap_used, reason = "tests")]

mod delivering;
mod jobs;
mod rights;
mod support;
mod uploading;
