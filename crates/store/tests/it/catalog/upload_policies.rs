//! Upload policies: set on folders and found by climbing.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun,
    audit::Action,
    upload_policies::{PolicyOf, UploadPolicy},
};

use super::{
    copies::{copied, folder_copy},
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

fn policy(deny: &str) -> UploadPolicy {
    UploadPolicy { allow: vec!["image/*".to_owned()], deny: vec![deny.to_owned()], matching: true }
}

async fn set(site: &Site, folder_id: i64, policy: Option<&UploadPolicy>) -> store::Result<()> {
    site.catalog.set_upload_policy((site.tenant.id, folder_id), policy, &at(NOW + 4)).await
}

async fn governing(site: &Site, folder_id: i64) -> Option<PolicyOf> {
    site.catalog.governing_policy(site.tenant.id, folder_id).await.unwrap()
}

#[test]
fn the_nearest_policy_above_holds() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let outer = site.folder(site.root.id, "outer").await;
        let inner = site.folder(outer.id, "inner").await;
        assert_eq!(governing(&site, inner.id).await, None);
        let of = |folder_id, deny| Some(PolicyOf { folder_id, policy: policy(deny) });
        set(&site, site.root.id, Some(&policy("svg"))).await.unwrap();
        assert_eq!(governing(&site, inner.id).await, of(site.root.id, "svg"));
        set(&site, inner.id, Some(&policy("gif"))).await.unwrap();
        assert_eq!(governing(&site, inner.id).await, of(inner.id, "gif"));
        assert_eq!(governing(&site, outer.id).await, of(site.root.id, "svg"));
        site.move_folder(&inner, site.root.id).await.unwrap();
        set(&site, inner.id, None).await.unwrap();
        assert_eq!(governing(&site, inner.id).await, of(site.root.id, "svg"));
        assert_eq!(site.look(inner.id).await.updated_at, NOW + 4);
        let line =
            site.catalog.audit_of(site.tenant.id, (Noun::Folder, inner.id), i64::MAX, 1).await.unwrap().remove(0);
        assert_eq!(line.action, Action::Policy);
    });
}

#[test]
fn a_copy_of_a_folder_has_its_policy() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        set(&site, folder.id, Some(&policy("svg"))).await.unwrap();
        let copied = copied(&site, folder.id, &folder_copy(&site, site.root.id, "copy")).await.unwrap().id;
        assert_eq!(governing(&site, copied).await, Some(PolicyOf { folder_id: copied, policy: policy("svg") }));
    });
}

#[test]
fn nothing_is_set_on_what_is_not_there() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        for id in [site.root.id + 99, theirs.root.id] {
            assert_fails!(set(&site, id, Some(&policy("svg"))).await, Error::Missing(Noun::Folder));
        }
        assert_eq!(governing(&site, theirs.root.id).await, None);
    });
}

#[test]
fn a_policy_that_can_not_be_read_lets_nothing_pass() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let broken = "update folders set upload_policy = '{'";
        sqlx::query(broken).execute(&mut database.connect().await).await.unwrap();
        assert_fails!(site.catalog.governing_policy(site.tenant.id, site.root.id).await, Error::Corrupt(_));
    });
}
