//! Scans: what a scanner said of bytes, by their SHA-256 and for everybody who has them; the files in quarantine, and letting one out.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Refusal, Result,
    assets::{Asset, AssetState, Scan, bring_back, hold},
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
    jobs::{self, Work},
    names::Slug,
};

/// What a scanner said of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// [`Scan::Clean`], [`Scan::Infected`], or [`Scan::Unscanned`] where it could not look.
    pub scan: Scan,
    /// What it found.
    pub signature: Option<String>,
    /// Which scanner said so, and by which signatures; empty when that is not to count any more.
    pub engine: String,
    /// When, in milliseconds since 1970.
    pub scanned_at: i64,
}

/// A file that a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerned {
    /// Whose.
    pub tenant_id: i64,
    /// Which.
    pub asset_id: i64,
    /// Its version that has the bytes.
    pub version_id: i64,
}

/// A file in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file.
    pub asset: Asset,
    /// What was found in it, where that is known.
    pub verdict: Option<Verdict>,
}

const FIND: &str = "select verdict, signature, engine, scanned_at from verdicts where sha256 = $1";
/// The later look counts; and what was found once is not unfound by somebody who could not look.
const SET: &str = "insert into verdicts (sha256, verdict, signature, engine, scanned_at) values ($1, $2, $3, $4, $5) \
     on conflict (sha256) do update set verdict = $2, signature = $3, engine = $4, scanned_at = $5 \
     where verdicts.scanned_at <= $5 and (verdicts.verdict <> 'infected' or $2 <> 'unscanned')";
/// Those whose current bytes these are, but for what was let out with just these.
const WITH_BYTES: &str = "select a.tenant_id, a.id, v.id as version_id from blobs b cross join versions v cross join assets a \
     where b.sha256 = $1 and b.dead_at is null and v.blob_id = b.id and a.id = v.asset_id \
     and v.number = a.version_number and a.state = 'ready' and a.scan <> $2 \
     and (a.released_version is null or a.released_version <> v.id)";
const QUARANTINED: &str = "select a.id, d.verdict, d.signature, d.engine, d.scanned_at from assets a \
     left join versions v on v.asset_id = a.id and v.number = a.version_number left join blobs b on b.id = v.blob_id \
     left join verdicts d on d.sha256 = b.sha256 \
     where a.tenant_id = $1 and a.scan = 'infected' and a.id > $2 order by a.id limit $3";
/// Old versions too: links give them. And what nobody said anything of, or something else than of its bytes, such as a copy that was
/// made while those were scanned.
const TO_SCAN: &str = "select a.id, case when a.scan = 'queued' or exists (select 1 from versions v where v.asset_id = a.id \
     and coalesce((select d.engine from blobs b cross join verdicts d where b.id = v.blob_id and d.sha256 = b.sha256), '') <> $3) \
     or exists (select 1 from versions v where v.asset_id = a.id and v.number = a.version_number \
     and (a.released_version is null or a.released_version <> v.id) \
     and coalesce((select d.verdict from blobs b cross join verdicts d where b.id = v.blob_id and d.sha256 = b.sha256), a.scan) <> a.scan) \
     then 1 else 0 end as due from assets a where a.id > $1 and a.state = 'ready' order by a.id limit $2";
const NEWEST: &str = "select max(id) as id from assets";
const WAITING: &str =
    "select count(*) as waiting from (select id from jobs where kind = 'scan' and state = 'waiting' limit $1) w";
/// They count until there are others.
const FORGET_ENGINES: &str = "update verdicts set engine = '' where engine <> ''";
const RELEASE: &str = "update assets set scan = 'clean', quarantined = 0, released_version = (select id from versions v \
     where v.asset_id = assets.id and v.number = assets.version_number), updated_at = $2 where id = $1";

impl Catalog {
    /// What was said of these bytes.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn verdict(&self, sha256: &[u8; 32]) -> Result<Option<Verdict>> {
        let row = sqlx::query(FIND).bind(sha256.to_vec()).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Notes what is said of bytes; false where that does not count: somebody looked later, or found what this one could not look at.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_verdict(&self, sha256: &[u8; 32], verdict: &Verdict) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(SET).bind(sha256.to_vec()).bind(verdict.scan.as_str()).bind(verdict.signature.clone());
        let set = query.bind(verdict.engine.clone()).bind(verdict.scanned_at).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(set.rows_affected() > 0)
    }

    /// The files that have these bytes and of which something else is said than this.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn concerned(&self, sha256: &[u8; 32], scan: Scan) -> Result<Vec<Concerned>> {
        let rows = sqlx::query(WITH_BYTES).bind(sha256.to_vec()).bind(scan.as_str()).fetch_all(self.read()).await?;
        let concerned = |row: &AnyRow| {
            let (tenant_id, asset_id, version_id) = (row.int("tenant_id")?, row.int("id")?, row.int("version_id")?);
            Ok(Concerned { tenant_id, asset_id, version_id })
        };
        let mut all = rows.iter().map(concerned).collect::<Result<Vec<_>>>()?;
        all.sort_unstable_by_key(|concerned| concerned.asset_id);
        Ok(all)
    }

    /// The highest id that an asset has, whosever it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn newest_asset(&self) -> Result<i64> {
        Ok(sqlx::query(NEWEST).fetch_one(self.read()).await?.int_or_null("id")?.unwrap_or_default())
    }

    /// How many scans wait, as far as `most`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn waiting_scans(&self, most: i64) -> Result<i64> {
        sqlx::query(WAITING).bind(most).fetch_one(self.read()).await?.int("waiting")
    }

    /// Has no verdict count as one by the signatures of today.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_engines(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(FORGET_ENGINES).execute(tx.conn()).await?;
        tx.commit().await
    }

    /// A tenant's files in quarantine after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn quarantined(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<Quarantined>> {
        let rows = sqlx::query(QUARANTINED).bind(tenant_id).bind(after).bind(limit).fetch_all(self.read()).await?;
        let ids = rows.iter().map(|row| row.int("id")).collect::<Result<Vec<_>>>()?;
        let found = self.assets_by_id(tenant_id, &ids).await?;
        let mut assets: HashMap<i64, Asset> = found.into_iter().map(|asset| (asset.id, asset)).collect();
        let mut quarantined = Vec::with_capacity(ids.len());
        for row in &rows {
            // It may have ended meanwhile.
            let Some(asset) = assets.remove(&row.int("id")?) else { continue };
            let verdict = row.text_or_null("verdict")?.map(|_| read(row)).transpose()?;
            quarantined.push(Quarantined { asset, verdict });
        }
        Ok(quarantined)
    }

    /// Assets after the id `after` with whether any of their bytes were not looked at by this engine; whoever's they are, in the trash too.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn assets_to_scan(&self, engine: &str, after: i64, limit: i64) -> Result<Vec<(i64, bool)>> {
        let rows = sqlx::query(TO_SCAN).bind(after).bind(limit).bind(engine.to_owned()).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.int("id")?, row.flag("due")?))).collect()
    }

    /// Queues scans of these assets, and the next page of what is to be scanned.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn queue_scans(&self, asset_ids: &[i64], next: &Work, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        for asset_id in asset_ids {
            jobs::insert(tx.conn(), None, &Work::Scan { asset_id: *asset_id }, now_ms).await?;
        }
        jobs::insert(tx.conn(), None, next, now_ms).await?;
        tx.commit().await
    }

    /// Lets a file out of quarantine, and out of the trash if it is there for what was found in it. The verdict on these bytes is no news
    /// for it any more.
    ///
    /// # Errors
    /// `Missing` when it is not in quarantine; `Refused` when its folder is in the trash, or its time is over.
    pub async fn release_asset(&self, tenant_id: i64, id: i64, slug: &Slug, stamp: &Stamp) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let held = hold(tx.conn(), tenant_id, id).await?;
            let held =
                held.filter(|held| !held.purged && held.state == AssetState::Ready && held.scan == Scan::Infected);
            let held = held.ok_or(Error::Missing(Noun::Asset))?;
            if held.shut {
                return Err(Error::Refused(Refusal::ParentInTrash));
            }
            if held.expires_at.is_some_and(|at| at <= stamp.now_ms) {
                return Err(Error::Refused(Refusal::Expired));
            }
            // What its owner put there before stays there.
            if held.comes_back(stamp.now_ms) {
                bring_back(tx.conn(), (tenant_id, id), &held, slug, stamp.now_ms).await?;
            }
            sqlx::query(RELEASE).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
            audit::note(tx.conn(), tenant_id, stamp, Action::Release, (Noun::Asset, id)).await?;
            tx.commit().await
        })
        .await
    }
}

fn read(row: &AnyRow) -> Result<Verdict> {
    Ok(Verdict {
        scan: Scan::parse(&row.text("verdict")?)?,
        signature: row.text_or_null("signature")?,
        engine: row.text("engine")?,
        scanned_at: row.int("scanned_at")?,
    })
}
