//! Streams bytes to an object store, straight to their final key. An upload that is given up is aborted, and what came of it removed.

use std::sync::Arc;

use bytes::Bytes;
use content::Body;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, path::Path};
use tokio::{runtime::Handle, task::JoinSet};

use super::{
    BlobId, BlobKey, Error, Kind, StageError, Staged,
    blocking::blocking,
    disk_write::SMALL_BYTES,
    intake::{Intake, Portion, head_of},
    lane::{ROOM_UNIT_BYTES, Room},
    objects::{self, Object, Objects},
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

/// An object that is not published yet. Dropping it removes it.
pub(super) struct StagedObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// Present until the parts are put together.
    upload: Option<Box<dyn MultipartUpload>>,
    published: bool,
}

impl Objects {
    /// Takes in a body of at most `max_bytes`.
    pub(super) async fn stage(&self, kind: Kind, mut intake: Intake, max_bytes: u64) -> Result<Staged, StageError> {
        let part_bytes = part_bytes(max_bytes);
        let first = intake.next(part_bytes).await?;
        if intake.ended() {
            let len = first.len();
            return Ok(self.stage_pieces(kind, first.into_pieces(), len).await?);
        }
        let key = BlobKey::new(kind, BlobId::random());
        let mut object = StagedObject::new(&self.store, key);
        let upload = self.store.put_multipart(&object.path).await.map_err(Error::from)?;
        object.upload = Some(upload);

        let (sums, mut parts) = (Sums::new(), JoinSet::new());
        let room = Room::new(PARTS_AT_ONCE * part_bytes.div_ceil(ROOM_UNIT_BYTES), &self.room);
        let mut head = Bytes::new();
        let mut portion: Portion = first;
        while portion.len() > 0 {
            let len = portion.len();
            let pieces = portion.into_pieces();
            if head.is_empty() {
                head = head_of(&pieces, HEAD_BYTES);
            }
            // A part counts against the room until it is both summed and sent, which bounds the parts on their way as well.
            let batch = room.batch(pieces, len).await;
            sums.push(&batch).map_err(Error::from)?;
            let sent = object.put_part(batch.pieces.iter().cloned().collect());
            parts.spawn(async move {
                let outcome = sent.await;
                drop(batch);
                outcome
            });
            while let Some(outcome) = parts.try_join_next() {
                part_outcome(outcome)?;
            }
            portion = intake.next(part_bytes).await?;
        }
        while let Some(outcome) = parts.join_next().await {
            part_outcome(outcome)?;
        }
        let digest = sums.finish().await.map_err(Error::from)?;
        object.complete().await?;
        Ok(Staged { len: intake.len(), digest, head, key, whole: None, place: Place::Object(object) })
    }

    /// Takes in bytes that are all there, in one request, and sums them meanwhile.
    pub(super) async fn stage_pieces(&self, kind: Kind, pieces: Vec<Bytes>, len: usize) -> Result<Staged, Error> {
        let key = BlobKey::new(kind, BlobId::random());
        let object = StagedObject::new(&self.store, key);
        let whole = (len <= SMALL_BYTES).then(|| Bytes::from(PutPayload::from_iter(pieces.clone())));
        let head = head_of(&pieces, HEAD_BYTES);
        let put = async {
            self.store.put(&object.path, pieces.iter().cloned().collect()).await?;
            Ok::<_, Error>(())
        };
        let summed = pieces.clone();
        let sum = blocking(move || Ok(digest_of(&summed)));
        let (digest, ()) = tokio::try_join!(sum, put)?;
        Ok(Staged { len: len as u64, digest, head, key, whole, place: Place::Object(object) })
    }
}

impl StagedObject {
    fn new(store: &Arc<dyn ObjectStore>, key: BlobKey) -> Self {
        Self { store: Arc::clone(store), path: objects::path(key), upload: None, published: false }
    }

    /// What was written, to be read back.
    pub(super) fn body(&self, len: u64) -> Body {
        Object::body(&self.store, self.path.clone(), len)
    }

    /// Keeps the object: the store made it durable when it took it.
    pub(super) fn publish(mut self) {
        self.published = true;
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
        if self.published {
            return;
        }
        // Without a runtime the process is going down; what stays is an object that no row names.
        let Ok(runtime) = Handle::try_current() else { return };
        let (store, path, upload) = (Arc::clone(&self.store), self.path.clone(), self.upload.take());
        runtime.spawn(async move {
            if let Some(mut upload) = upload
                && let Err(error) = upload.abort().await
            {
                tracing::warn!(%error, %path, "upload was not aborted; the store's own clean-up has to");
            }
            match store.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => {}
                Err(error) => tracing::warn!(%error, %path, "staged object was not removed"),
            }
        });
    }
}

fn part_outcome(outcome: Result<object_store::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    Ok(outcome.map_err(std::io::Error::other)??)
}

/// The size of the parts of a body of at most `max_bytes`: all the same, as some stores demand.
fn part_bytes(max_bytes: u64) -> usize {
    let needed = usize::try_from(max_bytes.div_ceil(PARTS_MAX)).unwrap_or(PART_MAX_BYTES);
    needed.next_multiple_of(ROOM_UNIT_BYTES).clamp(PART_BYTES, PART_MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_with_the_limit_and_are_bounded() {
        assert_eq!(part_bytes(0), PART_BYTES);
        assert_eq!(part_bytes(5 << 30), PART_BYTES);
        assert_eq!(part_bytes(100 << 30), 12 << 20);
        assert_eq!(part_bytes(u64::MAX >> 1), PART_MAX_BYTES);
    }
}
