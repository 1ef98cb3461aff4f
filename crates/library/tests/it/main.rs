//! The library on real parts: a database on each named engine, blobs on disk, renditions by the real worker.
#![expect(clippy::unwrap_used, reason = "tests")]

mod care;
mod collections;
mod delivering;
mod downloads;
mod entries;
mod fetches;
mod jobs;
mod links;
mod model;
mod people;
mod records;
mod renditions;
mod rights;
mod rules;
mod sources;
mod support;
mod uploading;
