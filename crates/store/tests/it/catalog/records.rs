//! Records: opaque text, by tenant, realm and kind, gone with what it is about.

#![expect(clippy::unwrap_used, reason = "tests")]

use sqlx::Connection;
use store::{Error, Noun, records::NewRecord};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails},
};

fn new_record(site: &Site, kind: &str, body: &str) -> NewRecord {
    NewRecord {
        tenant_id: site.tenant.id,
        realm: "botdoc".to_owned(),
        kind: kind.to_owned(),
        parent_id: None,
        folder_id: None,
        asset_id: None,
        body: body.to_owned(),
    }
}

#[test]
fn a_record_is_found_only_by_its_tenant_and_realm() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let made = ours.catalog.add_record(&new_record(&ours, "message", "{\"ä\":1}"), NOW).await.unwrap();
        assert_eq!((made.tenant_id, made.realm.as_str(), made.kind.as_str()), (ours.tenant.id, "botdoc", "message"));
        assert_eq!((made.body.as_str(), made.created_at, made.updated_at), ("{\"ä\":1}", NOW, NOW));
        let (mine, other) = (ours.tenant.id, theirs.tenant.id);
        assert_eq!(ours.catalog.record(mine, "botdoc", made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(ours.catalog.record(other, "botdoc", made.id).await.unwrap(), None);
        assert_eq!(ours.catalog.record(mine, "fliplet", made.id).await.unwrap(), None);

        for (tenant_id, realm) in [(other, "botdoc"), (mine, "fliplet")] {
            assert!(!ours.catalog.replace_record(tenant_id, realm, made.id, "x", NOW).await.unwrap());
            assert!(!ours.catalog.delete_record(tenant_id, realm, made.id).await.unwrap());
        }
        assert!(ours.catalog.replace_record(mine, "botdoc", made.id, "new", NOW + 1).await.unwrap());
        let replaced = ours.catalog.record(mine, "botdoc", made.id).await.unwrap().unwrap();
        assert_eq!((replaced.body.as_str(), replaced.created_at, replaced.updated_at), ("new", NOW, NOW + 1));
        assert!(ours.catalog.delete_record(mine, "botdoc", made.id).await.unwrap());
        assert!(!ours.catalog.delete_record(mine, "botdoc", made.id).await.unwrap());
    });
}

#[test]
fn records_are_listed_by_kind_and_by_asset_behind_a_key() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let asset_id = site.asset(site.root.id, "a").await;
        let mut made = Vec::new();
        for number in 0..3 {
            let about = (number > 0).then_some(asset_id);
            let wish = NewRecord { asset_id: about, ..new_record(&site, "comment", "c") };
            made.push(site.catalog.add_record(&wish, NOW).await.unwrap());
        }
        site.catalog
            .add_record(&NewRecord { asset_id: Some(asset_id), ..new_record(&site, "view", "v") }, NOW)
            .await
            .unwrap();
        let id = site.tenant.id;
        assert_eq!(site.catalog.records(id, "botdoc", "comment", 0, 2).await.unwrap(), made[..2]);
        assert_eq!(site.catalog.records(id, "botdoc", "comment", made[1].id, 9).await.unwrap(), made[2..]);
        assert_eq!(site.catalog.records(id + 1, "botdoc", "comment", 0, 9).await.unwrap(), []);
        assert_eq!(site.catalog.asset_records(asset_id, "botdoc", "comment", 0, 1).await.unwrap(), made[1..2]);
        assert_eq!(site.catalog.asset_records(asset_id, "botdoc", "comment", made[1].id, 9).await.unwrap(), made[2..]);
        assert_eq!(site.catalog.asset_records(asset_id, "fliplet", "comment", 0, 9).await.unwrap(), []);
    });
}

#[test]
fn one_report_is_about_several_assets_as_far_as_they_are_there_and_have_room() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (one, two) = (ours.asset(ours.root.id, "a").await, ours.asset(ours.root.id, "b").await);
        let their_asset = theirs.asset(theirs.root.id, "a").await;
        let wish = new_record(&ours, "usage", "{}");
        let add = async |ids: &[i64]| {
            let added = ours.catalog.add_asset_records(&wish, ids, 2, NOW).await.unwrap();
            added.iter().filter_map(|record| record.asset_id).collect::<Vec<_>>()
        };
        assert_eq!(add(&[two, their_asset, 9_999, one]).await, [two, one]);
        assert_eq!(add(&[one]).await, [one]);
        assert_eq!(add(&[one, two]).await, [two], "two of a kind are enough");
        assert_eq!(add(&[]).await, Vec::<i64>::new());
        let counted = ours.catalog.count_asset_records(&[one, two], "botdoc", "usage").await.unwrap();
        assert_eq!(counted.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 2]);
    });
}

#[test]
fn a_record_is_about_things_of_its_own_tenant_that_exist() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let their_asset = theirs.asset(theirs.root.id, "a").await;
        let their_record = theirs.catalog.add_record(&new_record(&theirs, "message", ""), NOW).await.unwrap();
        let plain = new_record(&ours, "message", "");
        for id in [their_asset, 9_999] {
            let wish = NewRecord { asset_id: Some(id), ..plain.clone() };
            assert_fails!(ours.catalog.add_record(&wish, NOW).await, Error::Missing(Noun::Asset));
        }
        for id in [theirs.root.id, 9_999] {
            let wish = NewRecord { folder_id: Some(id), ..plain.clone() };
            assert_fails!(ours.catalog.add_record(&wish, NOW).await, Error::Missing(Noun::Folder));
        }
        for id in [their_record.id, 9_999] {
            let wish = NewRecord { parent_id: Some(id), ..plain.clone() };
            assert_fails!(ours.catalog.add_record(&wish, NOW).await, Error::Missing(Noun::Record));
        }
        assert_eq!(ours.catalog.records(ours.tenant.id, "botdoc", "message", 0, 9).await.unwrap(), []);
    });
}

#[test]
fn a_record_goes_with_its_parent() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let parent = site.catalog.add_record(&new_record(&site, "message", ""), NOW).await.unwrap();
        let below = |parent_id| NewRecord { parent_id: Some(parent_id), ..new_record(&site, "reply", "") };
        let child = site.catalog.add_record(&below(parent.id), NOW).await.unwrap();
        assert_eq!(child.parent_id, Some(parent.id));
        site.catalog.add_record(&below(child.id), NOW).await.unwrap();
        assert!(site.catalog.delete_record(site.tenant.id, "botdoc", parent.id).await.unwrap());
        assert_eq!(site.catalog.records(site.tenant.id, "botdoc", "reply", 0, 9).await.unwrap(), []);
    });
}

#[test]
fn the_schema_takes_a_record_away_with_its_folder_and_its_asset() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "a").await;
        let asset_id = site.asset(site.root.id, "b").await;
        let of_folder = NewRecord { folder_id: Some(folder.id), ..new_record(&site, "message", "f") };
        let of_asset = NewRecord { asset_id: Some(asset_id), ..new_record(&site, "message", "a") };
        for wish in [of_folder, of_asset] {
            site.catalog.add_record(&wish, NOW).await.unwrap();
        }
        // No method purges yet, so the rows go by hand.
        let mut conn = database.connect().await;
        for statement in [
            "delete from names where child_folder_id is not null or asset_id is not null",
            "delete from versions",
            "delete from assets",
            "delete from folders where parent_id is not null",
        ] {
            sqlx::query(statement).execute(&mut conn).await.unwrap();
        }
        conn.close().await.unwrap();
        assert_eq!(site.catalog.records(site.tenant.id, "botdoc", "message", 0, 9).await.unwrap(), []);
    });
}
