//! Records: what only one dialect knows (recipients, messages, comments, usage reports), as text that it reads itself.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    catalog::{Columns, SLOTS, slot_list, slots},
    folders,
};

/// A record, as kept. It goes when its parent, folder or asset goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// Which dialect's.
    pub realm: String,
    /// Which of the dialect's kinds.
    pub kind: String,
    /// The record that it belongs to.
    pub parent_id: Option<i64>,
    /// The folder that it is about.
    pub folder_id: Option<i64>,
    /// The asset that it is about.
    pub asset_id: Option<i64>,
    /// Opaque text.
    pub body: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When its body last changed.
    pub updated_at: i64,
}

/// What a new record is made from.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Whose.
    pub tenant_id: i64,
    /// See [`Record::realm`].
    pub realm: String,
    /// See [`Record::kind`].
    pub kind: String,
    /// See [`Record::parent_id`].
    pub parent_id: Option<i64>,
    /// See [`Record::folder_id`].
    pub folder_id: Option<i64>,
    /// See [`Record::asset_id`].
    pub asset_id: Option<i64>,
    /// See [`Record::body`].
    pub body: String,
}

macro_rules! columns {
    () => {
        "id, tenant_id, realm, kind, parent_id, folder_id, asset_id, body, created_at, updated_at"
    };
}

const INSERT: &str = concat!(
    "insert into records (tenant_id, realm, kind, parent_id, folder_id, asset_id, body, created_at, updated_at) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning ",
    columns!()
);
const ASSET: &str = "select id from assets where tenant_id = $1 and id = $2";
const FIND: &str = concat!("select ", columns!(), " from records where tenant_id = $1 and realm = $2 and id = $3");
const LIST: &str = concat!(
    "select ",
    columns!(),
    " from records where tenant_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const BY_ASSET: &str = concat!(
    "select ",
    columns!(),
    " from records where asset_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const COUNT_BY_ASSET: &str = concat!(
    "select a.id as asset_id, (select count(*) from records r where r.asset_id = a.id and r.realm || '/' || r.kind = $1) \
     as count from assets a where a.id in ",
    slot_list!()
);
const REPLACE: &str = "update records set body = $4, updated_at = $5 where tenant_id = $1 and realm = $2 and id = $3";
const DELETE: &str = "delete from records where tenant_id = $1 and realm = $2 and id = $3";

impl Catalog {
    /// Adds a record.
    ///
    /// # Errors
    /// `Missing` when the tenant has no such thing as it is about, or the dialect no such parent.
    pub async fn add_record(&self, record: &NewRecord, now_ms: i64) -> Result<Record> {
        let mut tx = self.begin().await?;
        let record = insert(tx.conn(), record, now_ms).await?;
        tx.commit().await?;
        Ok(record)
    }

    /// Adds the same record about each of several assets, in one transaction; gives those that were added, in that order. Assets that
    /// have `most` of them already, or are gone, get none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_asset_records(
        &self,
        record: &NewRecord,
        asset_ids: &[i64],
        most: u64,
        now_ms: i64,
    ) -> Result<Vec<Record>> {
        let counted = self.count_asset_records(asset_ids, &record.realm, &record.kind).await?;
        let is_full = |id: i64| counted.iter().any(|(asset_id, count)| *asset_id == id && *count >= most);
        let mut tx = self.begin().await?;
        let mut added = Vec::with_capacity(asset_ids.len());
        for asset_id in asset_ids.iter().copied().filter(|id| !is_full(*id)) {
            match insert(tx.conn(), &NewRecord { asset_id: Some(asset_id), ..record.clone() }, now_ms).await {
                Ok(record) => added.push(record),
                Err(Error::Missing(Noun::Asset)) => {}
                Err(error) => return Err(error),
            }
        }
        tx.commit().await?;
        Ok(added)
    }

    /// One record of a dialect.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn record(&self, tenant_id: i64, realm: &str, id: i64) -> Result<Option<Record>> {
        let query = sqlx::query(FIND).bind(tenant_id).bind(realm).bind(id);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// A dialect's records of one kind after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn records(
        &self,
        tenant_id: i64,
        realm: &str,
        kind: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        let query = sqlx::query(LIST).bind(tenant_id).bind(realm).bind(kind).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The records of one kind about an asset after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn asset_records(
        &self,
        asset_id: i64,
        realm: &str,
        kind: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        let query = sqlx::query(BY_ASSET).bind(asset_id).bind(realm).bind(kind).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// How many records of one kind there are about each of several assets; those without any are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_asset_records(&self, asset_ids: &[i64], realm: &str, kind: &str) -> Result<Vec<(i64, u64)>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let query = slots(sqlx::query(COUNT_BY_ASSET).bind(format!("{realm}/{kind}")), chunk);
            for row in &query.fetch_all(self.read()).await? {
                let count = row.count("count")?;
                if count > 0 {
                    found.push((row.int("asset_id")?, count));
                }
            }
        }
        Ok(found)
    }

    /// Replaces a record's body; false when there is no such record.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn replace_record(&self, tenant_id: i64, realm: &str, id: i64, body: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(REPLACE).bind(tenant_id).bind(realm).bind(id).bind(body).bind(now_ms);
        let done = query.execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Deletes a record and those that belong to it; false when there is no such record.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_record(&self, tenant_id: i64, realm: &str, id: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DELETE).bind(tenant_id).bind(realm).bind(id).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

async fn insert(conn: &mut AnyConnection, record: &NewRecord, now_ms: i64) -> Result<Record> {
    if let Some(folder_id) = record.folder_id {
        folders::find(&mut *conn, record.tenant_id, folder_id).await?;
    }
    if let Some(asset_id) = record.asset_id {
        let asset = sqlx::query(ASSET).bind(record.tenant_id).bind(asset_id).fetch_optional(&mut *conn).await?;
        asset.ok_or(Error::Missing(Noun::Asset))?;
    }
    if let Some(parent_id) = record.parent_id {
        let query = sqlx::query(FIND).bind(record.tenant_id).bind(&record.realm).bind(parent_id);
        query.fetch_optional(&mut *conn).await?.ok_or(Error::Missing(Noun::Record))?;
    }
    let query = sqlx::query(INSERT).bind(record.tenant_id).bind(&record.realm).bind(&record.kind);
    let query = query.bind(record.parent_id).bind(record.folder_id).bind(record.asset_id);
    // All that it points at was there a moment ago.
    let row = query.bind(&record.body).bind(now_ms).fetch_one(conn).await;
    read(&row.map_err(|error| Error::of_row(error, Noun::Record, Noun::Record))?)
}

fn read(row: &AnyRow) -> Result<Record> {
    Ok(Record {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        realm: row.text("realm")?,
        kind: row.text("kind")?,
        parent_id: row.int_or_null("parent_id")?,
        folder_id: row.int_or_null("folder_id")?,
        asset_id: row.int_or_null("asset_id")?,
        body: row.text("body")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
