//! What cases do with entries that wait for their first bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Result,
    assets::{Filled, Filling, NewPlaceholder},
};

use super::{
    engines::NOW,
    samples::{Site, at, distinct, random_key, slug},
};

pub fn new_placeholder(site: &Site, folder_id: i64, name: &str) -> NewPlaceholder {
    NewPlaceholder {
        tenant_id: site.tenant.id,
        folder_id,
        key: random_key(),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        created_by: site.user.id,
    }
}

pub async fn try_placeholder(site: &Site, folder_id: i64, name: &str) -> Result<i64> {
    site.catalog.add_placeholder(&new_placeholder(site, folder_id, name), &at(NOW)).await
}

pub async fn placeholder(site: &Site, folder_id: i64, name: &str) -> i64 {
    try_placeholder(site, folder_id, name).await.unwrap()
}

/// Bytes that nobody else has, under this name.
pub fn filling(site: &Site, name: &str) -> Filling {
    Filling {
        version: site.new_version(distinct()),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        slug: slug(name),
    }
}

pub async fn fill(site: &Site, id: i64, name: &str) -> Result<Filled> {
    site.catalog.fill_asset(site.tenant.id, id, &filling(site, name), &at(NOW)).await
}
