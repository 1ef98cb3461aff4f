//! Keys that URLs and sessions are signed with. All nodes share them; what signs and how is the library's business.

use crate::{Catalog, Result, catalog::Columns};

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id, which what it signs names.
    pub id: i64,
    /// Random bytes.
    pub secret: Vec<u8>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// Since when nothing is believed any more that it has signed.
    pub retired_at: Option<i64>,
}

const LIST: &str = "select id, secret, created_at, retired_at from signing_keys order by id desc limit 1000";
const ADD: &str = "insert into signing_keys (secret, created_at) values ($1, $2) returning id";
const RETIRE: &str = "update signing_keys set retired_at = $2 where id = $1 and retired_at is null";
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

    /// Adds one; its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_signing_key(&self, secret: &[u8], now_ms: i64) -> Result<i64> {
        let mut tx = self.begin().await?;
        let id = sqlx::query(ADD).bind(secret.to_vec()).bind(now_ms).fetch_one(tx.conn()).await?.int("id")?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives one up; false when there is none, or it was given up before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn retire_signing_key(&self, id: i64, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let retired = sqlx::query(RETIRE).bind(id).bind(now_ms).execute(tx.conn()).await?.rows_affected() > 0;
        tx.commit().await?;
        Ok(retired)
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>> {
        let rows = sqlx::query(LIST).fetch_all(self.read()).await?;
        rows.iter()
            .map(|row| {
                Ok(SigningKey {
                    id: row.int("id")?,
                    secret: row.bytes("secret")?,
                    created_at: row.int("created_at")?,
                    retired_at: row.int_or_null("retired_at")?,
                })
            })
            .collect()
    }
}
