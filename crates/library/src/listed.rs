//! All files that have a row, whatever their state, newest first and in numbered pages with an exact count: for dialects that
//! show what is on its way and what is gone as well.

use crate::{Actor, Asset, AssetState, Fault, Invalid, Library, Noun, Right};

/// A page of files.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are on all pages.
    pub total: u64,
    /// Those of this page.
    pub assets: Vec<Asset>,
}

/// Who is held by rules may see fewer than there are, so theirs are looked at one by one: this many at most.
const MAX_LOOKED_AT: usize = 10_000;
const AT_ONCE: i64 = 500;

impl Library {
    /// One file that is not deleted, whatever its state: on its way, over, or without bytes.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn listed_asset(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        let asset = self.row_of_asset(actor, asset_id).await?;
        match asset.state {
            // Those who ask for entries see it.
            AssetState::Placeholder if actor.is_anonymous() => Err(Fault::Unauthenticated),
            AssetState::Placeholder => Err(Fault::NotFound(Noun::Asset)),
            AssetState::Uploading | AssetState::Ready | AssetState::Removed => Ok(asset),
        }
    }

    /// The same, and placeholders too.
    pub(crate) async fn row_of_asset(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
        let asset = self.inner.catalog.asset(asset_id).await?.filter(Asset::lives).ok_or_else(missing)?;
        self.expect_with(actor, Right::Read, &asset).await.map_err(crate::assets::as_of_asset)?;
        Ok(asset)
    }

    /// How many files with a row there are, in one folder or in all that the actor may see, and `limit` of them after the newest
    /// `skip`.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key; `Invalid` for who is held by rules and asks for what is too far behind.
    pub async fn listed_assets(
        &self,
        actor: &Actor,
        folder_id: Option<i64>,
        (skip, limit): (u64, usize),
    ) -> Result<Listed, Fault> {
        let (tenant_id, catalog) = (actor.tenant_id()?, &self.inner.catalog);
        let count = i64::try_from(limit).unwrap_or(i64::MAX);
        let is_free = actor.rights().has(Right::Manage) && actor.token().is_none_or(|token| token.folder_id.is_none());
        if let Some(folder_id) = folder_id {
            // A folder that is not there holds nothing.
            let folder = match self.expect_in_folder(actor, folder_id, Right::Read).await {
                Ok(folder) => folder,
                Err(Fault::NotFound(_) | Fault::Denied) => return Ok(Listed::default()),
                Err(fault) => return Err(fault),
            };
            if !is_free && !actor.is_guest() {
                return self.looked_at(actor, tenant_id, Some(folder.id), (skip, limit)).await;
            }
            let total = catalog.count_folder_rows(tenant_id, folder.id).await?;
            let skip = i64::try_from(skip).unwrap_or(i64::MAX);
            let assets = catalog.listed_assets_in(tenant_id, folder.id, skip, count).await?;
            return Ok(Listed { total, assets });
        }
        if !is_free {
            return self.looked_at(actor, tenant_id, None, (skip, limit)).await;
        }
        let total = catalog.count_tenant_rows(tenant_id).await?;
        let Some(before) = catalog.row_page_start(tenant_id, skip).await? else {
            return Ok(Listed { total, assets: Vec::new() });
        };
        Ok(Listed { total, assets: catalog.listed_assets(tenant_id, before, count).await? })
    }

    async fn looked_at(
        &self,
        actor: &Actor,
        tenant_id: i64,
        folder_id: Option<i64>,
        (skip, limit): (u64, usize),
    ) -> Result<Listed, Fault> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        if skip > MAX_LOOKED_AT {
            return Err(Fault::Invalid(Invalid::Page));
        }
        let (mut seen, mut before, mut looked_at) = (Vec::new(), i64::MAX, 0);
        while looked_at < MAX_LOOKED_AT {
            let page = match folder_id {
                None => self.inner.catalog.listed_assets(tenant_id, before, AT_ONCE).await?,
                Some(id) => {
                    let behind = i64::try_from(looked_at).unwrap_or(i64::MAX);
                    self.inner.catalog.listed_assets_in(tenant_id, id, behind, AT_ONCE).await?
                }
            };
            let Some(last) = page.last() else { break };
            before = last.id;
            looked_at += page.len();
            for asset in page {
                if self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                    seen.push(asset);
                }
            }
        }
        let total = seen.len() as u64;
        Ok(Listed { total, assets: seen.into_iter().skip(skip).take(limit).collect() })
    }
}
