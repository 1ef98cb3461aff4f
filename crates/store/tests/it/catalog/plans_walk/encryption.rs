//! Whose files are sealed, with which keys, and what is still to be.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    blobs::{BlobId, BlobKey},
    encryption::Exchange,
    renditions::Rendition,
};

use super::super::{
    engines::NOW,
    samples::{Site, at},
};

pub async fn encryption(site: &Site) {
    let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
    let asset_id = site.asset(site.root.id, "sealed.txt").await;
    let blob = site.view(asset_id).await.version.unwrap().blob;
    assert!(catalog.set_encryption(tenant_id, true, |_| vec![1], &at(NOW)).await.unwrap());
    catalog.encryption(tenant_id).await.unwrap();
    catalog.encryption_of_blob(blob.id).await.unwrap();
    assert!(catalog.is_any_encrypted().await.unwrap());
    let key = catalog.tenant_keys(0).await.unwrap().remove(0);
    catalog.tenant_key(key.id).await.unwrap();
    assert!(catalog.rewrap_tenant_key(&key, &[2]).await.unwrap());
    catalog.sealed(tenant_id).await.unwrap();
    catalog.tenants_to_convert().await.unwrap();
    assert!(!catalog.blobs_to_convert(tenant_id, true, 0, 9).await.unwrap().is_empty());
    catalog.queue_conversion(tenant_id, 0, NOW).await.unwrap();
    catalog.shred_dead_blobs(tenant_id).await.unwrap();
    let new = BlobKey::Original(BlobId::random_of(true));
    let exchange = Exchange { tenant_id, blob_id: blob.id, old: blob.key, new, shred_at: NOW };
    assert!(catalog.exchange_blob(&exchange, NOW).await.unwrap().is_some());
    assert!(catalog.sealed_blob(tenant_id).await.unwrap().is_some());
    let key = BlobKey::Rendition(BlobId::random());
    let media_type = content::MediaType::JPEG;
    let plan_key = "sealed".to_owned();
    let rendition =
        Rendition { blob_id: blob.id, plan_key, key, media_type, width: 1, height: 1, size: 1, base: false };
    catalog.add_rendition(&rendition, NOW).await.unwrap();
    assert!(catalog.exchange_rendition(&rendition, BlobKey::Rendition(BlobId::random_of(true))).await.unwrap());
    assert!(catalog.set_encryption(tenant_id, false, |_| vec![1], &at(NOW)).await.unwrap());
}
