//! Files that are sealed at rest: with which key what comes in is, turning that on and off, and converting what is there. Everything else
//! sees plain bytes.

use content::ByteRange;
use store::{
    blobs::{BlobKey, Error as BlobError, StageError, Staged},
    encryption::{Encryption, Exchange, RingError, Sealed, ToConvert},
    renditions::Rendition,
};

use crate::{
    Actor, Fault, Library, Noun, TenantKey,
    uploads::{stage_fault, store_fault},
};

/// Rows are read this many at a time.
const PAGE: i64 = 100;
/// A job that converts goes on in another after so many bytes, so that others have their turns.
const MAX_BYTES_PER_JOB: u64 = 256 * 1024 * 1024;
/// So long after a tenant's files are to be otherwise, all are looked at once more, in milliseconds: some were on their way.
const SECOND_LOOK_MS: i64 = 60_000;

/// How far a tenant's files are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptionState {
    /// Whether they are to be.
    pub encryption: Encryption,
    /// How many are.
    pub sealed: Sealed,
}

/// What became of a blob.
enum Converted {
    /// So many bytes were written anew.
    Done(u64),
    /// It can not be read: as it is, it stays.
    Unreadable,
    /// It can not be read now.
    OutOfReach,
}

impl Library {
    /// What a tenant's new bytes are to be sealed with.
    pub(crate) async fn sealing(&self, tenant_id: i64) -> Result<Option<TenantKey>, Fault> {
        self.inner.ring.sealing(tenant_id).await.map_err(ring_fault)
    }

    /// What is made of a blob is sealed with.
    pub(crate) async fn sealing_of_blob(&self, blob_id: i64) -> Result<Option<TenantKey>, Fault> {
        self.inner.ring.sealing_of_blob(blob_id).await.map_err(ring_fault)
    }

    /// What bytes are sealed with of which nobody has said yet whose they are: a key that nobody keeps, where any tenant's are sealed.
    pub(crate) async fn sealing_of_anybody(&self) -> Result<Option<TenantKey>, Fault> {
        let any = self.inner.catalog.is_any_encrypted().await?;
        Ok(any.then(|| self.inner.passing_key.clone()))
    }

    /// Staged bytes, sealed as a tenant's are to be: the same, or written once more.
    pub(crate) async fn sealed_with(&self, seal: Option<&TenantKey>, staged: Staged) -> Result<Staged, Fault> {
        if staged.sealed_with() == seal.map(TenantKey::id) {
            return Ok(staged);
        }
        let (kind, len) = (staged.key().kind(), staged.len);
        let body = staged.body().read(ByteRange::whole(len));
        let again = self.inner.blobs.stage(kind, seal, body, len).await.map_err(|error| match error {
            // It is we who read it.
            StageError::Interrupted(error) => store_fault(error.into()),
            error => stage_fault(error),
        })?;
        if again.digest == staged.digest {
            return Ok(again);
        }
        tracing::error!(key = %staged.key(), "staged bytes are others than came");
        Err(Fault::Unavailable("store"))
    }

    /// Unwraps all tenants' keys.
    ///
    /// # Errors
    /// For the first that the master keys do not unwrap.
    pub async fn check_keys(&self) -> Result<(), RingError> {
        self.inner.ring.check().await
    }

    /// The fingerprint of the master key, if there is one.
    #[must_use]
    pub fn master_key(&self) -> Option<String> {
        self.inner.ring.master().map(|fingerprint| fingerprint.to_string())
    }

    /// Has a tenant's files sealed from now on, or not any more; what is there is converted by a job. False when that was so before: then
    /// what may be left of that job is taken up again.
    ///
    /// # Errors
    /// `NotFound`; `Internal`, with the reason, without a master key; `Denied` for all but the command line.
    pub async fn set_encryption(&self, actor: &Actor, tenant_id: i64, on: bool) -> Result<bool, Fault> {
        actor.expect_system()?;
        if self.inner.catalog.tenant(tenant_id).await?.is_none() {
            return Err(Fault::NotFound(Noun::Tenant));
        }
        let stamp = actor.stamp(self.now_ms());
        let catalog = &self.inner.catalog;
        let turned = if on {
            let wrap = self.inner.ring.wrapper(tenant_id).map_err(Fault::internal)?;
            catalog.set_encryption(tenant_id, true, wrap, &stamp).await?
        } else {
            catalog.set_encryption(tenant_id, false, |_| Vec::new(), &stamp).await?
        };
        if !turned {
            self.queue_conversions().await?;
        }
        self.inner.jobs.notify_one();
        Ok(turned)
    }

    /// How far a tenant's files are sealed.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for those who do not run it.
    pub async fn encryption(&self, actor: &Actor, tenant_id: i64) -> Result<EncryptionState, Fault> {
        actor.expect_manager(tenant_id)?;
        let found = self.inner.catalog.encryption(tenant_id).await?;
        let encryption = found.ok_or(Fault::NotFound(Noun::Tenant))?;
        Ok(EncryptionState { encryption, sealed: self.inner.catalog.sealed(tenant_id).await? })
    }

    /// Wraps all tenants' keys by the present master key; how many were wrapped by another. Files stay as they are.
    ///
    /// # Errors
    /// `Internal`, with the reason; `Denied` for all but the command line.
    pub async fn rotate_keys(&self, actor: &Actor) -> Result<u64, Fault> {
        actor.expect_system()?;
        self.inner.ring.rotate().await.map_err(Fault::internal)
    }

    /// The keys of all tenants, or of one, unwrapped: whoever has them reads the files. With whose each is.
    ///
    /// # Errors
    /// `Internal`, with the reason; `Denied` for all but the command line.
    pub async fn export_keys(&self, actor: &Actor, tenant_id: Option<i64>) -> Result<Vec<(i64, TenantKey)>, Fault> {
        actor.expect_system()?;
        let (mut keys, mut after) = (Vec::new(), 0);
        loop {
            let page = self.inner.catalog.tenant_keys(after).await?;
            let Some(last) = page.last() else { return Ok(keys) };
            after = last.id;
            for kept in page.iter().filter(|kept| tenant_id.is_none_or(|id| id == kept.tenant_id)) {
                let key = self.inner.ring.key(kept.id).await.map_err(Fault::internal)?;
                keys.extend(key.map(|key| (kept.tenant_id, key)));
            }
        }
    }

    /// Keeps keys that were exported, each with whose it is, wrapped by the present master key, in the place of those that nobody can
    /// unwrap; how many. Each is tried on a file that is sealed, if there is one.
    ///
    /// # Errors
    /// `Conflict` for a key that opens nothing of its tenant's; `Internal`, with the reason, for one in whose place another is that can be
    /// unwrapped; `Denied` for all but the command line.
    pub async fn restore_keys(&self, actor: &Actor, keys: &[(i64, TenantKey)]) -> Result<u64, Fault> {
        actor.expect_system()?;
        let mut restored = 0;
        for (tenant_id, key) in keys {
            if let Some(blob) = self.inner.catalog.sealed_blob(*tenant_id).await? {
                let opens = self.inner.blobs.opens_with(blob.key, blob.size, key).await.map_err(store_fault)?;
                if !opens {
                    return Err(Fault::Conflict(Noun::Tenant));
                }
            }
            restored += u64::from(self.inner.ring.restore(*tenant_id, key).await.map_err(Fault::internal)?);
        }
        Ok(restored)
    }

    /// Queues what is left to convert and is being converted by nobody.
    pub(crate) async fn queue_conversions(&self) -> Result<(), Fault> {
        for tenant_id in self.inner.catalog.tenants_to_convert().await? {
            self.inner.catalog.queue_conversion(tenant_id, 0, self.now_ms()).await?;
        }
        Ok(())
    }

    /// Converts some of a tenant's files behind the blob `after`, and queues what is left. May be repeated from anywhere: what is as it is
    /// to be is left alone, and a row is changed only when its new bytes are durable.
    pub(crate) async fn convert(&self, tenant_id: i64, after: i64) -> Result<(), Fault> {
        let catalog = &self.inner.catalog;
        let Some(state) = catalog.encryption(tenant_id).await? else { return Ok(()) };
        let seal = self.sealing(tenant_id).await?;
        if after == 0 && state.on {
            catalog.shred_dead_blobs(tenant_id).await?;
        }
        let page = catalog.blobs_to_convert(tenant_id, state.on, after, PAGE).await?;
        let (mut last, mut bytes, mut doubtful) = (after, 0, 0);
        for blob in &page {
            if bytes >= MAX_BYTES_PER_JOB {
                break;
            }
            match self.convert_blob(tenant_id, blob, seal.as_ref()).await? {
                Converted::Done(written) => bytes += written,
                Converted::Unreadable => {}
                Converted::OutOfReach => doubtful += 1,
            }
            last = blob.id;
        }
        if doubtful > 0 && doubtful == page.len() {
            // It is not the files, then.
            return Err(Fault::Unavailable("store"));
        }
        let now_ms = self.now_ms();
        let second_look = state.since + SECOND_LOOK_MS;
        match page.is_empty() {
            false => catalog.queue_conversion(tenant_id, last, now_ms).await?,
            // What was on its way when it was said is there by then. Once: what can not be read would be looked at for ever.
            true if now_ms < second_look => catalog.queue_conversion(tenant_id, 0, second_look).await?,
            true => {}
        }
        Ok(())
    }

    async fn convert_blob(
        &self,
        tenant_id: i64,
        blob: &ToConvert,
        seal: Option<&TenantKey>,
    ) -> Result<Converted, Fault> {
        let mut outcome = Converted::Done(0);
        if blob.key.is_sealed() != seal.is_some() {
            outcome = self.convert_original(tenant_id, blob, seal).await?;
        }
        for rendition in self.inner.catalog.renditions_of_blob(blob.id).await? {
            if rendition.key.is_sealed() != seal.is_some() {
                let written = self.convert_rendition(&rendition, seal).await?;
                if let Converted::Done(bytes) = &mut outcome {
                    *bytes += written;
                }
            }
        }
        Ok(outcome)
    }

    async fn convert_original(
        &self,
        tenant_id: i64,
        blob: &ToConvert,
        seal: Option<&TenantKey>,
    ) -> Result<Converted, Fault> {
        let new = match self.written_anew((blob.key, blob.size), Some(blob.sha256), seal).await? {
            Ok(new) => new,
            Err(outcome) => return Ok(outcome),
        };
        let now_ms = self.now_ms();
        // As for what dies: some may be reading it, and other nodes know the file from memory for a while.
        let shred_at = now_ms + self.inner.limits.garbage_age_ms.max(self.inner.limits.max_memory_age_ms);
        let exchange = Exchange { tenant_id, blob_id: blob.id, old: blob.key, new, shred_at };
        let exchanged = self.inner.catalog.exchange_blob(&exchange, now_ms).await;
        match &exchanged {
            Ok(Some(assets)) => assets.iter().for_each(|id| self.inner.cards.void(*id)),
            // Gone meanwhile, or another node was faster.
            Ok(None) => self.discard(new).await,
            Err(error) if error.is_certain() => self.discard(new).await,
            Err(_) => {}
        }
        exchanged?;
        Ok(Converted::Done(blob.size))
    }

    /// A rendition that can not be read is dropped: it can be made again.
    async fn convert_rendition(&self, rendition: &Rendition, seal: Option<&TenantKey>) -> Result<u64, Fault> {
        let catalog = &self.inner.catalog;
        let new = match self.written_anew((rendition.key, rendition.size), None, seal).await? {
            Ok(new) => new,
            Err(Converted::OutOfReach) => return Ok(0),
            Err(_) => {
                if catalog.drop_rendition(rendition).await? {
                    self.discard(rendition.key).await;
                }
                return Ok(0);
            }
        };
        let exchanged = catalog.exchange_rendition(rendition, new).await;
        match &exchanged {
            Ok(true) => {
                self.forget_made(rendition).await;
                // Who has remembered it finds that it is gone, and looks again.
                self.discard(rendition.key).await;
            }
            Ok(false) => self.discard(new).await,
            Err(error) if error.is_certain() => self.discard(new).await,
            Err(_) => {}
        }
        exchanged?;
        Ok(rendition.size)
    }

    /// The same bytes, sealed or not, durable under another key, if they can be read and are those of this SHA-256.
    async fn written_anew(
        &self,
        (key, len): (BlobKey, u64),
        sha256: Option<[u8; 32]>,
        seal: Option<&TenantKey>,
    ) -> Result<Result<BlobKey, Converted>, Fault> {
        let blobs = &self.inner.blobs;
        let write = async {
            let body = blobs.open(key, len).await?.read(ByteRange::whole(len));
            blobs.stage(key.kind(), seal, body, len).await
        };
        let error = match write.await {
            Ok(staged) if staged.len == len && sha256.is_none_or(|sha256| sha256 == staged.digest.sha256) => {
                return blobs.publish(staged).await.map(Ok).map_err(store_fault);
            }
            Ok(_) => {
                tracing::error!(%key, "bytes are not what they were, and are not converted");
                return Ok(Err(Converted::Unreadable));
            }
            Err(StageError::Full) => return Err(stage_fault(StageError::Full)),
            Err(StageError::Interrupted(error)) => BlobError::from(error),
            Err(StageError::Store(error)) => error,
            Err(error @ StageError::TooLarge { .. }) => return Err(stage_fault(error)),
        };
        tracing::error!(%key, error = &error as &dyn std::error::Error, "bytes can not be read, and are not converted");
        Ok(Err(match error {
            BlobError::Missing(_) | BlobError::Length { .. } | BlobError::Sealed { .. } | BlobError::NoKey { .. } => {
                Converted::Unreadable
            }
            BlobError::Full | BlobError::Disk(_) | BlobError::Objects(_) | BlobError::Keys(_) | BlobError::Url(_) => {
                Converted::OutOfReach
            }
        }))
    }
}

/// What keys do not open now, they may later: it is no mistake of the request's.
pub(crate) fn ring_fault(error: RingError) -> Fault {
    match error {
        RingError::Database(error) => error.into(),
        error @ (RingError::NotSet
        | RingError::NoMasterKey { .. }
        | RingError::OtherMasterKey { .. }
        | RingError::Another { .. }
        | RingError::Wrapping { .. }) => {
            tracing::error!(%error, "a tenant's files can not be sealed");
            Fault::Unavailable("keys")
        }
    }
}
