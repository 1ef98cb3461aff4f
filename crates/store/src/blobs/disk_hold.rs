//! Takes blobs away to the holding folder and brings them back. The order of its steps is a promise; what is held, and why, it does not know.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::{
    BlobKey, Error, Listed,
    blocking::blocking,
    care::ms,
    disk::{Disk, HOLDING, removed},
};

impl Disk {
    fn held_path(&self, key: BlobKey) -> PathBuf {
        self.root.join(HOLDING).join(key.held_name())
    }

    /// Moves a blob to the holding folder, dated `now`; `false` when there was none.
    pub(super) async fn hold(self: &Arc<Self>, key: BlobKey, now: SystemTime) -> Result<bool, Error> {
        let disk = Arc::clone(self);
        blocking(move || Ok(disk.hold_now(key, now)?)).await
    }

    fn hold_now(&self, key: BlobKey, now: SystemTime) -> io::Result<bool> {
        let (from, to) = (self.path(key), self.held_path(key));
        let file = match File::open(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        // The date is durable before the name: a held blob with the date of its publication would be dropped as an old one.
        file.set_modified(now)?;
        file.sync_all()?;
        if !moved(&from, &to)? {
            return Ok(false);
        }
        // The new name before the loss of the old one: at no moment has the disk neither.
        self.holding.sync()?;
        self.shard(key).sync()?;
        Ok(true)
    }

    /// Moves a held blob back under its key; `false` when it is not held or its place is taken.
    pub(super) async fn release(self: &Arc<Self>, key: BlobKey) -> Result<bool, Error> {
        let disk = Arc::clone(self);
        blocking(move || Ok(disk.release_now(key)?)).await
    }

    fn release_now(&self, key: BlobKey) -> io::Result<bool> {
        let (from, to) = (self.held_path(key), self.path(key));
        // Nobody can take the place in between but another release, which takes the held file with it.
        if to.try_exists()? || !moved(&from, &to)? {
            return Ok(false);
        }
        self.shard(key).sync()?;
        self.holding.sync()?;
        Ok(true)
    }

    /// Removes a held blob, unless it is another by now than the one that was listed.
    pub(super) async fn remove_held(self: &Arc<Self>, held: &Listed) -> Result<bool, Error> {
        let (path, listed_ms) = (self.held_path(held.key), held.modified_ms);
        blocking(move || match fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            modified => Ok(ms(modified?) == listed_ms && removed(&path)?),
        })
        .await
    }

    /// Makes removals of held blobs durable.
    pub(super) async fn sync_held(self: &Arc<Self>) -> Result<(), Error> {
        let disk = Arc::clone(self);
        blocking(move || Ok(disk.holding.sync()?)).await
    }
}

/// Moves a file; `false` when it is not there (any more). That the folder it goes to is missing is an error.
fn moved(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.try_exists()? => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use futures_util::TryStreamExt as _;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::blobs::{BlobId, BlobsConfig};

    #[tokio::test]
    async fn what_was_held_again_since_it_was_listed_is_not_removed() {
        let root = tempfile::tempdir().unwrap();
        let disk = Disk::create(root.path(), &BlobsConfig::default(), Arc::new(Semaphore::new(64))).unwrap();
        let (disk, key) = (Arc::new(disk), BlobKey::Original(BlobId::random()));
        fs::write(disk.path(key), "blob").unwrap();
        let now = SystemTime::now();
        assert!(disk.hold(key, now).await.unwrap());
        let listed: Vec<Listed> = disk.held().try_collect().await.unwrap();
        assert!(disk.release(key).await.unwrap());
        assert!(disk.hold(key, now + Duration::from_millis(1)).await.unwrap());
        assert!(!disk.remove_held(&listed[0]).await.unwrap());
        assert!(disk.release(key).await.unwrap());
    }
}
