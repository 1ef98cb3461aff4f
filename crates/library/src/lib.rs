//! The verbs. What may be done to folders, files, tokens and the rest, by whom, and in which order things become true.
//! It knows no HTTP, no JSON and no product; its types do not serialise.

mod actor;
pub mod archives;
mod assets;
mod audit;
mod backups;
mod capabilities;
mod cards;
mod care;
mod chance;
mod clock;
mod codes;
mod collections;
mod descriptions;
mod dispatches;
mod downloads;
mod encryption;
mod entries;
mod exports;
mod fault;
mod fetches;
mod fields;
mod folders;
mod image_details;
mod inboxes;
mod jobs;
mod kinds;
mod latest;
mod links;
mod listed;
mod measures;
mod names;
mod offers;
mod paths;
mod privacy;
mod quotas;
mod reads;
mod records;
mod removals;
mod renditions;
mod rules;
mod sanitizing;
mod scanning;
mod search;
mod sessions;
mod slugs;
mod tenants;
mod throttle;
mod tokens;
mod trash;
mod upload_policies;
mod uploads;
mod verify;

use std::{collections::HashMap, sync::Arc, time::Duration};

pub use actor::{Actor, Origin, Right, Rights};
pub use assets::Listing;
pub use audit::{AuditChecked, Broken};
pub use backups::{BackupFault, restore};
pub use capabilities::{SigningKeyInfo, mac};
pub use care::Collected;
pub use chance::{digits, hex_key_32, key_20, random_below, secret, uuid_4};
pub use clock::Clock;
pub use codes::Codes;
pub use collections::CollectionWish;
pub use descriptions::{AssetNotes, NotesWanted, Words};
pub use downloads::{Delivery, Toll};
pub use encryption::EncryptionState;
pub use exports::Package;
pub use fault::{Fault, Invalid, Noun};
pub use fields::FieldsWish;
pub use image_details::ImageDetails;
pub use inboxes::InboxWish;
pub use jobs::JobRunner;
pub use latest::Latest;
pub use links::{LinkWish, OpenLink, Visitor};
pub use listed::Listed;
pub use measures::{Measures, Rows};
pub use media::{
    Accepts, Crop, Focus, Format, Load, Plan, Renderer, RendererConfig, Resize, Videos, VideosConfig, Wanted,
    find_program,
};
pub use names::split_extension;
pub use offers::Offer;
pub use outbound::{Config as OutboundConfig, Outbound};
pub use paths::{Found, Place};
pub use privacy::Form;
pub use records::{RecordWish, RecordsOf};
pub use renditions::{Dropped, RenditionsOf, Warmed, extension_of};
pub use rules::{MAX_RULES, RulesInForce};
pub use scan::{Config as ScannerConfig, Scanner};
pub use scanning::ScanPolicy;
pub use search::{Search, SearchHits};
pub use slugs::slugify;
pub use store::{BadMasterKey, MasterKey, TenantKey};
pub use store::{
    Catalog,
    assets::{Asset, AssetState, Picture, Removal, Scan, Terms, Version},
    audit::{Action, AuditLine, ChainedLine, Stamp},
    backups::{Error as BackupError, Made, Manifest, OnStep, Restored, Shelf, Step},
    blobs::Blobs,
    collections::Collection,
    dispatches::{Dispatch, DispatchState, Parcel},
    downloads::Logged,
    encryption::{Encryption, KeyRing, RingError, Sealed},
    fetches::{Fetch, FetchState},
    fields::Field,
    folders::{Folder, FolderKind},
    jobs::{Job, JobState, KINDS as JOB_KINDS, Work},
    links::{Link, Visit, VisitOutcome},
    measures::JobCount,
    quotas::{Quota, QuotaUse},
    records::Record,
    rules::{Access, Allow, Condition, Governing, Rule, Ruled, Test},
    scans::{Quarantined, Verdict},
    tenants::Tenant,
    tokens::Token,
    upload_policies::{PolicyOf, UploadPolicy},
    users::User,
};
pub use tenants::{Founded, NewPerson};
pub use throttle::Throttle;
pub use tokens::TokenWish;
pub use trash::Trash;
pub use upload_policies::check_policy;
pub use uploads::{Announcement, ChunkOutcome, ChunkProgress, ChunkWish, Ingest, Look, Received, Upload, Which};
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
    /// For how long lines of the audit are kept, in milliseconds; 0: for ever.
    pub audit_age_ms: i64,
    /// How many bytes renditions may have together before those go that lay idle longest; 0: without a limit.
    pub max_renditions_bytes: u64,
    /// For how long a rendition that nobody uses is kept, in milliseconds; 0: for ever.
    pub renditions_age_ms: i64,
    /// How much may be asked within a minute.
    pub throttle: Throttle,
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
            audit_age_ms: 0,
            max_renditions_bytes: 10 << 30,
            renditions_age_ms: 90 * 24 * 60 * 60 * 1_000,
            throttle: Throttle::default(),
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
    ring: KeyRing,
    /// What bytes are sealed with that are nobody's yet. It ends with the process, and so do they.
    passing_key: TenantKey,
    renderer: Renderer,
    videos: Videos,
    outbound: Outbound,
    scanner: Option<Scanner>,
    scan_policy: ScanPolicy,
    harmless: sanitizing::Memory,
    default_policies: HashMap<String, UploadPolicy>,
    clock: Clock,
    limits: Limits,
    /// What is made of an image before anybody asks.
    previews: Vec<Plan>,
    cards: cards::Cards,
    keys: capabilities::Memory,
    tokens: tokens::Memory,
    throttle: throttle::Memory,
    paths: paths::Memory,
    privacy: privacy::Memory,
    quotas: quotas::Memory,
    turns: fields::Turns,
    chunk_turns: fields::Turns,
    scan_turns: fields::Turns,
    renditions: renditions::Memory,
    rules: rules::Memory,
    downloads: downloads::Counter,
    calls: downloads::Counter,
    reads: reads::Memory,
    jobs: tokio::sync::Notify,
    going_out: tokio::sync::Notify,
    fetching: tokio::sync::Notify,
    scanning: tokio::sync::Notify,
}

/// What a library is put together from.
pub struct Parts {
    /// The rows.
    pub catalog: Catalog,
    /// The bytes.
    pub blobs: Blobs,
    /// The keys of tenants whose files are sealed; the bytes are opened by the same.
    pub ring: KeyRing,
    /// Who draws images.
    pub renderer: Renderer,
    /// Who looks at films.
    pub videos: Videos,
    /// What goes out.
    pub outbound: Outbound,
    /// Who looks for viruses, if anybody does.
    pub scanner: Option<Scanner>,
    /// What may go out before it was looked at.
    pub scan_policy: ScanPolicy,
    /// Which files holders of keys of a realm may bring where no policy was set, by realm.
    pub default_policies: HashMap<String, UploadPolicy>,
}

impl Library {
    /// Puts a library together from its parts. `previews` are made of every image that comes in, before anybody asks for them:
    /// [`Self::preview_plan`], and what else its dialects show at once.
    #[must_use]
    pub fn new(parts: Parts, clock: Clock, limits: Limits, previews: Vec<Plan>) -> Self {
        let Parts { catalog, blobs, ring, renderer, videos, outbound, scanner, scan_policy, default_policies } = parts;
        let inner = Inner {
            cards: cards::Cards::new(&limits),
            keys: capabilities::Memory::default(),
            tokens: tokens::Memory::new(&limits),
            throttle: throttle::Memory::new(limits.throttle),
            paths: paths::Memory::new(&limits),
            privacy: privacy::Memory::new(&limits),
            quotas: quotas::Memory::new(&limits),
            turns: fields::Turns::default(),
            chunk_turns: fields::Turns::default(),
            scan_turns: fields::Turns::default(),
            renditions: renditions::Memory::new(&limits),
            rules: rules::Memory::new(&limits),
            downloads: downloads::Counter::default(),
            calls: downloads::Counter::default(),
            reads: reads::Memory::default(),
            jobs: tokio::sync::Notify::new(),
            going_out: tokio::sync::Notify::new(),
            fetching: tokio::sync::Notify::new(),
            scanning: tokio::sync::Notify::new(),
            catalog,
            blobs,
            ring,
            passing_key: TenantKey::generate(0),
            renderer,
            videos,
            outbound,
            scanner,
            scan_policy,
            harmless: sanitizing::Memory::default(),
            default_policies,
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

    /// Which parts are out of order without which requests are answered all the same: what needs them is done later.
    pub async fn delays(&self) -> Vec<&'static str> {
        let mut delays = Vec::new();
        if self.inner.outbound.check_mail().await.is_err() {
            delays.push("mail");
        }
        if let Some(scanner) = &self.inner.scanner
            && scanner.check().await.is_err()
        {
            delays.push("scanner");
        }
        delays
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
        if let Err(error) = self.flush_reads().await {
            tracing::warn!(%error, "the last second's reads are not in the audit");
        }
        if let Err(error) = self.flush_rendition_uses().await {
            tracing::warn!(%error, "the last minute's uses of renditions are not noted");
        }
        self.inner.catalog.close().await;
    }
}
