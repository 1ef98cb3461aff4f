//! Slugs against those who hold them: names that nobody has, and folders and files that have none.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    names::{self, Holder, Slug},
    tenants::take_tree,
};

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    /// A folder.
    Folder(i64),
    /// A file.
    Asset(i64),
}

/// A slug that is taken in a folder, though nothing that lives there has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayName {
    /// In which folder.
    pub folder_id: i64,
    /// Which.
    pub slug: String,
}

/// A living folder or file whose slug is not taken for it: another may get the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nameless {
    /// Whose.
    pub tenant_id: i64,
    /// In which folder.
    pub folder_id: i64,
    /// What.
    pub child: Child,
    /// The slug that it has.
    pub slug: String,
}

/// True of a name that no living child of its folder has.
macro_rules! nobody_has_it {
    () => {
        "not exists (select 1 from assets a where a.id = names.asset_id and a.folder_id = names.folder_id \
         and a.slug = names.slug and a.deleted_at is null and a.state = 'ready') \
         and not exists (select 1 from folders f where f.id = names.child_folder_id and f.parent_id = names.folder_id \
         and f.slug = names.slug and f.deleted_at is null and f.purged_at is null)"
    };
}

/// Names in a purged folder go with it, a while after those who had them.
const STRAY: &str = concat!(
    "select names.folder_id, names.slug from names join folders p on p.id = names.folder_id \
     where (names.folder_id, names.slug) > ($1, $2) and p.purged_at is null and ",
    nobody_has_it!(),
    " order by names.folder_id, names.slug limit $3"
);
const DROP: &str = concat!("delete from names where folder_id = $1 and slug = $2 and ", nobody_has_it!());
const NAMELESS_ASSETS: &str = "select a.id, a.tenant_id, a.folder_id, a.slug from assets a \
     where a.id > $1 and a.deleted_at is null and a.state = 'ready' and not exists (select 1 from names n \
     where n.folder_id = a.folder_id and n.slug = a.slug and n.asset_id = a.id) order by a.id limit $2";
const NAMELESS_FOLDERS: &str = "select f.id, f.tenant_id, f.parent_id as folder_id, f.slug from folders f \
     where f.id > $1 and f.deleted_at is null and f.purged_at is null and f.parent_id is not null \
     and not exists (select 1 from names n where n.folder_id = f.parent_id and n.slug = f.slug \
     and n.child_folder_id = f.id) order by f.id limit $2";
const TAKE_ASSET: &str = "update assets set name = name where tenant_id = $1 and id = $2 and deleted_at is null \
     and state = 'ready' returning folder_id, slug";
const TAKE_FOLDER: &str = "update folders set name = name where tenant_id = $1 and id = $2 and deleted_at is null \
     and purged_at is null and parent_id is not null returning parent_id as folder_id, slug";
const HELD: &str = "select 1 as one from names where folder_id = $1 and slug = $2 \
     and (child_folder_id = $3 or asset_id = $4)";
const SET_ASSET_SLUG: &str = "update assets set slug = $2, updated_at = $3 where id = $1";
const SET_FOLDER_SLUG: &str = "update folders set slug = $2, updated_at = $3 where id = $1";

impl Catalog {
    /// Names that nothing has, after `(folder_id, slug)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stray_names(&self, after: (i64, &str), limit: i64) -> Result<Vec<StrayName>> {
        let rows = sqlx::query(STRAY).bind(after.0).bind(after.1).bind(limit).fetch_all(self.read()).await?;
        let read = |row: &AnyRow| Ok(StrayName { folder_id: row.int("folder_id")?, slug: row.text("slug")? });
        rows.iter().map(read).collect()
    }

    /// Frees a name, if nothing has it; false when something has, or it is free.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn drop_name(&self, folder_id: i64, slug: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DROP).bind(folder_id).bind(slug).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Living files without a name, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn nameless_assets(&self, after: i64, limit: i64) -> Result<Vec<Nameless>> {
        let rows = sqlx::query(NAMELESS_ASSETS).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| read(row, Child::Asset)).collect()
    }

    /// Folders without a name that are not in the trash by themselves, after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn nameless_folders(&self, after: i64, limit: i64) -> Result<Vec<Nameless>> {
        let rows = sqlx::query(NAMELESS_FOLDERS).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| read(row, Child::Folder)).collect()
    }

    /// Takes the slug for a child that should hold it, or the next free number of it, and tells which; none when it holds
    /// one already.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash by itself.
    pub async fn claim_name(&self, tenant_id: i64, child: Child, stamp: &Stamp) -> Result<Option<String>> {
        settle(|| self.try_claim_name(tenant_id, child, stamp)).await
    }

    async fn try_claim_name(&self, tenant_id: i64, child: Child, stamp: &Stamp) -> Result<Option<String>> {
        let mut tx = self.begin().await?;
        let (take, set_slug, noun, id) = match child {
            Child::Folder(id) => {
                take_tree(tx.conn(), tenant_id).await?;
                (TAKE_FOLDER, SET_FOLDER_SLUG, Noun::Folder, id)
            }
            Child::Asset(id) => (TAKE_ASSET, SET_ASSET_SLUG, Noun::Asset, id),
        };
        let row = sqlx::query(take).bind(tenant_id).bind(id).fetch_optional(tx.conn()).await?;
        let row = row.ok_or(Error::Missing(noun))?;
        let (folder_id, slug) = (row.int("folder_id")?, row.text("slug")?);
        if holds(tx.conn(), folder_id, &slug, child).await? {
            return Ok(None);
        }
        let (wish, holder) = match child {
            Child::Folder(id) => (Slug { stem: slug, extension: String::new(), exact: false }, Holder::Folder(id)),
            Child::Asset(id) => (parts(&slug), Holder::Asset(id)),
        };
        let slug = names::claim(tx.conn(), folder_id, &wish, holder).await?;
        sqlx::query(set_slug).bind(id).bind(&slug).bind(stamp.now_ms).execute(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (noun, id)).await?;
        tx.commit().await?;
        Ok(Some(slug))
    }
}

async fn holds(conn: &mut AnyConnection, folder_id: i64, slug: &str, child: Child) -> Result<bool> {
    let (folder, asset) = match child {
        Child::Folder(id) => (Some(id), None),
        Child::Asset(id) => (None, Some(id)),
    };
    let query = sqlx::query(HELD).bind(folder_id).bind(slug).bind(folder).bind(asset);
    Ok(query.fetch_optional(conn).await?.is_some())
}

/// A file's slug, such that a number goes before its extension.
fn parts(slug: &str) -> Slug {
    let (stem, extension) = match slug.rfind('.') {
        Some(dot) if dot > 0 => slug.split_at(dot),
        _ => (slug, ""),
    };
    Slug { stem: stem.to_owned(), extension: extension.to_owned(), exact: false }
}

fn read(row: &AnyRow, child: fn(i64) -> Child) -> Result<Nameless> {
    Ok(Nameless {
        tenant_id: row.int("tenant_id")?,
        folder_id: row.int("folder_id")?,
        child: child(row.int("id")?),
        slug: row.text("slug")?,
    })
}
