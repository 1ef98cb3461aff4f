//! Quotas: what counts, by which ways files come, and that of many who come at once exactly as many get in as there is room for.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun, Refusal, Result,
    assets::{AssetCopy, NewAsset, RemovalWish},
    audit::Action,
    folders::FolderCopy,
    names::Slug,
    paths::Missing,
    quotas::{Quota, QuotaUse},
};

use super::{
    chunk_samples::{begin, end, gather},
    engines::{Database, NOW, on_each_engine},
    placeholder_samples::{fill, placeholder},
    samples::{Site, assert_fails, at, distinct, new_blob, random_key, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

async fn limit(site: &Site, max_files: Option<u64>, max_bytes: Option<u64>) {
    site.catalog.set_quota(site.tenant.id, Quota { max_files, max_bytes }, &at(NOW)).await.unwrap();
}

async fn kept(site: &Site) -> (u64, u64) {
    let QuotaUse { files, bytes, .. } = site.catalog.quota_use(site.tenant.id).await.unwrap().unwrap();
    (files, bytes)
}

/// An asset of so many bytes that nobody else has.
async fn add_sized(site: &Site, size: u64) -> Result<i64> {
    let mut new = site.new_asset(site.root.id, "a");
    new.version.blob.size = size;
    Ok(site.catalog.add_assets(&[new], &at(NOW)).await?[0].asset_id)
}

async fn replace(site: &Site, id: i64, size: u64) -> Result<bool> {
    let mut version = site.new_version(distinct());
    version.blob.size = size;
    site.catalog.add_version(site.tenant.id, id, &version, &at(NOW)).await
}

fn copy_to(site: &Site, folder_id: i64, name: &str) -> AssetCopy {
    let slug = slug(name);
    let key_prefix = random_key()[..10].to_owned();
    AssetCopy { folder_id, missing: Missing::default(), name: None, slug, key_prefix, created_by: site.user.id }
}

async fn copy_folder(site: &Site, id: i64, name: &str) -> Result<()> {
    let copy = FolderCopy {
        parent_id: site.root.id,
        missing: Missing::default(),
        name: None,
        slug: Slug::exactly(name.to_owned()),
        created_by: site.user.id,
        max_folders: 99,
        swept_at_ms: NOW + 9,
    };
    let hidden = site.catalog.begin_folder_copy(site.tenant.id, id, &copy, &at(NOW)).await?;
    let new_key = || random_key()[..10].to_owned();
    let filled = site.catalog.fill_folder_copy(&hidden, site.user.id, new_key, &at(NOW)).await;
    if filled.is_err() {
        site.catalog.drop_folder_copy(&hidden, NOW).await.unwrap();
    }
    filled?;
    site.catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await.map(|_| ())
}

async fn assert_right(database: &Database) {
    assert_sound(&mut database.connect().await).await;
    assert_clean(&database.catalog).await;
}

#[test]
fn what_is_kept_counts_until_it_is_purged() {
    on_each_engine(async |database| {
        let (site, others) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let id = add_sized(&site, 100).await.unwrap();
        assert_eq!(kept(&site).await, (1, 100));
        // Each version is kept, and equal bytes count as often as they are.
        replace(&site, id, 20).await.unwrap();
        assert_eq!(kept(&site).await, (1, 120));
        let copy = catalog.copy_asset(tenant_id, id, &copy_to(&site, site.root.id, "a"), &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await, (2, 140));
        site.trash_asset(id).await.unwrap();
        assert_eq!(kept(&site).await, (2, 140));
        catalog.restore_asset(tenant_id, id, &slug("a"), &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await, (2, 140));
        site.trash_asset(id).await.unwrap();
        catalog.purge_asset(tenant_id, id, &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await, (1, 20));
        catalog.remove_asset(tenant_id, copy, RemovalWish { hidden: false, shred_at: NOW }, &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await, (0, 0));
        // What waits for its bytes keeps nothing.
        let entry = placeholder(&site, site.root.id, "p").await;
        let upload = begin(&site, site.root.id, "film", 2).await;
        assert_eq!(kept(&site).await, (0, 0));
        fill(&site, entry, "p").await.unwrap();
        gather(&site, &upload).await;
        end(&site, &upload).await.unwrap();
        assert_eq!(kept(&site).await.0, 2);
        assert_eq!(kept(&others).await, (0, 0));
        assert_right(database).await;
    });
}

#[test]
fn nothing_comes_in_by_any_way_where_there_is_no_room() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, tenant_id, root) = (&site.catalog, site.tenant.id, site.root.id);
        let folder = site.folder(root, "f").await;
        for name in ["a", "b"] {
            site.asset(folder.id, name).await;
        }
        let id = add_sized(&site, 100).await.unwrap();
        let (entry, upload) = (placeholder(&site, root, "p").await, begin(&site, root, "film", 2).await);
        gather(&site, &upload).await;
        let before = kept(&site).await;
        for (max_files, max_bytes) in [(Some(before.0), None), (None, Some(before.1)), (Some(0), Some(0))] {
            limit(&site, max_files, max_bytes).await;
            assert_fails!(add_sized(&site, 1).await, Error::Refused(Refusal::OverQuota));
            assert_fails!(fill(&site, entry, "p").await, Error::Refused(Refusal::OverQuota));
            assert_fails!(end(&site, &upload).await, Error::Refused(Refusal::OverQuota));
            let copied = catalog.copy_asset(tenant_id, id, &copy_to(&site, root, "c"), &at(NOW)).await;
            assert_fails!(copied, Error::Refused(Refusal::OverQuota));
            assert_fails!(copy_folder(&site, folder.id, "g").await, Error::Refused(Refusal::OverQuota));
            // Of several all or none: here the second is one too many.
            let two = [site.new_asset(root, "x"), site.new_asset(root, "y")];
            limit(&site, max_files.map(|most| most + 1), max_bytes.map(|most| most + 1_000)).await;
            assert_fails!(catalog.add_assets(&two, &at(NOW)).await, Error::Refused(Refusal::OverQuota));
            assert_eq!(kept(&site).await, before);
        }
        // New bytes for a file are no new file; they count all the same.
        limit(&site, Some(before.0), Some(before.1 + 10)).await;
        assert_fails!(replace(&site, id, 11).await, Error::Refused(Refusal::OverQuota));
        replace(&site, id, 10).await.unwrap();
        // What is there already may go into the trash and come back, and move, though there is less room by now than it takes.
        limit(&site, Some(0), Some(0)).await;
        site.trash_asset(id).await.unwrap();
        catalog.restore_asset(tenant_id, id, &slug("a"), &at(NOW)).await.unwrap();
        site.move_asset(id, folder.id, "z").await.unwrap();
        replace(&site, id, 0).await.unwrap();
        site.trash_asset(id).await.unwrap();
        catalog.purge_asset(tenant_id, id, &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await.0, before.0 - 1);
        limit(&site, None, None).await;
        copy_folder(&site, folder.id, "g").await.unwrap();
        fill(&site, entry, "p").await.unwrap();
        end(&site, &upload).await.unwrap();
        assert_right(database).await;
    });
}

#[test]
fn of_many_who_come_at_once_as_many_get_in_as_there_is_room_for() {
    on_each_engine(async |database| {
        let (site, free) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let beside = database.open_again().await;
        for (max_files, max_bytes) in [(Some(10), None), (None, Some(2 * 10 * 500 + 499))] {
            limit(&site, max_files, max_bytes).await;
            let before = kept(&site).await.0;
            let sends = (0..50).map(|send| {
                let site = if send % 2 == 0 { site.clone() } else { site.through(&beside) };
                let other = free.clone();
                tokio::spawn(async move {
                    add_sized(&other, 500).await.unwrap();
                    add_sized(&site, 500).await
                })
            });
            let outcomes: Vec<Result<i64>> = join_all(sends).await.into_iter().map(|sent| sent.unwrap()).collect();
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
            for outcome in outcomes.into_iter().filter(Result::is_err) {
                assert_fails!(outcome, Error::Refused(Refusal::OverQuota));
            }
            assert_eq!(kept(&site).await.0, before + 10);
        }
        assert_eq!(kept(&free).await, (100, 50_000));
        assert_right(database).await;
        beside.close().await;
    });
}

#[test]
fn a_folder_that_does_not_fit_is_not_copied_and_takes_no_room() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let top = site.folder(site.root.id, "top").await;
        let inner = site.folder(top.id, "inner").await;
        for folder in [&top, &inner] {
            let many: Vec<NewAsset> = (0..450).map(|at| site.new_asset(folder.id, &format!("{at}"))).collect();
            site.catalog.add_assets(&many, &at(NOW)).await.unwrap();
        }
        // An older version is not copied, so that it needs no room.
        let first = site.catalog.folder_assets(top.id, &super::samples::START, 1).await.unwrap()[0].id;
        replace(&site, first, 5_000_000).await.unwrap();
        replace(&site, first, 1).await.unwrap();
        limit(&site, Some(1_799), None).await;
        assert_fails!(copy_folder(&site, top.id, "copy").await, Error::Refused(Refusal::OverQuota));
        assert_eq!(kept(&site).await.0, 900);
        assert_eq!(site.catalog.child_folders(site.root.id, &super::samples::START, 9).await.unwrap().len(), 1);
        limit(&site, Some(1_800), None).await;
        copy_folder(&site, top.id, "copy").await.unwrap();
        assert_eq!(kept(&site).await.0, 1_800);
        assert_right(database).await;
    });
}

#[test]
fn a_wrong_count_is_found_and_put_right() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut small = site.new_asset(site.root.id, "a");
        small.version.blob = new_blob(7);
        site.catalog.add_assets(&[small], &at(NOW)).await.unwrap();
        let right = kept(&site).await;
        super::verify::spoil(database, "update tenant_use set files = 9, bytes = 9".to_owned()).await;
        let wrong = site.catalog.wrong_uses().await.unwrap();
        assert_eq!(wrong.len(), 1);
        assert_eq!((wrong[0].tenant_id, wrong[0].kept, wrong[0].counted), (site.tenant.id, (9, 9), (1, 1_007)));
        site.catalog.recount_use(site.tenant.id).await.unwrap();
        assert_eq!(kept(&site).await, right);
        assert_clean(&database.catalog).await;
    });
}

#[test]
fn who_sets_a_quota_is_written_down() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        limit(&site, Some(5), None).await;
        let quota = site.catalog.quota_use(site.tenant.id).await.unwrap().unwrap().quota;
        assert_eq!(quota, Quota { max_files: Some(5), max_bytes: None });
        let about = (Noun::Tenant, site.tenant.id);
        let lines = site.catalog.audit_of(site.tenant.id, about, i64::MAX, 9).await.unwrap();
        assert_eq!(lines[0].action, Action::Update);
        let nobody = site.catalog.set_quota(site.tenant.id + 9, Quota::default(), &at(NOW)).await;
        assert_fails!(nobody, Error::Missing(Noun::Tenant));
        assert_eq!(site.catalog.quota_use(site.tenant.id + 9).await.unwrap(), None);
    });
}

#[test]
fn a_tenant_that_an_earlier_version_founded_is_counted_when_something_comes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = add_sized(&site, 100).await.unwrap();
        let forget = || super::verify::spoil(database, "delete from tenant_use".to_owned());
        forget().await;
        add_sized(&site, 20).await.unwrap();
        assert_eq!(kept(&site).await, (2, 120));
        forget().await;
        limit(&site, Some(2), None).await;
        assert_eq!(kept(&site).await, (2, 120));
        assert_fails!(add_sized(&site, 1).await, Error::Refused(Refusal::OverQuota));
        forget().await;
        site.trash_asset(id).await.unwrap();
        site.catalog.purge_asset(site.tenant.id, id, &at(NOW)).await.unwrap();
        assert_eq!(kept(&site).await, (1, 20));
        assert_right(database).await;
    });
}
