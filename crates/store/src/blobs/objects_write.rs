//! Streams bytes to an object store, straight to their final key. An upload that is given up is aborted, and what came of it removed.

use std::{io, sync::Arc};

use bytes::Bytes;
use content::{Body, ByteRange, ByteStream};
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, path::Path};
use seal::{Sealer, TenantKey};
use tokio::{runtime::Handle, task::JoinSet};

use super::{
    BlobId, BlobKey, Error, Kind, StageError, Staged,
    blocking::blocking,
    disk_write::SMALL_BYTES,
    intake::{Intake, head_of},
    lane::{Batch, ROOM_UNIT_BYTES, Room},
    objects::{self, Object, Objects},
    objects_parts::Parts,
    sealed::seal_whole,
    staged::{HEAD_BYTES, Place},
    sums::{Sums, digest_of},
};

/// Bodies below this size go up in one request; larger ones in parts of this size.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// The largest part that is held in memory.
const PART_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Stores take 10,000 parts of one object at most.
const PARTS_MAX: u64 = 9_000;

/// Parts of one upload on their way at the same time.
const PARTS_AT_ONCE: usize = 4;

/// An object that is not published yet. Dropping it removes it, or what there is of it.
pub(super) struct StagedObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// Present until the parts are put together.
    upload: Option<Box<dyn MultipartUpload>>,
    /// Whether a finished object stays when this is dropped.
    kept: bool,
}

impl Objects {
    /// Takes in a body of at most `max_bytes`.
    pub(super) async fn stage(
        &self,
        kind: Kind,
        seal: Option<&TenantKey>,
        mut intake: Intake,
        max_bytes: u64,
    ) -> Result<Staged, StageError> {
        let key = BlobKey::new(kind, BlobId::random_of(seal.is_some()));
        let part_bytes = part_bytes(key.stored_len(max_bytes));
        let first = intake.next(part_bytes).await?;
        if intake.ended() {
            let len = first.len();
            return Ok(self.stage_pieces(key, seal.cloned(), first.into_pieces(), len).await?);
        }
        let mut object = StagedObject::new(&self.store, objects::path(key));
        let (sums, mut head, mut sealed) = (Sums::new(), Bytes::new(), None);
        let mut beside = |batch: &Arc<Batch>| {
            if head.is_empty() {
                head = head_of(&batch.pieces, HEAD_BYTES);
            }
            sums.push(batch)
        };
        let mut parts = Parts::new(&mut intake, first, &mut beside);
        if let Some(seal) = seal {
            let sealer = Sealer::new(seal);
            sealed = Some((sealer.file_key(), seal.id()));
            parts = parts.sealed(sealer, self.room_of_parts(part_bytes));
        }
        self.send_parts(&mut object, parts, part_bytes).await?;
        let digest = sums.finish().await.map_err(Error::from)?;
        Ok(Staged { len: intake.len(), digest, head, key, whole: None, place: Place::Object(object), sealed })
    }

    /// Copies `len` bytes through this process, for objects that the store does not copy by itself.
    pub(super) async fn copy_through(&self, from: &Path, to: &Path, len: u64) -> Result<(), Error> {
        let body = Object::body(&self.store, from.clone(), len).read(ByteRange::whole(len));
        self.write_through(body, to, len).await
    }

    /// Makes an object of `len` bytes that are in the store already.
    pub(super) async fn join(&self, key: BlobKey, body: ByteStream, len: u64) -> Result<(), Error> {
        self.write_through(body, &objects::path(key), len).await
    }

    async fn write_through(&self, body: ByteStream, to: &Path, len: u64) -> Result<(), Error> {
        let (mut intake, part_bytes) = (Intake::new(body, len), part_bytes(len));
        // Of a copy that fails only the parts are cleared away. To remove what may have become an object already is not for this
        // one, which could not be told from that of a second attempt.
        let mut object = StagedObject::new(&self.store, to.clone());
        object.kept = true;
        let copy = async {
            let first = intake.next(part_bytes).await?;
            self.send_parts(&mut object, Parts::new(&mut intake, first, &mut |_| Ok(())), part_bytes).await
        };
        copy.await.map_err(StageError::of_a_blob)
    }

    fn room_of_parts(&self, part_bytes: usize) -> Room {
        Room::new(PARTS_AT_ONCE * part_bytes.div_ceil(ROOM_UNIT_BYTES), &self.room)
    }

    /// Sends a body in parts of the same size and puts them together.
    async fn send_parts(
        &self,
        object: &mut StagedObject,
        mut source: Parts<'_>,
        part_bytes: usize,
    ) -> Result<(), StageError> {
        let upload = self.store.put_multipart(&object.path).await.map_err(Error::from)?;
        object.upload = Some(upload);
        let mut parts = JoinSet::new();
        let room = self.room_of_parts(part_bytes);
        let mut portion = source.next(part_bytes).await?;
        while portion.len() > 0 {
            let len = portion.len();
            // A part counts against the room until it is both summed and sent, which bounds the parts on their way as well.
            let batch = room.batch(portion.into_pieces(), len).await;
            source.show(&batch).map_err(Error::from)?;
            let sent = object.put_part(batch.pieces.iter().cloned().collect());
            parts.spawn(async move {
                let outcome = sent.await;
                drop(batch);
                outcome
            });
            while let Some(outcome) = parts.try_join_next() {
                part_outcome(outcome)?;
            }
            portion = source.next(part_bytes).await?;
        }
        while let Some(outcome) = parts.join_next().await {
            part_outcome(outcome)?;
        }
        Ok(object.complete().await?)
    }

    /// Takes in bytes that are all there, in one request, and sums them meanwhile.
    pub(super) async fn stage_pieces(
        &self,
        key: BlobKey,
        seal: Option<TenantKey>,
        pieces: Vec<Bytes>,
        len: usize,
    ) -> Result<Staged, Error> {
        let object = StagedObject::new(&self.store, objects::path(key));
        let whole = (len <= SMALL_BYTES).then(|| Bytes::from(PutPayload::from_iter(pieces.clone())));
        let head = head_of(&pieces, HEAD_BYTES);
        let (to_seal, sealed) = (pieces.clone(), seal.as_ref().map(|key| (Sealer::new(key), key.id())));
        let opening = sealed.as_ref().map(|(sealer, id)| (sealer.file_key(), *id));
        let put = async {
            let stored = match sealed {
                Some((sealer, _)) => blocking(move || Ok::<_, Error>(seal_whole(sealer, &to_seal))).await?,
                None => to_seal,
            };
            self.store.put(&object.path, stored.into_iter().collect()).await?;
            Ok::<_, Error>(())
        };
        let summed = pieces.clone();
        let sum = blocking(move || Ok(digest_of(&summed)));
        let (digest, ()) = tokio::try_join!(sum, put)?;
        Ok(Staged { len: len as u64, digest, head, key, whole, place: Place::Object(object), sealed: opening })
    }
}

impl StagedObject {
    fn new(store: &Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store: Arc::clone(store), path, upload: None, kept: false }
    }

    /// What was written, to be read back.
    pub(super) fn body(&self, len: u64) -> Body {
        Object::body(&self.store, self.path.clone(), len)
    }

    /// Keeps the object: the store made it durable when it took it.
    pub(super) fn publish(mut self) {
        self.kept = true;
    }

    fn put_part(&mut self, payload: PutPayload) -> object_store::UploadPart {
        self.upload.as_mut().expect("parts are put before they are put together").put_part(payload)
    }

    async fn complete(&mut self) -> Result<(), Error> {
        // It stays in place until it is done: given up half-way, it may have to be aborted or the object removed.
        self.upload.as_mut().expect("parts are put together once").complete().await?;
        self.upload = None;
        Ok(())
    }
}

impl Drop for StagedObject {
    fn drop(&mut self) {
        if self.kept && self.upload.is_none() {
            return;
        }
        // Without a runtime the process is going down; what stays is an object that no row names.
        let Ok(runtime) = Handle::try_current() else { return };
        let (store, path, upload, kept) = (Arc::clone(&self.store), self.path.clone(), self.upload.take(), self.kept);
        runtime.spawn(async move {
            if let Some(mut upload) = upload
                && let Err(error) = upload.abort().await
            {
                tracing::warn!(%error, %path, "upload was not aborted; the store's own clean-up has to");
            }
            if kept {
                return;
            }
            match store.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => {}
                Err(error) => tracing::warn!(%error, %path, "staged object was not removed"),
            }
        });
    }
}

fn part_outcome(outcome: Result<object_store::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    Ok(outcome.map_err(io::Error::other)??)
}

/// The size of the parts of a body of at most `max_bytes`: all the same, as some stores demand.
fn part_bytes(max_bytes: u64) -> usize {
    let needed = usize::try_from(max_bytes.div_ceil(PARTS_MAX)).unwrap_or(PART_MAX_BYTES);
    needed.next_multiple_of(ROOM_UNIT_BYTES).clamp(PART_BYTES, PART_MAX_BYTES)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use futures_util::StreamExt as _;
    use object_store::memory::InMemory;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_copy_through_this_process_is_the_same_and_a_failed_one_removes_nothing() {
        let store = Arc::new(InMemory::new());
        let objects = Objects::new(Arc::clone(&store) as Arc<dyn ObjectStore>, Arc::new(Semaphore::new(64)));
        let bytes: Bytes = (0..20_000_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let (from, to, len) = (Path::from("from"), Path::from("to"), bytes.len() as u64);
        store.put(&from, bytes.clone().into()).await.unwrap();
        objects.copy_through(&from, &to, len).await.unwrap();
        assert!(matches!(objects.copy_through(&from, &to, len + 1).await, Err(Error::Objects(_))));
        let gone = objects.copy_through(&Path::from("gone"), &to, len).await;
        assert!(matches!(gone, Err(Error::Objects(object_store::Error::NotFound { .. }))));
        // What clears up after them has had its turns.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(store.get(&to).await.unwrap().bytes().await.unwrap() == bytes);
        assert_eq!(store.list(None).count().await, 2);
    }

    #[test]
    fn parts_grow_with_the_limit_and_are_bounded() {
        assert_eq!(part_bytes(0), PART_BYTES);
        assert_eq!(part_bytes(5 << 30), PART_BYTES);
        assert_eq!(part_bytes(100 << 30), 12 << 20);
        assert_eq!(part_bytes(u64::MAX >> 1), PART_MAX_BYTES);
    }
}
