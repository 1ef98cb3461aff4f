//! Paths of slugs, for dialects in which a file is its path: finding what one names, and putting things exactly where one says. The
//! folders that are missing on the way are made in the same change, or nothing is.

mod puts;
mod tops;

use std::sync::{Arc, Mutex};

use moka::sync::Cache;
use store::{
    assets::{AssetChange, AssetCopy},
    folders::{FolderChange, FolderCopy, NewFolder},
    names::Slug,
    paths::{Missing, MissingFolder, Named, Reached, Seen},
};
use tokio::sync::Semaphore;

use crate::{Actor, Asset, Fault, Folder, FolderKind, Invalid, Library, Limits, Noun, Right, chance, names};

/// How many folders are copied at a time on one node.
const MAX_COPIES: usize = 2;
/// How many slugs a path may have.
const MAX_SLUGS: usize = 64;
/// How many letters of a copy's key are chance; its original's id makes up the rest.
const KEY_PREFIX_LETTERS: usize = 10;
/// When what is left of a copy that came to nothing is swept, in milliseconds after it began.
const SWEEP_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a path names.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one is looked at and given up: nobody keeps many")]
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
    /// Whether folders that are missing on the way are made; anybody may read what lies in them, but in a space.
    pub make_folders: bool,
}

/// Files by their paths, as far as they were asked for lately: `(top, path)`, which file, and what was true then.
pub(crate) struct Memory {
    files: Cache<(i64, Box<str>), Remembered>,
    /// The tops of tenants' trees, which never change.
    roots: Cache<i64, i64>,
    /// Turns at copying folders.
    copies: Arc<Semaphore>,
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
        Self {
            files: Cache::new(limits.max_cards),
            roots: Cache::new(10_000),
            only_tenant: Mutex::default(),
            copies: Arc::new(Semaphore::new(MAX_COPIES)),
        }
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
            public_read: spot.missing.public_read,
            expires_at: None,
            created_by: spot.missing.created_by,
            missing: spot.missing,
        };
        Ok(self.inner.catalog.add_folder(&folder, &actor.stamp(self.now_ms())).await?)
    }

    /// Moves the folder at a path to another. Its name changes with its slug.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `NotFound` when it is not there (any more); `Invalid` when it would come to lie inside itself,
    /// or is a root, space or inbox.
    pub async fn move_folder_to(&self, actor: &Actor, path: &[&str], place: &Place<'_>) -> Result<Folder, Fault> {
        let (folder_id, seen) = self.locate_folder(actor, place.top, path).await?;
        let folder = self.expect_plain_folder(actor, folder_id, Right::Update).await?;
        self.expect_throughout(actor, Right::Delete, &folder).await?;
        let spot = self.free_spot(actor, place, Noun::Folder).await?;
        let change = FolderChange {
            seen: Some(seen),
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

    /// Copies the folder at a path, with all below it that is ready, to another: seen whole or not at all. Bytes are shared, links are not copied.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `Invalid` when the copy would lie inside the original, or that is no plain folder.
    pub async fn copy_folder_to(&self, actor: &Actor, path: &[&str], place: &Place<'_>) -> Result<Folder, Fault> {
        let (folder_id, _) = self.locate_folder(actor, place.top, path).await?;
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
        // Few at a time: each keeps the one writer busy that there may be.
        let turn = Arc::clone(&self.inner.paths.copies).acquire_owned().await.map_err(Fault::internal)?;
        let library = self.clone();
        // On a task of its own: a caller who goes away does not leave a copy that is neither shown nor given up.
        let shown = tokio::spawn(async move {
            let _turn = turn;
            let catalog = &library.inner.catalog;
            let newest = catalog.newest_asset().await?;
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
            // Of its files nobody could say anything while they were hidden.
            library.tell_copies(newest).await?;
            Ok::<_, Fault>(outcome?)
        });
        shown.await.map_err(Fault::internal)?
    }

    /// Puts the folder at a path in the trash, and all below it.
    ///
    /// # Errors
    /// `NotFound` when it is not there (any more), `Invalid` for a root, space or inbox.
    pub async fn trash_folder_at(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<(), Fault> {
        let (folder_id, seen) = self.locate_folder(actor, top, path).await?;
        let folder = self.expect_plain_folder(actor, folder_id, Right::Delete).await?;
        self.expect_throughout(actor, Right::Delete, &folder).await?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.trash_folder_at(folder.tenant_id, folder_id, Some(&seen), &stamp).await;
        self.inner.cards.void_all();
        Ok(done?)
    }

    /// Puts the file at a path in the trash.
    ///
    /// # Errors
    /// `NotFound` when it is not there (any more).
    pub async fn trash_asset_at(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<(), Fault> {
        let (asset_id, seen) = self.locate_asset(actor, top, path).await?;
        let asset = self.expect_asset(actor, asset_id, Right::Delete).await?;
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.trash_asset_at(asset.tenant_id, asset_id, (Some(&seen), None), &stamp).await;
        self.inner.cards.void(asset_id);
        Ok(done?)
    }

    /// Moves the file at a path to another. Its name changes with its slug, its title does not.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `NotFound` when it is not there (any more).
    pub async fn move_asset_to(&self, actor: &Actor, path: &[&str], place: &Place<'_>) -> Result<Arc<Asset>, Fault> {
        let (asset_id, seen) = self.locate_asset(actor, place.top, path).await?;
        let asset = self.expect_asset(actor, asset_id, Right::Update).await?;
        self.expect_with(actor, Right::Delete, &asset).await?;
        let spot = self.free_spot(actor, place, Noun::Asset).await?;
        self.expect_taken(actor, &asset, spot.folder.id, spot.slug).await?;
        let change = AssetChange {
            seen: Some(seen),
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

    /// Copies the file at a path to another, with what is said of it, its limit, count and end. Bytes are shared, links are not copied.
    ///
    /// # Errors
    /// As for [`Self::create_folder_at`]; `Quarantined`.
    pub async fn copy_asset_to(&self, actor: &Actor, path: &[&str], place: &Place<'_>) -> Result<Arc<Asset>, Fault> {
        let (asset_id, _) = self.locate_asset(actor, place.top, path).await?;
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        self.expect_safe(actor, &asset)?;
        let spot = self.free_spot(actor, place, Noun::Asset).await?;
        self.expect_taken(actor, &asset, spot.folder.id, spot.slug).await?;
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
        let copy = self.card(copied).await?.ok_or(Fault::NotFound(Noun::Asset))?;
        // Something else may have been said of its bytes while it was made.
        self.tell_known(&copy).await?;
        self.card(copied).await?.ok_or(Fault::NotFound(Noun::Asset))
    }

    /// The file at a path, and where exactly that is.
    async fn locate_asset(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<(i64, Seen), Fault> {
        match self.follow(top, path).await? {
            Reached { slugs, named: Named::Asset(id), holder } if slugs == path.len() => {
                Ok((id, seen_at(holder, path)))
            }
            _ => Err(missing(actor, Noun::Asset)),
        }
    }

    /// The folder at a path, and where exactly that is.
    async fn locate_folder(&self, actor: &Actor, top: i64, path: &[&str]) -> Result<(i64, Seen), Fault> {
        match self.follow(top, path).await? {
            Reached { slugs, named: Named::Folder(id), holder } if slugs == path.len() => {
                Ok((id, seen_at(holder, path)))
            }
            _ => Err(missing(actor, Noun::Folder)),
        }
    }

    /// Where a path leads right now; the actor may put something there.
    async fn spot<'a>(&self, actor: &Actor, place: &Place<'a>) -> Result<Spot<'a>, Fault> {
        let Some((slug, above)) = place.path.split_last() else { return Err(Fault::Invalid(Invalid::Name)) };
        if place.path.len() > MAX_SLUGS {
            return Err(Fault::Invalid(Invalid::TooDeep));
        }
        let reached = self.follow(place.top, place.path).await?;
        let is_taken = reached.slugs == place.path.len();
        let (folder_id, in_the_way) = match reached.named {
            Named::Folder(id) if !is_taken => (id, false),
            Named::Folder(_) => (reached.holder, false),
            Named::Asset(_) => (reached.holder, !is_taken),
        };
        let folder = self.expect_in_folder(actor, folder_id, Right::Create).await?;
        if in_the_way {
            // A file lies where a folder would have to.
            return Err(Fault::Conflict(Noun::Asset));
        }
        let taken = is_taken.then_some(reached.named);
        let missing = if is_taken { &[] } else { &above[reached.slugs..] };
        if !missing.is_empty() && !place.make_folders {
            return Err(missing_folder(actor));
        }
        let step = |slug: &&str| {
            let name = names::check(slug)?;
            Ok(MissingFolder { slug: (*slug).to_owned(), name_key: names::sort_key(&name), name })
        };
        let missing = Missing {
            folders: missing.iter().map(step).collect::<Result<_, Fault>>()?,
            public_read: is_public(&folder),
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

/// Whether anybody may read what lies in the folders that are made here: web files are for everybody, but what lies in a space is for
/// whom its rules let in.
const fn is_public(holder: &Folder) -> bool {
    holder.space().is_none()
}

fn seen_at(folder_id: i64, path: &[&str]) -> Seen {
    Seen { folder_id, slug: path.last().copied().unwrap_or_default().to_owned() }
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
