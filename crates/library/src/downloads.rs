//! Counting downloads: what is limited is counted before a byte goes out, by one conditional statement; what is not is
//! counted in memory and written down each second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use content::{Content, Portion};
use store::downloads::{Download, Logged};

use crate::{Actor, Asset, Fault, Form, Library, Noun};

/// For how long a counted download may be taken up again, in milliseconds.
pub(crate) const RESUME_MS: i64 = 60 * 60 * 1_000;
/// Callers of different files seldom meet at one lock.
const SHELVES: usize = 16;

/// Bytes to give out, and what giving them out counts.
#[derive(Debug)]
pub struct Delivery {
    /// The bytes and what they are.
    pub content: Content,
    /// To be paid, by [`Library::count_download`], once it is known how much of it goes out.
    pub toll: Toll,
}

/// What a delivery counts.
#[derive(Debug, Clone, Default)]
pub struct Toll {
    limited: Vec<i64>,
    unlimited: Vec<i64>,
    /// The file, by tenant and id, that a signed URL gives to whoever has it.
    pub(crate) lent: Option<(i64, i64)>,
    /// Names a way to the bytes that was counted when it was given out.
    pub(crate) ticket: Option<String>,
    tag: String,
    size: u64,
}

impl Toll {
    /// What giving out these assets counts.
    pub(crate) fn of<'a>(assets: impl IntoIterator<Item = &'a Asset>, content: &Content) -> Self {
        let mut toll = Self { tag: content.tag.clone(), size: content.body.len(), ..Self::default() };
        for asset in assets {
            let list = if asset.download_limit.is_some() { &mut toll.limited } else { &mut toll.unlimited };
            list.push(asset.id);
        }
        toll
    }

    /// The same of another form of the same files.
    pub(crate) fn about(self, content: &Content) -> Self {
        Self { tag: content.tag.clone(), size: content.body.len(), ..self }
    }

    pub(crate) fn with_ticket(self, ticket: &str) -> Self {
        Self { ticket: Some(ticket.to_owned()), ..self }
    }

    /// The same for whoever has the way to it, until it ends.
    pub(crate) fn lent(self, asset: &Asset) -> Self {
        Self { lent: Some((asset.tenant_id, asset.id)), ..self }
    }

    /// The files that go out.
    pub(crate) fn files(&self) -> impl Iterator<Item = i64> {
        self.limited.iter().chain(&self.unlimited).copied()
    }
}

/// What is counted without a limit and not written down yet: downloads of assets, calls of tokens.
#[derive(Default)]
pub(crate) struct Counter([Mutex<HashMap<i64, i64>>; SHELVES]);

impl Counter {
    pub(crate) fn add(&self, asset_id: i64, count: i64) {
        let shelf = usize::try_from(asset_id.unsigned_abs() % SHELVES as u64).unwrap_or_default();
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        *self.0[shelf].lock().unwrap_or_else(PoisonError::into_inner).entry(asset_id).or_default() += count;
    }

    pub(crate) fn take(&self) -> Vec<(i64, i64)> {
        let lock = |shelf: &Mutex<_>| std::mem::take(&mut *shelf.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.iter().flat_map(lock).collect()
    }
}

impl Library {
    /// Counts a download, unless it continues one that the same caller has begun within the hour. Nothing is counted for
    /// `None`: no bytes go out.
    ///
    /// # Errors
    /// `Exhausted` when the limit of a file is reached.
    pub async fn count_download(&self, actor: &Actor, toll: &Toll, portion: Option<Portion>) -> Result<(), Fault> {
        let Some(portion) = portion else { return Ok(()) };
        if !toll.limited.is_empty() {
            let now_ms = self.now_ms();
            let address = actor.origin().address.map(|address| address.to_string());
            let download = Download {
                assets: &toll.limited,
                caller: &actor.caller(),
                address: address.as_deref(),
                tag: &toll.tag,
                size: toll.size,
                resumed_bytes: portion.resumes.then_some(portion.bytes),
                now_ms,
                begun_after_ms: now_ms - RESUME_MS,
                adds_up: false,
            };
            if let Some(ticket) = &toll.ticket
                && self.goes_by_ticket(ticket, &download, portion).await?
            {
                return self.note_read(actor, toll).await;
            }
            let spent = self.inner.catalog.spend_download(&download).await;
            // What is used up now is to be seen at once, by packages and listings too.
            toll.limited.iter().for_each(|id| self.inner.cards.void(*id));
            if !spent? {
                return Err(Fault::Exhausted);
            }
        }
        if !portion.resumes {
            toll.unlimited.iter().for_each(|id| self.inner.downloads.add(*id, 1));
        }
        self.note_read(actor, toll).await
    }

    /// Whether bytes were counted when the way to them was given out. From the beginning they go once for each time, however few
    /// of them are asked for: what breaks off is then taken up again by whoever has it, as if they had been counted here.
    async fn goes_by_ticket(&self, ticket: &str, download: &Download<'_>, portion: Portion) -> Result<bool, Fault> {
        let catalog = &self.inner.catalog;
        // What the caller has begun leaves the ticket to what is yet to begin.
        if portion.resumes && catalog.resume_download(download, portion.bytes).await? {
            return Ok(true);
        }
        let by_ticket = Download { caller: ticket, ..download.clone() };
        let bytes = if portion.resumes { portion.bytes } else { download.size };
        if !catalog.resume_download(&by_ticket, bytes).await? {
            return Ok(false);
        }
        if !portion.resumes {
            catalog.begin_download(download).await?;
        }
        Ok(true)
    }

    /// The bytes of one version of a file, for whoever was given the way to them, and whose they are. By a `ticket` that a link was
    /// followed with ([`Self::follow_link`]), a limited file is free as often as that was counted.
    ///
    /// # Errors
    /// `NotFound` when the file or the version is not there, or not to be let out; `Unsupported` when it is not there in that form.
    pub async fn version_contents(
        &self,
        actor: &Actor,
        (asset_key, version_id, form): (&str, i64, Form),
        ticket: &str,
    ) -> Result<(i64, Delivery), Fault> {
        let missing = || Fault::NotFound(Noun::Asset);
        let (asset_id, version) = self.inner.catalog.version(version_id).await?.ok_or_else(missing)?;
        let asset = self.given_asset(actor, asset_id).await?;
        let is_current = asset.version.as_ref().is_some_and(|current| current.id == version_id);
        if asset.key != asset_key || (!is_current && !self.gives_old(&version).await?) {
            return Err(missing());
        }
        let content = self.original(&asset, &version, form).await?;
        let toll = Toll::of([&*asset], &content).with_ticket(ticket).lent(&asset);
        Ok((asset.tenant_id, Delivery { content, toll }))
    }

    /// The downloads of limited files that were counted, oldest first.
    ///
    /// # Errors
    /// `NotFound` for another tenant's files. The caller has them from a verb that checked the rights.
    pub async fn logged_downloads(&self, actor: &Actor, assets: &[Asset]) -> Result<Vec<Logged>, Fault> {
        let ids = Self::ids_of_own(actor, assets)?;
        Ok(self.inner.catalog.logged_downloads(&ids).await?)
    }

    /// Writes down what was counted in memory. What a crash loses is a second's worth, and of no limit.
    ///
    /// # Errors
    /// When the database refuses; it is tried again with the next.
    pub async fn flush_downloads(&self) -> Result<(), Fault> {
        let counted = self.inner.downloads.take();
        if counted.is_empty() {
            return Ok(());
        }
        let done = self.inner.catalog.add_downloads(&counted).await;
        if done.is_err() {
            counted.into_iter().for_each(|(id, count)| self.inner.downloads.add(id, count));
        }
        Ok(done?)
    }

    /// Forgets what can not be taken up again.
    pub(crate) async fn forget_downloads(&self) -> Result<(), Fault> {
        self.inner.catalog.forget_downloads(self.now_ms() - RESUME_MS).await?;
        Ok(())
    }
}
