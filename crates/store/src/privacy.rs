//! Privacy: which tenants have it that shared pictures and films tell nothing of their makers.

use crate::{
    Catalog, Noun, Result,
    audit::{self, Action, Stamp},
    catalog::Columns,
};

const FIND: &str = "select private from tenants where id = $1";
const SET: &str = "update tenants set private = $2 where id = $1";

impl Catalog {
    /// Whether what a tenant shares tells nothing of its makers.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_private(&self, tenant_id: i64) -> Result<bool> {
        let row = sqlx::query(FIND).bind(tenant_id).fetch_optional(self.read()).await?;
        row.map_or(Ok(false), |row| row.flag("private"))
    }

    /// Says so, or otherwise; false when there is no such tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_private(&self, tenant_id: i64, private: bool, stamp: &Stamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let set = sqlx::query(SET).bind(tenant_id).bind(i64::from(private)).execute(tx.conn()).await?;
        if set.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(tx.conn(), tenant_id, stamp, Action::Update, (Noun::Tenant, tenant_id)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
