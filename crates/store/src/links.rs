//! Links: keys that give one version of an asset to anybody, until a time, so many times.

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
};

/// A link, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// The key that its URL carries.
    pub key: String,
    /// Which dialect made it.
    pub realm: String,
    /// To which asset.
    pub asset_id: i64,
    /// To which version of it: a link keeps the version that it was made for.
    pub version_id: i64,
    /// To which rendition of that, if not to the bytes themselves.
    pub plan_key: Option<String>,
    /// Under which name the bytes are saved.
    pub file_name: String,
    /// Uses counted.
    pub use_count: i64,
    /// Uses allowed.
    pub use_limit: Option<i64>,
    /// Who made it.
    pub created_by: i64,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// The first moment at which it no longer works.
    pub expires_at: Option<i64>,
    /// When it was taken back.
    pub revoked_at: Option<i64>,
}

/// What a new link is made from.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// Whose.
    pub tenant_id: i64,
    /// See [`Link::key`].
    pub key: String,
    /// See [`Link::realm`].
    pub realm: String,
    /// See [`Link::asset_id`].
    pub asset_id: i64,
    /// See [`Link::version_id`].
    pub version_id: i64,
    /// See [`Link::plan_key`].
    pub plan_key: Option<String>,
    /// See [`Link::file_name`].
    pub file_name: String,
    /// See [`Link::use_limit`].
    pub use_limit: Option<i64>,
    /// Who makes it.
    pub created_by: i64,
    /// See [`Link::expires_at`].
    pub expires_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, link_key, realm, asset_id, version_id, plan_key, file_name, use_count, use_limit, created_by, \
         created_at, expires_at, revoked_at"
    };
}

const INSERT: &str = concat!(
    "insert into links (tenant_id, link_key, realm, asset_id, version_id, plan_key, file_name, use_limit, created_by, \
     created_at, expires_at) select $1, $2, $3, a.id, v.id, $6, $7, $8, $9, $10, $11 \
     from assets a join versions v on v.asset_id = a.id where a.tenant_id = $1 and a.id = $4 and v.id = $5 returning ",
    columns!()
);
const FIND: &str = concat!("select ", columns!(), " from links where link_key = $1");
const LIST: &str = concat!(
    "select ",
    columns!(),
    " from links where tenant_id = $1 and asset_id = $2 and id > $3 order by id limit $4"
);
const SPEND: &str = concat!(
    "update links set use_count = use_count + 1 where link_key = $1 and revoked_at is null \
     and (expires_at is null or expires_at > $2) and (use_limit is null or use_count < use_limit) returning ",
    columns!()
);
const REVOKE: &str = "update links set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null";

impl Catalog {
    /// Makes a link.
    ///
    /// # Errors
    /// `Missing` when the tenant has no such asset or the asset no such version; `Taken` when the key exists.
    pub async fn add_link(&self, link: &NewLink, stamp: &Stamp) -> Result<Link> {
        settle(|| self.try_add_link(link, stamp)).await
    }

    async fn try_add_link(&self, link: &NewLink, stamp: &Stamp) -> Result<Link> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(INSERT).bind(link.tenant_id).bind(&link.key).bind(&link.realm).bind(link.asset_id);
        let query = query.bind(link.version_id).bind(&link.plan_key).bind(&link.file_name).bind(link.use_limit);
        let query = query.bind(link.created_by).bind(stamp.now_ms).bind(link.expires_at);
        let row = query.fetch_optional(tx.conn()).await;
        let row = row.map_err(|error| Error::of_row(error, Noun::Link, Noun::User))?;
        let link = read(&row.ok_or(Error::Missing(Noun::Asset))?)?;
        audit::note(tx.conn(), link.tenant_id, stamp, Action::Create, (Noun::Link, link.id)).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// The link with this key, whatever its state.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn link(&self, key: &str) -> Result<Option<Link>> {
        sqlx::query(FIND).bind(key).fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// The links to an asset after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset_links(&self, tenant_id: i64, asset_id: i64, after: i64, limit: i64) -> Result<Vec<Link>> {
        let query = sqlx::query(LIST).bind(tenant_id).bind(asset_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Counts one use, if the link still allows one: test and count are one statement.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_link(&self, key: &str, now_ms: i64) -> Result<Option<Link>> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(SPEND).bind(key).bind(now_ms);
        let link = query.fetch_optional(tx.conn()).await?.as_ref().map(read).transpose()?;
        tx.commit().await?;
        Ok(link)
    }

    /// Takes a link back; false when there was none to take back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_link(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(REVOKE).bind(tenant_id).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
        if done.rows_affected() > 0 {
            audit::note(tx.conn(), tenant_id, stamp, Action::Revoke, (Noun::Link, id)).await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

fn read(row: &AnyRow) -> Result<Link> {
    Ok(Link {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        key: row.text("link_key")?,
        realm: row.text("realm")?,
        asset_id: row.int("asset_id")?,
        version_id: row.int("version_id")?,
        plan_key: row.text_or_null("plan_key")?,
        file_name: row.text("file_name")?,
        use_count: row.int("use_count")?,
        use_limit: row.int_or_null("use_limit")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        expires_at: row.int_or_null("expires_at")?,
        revoked_at: row.int_or_null("revoked_at")?,
    })
}
