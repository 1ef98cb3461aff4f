//! Packing folders and files into one ZIP whose length is known before its first byte.

use std::{collections::HashMap, io, sync::Arc};

use content::{Content, MediaType};
use futures_util::FutureExt;

use crate::{
    Actor, Asset, AssetState, Delivery, Fault, Folder, FolderKind, Form, Library, Noun, Right,
    archives::{Entry, EntryNames, OpenBody, archive, archive_tag},
    downloads::Toll,
    privacy::may_tell,
};

/// What to pack. With neither folders nor files named, everything in the context folder.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// The folder that inner paths are relative to and that gives the package its name.
    pub context: Option<i64>,
    /// Folders to pack with all that lies below them. A root or a space is no folder among others: it is packed as a context.
    pub folders: Vec<i64>,
    /// Files to pack.
    pub assets: Vec<i64>,
}

const PAGE_ROWS: usize = 1_000;
const PAGE: i64 = PAGE_ROWS as i64;

/// A package being put together.
struct Packing<'a> {
    library: &'a Library,
    actor: &'a Actor,
    names: EntryNames,
    entries: Vec<Entry>,
    /// The files in it, each once: packing one counts as a download of it.
    assets: HashMap<i64, Asset>,
}

impl Library {
    /// A ZIP of folders and files. What is in the trash, infected or not the actor's is left out.
    ///
    /// # Errors
    /// `NotFound` when nothing is left, `Invalid` when it is too much.
    pub async fn package(&self, actor: &Actor, package: &Package) -> Result<Delivery, Fault> {
        let context = match package.context {
            Some(id) => Some(self.expect_in_folder(actor, id, Right::Read).await?),
            None => None,
        };
        let mut packing =
            Packing { library: self, actor, names: EntryNames::new(), entries: Vec::new(), assets: HashMap::new() };
        match &context {
            Some(folder) if package.folders.is_empty() && package.assets.is_empty() => {
                packing.add_contents(folder, String::new()).await?;
            }
            _ => packing.add_named(package).await?,
        }
        packing.expect_to_be_shared().await?;
        if packing.entries.is_empty() {
            return Err(Fault::NotFound(Noun::Asset));
        }
        let name = context
            .filter(|folder| folder.parent_id.is_some())
            .map_or_else(|| "media".to_owned(), |folder| folder.name);
        let Packing { entries, assets, .. } = packing;
        let modified_ms = entries.iter().map(|entry| entry.modified_ms).max().unwrap_or_default();
        // Hashing and laying out a hundred thousand entries keeps a thread for some milliseconds.
        let sealed = tokio::task::spawn_blocking(move || (archive_tag(&entries), archive(entries)));
        let (tag, body) = sealed.await.map_err(Fault::internal)?;
        let name = format!("{name}.zip");
        let content =
            Content { body, media_type: MediaType::ZIP, name, tag, modified_ms, sha256: None, harmless: false };
        let toll = Toll::of(assets.values(), &content);
        Ok(Delivery { content, toll })
    }
}

impl Packing<'_> {
    /// Those without a key get no package of files that are shared in another form than they came in: each by itself has it.
    async fn expect_to_be_shared(&self) -> Result<(), Fault> {
        for asset in self.assets.values() {
            let told = asset.version.as_ref().is_some_and(|version| may_tell(asset, version));
            if told && self.library.form_for(self.actor, asset.tenant_id).await? == Form::Private {
                return Err(Fault::Denied);
            }
        }
        Ok(())
    }

    /// Packs what a caller named; what is missing or denied is passed over.
    async fn add_named(&mut self, package: &Package) -> Result<(), Fault> {
        for id in &package.folders {
            match self.library.expect_in_folder(self.actor, *id, Right::Read).await {
                Ok(folder) if matches!(folder.kind, FolderKind::Root | FolderKind::Space) => {}
                Ok(folder) => {
                    let inner = self.names.folder("", &folder.name);
                    self.push_folder(inner.clone(), &folder)?;
                    self.add_contents(&folder, inner).await?;
                }
                Err(Fault::NotFound(_) | Fault::Denied | Fault::Unauthenticated) => {}
                Err(fault) => return Err(fault),
            }
        }
        for id in &package.assets {
            match self.library.expect_asset(self.actor, *id, Right::Read).await {
                Ok(asset) => self.push_asset("", &asset)?,
                Err(Fault::NotFound(_) | Fault::Denied | Fault::Unauthenticated) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Packs all that lies below a folder under the inner path `prefix`, which is empty or ends with a slash.
    async fn add_contents(&mut self, top: &Folder, prefix: String) -> Result<(), Fault> {
        let catalog = &self.library.inner.catalog;
        let limit = i64::try_from(self.library.inner.limits.max_list_items).unwrap_or(i64::MAX);
        // One statement, so one snapshot of the tree; parents come before their children.
        let tree = catalog.folder_tree(top, limit.saturating_add(1)).await?;
        let mut inner_paths = HashMap::from([(top.id, prefix)]);
        for folder in &tree {
            let parent = folder.parent_id.filter(|_| folder.id != top.id);
            // What is left out takes all below it along: their parent's path is not known.
            if parent.is_some()
                && folder.rules.is_some()
                && !allowed(self.library.expect(self.actor, Right::Read, folder).await)?
            {
                continue;
            }
            if let Some(parent) = parent.and_then(|id| inner_paths.get(&id).cloned()) {
                let inner = self.names.folder(&parent, &folder.name);
                self.push_folder(inner.clone(), folder)?;
                inner_paths.insert(folder.id, inner);
            }
            let Some(inner) = inner_paths.get(&folder.id).cloned() else { continue };
            let mut after = (String::new(), 0);
            loop {
                let page = catalog.folder_assets(folder.id, &after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = (crate::names::sort_key(&last.name), last.id);
                for asset in page.iter().filter(|asset| asset.folder.lives() && !self.library.is_over(asset)) {
                    if self.may_read(asset).await? {
                        self.push_asset(&inner, asset)?;
                    }
                }
                if page.len() < PAGE_ROWS {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the actor may have a file of a folder that it may read: only rules of the file's or folder's own can say no.
    async fn may_read(&self, asset: &Asset) -> Result<bool, Fault> {
        if asset.rules.is_none() && asset.folder.rules.is_none() {
            return Ok(true);
        }
        allowed(self.library.expect_with(self.actor, Right::Read, asset).await)
    }

    fn push_folder(&mut self, path: String, folder: &Folder) -> Result<(), Fault> {
        self.entries.push(Entry { path, modified_ms: folder.updated_at, size: 0, crc32: 0, body: None });
        self.library.expect_few(self.entries.len())
    }

    fn push_asset(&mut self, prefix: &str, asset: &Asset) -> Result<(), Fault> {
        let Some(version) = asset.version.as_ref().filter(|_| asset.state == AssetState::Ready) else { return Ok(()) };
        let used_up = asset.download_limit.is_some_and(|limit| asset.download_count >= limit);
        if self.library.expect_safe(self.actor, asset).is_err() || used_up {
            return Ok(());
        }
        self.assets.entry(asset.id).or_insert_with(|| asset.clone());
        let (library, key, size) = (self.library.clone(), version.blob.key, version.blob.size);
        let open: OpenBody = Arc::new(move || {
            let library = library.clone();
            async move { library.open(key, size).await.map_err(io::Error::other) }.boxed()
        });
        self.entries.push(Entry {
            path: self.names.file(prefix, &asset.name),
            modified_ms: version.created_at,
            size,
            crc32: version.blob.digest.crc32,
            body: Some(open),
        });
        self.library.expect_few(self.entries.len())
    }
}

/// Whether a check let the actor in; a failure that is no refusal is handed on.
fn allowed(outcome: Result<(), Fault>) -> Result<bool, Fault> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Fault::Denied | Fault::Unauthenticated | Fault::NotFound(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}
