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
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt as _, memory::InMemory};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::blobs::{BlobKey, Blobs, BlobsConfig, Kind, Staged};

/// A store, and the eyes to see what is in it.
pub struct Shelf {
    pub blobs: Blobs,
    pub place: Place,
}

pub enum Place {
    Folder(tempfile::TempDir),
    Memory(Arc<InMemory>),
}

impl Shelf {
    pub async fn disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::disk(folder.path(), BlobsConfig::default()).await.unwrap();
        Self { blobs, place: Place::Folder(folder) }
    }

    #[expect(clippy::unused_async, reason = "made like a disk one")]
    pub async fn memory() -> Self {
        let store = Arc::new(InMemory::new());
        let blobs = Blobs::objects(Arc::clone(&store) as Arc<dyn ObjectStore>, BlobsConfig::default());
        Self { blobs, place: Place::Memory(store) }
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
        self.blobs.stage(Kind::Original, chunked(bytes, seed), bytes.len() as u64).await.unwrap()
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
