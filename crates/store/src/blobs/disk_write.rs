//! Writes bytes to a folder and makes them durable under their key. The order write, sync file, rename, sync folder is a promise.

use std::{
    fs::{self, File},
    io::{self, IoSlice, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use content::{Body, ByteStream};
use seal::{Sealer, TenantKey};
use tokio::{
    runtime::Handle,
    task::{JoinHandle, spawn_blocking},
};

use super::{
    BlobId, BlobKey, Error, Kind, StageError, Staged,
    blocking::{blocking, joined},
    buffers::Buffers,
    disk::{self, Disk},
    disk_read::DiskFile,
    folder_sync::FolderSync,
    intake::{Intake, Portion, head_of},
    lane::{Batch, Lane, ROOM_UNIT_BYTES, Room, Work},
    sealed::{seal_pieces, seal_whole},
    staged::{HEAD_BYTES, Place},
    sums::{Sums, digest_of},
};

/// A body that ends before this many bytes is hashed and written in one go.
pub(super) const SMALL_BYTES: usize = 512 * 1024;

/// What one upload may have between its body and the disk.
const ROOM_UNITS: usize = 8;

/// Write-back begins each time that this many bytes were written, or all of it would wait for the sync at the end.
const WRITE_BACK_BYTES: usize = 32 * 1024 * 1024;

/// A writer that is this far ahead of the disk waits for it.
const WRITE_BACK_BEHIND_BYTES: usize = 128 * 1024 * 1024;

/// A file that is not published yet. Dropping it removes it.
pub(super) struct StagedFile {
    path: PathBuf,
    /// Absent only while it is dropped.
    file: Option<Arc<File>>,
    published: bool,
}

impl Disk {
    /// Takes in a body.
    pub(super) async fn stage(
        self: &Arc<Self>,
        kind: Kind,
        seal: Option<&TenantKey>,
        mut intake: Intake,
    ) -> Result<Staged, StageError> {
        let first = intake.next(SMALL_BYTES).await?;
        if intake.ended() {
            return self.stage_whole(kind, seal.cloned(), first.into_whole()).await;
        }
        let id = BlobId::random_of(seal.is_some());
        let disk = Arc::clone(self);
        let place = blocking::<_, Error>(move || Ok(StagedFile::create(disk.staging_path(id))?)).await?;
        let sealer = seal.map(Sealer::new);
        let sealed = sealer.as_ref().zip(seal).map(|(sealer, key)| (sealer.file_key(), key.id()));
        let (sums, writer) = (Sums::new(), Lane::new(FileWriter::new(place.file(), sealer)));
        let room = Room::new(ROOM_UNITS, &self.room);
        let mut head = Bytes::new();
        let mut portion: Portion = first;
        while portion.len() > 0 {
            let len = portion.len();
            let pieces = portion.into_pieces();
            if head.is_empty() {
                head = head_of(&pieces, HEAD_BYTES);
            }
            let batch = room.batch(pieces, len).await;
            sums.push(&batch).map_err(Error::from)?;
            writer.push(&batch).map_err(Error::from)?;
            drop(batch);
            portion = intake.next(ROOM_UNIT_BYTES).await?;
        }
        let written = async { writer.finish().await?.finish().await };
        let (digest, ()) = tokio::try_join!(sums.finish(), written).map_err(Error::from)?;
        let place = Place::File(place, self.buffers.clone());
        Ok(Staged { len: intake.len(), digest, head, key: BlobKey::new(kind, id), whole: None, place, sealed })
    }

    /// Takes in bytes that are few and all there, in one go.
    pub(super) async fn stage_whole(
        self: &Arc<Self>,
        kind: Kind,
        seal: Option<TenantKey>,
        whole: Bytes,
    ) -> Result<Staged, StageError> {
        let disk = Arc::clone(self);
        blocking::<_, Error>(move || {
            let id = BlobId::random_of(seal.is_some());
            let place = StagedFile::create(disk.staging_path(id))?;
            let plain = std::slice::from_ref(&whole);
            let sealed = match &seal {
                Some(key) => {
                    let sealer = Sealer::new(key);
                    let file_key = sealer.file_key();
                    write_pieces(&place.file(), &seal_whole(sealer, plain))?;
                    Some((file_key, key.id()))
                }
                None => {
                    write_pieces(&place.file(), plain)?;
                    None
                }
            };
            let digest = digest_of(std::slice::from_ref(&whole));
            let head = whole.slice(..whole.len().min(HEAD_BYTES));
            let place = Place::File(place, disk.buffers.clone());
            let len = whole.len() as u64;
            Ok(Staged { len, digest, head, key: BlobKey::new(kind, id), whole: Some(whole), place, sealed })
        })
        .await
        .map_err(StageError::from)
    }

    /// Writes a blob of `len` bytes as they are, durably, under a key that others may be writing the same bytes to.
    pub(super) async fn write_through(self: &Arc<Self>, key: BlobKey, body: ByteStream, len: u64) -> Result<(), Error> {
        // What is written is no plain blob; only its place in staging is wanted.
        let staged = self.stage(key.kind(), None, Intake::new(body, len)).await.map_err(StageError::of_a_blob)?;
        self.put_through(key, staged, len).await
    }

    /// Makes staged bytes, which should be `len`, durable under such a key instead of their own.
    pub(super) async fn put_through(self: &Arc<Self>, key: BlobKey, staged: Staged, len: u64) -> Result<(), Error> {
        match staged.place {
            Place::File(mut file, _) if staged.len == len => {
                let disk = Arc::clone(self);
                blocking(move || Ok(file.publish_over(&disk.path(key), disk.shard(key))?)).await
            }
            Place::File(..) | Place::Object(_) => Err(Error::Length { key, expected: len, found: staged.len }),
        }
    }

    /// Makes a staged file durable under its key. If this is given up half-way, or fails, nothing is left.
    pub(super) async fn publish(self: &Arc<Self>, key: BlobKey, mut staged: StagedFile) -> Result<(), Error> {
        let disk = Arc::clone(self);
        let mut staged = blocking::<_, Error>(move || {
            staged.publish(disk.path(key), disk.shard(key))?;
            Ok(staged)
        })
        .await?;
        // Only now does somebody know of it: until here dropping it removes the published file.
        staged.published = true;
        Ok(())
    }
}

/// One step of making a file durable under its final path.
type Step = fn(&mut StagedFile, &Path, &FolderSync) -> io::Result<()>;

/// What happens before a key is handed out, in this order and no other: a name never shows up before the bytes behind it are
/// durable, and no key is handed out before its name is. A step that fails ends it: what could not be synced is never used.
const STEPS: [Step; 3] = [StagedFile::sync_bytes, StagedFile::take_final_name, StagedFile::sync_name];

impl StagedFile {
    /// Makes the file. Waits for the disk.
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = disk::new_file(&path)?;
        Ok(Self { path, file: Some(Arc::new(file)), published: false })
    }

    /// The open file.
    fn file(&self) -> Arc<File> {
        Arc::clone(self.file.as_ref().expect("it is taken only when dropped"))
    }

    /// What was written, to be read back.
    pub(super) fn body(&self, len: u64, buffers: &Buffers) -> Body {
        Body::Stored { len, source: Arc::new(DiskFile::new(self.file(), buffers.clone())) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn publish(&mut self, path: PathBuf, folder: &FolderSync) -> io::Result<()> {
        STEPS.iter().try_for_each(|step| step(self, &path, folder))
    }

    /// The same where another may put the same bytes: under that name they are not this one's to remove.
    fn publish_over(&mut self, path: &Path, folder: &FolderSync) -> io::Result<()> {
        self.sync_bytes(path, folder)?;
        self.take_final_name(path, folder)?;
        self.published = true;
        self.sync_name(path, folder)
    }

    fn sync_bytes(&mut self, _: &Path, _: &FolderSync) -> io::Result<()> {
        self.file().sync_all()
    }

    fn take_final_name(&mut self, path: &Path, _: &FolderSync) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        Ok(())
    }

    fn sync_name(&mut self, _: &Path, folder: &FolderSync) -> io::Result<()> {
        folder.sync()
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Taking the name away is quick, and so is done before anybody looks.
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "staged file was not removed; the next sweep will try again");
            }
            _ => {}
        }
        // Closing the last handle frees the file's blocks, which takes its time where there are many.
        if let (Some(file), Ok(runtime)) = (self.file.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}

/// Writes batches to a file, and has them written back on the way.
struct FileWriter {
    file: Arc<File>,
    sealer: Option<Sealer>,
    /// Bytes written since the last write-back began.
    behind: usize,
    write_back: Option<JoinHandle<io::Result<()>>>,
}

impl FileWriter {
    fn new(file: Arc<File>, sealer: Option<Sealer>) -> Self {
        Self { file, sealer, behind: 0, write_back: None }
    }

    /// Begins a write-back unless one is under way and not too far behind.
    fn write_back(&mut self) -> io::Result<()> {
        if let Some(running) = self.write_back.take() {
            if !running.is_finished() && self.behind < WRITE_BACK_BEHIND_BYTES {
                self.write_back = Some(running);
                return Ok(());
            }
            // The kernel tells a failed write-back once only: to ignore it here would be to publish bytes that are not there.
            Handle::current().block_on(joined(running))?;
        }
        let file = Arc::clone(&self.file);
        self.behind = 0;
        self.write_back = Some(spawn_blocking(move || file.sync_data()));
        Ok(())
    }

    /// Writes what a sealer still has, and waits for the write-back under way.
    async fn finish(self) -> io::Result<()> {
        if let Some(sealer) = self.sealer {
            let file = self.file;
            blocking(move || write_pieces(&file, &[sealer.finish()])).await?;
        }
        match self.write_back {
            Some(running) => joined(running).await,
            None => Ok(()),
        }
    }
}

impl Work for FileWriter {
    fn take(&mut self, batch: &Batch) -> io::Result<()> {
        match &mut self.sealer {
            Some(sealer) => {
                let mut sealed = Vec::new();
                seal_pieces(sealer, &batch.pieces, &mut sealed);
                write_pieces(&self.file, &sealed)?;
            }
            None => write_pieces(&self.file, &batch.pieces)?,
        }
        self.behind += batch.len;
        if self.behind >= WRITE_BACK_BYTES {
            self.write_back()?;
        }
        Ok(())
    }
}

/// Writes all pieces at the file's position, with as few system calls as the kernel allows.
fn write_pieces(mut file: &File, pieces: &[Bytes]) -> io::Result<()> {
    // To write nothing looks like a disk that takes nothing.
    let some = pieces.iter().filter(|piece| !piece.is_empty());
    let mut slices: Vec<IoSlice<'_>> = some.map(|piece| IoSlice::new(piece)).collect();
    let mut left = slices.as_mut_slice();
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::fd::OwnedFd;

    use super::*;

    fn staged_in(root: &Path) -> (StagedFile, PathBuf, PathBuf) {
        let (from, to) = (root.join("staged"), root.join("final"));
        (StagedFile::create(from.clone()).unwrap(), from, to)
    }

    #[test]
    fn bytes_that_cannot_be_synced_never_get_their_name() {
        let root = tempfile::tempdir().unwrap();
        let (mut staged, from, to) = staged_in(root.path());
        // A pipe cannot be synced.
        staged.file = Some(Arc::new(File::from(OwnedFd::from(io::pipe().unwrap().1))));
        assert!(staged.publish(to.clone(), &FolderSync::new(root.path().to_owned())).is_err());
        assert!(from.exists() && !to.exists());
        drop(staged);
        assert!(!from.exists());
    }

    #[test]
    fn a_name_that_cannot_be_synced_is_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let (mut staged, from, to) = staged_in(root.path());
        assert!(staged.publish(to.clone(), &FolderSync::new(root.path().join("gone"))).is_err());
        assert!(!from.exists() && to.exists());
        drop(staged);
        assert!(!to.exists());
    }

    #[test]
    fn pieces_are_written_in_order_however_many() {
        let file = tempfile::tempfile().unwrap();
        let pieces: Vec<_> = (0..5_000_u32).map(|i| Bytes::copy_from_slice(&i.to_le_bytes()[..3])).collect();
        write_pieces(&file, &pieces).unwrap();
        let mut read = vec![0; 15_000];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut read, 0).unwrap();
        assert_eq!(read, pieces.concat());
        assert_eq!(file.metadata().unwrap().len(), 15_000);
    }

    #[tokio::test]
    async fn a_write_back_that_fails_is_told() {
        // A pipe cannot be synced.
        let pipe = Arc::new(File::from(OwnedFd::from(io::pipe().unwrap().1)));
        let mut writer = FileWriter::new(Arc::clone(&pipe), None);
        writer.write_back().unwrap();
        assert!(writer.finish().await.is_err(), "at the end");

        let mut writer = FileWriter::new(pipe, None);
        let later = blocking(move || {
            writer.write_back()?;
            writer.behind = WRITE_BACK_BEHIND_BYTES;
            Ok::<_, Error>(writer.write_back().is_err())
        });
        assert!(later.await.unwrap(), "and when the next one is due");
    }
}
