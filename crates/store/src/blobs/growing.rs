//! Blobs that come in pieces. In a folder one grows under its own name, piece by piece, so that at its end nothing is left to
//! copy; in an object store, which can not do that, and where a blob is sealed, the pieces are put together at the end. Knows no uploads: who says when a
//! blob is whole, and that nobody reads it before, is not its business.

use std::{fs::OpenOptions, io, os::unix::fs::FileExt as _, os::unix::fs::OpenOptionsExt as _, sync::Arc};

use bytes::Bytes;
use content::{ByteRange, ByteStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use seal::{Sealer, TenantKey};

use super::{Backend, BlobKey, Blobs, Error, RunningSums, blocking::blocking, disk::Disk};

/// So much is written and summed in one go on another thread.
const STEP_BYTES: usize = 1024 * 1024;

impl Blobs {
    /// Whether the pieces of a blob have to stay until it is whole, because it does not grow in place.
    #[must_use]
    pub fn keeps_pieces(&self, key: BlobKey) -> bool {
        key.is_sealed() || matches!(self.0.backend, Backend::Objects(_))
    }

    /// Adds a piece to a growing blob, at the place where what was summed ends. When this returns, the piece is durable there,
    /// if blobs grow in place here, and is summed. Doing it twice, also at the same time, does no harm: equal bytes go to the
    /// same place.
    ///
    /// # Errors
    /// When the store fails, or the piece can not be read.
    pub async fn grow(
        &self,
        key: BlobKey,
        (piece, len): (BlobKey, u64),
        sums: RunningSums,
    ) -> Result<RunningSums, Error> {
        // Read past what is held in memory: nobody else will ask for it.
        let body = self.0.open_past_memory(piece, len).await?;
        let file = match &self.0.backend {
            Backend::Disk(disk) if !self.keeps_pieces(key) => Some(open(disk, key).await?),
            Backend::Disk(_) | Backend::Objects(_) => None,
        };
        let (mut sums, mut bytes) = (sums, body.read(ByteRange::whole(len)).fuse());
        while let Some(step) = next_step(&mut bytes).await? {
            let file = file.clone();
            sums = blocking::<_, Error>(move || {
                let mut sums = sums;
                for chunk in step {
                    if let Some(file) = &file {
                        file.write_all_at(&chunk, sums.len())?;
                    }
                    sums.add(&chunk);
                }
                Ok(sums)
            })
            .await?;
        }
        if let (Some(file), Backend::Disk(disk)) = (file, &self.0.backend) {
            let disk = Arc::clone(disk);
            blocking::<_, Error>(move || {
                file.sync_all()?;
                Ok(disk.shard(key).sync()?)
            })
            .await?;
        }
        Ok(sums)
    }

    /// Makes a blob of which all `pieces` came, each with its length, one that can be read; a sealed one with that key, and the
    /// SHA-256 of all of it. Doing it twice does no harm.
    ///
    /// # Errors
    /// When the store fails, or what has grown is not `len` bytes long.
    pub async fn end_growth(
        &self,
        key: BlobKey,
        seal: Option<(&TenantKey, [u8; 32])>,
        pieces: &[(BlobKey, u64)],
        len: u64,
    ) -> Result<(), Error> {
        if self.keeps_pieces(key) {
            return self.join(key, seal, pieces, len).await;
        }
        match &self.0.backend {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                blocking(move || {
                    let file =
                        OpenOptions::new().write(true).open(disk.path(key)).map_err(|e| Error::from(e).about(key))?;
                    let found = file.metadata()?.len();
                    // What one that was cut off left behind the end is no part of it.
                    if found > len {
                        file.set_len(len)?;
                    }
                    if found < len {
                        return Err(Error::Length { key, expected: len, found });
                    }
                    file.sync_all()?;
                    Ok(disk.shard(key).sync()?)
                })
                .await
            }
            Backend::Objects(_) => Err(Error::Missing(key)),
        }
    }

    /// Puts pieces together.
    async fn join(
        &self,
        key: BlobKey,
        seal: Option<(&TenantKey, [u8; 32])>,
        pieces: &[(BlobKey, u64)],
        len: u64,
    ) -> Result<(), Error> {
        let found = pieces.iter().map(|(_, len)| len).sum();
        if found != len {
            return Err(Error::Length { key, expected: len, found });
        }
        // One after the other: there may be thousands.
        let blobs = self.clone();
        let read = move |(piece, len)| {
            let blobs = blobs.clone();
            let body = async move { blobs.0.open_past_memory(piece, len).await.map_err(io::Error::other) };
            stream::once(body).map_ok(move |body| body.read(ByteRange::whole(len))).try_flatten()
        };
        let whole: ByteStream = stream::iter(pieces.to_vec()).flat_map(read).boxed();
        // By its id and what it holds, so that whoever does the same at the same time writes the same bytes.
        let whole = match (key.is_sealed(), seal) {
            (true, Some((seal, sha256))) => {
                let seed = [key.id().to_string().as_bytes(), &sha256].concat();
                Sealer::repeatable(seal, &seed).seal_stream(whole)
            }
            (true, None) => return Err(Error::Keys("there is none to seal with".into())),
            (false, _) => whole,
        };
        match &self.0.backend {
            Backend::Disk(disk) => disk.write_through(key, whole, key.stored_len(len)).await,
            Backend::Objects(objects) => objects.join(key, whole, key.stored_len(len)).await,
        }
    }
}

async fn open(disk: &Arc<Disk>, key: BlobKey) -> Result<Arc<std::fs::File>, Error> {
    let disk = Arc::clone(disk);
    blocking(move || {
        // Not emptied: what others have written of it stays.
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(disk.path(key));
        Ok(Arc::new(file?))
    })
    .await
}

/// About so many bytes of a stream; `None` at its end.
async fn next_step(bytes: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin)) -> io::Result<Option<Vec<Bytes>>> {
    let (mut step, mut len) = (Vec::new(), 0);
    while len < STEP_BYTES {
        let Some(chunk) = bytes.try_next().await? else { break };
        len += chunk.len();
        step.push(chunk);
    }
    Ok(Some(step).filter(|step| !step.is_empty()))
}
