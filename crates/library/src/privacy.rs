//! Originals that are shared without what they tell of their makers: where and when a picture was taken, with which camera, by whom. A
//! tenant has it so for all that goes out to those without a key; a link may say otherwise. What is left is kept as a rendition is, under a
//! plan of its own, and made again when it is gone.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use content::{Content, Family, MediaType};
use media::{Rendered, Stripped, strip_private};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use crate::{
    Actor, Asset, Fault, Library, Limits, Noun, Version,
    kinds::by_extension,
    names::split_extension,
    renditions::{Kept, OPENING_ATTEMPTS, read_whole},
    uploads::store_fault,
};

/// The plan under which what is left is kept.
const PLAN: &str = "private";
/// Larger files are not shared without what they tell, and so not at all: they are held in memory some times over, in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// So many are looked through at a time.
const AT_ONCE: usize = 2;

/// What cameras and those who work with their pictures call files whose bytes tell nothing here.
const UNTOLD: &str = " 3fr ari arw bay cap cr2 cr3 crw dcr dcs dng drf erf fff gpr iiq k25 kdc mdc mef mos mrw nef nrw orf pef ptx pxn raf raw \
    rw2 rwl rwz sr2 srf srw x3f insv lrv thm mts m2ts ts mxf nut exr hdr dcm jxr wdp hdp j2k jpc jpf ppm pgm pnm eps ";
const SECOND_MS: i64 = 1_000;

/// Which bytes of a file somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they came.
    AsItCame,
    /// Pictures and films without what they tell of their makers; everything else as it came.
    Private,
}

/// What a tenant has said, and when that was read; which bytes tell nothing.
pub(crate) struct Memory {
    tenants: Cache<i64, (bool, i64)>,
    telling_nothing: Cache<i64, ()>,
    turns: Arc<Semaphore>,
    /// Nobody reads a tenant's row while it changes and remembers it after that.
    changing: Mutex<u64>,
    max_age_ms: i64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            tenants: Cache::new(10_000),
            telling_nothing: Cache::new(limits.max_cards),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            changing: Mutex::default(),
            max_age_ms: limits.max_memory_age_ms,
        }
    }
}

/// Why there are no other bytes.
#[derive(Debug, Clone)]
enum NoOther {
    /// Those that came tell nothing.
    Needed,
    Fault(Fault),
}

impl From<Fault> for NoOther {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Library {
    /// Says whether what a tenant shares tells nothing of its makers.
    ///
    /// # Errors
    /// `Denied` for those who do not run the tenant, `NotFound` when there is none.
    pub async fn set_private(&self, actor: &Actor, tenant_id: i64, private: bool) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let done = self.inner.catalog.set_private(tenant_id, private, &actor.stamp(self.now_ms())).await;
        let memory = &self.inner.privacy;
        {
            let mut changes = memory.changing.lock().unwrap_or_else(PoisonError::into_inner);
            *changes += 1;
            memory.tenants.invalidate(&tenant_id);
        }
        if done? { Ok(()) } else { Err(Fault::NotFound(Noun::Tenant)) }
    }

    /// Whether what a tenant shares tells nothing of its makers: what a link does that says nothing else.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_private(&self, tenant_id: i64) -> Result<bool, Fault> {
        let (now_ms, memory) = (self.now_ms(), &self.inner.privacy);
        if let Some((private, read_at)) = memory.tenants.get(&tenant_id)
            && (0..memory.max_age_ms).contains(&now_ms.saturating_sub(read_at))
        {
            return Ok(private);
        }
        let changes = *memory.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let private = self.inner.catalog.is_private(tenant_id).await?;
        let changing = memory.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if *changing == changes {
            memory.tenants.insert(tenant_id, (private, now_ms));
        }
        Ok(private)
    }

    /// What an actor gets of a tenant's files: whoever has no key, what is shared.
    pub(crate) async fn form_for(&self, actor: &Actor, tenant_id: i64) -> Result<Form, Fault> {
        if actor.is_outsider() { self.shared_form(tenant_id, None).await } else { Ok(Form::AsItCame) }
    }

    /// What goes out of a tenant's files to anybody, unless a link says otherwise.
    pub(crate) async fn shared_form(&self, tenant_id: i64, said: Option<bool>) -> Result<Form, Fault> {
        let private = match said {
            Some(private) => private,
            None => self.is_private(tenant_id).await?,
        };
        Ok(if private { Form::Private } else { Form::AsItCame })
    }

    /// The bytes of a version in a form.
    ///
    /// # Errors
    /// `Unsupported` when nobody can say whether they tell something; `Busy`.
    pub(crate) async fn original(&self, asset: &Asset, version: &Version, form: Form) -> Result<Content, Fault> {
        if form == Form::AsItCame || !may_tell(asset, version) {
            return self.original_as_it_came(asset, version).await;
        }
        let opening = self.private_original(asset, version);
        tokio::time::timeout(self.inner.limits.max_render_wait, opening).await.map_err(|_| Fault::Busy)?
    }

    async fn private_original(&self, asset: &Asset, version: &Version) -> Result<Content, Fault> {
        for _ in 0..OPENING_ATTEMPTS {
            let Some(kept) = self.without_private(version).await? else {
                return self.original_as_it_came(asset, version).await;
            };
            if let Some(body) = self.try_open(&kept).await.map_err(store_fault)? {
                self.note_use(&kept);
                return Ok(Content {
                    body,
                    media_type: version.media_type.clone(),
                    name: asset.name.clone(),
                    // Whoever makes it makes the same bytes.
                    tag: format!("{PLAN}-{}", version.tag()),
                    // Who has what came, and asks by its date alone, is not told that it is still so.
                    modified_ms: version.created_at + SECOND_MS,
                    sha256: None,
                    harmless: false,
                });
            }
            self.forget_rendition(&kept).await?;
        }
        Err(Fault::Busy)
    }

    /// What is left of a picture or a film; none: it tells nothing.
    async fn without_private(&self, version: &Version) -> Result<Option<Arc<Kept>>, Fault> {
        let telling_nothing = &self.inner.privacy.telling_nothing;
        if telling_nothing.contains_key(&version.blob.id) {
            return Ok(None);
        }
        let made = &self.inner.renditions.made;
        match made
            .try_get_with((version.blob.id, PLAN.into()), self.find_or_strip(version))
            .await
            .map_err(Arc::unwrap_or_clone)
        {
            Ok(kept) => Ok(Some(kept)),
            Err(NoOther::Needed) => {
                telling_nothing.insert(version.blob.id, ());
                Ok(None)
            }
            Err(NoOther::Fault(fault)) => Err(fault),
        }
    }

    async fn find_or_strip(&self, version: &Version) -> Result<Arc<Kept>, NoOther> {
        if let Some(kept) = self.known_rendition(version, PLAN).await? {
            return Ok(kept);
        }
        let refused = (version.blob.id, Some(Box::from(PLAN)));
        if version.blob.size > MAX_BYTES || self.inner.renditions.refused.contains_key(&refused) {
            return Err(Fault::Unsupported.into());
        }
        let turn = Arc::clone(&self.inner.privacy.turns).acquire_owned().await.map_err(Fault::internal)?;
        let bytes = read_whole(&self.open(version.blob.key, version.blob.size).await?).await?;
        let media_type = version.media_type.clone();
        let stripped = tokio::task::spawn_blocking(move || {
            // The turn lasts as long as it runs, whoever still waits for it, and until the bytes are in the store.
            (strip_private(&bytes, &media_type), turn)
        });
        let (stripped, turn) = stripped.await.map_err(Fault::internal)?;
        let bytes = match stripped {
            Ok(Stripped::AsItCame) => return Err(NoOther::Needed),
            Ok(Stripped::Without(rest)) => Bytes::from(rest),
            Err(error) => {
                tracing::info!(%error, "a file is not shared: it may tell something private");
                self.inner.renditions.refused.insert(refused, ()).await;
                return Err(Fault::Unsupported.into());
            }
        };
        let (width, height) = version.pixels.unwrap_or_default();
        let media_type = version.media_type.clone();
        let rendered = Rendered { bytes, media_type, width, height, animated: version.animated };
        // On a task of its own: a caller who goes away leaves no bytes without a row.
        let (library, version) = (self.clone(), version.clone());
        let keeping = tokio::spawn(async move {
            let kept = library.keep_at_once(&version, (PLAN.to_owned(), false), rendered).await;
            drop(turn);
            kept
        });
        Ok(keeping.await.map_err(Fault::internal)??)
    }
}

/// Whether a file is a picture or a film, of which those tell something that cameras make. Drawings are none.
pub(crate) fn may_tell(asset: &Asset, version: &Version) -> bool {
    let media_type = &version.media_type;
    match media_type.family() {
        Family::Image => *media_type != MediaType::SVG,
        Family::Video => true,
        Family::Audio => media_type.as_str() == "audio/mp4",
        Family::Font => false,
        // A picture or film that is damaged, or of a kind that is not known here, is one by its name.
        Family::Other if *media_type == MediaType::OCTET_STREAM => {
            let extension = split_extension(&asset.name).1.to_ascii_lowercase();
            let told = by_extension(&extension).map(|media_type| media_type.family());
            matches!(told, Some(Family::Image | Family::Video)) || UNTOLD.contains(&format!(" {extension} "))
        }
        Family::Other => false,
    }
}
