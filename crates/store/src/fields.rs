//! Free metadata of an asset: typed values under dotted paths, in the order in which they were stored; and its tags.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result, assets,
    audit::{self, Action, Stamp},
    catalog::{Columns, SLOTS, slot_list, slots},
};

/// One field. `kind` says how `value` reads: `text`, or what a dialect stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Dotted path, unique within the asset.
    pub path: String,
    /// How to read the value.
    pub kind: String,
    /// The value as text.
    pub value: String,
}

/// All that is said of an asset, as somebody saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its fields, in stored order.
    pub fields: Vec<Field>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its keywords, in the order of their bytes.
    pub tags: Vec<String>,
}

/// All that is to be said of an asset in fields, and what of that everybody understands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// The fields, in the order in which they are to be kept.
    pub fields: Vec<Field>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Title, description and keywords folded as names are, a line each; none where there is nothing.
    pub text_key: Option<String>,
}

const SAID: &str = "select title, description from assets where id = $1";
const CLEAR: &str = "delete from fields where asset_id = $1";
const APPEND: &str = "insert into fields (asset_id, field_path, position, kind, value) values ($1, $2, $3, $4, $5)";
const INSERT: &str = "insert into fields (asset_id, field_path, position, kind, value) \
     values ($1, $2, (select coalesce(max(position), 0) + 1 from fields where asset_id = $1), $3, $4) \
     on conflict (asset_id, field_path) do update set kind = $3, value = $4";
const LIST: &str = "select asset_id, field_path, kind, value from fields where asset_id = $1 \
     order by position, field_path";
const OF_FOLDER: &str = "select f.asset_id, f.value from assets a join fields f on f.asset_id = a.id \
     where a.folder_id = $1 and a.deleted_at is null and f.field_path = $2";
const OF_ASSETS: &str =
    concat!("select asset_id, value from fields where field_path = $1 and asset_id in ", slot_list!());
const ALL_OF_ASSETS: &str = concat!(
    "select asset_id, field_path, kind, value from fields where asset_id > $1 and asset_id in ",
    slot_list!(),
    " order by asset_id, position, field_path"
);
const TAGS_OF_ASSETS: &str = concat!(
    "select asset_id, tag from tags where asset_id > $1 and asset_id in ",
    slot_list!(),
    " order by asset_id, tag"
);
const DELETE: &str = "delete from fields where asset_id = $1 and field_path = $2";
const TAG: &str = "insert into tags (asset_id, tag) values ($1, $2) on conflict (asset_id, tag) do nothing";
const UNTAG: &str = "delete from tags where asset_id = $1 and tag = $2";
const TAGS: &str = "select tag from tags where asset_id = $1 order by tag";

impl Catalog {
    /// All fields of an asset, in stored order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fields(&self, asset_id: i64) -> Result<Vec<Field>> {
        let rows = sqlx::query(LIST).bind(asset_id).fetch_all(self.read()).await?;
        rows.iter().map(read).collect()
    }

    /// One field of every asset directly inside a folder, in one read for a whole listing: asset id and value.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folder_field(&self, folder_id: i64, path: &str) -> Result<Vec<(i64, String)>> {
        let rows = sqlx::query(OF_FOLDER).bind(folder_id).bind(path).fetch_all(self.read()).await?;
        rows.iter().map(|row| Ok((row.int("asset_id")?, row.text("value")?))).collect()
    }

    /// One field of several assets: asset id and value.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn field_of_assets(&self, asset_ids: &[i64], path: &str) -> Result<Vec<(i64, String)>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(OF_ASSETS).bind(path), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push((row.int("asset_id")?, row.text("value")?));
            }
        }
        Ok(found)
    }

    /// All fields of several assets: asset id and field, those of one asset in stored order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fields_of_assets(&self, asset_ids: &[i64]) -> Result<Vec<(i64, Field)>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(ALL_OF_ASSETS).bind(0_i64), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push((row.int("asset_id")?, read(row)?));
            }
        }
        Ok(found)
    }

    /// All tags of several assets: asset id and tag.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tags_of_assets(&self, asset_ids: &[i64]) -> Result<Vec<(i64, String)>> {
        let mut found = Vec::new();
        for chunk in asset_ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(TAGS_OF_ASSETS).bind(0_i64), chunk).fetch_all(self.read()).await?;
            for row in &rows {
                found.push((row.int("asset_id")?, row.text("tag")?));
            }
        }
        Ok(found)
    }

    /// Sets one field; a new one goes last, an old one keeps its place.
    ///
    /// # Errors
    /// `Missing` when there is no such asset.
    pub async fn set_field(&self, asset_id: i64, field: &Field) -> Result<()> {
        let mut tx = self.begin().await?;
        set(tx.conn(), asset_id, &field.path, &field.kind, &field.value).await?;
        tx.commit().await
    }

    /// Puts other fields, title and description in the place of those that an asset has, if they and its keywords are still what
    /// the caller saw; false when they are not.
    ///
    /// # Errors
    /// `Missing` when there is no such asset, or it is in the trash.
    pub async fn exchange_fields(
        &self,
        tenant_id: i64,
        asset_id: i64,
        (seen, set): (&Said, &FieldSet),
        stamp: &Stamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        assets::take(tx.conn(), tenant_id, asset_id, stamp.now_ms).await?;
        if said(tx.conn(), asset_id).await? != *seen {
            return Ok(false);
        }
        put(tx.conn(), asset_id, set).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Asset, asset_id)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes one field; false when it was not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_field(&self, asset_id: i64, path: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DELETE).bind(asset_id).bind(path).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Adds and removes tags.
    ///
    /// # Errors
    /// `Missing` when there is no such asset.
    pub async fn change_tags(&self, asset_id: i64, add: &[String], remove: &[String]) -> Result<()> {
        let mut tx = self.begin().await?;
        for tag in remove {
            sqlx::query(UNTAG).bind(asset_id).bind(tag).execute(tx.conn()).await?;
        }
        for tag in add {
            self::tag(tx.conn(), asset_id, tag).await?;
        }
        tx.commit().await
    }

    /// The tags of an asset, in the order of their bytes.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tags(&self, asset_id: i64) -> Result<Vec<String>> {
        sqlx::query(TAGS).bind(asset_id).fetch_all(self.read()).await?.iter().map(|row| row.text("tag")).collect()
    }
}

fn read(row: &AnyRow) -> Result<Field> {
    Ok(Field { path: row.text("field_path")?, kind: row.text("kind")?, value: row.text("value")? })
}

async fn said(conn: &mut AnyConnection, asset_id: i64) -> Result<Said> {
    let rows = sqlx::query(LIST).bind(asset_id).fetch_all(&mut *conn).await?;
    let fields = rows.iter().map(read).collect::<Result<_>>()?;
    let rows = sqlx::query(TAGS).bind(asset_id).fetch_all(&mut *conn).await?;
    let tags = rows.iter().map(|row| row.text("tag")).collect::<Result<_>>()?;
    let row = sqlx::query(SAID).bind(asset_id).fetch_one(conn).await?;
    Ok(Said { fields, title: row.text_or_null("title")?, description: row.text_or_null("description")?, tags })
}

/// Says something of an asset in place of all that its fields, title and description said.
pub(crate) async fn put(conn: &mut AnyConnection, asset_id: i64, set: &FieldSet) -> Result<()> {
    sqlx::query(CLEAR).bind(asset_id).execute(&mut *conn).await?;
    for (position, field) in (1_i64..).zip(&set.fields) {
        let query = sqlx::query(APPEND).bind(asset_id).bind(&field.path).bind(position);
        query.bind(&field.kind).bind(&field.value).execute(&mut *conn).await?;
    }
    let words = (set.title.as_deref(), set.description.as_deref(), set.text_key.as_deref());
    assets::say(conn, asset_id, words).await
}

/// Stores a new asset's first fields.
pub(crate) async fn insert(conn: &mut AnyConnection, asset_id: i64, fields: &[(String, String)]) -> Result<()> {
    for (path, value) in fields {
        set(conn, asset_id, path, "text", value).await?;
    }
    Ok(())
}

/// Adds a tag; one that is there already stays.
pub(crate) async fn tag(conn: &mut AnyConnection, asset_id: i64, tag: &str) -> Result<()> {
    let done = sqlx::query(TAG).bind(asset_id).bind(tag).execute(conn).await;
    done.map_err(|error| Error::of_row(error, Noun::Record, Noun::Asset))?;
    Ok(())
}

async fn set(conn: &mut AnyConnection, asset_id: i64, path: &str, kind: &str, value: &str) -> Result<()> {
    let done = sqlx::query(INSERT).bind(asset_id).bind(path).bind(kind).bind(value).execute(conn).await;
    done.map_err(|error| Error::of_row(error, Noun::Record, Noun::Asset))?;
    Ok(())
}
