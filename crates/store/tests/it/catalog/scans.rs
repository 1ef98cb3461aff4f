//! What a scanner said of bytes, what is in quarantine, and what was let out of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    Error, Noun, Refusal,
    assets::{NewAsset, NewVersion, Premise, Scan},
    audit::Action,
    jobs::{NewJob, Work},
    scans::{Concerned, Quarantined, Verdict},
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{START, Site, assert_fails, at, slug},
    soundness::assert_sound,
};

fn verdict(scan: Scan, engine: &str) -> Verdict {
    let signature = (scan == Scan::Infected).then(|| "Eicar".to_owned());
    Verdict { scan, signature, engine: engine.to_owned(), scanned_at: NOW }
}

/// A file with these bytes that waits for its scan.
async fn queued(site: &Site, folder_id: i64, name: &str, seed: u64) -> i64 {
    let version = NewVersion { scan: Scan::Queued, jobs: vec![NewJob::Scan], ..site.new_version(seed) };
    let wish = NewAsset { version, ..site.new_asset(folder_id, name) };
    site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id
}

/// What the scanner said, set with all whom it concerns: their ids.
async fn say(site: &Site, asset_id: i64, verdict: &Verdict) -> Vec<i64> {
    let version = site.view(asset_id).await.version.unwrap();
    assert!(site.catalog.set_verdict(version.sha256(), verdict).await.unwrap());
    let concerned = site.catalog.concerned(version.sha256(), verdict.scan).await.unwrap();
    for Concerned { tenant_id, asset_id, version_id } in &concerned {
        let outcome = (verdict.scan, Premise::Version(*version_id));
        assert!(site.catalog.set_scan_if(*tenant_id, *asset_id, outcome, &at(NOW + 1)).await.unwrap());
    }
    concerned.iter().map(|concerned| concerned.asset_id).collect()
}

async fn release(site: &Site, id: i64) -> store::Result<()> {
    site.catalog.release_asset(site.tenant.id, id, &slug("a.txt"), &at(NOW + 9)).await
}

async fn held(site: &Site) -> Vec<i64> {
    let found = site.catalog.quarantined(site.tenant.id, 0, 9).await.unwrap();
    found.iter().map(|held| held.asset.id).collect()
}

#[test]
fn a_scan_is_queued_with_the_file_and_taken_once() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = queued(&site, site.root.id, "a.txt", 1).await;
        let job = site.catalog.claim_scan("one", NOW, NOW + 9).await.unwrap().unwrap();
        assert_eq!(job.work, Work::Scan { asset_id: id });
        assert!(site.catalog.claim_scan("other", NOW, NOW + 9).await.unwrap().is_none());
        // Other lanes leave it alone, and it leaves them alone.
        assert!(site.catalog.claim_job("other", NOW, NOW + 9).await.unwrap().is_none());
        site.catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
        assert!(site.catalog.claim_scan("other", NOW, NOW + 9).await.unwrap().is_none());
    });
}

#[test]
fn a_verdict_is_kept_by_the_bytes_and_the_latest_counts() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        assert_eq!(site.catalog.verdict(&[9; 32]).await.unwrap(), None);
        for said in [verdict(Scan::Infected, "clamd 1"), verdict(Scan::Clean, "clamd 2"), verdict(Scan::Unscanned, "x")]
        {
            site.catalog.set_verdict(&[9; 32], &said).await.unwrap();
            assert_eq!(site.catalog.verdict(&[9; 32]).await.unwrap(), Some(said));
        }
        site.catalog.forget_engines().await.unwrap();
        assert_eq!(site.catalog.verdict(&[9; 32]).await.unwrap(), Some(verdict(Scan::Unscanned, "")));
    });
}

#[test]
fn a_verdict_concerns_all_who_have_the_bytes_now_and_to_whom_it_is_news() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let first = queued(&site, site.root.id, "a.txt", 1).await;
        let other = queued(&theirs, theirs.root.id, "b.txt", 1).await;
        let trashed = queued(&site, site.root.id, "c.txt", 1).await;
        site.trash_asset(trashed).await.unwrap();
        queued(&site, site.root.id, "other.txt", 2).await;
        let replaced = queued(&site, site.root.id, "old.txt", 1).await;
        site.catalog.add_version(site.tenant.id, replaced, &site.new_version(3), &at(NOW)).await.unwrap();

        assert_eq!(say(&site, first, &verdict(Scan::Clean, "1")).await, [first, other, trashed]);
        // The same again is news to nobody.
        let version = site.view(first).await.version.unwrap();
        assert!(site.catalog.set_verdict(version.sha256(), &verdict(Scan::Clean, "2")).await.unwrap());
        assert_eq!(site.catalog.concerned(version.sha256(), Scan::Clean).await.unwrap(), []);
        assert_eq!(site.view(trashed).await.scan, Scan::Clean);

        assert_eq!(say(&site, first, &verdict(Scan::Infected, "3")).await, [first, other, trashed]);
        assert_eq!((held(&site).await, held(&theirs).await), (vec![first, trashed], vec![other]));
        assert!(site.view(first).await.deleted_at.is_some());
        let listed = site.catalog.folder_assets(theirs.root.id, &START, 9).await.unwrap();
        assert_eq!(listed, []);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_said_of_bytes_that_were_replaced_is_said_of_nothing() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = queued(&site, site.root.id, "a.txt", 1).await;
        let old = site.view(id).await.version.unwrap().id;
        let newer = NewVersion { scan: Scan::Queued, ..site.new_version(2) };
        site.catalog.add_version(site.tenant.id, id, &newer, &at(NOW)).await.unwrap();
        let set = async |scan, premise| site.catalog.set_scan_if(site.tenant.id, id, (scan, premise), &at(NOW)).await;
        assert!(!set(Scan::Infected, Premise::Version(old)).await.unwrap());
        assert_eq!(site.view(id).await.scan, Scan::Queued);
        // Who gives up says so only where nobody has said anything.
        assert!(set(Scan::Unscanned, Premise::Queued).await.unwrap());
        assert!(!set(Scan::Unscanned, Premise::Queued).await.unwrap());
        assert_fails!(
            site.catalog.set_scan_if(site.tenant.id, id + 99, (Scan::Clean, Premise::None), &at(NOW)).await,
            Error::Missing(Noun::Asset)
        );
    });
}

#[test]
fn what_is_let_out_lies_where_it_was_and_the_verdict_is_no_news_to_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let id = queued(&site, folder.id, "a.txt", 1).await;
        let infected = verdict(Scan::Infected, "1");
        say(&site, id, &infected).await;
        let found = site.catalog.quarantined(site.tenant.id, 0, 9).await.unwrap();
        assert_eq!(found, [Quarantined { asset: site.view(id).await, verdict: Some(infected.clone()) }]);
        assert_eq!(site.catalog.quarantined(site.tenant.id, id, 9).await.unwrap(), []);

        // Somebody has taken its name meanwhile.
        site.asset(folder.id, "a.txt").await;
        release(&site, id).await.unwrap();
        let view = site.view(id).await;
        assert_eq!((view.scan, view.deleted_at, view.slug.as_str()), (Scan::Clean, None, "a-2.txt"));
        assert!(held(&site).await.is_empty());
        assert_eq!(site.catalog.count_folder_assets(site.tenant.id, folder.id).await.unwrap(), 2);
        let line = site.catalog.audit_of(site.tenant.id, (Noun::Asset, id), i64::MAX, 1).await.unwrap().remove(0);
        assert_eq!((line.action, line.stamp.now_ms), (Action::Release, NOW + 9));

        // Of these bytes nothing is said of it any more, of others it is.
        assert_eq!(say(&site, id, &verdict(Scan::Infected, "2")).await, [] as [i64; 0]);
        let newer = NewVersion { scan: Scan::Queued, ..site.new_version(2) };
        site.catalog.add_version(site.tenant.id, id, &newer, &at(NOW)).await.unwrap();
        assert_eq!(say(&site, id, &verdict(Scan::Infected, "2")).await, [id]);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_no_virus_any_more_lies_where_it_was_unless_its_owner_had_thrown_it_away() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let folder = site.folder(site.root.id, "f").await;
        let (id, thrown) = (queued(&site, folder.id, "a.txt", 1).await, queued(&site, folder.id, "b.txt", 1).await);
        site.trash_asset(thrown).await.unwrap();
        say(&site, id, &verdict(Scan::Infected, "1")).await;
        assert_eq!(held(&site).await, [id, thrown]);
        say(&site, id, &verdict(Scan::Clean, "2")).await;
        let (back, still) = (site.view(id).await, site.view(thrown).await);
        assert_eq!((back.scan, back.deleted_at, back.slug.as_str()), (Scan::Clean, None, "a.txt"));
        assert_eq!((still.scan, still.deleted_at), (Scan::Clean, Some(NOW)));
        // Let out, it stays where its owner put it, too.
        say(&site, id, &verdict(Scan::Infected, "3")).await;
        for id in [id, thrown] {
            release(&site, id).await.unwrap();
        }
        assert_eq!(site.view(id).await.deleted_at, None);
        assert_eq!(site.view(thrown).await.deleted_at, Some(NOW));
        assert_eq!(site.catalog.count_folder_assets(site.tenant.id, folder.id).await.unwrap(), 1);
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_can_not_be_let_out_stays_in_quarantine() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let folder = site.folder(site.root.id, "f").await;
        let (id, clean) = (queued(&site, folder.id, "a.txt", 1).await, site.asset(folder.id, "b.txt").await);
        site.catalog.limit_asset(site.tenant.id, id, None, Some(NOW + 20), &at(NOW)).await.unwrap();
        say(&site, id, &verdict(Scan::Infected, "1")).await;
        assert_fails!(release(&site, clean).await, Error::Missing(Noun::Asset));
        assert_fails!(release(&theirs, id).await, Error::Missing(Noun::Asset));
        site.catalog.restore_asset(site.tenant.id, id, &slug("a.txt"), &at(NOW)).await.unwrap_err();
        site.trash_folder(folder.id).await.unwrap();
        assert_fails!(release(&site, id).await, Error::Refused(Refusal::ParentInTrash));
        site.catalog.restore_folder(site.tenant.id, folder.id, &slug("f"), &at(NOW)).await.unwrap();
        assert_eq!(site.view(id).await.scan, Scan::Infected);
        assert!(site.view(id).await.deleted_at.is_some());
        let late = site.catalog.release_asset(site.tenant.id, id, &slug("a.txt"), &at(NOW + 20)).await;
        assert_fails!(late, Error::Refused(Refusal::Expired));
        site.catalog.purge_asset(site.tenant.id, id, &at(NOW)).await.unwrap();
        assert_fails!(release(&site, id).await, Error::Missing(Noun::Asset));
        assert!(held(&site).await.is_empty());
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn what_is_due_is_what_was_not_looked_at_by_todays_signatures() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut ids = Vec::new();
        for (name, seed) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
            ids.push(queued(&site, site.root.id, name, seed).await);
        }
        say(&site, ids[0], &verdict(Scan::Clean, "today")).await;
        say(&site, ids[1], &verdict(Scan::Clean, "yesterday")).await;
        // New bytes by today's, old ones by yesterday's.
        say(&site, ids[2], &verdict(Scan::Clean, "yesterday")).await;
        site.catalog.add_version(site.tenant.id, ids[2], &site.new_version(5), &at(NOW)).await.unwrap();
        say(&site, ids[2], &verdict(Scan::Clean, "today")).await;
        let due = async |after, limit| site.catalog.assets_to_scan("today", after, limit).await.unwrap();
        assert_eq!(due(0, 9).await, [(ids[0], false), (ids[1], true), (ids[2], true), (ids[3], true)]);
        assert_eq!(due(ids[0], 2).await, [(ids[1], true), (ids[2], true)]);
        assert_eq!(due(ids[3], 9).await, []);
        // A copy that nobody was told of.
        let wrong = format!("update assets set scan = 'infected' where id = {}", ids[0]);
        sqlx::query(sqlx::AssertSqlSafe(wrong)).execute(&mut database.connect().await).await.unwrap();
        assert_eq!(due(0, 1).await, [(ids[0], true)]);
        site.catalog.forget_engines().await.unwrap();
        assert!(due(0, 9).await.iter().all(|(_, due)| *due));
        assert_eq!(site.catalog.newest_asset().await.unwrap(), ids[3]);
        assert_eq!(site.catalog.waiting_scans(3).await.unwrap(), 3);
        assert_eq!(site.catalog.waiting_scans(9).await.unwrap(), 4);
    });
}
