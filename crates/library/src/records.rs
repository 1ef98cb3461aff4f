//! Records: what only one dialect knows about a file, as text that it reads itself.

use store::records::NewRecord;

use crate::{Actor, Asset, Fault, Invalid, Library, Noun, Record, Right};

/// The longest record, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// No file has more records of a kind.
const MAX_RECORDS: u64 = 10_000;
const LIST: i64 = 10_000;

impl Library {
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
        if body.len() > MAX_RECORD_BYTES || body.contains('\0') {
            return Err(Fault::Invalid(Invalid::Other("the text is too long or holds a NUL")));
        }
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
        match actor.token() {
            Some(token) if assets.iter().any(|asset| asset.tenant_id != token.tenant_id) => {
                Err(Fault::NotFound(Noun::Asset))
            }
            _ => Ok(assets.iter().map(|asset| asset.id).collect()),
        }
    }
}
