//! Finding assets and folders by a part of their name, newest first. One call looks at a bounded number of rows, gives what
//! it found, and says where to go on. It knows no case and no rights: terms come folded, and who may see what it finds is
//! asked elsewhere.

mod sources;

use std::cmp::Reverse;

use sqlx::{
    Any,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use self::sources::{Pool, Sources};
use crate::{
    Catalog, Result,
    assets::{Asset, AssetState},
    catalog::{Columns, NameIndex, Step, took_too_long},
    folders::{Folder, end_of},
};

/// What to look for.
#[derive(Debug, Clone)]
pub struct NameSearch<'a> {
    /// Whose.
    pub tenant_id: i64,
    /// A part of the name, folded as `name_key` is; empty: every name. Every character stands for itself.
    pub term: &'a str,
    /// Only what lies in the folder with this path or below it.
    pub under: Option<&'a str>,
    /// What is in the trash, by itself or with its folder, instead of what lives.
    pub trashed: bool,
    /// Only ids below this one; `i64::MAX`: from the newest on.
    pub before: i64,
    /// How many at most.
    pub limit: i64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits<T> {
    /// The newest first. They may be fewer than were asked for, and none, although there are more.
    pub found: Vec<T>,
    /// Where to go on; none: nothing is left.
    pub next: Option<i64>,
}

/// So many rows are looked at first where no index leads to the hits: with a common name, a page is among them.
const FEW: i64 = 1_000;
/// So many rows are looked at by one statement at most.
const MOST: i64 = 20_000;
/// No name is as long; SQLite refuses much longer ones.
const MAX_TERM_BYTES: usize = 2_048;

impl Catalog {
    /// Ready assets whose names hold the term.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn search_assets(&self, search: &NameSearch<'_>) -> Result<Hits<Asset>> {
        let Hits { found, next } = self.search(&sources::ASSETS, search).await?;
        let mut found = self.assets_by_id(search.tenant_id, &found).await?;
        // Between the two reads, they may have changed.
        let fits = |asset: &Asset| asset.state == AssetState::Ready && asset.lives() != search.trashed;
        found.retain(|asset| fits(asset) && asset.folder.path.starts_with(search.under.unwrap_or_default()));
        found.sort_unstable_by_key(|asset| Reverse(asset.id));
        Ok(Hits { found, next })
    }

    /// Plain folders whose names hold the term.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn search_folders(&self, search: &NameSearch<'_>) -> Result<Hits<Folder>> {
        let Hits { found, next } = self.search(&sources::FOLDERS, search).await?;
        let mut found = self.folders_by_id(search.tenant_id, &found).await?;
        let fits = |folder: &Folder| folder.kind.is_shown() && folder.lives() != search.trashed;
        found.retain(|folder| fits(folder) && folder.path.starts_with(search.under.unwrap_or_default()));
        found.sort_unstable_by_key(|folder| Reverse(folder.id));
        Ok(Hits { found, next })
    }

    async fn search(&self, sources: &'static Sources, search: &NameSearch<'_>) -> Result<Hits<i64>> {
        if search.term.len() > MAX_TERM_BYTES || search.term.contains('\0') {
            return Ok(Hits { found: Vec::new(), next: None });
        }
        Look::new(self, sources, search).look().await
    }
}

/// One call's look at what there is.
struct Look<'a> {
    catalog: &'a Catalog,
    sources: &'static Sources,
    search: &'a NameSearch<'a>,
    /// What the names are like.
    pattern: String,
    /// The first path and the last.
    paths: (String, String),
    limit: i64,
}

impl<'a> Look<'a> {
    fn new(catalog: &'a Catalog, sources: &'static Sources, search: &'a NameSearch<'a>) -> Self {
        let pattern = search.term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let top = search.under.unwrap_or("/");
        Self {
            catalog,
            sources,
            search,
            pattern: format!("%{pattern}%"),
            paths: (top.to_owned(), end_of(top)),
            limit: search.limit.clamp(1, MOST),
        }
    }

    /// What lies below a folder or in the trash may be few among very many names: then all of it is looked at. Else the
    /// way goes along the names that hold the term or, where the engine has no such way, along all of the tenant's.
    async fn look(&self) -> Result<Hits<i64>> {
        let below = self.search.under.map(|_| &self.sources.below);
        let trash = self.sources.trash.as_ref().filter(|_| self.search.trashed);
        for pool in below.into_iter().chain(trash) {
            if let Some(found) = self.look_into(pool).await? {
                return Ok(self.page(found, None));
            }
        }
        let steps = if self.search.trashed { self.sources.trashed } else { self.sources.living };
        match self.catalog.name_index(self.sources.noun, self.search.term) {
            Some(NameIndex::InOrder { step, wanted }) => self.go_along(&[step], Some(&wanted), None).await,
            Some(NameIndex::AtOnce { hold, step }) => self.go_along(steps, None, Some((hold, step))).await,
            None => self.go_along(steps, None, None).await,
        }
    }

    /// Goes along the rows, first a few, then many, and ends there. An index that gives its names all at once is asked in
    /// between, when a page is not likely to be among the many.
    async fn go_along(
        &self,
        steps: &[Step],
        wanted: Option<&str>,
        at_once: Option<(&'static str, Step)>,
    ) -> Result<Hits<i64>> {
        let (mut found, mut before) = (Vec::new(), self.search.before);
        // Where most rows are hits, a page is among few.
        let is_dense = wanted.is_some() || self.search.term.is_empty();
        let few = if is_dense { MOST.min(2 * self.limit) } else { FEW };
        for rows in [few, MOST] {
            let missing = self.limit + 1 - length(&found);
            let (more, reach) = self.take(steps, wanted, before, rows, missing).await?;
            found.extend(more);
            before = reach;
            if length(&found) > self.limit || before == 0 {
                break;
            }
            let is_rare = length(&found) * MOST < self.limit * rows;
            if let (true, Some((hold, step))) = (is_rare && rows < MOST, at_once) {
                let missing = self.limit + 1 - length(&found);
                if let Some(rest) = self.look_up(hold, step, before, missing).await? {
                    found.extend(rest);
                    return Ok(self.page(found, None));
                }
            }
        }
        Ok(self.page(found, Some(before).filter(|id| *id > 0)))
    }

    /// Takes each of the steps, and what all of them came past: the hits, newest first, and how far that is.
    async fn take(
        &self,
        steps: &[Step],
        wanted: Option<&str>,
        before: i64,
        rows: i64,
        limit: i64,
    ) -> Result<(Vec<i64>, i64)> {
        let (mut found, mut reach) = (Vec::new(), 0);
        for step in steps {
            let rows = self.ask(step, wanted, before, limit).bind(rows).fetch_all(self.catalog.read()).await?;
            let (hits, end) = read(&rows)?;
            found.extend(hits);
            reach = reach.max(end);
        }
        found.retain(|id| *id >= reach);
        found.sort_unstable_by_key(|id| Reverse(*id));
        Ok((found, reach))
    }

    /// The hits of a pool, if it is small.
    async fn look_into(&self, pool: &Pool) -> Result<Option<Vec<i64>>> {
        let query = sqlx::query(pool.size).bind(self.search.tenant_id).bind(MOST + 1);
        let row = query.bind(&self.paths.0).bind(&self.paths.1).fetch_one(self.catalog.read()).await?;
        if row.int("size")? > MOST {
            return Ok(None);
        }
        let query = self.ask(pool.hits, None, self.search.before, self.limit + 1);
        let rows = query.fetch_all(self.catalog.read()).await?;
        rows.iter().map(|row| row.int("id")).collect::<Result<_>>().map(Some)
    }

    /// The hits among the names that hold the term, if those are few and soon found.
    async fn look_up(&self, hold: &'static str, step: Step, before: i64, limit: i64) -> Result<Option<Vec<i64>>> {
        let mut tx = self.catalog.read().begin().await?;
        if !sqlx::query(hold).bind(self.search.term).fetch_one(&mut *tx).await?.flag("known")? {
            return Ok(None);
        }
        let rows = match self.ask(step, None, before, limit).bind(MOST).fetch_all(&mut *tx).await {
            Ok(rows) => rows,
            Err(error) if took_too_long(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (mut found, left) = read(&rows)?;
        found.sort_unstable_by_key(|id| Reverse(*id));
        Ok(Some(found).filter(|_| left == 0))
    }

    /// A statement for hits, with what all of them take.
    fn ask<'q>(
        &'q self,
        statement: &'static str,
        wanted: Option<&'q str>,
        before: i64,
        limit: i64,
    ) -> Query<'q, Any, AnyArguments> {
        let query = sqlx::query(statement).bind(self.search.tenant_id).bind(before);
        let query = query.bind(&self.paths.0).bind(&self.paths.1).bind(i64::from(self.search.trashed));
        query.bind(limit).bind(wanted.unwrap_or(&self.pattern))
    }

    fn page(&self, mut found: Vec<i64>, next: Option<i64>) -> Hits<i64> {
        if length(&found) <= self.limit {
            return Hits { found, next };
        }
        found.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let next = found.last().copied();
        Hits { found, next }
    }
}

/// What a step gives: the hits, and how far it came.
fn read(rows: &[AnyRow]) -> Result<(Vec<i64>, i64)> {
    let (mut found, mut reach) = (Vec::new(), 0);
    for row in rows {
        if row.flag("is_hit")? {
            found.push(row.int("id")?);
        } else {
            reach = row.int("id")?;
        }
    }
    Ok((found, reach))
}

fn length(found: &[i64]) -> i64 {
    i64::try_from(found.len()).unwrap_or(i64::MAX)
}
