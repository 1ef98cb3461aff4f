//! Blobs in an object store: memory, or anything that speaks S3. How they get there is in `objects_write`.

use std::{io, sync::Arc};

use bytes::Bytes;
use content::{Body, ByteRange, ByteStream, ReadBytes};
use futures_util::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload, path::Path};
use tokio::sync::Semaphore;

use super::{BlobId, BlobKey, Error, Found, Kind, Listed};

/// An object store that holds blobs.
pub(super) struct Objects {
    pub(super) store: Arc<dyn ObjectStore>,
    /// Room that all uploads share, in units of [`super::lane::ROOM_UNIT_BYTES`].
    pub(super) room: Arc<Semaphore>,
}

impl Objects {
    pub(super) fn new(store: Arc<dyn ObjectStore>, room: Arc<Semaphore>) -> Self {
        Self { store, room }
    }

    /// The whole blob in memory.
    pub(super) async fn load(&self, key: BlobKey, len: u64) -> Result<Bytes, Error> {
        let load = async {
            let object = self.store.get(&path(key)).await?;
            let found = object.meta.size;
            if found != len {
                return Err(Error::Length { key, expected: len, found });
            }
            Ok(object.bytes().await?)
        };
        load.await.map_err(|error: Error| error.about(key))
    }

    /// How many bytes the blob has, if it is there.
    pub(super) async fn stat(&self, key: BlobKey) -> Result<Option<u64>, Error> {
        match self.store.head(&path(key)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            outcome => Ok(Some(outcome?.size)),
        }
    }

    /// A blob that is read bit by bit.
    pub(super) async fn open(&self, key: BlobKey, len: u64) -> Result<Body, Error> {
        let found = self.store.head(&path(key)).await.map_err(|error| Error::from(error).about(key))?.size;
        if found != len {
            return Err(Error::Length { key, expected: len, found });
        }
        Ok(Object::body(&self.store, path(key), len))
    }

    /// Removes a blob; `false` when there was none.
    pub(super) async fn delete(&self, key: BlobKey) -> Result<bool, Error> {
        // A store removes what is not there without a word, so it is asked first.
        if self.stat(key).await?.is_none() {
            return Ok(false);
        }
        self.removed(&path(key)).await
    }

    /// Removes an object; `false` when the store says that there was none, which not every store does.
    pub(super) async fn removed(&self, path: &Path) -> Result<bool, Error> {
        match self.store.delete(path).await {
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            outcome => Ok(outcome.map(|()| true)?),
        }
    }

    /// Every object below the folder of `kind`.
    pub(super) fn list(&self, kind: Kind) -> BoxStream<'static, Result<Found, Error>> {
        let objects = self.store.list(Some(&Path::from(kind.folder())));
        objects.map_ok(found).map_err(Error::from).boxed()
    }

    /// Whether an object can be written and removed.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let probe = Path::from(format!("check/{}", BlobId::random()));
        self.store.put(&probe, PutPayload::from_static(b"can this be written?")).await?;
        Ok(self.store.delete(&probe).await?)
    }
}

fn found(object: ObjectMeta) -> Found {
    match BlobKey::at(object.location.as_ref()) {
        Some(key) => {
            let modified_ms = object.last_modified.timestamp_millis();
            Found::Blob(Listed { key, len: object.size, modified_ms })
        }
        None => Found::Stray(object.location.into()),
    }
}

/// Where `key` lies.
pub(super) fn path(key: BlobKey) -> Path {
    Path::from(key.path())
}

/// An object of which ranges are read.
pub(super) struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl Object {
    pub(super) fn body(store: &Arc<dyn ObjectStore>, path: Path, len: u64) -> Body {
        Body::Stored { len, source: Arc::new(Self { store: Arc::clone(store), path }) }
    }
}

impl ReadBytes for Object {
    fn read(&self, range: ByteRange) -> ByteStream {
        // Stores refuse a range of nothing.
        if range.is_empty() {
            return stream::empty().boxed();
        }
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let get = async move {
            let options = GetOptions::new().with_range(Some(range.start..range.end));
            let object = store.get_opts(&path, options).await?;
            Ok::<_, object_store::Error>(object.into_stream())
        };
        exactly(range.len(), stream::once(get).try_flatten().map_err(io::Error::from).boxed())
    }
}

/// The same stream, which fails where it would end with fewer or go on with more than `len` bytes.
fn exactly(len: u64, bytes: ByteStream) -> ByteStream {
    let wrong = || {
        let source = "object is not as long as its record says".into();
        io::Error::new(io::ErrorKind::UnexpectedEof, object_store::Error::Generic { store: "blobs", source })
    };
    let counted = stream::unfold(Some((bytes, len)), move |state| async move {
        let (mut bytes, left) = state?;
        match bytes.next().await {
            None if left == 0 => None,
            Some(Ok(chunk)) if chunk.len() as u64 <= left => {
                let left = left - chunk.len() as u64;
                Some((Ok(chunk), Some((bytes, left))))
            }
            None | Some(Ok(_)) => Some((Err(wrong()), None)),
            Some(Err(error)) => Some((Err(error), None)),
        }
    });
    counted.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_of_another_length_fails() {
        for (len, fails) in [(5, true), (6, false), (7, true)] {
            let chunks = ["abc", "def"].map(|chunk| Ok(Bytes::from(chunk)));
            let outcome: Result<Vec<Bytes>, _> = exactly(len, stream::iter(chunks).boxed()).try_collect().await;
            assert_eq!(outcome.is_err(), fails, "{len}");
        }
    }
}
