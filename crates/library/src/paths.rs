//! Paths of slugs, for dialects in which a file is its path: finding what one names, and putting things exactly where one says. The
//! folders that are missing on the way are made in the same change, or nothing is.

use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;
use store::{
    assets::{AssetChange, AssetCopy, NewAsset},
    fields::FieldSet,
    folders::{FolderChange, FolderCopy, NewFolder},
    names::Slug,
    paths::{Missing, MissingFolder, Named, Reached},
};

use crate::{
    Actor, Asset, Fault, Folder, FolderKind, Ingest, Invalid, Library, Limits, Noun, Right, Upload, chance, names,
    uploads::expect_texts,
};

/// How many slugs a path may have.
const MAX_SLUGS: usize = 64;
/// What a path leads to may change while something is put there; so often it is looked up anew.
const MAX_TRIES: u32 = 8;
/// How many letters of a copy's key are chance; its original's id makes up the rest.
const KEY_PREFIX_LETTERS: usize = 10;
/// When what is left of a copy that came to nothing is swept, in milliseconds after it began.
const SWEEP_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a path names.
#[derive(Debug, Clone)]
pub enum Found {
    /// A folder.
    Folder(Folder),
    /// A file.
    Asset(Arc<Asset>),
}

/// Where something is to be put: its path from a folder.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The folder that the path begins at.
    pub top: i64,
    /// The slugs; the last is that of the thing itself.
    pub path: &'a [&'a str],
    /// Whether folders that are missing on the way are made; anybody may read what lies in them.
    pub make_folders: bool,
}

/// Files by their paths, as far as they were asked for lately: `(top, path)`, which file, and what was true then.
pub(crate) struct Memory {
    files: Cache<(i64, Box<str>), Remembered>,
    /// The tops of tenants' trees, which never change.
    roots: Cache<i64, i64>,
    /// The only tenant, if there is only one, and when that was so.
    only_tenant: Mutex<Option<(Option<i64>, i64)>>,
}

#[derive(Clone, Copy)]
struct Remembered {
    asset_id: i64,
    folder_id: i64,
    tree_epoch: u64,
    read_at: i64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { files: Cache::new(limits.max_cards), roots: Cache::new(10_000), only_tenant: Mutex::default() }
    }
}

/// A place as it is right now.
struct Spot<'a> {
    /// The last folder on the way that is there.
    folder: Folder,
    missing: Missing,
    /// The slug of the thing itself.
    slug: &'a str,
    /// What has that slug already.
    taken: Option<Named>,
}

impl Library {
    /// What a path names, if the actor may see it. Of an empty one, the folder that it begins at.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn find_by_path(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<Found, Fault> {
        let reached = self.follow(top, path).await?;
        match reached.named {
            _ if reached.slugs < path.len() => Err(missing(actor, Noun::Asset)),
            Named::Asset(id) => Ok(Found::Asset(self.asset(actor, id).await?)),
            Named::Folder(id) => {
                let folder = self.folder(actor, id).await?;
                if folder.lives() { Ok(Found::Folder(folder)) } else { Err(missing(actor, Noun::Folder)) }
            }
        }
    }

    /// The file that a path names, if the actor may see it; from memory while nothing has changed that could lead it elsewhere.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_by_path(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<Arc<Asset>, Fault> {
        let key = (top, path.join("/").into_boxed_str());
        // Taken before the read, as for cards. A file that leaves its folder or slug changes its own card; all else changes the tree.
        let (tree_epoch, now_ms) = (self.inner.cards.tree_epoch(), self.now_ms());
        if let Some(known) = self.inner.paths.files.get(&key)
            && known.tree_epoch == tree_epoch
            && (0..self.inner.limits.max_memory_age_ms).contains(&now_ms.saturating_sub(known.read_at))
            && let Ok(asset) = self.asset(actor, known.asset_id).await
            && (asset.folder.id, Some(&asset.slug.as_str())) == (known.folder_id, path.last())
        {
            return Ok(asset);
        }
        let Found::Asset(asset) = self.find_by_path(actor, top, path).await? else {
            return Err(missing(actor, Noun::Asset));
        };
        let known = Remembered { asset_id: asset.id, folder_id: asset.folder.id, tree_epoch, read_at: now_ms };
        self.inner.paths.files.insert(key, known);
        Ok(asset)
    }

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

    /// Makes a folder at a path.
    ///
    /// # Errors
    /// `Conflict` when something is there already; `NotFound` when what is to hold it is not there; `Invalid` for a path that can
    /// not be one.
    pub async fn create_folder_at(&self, actor: &Actor, place: &Place<'_>) -> Result<Folder, Fault> {
        let spot = self.free_spot(actor, place, Noun::Folder).await?;
        let name = names::check(spot.slug)?;
        let folder = NewFolder {
            tenant_id: spot.folder.tenant_id,
            parent_id: spot.folder.id,
            kind: FolderKind::Plain,
            name_key: names::sort_key(&name),
            name,
            slug: Slug::exactly(spot.slug.to_owned()),
            public_read: true,
            created_by: spot.missing.created_by,
            missing: spot.missing,
        };
        Ok(self.inner.catalog.add_folder(&folder, &actor.stamp(self.now_ms())).await?)
    }

    /// Moves a folder to a path. Its name changes with its slug.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `Invalid` when it would come to lie inside itself, or is a root, space or inbox.
    pub async fn move_folder_to(&self, actor: &Actor, folder_id: i64, place: &Place<'_>) -> Result<Folder, Fault> {
        let folder = self.expect_plain_folder(actor, folder_id, Right::Update).await?;
        self.expect_throughout(actor, Right::Delete, &folder).await?;
        let spot = self.free_spot(actor, place, Noun::Folder).await?;
        let change = FolderChange {
            name: renamed(&folder.slug, spot.slug)?,
            parent_id: Some(spot.folder.id),
            missing: spot.missing,
            slug: Slug::exactly(spot.slug.to_owned()),
        };
        let stamp = actor.stamp(self.now_ms());
        let changed = self.inner.catalog.change_folder(folder.tenant_id, folder_id, &change, &stamp).await;
        self.inner.cards.void_all();
        Ok(changed?)
    }

    /// Copies a folder, with all below it that is ready, to a path: seen whole or not at all. Bytes are shared, links are not copied.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `Invalid` when the copy would lie inside the original, or that is no plain folder.
    pub async fn copy_folder_to(&self, actor: &Actor, folder_id: i64, place: &Place<'_>) -> Result<Folder, Fault> {
        let folder = self.expect_plain_folder(actor, folder_id, Right::Read).await?;
        self.expect_throughout(actor, Right::Read, &folder).await?;
        let spot = self.free_spot(actor, place, Noun::Folder).await?;
        let stamp = actor.stamp(self.now_ms());
        let copy = FolderCopy {
            parent_id: spot.folder.id,
            created_by: spot.missing.created_by,
            missing: spot.missing,
            name: renamed(&folder.slug, spot.slug)?,
            slug: Slug::exactly(spot.slug.to_owned()),
            max_folders: i64::try_from(self.inner.limits.max_list_items).unwrap_or(i64::MAX),
            swept_at_ms: stamp.now_ms + SWEEP_MS,
        };
        let library = self.clone();
        // On a task of its own: a caller who goes away does not leave a copy that is neither shown nor given up.
        let shown = tokio::spawn(async move {
            let catalog = &library.inner.catalog;
            let hidden = catalog.begin_folder_copy(folder.tenant_id, folder_id, &copy, &stamp).await?;
            let new_key = || chance::secret(KEY_PREFIX_LETTERS);
            let outcome = match catalog.fill_folder_copy(&hidden, copy.created_by, new_key, &stamp).await {
                Ok(()) => catalog.show_folder_copy(&hidden, &copy, &stamp).await,
                Err(error) => Err(error),
            };
            if outcome.is_err() {
                if let Err(error) = catalog.drop_folder_copy(&hidden, stamp.now_ms).await {
                    tracing::warn!(%error, "a copy that came to nothing is swept later");
                }
                library.inner.jobs.notify_one();
            }
            library.inner.cards.void_all();
            Ok::<_, Fault>(outcome?)
        });
        shown.await.map_err(Fault::internal)?
    }

    /// Moves a file to a path. Its name changes with its slug, its title does not.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`].
    pub async fn move_asset_to(&self, actor: &Actor, asset_id: i64, place: &Place<'_>) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        self.expect_with(actor, Right::Delete, &asset).await?;
        let spot = self.free_spot(actor, place, Noun::Asset).await?;
        let change = AssetChange {
            name: renamed(&asset.slug, spot.slug)?,
            folder_id: Some(spot.folder.id),
            missing: spot.missing,
            slug: Slug::exactly(spot.slug.to_owned()),
            fields: Vec::new(),
        };
        let stamp = actor.stamp(self.now_ms());
        let changed = self.inner.catalog.change_asset(asset.tenant_id, asset_id, &change, &stamp).await;
        self.inner.cards.void(asset_id);
        changed?;
        self.card(asset_id).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// Copies a file to a path, with what is said of it, its limit, count and end. Bytes are shared, links are not copied.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `Quarantined`.
    pub async fn copy_asset_to(&self, actor: &Actor, asset_id: i64, place: &Place<'_>) -> Result<Arc<Asset>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        Self::expect_safe(actor, &asset)?;
        let spot = self.free_spot(actor, place, Noun::Asset).await?;
        let copy = AssetCopy {
            folder_id: spot.folder.id,
            created_by: spot.missing.created_by,
            missing: spot.missing,
            name: renamed(&asset.slug, spot.slug)?,
            slug: Slug::exactly(spot.slug.to_owned()),
            key_prefix: chance::secret(KEY_PREFIX_LETTERS),
        };
        let stamp = actor.stamp(self.now_ms());
        let copied = self.inner.catalog.copy_asset(asset.tenant_id, asset_id, &copy, &stamp).await?;
        self.card(copied).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// Puts a file at a path: a new one, or new bytes for the one that is there, of which all that was said before is forgotten.
    ///
    /// # Errors
    /// `Conflict` when a folder is there; as for [`Self::add_assets`].
    pub async fn put_asset(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        upload: Upload,
        ingest: Ingest,
    ) -> Result<Arc<Asset>, Fault> {
        let spot = self.spot(actor, place).await?;
        expect_texts(&upload)?;
        let name = names::check(spot.slug)?;
        let title = upload.title.clone();
        let author = spot.missing.created_by;
        let version = self.publish(upload.received, &name, upload.declared_type, author, ingest).await?;
        let (library, actor) = (self.clone(), actor.clone());
        let (top, make_folders) = (place.top, place.make_folders);
        let path: Vec<String> = place.path.iter().map(|slug| (*slug).to_owned()).collect();
        // On a task of its own: a caller who goes away after the last byte does not leave bytes without rows.
        let put = tokio::spawn(async move {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = Place { top, path: &path, make_folders };
            let outcome = library.put_version(&actor, &place, (&name, title), &version).await;
            let (put, needed) = match outcome {
                Ok((id, kept)) => (Ok(id), kept),
                // What may have a row after all stays; garbage collection looks again.
                Err((fault, certain)) => (Err(fault), !certain),
            };
            if !needed {
                library.discard(version.blob.key).await;
            }
            library.inner.jobs.notify_one();
            put
        });
        let id = put.await.map_err(Fault::internal)??;
        self.card(id).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// The rows of a file at a path: its id, and whether its bytes are needed. What failed: and whether nothing was changed for certain.
    async fn put_version(
        &self,
        actor: &Actor,
        place: &Place<'_>,
        (name, title): (&str, Option<String>),
        version: &store::assets::NewVersion,
    ) -> Result<(i64, bool), (Fault, bool)> {
        let sure = |fault: Fault| (fault, true);
        for _ in 0..MAX_TRIES {
            let spot = self.spot(actor, place).await.map_err(sure)?;
            let tenant_id = spot.folder.tenant_id;
            let stamp = actor.stamp(self.now_ms());
            let outcome = match spot.taken {
                Some(Named::Folder(_)) => return Err(sure(Fault::Conflict(Noun::Folder))),
                Some(Named::Asset(id)) => {
                    self.expect_asset(actor, id, Right::Update).await.map_err(sure)?;
                    let said = FieldSet { title: title.clone(), ..FieldSet::default() };
                    let kept = self.inner.catalog.replace_asset(tenant_id, id, (version, &said), &stamp).await;
                    self.inner.cards.void(id);
                    kept.map(|kept| (id, kept))
                }
                None => {
                    let asset = NewAsset {
                        tenant_id,
                        folder_id: spot.folder.id,
                        missing: spot.missing,
                        key: chance::key_20(),
                        name_key: names::sort_key(name),
                        name: name.to_owned(),
                        slug: Slug::exactly(spot.slug.to_owned()),
                        title: title.clone(),
                        version: version.clone(),
                        fields: Vec::new(),
                    };
                    let added = self.inner.catalog.add_assets(std::slice::from_ref(&asset), &stamp).await;
                    added.map(|added| (added[0].asset_id, added[0].kept_blob))
                }
            };
            match outcome {
                Ok(put) => return Ok(put),
                // Somebody was faster, or moved what was on the way: it is looked at anew.
                Err(store::Error::Taken(_) | store::Error::Missing(_)) => {}
                Err(error) => {
                    let certain = error.is_certain();
                    return Err((error.into(), certain));
                }
            }
        }
        Err(sure(Fault::Busy))
    }

    /// Where a path leads right now; the actor may put something there.
    async fn spot<'a>(&self, actor: &Actor, place: &Place<'a>) -> Result<Spot<'a>, Fault> {
        let Some((slug, above)) = place.path.split_last() else { return Err(Fault::Invalid(Invalid::Name)) };
        if place.path.len() > MAX_SLUGS {
            return Err(Fault::Invalid(Invalid::TooDeep));
        }
        let reached = self.follow(place.top, place.path).await?;
        let (folder_id, taken) = match reached.named {
            named if reached.slugs == place.path.len() => {
                let Reached { named: Named::Folder(folder_id), .. } = self.follow(place.top, above).await? else {
                    return Err(Fault::Conflict(Noun::Asset));
                };
                (folder_id, Some(named))
            }
            Named::Folder(id) => (id, None),
            // A file lies where a folder would have to.
            Named::Asset(_) => return Err(Fault::Conflict(Noun::Asset)),
        };
        let missing = if taken.is_some() { &[] } else { &above[reached.slugs..] };
        if !missing.is_empty() && !place.make_folders {
            return Err(missing_folder(actor));
        }
        let folder = self.expect_in_folder(actor, folder_id, Right::Create).await?;
        let step = |slug: &&str| {
            let name = names::check(slug)?;
            Ok(MissingFolder { slug: (*slug).to_owned(), name_key: names::sort_key(&name), name })
        };
        let missing = Missing {
            folders: missing.iter().map(step).collect::<Result<_, Fault>>()?,
            public_read: true,
            created_by: self.author(actor, folder.tenant_id).await?,
        };
        Ok(Spot { folder, missing, slug, taken })
    }

    /// The same where nothing is yet.
    async fn free_spot<'a>(&self, actor: &Actor, place: &Place<'a>, noun: Noun) -> Result<Spot<'a>, Fault> {
        let spot = self.spot(actor, place).await?;
        if spot.taken.is_some() { Err(Fault::Conflict(noun)) } else { Ok(spot) }
    }

    async fn follow(&self, top: i64, path: &[&str]) -> Result<Reached, Fault> {
        // Nothing has such a slug, and PostgreSQL takes no NUL.
        let sound = path.iter().take(MAX_SLUGS).take_while(|slug| !slug.is_empty() && !slug.contains('\0')).count();
        Ok(self.inner.catalog.follow(top, &path[..sound]).await?)
    }
}

/// The display name and its folded form, where the slug changes.
fn renamed(old: &str, new: &str) -> Result<Option<(String, String)>, Fault> {
    if old == new {
        return Ok(None);
    }
    let name = names::check(new)?;
    Ok(Some((name.clone(), names::sort_key(&name))))
}

/// Those without a key are not told what exists.
fn missing(actor: &Actor, noun: Noun) -> Fault {
    if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(noun) }
}

fn missing_folder(actor: &Actor) -> Fault {
    missing(actor, Noun::Folder)
}
