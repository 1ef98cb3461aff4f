//! A folder's way into the trash, out of it, and to its end. The trash is a mark on folders: what lies in them follows.
//! Purging marks once more, after which nobody sees them; their rows go in steps, by a job.

use sqlx::AnyConnection;

use super::{Folder, columns, end_of, find, living, read};
use crate::{
    Catalog, Error, Noun, Refusal, Result, assets,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    jobs::{self, Work},
    names::{self, Holder, Slug},
    paths::Seen,
    tallies::Counts,
    tenants::take_tree,
};

const TRASH: &str = "update folders set deleted_at = $2, updated_at = $2 where id = $1";
const TRASH_BELOW: &str = "update folders set trashed_root = $4 \
     where tenant_id = $1 and path >= $2 and path < $3 and trashed_root is null";
const RESTORE: &str = "update folders set deleted_at = null, slug = $2, updated_at = $3 where id = $1";
const RESTORE_BELOW: &str = "update folders set trashed_root = null \
     where tenant_id = $1 and path >= $2 and path < $3 and trashed_root = $4 and purged_at is null";
const DELETED: &str = concat!(
    "select ",
    columns!(),
    " from folders where tenant_id = $1 and deleted_at is not null and purged_at is null \
     and (deleted_at, id) < ($2, $3) order by deleted_at desc, id desc limit $4"
);
const IN_USE: &str = "select 1 as one from folders f join tokens t on t.folder_id = f.id \
     where f.tenant_id = $1 and f.path >= $2 and f.path < $3 and t.revoked_at is null \
     and (t.expires_at is null or t.expires_at > $4) limit 1";
const PURGE: &str = "update folders set purged_at = $4 \
     where tenant_id = $1 and path >= $2 and path < $3 and purged_at is null";
const PURGED: &str = "select path from folders where tenant_id = $1 and id = $2 and purged_at is not null";
const ASSETS_BELOW: &str = "select a.id from folders f join assets a on a.folder_id = f.id \
     where f.tenant_id = $1 and f.path >= $2 and f.path < $3 limit $4";
/// Those inside others go first.
const FOLDERS_BELOW: &str =
    "select id from folders where tenant_id = $1 and path >= $2 and path < $3 order by path desc limit $4";
const DELETE_NAMES: &str = "delete from names where folder_id = $1";
const DELETE_COUNTERS: &str = "delete from name_counters where folder_id = $1";
/// Those in use keep a folder from being purged; one that was made at the very moment of that goes with it.
const DELETE_TOKENS: &str = "delete from tokens where folder_id = $1";
const DELETE: &str = "delete from folders where id = $1";

impl Catalog {
    /// Puts a folder, and with it all below it, in the trash. Its slug becomes free.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash already, `Refused` for a root.
    pub async fn trash_folder(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        self.trash_folder_at(tenant_id, id, None, stamp).await
    }

    /// The same, if it has to be somewhere in particular.
    ///
    /// # Errors
    /// `Missing` when it is not there, or in the trash already; `Refused` for a root.
    pub async fn trash_folder_at(&self, tenant_id: i64, id: i64, seen: Option<&Seen>, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_trash_folder(tenant_id, id, seen, stamp)).await
    }

    async fn try_trash_folder(&self, tenant_id: i64, id: i64, seen: Option<&Seen>, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let folder = living(tx.conn(), tenant_id, id).await?;
        let Some(parent_id) = folder.parent_id else { return Err(Error::Refused(Refusal::Root)) };
        Seen::expect(seen, (parent_id, &folder.slug), Noun::Folder)?;
        names::release(tx.conn(), parent_id, &folder.slug).await?;
        sqlx::query(TRASH).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
        below(tx.conn(), TRASH_BELOW, &folder, id).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Trash, (Noun::Folder, id)).await?;
        tx.commit().await
    }

    /// Takes a folder, and what went with it, out of the trash. What was put there by itself, before, stays.
    ///
    /// # Errors
    /// `Missing` when it was not put in the trash itself, `Refused` when what holds it is in the trash.
    pub async fn restore_folder(&self, tenant_id: i64, id: i64, slug: &Slug, stamp: &Stamp) -> Result<Folder> {
        settle(|| self.try_restore_folder(tenant_id, id, slug, stamp)).await
    }

    async fn try_restore_folder(&self, tenant_id: i64, id: i64, slug: &Slug, stamp: &Stamp) -> Result<Folder> {
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let folder = find(tx.conn(), tenant_id, id).await?;
        let (Some(_), Some(parent_id)) = (folder.deleted_at, folder.parent_id) else {
            // A child of a trashed folder comes back with that one only.
            let missing = Error::Missing(Noun::Folder);
            return Err(if folder.lives() { missing } else { Error::Refused(Refusal::ParentInTrash) });
        };
        if !find(tx.conn(), tenant_id, parent_id).await?.lives() {
            return Err(Error::Refused(Refusal::ParentInTrash));
        }
        let slug = names::claim(tx.conn(), parent_id, slug, Holder::Folder(id)).await?;
        sqlx::query(RESTORE).bind(id).bind(&slug).bind(stamp.now_ms).execute(tx.conn()).await?;
        below(tx.conn(), RESTORE_BELOW, &folder, id).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Restore, (Noun::Folder, id)).await?;
        let restored = find(tx.conn(), tenant_id, id).await?;
        tx.commit().await?;
        Ok(restored)
    }

    /// The folders that were put in the trash themselves, the latest first, before `(deleted_at, id)`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn deleted_folders(&self, tenant_id: i64, before: (i64, i64), limit: i64) -> Result<Vec<Folder>> {
        let query = sqlx::query(DELETED).bind(tenant_id).bind(before.0).bind(before.1).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Ends a folder in the trash and all below it: from now on nobody sees them. [`Work::PurgeFolder`] is queued to
    /// remove the rows.
    ///
    /// # Errors
    /// `Missing` when it is not in the trash, `Refused` while a key that is in use is confined to it or to a folder
    /// below it.
    pub async fn purge_folder(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_purge_folder(tenant_id, id, stamp)).await
    }

    async fn try_purge_folder(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let folder = find(tx.conn(), tenant_id, id).await?;
        let (false, Some(parent_id)) = (folder.lives(), folder.parent_id) else {
            return Err(Error::Missing(Noun::Folder));
        };
        let (start, end) = (&folder.path, end_of(&folder.path));
        let in_use = sqlx::query(IN_USE).bind(tenant_id).bind(start).bind(&end).bind(stamp.now_ms);
        if in_use.fetch_optional(tx.conn()).await?.is_some() {
            return Err(Error::Refused(Refusal::InUse));
        }
        if folder.deleted_at.is_none() {
            // It went with one above it, and so kept its name.
            names::release(tx.conn(), parent_id, &folder.slug).await?;
        }
        below(tx.conn(), PURGE, &folder, stamp.now_ms).await?;
        jobs::insert(tx.conn(), Some(tenant_id), &Work::PurgeFolder { tenant_id, folder_id: id }, stamp.now_ms).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Purge, (Noun::Folder, id)).await?;
        tx.commit().await
    }

    /// Removes at most `limit` rows of a purged folder: first the files in it and below it, then the folders. False when
    /// nothing is left.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn purge_some_of_folder(&self, tenant_id: i64, id: i64, limit: i64, now_ms: i64) -> Result<bool> {
        settle(|| self.try_purge_some(tenant_id, id, limit, now_ms)).await
    }

    async fn try_purge_some(&self, tenant_id: i64, id: i64, limit: i64, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let Some(row) = sqlx::query(PURGED).bind(tenant_id).bind(id).fetch_optional(tx.conn()).await? else {
            return Ok(false);
        };
        let path = row.text("path")?;
        let assets = ids_below(tx.conn(), ASSETS_BELOW, tenant_id, &path, limit).await?;
        let mut counts = Counts::default();
        for asset_id in &assets {
            assets::erase(tx.conn(), tenant_id, *asset_id, now_ms, &mut counts).await?;
        }
        counts.store(tx.conn()).await?;
        if assets.is_empty() {
            for folder_id in ids_below(tx.conn(), FOLDERS_BELOW, tenant_id, &path, limit).await? {
                for statement in [DELETE_NAMES, DELETE_COUNTERS, DELETE_TOKENS, DELETE] {
                    sqlx::query(statement).bind(folder_id).execute(tx.conn()).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// Runs a statement about a folder and all below it, with one number of its own.
async fn below(conn: &mut AnyConnection, statement: &'static str, folder: &Folder, number: i64) -> Result<()> {
    let query = sqlx::query(statement).bind(folder.tenant_id).bind(&folder.path).bind(end_of(&folder.path));
    query.bind(number).execute(conn).await?;
    Ok(())
}

async fn ids_below(
    conn: &mut AnyConnection,
    statement: &'static str,
    tenant_id: i64,
    path: &str,
    limit: i64,
) -> Result<Vec<i64>> {
    let query = sqlx::query(statement).bind(tenant_id).bind(path).bind(end_of(path)).bind(limit);
    query.fetch_all(conn).await?.iter().map(|row| row.int("id")).collect()
}
