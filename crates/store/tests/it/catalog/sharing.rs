//! Equal bytes are stored once per tenant and never across tenants.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use futures_util::future::join_all;
use store::assets::{Blob, NewAsset};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at},
};

fn with_bytes(site: &Site, seed: u64) -> NewAsset {
    NewAsset { version: site.new_version(seed), ..site.new_asset(site.root.id, "a") }
}

async fn blob_of(site: &Site, asset_id: i64) -> Blob {
    site.view(asset_id).await.version.unwrap().blob
}

#[test]
fn equal_bytes_share_a_blob_within_a_tenant_only() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let wishes = [with_bytes(&ours, 1), with_bytes(&ours, 2), with_bytes(&ours, 1)];
        let added = ours.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        assert_eq!(added.iter().map(|added| added.kept_blob).collect::<Vec<_>>(), [true, true, false]);
        let first = blob_of(&ours, added[0].asset_id).await;
        assert_eq!(first.key, wishes[0].version.blob.key);
        assert_eq!(blob_of(&ours, added[2].asset_id).await, first);
        assert_ne!(blob_of(&ours, added[1].asset_id).await, first);

        let again = ours.catalog.add_assets(&[with_bytes(&ours, 1)], &at(NOW)).await.unwrap()[0];
        assert!(!again.kept_blob);
        assert_eq!(blob_of(&ours, again.asset_id).await, first);
        let elsewhere = theirs.catalog.add_assets(&[with_bytes(&theirs, 1)], &at(NOW)).await.unwrap()[0];
        assert!(elsewhere.kept_blob);
        assert_ne!(blob_of(&theirs, elsewhere.asset_id).await.id, first.id);
    });
}

#[test]
fn equal_bytes_that_come_at_once_share_a_blob() {
    on_each_engine(async |database| {
        let sites = [Site::new(&database.catalog).await, Site::new(&database.catalog).await];
        let beside = database.open_again().await;
        let adds = (0..40).map(|number| {
            let site = if number % 4 < 2 { sites[number % 2].clone() } else { sites[number % 2].through(&beside) };
            tokio::spawn(async move {
                let added = site.catalog.add_assets(&[with_bytes(&site, 5)], &at(NOW)).await.unwrap()[0];
                (site.tenant.id, added.kept_blob, blob_of(&site, added.asset_id).await.id)
            })
        });
        let added: Vec<_> = join_all(adds).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(added.iter().filter(|(_, kept, _)| *kept).count(), 2, "one of each tenant is kept");
        let blobs: BTreeSet<_> = added.iter().map(|(tenant_id, _, blob_id)| (tenant_id, blob_id)).collect();
        assert_eq!(blobs.len(), 2);
        beside.close().await;
    });
}

#[test]
fn groups_with_equal_bytes_and_names_in_opposite_order_all_come_in() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "b").await;
        let group = |turned: bool| {
            let mut group: Vec<_> = (0..6)
                .map(|seed| {
                    let folder_id = if seed % 2 == 0 { site.root.id } else { folder.id };
                    NewAsset { version: site.new_version(seed), ..site.new_asset(folder_id, &format!("{seed}.png")) }
                })
                .collect();
            if turned {
                group.reverse();
            }
            group
        };
        let adds = (0..16).map(|number| {
            let (catalog, group) = (site.catalog.clone(), group(number % 2 == 0));
            tokio::spawn(async move { catalog.add_assets(&group, &at(NOW)).await.map(|added| added.len()) })
        });
        for added in join_all(adds).await {
            assert_eq!(added.unwrap().unwrap(), 6);
        }
        assert_eq!(database.number("select count(*) from blobs").await, 6);
        assert_eq!(database.number("select count(distinct slug || folder_id) from assets").await, 96);
    });
}
