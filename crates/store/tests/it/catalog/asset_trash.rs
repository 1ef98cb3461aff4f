//! An asset's way into the trash, out of it and to its end.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    assets::{Asset, NewAsset, Scan},
    blobs::{BlobId, BlobKey},
    fields::Field,
    links::NewLink,
    records::NewRecord,
    renditions::Rendition,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, distinct, random_key, slug},
    soundness::assert_sound,
};

const FOREVER: (i64, i64) = (i64::MAX, i64::MAX);

async fn restore(site: &Site, id: i64, name: &str) -> store::Result<()> {
    site.catalog.restore_asset(site.tenant.id, id, &slug(name), &at(NOW + 9)).await
}

async fn purge(site: &Site, id: i64) -> store::Result<()> {
    site.catalog.purge_asset(site.tenant.id, id, &at(NOW + 9)).await
}

#[test]
fn an_asset_comes_back_where_it_was_with_its_slug_or_the_next_number_of_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let (id, other) = (site.asset(folder.id, "cat.png").await, site.asset(folder.id, "dog.png").await);
        let before = site.view(id).await;
        for gone in [id, other] {
            site.trash_asset(gone).await.unwrap();
        }
        let newer = site.asset(folder.id, "cat.png").await;
        assert_eq!(site.slug_of(newer).await, "cat.png");
        restore(&site, id, "cat.png").await.unwrap();
        restore(&site, other, "dog.png").await.unwrap();

        let expected = Asset { slug: "cat-2.png".to_owned(), updated_at: NOW + 9, ..before };
        assert_eq!(site.view(id).await, expected);
        assert_eq!(site.slug_of(other).await, "dog.png");
        assert_eq!(site.catalog.folder_assets(folder.id, &START, 9).await.unwrap().len(), 3);
        assert_eq!(site.catalog.count_folder_assets(site.tenant.id, folder.id).await.unwrap(), 3);
        assert_eq!(site.catalog.deleted_assets(site.tenant.id, FOREVER, 9).await.unwrap(), []);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_cannot_come_back_says_why() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let id = site.tenant.id;
        let folder = site.folder(site.root.id, "f").await;
        let living = site.asset(site.root.id, "living").await;
        let (shut, child) = (site.asset(folder.id, "shut").await, site.asset(folder.id, "child").await);
        let (late, ill) = (site.asset(site.root.id, "late").await, site.asset(site.root.id, "ill").await);
        let their = theirs.asset(theirs.root.id, "their").await;
        site.catalog.limit_asset(id, late, None, Some(NOW + 9), &at(NOW)).await.unwrap();
        site.catalog.set_scan(id, ill, Scan::Infected, &at(NOW)).await.unwrap();
        for gone in [shut, late] {
            site.trash_asset(gone).await.unwrap();
        }
        theirs.trash_asset(their).await.unwrap();
        site.trash_folder(folder.id).await.unwrap();

        assert_fails!(restore(&site, living, "a").await, Error::Missing(Noun::Asset));
        assert_fails!(restore(&site, their, "a").await, Error::Missing(Noun::Asset));
        assert_fails!(restore(&site, 9_999, "a").await, Error::Missing(Noun::Asset));
        assert_fails!(restore(&site, shut, "a").await, Error::Refused(Refusal::ParentInTrash));
        assert_fails!(restore(&site, child, "a").await, Error::Refused(Refusal::ParentInTrash));
        assert_fails!(restore(&site, ill, "a").await, Error::Refused(Refusal::Infected));
        // The restore is made at the very millisecond at which its time is over; one before, it comes back.
        assert_fails!(restore(&site, late, "a").await, Error::Refused(Refusal::Expired));
        site.catalog.restore_asset(id, late, &slug("late"), &at(NOW + 8)).await.unwrap();
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn the_trash_is_listed_latest_first_page_by_page() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = site.folder(site.root.id, "f").await;
        let mut expected = Vec::new();
        for (number, when) in [3, 1, 4, 1, 5, 9, 2, 6].into_iter().enumerate() {
            let id = site.asset(if number % 2 == 0 { folder.id } else { site.root.id }, "a").await;
            site.catalog.trash_asset(site.tenant.id, id, &at(NOW + when)).await.unwrap();
            expected.push((NOW + when, id));
        }
        site.asset(site.root.id, "living").await;
        theirs.trash_asset(theirs.asset(theirs.root.id, "theirs").await).await.unwrap();
        // What went with its folder is not listed; what was in the trash before its folder stays listed.
        site.asset(folder.id, "with it").await;
        site.trash_folder(folder.id).await.unwrap();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        for page in [1, 3, 100] {
            let (mut before, mut listed) = (FOREVER, Vec::new());
            loop {
                let assets = site.catalog.deleted_assets(site.tenant.id, before, page).await.unwrap();
                let Some(last) = assets.last() else { break };
                before = (last.deleted_at.unwrap(), last.id);
                listed.extend(assets.iter().map(|asset| (asset.deleted_at.unwrap(), asset.id)));
            }
            assert_eq!(listed, expected, "in pages of {page}");
        }
    });
}

/// Gives an asset a row in every table that can point at it; `full` counts them.
async fn hang_all_on(site: &Site, id: i64) -> Vec<BlobKey> {
    let first = site.view(id).await.version.unwrap();
    assert!(site.catalog.add_version(site.tenant.id, id, &site.new_version(distinct()), &at(NOW)).await.unwrap());
    let second = site.view(id).await.version.unwrap();
    for version_id in [first.id, second.id] {
        let link = NewLink {
            tenant_id: site.tenant.id,
            key: random_key(),
            realm: "mediapocket".to_owned(),
            asset_id: id,
            version_id,
            plan_key: None,
            file_name: "a".to_owned(),
            use_limit: None,
            created_by: site.user.id,
            expires_at: None,
            password_hash: None,
            private: None,
        };
        site.catalog.add_link(&link, &at(NOW)).await.unwrap();
    }
    let field = Field { path: "a".to_owned(), kind: "text".to_owned(), value: "b".to_owned() };
    site.catalog.set_field(id, &field).await.unwrap();
    site.catalog.change_tags(id, &["tag".to_owned()], &[]).await.unwrap();
    let record = NewRecord {
        tenant_id: site.tenant.id,
        realm: "botdoc".to_owned(),
        kind: "message".to_owned(),
        parent_id: None,
        folder_id: None,
        asset_id: Some(id),
        body: String::new(),
        lookup: None,
    };
    site.catalog.add_record(&record, NOW).await.unwrap();
    let download = store::downloads::Download {
        assets: &[id],
        caller: "c",
        address: None,
        tag: "t",
        size: 1,
        resumed_bytes: None,
        now_ms: NOW,
        begun_after_ms: 0,
        adds_up: false,
    };
    assert!(site.catalog.spend_download(&download).await.unwrap());
    let rendition = Rendition {
        blob_id: first.blob.id,
        plan_key: "w640".to_owned(),
        key: BlobKey::Rendition(BlobId::random()),
        media_type: content::MediaType::JPEG,
        width: 1,
        height: 1,
        size: 1,
        base: false,
    };
    site.catalog.add_rendition(&rendition, NOW).await.unwrap();
    vec![first.blob.key, second.blob.key, rendition.key]
}

const ROWS: &str = "select (select count(*) from assets) + (select count(*) from versions) + (select count(*) from links) \
     + (select count(*) from fields) + (select count(*) from tags) + (select count(*) from records) \
     + (select count(*) from downloads) + (select count(*) from names)";

#[test]
fn purging_takes_every_row_of_the_asset_and_lets_its_bytes_die() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let rest = database.number(ROWS).await;
        let id = site.asset(site.root.id, "a").await;
        let keys = hang_all_on(&site, id).await;
        assert_eq!(database.number(ROWS).await, rest + 10);
        site.trash_asset(id).await.unwrap();
        purge(&site, id).await.unwrap();

        assert_eq!(site.catalog.asset(id).await.unwrap(), None);
        assert_eq!(database.number(ROWS).await, rest);
        assert_fails!(purge(&site, id).await, Error::Missing(Noun::Asset));
        assert_fails!(restore(&site, id, "a").await, Error::Missing(Noun::Asset));
        let dead = site.catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap();
        assert_eq!(dead.iter().map(|blob| blob.dead_at).collect::<Vec<_>>(), [NOW + 9; 2]);
        let mut gone = Vec::new();
        for blob in dead {
            gone.extend(site.catalog.delete_dead_blob(blob.id, NOW + 9).await.unwrap());
        }
        assert_eq!((gone.len(), keys.iter().all(|key| gone.contains(key))), (3, true));
        assert_eq!(database.number("select (select count(*) from blobs) + (select count(*) from renditions)").await, 0);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn only_what_is_in_the_trash_is_purged() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = site.folder(site.root.id, "f").await;
        let (living, child) = (site.asset(site.root.id, "a").await, site.asset(folder.id, "a").await);
        let their = theirs.asset(theirs.root.id, "a").await;
        theirs.trash_asset(their).await.unwrap();
        for kept in [living, child, their, 9_999] {
            assert_fails!(purge(&site, kept).await, Error::Missing(Noun::Asset));
        }
        site.trash_folder(folder.id).await.unwrap();
        // It went with its folder: now it can end by itself, and its folder comes back without it.
        purge(&site, child).await.unwrap();
        site.catalog.restore_folder(site.tenant.id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(site.catalog.folder_assets(folder.id, &START, 9).await.unwrap(), []);
        assert_eq!(site.slug_of(site.asset(folder.id, "a").await).await, "a");
        assert_eq!(theirs.view(their).await.deleted_at, Some(NOW));
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn bytes_live_as_long_as_one_asset_has_them() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let with_bytes = || NewAsset { version: site.new_version(7), ..site.new_asset(site.root.id, "a") };
        let wishes = [with_bytes(), with_bytes()];
        let added = site.catalog.add_assets(&wishes, &at(NOW)).await.unwrap();
        for (dead, added) in added.iter().enumerate() {
            site.trash_asset(added.asset_id).await.unwrap();
            purge(&site, added.asset_id).await.unwrap();
            assert_eq!(site.catalog.dead_blobs(i64::MAX, (0, 0), 9).await.unwrap().len(), dead);
        }
        // Dead bytes are dead: equal ones that come later are new.
        let again = site.catalog.add_assets(&[with_bytes()], &at(NOW)).await.unwrap()[0];
        assert!(again.kept_blob);
        assert_sound(&mut database.connect().await).await;
    });
}
