//! Changes to the shape of the tree. Each takes the tenant's row first, so that no two of one tenant interleave.

use sqlx::AnyConnection;

use super::{Folder, FolderChange, FolderKind, MAX_DEPTH, NewFolder, columns, end_of, find, living, read};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    names::{self, Holder},
    paths::{self, Missing, Seen},
    records::{self, NewRecord, Record},
    tenants::take_tree,
};

const INSERT: &str = "insert into folders (tenant_id, parent_id, space_id, kind, name, name_key, slug, path, \
     public_read, created_by, created_at, updated_at, expires_at) \
     values ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $10, $11) \
     returning id";
const PLACE: &str = concat!("update folders set slug = $2, path = $3 where id = $1 returning ", columns!());
const RENAME: &str = "update folders set name = $2, name_key = $3, updated_at = $4 where id = $1";
const SET_SLUG: &str = "update folders set slug = $2, parent_id = $3, updated_at = $4 where id = $1";
/// What lies in a space further down stays in that one. What anybody may read is not for anybody in a space, which lets in whom its
/// rules do.
const REBASE: &str = "update folders set path = $4 || substr(path, cast($5 as integer)), \
     public_read = case when kind <> 'space' and space_id is not distinct from $6 and cast($6 as bigint) is null \
     and cast($7 as bigint) is not null then 0 else public_read end, \
     space_id = case when kind <> 'space' and space_id is not distinct from $6 then $7 else space_id end \
     where tenant_id = $1 and path >= $2 and path < $3";
const DEEPEST: &str = "select cast(coalesce(max(length(path) - length(replace(path, '/', ''))), 0) as bigint) as slashes \
     from folders where tenant_id = $1 and path >= $2 and path < $3";

impl Catalog {
    /// Makes a folder.
    ///
    /// # Errors
    /// `Missing` when the parent is not there or in the trash, `Refused` when the tree would be too deep.
    pub async fn add_folder(&self, folder: &NewFolder, stamp: &Stamp) -> Result<Folder> {
        settle(|| self.try_add_folder(folder, stamp)).await
    }

    /// Makes a folder with a record about it, both or neither.
    ///
    /// # Errors
    /// As for [`Self::add_folder`].
    pub async fn add_recorded_folder(
        &self,
        folder: &NewFolder,
        record: &NewRecord,
        stamp: &Stamp,
    ) -> Result<(Folder, Record)> {
        settle(|| async {
            let mut tx = self.begin().await?;
            take_tree(tx.conn(), folder.tenant_id).await?;
            let parent = living(tx.conn(), folder.tenant_id, folder.parent_id).await?;
            let made = make(tx.conn(), folder, &parent, stamp.now_ms).await?;
            let record = NewRecord { folder_id: Some(made.id), ..record.clone() };
            let record = records::insert(tx.conn(), &record, stamp.now_ms).await?;
            audit::note(tx.conn(), folder.tenant_id, stamp, Action::Create, (Noun::Folder, made.id)).await?;
            tx.commit().await?;
            Ok((made, record))
        })
        .await
    }

    async fn try_add_folder(&self, folder: &NewFolder, stamp: &Stamp) -> Result<Folder> {
        let tenant_id = folder.tenant_id;
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let parent_id = paths::reach(tx.conn(), tenant_id, folder.parent_id, &folder.missing, stamp).await?;
        let parent = living(tx.conn(), tenant_id, parent_id).await?;
        let made = make(tx.conn(), folder, &parent, stamp.now_ms).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Create, (Noun::Folder, made.id)).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Renames or moves a folder, or both.
    ///
    /// # Errors
    /// `Missing` when it or the new parent is not there or in the trash; `Refused` when the new parent lies inside it
    /// or the tree would be too deep.
    pub async fn change_folder(&self, tenant_id: i64, id: i64, change: &FolderChange, stamp: &Stamp) -> Result<Folder> {
        settle(|| self.try_change_folder(tenant_id, id, change, stamp)).await
    }

    async fn try_change_folder(&self, tenant_id: i64, id: i64, change: &FolderChange, stamp: &Stamp) -> Result<Folder> {
        let now_ms = stamp.now_ms;
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let folder = living(tx.conn(), tenant_id, id).await?;
        let Some(old_parent) = folder.parent_id else { return Err(Error::Refused(Refusal::Root)) };
        Seen::expect(change.seen.as_ref(), (old_parent, &folder.slug), Noun::Folder)?;
        let from = change.parent_id.unwrap_or(old_parent);
        let new_parent = paths::reach(tx.conn(), tenant_id, from, &change.missing, stamp).await?;
        let new_parent = living(tx.conn(), tenant_id, new_parent).await?;
        if folder.holds(&new_parent) {
            return Err(Error::Refused(Refusal::IntoItself));
        }
        let (old, new) = ((old_parent, folder.slug.as_str()), (new_parent.id, &change.slug));
        let slug = names::exchange(tx.conn(), old, new, Holder::Folder(id)).await?;
        if let Some((name, name_key)) = &change.name {
            let query = sqlx::query(RENAME).bind(id).bind(name).bind(name_key).bind(now_ms);
            query.execute(tx.conn()).await?;
        }
        sqlx::query(SET_SLUG).bind(id).bind(&slug).bind(new_parent.id).bind(now_ms).execute(tx.conn()).await?;
        if new_parent.id != old_parent {
            rebase(tx.conn(), &folder, &new_parent).await?;
        }
        let changed = find(tx.conn(), tenant_id, id).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Folder, id)).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// Makes a folder in its parent, under the slug that it wishes for or, where another one will do, the next free one.
pub(crate) async fn make(conn: &mut AnyConnection, folder: &NewFolder, parent: &Folder, now_ms: i64) -> Result<Folder> {
    if depth(&parent.path) >= MAX_DEPTH {
        return Err(Error::Refused(Refusal::TooDeep));
    }
    let id = insert(conn, folder, Some(parent), now_ms).await?;
    let slug = names::claim(conn, parent.id, &folder.slug, Holder::Folder(id)).await?;
    place(conn, id, &slug, &format!("{}{id}/", parent.path)).await
}

/// Makes the top of a new tenant's tree.
pub(crate) async fn insert_root(
    conn: &mut AnyConnection,
    tenant_id: i64,
    name: &str,
    created_by: i64,
    now_ms: i64,
) -> Result<Folder> {
    let root = NewFolder {
        tenant_id,
        parent_id: 0,
        missing: Missing::default(),
        kind: FolderKind::Root,
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        slug: names::Slug { stem: String::new(), extension: String::new(), exact: false },
        public_read: false,
        expires_at: None,
        created_by,
    };
    let id = insert(conn, &root, None, now_ms).await?;
    place(conn, id, "", &format!("/{id}/")).await
}

pub(super) async fn insert(
    conn: &mut AnyConnection,
    folder: &NewFolder,
    parent: Option<&Folder>,
    now_ms: i64,
) -> Result<i64> {
    let query = sqlx::query(INSERT).bind(folder.tenant_id).bind(parent.map(|parent| parent.id));
    let space_id = parent.filter(|_| folder.kind != FolderKind::Space).and_then(Folder::space);
    let query = query.bind(space_id).bind(folder.kind.as_str()).bind(&folder.name);
    let query = query.bind(&folder.name_key).bind(folder.slug.plain()).bind(i64::from(folder.public_read));
    let row = query.bind(folder.created_by).bind(now_ms).bind(folder.expires_at).fetch_one(conn).await;
    row.map_err(|error| Error::of_row(error, Noun::Folder, Noun::User))?.int("id")
}

async fn place(conn: &mut AnyConnection, id: i64, slug: &str, path: &str) -> Result<Folder> {
    read(&sqlx::query(PLACE).bind(id).bind(slug).bind(path).fetch_one(conn).await?)
}

/// Gives a moved folder and all below it their new paths and space.
pub(super) async fn rebase(conn: &mut AnyConnection, folder: &Folder, new_parent: &Folder) -> Result<()> {
    let (start, end) = (&folder.path, end_of(&folder.path));
    let query = sqlx::query(DEEPEST).bind(folder.tenant_id).bind(start).bind(&end);
    let slashes = query.fetch_one(&mut *conn).await?.count("slashes")?;
    let below = usize::try_from(slashes).unwrap_or(usize::MAX).saturating_sub(1) - (depth(start) - 1);
    if depth(&new_parent.path) + below > MAX_DEPTH {
        return Err(Error::Refused(Refusal::TooDeep));
    }
    let path = format!("{}{}/", new_parent.path, folder.id);
    // substr counts from 1; paths are ASCII, so characters are bytes.
    let rest = i64::try_from(start.len()).expect("a path of at most 64 ids is short") + 1;
    let query = sqlx::query(REBASE).bind(folder.tenant_id).bind(start).bind(&end).bind(&path).bind(rest);
    let new_space = if folder.kind == FolderKind::Space { Some(folder.id) } else { new_parent.space() };
    query.bind(folder.space()).bind(new_space).execute(conn).await?;
    Ok(())
}

/// How many folders a path names: `/1/7/` is two.
fn depth(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count().saturating_sub(1)
}
