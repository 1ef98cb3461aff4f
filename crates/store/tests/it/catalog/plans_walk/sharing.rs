//! Links and who came by them, collections, entries that wait for their bytes, and what is fetched for them.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Noun,
    collections::Collection,
    fetches::{FetchOutcome, FetchState, NewFetch},
    links::VisitOutcome,
};

use super::super::{
    collections::new_collection,
    engines::NOW,
    links::{new_link, visit},
    placeholder_samples::{fill, new_placeholder},
    samples::{Site, at, person},
};

pub async fn links(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let link = catalog.add_link(&new_link(site, asset_id).await, &at(NOW)).await.unwrap();
    catalog.link(&link.key).await.unwrap();
    catalog.asset_links(id, asset_id, 0, 9).await.unwrap();
    catalog.links(id, 0, 9).await.unwrap();
    catalog.links_by_id(id, &[link.id]).await.unwrap();
    assert!(catalog.spend_link(&link.key, None, &visit(NOW)).await.unwrap().is_some());
    catalog.add_visit(link.id, &visit(NOW), VisitOutcome::Looked).await.unwrap();
    catalog.visits(link.id, 0, 9).await.unwrap();
    catalog.forget_visits(NOW).await.unwrap();
    catalog.revoke_link(id, link.id, &at(NOW)).await.unwrap();
}

pub async fn entries(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let wish = new_placeholder(site, site.root.id, "entry");
    let entry = catalog.add_placeholder(&wish, &at(NOW)).await.unwrap();
    assert_eq!(catalog.asset_by_key(id, &wish.key).await.unwrap(), Some(entry));
    assert!(!catalog.folder_entries(id, site.root.id, 0, 9).await.unwrap().is_empty());
    fetches(site, entry).await;
    let filled = fill(site, entry, "entry").await.unwrap();
    catalog.version(filled.version_id).await.unwrap().unwrap();
    catalog.versions(entry, 9).await.unwrap();
    catalog.trash_asset_at(id, entry, (None, Some(NOW)), &at(NOW)).await.unwrap();
    assert_eq!(catalog.assets_to_purge(NOW, 9).await.unwrap(), [(id, entry)]);
    catalog.old_trash(id, NOW, 9).await.unwrap();
    catalog.audit_of(id, (Noun::Asset, asset_id), i64::MAX, 9).await.unwrap();
    catalog.records_of_assets(&[asset_id], "botdoc", "message").await.unwrap();
    catalog.records_of_folders(&[site.root.id], "botdoc", "message").await.unwrap();
}

async fn fetches(site: &Site, asset_id: i64) {
    let catalog = &site.catalog;
    let wish = NewFetch {
        tenant_id: site.tenant.id,
        asset_id,
        url: "https://example.com/a".to_owned(),
        file_name: "a".to_owned(),
        created_by: site.user.id,
    };
    let fetch = catalog.add_fetch(&wish, NOW).await.unwrap();
    catalog.fetch(fetch.id).await.unwrap();
    catalog.asset_fetches(asset_id, 9).await.unwrap();
    catalog.claim_fetch("one", NOW, NOW).await.unwrap().unwrap();
    let outcome = FetchOutcome { state: FetchState::Failed, tried: true, error: Some("no"), version_id: None };
    assert!(catalog.note_fetch(fetch.id, outcome, NOW).await.unwrap());
}

pub async fn collections(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let made = catalog.add_collection(&new_collection(site, "c"), &at(NOW)).await.unwrap();
    catalog.collection(id, made.id).await.unwrap().unwrap();
    catalog.collections(id, 0, 9).await.unwrap();
    let changed = Collection { title: "d".to_owned(), ..made.clone() };
    assert!(catalog.describe_collection(&changed, &at(NOW)).await.unwrap());
    assert!(catalog.publish_collection(id, made.id, true, &at(NOW)).await.unwrap());
    catalog.change_collection((id, made.id), (&[asset_id], &[asset_id]), &at(NOW)).await.unwrap();
    catalog.collected_assets(made.id, 0, 9).await.unwrap();
    catalog.collections_of_asset(id, asset_id, 9).await.unwrap();
    let guest = catalog.add_user(id, &person("guest@acme.test"), &at(NOW)).await.unwrap().id;
    catalog.share_collection((id, made.id), (&[guest], &[guest]), &at(NOW)).await.unwrap();
    catalog.collection_users(made.id, 9).await.unwrap();
    catalog.collections_shared_with(guest).await.unwrap();
    assert!(catalog.delete_collection(id, made.id, &at(NOW)).await.unwrap());
}
