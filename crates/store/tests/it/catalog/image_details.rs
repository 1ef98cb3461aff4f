//! What images tell about themselves: kept with their bytes, and gone with them.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{Error, Noun, image_details::ImageDetails};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

pub fn details() -> ImageDetails {
    ImageDetails {
        pixels: Some((640, 480)),
        pages: Some(3),
        duration_ms: Some(61_000),
        thumbhash: vec![1, 0, 255],
        dominant: [255, 128, 1],
        camera: Some("Kamera Ä".to_owned()),
        taken_at: Some("2024-05-01T12:00:00+02:00".to_owned()),
        latitude_e7: Some(-900_000_000),
        longitude_e7: Some(1_800_000_000),
    }
}

#[test]
fn details_are_kept_read_anew_and_go_with_the_bytes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, asset_id) = (&site.catalog, site.asset(site.root.id, "a.jpg").await);
        let blob_id = site.view(asset_id).await.version.unwrap().blob.id;
        assert_eq!(catalog.image_details(blob_id).await.unwrap(), None);
        let plain = ImageDetails::default();
        for told in [plain, details()] {
            catalog.set_image_details(blob_id, &told, NOW).await.unwrap();
            assert_eq!(catalog.image_details(blob_id).await.unwrap(), Some(told));
        }
        site.trash_asset(asset_id).await.unwrap();
        catalog.purge_asset(site.tenant.id, asset_id, &at(NOW)).await.unwrap();
        catalog.delete_dead_blob(blob_id, NOW).await.unwrap();
        assert_eq!(catalog.image_details(blob_id).await.unwrap(), None);
        assert_fails!(catalog.set_image_details(blob_id, &details(), NOW).await, Error::Missing(Noun::Asset));
    });
}
