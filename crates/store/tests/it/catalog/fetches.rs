//! Fetches: each with a job in a lane of its own, and what became of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    dispatches::{NewDispatch, Parcel},
    fetches::{Fetch, FetchOutcome, FetchState, NewFetch},
    jobs::{JobState, Work},
};

use super::{
    engines::{NOW, on_each_engine},
    placeholder_samples::placeholder,
    samples::{Site, assert_fails, at},
    soundness::assert_sound,
};

const UNTIL: i64 = NOW + 60_000;
const URL: &str = "https://example.com/cat.jpg?key=secret";

fn new_fetch(site: &Site, asset_id: i64) -> NewFetch {
    NewFetch {
        tenant_id: site.tenant.id,
        asset_id,
        url: URL.to_owned(),
        file_name: "cat.jpg".to_owned(),
        created_by: site.user.id,
    }
}

async fn fetch(site: &Site, asset_id: i64) -> Fetch {
    site.catalog.add_fetch(&new_fetch(site, asset_id), NOW).await.unwrap()
}

const fn later(error: &str) -> FetchOutcome<'_> {
    FetchOutcome { state: FetchState::Waiting, tried: true, error: Some(error), version_id: None }
}

const fn given_up(error: Option<&str>) -> FetchOutcome<'_> {
    FetchOutcome { state: FetchState::Failed, tried: false, error, version_id: None }
}

const fn done(version_id: i64) -> FetchOutcome<'static> {
    FetchOutcome { state: FetchState::Done, tried: true, error: None, version_id: Some(version_id) }
}

#[test]
fn a_fetch_and_its_job_come_together() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let catalog = &site.catalog;
        let id = placeholder(&site, site.root.id, "a").await;
        let made = fetch(&site, id).await;
        assert_eq!((made.tenant_id, made.asset_id, made.created_by), (site.tenant.id, id, site.user.id));
        assert_eq!((made.url.as_str(), made.file_name.as_str()), (URL, "cat.jpg"));
        assert_eq!((made.state, made.attempts, made.last_error.as_deref()), (FetchState::Waiting, 0, None));
        assert_eq!((made.version_id, made.created_at, made.finished_at), (None, NOW, None));
        assert_eq!(catalog.fetch(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(catalog.fetch(9_999).await.unwrap(), None);
        let jobs = catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
        assert_eq!((jobs.len(), jobs[0].tenant_id, jobs[0].run_at), (1, Some(site.tenant.id), NOW));
        assert_eq!((&jobs[0].work, jobs[0].work.kind()), (&Work::Fetch { fetch_id: made.id }, "fetch"));

        let foreign = NewFetch { tenant_id: theirs.tenant.id, ..new_fetch(&site, id) };
        let nobody = NewFetch { created_by: 9_999, ..new_fetch(&site, id) };
        for refused in [foreign, nobody, new_fetch(&site, 9_999)] {
            assert_fails!(catalog.add_fetch(&refused, NOW).await, Error::Missing(Noun::Asset));
        }
        assert_eq!(database.number("select count(*) from jobs").await, 1);
    });
}

#[test]
fn fetches_are_listed_by_asset_the_latest_first_and_go_with_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let (id, other) = (placeholder(&site, site.root.id, "a").await, site.asset(site.root.id, "b").await);
        let mut made = Vec::new();
        for _ in 0..3 {
            made.insert(0, fetch(&site, id).await);
            fetch(&site, other).await;
        }
        assert_eq!(catalog.asset_fetches(id, 9).await.unwrap(), made);
        assert_eq!(catalog.asset_fetches(id, 2).await.unwrap(), made[..2]);
        site.trash_asset(id).await.unwrap();
        assert_eq!(catalog.asset_fetches(id, 9).await.unwrap(), made);
        catalog.purge_asset(site.tenant.id, id, &at(NOW)).await.unwrap();
        assert_eq!(catalog.asset_fetches(id, 9).await.unwrap(), []);
        assert_eq!(catalog.fetch(made[0].id).await.unwrap(), None);
        assert!(!catalog.note_fetch(made[0].id, later("no"), NOW).await.unwrap());
        assert_eq!(catalog.asset_fetches(other, 9).await.unwrap().len(), 3);
    });
}

#[test]
fn an_address_is_kept_until_it_is_over_and_no_longer() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let id = placeholder(&site, site.root.id, "a").await;
        let (one, two) = (fetch(&site, id).await, fetch(&site, id).await);
        for attempt in 1..=2 {
            let error = format!("no answer, for the {attempt}. time");
            assert!(catalog.note_fetch(one.id, later(&error), NOW + attempt).await.unwrap());
            let expected = Fetch { attempts: attempt, last_error: Some(error), ..one.clone() };
            assert_eq!(catalog.fetch(one.id).await.unwrap(), Some(expected));
        }
        let version_id = site.view(site.asset(site.root.id, "b").await).await.version.unwrap().id;
        assert!(catalog.note_fetch(one.id, done(version_id), NOW + 3).await.unwrap());
        let expected = Fetch {
            url: String::new(),
            state: FetchState::Done,
            attempts: 3,
            version_id: Some(version_id),
            finished_at: Some(NOW + 3),
            ..one.clone()
        };
        assert_eq!(catalog.fetch(one.id).await.unwrap(), Some(expected.clone()));
        // What is over stays as it is.
        for late in [later("late"), given_up(Some("late")), done(9_999)] {
            assert!(!catalog.note_fetch(one.id, late, NOW + 4).await.unwrap());
        }
        assert_eq!(catalog.fetch(one.id).await.unwrap(), Some(expected));
        assert!(catalog.note_fetch(two.id, given_up(Some("no answer")), NOW + 5).await.unwrap());
        let failed = catalog.fetch(two.id).await.unwrap().unwrap();
        assert_eq!((failed.url.as_str(), failed.state, failed.attempts), ("", FetchState::Failed, 0));
        assert_eq!((failed.last_error.as_deref(), failed.finished_at), (Some("no answer"), Some(NOW + 5)));
        assert!(!catalog.note_fetch(9_999, later("no"), NOW).await.unwrap());
        assert_sound(&mut database.connect().await).await;
    });
}

#[test]
fn of_many_that_end_one_fetch_one_does() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let id = placeholder(&site, site.root.id, "a").await;
        for _ in 0..5 {
            let fetch_id = fetch(&site, id).await.id;
            let ends = (0..10).map(|number| {
                let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
                tokio::spawn(async move {
                    let outcome = if number % 3 == 0 { given_up(None) } else { done(number) };
                    catalog.note_fetch(fetch_id, outcome, NOW).await.unwrap()
                })
            });
            let ended = join_all(ends).await.into_iter().filter(|ended| *ended.as_ref().unwrap()).count();
            assert_eq!(ended, 1);
        }
        beside.close().await;
    });
}

#[test]
fn each_lane_has_its_own_jobs() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let id = placeholder(&site, site.root.id, "a").await;
        // What needs somebody elsewhere is queued first, and much of it.
        let parcel = Parcel::Text { to: "1".to_owned(), text: "t".to_owned() };
        let dispatch = NewDispatch { tenant_id: site.tenant.id, realm: "botdoc".to_owned(), record_id: None, parcel };
        let mut fetches = Vec::new();
        for _ in 0..3 {
            fetches.push(Work::Fetch { fetch_id: fetch(&site, id).await.id });
        }
        let sent = catalog.add_dispatches(&[dispatch.clone(), dispatch], NOW).await.unwrap();
        for work in [Work::Preview { asset_id: id }, Work::SweepStaging, Work::Tend] {
            catalog.add_job(None, &work, NOW).await.unwrap();
        }
        let (mut ran, mut fetched, mut dispatched) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(catalog.claim_fetch("w", NOW - 1, UNTIL).await.unwrap(), None, "not before its time");
        while let Some(job) = catalog.claim_job("w", NOW, UNTIL).await.unwrap() {
            ran.push(job.work);
        }
        assert_eq!(ran, [Work::Preview { asset_id: id }, Work::SweepStaging, Work::Tend]);
        while let Some(job) = catalog.claim_fetch("w", NOW, UNTIL).await.unwrap() {
            fetched.push(job.work);
        }
        assert_eq!(fetched, fetches);
        while let Some(job) = catalog.claim_dispatch("w", NOW, UNTIL).await.unwrap() {
            dispatched.push(job.work);
        }
        assert_eq!(dispatched, sent.into_iter().map(|dispatch_id| Work::Dispatch { dispatch_id }).collect::<Vec<_>>());
        assert_eq!(catalog.jobs(JobState::Waiting, 0, 9).await.unwrap(), []);
    });
}

#[test]
fn many_who_fetch_at_once_never_share_one_and_leave_none() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let id = placeholder(&site, site.root.id, "a").await;
        for _ in 0..30 {
            fetch(&site, id).await;
            site.catalog.add_job(None, &Work::SweepStaging, NOW).await.unwrap();
        }
        // No more than a tenant's share at a time, so that none has to wait for it.
        let claimers = (0..6).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            tokio::spawn(async move {
                let (worker, mut claimed) = (format!("worker {number}"), Vec::new());
                loop {
                    let job = match number % 2 {
                        0 => catalog.claim_job(&worker, NOW, UNTIL).await.unwrap(),
                        _ => catalog.claim_fetch(&worker, NOW, UNTIL).await.unwrap(),
                    };
                    let Some(job) = job else { return claimed };
                    assert_eq!(job.work == Work::SweepStaging, number % 2 == 0, "{:?}", job.work);
                    catalog.finish_job(job.id, &worker, NOW).await.unwrap();
                    claimed.push(job.id);
                }
            })
        });
        let mut claimed: Vec<i64> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
        claimed.sort_unstable();
        claimed.dedup();
        assert_eq!(claimed.len(), 60);
        beside.close().await;
    });
}

#[test]
fn no_tenant_has_more_than_its_share_of_what_is_fetched_at_once() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let (catalog, beside) = (&site.catalog, database.open_again().await);
        // One tenant wants much, and the other came later.
        for (site, count) in [(&site, 20), (&theirs, 3)] {
            let id = placeholder(site, site.root.id, "a").await;
            for _ in 0..count {
                fetch(site, id).await;
            }
        }
        let claimers = (0..16).map(|number| {
            let catalog = if number % 2 == 0 { catalog.clone() } else { beside.clone() };
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                while let Some(job) = catalog.claim_fetch("w", NOW, UNTIL).await.unwrap() {
                    claimed.push((job.tenant_id.unwrap(), job.id));
                }
                claimed
            })
        });
        let claimed: Vec<_> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
        let of = |tenant_id| claimed.iter().filter(|(of, _)| *of == tenant_id).count();
        assert_eq!((of(site.tenant.id), of(theirs.tenant.id)), (4, 3));
        // What is fetched makes room for one more, and so does what is put back, once its time has come.
        let mut ids = claimed.iter().filter(|(of, _)| *of == site.tenant.id).map(|(_, id)| *id);
        catalog.finish_job(ids.next().unwrap(), "w", NOW).await.unwrap();
        assert!(catalog.claim_fetch("w", NOW, UNTIL).await.unwrap().is_some());
        assert_eq!(catalog.claim_fetch("w", NOW, UNTIL).await.unwrap(), None);
        catalog.fail_job(ids.next().unwrap(), "w", "no answer", Some(NOW + 9), NOW).await.unwrap();
        assert!(catalog.claim_fetch("w", NOW, UNTIL).await.unwrap().is_some());
        assert_eq!(catalog.claim_fetch("w", NOW, UNTIL).await.unwrap(), None);
        // Other work is not counted.
        catalog.add_job(Some(site.tenant.id), &Work::SweepStaging, NOW).await.unwrap();
        assert!(catalog.claim_job("w", NOW, UNTIL).await.unwrap().is_some());
        beside.close().await;
    });
}

#[test]
fn a_fetch_that_failed_comes_back_in_its_own_lane() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let id = placeholder(&site, site.root.id, "a").await;
        fetch(&site, id).await;
        let job = catalog.claim_fetch("one", NOW, UNTIL).await.unwrap().unwrap();
        catalog.fail_job(job.id, "one", "no answer", Some(NOW + 10), NOW).await.unwrap();
        assert_eq!(catalog.claim_fetch("one", NOW + 9, UNTIL).await.unwrap(), None);
        assert_eq!(catalog.claim_job("one", NOW + 10, UNTIL).await.unwrap(), None);
        let again = catalog.claim_fetch("two", NOW + 10, UNTIL).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (job.id, 2));
        // Whoever has it and goes away gives it back to those who fetch.
        assert_eq!(catalog.tend_jobs(UNTIL + 1, 8, 0).await.unwrap(), 1);
        assert_eq!(catalog.claim_job("one", UNTIL + 1, UNTIL + 9).await.unwrap(), None);
        assert_eq!(catalog.claim_fetch("one", UNTIL + 1, UNTIL + 9).await.unwrap().unwrap().attempts, 3);
    });
}
