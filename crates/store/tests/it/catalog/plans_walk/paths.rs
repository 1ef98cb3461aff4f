//! Things at paths, and copies of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    assets::{AssetCopy, NewAsset},
    fields::{Field, FieldSet, Said},
    folders::FolderCopy,
    names::Slug,
    paths::{Missing, MissingFolder},
};

use super::super::{
    engines::NOW,
    samples::{Site, at, random_key, slug},
};

pub async fn paths(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let step = |slug: &str| MissingFolder { slug: slug.to_owned(), name: slug.to_owned(), name_key: slug.to_owned() };
    let missing = Missing { folders: vec![step("way")], public_read: true, created_by: site.user.id };
    let wish =
        NewAsset { missing: missing.clone(), slug: Slug::exactly("x".to_owned()), ..site.new_asset(site.root.id, "x") };
    let asset_id = catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
    catalog.follow(site.root.id, &["way", "x"]).await.unwrap();
    let field = Field { path: "a".to_owned(), kind: "text".to_owned(), value: String::new() };
    let set = FieldSet { fields: vec![field], ..FieldSet::default() };
    assert!(catalog.exchange_fields(id, asset_id, (&Said::default(), &set), &at(NOW)).await.unwrap());
    let copy = AssetCopy {
        folder_id: site.root.id,
        missing: missing.clone(),
        name: None,
        slug: slug("x"),
        key_prefix: random_key()[..10].to_owned(),
        created_by: site.user.id,
    };
    catalog.copy_asset(id, asset_id, &copy, &at(NOW)).await.unwrap();
    let folder_id = site.view(asset_id).await.folder.id;
    site.folder(folder_id, "inner").await;
    let copy = FolderCopy {
        parent_id: site.root.id,
        missing: Missing { folders: vec![step("elsewhere")], ..missing },
        name: None,
        slug: slug("copy"),
        created_by: site.user.id,
        max_folders: 9,
        swept_at_ms: NOW,
    };
    for shown in [true, false] {
        let hidden = catalog.begin_folder_copy(id, folder_id, &copy, &at(NOW)).await.unwrap();
        let new_key = || random_key()[..10].to_owned();
        catalog.fill_folder_copy(&hidden, site.user.id, new_key, &at(NOW)).await.unwrap();
        if shown {
            catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await.unwrap();
        } else {
            catalog.drop_folder_copy(&hidden, NOW).await.unwrap();
        }
    }
}
