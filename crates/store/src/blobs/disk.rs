//! Blobs in a folder: its layout, opening, removing, sweeping. How bytes are written and read is in `disk_write` and `disk_read`.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use content::Body;
use tokio::sync::Semaphore;

use super::{
    BlobId, BlobKey, BlobsConfig, Error, Kind, Space, blocking::blocking, buffers::Buffers, disk_read::DiskFile,
    folder_sync::FolderSync, map,
};

/// Where bytes lie until they are published.
const STAGING: &str = "staging";

/// Where blobs lie that were taken away but not removed for good.
pub(super) const HOLDING: &str = "holding";

/// Smaller blobs are copied rather than mapped: unmapping costs more than copying, and the kernel allows a process 65,530 mappings.
const MAPPED_MIN_BYTES: u64 = 64 * 1024;

/// The cache may fill up with the smallest blobs that are mapped; this many mappings are no trouble.
const MAPPINGS_MAX: u64 = 32_768;

/// A folder of blobs. The folder is ours alone: files in it are made by `disk_write`, and removed here.
pub(super) struct Disk {
    pub(super) root: PathBuf,
    /// One for each shard of each kind, in the order of [`Kind::ALL`].
    shards: Vec<FolderSync>,
    pub(super) holding: FolderSync,
    mapped_min_bytes: u64,
    pub(super) buffers: Buffers,
    /// Room that all uploads share, in units of [`super::lane::ROOM_UNIT_BYTES`].
    pub(super) room: Arc<Semaphore>,
}

impl Disk {
    /// Makes what is missing of the layout below `root`, durably, and checks that it can be written. Waits for the disk.
    pub(super) fn create(root: &Path, config: &BlobsConfig, room: Arc<Semaphore>) -> io::Result<Self> {
        let root = std::path::absolute(root)?;
        let mut made = make_folder(&root)?;
        made |= make_folder(&root.join(STAGING))?;
        made |= make_folder(&root.join(HOLDING))?;
        for kind in Kind::ALL {
            let folder = root.join(kind.folder());
            made |= make_folder(&folder)?;
            for shard in 0..=u8::MAX {
                made |= make_folder(&root.join(kind.shard_folder(shard)))?;
            }
            if made {
                File::open(&folder)?.sync_all()?;
            }
        }
        if made {
            File::open(&root)?.sync_all()?;
            root.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())?;
        }
        let disk = Self::lay_out(root, config, room);
        disk.try_writing()?;
        Ok(disk)
    }

    /// The layout below `root`, whether it is there or not.
    pub(super) fn lay_out(root: PathBuf, config: &BlobsConfig, room: Arc<Semaphore>) -> Self {
        let folders = Kind::ALL.into_iter().flat_map(|kind| (0..=u8::MAX).map(move |shard| kind.shard_folder(shard)));
        let shards = folders.map(|folder| FolderSync::new(root.join(folder))).collect();
        let mapped_min_bytes = MAPPED_MIN_BYTES.max(config.hot_bytes / MAPPINGS_MAX);
        let holding = FolderSync::new(root.join(HOLDING));
        Self { root, shards, holding, mapped_min_bytes, buffers: Buffers::default(), room }
    }

    pub(super) fn path(&self, key: BlobKey) -> PathBuf {
        self.root.join(key.path())
    }

    pub(super) fn staging_path(&self, id: BlobId) -> PathBuf {
        self.root.join(STAGING).join(id.to_string())
    }

    /// The folder that `key` lies in.
    pub(super) fn shard(&self, key: BlobKey) -> &FolderSync {
        let kind = match key.kind() {
            Kind::Original => 0,
            Kind::Rendition => 256,
        };
        &self.shards[kind + usize::from(key.id().shard())]
    }

    /// The whole blob in memory, mapped unless it is small.
    pub(super) async fn load(self: &Arc<Self>, key: BlobKey, len: u64) -> Result<Bytes, Error> {
        let disk = Arc::clone(self);
        blocking(move || disk.load_now(key, len)).await
    }

    fn load_now(&self, key: BlobKey, len: u64) -> Result<Bytes, Error> {
        let file = self.open_now(key, len)?;
        let size = usize::try_from(len).map_err(io::Error::other)?;
        if len >= self.mapped_min_bytes
            && let Ok(mapped) = map::map(&file, size)
        {
            return Ok(mapped);
        }
        read_whole(file, key, len)
    }

    /// The whole blob, copied: a disk that fails is an error here, where under a mapping it would end the process.
    pub(super) fn copy_now(&self, key: BlobKey, len: u64) -> Result<Bytes, Error> {
        read_whole(self.open_now(key, len)?, key, len)
    }

    /// How many bytes the blob has, if it is there.
    pub(super) async fn stat(self: &Arc<Self>, key: BlobKey) -> Result<Option<u64>, Error> {
        let disk = Arc::clone(self);
        blocking(move || match fs::metadata(disk.path(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            outcome => Ok(Some(outcome?.len())),
        })
        .await
    }

    /// A blob that is read bit by bit.
    pub(super) async fn open(self: &Arc<Self>, key: BlobKey, len: u64) -> Result<Body, Error> {
        let file = self.file(key, len).await?;
        Ok(Body::Stored { len, source: Arc::new(DiskFile::new(Arc::new(file), self.buffers.clone())) })
    }

    /// The file itself, open for reading.
    pub(super) async fn file(self: &Arc<Self>, key: BlobKey, len: u64) -> Result<File, Error> {
        let disk = Arc::clone(self);
        blocking(move || disk.open_now(key, len)).await
    }

    fn open_now(&self, key: BlobKey, len: u64) -> Result<File, Error> {
        let open = || {
            let file = File::open(self.path(key))?;
            let found = file.metadata()?.len();
            if found == len { Ok(file) } else { Err(Error::Length { key, expected: len, found }) }
        };
        open().map_err(|error| error.about(key))
    }

    /// Removes a blob for good; `false` when there was none.
    pub(super) async fn delete(self: &Arc<Self>, key: BlobKey) -> Result<bool, Error> {
        let disk = Arc::clone(self);
        blocking(move || {
            match fs::remove_file(disk.path(key)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                outcome => outcome?,
            }
            disk.shard(key).sync()?;
            Ok(true)
        })
        .await
    }

    /// Removes staged files last written more than `older_than` before `now`; returns how many.
    pub(super) async fn sweep(self: &Arc<Self>, older_than: Duration, now: SystemTime) -> Result<u64, Error> {
        let disk = Arc::clone(self);
        blocking(move || {
            let mut swept = 0;
            for entry in fs::read_dir(disk.root.join(STAGING))? {
                let entry = entry?;
                let written = match entry.metadata().and_then(|metadata| metadata.modified()) {
                    // Published or given up since we looked.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    written => written?,
                };
                // A file from the future is not old.
                if now.duration_since(written).is_ok_and(|age| age > older_than) && removed(&entry.path())? {
                    swept += 1;
                }
            }
            Ok(swept)
        })
        .await
    }

    /// Whether a file can be written and removed.
    pub(super) async fn check(self: &Arc<Self>) -> Result<(), Error> {
        let disk = Arc::clone(self);
        blocking(move || Ok(disk.try_writing()?)).await
    }

    /// How much room its file system has.
    pub(super) async fn space(self: &Arc<Self>) -> Result<Space, Error> {
        let disk = Arc::clone(self);
        blocking(move || {
            let found = rustix::fs::statvfs(&disk.root).map_err(io::Error::from)?;
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Ok(Space { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
        })
        .await
    }

    fn try_writing(&self) -> io::Result<()> {
        let path = self.staging_path(BlobId::random());
        let outcome = new_file(&path).and_then(|mut file| file.write_all(b"can this be written?"));
        // Whatever happened, nothing stays; a failure to write is the one worth telling.
        let removal = removed(&path);
        outcome.and(removal.map(|_| ()))
    }
}

/// All `len` bytes of `file`.
fn read_whole(file: File, key: BlobKey, len: u64) -> Result<Bytes, Error> {
    let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
    file.take(len).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found == len { Ok(bytes.into()) } else { Err(Error::Length { key, expected: len, found }) }
}

/// Makes a file that only we can read and that is not there yet.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Removes a file; `false` when somebody else did.
pub(super) fn removed(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// Makes a folder that only we can enter, and those above it; `false` when it was there.
fn make_folder(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    Ok(true)
}
