//! Folders: the top, one, its children, its files, and the whole tree.

use std::collections::HashSet;

use axum::{Json, extract::State};
use library::{Actor, Fault, Folder, Library, Right};
use serde_json::Value;
use wire::{Base, Query};

use crate::{
    assets::Answer,
    auth::Caller,
    error::Refused,
    segments::Id,
    url::{Fields, Kinds, is_true, parse_fields, parse_page},
    views::{FileViews, FolderView},
};

/// What a caller sees of the tree: from which folder on.
pub(crate) struct Sight {
    top: Folder,
}

impl Sight {
    pub(crate) async fn of(library: &Library, actor: &Actor) -> Result<Self, Refused> {
        let top = match actor.token().and_then(|token| token.folder_id) {
            Some(id) => library.folder(actor, id).await?,
            None => library.root_folder(actor, actor.tenant_id()?, Right::Read).await?,
        };
        Ok(Self { top })
    }

    fn depth(&self, folder: &Folder) -> usize {
        let deep = |folder: &Folder| folder.path.bytes().filter(|byte| *byte == b'/').count();
        deep(folder).saturating_sub(deep(&self.top))
    }

    /// Folders, each by itself.
    pub(crate) async fn view(
        &self,
        library: &Library,
        actor: &Actor,
        folders: &[Folder],
        fields: &Fields,
    ) -> Result<Vec<Value>, Refused> {
        let ids: Vec<i64> = folders.iter().map(|folder| folder.id).collect();
        let parents: HashSet<i64> = library.folders_with_children(actor, &ids).await?.into_iter().collect();
        let view = |folder| FolderView {
            folder,
            depth: self.depth(folder),
            has_children: parents.contains(&folder.id),
            parents: None,
        };
        Ok(folders.iter().map(|folder| view(folder).asked_for(fields)).collect())
    }

    /// Those above a folder, the top first, as far as the caller sees them.
    async fn parents(&self, library: &Library, actor: &Actor, folder: &Folder) -> Result<Vec<Value>, Refused> {
        let ids: Vec<i64> =
            folder.path.split('/').filter_map(|id| id.parse().ok()).filter(|id| *id != folder.id).collect();
        let mut above = library.folders_by_id(actor, &ids).await?;
        above.retain(|above| self.top.holds(above));
        above.sort_by_key(|above| above.path.len());
        let fields = Fields::These(["name", "type", "depth", "parent", "haschildren"].map(str::to_owned).to_vec());
        let view = |folder| FolderView { folder, depth: self.depth(folder), has_children: true, parents: None };
        Ok(above.iter().map(|folder| view(folder).asked_for(&fields)).collect())
    }
}

/// The folders at the top: the one that all others lie in. Contract 1a, 16.
pub(crate) async fn tops(State(library): State<Library>, Caller(actor): Caller, query: Query) -> Answer {
    let sight = Sight::of(&library, &actor).await?;
    let top = [sight.top.clone()];
    Ok(Json(sight.view(&library, &actor, &top, &parse_fields(query.get("fields"))).await?))
}

/// One folder, with those above it. Contract 1a, 17.
pub(crate) async fn folder(State(library): State<Library>, Caller(actor): Caller, query: Query, Id(id): Id) -> Answer {
    let folder = living(&library, &actor, id).await?;
    let sight = Sight::of(&library, &actor).await?;
    let has_children = !library.folders_with_children(&actor, &[id]).await?.is_empty();
    let parents = sight.parents(&library, &actor, &folder).await?;
    let view = FolderView { folder: &folder, depth: sight.depth(&folder), has_children, parents: Some(parents) };
    Ok(Json(vec![view.asked_for(&parse_fields(query.get("fields")))]))
}

/// The folders in a folder. Contract 1a, 18.
pub(crate) async fn children(
    State(library): State<Library>,
    Caller(actor): Caller,
    query: Query,
    Id(id): Id,
) -> Answer {
    living(&library, &actor, id).await?;
    let sight = Sight::of(&library, &actor).await?;
    let children = library.child_folders(&actor, id).await?;
    let page = parse_page(query.get("page"), query.get("per_page"));
    let children = match page {
        Some(page) => {
            let from = usize::try_from(page.number).unwrap_or(usize::MAX).saturating_mul(page.size);
            children.into_iter().skip(from).take(page.size).collect()
        }
        None => children,
    };
    Ok(Json(sight.view(&library, &actor, &children, &parse_fields(query.get("fields"))).await?))
}

/// The files in a folder: all of them, where no page is named. Contract 1a, 19.
pub(crate) async fn files(
    State(library): State<Library>,
    Caller(actor): Caller,
    base: Base,
    query: Query,
    Id(id): Id,
) -> Answer {
    living(&library, &actor, id).await?;
    let kinds = Kinds::parse(query.get("type"), query.get("processed"));
    let page = parse_page(query.get("page"), query.get("per_page"));
    let views = FileViews::asked_for(&library, base, &query).await?;
    let page = page.map(|page| (page.number.saturating_mul(page.size as u64), page.size));
    let is_wanted = |asset: &library::Asset| {
        let Some(version) = &asset.version else { return false };
        kinds.take(version.media_type.family()) && !(kinds.processed && version.picture == library::Picture::Waiting)
    };
    let assets = library.folder_assets(&actor, id, page, is_wanted).await?;
    Ok(Json(views.of(&library, &actor, &assets).await?))
}

/// All folders, each behind the one that holds it. Contract 1a, 20.
pub(crate) async fn tree(State(library): State<Library>, Caller(actor): Caller, query: Query) -> Answer {
    // Of the two kinds of folders that Mediaflow knows, ours are all public.
    if query.get("public").is_some_and(|public| !is_true(public)) {
        return Ok(Json(Vec::new()));
    }
    let fields = parse_fields(query.get("fields"));
    let tree = library.folder_tree(&actor).await?;
    let Some(top) = tree.first().cloned() else { return Ok(Json(Vec::new())) };
    let sight = Sight { top };
    let parents: HashSet<i64> = tree.iter().filter_map(|folder| folder.parent_id).collect();
    let view = |folder| FolderView {
        folder,
        depth: sight.depth(folder),
        has_children: parents.contains(&folder.id),
        parents: None,
    };
    Ok(Json(tree.iter().map(|folder| view(folder).asked_for(&fields)).collect()))
}

/// What is in the trash is not there.
async fn living(library: &Library, actor: &Actor, id: i64) -> Result<Folder, Fault> {
    let folder = library.folder(actor, id).await?;
    if folder.lives() { Ok(folder) } else { Err(Fault::NotFound(library::Noun::Folder)) }
}
