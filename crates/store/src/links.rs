//! Links: keys that give one version of an asset to anybody, until a time, so many times.

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    assets::words,
    audit::{self, Action, Stamp},
    catalog::{Columns, SLOTS, Tx, settle, slot_list, slots},
    downloads::{self, Download},
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
    /// What has to be known beside the key, hashed.
    pub password_hash: Option<String>,
    /// Whether what pictures and films tell of their makers stays out; none: as the tenant has it.
    pub private: Option<bool>,
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
    /// See [`Link::password_hash`].
    pub password_hash: Option<String>,
    /// See [`Link::private`].
    pub private: Option<bool>,
}

/// What somebody who came by a link got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitOutcome {
    /// What it gives: counted.
    Followed,
    /// A look at whether it works: not counted.
    Looked,
    /// Nothing: it is over, or they did not know the password.
    Refused,
}
words!(VisitOutcome, "outcome of a visit", Followed = "followed", Looked = "looked", Refused = "refused");

/// Somebody who comes by a link.
#[derive(Debug, Clone)]
pub struct NewVisit {
    /// From where.
    pub address: Option<String>,
    /// With what, as they say.
    pub user_agent: Option<String>,
    /// When, in milliseconds since 1970.
    pub made_at: i64,
}

/// Somebody who came by a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its id.
    pub id: i64,
    /// By which link.
    pub link_id: i64,
    /// When, in milliseconds since 1970.
    pub made_at: i64,
    /// From where.
    pub address: Option<String>,
    /// With what, as they said.
    pub user_agent: Option<String>,
    /// What they got.
    pub outcome: VisitOutcome,
}

macro_rules! columns {
    () => {
        "id, tenant_id, link_key, realm, asset_id, version_id, plan_key, file_name, use_count, use_limit, created_by, \
         created_at, expires_at, revoked_at, password_hash, private"
    };
}

const INSERT: &str = concat!(
    "insert into links (tenant_id, link_key, realm, asset_id, version_id, plan_key, file_name, use_limit, created_by, \
     created_at, expires_at, password_hash, private) select $1, $2, $3, a.id, v.id, $6, $7, $8, $9, $10, $11, $12, $13 \
     from assets a join versions v on v.asset_id = a.id where a.tenant_id = $1 and a.id = $4 and v.id = $5 returning ",
    columns!()
);
const FIND: &str = concat!("select ", columns!(), " from links where link_key = $1");
const LIST: &str = concat!(
    "select ",
    columns!(),
    " from links where tenant_id = $1 and asset_id = $2 and id > $3 order by id limit $4"
);
const BY_TENANT: &str =
    concat!("select ", columns!(), " from links where tenant_id = $1 and id > $2 order by id limit $3");
const BY_IDS: &str = concat!("select ", columns!(), " from links where tenant_id = $1 and id in ", slot_list!());
/// What it gives has to be there: asked in the statement that counts, so that a deletion is not passed by.
const SPEND: &str = concat!(
    "update links set use_count = use_count + 1 where link_key = $1 and revoked_at is null \
     and (expires_at is null or expires_at > $2) and (use_limit is null or use_count < use_limit) \
     and exists (select 1 from assets a join folders f on f.id = a.folder_id where a.id = links.asset_id \
     and a.state = 'ready' and a.scan <> 'infected' and a.deleted_at is null and f.trashed_root is null \
     and (a.expires_at is null or a.expires_at > $2)) returning ",
    columns!()
);
const VISIT: &str =
    "insert into link_visits (link_id, made_at, address, user_agent, outcome) values ($1, $2, $3, $4, $5)";
const VISITS: &str = "select id, link_id, made_at, address, user_agent, outcome from link_visits \
     where link_id = $1 and id > $2 order by id limit $3";
const FORGET_VISITS: &str = "delete from link_visits where made_at < $1";
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
        let query = query.bind(link.created_by).bind(stamp.now_ms).bind(link.expires_at).bind(&link.password_hash);
        let query = query.bind(link.private.map(i64::from));
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

    /// A tenant's links after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn links(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<Link>> {
        let query = sqlx::query(BY_TENANT).bind(tenant_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Those of a tenant's links that have these ids, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn links_by_id(&self, tenant_id: i64, ids: &[i64]) -> Result<Vec<Link>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(BY_IDS).bind(tenant_id), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push(read(row)?);
            }
        }
        found.sort_unstable_by_key(|link| link.id);
        found.dedup_by_key(|link| link.id);
        Ok(found)
    }

    /// Counts one use, if the link still allows one and what it gives is there: test and count are one statement. Where `download`
    /// says so, one download of a limited asset is counted with it, both or neither. Notes the visit.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_link(
        &self,
        key: &str,
        download: Option<&Download<'_>>,
        visit: &NewVisit,
    ) -> Result<Option<Link>> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let query = sqlx::query(SPEND).bind(key).bind(visit.made_at);
            let link = query.fetch_optional(tx.conn()).await?.as_ref().map(read).transpose()?;
            let Some(link) = link else { return Ok(None) };
            if let Some(download) = download
                && !downloads::spend(tx.conn(), download).await?
            {
                return Ok(None);
            }
            note_visit(&mut tx, link.id, visit, VisitOutcome::Followed).await?;
            let stamp = Stamp { now_ms: visit.made_at, address: visit.address.clone(), ..Stamp::default() };
            audit::note(tx.conn(), link.tenant_id, &stamp, Action::Read, (Noun::Link, link.id)).await?;
            tx.commit().await?;
            Ok(Some(link))
        })
        .await
    }

    /// Notes somebody who came by a link and got nothing that counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_visit(&self, link_id: i64, visit: &NewVisit, outcome: VisitOutcome) -> Result<()> {
        let mut tx = self.begin().await?;
        note_visit(&mut tx, link_id, visit, outcome).await?;
        tx.commit().await
    }

    /// Who came by a link after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn visits(&self, link_id: i64, after: i64, limit: i64) -> Result<Vec<Visit>> {
        let rows = sqlx::query(VISITS).bind(link_id).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read_visit).collect()
    }

    /// Forgets who came by links before `before_ms`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_visits(&self, before_ms: i64) -> Result<u64> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(FORGET_VISITS).bind(before_ms).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
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

async fn note_visit(tx: &mut Tx, link_id: i64, visit: &NewVisit, outcome: VisitOutcome) -> Result<()> {
    let query = sqlx::query(VISIT).bind(link_id).bind(visit.made_at).bind(visit.address.clone());
    let query = query.bind(visit.user_agent.clone()).bind(outcome.as_str());
    let done = query.execute(tx.conn()).await;
    done.map_err(|error| Error::of_row(error, Noun::Link, Noun::Link))?;
    Ok(())
}

fn read_visit(row: &AnyRow) -> Result<Visit> {
    Ok(Visit {
        id: row.int("id")?,
        link_id: row.int("link_id")?,
        made_at: row.int("made_at")?,
        address: row.text_or_null("address")?,
        user_agent: row.text_or_null("user_agent")?,
        outcome: VisitOutcome::parse(&row.text("outcome")?)?,
    })
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
        password_hash: row.text_or_null("password_hash")?,
        private: row.int_or_null("private")?.map(|flag| flag != 0),
    })
}
