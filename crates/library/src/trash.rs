//! The trash of a tenant as a whole: what was put there, and who may see it.

use crate::{Actor, Asset, Fault, Folder, Library, Right};

/// Rows are read this many at a time.
const PAGE: i64 = 1_000;
/// Who may see little of a large trash is shown what is found in so many pages.
const MAX_PAGES: usize = 200;

/// What was put in the trash itself; what went with a folder lies in that folder.
#[derive(Debug, Clone, Default)]
pub struct Trash {
    /// Folders, the latest first.
    pub folders: Vec<Folder>,
    /// Files, the latest first.
    pub assets: Vec<Asset>,
}

impl Library {
    /// What is in the trash and the actor may see, the latest first; no more than one listing may name.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn trash(&self, actor: &Actor) -> Result<Trash, Fault> {
        let tenant_id = actor.tenant_id()?;
        let most = self.inner.limits.max_list_items;
        let mut trash = Trash::default();
        let mut before = (i64::MAX, i64::MAX);
        for _ in 0..MAX_PAGES {
            if trash.folders.len() >= most {
                break;
            }
            let page = self.inner.catalog.deleted_folders(tenant_id, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = (last.deleted_at.unwrap_or_default(), last.id);
            for folder in page.into_iter().filter(|folder| folder.kind.is_shown()) {
                if self.expect(actor, Right::Read, &folder).await.is_ok() {
                    trash.folders.push(folder);
                }
            }
        }
        let mut before = (i64::MAX, i64::MAX);
        for _ in 0..MAX_PAGES {
            if trash.assets.len() >= most {
                break;
            }
            let page = self.inner.catalog.deleted_assets(tenant_id, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = (last.deleted_at.unwrap_or_default(), last.id);
            for asset in page {
                if self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                    trash.assets.push(asset);
                }
            }
        }
        trash.folders.truncate(most);
        trash.assets.truncate(most);
        Ok(trash)
    }
}
