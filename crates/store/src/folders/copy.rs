//! Copying a folder with all below it: in batches, into a folder that nobody sees, which one last transaction puts in its place.
//! Until then it is as one that was purged, and what is left of a copy that came to nothing goes the way of those.

use std::collections::HashMap;

use sqlx::AnyConnection;

use super::{Folder, columns, end_of, find, living, read};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    assets::copy::{Batch, copy_batch},
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    jobs::{self, Work},
    names::{self, Holder, Slug},
    paths::{self, Missing},
    quotas,
    tenants::take_tree,
};

/// Where a copy of a folder is to lie.
#[derive(Debug, Clone)]
pub struct FolderCopy {
    /// The folder that is to hold it.
    pub parent_id: i64,
    /// The folders that are to be made between that one and the copy.
    pub missing: Missing,
    /// Display name and folded name, where it is to have another.
    pub name: Option<(String, String)>,
    /// The slug wished for.
    pub slug: Slug,
    /// Who copies.
    pub created_by: i64,
    /// The most folders that are copied with it.
    pub max_folders: i64,
    /// When what is left of it is swept, should it come to nothing, in milliseconds since 1970.
    pub swept_at_ms: i64,
}

/// A copy that nobody sees yet.
#[derive(Debug)]
pub struct HiddenCopy {
    /// The folder that is copied.
    pub original: Folder,
    /// Its copy.
    pub id: i64,
    /// The folders below the original as they were when it began, those that hold others first: id and parent's id.
    below: Vec<(i64, i64)>,
    job_id: i64,
}

/// So many assets are copied at a time, and so many folders: other writers get their turn in between.
const ASSETS_AT_ONCE: i64 = 400;
const FOLDERS_AT_ONCE: usize = 100;

/// It lies under the root until it has its place, without a name there.
const HIDE: &str = "insert into folders (tenant_id, parent_id, kind, name, name_key, slug, path, public_read, created_by, \
     created_at, updated_at, access_rules, upload_policy, purged_at) select o.tenant_id, $2, 'plain', o.name, o.name_key, o.slug, '', \
     o.public_read, $3, $4, $4, o.access_rules, o.upload_policy, $4 from folders o where o.id = $1 returning id";
/// Marked as part of the copy, which is in no trash that anybody looks into.
const PLACE: &str = "update folders set trashed_root = $2, path = (select p.path from folders p where p.id = folders.parent_id) \
     || cast(id as text) || '/' where id = $1";
const NAME: &str =
    "insert into names (folder_id, slug, child_folder_id) select parent_id, slug, id from folders where id = $1";
const HIDDEN: &str = concat!("select ", columns!(), " from folders where id = $1 and purged_at is not null");
const BELOW: &str = "select id, parent_id from folders where tenant_id = $1 and path > $2 and path < $3 \
     and trashed_root is null order by path limit $4";
const PUT: &str = "update folders set parent_id = $2, slug = $3, name = coalesce(cast($4 as text), name), \
     name_key = coalesce(cast($5 as text), name_key) where id = $1";
const SHOW: &str = "update folders set purged_at = null, trashed_root = null \
     where tenant_id = $1 and path >= $2 and path < $3 and trashed_root = $4";
const END_JOB: &str = "delete from jobs where id = $1 and state = 'waiting'";
const SWEEP_NOW: &str = "update jobs set run_at = $2 where id = $1 and state = 'waiting'";

impl Catalog {
    /// Begins a copy of a folder.
    ///
    /// # Errors
    /// `Missing` when it or its new parent is not there or in the trash, `Refused` when the copy would lie inside the original, or not fit
    /// into the tenant's quota.
    pub async fn begin_folder_copy(
        &self,
        tenant_id: i64,
        id: i64,
        copy: &FolderCopy,
        stamp: &Stamp,
    ) -> Result<HiddenCopy> {
        settle(|| self.try_begin_folder_copy(tenant_id, id, copy, stamp)).await
    }

    async fn try_begin_folder_copy(
        &self,
        tenant_id: i64,
        id: i64,
        copy: &FolderCopy,
        stamp: &Stamp,
    ) -> Result<HiddenCopy> {
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let original = living(tx.conn(), tenant_id, id).await?;
        let Some(_) = original.parent_id else { return Err(Error::Refused(Refusal::Root)) };
        if original.holds(&living(tx.conn(), tenant_id, copy.parent_id).await?) {
            return Err(Error::Refused(Refusal::IntoItself));
        }
        let query = sqlx::query(BELOW).bind(tenant_id).bind(&original.path).bind(end_of(&original.path));
        let rows = query.bind(copy.max_folders.saturating_add(1)).fetch_all(tx.conn()).await?;
        let below = rows.iter().map(|row| Ok((row.int("id")?, row.int("parent_id")?))).collect::<Result<Vec<_>>>()?;
        if i64::try_from(below.len()).unwrap_or(i64::MAX) > copy.max_folders {
            return Err(Error::Refused(Refusal::TooManyFolders));
        }
        // What no longer fits when it comes to that is given up half-way; most is seen here, before others are short of room for it.
        quotas::expect_room_for_copy(tx.conn(), tenant_id, (&original.path, &end_of(&original.path))).await?;
        let root = super::root(tx.conn(), tenant_id).await?;
        let copy_id = hide(tx.conn(), id, (root.id, None), copy.created_by, stamp.now_ms).await?;
        let copy_id = copy_id.ok_or(Error::Missing(Noun::Folder))?;
        let work = Work::PurgeFolder { tenant_id, folder_id: copy_id };
        let job_id = jobs::insert(tx.conn(), Some(tenant_id), &work, copy.swept_at_ms).await?;
        tx.commit().await?;
        Ok(HiddenCopy { original, id: copy_id, below, job_id })
    }

    /// Copies what lies in the original: the folders that were there when it began, and the files that are found in them.
    ///
    /// # Errors
    /// `Missing` when one of those folders has been purged; `Refused` over the tenant's quota.
    pub async fn fill_folder_copy(
        &self,
        hidden: &HiddenCopy,
        created_by: i64,
        mut new_key: impl FnMut() -> String,
        stamp: &Stamp,
    ) -> Result<()> {
        let mut copies = HashMap::from([(hidden.original.id, hidden.id)]);
        self.copy_folders_below(hidden, created_by, &mut copies, stamp).await?;
        for (from, to) in copies {
            let mut after = (String::new(), 0);
            loop {
                let key_prefix = new_key();
                // Looked at without a writer's turn: of many folders most are empty, and each ends with nothing.
                let Some(last) = self.end_of_batch(from, &after, ASSETS_AT_ONCE).await? else { break };
                settle(|| async {
                    let mut tx = self.begin().await?;
                    let (after, last, key_prefix) = (&after, &last, key_prefix.as_str());
                    let batch = Batch { from, to, key_prefix, created_by, now_ms: stamp.now_ms, after, last };
                    copy_batch(tx.conn(), &batch).await?;
                    tx.commit().await
                })
                .await?;
                after = last;
            }
        }
        Ok(())
    }

    async fn copy_folders_below(
        &self,
        hidden: &HiddenCopy,
        created_by: i64,
        copies: &mut HashMap<i64, i64>,
        stamp: &Stamp,
    ) -> Result<()> {
        for below in hidden.below.chunks(FOLDERS_AT_ONCE) {
            let made = settle(|| async {
                let mut tx = self.begin().await?;
                take_tree(tx.conn(), hidden.original.tenant_id).await?;
                let mut made: HashMap<i64, i64> = HashMap::new();
                for (id, parent_id) in below {
                    let parent = made.get(parent_id).or_else(|| copies.get(parent_id)).copied();
                    let place = (parent.ok_or(Error::Missing(Noun::Folder))?, Some(hidden.id));
                    let copy = hide(tx.conn(), *id, place, created_by, stamp.now_ms).await?;
                    let copy = copy.ok_or(Error::Missing(Noun::Folder))?;
                    sqlx::query(NAME).bind(copy).execute(tx.conn()).await?;
                    made.insert(*id, copy);
                }
                tx.commit().await?;
                Ok(made)
            });
            copies.extend(made.await?);
        }
        Ok(())
    }

    /// Puts a copy in its place, where everybody sees it.
    ///
    /// # Errors
    /// `Missing` when its parent is gone; `Taken` when the slug is taken, and no other will do; `Refused` when it would be too deep,
    /// or the parent lies in the original by now.
    pub async fn show_folder_copy(&self, hidden: &HiddenCopy, copy: &FolderCopy, stamp: &Stamp) -> Result<Folder> {
        settle(|| self.try_show_folder_copy(hidden, copy, stamp)).await
    }

    async fn try_show_folder_copy(&self, hidden: &HiddenCopy, copy: &FolderCopy, stamp: &Stamp) -> Result<Folder> {
        let (tenant_id, id) = (hidden.original.tenant_id, hidden.id);
        let mut tx = self.begin().await?;
        take_tree(tx.conn(), tenant_id).await?;
        let row = sqlx::query(HIDDEN).bind(id).fetch_optional(tx.conn()).await?;
        let folder = read(&row.ok_or(Error::Missing(Noun::Folder))?)?;
        let parent_id = paths::reach(tx.conn(), tenant_id, copy.parent_id, &copy.missing, stamp).await?;
        let parent = living(tx.conn(), tenant_id, parent_id).await?;
        // The original may lie elsewhere by now, or in the trash: it was copied as it was.
        if find(tx.conn(), tenant_id, hidden.original.id).await.is_ok_and(|original| original.holds(&parent)) {
            return Err(Error::Refused(Refusal::IntoItself));
        }
        let slug = names::claim(tx.conn(), parent.id, &copy.slug, Holder::Folder(id)).await?;
        let (name, name_key) = copy.name.clone().unzip();
        sqlx::query(PUT).bind(id).bind(parent.id).bind(&slug).bind(name).bind(name_key).execute(tx.conn()).await?;
        super::tree::rebase(tx.conn(), &folder, &parent).await?;
        let path = format!("{}{id}/", parent.path);
        let query = sqlx::query(SHOW).bind(tenant_id).bind(&path).bind(end_of(&path)).bind(id);
        query.execute(tx.conn()).await?;
        let ended = sqlx::query(END_JOB).bind(hidden.job_id).execute(tx.conn()).await?;
        if ended.rows_affected() == 0 {
            // It took so long that it is being swept.
            return Err(Error::Missing(Noun::Folder));
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Create, (Noun::Folder, id)).await?;
        let shown = find(tx.conn(), tenant_id, id).await?;
        tx.commit().await?;
        Ok(shown)
    }

    /// Gives up a copy: what there is of it is swept next.
    ///
    /// # Errors
    /// When the database refuses; it is swept later all the same.
    pub async fn drop_folder_copy(&self, hidden: &HiddenCopy, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(SWEEP_NOW).bind(hidden.job_id).bind(now_ms).execute(tx.conn()).await?;
        tx.commit().await
    }
}

/// Makes an empty copy of a folder that nobody sees; none when the original has been purged. A space or an inbox becomes plain.
async fn hide(
    conn: &mut AnyConnection,
    id: i64,
    (parent_id, top): (i64, Option<i64>),
    created_by: i64,
    now_ms: i64,
) -> Result<Option<i64>> {
    let query = sqlx::query(HIDE).bind(id).bind(parent_id).bind(created_by).bind(now_ms);
    let Some(row) = query.fetch_optional(&mut *conn).await? else { return Ok(None) };
    let copy = row.int("id")?;
    sqlx::query(PLACE).bind(copy).bind(top.unwrap_or(copy)).execute(conn).await?;
    Ok(Some(copy))
}
