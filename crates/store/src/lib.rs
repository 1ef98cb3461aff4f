//! Nouns, their SQL and their bytes. It knows no HTTP, no JSON of anybody's and no product.
//!
//! [`Catalog`] keeps the rows (SQLite or PostgreSQL), [`blobs::Blobs`] the bytes (a folder, memory or an S3 store).
//! A transaction never leaves this crate: what must happen together is one method.

pub mod assets;
pub mod audit;
pub mod backups;
pub mod blobs;
mod catalog;
pub mod collections;
pub mod dispatches;
pub mod downloads;
pub mod encryption;
mod error;
pub mod fetches;
pub mod fields;
pub mod folders;
pub mod garbage;
pub mod image_details;
pub mod jobs;
pub mod links;
pub mod measures;
pub mod names;
pub mod paths;
pub mod privacy;
pub mod quotas;
pub mod records;
pub mod renditions;
pub mod rules;
pub mod scans;
pub mod search;
pub mod signing_keys;
pub mod tallies;
pub mod tenants;
pub mod tokens;
pub mod upload_policies;
pub mod uploads;
pub mod users;
pub mod verify;

pub use catalog::{Catalog, PoolUse};
pub use error::{Error, Noun, Refusal, Result};
pub use seal::{BadMasterKey, MasterKey, TenantKey, open_small, seal_small};
