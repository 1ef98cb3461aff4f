//! Folders: one tree per tenant. A folder knows the chain of ids above it (`path`), the space it lies in, and whether
//! it or anything above it is in the trash. Changes to the tree's shape take the tenant's row first.

mod copy;
mod trash;
mod tree;

use sqlx::{AnyConnection, any::AnyRow};

pub use copy::{FolderCopy, HiddenCopy};
pub(crate) use tree::{insert_root, make};

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, SLOTS, slot_list, slots},
    names::Slug,
    paths::{Missing, Seen},
    rules::{self, Rule},
};

/// How deep a tree may be, the root included.
pub const MAX_DEPTH: usize = 64;

/// What a folder is to the dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// The top of a tenant's tree.
    Root,
    /// A Fliplet app.
    Space,
    /// A Botdoc request or container.
    Inbox,
    /// Any other.
    Plain,
}

impl FolderKind {
    /// Whether everybody but its own dialect shows it as a folder like any other.
    #[must_use]
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Plain | Self::Inbox)
    }
}

crate::assets::words!(FolderKind, "folder kind", Root = "root", Space = "space", Inbox = "inbox", Plain = "plain");

/// A folder, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// The folder that holds it; none for the root.
    pub parent_id: Option<i64>,
    /// The space that it lies in; none for a space itself.
    pub space_id: Option<i64>,
    /// What it is.
    pub kind: FolderKind,
    /// Its display name.
    pub name: String,
    /// Its name in a path.
    pub slug: String,
    /// The ids from the root to itself: `/1/7/`.
    pub path: String,
    /// Whether anybody may read what lies in it.
    pub public_read: bool,
    /// Of an inbox: the first moment at which it is over, in milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Who made it.
    pub created_by: i64,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// When its name or place last changed.
    pub updated_at: i64,
    /// When it was put in the trash itself.
    pub deleted_at: Option<i64>,
    /// The folder, itself or one above it, whose way into the trash took it along.
    pub trashed_root: Option<i64>,
    /// The access rules that were set on it; none: those above it hold.
    pub rules: Option<Vec<Rule>>,
}

impl Folder {
    /// Whether neither it nor anything above it is in the trash.
    #[must_use]
    pub const fn lives(&self) -> bool {
        self.trashed_root.is_none()
    }

    /// Whether `other` is this folder or lies below it.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.tenant_id == other.tenant_id && other.path.starts_with(&self.path)
    }

    /// The space that what lies here belongs to.
    #[must_use]
    pub const fn space(&self) -> Option<i64> {
        match self.kind {
            FolderKind::Space => Some(self.id),
            _ => self.space_id,
        }
    }
}

/// What a new folder is made from.
#[derive(Debug, Clone)]
pub struct NewFolder {
    /// Whose.
    pub tenant_id: i64,
    /// Where.
    pub parent_id: i64,
    /// The folders that are to be made between the parent and this one.
    pub missing: Missing,
    /// What.
    pub kind: FolderKind,
    /// Display name.
    pub name: String,
    /// The name folded for ordering.
    pub name_key: String,
    /// The slug wished for.
    pub slug: Slug,
    /// Whether anybody may read what lies in it.
    pub public_read: bool,
    /// See [`Folder::expires_at`].
    pub expires_at: Option<i64>,
    /// Who makes it.
    pub created_by: i64,
}

/// How a folder's name or place changes; what is `None` stays.
#[derive(Debug, Clone)]
pub struct FolderChange {
    /// Where it has to be, if anywhere in particular.
    pub seen: Option<Seen>,
    /// Display name and folded name.
    pub name: Option<(String, String)>,
    /// The new parent.
    pub parent_id: Option<i64>,
    /// The folders that are to be made between the parent and this one.
    pub missing: Missing,
    /// The slug wished for afterwards.
    pub slug: Slug,
}

macro_rules! columns {
    () => {
        "id, tenant_id, parent_id, space_id, kind, name, slug, path, public_read, expires_at, created_by, created_at, \
         updated_at, deleted_at, trashed_root, access_rules"
    };
}
use columns;

const FIND: &str =
    concat!("select ", columns!(), " from folders where tenant_id = $1 and id = $2 and purged_at is null");
const OF_ANYBODY: &str = concat!("select ", columns!(), " from folders where id = $1 and purged_at is null");
const ROOT: &str = concat!("select ", columns!(), " from folders where tenant_id = $1 and parent_id is null");
const CHILDREN: &str = concat!(
    "select ",
    columns!(),
    " from folders where parent_id = $1 and deleted_at is null and purged_at is null and (name_key, id) > ($2, $3) \
     order by name_key, id limit $4"
);
const BY_KIND: &str = concat!(
    "select ",
    columns!(),
    " from folders where tenant_id = $1 and kind = $2 and trashed_root is null and id > $3 order by id limit $4"
);
/// `tenant_id + 0`: SQLite would rather go through all folders of the tenant than look up each id.
const BY_IDS: &str = concat!(
    "select ",
    columns!(),
    " from folders where tenant_id + 0 = $1 and purged_at is null and id in ",
    slot_list!()
);
const WITH_CHILDREN: &str = concat!(
    "select p.id from folders p where p.tenant_id + 0 = $1 and exists (select 1 from folders c \
     where c.parent_id = p.id and c.trashed_root is null and c.purged_at is null) and p.id in ",
    slot_list!()
);
const BELOW: &str = concat!(
    "select ",
    columns!(),
    " from folders where tenant_id = $1 and path >= $2 and path < $3 and trashed_root is null order by path limit $4"
);

const PUBLISH: &str = "update folders set public_read = $3 where tenant_id = $1 and id = $2 and trashed_root is null \
     and purged_at is null";
const RULED: &str = concat!(
    "select ",
    columns!(),
    " from folders where tenant_id = $1 and path >= $2 and path < $3 and access_rules is not null \
     and purged_at is null order by path limit $4"
);

impl Catalog {
    /// One folder, in the trash or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder(&self, tenant_id: i64, id: i64) -> Result<Option<Folder>> {
        let row = sqlx::query(FIND).bind(tenant_id).bind(id).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// One folder, whoever's it is: for those without a key, who have no tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_of_anybody(&self, id: i64) -> Result<Option<Folder>> {
        sqlx::query(OF_ANYBODY).bind(id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Several folders in one read, in the trash or not; those that are not there are left out, and the order is not kept.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folders_by_id(&self, tenant_id: i64, ids: &[i64]) -> Result<Vec<Folder>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(SLOTS) {
            let query = slots(sqlx::query(BY_IDS).bind(tenant_id), chunk);
            let rows = query.fetch_all(self.read()).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        Ok(found)
    }

    /// The top of a tenant's tree.
    ///
    /// # Errors
    /// `Missing` when there is no such tenant.
    pub async fn root_folder(&self, tenant_id: i64) -> Result<Folder> {
        let row = sqlx::query(ROOT).bind(tenant_id).fetch_optional(self.read()).await?;
        read(&row.ok_or(Error::Missing(Noun::Tenant))?)
    }

    /// The folders directly inside one, by folded name, after `(name_key, id)`. Of a trashed folder too: then those
    /// that went with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn child_folders(&self, parent_id: i64, after: &(String, i64), limit: i64) -> Result<Vec<Folder>> {
        let query = sqlx::query(CHILDREN).bind(parent_id).bind(&after.0).bind(after.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// A tenant's living folders of one kind after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folders_of_kind(
        &self,
        tenant_id: i64,
        kind: FolderKind,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Folder>> {
        let query = sqlx::query(BY_KIND).bind(tenant_id).bind(kind.as_str()).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Folders with rules of their own at or below one, in the trash or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ruled_folders(&self, top: &Folder, limit: i64) -> Result<Vec<Folder>> {
        let query = sqlx::query(RULED).bind(top.tenant_id).bind(&top.path).bind(end_of(&top.path)).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Says whether anybody may read what lies in a folder.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash.
    pub async fn publish_folder(&self, tenant_id: i64, id: i64, public_read: bool, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(PUBLISH).bind(tenant_id).bind(id).bind(i64::from(public_read));
        if query.execute(tx.conn()).await?.rows_affected() == 0 {
            return Err(Error::Missing(Noun::Folder));
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Folder, id)).await?;
        tx.commit().await
    }

    /// Those of several folders in which living folders lie.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folders_with_children(&self, tenant_id: i64, ids: &[i64]) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(WITH_CHILDREN).bind(tenant_id), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push(row.int("id")?);
            }
        }
        Ok(found)
    }

    /// A folder and every living folder below it, parents before children, in one statement.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_tree(&self, top: &Folder, limit: i64) -> Result<Vec<Folder>> {
        let query = sqlx::query(BELOW).bind(top.tenant_id).bind(&top.path).bind(end_of(&top.path)).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }
}

/// The first path that sorts behind everything at or below `path`: `/1/7/` ends at `/1/70`, for `0` follows `/`.
pub(crate) fn end_of(path: &str) -> String {
    format!("{}0", path.strip_suffix('/').unwrap_or(path))
}

/// The top of a tenant's tree.
async fn root(conn: &mut AnyConnection, tenant_id: i64) -> Result<Folder> {
    let row = sqlx::query(ROOT).bind(tenant_id).fetch_optional(conn).await?;
    read(&row.ok_or(Error::Missing(Noun::Tenant))?)
}

pub(crate) async fn find(conn: &mut AnyConnection, tenant_id: i64, id: i64) -> Result<Folder> {
    let row = sqlx::query(FIND).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    read(&row.ok_or(Error::Missing(Noun::Folder))?)
}

/// The folder, if neither it nor anything above it is in the trash.
pub(crate) async fn living(conn: &mut AnyConnection, tenant_id: i64, id: i64) -> Result<Folder> {
    let folder = find(conn, tenant_id, id).await?;
    if folder.lives() { Ok(folder) } else { Err(Error::Missing(Noun::Folder)) }
}

fn read(row: &AnyRow) -> Result<Folder> {
    Ok(Folder {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        parent_id: row.int_or_null("parent_id")?,
        space_id: row.int_or_null("space_id")?,
        kind: FolderKind::parse(&row.text("kind")?)?,
        name: row.text("name")?,
        slug: row.text("slug")?,
        path: row.text("path")?,
        public_read: row.flag("public_read")?,
        expires_at: row.int_or_null("expires_at")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
        deleted_at: row.int_or_null("deleted_at")?,
        trashed_root: row.int_or_null("trashed_root")?,
        rules: rules::of_row(row, "access_rules")?,
    })
}
