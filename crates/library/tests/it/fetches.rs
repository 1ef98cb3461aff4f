//! Fetches, as far as they go without anybody on the other side: which are taken on, and those that are given up at once.

use library::{Fault, FetchState, Invalid, JobRunner, JobState, Limits, Noun, Words};
use store::fetches::NewFetch;

use crate::support::{Bench, on_each_engine};

const URL: &str = "https://example.com/cat.jpg?key=secret";

async fn entry(bench: &Bench) -> i64 {
    bench.library.add_entry(&bench.actor, bench.folder.id, &Words::default()).await.unwrap().id
}

/// Queues a fetch that nobody would take on.
async fn queue(bench: &Bench, asset_id: i64, url: &str) -> i64 {
    let new = NewFetch {
        tenant_id: bench.founded.tenant.id,
        asset_id,
        url: url.to_owned(),
        file_name: "cat.jpg".to_owned(),
        created_by: bench.founded.admin.id,
    };
    bench.catalog().await.add_fetch(&new, bench.library.now_ms()).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_is_taken_on_for_an_entry_and_told_of() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let (waiting, file) = (entry(&bench).await, bench.upload("a.txt", b"a").await.unwrap().id);
        let mut made = Vec::new();
        for id in [waiting, file, waiting] {
            let fetch = library.fetch_asset(actor, id, URL, " cat.jpg ").await.unwrap();
            assert_eq!((fetch.asset_id, fetch.url.as_str(), fetch.file_name.as_str()), (id, URL, "cat.jpg"));
            assert_eq!((fetch.state, fetch.created_by), (FetchState::Waiting, bench.founded.admin.id));
            made.push(fetch);
        }
        let told = library.asset_fetches(actor, waiting).await.unwrap();
        assert_eq!(told, [made[2].clone(), made[0].clone()]);
        assert_eq!(library.asset_fetches(actor, file).await.unwrap(), made[1..2]);
        // In the trash it is told of, and nothing new is taken on.
        library.trash_entry(actor, waiting, None).await.unwrap();
        assert_eq!(library.asset_fetches(actor, waiting).await.unwrap(), told);
        for gone in [waiting, 9_999] {
            let refused = library.fetch_asset(actor, gone, URL, "cat.jpg").await;
            assert!(matches!(refused, Err(Fault::NotFound(Noun::Asset))), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_nowhere_near_the_public_is_not_taken_on() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let id = entry(&bench).await;
        for url in [
            "",
            "cat.jpg",
            "example.com/cat.jpg",
            "ftp://example.com/cat.jpg",
            "file:///etc/passwd",
            "data:,cat",
            "https://example.com/cat\0.jpg",
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
        ] {
            let refused = library.fetch_asset(actor, id, url, "cat.jpg").await;
            assert!(matches!(refused, Err(Fault::Invalid(Invalid::Address))), "{url}: {refused:?}");
        }
        for name in ["", "a/b", "..", &"x".repeat(300)] {
            let refused = library.fetch_asset(actor, id, URL, name).await;
            assert!(matches!(refused, Err(Fault::Invalid(Invalid::Name))), "{name}: {refused:?}");
        }
        assert!(library.asset_fetches(actor, id).await.unwrap().is_empty());
        assert!(
            library
                .jobs(&bench.system(), JobState::Waiting, 0, 9)
                .await
                .unwrap()
                .iter()
                .all(|job| job.work.kind() != "fetch")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_come_is_given_up_at_once_and_its_address_forgotten() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let (library, actor) = (&bench.library, &bench.actor);
        let runner = JobRunner::new(library.clone());
        runner.run_due().await.unwrap();
        let id = entry(&bench).await;
        let refused = queue(&bench, id, "http://127.0.0.1:9/secret").await;
        bench.pass(5);
        assert_eq!(runner.run_due().await.unwrap(), 1);
        let told = library.asset_fetches(actor, id).await.unwrap();
        assert_eq!((told.len(), told[0].id, told[0].state, told[0].attempts), (1, refused, FetchState::Failed, 1));
        assert_eq!((told[0].url.as_str(), told[0].finished_at), ("", Some(library.now_ms())));
        assert!(told[0].last_error.as_ref().is_some_and(|error| !error.contains("secret")), "{told:?}");
        // Its job is done: to try again is of no use.
        assert_eq!(runner.run_due().await.unwrap(), 0);
        assert!(library.jobs(&bench.system(), JobState::Failed, 0, 9).await.unwrap().is_empty());
        assert!(library.jobs(&bench.system(), JobState::Waiting, 0, 9).await.unwrap().is_empty());
        assert_eq!(library.entry(actor, id).await.unwrap().version, None);
        // What is over is not tried once more by a job that comes too late, nor one for what is gone.
        library.queue(&bench.system(), &library::Work::Fetch { fetch_id: refused }).await.unwrap();
        let lost = queue(&bench, id, "http://127.0.0.1:9/secret").await;
        library.purge_entry(actor, id).await.unwrap();
        library.queue(&bench.system(), &library::Work::Fetch { fetch_id: lost }).await.unwrap();
        runner.run_due().await.unwrap();
        assert!(library.jobs(&bench.system(), JobState::Failed, 0, 9).await.unwrap().is_empty());
        assert!(library.jobs(&bench.system(), JobState::Waiting, 0, 9).await.unwrap().is_empty());
        assert_eq!(bench.problems().await, []);
    })
    .await;
}
