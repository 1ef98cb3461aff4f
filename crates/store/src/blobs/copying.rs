//! Copies blobs from one store to another as they lie there: under the same key, sealed or not. Who wants them copied, and what became of
//! those that are gone, is not its business.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use content::{ByteRange, ByteStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};

use super::{
    Backend, BlobKey, Blobs, BlobsConfig, Error, Inner, StageError,
    disk::Disk,
    hot::Hot,
    intake::Intake,
    objects::{self, Objects},
    sealed::Keys,
};

/// Smaller ones go to an object store in one request.
const WHOLE_BYTES: u64 = 8 * 1024 * 1024;

/// Who is told how many bytes have passed.
pub(crate) type Passed = Arc<dyn Fn(u64) + Send + Sync>;

impl Blobs {
    /// Blobs in a folder that somebody else has filled: nothing is made or written there, so it may be one that can not be written.
    #[must_use]
    pub fn disk_to_read(root: &Path, config: BlobsConfig) -> Self {
        let (hot, keys) = (Hot::new(&config), Keys::new(None));
        let disk = Disk::lay_out(root.to_owned(), &config, config.room());
        Self(Arc::new(Inner { backend: Backend::Disk(Arc::new(disk)), hot, keys }))
    }

    /// Copies what lies under `key`, of a blob that has `len` bytes, to the same key of another store: when this returns, it is durable
    /// there. Bytes that are not sealed have to be those of `sha256`; false, and nothing is left there, when they are not.
    ///
    /// # Errors
    /// As for [`Self::open`], and when the other store fails.
    pub(crate) async fn copy_to(
        &self,
        to: &Self,
        key: BlobKey,
        len: u64,
        sha256: [u8; 32],
        passed: Passed,
    ) -> Result<bool, Error> {
        let stored = self.0.open_stored(key, len).await?;
        let stored_len = stored.len();
        let expected = (!key.is_sealed()).then_some(sha256);
        let body = stored.read(ByteRange::whole(stored_len)).inspect_ok(move |piece| passed(piece.len() as u64));
        // What is missing here is told apart from what the other store lacks.
        let body = body.map_err(move |error| io::Error::other(Error::from(error).about(key))).boxed();
        match &to.0.backend {
            Backend::Disk(disk) => disk.write_expected(key, body, stored_len, expected).await,
            Backend::Objects(objects) => objects.write_expected(key, body, stored_len, expected).await,
        }
    }
}

impl Disk {
    /// Writes a blob of `len` bytes as they are, durably, under a key that others may be writing the same bytes to; false, and nothing
    /// stays, when it has another SHA-256.
    async fn write_expected(
        self: &Arc<Self>,
        key: BlobKey,
        body: ByteStream,
        len: u64,
        expected: Option<[u8; 32]>,
    ) -> Result<bool, Error> {
        let staged = self.stage(key.kind(), None, Intake::new(body, len)).await.map_err(StageError::of_a_blob)?;
        if expected.is_some_and(|expected| expected != staged.digest.sha256) {
            return Ok(false);
        }
        self.put_through(key, staged, len).await?;
        Ok(true)
    }
}

impl Objects {
    /// The same.
    async fn write_expected(
        &self,
        key: BlobKey,
        body: ByteStream,
        len: u64,
        expected: Option<[u8; 32]>,
    ) -> Result<bool, Error> {
        if len <= WHOLE_BYTES {
            let pieces: Vec<Bytes> = body.try_collect().await?;
            let mut sum = Sha256::new();
            pieces.iter().for_each(|piece| sum.update(piece));
            let found = pieces.iter().map(|piece| piece.len() as u64).sum();
            if found != len {
                return Err(Error::Length { key, expected: len, found });
            }
            if expected.is_some_and(|expected| expected != <[u8; 32]>::from(sum.finalize())) {
                return Ok(false);
            }
            self.store.put(&objects::path(key), pieces.into_iter().collect::<PutPayload>()).await?;
            return Ok(true);
        }
        let sum = Arc::new(Mutex::new(Sha256::new()));
        let beside = Arc::clone(&sum);
        let body = body.inspect_ok(move |piece| lock(&beside).update(piece));
        self.join(key, body.boxed(), len).await?;
        let found: [u8; 32] = lock(&sum).finalize_reset().into();
        if expected.is_some_and(|expected| expected != found) {
            self.removed(&objects::path(key)).await?;
            return Ok(false);
        }
        Ok(true)
    }
}

fn lock(sum: &Mutex<Sha256>) -> MutexGuard<'_, Sha256> {
    sum.lock().unwrap_or_else(PoisonError::into_inner)
}
