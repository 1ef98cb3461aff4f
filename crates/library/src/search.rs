//! Finding files and folders by a part of their name, newest first; without a name, a tenant's latest files.

use store::search::NameSearch;

use crate::{Actor, Asset, Fault, Folder, Invalid, Library, Right, names};

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of the name, in any case; empty: every name.
    pub name: String,
    /// Whether a part of a title, description or keyword will do too; on the first page.
    pub texts: bool,
    /// This file or folder too, whatever it is called.
    pub id: Option<i64>,
    /// Only what lies in this folder or below it; none: all that the actor may see.
    pub under: Option<i64>,
    /// What is in the trash instead of what lives.
    pub trashed: bool,
    /// How many pages of files to pass over.
    pub page: u64,
    /// How many files and how many folders at most.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct SearchHits {
    /// Folders, newest first; on the first page of a search for a name only.
    pub folders: Vec<Folder>,
    /// Files, newest first.
    pub assets: Vec<Asset>,
    /// How many files there are on all pages, where that is known without reading them.
    pub total: Option<u64>,
}

/// Paging through hits passes over each; pages of all files are found by their tallies instead, and have no end.
const MAX_PASSED_OVER: u64 = 10_000;
/// A search that finds next to nothing, or nothing that the actor may see, ends after so many looks: each is at 20,000 rows
/// at most.
const MAX_LOOKS: usize = 12;
/// Hits that are passed over are read this many at a time, so that the last that may be reached is within those looks.
const PASSED_OVER_AT_ONCE: i64 = 1_000;

impl Library {
    /// Searches.
    ///
    /// # Errors
    /// `NotFound` for a folder that is not there, `Invalid` for a page too far behind.
    pub async fn search(&self, actor: &Actor, search: &Search) -> Result<SearchHits, Fault> {
        let tenant_id = actor.tenant_id()?;
        let confined = actor.token().and_then(|token| token.folder_id);
        let top = match search.under.or(confined) {
            Some(id) => {
                let folder = self.any_folder(actor, id).await?;
                self.expect(actor, Right::Read, &folder).await?;
                // The whole tree is no narrower than no place at all.
                Some(folder).filter(|folder| folder.parent_id.is_some())
            }
            None => None,
        };
        let term = names::sort_key(search.name.trim());
        let mut place = NameSearch {
            tenant_id,
            term: &term,
            under: top.as_ref().map(|folder| folder.path.as_str()),
            trashed: search.trashed,
            before: i64::MAX,
            limit: i64::try_from(search.limit).unwrap_or(i64::MAX),
        };
        let mut hits = SearchHits::default();
        let mut pass_over = search.page.saturating_mul(search.limit as u64);
        let mut tallied = false;
        let everything = term.is_empty() && top.is_none() && !search.trashed && search.id.is_none();
        // Who is held by rules may see fewer, so theirs are counted one by one.
        if everything && actor.rights().has(Right::Manage) {
            hits.total = Some(self.inner.catalog.count_tenant_assets(tenant_id).await?);
            match self.inner.catalog.asset_page_start(tenant_id, pass_over).await? {
                Some(start) => place.before = start,
                None => return Ok(hits),
            }
            (pass_over, tallied) = (0, true);
        }
        if pass_over > MAX_PASSED_OVER {
            return Err(Fault::Invalid(Invalid::Page));
        }
        if search.page == 0 {
            self.find_by_id(actor, search, top.as_ref(), &mut hits).await?;
            if !term.is_empty() {
                self.find_folders(actor, place.clone(), search.limit, &mut hits.folders).await?;
            }
        }
        // Somebody who asks for one thing by its id does not want everything else.
        if !(term.is_empty() && search.id.is_some()) {
            self.find_assets(actor, place.clone(), (pass_over, search.limit), tallied, &mut hits.assets).await?;
        }
        if search.texts && search.page == 0 && !term.is_empty() && !search.trashed {
            self.find_described(actor, &place, top.as_ref(), search.limit, &mut hits.assets).await?;
            hits.assets.sort_unstable_by_key(|asset| std::cmp::Reverse(asset.id));
            hits.assets.truncate(search.limit);
        }
        Ok(hits)
    }

    /// What is over is in no hit. On a page that was found by tallies it takes its place all the same, for they count it: else
    /// that page would reach into the next one.
    async fn find_assets(
        &self,
        actor: &Actor,
        mut place: NameSearch<'_>,
        (mut pass_over, mut limit): (u64, usize),
        tallied: bool,
        into: &mut Vec<Asset>,
    ) -> Result<(), Fault> {
        if pass_over > 0 {
            place.limit = place.limit.max(PASSED_OVER_AT_ONCE);
        }
        for _ in 0..MAX_LOOKS {
            let page = self.inner.catalog.search_assets(&place).await?;
            for asset in page.found {
                let known = into.iter().any(|other| other.id == asset.id);
                let over = !place.trashed && self.is_over(&asset);
                if over && tallied {
                    limit = limit.saturating_sub(1);
                }
                if known || over || self.expect_with(actor, Right::Read, &asset).await.is_err() {
                    continue;
                }
                if pass_over > 0 {
                    pass_over -= 1;
                    continue;
                }
                if into.len() >= limit {
                    return Ok(());
                }
                into.push(asset);
            }
            match page.next {
                Some(next) if into.len() < limit => place.before = next,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Files by what is said of them, behind those that are there already.
    async fn find_described(
        &self,
        actor: &Actor,
        place: &NameSearch<'_>,
        top: Option<&Folder>,
        limit: usize,
        into: &mut Vec<Asset>,
    ) -> Result<(), Fault> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        for asset in self.inner.catalog.described_assets(place.tenant_id, place.term, place.before, most).await? {
            let inside = top.is_none_or(|top| top.holds(&asset.folder));
            let known = into.iter().any(|other| other.id == asset.id);
            if inside && !known && !self.is_over(&asset) && self.expect_with(actor, Right::Read, &asset).await.is_ok() {
                into.push(asset);
            }
        }
        Ok(())
    }

    async fn find_folders(
        &self,
        actor: &Actor,
        mut place: NameSearch<'_>,
        limit: usize,
        into: &mut Vec<Folder>,
    ) -> Result<(), Fault> {
        for _ in 0..MAX_LOOKS {
            let page = self.inner.catalog.search_folders(&place).await?;
            for folder in page.found {
                let known = into.iter().any(|other| other.id == folder.id);
                if known || self.expect(actor, Right::Read, &folder).await.is_err() {
                    continue;
                }
                if into.len() == limit {
                    return Ok(());
                }
                into.push(folder);
            }
            match page.next {
                Some(next) if into.len() < limit => place.before = next,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// The file or folder with the id asked for, if it lies in the place and state asked for.
    async fn find_by_id(
        &self,
        actor: &Actor,
        search: &Search,
        top: Option<&Folder>,
        hits: &mut SearchHits,
    ) -> Result<(), Fault> {
        let Some(id) = search.id else { return Ok(()) };
        let inside = |folder: &Folder| top.is_none_or(|top| top.holds(folder));
        match self.expect_any_asset(actor, id, Right::Read).await {
            Ok(asset) => {
                let wanted = asset.lives() != search.trashed && (search.trashed || !self.is_over(&asset));
                if wanted && inside(&asset.folder) {
                    hits.assets.push(asset);
                }
            }
            Err(Fault::NotFound(_) | Fault::Denied) => {}
            Err(fault) => return Err(fault),
        }
        match self.folder(actor, id).await {
            Ok(folder) => {
                let wanted = folder.lives() != search.trashed && folder.kind.is_shown();
                if wanted && inside(&folder) {
                    hits.folders.push(folder);
                }
            }
            Err(Fault::NotFound(_) | Fault::Denied) => {}
            Err(fault) => return Err(fault),
        }
        Ok(())
    }
}
