//! Reads what lies in the folders of a disk, a little at a time. Knows blobs by their names, not whether anybody wants them.

use std::{
    fs::{self, Metadata, ReadDir},
    io, iter,
    path::PathBuf,
};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future::ready, stream, stream::BoxStream};

use super::{
    BlobKey, Error, Found, Kind, Listed,
    blocking::blocking,
    care::ms,
    disk::{Disk, HOLDING},
};

/// Entries that are read in one go, which bounds what a listing holds in memory however many there are in a folder.
const BATCH_ENTRIES: usize = 512;

impl Disk {
    /// All that lies below the folder of `kind`.
    pub(super) fn list(&self, kind: Kind) -> BoxStream<'static, Result<Found, Error>> {
        let shards = (0..=u8::MAX).map(move |shard| kind.shard_folder(shard));
        let entries = self.walk(iter::once(kind.folder().to_owned()).chain(shards));
        entries.try_filter(move |entry| ready(!entry.is_shard(kind))).map_ok(Entry::found).boxed()
    }

    /// All that is held.
    pub(super) fn held(&self) -> BoxStream<'static, Result<Listed, Error>> {
        self.walk(iter::once(HOLDING.to_owned())).try_filter_map(|entry| ready(Ok(entry.held()))).boxed()
    }

    /// The entries of `folders`, which are paths below the root.
    fn walk(
        &self,
        folders: impl Iterator<Item = String> + Send + 'static,
    ) -> impl Stream<Item = Result<Entry, Error>> + Send + 'static {
        let walk = Walk { root: self.root.clone(), folders: Box::new(folders), open: None };
        let batches = stream::unfold(Some(walk), |walk| async {
            let mut walk = walk?;
            let read = blocking(move || {
                let batch = walk.batch();
                Ok::<_, Error>((batch, walk))
            });
            match read.await {
                Ok((batch, _)) if batch.is_empty() => None,
                Ok((batch, walk)) => Some((batch, Some(walk))),
                Err(error) => Some((vec![Err(error)], None)),
            }
        });
        batches.flat_map(stream::iter)
    }
}

/// Something that lies in a folder.
struct Entry {
    /// Where, below the root.
    path: String,
    metadata: Metadata,
}

impl Entry {
    /// Whether it is one of the folders that blobs of `kind` lie in.
    fn is_shard(&self, kind: Kind) -> bool {
        let shard = self.path.rsplit_once('/').and_then(|(_, name)| u8::from_str_radix(name, 16).ok());
        self.metadata.is_dir() && shard.is_some_and(|shard| kind.shard_folder(shard) == self.path)
    }

    fn found(self) -> Found {
        let listed = BlobKey::at(&self.path).and_then(|key| self.listed(key));
        listed.map_or(Found::Stray(self.path), Found::Blob)
    }

    fn held(&self) -> Option<Listed> {
        let (_, name) = self.path.rsplit_once('/')?;
        self.listed(BlobKey::held_as(name)?)
    }

    /// What is no plain file is no blob, whatever its name.
    fn listed(&self, key: BlobKey) -> Option<Listed> {
        let modified_ms = ms(self.metadata.modified().ok()?);
        self.metadata.is_file().then_some(Listed { key, len: self.metadata.len(), modified_ms })
    }
}

/// A walk through folders, between two of its steps.
struct Walk {
    root: PathBuf,
    folders: Box<dyn Iterator<Item = String> + Send>,
    open: Option<(String, ReadDir)>,
}

impl Walk {
    /// The next entries; none at the end. What cannot be read is told in its place and passed over. Waits for the disk.
    fn batch(&mut self) -> Vec<Result<Entry, Error>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH_ENTRIES {
            match self.step() {
                Ok(Step::Entry(entry)) => batch.push(Ok(entry)),
                Ok(Step::Passed) => {}
                Ok(Step::End) => break,
                Err(error) => batch.push(Err(error.into())),
            }
        }
        batch
    }

    fn step(&mut self) -> io::Result<Step> {
        let Some((folder, entries)) = &mut self.open else {
            let Some(folder) = self.folders.next() else { return Ok(Step::End) };
            let entries = fs::read_dir(self.root.join(&folder)).map_err(|error| at(&folder, &error))?;
            self.open = Some((folder, entries));
            return Ok(Step::Passed);
        };
        let entry = match entries.next() {
            Some(Ok(entry)) => entry,
            Some(Err(error)) => {
                let error = at(folder, &error);
                self.open = None;
                return Err(error);
            }
            None => {
                self.open = None;
                return Ok(Step::Passed);
            }
        };
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.metadata() {
            // Taken away since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Step::Passed),
            Err(error) => Err(at(&path, &error)),
            Ok(metadata) => Ok(Step::Entry(Entry { path, metadata })),
        }
    }
}

/// One step of a [`Walk`].
enum Step {
    Entry(Entry),
    /// On the way to the next entry.
    Passed,
    End,
}

/// The same error, which says where it happened.
fn at(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}
