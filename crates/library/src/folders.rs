//! Folders: finding, making, renaming, moving, listing, and putting in the trash.

use std::collections::HashMap;

use store::{
    folders::{FolderChange, NewFolder},
    paths::Missing,
};

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
        self.expect(actor, Right::Read, &folder).await?;
        // What is in the trash is nobody's business who has no key.
        if actor.is_anonymous() && !folder.lives() { Err(Fault::Unauthenticated) } else { Ok(folder) }
    }

    /// A living folder that the actor may change, whether or not it may see what lies there.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn folder_to_change(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        self.expect_in_folder(actor, folder_id, Right::Update).await
    }

    /// A living folder that the actor may put something into, whether or not it may see what lies there.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn folder_to_fill(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        self.expect_in_folder(actor, folder_id, Right::Create).await
    }

    /// The top of a tenant's tree, for what the actor means to do there.
    ///
    /// # Errors
    /// `NotFound` for another tenant's, `Denied`.
    pub async fn root_folder(&self, actor: &Actor, tenant_id: i64, right: Right) -> Result<Folder, Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Tenant) };
        if actor.token().is_some_and(|token| token.tenant_id != tenant_id) {
            return Err(missing());
        }
        let root = self.inner.catalog.root_folder(tenant_id).await.map_err(|error| match error {
            store::Error::Missing(_) => missing(),
            error => error.into(),
        })?;
        self.expect(actor, right, &root).await?;
        Ok(root)
    }

    /// Several folders at once, in the trash or not, without those that are missing or not for the actor; in no order.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn folders_by_id(&self, actor: &Actor, ids: &[i64]) -> Result<Vec<Folder>, Fault> {
        let mut seen = Vec::with_capacity(ids.len());
        for folder in self.inner.catalog.folders_by_id(actor.tenant_id()?, ids).await? {
            match self.expect(actor, Right::Read, &folder).await {
                Ok(()) => seen.push(folder),
                Err(Fault::Denied | Fault::NotFound(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(seen)
    }

    /// Makes a plain folder.
    ///
    /// # Errors
    /// `Invalid` for a name that can not be one or a tree too deep; `NotFound` when the parent is gone.
    pub async fn create_folder(&self, actor: &Actor, parent_id: i64, name: &str) -> Result<Folder, Fault> {
        let parent = self.expect_in_folder(actor, parent_id, Right::Create).await?;
        let name = names::check(name)?;
        let folder = NewFolder {
            missing: Missing::default(),
            tenant_id: parent.tenant_id,
            parent_id: parent.id,
            kind: FolderKind::Plain,
            name_key: names::sort_key(&name),
            slug: slugs::of_folder(&name),
            name,
            public_read: false,
            expires_at: None,
            created_by: self.author(actor, parent.tenant_id).await?,
        };
        Ok(self.inner.catalog.add_folder(&folder, &actor.stamp(self.now_ms())).await?)
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
        let parent_id = parent_id.filter(|id| Some(*id) != folder.parent_id);
        if same_name && parent_id.is_none() {
            return Ok(folder);
        }
        if parent_id.is_some() {
            // Where it was it is no longer, and other rules hold where it comes to.
            self.expect(actor, Right::Delete, &folder).await?;
        }
        let change = FolderChange {
            seen: None,
            missing: Missing::default(),
            slug: slugs::of_folder(name.as_deref().unwrap_or(&folder.name)),
            name: name.map(|name| (name.clone(), names::sort_key(&name))),
            parent_id,
        };
        let stamp = actor.stamp(self.now_ms());
        let changed = self.inner.catalog.change_folder(folder.tenant_id, folder_id, &change, &stamp).await;
        self.inner.cards.void_all();
        Ok(changed?)
    }

    /// Says whether anybody may read what lies directly in a folder, where no rules say otherwise.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for those who may not change rules.
    pub async fn publish_folder(&self, actor: &Actor, folder_id: i64, public_read: bool) -> Result<(), Fault> {
        let folder = self.expect_in_folder(actor, folder_id, Right::Manage).await?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.publish_folder(folder.tenant_id, folder_id, public_read, &stamp).await;
        self.inner.cards.void_all();
        Ok(done?)
    }

    /// Puts a folder and all below it in the trash.
    ///
    /// # Errors
    /// `NotFound` when it is there already, `Invalid` for a root, space or inbox.
    pub async fn trash_folder(&self, actor: &Actor, folder_id: i64) -> Result<(), Fault> {
        let folder = self.expect_plain_folder(actor, folder_id, Right::Delete).await?;
        self.expect_throughout(actor, Right::Delete, &folder).await?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.trash_folder(folder.tenant_id, folder_id, &stamp).await;
        self.inner.cards.void_all();
        Ok(done?)
    }

    /// Takes a folder, and what went with it, out of the trash.
    ///
    /// # Errors
    /// `NotFound` when it is not there, `Invalid` while the folder that holds it is.
    pub async fn restore_folder(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        let folder = self.any_folder(actor, folder_id).await?;
        self.expect(actor, Right::Delete, &folder).await?;
        let (slug, stamp) = (slugs::of_folder(&folder.name), actor.stamp(self.now_ms()));
        let restored = self.inner.catalog.restore_folder(folder.tenant_id, folder_id, &slug, &stamp).await;
        self.inner.cards.void_all();
        Ok(restored?)
    }

    /// Ends a folder in the trash, and all that lies in it, for good. What keeps it from being found is done when this
    /// returns; its rows and bytes go after that.
    ///
    /// # Errors
    /// `NotFound` when it is not in the trash, `Conflict` while a key is confined to it.
    pub async fn purge_folder(&self, actor: &Actor, folder_id: i64) -> Result<(), Fault> {
        let folder = self.any_folder(actor, folder_id).await?;
        self.expect_throughout(actor, Right::Delete, &folder).await?;
        let done = self.inner.catalog.purge_folder(folder.tenant_id, folder_id, &actor.stamp(self.now_ms())).await;
        self.inner.cards.void_all();
        self.inner.jobs.notify_one();
        Ok(done?)
    }

    /// What lies directly inside a folder, by name: plain folders and ready files. Of a trashed folder too.
    ///
    /// # Errors
    /// `Invalid` when there is more than one listing may name.
    pub async fn list_folder(&self, actor: &Actor, folder_id: i64) -> Result<Listing, Fault> {
        let folder = self.folder(actor, folder_id).await?;
        let mut folders = self.seen_folders(actor, folder_id).await?;
        folders.retain(|inner| inner.kind.is_shown());
        let assets = self.seen_assets(actor, folder_id, (0, usize::MAX), |_| true).await?;
        Ok(Listing { folder, folders, assets })
    }

    /// The folders directly inside one, of every kind, by name.
    ///
    /// # Errors
    /// `Invalid` when there are more than one listing may name.
    pub async fn child_folders(&self, actor: &Actor, folder_id: i64) -> Result<Vec<Folder>, Fault> {
        self.folder(actor, folder_id).await?;
        self.seen_folders(actor, folder_id).await
    }

    /// The ready files directly inside a folder that are wanted, by name: all, or so many behind so many.
    ///
    /// # Errors
    /// `Invalid` when there are more than one listing may name.
    pub async fn folder_assets(
        &self,
        actor: &Actor,
        folder_id: i64,
        page: Option<(u64, usize)>,
        is_wanted: impl Fn(&Asset) -> bool,
    ) -> Result<Vec<Asset>, Fault> {
        self.folder(actor, folder_id).await?;
        self.seen_assets(actor, folder_id, page.unwrap_or((0, usize::MAX)), is_wanted).await
    }

    /// Those of these folders that hold others.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn folders_with_children(&self, actor: &Actor, ids: &[i64]) -> Result<Vec<i64>, Fault> {
        Ok(self.inner.catalog.folders_with_children(actor.tenant_id()?, ids).await?)
    }

    async fn seen_folders(&self, actor: &Actor, folder_id: i64) -> Result<Vec<Folder>, Fault> {
        let (mut seen, mut after) = (Vec::new(), (String::new(), 0));
        loop {
            let page = self.inner.catalog.child_folders(folder_id, &after, PAGE).await?;
            let full = page.len() == PAGE_ROWS;
            let Some(last) = page.last() else { break };
            after = (names::sort_key(&last.name), last.id);
            for inner in page {
                // What has no rules of its own is held by those that let the actor in here.
                if inner.rules.is_none() || self.expect(actor, Right::Read, &inner).await.is_ok() {
                    seen.push(inner);
                }
            }
            self.expect_few(seen.len())?;
            if !full {
                break;
            }
        }
        Ok(seen)
    }

    async fn seen_assets(
        &self,
        actor: &Actor,
        folder_id: i64,
        (mut pass_over, limit): (u64, usize),
        is_wanted: impl Fn(&Asset) -> bool,
    ) -> Result<Vec<Asset>, Fault> {
        let (mut seen, mut after) = (Vec::new(), (String::new(), 0));
        // A page reads no more than it is likely to show.
        let at_once = pass_over.saturating_add(limit as u64).clamp(50, PAGE_ROWS as u64);
        loop {
            let page = self.inner.catalog.folder_assets(folder_id, &after, at_once.try_into().unwrap_or(PAGE)).await?;
            let full = page.len() as u64 == at_once;
            let Some(last) = page.last() else { break };
            after = (names::sort_key(&last.name), last.id);
            for asset in page.into_iter().filter(|asset| !self.is_over(asset) && is_wanted(asset)) {
                if asset.rules.is_some() && self.expect_with(actor, Right::Read, &asset).await.is_err() {
                    continue;
                }
                if pass_over > 0 {
                    pass_over -= 1;
                } else if seen.len() < limit {
                    seen.push(asset);
                }
            }
            self.expect_few(seen.len())?;
            if !full || seen.len() >= limit {
                break;
            }
        }
        Ok(seen)
    }

    /// A folder that the actor may see and all below it that it may see, each behind the one that holds it and among its
    /// siblings by name; read in one statement. The first is that folder itself, or what the actor is confined to.
    ///
    /// # Errors
    /// `Unauthenticated`, `Denied`; `Invalid` when there are more folders than one listing may name.
    pub async fn folder_tree(&self, actor: &Actor) -> Result<Vec<Folder>, Fault> {
        let tenant_id = actor.tenant_id()?;
        let top = match actor.token().and_then(|token| token.folder_id) {
            Some(folder_id) => self.expect_in_folder(actor, folder_id, Right::Read).await?,
            None => self.root_folder(actor, tenant_id, Right::Read).await?,
        };
        let most = self.inner.limits.max_list_items;
        let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
        let all = self.inner.catalog.folder_tree(&top, limit).await?;
        self.expect_few(all.len().min(most + 1))?;
        let mut below: HashMap<i64, Vec<Folder>> = HashMap::new();
        for folder in all {
            if let Some(parent_id) = folder.parent_id.filter(|_| folder.id != top.id) {
                below.entry(parent_id).or_default().push(folder);
            }
        }
        let mut tree = Vec::new();
        let mut waiting = vec![top.clone()];
        while let Some(folder) = waiting.pop() {
            // What has no rules of its own is held by those that let the actor in above it.
            let seen =
                folder.id == top.id || folder.rules.is_none() || self.expect(actor, Right::Read, &folder).await.is_ok();
            if !seen {
                continue;
            }
            let mut inner = below.remove(&folder.id).unwrap_or_default();
            inner.sort_by_cached_key(|folder| std::cmp::Reverse((names::sort_key(&folder.name), folder.id)));
            waiting.extend(inner);
            tree.push(folder);
        }
        Ok(tree)
    }

    /// The actor's spaces (Fliplet apps), oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn spaces(&self, actor: &Actor) -> Result<Vec<Folder>, Fault> {
        let spaces = self.inner.catalog.folders_of_kind(actor.tenant_id()?, FolderKind::Space, 0, 10_000).await?;
        let mut seen = Vec::with_capacity(spaces.len());
        for space in spaces {
            if self.expect(actor, Right::Read, &space).await.is_ok() {
                seen.push(space);
            }
        }
        Ok(seen)
    }

    /// How many bytes the living files of a space have.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn space_bytes(&self, actor: &Actor, space: &Folder) -> Result<u64, Fault> {
        self.expect(actor, Right::Read, space).await?;
        Ok(self.inner.catalog.space_bytes(space.tenant_id, space.id).await?)
    }

    /// The living folder, if the actor may do this in it.
    pub(crate) async fn expect_in_folder(&self, actor: &Actor, folder_id: i64, right: Right) -> Result<Folder, Fault> {
        let folder = self.any_folder(actor, folder_id).await?;
        self.expect(actor, right, &folder).await?;
        if folder.lives() {
            return Ok(folder);
        }
        Err(if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Folder) })
    }

    /// Whether an asset's time is over.
    pub(crate) fn is_over(&self, asset: &Asset) -> bool {
        asset.expires_at.is_some_and(|at| at <= self.now_ms())
    }

    pub(crate) fn expect_few(&self, items: usize) -> Result<(), Fault> {
        if items > self.inner.limits.max_list_items { Err(Fault::Invalid(Invalid::TooManyItems)) } else { Ok(()) }
    }

    /// The folder, living or in the trash; whether the actor may see it is yet to be asked.
    pub(crate) async fn any_folder(&self, actor: &Actor, folder_id: i64) -> Result<Folder, Fault> {
        match actor.tenant_id() {
            Ok(tenant_id) => {
                let folder = self.inner.catalog.folder(tenant_id, folder_id).await?;
                folder.ok_or(Fault::NotFound(Noun::Folder))
            }
            // Those without a key are not told what exists.
            Err(fault) => self.inner.catalog.folder_of_anybody(folder_id).await?.ok_or(fault),
        }
    }

    /// Whom what the actor makes belongs to: the tenant's service user, when it is nobody in person.
    pub(crate) async fn author(&self, actor: &Actor, tenant_id: i64) -> Result<i64, Fault> {
        if let Some(user) = actor.user() {
            return Ok(user.id);
        }
        let service = self.inner.catalog.service_user(tenant_id).await?;
        service.map(|user| user.id).ok_or(Fault::Unauthenticated)
    }

    pub(crate) async fn expect_plain_folder(
        &self,
        actor: &Actor,
        folder_id: i64,
        right: Right,
    ) -> Result<Folder, Fault> {
        let folder = self.expect_in_folder(actor, folder_id, right).await?;
        if folder.kind == FolderKind::Plain { Ok(folder) } else { Err(Fault::Invalid(Invalid::FixedFolder)) }
    }
}
