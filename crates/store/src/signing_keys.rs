//! Keys that URLs and sessions are signed with. All nodes share them; what signs and how is the library's business.

use crate::{Catalog, Result, catalog::Columns};

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id, which what it signs names.
    pub id: i64,
    /// Random bytes.
    pub secret: Vec<u8>,
}

/// The newest signs; every one that is there is believed.
const LIST: &str = "select id, secret from signing_keys order by id desc limit 1000";
const FIRST: &str = "insert into signing_keys (secret, created_at) select $1, $2 \
     where not exists (select 1 from signing_keys)";

impl Catalog {
    /// The keys, newest first. Where there is none yet, `first` becomes one: of nodes that start at once, each may add its
    /// own, and all of them hold.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn signing_keys(&self, first: &[u8], now_ms: i64) -> Result<Vec<SigningKey>> {
        let keys = self.list_signing_keys().await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        let mut tx = self.begin().await?;
        sqlx::query(FIRST).bind(first.to_vec()).bind(now_ms).execute(tx.conn()).await?;
        tx.commit().await?;
        self.list_signing_keys().await
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>> {
        let rows = sqlx::query(LIST).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok(SigningKey { id: row.int("id")?, secret: row.bytes("secret")? })).collect()
    }
}
