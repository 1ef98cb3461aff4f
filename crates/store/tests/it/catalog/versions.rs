//! The versions of an asset: each state that its bytes were in, oldest first.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::MediaType;
use store::assets::NewVersion;

use super::{
    engines::{NOW, on_each_engine},
    placeholder_samples::{fill, placeholder},
    samples::{Site, at, distinct},
};

#[test]
fn versions_are_told_oldest_first_as_they_were_when_they_were_the_current_one() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let (id, other) = (site.asset(site.root.id, "a").await, site.asset(site.root.id, "b").await);
        let mut expected = vec![site.view(id).await.version.unwrap()];
        for number in 1..4 {
            let wish = NewVersion {
                media_type: if number == 2 { MediaType::parse("application/pdf").unwrap() } else { MediaType::JPEG },
                pixels: (number != 2).then_some((number, 2 * number)),
                animated: number == 3,
                ..site.new_version(distinct())
            };
            let now = NOW + i64::from(number);
            assert!(catalog.add_version(tenant_id, id, &wish, &at(now)).await.unwrap());
            expected.push(site.view(id).await.version.unwrap());
            assert_eq!(expected.last().unwrap().created_at, now);
        }
        assert_eq!(catalog.versions(id, 9).await.unwrap(), expected);
        assert_eq!(catalog.versions(id, 2).await.unwrap(), expected[..2]);
        for version in &expected {
            assert_eq!(catalog.version(version.id).await.unwrap(), Some((id, version.clone())));
        }
        let others = catalog.versions(other, 9).await.unwrap();
        assert_eq!(others, [site.view(other).await.version.unwrap()]);
        assert_eq!(catalog.version(others[0].id).await.unwrap().unwrap().0, other);
        assert_eq!(catalog.version(9_999).await.unwrap(), None);
        assert_eq!(catalog.versions(9_999, 9).await.unwrap(), []);
        // In the trash they are there, and gone with their asset.
        site.trash_asset(id).await.unwrap();
        assert_eq!(catalog.versions(id, 9).await.unwrap(), expected);
        catalog.purge_asset(tenant_id, id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.versions(id, 9).await.unwrap(), []);
        assert_eq!(catalog.version(expected[0].id).await.unwrap(), None);
    });
}

#[test]
fn equal_bytes_have_equal_tags_and_others_have_others() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = placeholder(&site, site.root.id, "a").await;
        assert_eq!(site.catalog.versions(id, 9).await.unwrap(), []);
        fill(&site, id, "a").await.unwrap();
        for seed in [1, 2, 1] {
            site.catalog.add_version(site.tenant.id, id, &site.new_version(seed), &at(NOW)).await.unwrap();
        }
        let tags: Vec<_> =
            site.catalog.versions(id, 9).await.unwrap().iter().map(store::assets::Version::tag).collect();
        assert_eq!(tags[1], "0000000000000001".to_owned() + &"0".repeat(16));
        assert_eq!(tags[3], tags[1]);
        assert!(tags[2] != tags[1] && tags[0] != tags[1]);
    });
}
