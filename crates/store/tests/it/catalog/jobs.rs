//! Jobs: each claimed by one worker, retried, taken back from workers that went away, forgotten when long done.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use futures_util::future::join_all;
use store::jobs::{JobState, NewJob, Work};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, at},
};

const UNTIL: i64 = NOW + 60_000;

#[test]
fn a_job_waits_for_its_time_runs_and_is_done() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        catalog.add_job(None, &Work::SweepStaging, NOW + 5).await.unwrap();
        assert_eq!(catalog.claim_job("one", NOW + 4, UNTIL).await.unwrap(), None);
        let job = catalog.claim_job("one", NOW + 5, UNTIL).await.unwrap().unwrap();
        assert_eq!((job.work.clone(), job.state, job.attempts), (Work::SweepStaging, JobState::Running, 1));
        assert_eq!((job.tenant_id, job.run_at, job.last_error.as_deref()), (None, NOW + 5, None));
        assert_eq!(catalog.claim_job("two", NOW + 6, UNTIL).await.unwrap(), None);
        assert_eq!(catalog.jobs(JobState::Running, 0, 9).await.unwrap(), std::slice::from_ref(&job));

        // Only the worker that has it can end it.
        catalog.finish_job(job.id, "two", NOW + 7).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Done, 0, 9).await.unwrap(), []);
        catalog.finish_job(job.id, "one", NOW + 7).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Done, 0, 9).await.unwrap()[0].id, job.id);
        assert_eq!(catalog.jobs(JobState::Running, 0, 9).await.unwrap(), []);
    });
}

#[test]
fn jobs_are_claimed_by_time_then_age_and_listed_behind_a_key() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        for (asset_id, run_at) in [(1, NOW + 2), (2, NOW + 1), (3, NOW + 1)] {
            catalog.add_job(None, &Work::Preview { asset_id }, run_at).await.unwrap();
        }
        let waiting = catalog.jobs(JobState::Waiting, 0, 2).await.unwrap();
        let rest = catalog.jobs(JobState::Waiting, waiting[1].id, 9).await.unwrap();
        let listed: Vec<_> = waiting.into_iter().chain(rest).map(|job| job.work).collect();
        assert_eq!(listed, [1, 2, 3].map(|asset_id| Work::Preview { asset_id }));
        for asset_id in [2, 3, 1] {
            let job = catalog.claim_job("one", NOW + 9, UNTIL).await.unwrap().unwrap();
            assert_eq!(job.work, Work::Preview { asset_id });
        }
    });
}

#[test]
fn twenty_parallel_claimers_never_share_a_job_and_leave_none() {
    on_each_engine(async |database| {
        for asset_id in 0..60 {
            database.catalog.add_job(None, &Work::Preview { asset_id }, NOW).await.unwrap();
        }
        let beside = database.open_again().await;
        let claimers = (0..20).map(|number| {
            let catalog = if number % 2 == 0 { database.catalog.clone() } else { beside.clone() };
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                while let Some(job) = catalog.claim_job(&format!("worker {number}"), NOW, UNTIL).await.unwrap() {
                    claimed.push(job.id);
                }
                claimed
            })
        });
        let claimed: Vec<i64> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), claimed.len(), "a job was claimed twice");
        assert_eq!(claimed.len(), 60);
        beside.close().await;
    });
}

#[test]
fn as_many_parallel_claimers_as_jobs_get_one_each() {
    on_each_engine(async |database| {
        for asset_id in 0..20 {
            database.catalog.add_job(None, &Work::Preview { asset_id }, NOW).await.unwrap();
        }
        let claimers = (0..20).map(|number| {
            let catalog = database.catalog.clone();
            tokio::spawn(async move { catalog.claim_job(&format!("worker {number}"), NOW, UNTIL).await.unwrap() })
        });
        let claimed: BTreeSet<i64> =
            join_all(claimers).await.into_iter().filter_map(Result::unwrap).map(|job| job.id).collect();
        assert_eq!(claimed.len(), 20, "a claimer that lost a race went away with work left");
    });
}

#[test]
fn a_failed_job_comes_back_until_it_fails_for_good() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
        let job = catalog.claim_job("one", NOW, UNTIL).await.unwrap().unwrap();
        catalog.fail_job(job.id, "two", "not mine", None, NOW).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Running, 0, 9).await.unwrap().len(), 1);

        catalog.fail_job(job.id, "one", "disk full", Some(NOW + 100), NOW + 1).await.unwrap();
        assert_eq!(catalog.claim_job("one", NOW + 99, UNTIL).await.unwrap(), None);
        let again = catalog.claim_job("one", NOW + 100, UNTIL).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts, again.last_error.as_deref()), (job.id, 2, Some("disk full")));

        catalog.fail_job(job.id, "one", "disk gone", None, NOW + 101).await.unwrap();
        assert_eq!(catalog.claim_job("one", NOW + 9_999, UNTIL).await.unwrap(), None);
        let failed = catalog.jobs(JobState::Failed, 0, 9).await.unwrap();
        assert_eq!((failed[0].id, failed[0].last_error.as_deref()), (job.id, Some("disk gone")));
        // A failed job stays to be seen.
        catalog.tend_jobs(NOW + 9_999, 8, NOW + 9_999).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Failed, 0, 9).await.unwrap().len(), 1);
    });
}

#[test]
fn a_job_whose_worker_went_away_is_taken_back_at_its_time() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
        let job = catalog.claim_job("one", NOW, UNTIL).await.unwrap().unwrap();
        assert_eq!(catalog.tend_jobs(UNTIL, 8, 0).await.unwrap(), 0);
        assert_eq!(catalog.tend_jobs(UNTIL + 1, 8, 0).await.unwrap(), 1);
        // The first worker comes back too late: the job is no longer its own to end.
        catalog.finish_job(job.id, "one", UNTIL + 1).await.unwrap();
        let again = catalog.claim_job("two", UNTIL + 1, UNTIL + 9).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (job.id, 2));
        assert_eq!(again.last_error.as_deref(), Some("the worker went away"));
    });
}

#[test]
fn what_was_done_long_ago_is_forgotten() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        for done_at in [NOW + 1, NOW + 2] {
            catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
            let job = catalog.claim_job("one", NOW, UNTIL).await.unwrap().unwrap();
            catalog.finish_job(job.id, "one", done_at).await.unwrap();
        }
        catalog.tend_jobs(NOW + 2, 8, NOW + 1).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Done, 0, 9).await.unwrap().len(), 2);
        catalog.tend_jobs(NOW + 2, 8, NOW + 2).await.unwrap();
        assert_eq!(catalog.jobs(JobState::Done, 0, 9).await.unwrap().len(), 1);
    });
}

#[test]
fn a_new_asset_and_its_jobs_come_together() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut wish = site.new_asset(site.root.id, "a.jpg");
        wish.version.jobs = vec![NewJob::Preview];
        let added = site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap();
        let job = site.catalog.claim_job("one", NOW, UNTIL).await.unwrap().unwrap();
        assert_eq!(job.work, Work::Preview { asset_id: added[0].asset_id });
        assert_eq!(job.tenant_id, Some(site.tenant.id));
    });
}

#[test]
fn a_job_that_takes_its_workers_down_is_given_up() {
    on_each_engine(async |database| {
        let catalog = &database.catalog;
        catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
        for attempt in 1..=3 {
            assert!(catalog.claim_job("w", NOW + attempt, NOW + attempt).await.unwrap().is_some(), "attempt {attempt}");
            catalog.tend_jobs(NOW + attempt + 1, 3, 0).await.unwrap();
        }
        let failed = catalog.jobs(JobState::Failed, 0, 10).await.unwrap();
        assert_eq!(failed.iter().map(|job| job.attempts).collect::<Vec<_>>(), [3]);
        assert!(catalog.jobs(JobState::Waiting, 0, 10).await.unwrap().is_empty());
    });
}
