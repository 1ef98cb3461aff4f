//! Entries: assets that have bytes or wait for their first, living or in the trash; for a dialect in which the entry comes before its
//! bytes, and which shows what is in the trash.

use content::MediaType;
use store::assets::{AssetChange, Filling, NewPlaceholder, Version};
use store::paths::Missing;

use crate::{
    Actor, Asset, AssetState, AuditLine, Fault, Ingest, Library, Noun, Received, Right, Words, assets::as_of_asset,
    chance, descriptions::expect_sound, names, slugs,
};

/// Rows are read this many at a time.
const PAGE: i64 = 1_000;
const MAX_VERSIONS: i64 = 1_000;

impl Library {
    /// Adds an entry without bytes to a folder, and says something of it. Nobody but those who ask for entries sees it.
    ///
    /// # Errors
    /// `NotFound` for a folder that is gone, `Denied`; `Invalid` for words that can not be kept.
    pub async fn add_entry(&self, actor: &Actor, folder_id: i64, words: &Words) -> Result<Asset, Fault> {
        let folder = self.expect_in_folder(actor, folder_id, Right::Create).await?;
        expect_sound(words.title.as_deref(), words.description.as_deref(), &words.tags)?;
        let name = names::check(words.title.as_deref().unwrap_or_default()).unwrap_or_else(|_| "untitled".to_owned());
        let (tenant_id, stamp) = (folder.tenant_id, actor.stamp(self.now_ms()));
        let new = NewPlaceholder {
            tenant_id,
            folder_id,
            key: chance::key_20(),
            name_key: names::sort_key(&name),
            name,
            created_by: self.author(actor, tenant_id).await?,
        };
        let id = self.inner.catalog.add_placeholder(&new, &stamp).await?;
        self.inner.catalog.describe_asset(tenant_id, id, &words.said(), &stamp).await?;
        self.inner.catalog.asset(id).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// One entry, living or in the trash, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn entry(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        self.expect_entry(actor, asset_id, Right::Read).await
    }

    /// The same by its 20-character key.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn entry_by_key(&self, actor: &Actor, key: &str) -> Result<Asset, Fault> {
        let id = self.inner.catalog.asset_by_key(actor.tenant_id()?, key).await?;
        self.expect_entry(actor, id.ok_or(Fault::NotFound(Noun::Asset))?, Right::Read).await
    }

    /// One living entry that the actor may change.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn entry_to_change(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Update).await?;
        if asset.lives() { Ok(asset) } else { Err(Fault::NotFound(Noun::Asset)) }
    }

    /// The living entries directly in a folder, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` when there are more than one listing may name.
    pub async fn folder_entries(&self, actor: &Actor, folder_id: i64) -> Result<Vec<Asset>, Fault> {
        let folder = self.expect_in_folder(actor, folder_id, Right::Read).await?;
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = self.inner.catalog.folder_entries(folder.tenant_id, folder_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(seen) };
            after = last.id;
            for asset in page.into_iter().filter(|asset| !self.is_over(asset)) {
                if asset.rules.is_none() || self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                    seen.push(asset);
                }
            }
            self.expect_few(seen.len())?;
        }
    }

    /// Several entries at once, without those that are in the trash, missing or not for the actor; oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn entries_by_id(&self, actor: &Actor, ids: &[i64]) -> Result<Vec<Asset>, Fault> {
        let mut seen = Vec::with_capacity(ids.len());
        for asset in self.inner.catalog.assets_by_id(actor.tenant_id()?, ids).await? {
            let there = asset.lives() && is_entry(&asset) && !self.is_over(&asset);
            if there && self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                seen.push(asset);
            }
        }
        seen.sort_unstable_by_key(|asset| asset.id);
        Ok(seen)
    }

    /// Says something of an entry.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for what is too long, or holds a NUL.
    pub async fn describe_entry(&self, actor: &Actor, asset_id: i64, words: &Words) -> Result<(), Fault> {
        let asset = self.entry_to_change(actor, asset_id).await?;
        expect_sound(words.title.as_deref(), words.description.as_deref(), &words.tags)?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.describe_asset(asset.tenant_id, asset_id, &words.said(), &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Moves an entry to another folder.
    ///
    /// # Errors
    /// `NotFound` when it or the folder is gone, `Denied`.
    pub async fn move_entry(&self, actor: &Actor, asset_id: i64, folder_id: i64) -> Result<(), Fault> {
        let asset = self.entry_to_change(actor, asset_id).await?;
        self.expect_in_folder(actor, folder_id, Right::Create).await?;
        if folder_id == asset.folder.id {
            return Ok(());
        }
        // Where it was it is no longer, and other rules hold where it comes to.
        self.expect_with(actor, Right::Delete, &asset).await?;
        self.expect_taken(actor, &asset, folder_id, &asset.name).await?;
        let change = AssetChange {
            seen: None,
            missing: Missing::default(),
            slug: slugs::of_file(&asset.name),
            name: None,
            folder_id: Some(folder_id),
            fields: Vec::new(),
        };
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.change_asset(asset.tenant_id, asset_id, &change, &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Puts an entry in the trash, from where it goes for good after `keep_ms` milliseconds, or with all the rest of the trash.
    ///
    /// # Errors
    /// `NotFound` when it is there already.
    pub async fn trash_entry(&self, actor: &Actor, asset_id: i64, keep_ms: Option<i64>) -> Result<(), Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Delete).await?;
        let stamp = actor.stamp(self.now_ms());
        let purge_at = keep_ms.map(|keep_ms| stamp.now_ms.saturating_add(keep_ms));
        let done = self.inner.catalog.trash_asset_at(asset.tenant_id, asset_id, (None, purge_at), &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Takes an entry out of the trash.
    ///
    /// # Errors
    /// `NotFound` when it is not there, `Invalid` while its folder is, `Expired`, `Quarantined`.
    pub async fn restore_entry(&self, actor: &Actor, asset_id: i64) -> Result<Asset, Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Delete).await?;
        let (slug, stamp) = (slugs::of_file(&asset.name), actor.stamp(self.now_ms()));
        let done = self.inner.catalog.restore_asset(asset.tenant_id, asset_id, &slug, &stamp).await;
        self.inner.cards.void(asset_id);
        done?;
        self.expect_entry(actor, asset_id, Right::Delete).await
    }

    /// Ends an entry for good, whether or not it is in the trash.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn purge_entry(&self, actor: &Actor, asset_id: i64) -> Result<(), Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Delete).await?;
        let stamp = actor.stamp(self.now_ms());
        if asset.lives() {
            // Whoever is faster has put it there too.
            match self.inner.catalog.trash_asset(asset.tenant_id, asset_id, &stamp).await {
                Ok(()) | Err(store::Error::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let done = self.inner.catalog.purge_asset(asset.tenant_id, asset_id, &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Gives an entry bytes: its first, by which it becomes a file of this name, or a version more. Gives the version's id.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` for a name that can not be one; `Unsupported` for what the folder does not take.
    pub async fn fill_entry(
        &self,
        actor: &Actor,
        asset_id: i64,
        (received, declared_type): (Received, Option<MediaType>),
        name: &str,
    ) -> Result<i64, Fault> {
        let asset = self.entry_to_change(actor, asset_id).await?;
        let created_by = self.author(actor, asset.tenant_id).await?;
        self.fill(actor, (&asset, created_by), received, (name, declared_type)).await
    }

    pub(crate) async fn fill(
        &self,
        actor: &Actor,
        (asset, created_by): (&Asset, i64),
        received: Received,
        (name, declared_type): (&str, Option<MediaType>),
    ) -> Result<i64, Fault> {
        let (tenant_id, asset_id) = (asset.tenant_id, asset.id);
        let gate = self.gate(actor, (tenant_id, asset.folder.id)).await?;
        let (library, name, mut stamp) = (self.clone(), names::check(name)?, actor.stamp(self.now_ms()));
        // Whoever wanted it, also where the server itself brings it.
        stamp.user_id.get_or_insert(created_by);
        // On a task of its own, as for new files.
        let filled = tokio::spawn(async move {
            let version = library
                .publish(received, (&name, declared_type), (tenant_id, created_by), (&gate, Ingest::default()))
                .await?;
            let key = version.blob.key;
            let filling = Filling { name_key: names::sort_key(&name), slug: slugs::of_file(&name), name, version };
            let outcome = library.inner.catalog.fill_asset(tenant_id, asset_id, &filling, &stamp).await;
            if !outcome.as_ref().map_or_else(|error| !error.is_certain(), |filled| filled.kept_blob) {
                library.discard(key).await;
            }
            library.inner.cards.void(asset_id);
            library.wake();
            outcome.map(|filled| filled.version_id).map_err(Fault::from)
        });
        filled.await.map_err(Fault::internal)?
    }

    /// The versions of an entry that the actor may see, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn versions(&self, actor: &Actor, asset_id: i64) -> Result<Vec<Version>, Fault> {
        self.expect_entry(actor, asset_id, Right::Read).await?;
        Ok(self.inner.catalog.versions(asset_id, MAX_VERSIONS).await?)
    }

    /// The file that has this version, and the version; of a file that the actor may see.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn version(&self, actor: &Actor, version_id: i64) -> Result<(Asset, Version), Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
        let (asset_id, version) = self.inner.catalog.version(version_id).await?.ok_or_else(missing)?;
        Ok((self.expect_entry(actor, asset_id, Right::Read).await?, version))
    }

    /// What happened to an entry that the actor may see, before the line `before`, the latest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn entry_history(
        &self,
        actor: &Actor,
        asset_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditLine>, Fault> {
        let asset = self.expect_entry(actor, asset_id, Right::Read).await?;
        let before = before.unwrap_or(i64::MAX);
        Ok(self.inner.catalog.audit_of(asset.tenant_id, (Noun::Asset, asset_id), before, limit).await?)
    }

    /// The entry, living or in the trash, if the actor may do this with it.
    pub(crate) async fn expect_entry(&self, actor: &Actor, asset_id: i64, right: Right) -> Result<Asset, Fault> {
        let missing = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
        let asset = self.inner.catalog.asset(asset_id).await?.filter(is_entry).ok_or_else(missing)?;
        // What is in the trash is shown to those with a key only.
        let is_hidden = if asset.lives() { self.is_over(&asset) } else { actor.is_anonymous() };
        if is_hidden {
            return Err(missing());
        }
        self.expect_with(actor, right, &asset).await.map_err(as_of_asset)?;
        Ok(asset)
    }
}

fn is_entry(asset: &Asset) -> bool {
    matches!(asset.state, AssetState::Ready | AssetState::Placeholder)
}
