//! Records: opaque text, by tenant, realm and kind, gone with what it is about.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use sqlx::Connection;
use store::{
    Error, Noun,
    records::{NewRecord, Record},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at},
    soundness::assert_sound,
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
        lookup: None,
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
fn records_of_several_things_come_in_the_order_in_which_they_were_made() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let (mut assets, mut folders) = (Vec::new(), Vec::new());
        for number in 0..40 {
            assets.push(site.asset(site.root.id, "a").await);
            folders.push(site.folder(site.root.id, &format!("f{number}")).await.id);
        }
        let (mut of_assets, mut of_folders) = (Vec::new(), Vec::new());
        // Two about each, the last first, and others that are of no interest.
        for at in (0..80).rev().map(|number: usize| number % 40) {
            let about_asset = NewRecord { asset_id: Some(assets[at]), ..new_record(&site, "comment", "a") };
            of_assets.push(site.catalog.add_record(&about_asset, NOW).await.unwrap());
            let other = NewRecord { kind: "view".to_owned(), ..about_asset.clone() };
            site.catalog.add_record(&other, NOW).await.unwrap();
            let about_folder = NewRecord { folder_id: Some(folders[at]), ..new_record(&site, "comment", "f") };
            of_folders.push(site.catalog.add_record(&about_folder, NOW).await.unwrap());
            let other = NewRecord { realm: "fliplet".to_owned(), ..about_folder };
            site.catalog.add_record(&other, NOW).await.unwrap();
        }
        let (catalog, realm, kind) = (&site.catalog, "botdoc", "comment");
        assert_eq!(catalog.records_of_assets(&assets, realm, kind).await.unwrap(), of_assets);
        assert_eq!(catalog.records_of_folders(&folders, realm, kind).await.unwrap(), of_folders);
        let about = |record: &Record| record.asset_id == Some(assets[3]) || record.asset_id == Some(assets[7]);
        let some: Vec<_> = of_assets.iter().filter(|record| about(record)).cloned().collect();
        assert_eq!(catalog.records_of_assets(&[assets[7], 9_999, assets[3]], realm, kind).await.unwrap(), some);
        assert_eq!(catalog.records_of_assets(&[], realm, kind).await.unwrap(), []);
        assert_eq!(catalog.records_of_folders(&folders, realm, "nothing").await.unwrap(), []);
        // A kind is not the end of a realm: `bot` has no `doc/comment`.
        assert_eq!(catalog.records_of_assets(&assets, "bot", "doc/comment").await.unwrap(), []);
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

#[test]
fn a_key_is_one_records_and_finds_it_whoever_it_belongs_to() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let keyed =
            |site: &Site, key: &str| NewRecord { lookup: Some(key.to_owned()), ..new_record(site, "link", key) };
        let mine = ours.catalog.add_record(&keyed(&ours, "Ä-1"), NOW).await.unwrap();
        let other = theirs.catalog.add_record(&keyed(&theirs, "Ä-2"), NOW).await.unwrap();
        assert_eq!(mine.lookup.as_deref(), Some("Ä-1"));
        for record in [&mine, &other] {
            let found = ours.catalog.record_by_lookup("botdoc", record.lookup.as_ref().unwrap()).await.unwrap();
            assert_eq!(found.as_ref(), Some(record));
        }
        for (realm, key) in [("fliplet", "Ä-1"), ("botdoc", "ä-1"), ("botdoc", "Ä"), ("botdoc", "")] {
            assert_eq!(ours.catalog.record_by_lookup(realm, key).await.unwrap(), None);
        }
        let elsewhere = NewRecord { realm: "fliplet".to_owned(), ..keyed(&theirs, "Ä-1") };
        for taken in [keyed(&ours, "Ä-1"), keyed(&theirs, "Ä-1"), elsewhere] {
            assert_fails!(ours.catalog.add_record(&taken, NOW).await, Error::Taken(Noun::Record));
        }
        // As many as there are have none.
        for _ in 0..2 {
            ours.catalog.add_record(&new_record(&ours, "link", ""), NOW).await.unwrap();
        }
        assert!(ours.catalog.delete_record(ours.tenant.id, "botdoc", mine.id).await.unwrap());
        assert_eq!(ours.catalog.record_by_lookup("botdoc", "Ä-1").await.unwrap(), None);
        let again = theirs.catalog.add_record(&keyed(&theirs, "Ä-1"), NOW).await.unwrap();
        assert_eq!(ours.catalog.record_by_lookup("botdoc", "Ä-1").await.unwrap(), Some(again));
    });
}

#[test]
fn records_are_listed_by_folder_and_by_parent_behind_a_key() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let parent = site.catalog.add_record(&new_record(&site, "container", ""), NOW).await.unwrap();
        let mut made = Vec::new();
        for number in 0..4 {
            let wish = NewRecord {
                folder_id: (number > 0).then_some(folder.id),
                parent_id: (number > 0).then_some(parent.id),
                ..new_record(&site, "contact", "c")
            };
            made.push(site.catalog.add_record(&wish, NOW).await.unwrap());
        }
        let other =
            NewRecord { folder_id: Some(folder.id), parent_id: Some(parent.id), ..new_record(&site, "message", "m") };
        let other = site.catalog.add_record(&other, NOW).await.unwrap();
        let catalog = &site.catalog;
        for (after, limit, expected) in [(0, 9, &made[1..]), (0, 2, &made[1..3]), (made[2].id, 9, &made[3..])] {
            let of_folder = catalog.folder_records(folder.id, "botdoc", "contact", after, limit).await.unwrap();
            let of_parent = catalog.child_records(parent.id, "botdoc", "contact", after, limit).await.unwrap();
            assert_eq!((of_folder.as_slice(), of_parent.as_slice()), (expected, expected));
        }
        for (realm, kind, expected) in [("botdoc", "message", vec![other]), ("fliplet", "contact", vec![])] {
            assert_eq!(catalog.folder_records(folder.id, realm, kind, 0, 9).await.unwrap(), expected);
            assert_eq!(catalog.child_records(parent.id, realm, kind, 0, 9).await.unwrap(), expected);
        }
        assert_eq!(catalog.folder_records(site.root.id, "botdoc", "contact", 0, 9).await.unwrap(), []);
        assert_eq!(catalog.child_records(made[0].id, "botdoc", "contact", 0, 9).await.unwrap(), []);
    });
}

#[test]
fn a_body_is_exchanged_if_it_is_still_as_it_was_seen() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let catalog = &ours.catalog;
        let seen = catalog.add_record(&new_record(&ours, "message", "é"), NOW).await.unwrap();
        assert!(catalog.exchange_record(&seen, "new", NOW + 1).await.unwrap());
        assert!(!catalog.exchange_record(&seen, "late", NOW + 2).await.unwrap());
        let now = catalog.record(ours.tenant.id, "botdoc", seen.id).await.unwrap().unwrap();
        assert_eq!((now.body.as_str(), now.created_at, now.updated_at), ("new", NOW, NOW + 1));
        for stranger in [
            Record { tenant_id: theirs.tenant.id, ..now.clone() },
            Record { realm: "fliplet".to_owned(), ..now.clone() },
            Record { id: 9_999, ..now.clone() },
        ] {
            assert!(!catalog.exchange_record(&stranger, "x", NOW).await.unwrap());
        }
        catalog.delete_record(ours.tenant.id, "botdoc", seen.id).await.unwrap();
        assert!(!catalog.exchange_record(&now, "x", NOW).await.unwrap());
    });
}

#[test]
fn of_those_who_exchange_what_all_have_seen_one_does() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let mut seen = site.catalog.add_record(&new_record(&site, "message", "0"), NOW).await.unwrap();
        for round in 0..20 {
            let writers = (0..16).map(|writer| {
                let catalog = if writer % 2 == 0 { site.catalog.clone() } else { beside.clone() };
                let (seen, body) = (seen.clone(), format!("{round} {writer}"));
                let exchange = async move { catalog.exchange_record(&seen, &body, NOW).await.unwrap().then_some(body) };
                tokio::spawn(exchange)
            });
            let won: Vec<String> = join_all(writers).await.into_iter().filter_map(Result::unwrap).collect();
            seen = site.catalog.record(site.tenant.id, "botdoc", seen.id).await.unwrap().unwrap();
            assert_eq!(won, [seen.body.clone()]);
        }
        beside.close().await;
    });
}

#[test]
fn records_are_paged_from_the_newest_and_counted_up_to_a_limit() {
    on_each_engine(async |database| {
        let (ours, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = ours.folder(ours.root.id, "f").await;
        let (catalog, id) = (&ours.catalog, ours.tenant.id);
        let mut made = Vec::new();
        for number in 0..5 {
            let folder_id = Some(if number < 4 { folder.id } else { ours.root.id });
            let wish = NewRecord { folder_id, ..new_record(&ours, "contact", &number.to_string()) };
            made.insert(0, catalog.add_record(&wish, NOW).await.unwrap());
            theirs.catalog.add_record(&new_record(&theirs, "contact", ""), NOW).await.unwrap();
        }
        let other = NewRecord { folder_id: Some(folder.id), ..new_record(&ours, "message", "m") };
        let other = catalog.add_record(&other, NOW).await.unwrap();
        let page = async |kind, skip, limit| catalog.records_page(id, ("botdoc", kind), (skip, limit)).await.unwrap();
        assert_eq!(page("contact", 0, 9).await, (5, made.clone()));
        assert_eq!(page("contact", 1, 2).await, (5, made[1..3].to_vec()));
        assert_eq!(page("contact", 4, 2).await, (5, made[4..].to_vec()));
        assert_eq!(page("contact", 5, 2).await, (5, vec![]));
        assert_eq!((page("message", 0, 9).await, page("none", 0, 9).await), ((1, vec![other.clone()]), (0, vec![])));
        let latest = async |folder_id, realm, kind| catalog.latest_folder_record(folder_id, realm, kind).await.unwrap();
        assert_eq!(latest(folder.id, "botdoc", "contact").await, Some(made[1].clone()));
        assert_eq!(latest(folder.id, "botdoc", "message").await, Some(other));
        assert_eq!(latest(folder.id, "fliplet", "contact").await, None);
        let count = async |folder_id, realm, most| catalog.count_folder_records(folder_id, realm, most).await.unwrap();
        assert_eq!((count(folder.id, "botdoc", 9).await, count(folder.id, "botdoc", 3).await), (5, 3));
        assert_eq!((count(folder.id, "fliplet", 9).await, count(9_999, "botdoc", 9).await), (0, 0));
    });
}

#[test]
fn a_folder_and_the_record_about_it_are_made_both_or_neither() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = site.new_folder(site.root.id, "f");
        let about = NewRecord { lookup: Some("key".to_owned()), ..new_record(&site, "container", "{}") };
        let (folder, record) = site.catalog.add_recorded_folder(&wish, &about, &at(NOW)).await.unwrap();
        assert_eq!(site.look(folder.id).await, folder);
        assert_eq!((record.folder_id, record.lookup.as_deref()), (Some(folder.id), Some("key")));
        assert_eq!(site.catalog.record_by_lookup("botdoc", "key").await.unwrap(), Some(record));
        let lines = site.catalog.audit(site.tenant.id, 0, 9).await.unwrap();
        assert_eq!((lines.len(), lines[1].noun_id), (2, folder.id));

        let taken = site.catalog.add_recorded_folder(&wish, &about, &at(NOW)).await;
        assert_fails!(taken, Error::Taken(Noun::Record));
        let nowhere = site.catalog.add_recorded_folder(&site.new_folder(9_999, "f"), &about, &at(NOW)).await;
        assert_fails!(nowhere, Error::Missing(Noun::Folder));
        assert_eq!(site.catalog.child_folders(site.root.id, &START, 9).await.unwrap(), [folder]);
        assert_eq!(site.catalog.audit(site.tenant.id, 0, 9).await.unwrap().len(), 2);
        assert_sound(&mut database.connect().await).await;
    });
}
