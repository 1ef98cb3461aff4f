//! Work that is due again and again is queued once, however many nodes there are.

use library::{JobRunner, JobState, Limits};

use super::HOUR_MS;
use crate::support::{Bench, on_each_engine};

/// How many jobs of each kind there are, by state of no matter which.
async fn queued(bench: &Bench) -> (usize, usize) {
    let mut all = Vec::new();
    for state in [JobState::Waiting, JobState::Running, JobState::Done, JobState::Failed] {
        all.extend(bench.library.jobs(&bench.system(), state, 0, 1_000).await.unwrap());
    }
    let count = |kind| all.iter().filter(|job| job.work.kind() == kind).count();
    (count("tend"), count("sweep_staging"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hour_and_each_day_has_one_job() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let nodes = [bench.library.clone(), bench.second_node().await, bench.second_node().await];
        // After how long, and how many there are then, hourly and daily.
        for (pass_ms, expected) in [
            (0, (1, 1)),
            (HOUR_MS - 1, (1, 1)),
            (1, (2, 1)),
            (60 * 1_000, (2, 1)),
            (22 * HOUR_MS, (3, 1)),
            (HOUR_MS - 60 * 1_000 - 1, (3, 1)),
            (1, (3, 2)),
        ] {
            bench.pass(pass_ms);
            for node in &nodes {
                JobRunner::new(node.clone()).run_due().await.unwrap();
            }
            assert_eq!(queued(&bench).await, expected, "after {pass_ms} more");
        }
    })
    .await;
}
