//! A blob store and the eyes to see what is in it, and bodies to fill it with.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use content::{Body, ByteRange, ByteStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use object_store::{ObjectStore, ObjectStoreExt as _, memory::InMemory};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use seal::TenantKey;
use store::blobs::{BlobId, BlobKey, Blobs, BlobsConfig, KeyError, Keyring, Kind, Staged};

/// A store, and the eyes to see what is in it.
pub struct Shelf {
    pub blobs: Blobs,
    pub place: Place,
    /// What all that is put there is sealed with.
    seal: Option<TenantKey>,
}

/// Whoever has one key.
#[derive(Debug)]
pub struct OneKey(pub TenantKey);

impl Keyring for OneKey {
    fn key(&self, id: i64) -> BoxFuture<'_, Result<Option<TenantKey>, KeyError>> {
        let key = Some(self.0.clone()).filter(|key| key.id() == id);
        async move { Ok(key) }.boxed()
    }
}

pub enum Place {
    Folder(tempfile::TempDir),
    Memory(Arc<InMemory>),
}

impl Shelf {
    pub async fn disk() -> Self {
        Self::on_disk(None).await
    }

    pub async fn sealed_disk() -> Self {
        Self::on_disk(Some(TenantKey::generate(7))).await
    }

    async fn on_disk(seal: Option<TenantKey>) -> Self {
        let place = Place::Folder(tempfile::tempdir().unwrap());
        Self { blobs: open(&place, seal.as_ref()).await, place, seal }
    }

    pub async fn memory() -> Self {
        Self::in_memory(None).await
    }

    pub async fn sealed_memory() -> Self {
        Self::in_memory(Some(TenantKey::generate(7))).await
    }

    async fn in_memory(seal: Option<TenantKey>) -> Self {
        let place = Place::Memory(Arc::new(InMemory::new()));
        Self { blobs: open(&place, seal.as_ref()).await, place, seal }
    }

    /// What another node has of the same place.
    pub async fn another(&self) -> Blobs {
        open(&self.place, self.seal()).await
    }

    pub fn seal(&self) -> Option<&TenantKey> {
        self.seal.as_ref()
    }

    /// A name for bytes that come in pieces.
    pub fn new_key(&self) -> BlobKey {
        BlobKey::Original(BlobId::random_of(self.seal.is_some()))
    }

    /// How many files or objects there are, staged ones included.
    pub async fn count(&self) -> usize {
        match &self.place {
            Place::Folder(root) => files_below(root.path()).len(),
            Place::Memory(store) => store.list(None).count().await,
        }
    }

    /// Waits until there are so many: what is given up is cleared away in the background.
    pub async fn comes_to(&self, count: usize) {
        let until = async {
            while self.count().await != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), until).await.expect("something stayed that should have gone");
    }

    /// Puts bytes somewhere below the root by other means than the store's own.
    pub async fn put(&self, path: &str, bytes: &[u8]) {
        match &self.place {
            Place::Folder(root) => {
                let path = root.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                // As another file: bytes that are mapped somewhere must not change.
                std::fs::write(root.path().join("new"), bytes).unwrap();
                std::fs::rename(root.path().join("new"), path).unwrap();
            }
            Place::Memory(store) => {
                store.put(&path.into(), Bytes::copy_from_slice(bytes).into()).await.unwrap();
            }
        }
    }

    pub async fn stage(&self, bytes: &[u8], seed: u64) -> Staged {
        self.blobs.stage(Kind::Original, self.seal(), chunked(bytes, seed), bytes.len() as u64).await.unwrap()
    }

    pub async fn keep(&self, bytes: &[u8]) -> BlobKey {
        self.blobs.publish(self.stage(bytes, 1).await).await.unwrap()
    }

    pub async fn read(&self, key: BlobKey, len: usize, range: ByteRange) -> io::Result<Vec<u8>> {
        let body = self.blobs.open(key, len as u64).await.unwrap();
        assert_eq!(body.len(), len as u64);
        read(&body, range).await
    }
}

async fn open(place: &Place, seal: Option<&TenantKey>) -> Blobs {
    let keys = seal.map(|key| Arc::new(OneKey(key.clone())) as Arc<dyn Keyring>);
    let config = BlobsConfig { keys, ..BlobsConfig::default() };
    match place {
        Place::Folder(root) => Blobs::disk(root.path(), config).await.unwrap(),
        Place::Memory(store) => Blobs::objects(Arc::clone(store) as Arc<dyn ObjectStore>, config),
    }
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

pub async fn read(body: &Body, range: ByteRange) -> io::Result<Vec<u8>> {
    let chunks: Vec<Bytes> = body.read(range).try_collect().await?;
    Ok(chunks.concat())
}

/// The bytes that the sums below belong to.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..u32::try_from(len).unwrap()).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

/// `bytes` in chunks of any size between none and 300 KiB, small ones more often.
pub fn chunked(bytes: &[u8], seed: u64) -> ByteStream {
    let (mut rest, mut random, mut chunks) = (Bytes::copy_from_slice(bytes), StdRng::seed_from_u64(seed), Vec::new());
    while !rest.is_empty() {
        let most = 1 << random.random_range(4..19);
        let len = random.random_range(0..=most).min(rest.len());
        chunks.push(Ok(rest.split_to(len)));
    }
    stream::iter(chunks).boxed()
}
