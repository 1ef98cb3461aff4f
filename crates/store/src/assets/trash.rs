//! An asset's way into the trash, out of it, and to its end; and what a scan does to it.

use sqlx::AnyConnection;

use super::{AssetState, DELETE_LINKS, DELETE_VERSIONS, Scan, blobs_of, bytes_of, take};
use crate::{
    Catalog, Error, Noun, Refusal, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    garbage,
    names::{self, Holder, Slug},
    paths::Seen,
    tallies::Counts,
};

const TRASH: &str = "update assets set deleted_at = $2, updated_at = $2, purge_at = $3 where id = $1";
/// Takes the row of an asset in any state.
const HOLD: &str = "update assets set name = name where tenant_id = $1 and id = $2 \
     returning folder_id, slug, state, scan, expires_at, deleted_at, quarantined";
const FOLDER: &str = "select trashed_root, purged_at from folders where id = $1";
const RESTORE: &str = "update assets set deleted_at = null, purge_at = null, slug = $2, updated_at = $3 where id = $1";
const SET_SCAN: &str = "update assets set scan = $2, quarantined = $3 where id = $1";
/// A statement of its own, once the asset's row is taken.
const IS_ABOUT: &str = "select a.id from assets a join versions v on v.asset_id = a.id and v.number = a.version_number \
     where a.id = $1 and v.id = $2 and (a.released_version is null or a.released_version <> v.id)";
const DELETE: &str = "delete from assets where id = $1";
const EXPIRED: &str = "select tenant_id, id, expires_at from assets where expires_at <= $1 and deleted_at is null \
     and state = 'ready' and ends_for_good = 0 \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.trashed_root is null) \
     order by expires_at limit $2";
const TO_PURGE: &str = "select tenant_id, id from assets where purge_at <= $1 and deleted_at is not null \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.purged_at is null) \
     order by purge_at limit $2";
/// What waits for its first bytes lies there too.
const OLD: &str = "select id from assets where tenant_id = $1 and deleted_at <= $2 and purge_at is null \
     and state in ('ready', 'placeholder') \
     and exists (select 1 from folders f where f.id = assets.folder_id and f.purged_at is null) \
     order by deleted_at, id limit $3";
/// What is promised to be gone is so in the trash too.
const ENDED: &str = "select tenant_id, id, expires_at from assets where expires_at <= $1 and state = 'ready' \
     and ends_for_good = 1 and exists (select 1 from folders f where f.id = assets.folder_id and f.purged_at is null) \
     order by expires_at limit $2";

/// An asset whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Whose.
    pub tenant_id: i64,
    /// Which.
    pub id: i64,
    /// Whether its bytes go for good and its row stays; else it goes in the trash.
    pub for_good: bool,
}

/// Of what a scan's outcome is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Premise {
    /// Of the asset, whatever it is by now.
    None,
    /// Of one that nobody has said anything of.
    Queued,
    /// Of these bytes, if they are the current ones and were not let out of quarantine.
    Version(i64),
}

/// An asset whose row this transaction holds, in whatever state.
pub(crate) struct Held {
    pub(crate) folder_id: i64,
    pub(crate) slug: String,
    pub(crate) state: AssetState,
    pub(crate) scan: Scan,
    pub(crate) expires_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
    /// A scan put it in the trash, and nobody else.
    pub(crate) quarantined: bool,
    /// Its folder is in the trash.
    pub(crate) shut: bool,
    /// Its folder is purged: nobody sees it.
    pub(crate) purged: bool,
}

impl Held {
    /// Whether it leaves the trash when what was found in it does not count any more.
    pub(crate) fn comes_back(&self, now_ms: i64) -> bool {
        self.quarantined && self.deleted_at.is_some() && !self.shut && self.expires_at.is_none_or(|at| at > now_ms)
    }

    /// The slug that it had, or the next number of it.
    fn slug_again(&self) -> Slug {
        let (stem, extension) = match self.slug.rfind('.').filter(|at| *at > 0) {
            Some(at) => self.slug.split_at(at),
            None => (self.slug.as_str(), ""),
        };
        Slug { stem: stem.to_owned(), extension: extension.to_owned(), exact: false }
    }
}

impl Catalog {
    /// Puts an asset in the trash. Its slug becomes free.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash already.
    pub async fn trash_asset(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<()> {
        self.trash_asset_at(tenant_id, id, (None, None), stamp).await
    }

    /// The same, if it has to be somewhere in particular, and until when it lies there, if not for as long as all the rest.
    ///
    /// # Errors
    /// `Missing` when it is not there, or in the trash already.
    pub async fn trash_asset_at(
        &self,
        tenant_id: i64,
        id: i64,
        (seen, purge_at): (Option<&Seen>, Option<i64>),
        stamp: &Stamp,
    ) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let taken = take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
            Seen::expect(seen, (taken.folder_id, &taken.slug), Noun::Asset)?;
            let place = taken.ready.then_some((taken.folder_id, taken.slug.as_str()));
            trash(tx.conn(), (tenant_id, id), place, purge_at, stamp).await?;
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
        let held = hold(tx.conn(), tenant_id, id)
            .await?
            .filter(|held| !held.purged && matches!(held.state, AssetState::Ready | AssetState::Placeholder));
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
        bring_back(tx.conn(), (tenant_id, id), &held, slug, stamp.now_ms).await?;
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

    /// Sets what a scan found. What is infected goes in the trash at once, by itself, and comes back when it is no more.
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub async fn set_scan(&self, tenant_id: i64, id: i64, scan: Scan, stamp: &Stamp) -> Result<()> {
        self.set_scan_if(tenant_id, id, (scan, Premise::None), stamp).await?;
        Ok(())
    }

    /// The same, if it still says something of the asset; false if not.
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub async fn set_scan_if(
        &self,
        tenant_id: i64,
        id: i64,
        (scan, premise): (Scan, Premise),
        stamp: &Stamp,
    ) -> Result<bool> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let held = hold(tx.conn(), tenant_id, id).await?.filter(|held| !held.purged);
            let held = held.ok_or(Error::Missing(Noun::Asset))?;
            let holds = match premise {
                Premise::None => true,
                Premise::Queued => held.scan == Scan::Queued,
                Premise::Version(version_id) => {
                    let about = sqlx::query(IS_ABOUT).bind(id).bind(version_id).fetch_optional(tx.conn()).await?;
                    held.scan != scan && about.is_some()
                }
            };
            if !holds {
                return Ok(false);
            }
            // By itself also when its folder is there already: else it would come back with that one.
            let goes = scan == Scan::Infected && held.deleted_at.is_none() && held.state == AssetState::Ready;
            let quarantined = i64::from(goes || (scan == Scan::Infected && held.quarantined));
            sqlx::query(SET_SCAN).bind(id).bind(scan.as_str()).bind(quarantined).execute(tx.conn()).await?;
            if goes {
                let place = Some((held.folder_id, held.slug.as_str()));
                trash(tx.conn(), (tenant_id, id), place, None, stamp).await?;
            } else if scan != Scan::Infected && held.comes_back(stamp.now_ms) {
                // What was found is no longer one: whoever has it never put it there.
                bring_back(tx.conn(), (tenant_id, id), &held, &held.slug_again(), stamp.now_ms).await?;
            }
            audit::note(tx.conn(), tenant_id, stamp, Action::Scan, (Noun::Asset, id)).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Assets in the trash whose own end came, by `now_ms`: whose, and which.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn assets_to_purge(&self, now_ms: i64, limit: i64) -> Result<Vec<(i64, i64)>> {
        let rows = sqlx::query(TO_PURGE).bind(now_ms).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.int("tenant_id")?, row.int("id")?))).collect()
    }

    /// The assets of a tenant that were put in the trash at `until_ms` or before and have no end of their own there, longest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn old_trash(&self, tenant_id: i64, until_ms: i64, limit: i64) -> Result<Vec<i64>> {
        let rows = sqlx::query(OLD).bind(tenant_id).bind(until_ms).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.int("id")).collect()
    }

    /// Assets whose time was over at `now_ms`, longest first: those that live, and those in the trash whose bytes go for good.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expired_assets(&self, now_ms: i64, limit: i64) -> Result<Vec<Expired>> {
        let mut found = Vec::new();
        for (statement, for_good) in [(EXPIRED, false), (ENDED, true)] {
            for row in sqlx::query(statement).bind(now_ms).bind(limit).fetch_all(self.read()).await? {
                let expired = Expired { tenant_id: row.int("tenant_id")?, id: row.int("id")?, for_good };
                found.push((row.int("expires_at")?, expired));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found.into_iter().map(|(_, expired)| expired).collect())
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

/// Puts an asset in the trash whose row this transaction holds: a file with where it lies and what holds its place there.
async fn trash(
    conn: &mut AnyConnection,
    (tenant_id, id): (i64, i64),
    place: Option<(i64, &str)>,
    purge_at: Option<i64>,
    stamp: &Stamp,
) -> Result<()> {
    if let Some((folder_id, slug)) = place {
        names::release(conn, folder_id, slug).await?;
    }
    sqlx::query(TRASH).bind(id).bind(stamp.now_ms).bind(purge_at).execute(&mut *conn).await?;
    if let Some((folder_id, _)) = place {
        let mut counts = Counts::default();
        counts.remove(tenant_id, folder_id, id, bytes_of(conn, id).await?);
        counts.store(conn).await?;
    }
    audit::note(conn, tenant_id, stamp, Action::Trash, (Noun::Asset, id)).await
}

/// Takes an asset out of the trash whose row this transaction holds, under a slug that is free where it has bytes.
pub(crate) async fn bring_back(
    conn: &mut AnyConnection,
    (tenant_id, id): (i64, i64),
    held: &Held,
    slug: &Slug,
    now_ms: i64,
) -> Result<()> {
    let has_bytes = held.state == AssetState::Ready;
    let slug = match has_bytes {
        true => names::claim(conn, held.folder_id, slug, Holder::Asset(id)).await?,
        false => String::new(),
    };
    sqlx::query(RESTORE).bind(id).bind(&slug).bind(now_ms).execute(&mut *conn).await?;
    if has_bytes {
        let mut counts = Counts::default();
        counts.add(tenant_id, held.folder_id, id, bytes_of(conn, id).await?);
        counts.store(conn).await?;
    }
    Ok(())
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
    let (blobs, kept_bytes) = blobs_of(conn, id).await?;
    counts.keep(tenant_id, -i64::from(held.state == AssetState::Ready), -kept_bytes);
    let counted = held.deleted_at.is_none() && held.state == AssetState::Ready;
    if counted {
        counts.remove(tenant_id, held.folder_id, id, bytes_of(conn, id).await?);
    } else if held.deleted_at.is_none() && held.state != AssetState::Placeholder {
        counts.remove_bare(tenant_id, held.folder_id, id);
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
pub(crate) async fn hold(conn: &mut AnyConnection, tenant_id: i64, id: i64) -> Result<Option<Held>> {
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
        quarantined: row.flag("quarantined")?,
        shut: folder.int_or_null("trashed_root")?.is_some(),
        purged: folder.int_or_null("purged_at")?.is_some(),
    }))
}
