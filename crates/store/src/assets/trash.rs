//! An asset's way into the trash, out of it, and to its end; and what a scan does to it.

use sqlx::AnyConnection;

use super::{AssetState, Scan, bytes_of, take};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    garbage,
    names::{self, Holder, Slug},
    paths::Seen,
    tallies::Counts,
};

const TRASH: &str = "update assets set deleted_at = $2, updated_at = $2 where id = $1";
/// Takes the row of an asset in any state.
const HOLD: &str = "update assets set name = name where tenant_id = $1 and id = $2 \
     returning folder_id, slug, state, scan, expires_at, deleted_at";
const FOLDER: &str = "select trashed_root, purged_at from folders where id = $1";
const RESTORE: &str = "update assets set deleted_at = null, slug = $2, updated_at = $3 where id = $1";
const SET_SCAN: &str = "update assets set scan = $2 where id = $1";
const BLOBS: &str = "select blob_id from versions where asset_id = $1";
const DELETE_LINKS: &str = "delete from links where asset_id = $1";
const DELETE_VERSIONS: &str = "delete from versions where asset_id = $1";
const DELETE: &str = "delete from assets where id = $1";
const EXPIRED: &str = "select tenant_id, id from assets where expires_at <= $1 and deleted_at is null \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.trashed_root is null) \
     order by expires_at limit $2";

/// An asset whose row this transaction holds, in whatever state.
struct Held {
    folder_id: i64,
    slug: String,
    state: AssetState,
    scan: Scan,
    expires_at: Option<i64>,
    deleted_at: Option<i64>,
    /// Its folder is in the trash.
    shut: bool,
    /// Its folder is purged: nobody sees it.
    purged: bool,
}

impl Catalog {
    /// Puts an asset in the trash. Its slug becomes free.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash already.
    pub async fn trash_asset(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        self.trash_asset_at(tenant_id, id, None, stamp).await
    }

    /// The same, if it has to be somewhere in particular.
    ///
    /// # Errors
    /// `Missing` when it is not there, or in the trash already.
    pub async fn trash_asset_at(&self, tenant_id: i64, id: i64, seen: Option<&Seen>, stamp: &Stamp) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let taken = take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
            Seen::expect(seen, (taken.folder_id, &taken.slug), Noun::Asset)?;
            trash(tx.conn(), tenant_id, id, (taken.folder_id, &taken.slug), stamp).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes an asset out of the trash.
    ///
    /// # Errors
    /// `Missing` when it was not put there itself; `Refused` when its folder is in the trash, its time is over, or a
    /// virus was found in it.
    pub async fn restore_asset(&self, tenant_id: i64, id: i64, slug: &Slug, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_restore_asset(tenant_id, id, slug, stamp)).await
    }

    async fn try_restore_asset(&self, tenant_id: i64, id: i64, slug: &Slug, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = hold(tx.conn(), tenant_id, id).await?.filter(|held| !held.purged && held.state == AssetState::Ready);
        let held = held.ok_or(Error::Missing(Noun::Asset))?;
        if held.shut {
            return Err(Error::Refused(Refusal::ParentInTrash));
        }
        if held.deleted_at.is_none() {
            return Err(Error::Missing(Noun::Asset));
        }
        if held.expires_at.is_some_and(|at| at <= stamp.now_ms) {
            return Err(Error::Refused(Refusal::Expired));
        }
        if held.scan == Scan::Infected {
            return Err(Error::Refused(Refusal::Infected));
        }
        let slug = names::claim(tx.conn(), held.folder_id, slug, Holder::Asset(id)).await?;
        sqlx::query(RESTORE).bind(id).bind(&slug).bind(stamp.now_ms).execute(tx.conn()).await?;
        let mut counts = Counts::default();
        counts.add(tenant_id, held.folder_id, id, bytes_of(tx.conn(), id).await?);
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Restore, (Noun::Asset, id)).await?;
        tx.commit().await
    }

    /// Ends an asset in the trash for good, with its versions, links and fields. Its bytes die with their last version.
    ///
    /// # Errors
    /// `Missing` when neither it nor its folder is in the trash.
    pub async fn purge_asset(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        settle(|| self.try_purge_asset(tenant_id, id, stamp)).await
    }

    async fn try_purge_asset(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = hold(tx.conn(), tenant_id, id).await?;
        let held = held.filter(|held| !held.purged && (held.shut || held.deleted_at.is_some()));
        let held = held.ok_or(Error::Missing(Noun::Asset))?;
        let mut counts = Counts::default();
        end(tx.conn(), tenant_id, id, &held, stamp.now_ms, &mut counts).await?;
        counts.store(tx.conn()).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Purge, (Noun::Asset, id)).await?;
        tx.commit().await
    }

    /// Sets what a scan found. What is infected goes in the trash at once, by itself.
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub async fn set_scan(&self, tenant_id: i64, id: i64, scan: Scan, stamp: &Stamp) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let held = hold(tx.conn(), tenant_id, id).await?.filter(|held| !held.purged);
            let held = held.ok_or(Error::Missing(Noun::Asset))?;
            sqlx::query(SET_SCAN).bind(id).bind(scan.as_str()).execute(tx.conn()).await?;
            // By itself also when its folder is there already: else it would come back with that one.
            if scan == Scan::Infected && held.deleted_at.is_none() && held.state == AssetState::Ready {
                trash(tx.conn(), tenant_id, id, (held.folder_id, &held.slug), stamp).await?;
            }
            audit::note(tx.conn(), tenant_id, stamp, Action::Scan, (Noun::Asset, id)).await?;
            tx.commit().await
        })
        .await
    }

    /// Living assets whose time was over at `now_ms`, longest first: tenant and id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expired_assets(&self, now_ms: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
        let rows = sqlx::query(EXPIRED).bind(now_ms).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.int("tenant_id")?, row.int("id")?))).collect()
    }
}

/// Removes an asset of a purged folder with all that belongs to it.
pub(crate) async fn erase(
    conn: &mut AnyConnection,
    tenant_id: i64,
    id: i64,
    now_ms: i64,
    counts: &mut Counts,
) -> Result<()> {
    match hold(conn, tenant_id, id).await? {
        Some(held) => end(conn, tenant_id, id, &held, now_ms, counts).await,
        None => Ok(()),
    }
}

/// Puts a ready asset in the trash whose row this transaction holds.
async fn trash(
    conn: &mut AnyConnection,
    tenant_id: i64,
    id: i64,
    (folder_id, slug): (i64, &str),
    stamp: &Stamp,
) -> Result<()> {
    names::release(conn, folder_id, slug).await?;
    sqlx::query(TRASH).bind(id).bind(stamp.now_ms).execute(&mut *conn).await?;
    let mut counts = Counts::default();
    counts.remove(tenant_id, folder_id, id, bytes_of(conn, id).await?);
    counts.store(conn).await?;
    audit::note(conn, tenant_id, stamp, Action::Trash, (Noun::Asset, id)).await
}

/// Removes the rows. Those that other writers may hold too come last, in the order in which all take them.
async fn end(
    conn: &mut AnyConnection,
    tenant_id: i64,
    id: i64,
    held: &Held,
    now_ms: i64,
    counts: &mut Counts,
) -> Result<()> {
    let rows = sqlx::query(BLOBS).bind(id).fetch_all(&mut *conn).await?;
    let blobs = rows.iter().map(|row| row.int("blob_id")).collect::<Result<Vec<_>>>()?;
    let counted = held.deleted_at.is_none() && held.state == AssetState::Ready;
    if counted {
        counts.remove(tenant_id, held.folder_id, id, bytes_of(conn, id).await?);
    }
    for statement in [DELETE_LINKS, DELETE_VERSIONS, DELETE] {
        sqlx::query(statement).bind(id).execute(&mut *conn).await?;
    }
    garbage::bury(conn, blobs, now_ms).await?;
    if counted {
        // It went with its folder, and so kept its name.
        names::release(conn, held.folder_id, &held.slug).await?;
    }
    Ok(())
}

/// Two statements: one that waited for a row sees that one as it is then, and all others as they were before.
async fn hold(conn: &mut AnyConnection, tenant_id: i64, id: i64) -> Result<Option<Held>> {
    let row = sqlx::query(HOLD).bind(tenant_id).bind(id).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(None) };
    let folder_id = row.int("folder_id")?;
    let folder = sqlx::query(FOLDER).bind(folder_id).fetch_one(conn).await?;
    Ok(Some(Held {
        folder_id,
        slug: row.text("slug")?,
        state: AssetState::parse(&row.text("state")?)?,
        scan: Scan::parse(&row.text("scan")?)?,
        expires_at: row.int_or_null("expires_at")?,
        deleted_at: row.int_or_null("deleted_at")?,
        shut: folder.int_or_null("trashed_root")?.is_some(),
        purged: folder.int_or_null("purged_at")?.is_some(),
    }))
}
