//! Blobs that are sealed: what lies in the store is a file in the age format, and opens by a key of the tenant whose it is. Everybody who
//! reads or writes through [`super::Blobs`] sees plain bytes, of plain length. Whose keys those are it does not know.

use std::{error::Error as StdError, fmt, io, sync::Arc};

use bytes::{Bytes, BytesMut};
use content::{Body, ByteRange, ByteStream, ReadBytes};
use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use moka::sync::Cache;
use seal::{FileKey, Head, OWN_HEAD_BYTES, Sealer, TenantKey};

use super::{BlobKey, Error, blocking::blocking};

/// So many files' keys are remembered: reading one costs a look at the file's beginning.
const MAX_FILE_KEYS: u64 = 20_000;

/// Why keys could not be asked for.
pub type KeyError = Box<dyn StdError + Send + Sync>;

/// Who knows the keys that blobs are sealed with.
pub trait Keyring: fmt::Debug + Send + Sync {
    /// The key with this id; `None` where nobody has such a one.
    fn key(&self, id: i64) -> BoxFuture<'_, Result<Option<TenantKey>, KeyError>>;
}

/// What opens blobs, and what was opened lately.
pub(super) struct Keys {
    ring: Option<Arc<dyn Keyring>>,
    files: Cache<BlobKey, FileKey>,
}

impl Keys {
    pub(super) fn new(ring: Option<Arc<dyn Keyring>>) -> Self {
        Self { ring, files: Cache::new(MAX_FILE_KEYS) }
    }

    /// What opens the file under `key`, of which `stored` are the bytes as they lie there.
    pub(super) async fn of(&self, key: BlobKey, stored: &Body) -> Result<FileKey, Error> {
        if let Some(known) = self.files.get(&key) {
            return Ok(known);
        }
        let file_key = self.read(key, stored).await?;
        self.files.insert(key, file_key.clone());
        Ok(file_key)
    }

    /// The same, whatever is remembered.
    pub(super) async fn read(&self, key: BlobKey, stored: &Body) -> Result<FileKey, Error> {
        let head = head_of(key, stored).await?;
        let id = head.key_id();
        let tenant_key = match &self.ring {
            Some(ring) => ring.key(id).await.map_err(Error::Keys)?,
            None => None,
        };
        let tenant_key = tenant_key.ok_or(Error::NoKey { key, id })?;
        head.open(&tenant_key).map_err(|source| Error::Sealed { key, source })
    }

    pub(super) fn forget(&self, key: BlobKey) {
        self.files.invalidate(&key);
    }
}

/// The beginning of a sealed blob, which says whose key opens it.
pub(super) async fn head_of(key: BlobKey, stored: &Body) -> Result<Head, Error> {
    let range = ByteRange { start: 0, end: stored.len().min(OWN_HEAD_BYTES as u64) };
    let head = stored.read(range).try_fold(BytesMut::new(), |mut head, piece| async move {
        head.extend_from_slice(&piece);
        Ok(head)
    });
    Head::read(&head.await?).map_err(|source| Error::Sealed { key, source })
}

/// The plain bytes of a sealed blob that has `len`.
pub(super) fn opened(key: BlobKey, len: u64, stored: Body, file_key: FileKey) -> Body {
    Body::Stored { len, source: Arc::new(Opened { key, len, stored, file_key }) }
}

/// All of a small blob, at once.
pub(super) async fn open_whole(key: BlobKey, len: u64, stored: Bytes, file_key: FileKey) -> Result<Bytes, Error> {
    blocking(move || {
        let open = || {
            let head = usize::try_from(file_key.head_bytes()).unwrap_or(usize::MAX);
            let mut sealed = stored.get(head..).ok_or(seal::Error::Truncated)?;
            let mut opener = file_key.whole(len)?.opener();
            let mut plain = BytesMut::with_capacity(usize::try_from(len).unwrap_or_default());
            while let Some(piece) = opener.push(&mut sealed)? {
                plain.extend_from_slice(&piece);
            }
            opener.finish().map(|()| plain.freeze())
        };
        open().map_err(|source| Error::Sealed { key, source })
    })
    .await
}

/// Seals bytes that are all there.
pub(super) fn seal_whole(mut sealer: Sealer, plain: &[Bytes]) -> Vec<Bytes> {
    let mut sealed = Vec::new();
    seal_pieces(&mut sealer, plain, &mut sealed);
    sealed.push(sealer.finish());
    sealed
}

/// Seals the next bytes; what does not fill a chunk comes with the next, or at the end.
pub(super) fn seal_pieces(sealer: &mut Sealer, plain: &[Bytes], sealed: &mut Vec<Bytes>) {
    for piece in plain {
        let mut rest = &piece[..];
        while let Some(chunk) = sealer.push(&mut rest) {
            sealed.push(chunk);
        }
    }
}

struct Opened {
    key: BlobKey,
    len: u64,
    stored: Body,
    file_key: FileKey,
}

impl ReadBytes for Opened {
    fn read(&self, range: ByteRange) -> ByteStream {
        let key = self.key;
        match self.file_key.window(self.len, range) {
            Ok(window) => {
                let stored = self.stored.read(window.sealed_range());
                window.open_stream(stored).map_err(move |error| told(key, error)).boxed()
            }
            Err(error) => stream::once(async move { Err(told(key, error.into())) }).boxed(),
        }
    }
}

/// The same, where it is ours with the blob's name: streams can tell of nothing but `io::Error`.
fn told(key: BlobKey, error: io::Error) -> io::Error {
    match seal::Error::of(&error) {
        Some(source) => io::Error::new(io::ErrorKind::InvalidData, Error::Sealed { key, source: source.clone() }),
        None => error,
    }
}
