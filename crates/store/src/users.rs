//! Users: people of a tenant, and the service user that keys without a person act as.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Error, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::{Columns, SLOTS, slot_list, slots},
};

/// Somebody who acts for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: i64,
    /// Whose user.
    pub tenant_id: i64,
    /// Folded to lower case, unique within the tenant.
    pub email: String,
    /// How they are called.
    pub full_name: String,
    /// `admin`, `editor`, `viewer` or `service`; what it allows is the library's business.
    pub role: String,
    /// When they were made, in milliseconds since 1970.
    pub created_at: i64,
    /// When they were shut out, if they were.
    pub disabled_at: Option<i64>,
}

/// What a new user is made from.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Folded by the caller.
    pub email: String,
    /// How they are called.
    pub full_name: String,
    /// See [`User::role`].
    pub role: String,
    /// A PHC string, or none for users that never sign in.
    pub password_hash: Option<String>,
}

const INSERT: &str = "insert into users (tenant_id, email, full_name, role, password_hash, created_at) \
     values ($1, $2, $3, $4, $5, $6) returning id";
const FIND: &str =
    "select id, tenant_id, email, full_name, role, created_at, disabled_at from users where tenant_id = $1 and id = $2";
const BY_IDS: &str = concat!(
    "select id, tenant_id, email, full_name, role, created_at, disabled_at from users where tenant_id = $1 and id in ",
    slot_list!()
);
const BY_EMAIL: &str = "select id, tenant_id, email, full_name, role, created_at, disabled_at, password_hash from users \
     where tenant_id = $1 and email = $2";
const LIST: &str = "select id, tenant_id, email, full_name, role, created_at, disabled_at from users \
     where tenant_id = $1 and id > $2 order by id limit $3";
const SERVICE: &str = "select id, tenant_id, email, full_name, role, created_at, disabled_at from users \
     where tenant_id = $1 and role = 'service' order by id limit 1";
const DISABLE: &str = "update users set disabled_at = $3 where tenant_id = $1 and id = $2 and disabled_at is null";
const DISABLE_TOKENS: &str = "update tokens set revoked_at = $2 where user_id = $1 and revoked_at is null";

impl Catalog {
    /// Adds a user.
    ///
    /// # Errors
    /// `Taken` when the tenant has somebody with that address, `Missing` when there is no such tenant.
    pub async fn add_user(&self, tenant_id: i64, user: &NewUser, stamp: &Stamp) -> Result<User> {
        let mut tx = self.begin().await?;
        let user = insert(tx.conn(), tenant_id, user, stamp.now_ms).await?;
        audit::note(tx.conn(), tenant_id, stamp, Action::Create, (Noun::User, user.id)).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// One user.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn user(&self, tenant_id: i64, id: i64) -> Result<Option<User>> {
        let row = sqlx::query(FIND).bind(tenant_id).bind(id).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Those of a tenant's users who have these ids, in no order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn users_by_id(&self, tenant_id: i64, ids: &[i64]) -> Result<Vec<User>> {
        let mut found = Vec::new();
        for chunk in ids.chunks(SLOTS) {
            let rows = slots(sqlx::query(BY_IDS).bind(tenant_id), chunk).fetch_all(self.read()).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        Ok(found)
    }

    /// The user with this address, folded by the caller, and what their password is checked against, if they have one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn user_to_sign_in(&self, tenant_id: i64, email: &str) -> Result<Option<(User, Option<String>)>> {
        let row = sqlx::query(BY_EMAIL).bind(tenant_id).bind(email).fetch_optional(self.read()).await?;
        row.map(|row| Ok((read(&row)?, row.text_or_null("password_hash")?))).transpose()
    }

    /// The user that what nobody in person makes belongs to.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn service_user(&self, tenant_id: i64) -> Result<Option<User>> {
        let row = sqlx::query(SERVICE).bind(tenant_id).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// The users of a tenant after the id `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn users(&self, tenant_id: i64, after: i64, limit: i64) -> Result<Vec<User>> {
        let rows = sqlx::query(LIST).bind(tenant_id).bind(after).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read).collect()
    }

    /// Shuts a user out and revokes their tokens; false when there was nobody to shut out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn disable_user(&self, tenant_id: i64, id: i64, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(DISABLE).bind(tenant_id).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
        if done.rows_affected() > 0 {
            sqlx::query(DISABLE_TOKENS).bind(id).bind(stamp.now_ms).execute(tx.conn()).await?;
            audit::note(tx.conn(), tenant_id, stamp, Action::Revoke, (Noun::User, id)).await?;
        }
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

pub(crate) async fn insert(conn: &mut AnyConnection, tenant_id: i64, user: &NewUser, now_ms: i64) -> Result<User> {
    let query = sqlx::query(INSERT).bind(tenant_id).bind(&user.email).bind(&user.full_name).bind(&user.role);
    let row = query.bind(&user.password_hash).bind(now_ms).fetch_one(conn).await;
    let row = row.map_err(|error| Error::of_row(error, Noun::User, Noun::Tenant))?;
    Ok(User {
        id: row.int("id")?,
        tenant_id,
        email: user.email.clone(),
        full_name: user.full_name.clone(),
        role: user.role.clone(),
        created_at: now_ms,
        disabled_at: None,
    })
}

fn read(row: &AnyRow) -> Result<User> {
    Ok(User {
        id: row.int("id")?,
        tenant_id: row.int("tenant_id")?,
        email: row.text("email")?,
        full_name: row.text("full_name")?,
        role: row.text("role")?,
        created_at: row.int("created_at")?,
        disabled_at: row.int_or_null("disabled_at")?,
    })
}
