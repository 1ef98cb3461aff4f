//! Calls every method of the catalog, each in every way that runs a statement of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use content::MediaType;
use store::{
    Catalog,
    assets::{AssetChange, NewAsset},
    blobs::{BlobId, BlobKey},
    fields::Field,
    folders::{FolderChange, FolderKind},
    jobs::{JobState, NewJob, Work},
    links::NewLink,
    records::NewRecord,
    renditions::Rendition,
    tokens::NewToken,
    uploads::{NewUpload, UploadPart},
};

use super::{
    engines::NOW,
    samples::{START, Site, person, random_key, slug},
    tokens::new_token,
};

pub async fn call_every_method(url: &str) {
    let catalog = Catalog::open(url).await.unwrap();
    catalog.check().await.unwrap();
    let site = Site::new(&catalog).await;
    tenants_users_and_tokens(&site).await;
    folders(&site).await;
    let asset_id = assets(&site).await;
    uploads(&site).await;
    links_and_renditions(&site, asset_id).await;
    jobs(&site).await;
    records(&site, asset_id).await;
    catalog.close().await;
}

async fn tenants_users_and_tokens(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    catalog.tenants(9).await.unwrap();
    catalog.tenant(id).await.unwrap();
    let ben = catalog.add_user(id, &person("ben@acme.test"), NOW).await.unwrap();
    catalog.user(id, ben.id).await.unwrap();
    catalog.users(id, 0, 9).await.unwrap();
    let wish = NewToken { folder_id: Some(site.root.id), ..new_token(site, 1) };
    let token = catalog.add_token(&wish, NOW).await.unwrap();
    catalog.token("fliplet", &[1; 32]).await.unwrap();
    catalog.tokens(id, 0, 9).await.unwrap();
    catalog.spend_token_call(token.id, NOW).await.unwrap();
    catalog.revoke_token(id, token.id, NOW).await.unwrap();
    catalog.disable_user(id, ben.id, NOW).await.unwrap();
}

async fn folders(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let folder = site.folder(site.root.id, "a").await;
    let other = site.folder(site.root.id, "a").await;
    let name = Some(("b".to_owned(), "b".to_owned()));
    let change = FolderChange { name, parent_id: Some(other.id), slug: slug("b") };
    catalog.change_folder(id, folder.id, &change, NOW).await.unwrap();
    catalog.root_folder(id).await.unwrap();
    catalog.child_folders(site.root.id, &START, 9).await.unwrap();
    catalog.folders_of_kind(id, FolderKind::Plain, 0, 9).await.unwrap();
    catalog.folder_tree(&site.root, 9).await.unwrap();
    site.trash_folder(other.id).await.unwrap();
}

async fn assets(site: &Site) -> i64 {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let first = site.new_asset(site.root.id, "c");
    let fields = vec![("a".to_owned(), "b".to_owned())];
    let same = NewAsset { key: random_key(), fields, jobs: vec![NewJob::Preview], ..first.clone() };
    let added = catalog.add_assets(&[first, same], NOW).await.unwrap();
    let (asset_id, other_id) = (added[0].asset_id, added[1].asset_id);
    let folder = site.folder(site.root.id, "d").await;
    let name = Some(("e".to_owned(), "e".to_owned()));
    let change = AssetChange { name, folder_id: Some(folder.id), slug: slug("e") };
    catalog.change_asset(id, other_id, &change, NOW).await.unwrap();
    site.trash_asset(other_id).await.unwrap();
    catalog.asset(asset_id).await.unwrap();
    catalog.folder_assets(site.root.id, &START, 9).await.unwrap();
    catalog.count_folder_assets(id, site.root.id).await.unwrap();
    catalog.count_tenant_assets(id).await.unwrap();
    let field = Field { path: "a".to_owned(), kind: "text".to_owned(), value: String::new() };
    catalog.set_field(asset_id, &field).await.unwrap();
    catalog.fields(asset_id).await.unwrap();
    catalog.folder_field(site.root.id, "a").await.unwrap();
    catalog.remove_field(asset_id, "a").await.unwrap();
    catalog.change_tags(asset_id, &["a".to_owned()], &["b".to_owned()]).await.unwrap();
    catalog.tags(asset_id).await.unwrap();
    asset_id
}

async fn uploads(site: &Site) {
    let wish = NewUpload {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "botdoc".to_owned(),
        folder_id: site.root.id,
        name: "f".to_owned(),
        declared_bytes: None,
        detail: String::new(),
        created_by: site.user.id,
        expires_at: NOW,
    };
    let upload = site.catalog.add_upload(&wish, NOW).await.unwrap();
    site.catalog.upload(&wish.key).await.unwrap();
    let part = UploadPart { number: 1, blob_key: random_key(), size: 1, md5: [0; 16] };
    site.catalog.add_upload_part(upload.id, &part).await.unwrap();
    site.catalog.upload_parts(upload.id).await.unwrap();
    site.catalog.expired_uploads(NOW, 9).await.unwrap();
    site.catalog.delete_upload(upload.id).await.unwrap();
}

async fn links_and_renditions(site: &Site, asset_id: i64) {
    let version = site.view(asset_id).await.version.unwrap();
    let wish = NewLink {
        tenant_id: site.tenant.id,
        key: random_key(),
        realm: "mediapocket".to_owned(),
        asset_id,
        version_id: version.id,
        plan_key: None,
        file_name: "c".to_owned(),
        use_limit: None,
        created_by: site.user.id,
        expires_at: None,
    };
    let link = site.catalog.add_link(&wish, NOW).await.unwrap();
    site.catalog.link(&wish.key).await.unwrap();
    site.catalog.asset_links(site.tenant.id, asset_id, 0, 9).await.unwrap();
    site.catalog.spend_link(&wish.key, NOW).await.unwrap();
    site.catalog.revoke_link(site.tenant.id, link.id, NOW).await.unwrap();
    let rendition = Rendition {
        blob_id: version.blob.id,
        plan_key: "w640".to_owned(),
        key: BlobKey::Rendition(BlobId::random()),
        media_type: MediaType::JPEG,
        width: 1,
        height: 1,
        size: 1,
    };
    site.catalog.add_rendition(&rendition, NOW).await.unwrap();
    site.catalog.rendition(version.blob.id, "w640").await.unwrap();
}

async fn jobs(site: &Site) {
    let catalog = &site.catalog;
    for _ in 0..3 {
        catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
    }
    for end in 0..3 {
        let job = catalog.claim_job("one", NOW, NOW).await.unwrap().unwrap();
        match end {
            0 => catalog.finish_job(job.id, "one", NOW).await.unwrap(),
            1 => catalog.fail_job(job.id, "one", "no", None, NOW).await.unwrap(),
            _ => catalog.fail_job(job.id, "one", "no", Some(NOW), NOW).await.unwrap(),
        }
    }
    catalog.tend_jobs(NOW, 8, NOW).await.unwrap();
    catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
}

async fn records(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let wish = |parent_id| NewRecord {
        tenant_id: id,
        realm: "botdoc".to_owned(),
        kind: "message".to_owned(),
        parent_id,
        folder_id: None,
        asset_id: Some(asset_id),
        body: String::new(),
    };
    let parent = catalog.add_record(&wish(None), NOW).await.unwrap();
    let record = catalog.add_record(&wish(Some(parent.id)), NOW).await.unwrap();
    catalog.record(id, "botdoc", record.id).await.unwrap();
    catalog.records(id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.asset_records(asset_id, "botdoc", "message", 0, 9).await.unwrap();
    catalog.replace_record(id, "botdoc", record.id, "x", NOW).await.unwrap();
    catalog.delete_record(id, "botdoc", parent.id).await.unwrap();
}
