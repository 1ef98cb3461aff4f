//! The job runner: previews after uploads, retries with growing pauses.

use library::{JobRunner, JobState, Limits};

use crate::support::{Bench, on_each_engine, png};

#[tokio::test(flavor = "multi_thread")]
async fn an_image_gets_its_preview() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let runner = JobRunner::new(bench.library.clone());
        runner.run_due().await.unwrap();
        bench.upload("p.png", &png(800, 600)).await.unwrap();
        bench.upload("t.txt", b"text").await.unwrap();
        assert_eq!(runner.run_due().await.unwrap(), 1);
        assert_eq!(bench.files("renditions"), 1);
        assert_eq!(runner.run_due().await.unwrap(), 0);
        assert_eq!(done(&bench, "preview").await, 1);
        // A day later nobody needs to know.
        bench.pass(24 * 60 * 60 * 1_000 + 1);
        runner.run_due().await.unwrap();
        assert_eq!(done(&bench, "preview").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_later_and_given_up_at_last() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        JobRunner::new(bench.library.clone()).run_due().await.unwrap();
        bench.upload("p.png", &png(800, 600)).await.unwrap();
        // The bytes go away behind the library's back: the preview can not be made.
        std::fs::remove_dir_all(bench.data.path().join("blobs/originals")).unwrap();
        let other = bench.second_node().await;
        let runner = JobRunner::new(other.clone());
        let mut pauses = Vec::new();
        for attempt in 1.. {
            assert_eq!(runner.run_due().await.unwrap(), 1, "attempt {attempt}");
            let Some(job) = other.jobs(&bench.system(), JobState::Waiting, 0, 10).await.unwrap().pop() else { break };
            assert_eq!((job.attempts, job.last_error.is_some()), (attempt, true));
            assert_eq!(runner.run_due().await.unwrap(), 0, "not before its time");
            pauses.push(job.run_at - other.now_ms());
            bench.pass(job.run_at - other.now_ms());
        }
        assert_eq!(pauses, [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000]);
        let failed = other.jobs(&bench.system(), JobState::Failed, 0, 10).await.unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].last_error.as_deref(), Some("store is unavailable"));
    })
    .await;
}

/// How many jobs of a kind are done and not forgotten.
async fn done(bench: &Bench, kind: &str) -> usize {
    let done = bench.library.jobs(&bench.system(), JobState::Done, 0, 100).await.unwrap();
    done.iter().filter(|job| job.work.kind() == kind).count()
}
