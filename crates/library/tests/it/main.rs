//! The library on real parts: a database on each named engine, blobs on disk, renditions by the real worker.
#![expect(clippy::unwrap_used, reason = "tests")]

mod care;
mod delivering;
mod downloads;
mod jobs;
mod model;
mod renditions;
mod rights;
mod rules;
mod sources;
mod support;
mod uploading;
