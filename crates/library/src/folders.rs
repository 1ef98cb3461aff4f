//! Folders: finding, making, renaming, moving, listing, and putting in the trash.

use store::folders::{FolderChange, NewFolder};

use crate::{Actor, Asset, Fault, Folder, FolderKind, Invalid, Library, Noun, Right, assets::Listing, names, slugs};

/// Rows are read this many at a time.
const PAGE_ROWS: usize = 1_000;
const PAGE: i64 = PAGE_ROWS as i64;

impl Library {
    /// One folder, living or in the trash, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn folder(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        let folder = self.any_folder(actor, folder_id).await?;
        actor.expect(Right::Read, &folder)?;
        Ok(folder)
    }

    /// The top of the actor's tree.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn root_folder(&self, actor: &Actor) -> Result<Folder, Fault> {
        Ok(self.inner.catalog.root_folder(actor.tenant_id()?).await?)
    }

    /// Makes a plain folder.
    ///
    /// # Errors
    /// `Invalid` for a name that can not be one or a tree too deep; `NotFound` when the parent is gone.
    pub async fn create_folder(&self, actor: &Actor, parent_id: i64, name: &str) -> Result<Folder, Fault> {
        let parent = self.expect_in_folder(actor, parent_id, Right::Create).await?;
        let name = names::check(name)?;
        let folder = NewFolder {
            tenant_id: parent.tenant_id,
            parent_id: parent.id,
            kind: FolderKind::Plain,
            name_key: names::sort_key(&name),
            slug: slugs::of_folder(&name),
            name,
            public_read: false,
            created_by: actor.user_id()?,
        };
        Ok(self.inner.catalog.add_folder(&folder, self.now_ms()).await?)
    }

    /// Renames a folder, moves it, or both; what is `None` stays.
    ///
    /// # Errors
    /// `Invalid` when it would come to lie inside itself, or is a root, space or inbox.
    pub async fn change_folder(
        &self,
        actor: &Actor,
        folder_id: i64,
        name: Option<&str>,
        parent_id: Option<i64>,
    ) -> Result<Folder, Fault> {
        let folder = self.expect_plain_folder(actor, folder_id, Right::Update).await?;
        if let Some(parent_id) = parent_id {
            self.expect_in_folder(actor, parent_id, Right::Create).await?;
        }
        let name = name.map(names::check).transpose()?;
        let same_name = name.as_ref().is_none_or(|name| *name == folder.name);
        if same_name && parent_id.is_none_or(|id| Some(id) == folder.parent_id) {
            return Ok(folder);
        }
        let change = FolderChange {
            slug: slugs::of_folder(name.as_deref().unwrap_or(&folder.name)),
            name: name.map(|name| (name.clone(), names::sort_key(&name))),
            parent_id,
        };
        let changed = self.inner.catalog.change_folder(folder.tenant_id, folder_id, &change, self.now_ms()).await;
        self.inner.cards.void_all();
        Ok(changed?)
    }

    /// Puts a folder and all below it in the trash.
    ///
    /// # Errors
    /// `NotFound` when it is there already, `Invalid` for a root, space or inbox.
    pub async fn trash_folder(&self, actor: &Actor, folder_id: i64) -> Result<(), Fault> {
        let folder = self.expect_plain_folder(actor, folder_id, Right::Delete).await?;
        let done = self.inner.catalog.trash_folder(folder.tenant_id, folder_id, self.now_ms()).await;
        self.inner.cards.void_all();
        Ok(done?)
    }

    /// What lies directly inside a folder, by name: plain folders and ready files. Of a trashed folder too.
    ///
    /// # Errors
    /// `Invalid` when there is more than one listing may name.
    pub async fn list_folder(&self, actor: &Actor, folder_id: i64) -> Result<Listing, Fault> {
        let folder = self.folder(actor, folder_id).await?;
        let mut listing = Listing { folders: Vec::new(), assets: Vec::new(), folder };
        let mut after = (String::new(), 0);
        loop {
            let page = self.inner.catalog.child_folders(folder_id, &after, PAGE).await?;
            let full = page.len() == PAGE_ROWS;
            let Some(last) = page.last() else { break };
            after = (names::sort_key(&last.name), last.id);
            listing.folders.extend(page.into_iter().filter(|folder| folder.kind == FolderKind::Plain));
            self.expect_few(listing.folders.len())?;
            if !full {
                break;
            }
        }
        let mut after = (String::new(), 0);
        loop {
            let page = self.inner.catalog.folder_assets(folder_id, &after, PAGE).await?;
            let full = page.len() == PAGE_ROWS;
            let Some(last) = page.last() else { break };
            after = (names::sort_key(&last.name), last.id);
            listing.assets.extend(page.into_iter().filter(|asset| !self.is_over(asset)));
            self.expect_few(listing.assets.len())?;
            if !full {
                break;
            }
        }
        Ok(listing)
    }

    /// The actor's spaces (Fliplet apps), oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn spaces(&self, actor: &Actor) -> Result<Vec<Folder>, Fault> {
        let spaces = self.inner.catalog.folders_of_kind(actor.tenant_id()?, FolderKind::Space, 0, 10_000).await?;
        Ok(spaces.into_iter().filter(|space| actor.expect(Right::Read, space).is_ok()).collect())
    }

    /// The living folder, if the actor may do this in it.
    pub(crate) async fn expect_in_folder(&self, actor: &Actor, folder_id: i64, right: Right) -> Result<Folder, Fault> {
        let folder = self.any_folder(actor, folder_id).await?;
        actor.expect(right, &folder)?;
        if folder.lives() { Ok(folder) } else { Err(Fault::NotFound(Noun::Folder)) }
    }

    /// Whether an asset's time is over.
    pub(crate) fn is_over(&self, asset: &Asset) -> bool {
        asset.expires_at.is_some_and(|at| at <= self.now_ms())
    }

    pub(crate) fn expect_few(&self, items: usize) -> Result<(), Fault> {
        if items > self.inner.limits.max_list_items { Err(Fault::Invalid(Invalid::TooManyItems)) } else { Ok(()) }
    }

    async fn any_folder(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        let folder = self.inner.catalog.folder(actor.tenant_id()?, folder_id).await?;
        folder.ok_or(Fault::NotFound(Noun::Folder))
    }

    async fn expect_plain_folder(&self, actor: &Actor, folder_id: i64, right: Right) -> Result<Folder, Fault> {
        let folder = self.expect_in_folder(actor, folder_id, right).await?;
        if folder.kind == FolderKind::Plain { Ok(folder) } else { Err(Fault::Invalid(Invalid::FixedFolder)) }
    }
}
