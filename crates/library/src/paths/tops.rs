//! Where paths begin: at the root of a tenant, or at the folder that a key is confined to.

use std::sync::PoisonError;

use super::missing;
use crate::{Actor, Fault, Library, Noun};

impl Library {
    /// The folder that an actor's paths begin at: the one that its key is confined to, or the root.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn top_of(&self, actor: &Actor) -> Result<i64, Fault> {
        match actor.token().and_then(|token| token.folder_id) {
            Some(id) => Ok(id),
            None => self.top_of_tenant(actor.tenant_id()?).await,
        }
    }

    /// The id of the top of a tenant's tree.
    ///
    /// # Errors
    /// `NotFound` when there is no such tenant.
    pub async fn top_of_tenant(&self, tenant_id: i64) -> Result<i64, Fault> {
        if let Some(id) = self.inner.paths.roots.get(&tenant_id) {
            return Ok(id);
        }
        let id = self.inner.catalog.root_folder(tenant_id).await?.id;
        self.inner.paths.roots.insert(tenant_id, id);
        Ok(id)
    }

    /// The only tenant of this library, if there is only one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn only_tenant(&self) -> Result<Option<i64>, Fault> {
        // Nothing can go wrong half-way, so a poisoned lock guards what is in order.
        let known = *self.inner.paths.only_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.now_ms();
        if let Some((only, read_at)) = known
            && (0..self.inner.limits.max_memory_age_ms).contains(&now_ms.saturating_sub(read_at))
        {
            return Ok(only);
        }
        let tenants = self.inner.catalog.tenants(2).await?;
        let only = if let [only] = tenants.as_slice() { Some(only.id) } else { None };
        *self.inner.paths.only_tenant.lock().unwrap_or_else(PoisonError::into_inner) = Some((only, now_ms));
        Ok(only)
    }

    /// The slugs that lead from the root to the folder that an actor's paths begin at.
    ///
    /// # Errors
    /// `NotFound` when that is gone.
    pub async fn path_of_top(&self, actor: &Actor) -> Result<Vec<String>, Fault> {
        let Some(folder_id) = actor.token().and_then(|token| token.folder_id) else { return Ok(Vec::new()) };
        let folder = self.any_folder(actor, folder_id).await?;
        if !folder.lives() {
            return Err(missing(actor, Noun::Folder));
        }
        let ids: Vec<i64> = folder.path.split('/').filter_map(|id| id.parse().ok()).collect();
        let mut above = self.inner.catalog.folders_by_id(folder.tenant_id, &ids).await?;
        above.retain(|folder| folder.parent_id.is_some());
        above.sort_by_key(|folder| folder.path.len());
        Ok(above.into_iter().map(|folder| folder.slug).collect())
    }
}
