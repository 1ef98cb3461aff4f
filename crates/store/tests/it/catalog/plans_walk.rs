//! Calls every method of the catalog, each in every way that runs a statement of its own; those of `verify`, which read
//! whole tables, by themselves.

#![expect(clippy::unwrap_used, reason = "tests")]

mod encryption;
mod paths;
mod scans;
mod sharing;
mod transfers;

use content::{Family, MediaType};
use sqlx::{AnyConnection, Connection};
use store::{
    Catalog,
    assets::{AssetChange, Description, NewAsset, NewVersion, Picture, Scan},
    blobs::{BlobId, BlobKey},
    downloads::Download,
    fields::Field,
    folders::{FolderChange, FolderKind},
    jobs::{JobState, NewJob, Work},
    paths::Missing,
    quotas::Quota,
    renditions::{BaseWish, Rendition},
    rules::Ruled,
    search::NameSearch,
    tokens::NewToken,
    upload_policies::UploadPolicy,
    uploads::{NewUpload, UploadPart},
    verify::{Child, WrongTally},
};

use super::{
    engines::NOW,
    fill::{FIRST_FILLED, fill_assets, fill_folders},
    image_details::details,
    samples::{START, Site, at, person, random_key, slug},
    tokens::new_token,
};

pub async fn call_every_method(url: &str) {
    let catalog = Catalog::open(url).await.unwrap();
    catalog.check().await.unwrap();
    let site = Site::new(&catalog).await;
    tenants_users_and_tokens(&site).await;
    folders(&site).await;
    trashed_folders(&site).await;
    let asset_id = assets(&site).await;
    paths::paths(&site).await;
    trashed_assets(&site).await;
    rules_and_audit(&site, asset_id).await;
    scans::scans(&site).await;
    assert!(catalog.chain_audit(999).await.unwrap() > 0);
    assert!(catalog.audit_ends().await.unwrap().is_some());
    assert!(!catalog.chained_audit(0, 9).await.unwrap().is_empty());
    assert_eq!(catalog.drop_old_audit(i64::MAX, 1).await.unwrap(), 1);
    encryption::encryption(&site).await;
    downloads(&site, asset_id).await;
    uploads(&site).await;
    sharing::links(&site, asset_id).await;
    renditions(&site, asset_id).await;
    jobs(&site).await;
    transfers::records(&site, asset_id).await;
    transfers::chunks(&site).await;
    transfers::removal(&site).await;
    transfers::dispatches(&site).await;
    sharing::entries(&site, asset_id).await;
    sharing::collections(&site, asset_id).await;
    search(&site, url).await;
    measures(&catalog).await;
    catalog.close().await;
}

/// What no request does: all of the library, once over.
pub async fn verify_everything(url: &str) {
    let catalog = Catalog::open(url).await.unwrap();
    let site = Site::new(&catalog).await;
    let asset_id = site.asset(site.root.id, "a").await;
    let folder = site.folder(site.root.id, "f").await;
    let blob_id = catalog.blob_rows(0, 9).await.unwrap()[0].id;
    catalog.blob_row(blob_id).await.unwrap();
    catalog.bury_blob(blob_id, NOW).await.unwrap();
    catalog.upload_part_rows((0, 0), 9).await.unwrap();
    let rendition = &catalog.rendition_rows((0, ""), 9).await.unwrap()[0];
    catalog.drop_rendition(rendition).await.unwrap();
    catalog.stray_names((0, ""), 9).await.unwrap();
    catalog.nameless_assets(0, 9).await.unwrap();
    catalog.nameless_folders(0, 9).await.unwrap();
    for (child, slug) in [(Child::Asset(asset_id), "a"), (Child::Folder(folder.id), "f")] {
        sqlx::query("delete from names").execute(&mut AnyConnection::connect(url).await.unwrap()).await.unwrap();
        catalog.drop_name(site.root.id, slug).await.unwrap();
        catalog.claim_name(site.tenant.id, child, &at(NOW)).await.unwrap().unwrap();
    }
    catalog.broken_folders(0, 9).await.unwrap();
    catalog.broken_assets(0, 9).await.unwrap();
    catalog.wrong_tallies(9).await.unwrap();
    catalog.wrong_tenant_tallies(9).await.unwrap();
    catalog.wrong_rendition_sums().await.unwrap();
    catalog.recount_renditions(0).await.unwrap();
    catalog.wrong_uses().await.unwrap();
    catalog.recount_use(site.tenant.id).await.unwrap();
    for folder_id in [Some(folder.id), None] {
        let (kept, counted) = ((0, 0, 0), (0, 0, 0));
        let wrong = WrongTally { tenant_id: site.tenant.id, folder_id, bucket: 0, kept, counted };
        catalog.recount(&wrong).await.unwrap();
    }
    catalog.close().await;
}

async fn measures(catalog: &Catalog) {
    for state in [JobState::Waiting, JobState::Running, JobState::Failed] {
        catalog.count_jobs(state).await.unwrap();
    }
    catalog.count_due_jobs(NOW).await.unwrap();
    catalog.count_infected().await.unwrap();
    catalog.count_unchained_audit().await.unwrap();
}

async fn tenants_users_and_tokens(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    catalog.tenants(9).await.unwrap();
    catalog.tenant(id).await.unwrap();
    let quota = Quota { max_files: Some(9999), max_bytes: Some(u64::MAX) };
    catalog.set_quota(id, quota, &at(NOW)).await.unwrap();
    catalog.quota_use(id).await.unwrap();
    let ben = catalog.add_user(id, &person("ben@acme.test"), &at(NOW)).await.unwrap();
    catalog.user(id, ben.id).await.unwrap();
    catalog.users(id, 0, 9).await.unwrap();
    catalog.users_by_id(id, &[ben.id]).await.unwrap();
    catalog.service_user(id).await.unwrap();
    let wish = NewToken { folder_id: Some(site.root.id), ..new_token(site, 1) };
    let token = catalog.add_token(&wish, &at(NOW)).await.unwrap();
    catalog.switch_token(id, token.id, false, &at(NOW)).await.unwrap();
    catalog.add_token_calls(&[(token.id, 1)]).await.unwrap();
    catalog.token("fliplet", &[1; 32]).await.unwrap();
    catalog.tokens(id, 0, 9).await.unwrap();
    catalog.token_by_id("fliplet", token.id).await.unwrap();
    catalog.user_to_sign_in(id, "ben@acme.test").await.unwrap().unwrap();
    catalog.signing_keys(b"secret", NOW).await.unwrap();
    let key = catalog.add_signing_key(b"another", NOW).await.unwrap();
    assert!(catalog.retire_signing_key(key, NOW).await.unwrap());
    assert!(catalog.set_private(id, true, &at(NOW)).await.unwrap() && catalog.is_private(id).await.unwrap());
    catalog.spend_token_call(token.id, NOW).await.unwrap();
    catalog.revoke_token(id, token.id, &at(NOW)).await.unwrap();
    catalog.disable_user(id, ben.id, &at(NOW)).await.unwrap();
}

async fn folders(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let folder = site.folder(site.root.id, "a").await;
    let other = site.folder(site.root.id, "a").await;
    let name = Some(("b".to_owned(), "b".to_owned()));
    let change =
        FolderChange { seen: None, name, parent_id: Some(other.id), missing: Missing::default(), slug: slug("b") };
    catalog.publish_folder(id, other.id, true, &at(NOW)).await.unwrap();
    catalog.change_folder(id, folder.id, &change, &at(NOW)).await.unwrap();
    catalog.root_folder(id).await.unwrap();
    catalog.child_folders(site.root.id, &START, 9).await.unwrap();
    catalog.folders_of_kind(id, FolderKind::Plain, 0, 9).await.unwrap();
    catalog.folder_tree(&site.root, 9).await.unwrap();
    catalog.ruled_folders(&site.root, 9).await.unwrap();
    catalog.ruled_assets(&site.root, 9).await.unwrap();
    catalog.folder_of_anybody(folder.id).await.unwrap();
    catalog.folders_by_id(id, &[folder.id]).await.unwrap();
    catalog.folders_with_children(id, &[folder.id]).await.unwrap();
    catalog.space_bytes(id, folder.id).await.unwrap();
}

async fn trashed_folders(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let outer = site.folder(site.root.id, "outer").await;
    let inner = site.folder(outer.id, "inner").await;
    site.asset(inner.id, "a").await;
    site.trash_folder(outer.id).await.unwrap();
    catalog.restore_folder(id, outer.id, &slug("outer"), &at(NOW)).await.unwrap();
    site.trash_folder(outer.id).await.unwrap();
    catalog.deleted_folders(id, (i64::MAX, 0), 9).await.unwrap();
    catalog.purge_folder(id, inner.id, &at(NOW)).await.unwrap();
    while catalog.purge_some_of_folder(id, inner.id, 9, NOW).await.unwrap() {}
}

async fn assets(site: &Site) -> i64 {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let first = site.new_asset(site.root.id, "c");
    let fields = vec![("a".to_owned(), "b".to_owned())];
    let version = NewVersion { jobs: vec![NewJob::Preview], ..first.version.clone() };
    let same = NewAsset { key: random_key(), fields, version, ..first.clone() };
    let added = catalog.add_assets(&[first, same], &at(NOW)).await.unwrap();
    let (asset_id, other_id) = (added[0].asset_id, added[1].asset_id);
    let folder = site.folder(site.root.id, "d").await;
    let name = Some(("e".to_owned(), "e".to_owned()));
    let change = AssetChange {
        seen: None,
        name,
        folder_id: Some(folder.id),
        missing: Missing::default(),
        slug: slug("e"),
        fields: Vec::new(),
    };
    catalog.change_asset(id, other_id, &change, &at(NOW)).await.unwrap();
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
    catalog.assets_by_id(id, &[asset_id]).await.unwrap();
    catalog.field_of_assets(&[asset_id], "a").await.unwrap();
    catalog.fields_of_assets(&[asset_id]).await.unwrap();
    catalog.tags_of_assets(&[asset_id]).await.unwrap();
    catalog.image_details_of_assets(&[asset_id]).await.unwrap();
    let said = Description { tags: vec!["a".to_owned()], ..Description::default() };
    catalog.describe_asset(id, asset_id, &said, &at(NOW)).await.unwrap();
    catalog.described_assets(id, "a", i64::MAX, 9).await.unwrap();
    catalog.latest_assets(id, Family::Image, i64::MAX, 9).await.unwrap();
    catalog.add_version(id, asset_id, &site.new_version(1), &at(NOW)).await.unwrap();
    let blob_id = site.view(asset_id).await.version.unwrap().blob.id;
    catalog.set_picture(blob_id, Picture::Drawn).await.unwrap();
    asset_id
}

async fn trashed_assets(site: &Site) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    let asset_id = site.asset(site.root.id, "a").await;
    let key = site.view(asset_id).await.version.unwrap().blob.key;
    site.trash_asset(asset_id).await.unwrap();
    catalog.restore_asset(id, asset_id, &slug("a"), &at(NOW)).await.unwrap();
    catalog.limit_asset(id, asset_id, None, Some(NOW), &at(NOW)).await.unwrap();
    catalog.expired_assets(NOW, 9).await.unwrap();
    catalog.set_scan(id, asset_id, Scan::Infected, &at(NOW)).await.unwrap();
    catalog.deleted_assets(id, (i64::MAX, 0), 9).await.unwrap();
    catalog.purge_asset(id, asset_id, &at(NOW)).await.unwrap();
    for blob in catalog.dead_blobs(NOW, (0, 0), 9).await.unwrap() {
        catalog.delete_dead_blob(blob.id, NOW).await.unwrap();
    }
    for key in [key, BlobKey::Rendition(key.id())] {
        assert!(!catalog.knows_blob(key).await.unwrap());
    }
}

async fn rules_and_audit(site: &Site, asset_id: i64) {
    let (catalog, id) = (&site.catalog, site.tenant.id);
    for ruled in [Ruled::Folder(site.root.id), Ruled::Asset(asset_id)] {
        catalog.set_rules(id, ruled, Some(&[]), &at(NOW)).await.unwrap();
    }
    catalog.governing_rules(id, site.root.id).await.unwrap();
    catalog.set_upload_policy((id, site.root.id), Some(&UploadPolicy::default()), &at(NOW)).await.unwrap();
    assert!(catalog.governing_policy(id, site.root.id).await.unwrap().is_some());
    catalog.audit(id, 0, 9).await.unwrap();
}

async fn downloads(site: &Site, asset_id: i64) {
    let catalog = &site.catalog;
    let download = Download {
        assets: &[asset_id],
        caller: "c",
        address: None,
        tag: "t",
        size: 9,
        resumed_bytes: Some(1),
        now_ms: NOW,
        begun_after_ms: 0,
        adds_up: false,
    };
    assert!(catalog.spend_download(&download).await.unwrap());
    let more = Download { adds_up: true, resumed_bytes: None, ..download.clone() };
    assert!(catalog.spend_download(&more).await.unwrap());
    catalog.begin_download(&download).await.unwrap();
    assert!(catalog.resume_download(&download, 1).await.unwrap());
    catalog.add_downloads(&[(asset_id, 1)]).await.unwrap();
    catalog.logged_downloads(&[asset_id]).await.unwrap();
    catalog.forget_downloads(NOW).await.unwrap();
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
    site.catalog.upload_parts(upload.id, 0).await.unwrap();
    site.catalog.expired_uploads(NOW, 9).await.unwrap();
    let late = at(NOW);
    let asset = site.new_asset(site.root.id, "announced");
    assert!(site.catalog.complete_upload(upload.id, &asset, &late).await.is_err());
    site.catalog.delete_upload(upload.id).await.unwrap();
}

async fn renditions(site: &Site, asset_id: i64) {
    let version = site.view(asset_id).await.version.unwrap();
    let rendition = Rendition {
        blob_id: version.blob.id,
        plan_key: "w640".to_owned(),
        key: BlobKey::Rendition(BlobId::random()),
        media_type: MediaType::JPEG,
        width: 1,
        height: 1,
        size: 1,
        base: true,
    };
    let catalog = &site.catalog;
    catalog.add_rendition(&rendition, NOW).await.unwrap();
    catalog.rendition(rendition.blob_id, "w640").await.unwrap();
    catalog.renditions_of_blob(rendition.blob_id).await.unwrap();
    let wish = BaseWish { blob_id: rendition.blob_id, width: 1, height: 1, may_be_jpeg: true };
    catalog.base_rendition(&wish).await.unwrap();
    catalog.rendition_sum().await.unwrap();
    catalog.use_renditions(&[rendition.key], NOW).await.unwrap();
    catalog.idle_renditions(NOW, None, 9).await.unwrap();
    for tenant_id in [None, Some(site.tenant.id)] {
        catalog.rendered_blobs(tenant_id, 0, 9).await.unwrap();
    }
    catalog.rendered_blobs_of_asset(asset_id).await.unwrap();
    catalog.remove_renditions(std::slice::from_ref(&rendition), NOW).await.unwrap();
    catalog.add_rendition(&rendition, NOW).await.unwrap();
    catalog.remove_renditions_of_blob(rendition.blob_id).await.unwrap();
    catalog.add_rendition(&rendition, NOW).await.unwrap();
    catalog.image_assets(site.tenant.id, 0, 9).await.unwrap();
    catalog.image_details(rendition.blob_id).await.unwrap();
    catalog.set_image_details(rendition.blob_id, &details(), NOW).await.unwrap();
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

/// Among so many rows that each way of searching has its turn.
async fn search(site: &Site, url: &str) {
    let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
    let mut conn = AnyConnection::connect(url).await.unwrap();
    fill_assets(&mut conn, (tenant_id, site.root.id), FIRST_FILLED, 1_100, 1, "n").await;
    fill_folders(&mut conn, site, FIRST_FILLED, 1_100, false).await;
    catalog.tend_names().await.unwrap();
    let any = NameSearch { tenant_id, term: "", under: None, trashed: false, before: i64::MAX, limit: 9 };
    for (under, trashed) in [(None, false), (None, true), (Some(site.root.path.as_str()), false)] {
        for term in ["ne", "needle"] {
            catalog.search_assets(&NameSearch { term, under, trashed, ..any }).await.unwrap();
            catalog.search_folders(&NameSearch { term, under, trashed, ..any }).await.unwrap();
        }
    }
    // More in the trash than is looked at all together.
    fill_assets(&mut conn, (tenant_id, site.root.id), 2 * FIRST_FILLED, 20_001, 1, "n").await;
    let gone = "/* fill */ update assets set deleted_at = 1 where id >= 2000000";
    sqlx::query(gone).execute(&mut conn).await.unwrap();
    catalog.search_assets(&NameSearch { term: "ne", trashed: true, ..any }).await.unwrap();
    catalog.asset_page_start(tenant_id, 1).await.unwrap();
    catalog.row_page_start(tenant_id, 1).await.unwrap();
}
