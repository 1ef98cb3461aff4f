//! Whose files are sealed, with which keys, and exchanging what is for what is not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use seal::{MasterKey, TenantKey};
use store::{
    Catalog,
    blobs::{BlobId, BlobKey},
    encryption::{Encryption, Exchange, KeyRing, RingError, Sealed},
    jobs::Work,
    renditions::Rendition,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at},
    soundness::assert_sound,
};

fn ring(catalog: &Catalog, masters: &[&MasterKey]) -> KeyRing {
    KeyRing::new(catalog.clone(), masters.iter().map(|key| (*key).clone()).collect())
}

async fn turn(site: &Site, ring: &KeyRing, on: bool) -> bool {
    let wrap = ring.wrapper(site.tenant.id).unwrap();
    site.catalog.set_encryption(site.tenant.id, on, wrap, &at(NOW)).await.unwrap()
}

/// The conversions that wait, each once.
async fn conversions(catalog: &Catalog) -> Vec<Work> {
    let mut found = Vec::new();
    while let Some(job) = catalog.claim_job("somebody", NOW + 99, NOW + 999).await.unwrap() {
        catalog.finish_job(job.id, "somebody", NOW + 99).await.unwrap();
        found.extend(Some(job.work).filter(|work| work.kind() == "convert"));
    }
    found
}

#[test]
fn a_tenant_has_one_key_however_often_it_is_turned_on() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (master, id) = (MasterKey::generate(), site.tenant.id);
        let ring = ring(&site.catalog, &[&master]);
        let state = async || site.catalog.encryption(id).await.unwrap().unwrap();
        assert_eq!(state().await, Encryption { on: false, since: 0, key_id: None });
        assert!(ring.sealing(id).await.unwrap().is_none() && !site.catalog.is_any_encrypted().await.unwrap());
        assert!(turn(&site, &ring, true).await && !turn(&site, &ring, true).await);
        let key = ring.sealing(id).await.unwrap().unwrap();
        assert_eq!(state().await, Encryption { on: true, since: NOW, key_id: Some(key.id()) });
        assert!(site.catalog.is_any_encrypted().await.unwrap());
        assert_eq!(conversions(&site.catalog).await, [Work::Convert { tenant_id: id, after: 0 }]);
        assert!(turn(&site, &ring, false).await && !turn(&site, &ring, false).await);
        assert!(ring.sealing(id).await.unwrap().is_none());
        assert_eq!(ring.newest(id).await.unwrap().unwrap().id(), key.id());
        assert!(turn(&site, &ring, true).await);
        assert_eq!(ring.sealing(id).await.unwrap().unwrap().reveal(), key.reveal());
        assert_eq!(site.catalog.tenant_keys(0).await.unwrap().len(), 1);
        assert!(ring.sealing(theirs.tenant.id).await.unwrap().is_none());
        assert_eq!(site.catalog.encryption(999_999).await.unwrap(), None);
        let asset = site.asset(site.root.id, "a.txt").await;
        let blob = site.view(asset).await.version.unwrap().blob.id;
        assert_eq!(ring.sealing_of_blob(blob).await.unwrap().unwrap().id(), key.id());
    });
}

#[test]
fn two_who_turn_it_on_at_once_make_one_key() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (master, made) = (MasterKey::generate(), AtomicU64::new(0));
        let turn = || async {
            let wrap = |id: i64| {
                made.fetch_add(1, Ordering::SeqCst);
                master.wrap(site.tenant.id, &TenantKey::generate(id))
            };
            site.catalog.set_encryption(site.tenant.id, true, wrap, &at(NOW)).await
        };
        let (one, two) = tokio::join!(turn(), turn());
        assert!(one.unwrap() != two.unwrap());
        assert_eq!((made.load(Ordering::SeqCst), site.catalog.tenant_keys(0).await.unwrap().len()), (1, 1));
    });
}

#[test]
fn keys_are_at_hand_only_with_the_master_key_that_wrapped_them() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (first, second) = (MasterKey::generate(), MasterKey::generate());
        let none = ring(&site.catalog, &[]);
        none.check().await.unwrap();
        assert!(matches!(none.wrapper(1).map(drop), Err(RingError::NotSet)));
        turn(&site, &ring(&site.catalog, &[&first]), true).await;
        let id = ring(&site.catalog, &[&first]).newest(site.tenant.id).await.unwrap().unwrap().id();
        assert!(matches!(none.check().await, Err(RingError::NoMasterKey { keys: 1 })));
        let wrong = ring(&site.catalog, &[&second]).check().await;
        assert!(
            matches!(wrong, Err(RingError::OtherMasterKey { wrapped_by, .. }) if wrapped_by == first.fingerprint())
        );
        assert!(ring(&site.catalog, &[&second]).rotate().await.is_err());

        let both = ring(&site.catalog, &[&second, &first]);
        both.check().await.unwrap();
        let before = both.key(id).await.unwrap().unwrap().reveal();
        assert_eq!((both.rotate().await.unwrap(), both.rotate().await.unwrap()), (1, 0));
        let after = ring(&site.catalog, &[&second]);
        after.check().await.unwrap();
        assert_eq!(after.key(id).await.unwrap().unwrap().reveal(), before);
        assert!(ring(&site.catalog, &[&first]).check().await.is_err());
        let asked = store::blobs::Keyring::key(&after, id).await.unwrap();
        assert_eq!(asked.unwrap().id(), id);
        assert!(store::blobs::Keyring::key(&after, id + 1).await.unwrap().is_none());

        // Both are lost, and the key itself was kept.
        let third = ring(&site.catalog, &[&MasterKey::generate()]);
        let (tenant, kept) = (site.tenant.id, TenantKey::parse(id, &before).unwrap());
        assert!(!third.restore(tenant + 1, &kept).await.unwrap(), "it is not theirs");
        assert!(third.restore(tenant, &kept).await.unwrap());
        assert!(!third.restore(tenant, &kept).await.unwrap(), "it is there");
        assert!(!third.restore(tenant, &TenantKey::generate(id + 1)).await.unwrap());
        let another = third.restore(tenant, &TenantKey::generate(id)).await;
        assert!(matches!(another, Err(RingError::Another { .. })), "{another:?}");
        assert_eq!(third.key(id).await.unwrap().unwrap().reveal(), before);
    });
}

#[test]
fn what_is_exchanged_is_named_by_the_row_and_its_old_bytes_go() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, master, tenant_id) = (&site.catalog, MasterKey::generate(), site.tenant.id);
        let ids = [site.asset(site.root.id, "a.txt").await, site.asset(site.root.id, "b.txt").await];
        let blob = site.view(ids[0]).await.version.unwrap().blob;
        let rendition = Rendition {
            blob_id: blob.id,
            plan_key: "plan".to_owned(),
            key: BlobKey::Rendition(BlobId::random()),
            media_type: content::MediaType::JPEG,
            width: 1,
            height: 1,
            size: 7,
            base: false,
        };
        catalog.add_rendition(&rendition, NOW).await.unwrap();
        let plain = catalog.sealed(tenant_id).await.unwrap();
        assert_eq!((plain.plain, plain.sealed, plain.plain_renditions), (2, 0, 1));
        assert!(turn(&site, &ring(catalog, &[&master]), true).await);
        assert_eq!(catalog.tenants_to_convert().await.unwrap(), [] as [i64; 0], "a job has it");
        assert_eq!(conversions(catalog).await.len(), 1);
        assert_eq!(catalog.tenants_to_convert().await.unwrap(), [tenant_id]);

        let due = async |after| catalog.blobs_to_convert(tenant_id, true, after, 9).await.unwrap();
        let page = due(0).await;
        assert_eq!(page.iter().map(|blob| blob.id).collect::<Vec<_>>().len(), 2);
        assert_eq!((page[0].key, page[0].size, page[0].sha256), (blob.key, blob.size, blob.digest.sha256));
        assert_eq!(due(page[0].id).await, page[1..]);
        let new = BlobKey::Original(BlobId::random_of(true));
        let exchange = Exchange { tenant_id, blob_id: blob.id, old: blob.key, new, shred_at: NOW + 5 };
        assert_eq!(catalog.exchange_blob(&exchange, NOW).await.unwrap(), Some(vec![ids[0]]));
        assert_eq!(catalog.exchange_blob(&exchange, NOW).await.unwrap(), None, "it names others by now");
        assert_eq!(site.view(ids[0]).await.version.unwrap().blob.key, new);
        assert!(catalog.knows_blob(blob.key).await.unwrap() && catalog.knows_blob(new).await.unwrap());
        assert_sound(&mut database.connect().await).await;

        // Its rendition is still to come.
        assert_eq!(due(0).await.len(), 2);
        let key = BlobKey::Rendition(BlobId::random_of(true));
        assert!(catalog.exchange_rendition(&rendition, key).await.unwrap());
        assert!(!catalog.exchange_rendition(&rendition, key).await.unwrap());
        assert_eq!(catalog.rendition(blob.id, "plan").await.unwrap(), Some(Rendition { key, ..rendition }));
        assert_eq!(due(0).await, page[1..]);
        let half = catalog.sealed(tenant_id).await.unwrap();
        let both =
            Sealed { sealed: 1, sealed_bytes: blob.size, sealed_renditions: 1, plain_renditions: 0, plain: 1, ..half };
        assert_eq!(half, both);

        // The old bytes have a row until a job has removed them for good.
        assert!(catalog.claim_job("early", NOW + 4, NOW + 9).await.unwrap().is_none());
        let job = catalog.claim_job("due", NOW + 5, NOW + 9).await.unwrap().unwrap();
        let Work::ShredBlob { blob_id, blob_key } = job.work else { panic!("{job:?}") };
        assert_eq!(blob_key, blob.key.id().to_string());
        assert_eq!(catalog.delete_dead_blob(blob_id, NOW).await.unwrap(), [blob.key]);
        assert!(!catalog.knows_blob(blob.key).await.unwrap());
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_comes_in_otherwise_than_it_is_to_be_is_converted() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        site.asset(site.root.id, "before.txt").await;
        assert_eq!(conversions(&site.catalog).await, []);
        turn(&site, &ring(&site.catalog, &[&MasterKey::generate()]), true).await;
        conversions(&site.catalog).await;
        site.asset(site.root.id, "on its way.txt").await;
        assert_eq!(conversions(&site.catalog).await, [Work::Convert { tenant_id: site.tenant.id, after: 0 }]);
        // One is enough, however many come.
        site.asset(site.root.id, "another.txt").await;
        site.asset(site.root.id, "one more.txt").await;
        assert_eq!(conversions(&site.catalog).await.len(), 1);
        // What dies plain is not held.
        let id = site.asset(site.root.id, "dies.txt").await;
        site.trash_asset(id).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, id, &at(NOW)).await.unwrap();
        let dead = site.catalog.dead_blobs(NOW, (i64::MIN, 0), 9).await.unwrap();
        assert!(dead.len() == 1 && dead[0].shred, "{dead:?}");
    });
}
