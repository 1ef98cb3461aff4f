//! Bytes that nothing points at any more: they die once, and nothing that is wanted dies.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use store::{
    assets::NewAsset,
    blobs::{BlobId, BlobKey},
    garbage::DeadBlob,
    uploads::{NewUpload, UploadPart},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at, random_key},
    soundness::assert_sound,
};

const ROUNDS: usize = 1_000;
const TIME: Duration = Duration::from_secs(10);
const LIVING: &str = "select count(*) from blobs where dead_at is null";

async fn end(site: &Site, id: i64, now_ms: i64) {
    site.trash_asset(id).await.unwrap();
    site.catalog.purge_asset(site.tenant.id, id, &at(now_ms)).await.unwrap();
}

fn with_bytes(site: &Site, seed: u64) -> NewAsset {
    NewAsset { version: site.new_version(seed), ..site.new_asset(site.root.id, "a") }
}

#[test]
fn dead_blobs_are_listed_by_their_death_page_by_page_and_deleted_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut expected = Vec::new();
        for when in [3, 1, 4, 1, 5] {
            let id = site.asset(site.root.id, "a").await;
            let blob = site.view(id).await.version.unwrap().blob;
            end(&site, id, NOW + when).await;
            expected.push(DeadBlob { id: blob.id, size: blob.size, dead_at: NOW + when, shred: false });
        }
        site.asset(site.root.id, "living").await;
        expected.sort_by_key(|blob| (blob.dead_at, blob.id));
        for page in [1, 2, 9] {
            let (mut after, mut listed) = ((0, 0), Vec::new());
            loop {
                let blobs = site.catalog.dead_blobs(NOW + 5, after, page).await.unwrap();
                let Some(last) = blobs.last() else { break };
                after = (last.dead_at, last.id);
                listed.extend(blobs);
            }
            assert_eq!(listed, expected, "in pages of {page}");
        }
        assert_eq!(site.catalog.dead_blobs(NOW + 4, (0, 0), 9).await.unwrap(), expected[..4]);

        // Not before its time, and not twice.
        let last = expected[4];
        assert_eq!(site.catalog.delete_dead_blob(last.id, NOW + 4).await.unwrap(), []);
        assert_eq!(site.catalog.delete_dead_blob(last.id, NOW + 5).await.unwrap().len(), 1);
        assert_eq!(site.catalog.delete_dead_blob(last.id, NOW + 5).await.unwrap(), []);
        assert_eq!(site.catalog.dead_blobs(NOW + 5, (0, 0), 9).await.unwrap(), expected[..4]);
    });
}

#[test]
fn what_lives_or_is_wanted_is_never_deleted() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        let blob = site.view(id).await.version.unwrap().blob;
        assert_eq!(site.catalog.delete_dead_blob(blob.id, i64::MAX).await.unwrap(), []);
        // Even when its row says that it is dead, which no code of ours does.
        let mut conn = database.connect().await;
        sqlx::query("update blobs set dead_at = 1").execute(&mut conn).await.unwrap();
        assert_eq!(site.catalog.delete_dead_blob(blob.id, i64::MAX).await.unwrap(), []);
        assert_eq!(site.view(id).await.version.unwrap().blob, blob);
    });
}

#[test]
fn bytes_are_known_as_long_as_a_row_names_them() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        let blob = site.view(id).await.version.unwrap().blob;
        let part = UploadPart { number: 1, blob_key: BlobId::random().to_string(), size: 1, md5: [0; 16] };
        let part_key = BlobKey::Original(part.blob_key.parse().unwrap());
        let upload = NewUpload {
            tenant_id: site.tenant.id,
            key: random_key(),
            realm: "botdoc".to_owned(),
            folder_id: site.root.id,
            name: "f".to_owned(),
            declared_bytes: None,
            detail: String::new(),
            created_by: site.user.id,
            expires_at: NOW,
        };
        let knows = async |key| site.catalog.knows_blob(key).await.unwrap();
        assert!(!knows(part_key).await);
        let upload = site.catalog.add_upload(&upload, NOW).await.unwrap();
        site.catalog.add_upload_part(upload.id, &part).await.unwrap();
        assert!(knows(blob.key).await && knows(part_key).await);
        // The same id as bytes of the other kind is another name.
        assert!(!knows(BlobKey::Rendition(blob.key.id())).await);
        assert!(!knows(BlobKey::Original(BlobId::random())).await);
        end(&site, id, NOW).await;
        assert!(knows(blob.key).await, "dead, but there");
        site.catalog.delete_dead_blob(blob.id, NOW).await.unwrap();
        site.catalog.delete_upload(upload.id).await.unwrap();
        assert!(!knows(blob.key).await && !knows(part_key).await);
    });
}

#[test]
fn bytes_that_come_again_while_their_last_owner_goes_are_never_lost() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut conn = database.connect().await;
        let (begin, mut rounds, mut died) = (Instant::now(), 0, BTreeSet::new());
        let mut owner = site.catalog.add_assets(&[with_bytes(&site, 1)], &at(NOW)).await.unwrap()[0].asset_id;
        while rounds < ROUNDS && begin.elapsed() < TIME {
            rounds += 1;
            site.trash_asset(owner).await.unwrap();
            let (purger, collector) = (site.clone(), site.through(&beside));
            let purging = tokio::spawn(async move {
                purger.catalog.purge_asset(purger.tenant.id, owner, &at(NOW)).await.unwrap();
            });
            let collecting = tokio::spawn(async move {
                let mut keys = Vec::new();
                for blob in collector.catalog.dead_blobs(NOW, (0, 0), 9).await.unwrap() {
                    keys.extend(collector.catalog.delete_dead_blob(blob.id, NOW).await.unwrap());
                }
                keys
            });
            let comers = [site.clone(), site.through(&beside)].map(|comer| {
                tokio::spawn(async move {
                    let wish = with_bytes(&comer, 1);
                    let added = comer.catalog.add_assets(std::slice::from_ref(&wish), &at(NOW)).await.unwrap()[0];
                    let kept = comer.view(added.asset_id).await.version.unwrap().blob;
                    // Bytes of which we are told that they are needed are those that the row names.
                    assert_eq!(added.kept_blob, kept.key == wish.version.blob.key);
                    (added.asset_id, kept)
                })
            });
            let [one, two] = comers;
            let (one, two) = (one.await.unwrap(), two.await.unwrap());
            purging.await.unwrap();
            died.extend(collecting.await.unwrap());
            assert_eq!(one.1, two.1, "equal bytes are stored once");
            assert!(!died.contains(&one.1.key));
            let living: i64 = sqlx::query_scalar(LIVING).fetch_one(&mut conn).await.unwrap();
            assert_eq!(living, 1);
            // The next round begins with the second one alone.
            end(&site, one.0, NOW).await;
            owner = two.0;
        }
        eprintln!("{rounds} rounds, {} blobs died and were collected", died.len());
        assert_sound(&mut conn).await;
        beside.close().await;
    });
}
