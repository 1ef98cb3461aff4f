//! The verbs. What may be done to folders, files, tokens and the rest, by whom, and in which order things become true.
//! It knows no HTTP, no JSON and no product; its types do not serialise.

mod actor;
pub mod archives;
mod assets;
mod capabilities;
mod cards;
mod care;
mod chance;
mod clock;
mod codes;
mod descriptions;
mod downloads;
mod exports;
mod fault;
mod fields;
mod folders;
mod image_details;
mod jobs;
mod latest;
mod links;
mod names;
mod paths;
mod records;
mod renditions;
mod rules;
mod search;
mod sessions;
mod slugs;
mod tenants;
mod tokens;
mod trash;
mod uploads;
mod verify;

use std::{sync::Arc, time::Duration};

pub use actor::{Actor, Origin, Right, Rights};
pub use assets::Listing;
pub use care::Collected;
pub use chance::{hex_key_32, key_20, random_below, secret};
pub use clock::Clock;
pub use codes::Codes;
pub use descriptions::{AssetNotes, NotesWanted, Words};
pub use downloads::{Delivery, Toll};
pub use exports::Package;
pub use fault::{Fault, Invalid, Noun};
pub use fields::FieldsWish;
pub use image_details::ImageDetails;
pub use jobs::JobRunner;
pub use latest::Latest;
pub use links::Offer;
pub use media::{
    Accepts, Crop, Focus, Format, Plan, Renderer, RendererConfig, Resize, Videos, VideosConfig, Wanted, find_program,
};
pub use names::split_extension;
pub use paths::{Found, Place};
pub use renditions::{Dropped, RenditionsOf, Warmed, extension_of};
pub use rules::{MAX_RULES, RulesInForce};
pub use search::{Search, SearchHits};
pub use slugs::slugify;
pub use store::{
    Catalog,
    assets::{Asset, AssetState, Picture, Scan, Version},
    audit::{Action, AuditLine, Stamp},
    blobs::Blobs,
    fields::Field,
    folders::{Folder, FolderKind},
    jobs::{Job, JobState, Work},
    records::Record,
    rules::{Access, Allow, Condition, Governing, Rule, Ruled, Test},
    tenants::Tenant,
    tokens::Token,
    users::User,
};
pub use tenants::{Founded, NewPerson};
pub use tokens::TokenWish;
pub use trash::Trash;
pub use uploads::{Announcement, Ingest, Look, Received, Upload};
pub use verify::{Problem, Verified, Wrong};

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
    /// For how long an upload may lie unfinished, and bytes without a row unclaimed, in milliseconds.
    pub staging_age_ms: i64,
    /// For how long what is in the trash stays there before it is purged, in milliseconds; 0: for ever.
    pub trash_age_ms: i64,
    /// For how long bytes that nothing points at stay where they are, for those who are reading them, in milliseconds.
    pub garbage_age_ms: i64,
    /// For how long collected bytes lie in the holding area before they are removed for good, in milliseconds.
    pub holding_age_ms: i64,
    /// How many bytes renditions may have together before those go that lay idle longest; 0: without a limit.
    pub max_renditions_bytes: u64,
    /// For how long a rendition that nobody uses is kept, in milliseconds; 0: for ever.
    pub renditions_age_ms: i64,
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
            trash_age_ms: 0,
            garbage_age_ms: 60 * 60 * 1_000,
            holding_age_ms: 7 * 24 * 60 * 60 * 1_000,
            max_renditions_bytes: 10 << 30,
            renditions_age_ms: 90 * 24 * 60 * 60 * 1_000,
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
    videos: Videos,
    clock: Clock,
    limits: Limits,
    /// What is made of an image before anybody asks.
    previews: Vec<Plan>,
    cards: cards::Cards,
    keys: capabilities::Memory,
    tokens: tokens::Memory,
    paths: paths::Memory,
    turns: fields::Turns,
    renditions: renditions::Memory,
    rules: rules::Memory,
    downloads: downloads::Counter,
    calls: downloads::Counter,
    jobs: tokio::sync::Notify,
}

impl Library {
    /// Puts a library together from its parts. `previews` are made of every image that comes in, before anybody asks for them:
    /// [`Self::preview_plan`], and what else its dialects show at once.
    #[must_use]
    pub fn new(
        catalog: Catalog,
        blobs: Blobs,
        renderer: Renderer,
        videos: Videos,
        clock: Clock,
        limits: Limits,
        previews: Vec<Plan>,
    ) -> Self {
        let inner = Inner {
            cards: cards::Cards::new(&limits),
            keys: capabilities::Memory::default(),
            tokens: tokens::Memory::new(&limits),
            paths: paths::Memory::new(&limits),
            turns: fields::Turns::default(),
            renditions: renditions::Memory::new(&limits),
            rules: rules::Memory::new(&limits),
            downloads: downloads::Counter::default(),
            calls: downloads::Counter::default(),
            jobs: tokio::sync::Notify::new(),
            catalog,
            blobs,
            renderer,
            videos,
            clock,
            limits,
            previews,
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
        self.settle_renditions().await;
        if let Err(error) = self.flush_downloads().await {
            tracing::warn!(%error, "the last second's downloads are not counted");
        }
        if let Err(error) = self.flush_calls().await {
            tracing::warn!(%error, "the last second's calls are not counted");
        }
        if let Err(error) = self.flush_rendition_uses().await {
            tracing::warn!(%error, "the last minute's uses of renditions are not noted");
        }
        self.inner.catalog.close().await;
    }
}
