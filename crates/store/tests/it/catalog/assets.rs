//! Assets: adding, finding, changing them.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::MediaType;
use store::{
    Error, Noun, Refusal,
    assets::{AssetChange, AssetState, Scan},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, slug},
};

#[test]
fn an_asset_reads_back_with_its_folder_its_version_and_its_bytes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "pets").await;
        let mut wish = site.new_asset(folder.id, "Kätzchen.JPG");
        (wish.version.scan, wish.version.animated, wish.version.media_type) = (Scan::Queued, true, MediaType::WEBP);
        let added = site.catalog.add_assets(std::slice::from_ref(&wish), &at(NOW + 3)).await.unwrap();
        assert!(added[0].kept_blob);
        let asset = site.catalog.asset(added[0].asset_id).await.unwrap().unwrap();
        assert_eq!((asset.id, asset.tenant_id, &asset.folder), (added[0].asset_id, site.tenant.id, &folder));
        assert_eq!((&asset.key, &asset.name, asset.slug.as_str()), (&wish.key, &wish.name, "Kätzchen.JPG"));
        assert_eq!((asset.state, asset.scan), (AssetState::Ready, Scan::Queued));
        assert_eq!((asset.title.as_deref(), asset.description.as_deref()), (None, None));
        assert_eq!((asset.download_count, asset.download_limit, asset.expires_at), (0, None, None));
        assert_eq!((asset.created_by, asset.created_at, asset.updated_at), (site.user.id, NOW + 3, NOW + 3));
        assert!(asset.lives());
        let version = asset.version.unwrap();
        assert_eq!((version.number, version.orientation, version.animated), (1, 6, true));
        assert_eq!(
            (version.pixels, version.media_type, version.created_at),
            (Some((640, 480)), MediaType::WEBP, NOW + 3)
        );
        assert_eq!(
            (version.blob.key, version.blob.size, version.blob.digest),
            (wish.version.blob.key, wish.version.blob.size, wish.version.blob.digest)
        );
        assert_eq!(site.catalog.asset(asset.id + 1).await.unwrap(), None);
    });
}

#[test]
fn an_asset_without_pixels_has_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut wish = site.new_asset(site.root.id, "notes.txt");
        wish.version.pixels = None;
        let added = site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap();
        assert_eq!(site.view(added[0].asset_id).await.version.unwrap().pixels, None);
    });
}

#[test]
fn several_assets_come_in_order_or_not_at_all() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "a").await;
        let wishes: Vec<_> = ["z", "m", "a"].map(|name| site.new_asset(folder.id, name)).into();
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        assert!(added.is_sorted_by_key(|added| added.asset_id));
        for (wish, added) in wishes.iter().zip(&added) {
            assert_eq!(site.view(added.asset_id).await.name, wish.name);
        }
        assert_eq!(site.catalog.add_assets(&[], &at(NOW)).await.unwrap(), []);

        let before = site.catalog.count_tenant_assets(site.tenant.id).await.unwrap();
        let nowhere = [site.new_asset(folder.id, "new"), site.new_asset(9_999, "new")];
        assert_fails!(site.catalog.add_assets(&nowhere, &at(NOW)).await, Error::Missing(Noun::Folder));
        let twice = [site.new_asset(folder.id, "new"), wishes[0].clone()];
        assert_fails!(site.catalog.add_assets(&twice, &at(NOW)).await, Error::Taken(Noun::Asset));
        let mut huge = [site.new_asset(folder.id, "new"), site.new_asset(folder.id, "new")];
        huge[1].version.blob.size = u64::MAX;
        assert_fails!(site.catalog.add_assets(&huge, &at(NOW)).await, Error::Refused(Refusal::TooManyBytes));

        assert_eq!(site.catalog.folder_assets(folder.id, &START, 9).await.unwrap().len(), 3);
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), before);
        assert_eq!(database.number("select count(*) from blobs").await, 3);
        assert_eq!(site.slug_of(site.asset(folder.id, "new").await).await, "new");
    });
}

#[test]
fn other_tenants_assets_are_missing_to_every_change() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mine = ours.asset(ours.root.id, "mine").await;
        let their = theirs.asset(theirs.root.id, "their").await;
        let before = theirs.view(their).await;
        assert_fails!(ours.move_asset(their, ours.root.id, "x").await, Error::Missing(Noun::Asset));
        assert_fails!(ours.trash_asset(their).await, Error::Missing(Noun::Asset));
        assert_fails!(ours.move_asset(mine, theirs.root.id, "x").await, Error::Missing(Noun::Folder));
        assert_fails!(ours.move_asset(9_999, ours.root.id, "x").await, Error::Missing(Noun::Asset));
        assert_eq!(theirs.view(their).await, before);
    });
}

#[test]
fn an_asset_is_renamed_and_moved_at_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let target = site.folder(site.root.id, "target").await;
        let id = site.asset(site.root.id, "old.png").await;
        let name = Some(("New.png".to_owned(), "new.png".to_owned()));
        let change = AssetChange {
            seen: None,
            name,
            folder_id: Some(target.id),
            missing: store::paths::Missing::default(),
            slug: slug("new.png"),
            fields: Vec::new(),
        };
        site.catalog.change_asset(site.tenant.id, id, &change, &at(NOW + 9)).await.unwrap();
        let asset = site.view(id).await;
        assert_eq!((asset.name.as_str(), asset.slug.as_str(), asset.folder.id), ("New.png", "new.png", target.id));
        assert_eq!((asset.created_at, asset.updated_at), (NOW, NOW + 9));
        let listed = site.catalog.folder_assets(target.id, &("new.png".to_owned(), 0), 9).await.unwrap();
        assert_eq!(listed, [asset]);
        assert_eq!(site.catalog.folder_assets(site.root.id, &START, 9).await.unwrap(), []);
    });
}

#[test]
fn a_trashed_asset_is_out_of_lists_and_missing_to_changes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        site.catalog.trash_asset(site.tenant.id, id, &at(NOW + 4)).await.unwrap();
        let asset = site.view(id).await;
        assert_eq!((asset.deleted_at, asset.updated_at, asset.lives()), (Some(NOW + 4), NOW + 4, false));
        assert!(asset.version.is_some());
        assert_eq!(site.catalog.folder_assets(site.root.id, &START, 9).await.unwrap(), []);
        assert_fails!(site.trash_asset(id).await, Error::Missing(Noun::Asset));
        assert_fails!(site.move_asset(id, site.root.id, "a").await, Error::Missing(Noun::Asset));
    });
}

#[test]
fn of_many_that_trash_one_asset_one_does() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        let target = site.folder(site.root.id, "target").await;
        let trashes = (0..10).map(|number| {
            let site = site.clone();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    drop(site.move_asset(id, target.id, "a").await);
                }
                site.trash_asset(id).await.is_ok()
            })
        });
        let done = futures_util::future::join_all(trashes).await.into_iter().filter(|done| *done.as_ref().unwrap());
        assert_eq!(done.count(), 1);
        assert_eq!(site.catalog.count_tenant_assets(site.tenant.id).await.unwrap(), 0);
        assert_eq!(database.number("select count(*) from names where asset_id is not null").await, 0);
        assert_eq!(database.number("select count(*) from tallies where live <> 0").await, 0);
    });
}
