//! Verifying a library: every row against the bytes that it names, every blob in the store against the rows, the sums, and
//! what rows say of each other. It may run beside a living server: whatever looks wrong is looked at twice.

use futures_util::TryStreamExt;
use store::{
    audit::Stamp,
    blobs::{Error as BlobError, Found, Kind},
    renditions::Rendition,
    verify::{AssetFault, BlobRow, Child, FolderFault, Nameless, StrayName},
};

use crate::{Actor, Fault, Library, uploads::store_fault};

/// Rows are read this many at a time.
const PAGE: i64 = 500;
/// Each of these is a line of the report; with more, counting has gone wrong altogether, and one runs it again.
const MOST_TALLIES: i64 = 100_000;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub wrong: Wrong,
    /// Whether it has been put right.
    pub repaired: bool,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The bytes of a file are not there: the blob's row and key.
    MissingBytes(i64, String),
    /// They are not as many, or not those that came in.
    WrongBytes(i64, String),
    /// The bytes of a rendition are not there or not as many: its key.
    RenditionBytes(String),
    /// Bytes in the store that no row knows, and that are too old to be on their way to one: their key.
    Stray(String),
    /// Something in the store that no part of this program made: its path.
    Foreign(String),
    /// A slug that nobody holds: folder and slug.
    StrayName(i64, String),
    /// A living folder that does not hold its slug: its id.
    NamelessFolder(i64),
    /// A living file that does not hold its slug: its id.
    NamelessAsset(i64),
    /// A folder whose path, space or mark of the trash does not follow from its parent's.
    Folder(i64, Vec<FolderFault>),
    /// A file without the bytes that it should have.
    Asset(i64, Vec<AssetFault>),
    /// A living blob without a version: its id.
    Idle(i64),
    /// The sum of renditions differs from what it sums, for blobs of this number modulo 16.
    RenditionSum(i64),
    /// A count of a folder's files, or of a tenant's, that differs from what it counts.
    Tally(Option<i64>, i64),
    /// What a tenant keeps is not what its quota is compared with: the tenant's id.
    Use(i64),
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files' bytes.
    pub blobs: u64,
    /// How many bytes were read and summed.
    pub bytes: u64,
    /// Renditions.
    pub renditions: u64,
    /// Problems found.
    pub problems: u64,
    /// Problems put right.
    pub repaired: u64,
}

impl Problem {
    /// A short name of the kind of problem.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match &self.wrong {
            Wrong::MissingBytes(..) => "missing_bytes",
            Wrong::WrongBytes(..) => "wrong_bytes",
            Wrong::RenditionBytes(_) => "rendition_bytes",
            Wrong::Stray(_) => "stray_bytes",
            Wrong::Foreign(_) => "foreign_file",
            Wrong::StrayName(..) => "stray_slug",
            Wrong::NamelessFolder(_) => "folder_without_slug",
            Wrong::NamelessAsset(_) => "file_without_slug",
            Wrong::Folder(..) => "broken_folder",
            Wrong::Asset(..) => "broken_file",
            Wrong::Idle(_) => "blob_without_version",
            Wrong::RenditionSum(_) => "wrong_rendition_sum",
            Wrong::Tally(..) | Wrong::Use(_) => "wrong_count",
        }
    }

    /// What it is about: ids, keys and paths.
    #[must_use]
    pub fn about(&self) -> String {
        match &self.wrong {
            Wrong::MissingBytes(id, key) | Wrong::WrongBytes(id, key) => format!("blob {id}, {key}"),
            Wrong::RenditionBytes(text) | Wrong::Stray(text) | Wrong::Foreign(text) => text.clone(),
            Wrong::StrayName(folder_id, slug) => format!("folder {folder_id}, {slug:?}"),
            Wrong::NamelessFolder(id) => format!("folder {id}"),
            Wrong::NamelessAsset(id) => format!("file {id}"),
            Wrong::Folder(id, faults) => format!("folder {id}, {faults:?}"),
            Wrong::Asset(id, faults) => format!("file {id}, {faults:?}"),
            Wrong::Idle(id) => format!("blob {id}"),
            Wrong::RenditionSum(slot) => format!("blobs {slot} modulo 16"),
            Wrong::Tally(folder_id, bucket) => match folder_id {
                Some(folder_id) => format!("folder {folder_id}, ids from {}", bucket << 10),
                None => format!("all folders, ids from {}", bucket << 10),
            },
            Wrong::Use(tenant_id) => format!("all that tenant {tenant_id} keeps"),
        }
    }
}

/// A verification under way.
struct Verifying<'a, F> {
    library: &'a Library,
    repair: bool,
    on_problem: F,
    verified: Verified,
}

impl Library {
    /// Looks at everything, and with `repair` puts right what can be: what is held comes back, what can be made again is
    /// forgotten, what nobody owns is collected, counts and slugs are made true.
    ///
    /// # Errors
    /// `Denied` for all but the command line; when the database or the store fails on the way.
    pub async fn verify(
        &self,
        actor: &Actor,
        repair: bool,
        on_problem: impl FnMut(&Problem),
    ) -> Result<Verified, Fault> {
        actor.expect_system()?;
        let mut verifying = Verifying { library: self, repair, on_problem, verified: Verified::default() };
        verifying.rows().await?;
        // Around a file or folder that is broken, what looks idle or miscounted may be what it lacks: nothing is put right
        // there but by somebody who looks.
        verifying.repair &= verifying.verified.problems == 0;
        verifying.blobs().await?;
        verifying.renditions().await?;
        verifying.store().await?;
        verifying.names().await?;
        verifying.tallies().await?;
        verifying.rendition_sums().await?;
        Ok(verifying.verified)
    }
}

impl<F: FnMut(&Problem)> Verifying<'_, F> {
    fn tell(&mut self, wrong: Wrong, repaired: bool) {
        self.verified.problems += 1;
        self.verified.repaired += u64::from(repaired);
        (self.on_problem)(&Problem { wrong, repaired });
    }

    /// Files' rows against their bytes.
    async fn blobs(&mut self) -> Result<(), Fault> {
        let mut after = 0;
        loop {
            let page = self.library.inner.catalog.blob_rows(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for row in page.iter().filter(|row| row.dead_at.is_none()) {
                self.blob(row).await?;
                if row.versions == 0 {
                    if self.repair {
                        self.library.inner.catalog.bury_blob(row.id, self.library.now_ms()).await?;
                    }
                    self.tell(Wrong::Idle(row.id), self.repair);
                }
            }
        }
    }

    async fn blob(&mut self, row: &BlobRow) -> Result<(), Fault> {
        let inner = &self.library.inner;
        self.verified.blobs += 1;
        let outcome = inner.blobs.digest(row.key, row.size).await;
        let missing = match outcome {
            Ok(digest) => {
                self.verified.bytes += row.size;
                if digest != row.digest {
                    self.tell(Wrong::WrongBytes(row.id, row.key.path()), false);
                }
                return Ok(());
            }
            Err(BlobError::Missing(_)) => true,
            Err(BlobError::Length { .. } | BlobError::Sealed { .. } | BlobError::NoKey { .. }) => false,
            Err(error) => return Err(store_fault(error)),
        };
        // Purged and collected since its row was read, or converted?
        match inner.catalog.blob_row(row.id).await? {
            Some(now) if now.dead_at.is_none() && now.key != row.key => {
                self.verified.blobs -= 1;
                return Box::pin(self.blob(&now)).await;
            }
            Some(now) if now.dead_at.is_none() => {}
            _ => return Ok(()),
        }
        if !missing {
            self.tell(Wrong::WrongBytes(row.id, row.key.path()), false);
            return Ok(());
        }
        let repaired = self.repair && inner.blobs.release(row.key).await.map_err(store_fault)?;
        self.tell(Wrong::MissingBytes(row.id, row.key.path()), repaired);
        if repaired {
            // What came back is held to the same as everything else.
            let digest = match inner.blobs.digest(row.key, row.size).await {
                Err(BlobError::Sealed { .. } | BlobError::NoKey { .. }) => None,
                outcome => Some(outcome.map_err(store_fault)?),
            };
            if digest != Some(row.digest) {
                self.tell(Wrong::WrongBytes(row.id, row.key.path()), false);
            }
        }
        Ok(())
    }

    /// Renditions' rows against their bytes. They carry no sums: they can be made again.
    async fn renditions(&mut self) -> Result<(), Fault> {
        let mut after = (0, String::new());
        loop {
            let page = self.library.inner.catalog.rendition_rows((after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.blob_id, last.plan_key.clone());
            for rendition in &page {
                self.rendition(rendition).await?;
            }
        }
    }

    async fn rendition(&mut self, rendition: &Rendition) -> Result<(), Fault> {
        let inner = &self.library.inner;
        self.verified.renditions += 1;
        if inner.blobs.stat(rendition.key).await.map_err(store_fault)? == Some(rendition.key.stored_len(rendition.size))
        {
            return Ok(());
        }
        let again = inner.catalog.rendition(rendition.blob_id, &rendition.plan_key).await?;
        if again.as_ref() != Some(rendition) {
            return Ok(());
        }
        if self.repair {
            inner.catalog.drop_rendition(rendition).await?;
            inner.blobs.delete(rendition.key).await.map_err(store_fault)?;
        }
        self.tell(Wrong::RenditionBytes(rendition.key.path()), self.repair);
        Ok(())
    }

    /// What lies in the store against the rows.
    async fn store(&mut self) -> Result<(), Fault> {
        let until_ms = self.library.now_ms() - self.library.inner.limits.staging_age_ms;
        for kind in Kind::ALL {
            let mut found = self.library.inner.blobs.list(kind);
            while let Some(found) = found.try_next().await.map_err(store_fault)? {
                match found {
                    Found::Stray(path) => self.tell(Wrong::Foreign(path), false),
                    Found::Blob(blob) if blob.modified_ms > until_ms => {}
                    Found::Blob(blob) => {
                        if self.library.inner.catalog.knows_blob(blob.key).await? {
                            continue;
                        }
                        if self.repair {
                            self.library.put_away(blob.key).await?;
                        }
                        self.tell(Wrong::Stray(blob.key.path()), self.repair);
                    }
                }
            }
        }
        Ok(())
    }

    /// Slugs against those who hold them.
    async fn names(&mut self) -> Result<(), Fault> {
        let catalog = self.library.inner.catalog.clone();
        let mut after = (0, String::new());
        loop {
            let page = catalog.stray_names((after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.folder_id, last.slug.clone());
            for StrayName { folder_id, slug } in page {
                let repaired = self.repair && catalog.drop_name(folder_id, &slug).await?;
                self.tell(Wrong::StrayName(folder_id, slug), repaired);
            }
        }
        let mut after = 0;
        loop {
            let page = catalog.nameless_assets(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = id_of(last.child);
            self.nameless(&page).await?;
        }
        let mut after = 0;
        loop {
            let page = catalog.nameless_folders(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = id_of(last.child);
            self.nameless(&page).await?;
        }
    }

    async fn nameless(&mut self, found: &[Nameless]) -> Result<(), Fault> {
        let stamp = Stamp::system(self.library.now_ms());
        for Nameless { tenant_id, child, .. } in found {
            let repaired =
                self.repair && self.library.inner.catalog.claim_name(*tenant_id, *child, &stamp).await?.is_some();
            let wrong = match child {
                Child::Folder(id) => Wrong::NamelessFolder(*id),
                Child::Asset(id) => Wrong::NamelessAsset(*id),
            };
            self.tell(wrong, repaired);
        }
        Ok(())
    }

    /// Folders and files that are not of the shape they should be. What shape that is would have to be guessed.
    async fn rows(&mut self) -> Result<(), Fault> {
        let mut after = 0;
        loop {
            let page = self.library.inner.catalog.broken_folders(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            page.into_iter().for_each(|broken| self.tell(Wrong::Folder(broken.id, broken.faults), false));
        }
        let mut after = 0;
        loop {
            let page = self.library.inner.catalog.broken_assets(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            page.into_iter().for_each(|broken| self.tell(Wrong::Asset(broken.id, broken.faults), false));
        }
    }

    async fn rendition_sums(&mut self) -> Result<(), Fault> {
        let catalog = self.library.inner.catalog.clone();
        for wrong in catalog.wrong_rendition_sums().await? {
            if self.repair {
                catalog.recount_renditions(wrong.slot).await?;
            }
            self.tell(Wrong::RenditionSum(wrong.slot), self.repair);
        }
        Ok(())
    }

    async fn tallies(&mut self) -> Result<(), Fault> {
        let catalog = self.library.inner.catalog.clone();
        let mut wrong = catalog.wrong_tallies(MOST_TALLIES).await?;
        wrong.extend(catalog.wrong_tenant_tallies(MOST_TALLIES).await?);
        for tally in wrong {
            let repaired = self.repair
                && match catalog.recount(&tally).await {
                    Ok(()) => true,
                    // Its folder is gone, and the tally with it.
                    Err(store::Error::Missing(_)) => continue,
                    Err(error) => return Err(error.into()),
                };
            self.tell(Wrong::Tally(tally.folder_id, tally.bucket), repaired);
        }
        for wrong in catalog.wrong_uses().await? {
            if self.repair {
                catalog.recount_use(wrong.tenant_id).await?;
            }
            self.tell(Wrong::Use(wrong.tenant_id), self.repair);
        }
        Ok(())
    }
}

const fn id_of(child: Child) -> i64 {
    match child {
        Child::Folder(id) | Child::Asset(id) => id,
    }
}
