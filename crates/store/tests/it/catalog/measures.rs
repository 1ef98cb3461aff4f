//! What a watcher asks of the rows.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{
    assets::Scan,
    jobs::{JobState, KINDS, Work},
    measures::JobCount,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at},
};

fn count(kind: &str, count: u64, oldest_run_at: i64) -> JobCount {
    JobCount { kind: kind.to_owned(), count, oldest_run_at }
}

#[test]
fn jobs_are_counted_by_kind_and_the_oldest_that_is_due_is_told() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        assert_eq!(catalog.count_due_jobs(NOW).await.unwrap(), []);
        for (work, run_at) in [
            (Work::Tend, NOW + 1),
            (Work::Scan { asset_id: 1 }, NOW - 7),
            (Work::Scan { asset_id: 2 }, NOW),
            (Work::Scan { asset_id: 3 }, NOW + 1),
            (Work::Fetch { fetch_id: 1 }, NOW - 50),
        ] {
            catalog.add_job(None, &work, run_at).await.unwrap();
        }
        let waiting = [count("fetch", 1, NOW - 50), count("scan", 3, NOW - 7), count("tend", 1, NOW + 1)];
        assert_eq!(catalog.count_jobs(JobState::Waiting).await.unwrap(), waiting);
        let due = [count("fetch", 1, NOW - 50), count("scan", 2, NOW - 7)];
        assert_eq!(catalog.count_due_jobs(NOW).await.unwrap(), due);
        let job = catalog.claim_fetch("a", NOW, NOW + 9).await.unwrap().unwrap();
        assert_eq!(catalog.count_jobs(JobState::Running).await.unwrap()[0].kind, "fetch");
        catalog.fail_job(job.id, "a", "gone", None, NOW).await.unwrap();
        assert_eq!(catalog.count_jobs(JobState::Failed).await.unwrap()[0].count, 1);
        assert_eq!(catalog.count_jobs(JobState::Running).await.unwrap(), []);
        assert_eq!(catalog.count_due_jobs(NOW).await.unwrap(), [count("scan", 2, NOW - 7)]);
    });
}

#[test]
fn what_is_infected_and_what_has_no_place_yet_is_counted() {
    on_each_engine(async |database| {
        let (catalog, site) = (&database.catalog, Site::new(&database.catalog).await);
        let id = site.asset(site.root.id, "a").await;
        assert_eq!(catalog.count_infected().await.unwrap(), 0);
        catalog.set_scan(site.tenant.id, id, Scan::Infected, &at(NOW)).await.unwrap();
        assert_eq!(catalog.count_infected().await.unwrap(), 1);
        assert!(catalog.count_unchained_audit().await.unwrap() >= 3);
        catalog.chain_audit(999).await.unwrap();
        assert_eq!(catalog.count_unchained_audit().await.unwrap(), 0);
        assert!(catalog.pool_use().open >= 1);
    });
}

#[test]
fn every_kind_of_work_is_listed() {
    let (tenant_id, asset_id) = (1, 1);
    let all = [
        Work::Preview { asset_id },
        Work::Scan { asset_id },
        Work::Rescan { after: 0 },
        Work::SweepStaging,
        Work::PurgeFolder { tenant_id, folder_id: 1 },
        Work::ShredBlob { blob_id: 1, blob_key: String::new() },
        Work::Convert { tenant_id, after: 0 },
        Work::Dispatch { dispatch_id: 1 },
        Work::Fetch { fetch_id: 1 },
        Work::Tend,
    ];
    assert_eq!(all.map(|work| work.kind()), KINDS);
}
