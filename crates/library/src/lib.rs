//! The verbs. What may be done to folders, files, tokens and the rest, by whom, and in which order things become true.
//! It knows no HTTP, no JSON and no product; its types do not serialise.

mod actor;
pub mod archives;
mod assets;
mod cards;
mod chance;
mod clock;
mod exports;
mod fault;
mod folders;
mod jobs;
mod names;
mod renditions;
mod slugs;
mod tenants;
mod tokens;
mod uploads;

use std::{sync::Arc, time::Duration};

pub use actor::{Actor, Origin, Right, Rights};
pub use assets::Listing;
pub use chance::{key_20, secret};
pub use clock::Clock;
pub use exports::Package;
pub use fault::{Fault, Invalid, Noun};
pub use jobs::JobRunner;
pub use media::{Format, Plan, Renderer, RendererConfig, Resize};
pub use store::{
    Catalog,
    assets::{Asset, AssetState, Scan, Version},
    blobs::Blobs,
    folders::{Folder, FolderKind},
    jobs::{Job, JobState, Work},
    tenants::Tenant,
    tokens::Token,
    users::User,
};
pub use tenants::{Founded, NewPerson};
pub use tokens::TokenWish;
pub use uploads::{Ingest, Received, Upload};

/// What a library allows. Every limit has its unit in its name.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest file, in bytes.
    pub max_upload_bytes: u64,
    /// The most folders or files that one listing or ZIP names.
    pub max_list_items: usize,
    /// For how long a token's or a file's row may be served from memory before it is read again, in milliseconds.
    pub max_memory_age_ms: i64,
    /// The longest that a request waits for a rendition before it is told that the server is busy.
    pub max_render_wait: Duration,
    /// How many files' rows are kept in memory.
    pub max_cards: u64,
    /// For how long an upload may lie unfinished, in milliseconds.
    pub staging_age_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_upload_bytes: 1_000 * 1024 * 1024,
            max_list_items: 100_000,
            max_memory_age_ms: 1_000,
            max_render_wait: Duration::from_secs(60),
            max_cards: 100_000,
            staging_age_ms: 24 * 60 * 60 * 1_000,
        }
    }
}

/// One library: rows, bytes, pixels, and the rules. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Catalog,
    blobs: Blobs,
    renderer: Renderer,
    clock: Clock,
    limits: Limits,
    cards: cards::Cards,
    tokens: tokens::Memory,
    renditions: renditions::Memory,
    jobs: tokio::sync::Notify,
}

impl Library {
    /// Puts a library together from its parts.
    #[must_use]
    pub fn new(catalog: Catalog, blobs: Blobs, renderer: Renderer, clock: Clock, limits: Limits) -> Self {
        let inner = Inner {
            cards: cards::Cards::new(&limits),
            tokens: tokens::Memory::new(&limits),
            renditions: renditions::Memory::new(&limits),
            jobs: tokio::sync::Notify::new(),
            catalog,
            blobs,
            renderer,
            clock,
            limits,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The time by this library's clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    /// What this library allows.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Which parts are out of order, by name; empty when all is well.
    pub async fn troubles(&self) -> Vec<&'static str> {
        let mut troubles = Vec::new();
        if self.inner.catalog.check().await.is_err() {
            troubles.push("database");
        }
        if self.inner.blobs.check().await.is_err() {
            troubles.push("store");
        }
        if self.inner.renderer.check().await.is_err() {
            troubles.push("renderer");
        }
        troubles
    }

    /// Makes what was acknowledged durable and lets go of the database.
    pub async fn close(&self) {
        self.inner.catalog.close().await;
    }
}
