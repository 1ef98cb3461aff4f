//! The audit: one line for each change, in its transaction, with where it came from.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Noun, Result,
    assets::{AssetChange, RemovalWish, Scan},
    audit::{Action, Stamp},
    collections::NewCollection,
    folders::FolderChange,
    links::NewLink,
    rules::Ruled,
};

use super::{
    chunk_samples::{chunk, gather, grown, new_chunked},
    collections::new_collection,
    engines::{NOW, on_each_engine},
    placeholder_samples::{filling, new_placeholder},
    samples::{Site, distinct, person, random_key, slug},
    tokens::new_token,
};

/// Gives each change a stamp of its own, and writes down which line it should have left.
struct Changes<'a> {
    site: &'a Site,
    expected: Vec<(Action, Noun, i64, Stamp)>,
}

impl Changes<'_> {
    fn stamp(&self) -> Stamp {
        let number = self.expected.len();
        Stamp {
            now_ms: NOW + number as i64,
            user_id: (!number.is_multiple_of(3)).then_some(self.site.user.id),
            token_id: (!number.is_multiple_of(2)).then_some(7),
            address: (!number.is_multiple_of(5)).then(|| format!("192.0.2.{number}")),
            request_id: Some(format!("request {number}")),
        }
    }

    fn left(&mut self, action: Action, noun: Noun, id: i64) {
        let stamp = self.stamp();
        self.expected.push((action, noun, id, stamp));
    }
}

async fn change_folders(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let folder = catalog.add_folder(&site.new_folder(site.root.id, "f"), &changes.stamp()).await?;
    changes.left(Action::Create, Noun::Folder, folder.id);
    let change = FolderChange {
        seen: None,
        name: None,
        parent_id: None,
        missing: store::paths::Missing::default(),
        slug: slug("g"),
    };
    catalog.change_folder(id, folder.id, &change, &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Folder, folder.id);
    catalog.set_rules(id, Ruled::Folder(folder.id), Some(&[]), &changes.stamp()).await?;
    changes.left(Action::Rule, Noun::Folder, folder.id);
    catalog.trash_folder(id, folder.id, &changes.stamp()).await?;
    changes.left(Action::Trash, Noun::Folder, folder.id);
    catalog.restore_folder(id, folder.id, &slug("f"), &changes.stamp()).await?;
    changes.left(Action::Restore, Noun::Folder, folder.id);
    catalog.trash_folder(id, folder.id, &changes.stamp()).await?;
    changes.left(Action::Trash, Noun::Folder, folder.id);
    catalog.purge_folder(id, folder.id, &changes.stamp()).await?;
    changes.left(Action::Purge, Noun::Folder, folder.id);
    // Its rows go by themselves: that is no change that somebody makes.
    while catalog.purge_some_of_folder(id, folder.id, 9, NOW).await? {}
    Ok(())
}

async fn change_assets(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let wishes = [site.new_asset(site.root.id, "a"), site.new_asset(site.root.id, "b")];
    let stamp = changes.stamp();
    let added = catalog.add_assets(&wishes, &stamp).await?;
    for asset in &added {
        changes.expected.push((Action::Create, Noun::Asset, asset.asset_id, stamp.clone()));
    }
    let asset_id = added[0].asset_id;
    let change = AssetChange {
        seen: None,
        name: None,
        folder_id: None,
        missing: store::paths::Missing::default(),
        slug: slug("c"),
        fields: vec![("a".to_owned(), "b".to_owned())],
    };
    catalog.change_asset(id, asset_id, &change, &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Asset, asset_id);
    catalog.add_version(id, asset_id, &site.new_version(distinct()), &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Asset, asset_id);
    catalog.limit_asset(id, asset_id, Some(1), None, &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Asset, asset_id);
    catalog.set_rules(id, Ruled::Asset(asset_id), None, &changes.stamp()).await?;
    changes.left(Action::Rule, Noun::Asset, asset_id);
    catalog.set_scan(id, asset_id, Scan::Clean, &changes.stamp()).await?;
    changes.left(Action::Scan, Noun::Asset, asset_id);
    catalog.trash_asset(id, asset_id, &changes.stamp()).await?;
    changes.left(Action::Trash, Noun::Asset, asset_id);
    catalog.restore_asset(id, asset_id, &slug("a"), &changes.stamp()).await?;
    changes.left(Action::Restore, Noun::Asset, asset_id);
    catalog.trash_asset(id, asset_id, &changes.stamp()).await?;
    changes.left(Action::Trash, Noun::Asset, asset_id);
    catalog.purge_asset(id, asset_id, &changes.stamp()).await?;
    changes.left(Action::Purge, Noun::Asset, asset_id);
    Ok(())
}

async fn change_transfers(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let mut uploads = Vec::new();
    for name in ["e", "f"] {
        let wish = new_chunked(site, site.root.id, name, 2);
        uploads.push(catalog.begin_chunked(&wish, &chunk(1), &changes.stamp()).await?);
        changes.left(Action::Create, Noun::Asset, uploads.last().unwrap().asset_id);
    }
    // What comes in between is no change that anybody sees.
    gather(site, &uploads[0]).await;
    let asset_id = uploads[0].asset_id;
    let version = grown(site, &uploads[0]);
    catalog.end_chunked(&uploads[0], (&version, &slug("e")), NOW, &changes.stamp()).await?.unwrap();
    changes.left(Action::Update, Noun::Asset, asset_id);
    catalog.abandon_chunked(id, uploads[1].asset_id, &changes.stamp()).await?;
    changes.left(Action::Purge, Noun::Asset, uploads[1].asset_id);
    let wish = RemovalWish { hidden: false, shred_at: NOW };
    catalog.remove_asset(id, asset_id, wish, &changes.stamp()).await?;
    changes.left(Action::Purge, Noun::Asset, asset_id);
    Ok(())
}

async fn change_entries(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let wish = new_placeholder(site, site.root.id, "g");
    let entry = catalog.add_placeholder(&wish, &changes.stamp()).await?;
    changes.left(Action::Create, Noun::Asset, entry);
    catalog.fill_asset(id, entry, &filling(site, "g"), &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Asset, entry);
    let fetch = store::fetches::NewFetch {
        tenant_id: id,
        asset_id: entry,
        url: "https://example.com/g".to_owned(),
        file_name: "g".to_owned(),
        created_by: site.user.id,
    };
    // What is fetched is a change when it has come.
    catalog.add_fetch(&fetch, NOW).await?;
    catalog.trash_asset_at(id, entry, (None, Some(NOW)), &changes.stamp()).await?;
    changes.left(Action::Trash, Noun::Asset, entry);
    Ok(())
}

async fn change_collections(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let made = catalog.add_collection(&new_collection(site, "c"), &changes.stamp()).await?;
    changes.left(Action::Create, Noun::Collection, made.id);
    assert!(catalog.describe_collection(&made, &changes.stamp()).await?);
    changes.left(Action::Update, Noun::Collection, made.id);
    assert!(catalog.publish_collection(id, made.id, true, &changes.stamp()).await?);
    changes.left(Action::Rule, Noun::Collection, made.id);
    assert!(!catalog.publish_collection(id, made.id, true, &changes.stamp()).await?);
    catalog.change_collection((id, made.id), (&[], &[]), &changes.stamp()).await?;
    changes.left(Action::Update, Noun::Collection, made.id);
    catalog.share_collection((id, made.id), (&[site.user.id], &[]), &changes.stamp()).await?;
    changes.left(Action::Rule, Noun::Collection, made.id);
    assert!(catalog.delete_collection(id, made.id, &changes.stamp()).await?);
    changes.left(Action::Purge, Noun::Collection, made.id);
    Ok(())
}

async fn change_the_rest(changes: &mut Changes<'_>) -> Result<()> {
    let (site, catalog, id) = (changes.site, &changes.site.catalog, changes.site.tenant.id);
    let ben = catalog.add_user(id, &person("ben@acme.test"), &changes.stamp()).await?;
    changes.left(Action::Create, Noun::User, ben.id);
    catalog.disable_user(id, ben.id, &changes.stamp()).await?;
    changes.left(Action::Revoke, Noun::User, ben.id);
    let token = catalog.add_token(&new_token(site, 1), &changes.stamp()).await?;
    changes.left(Action::Create, Noun::Token, token.id);
    catalog.revoke_token(id, token.id, &changes.stamp()).await?;
    changes.left(Action::Revoke, Noun::Token, token.id);
    let asset_id = catalog.add_assets(&[site.new_asset(site.root.id, "d")], &changes.stamp()).await?[0].asset_id;
    changes.left(Action::Create, Noun::Asset, asset_id);
    let link = NewLink {
        tenant_id: id,
        key: random_key(),
        realm: "mediapocket".to_owned(),
        asset_id,
        version_id: site.view(asset_id).await.version.unwrap().id,
        plan_key: None,
        file_name: "d".to_owned(),
        use_limit: None,
        created_by: site.user.id,
        expires_at: None,
        password_hash: None,
        private: None,
    };
    let link = catalog.add_link(&link, &changes.stamp()).await?;
    changes.left(Action::Create, Noun::Link, link.id);
    catalog.revoke_link(id, link.id, &changes.stamp()).await?;
    changes.left(Action::Revoke, Noun::Link, link.id);
    Ok(())
}

#[test]
fn every_change_leaves_a_line_with_its_origin() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut changes = Changes { site: &site, expected: Vec::new() };
        changes.expected.push((Action::Create, Noun::Tenant, site.tenant.id, Stamp::system(NOW)));
        change_folders(&mut changes).await.unwrap();
        change_assets(&mut changes).await.unwrap();
        change_transfers(&mut changes).await.unwrap();
        change_entries(&mut changes).await.unwrap();
        change_collections(&mut changes).await.unwrap();
        change_the_rest(&mut changes).await.unwrap();
        let lines = site.catalog.audit(site.tenant.id, 0, 999).await.unwrap();
        let told: Vec<_> =
            lines.iter().map(|line| (line.action, line.noun, line.noun_id, line.stamp.clone())).collect();
        assert_eq!(told, changes.expected);
        assert!(lines.is_sorted_by_key(|line| line.id));
        assert_eq!(site.catalog.audit(site.tenant.id, lines[4].id, 3).await.unwrap(), lines[5..8]);
        assert_eq!(theirs.catalog.audit(theirs.tenant.id, 0, 9).await.unwrap().len(), 1);
    });
}

#[test]
fn what_happened_to_one_thing_is_told_by_itself_the_latest_first() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, id) = (&site.catalog, site.tenant.id);
        let folder = site.folder(site.root.id, "f").await;
        let mut assets = Vec::new();
        // Folders and assets come to have the same ids.
        for _ in 0..4 {
            assets.push(site.asset(folder.id, "a").await);
            site.folder(folder.id, "f").await;
        }
        let asset_id = *assets.iter().find(|asset_id| **asset_id == folder.id).unwrap();
        let stamp = Stamp { user_id: Some(site.user.id), request_id: Some("r".to_owned()), ..Stamp::system(NOW + 1) };
        catalog.limit_asset(id, asset_id, Some(1), None, &stamp).await.unwrap();
        site.trash_asset(asset_id).await.unwrap();
        let lines = catalog.audit_of(id, (Noun::Asset, asset_id), i64::MAX, 9).await.unwrap();
        let told: Vec<_> = lines.iter().map(|line| (line.action, line.noun, line.noun_id)).collect();
        assert_eq!(told, [Action::Trash, Action::Update, Action::Create].map(|what| (what, Noun::Asset, asset_id)));
        assert_eq!(lines[1].stamp, stamp);
        assert_eq!(catalog.audit_of(id, (Noun::Asset, asset_id), i64::MAX, 1).await.unwrap(), lines[..1]);
        assert_eq!(catalog.audit_of(id, (Noun::Asset, asset_id), lines[0].id, 1).await.unwrap(), lines[1..2]);
        let of_folder = catalog.audit_of(id, (Noun::Folder, folder.id), i64::MAX, 9).await.unwrap();
        assert_eq!(of_folder.iter().map(|line| line.action).collect::<Vec<_>>(), [Action::Create]);
        assert_eq!(catalog.audit_of(theirs.tenant.id, (Noun::Asset, asset_id), i64::MAX, 9).await.unwrap(), []);
        // It outlives what it is about.
        catalog.purge_asset(id, asset_id, &stamp).await.unwrap();
        let lines = catalog.audit_of(id, (Noun::Asset, asset_id), i64::MAX, 9).await.unwrap();
        assert_eq!((lines.len(), lines[0].action), (4, Action::Purge));
    });
}

#[test]
fn a_change_that_is_refused_leaves_no_line() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let before = database.number("select count(*) from audit").await;
        let (id, stamp) = (site.tenant.id, Stamp::system(NOW));
        let folder = site.root.id;
        assert!(site.trash_folder(folder).await.is_err());
        assert!(site.catalog.purge_folder(id, folder, &stamp).await.is_err());
        assert!(site.catalog.restore_folder(id, folder, &slug("a"), &stamp).await.is_err());
        assert!(site.catalog.set_rules(id, Ruled::Asset(9), None, &stamp).await.is_err());
        assert!(site.catalog.set_scan(id, 9, Scan::Clean, &stamp).await.is_err());
        assert!(site.catalog.purge_asset(id, 9, &stamp).await.is_err());
        let wish = RemovalWish { hidden: true, shred_at: NOW };
        assert!(site.catalog.remove_asset(id, 9, wish, &stamp).await.is_err());
        assert!(site.catalog.abandon_chunked(id, 9, &stamp).await.is_err());
        assert!(site.catalog.begin_chunked(&new_chunked(&site, 9, "a", 2), &chunk(1), &stamp).await.is_err());
        assert!(!site.catalog.revoke_token(id, 9, &stamp).await.unwrap());
        assert!(!site.catalog.revoke_link(id, 9, &stamp).await.unwrap());
        assert!(!site.catalog.disable_user(id, 9, &stamp).await.unwrap());
        assert!(site.catalog.add_placeholder(&new_placeholder(&site, 9, "a"), &stamp).await.is_err());
        assert!(site.catalog.fill_asset(id, 9, &filling(&site, "a"), &stamp).await.is_err());
        assert!(site.catalog.trash_asset_at(id, 9, (None, Some(NOW)), &stamp).await.is_err());
        let nowhere = NewCollection { tenant_id: 9_999, ..new_collection(&site, "c") };
        assert!(site.catalog.add_collection(&nowhere, &stamp).await.is_err());
        assert!(!site.catalog.publish_collection(id, 9, true, &stamp).await.unwrap());
        assert!(!site.catalog.delete_collection(id, 9, &stamp).await.unwrap());
        assert!(site.catalog.change_collection((id, 9), (&[], &[]), &stamp).await.is_err());
        assert!(site.catalog.share_collection((id, 9), (&[], &[]), &stamp).await.is_err());
        let mut twice = [site.new_asset(folder, "a"), site.new_asset(folder, "a")];
        twice[1].key = twice[0].key.clone();
        assert!(site.catalog.add_assets(&twice, &stamp).await.is_err());
        assert_eq!(database.number("select count(*) from audit").await, before);
    });
}
