//! Records and what is sent about them, uploads in chunks, and what is left when bytes are gone.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    assets::RemovalWish,
    dispatches::{DispatchState, NewDispatch, Parcel},
    records::NewRecord,
};

use super::super::{
    chunk_samples::{ROOM, add, begin, chunk, end, gather, look},
    engines::NOW,
    samples::{Site, at},
};

fn new_record(site: &Site, lookup: Option<&str>) -> NewRecord {
    NewRecord {
        tenant_id: site.tenant.id,
        realm: "botdoc".to_owned(),
        kind: "message".to_owned(),
        parent_id: None,
        folder_id: None,
        asset_id: None,
        body: String::new(),
        lookup: lookup.map(str::to_owned),
    }
}

pub async fn records(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let wish = NewRecord { asset_id: Some(asset_id), ..new_record(site, None) };
    let parent = catalog.add_record(&wish, NOW).await.unwrap();
    let child = NewRecord { parent_id: Some(parent.id), folder_id: Some(site.root.id), ..wish.clone() };
    let record = catalog.add_record(&child, NOW).await.unwrap();
    catalog.record(id, "botdoc", record.id).await.unwrap();
    catalog.record_by_lookup("botdoc", "key").await.unwrap();
    catalog.records(id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.asset_records(asset_id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.folder_records(site.root.id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.child_records(parent.id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.latest_folder_record(site.root.id, "botdoc", "message").await.unwrap();
    catalog.records_page(id, ("botdoc", "message"), (0, 9)).await.unwrap();
    catalog.count_folder_records(site.root.id, "botdoc", 9).await.unwrap();
    let folder = site.new_folder(site.root.id, "recorded");
    catalog.add_recorded_folder(&folder, &new_record(site, None), &at(NOW)).await.unwrap();
    catalog.add_asset_records(&wish, &[asset_id], 9, NOW).await.unwrap();
    catalog.count_asset_records(&[asset_id], "botdoc", "message").await.unwrap();
    catalog.exchange_record(&record, "y", NOW).await.unwrap();
    catalog.replace_record(id, "botdoc", record.id, "x", NOW).await.unwrap();
    catalog.delete_record(id, "botdoc", parent.id).await.unwrap();
}

pub async fn chunks(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let upload = begin(site, site.root.id, "a", 2).await;
    catalog.chunked_alike((id, "botdoc", site.user.id), (site.root.id, "a", 2), 9).await.unwrap();
    catalog.upload_part(upload.id, 1).await.unwrap();
    catalog.count_upload_parts(upload.id, 0).await.unwrap();
    assert!(catalog.add_chunk(&upload, &chunk(2), (1, NOW)).await.is_err(), "it is too much");
    gather(site, &upload).await;
    assert!(catalog.add_chunk(&upload, &chunk(2), ROOM).await.is_ok(), "it is there");
    assert_eq!(end(site, &upload).await.unwrap(), Some(true));
    catalog.forget_chunked(id, upload.id, NOW + 200).await.unwrap();
    assert_eq!(look(site, &upload).await, None);
    for number in 0..2 {
        let upload = begin(site, site.root.id, "b", 3).await;
        add(site, &upload, 2).await.unwrap();
        let keys = match number {
            0 => catalog.abandon_chunked(id, upload.asset_id, &at(NOW)).await.unwrap(),
            _ => catalog.forget_chunked(id, upload.id, NOW + 200).await.unwrap(),
        };
        assert_eq!(keys.len(), 3);
        assert!(!catalog.knows_blob(keys[2]).await.unwrap());
    }
}

pub async fn removal(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let asset_id = site.asset(site.root.id, "gone").await;
    let wish = RemovalWish { hidden: false, shred_at: NOW };
    catalog.remove_asset(id, asset_id, wish, &at(NOW)).await.unwrap();
    assert_eq!(catalog.removals(&[asset_id]).await.unwrap().len(), 1);
    catalog.listed_assets(id, i64::MAX, 9).await.unwrap();
    catalog.listed_assets_in(id, site.root.id, 0, 9).await.unwrap();
    catalog.count_tenant_rows(id).await.unwrap();
    catalog.count_folder_rows(id, site.root.id).await.unwrap();
}

pub async fn dispatches(site: &Site) {
    let catalog = &site.catalog;
    let parcel = Parcel::Text { to: "1".to_owned(), text: "t".to_owned() };
    let wish = NewDispatch { tenant_id: site.tenant.id, realm: "botdoc".to_owned(), record_id: None, parcel };
    let dispatch_id = catalog.add_dispatches(std::slice::from_ref(&wish), NOW).await.unwrap()[0];
    let record = (new_record(site, Some("key")), vec![wish]);
    let record_id = catalog.add_dispatched_records(&[record], NOW).await.unwrap()[0].id;
    catalog.dispatch(dispatch_id).await.unwrap().unwrap();
    catalog.record_dispatches(record_id, 0, 9).await.unwrap();
    catalog.dispatches(site.tenant.id, 0, 9).await.unwrap();
    catalog.claim_dispatch("one", NOW, NOW).await.unwrap().unwrap();
    assert!(catalog.note_dispatch(dispatch_id, DispatchState::Sent, None, NOW).await.unwrap());
    catalog.forget_dispatches(NOW + 1).await.unwrap();
}
