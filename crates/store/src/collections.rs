//! Collections: assets across folders, under one title, for some or for all of a tenant.

use sqlx::any::AnyRow;

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, settle},
};

/// A collection, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub tenant_id: i64,
    /// What it is called.
    pub title: String,
    /// What is said of it.
    pub description: Option<String>,
    /// What only the dialect knows that made it.
    pub body: String,
    /// Whether everybody of the tenant sees it.
    pub is_public: bool,
    /// Who made it.
    pub created_by: i64,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// A collection to add.
#[derive(Debug, Clone)]
pub struct NewCollection {
    /// Whose.
    pub tenant_id: i64,
    /// See [`Collection::title`].
    pub title: String,
    /// See [`Collection::description`].
    pub description: Option<String>,
    /// See [`Collection::body`].
    pub body: String,
    /// Who makes it.
    pub created_by: i64,
}

macro_rules! columns {
    () => {
        "id, tenant_id, title, description, body, is_public, created_by, created_at, updated_at"
    };
}

const INSERT: &str = concat!(
    "insert into collections (tenant_id, title, description, body, created_by, created_at, updated_at) \
     values ($1, $2, $3, $4, $5, $6, $6) returning ",
    columns!()
);
const FIND: &str = concat!("select ", columns!(), " from collections where tenant_id = $1 and id = $2");
const LIST: &str =
    concat!("select ", columns!(), " from collections where tenant_id = $1 and id > $2 order by id limit $3");
const OF_ASSET: &str = concat!(
    "select ",
    columns!(),
    " from collections where tenant_id = $1 and id in (select collection_id from collection_assets where asset_id = $2) \
     order by id limit $3"
);
const DESCRIBE: &str = "update collections set title = $3, description = $4, body = $5, updated_at = $6 \
     where tenant_id = $1 and id = $2";
const PUBLISH: &str = "update collections set is_public = $3, updated_at = $4 \
     where tenant_id = $1 and id = $2 and is_public <> $3";
const TOUCH: &str = "update collections set updated_at = $3 where tenant_id = $1 and id = $2";
const DELETE: &str = "delete from collections where tenant_id = $1 and id = $2";
const PUT: &str = "insert into collection_assets (collection_id, asset_id, added_at) \
     select $1, a.id, $4 from assets a where a.tenant_id = $2 and a.id = $3 on conflict do nothing";
const TAKE_OUT: &str = "delete from collection_assets where collection_id = $1 and asset_id = $2";
const ASSETS: &str = "select asset_id from collection_assets where collection_id = $1 and asset_id > $2 \
     order by asset_id limit $3";
const LET_IN: &str = "insert into collection_users (collection_id, user_id) values ($1, $2) on conflict do nothing";
const SHUT_OUT: &str = "delete from collection_users where collection_id = $1 and user_id = $2";
const USERS: &str = "select user_id from collection_users where collection_id = $1 order by user_id limit $2";
const OF_USER: &str = "select collection_id from collection_users where user_id = $1 order by collection_id";

impl Catalog {
    /// Adds a collection.
    ///
    /// # Errors
    /// `Missing` when there is no such tenant.
    pub async fn add_collection(&self, new: &NewCollection, stamp: &Stamp) -> Result<Collection> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(INSERT).bind(new.tenant_id).bind(&new.title).bind(&new.description).bind(&new.body);
        let row = query.bind(new.created_by).bind(stamp.now_ms).fetch_one(tx.conn()).await;
        let added = read(&row.map_err(|error| Error::of_row(error, Noun::Collection, Noun::Tenant))?)?;
        audit::note(tx.conn(), new.tenant_id, stamp, Action::Create, (Noun::Collection, added.id)).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// One collection of a tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collection(&self, tenant_id: i64, id: i64) -> Result<Option<Collection>> {
        let query = sqlx::query(FIND).bind(tenant_id).bind(id);
        query.fetch_optional(self.read()).await?.as_ref().map(read).transpose()
    }

    /// A tenant's collections after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collections(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<Collection>> {
        let query = sqlx::query(LIST).bind(tenant_id).bind(after).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// The collections that an asset is in, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collections_of_asset(&self, tenant_id: i64, asset_id: i64, limit: i64) -> Result<Vec<Collection>> {
        let query = sqlx::query(OF_ASSET).bind(tenant_id).bind(asset_id).bind(limit);
        query.fetch_all(self.read()).await?.iter().map(read).collect()
    }

    /// Says something else of a collection; false when it is not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn describe_collection(&self, changed: &Collection, stamp: &Stamp) -> Result<bool> {
        let (tenant_id, id) = (changed.tenant_id, changed.id);
        let query = sqlx::query(DESCRIBE).bind(tenant_id).bind(id).bind(changed.title.clone());
        let query = query.bind(changed.description.clone()).bind(changed.body.clone()).bind(stamp.now_ms);
        let mut tx = self.begin().await?;
        let done = query.execute(tx.conn()).await?.rows_affected() > 0;
        if done {
            audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Collection, id)).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Shows a collection to everybody of the tenant, or no longer; false when it is so already, or not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn publish_collection(&self, tenant_id: i64, id: i64, public: bool, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(PUBLISH).bind(tenant_id).bind(id).bind(i64::from(public)).bind(stamp.now_ms);
        let done = query.execute(tx.conn()).await?.rows_affected() > 0;
        if done {
            audit::note(tx.conn(), tenant_id, stamp, Action::Rule, (Noun::Collection, id)).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Ends a collection; what is in it stays. False when it is not there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_collection(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DELETE).bind(tenant_id).bind(id).execute(tx.conn()).await?.rows_affected() > 0;
        if done {
            audit::note(tx.conn(), tenant_id, stamp, Action::Purge, (Noun::Collection, id)).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Puts assets in a collection, or takes them out; those of others are passed over.
    ///
    /// # Errors
    /// `Missing` when it is not there.
    pub async fn change_collection(
        &self,
        (tenant_id, id): (i64, i64),
        (put, take_out): (&[i64], &[i64]),
        stamp: &Stamp,
    ) -> Result<()> {
        settle(|| async {
            let mut tx = self.begin().await?;
            let query = sqlx::query(TOUCH).bind(tenant_id).bind(id).bind(stamp.now_ms);
            if query.execute(tx.conn()).await?.rows_affected() == 0 {
                return Err(Error::Missing(Noun::Collection));
            }
            for asset_id in put {
                let query = sqlx::query(PUT).bind(id).bind(tenant_id).bind(asset_id).bind(stamp.now_ms);
                let done = query.execute(tx.conn()).await;
                done.map_err(|error| Error::of_row(error, Noun::Asset, Noun::Asset))?;
            }
            for asset_id in take_out {
                sqlx::query(TAKE_OUT).bind(id).bind(asset_id).execute(tx.conn()).await?;
            }
            audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Collection, id)).await?;
            tx.commit().await
        })
        .await
    }

    /// The ids of the assets in a collection after the id `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collected_assets(&self, id: i64, after: i64, limit: i64) -> Result<Vec<i64>> {
        let rows = sqlx::query(ASSETS).bind(id).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.int("asset_id")).collect()
    }

    /// Lets people see a collection that is not public, or no longer.
    ///
    /// # Errors
    /// `Missing` when it or one of them is not there.
    pub async fn share_collection(
        &self,
        (tenant_id, id): (i64, i64),
        (let_in, shut_out): (&[i64], &[i64]),
        stamp: &Stamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let query = sqlx::query(TOUCH).bind(tenant_id).bind(id).bind(stamp.now_ms);
        if query.execute(tx.conn()).await?.rows_affected() == 0 {
            return Err(Error::Missing(Noun::Collection));
        }
        for user_id in let_in {
            let done = sqlx::query(LET_IN).bind(id).bind(user_id).execute(tx.conn()).await;
            done.map_err(|error| Error::of_row(error, Noun::User, Noun::User))?;
        }
        for user_id in shut_out {
            sqlx::query(SHUT_OUT).bind(id).bind(user_id).execute(tx.conn()).await?;
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Rule, (Noun::Collection, id)).await?;
        tx.commit().await
    }

    /// Who was let in to a collection, beside its owner.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collection_users(&self, id: i64, limit: i64) -> Result<Vec<i64>> {
        let rows = sqlx::query(USERS).bind(id).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.int("user_id")).collect()
    }

    /// Which collections somebody was let in to.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn collections_shared_with(&self, user_id: i64) -> Result<Vec<i64>> {
        let rows = sqlx::query(OF_USER).bind(user_id).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.int("collection_id")).collect()
    }
}

fn read(row: &AnyRow) -> Result<Collection> {
    Ok(Collection {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        title: row.text("title")?,
        description: row.text_or_null("description")?,
        body: row.text("body")?,
        is_public: row.flag("is_public")?,
        created_by: row.int("created_by")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
