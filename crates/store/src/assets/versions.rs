//! The versions of an asset: each state that its bytes were in.

use super::{Version, select::read_version};
use crate::{Catalog, Result, catalog::Columns};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select v.asset_id, v.id as v_id, v.number as v_number, v.media_type, v.width, v.height, v.orientation, \
             v.animated, v.picture, v.created_at as v_created_at, b.id as b_id, b.blob_key, b.size, b.sha256, b.md5, b.crc32 \
             from versions v join blobs b on b.id = v.blob_id ",
            $rest
        )
    };
}

const BY_ASSET: &str = select!("where v.asset_id = $1 order by v.number limit $2");
const FIND: &str = select!("where v.id = $1");

impl Catalog {
    /// The versions of an asset, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn versions(&self, asset_id: i64, limit: i64) -> Result<Vec<Version>> {
        let rows = sqlx::query(BY_ASSET).bind(asset_id).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| read_version(row, row.int("v_id")?)).collect()
    }

    /// One version, whoever's it is, and of which asset: the library checks that.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn version(&self, id: i64) -> Result<Option<(i64, Version)>> {
        let row = sqlx::query(FIND).bind(id).fetch_optional(self.read()).await?;
        row.map(|row| Ok((row.int("asset_id")?, read_version(&row, id)?))).transpose()
    }
}
