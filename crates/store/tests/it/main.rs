//! The store, tried from outside.

mod blobs;
mod catalog;
