//! The audit: one line for each change, in its transaction, with where it came from.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Noun, Result,
    assets::{AssetChange, Scan},
    audit::{Action, Stamp},
    folders::FolderChange,
    links::NewLink,
    rules::Ruled,
};

use super::{
    engines::{NOW, on_each_engine},
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
        assert!(!site.catalog.revoke_token(id, 9, &stamp).await.unwrap());
        assert!(!site.catalog.revoke_link(id, 9, &stamp).await.unwrap());
        assert!(!site.catalog.disable_user(id, 9, &stamp).await.unwrap());
        let mut twice = [site.new_asset(folder, "a"), site.new_asset(folder, "a")];
        twice[1].key = twice[0].key.clone();
        assert!(site.catalog.add_assets(&twice, &stamp).await.is_err());
        assert_eq!(database.number("select count(*) from audit").await, before);
    });
}
