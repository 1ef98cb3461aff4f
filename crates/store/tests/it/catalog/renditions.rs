//! Renditions: the first that is recorded stays.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::MediaType;
use futures_util::future::join_all;
use store::{
    Error, Noun, Refusal,
    blobs::{BlobId, BlobKey},
    renditions::Rendition,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails},
};

fn rendition(blob_id: i64) -> Rendition {
    Rendition {
        blob_id,
        plan_key: "w640-q80".to_owned(),
        key: BlobKey::Rendition(BlobId::random()),
        media_type: MediaType::WEBP,
        width: 640,
        height: 480,
        size: 12_345,
        base: false,
    }
}

async fn some_blob(site: &Site) -> i64 {
    let asset_id = site.asset(site.root.id, "a.jpg").await;
    site.view(asset_id).await.version.unwrap().blob.id
}

#[test]
fn the_first_rendition_wins() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let blob_id = some_blob(&site).await;
        let (first, second) = (rendition(blob_id), rendition(blob_id));
        assert_eq!(site.catalog.rendition(blob_id, "w640-q80").await.unwrap(), None);
        assert!(site.catalog.add_rendition(&first, NOW).await.unwrap());
        assert!(!site.catalog.add_rendition(&second, NOW).await.unwrap());
        assert_eq!(site.catalog.rendition(blob_id, "w640-q80").await.unwrap(), Some(first));
        assert_eq!(site.catalog.rendition(blob_id, "w320-q80").await.unwrap(), None);
        assert_eq!(site.catalog.rendition(blob_id + 1, "w640-q80").await.unwrap(), None);
    });
}

#[test]
fn of_many_that_come_at_once_one_wins() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let blob_id = some_blob(&site).await;
        let makers = (0..20).map(|_| {
            let catalog = site.catalog.clone();
            let rendition = rendition(blob_id);
            tokio::spawn(async move { catalog.add_rendition(&rendition, NOW).await.unwrap().then_some(rendition) })
        });
        let winners: Vec<_> = join_all(makers).await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(site.catalog.rendition(blob_id, "w640-q80").await.unwrap().as_ref(), winners.first());
    });
}

#[test]
fn a_rendition_needs_its_blob_and_bytes_of_its_own() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let blob_id = some_blob(&site).await;
        assert_fails!(site.catalog.add_rendition(&rendition(9_999), NOW).await, Error::Missing(Noun::Asset));
        let first = rendition(blob_id);
        site.catalog.add_rendition(&first, NOW).await.unwrap();
        let same_bytes = Rendition { plan_key: "w320".to_owned(), ..first };
        assert_fails!(site.catalog.add_rendition(&same_bytes, NOW).await, Error::Taken(Noun::Rendition));
        let huge = Rendition { size: u64::MAX, ..rendition(blob_id) };
        assert_fails!(site.catalog.add_rendition(&huge, NOW).await, Error::Refused(Refusal::TooManyBytes));
    });
}
