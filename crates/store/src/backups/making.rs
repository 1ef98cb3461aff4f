//! Makes a backup of a library that goes on living: its rows as they are at one moment, and then every blob that they name. Where one is
//! gone by then, the rows are read anew; what was copied stays copied, so that this comes to its end.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Error, Manifest, OnStep, Result, Shelf, Step,
    dumping::{Dumped, dump},
    format::{FORMAT, Named},
    reading::Reader,
    shelf::Dropped,
};
use crate::{
    Catalog,
    blobs::{Blobs, Error as BlobError},
};

/// Each time only what came since is left to copy.
const MAX_ATTEMPTS: u32 = 20;
/// Small blobs wait for the disk more than for their bytes.
const COPIES_AT_ONCE: usize = 8;

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What is known of it.
    pub manifest: Manifest,
    /// How many blobs were not in the folder before.
    pub copied: u64,
    /// How many bytes those have, as they lie there.
    pub copied_bytes: u64,
    /// How often its rows were read until nothing went away before it was copied.
    pub attempts: u32,
    /// What was dropped.
    pub dropped: Dropped,
}

/// What became of a blob.
enum Copied {
    /// It was there.
    Before,
    /// It was copied: so many bytes.
    Now(u64),
    /// It went away since the rows were read.
    Gone,
    /// Its row says that it is there, and it can not be read: of this key.
    Unreadable(String),
}

/// A backup that is being made.
struct Making<'a> {
    catalog: &'a Catalog,
    from: &'a Blobs,
    to: Blobs,
    on_step: &'a OnStep,
    copied: u64,
    copied_bytes: u64,
}

impl Shelf {
    /// Makes a backup, and keeps the newest `keep` ones then, if that is said. A server may be running. What was copied by one that was
    /// cut off is not copied again.
    ///
    /// # Errors
    /// `InUse`, `Restless`, `OtherLibrary`; when the database, the store or the folder fails. Nothing that was there before is changed then.
    pub async fn add(
        &self,
        (catalog, blobs): (&Catalog, &Blobs),
        keep: Option<usize>,
        now_ms: impl Fn() -> i64,
        on_step: &OnStep,
    ) -> Result<Made> {
        let (_lock, to) = self.begin().await?;
        self.expect_own().await?;
        let mut making = Making { catalog, from: blobs, to, on_step, copied: 0, copied_bytes: 0 };
        for attempts in 1..=MAX_ATTEMPTS {
            let taken_at = now_ms();
            let dumped = dump(catalog, &self.part(), taken_at, on_step).await?;
            let Some(unreadable) = making.copy(self, &dumped).await? else { continue };
            let manifest = self.manifest(catalog, dumped, taken_at, unreadable);
            self.finish(&manifest).await?;
            let dropped = match keep {
                Some(newest) => self.keep_locked(newest.max(1)).await?,
                None => Dropped::default(),
            };
            let Making { copied, copied_bytes, .. } = making;
            return Ok(Made { manifest, copied, copied_bytes, attempts, dropped });
        }
        Err(Error::Restless)
    }

    fn manifest(&self, catalog: &Catalog, dumped: Dumped, taken_at: i64, unreadable: Vec<String>) -> Manifest {
        // Two within a millisecond are told apart by the next one.
        let name = (taken_at..).map(name_of).find(|name| !self.has(name)).unwrap_or_default();
        Manifest {
            format: FORMAT,
            name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: dumped.schema,
            engine: catalog.engine().to_owned(),
            taken_at,
            library: self.library.clone(),
            rows: dumped.rows,
            blobs: dumped.blobs,
            bytes: dumped.bytes,
            unreadable,
            rows_bytes: dumped.file_bytes,
            rows_sha256: hex::encode(dumped.file_sha256),
        }
    }
}

impl Making<'_> {
    /// Copies what rows name that were written a moment ago. The keys of what can not be read; `None` when something is gone.
    async fn copy(&mut self, shelf: &Shelf, dumped: &Dumped) -> Result<Option<Vec<String>>> {
        (self.on_step)(Step::Blobs { count: dumped.blobs, bytes: dumped.bytes });
        let mut reader = Reader::open(shelf.part(), "that is being made").await?;
        let (mut unreadable, mut gone) = (Vec::new(), false);
        while let Some(named) = reader.next_named().await? {
            let copies = stream::iter(named).map(|named| self.copy_one(named)).buffer_unordered(COPIES_AT_ONCE);
            let copies: Vec<Copied> = copies.try_collect().await?;
            for copied in copies {
                match copied {
                    Copied::Before => {}
                    Copied::Now(bytes) => {
                        self.copied += 1;
                        self.copied_bytes += bytes;
                    }
                    // The rest is copied all the same: it need not be then.
                    Copied::Gone => gone = true,
                    Copied::Unreadable(key) => unreadable.push(key),
                }
            }
        }
        Ok((!gone).then_some(unreadable))
    }

    async fn copy_one(&self, named: Named) -> Result<Copied> {
        let Named { key, len, sha256, .. } = named;
        let stored_len = key.stored_len(len);
        if Shelf::knows(&self.to, key, stored_len).await? {
            (self.on_step)(Step::Bytes(len));
            (self.on_step)(Step::Blob);
            return Ok(Copied::Before);
        }
        let on_step = Arc::clone(self.on_step);
        let passed = Arc::new(move |bytes| on_step(Step::Bytes(bytes)));
        let outcome = match self.from.copy_to(&self.to, key, len, sha256, passed).await {
            Ok(true) => Copied::Now(stored_len),
            Ok(false) | Err(BlobError::Missing(_) | BlobError::Length { .. }) => {
                // Removed, or written anew under another key, since the rows were read?
                let row = self.catalog.blob_row(named.blob_id).await?;
                match row.is_some_and(|row| row.dead_at.is_none() && row.key == key) {
                    true => Copied::Unreadable(key.path()),
                    false => Copied::Gone,
                }
            }
            Err(error) => return Err(error.into()),
        };
        (self.on_step)(Step::Blob);
        Ok(outcome)
    }
}

/// A moment in UTC: `20231114T221320.000Z`.
fn name_of(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |at| at.strftime("%Y%m%dT%H%M%S.%3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_moments_and_sort_like_them() {
        assert_eq!(name_of(1_700_000_000_000), "20231114T221320.000Z");
        assert!(name_of(1_700_000_000_001) > name_of(1_700_000_000_000));
    }
}
