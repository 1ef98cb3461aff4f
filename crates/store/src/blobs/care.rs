//! What looks after a store needs of it: what lies there, whether it is still whole, and a place for what is taken away.
//! It does not know which blobs are wanted: that is a matter of rows.

use std::{
    future::ready,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use content::{ByteRange, ByteStream, Digest};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use tokio::sync::Semaphore;

use super::{
    Backend, BlobKey, Blobs, Error, Kind, StageError,
    blocking::{blocking, joined},
    disk_write::SMALL_BYTES,
    intake::Intake,
    lane::{ROOM_UNIT_BYTES, Room},
    sealed,
    sums::{Sums, digest_of},
};

/// What one blob that is summed may have between the store and its sums.
const ROOM_UNITS: usize = 8;

/// Held blobs that are removed at the same time.
const REMOVALS_AT_ONCE: usize = 8;

/// A blob that lies in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub key: BlobKey,
    /// How many bytes lie there, which are some more than it has where it is sealed.
    pub len: u64,
    /// When it was written, by the clock of the disk or of the object store, or when it was held, by ours; milliseconds since 1970.
    pub modified_ms: i64,
}

/// Something that lies where blobs of a kind lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A blob.
    Blob(Listed),
    /// What no code of ours put there, by its path below the root of the store; a folder stands for all that is in it.
    Stray(String),
}

/// What was removed for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many blobs.
    pub count: u64,
    /// How many bytes they had together.
    pub bytes: u64,
}

impl Blobs {
    /// All that lies where blobs of `kind` lie, in no order, read a little at a time. What comes or goes meanwhile may be listed or
    /// not. An object store lists what is staged as well, so that young blobs may be nobody's yet.
    ///
    /// An error tells of a part that could not be read; on a disk the rest still follows.
    #[must_use]
    pub fn list(&self, kind: Kind) -> BoxStream<'static, Result<Found, Error>> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.list(kind),
            Backend::Objects(objects) => objects.list(kind),
        }
    }

    /// How many bytes lie under `key`, [`BlobKey::stored_len`] if all is well; `None` when there is no such blob.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stat(&self, key: BlobKey) -> Result<Option<u64>, Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.stat(key).await,
            Backend::Objects(objects) => objects.stat(key).await,
        }
    }

    /// The sums of the bytes under `key`, which are `len`, as the store has them now: none is taken from memory, and none stays there.
    ///
    /// # Errors
    /// As [`Self::open`]; bytes that cannot be read are [`Error::Disk`] or [`Error::Objects`].
    pub async fn digest(&self, key: BlobKey, len: u64) -> Result<Digest, Error> {
        let small = len <= SMALL_BYTES as u64;
        match &self.0.backend {
            backend if key.is_sealed() => {
                let room = match backend {
                    Backend::Disk(disk) => &disk.room,
                    Backend::Objects(objects) => &objects.room,
                };
                let stored = self.0.open_stored(key, len).await?;
                let file_key = self.0.keys.read(key, &stored).await?;
                sums_of(sealed::opened(key, len, stored, file_key).read(ByteRange::whole(len)), len, room).await
            }
            Backend::Disk(disk) if small => {
                let disk = Arc::clone(disk);
                blocking(move || Ok(digest_of(&[disk.copy_now(key, len)?]))).await
            }
            Backend::Objects(objects) if small => {
                let bytes = objects.load(key, len).await?;
                blocking(move || Ok(digest_of(&[bytes]))).await
            }
            Backend::Disk(disk) => {
                sums_of(disk.open(key, len).await?.read(ByteRange::whole(len)), len, &disk.room).await
            }
            Backend::Objects(objects) => {
                sums_of(objects.open(key, len).await?.read(ByteRange::whole(len)), len, &objects.room).await
            }
        }
    }

    /// Takes a blob away, to where it is held until [`Self::drop_held`] or [`Self::release`]; `false` when there was none. `now` is
    /// kept as the time. Nobody can open it any more; those who are reading it on a disk may read on. It goes on when the
    /// future is dropped, and can be repeated when the process was killed on the way.
    ///
    /// # Errors
    /// When the store fails; it can be tried again.
    pub async fn hold(&self, key: BlobKey, now: SystemTime) -> Result<bool, Error> {
        let inner = Arc::clone(&self.0);
        // On its own task, or a caller that goes away could leave the bytes in memory, where they would be found.
        let holding = tokio::spawn(async move {
            let held = match &inner.backend {
                Backend::Disk(disk) => disk.hold(key, now).await,
                Backend::Objects(objects) => objects.hold(key, ms(now)).await,
            };
            inner.forget(key);
            held
        });
        joined(holding).await
    }

    /// All blobs that are held, in no order, read a little at a time; `modified_ms` is when each was held. Where a process was killed
    /// while it moved one, an object store may have it twice.
    pub fn held(&self) -> BoxStream<'static, Result<Listed, Error>> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.held(),
            Backend::Objects(objects) => objects.held(),
        }
    }

    /// Brings a held blob back under its key; `false`, and nothing is changed, when it is not held or a blob lies there.
    ///
    /// # Errors
    /// When the store fails; it can be tried again.
    pub async fn release(&self, key: BlobKey) -> Result<bool, Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.release(key).await,
            Backend::Objects(objects) => objects.release(key).await,
        }
    }

    /// Removes for good what has been held for more than `older_than` at `now`, to the millisecond.
    ///
    /// # Errors
    /// When the store fails; what is left can be tried again.
    pub async fn drop_held(&self, older_than: Duration, now: SystemTime) -> Result<Dropped, Error> {
        let kept_since_ms = ms(now).saturating_sub(i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX));
        let old = self.held().try_filter(move |held| ready(held.modified_ms < kept_since_ms));
        let removals = old.map_ok(|held| async move { Ok((self.remove_held(&held).await?, held.len)) });
        let dropped =
            removals.try_buffer_unordered(REMOVALS_AT_ONCE).try_fold(Dropped::default(), |sum, (gone, len)| {
                ready(Ok(if gone { Dropped { count: sum.count + 1, bytes: sum.bytes + len } } else { sum }))
            });
        let dropped = dropped.await?;
        if let Backend::Disk(disk) = &self.0.backend
            && dropped.count > 0
        {
            disk.sync_held().await?;
        }
        Ok(dropped)
    }

    async fn remove_held(&self, held: &Listed) -> Result<bool, Error> {
        match &self.0.backend {
            Backend::Disk(disk) => disk.remove_held(held).await,
            Backend::Objects(objects) => objects.remove_held(held).await,
        }
    }
}

/// The sums of a blob of ours that is read bit by bit; reading goes on while they are taken.
async fn sums_of(body: ByteStream, len: u64, shared: &Arc<Semaphore>) -> Result<Digest, Error> {
    let (mut intake, sums, room) = (Intake::new(body, len), Sums::new(), Room::new(ROOM_UNITS, shared));
    loop {
        let portion = intake.next(ROOM_UNIT_BYTES).await.map_err(StageError::of_a_blob)?;
        let len = portion.len();
        if len == 0 {
            return Ok(sums.finish().await?);
        }
        sums.push(&room.batch(portion.into_pieces(), len).await)?;
    }
}

/// Milliseconds since 1970.
pub(super) fn ms(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}
