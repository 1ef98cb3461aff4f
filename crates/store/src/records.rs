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
    /// The key by which it is found without knowing whose it is.
    pub lookup: Option<String>,
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
    /// See [`Record::lookup`].
    pub lookup: Option<String>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, realm, kind, parent_id, folder_id, asset_id, body, lookup, created_at, updated_at"
    };
}

const INSERT: &str = concat!(
    "insert into records (tenant_id, realm, kind, parent_id, folder_id, asset_id, body, created_at, updated_at, lookup) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) returning ",
    columns!()
);
const ASSET: &str = "select id from assets where tenant_id = $1 and id = $2";
const FIND: &str = concat!("select ", columns!(), " from records where tenant_id = $1 and realm = $2 and id = $3");
const LIST: &str = concat!(
    "select ",
    columns!(),
    " from records where tenant_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const OF_ASSETS: &str =
    concat!("select ", columns!(), " from records where realm || '/' || kind = $1 and asset_id in ", slot_list!());
const OF_FOLDERS: &str =
    concat!("select ", columns!(), " from records where realm || '/' || kind = $1 and folder_id in ", slot_list!());
const BY_ASSET: &str = concat!(
    "select ",
    columns!(),
    " from records where asset_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const BY_FOLDER: &str = concat!(
    "select ",
    columns!(),
    " from records where folder_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const BY_PARENT: &str = concat!(
    "select ",
    columns!(),
    " from records where parent_id = $1 and realm = $2 and kind = $3 and id > $4 order by id limit $5"
);
const LATEST_IN_FOLDER: &str = concat!(
    "select ",
    columns!(),
    " from records where folder_id = $1 and realm = $2 and kind = $3 order by id desc limit 1"
);
const PAGE: &str = concat!(
    "select ",
    columns!(),
    " from records where tenant_id = $1 and realm = $2 and kind = $3 order by id desc limit $4 offset $5"
);
const COUNT: &str = "select count(*) as records from records where tenant_id = $1 and realm = $2 and kind = $3";
const COUNT_IN_FOLDER: &str = "select count(*) as records from (select 1 as one from records \
     where folder_id = $1 and realm = $2 limit $3) r";
const BY_LOOKUP: &str = concat!("select ", columns!(), " from records where lookup = $1 and realm = $2");
const EXCHANGE: &str = "update records set body = $5, updated_at = $6 \
     where tenant_id = $1 and realm = $2 and id = $3 and body = $4";
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

    /// The records of one kind about several assets, in the order in which they came.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn records_of_assets(&self, ids: &[i64], realm: &str, kind: &str) -> Result<Vec<Record>> {
        self.records_of(OF_ASSETS, ids, (realm, kind)).await
    }

    /// The records of one kind about several folders, in the order in which they came.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn records_of_folders(&self, ids: &[i64], realm: &str, kind: &str) -> Result<Vec<Record>> {
        self.records_of(OF_FOLDERS, ids, (realm, kind)).await
    }

    async fn records_of(
        &self,
        statement: &'static str,
        ids: &[i64],
        (realm, kind): (&str, &str),
    ) -> Result<Vec<Record>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(SLOTS) {
            let rows =
                slots(sqlx::query(statement).bind(format!("{realm}/{kind}")), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push(read(row)?);
            }
        }
        found.sort_unstable_by_key(|record| record.id);
        Ok(found)
    }

    /// The records of one kind about a folder after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_records(
        &self,
        folder_id: i64,
        realm: &str,
        kind: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        let query = sqlx::query(BY_FOLDER).bind(folder_id).bind(realm).bind(kind).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The records of one kind that belong to another after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn child_records(
        &self,
        parent_id: i64,
        realm: &str,
        kind: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        let query = sqlx::query(BY_PARENT).bind(parent_id).bind(realm).bind(kind).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The record of one kind about a folder that came last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn latest_folder_record(&self, folder_id: i64, realm: &str, kind: &str) -> Result<Option<Record>> {
        let query = sqlx::query(LATEST_IN_FOLDER).bind(folder_id).bind(realm).bind(kind);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// A dialect's records of one kind, newest first, after the first `skip`; and how many there are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn records_page(
        &self,
        tenant_id: i64,
        (realm, kind): (&str, &str),
        (skip, limit): (i64, i64),
    ) -> Result<(u64, Vec<Record>)> {
        let query = sqlx::query(COUNT).bind(tenant_id).bind(realm).bind(kind);
        let count = query.fetch_one(self.read()).await?.count("records")?;
        let query = sqlx::query(PAGE).bind(tenant_id).bind(realm).bind(kind).bind(limit).bind(skip);
        let page = query.fetch_all(self.read()).await?.iter().map(read).collect::<Result<_>>()?;
        Ok((count, page))
    }

    /// How many records of a dialect are about a folder, `most` at most.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_folder_records(&self, folder_id: i64, realm: &str, most: i64) -> Result<u64> {
        let query = sqlx::query(COUNT_IN_FOLDER).bind(folder_id).bind(realm).bind(most);
        query.fetch_one(self.read()).await?.count("records")
    }

    /// The record of a dialect that has this key, whoever's it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn record_by_lookup(&self, realm: &str, lookup: &str) -> Result<Option<Record>> {
        let query = sqlx::query(BY_LOOKUP).bind(lookup).bind(realm);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// Replaces a record's body that is still as it was seen; false when it is not, or is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn exchange_record(&self, seen: &Record, body: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(EXCHANGE).bind(seen.tenant_id).bind(&seen.realm).bind(seen.id).bind(&seen.body);
        let done = query.bind(body).bind(now_ms).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
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

pub(crate) async fn insert(conn: &mut AnyConnection, record: &NewRecord, now_ms: i64) -> Result<Record> {
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
    let row = query.bind(&record.body).bind(now_ms).bind(&record.lookup).fetch_one(conn).await;
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
        lookup: row.text_or_null("lookup")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
