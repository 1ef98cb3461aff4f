//! Tenants, and that nothing crosses from one to another.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::folders::FolderKind;

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at, person},
};

#[test]
fn a_tenant_comes_with_a_user_and_a_root() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        let (tenant, user, root) = catalog.add_tenant("Zoë & Co", &person("zoe@x.test"), &at(NOW)).await.unwrap();
        assert_eq!((tenant.name.as_str(), tenant.created_at), ("Zoë & Co", NOW));
        assert_eq!(catalog.tenant(tenant.id).await.unwrap(), Some(tenant.clone()));
        assert_eq!(catalog.user(tenant.id, user.id).await.unwrap(), Some(user.clone()));
        assert_eq!(catalog.root_folder(tenant.id).await.unwrap(), root);
        assert_eq!((root.kind, root.parent_id, root.space_id), (FolderKind::Root, None, None));
        assert_eq!((root.path.clone(), root.slug.as_str()), (format!("/{}/", root.id), ""));
        assert_eq!((root.created_by, root.created_at, root.name.as_str()), (user.id, NOW, "Zoë & Co"));
        assert!(root.lives());
    });
}

#[test]
fn tenants_are_listed_oldest_first() {
    on_each_engine(async |database| {
        let first = Site::new(&database.catalog).await.tenant;
        let second = Site::new(&database.catalog).await.tenant;
        assert_eq!(database.catalog.tenants(10).await.unwrap(), [first.clone(), second]);
        assert_eq!(database.catalog.tenants(1).await.unwrap(), [first]);
        assert_eq!(database.catalog.tenants(0).await.unwrap(), []);
    });
}

#[test]
fn what_was_never_made_is_missing() {
    on_each_engine(async |database| {
        assert_eq!(database.catalog.tenant(77).await.unwrap(), None);
        let root = database.catalog.root_folder(77).await;
        assert!(matches!(root, Err(store::Error::Missing(store::Noun::Tenant))), "{root:?}");
        database.catalog.check().await.unwrap();
    });
}
