//! What people say of an asset: title, description and keywords; and finding it by a part of them.

use std::cmp::Reverse;

use sqlx::AnyConnection;

use super::{Asset, AssetState, take};
use crate::{
    Catalog, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
    error::Noun,
    fields,
};

/// What is said of an asset, in place of all that was said before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// A title.
    pub title: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Keywords.
    pub tags: Vec<String>,
    /// All of it folded as names are, a line each; none where there is nothing.
    pub text_key: Option<String>,
}

/// So many assets are looked at, the newest first.
const MOST: i64 = 20_000;

const DESCRIBE: &str = "update assets set title = $2, description = $3, text_key = $4 where id = $1";
const UNTAG: &str = "delete from tags where asset_id = $1";
const DESCRIBED: &str = "select n.id from (select a.id, a.text_key from assets a where a.tenant_id = $1 and a.id < $2 \
     and a.text_key is not null and a.deleted_at is null and a.state = 'ready' order by a.id desc limit $5) n \
     where n.text_key like $3 escape '\\' order by n.id desc limit $4";

/// Gives an asset another title and description, and what it is found by.
pub(crate) async fn say(
    conn: &mut AnyConnection,
    id: i64,
    (title, description, text_key): (Option<&str>, Option<&str>, Option<&str>),
) -> Result<()> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let query = sqlx::query(DESCRIBE).bind(id).bind(text(title)).bind(text(description)).bind(text(text_key));
    query.execute(conn).await?;
    Ok(())
}

impl Catalog {
    /// Says something of an asset.
    ///
    /// # Errors
    /// `Missing` when it is not there or in the trash.
    pub async fn describe_asset(&self, tenant_id: i64, id: i64, said: &Description, stamp: &Stamp) -> Result<()> {
        let mut tx = self.begin().await?;
        take(tx.conn(), tenant_id, id, stamp.now_ms).await?;
        let words = (said.title.as_deref(), said.description.as_deref(), said.text_key.as_deref());
        say(tx.conn(), id, words).await?;
        sqlx::query(UNTAG).bind(id).execute(tx.conn()).await?;
        for tag in &said.tags {
            fields::tag(tx.conn(), id, tag).await?;
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, id)).await?;
        tx.commit().await
    }

    /// The living assets of whose title, description or keywords a folded term is a part, the newest first. Among those that anything is
    /// said of, the newest 20,000 are looked at.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn described_assets(&self, tenant_id: i64, term: &str, before: i64, limit: i64) -> Result<Vec<Asset>> {
        if term.contains('\0') {
            return Ok(Vec::new());
        }
        let pattern = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let query = sqlx::query(DESCRIBED).bind(tenant_id).bind(before).bind(format!("%{pattern}%"));
        let rows = query.bind(limit).bind(MOST).fetch_all(self.read()).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?;
        let mut found = self.assets_by_id(tenant_id, &ids).await?;
        found.retain(|asset| asset.state == AssetState::Ready && asset.lives());
        found.sort_unstable_by_key(|asset| Reverse(asset.id));
        Ok(found)
    }
}
