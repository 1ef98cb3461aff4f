//! Delivering a file's bytes: as they are, or by a plan. A rendition is made once, by one flight however many ask, and kept for
//! as long as there is room; one that is gone by the time it is sent is made again.

mod drawing;
mod idle;
mod measuring;
mod previews;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use content::{Body, Content, Family};
use media::{Plan, Probe, Resolution, Resolved};
use moka::future::Cache;
use store::{
    blobs::{BlobKey, Error as BlobError},
    renditions::Rendition,
};
use tokio::sync::Semaphore;

use crate::{
    Actor, Asset, Delivery, Fault, Form, Library, Limits, Noun, Right, Version, downloads::Toll, names,
    uploads::store_fault,
};

pub(crate) use drawing::{read_whole, render_fault};
use idle::Uses;
pub use idle::{Dropped, RenditionsOf};
pub(crate) use measuring::tells_something;
pub use previews::Warmed;

/// For how long an image that could not be drawn is not tried again.
const REFUSAL_AGE: Duration = Duration::from_secs(10 * 60);

/// A rendition by its blob and the key of its plan.
type Name = (i64, Box<str>);

/// Renditions by blob and plan. What it holds never changes; only the bytes behind it may be evicted.
pub(crate) struct Memory {
    pub(crate) made: Cache<Name, Arc<Kept>>,
    /// Images that could not be drawn: each try may have cost seconds of a worker.
    pub(crate) refused: Cache<(i64, Option<Box<str>>), ()>,
    /// One turn for each image, so that many sizes of a slow one do not keep every worker from all the others.
    turns: Cache<i64, Arc<Semaphore>>,
    uses: Uses,
    /// What may still be made durable behind its answer.
    keeping: Arc<Semaphore>,
    decodings: AtomicU64,
}

/// Memory and open files of renditions that are being made durable behind their answers, in units of 64 KiB: so much in all.
const KEEPING_UNITS: u32 = 1_024;
/// How often a rendition is looked for and drawn that others evict as often.
pub(crate) const OPENING_ATTEMPTS: usize = 5;

/// A rendition that this node has seen, and when it was used.
pub(crate) struct Kept {
    pub(crate) rendition: Rendition,
    used: idle::Used,
    /// Its bytes, until the store has them.
    unkept: Mutex<Option<Body>>,
}

impl Kept {
    fn new(rendition: Rendition, used: idle::Used, unkept: Option<Body>) -> Self {
        Self { rendition, used, unkept: Mutex::new(unkept) }
    }

    /// The bytes, while the store does not have them.
    fn unkept(&self) -> MutexGuard<'_, Option<Body>> {
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> Name {
        (self.rendition.blob_id, self.rendition.plan_key.clone().into_boxed_str())
    }
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            made: Cache::new(limits.max_cards),
            refused: Cache::builder().max_capacity(limits.max_cards).time_to_live(REFUSAL_AGE).build(),
            turns: Cache::builder().max_capacity(limits.max_cards).time_to_idle(REFUSAL_AGE).build(),
            uses: Uses::default(),
            keeping: Arc::new(Semaphore::new(KEEPING_UNITS as usize)),
            decodings: AtomicU64::default(),
        }
    }
}

impl Library {
    /// A file's bytes; by the plan where there is one and the file is an image that can be drawn, else as they are. The picture of a
    /// document or a film is not what it is: see [`Self::thumbnail`].
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Quarantined`; `Busy` when too much is being drawn.
    pub async fn contents(&self, actor: &Actor, asset_id: i64, plan: Option<&Plan>) -> Result<Delivery, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let form = self.form_for(actor, asset.tenant_id).await?;
        let content = match plan.filter(|_| version.media_type.family() == Family::Image) {
            None => self.original(&asset, version, form).await?,
            Some(plan) => match self.drawn((&asset, version), plan, form).await {
                // What cannot be drawn is sent as it is, with its own type: a viewer may know better than we do.
                Err(Fault::Unsupported) => self.original(&asset, version, form).await?,
                outcome => outcome?,
            },
        };
        let toll = Toll::of([&*asset], &content);
        Ok(Delivery { content, toll })
    }

    /// A file by a plan, such as the small JPEG that lists show, which is not counted; `Unsupported` for files that can not
    /// be drawn. Of a document the first page, of a film its poster. Those without a key get none of a limited file.
    ///
    /// # Errors
    /// As for [`Self::contents`].
    pub async fn thumbnail(&self, actor: &Actor, asset_id: i64, plan: &Plan) -> Result<Content, Fault> {
        let asset = self.safe_asset(actor, asset_id).await?;
        Self::expect_unlimited(actor, &asset)?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let form = self.form_for(actor, asset.tenant_id).await?;
        self.drawn((&asset, version), plan, form).await
    }

    /// How often an image was given to a worker to draw from, since this library was opened: for those who watch it.
    #[must_use]
    pub fn decodings(&self) -> u64 {
        self.inner.renditions.decodings.load(Ordering::Relaxed)
    }

    /// The file whose bytes the actor may have and the scan lets out.
    async fn safe_asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        self.expect_safe(actor, &asset)?;
        Ok(asset)
    }

    /// A limited file has no public preview and no static path.
    fn expect_unlimited(actor: &Actor, asset: &Asset) -> Result<(), Fault> {
        if actor.is_outsider() && asset.download_limit.is_some() { Err(Fault::Unauthenticated) } else { Ok(()) }
    }

    /// A file's bytes under a path that needs no key: as [`Self::contents`], but not for limited files.
    ///
    /// # Errors
    /// As for [`Self::contents`].
    pub async fn public_contents(&self, actor: &Actor, asset_id: i64, plan: Option<&Plan>) -> Result<Delivery, Fault> {
        Self::expect_unlimited(actor, &*self.safe_asset(actor, asset_id).await?)?;
        self.contents(actor, asset_id, plan).await
    }

    /// By a plan; in a form where the plan leaves the file as it is.
    pub(crate) async fn drawn(
        &self,
        (asset, version): (&Asset, &Version),
        plan: &Plan,
        form: Form,
    ) -> Result<Content, Fault> {
        match plan.resolve(&probe_of(version).ok_or(Fault::Unsupported)?) {
            Resolution::Unchanged => self.original(asset, version, form).await,
            Resolution::Render(resolved) => {
                let (kept, body) = self.opened_rendition(version, &resolved).await?;
                self.note_use(&kept);
                Ok(rendered(asset, version, (&kept.rendition, &resolved), body))
            }
        }
    }

    /// A rendition and its bytes. Another node may have evicted it since this one saw it, or the one that was drawn since: then it is drawn
    /// again, some times.
    async fn opened_rendition(&self, version: &Version, resolved: &Resolved) -> Result<(Arc<Kept>, Body), Fault> {
        for _ in 0..OPENING_ATTEMPTS {
            let kept = self.rendition(version, resolved).await?;
            if let Some(body) = self.try_open(&kept).await.map_err(store_fault)? {
                return Ok((kept, body));
            }
            self.forget_rendition(&kept).await?;
        }
        // Nothing is kept for long enough to be read: there is hardly any room.
        Err(Fault::Busy)
    }

    /// The bytes of a rendition, if they are there and whole.
    pub(crate) async fn try_open(&self, kept: &Kept) -> Result<Option<Body>, BlobError> {
        if let Some(body) = &*kept.unkept() {
            return Ok(Some(body.clone()));
        }
        let rendition = &kept.rendition;
        if let Some(bytes) = self.inner.blobs.hot(rendition.key) {
            return Ok(Some(Body::Memory(bytes)));
        }
        match self.inner.blobs.open(rendition.key, rendition.size).await {
            Ok(body) => Ok(Some(body)),
            Err(
                BlobError::Missing(_) | BlobError::Length { .. } | BlobError::Sealed { .. } | BlobError::NoKey { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn original_as_it_came(&self, asset: &Asset, version: &Version) -> Result<Content, Fault> {
        Ok(Content {
            body: self.open(version.blob.key, version.blob.size).await?,
            media_type: version.media_type.clone(),
            name: asset.name.clone(),
            tag: version.tag(),
            modified_ms: version.created_at,
            sha256: Some(version.blob.digest.sha256),
            harmless: false,
        })
    }

    pub(crate) async fn open(&self, key: BlobKey, size: u64) -> Result<Body, Fault> {
        if let Some(bytes) = self.inner.blobs.hot(key) {
            return Ok(Body::Memory(bytes));
        }
        self.inner.blobs.open(key, size).await.map_err(store_fault)
    }
}

/// The tag names the bytes themselves: drawn again, they may be others.
fn rendered(asset: &Asset, version: &Version, (rendition, resolved): (&Rendition, &Resolved), body: Body) -> Content {
    let name = if rendition.media_type == version.media_type {
        asset.name.clone()
    } else {
        names::with_extension(&asset.name, resolved.format.extension())
    };
    Content {
        body,
        media_type: rendition.media_type.clone(),
        name,
        tag: rendition.key.id().to_string(),
        modified_ms: version.created_at,
        sha256: None,
        harmless: false,
    }
}

/// The extension of what a plan makes of a version; none where its own bytes are the answer, or nothing can be drawn.
#[must_use]
pub fn extension_of(plan: &Plan, version: &Version) -> Option<&'static str> {
    match plan.resolve(&probe_of(version)?) {
        Resolution::Render(resolved) => Some(resolved.format.extension()),
        Resolution::Unchanged => None,
    }
}

/// What the plan needs to know of the source, from its row.
fn probe_of(version: &Version) -> Option<Probe> {
    let (width, height) = version.pixels?;
    Some(Probe {
        media_type: version.media_type.clone(),
        width,
        height,
        orientation: version.orientation,
        animated: version.animated,
    })
}
