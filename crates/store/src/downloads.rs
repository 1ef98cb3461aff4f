//! Counting downloads. A limit is spent by one conditional statement; whoever takes a counted download up again is not
//! counted twice, up to as many bytes as the file has.

use sqlx::AnyConnection;

use crate::{
    Catalog, Error, Noun, Result,
    catalog::{Columns, SLOTS, settle, slot_list, slots},
};

/// A counted download of a limited asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its id.
    pub id: i64,
    /// Of which asset.
    pub asset_id: i64,
    /// When, in milliseconds since 1970.
    pub made_at: i64,
    /// From where.
    pub address: Option<String>,
}

/// A body that is about to be sent of limited assets.
#[derive(Debug, Clone)]
pub struct Download<'a> {
    /// The limited assets in it, each once.
    pub assets: &'a [i64],
    /// Who takes it: the same text for the same caller.
    pub caller: &'a str,
    /// Where they are, if they came over a network.
    pub address: Option<&'a str>,
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
    /// Whether its free bytes come on top of those of an earlier one by the same caller, or in their place.
    pub adds_up: bool,
}

const RESUME: &str = "update downloads set free_bytes = free_bytes - $4 \
     where asset_id = $1 and caller = $2 and tag = $3 and free_bytes >= $4 and begun_at > $5 returning asset_id";
const SPEND: &str = "update assets set download_count = download_count + 1 where id = $1 and deleted_at is null \
     and (expires_at is null or expires_at > $2) and (download_limit is null or download_count < download_limit) \
     returning id";
const BEGIN: &str = "insert into downloads (asset_id, caller, tag, begun_at, free_bytes) values ($1, $2, $3, $4, $5) \
     on conflict (asset_id, caller, tag) do update set begun_at = $4, free_bytes = $5";
const BEGIN_MORE: &str = "insert into downloads (asset_id, caller, tag, begun_at, free_bytes) values ($1, $2, $3, $4, $5) \
     on conflict (asset_id, caller, tag) do update set begun_at = $4, free_bytes = downloads.free_bytes + $5";
const LOG: &str = "insert into download_log (asset_id, made_at, address) values ($1, $2, $3)";
const LOGGED: &str = concat!(
    "select id, asset_id, made_at, address from download_log where made_at >= $1 and asset_id in ",
    slot_list!()
);
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
            && self.resume_download(download, bytes).await?
        {
            return Ok(true);
        }
        let mut tx = self.begin().await?;
        if !spend(tx.conn(), download).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The counted downloads of limited assets, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn logged_downloads(&self, asset_ids: &[i64]) -> Result<Vec<Logged>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(LOGGED).bind(i64::MIN), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                let (id, asset_id) = (row.int("id")?, row.int("asset_id")?);
                let (made_at, address) = (row.int("made_at")?, row.text_or_null("address")?);
                found.push(Logged { id, asset_id, made_at, address });
            }
        }
        found.sort_unstable_by_key(|logged| logged.id);
        Ok(found)
    }

    /// Lets somebody take up a download that was counted for them in another way: as if they had begun it themselves.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_download(&self, download: &Download<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        let mut assets = download.assets.to_vec();
        assets.sort_unstable();
        for id in assets {
            begin(tx.conn(), id, download).await?;
        }
        tx.commit().await
    }

    /// Takes free bytes of a download that was counted; false when there is none with so many left.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resume_download(&self, download: &Download<'_>, bytes: u64) -> Result<bool> {
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

/// Counts one download of each asset; false when one of them allows no more, and then the caller takes all of it back. Whoever is
/// sent on to the bytes several times may take them as often.
pub(crate) async fn spend(conn: &mut AnyConnection, download: &Download<'_>) -> Result<bool> {
    let mut assets = download.assets.to_vec();
    assets.sort_unstable();
    for id in assets {
        let spent = sqlx::query(SPEND).bind(id).bind(download.now_ms).fetch_optional(&mut *conn).await?;
        if spent.is_none() {
            return Ok(false);
        }
        begin(&mut *conn, id, download).await?;
        sqlx::query(LOG).bind(id).bind(download.now_ms).bind(download.address).execute(&mut *conn).await?;
    }
    Ok(true)
}

async fn begin(conn: &mut AnyConnection, asset_id: i64, download: &Download<'_>) -> Result<()> {
    let begin = if download.adds_up { BEGIN_MORE } else { BEGIN };
    let query = sqlx::query(begin).bind(asset_id).bind(download.caller).bind(download.tag).bind(download.now_ms);
    // What goes out from behind the beginning is a part of what is free.
    let free = download.size.saturating_sub(download.resumed_bytes.unwrap_or(0));
    let begun = query.bind(i64::try_from(free).unwrap_or(i64::MAX)).execute(conn).await;
    begun.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Asset))?;
    Ok(())
}
