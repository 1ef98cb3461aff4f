//! Immutable bytes on a disk, in memory or in an S3 store, under keys that are never reused.
//! It knows no rows: who refers to a key, and who may read it, is not its business.
//!
//! Bytes come in by [`Blobs::stage`], which sums them on the way and leaves nothing behind when it fails or is given up, and become
//! durable by [`Blobs::publish`]. Only then may a row point at them. They go away by [`Blobs::hold`], from where they can be brought
//! back until [`Blobs::drop_held`] removes them for good, or at once by [`Blobs::delete`].

mod blocking;
mod buffers;
mod care;
mod copying;
mod disk;
mod disk_hold;
mod disk_list;
mod disk_read;
mod disk_write;
mod error;
mod folder_sync;
mod growing;
mod hot;
mod intake;
mod key;
mod lane;
mod map;
mod objects;
mod objects_hold;
mod objects_parts;
mod objects_write;
mod running_sums;
mod sealed;
mod staged;
mod sums;
mod url;

use std::{
    fmt,
    fs::File,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use content::{Body, ByteStream};
use futures_util::stream;
use object_store::ObjectStore;
use seal::TenantKey;
use tokio::sync::Semaphore;

pub(crate) use self::blocking::blocking;
pub use self::{
    care::{Dropped, Found, Listed},
    error::{Error, StageError},
    key::{BlobId, BlobKey, Kind, NotABlobId},
    running_sums::RunningSums,
    sealed::{KeyError, Keyring},
    staged::Staged,
};
use self::{disk::Disk, hot::Hot, intake::Intake, objects::Objects, sealed::Keys, staged::Place};

/// The limits of [`Blobs`].
#[derive(Debug, Clone)]
pub struct BlobsConfig {
    /// How many bytes of blobs are held in memory, mapped or copied. 256 MiB unless set.
    pub hot_bytes: u64,
    /// Larger blobs are never held but read on demand. 8 MiB unless set; 1 GiB is the most that counts.
    pub hot_max_blob_bytes: u64,
    /// How many bytes all uploads together may have between their bodies and the store. 128 MiB unless set; 64 MiB is the least that counts.
    pub in_flight_bytes: u64,
    /// Who knows the keys of sealed blobs. Nobody unless set: those can not be read then.
    pub keys: Option<Arc<dyn Keyring>>,
}

/// A store of blobs. Clones share it.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    backend: Backend,
    hot: Hot,
    keys: Keys,
}

/// The room of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What is left for us.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

enum Backend {
    Disk(Arc<Disk>),
    Objects(Objects),
}

impl Default for BlobsConfig {
    fn default() -> Self {
        Self { hot_bytes: 256 << 20, hot_max_blob_bytes: 8 << 20, in_flight_bytes: 128 << 20, keys: None }
    }
}

impl BlobsConfig {
    fn within_bounds(self) -> Self {
        Self { hot_max_blob_bytes: self.hot_max_blob_bytes.min(1 << 30), ..self }
    }

    fn room(&self) -> Arc<Semaphore> {
        let units = usize::try_from(self.in_flight_bytes).unwrap_or(usize::MAX) / lane::ROOM_UNIT_BYTES;
        // The largest batch is 64 units, and it must fit.
        Arc::new(Semaphore::new(units.clamp(64, Semaphore::MAX_PERMITS)))
    }
}

impl Blobs {
    /// Blobs in the folder `root`, which is made if it is missing and must be nobody else's.
    ///
    /// # Errors
    /// When the folder cannot be made, synced or written.
    pub async fn disk(root: &Path, config: BlobsConfig) -> Result<Self, Error> {
        let (root, mut config) = (root.to_owned(), config.within_bounds());
        let (hot, keys) = (Hot::new(&config), Keys::new(config.keys.take()));
        let disk = blocking(move || Ok::<_, Error>(Disk::create(&root, &config, config.room())?)).await?;
        Ok(Self(Arc::new(Inner { backend: Backend::Disk(Arc::new(disk)), hot, keys })))
    }

    /// Blobs in an object store: S3 and memory take the same path. The store should remove unfinished multipart uploads by itself
    /// after some days; those of a process that was killed are not removed by anybody else.
    #[must_use]
    pub fn objects(store: Arc<dyn ObjectStore>, config: BlobsConfig) -> Self {
        let config = config.within_bounds();
        let backend = Backend::Objects(Objects::new(store, config.room()));
        Self(Arc::new(Inner { backend, hot: Hot::new(&config), keys: Keys::new(config.keys) }))
    }

    /// Blobs in the store that `url` names: a folder's path, `memory:`, or
    /// `s3://bucket[/prefix]?endpoint=…&region=…&access_key_id=…&secret_access_key=…`, where values are percent-encoded and
    /// what is left out is taken from the usual `AWS_…` variables of the environment.
    ///
    /// # Errors
    /// [`Error::Url`] when the text is not understood, else as [`Self::disk`]. An S3 store is not contacted yet: see [`Self::check`].
    pub async fn open_url(url: &str, config: BlobsConfig) -> Result<Self, Error> {
        match url::open(url)? {
            url::Target::Folder(root) => Self::disk(&root, config).await,
            url::Target::Objects(store) => Ok(Self::objects(store, config)),
        }
    }

    /// Takes in a body of at most `max_bytes`, to be published as a blob of `kind`, sealed with a key if there is one: then no plain
    /// byte of it is ever written. What has come in is removed again when this fails,
    /// when the future is dropped, and when the result is dropped unpublished.
    ///
    /// # Errors
    /// As [`StageError`] says. A body over the limit is not read any further.
    pub async fn stage(
        &self,
        kind: Kind,
        seal: Option<&TenantKey>,
        body: ByteStream,
        max_bytes: u64,
    ) -> Result<Staged, StageError> {
        let intake = Intake::new(body, max_bytes);
        match &self.0.backend {
            Backend::Disk(disk) => disk.stage(kind, seal, intake).await,
            Backend::Objects(objects) => objects.stage(kind, seal, intake, max_bytes).await,
        }
    }

    /// Takes in bytes that are all there, as [`Self::stage`] does.
    ///
    /// # Errors
    /// [`StageError::Full`] and [`StageError::Store`].
    pub async fn stage_bytes(&self, kind: Kind, seal: Option<&TenantKey>, bytes: Bytes) -> Result<Staged, StageError> {
        let len = bytes.len();
        match &self.0.backend {
            Backend::Disk(disk) if len <= disk_write::SMALL_BYTES => disk.stage_whole(kind, seal.cloned(), bytes).await,
            _ => self.stage(kind, seal, Box::pin(stream::once(async move { Ok(bytes) })), len as u64).await,
        }
    }

    /// Makes staged bytes durable under their key: when this returns, they outlive a loss of power.
    ///
    /// # Errors
    /// When the store fails; the bytes are gone then, and their key means nothing.
    pub async fn publish(&self, staged: Staged) -> Result<BlobKey, Error> {
        let Staged { key, place, .. } = staged;
        match (&self.0.backend, place) {
            (Backend::Disk(disk), Place::File(file, _)) => disk.publish(key, file).await?,
            (_, Place::Object(object)) => object.publish(),
            (Backend::Objects(_), Place::File(..)) => return Err(Error::Missing(key)),
        }
        Ok(key)
    }

    /// The blob under `key`, which is `len` bytes long. Those that may be held in memory are, and the same bytes are given to everybody.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Length`] and [`Error::Sealed`] when the store was tampered with or the row outlived its bytes;
    /// [`Error::NoKey`] and [`Error::Keys`] for what is sealed and nobody can open.
    pub async fn open(&self, key: BlobKey, len: u64) -> Result<Body, Error> {
        if !self.0.hot.takes(len) {
            return self.0.open_past_memory(key, len).await;
        }
        let load = || async {
            let stored_len = key.stored_len(len);
            let stored = match &self.0.backend {
                Backend::Disk(disk) => disk.load(key, stored_len).await?,
                Backend::Objects(objects) => objects.load(key, stored_len).await?,
            };
            if !key.is_sealed() {
                return Ok(stored);
            }
            let file_key = self.0.keys.of(key, &Body::Memory(stored.clone())).await?;
            sealed::open_whole(key, len, stored, file_key).await
        };
        let bytes = self.0.hot.get_or_load(key, load).await?;
        let found = bytes.len() as u64;
        if found == len { Ok(Body::Memory(bytes)) } else { Err(Error::Length { key, expected: len, found }) }
    }

    /// The file that holds the `len` bytes under `key`, open for reading at its beginning; `None` where no file holds them as they are.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn file(&self, key: BlobKey, len: u64) -> Result<Option<File>, Error> {
        match &self.0.backend {
            Backend::Disk(disk) if !key.is_sealed() => disk.file(key, len).await.map(Some),
            Backend::Disk(_) | Backend::Objects(_) => Ok(None),
        }
    }

    /// Whether a sealed blob opens with a key, as far as its beginning tells.
    ///
    /// # Errors
    /// As [`Self::open`], but for what is sealed with another key.
    pub async fn opens_with(&self, key: BlobKey, len: u64, tenant_key: &TenantKey) -> Result<bool, Error> {
        let head = sealed::head_of(key, &self.0.open_stored(key, len).await?).await?;
        Ok(head.open(tenant_key).is_ok())
    }

    /// The blob under `key`, if it is held in memory; never waits.
    #[must_use]
    pub fn hot(&self, key: BlobKey) -> Option<Bytes> {
        self.0.hot.get(key)
    }

    /// Removes a blob for good; `false` when there was none. Those who are reading it may read on.
    ///
    /// # Errors
    /// When the store fails; it can be tried again.
    pub async fn delete(&self, key: BlobKey) -> Result<bool, Error> {
        let removed = match &self.0.backend {
            Backend::Disk(disk) => disk.delete(key).await,
            Backend::Objects(objects) => objects.delete(key).await,
        };
        self.0.forget(key);
        removed
    }

    /// Removes staged bytes that a process left behind when it was killed, last written more than `older_than` before `now`.
    /// Returns how many. An object store has no staging, so there are none.
    ///
    /// # Errors
    /// When the store fails; it can be tried again.
    pub async fn sweep_staging(&self, older_than: Duration, now: SystemTime) -> Result<u64, Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.sweep(older_than, now).await,
            Backend::Objects(_) => Ok(0),
        }
    }

    /// Whether the store can be reached and written at this moment.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn check(&self) -> Result<(), Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.check().await,
            Backend::Objects(objects) => objects.check().await,
        }
    }

    /// How much room the file system has that blobs lie in; none of an object store, which does not say.
    ///
    /// # Errors
    /// When the folder can not be reached.
    pub async fn space(&self) -> Result<Option<Space>, Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.space().await.map(Some),
            Backend::Objects(_) => Ok(None),
        }
    }
}

impl Inner {
    /// A blob that is read bit by bit, whatever is held in memory.
    async fn open_past_memory(&self, key: BlobKey, len: u64) -> Result<Body, Error> {
        let stored = self.open_stored(key, len).await?;
        if !key.is_sealed() {
            return Ok(stored);
        }
        let file_key = self.keys.of(key, &stored).await?;
        Ok(sealed::opened(key, len, stored, file_key))
    }

    /// What lies there of a blob that has `len` bytes.
    async fn open_stored(&self, key: BlobKey, len: u64) -> Result<Body, Error> {
        match &self.backend {
            Backend::Disk(disk) => disk.open(key, key.stored_len(len)).await,
            Backend::Objects(objects) => objects.open(key, key.stored_len(len)).await,
        }
    }

    fn forget(&self, key: BlobKey) {
        self.hot.forget(key);
        self.keys.forget(key);
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.backend {
            Backend::Disk(_) => f.write_str("Blobs(disk)"),
            Backend::Objects(objects) => write!(f, "Blobs({})", objects.store),
        }
    }
}
