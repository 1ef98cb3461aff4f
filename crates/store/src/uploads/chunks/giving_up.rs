//! Uploads in chunks that come to nothing: their asset goes with them, and the caller removes what had come.

use sqlx::AnyConnection;

use super::{super::PARTS, key_of};
use crate::{
    Catalog, Error, Noun, Result,
    assets::{AssetState, hold as hold_asset},
    audit::{self, Action, Stamp},
    blobs::BlobKey,
    catalog::{Columns, settle},
    tallies::Counts,
};

const TAKE: &str = "update uploads set state = state where asset_id = $1 and tenant_id = $2 and state = 'open' \
     returning id, grown_key";
const TAKE_OLD: &str =
    "update uploads set state = state where id = $1 and expires_at <= $2 returning state, asset_id, grown_key";
const DELETE: &str = "delete from uploads where id = $1";
const DELETE_ASSET: &str = "delete from assets where id = $1 and state = 'uploading'";

impl Catalog {
    /// Gives an asset up that is on its way in chunks. Returns the keys of the bytes that came, which nobody finds any more.
    ///
    /// # Errors
    /// `Missing` when it is not on its way.
    pub async fn abandon_chunked(&self, tenant_id: i64, asset_id: i64, stamp: &Stamp) -> Result<Vec<BlobKey>> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let row = sqlx::query(TAKE).bind(asset_id).bind(tenant_id).fetch_optional(tx.conn()).await?;
            let row = row.ok_or(Error::Missing(Noun::Asset))?;
            let keys =
                give_up(tx.conn(), (row.int("id")?, row.text_or_null("grown_key")?), (tenant_id, asset_id)).await?;
            audit::note(tx.conn(), tenant_id, stamp, Action::Purge, (Noun::Asset, asset_id)).await?;
            tx.commit().await?;
            Ok(keys)
        })
        .await
    }

    /// Forgets an upload whose time is over, with the asset where that got no bytes. Returns the keys of what had come.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_chunked(&self, tenant_id: i64, upload_id: i64, now_ms: i64) -> Result<Vec<BlobKey>> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let row = sqlx::query(TAKE_OLD).bind(upload_id).bind(now_ms).fetch_optional(tx.conn()).await?;
            let Some(row) = row else { return Ok(Vec::new()) };
            let keys = match row.int_or_null("asset_id")? {
                Some(asset_id) if row.text("state")? == "open" => {
                    let (stamp, about) = (Stamp::system(now_ms), (Noun::Asset, asset_id));
                    audit::note(tx.conn(), tenant_id, &stamp, Action::Purge, about).await?;
                    let grown_key = row.text_or_null("grown_key")?;
                    give_up(tx.conn(), (upload_id, grown_key), (tenant_id, asset_id)).await?
                }
                _ => {
                    sqlx::query(DELETE).bind(upload_id).execute(tx.conn()).await?;
                    Vec::new()
                }
            };
            tx.commit().await?;
            Ok(keys)
        })
        .await
    }
}

/// Removes an open upload and its asset, both of which this transaction holds.
pub(crate) async fn give_up(
    conn: &mut AnyConnection,
    (upload_id, grown_key): (i64, Option<String>),
    (tenant_id, asset_id): (i64, i64),
) -> Result<Vec<BlobKey>> {
    let rows = sqlx::query(PARTS).bind(upload_id).bind(0_i64).fetch_all(&mut *conn).await?;
    let texts = rows.iter().map(|row| row.text("blob_key")).chain(grown_key.map(Ok)).collect::<Result<Vec<_>>>()?;
    let held = hold_asset(conn, tenant_id, asset_id).await?;
    sqlx::query(DELETE).bind(upload_id).execute(&mut *conn).await?;
    if let Some(held) = held.filter(|held| held.state == AssetState::Uploading) {
        let mut counts = Counts::default();
        if held.deleted_at.is_none() {
            counts.remove_bare(tenant_id, held.folder_id, asset_id);
        }
        sqlx::query(DELETE_ASSET).bind(asset_id).execute(&mut *conn).await?;
        counts.store(conn).await?;
    }
    texts.iter().filter(|text| !text.is_empty()).map(|text| key_of(text)).collect()
}
