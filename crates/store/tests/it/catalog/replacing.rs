//! Replacing an asset's bytes: a version more, under the same id.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun, Refusal,
    assets::{NewVersion, Scan},
    jobs::{JobState, NewJob, Work},
    links::NewLink,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at, distinct, random_key},
    soundness::assert_sound,
};

#[test]
fn new_bytes_make_a_version_more_and_links_keep_the_one_they_were_made_for() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (id, tenant_id) = (site.asset(site.root.id, "a.jpg").await, site.tenant.id);
        let old = site.view(id).await;
        let version = old.version.clone().unwrap();
        let link = NewLink {
            tenant_id,
            key: random_key(),
            realm: "mediapocket".to_owned(),
            asset_id: id,
            version_id: version.id,
            plan_key: None,
            file_name: "a.jpg".to_owned(),
            use_limit: None,
            created_by: site.user.id,
            expires_at: None,
            password_hash: None,
            private: None,
        };
        site.catalog.add_link(&link, &at(NOW)).await.unwrap();
        let wish = NewVersion { scan: Scan::Queued, jobs: vec![NewJob::Preview], ..site.new_version(distinct()) };
        assert!(site.catalog.add_version(tenant_id, id, &wish, &at(NOW + 5)).await.unwrap());

        let new = site.view(id).await;
        let second = new.version.clone().unwrap();
        assert_eq!((second.number, second.blob.key, second.created_at), (2, wish.blob.key, NOW + 5));
        assert_eq!((new.scan, new.updated_at, new.created_at), (Scan::Queued, NOW + 5, NOW));
        assert_eq!((&new.key, &new.slug, &new.name, &new.folder), (&old.key, &old.slug, &old.name, &old.folder));
        assert_eq!(site.catalog.link(&link.key).await.unwrap().unwrap().version_id, version.id);
        let jobs = site.catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
        assert_eq!(jobs.iter().map(|job| &job.work).collect::<Vec<_>>(), [&Work::Preview { asset_id: id }]);
        assert_eq!(site.catalog.count_tenant_assets(tenant_id).await.unwrap(), 1);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn equal_bytes_are_not_needed_twice() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        let other = site.asset(site.root.id, "b").await;
        let bytes = site.view(other).await.version.unwrap().blob;
        let mut wish = site.new_version(distinct());
        (wish.blob.digest, wish.blob.size) = (bytes.digest, bytes.size);
        assert!(!site.catalog.add_version(site.tenant.id, id, &wish, &at(NOW)).await.unwrap());
        assert_eq!(site.view(id).await.version.unwrap().blob, bytes);
    });
}

#[test]
fn what_is_trashed_or_another_tenants_is_missing_to_new_bytes() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (id, their) = (ours.asset(ours.root.id, "a").await, theirs.asset(theirs.root.id, "a").await);
        let inside = ours.folder(ours.root.id, "f").await;
        let shut = ours.asset(inside.id, "a").await;
        ours.trash_asset(id).await.unwrap();
        ours.trash_folder(inside.id).await.unwrap();
        for gone in [id, their, shut, 9_999] {
            let replaced =
                ours.catalog.add_version(ours.tenant.id, gone, &ours.new_version(distinct()), &at(NOW)).await;
            assert_fails!(replaced, Error::Missing(Noun::Asset));
        }
        let living = ours.asset(ours.root.id, "b").await;
        let mut huge = ours.new_version(distinct());
        huge.blob.size = u64::MAX;
        let replaced = ours.catalog.add_version(ours.tenant.id, living, &huge, &at(NOW)).await;
        assert_fails!(replaced, Error::Refused(Refusal::TooManyBytes));
        assert_eq!(database.number("select count(*) from versions").await, 4);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn bytes_that_come_all_at_once_are_numbered_and_counted() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let space = site.space("space").await;
        let other = site.folder(space.id, "other").await;
        for _ in 0..8 {
            let id = site.asset(space.id, "a").await;
            let changes = (0..9).map(|number| {
                let site = site.clone();
                tokio::spawn(async move {
                    let changed = match number {
                        0 => site.move_asset(id, other.id, "a").await,
                        1 => site.trash_asset(id).await,
                        _ => {
                            let wish = site.new_version(distinct());
                            site.catalog.add_version(site.tenant.id, id, &wish, &at(NOW)).await.map(drop)
                        }
                    };
                    // What comes behind the trash finds nothing.
                    assert!(matches!(changed, Ok(()) | Err(Error::Missing(Noun::Asset))), "{changed:?}");
                })
            });
            join_all(changes).await.into_iter().for_each(Result::unwrap);
            assert_sound(&mut database.connect().await).await;
        }
    });
}
