//! Records: what only one dialect knows about files, folders and other records, as text that it reads itself.

use std::collections::HashSet;

use store::records::NewRecord;

use crate::{Actor, Asset, Fault, Folder, Invalid, Library, Noun, Record, Right};

/// The longest record, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// No file has more records of a kind, no folder more of a dialect.
const MAX_RECORDS: u64 = 10_000;
const LIST: i64 = 10_000;

/// A record to add.
#[derive(Debug, Clone, Default)]
pub struct RecordWish<'a> {
    /// Which dialect's.
    pub realm: &'a str,
    /// Which of the dialect's kinds.
    pub kind: &'a str,
    /// The record that it belongs to.
    pub parent_id: Option<i64>,
    /// The folder that it is about.
    pub folder_id: Option<i64>,
    /// The file that it is about.
    pub asset_id: Option<i64>,
    /// A key by which it is found without knowing whose it is.
    pub lookup: Option<String>,
    /// Its text.
    pub body: String,
}

/// Which records to list.
#[derive(Debug, Clone, Copy)]
pub enum RecordsOf {
    /// Those about a folder.
    Folder(i64),
    /// Those that belong to another record.
    Record(i64),
}

impl RecordWish<'_> {
    /// Whether its text can be kept, where something else is done before it is added.
    ///
    /// # Errors
    /// `Invalid` for text that is too long or holds a NUL.
    pub fn check(&self) -> Result<(), Fault> {
        expect_text(&self.body)
    }
}

impl Library {
    /// Adds a record about a folder, a file or another record that the actor may fill, change or see.
    ///
    /// # Errors
    /// `NotFound` for what it is about, `Denied`; `Invalid` for text that is too long or holds a NUL.
    pub async fn add_record(&self, actor: &Actor, wish: RecordWish<'_>) -> Result<Record, Fault> {
        let record = self.record_of(actor, wish).await?;
        Ok(self.inner.catalog.add_record(&record, self.now_ms()).await?)
    }

    pub(crate) async fn record_of(&self, actor: &Actor, wish: RecordWish<'_>) -> Result<NewRecord, Fault> {
        expect_text(&wish.body)?;
        match (wish.folder_id, wish.asset_id) {
            (Some(folder_id), _) => {
                self.expect_in_folder(actor, folder_id, Right::Create).await?;
                let most = i64::try_from(MAX_RECORDS).unwrap_or(i64::MAX);
                if self.inner.catalog.count_folder_records(folder_id, wish.realm, most).await? >= MAX_RECORDS {
                    return Err(Fault::Invalid(Invalid::TooManyItems));
                }
            }
            (None, Some(asset_id)) => drop(self.row_of_asset(actor, asset_id).await?),
            (None, None) => actor.expect_somewhere(Right::Create)?,
        }
        Ok(NewRecord {
            tenant_id: actor.tenant_id()?,
            realm: wish.realm.to_owned(),
            kind: wish.kind.to_owned(),
            parent_id: wish.parent_id,
            folder_id: wish.folder_id,
            asset_id: wish.asset_id,
            body: wish.body,
            lookup: wish.lookup,
        })
    }

    /// One record of a dialect that is of this kind; of one about a folder, the actor may see that.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn record(&self, actor: &Actor, (realm, kind): (&str, &str), id: i64) -> Result<Record, Fault> {
        let found = self.inner.catalog.record(actor.tenant_id()?, realm, id).await?;
        let record = found.filter(|record| record.kind == kind).ok_or(Fault::NotFound(Noun::Record))?;
        if let Some(folder_id) = record.folder_id {
            self.expect_in_folder(actor, folder_id, Right::Read).await?;
        }
        Ok(record)
    }

    /// The record of a dialect with this key, whoever's it is: the key is the credential.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn record_by_key(&self, (realm, kind): (&str, &str), key: &str) -> Result<Record, Fault> {
        // PostgreSQL takes no text with a NUL, not even to look for it.
        if key.contains('\0') {
            return Err(Fault::NotFound(Noun::Record));
        }
        let found = self.inner.catalog.record_by_lookup(realm, key).await?;
        found.filter(|record| record.kind == kind).ok_or(Fault::NotFound(Noun::Record))
    }

    /// Records of one kind, oldest first, behind the id `after`.
    ///
    /// # Errors
    /// `NotFound`, `Denied` for a folder that the actor may not see.
    pub async fn records(
        &self,
        actor: &Actor,
        of: RecordsOf,
        (realm, kind): (&str, &str),
        after: i64,
    ) -> Result<Vec<Record>, Fault> {
        let (tenant_id, catalog) = (actor.tenant_id()?, &self.inner.catalog);
        let mut found = match of {
            RecordsOf::Folder(folder_id) => {
                self.expect_in_folder(actor, folder_id, Right::Read).await?;
                catalog.folder_records(folder_id, realm, kind, after, LIST).await?
            }
            RecordsOf::Record(id) => {
                let found = catalog.child_records(id, realm, kind, after, LIST).await?;
                self.seen_records(actor, found).await?
            }
        };
        found.retain(|record| record.tenant_id == tenant_id);
        Ok(found)
    }

    /// The record of one kind about a folder that came last.
    ///
    /// # Errors
    /// `NotFound`, `Denied` for a folder that the actor may not see.
    pub async fn latest_record(
        &self,
        actor: &Actor,
        folder_id: i64,
        (realm, kind): (&str, &str),
    ) -> Result<Option<Record>, Fault> {
        self.expect_in_folder(actor, folder_id, Right::Read).await?;
        Ok(self.inner.catalog.latest_folder_record(folder_id, realm, kind).await?)
    }

    /// How many records of one kind there are about folders that the actor may see, and `limit` of them after the newest `skip`.
    /// For who may not see everything, the newest ten thousand are looked at.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn records_page(
        &self,
        actor: &Actor,
        of: (&str, &str),
        (skip, limit): (u64, usize),
    ) -> Result<(u64, Vec<Record>), Fault> {
        let (tenant_id, catalog) = (actor.tenant_id()?, &self.inner.catalog);
        let is_free = actor.rights().has(Right::Manage) && actor.token().is_some_and(|token| token.folder_id.is_none());
        if is_free {
            let skip = i64::try_from(skip).unwrap_or(i64::MAX);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            return Ok(catalog.records_page(tenant_id, of, (skip, limit)).await?);
        }
        let (_, found) = catalog.records_page(tenant_id, of, (0, LIST)).await?;
        let seen = self.seen_records(actor, found).await?;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok((seen.len() as u64, seen.into_iter().skip(skip).take(limit).collect()))
    }

    /// Those about folders that the actor may see, each of which is looked at once.
    async fn seen_records(&self, actor: &Actor, records: Vec<Record>) -> Result<Vec<Record>, Fault> {
        let mut ids: Vec<i64> = records.iter().filter_map(|record| record.folder_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let seen: HashSet<i64> = self.folders_by_id(actor, &ids).await?.iter().map(|folder| folder.id).collect();
        Ok(records.into_iter().filter(|record| record.folder_id.is_none_or(|id| seen.contains(&id))).collect())
    }

    /// Puts another text in a record's place, if it is still as it was seen; false when it is not.
    ///
    /// # Errors
    /// `NotFound` for another tenant's; `Invalid` for text that is too long or holds a NUL.
    pub async fn exchange_record(&self, actor: &Actor, seen: &Record, body: &str) -> Result<bool, Fault> {
        expect_text(body)?;
        if seen.tenant_id != actor.tenant_id()? {
            return Err(Fault::NotFound(Noun::Record));
        }
        Ok(self.inner.catalog.exchange_record(seen, body, self.now_ms()).await?)
    }

    /// Adds the same record about files that the actor may see, each of which may have some thousands; gives those that were added.
    /// Files that are not there, or not for the actor, get none.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key; `Invalid` for text that is too long or holds a NUL.
    pub async fn add_asset_records(
        &self,
        actor: &Actor,
        asset_ids: &[i64],
        (realm, kind): (&str, &str),
        body: String,
    ) -> Result<Vec<Record>, Fault> {
        expect_text(&body)?;
        let seen = self.assets_by_id(actor, asset_ids).await?;
        let ids: Vec<i64> = seen.iter().map(|asset| asset.id).collect();
        let record = NewRecord {
            tenant_id: actor.tenant_id()?,
            realm: realm.to_owned(),
            kind: kind.to_owned(),
            parent_id: None,
            folder_id: None,
            asset_id: None,
            body,
            lookup: None,
        };
        Ok(self.inner.catalog.add_asset_records(&record, &ids, MAX_RECORDS, self.now_ms()).await?)
    }

    /// The records of one kind about a file, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_records(
        &self,
        actor: &Actor,
        asset_id: i64,
        (realm, kind): (&str, &str),
    ) -> Result<Vec<Record>, Fault> {
        self.expect_asset(actor, asset_id, Right::Read).await?;
        Ok(self.inner.catalog.asset_records(asset_id, realm, kind, 0, LIST).await?)
    }

    /// The records of one kind about several entries, in the order in which they came.
    ///
    /// # Errors
    /// `NotFound` for another tenant's. The caller has them from a verb that checked the rights.
    pub async fn records_of_assets(
        &self,
        actor: &Actor,
        assets: &[Asset],
        (realm, kind): (&str, &str),
    ) -> Result<Vec<Record>, Fault> {
        let ids = Self::ids_of_own(actor, assets)?;
        Ok(self.inner.catalog.records_of_assets(&ids, realm, kind).await?)
    }

    /// The records of one kind about several folders, in the order in which they came.
    ///
    /// # Errors
    /// `NotFound` for another tenant's. The caller has them from a verb that checked the rights.
    pub async fn records_of_folders(
        &self,
        actor: &Actor,
        folders: &[Folder],
        (realm, kind): (&str, &str),
    ) -> Result<Vec<Record>, Fault> {
        let tenant_id = actor.tenant_id()?;
        if folders.iter().any(|folder| folder.tenant_id != tenant_id) {
            return Err(Fault::NotFound(Noun::Folder));
        }
        let ids: Vec<i64> = folders.iter().map(|folder| folder.id).collect();
        Ok(self.inner.catalog.records_of_folders(&ids, realm, kind).await?)
    }

    /// Deletes a record of the actor's tenant, and those that belong to it. The caller has it from a verb that checked the rights.
    ///
    /// # Errors
    /// `NotFound` for another tenant's, and when it is gone.
    pub async fn delete_record(&self, actor: &Actor, record: &Record) -> Result<(), Fault> {
        let is_own = record.tenant_id == actor.tenant_id()?;
        if is_own && self.inner.catalog.delete_record(record.tenant_id, &record.realm, record.id).await? {
            return Ok(());
        }
        Err(Fault::NotFound(Noun::Record))
    }

    /// How many records of one kind there are about each of several files; those without any are left out.
    ///
    /// # Errors
    /// `NotFound` for another tenant's files. The caller has them from a verb that checked the rights.
    pub async fn count_asset_records(
        &self,
        actor: &Actor,
        assets: &[Asset],
        (realm, kind): (&str, &str),
    ) -> Result<Vec<(i64, u64)>, Fault> {
        let ids = Self::ids_of_own(actor, assets)?;
        Ok(self.inner.catalog.count_asset_records(&ids, realm, kind).await?)
    }

    /// The ids of files that the actor has from a verb that checked the rights.
    pub(crate) fn ids_of_own(actor: &Actor, assets: &[Asset]) -> Result<Vec<i64>, Fault> {
        match actor.tenant_id() {
            Ok(tenant_id) if assets.iter().any(|asset| asset.tenant_id != tenant_id) => {
                Err(Fault::NotFound(Noun::Asset))
            }
            _ => Ok(assets.iter().map(|asset| asset.id).collect()),
        }
    }
}

pub(crate) fn expect_text(body: &str) -> Result<(), Fault> {
    if body.len() > MAX_RECORD_BYTES || body.contains('\0') {
        return Err(Fault::Invalid(Invalid::Other("the text is too long or holds a NUL")));
    }
    Ok(())
}
