//! Tenants: whose library it is. Nothing crosses from one to another.

use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Catalog, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
    folders::{self, Folder},
    quotas,
    users::{self, NewUser, User},
};

/// A Mediaflow customer, a Fliplet organization, a MediaPocket or Botdoc account, a Flextype site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: i64,
    /// Its display name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
}

const INSERT: &str = "insert into tenants (name, created_at) values ($1, $2) returning id";
const LIST: &str = "select id, name, created_at from tenants order by id limit $1";
const FIND: &str = "select id, name, created_at from tenants where id = $1";
const TAKE_TREE: &str = "update tenants set tree_epoch = tree_epoch + 1 where id = $1";

impl Catalog {
    /// Makes a tenant, its first user and its root folder, all or nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_tenant(&self, name: &str, admin: &NewUser, stamp: &Stamp) -> Result<(Tenant, User, Folder)> {
        let now_ms = stamp.now_ms;
        let mut tx = self.begin().await?;
        let row = sqlx::query(INSERT).bind(name).bind(now_ms).fetch_one(tx.conn()).await?;
        let tenant = Tenant { id: row.int("id")?, name: name.to_owned(), created_at: now_ms };
        quotas::begin(tx.conn(), tenant.id).await?;
        let user = users::insert(tx.conn(), tenant.id, admin, now_ms).await?;
        let root = folders::insert_root(tx.conn(), tenant.id, name, user.id, now_ms).await?;
        audit::note(tx.conn(), tenant.id, stamp, Action::Create, (Noun::Tenant, tenant.id)).await?;
        tx.commit().await?;
        Ok((tenant, user, root))
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tenant(&self, id: i64) -> Result<Option<Tenant>> {
        let row = sqlx::query(FIND).bind(id).fetch_optional(self.read()).await?;
        row.as_ref().map(read).transpose()
    }

    /// All tenants, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tenants(&self, limit: i64) -> Result<Vec<Tenant>> {
        let rows = sqlx::query(LIST).bind(limit).fetch_all(self.read()).await?;
        rows.iter().map(read).collect()
    }
}

/// Makes changes to the shape of a tenant's tree wait for each other until the transaction ends.
pub(crate) async fn take_tree(conn: &mut AnyConnection, tenant_id: i64) -> Result<()> {
    sqlx::query(TAKE_TREE).bind(tenant_id).execute(conn).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<Tenant> {
    Ok(Tenant { id: row.int("id")?, name: row.text("name")?, created_at: row.int("created_at")? })
}
