//! Copies: what they take over, that a folder's is seen whole or not at all, and that its bytes stay.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal, Result,
    assets::{AssetCopy, NewAsset, RemovalWish, Scan, Terms},
    fields::Field,
    folders::{Folder, FolderCopy, HiddenCopy},
    names::Slug,
    paths::{Missing, MissingFolder, Named, Reached},
    search::NameSearch,
};

use super::{
    chunk_samples::begin,
    engines::{NOW, on_each_engine},
    samples::{START, Site, at, random_key, slug},
    soundness::assert_sound,
    verify::assert_clean,
};

fn new_key() -> String {
    random_key()[..10].to_owned()
}

fn asset_copy(site: &Site, folder_id: i64, slug: Slug) -> AssetCopy {
    AssetCopy {
        folder_id,
        missing: Missing::default(),
        name: None,
        slug,
        key_prefix: new_key(),
        created_by: site.user.id,
    }
}

pub fn folder_copy(site: &Site, parent_id: i64, slug: &str) -> FolderCopy {
    FolderCopy {
        parent_id,
        missing: Missing::default(),
        name: Some((slug.to_owned(), slug.to_owned())),
        slug: Slug::exactly(slug.to_owned()),
        created_by: site.user.id,
        max_folders: 1_000,
        swept_at_ms: NOW + 1_000,
    }
}

async fn hidden(site: &Site, id: i64, copy: &FolderCopy) -> Result<HiddenCopy> {
    let hidden = site.catalog.begin_folder_copy(site.tenant.id, id, copy, &at(NOW)).await?;
    site.catalog.fill_folder_copy(&hidden, site.user.id, new_key, &at(NOW)).await?;
    Ok(hidden)
}

pub async fn copied(site: &Site, id: i64, copy: &FolderCopy) -> Result<Folder> {
    let hidden = hidden(site, id, copy).await?;
    site.catalog.show_folder_copy(&hidden, copy, &at(NOW)).await
}

/// Everything in a folder and below it, by path, with the digest of files.
async fn tree(site: &Site, folder: &Folder) -> Vec<String> {
    let mut lines = Vec::new();
    for inner in site.catalog.folder_tree(folder, 10_000).await.unwrap() {
        let way = inner.path.strip_prefix(folder.path.as_str()).unwrap();
        let depth = way.matches('/').count();
        lines.push(format!("{depth} {} {}", inner.slug, inner.public_read));
        for asset in site.catalog.folder_assets(inner.id, &START, 100_000).await.unwrap() {
            let version = asset.version.unwrap();
            lines.push(format!("{depth} {} {:?} {:?}", asset.slug, asset.name, version.blob.digest.sha256));
        }
    }
    lines.sort();
    // The top's own name is its own.
    lines.retain(|line| !line.starts_with("0 ") || line.contains('['));
    lines
}

#[test]
fn a_copy_of_an_asset_takes_over_what_is_said_of_it_and_shares_its_bytes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let id = site.asset(site.root.id, "a.txt").await;
        let field = Field { path: "a.b".to_owned(), kind: "int".to_owned(), value: "5".to_owned() };
        catalog.set_field(id, &field).await.unwrap();
        catalog.change_tags(id, &["red".to_owned()], &[]).await.unwrap();
        catalog.limit_asset(tenant_id, id, Some(6), Some(NOW + 9), &at(NOW)).await.unwrap();
        let original = site.view(id).await;
        // Beside it, where its slug is taken, and elsewhere by exactly that slug.
        let other = site.folder(site.root.id, "other").await;
        for (folder_id, wish, expected) in
            [(site.root.id, slug("a.txt"), "a-2.txt"), (other.id, Slug::exactly("a.txt".to_owned()), "a.txt")]
        {
            let wish = asset_copy(&site, folder_id, wish);
            let copy_id = catalog.copy_asset(tenant_id, id, &wish, &at(NOW + 5)).await.unwrap();
            let copy = site.view(copy_id).await;
            assert_eq!((copy.slug.as_str(), copy.folder.id), (expected, folder_id));
            assert_eq!((copy.download_limit, copy.expires_at), (Some(6), Some(NOW + 9)));
            assert_eq!((&copy.name, copy.created_at), (&original.name, original.created_at));
            assert_eq!(copy.version.as_ref().unwrap().blob, original.version.as_ref().unwrap().blob);
            assert_ne!(copy.key, original.key);
            assert_eq!(copy.key.len(), 20);
            assert_eq!(catalog.fields(copy_id).await.unwrap(), std::slice::from_ref(&field));
            assert_eq!(catalog.tags(copy_id).await.unwrap(), ["red"]);
        }
        let taken = asset_copy(&site, other.id, Slug::exactly("a.txt".to_owned()));
        let outcome = catalog.copy_asset(tenant_id, id, &taken, &at(NOW)).await;
        assert!(matches!(outcome, Err(Error::Taken(Noun::Asset))));
        assert_eq!(catalog.count_tenant_assets(tenant_id).await.unwrap(), 3);
        // Bytes that two point at outlive one of them.
        site.trash_asset(id).await.unwrap();
        catalog.purge_asset(tenant_id, id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap(), []);
        assert_sound(&mut conn).await;
    });
}

#[test]
fn a_copied_folder_is_seen_whole_or_not_at_all() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let top = site.folder(site.root.id, "top").await;
        let inner = site.folder(top.id, "inner").await;
        let deep = site.folder(inner.id, "deep").await;
        // More than one batch, and names whose order is not that of their ids.
        for number in 0..1_203 {
            site.asset(top.id, &format!("{}.txt", 2_000 - number)).await;
        }
        for name in ["x.txt", "y.txt", "infected.txt", "trashed.txt"] {
            site.asset(deep.id, name).await;
        }
        for asset in catalog.folder_assets(deep.id, &START, 9).await.unwrap() {
            match asset.name.as_str() {
                "infected.txt" => catalog.set_scan(tenant_id, asset.id, Scan::Infected, &at(NOW)).await.unwrap(),
                "trashed.txt" => site.trash_asset(asset.id).await.unwrap(),
                _ => {}
            }
        }
        let before = tree(&site, &top).await;
        let count = catalog.count_tenant_assets(tenant_id).await.unwrap();
        let copy = folder_copy(&site, site.root.id, "copy");
        let hidden = hidden(&site, top.id, &copy).await.unwrap();
        assert_sound(&mut conn).await;
        // Nobody sees it: not in lists, not by its name, not in counts, not in searches.
        assert_eq!(catalog.child_folders(site.root.id, &START, 9).await.unwrap().len(), 1);
        assert_eq!(catalog.folder(tenant_id, hidden.id).await.unwrap(), None);
        assert_eq!(catalog.count_tenant_assets(tenant_id).await.unwrap(), count);
        let search = NameSearch { tenant_id, term: "x.txt", under: None, trashed: false, before: i64::MAX, limit: 9 };
        assert_eq!(catalog.search_assets(&search).await.unwrap().found.len(), 1);
        let search = NameSearch { trashed: true, ..search };
        assert_eq!(catalog.search_assets(&search).await.unwrap().found.len(), 0);
        assert_eq!(catalog.deleted_folders(tenant_id, (i64::MAX, i64::MAX), 9).await.unwrap(), []);
        let shown = catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await.unwrap();
        assert_eq!((shown.slug.as_str(), shown.name.as_str(), shown.parent_id), ("copy", "copy", Some(site.root.id)));
        assert_eq!(tree(&site, &shown).await, before);
        assert_eq!(catalog.count_tenant_assets(tenant_id).await.unwrap(), 2 * count);
        let reached = catalog.follow(site.root.id, &["copy", "inner", "deep", "x.txt"]).await.unwrap();
        assert!(matches!(reached, Reached { slugs: 4, named: Named::Asset(_), .. }));
        assert_sound(&mut conn).await;
    });
}

#[test]
fn a_copy_ends_as_its_original_does_and_what_has_no_bytes_has_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let top = site.folder(site.root.id, "top").await;
        for (name, ends_for_good) in [("good", true), ("trash", false)] {
            let terms = Terms { download_limit: None, expires_at: Some(NOW + 50), ends_for_good };
            let wish = NewAsset { terms, ..site.new_asset(top.id, name) };
            let id = catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
            catalog.copy_asset(tenant_id, id, &asset_copy(&site, site.root.id, slug(name)), &at(NOW)).await.unwrap();
        }
        begin(&site, top.id, "way", 2).await;
        for hidden in [false, true] {
            let gone = site.asset(top.id, "gone").await;
            let wish = RemovalWish { hidden, shred_at: NOW };
            catalog.remove_asset(tenant_id, gone, wish, &at(NOW)).await.unwrap();
        }
        let shown = copied(&site, top.id, &folder_copy(&site, site.root.id, "copy")).await.unwrap();
        assert_eq!(catalog.count_folder_rows(tenant_id, shown.id).await.unwrap(), 2);
        let mut over = Vec::new();
        for expired in catalog.expired_assets(NOW + 50, 9).await.unwrap() {
            let asset = site.view(expired.id).await;
            over.push((asset.folder.slug, asset.name, expired.for_good));
        }
        over.sort();
        let expected =
            [("", "good"), ("", "trash"), ("copy", "good"), ("copy", "trash"), ("top", "good"), ("top", "trash")];
        let expected = expected.map(|(folder, name)| (folder.to_owned(), name.to_owned(), name == "good"));
        assert_eq!(over, expected);
        assert_sound(&mut database.connect().await).await;
        assert_clean(catalog).await;
    });
}

#[test]
fn a_copy_that_comes_to_nothing_is_swept() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let top = site.folder(site.root.id, "top").await;
        site.asset(top.id, "a.txt").await;
        let copy = folder_copy(&site, site.root.id, "top");
        let hidden = hidden(&site, top.id, &copy).await.unwrap();
        let outcome = catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await;
        assert!(matches!(outcome, Err(Error::Taken(Noun::Folder))));
        catalog.drop_folder_copy(&hidden, NOW).await.unwrap();
        let job = catalog.claim_job("somebody", NOW, NOW + 9).await.unwrap().unwrap();
        assert_eq!(job.work, store::jobs::Work::PurgeFolder { tenant_id, folder_id: hidden.id });
        while catalog.purge_some_of_folder(tenant_id, hidden.id, 10, NOW).await.unwrap() {}
        assert_eq!(catalog.count_tenant_assets(tenant_id).await.unwrap(), 1);
        assert_eq!(catalog.dead_blobs(NOW + 9, (0, 0), 9).await.unwrap(), []);
        let outcome = catalog.show_folder_copy(&hidden, &copy, &at(NOW)).await;
        assert!(matches!(outcome, Err(Error::Missing(Noun::Folder))));
        assert_sound(&mut conn).await;
    });
}

#[test]
fn folders_on_the_way_are_made_with_the_copy_and_not_inside_the_original() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        let top = site.folder(site.root.id, "top").await;
        site.folder(top.id, "inner").await;
        let step =
            |slug: &str| MissingFolder { slug: slug.to_owned(), name: slug.to_owned(), name_key: slug.to_owned() };
        let missing = |way: &[&str]| Missing {
            folders: way.iter().map(|slug| step(slug)).collect(),
            public_read: true,
            created_by: site.user.id,
        };
        let copy = FolderCopy { missing: missing(&["a", "b"]), ..folder_copy(&site, site.root.id, "c") };
        let shown = copied(&site, top.id, &copy).await.unwrap();
        let reached = catalog.follow(site.root.id, &["a", "b", "c", "inner", "none"]).await.unwrap();
        assert_eq!(reached.slugs, 4);
        assert!(catalog.folder(tenant_id, shown.parent_id.unwrap()).await.unwrap().unwrap().public_read);
        for (parent_id, way) in [(site.root.id, &["top", "new"][..]), (top.id, &[])] {
            let copy = FolderCopy { missing: missing(way), ..folder_copy(&site, parent_id, "again") };
            let outcome = copied(&site, top.id, &copy).await;
            assert!(matches!(outcome, Err(Error::Refused(Refusal::IntoItself))));
        }
        assert_eq!(catalog.follow(top.id, &["new"]).await.unwrap().slugs, 0);
        let few = FolderCopy { max_folders: 0, ..folder_copy(&site, site.root.id, "few") };
        let outcome = copied(&site, top.id, &few).await;
        assert!(matches!(outcome, Err(Error::Refused(Refusal::TooManyFolders))));
        assert_sound(&mut conn).await;
    });
}

#[test]
fn bytes_stay_that_are_copied_while_their_original_ends() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut conn = database.connect().await;
        let (catalog, tenant_id) = (&site.catalog, site.tenant.id);
        for round in 0..20 {
            let top = site.folder(site.root.id, "top").await;
            for name in ["a", "b", "c"] {
                site.asset(top.id, name).await;
            }
            site.trash_folder(top.id).await.unwrap();
            site.catalog.restore_folder(tenant_id, top.id, &slug("top"), &at(NOW)).await.unwrap();
            let copy = folder_copy(&site, site.root.id, &format!("copy-{round}"));
            let end = async {
                site.trash_folder(top.id).await.unwrap();
                catalog.purge_folder(tenant_id, top.id, &at(NOW)).await.unwrap();
                while catalog.purge_some_of_folder(tenant_id, top.id, 1, NOW).await.unwrap() {}
            };
            let (outcome, ()) = tokio::join!(copied(&site, top.id, &copy), end);
            if let Err(error) = outcome {
                assert!(matches!(error, Error::Missing(Noun::Folder)), "{error:?}");
            }
            assert_sound(&mut conn).await;
        }
    });
}
