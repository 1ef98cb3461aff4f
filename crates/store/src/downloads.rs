//! Counting downloads. A limit is spent by one conditional statement; whoever takes a counted download up again is not
//! counted twice, up to as many bytes as the file has.

use crate::{Catalog, Error, Noun, Result, catalog::settle};

/// A body that is about to be sent of limited assets.
#[derive(Debug, Clone)]
pub struct Download<'a> {
    /// The limited assets in it, each once.
    pub assets: &'a [i64],
    /// Who takes it: the same text for the same caller.
    pub caller: &'a str,
    /// Which bytes they are: the same text for the same bytes.
    pub tag: &'a str,
    /// How many bytes the whole body has.
    pub size: u64,
    /// How many of them are sent now, if that goes on behind the beginning and so may belong to an earlier download.
    pub resumed_bytes: Option<u64>,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
    /// Downloads that began at this time or before can not be taken up again.
    pub begun_after_ms: i64,
}

const RESUME: &str = "update downloads set free_bytes = free_bytes - $4 \
     where asset_id = $1 and caller = $2 and tag = $3 and free_bytes >= $4 and begun_at > $5 returning asset_id";
const SPEND: &str = "update assets set download_count = download_count + 1 where id = $1 and deleted_at is null \
     and (expires_at is null or expires_at > $2) and (download_limit is null or download_count < download_limit) \
     returning id";
const BEGIN: &str = "insert into downloads (asset_id, caller, tag, begun_at, free_bytes) values ($1, $2, $3, $4, $5) \
     on conflict (asset_id, caller, tag) do update set begun_at = $4, free_bytes = $5";
const COUNT: &str = "update assets set download_count = download_count + $2 where id = $1";
const FORGET: &str = "delete from downloads where begun_at <= $1";

impl Catalog {
    /// Counts one download of each asset, all or none, unless it continues one that was counted. False when one of them
    /// allows no more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_download(&self, download: &Download<'_>) -> Result<bool> {
        settle(|| self.try_spend(download)).await
    }

    async fn try_spend(&self, download: &Download<'_>) -> Result<bool> {
        if let Some(bytes) = download.resumed_bytes
            && self.resume(download, bytes).await?
        {
            return Ok(true);
        }
        let mut assets = download.assets.to_vec();
        assets.sort_unstable();
        let mut tx = self.begin().await?;
        for id in assets {
            let spent = sqlx::query(SPEND).bind(id).bind(download.now_ms).fetch_optional(tx.conn()).await?;
            if spent.is_none() {
                return Ok(false);
            }
            let query = sqlx::query(BEGIN).bind(id).bind(download.caller).bind(download.tag).bind(download.now_ms);
            let size = i64::try_from(download.size).unwrap_or(i64::MAX);
            let begun = query.bind(size).execute(tx.conn()).await;
            begun.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Asset))?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Takes free bytes of a download that was counted; false when there is none with so many left.
    async fn resume(&self, download: &Download<'_>, bytes: u64) -> Result<bool> {
        let mut assets = download.assets.to_vec();
        assets.sort_unstable();
        let mut tx = self.begin().await?;
        for id in assets {
            let query = sqlx::query(RESUME).bind(id).bind(download.caller).bind(download.tag);
            let query = query.bind(i64::try_from(bytes).unwrap_or(i64::MAX)).bind(download.begun_after_ms);
            if query.fetch_optional(tx.conn()).await?.is_none() {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds downloads of assets without a limit, counted elsewhere meanwhile: asset id and how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_downloads(&self, downloads: &[(i64, i64)]) -> Result<()> {
        settle(|| async {
            let mut sorted = downloads.to_vec();
            sorted.sort_unstable();
            let mut tx = self.begin().await?;
            for (id, count) in sorted {
                sqlx::query(COUNT).bind(id).bind(count).execute(tx.conn()).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Forgets downloads that began at `until_ms` or before: they can not be taken up again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_downloads(&self, until_ms: i64) -> Result<u64> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let done = sqlx::query(FORGET).bind(until_ms).execute(tx.conn()).await?;
            tx.commit().await?;
            Ok(done.rows_affected())
        })
        .await
    }
}
