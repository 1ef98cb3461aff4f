//! Brings a backup back into an empty place: its blobs first, then all rows at once. Cut off, it can be begun again, and goes on.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Error, Manifest, OnStep, Result, Shelf, Step,
    format::Named,
    loading::{expect_empty, load},
    reading::Reader,
};
use crate::{
    Catalog,
    blobs::{Blobs, Error as BlobError, Found, Kind},
};

const COPIES_AT_ONCE: usize = 8;

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// From which catalog.
    pub manifest: Manifest,
    /// How many blobs were not there yet.
    pub copied: u64,
    /// Those that could not be read when the backup was made, or not now.
    pub missing: Vec<String>,
}

/// Brings a catalog of a backup back into a database that was opened at its schema ([`Catalog::open_at`]) and has nothing in it, and into a
/// store that has nothing in it but what an earlier attempt brought there.
///
/// # Errors
/// `NotEmpty`, `Damaged`, `LostBlob`, `InUse`; when the database, the store or the folder fails. The database is as it was then.
pub async fn restore(
    shelf: &Shelf,
    manifest: Manifest,
    (catalog, blobs): (&Catalog, &Blobs),
    now_ms: i64,
    on_step: &OnStep,
) -> Result<Restored> {
    let _lock = shelf.lock(false).await?;
    let rows = shelf.rows_of(&manifest.name);
    let mut reader = Reader::checked(rows.clone(), &manifest).await?;
    if manifest.schema > Catalog::newest_schema() {
        return Err(Error::Later(manifest.name, manifest.version));
    }
    expect_empty(catalog, manifest.schema).await?;
    let from = shelf.blobs_to_read();
    expect_ours(blobs, &from).await?;
    on_step(Step::Blobs { count: manifest.blobs, bytes: manifest.bytes });
    let (mut copied, mut missing) = (0, Vec::new());
    while let Some(named) = reader.next_named().await? {
        let copies =
            stream::iter(named).map(|named| copy_one(named, (&from, shelf.leniently), blobs, &manifest, on_step));
        let copies: Vec<Copied> = copies.buffer_unordered(COPIES_AT_ONCE).try_collect().await?;
        for one in copies {
            match one {
                Copied::Before => {}
                Copied::Now => copied += 1,
                Copied::Missing(key) => missing.push(key),
            }
        }
    }
    load(catalog, Reader::open(rows, &manifest.name).await?, &manifest, now_ms, on_step).await?;
    Ok(Restored { manifest, copied, missing })
}

enum Copied {
    Before,
    Now,
    Missing(String),
}

async fn copy_one(
    named: Named,
    (from, leniently): (&Blobs, bool),
    to: &Blobs,
    manifest: &Manifest,
    on_step: &OnStep,
) -> Result<Copied> {
    let Named { key, len, sha256, .. } = named;
    let outcome = if Shelf::knows(to, key, key.stored_len(len)).await? {
        on_step(Step::Bytes(len));
        Copied::Before
    } else {
        let told = Arc::clone(on_step);
        match from.copy_to(to, key, len, sha256, Arc::new(move |bytes| told(Step::Bytes(bytes)))).await {
            Ok(true) => Copied::Now,
            Ok(false) | Err(BlobError::Missing(_) | BlobError::Length { .. }) => {
                // What was missing from the start is no reason to give up the rest.
                if !leniently && !manifest.unreadable.contains(&key.path()) {
                    return Err(Error::LostBlob(key.path()));
                }
                Copied::Missing(key.path())
            }
            Err(error) => return Err(error.into()),
        }
    };
    on_step(Step::Blob);
    Ok(outcome)
}

/// Says what lies in the store that the backup does not have, if anything does.
async fn expect_ours(blobs: &Blobs, backup: &Blobs) -> Result<()> {
    for kind in Kind::ALL {
        let mut found = blobs.list(kind);
        while let Some(found) = found.try_next().await? {
            match found {
                Found::Blob(blob) if Shelf::knows(backup, blob.key, blob.len).await? => {}
                Found::Blob(blob) => return Err(Error::NotEmpty(format!("the store has {} already", blob.key.path()))),
                Found::Stray(path) => return Err(Error::NotEmpty(format!("the store has {path} already"))),
            }
        }
    }
    Ok(())
}
