//! Whose files are sealed, and the keys for that: one for each tenant, kept wrapped. What wraps them is never in the database.

mod conversion;
mod ring;

use sqlx::any::AnyRow;

pub(crate) use conversion::notice;
pub use conversion::{Exchange, Sealed, ToConvert};
pub use ring::{KeyRing, RingError};

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
};

/// A tenant's key, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its id, which stands in every file that is sealed with it.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// Whether a tenant's files are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// Whether what comes in is sealed.
    pub on: bool,
    /// When that was said, in milliseconds since 1970; 0: never.
    pub since: i64,
    /// The key that seals, if the tenant ever had one.
    pub key_id: Option<i64>,
}

const STATE: &str = "select t.sealed, t.sealed_at, (select max(k.id) from tenant_keys k where k.tenant_id = t.id) as key_id \
     from tenants t where t.id = $1";
const STATE_OF_BLOB: &str = "select t.sealed, t.sealed_at, (select max(k.id) from tenant_keys k where k.tenant_id = t.id) as key_id \
     from blobs b join tenants t on t.id = b.tenant_id where b.id = $1";
const ANY: &str = "select 1 as one from tenants where sealed = 1 and sealed_at > 0 limit 1";
const TURN: &str = "update tenants set sealed = $2, sealed_at = $3 where id = $1 and sealed <> $2";
const HAS_KEY: &str = "select 1 as one from tenant_keys where tenant_id = $1 limit 1";
const ADD_KEY: &str = "insert into tenant_keys (tenant_id, wrapped, created_at) values ($1, $2, $3) returning id";
const FILL_KEY: &str = "update tenant_keys set wrapped = $2 where id = $1";
const KEYS: &str = "select id, tenant_id, wrapped from tenant_keys where id > $1 order by id limit 1000";
const KEY: &str = "select id, tenant_id, wrapped from tenant_keys where id = $1";
const REWRAP: &str = "update tenant_keys set wrapped = $3 where id = $1 and wrapped = $2";

impl Catalog {
    /// Whether a tenant's files are sealed; `None` for no tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn encryption(&self, tenant_id: i64) -> Result<Option<Encryption>> {
        sqlx::query(STATE).bind(tenant_id).fetch_optional(self.read()).await?.as_ref().map(state).transpose()
    }

    /// Whether the files of the tenant whose a blob is are sealed; `None` for no blob.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn encryption_of_blob(&self, blob_id: i64) -> Result<Option<Encryption>> {
        sqlx::query(STATE_OF_BLOB).bind(blob_id).fetch_optional(self.read()).await?.as_ref().map(state).transpose()
    }

    /// Whether any tenant's files are sealed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_any_encrypted(&self) -> Result<bool> {
        Ok(sqlx::query(ANY).fetch_optional(self.read()).await?.is_some())
    }

    /// From now on a tenant's files are sealed, or are not any more; those that are there are converted by a job. `wrap` makes a key of
    /// the id that it is to have, and wraps it; it is asked where the tenant has none yet. False when it was so before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_encryption(
        &self,
        tenant_id: i64,
        on: bool,
        wrap: impl FnOnce(i64) -> Vec<u8>,
        stamp: &Stamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let turned =
            sqlx::query(TURN).bind(tenant_id).bind(i64::from(on)).bind(stamp.now_ms).execute(tx.conn()).await?;
        if turned.rows_affected() == 0 {
            return Ok(false);
        }
        if on && sqlx::query(HAS_KEY).bind(tenant_id).fetch_optional(tx.conn()).await?.is_none() {
            let query = sqlx::query(ADD_KEY).bind(tenant_id).bind(Vec::<u8>::new()).bind(stamp.now_ms);
            let id = query.fetch_one(tx.conn()).await?.int("id")?;
            sqlx::query(FILL_KEY).bind(id).bind(wrap(id)).execute(tx.conn()).await?;
        }
        conversion::begin(tx.conn(), tenant_id, stamp.now_ms).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Tenant, tenant_id)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Tenants' keys behind the id `after`, at most a thousand.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tenant_keys(&self, after: i64) -> Result<Vec<WrappedKey>> {
        sqlx::query(KEYS).bind(after).fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The key with this id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tenant_key(&self, id: i64) -> Result<Option<WrappedKey>> {
        sqlx::query(KEY).bind(id).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Keeps a key under another wrapping, if nobody else did meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rewrap_tenant_key(&self, key: &WrappedKey, wrapped: &[u8]) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(REWRAP).bind(key.id).bind(key.wrapped.clone()).bind(wrapped.to_vec());
        let done = query.execute(tx.conn()).await?.rows_affected() == 1;
        tx.commit().await?;
        Ok(done)
    }
}

fn state(row: &AnyRow) -> Result<Encryption> {
    Ok(Encryption { on: row.flag("sealed")?, since: row.int("sealed_at")?, key_id: row.int_or_null("key_id")? })
}

fn read(row: &AnyRow) -> Result<WrappedKey> {
    let wrapped = row.bytes("wrapped")?;
    if wrapped.is_empty() {
        return Err(Error::Corrupt("a tenant's key".to_owned()));
    }
    Ok(WrappedKey { id: row.int("id")?, tenant_id: row.int("tenant_id")?, wrapped })
}
