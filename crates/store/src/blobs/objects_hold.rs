//! Takes blobs of an object store away to where they are held, and brings them back: copies first, then removes.
//! What is held, and why, it does not know.
//!
//! Each held copy has a name of its own, `holding/originals-<id>/<time>`: stores cannot date objects, and a copy that is never
//! overwritten can be removed by its age while somebody else holds the same blob again.

use futures_util::{StreamExt as _, TryStreamExt as _, future::ready, stream::BoxStream};
use object_store::{ObjectMeta, ObjectStoreExt as _, path::Path};

use super::{BlobKey, Error, Listed, objects, objects::Objects};

/// Where blobs lie that were taken away but not removed for good.
const HOLDING: &str = "holding";

/// Larger objects go through this process: stores copy 5 GiB at most, and their answer has to come within 30 seconds.
const COPY_MAX_BYTES: u64 = 1 << 30;

impl Objects {
    /// Moves a blob to where it is held; `false` when there was none.
    pub(super) async fn hold(&self, key: BlobKey, now_ms: i64) -> Result<bool, Error> {
        let Some(len) = self.stat(key).await? else { return Ok(false) };
        let from = objects::path(key);
        if !self.copied(&from, &held_path(key, now_ms), len).await? {
            return Ok(false);
        }
        self.removed(&from).await?;
        Ok(true)
    }

    /// All that is held.
    pub(super) fn held(&self) -> BoxStream<'static, Result<Listed, Error>> {
        self.held_below(&Path::from(HOLDING))
    }

    /// Brings a held blob back under its key; `false` when it is not held or its place is taken.
    pub(super) async fn release(&self, key: BlobKey) -> Result<bool, Error> {
        let copies: Vec<Listed> = self.held_below(&held_folder(key)).try_collect().await?;
        let Some(newest) = copies.iter().max_by_key(|copy| copy.modified_ms) else { return Ok(false) };
        if self.stat(key).await?.is_some() {
            return Ok(false);
        }
        if !self.copied(&held_path(key, newest.modified_ms), &objects::path(key), newest.len).await? {
            return Ok(false);
        }
        for copy in &copies {
            self.remove_held(copy).await?;
        }
        Ok(true)
    }

    /// Removes a held copy.
    pub(super) async fn remove_held(&self, held: &Listed) -> Result<bool, Error> {
        self.removed(&held_path(held.key, held.modified_ms)).await
    }

    fn held_below(&self, folder: &Path) -> BoxStream<'static, Result<Listed, Error>> {
        let objects = self.store.list(Some(folder)).map_err(Error::from);
        objects.try_filter_map(|object| ready(Ok(held(&object)))).boxed()
    }

    /// Copies an object; `false` when somebody else has taken it away since it was seen.
    async fn copied(&self, from: &Path, to: &Path, len: u64) -> Result<bool, Error> {
        let copied = if len > COPY_MAX_BYTES {
            self.copy_through(from, to, len).await
        } else {
            self.store.copy(from, to).await.map_err(Error::from)
        };
        match copied {
            Err(Error::Objects(object_store::Error::NotFound { .. })) => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }
}

/// What lies where held copies lie, if it is one.
fn held(object: &ObjectMeta) -> Option<Listed> {
    let (folder, time) = object.location.as_ref().rsplit_once('/')?;
    let key = BlobKey::held_as(folder.rsplit_once('/')?.1)?;
    let modified_ms = time.parse().ok()?;
    // No other spelling of it will do, because it is removed by this one.
    let same = held_path(key, modified_ms) == object.location;
    same.then_some(Listed { key, len: object.size, modified_ms })
}

fn held_folder(key: BlobKey) -> Path {
    Path::from(format!("{HOLDING}/{}", key.held_name()))
}

fn held_path(key: BlobKey, held_ms: i64) -> Path {
    held_folder(key).join(held_ms.to_string())
}
