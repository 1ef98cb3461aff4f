//! The folder of backups: `blobs`, which holds one copy of each blob, and `catalogs`, which holds for each backup its rows and, written
//! last of all, a manifest. What has no manifest is the rest of a backup that was cut off.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use futures_util::TryStreamExt as _;
use rustix::fs::{FlockOperation, flock};

use super::{Error, Manifest, Result, format::FORMAT, reading::Reader, with_files};
use crate::blobs::{BlobId, BlobKey, Blobs, BlobsConfig, Found, Kind};

const CATALOGS: &str = "catalogs";
const BLOBS: &str = "blobs";
const LOCK: &str = "lock";
const MANIFEST: &str = ".json";
const ROWS: &str = ".jsonl.gz";
/// Behind the name of what is still being written.
const PART: &str = ".part";

/// So many ids of blobs are held in memory at the same time.
const IDS_AT_ONCE: u64 = 2_000_000;

/// A folder of backups.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    /// Which library it is for; empty: that is not asked.
    pub(super) library: String,
    /// Whether what is damaged or missing in it is passed over.
    pub(super) leniently: bool,
}

/// Held while somebody is at work in it; ends with the process at the latest.
pub(super) struct Lock(#[expect(dead_code, reason = "it is only held")] Option<File>);

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many catalogs.
    pub catalogs: u64,
    /// How many blobs that none of those left names.
    pub blobs: u64,
    /// How many bytes those had.
    pub bytes: u64,
}

impl Shelf {
    /// The backups in a folder, whether it is there or not.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), library: String::new(), leniently: false }
    }

    /// The same for a library of this name: one that holds backups of another is refused.
    #[must_use]
    pub fn for_library(&self, library: String) -> Self {
        Self { library, ..self.clone() }
    }

    /// The same to bring back what there is: blobs that are damaged or missing in it are told, and the rest is brought back.
    #[must_use]
    pub fn leniently(self, leniently: bool) -> Self {
        Self { leniently, ..self }
    }

    /// Whether the newest backup that tells is of the library that this is for.
    pub(super) async fn expect_own(&self) -> Result<()> {
        let known: Vec<Manifest> = self.listed().await?.into_iter().filter_map(|(_, manifest)| manifest.ok()).collect();
        match known.into_iter().rev().find(|manifest| !manifest.library.is_empty()) {
            Some(manifest) if !self.library.is_empty() && manifest.library != self.library => {
                Err(Error::OtherLibrary(manifest.name))
            }
            _ => Ok(()),
        }
    }

    /// The backups that were finished, the oldest first.
    ///
    /// # Errors
    /// `Damaged` for one whose manifest can not be read, `Later` for one that is of a later version; when the folder can not be read.
    pub async fn catalogs(&self) -> Result<Vec<Manifest>> {
        self.listed().await?.into_iter().map(|(_, manifest)| manifest).collect()
    }

    /// The same by their names, whether their manifests can be read or not.
    ///
    /// # Errors
    /// When the folder can not be read.
    pub async fn listed(&self) -> Result<Vec<(String, Result<Manifest>)>> {
        let folder = self.root.join(CATALOGS);
        let at = folder.clone();
        let texts = with_files(&folder, move || {
            let mut texts = Vec::new();
            let entries = match fs::read_dir(&at) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(texts),
                entries => entries?,
            };
            for entry in entries {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if let Some(name) = name.strip_suffix(MANIFEST) {
                    texts.push((name.to_owned(), fs::read_to_string(at.join(format!("{name}{MANIFEST}")))?));
                }
            }
            texts.sort();
            Ok(texts)
        });
        let read = |(name, text): (String, String)| (name.clone(), manifest(name, &text));
        Ok(texts.await?.into_iter().map(read).collect())
    }

    /// One of them by its name, or the newest.
    ///
    /// # Errors
    /// As for [`Self::catalogs`]; `NoCatalog`, `NoBackup`.
    pub async fn catalog(&self, name: Option<&str>) -> Result<Manifest> {
        // What another is like does not matter.
        let mut found = self.listed().await?;
        match name {
            None => found.pop().ok_or(Error::NoBackup)?.1,
            Some(name) => {
                let found = found.into_iter().find(|(known, _)| known == name);
                found.ok_or_else(|| Error::NoCatalog(name.to_owned()))?.1
            }
        }
    }

    /// Keeps the newest catalogs only, and the blobs that those name.
    ///
    /// # Errors
    /// `InUse`, `Damaged`; when the folder can not be changed. What is left can be dropped by another call.
    pub async fn keep(&self, newest: usize) -> Result<Dropped> {
        let _lock = self.lock(true).await?;
        self.keep_locked(newest).await
    }

    pub(super) async fn keep_locked(&self, newest: usize) -> Result<Dropped> {
        let mut catalogs = self.catalogs().await?;
        let old: Vec<Manifest> = catalogs.drain(..catalogs.len().saturating_sub(newest)).collect();
        let mut dropped = Dropped { catalogs: old.len() as u64, ..Dropped::default() };
        let folder = self.root.join(CATALOGS);
        let at = folder.clone();
        with_files(&folder, move || {
            // The manifest first: a catalog without its rows would be a damaged one.
            for suffix in [MANIFEST, ROWS] {
                for manifest in &old {
                    removed(&at.join(format!("{}{suffix}", manifest.name)))?;
                }
                File::open(&at)?.sync_all()?;
            }
            Ok(())
        })
        .await?;
        self.drop_unnamed(&catalogs, &mut dropped).await?;
        Ok(dropped)
    }

    /// Removes the blobs that no catalog names. In several passes where there are so many that their ids would not fit in memory.
    async fn drop_unnamed(&self, catalogs: &[Manifest], dropped: &mut Dropped) -> Result<()> {
        let blobs = self.blobs().await?;
        let named: u64 = catalogs.iter().map(|manifest| manifest.blobs).sum();
        let passes = u8::try_from((named / IDS_AT_ONCE).min(254) + 1).unwrap_or(u8::MAX);
        for pass in 0..passes {
            let mut wanted: HashSet<BlobId> = HashSet::new();
            for manifest in catalogs {
                let mut reader = Reader::checked(self.rows_of(&manifest.name), manifest).await?;
                while let Some(named) = reader.next_named().await? {
                    let ids = named.iter().map(|named| named.key.id());
                    wanted.extend(ids.filter(|id| id.shard() % passes == pass));
                }
            }
            let mut found = blobs.list(Kind::Original);
            while let Some(found) = found.try_next().await? {
                let Found::Blob(blob) = found else { continue };
                let id = blob.key.id();
                if id.shard() % passes == pass && !wanted.contains(&id) && blobs.delete(blob.key).await? {
                    dropped.blobs += 1;
                    dropped.bytes += blob.len;
                }
            }
        }
        Ok(())
    }

    /// Makes the folder, and removes what a backup left there that was cut off.
    pub(super) async fn begin(&self) -> Result<(Lock, Blobs)> {
        let folder = self.root.join(CATALOGS);
        let made = folder.clone();
        with_files(&folder, move || {
            let known = made.is_dir();
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&made)?;
            let folders = made.ancestors().skip(1).take(if known { 0 } else { 2 });
            for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        })
        .await?;
        let lock = self.lock(true).await?;
        let at = folder.clone();
        with_files(&folder, move || {
            for entry in fs::read_dir(&at)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                let orphan = name.strip_suffix(ROWS).is_some_and(|name| !at.join(format!("{name}{MANIFEST}")).exists());
                if orphan || name.ends_with(PART) {
                    removed(&at.join(name))?;
                }
            }
            Ok(())
        })
        .await?;
        let blobs = self.blobs().await?;
        blobs.sweep_staging(Duration::ZERO, SystemTime::now()).await?;
        Ok((lock, blobs))
    }

    async fn blobs(&self) -> Result<Blobs> {
        Ok(Blobs::disk(&self.root.join(BLOBS), BlobsConfig::default()).await?)
    }

    /// The same, and nothing is written there.
    pub(super) fn blobs_to_read(&self) -> Blobs {
        Blobs::disk_to_read(&self.root.join(BLOBS), BlobsConfig::default())
    }

    /// Keeps others out, or, for reading, those only who would change something.
    pub(super) async fn lock(&self, to_write: bool) -> Result<Lock> {
        let path = self.root.join(LOCK);
        let at = path.clone();
        let taken = with_files(&path, move || {
            let file = match to_write {
                true => OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&at)?,
                false => match File::open(&at) {
                    // Nobody has written here, or it was copied to where nobody can.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Lock(None))),
                    file => file?,
                },
            };
            let how =
                if to_write { FlockOperation::NonBlockingLockExclusive } else { FlockOperation::NonBlockingLockShared };
            match flock(&file, how) {
                Ok(()) => Ok(Some(Lock(Some(file)))),
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
                // A file system that knows no locks keeps nobody out.
                Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOLCK) => Ok(Some(Lock(Some(file)))),
                Err(error) => Err(error.into()),
            }
        });
        taken.await?.ok_or(Error::InUse)
    }

    /// Where rows are written before they have a name.
    pub(super) fn part(&self) -> PathBuf {
        self.root.join(CATALOGS).join(format!("rows{PART}"))
    }

    /// Where the rows of a catalog lie.
    pub(super) fn rows_of(&self, name: &str) -> PathBuf {
        self.root.join(CATALOGS).join(format!("{name}{ROWS}"))
    }

    /// Whether a catalog has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.root.join(CATALOGS).join(format!("{name}{MANIFEST}")).exists()
    }

    /// Gives the rows that were written their name, and then the manifest its: from now on there is a backup.
    pub(super) async fn finish(&self, manifest: &Manifest) -> Result<()> {
        let folder = self.root.join(CATALOGS);
        let (at, part, rows) = (folder.clone(), self.part(), self.rows_of(&manifest.name));
        let (name, text) = (manifest.name.clone(), serde_json::to_string_pretty(manifest));
        with_files(&folder, move || {
            let text = text?;
            fs::rename(part, rows)?;
            File::open(&at)?.sync_all()?;
            let part = at.join(format!("{name}{MANIFEST}{PART}"));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(part, at.join(format!("{name}{MANIFEST}")))?;
            File::open(&at)?.sync_all()
        })
        .await
    }

    /// Whether the backup has a blob with so many bytes.
    pub(super) async fn knows(blobs: &Blobs, key: BlobKey, len: u64) -> Result<bool> {
        Ok(blobs.stat(key).await? == Some(len))
    }
}

fn manifest(name: String, text: &str) -> Result<Manifest> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Error::Damaged { name: name.clone(), what: format!("its manifest: {error}") })?;
    if value["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT)) {
        return Err(Error::Later(name, value["version"].as_str().unwrap_or("?").to_owned()));
    }
    let manifest: Manifest = serde_json::from_value(value)
        .map_err(|error| Error::Damaged { name: name.clone(), what: format!("its manifest: {error}") })?;
    if manifest.name != name {
        return Err(Error::Damaged { name, what: format!("its manifest is that of {}", manifest.name) });
    }
    Ok(manifest)
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
