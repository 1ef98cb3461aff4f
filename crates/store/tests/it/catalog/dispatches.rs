//! Dispatches: made with their jobs or not at all, and what is noted of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::future::join_all;
use store::{
    Error, Noun,
    dispatches::{Dispatch, DispatchState, NewDispatch, Parcel},
    jobs::{Job, JobState, Work},
    records::NewRecord,
};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails},
};

fn mail(to: &str) -> Parcel {
    Parcel::Mail {
        to: to.to_owned(),
        reply_to: Some("ann@acme.test".to_owned()),
        subject: "Hé".to_owned(),
        text: "a \"b\"\n".to_owned(),
        html: "<p>".to_owned(),
    }
}

fn parcels() -> [Parcel; 3] {
    [
        mail("ben@acme.test"),
        Parcel::Call {
            url: "https://acme.test/hook".to_owned(),
            content_type: "application/json".to_owned(),
            headers: vec![("X-A".to_owned(), "b".to_owned())],
            body: "{}".to_owned(),
        },
        Parcel::Text { to: "+4915112345678".to_owned(), text: "hi".to_owned() },
    ]
}

fn new(site: &Site, record_id: Option<i64>, parcel: Parcel) -> NewDispatch {
    NewDispatch { tenant_id: site.tenant.id, realm: "botdoc".to_owned(), record_id, parcel }
}

fn new_record(site: &Site, lookup: Option<&str>) -> NewRecord {
    NewRecord {
        tenant_id: site.tenant.id,
        realm: "botdoc".to_owned(),
        kind: "message".to_owned(),
        parent_id: None,
        folder_id: None,
        asset_id: None,
        body: "{}".to_owned(),
        lookup: lookup.map(str::to_owned),
    }
}

async fn look(site: &Site, id: i64) -> Dispatch {
    site.catalog.dispatch(id).await.unwrap().unwrap()
}

#[test]
fn a_dispatch_is_made_with_the_job_that_sends_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let record = site.catalog.add_record(&new_record(&site, None), NOW).await.unwrap();
        let wishes = parcels().map(|parcel| new(&site, Some(record.id), parcel));
        let ids = site.catalog.add_dispatches(&wishes, NOW + 1).await.unwrap();
        for (id, wish) in ids.iter().zip(&wishes) {
            let expected = Dispatch {
                id: *id,
                tenant_id: site.tenant.id,
                realm: "botdoc".to_owned(),
                record_id: Some(record.id),
                recipient: wish.parcel.recipient().to_owned(),
                parcel: Some(wish.parcel.clone()),
                state: DispatchState::Waiting,
                attempts: 0,
                last_error: None,
                created_at: NOW + 1,
                finished_at: None,
            };
            assert_eq!(site.catalog.dispatch(*id).await.unwrap(), Some(expected));
        }
        let recipients = ["ben@acme.test", "https://acme.test/hook", "+4915112345678"];
        assert_eq!(wishes.each_ref().map(|wish| wish.parcel.recipient()), recipients);
        let said: Vec<(String, String)> = sqlx::query_as("select kind, recipient from dispatches order by id")
            .fetch_all(&mut database.connect().await)
            .await
            .unwrap();
        let kinds = ["mail", "call", "text"];
        let expected = kinds.iter().zip(recipients).map(|(kind, to)| ((*kind).to_owned(), to.to_owned()));
        assert_eq!(said, expected.collect::<Vec<_>>());
        let jobs = site.catalog.jobs(JobState::Waiting, 0, 9).await.unwrap();
        let works: Vec<_> = jobs.iter().map(|job| (job.tenant_id, job.work.clone(), job.run_at)).collect();
        let work = |id: &i64| (Some(site.tenant.id), Work::Dispatch { dispatch_id: *id }, NOW + 1);
        assert_eq!(works, ids.iter().map(work).collect::<Vec<_>>());
        assert_eq!(site.catalog.dispatch(9_999).await.unwrap(), None);
        assert_eq!(site.catalog.add_dispatches(&[], NOW).await.unwrap(), Vec::<i64>::new());
    });
}

#[test]
fn what_goes_out_waits_for_no_other_work_and_no_other_work_for_it() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let catalog = &site.catalog;
        let ids = catalog.add_dispatches(&parcels().map(|parcel| new(&site, None, parcel)), NOW + 1).await.unwrap();
        catalog.add_job(None, &Work::Tend, NOW + 2).await.unwrap();
        let work = |job: Option<Job>| job.map(|job| job.work);
        let other = async |now| work(catalog.claim_job("one", NOW + now, NOW + 99).await.unwrap());
        let out = async |now| work(catalog.claim_dispatch("two", NOW + now, NOW + 99).await.unwrap());
        assert_eq!((other(1).await, out(0).await), (None, None));
        assert_eq!((other(2).await, other(2).await), (Some(Work::Tend), None));
        for id in ids {
            assert_eq!(out(1).await, Some(Work::Dispatch { dispatch_id: id }));
        }
        assert_eq!(out(9).await, None);
        // What its worker never brought back is taken once more, by those who send.
        assert_eq!(catalog.tend_jobs(NOW + 100, 9, 0).await.unwrap(), 4);
        assert_eq!((other(100).await, other(100).await), (Some(Work::Tend), None));
        assert!(matches!(out(100).await, Some(Work::Dispatch { .. })));
    });
}

#[test]
fn of_dispatches_that_can_not_all_be_made_none_is() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let good = new(&site, None, mail("a@acme.test"));
        let nowhere = NewDispatch { record_id: Some(9_999), ..good.clone() };
        let nobodys = NewDispatch { tenant_id: 9_999, ..good.clone() };
        for bad in [nowhere, nobodys] {
            let outcome = site.catalog.add_dispatches(&[good.clone(), bad], NOW).await;
            assert_fails!(outcome, Error::Missing(Noun::Record));
        }
        let (first, second) = (new_record(&site, Some("key")), new_record(&site, Some("key")));
        let pairs = [(first, vec![good.clone()]), (second, vec![good.clone()])];
        assert_fails!(site.catalog.add_dispatched_records(&pairs, NOW).await, Error::Taken(Noun::Record));
        for table in ["select count(*) from dispatches", "select count(*) from jobs", "select count(*) from records"] {
            assert_eq!(database.number(table).await, 0, "{table}");
        }
    });
}

#[test]
fn records_are_made_with_what_is_sent_about_them() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wish = |to| new(&site, Some(9_999), mail(to));
        let pairs = [
            (new_record(&site, Some("one")), vec![wish("a@acme.test"), wish("b@acme.test")]),
            (new_record(&site, None), vec![]),
            (new_record(&site, Some("two")), vec![wish("c@acme.test")]),
        ];
        let records = site.catalog.add_dispatched_records(&pairs, NOW).await.unwrap();
        let lookups: Vec<_> = records.iter().map(|record| record.lookup.as_deref()).collect();
        assert_eq!(lookups, [Some("one"), None, Some("two")]);
        let sent = async |number: usize, after, limit| {
            let sent = site.catalog.record_dispatches(records[number].id, after, limit).await.unwrap();
            assert!(sent.iter().all(|sent| sent.record_id == Some(records[number].id)));
            sent.into_iter().map(|sent| (sent.id, sent.recipient)).collect::<Vec<_>>()
        };
        let first = sent(0, 0, 9).await;
        assert_eq!(first.iter().map(|(_, to)| to.as_str()).collect::<Vec<_>>(), ["a@acme.test", "b@acme.test"]);
        assert_eq!((sent(0, 0, 1).await, sent(0, first[0].0, 9).await), (first[..1].to_vec(), first[1..].to_vec()));
        assert_eq!((sent(1, 0, 9).await.len(), sent(2, 0, 9).await.len()), (0, 1));
        assert_eq!(site.catalog.jobs(JobState::Waiting, 0, 9).await.unwrap().len(), 3);
        // They go with their record; a job that comes later finds nothing.
        assert!(site.catalog.delete_record(site.tenant.id, "botdoc", records[0].id).await.unwrap());
        assert_eq!(database.number("select count(*) from dispatches").await, 1);
    });
}

#[test]
fn what_became_of_each_attempt_is_noted_until_it_is_over() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let wishes = [new(&site, None, mail("a@acme.test")), new(&site, None, mail("b@acme.test"))];
        let ids = site.catalog.add_dispatches(&wishes, NOW).await.unwrap();
        let note = async |id, state, error, now| site.catalog.note_dispatch(id, state, error, NOW + now).await.unwrap();
        let made = look(&site, ids[0]).await;
        assert!(note(ids[0], DispatchState::Waiting, Some("busy"), 1).await);
        let tried = Dispatch { attempts: 1, last_error: Some("busy".to_owned()), ..made };
        assert_eq!(look(&site, ids[0]).await, tried);
        assert!(note(ids[0], DispatchState::Sent, None, 2).await);
        let finished_at = Some(NOW + 2);
        // What was sent is kept no longer than it has to be.
        let sent =
            Dispatch { state: DispatchState::Sent, attempts: 2, last_error: None, finished_at, parcel: None, ..tried };
        assert_eq!(look(&site, ids[0]).await, sent);
        assert!(note(ids[1], DispatchState::Failed, Some("no such box"), 3).await);
        let failed = look(&site, ids[1]).await;
        assert_eq!((failed.state, failed.attempts, failed.finished_at), (DispatchState::Failed, 1, Some(NOW + 3)));
        assert_eq!((failed.last_error.as_deref(), failed.parcel.as_ref()), (Some("no such box"), None));
        for state in [DispatchState::Waiting, DispatchState::Sent, DispatchState::Failed] {
            for id in [ids[0], ids[1], 9_999] {
                assert!(!note(id, state, Some("late"), 9).await);
                assert!(!site.catalog.give_up_dispatch(id, Some("late"), NOW + 9).await.unwrap());
            }
        }
        assert_eq!((look(&site, ids[0]).await, look(&site, ids[1]).await), (sent, failed));
        let last = site.catalog.add_dispatches(&[new(&site, None, mail("c@acme.test"))], NOW).await.unwrap()[0];
        note(last, DispatchState::Waiting, Some("busy"), 1).await;
        assert!(site.catalog.give_up_dispatch(last, Some("no"), NOW + 2).await.unwrap());
        let given_up = look(&site, last).await;
        assert_eq!((given_up.state, given_up.attempts, given_up.parcel), (DispatchState::Failed, 1, None));
        assert_eq!((given_up.last_error.as_deref(), given_up.finished_at), (Some("no"), Some(NOW + 2)));
    });
}

#[test]
fn of_those_who_note_the_end_at_once_one_does() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let beside = database.open_again().await;
        let id = site.catalog.add_dispatches(&[new(&site, None, mail("a@acme.test"))], NOW).await.unwrap()[0];
        let notes = (0..16).map(|number| {
            let catalog = if number % 2 == 0 { site.catalog.clone() } else { beside.clone() };
            let state = if number % 3 == 0 { DispatchState::Failed } else { DispatchState::Sent };
            tokio::spawn(async move { catalog.note_dispatch(id, state, None, NOW).await.unwrap() })
        });
        let done = join_all(notes).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
        assert_eq!((done, look(&site, id).await.attempts), (1, 1));
        beside.close().await;
    });
}

#[test]
fn a_tenants_dispatches_are_listed_and_forgotten_when_they_are_over() {
    on_each_engine(async |database| {
        let (site, theirs) = (Site::new(&database.catalog).await, Site::new(&database.catalog).await);
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.extend(site.catalog.add_dispatches(&[new(&site, None, mail("a@acme.test"))], NOW).await.unwrap());
            theirs.catalog.add_dispatches(&[new(&theirs, None, mail("b@acme.test"))], NOW).await.unwrap();
        }
        let listed = async |after, limit| {
            let listed = site.catalog.dispatches(site.tenant.id, after, limit).await.unwrap();
            listed.iter().map(|dispatch| dispatch.id).collect::<Vec<_>>()
        };
        assert_eq!((listed(0, 9).await, listed(0, 2).await), (ids.clone(), ids[..2].to_vec()));
        assert_eq!(listed(ids[1], 9).await, ids[2..]);
        for (id, state) in ids.iter().zip([DispatchState::Sent, DispatchState::Failed, DispatchState::Waiting]) {
            site.catalog.note_dispatch(*id, state, None, NOW + 5).await.unwrap();
        }
        assert_eq!(site.catalog.forget_dispatches(NOW + 5).await.unwrap(), 0);
        assert_eq!(site.catalog.forget_dispatches(NOW + 6).await.unwrap(), 2);
        assert_eq!(listed(0, 9).await, ids[2..]);
        assert_eq!(theirs.catalog.dispatches(theirs.tenant.id, 0, 9).await.unwrap().len(), 4);
    });
}
